//! How much of an operation or an event its asker is shown.
//!
//! One transaction may concern several patients: a hospital settles the bills of a day together, a
//! doctor opens the records of all whom she is about to see, or a cancellation gives the slot to who
//! waits for it. Whose the things are that it names is what the index says. Who asks without a case and
//! has not signed it herself sees what is her business.
//!
//! One visit has sides, too: who books for a patient is not told of records and bills, though what makes
//! these names the visit. What mentions a record or a bill is shown to those who may ask about that.

use std::collections::BTreeSet;

use serde_json::Value;
use xinglin_core::{Explorer, ExplorerError, Owner, Position};
use xinglin_primitives::{privacy::Topic, AccountId, Entity, Hash};
use xinglin_rpc_api::explorer::{EventView, OperationView};

use super::{
    asking::Asking,
    error::ExplorerApiError,
    reading::{Read, Reader},
};

/// The pallets whose calls make records and bills.
const CONFINED: [&str; 3] = ["Records", "Payments", "Insurance"];

/// Why a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// For a regulator's case: everything is shown.
    ForCase,
    /// Because this is the asker's business.
    Because(Topic),
}

/// What is left of what may concern others, too.
pub(super) struct Part<'a> {
    /// Who asks.
    pub(super) asker: &'a AccountId,
    /// What of it is her business; what a patient among these owns is, too.
    pub(super) own: BTreeSet<Entity>,
    /// What she looks for besides and is not her business: that something shared is found by it would tell
    /// whom else it concerns.
    pub(super) guessed: &'a [Entity],
    /// Whose things are.
    pub(super) index: &'a dyn Explorer,
    /// What else is her business.
    pub(super) asking: Asking<'a>,
}

/// What becomes of something that was found.
enum Verdict {
    Shown,
    Hidden,
    /// It cannot be said before the next page, so much had to be asked.
    Open,
}

impl Part<'_> {
    /// Leaves of operations that were found what is the asker's business, at most `limit`.
    pub(super) fn of_operations(
        &mut self,
        read: Read<OperationView>,
        limit: u32,
    ) -> Result<Read<OperationView>, ExplorerApiError> {
        let position = |operation: &OperationView| Position {
            block: operation.block,
            index: operation.index,
        };
        leave(read, limit, position, |operation| {
            let is_shown = self.shows(operation)?;
            Ok(self.verdict(is_shown))
        })
    }

    /// Leaves of events that were found what is the asker's business, at most `limit`.
    pub(super) fn of_events(
        &mut self,
        read: Read<EventView>,
        limit: u32,
        reader: &Reader<'_>,
    ) -> Result<Read<EventView>, ExplorerApiError> {
        let mut operations: BTreeSet<Hash> = BTreeSet::new();
        for event in &read.items {
            let is_confined = event.entities.iter().any(is_confined);
            if is_confined || is_of_several(self.index, &event.entities)? {
                operations.extend(event.operation);
            }
        }
        let signed = reader.signed_by(self.asker, &operations)?;
        let position = |event: &EventView| Position {
            block: event.block,
            index: event.index,
        };
        leave(read, limit, position, |event| {
            let is_signed = event.operation.is_some_and(|it| signed.contains(&it));
            let is_shown = self.is_sought(&event.entities)?
                && (is_signed || self.shows_event(event, self.guessed.is_empty())?);
            Ok(self.verdict(is_shown))
        })
    }

    /// Leaves of an operation that concerns several, and of its events, what is the asker's business.
    pub(super) fn cut_details(
        &mut self,
        operation: &mut OperationView,
        events: &mut Vec<EventView>,
    ) -> Result<(), ExplorerApiError> {
        self.cut(operation)?;
        for mut event in std::mem::take(events) {
            if self.own_among(&event.entities)?.is_empty() || !self.shows_event(&mut event, true)? {
                continue;
            }
            events.push(event);
        }
        Ok(())
    }

    /// Whether an operation of somebody else may concern several.
    pub(super) fn is_shared(&self, operation: &OperationView) -> Result<bool, ExplorerError> {
        Ok(operation.wrapped.len() > 1 || is_of_several(self.index, &operation.entities)?)
    }

    /// Whether an operation of somebody else has to do with records or bills that the asker is not told of.
    pub(super) fn withholds(
        &mut self,
        operation: &OperationView,
        is_shared: bool,
    ) -> Result<bool, ExplorerApiError> {
        let mentioned = &operation.entities;
        if mentioned.iter().any(is_confined) {
            return self.withholds_among(mentioned, is_shared);
        }
        // A refused try to make one names none, and says all that it would have said.
        if !is_try(operation) {
            return Ok(false);
        }
        for entity in mentioned {
            if matches!(entity, Entity::Patient(_)) && self.is_own(*entity)? {
                return Ok(false);
            }
        }
        Ok(!self.is_of_own_member(mentioned)?)
    }

    fn verdict(&self, is_shown: bool) -> Verdict {
        match is_shown {
            _ if self.asking.is_spent() => Verdict::Open,
            true => Verdict::Shown,
            false => Verdict::Hidden,
        }
    }

    /// Whether an operation is shown, and makes it what is shown of it.
    fn shows(&mut self, operation: &mut OperationView) -> Result<bool, ExplorerApiError> {
        if !self.is_sought(&operation.entities)? {
            return Ok(false);
        }
        if operation.signer.as_ref() == Some(self.asker) {
            return Ok(true);
        }
        let is_shared = self.is_shared(operation)?;
        if (is_shared && !self.guessed.is_empty()) || self.withholds(operation, is_shared)? {
            return Ok(false);
        }
        if is_shared {
            self.cut(operation)?;
        }
        Ok(true)
    }

    /// The same of an event of somebody else's operation; of one of several only `if_shared`.
    fn shows_event(
        &mut self,
        event: &mut EventView,
        if_shared: bool,
    ) -> Result<bool, ExplorerApiError> {
        let is_shared = is_of_several(self.index, &event.entities)?;
        if (is_shared && !if_shared) || self.withholds_among(&event.entities, is_shared)? {
            return Ok(false);
        }
        if is_shared {
            self.cut_event(event)?;
        }
        Ok(true)
    }

    /// Whether among what is mentioned together there are records or bills that the asker is not told of.
    fn withholds_among(
        &mut self,
        mentioned: &[Entity],
        is_shared: bool,
    ) -> Result<bool, ExplorerApiError> {
        let mut sides = Vec::with_capacity(self.own.len());
        for entity in &self.own {
            sides.push(self.index.owner_of(*entity)?);
        }
        for thing in mentioned.iter().filter(|it| is_confined(it)) {
            let owner = self.index.owner_of(*thing)?;
            // What is shared is shown without what is others'.
            if is_shared && !sides.contains(&owner) {
                continue;
            }
            if !self.is_told_of(*thing, owner)? {
                return Ok(!self.is_of_own_member(mentioned)?);
            }
        }
        Ok(false)
    }

    /// Whether a record or a bill, or all that is its patient's, is the asker's business.
    fn is_told_of(&mut self, thing: Entity, owner: Owner) -> Result<bool, ExplorerApiError> {
        let patient = match owner {
            Owner::Patient(patient) => Some(Entity::Patient(patient)),
            Owner::Unknown | Owner::Nobody => None,
        };
        if patient.is_some_and(|patient| self.own.contains(&patient)) || self.is_own(thing)? {
            return Ok(true);
        }
        patient.map_or(Ok(false), |patient| self.is_own(patient))
    }

    /// Whether a member that is mentioned is the asker's.
    fn is_of_own_member(&mut self, mentioned: &[Entity]) -> Result<bool, ExplorerApiError> {
        for entity in mentioned {
            if matches!(entity, Entity::Member(_)) && self.is_own(*entity)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_own(&mut self, entity: Entity) -> Result<bool, ExplorerApiError> {
        Ok(self.own.contains(&entity) || self.asking.is_own(entity)?)
    }

    /// Whether all is there that was not looked for in the index.
    fn is_sought(&self, mentioned: &[Entity]) -> Result<bool, ExplorerError> {
        if self.guessed.is_empty() {
            return Ok(true);
        }
        let mut concerned: BTreeSet<Entity> = mentioned.iter().copied().collect();
        for entity in mentioned {
            if let Owner::Patient(patient) = self.index.owner_of(*entity)? {
                concerned.insert(Entity::Patient(patient));
            }
        }
        Ok(self.guessed.iter().all(|it| concerned.contains(it)))
    }

    fn cut(&self, operation: &mut OperationView) -> Result<(), ExplorerError> {
        let mut entities = self.own_among(&operation.entities)?;
        entities.extend(&self.own);
        operation.arguments = Value::Null;
        operation.entities = entities.into_iter().collect();
        operation.in_part = true;
        Ok(())
    }

    fn cut_event(&self, event: &mut EventView) -> Result<(), ExplorerError> {
        event.fields = Value::Null;
        event.entities = self.own_among(&event.entities)?.into_iter().collect();
        event.in_part = true;
        Ok(())
    }

    /// Those of some entities that are the asker's business.
    fn own_among(&self, entities: &[Entity]) -> Result<BTreeSet<Entity>, ExplorerError> {
        let mut own = BTreeSet::new();
        for entity in entities {
            let is_own = self.own.contains(entity)
                || match self.index.owner_of(*entity)? {
                    Owner::Patient(patient) => self.own.contains(&Entity::Patient(patient)),
                    Owner::Unknown | Owner::Nobody => false,
                };
            if is_own {
                own.insert(*entity);
            }
        }
        Ok(own)
    }
}

/// Leaves of what was read what is shown, at most `limit`. Where the page ends tells nothing of what is
/// hidden: it goes on after the last that is shown, if another one is among what was read.
fn leave<T>(
    read: Read<T>,
    limit: u32,
    position: impl Fn(&T) -> Position,
    mut judge: impl FnMut(&mut T) -> Result<Verdict, ExplorerApiError>,
) -> Result<Read<T>, ExplorerApiError> {
    let mut items: Vec<T> = Vec::new();
    let mut judged = None;
    for mut item in read.items {
        let at = position(&item);
        match judge(&mut item)? {
            Verdict::Open => {
                // One that takes too much by itself is passed over.
                let cut = Some(judged.unwrap_or(at));
                return Ok(Read { items, cut });
            }
            Verdict::Shown if items.len() >= limit as usize => {
                let cut = items.last().map(&position);
                return Ok(Read { items, cut });
            }
            Verdict::Shown => items.push(item),
            Verdict::Hidden => {}
        }
        judged = Some(at);
    }
    let cut = read.cut;
    Ok(Read { items, cut })
}

/// Whether not all are told of such a thing who may ask about the visit that it comes from.
fn is_confined(entity: &Entity) -> bool {
    match entity {
        Entity::Record(_) | Entity::Invoice(_) | Entity::Settlement(_) | Entity::Claim(_) => true,
        Entity::Member(_)
        | Entity::Practitioner(_)
        | Entity::Patient(_)
        | Entity::Appointment(_)
        | Entity::Grant(_)
        | Entity::Case(_) => false,
    }
}

/// Whether an operation may have tried to make a record or a bill of a visit.
fn is_try(operation: &OperationView) -> bool {
    let mut mentioned = operation.entities.iter();
    let wrapped = operation.wrapped.iter();
    let wrapped = wrapped.filter_map(|call| call.split('.').next());
    let mut pallets = wrapped.chain([operation.pallet.as_str()]);
    mentioned.any(|it| matches!(it, Entity::Appointment(_)))
        && pallets.any(|pallet| CONFINED.contains(&pallet))
}

/// Whether what is mentioned together may concern several patients. Things of which one is nobody knows
/// whose may be of several.
fn is_of_several(index: &dyn Explorer, mentioned: &[Entity]) -> Result<bool, ExplorerError> {
    let mut patients = BTreeSet::new();
    let (mut things, mut is_unknown) = (0, false);
    for entity in mentioned {
        match index.owner_of(*entity)? {
            Owner::Patient(patient) => drop(patients.insert(patient)),
            Owner::Unknown => is_unknown = true,
            Owner::Nobody => continue,
        }
        if !matches!(entity, Entity::Patient(_)) {
            things += 1;
        }
        if patients.len() > 1 || (is_unknown && things > 1) {
            return Ok(true);
        }
    }
    Ok(false)
}
