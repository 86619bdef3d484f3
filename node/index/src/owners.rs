//! Whose things are: an operation that names an appointment, a record or a bill alone is found by its
//! patient, too.
//!
//! The event that first mentions a thing tells whose it is, as `Booked` does of an appointment; a thing
//! that comes up with others, as a settlement with an invoice, is of the same patient. An appointment is
//! of its practitioner and its member besides. Other things are not: what a third party does with a record
//! or a bill is not for all who once had to do with it.
//!
//! In an index that begins in the middle of the history, a thing from before is nobody's until an event
//! mentions it together with a patient.

use std::collections::{btree_map::Entry, BTreeMap, BTreeSet};

use codec::{Decode, Encode};
use xinglin_core::StoreError;
use xinglin_decoding::Outline;
use xinglin_primitives::Entity;
use xinglin_storage::{Batch, OrderedDatabase};

use crate::keys::{entity_key, OWNERS};

/// Owners that are known, and those to be written.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// Of things that were looked up or learned; without any, they are not known.
    known: BTreeMap<Entity, Vec<Entity>>,
}

impl Owners {
    /// The outline of a block in which events and transactions also mention the owners of what they
    /// mention.
    pub(crate) fn complete<'s>(
        &mut self,
        outline: &Outline<'s>,
        database: &OrderedDatabase,
        batch: &mut Batch<'_>,
    ) -> Result<Outline<'s>, StoreError> {
        let mut outline = outline.clone();
        for event in &mut outline.events {
            self.learn(&event.entities, database, batch)?;
            let owners = self.of_all(&event.entities, database)?;
            let by = event.extrinsic.and_then(|by| usize::try_from(by).ok());
            if let Some(by) = by.and_then(|by| outline.extrinsics.get_mut(by)) {
                by.entities.extend(&owners);
            }
            event.entities.extend(owners);
        }
        for extrinsic in &mut outline.extrinsics {
            let owners = self.of_all(&extrinsic.entities, database)?;
            extrinsic.entities.extend(owners);
        }
        Ok(outline)
    }

    /// The owners of all things among these.
    fn of_all(
        &mut self,
        mentioned: &BTreeSet<Entity>,
        database: &OrderedDatabase,
    ) -> Result<BTreeSet<Entity>, StoreError> {
        let mut owners = BTreeSet::new();
        for thing in mentioned.iter().filter(|it| is_owned(it)) {
            owners.extend(self.of(*thing, database)?);
        }
        Ok(owners)
    }

    /// The owners of a thing; nobody if they are not known.
    fn of(&mut self, thing: Entity, database: &OrderedDatabase) -> Result<&[Entity], StoreError> {
        match self.known.entry(thing) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let owners = match database.get(OWNERS, &entity_key(thing))? {
                    Some(stored) => Vec::decode(&mut &stored[..]).map_err(|_| {
                        StoreError::Corrupt("an owner in the index does not decode".to_owned())
                    })?,
                    None => Vec::new(),
                };
                Ok(unknown.insert(owners))
            }
        }
    }

    /// Learns the owners of things that were not known, if one patient alone comes up with them.
    fn learn(
        &mut self,
        mentioned: &BTreeSet<Entity>,
        database: &OrderedDatabase,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        let mut patients: BTreeSet<Entity> = mentioned.iter().copied().filter(is_patient).collect();
        let mut unknown = Vec::new();
        for thing in mentioned.iter().filter(|it| is_owned(it)) {
            match self.of(*thing, database)? {
                [] => unknown.push(*thing),
                owners => patients.extend(owners.iter().filter(|it| is_patient(it))),
            }
        }
        if patients.len() != 1 {
            return Ok(());
        }
        for thing in unknown {
            let mut owners: Vec<Entity> = patients.iter().copied().collect();
            if matches!(thing, Entity::Appointment(_)) {
                owners.extend(mentioned.iter().filter(|it| is_staff(it)));
            }
            batch.put(OWNERS, &entity_key(thing), &owners.encode());
            self.known.insert(thing, owners);
        }
        Ok(())
    }
}

/// Whether it is a thing that a patient owns.
fn is_owned(entity: &Entity) -> bool {
    match entity {
        Entity::Appointment(_)
        | Entity::Record(_)
        | Entity::Grant(_)
        | Entity::Invoice(_)
        | Entity::Settlement(_)
        | Entity::Claim(_) => true,
        Entity::Member(_) | Entity::Practitioner(_) | Entity::Patient(_) | Entity::Case(_) => false,
    }
}

fn is_patient(entity: &Entity) -> bool {
    matches!(entity, Entity::Patient(_))
}

fn is_staff(entity: &Entity) -> bool {
    matches!(entity, Entity::Member(_) | Entity::Practitioner(_))
}
