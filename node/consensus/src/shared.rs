//! What the host's tasks share: the services, the height at hand, and who waits for what.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_malachitebft_app::{
    consensus::ProposedValue,
    engine::network::{NetworkMsg, NetworkRef, PersistentPeersOp},
    net::Multiaddr,
    streaming::StreamMessage,
    types::{
        core::{HeightParams, Round, Validator as _, ValidatorSet as _, Validity},
        PeerId,
    },
};
use parking_lot::{Mutex, RwLock};
use tokio::{
    sync::{mpsc, oneshot, watch, Semaphore, SetOnce},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;
use xinglin_core::{Block, ConsensusStatus, ExecutionError, HeightConfig, StoreError};
use xinglin_primitives::{consensus::ConsensusKey, AccountId, BlockNumber, Hash};

use crate::{
    capacity::Capacity,
    context::{round_number, Address, BlockId, Context, Height, Part, Timeouts, ValidatorSet},
    pacing::{Progress, Signs},
    peers,
    proposals::Proposals,
    signing::{ChainSigner, ChainVerifier},
    ConsensusPorts,
};

/// Most proposals that wait for the height before theirs to be committed.
const WAITING_PROPOSALS_MAX: usize = 8;
/// How many heights' validator sets are remembered, for certificates that come late.
const RECENT_HEIGHTS: usize = 4;
/// Most peers whose height is remembered.
const PEERS_MAX: usize = 1_024;

/// A failure after which the node must stop, since going on could lose or fork something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fatal {
    /// Building, verifying or committing failed on our side.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain has no validators: nobody can go on.
    #[error("the validator set of height {0} is empty")]
    NoValidators(BlockNumber),
    /// A block was decided that this node has not stored.
    #[error("block {hash:?} was decided at height {height} but is not stored here; restart the node and it will fetch the block")]
    MissingBlock {
        /// Height decided.
        height: BlockNumber,
        /// Block decided.
        hash: Hash,
    },
    /// The engine has stopped or refuses to go on.
    #[error("{0}")]
    Engine(String),
}

/// The height being agreed on.
pub struct Current {
    /// As the chain's state has it.
    pub config: Arc<HeightConfig>,
    /// As the engine needs it.
    pub set: ValidatorSet,
}

impl Current {
    fn new(config: HeightConfig) -> Result<Self, Fatal> {
        let set =
            ValidatorSet::new(&config.validators).ok_or(Fatal::NoValidators(config.height))?;
        Ok(Self {
            config: Arc::new(config),
            set,
        })
    }

    /// The engine's parameters for the height.
    pub fn params(&self) -> HeightParams<Context> {
        let parameters = self.config.parameters;
        let interval = Duration::from_millis(u64::from(parameters.block_interval_min_ms));
        HeightParams::new(self.set.clone(), Timeouts(parameters), Some(interval))
    }

    /// The account of a validator of the height.
    pub fn account_of(&self, address: &Address) -> Option<AccountId> {
        self.set
            .get_by_address(address)
            .map(|validator| validator.account().clone())
    }
}

/// See the module.
pub struct Shared {
    /// The services on which consensus stands.
    pub ports: ConsensusPorts,
    /// This validator's signer; a follower has none.
    pub signer: Option<ChainSigner>,
    /// Verifies what others signed.
    pub verifier: ChainVerifier,
    /// Proposals of heights not yet committed.
    pub proposals: Mutex<Proposals>,
    /// How large our blocks may be.
    pub capacity: Mutex<Capacity>,
    /// Bounds the proposals that wait for an earlier height.
    pub waiting_proposals: Semaphore,
    /// Cancelled when the node stops.
    pub cancel: CancellationToken,
    recent: RwLock<VecDeque<Arc<Current>>>,
    network: OnceLock<NetworkRef<Context>>,
    assembled: SetOnce<()>,
    /// Cancelled when the engine stops its actors without being asked to.
    pub engine_stopped: CancellationToken,
    own_peer: PeerId,
    pinned: Mutex<BTreeSet<Multiaddr>>,
    peer_heights: Mutex<BTreeMap<PeerId, BlockNumber>>,
    progress: Progress,
    status: watch::Sender<ConsensusStatus>,
    height_config: watch::Sender<Arc<HeightConfig>>,
    fatal: mpsc::UnboundedSender<Fatal>,
    tasks: TaskTracker,
}

/// What [`Shared::new`] is made of.
pub struct Parts {
    /// The services.
    pub ports: ConsensusPorts,
    /// The signer.
    pub signer: Option<ChainSigner>,
    /// The verifier.
    pub verifier: ChainVerifier,
    /// This node's peer id.
    pub own_peer: PeerId,
    /// The height to begin with.
    pub config: HeightConfig,
    /// Multiaddresses that the engine was started with.
    pub pinned: BTreeSet<Multiaddr>,
    /// Where fatal failures go. Each task sends at most one, so it needs no bound.
    pub fatal: mpsc::UnboundedSender<Fatal>,
    /// Cancelled when the node stops.
    pub cancel: CancellationToken,
}

impl Shared {
    /// Begins at the height of `parts.config`.
    pub fn new(parts: Parts) -> Result<Self, Fatal> {
        let current = Arc::new(Current::new(parts.config)?);
        let tip = current.config.height.saturating_sub(1);
        Ok(Self {
            ports: parts.ports,
            signer: parts.signer,
            verifier: parts.verifier,
            proposals: Mutex::default(),
            capacity: Mutex::default(),
            waiting_proposals: Semaphore::new(WAITING_PROPOSALS_MAX),
            cancel: parts.cancel,
            network: OnceLock::new(),
            assembled: SetOnce::new(),
            engine_stopped: CancellationToken::new(),
            own_peer: parts.own_peer,
            pinned: Mutex::new(parts.pinned),
            peer_heights: Mutex::default(),
            progress: Progress::new(tip),
            status: watch::Sender::default(),
            height_config: watch::Sender::new(current.config.clone()),
            recent: RwLock::new(VecDeque::from([current])),
            fatal: parts.fatal,
            tasks: TaskTracker::new(),
        })
    }

    /// Gives the network, once the engine has one.
    pub fn set_network(&self, network: NetworkRef<Context>) {
        if self.network.set(network).is_err() {
            warn!("the network is set already");
        }
    }

    /// Says that all actors of the engine are there and know each other.
    pub fn set_assembled(&self) {
        if self.assembled.set(()).is_err() {
            warn!("the engine is assembled already");
        }
    }

    /// Runs a task of the host, once the engine is assembled. A failure stops the node.
    ///
    /// Were consensus told its first height before, it would tell the synchroniser of it before that
    /// listens. A node that is behind then never learns that it may fetch blocks.
    pub fn spawn<F>(self: Arc<Self>, task: F)
    where
        F: Future<Output = Result<(), Fatal>> + Send + 'static,
    {
        let shared = self.clone();
        self.tasks.spawn(async move {
            let task = async {
                shared.assembled.wait().await;
                task.await
            };
            tokio::select! {
                () = shared.cancel.cancelled() => {}
                outcome = task => if let Err(fatal) = outcome {
                    shared.fail(fatal);
                },
            }
        });
    }

    /// Reports a failure after which the node must stop.
    pub fn fail(&self, fatal: Fatal) {
        if self.fatal.send(fatal).is_err() {
            warn!("a failure after the end of consensus");
        }
    }

    /// Waits for the host's tasks to end, after `cancel`.
    pub async fn join(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Runs a database access where it may block.
    pub async fn blocking<T, F>(&self, access: F) -> Result<T, Fatal>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, StoreError> + Send + 'static,
    {
        match tokio::task::spawn_blocking(access).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(Fatal::Engine("a database access panicked".into())),
        }
    }

    /// Stores a valid block of a height that is not decided yet.
    pub async fn keep_undecided(&self, round: u32, block: Arc<Block>) -> Result<(), Fatal> {
        let chain = self.ports.chain.clone();
        self.blocking(move || chain.put_undecided(round, &block))
            .await
    }
}

/// Heights and validator sets.
impl Shared {
    /// Reads the next height out of the tip's state and tells everyone.
    pub async fn load_height(&self) -> Result<Arc<Current>, Fatal> {
        let heights = self.ports.heights.clone();
        let config = tokio::task::spawn_blocking(move || heights.next_height())
            .await
            .map_err(|_| Fatal::Engine("reading the next height panicked".into()))??;
        let current = Arc::new(Current::new(config)?);
        self.update_peers(&current.config);
        {
            let mut recent = self.recent.write();
            recent.retain(|other| other.config.height != current.config.height);
            recent.push_back(current.clone());
            if recent.len() > RECENT_HEIGHTS {
                recent.pop_front();
            }
        }
        self.height_config.send_replace(current.config.clone());
        Ok(current)
    }

    /// The height being agreed on.
    pub fn current(&self) -> Arc<Current> {
        let recent = self.recent.read();
        #[expect(clippy::expect_used, reason = "filled by `new`, never emptied")]
        recent.back().expect("at least one height").clone()
    }

    /// The validators of a recent height.
    pub fn set_of(&self, height: BlockNumber) -> Option<ValidatorSet> {
        let recent = self.recent.read();
        recent
            .iter()
            .find(|current| current.config.height == height)
            .map(|current| current.set.clone())
    }

    /// Brings back what was proposed before a restart. All of it had been verified when stored.
    pub async fn load_undecided(&self) -> Result<(), Fatal> {
        let current = self.current();
        let height = current.config.height;
        let chain = self.ports.chain.clone();
        let stored = self.blocking(move || chain.undecided(height)).await?;
        let mut proposals = self.proposals.lock();
        for (round, block) in stored {
            let round = Round::new(round);
            let value = ProposedValue {
                height: Height(height),
                round,
                valid_round: Round::Nil,
                proposer: *current.set.proposer(Height(height), round).address(),
                value: BlockId(block.hash()),
                validity: Validity::Valid,
            };
            proposals.insert(value, Arc::new(block));
        }
        Ok(())
    }

    /// The last committed height.
    pub fn committed(&self) -> BlockNumber {
        self.progress.committed()
    }

    /// When that was committed.
    pub fn committed_at(&self) -> Instant {
        self.progress.committed_at()
    }

    /// Waits until `height` is committed; `false` when the node stops first.
    pub async fn wait_committed(&self, height: BlockNumber) -> bool {
        self.progress.wait_committed(height).await
    }

    /// Waits until the height after `height` should begin.
    pub async fn pace(&self, height: BlockNumber) {
        let idle_interval_ms = self.current().config.parameters.block_interval_idle_ms;
        let idle_interval = Duration::from_millis(u64::from(idle_interval_ms));
        let ready = self.ports.ready.ready_count();
        self.progress
            .wait_to_begin(height, ready, idle_interval)
            .await;
    }
}

/// The network.
impl Shared {
    /// Publishes a part of a proposed block.
    pub fn publish_part(&self, message: StreamMessage<Part>) {
        self.cast(NetworkMsg::PublishProposalPart(message));
    }

    fn cast(&self, message: NetworkMsg<Context>) {
        if let Some(network) = self.network.get() {
            if network.cast(message).is_err() {
                warn!("the engine's network has stopped");
            }
        }
    }

    /// Pins the nodes that the chain registers and lets go of the others.
    fn update_peers(&self, config: &HeightConfig) {
        let wanted = peers::pinned(&config.nodes, &self.own_peer);
        let mut pinned = self.pinned.lock();
        if wanted == *pinned {
            return;
        }
        for gone in pinned.difference(&wanted) {
            self.update_peer(PersistentPeersOp::Remove(gone.clone()));
        }
        for new in wanted.difference(&pinned) {
            self.update_peer(PersistentPeersOp::Add(new.clone()));
        }
        *pinned = wanted;
    }

    fn update_peer(&self, operation: PersistentPeersOp) {
        // The outcome is in the engine's log; a peer that is there already is no failure.
        let (port, _) = oneshot::channel();
        self.cast(NetworkMsg::UpdatePersistentPeers(operation, port.into()));
    }
}

/// What operators and the pacing see.
impl Shared {
    /// Everyone may watch the status.
    pub fn status(&self) -> watch::Receiver<ConsensusStatus> {
        self.status.subscribe()
    }

    /// Everyone may watch the height's configuration.
    pub fn height_config(&self) -> watch::Receiver<Arc<HeightConfig>> {
        self.height_config.subscribe()
    }

    /// A round has started.
    pub fn note_round(&self, height: Height, round: Round) {
        let validating = self.signer.as_ref().is_some_and(|signer| {
            let address = Address(signer.public());
            self.current().account_of(&address).is_some()
        });
        self.status.send_modify(|status| {
            status.height = height.0;
            status.round = round_number(round);
            status.validating = validating;
        });
    }

    /// A height has been committed.
    pub fn note_committed(&self, height: BlockNumber, signs: Signs) {
        self.progress.note_committed(height, signs);
    }

    /// Somebody is active at a height.
    pub fn note_active(&self, height: BlockNumber) {
        self.progress.note_active(height);
    }

    /// This node has let its turn to propose pass.
    pub fn note_turn_passed(&self) {
        self.status.send_modify(|status| status.turns_passed += 1);
    }

    /// Validators whose precommit did not come.
    pub fn note_missing(&self, missing: Vec<ConsensusKey>) {
        self.status.send_if_modified(|status| {
            let changed = status.missing != missing;
            status.missing = missing;
            changed
        });
    }

    /// A peer has come, reported its height, or gone (`None`).
    pub fn note_peer(&self, peer: PeerId, height: Option<BlockNumber>) {
        let mut heights = self.peer_heights.lock();
        match height {
            Some(height) if heights.len() < PEERS_MAX || heights.contains_key(&peer) => {
                let known = heights.entry(peer).or_default();
                *known = (*known).max(height);
            }
            Some(_) => {}
            None => {
                heights.remove(&peer);
            }
        }
        let best = heights.values().copied().max().unwrap_or_default();
        let peers = heights.len();
        drop(heights);
        self.status.send_modify(|status| {
            status.peers = peers;
            status.best_peer_height = best;
        });
        // A peer whose tip is `best` works on the height after it; we must not idle before that.
        if best > self.committed() {
            self.note_active(best);
        }
    }
}
