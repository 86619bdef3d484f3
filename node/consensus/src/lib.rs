//! Byzantine agreement on blocks: the only user of the Malachite crates.
//!
//! Malachite is a Tendermint engine made of actors: network, sync, write-ahead log, consensus. They
//! stay as they are. What is ours:
//!
//! * [`context`]: heights, values, votes, validators as the engine sees them. The value agreed on is
//!   a block's hash.
//! * [`codec`]: the bytes of every message, on the wire and in the write-ahead log.
//! * [`signing`]: sr25519 in a context of its own, bound to the genesis hash.
//! * [`host`]: what the engine asks of the application, one file per family of messages.
//! * [`stream`]: blocks as streams of parts.
//! * [`pacing`]: when the next height begins.
//!
//! A block is verified by execution before this validator prevotes for it, and durable on disk before
//! the engine is told that it is committed.

pub mod codec;
pub mod context;
mod host;
pub mod signing;
pub mod stream;

mod capacity;
mod clock;
mod engine;
mod evidence;
mod gate;
mod observer;
mod pacing;
mod peers;
mod proposals;
mod shared;

use std::{path::PathBuf, sync::Arc};

use arc_malachitebft_app::metrics::export;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    BlockExecutor, ChainStore, ClockStatus, ConsensusStatus, EvidenceStore, HeightConfig,
    HeightConfigs, ReadySource, TransactionPool,
};
use xinglin_primitives::Hash;

use crate::{
    engine::Engine,
    shared::{Fatal, Parts, Shared},
    signing::{ChainSigner, ChainVerifier},
};

/// How this node takes part.
pub struct ConsensusConfig {
    /// Name for logs of peers.
    pub moniker: String,
    /// libp2p multiaddress on which the engine listens, TCP.
    pub listen_address: String,
    /// Further peers to dial, with `/p2p/<peer id>`; registered nodes are dialled without.
    pub bootstrap_peers: Vec<String>,
    /// Folder of the write-ahead log.
    pub wal_dir: PathBuf,
    /// ed25519 seed of the node's libp2p identity.
    pub node_seed: [u8; 32],
    /// The validator's consensus key; a node without one only follows.
    pub consensus_key: Option<schnorrkel::Keypair>,
    /// Hash of the genesis block.
    pub genesis_hash: Hash,
    /// The runtime's version, part of the handshake.
    pub spec_version: u32,
}

/// The services on which consensus stands.
pub struct ConsensusPorts {
    /// Builds, verifies and commits.
    pub executor: Arc<dyn BlockExecutor>,
    /// Validators and parameters by height.
    pub heights: Arc<dyn HeightConfigs>,
    /// Decided and undecided blocks.
    pub chain: Arc<dyn ChainStore>,
    /// Evidence not yet on the chain.
    pub evidence: Arc<dyn EvidenceStore>,
    /// Whether transactions wait.
    pub ready: Arc<dyn ReadySource>,
    /// Where reports of equivocation go.
    pub pool: Arc<dyn TransactionPool>,
    /// Whether this node's clock is right.
    pub clock: watch::Receiver<ClockStatus>,
}

/// Why consensus cannot start or has stopped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConsensusError {
    /// The configuration is unusable.
    #[error("consensus configuration: {0}")]
    Config(String),
    /// The engine has failed; the node must stop.
    #[error("consensus engine: {0}")]
    Engine(String),
}

impl From<Fatal> for ConsensusError {
    fn from(fatal: Fatal) -> Self {
        Self::Engine(fatal.to_string())
    }
}

/// A running engine.
pub struct ConsensusHandle {
    /// The configuration of the height being agreed on; changes with every block.
    pub height_config: watch::Receiver<Arc<HeightConfig>>,
    /// Where consensus stands.
    pub status: watch::Receiver<ConsensusStatus>,
    shared: Arc<Shared>,
    engine: Engine,
    failures: mpsc::UnboundedReceiver<Fatal>,
}

impl ConsensusHandle {
    /// Waits until the engine has failed. It does not end by itself otherwise.
    pub async fn failed(&mut self) -> ConsensusError {
        tokio::select! {
            biased;
            fatal = self.failures.recv() => match fatal {
                Some(fatal) => fatal.into(),
                None => ConsensusError::Engine("it has stopped".into()),
            },
            _ = &mut self.engine.supervision => {
                ConsensusError::Engine("its supervisor has stopped; the log says which actor failed".into())
            }
        }
    }

    /// Stops the engine in order: nothing is signed or committed when this returns.
    pub async fn stop(mut self) {
        self.shared.cancel.cancel();
        self.engine.stop();
        if !self.engine.supervision.is_finished() {
            if let Err(error) = (&mut self.engine.supervision).await {
                tracing::warn!(%error, "the engine's supervisor did not stop in order");
            }
        }
        self.shared.join().await;
    }
}

/// Starts the engine.
pub async fn start(
    mut config: ConsensusConfig,
    ports: ConsensusPorts,
) -> Result<ConsensusHandle, ConsensusError> {
    let (keypair, own_peer) = engine::identity(config.node_seed)?;
    let signer = config
        .consensus_key
        .take()
        .map(|key| ChainSigner::new(config.genesis_hash, Arc::new(key)));
    let first = ports.heights.next_height().map_err(Fatal::from)?;
    let pinned = peers::pinned(&first.nodes, &own_peer);
    let (fatal, failures) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared::new(Parts {
        ports,
        signer,
        verifier: ChainVerifier::new(config.genesis_hash),
        own_peer,
        config: first,
        pinned: pinned.clone(),
        fatal,
        cancel: CancellationToken::new(),
    })?);
    let engine = engine::start(&config, keypair, &pinned, &shared).await?;
    evidence::report_kept(&shared).await?;
    Ok(ConsensusHandle {
        height_config: shared.height_config(),
        status: shared.status(),
        shared,
        engine,
        failures,
    })
}

/// The engine's metrics in the Prometheus text format.
pub fn encode_metrics() -> String {
    let mut text = String::new();
    export(&mut text);
    text
}
