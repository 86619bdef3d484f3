//! Whose things are: an operation that names an appointment, a record or a bill alone is found by its
//! patient, too.
//!
//! The event by which the chain makes a thing tells whose it is, as `Booked` does of an appointment; a
//! settlement, a claim and a red-letter invoice are of the patient of the invoice that the event names.
//! No other event tells anything: who tries to open a record that is not there yet does not own it
//! once it is.
//!
//! Only patients own, and for good. Who treats a patient or charges her has no right to all that comes of it
//! later, and may change.
//!
//! In an index that begins in the middle of the history, things from before are nobody's.

use std::collections::{btree_map::Entry, BTreeMap, BTreeSet};

use codec::{Decode, Encode};
use xinglin_core::StoreError;
use xinglin_decoding::{Name, Outline};
use xinglin_primitives::Entity;
use xinglin_storage::{Batch, OrderedDatabase};

use crate::keys::{entity_key, OWNERS};

/// The events by which the chain makes things that are a patient's.
const MAKING: [(&str, &str); 8] = [
    ("Appointments", "Booked"),
    ("Appointments", "Waitlisted"),
    ("Insurance", "Flagged"),
    ("Insurance", "Settled"),
    ("Payments", "InvoiceIssued"),
    ("Payments", "Refunded"),
    ("Records", "Granted"),
    ("Records", "Written"),
];

/// Owners that are known, and those to be written.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// Of things that were looked up or learned; `None` if the index does not know.
    known: BTreeMap<Entity, Option<Entity>>,
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
            if makes(event.event) {
                self.learn(&event.entities, database, batch)?;
            }
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

    /// The owner of a thing.
    fn of(
        &mut self,
        thing: Entity,
        database: &OrderedDatabase,
    ) -> Result<Option<Entity>, StoreError> {
        match self.known.entry(thing) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(unknown) => {
                let stored = database.get(OWNERS, &entity_key(thing))?;
                let owner = stored.map(|stored| {
                    Entity::decode(&mut &stored[..]).map_err(|_| {
                        StoreError::Corrupt("an owner in the index does not decode".to_owned())
                    })
                });
                Ok(*unknown.insert(owner.transpose()?))
            }
        }
    }

    /// Learns whose the things are that an event makes: those of which that was not known.
    fn learn(
        &mut self,
        mentioned: &BTreeSet<Entity>,
        database: &OrderedDatabase,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        let mut patients: BTreeSet<Entity> = mentioned.iter().copied().filter(is_patient).collect();
        let mut made = Vec::new();
        for thing in mentioned.iter().filter(|it| is_owned(it)) {
            match self.of(*thing, database)? {
                None => made.push(*thing),
                Some(owner) => drop(patients.insert(owner)),
            }
        }
        let mut patients = patients.into_iter();
        let (Some(patient), None) = (patients.next(), patients.next()) else {
            return Ok(());
        };
        for thing in made {
            batch.put(OWNERS, &entity_key(thing), &patient.encode());
            self.known.insert(thing, Some(patient));
        }
        Ok(())
    }
}

fn makes(event: Name<'_>) -> bool {
    MAKING.contains(&(event.pallet, event.name))
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
