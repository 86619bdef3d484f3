//! The transaction pool: which transactions wait for a block, in which order, within which bounds.
//!
//! ```text
//!  RPC ─ submit(Local) ──► mailbox ─┐                       ┌─► journal (local ones, synced)
//!                                   ├─► engine ─► validator ─┤
//!  network ─ submit(Gossip) ► mailbox┘    │                  └─► announce ─► network
//!                                         ▼
//!  builder ◄── ready(), ready_count ──  Pool  ◄── commit notices
//! ```
//!
//! - `Pool` is the data structure: which transactions are ready, which wait for an earlier nonce,
//!   who gives way when there is no room. It does no I/O and reads no clock.
//! - The engine is its only writer. It gathers what waits in the two mailboxes, has it validated in
//!   one call per batch off the async threads, inserts the outcome, and writes the transactions of
//!   this node's own clients to the journal in one synced write before it answers them. While one
//!   batch of a mailbox is being validated, and for a moment after it began, the next gathers;
//!   neither mailbox can starve the other.
//! - [`Mempool`] is the handle that the other services hold.
//!
//! A transaction that was validated at one height and inserted after the next block is judged by
//! what that block said: the pool remembers the hashes and nonces of recent blocks.

mod config;
mod engine;
mod ingress;
mod metrics;
mod state;
mod watchers;

pub use config::MempoolConfig;
pub use engine::MempoolPorts;
pub use ingress::Mempool;
pub use metrics::MempoolMetrics;

#[cfg(test)]
mod tests;
