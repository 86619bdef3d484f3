//! What is the asker's business, as the runtime says.

use std::collections::BTreeMap;

use xinglin_primitives::{privacy::Topic, Entity, Hash};
use xinglin_rpc_api::questions::Auth;

use crate::questions::{QuestionError, Questions};

/// Entities about which the runtime is asked for one answer.
const ASKED_MAX: usize = 1_024;

/// Asks the runtime about each entity once, all on the state after one block.
pub(super) struct Asking<'a> {
    questions: &'a Questions,
    at: Hash,
    auth: &'a Auth,
    known: BTreeMap<Entity, bool>,
    is_spent: bool,
}

impl<'a> Asking<'a> {
    pub(super) fn new(questions: &'a Questions, at: Hash, auth: &'a Auth) -> Self {
        Self {
            questions,
            at,
            auth,
            known: BTreeMap::new(),
            is_spent: false,
        }
    }

    /// Whether all that mentions an entity is the asker's business; not, once too much was asked.
    pub(super) fn is_own(&mut self, entity: Entity) -> Result<bool, QuestionError> {
        if let Some(is_own) = self.known.get(&entity) {
            return Ok(*is_own);
        }
        if self.known.len() >= ASKED_MAX {
            self.is_spent = true;
            return Ok(false);
        }
        let topics = [Topic::History(entity)];
        let is_own = match self.questions.admit(self.at, self.auth, &topics) {
            Ok(_) => true,
            Err(QuestionError::Refused(_)) => false,
            Err(error) => return Err(error),
        };
        self.known.insert(entity, is_own);
        Ok(is_own)
    }

    /// Whether the runtime was not asked about something, since it was asked about too much before.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }
}
