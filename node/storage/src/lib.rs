//! The node's database. This crate alone uses RocksDB; the other services see it through the ports of
//! `xinglin_core::store`, which [`Database`] implements.
//!
//! # What is kept
//!
//! | family | key → value |
//! |---|---|
//! | `blocks` | height → encoded block |
//! | `block_by_hash` | block hash → header, which holds the height |
//! | `certificates` | height → commit certificate, which holds the block hash |
//! | `undecided` | height, round, block hash → encoded block |
//! | `state_nodes` | prefixed key → trie node |
//! | `state_flat` | storage key → value at the tip |
//! | `tx_index` | transaction hash → height and index |
//! | `journal` | height → trie nodes that the block replaced (pruned mode) |
//! | `pool` | transaction hash → transaction accepted from this node's clients |
//! | `evidence` | hash → evidence of equivocation |
//! | `meta` | format, genesis, mode, oldest state, tip |
//!
//! Heights and rounds in keys are big-endian, all else is SCALE.
//!
//! # Invariants
//!
//! - A block with everything that follows from it is one atomic batch, on the disk before
//!   [`commit`](xinglin_core::ChainStore::commit) returns. There are no forks: a block extends the tip or is refused.
//! - After a failed write nothing more is written, because RocksDB may or may not have kept it. The
//!   node says so, stops, and finds out at its next start.
//! - [`Database::open`] refuses what is not its own: another chain's database, another format, a
//!   torn one. Each refusal names the remedy.
//! - There is one writer at a time; readers never wait for it.
//!
//! [`OrderedDatabase`] is for what stands beside the chain, such as an index of it: a database of its
//! own, so that nothing that happens there can hold up a commit.

mod chain;
mod check;
mod columns;
mod config;
mod database;
mod journal;
mod metrics;
mod open;
mod ordered;
mod pruning;
mod state;

pub use chain::UNDECIDED_PER_HEIGHT_MAX;
pub use check::{CheckReport, Problem, PROBLEMS_MAX};
pub use config::{
    StateMode, StorageConfig, CACHE_BYTES_DEFAULT, MEMTABLE_BYTES_DEFAULT, OPEN_FILES_MAX_DEFAULT,
    PRUNED_STATES_DEFAULT, PRUNED_STATES_MAX, PRUNED_STATES_MIN,
};
pub use database::Database;
pub use metrics::StorageMetrics;
pub use open::OpenError;
pub use ordered::{after_prefix, Batch, Cursor, Item, OrderedConfig, OrderedDatabase, Space};
