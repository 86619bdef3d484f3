//! Blocks, operations and the domain as tables of PostgreSQL, for those who ask in SQL.
//!
//! [`export`] reads a chain through a [`Source`], decodes it by its own metadata and writes rows:
//!
//! - *history*, of which nothing ever changes and which carries the height of its block: blocks,
//!   transactions, events, what they mention, and the changes of appointments, invoices, claims and
//!   holds, all told by the events;
//! - *state*, how things stand after the last exported block: members, appointments, records, invoices
//!   and the rest. What events mention is read again from the chain's state, so that no rule of the
//!   chain is repeated here.
//!
//! The rows of some blocks and the height up to which the database has come are one transaction. So
//! whoever dies in between, each block is in the database once or not at all, and the next run goes on
//! from there. [`verify`] holds the database against the chain, row by row. [`query`](queries::query)
//! runs the questions of `queries/`.
//!
//! ```text
//! Source ─▶ chain (decode) ─▶ history ─┐
//!    └────▶ state ─▶ domain ───────────┴─▶ rows ─▶ database
//! ```

mod chain;
mod database;
mod domain;
mod error;
mod export;
mod history;
mod json;
pub mod queries;
mod rows;
mod source;
mod state;
mod verify;

pub use database::SCHEMA_VERSION;
pub use error::ExportError;
pub use export::{export, Exported, Options, Progress};
pub use source::{Source, SourceBlock, SourceError};
pub use state::KEYS_MAX;
pub use verify::{verify, Difference, Verified};
pub use xinglin_decoding::METADATA_VERSION;
