//! A validator that was away while the others made a thousand blocks fetches them, and votes again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    sync::{
        mpsc::{self, RecvTimeoutError},
        Arc,
    },
    time::{Duration, Instant},
};

use schnorrkel::Keypair;
use xinglin_chain_spec::ChainSpec;
use xinglin_core::{Block, BlockExecutor, BuildRequest, ChainStore};
use xinglin_executor::{Executor, ExecutorConfig};
use xinglin_primitives::{
    consensus::{CommitCertificate, CommitSignature, ConsensusKey, SignedPayload, Vote, VoteKind},
    BlockNumber, Hash,
};
use xinglin_runtime::{genesis::dev, RuntimeCall};
use xinglin_sdk::{
    client::Client,
    keys::{KeyPair, Scheme},
};
use xinglin_storage::{Database, StorageConfig};
use xinglin_tests::{
    cluster::{now_ms, MEMBERS},
    Cluster, ClusterOptions, Node,
};

/// The validator that is away, and the one that goes once it is back.
const AWAY: usize = 3;
const LATER_AWAY: usize = 2;
/// Blocks that it misses.
const MISSED: BlockNumber = 1_000;
/// Blocks after its return that it must have signed.
const SIGNED: usize = 3;
/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(120);

fn key(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

/// With what the validator of a member votes.
fn consensus_pair(member: &str) -> Keypair {
    let pair = key(&format!("{member}//consensus"));
    pair.to_schnorrkel().unwrap()
}

fn consensus_key(keypair: &Keypair) -> ConsensusKey {
    ConsensusKey::from_raw(keypair.public.to_bytes())
}

/// The validators other than the absent one, with a chain before them. Over a network, where each turn
/// of the absent one takes its timeouts, they would need a quarter of an hour for as many blocks.
struct Meeting {
    executor: Arc<Executor>,
    genesis: Hash,
    /// The consensus keys of all validators, in the order of the nodes.
    keys: Vec<Keypair>,
}

impl Meeting {
    fn new(executor: Arc<Executor>, genesis: Hash) -> Self {
        Self {
            executor,
            genesis,
            keys: MEMBERS.map(consensus_pair).into(),
        }
    }

    /// The round in which a height is decided, and who proposes then. The validators take turns in the
    /// order of their keys, and the turn of the absent one passes.
    fn turn(&self, height: BlockNumber) -> (u32, usize) {
        let mut turns: Vec<_> = (0..self.keys.len()).collect();
        turns.sort_by_key(|validator| consensus_key(&self.keys[*validator]));
        let proposer = |round: u32| turns[(height + round) as usize % turns.len()];
        let round = u32::from(proposer(0) == AWAY);
        (round, proposer(round))
    }

    /// The precommits of all that are there.
    fn certify(&self, block: &Block, round: u32) -> CommitCertificate {
        let (height, block_hash) = (block.number(), block.hash());
        let sign = |keypair: &Keypair| {
            let key = consensus_key(keypair);
            let vote = Vote {
                kind: VoteKind::Precommit,
                height,
                round,
                block_hash: Some(block_hash),
                voter: key,
            };
            let signature = SignedPayload::Vote(&vote).sign(&self.genesis, keypair);
            CommitSignature { key, signature }
        };
        let present = self.keys.iter().enumerate();
        let present = present.filter(|(validator, _)| *validator != AWAY);
        CommitCertificate {
            height,
            round,
            block_hash,
            signatures: present.map(|(_, keypair)| sign(keypair)).collect(),
        }
    }

    async fn decide(&self, height: BlockNumber) {
        let (round, proposer) = self.turn(height);
        let request = BuildRequest {
            height,
            author: dev::account(MEMBERS[proposer]),
            now_ms: now_ms(),
            deadline: Instant::now() + LIMIT,
            transactions_max: 0,
        };
        let block = self.executor.build(request).await.unwrap();
        let certificate = self.certify(&block, round);
        self.executor.commit(block, certificate).await.unwrap();
    }
}

/// Adds what the absent validator misses to the chain in the database of a node that does not run; the
/// height at which that began.
async fn go_on(cluster: &Cluster, node: &Node) -> BlockNumber {
    let spec = ChainSpec::from_file(cluster.spec()).unwrap();
    let config = StorageConfig::new(node.database(), &spec.id, cluster.genesis);
    let database = Database::open(config).unwrap();
    let (open, closed) = mpsc::channel();
    database.keep_until_closed(open);
    let shared = Arc::new(database.clone());
    let executor = Executor::spawn(&ExecutorConfig::default(), shared.clone(), shared).unwrap();

    let left_at = database.tip().unwrap().number;
    let meeting = Meeting::new(executor, cluster.genesis);
    for height in left_at + 1..=left_at + MISSED {
        meeting.decide(height).await;
    }
    meeting.executor.stop();
    database.flush().unwrap();
    drop((meeting, database));
    let closed = closed.recv_timeout(LIMIT);
    assert_eq!(closed, Err(RecvTimeoutError::Disconnected));
    left_at
}

/// Puts one node's database in the place of another's.
fn copy_database(from: &Path, to: &Path) {
    fs::remove_dir_all(to).unwrap();
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// What the others are when one has left: as far as it at first, and then so many blocks further.
async fn leave_behind(cluster: &Cluster) -> BlockNumber {
    let (others, away) = cluster.nodes.split_at(AWAY);
    let first = others[0].database();
    copy_database(&away[0].database(), &first);
    let left_at = go_on(cluster, &others[0]).await;
    for other in &others[1..] {
        copy_database(&first, &other.database());
    }
    left_at
}

async fn height(node: &Node) -> BlockNumber {
    let client = node.client().await.unwrap();
    let tip = client.tip().await.unwrap();
    client.header(tip).await.unwrap().number
}

/// Makes a block by a transaction; who has signed for it, in the order of the keys.
async fn signers_of_next(client: &Client) -> Vec<ConsensusKey> {
    let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
    let outcome = client.execute(&key("//Alice"), remark, LIMIT).await;
    let number = outcome.unwrap().number;
    let certificate = client.certificate(number).await.unwrap();
    let mut signers: Vec<_> = certificate.signatures.iter().map(|it| it.key).collect();
    signers.sort_unstable();
    signers
}

/// The keys of the validators but one, in their order.
fn keys_without(absent: usize) -> Vec<ConsensusKey> {
    let members = MEMBERS.iter().enumerate();
    let present = members.filter(|(validator, _)| *validator != absent);
    let mut keys: Vec<_> = present
        .map(|(_, member)| consensus_key(&consensus_pair(member)))
        .collect();
    keys.sort_unstable();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_missed_a_thousand_blocks_fetches_them_and_votes_again() {
    let mut cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    cluster.wait_height(1).await.unwrap();
    for node in &mut cluster.nodes {
        assert!(node.stop().await.unwrap().success());
    }
    let left_at = leave_behind(&cluster).await;
    for node in &mut cluster.nodes[..AWAY] {
        node.start().await.unwrap();
    }
    let to = height(&cluster.nodes[0]).await;
    assert!(to - left_at >= MISSED, "{to} - {left_at}");

    cluster.nodes[AWAY].start().await.unwrap();
    let since = Instant::now();
    // On all nodes, and the same.
    cluster.wait_height_within(to, LIMIT).await.unwrap();
    println!("fetched {} blocks in {:?}", to - left_at, since.elapsed());

    // Three of four are needed: from here on nothing is decided without it.
    cluster.nodes[LATER_AWAY].kill().unwrap();
    let client = cluster.nodes[0].client().await.unwrap();
    for _ in 0..SIGNED {
        let signers = signers_of_next(&client).await;
        assert_eq!(signers, keys_without(LATER_AWAY));
    }
    let tip = height(&cluster.nodes[0]).await;
    cluster.wait_height(tip).await.unwrap();
}
