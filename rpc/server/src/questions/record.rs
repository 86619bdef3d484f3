//! Keeping what regulators ask.
//!
//! A question is on the disk before its answer leaves the node; the chain gets a digest of it
//! later. A node that cannot promise both does not answer.

use std::time::{SystemTime, UNIX_EPOCH};

use sp_runtime::traits::Hash as _;
use xinglin_core::{AnchoringProblem, AnchoringStatus, KeptQuestion, QuestionLog};
use xinglin_primitives::{Hash, Hashing};

use super::{QuestionError, Questions, Request};
use crate::node::Node;

/// Why a question cannot be put on the record.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NoRecord {
    /// Nobody is there to anchor it.
    #[error(
        "the node has no account to anchor regulators' questions with; its operator starts it with \
         --index and --anchor-key FILE, the keystore of a service account of a member; if it is started \
         so, its log says why its index does not open"
    )]
    NoAccount,
    /// The chain would not take it.
    #[error("{0}")]
    Problem(AnchoringProblem),
}

impl Node {
    /// The record of questions, if the node keeps one.
    pub(crate) fn record(&self) -> Result<(&dyn QuestionLog, AnchoringStatus), NoRecord> {
        let log = self.question_log.as_deref().ok_or(NoRecord::NoAccount)?;
        let status = self.anchoring.as_ref().ok_or(NoRecord::NoAccount)?;
        let status = status.borrow().clone();
        Ok((log, status))
    }

    /// The record of questions, if the chain will vouch for what is added.
    pub(crate) fn open_record(&self) -> Result<&dyn QuestionLog, NoRecord> {
        let (log, status) = self.record()?;
        match status.problem {
            None => Ok(log),
            Some(problem) => Err(NoRecord::Problem(problem)),
        }
    }
}

impl Questions {
    /// Puts a regulator's question on the record. What is asked without a case concerns the asker
    /// herself and is not kept.
    pub(crate) fn keep(&self, method: &str, request: &Request) -> Result<(), QuestionError> {
        let Some(case) = request.auth.case else {
            return Ok(());
        };
        let log = self.node.open_record()?;
        let question = KeptQuestion {
            asked_at_ms: now_ms(),
            account: request.auth.account.clone(),
            case,
            method: method.to_owned(),
            question: request.question.get().to_owned(),
            signed: self.signed_hash(method, request),
        };
        log.keep_question(&question)?;
        Ok(())
    }

    /// What makes it undeniable: the hash of the signed text and the signature.
    fn signed_hash(&self, method: &str, request: &Request) -> Hash {
        let mut signed = self.signed_text(method, request).into_bytes();
        signed.extend(&request.auth.signature.0);
        Hashing::hash(&signed)
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
