//! What can be set, and the bounds that cannot.

use std::num::NonZeroUsize;

/// Requests that may wait for the executor thread; further callers wait for room.
pub const QUEUE_MAX: usize = 16;
/// Executed but undecided blocks whose outcome is kept. A height seldom has more proposals.
pub const OUTCOMES_MAX: usize = 4;
/// Stack of the threads that run the runtime. Calls may nest 256 deep, and each level takes some
/// KiB; memory that is not touched is not used.
pub const RUNTIME_STACK_BYTES: usize = 64 * 1024 * 1024;
/// Verified signatures that are remembered: a full pool four times over, about 13 MiB.
pub const SIGNATURES_REMEMBERED_MAX: usize = 1 << 17;
/// Signatures that are verified together. Larger batches gain nothing more.
pub const SIGNATURE_BATCH: usize = 128;
/// Transactions that are validated while the tip is held: bounds how long a commit waits.
pub const VALIDATION_SESSION: usize = 64;
/// Transactions taken from the pool for one block.
pub const BLOCK_TRANSACTIONS_MAX: usize = 16 * 1024;
/// Transactions that are prepared together while building; the clock is looked at in between.
pub const BUILD_CHUNK: usize = 128;
/// Transactions that do not fit and are passed over before a block is closed.
pub const BUILD_SKIPS_MAX: usize = 16;
/// Attempts to build a block, each without the transaction on which the runtime panicked before.
pub const BUILD_ATTEMPTS_MAX: usize = 4;

/// Sizes that depend on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutorConfig {
    /// Memory for the decoded trie nodes that blocks touch, in bytes.
    pub block_nodes_bytes: usize,
    /// Memory for those that clients' queries touch, in bytes.
    pub query_nodes_bytes: usize,
    /// Memory for values of the tip's state, in bytes.
    pub value_cache_bytes: usize,
    /// Threads that verify signatures.
    pub signature_threads: NonZeroUsize,
    /// Threads that run runtime functions for RPC; also the most that run at once.
    pub call_threads: NonZeroUsize,
}

impl Default for ExecutorConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = NonZeroUsize::new(cores.min(4)).unwrap_or(NonZeroUsize::MIN);
        Self {
            block_nodes_bytes: 64 * 1024 * 1024,
            query_nodes_bytes: 16 * 1024 * 1024,
            value_cache_bytes: 48 * 1024 * 1024,
            signature_threads: threads,
            call_threads: threads,
        }
    }
}
