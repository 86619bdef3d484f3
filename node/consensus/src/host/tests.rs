//! Proposing and judging with a clock that may be off, over services that only pretend.

use std::{
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Arc,
    },
    time::Duration,
};

use arc_malachitebft_app::{
    consensus::{LocallyProposedValue, ProposedValue},
    engine::host::SyncedValueOutcome,
    types::{core::Round, core::Validity, Keypair},
};
use async_trait::async_trait;
use codec::Encode;
use ractor::{concurrency::oneshot, RpcReplyPort};
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    Block, BlockExecutor, BuildRequest, ChainStore, ClockOffset, ClockStatus, CommitBatch,
    CommitNotice, EvidenceStore, ExecutionError, Extrinsic, HeightConfig, HeightConfigs,
    HeightValidator, InvalidBlock, PoolError, PoolStatus, PooledTransaction, ReadySource,
    StatusStream, StoreError, Tip, TransactionPool, TransactionSource, TxLocation, Verdict,
    VerifyMode,
};
use xinglin_primitives::{
    consensus::{CommitCertificate, ConsensusParameters, Equivocation, SignedPayload, Validator},
    time::Moment,
    AccountId, BlockNumber, Hash, Header, MemberId, Nonce, AUTHOR_ENGINE_ID,
};

use super::{propose, receive, sync};
use crate::{
    clock,
    context::{Address, BlockId, Context, Height, ProposalHead},
    peers,
    shared::{Parts, Shared},
    signing::{ChainSigner, ChainVerifier},
    stream::Assembled,
    ConsensusPorts,
};

const GENESIS: Hash = Hash::repeat_byte(7);
const PROPOSER: AccountId = AccountId::new([1; 32]);
/// What the chain allows unless the council says otherwise.
const DRIFT_MAX_MS: u64 = 5_000;

/// All services that the host stands on, as far as it comes to them here.
struct Services {
    /// The time in all blocks.
    block_time_ms: Moment,
    builds: AtomicUsize,
    /// Others have decided the height without this node.
    is_decided: AtomicBool,
    verified: AtomicUsize,
}

fn block() -> Block {
    let author = DigestItem::PreRuntime(AUTHOR_ENGINE_ID, PROPOSER.encode());
    let digest = Digest { logs: vec![author] };
    let root = Hash::zero();
    Block {
        header: Header::new(1, root, root, GENESIS, digest),
        body: Vec::new(),
    }
}

#[async_trait]
impl BlockExecutor for Services {
    async fn build(&self, _: BuildRequest) -> Result<Arc<Block>, ExecutionError> {
        self.builds.fetch_add(1, Ordering::SeqCst);
        if self.is_decided.load(Ordering::SeqCst) {
            return Err(ExecutionError::NotNext { number: 1, tip: 1 });
        }
        Ok(Arc::new(block()))
    }

    /// As the executor does with the time.
    async fn verify(&self, _: Arc<Block>, mode: VerifyMode) -> Result<Verdict, ExecutionError> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        Ok(match mode {
            VerifyMode::Live { now_ms, .. }
                if self.block_time_ms.abs_diff(now_ms) > DRIFT_MAX_MS =>
            {
                Verdict::Invalid(InvalidBlock::Time {
                    off_ms: 0,
                    limit_ms: DRIFT_MAX_MS as u32,
                })
            }
            _ => Verdict::Valid,
        })
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<CommitNotice>> {
        broadcast::channel(1).1
    }

    async fn commit(
        &self,
        _: Arc<Block>,
        _: CommitCertificate,
    ) -> Result<Arc<CommitNotice>, ExecutionError> {
        unreachable!("nothing is decided here")
    }
}

impl HeightConfigs for Services {
    fn next_height(&self) -> Result<HeightConfig, ExecutionError> {
        unreachable!("nothing is decided here")
    }

    fn equivocation_report(&self, _: &Equivocation) -> Extrinsic {
        unreachable!("nobody equivocates here")
    }
}

impl ChainStore for Services {
    fn tip(&self) -> Option<Tip> {
        None
    }

    fn hash_at(&self, _: BlockNumber) -> Result<Option<Hash>, StoreError> {
        Ok(None)
    }

    fn header(&self, _: &Hash) -> Result<Option<Header>, StoreError> {
        Ok(None)
    }

    fn body(&self, _: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError> {
        Ok(None)
    }

    fn encoded_block(&self, _: BlockNumber) -> Result<Option<Extrinsic>, StoreError> {
        Ok(None)
    }

    fn certificate(&self, _: BlockNumber) -> Result<Option<CommitCertificate>, StoreError> {
        Ok(None)
    }

    fn locate(&self, _: &Hash) -> Result<Option<TxLocation>, StoreError> {
        Ok(None)
    }

    fn oldest_state(&self) -> BlockNumber {
        0
    }

    fn commit(&self, _: CommitBatch<'_>) -> Result<(), StoreError> {
        unreachable!("nothing is decided here")
    }

    fn put_undecided(&self, _: u32, _: &Block) -> Result<(), StoreError> {
        Ok(())
    }

    fn undecided(&self, _: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError> {
        Ok(Vec::new())
    }
}

impl EvidenceStore for Services {
    fn keep_evidence(&self, _: &[Equivocation]) -> Result<(), StoreError> {
        Ok(())
    }

    fn evidence(&self) -> Result<Vec<Equivocation>, StoreError> {
        Ok(Vec::new())
    }

    fn forget_evidence(&self, _: &[Equivocation]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl ReadySource for Services {
    fn ready(&self, _: usize, _: usize) -> Vec<Arc<PooledTransaction>> {
        Vec::new()
    }

    fn remove_invalid(&self, _: &[Hash]) {}

    fn ready_count(&self) -> watch::Receiver<usize> {
        watch::channel(0).1
    }
}

#[async_trait]
impl TransactionPool for Services {
    async fn submit(&self, _: TransactionSource, _: Extrinsic) -> Result<Hash, PoolError> {
        Err(PoolError::Stopped)
    }

    async fn submit_many(
        &self,
        _: TransactionSource,
        _: Vec<Extrinsic>,
    ) -> Vec<Result<Hash, PoolError>> {
        Vec::new()
    }

    async fn submit_and_watch(&self, _: Extrinsic) -> Result<(Hash, StatusStream), PoolError> {
        Err(PoolError::Stopped)
    }

    fn pending(&self, _: usize) -> Vec<Extrinsic> {
        Vec::new()
    }

    fn next_nonce(&self, _: &AccountId) -> Option<Nonce> {
        None
    }

    fn status(&self) -> PoolStatus {
        PoolStatus::default()
    }
}

/// A validator that is alone, before its first block.
struct Fixture {
    shared: Arc<Shared>,
    services: Arc<Services>,
    clock: watch::Sender<ClockStatus>,
    signer: ChainSigner,
}

impl Fixture {
    /// All blocks are so far from the present, in milliseconds.
    fn new(block_off_ms: i64) -> Self {
        let services = Arc::new(Services {
            block_time_ms: clock::now_ms().saturating_add_signed(block_off_ms),
            builds: AtomicUsize::new(0),
            is_decided: AtomicBool::new(false),
            verified: AtomicUsize::new(0),
        });
        let seed = schnorrkel::MiniSecretKey::from_bytes(&[3; 32]).unwrap();
        let key = seed.expand_to_keypair(schnorrkel::ExpansionMode::Ed25519);
        let signer = ChainSigner::new(GENESIS, Arc::new(key));
        let (clock, clock_status) = watch::channel(ClockStatus::default());
        let own_peer = peers::peer_id(&Keypair::ed25519_from_bytes([4; 32]).unwrap()).unwrap();
        let validator = Validator {
            member: MemberId(0),
            key: signer.public(),
            power: 1,
        };
        let shared = Shared::new(Parts {
            ports: ConsensusPorts {
                executor: services.clone(),
                heights: services.clone(),
                chain: services.clone(),
                evidence: services.clone(),
                ready: services.clone(),
                pool: services.clone(),
                clock: clock_status,
            },
            signer: Some(signer.clone()),
            verifier: ChainVerifier::new(GENESIS),
            own_peer,
            config: HeightConfig {
                height: 1,
                validators: vec![HeightValidator {
                    validator,
                    account: PROPOSER,
                }],
                parameters: ConsensusParameters::default(),
                nodes: Vec::new(),
            },
            pinned: Default::default(),
            fatal: mpsc::unbounded_channel().0,
            cancel: CancellationToken::new(),
        });
        Self {
            shared: Arc::new(shared.unwrap()),
            services,
            clock,
            signer,
        }
    }

    /// Time servers say that the clock is ahead by so much.
    fn set_clock_off(&self, offset_ms: i64) {
        self.clock.send_modify(|status| {
            status.offset = ClockOffset::Known {
                offset_us: offset_ms * 1_000,
                uncertainty_us: 0,
            };
        });
    }

    /// What the engine is told of the block, streamed in a round; `None` for nothing.
    async fn judged(&self, round: u32, valid_round: Option<u32>) -> Option<Validity> {
        let bytes = block().to_bytes();
        let payload = SignedPayload::ProposalStream {
            height: 1,
            round,
            valid_round,
            block_hash: block().hash(),
        };
        let head = ProposalHead {
            height: 1,
            round,
            valid_round,
            block_hash: block().hash(),
            block_bytes: bytes.len() as u32,
            proposer: self.signer.public(),
            signature: self.signer.sign(&payload),
        };
        let assembled = Assembled {
            head,
            block: bytes,
            began: Instant::now(),
        };
        let (port, answer) = port::<ProposedValue<Context>>();
        let outcome = receive::proposal(self.shared.clone(), assembled, port).await;
        outcome.unwrap();
        answer.await.ok().map(|value| value.validity)
    }

    /// What the engine is told of the block, fetched from a peer after others have decided it.
    async fn fetched(&self) -> Validity {
        let synced = sync::Synced {
            height: Height(1),
            round: Round::new(0),
            proposer: Address(self.signer.public()),
            block: block().to_bytes(),
        };
        let (port, answer) = port::<SyncedValueOutcome<Context>>();
        let outcome = sync::received(self.shared.clone(), synced, port).await;
        outcome.unwrap();
        match answer.await.unwrap() {
            SyncedValueOutcome::Verdict(value) => value.validity,
            _ => panic!("no verdict on a good block"),
        }
    }

    /// The block that this node proposes; `None` if it lets the turn pass.
    async fn proposed(&self, round: u32) -> Option<BlockId> {
        let request = propose::Request {
            height: Height(1),
            round: Round::new(round),
            timeout: Duration::from_millis(20),
        };
        let (port, answer) = port::<LocallyProposedValue<Context>>();
        let outcome = propose::value(self.shared.clone(), request, port).await;
        outcome.unwrap();
        answer.await.ok().map(|proposed| proposed.value)
    }
}

fn port<T: Send + 'static>() -> (RpcReplyPort<T>, ractor::concurrency::OneshotReceiver<T>) {
    let (sender, receiver) = oneshot();
    (sender.into(), receiver)
}

#[tokio::test]
async fn a_block_beyond_the_drift_is_refused_live_and_taken_through_sync() {
    for off_ms in [-60_000, 60_000] {
        let fixture = Fixture::new(off_ms);
        assert_eq!(fixture.judged(0, None).await, Some(Validity::Invalid));
        // Once is enough.
        assert_eq!(fixture.judged(0, None).await, Some(Validity::Invalid));
        assert_eq!(fixture.services.verified.load(Ordering::SeqCst), 1);
        assert_eq!(fixture.fetched().await, Validity::Valid);
        // It is what will be committed, and stays whatever else is proposed.
        let id = BlockId(block().hash());
        let known = fixture.shared.proposals.lock().validity(&id);
        assert_eq!(known, Some(Validity::Valid));
    }
}

#[tokio::test]
async fn a_block_within_the_drift_is_voted_for_even_by_a_node_whose_clock_is_off() {
    let fixture = Fixture::new(-3_000);
    fixture.set_clock_off(3_000);
    assert_eq!(fixture.judged(0, None).await, Some(Validity::Valid));
}

#[tokio::test]
async fn what_two_thirds_have_prevoted_for_is_judged_without_the_clock() {
    let fixture = Fixture::new(60_000);
    assert_eq!(fixture.judged(0, None).await, Some(Validity::Invalid));
    assert_eq!(fixture.judged(1, Some(0)).await, Some(Validity::Valid));
}

#[tokio::test]
async fn a_node_whose_clock_is_off_lets_its_turn_pass() {
    let fixture = Fixture::new(0);
    let passed = || fixture.shared.status().borrow().turns_passed;
    for (round, offset_ms) in [(0, 501), (1, -2_000)] {
        fixture.set_clock_off(offset_ms);
        assert_eq!(fixture.proposed(round).await, None);
        assert_eq!(passed(), u64::from(round) + 1);
    }
    assert_eq!(fixture.services.builds.load(Ordering::SeqCst), 0);

    fixture.set_clock_off(500);
    let proposed = fixture.proposed(2).await;
    assert_eq!(proposed, Some(BlockId(block().hash())));
    assert_eq!(passed(), 2);
    // The same for the same round, whatever the clock is by then: anything else would equivocate.
    fixture.set_clock_off(2_000);
    assert_eq!(fixture.proposed(2).await, proposed);
    assert_eq!(fixture.services.builds.load(Ordering::SeqCst), 1);
}

/// While it waited for its clock it may have fetched the block from others.
#[tokio::test]
async fn a_turn_that_comes_too_late_is_no_failure() {
    let fixture = Fixture::new(0);
    fixture.services.is_decided.store(true, Ordering::SeqCst);
    assert_eq!(fixture.proposed(0).await, None);
    assert_eq!(fixture.shared.status().borrow().turns_passed, 0);
}

#[tokio::test]
async fn a_node_that_knows_nothing_of_its_clock_proposes() {
    let fixture = Fixture::new(0);
    assert!(fixture.proposed(0).await.is_some());
    let fixture = Fixture::new(0);
    fixture
        .clock
        .send_modify(|status| status.offset = ClockOffset::Unknown);
    assert!(fixture.proposed(0).await.is_some());
}
