//! How much of an operation its asker is shown.
//!
//! One transaction may concern several patients: a hospital settles the bills of a day together, or a
//! cancellation gives the slot to who waits for it. Who asks without a case and has not signed it
//! herself sees what is her business.

use std::collections::BTreeSet;

use serde_json::Value;
use xinglin_primitives::{privacy::Topic, AccountId, Entity};
use xinglin_rpc_api::explorer::{EventView, OperationView};

/// Why a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// For a regulator's case: everything is shown.
    ForCase,
    /// Because this is the asker's business.
    Because(Topic),
}

/// What concerns others in an operation, and is taken out of it.
pub(super) struct Part<'a> {
    /// Who asks.
    pub(super) asker: &'a AccountId,
    /// What of the operation is her business.
    pub(super) own: BTreeSet<Entity>,
}

impl Part<'_> {
    /// Whether the asker may not see all of it.
    pub(super) fn applies_to(asker: &AccountId, operation: &OperationView) -> bool {
        let is_patient = |entity: &&Entity| matches!(entity, Entity::Patient(_));
        let patients = operation.entities.iter().filter(is_patient).count();
        let may_be_of_several = operation.wrapped.len() > 1 || patients > 1;
        may_be_of_several && operation.signer.as_ref() != Some(asker)
    }

    /// Leaves what is the asker's business.
    pub(super) fn cut(&self, operation: &mut OperationView) {
        if Self::applies_to(self.asker, operation) {
            operation.arguments = Value::Null;
            operation.entities = self.own.iter().copied().collect();
            operation.in_part = true;
        }
    }

    /// Whether an event of such an operation is the asker's business.
    pub(super) fn has(&self, event: &EventView) -> bool {
        event
            .entities
            .iter()
            .any(|entity| self.own.contains(entity))
    }
}

impl Admitted {
    /// What is left out of the operations that were found, if anything is.
    pub(super) fn part(self, asker: &AccountId) -> Option<Part<'_>> {
        match self {
            Self::Because(Topic::History(entity)) => Some(Part {
                asker,
                own: [entity].into(),
            }),
            // Only her own operations are found, or any.
            Self::ForCase | Self::Because(_) => None,
        }
    }
}
