//! The running pool between a validator, a journal and a chain of its own.

mod admission;
mod blocks;
mod durability;
mod mocks;
mod pressure;

use std::{sync::Arc, time::Duration};

use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    CommitNotice, Extrinsic, PoolError, ReadySource, StatusStream, TransactionPool,
    TransactionSource, TransactionStatus,
};
use xinglin_primitives::{receipt::extrinsic_hash, Hash};

use self::mocks::{Call, World};
use crate::{Mempool, MempoolConfig, MempoolMetrics, MempoolPorts};

const LOCAL: TransactionSource = TransactionSource::Local;
const GOSSIP: TransactionSource = TransactionSource::Gossip;

/// A running pool and the ends of its channels.
struct Fixture {
    world: Arc<World>,
    pool: Mempool,
    commits: broadcast::Sender<Arc<CommitNotice>>,
    announced: mpsc::Receiver<Vec<Extrinsic>>,
    peers: watch::Sender<Vec<String>>,
    cancel: CancellationToken,
}

impl Fixture {
    fn new() -> Self {
        Self::over(Arc::default(), MempoolConfig::default())
    }

    fn over(world: Arc<World>, config: MempoolConfig) -> Self {
        let (commits, notices) = broadcast::channel(4);
        let (announce, announced) = mpsc::channel(64);
        let (peers_sender, peers) = watch::channel(vec!["peer".to_owned()]);
        let cancel = CancellationToken::new();
        let ports = MempoolPorts {
            validator: world.clone(),
            journal: world.clone(),
            chain: world.clone(),
            commits: notices,
            announce,
            peers,
            metrics: MempoolMetrics::default(),
            cancel: cancel.clone(),
        };
        let pool = Mempool::spawn(config, ports).unwrap();
        Self {
            world,
            pool,
            commits,
            announced,
            peers: peers_sender,
            cancel,
        }
    }

    async fn submit(&self, call: Call) -> Result<Hash, PoolError> {
        self.pool.submit(LOCAL, call.bytes()).await
    }

    async fn watch(&self, call: Call) -> (Hash, StatusStream) {
        self.pool.submit_and_watch(call.bytes()).await.unwrap()
    }

    /// Commits a block with these transactions and tells the pool.
    fn commit(&self, calls: &[Call]) -> Arc<CommitNotice> {
        let notice = self.world.commit(calls);
        self.commits.send(notice.clone()).unwrap();
        notice
    }

    /// Waits until the pool has heard of all blocks so far.
    async fn caught_up(&self) {
        // Blocks are heard before anything submitted after them is answered.
        let probe = self.world.refused_bytes();
        let outcome = within(self.pool.submit(LOCAL, probe)).await;
        assert!(matches!(outcome, Err(PoolError::Invalid(_))));
    }

    async fn stop(&self) {
        self.caught_up().await;
        self.cancel.cancel();
        within(self.pool.stopped()).await;
    }

    fn ready(&self) -> Vec<Hash> {
        let ready = self.pool.ready(usize::MAX, usize::MAX);
        ready.iter().map(|transaction| transaction.hash).collect()
    }
}

fn hash(call: Call) -> Hash {
    extrinsic_hash(&call.bytes())
}

/// The next status, which must come.
async fn next(statuses: &mut StatusStream) -> TransactionStatus {
    within(statuses.recv()).await.unwrap()
}

/// The outcome of something that must happen: a test that would wait forever fails instead.
async fn within<T>(future: impl std::future::Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .unwrap()
}
