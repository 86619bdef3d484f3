//! Whose things are: an operation that names an appointment, a record or a bill alone is found by its
//! patient, too, and counts for the member that it was made with.
//!
//! The event by which the chain makes a thing tells whose it is, as `Booked` does of an appointment; a
//! settlement, a claim and a red-letter invoice are of the patient and the member of the invoice that the
//! event names, and a claim is its insurer's besides. No other event tells anything: who tries to open a
//! record that is not there yet does not own it once it is.
//!
//! A thing stays whose it is for good. Only patients find operations by their things: who treats a patient
//! or charges her has no right to all that comes of it later. For members such operations are counted.
//!
//! In an index that begins in the middle of the history, it is not known whose things from before are.

use std::collections::{btree_map::Entry, BTreeMap, BTreeSet};

use codec::{Decode, Encode};
use xinglin_core::StoreError;
use xinglin_decoding::{Name, Outline};
use xinglin_primitives::{Entity, MemberId, PatientId};
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
/// The pallets whose events count for the members of the things that they are about. What regulators do
/// about a thing is told by counts of whom they name.
const COUNTED: [&str; 4] = ["Appointments", "Insurance", "Payments", "Records"];
/// Events of these pallets about things that may be anybody's. Counts are everybody's: who has had such an event
/// would learn from them with which member a thing was made.
const OF_ANYTHING: [(&str, &str); 2] = [("Records", "KeysPruned"), ("Records", "Opened")];

/// Whose a thing is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Belonging {
    /// Whom it is about.
    pub(crate) patient: PatientId,
    /// With which members it was made: where the visit is, who issued the invoice, who decides the claim,
    /// whom a grant is for.
    pub(crate) members: BTreeSet<MemberId>,
}

/// Owners that are known, and those to be written.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// Of things that were looked up or learned; `None` if the index does not know.
    known: BTreeMap<Entity, Option<Belonging>>,
}

/// A block of which is known whose the things are that it mentions.
pub(crate) struct Completed<'s> {
    /// The outline in which events and transactions also mention the patients of what they mention.
    pub(crate) outline: Outline<'s>,
    /// The members for which each transaction counts.
    pub(crate) members: Vec<BTreeSet<MemberId>>,
}

/// Whose several things are.
#[derive(Default)]
struct Sides {
    patients: BTreeSet<Entity>,
    members: BTreeSet<MemberId>,
}

impl Owners {
    /// Completes the outline of a block by whose the things are that it mentions.
    pub(crate) fn complete<'s>(
        &mut self,
        outline: &Outline<'s>,
        database: &OrderedDatabase,
        batch: &mut Batch<'_>,
    ) -> Result<Completed<'s>, StoreError> {
        let mut outline = outline.clone();
        let named = outline.extrinsics.iter();
        let mut members: Vec<_> = named.map(|it| members_among(&it.entities)).collect();
        for event in &mut outline.events {
            if makes(event.event) {
                self.learn(&event.entities, database, batch)?;
            }
            let sides = self.of_all(&event.entities, database)?;
            let by = event.extrinsic.and_then(|by| usize::try_from(by).ok());
            if let Some(extrinsic) = by.and_then(|by| outline.extrinsics.get_mut(by)) {
                extrinsic.entities.extend(&sides.patients);
            }
            let members = by.and_then(|by| members.get_mut(by));
            if let (Some(members), true) = (members, is_counted(event.event)) {
                members.extend(&sides.members);
            }
            event.entities.extend(sides.patients);
        }
        for extrinsic in &mut outline.extrinsics {
            let sides = self.of_all(&extrinsic.entities, database)?;
            extrinsic.entities.extend(sides.patients);
        }
        Ok(Completed { outline, members })
    }

    /// Whose all things among these are.
    fn of_all(
        &mut self,
        mentioned: &BTreeSet<Entity>,
        database: &OrderedDatabase,
    ) -> Result<Sides, StoreError> {
        let mut sides = Sides::default();
        for thing in mentioned.iter().filter(|it| is_owned(it)) {
            if let Some(belonging) = self.of(*thing, database)? {
                sides.patients.insert(Entity::Patient(belonging.patient));
                sides.members.extend(&belonging.members);
            }
        }
        Ok(sides)
    }

    /// Whose a thing is.
    fn of(
        &mut self,
        thing: Entity,
        database: &OrderedDatabase,
    ) -> Result<Option<&Belonging>, StoreError> {
        Ok(match self.known.entry(thing) {
            Entry::Occupied(known) => known.into_mut().as_ref(),
            Entry::Vacant(unknown) => unknown.insert(stored(database, thing)?).as_ref(),
        })
    }

    /// Learns whose the things are that an event makes: those of which that was not known.
    fn learn(
        &mut self,
        mentioned: &BTreeSet<Entity>,
        database: &OrderedDatabase,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        let mut patients: BTreeSet<PatientId> = mentioned.iter().filter_map(patient_of).collect();
        let mut members = members_among(mentioned);
        let mut made = Vec::new();
        for thing in mentioned.iter().filter(|it| is_owned(it)) {
            match self.of(*thing, database)? {
                None => made.push(*thing),
                Some(belonging) => {
                    patients.insert(belonging.patient);
                    members.extend(&belonging.members);
                }
            }
        }
        let mut patients = patients.into_iter();
        let (Some(patient), None) = (patients.next(), patients.next()) else {
            return Ok(());
        };
        let belonging = Belonging { patient, members };
        for thing in made {
            batch.put(OWNERS, &entity_key(thing), &belonging.encode());
            self.known.insert(thing, Some(belonging.clone()));
        }
        Ok(())
    }
}

/// Whose a thing is, as far as the index has it.
pub(crate) fn stored(
    database: &OrderedDatabase,
    thing: Entity,
) -> Result<Option<Belonging>, StoreError> {
    let stored = database.get(OWNERS, &entity_key(thing))?;
    let belonging = stored.map(|stored| {
        Belonging::decode(&mut &stored[..])
            .map_err(|_| StoreError::Corrupt("an owner in the index does not decode".to_owned()))
    });
    belonging.transpose()
}

fn makes(event: Name<'_>) -> bool {
    MAKING.contains(&(event.pallet, event.name))
}

fn is_counted(event: Name<'_>) -> bool {
    COUNTED.contains(&event.pallet) && !OF_ANYTHING.contains(&(event.pallet, event.name))
}

/// Whether it is a thing that a patient owns.
pub(crate) fn is_owned(entity: &Entity) -> bool {
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

fn patient_of(entity: &Entity) -> Option<PatientId> {
    match entity {
        Entity::Patient(patient) => Some(*patient),
        _ => None,
    }
}

fn members_among(mentioned: &BTreeSet<Entity>) -> BTreeSet<MemberId> {
    let members = mentioned.iter().filter_map(|entity| match entity {
        Entity::Member(member) => Some(*member),
        _ => None,
    });
    members.collect()
}
