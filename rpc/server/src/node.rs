//! The node as the methods see it.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};
use xinglin_core::{
    AnchoringStatus, ChainStore, ConsensusStatus, Explorer, NetworkInfo, QuestionLog, StateQuery,
    Tip, TransactionPool,
};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    error::ServerError, events::ChainEvents, metrics::RpcMetrics, ports::ChainInfo,
    workers::Workers,
};

/// How many blocks a node may be behind the highest it has heard of before it counts as syncing:
/// the one being decided, and one that is on its way.
const SYNC_LAG_MAX: BlockNumber = 2;
/// How long the chain may stand still before the node counts as stalled. An idle chain makes a block
/// every 10 seconds.
pub(crate) const STALL_AFTER: Duration = Duration::from_secs(60);

/// Ports, workers and events: what every family of methods works with.
pub(crate) struct Node {
    pub(crate) chain: Arc<dyn ChainStore>,
    pub(crate) state: Arc<dyn StateQuery>,
    pub(crate) pool: Arc<dyn TransactionPool>,
    pub(crate) network: Arc<dyn NetworkInfo>,
    pub(crate) consensus: watch::Receiver<ConsensusStatus>,
    pub(crate) info: ChainInfo,
    pub(crate) explorer: Option<Arc<dyn Explorer>>,
    pub(crate) question_log: Option<Arc<dyn QuestionLog>>,
    pub(crate) anchoring: Option<watch::Receiver<AnchoringStatus>>,
    pub(crate) metrics: RpcMetrics,
    pub(crate) workers: Workers,
    pub(crate) events: Arc<ChainEvents>,
    pub(crate) finality_gap: Duration,
    /// Height when the server started.
    pub(crate) started_at: BlockNumber,
    /// The height last seen by [`stalled`](Self::stalled), and since when.
    pub(crate) progress: Mutex<(BlockNumber, Instant)>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Runs a job that reads the database or calls the runtime on a worker.
    pub(crate) async fn read<T, E>(
        self: &Arc<Self>,
        job: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ServerError> + Send + 'static,
    {
        let node = Arc::clone(self);
        self.workers
            .run(move || job(&node))
            .await
            .map_err(E::from)?
    }

    /// The last block.
    pub(crate) fn tip(&self) -> Result<Tip, ServerError> {
        self.chain.tip().ok_or(ServerError::NoBlock)
    }

    /// The block meant by an optional hash: the last one if there is none.
    pub(crate) fn at(&self, hash: Option<Hash>) -> Result<Hash, ServerError> {
        match hash {
            Some(hash) => Ok(hash),
            None => Ok(self.tip()?.hash),
        }
    }

    /// The highest height heard of.
    pub(crate) fn highest_block(&self) -> BlockNumber {
        let own = self.chain.tip().map_or(0, |tip| tip.number);
        own.max(self.consensus.borrow().best_peer_height)
    }

    /// Whether others are further than this node could be by agreeing in time.
    pub(crate) fn is_syncing(&self) -> bool {
        let own = self.chain.tip().map_or(0, |tip| tip.number);
        self.highest_block() > own.saturating_add(SYNC_LAG_MAX)
    }

    /// Whether the chain has not grown for [`STALL_AFTER`], as far as earlier calls can tell.
    pub(crate) fn stalled(&self) -> bool {
        let own = self.chain.tip().map_or(0, |tip| tip.number);
        let mut progress = self.progress.lock();
        if own > progress.0 {
            *progress = (own, Instant::now());
        }
        progress.1.elapsed() > STALL_AFTER
    }
}
