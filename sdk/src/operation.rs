//! Carrying out a call and learning what came of it.

use std::time::Duration;

use pallet_records::types::VersionNumber;
use rand::{rngs::OsRng, RngCore};
use xinglin_primitives::{Hash, RecordId};
use xinglin_runtime::{RuntimeCall, RuntimeEvent};

use crate::{
    billing::InvoiceProblem,
    client::{Client, ClientError, Outcome},
    envelope::EnvelopeError,
    insurance::SplitProblem,
    keys::KeyPair,
};

/// How long a transaction may take to become final.
pub const FINALITY_LIMIT: Duration = Duration::from_secs(60);

/// Why an operation was not carried out, or its result cannot be read. Nothing of a content or key
/// is in it.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The node could not be asked, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something could not be sealed or opened.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The chain refused the call. It is in the chain, and changed nothing.
    #[error("the chain refuses: {error} (transaction {transaction:?}); the documentation of the call names what it asks for")]
    Refused {
        /// The transaction.
        transaction: Hash,
        /// The name of the chain's error.
        error: String,
    },
    /// The chain would refuse the settlement that is asked about.
    #[error("the chain would refuse the settlement: {error}; the documentation of the call names what it asks for")]
    WouldRefuse {
        /// The name of the chain's error.
        error: String,
    },
    /// An event that the call always brings is not there.
    #[error("the transaction {transaction:?} brought no event {event}; node and program are of different versions")]
    MissingEvent {
        /// The transaction.
        transaction: Hash,
        /// The event.
        event: &'static str,
    },
    /// The chain has no such thing.
    #[error("the chain knows no {what}; check the number, and that the node is in sync")]
    Unknown {
        /// What was looked for.
        what: String,
    },
    /// The account is registered as something else, or not at all.
    #[error("the account is not registered as {role}; use the key of one that is")]
    WrongRole {
        /// What it should be.
        role: &'static str,
    },
    /// More than a call carries or a bound allows.
    #[error("{found} {what} are too many: {limit} at most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// No key of the version is sealed to the reader.
    #[error("no key of version {version} of record {record} is sealed to this account; ask the patient, or the author's member, to provide it")]
    NoSealedKey {
        /// The record.
        record: RecordId,
        /// The version.
        version: VersionNumber,
    },
    /// The ciphertext is not on the chain.
    #[error("version {version} of record {record} is in the object store of its member, at the place that the chain names; fetch it there and open it with its key")]
    External {
        /// The record.
        record: RecordId,
        /// The version.
        version: VersionNumber,
    },
    /// An invoice and its details contradict each other.
    #[error(transparent)]
    Invoice(#[from] InvoiceProblem),
    /// A node tells another split of an invoice than the rules give.
    #[error(transparent)]
    Split(#[from] SplitProblem),
}

/// Signs a call, submits it and waits until it is final. Fails if the chain refused it.
pub async fn execute(
    client: &Client,
    key: &KeyPair,
    call: impl Into<RuntimeCall>,
) -> Result<Outcome, OperationError> {
    let outcome = client.execute(key, call.into(), FINALITY_LIMIT).await?;
    match outcome.failure() {
        None => Ok(outcome),
        Some(error) => Err(OperationError::Refused {
            transaction: outcome.hash,
            error,
        }),
    }
}

/// An id that nobody has chosen before: of a payment or refund, or the token of a grant.
pub fn random_id() -> Hash {
    let mut id = Hash::zero();
    OsRng.fill_bytes(id.as_bytes_mut());
    id
}

/// What the first event tells that `pick` takes; `event` names it in the error if there is none.
pub fn told<T>(
    outcome: &Outcome,
    event: &'static str,
    pick: impl FnMut(&RuntimeEvent) -> Option<T>,
) -> Result<T, OperationError> {
    let found = outcome.events.iter().find_map(pick);
    found.ok_or(OperationError::MissingEvent {
        transaction: outcome.hash,
        event,
    })
}
