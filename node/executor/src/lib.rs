//! The executor builds, verifies, commits and queries blocks over the state. It alone uses the
//! state machine and the trie.
//!
//! ```text
//!             build · verify · commit                 state_* · calls            pool
//!                      │                                     │                     │
//!               executor thread                        caller's thread      caller's thread
//!  overlay ─► value cache ─► flat values        trie cache ─► trie nodes   as the executor thread
//!                      └─ root: trie cache ─► trie nodes
//! ```
//!
//! - One thread executes and is the only one that commits, so it reads the tip's flat values
//!   without a lock. Validation reads them too and holds the tip meanwhile, for a few milliseconds
//!   at a time. All other readers go through the trie at the state root of the block they ask for.
//! - A signature is verified once, from the pool to the decided block (`signatures`).
//! - The outcome of a block that was built or verified is remembered, so that committing it is one
//!   write.
//! - A panic of the runtime makes a block or a transaction invalid and never ends the node; a
//!   failure of the database never makes a block invalid.

mod backend;
mod building;
mod commit;
mod config;
mod execution;
mod genesis;
mod height;
mod memory;
mod metrics;
pub mod mock;
mod query;
mod reexecute;
mod root;
mod session;
mod signatures;
mod thread;
mod validate;
mod values;
mod verifying;

#[cfg(test)]
mod tests;

pub use config::ExecutorConfig;
pub use genesis::{Genesis, GenesisError};
pub use memory::MemoryState;
pub use metrics::Metrics;
pub use reexecute::{re_execute, ReExecution, ReExecutionError};

use std::sync::Arc;

use async_trait::async_trait;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tokio::sync::broadcast;
use xinglin_core::{
    execution::COMMIT_NOTICES_MAX, Block, BlockExecutor, BuildRequest, ChainStore, CommitNotice,
    ExecutionError, ReadySource, StateStore, Verdict, VerifyMode,
};
use xinglin_primitives::consensus::CommitCertificate;

use crate::{
    backend::TipState,
    commit::{Engine, SharedReady},
    config::RUNTIME_STACK_BYTES,
    execution::Context,
    signatures::Signatures,
    thread::Mailbox,
};

/// Why the executor does not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// There is no genesis block.
    #[error("the database is empty; write the genesis block first")]
    NoGenesis,
    /// The operating system gives no more threads.
    #[error("cannot start threads: {0}; raise the limit on processes")]
    Threads(String),
}

/// The executor. All ports of `xinglin-core` that it implements are on this type.
pub struct Executor {
    chain: Arc<dyn ChainStore>,
    context: Arc<Context>,
    ready: SharedReady,
    notices: broadcast::Sender<Arc<CommitNotice>>,
    mailbox: Mailbox,
    /// Threads with a large stack, for what clients call by name.
    calls: ThreadPool,
}

impl Executor {
    /// Starts on the tip of `chain`, whose state is in `state`.
    pub fn spawn(
        config: &ExecutorConfig,
        chain: Arc<dyn ChainStore>,
        state: Arc<dyn StateStore>,
    ) -> Result<Arc<Self>, SpawnError> {
        let tip = chain.tip().ok_or(SpawnError::NoGenesis)?;
        let metrics = Metrics::default();
        let pool =
            signature_pool(config).map_err(|error| SpawnError::Threads(error.to_string()))?;
        let calls = ThreadPoolBuilder::new()
            .num_threads(config.call_threads.get())
            .stack_size(RUNTIME_STACK_BYTES)
            .thread_name(|index| format!("runtime-call-{index}"))
            .build()
            .map_err(|error| SpawnError::Threads(error.to_string()))?;
        let context = Arc::new(Context {
            state: Arc::new(TipState::new(state, tip, config)),
            signatures: Signatures::new(pool, metrics.clone()),
            metrics,
        });
        let ready = SharedReady::default();
        let (notices, _) = broadcast::channel(COMMIT_NOTICES_MAX);
        let engine = Engine::new(
            chain.clone(),
            context.clone(),
            ready.clone(),
            notices.clone(),
        );
        let mailbox =
            Mailbox::start(engine).map_err(|error| SpawnError::Threads(error.to_string()))?;
        Ok(Arc::new(Self {
            chain,
            context,
            ready,
            notices,
            mailbox,
            calls,
        }))
    }

    /// Says where blocks get their transactions from. Until then they are built without any.
    pub fn set_ready_source(&self, ready: Arc<dyn ReadySource>) {
        *self.ready.write() = Some(ready);
    }

    /// The metrics, to be registered.
    pub fn metrics(&self) -> &Metrics {
        &self.context.metrics
    }

    /// Finishes what was asked for, takes nothing new and ends the thread. Blocks until then.
    /// Queries and validation still work.
    pub fn stop(&self) {
        self.mailbox.close();
        self.ready.write().take();
    }
}

/// The threads that verify signatures.
fn signature_pool(config: &ExecutorConfig) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new()
        .num_threads(config.signature_threads.get())
        .thread_name(|index| format!("signatures-{index}"))
        .build()
}

#[async_trait]
impl BlockExecutor for Executor {
    async fn build(&self, request: BuildRequest) -> Result<Arc<Block>, ExecutionError> {
        self.mailbox.build(request).await
    }

    async fn verify(&self, block: Arc<Block>, mode: VerifyMode) -> Result<Verdict, ExecutionError> {
        self.mailbox.verify(block, mode).await
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<CommitNotice>> {
        self.notices.subscribe()
    }

    async fn commit(
        &self,
        block: Arc<Block>,
        certificate: CommitCertificate,
    ) -> Result<Arc<CommitNotice>, ExecutionError> {
        self.mailbox.commit(block, certificate).await
    }
}
