//! Finds operations and events by what they say, beside the node and never in its way.
//!
//! [`IndexService`] follows the chain on a thread of its own and keeps, in a database of its own, for
//! each signer, call, event, refusal and entity the list of where in the history they are (`keys`).
//! What mentions an appointment, a record or a bill counts as mentioning its patient, and is counted
//! for its member (`owners`). A filter is answered by going through its lists at once (`search`),
//! without reading a block. What is found is read from the blocks by whoever asks; the events of all
//! indexed blocks are kept here, so that answers do not depend on which states the node keeps.
//!
//! # What holds
//!
//! - All blocks between the first and the last indexed one are in the index, each whole: a block, its
//!   counts and the progress are one atomic write. A kill at any point costs the last write at most,
//!   which is made again.
//! - Nothing here is needed for consensus, and nothing of it waits for this: commits are a wake-up,
//!   of which any number may be missed. What fails is tried again, and the index says so meanwhile;
//!   if the states that it needs are pruned, or a write has failed, it says that and stays as it is:
//!   after a failed write until the node starts anew.
//! - It can be removed and is then made anew, from the oldest state that the node keeps. Regulators'
//!   questions ([`Questions`]) are in a place of their own and are not.
//! - A page costs at most [`STEPS_PER_PAGE_MAX`] steps, whatever the filter.

mod counts;
mod explorer;
mod follow;
mod index;
mod keys;
mod metrics;
mod names;
mod owners;
mod postings;
mod questions;
mod row;
mod search;
mod service;

pub use counts::{HOURS_KEPT_MS, MINUTES_KEPT_MS};
pub use explorer::{COUNTS_MAX, ENTITIES_MAX, PAGE_MAX};
pub use index::{remove, Index, IndexConfig, Writer, CACHE_BYTES_DEFAULT, MEMTABLE_BYTES_DEFAULT};
pub use metrics::IndexMetrics;
pub use questions::{Questions, QUESTIONS_MAX};
pub use search::STEPS_PER_PAGE_MAX;
pub use service::{IndexError, IndexPorts, IndexService};
