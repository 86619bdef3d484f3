//! What a block says, in the names of the metadata: transactions, events, answers of the runtime.
//!
//! [`Schema::read`] takes the metadata of the rules that made a block. With it,
//!
//! - [`Schema::block`] gives everything as JSON, for people and for other databases,
//! - [`Schema::outline`] gives what an index needs, and skips the rest as fast as it can,
//! - [`Schema::answer`] gives what a function of the runtime returned,
//! - [`Schema::storage_key`] and [`Schema::stored`] say where the state has something, and what.
//!
//! What an operation mentions is found by the types' names in the metadata
//! ([`Entity::of_type`](xinglin_primitives::Entity::of_type)), wherever in its arguments and events
//! it stands, so that a new call needs no line here. What needs the state, such as which patient
//! an account belongs to, is not found.
//!
//! Times are found by the names of types, too. In arguments and events they are ISO 8601; in answers
//! and in what the state has they are the numbers of the chain.
//!
//! Pure functions over bytes: no I/O, no state, and no bytes that make them panic.

mod answer;
mod block;
mod extrinsic;
mod json;
#[cfg(test)]
mod samples;
mod schema;
mod shape;
mod skip;
mod storage;
mod times;
mod walk;

pub use answer::Answer;
pub use block::{
    DecodedBlock, DecodedEvent, DecodedExtrinsic, Outcome, Outline, OutlinedEvent,
    OutlinedExtrinsic,
};
pub use json::{BYTES_WHOLE_MAX, EXACT_MAX};
pub use schema::{Name, Schema, METADATA_VERSION};
pub use times::{iso_date, iso_instant};
pub use walk::CALL_DEPTH_MAX;

/// Why bytes are not a block of these rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A transaction.
    #[error(
        "transaction {index} does not decode: {reason}; \
         is this metadata that of the rules which made the block?"
    )]
    Extrinsic {
        /// Index in the block.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// An event.
    #[error(
        "event {index} does not decode: {reason}; \
         is this metadata that of the rules which made the block?"
    )]
    Event {
        /// Index in the block.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// The list of events as a whole.
    #[error("the events do not decode: {0}; are they those of this block?")]
    Events(&'static str),
}

/// What is wrong with a value, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Scale(#[from] scale_decode::visitor::DecodeError),
    #[error(transparent)]
    Codec(#[from] codec::Error),
    #[error("calls are nested more than {CALL_DEPTH_MAX} deep")]
    Depth,
    #[error("format {0} is not known")]
    Format(u8),
    #[error("no {what} of pallet {pallet} has the number {index}")]
    Unknown {
        what: &'static str,
        pallet: u8,
        index: u8,
    },
    #[error("{0} bytes follow it")]
    Excess(usize),
    #[error("its length is not the stated one")]
    Length,
}
