//! The node's JSON-RPC methods: one trait per family, and the types on the wire.
//!
//! For each family the macro makes a trait to implement (`ChainApiServer`) and a client
//! (`ChainApiClient`, available on every `jsonrpsee` client). Names, shapes and notification names
//! are those of Substrate nodes, so that unmodified clients work; `xinglin_*` is our own.
//!
//! | module | methods | generation |
//! |---|---|---|
//! | [`author`] | `author_*` | legacy |
//! | [`chain`] | `chain_*` | legacy |
//! | [`state`] | `state_*` | legacy |
//! | [`system`] | `system_*` | legacy |
//! | [`chain_head`] | `chainHead_v1_*` | new |
//! | [`chain_spec`] | `chainSpec_v1_*` | new |
//! | [`archive`] | `archive_v1_*` | new |
//! | [`transaction`] | `transaction_v1_*`, `transactionWatch_v1_*` | new |
//! | [`xinglin`] | `xinglin_*` | ours |
//! | [`questions`] | `xinglin_*` that are signed by the asker | ours |
//! | [`explorer`] | `explorer_*` | ours |
//!
//! Bytes and hashes are hexadecimal with the prefix `0x`. Errors carry a code of [`codes`], a
//! message, and in `data` what to do about it.

pub mod archive;
pub mod author;
pub mod bytes;
pub mod chain;
pub mod chain_head;
pub mod chain_spec;
pub mod codes;
pub mod explorer;
pub mod number;
pub mod questions;
pub mod runtime;
pub mod state;
pub mod storage;
pub mod system;
pub mod time;
pub mod transaction;
pub mod xinglin;

pub use bytes::Bytes;
