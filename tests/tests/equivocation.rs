//! A validator that signs two messages which exclude each other is found out, and the chain records it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    time::{Duration, Instant},
};

use jsonrpsee::rpc_params;
use pallet_validators::{OffenceRecord, Offences};
use serde_json::Value;
use sp_core::{sr25519, Pair};
use xinglin_chain_spec::RuntimeGenesisConfig;
use xinglin_primitives::{BlockNumber, MemberId};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::keys::{KeyPair, Scheme};
use xinglin_tests::{
    cluster::MEMBERS,
    parties::dev_key,
    process::{wal_height, DEADLINE},
    Cluster, ClusterOptions, Node,
};

/// The validator whose operator throws away what it has signed.
const CARELESS: usize = 3;
/// How often a state without an event of its own is asked for.
const POLL: Duration = Duration::from_millis(50);

/// Blocks come with transactions only, so that it is known who proposes the next.
fn patient(genesis: &mut RuntimeGenesisConfig) {
    genesis.validators.parameters.block_interval_idle_ms = 3_600_000;
}

fn consensus_key(validator: usize) -> sr25519::Public {
    dev_key(&format!("{}//consensus", MEMBERS[validator])).public()
}

/// Who proposes first at a height: the validators take turns in the order of their keys.
fn proposer(height: BlockNumber) -> usize {
    let mut turns: Vec<_> = (0..MEMBERS.len()).collect();
    turns.sort_by_key(|validator| consensus_key(*validator));
    turns[height as usize % turns.len()]
}

fn remark() -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark { remark: vec![1] })
}

async fn next_height(node: &Node) -> BlockNumber {
    let client = node.client().await.unwrap();
    let tip = client.tip().await.unwrap();
    client.header(tip).await.unwrap().number + 1
}

/// Asks again and again until the answer is yes.
async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < deadline, "this does not happen: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Whether the log of what a validator has signed and seen holds a vote of another at this height.
fn has_vote(node: &Node, height: BlockNumber, of: &sr25519::Public) -> bool {
    let log = fs::read(node.wal()).unwrap();
    wal_height(&log) == Some(height) && log.windows(of.0.len()).any(|bytes| bytes == of.0)
}

async fn consensus_height(node: &Node) -> Option<u64> {
    let client = node.client().await.unwrap();
    let status: Value = client
        .request("xinglin_status", rpc_params![])
        .await
        .unwrap();
    status["consensusHeight"].as_u64()
}

/// Waits until a block has recorded an offence of the careless member, and gives what is recorded.
async fn wait_recorded(node: &Node) -> OffenceRecord {
    let client = node.client().await.unwrap();
    let member = MemberId(u32::try_from(CARELESS).unwrap());
    let key = Offences::<Runtime>::hashed_key_for(member);
    let mut heads = client.finalized_heads().await.unwrap();
    let recorded = async {
        loop {
            let head = heads.next().await.unwrap().unwrap();
            if let Some(record) = client.storage(&key, head.hash()).await.unwrap() {
                return record;
            }
        }
    };
    tokio::time::timeout(DEADLINE, recorded)
        .await
        .unwrap_or_else(|_| panic!("nothing is recorded:\n{}", node.log_tail()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_forgets_its_vote_and_votes_again_is_reported() {
    let mut cluster = Cluster::start(ClusterOptions {
        genesis: Box::new(patient),
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(1).await.unwrap();
    let alice = KeyPair::from_secret(Scheme::Sr25519, "//Alice").unwrap();

    // A height at which another proposes, whom the careless one votes for.
    let mut contested = next_height(&cluster.nodes[0]).await;
    while proposer(contested) == CARELESS {
        let client = cluster.nodes[0].client().await.unwrap();
        let executed = client.execute(&alice, remark(), DEADLINE);
        executed.await.unwrap();
        contested = next_height(&cluster.nodes[0]).await;
    }
    cluster.wait_height(contested - 1).await.unwrap();
    let witness = proposer(contested);
    let absent: Vec<_> = (0..cluster.nodes.len())
        .filter(|node| ![CARELESS, witness].contains(node))
        .collect();
    for node in &absent {
        cluster.nodes[*node].kill().unwrap();
    }
    let client = cluster.nodes[witness].client().await.unwrap();
    let transaction = client.sign(&alice, remark()).await.unwrap();
    client.submit(&transaction).await.unwrap();
    let key = consensus_key(CARELESS);
    let voted = || has_vote(&cluster.nodes[witness], contested, &key);
    wait_until("a first vote", async || voted()).await;

    // It starts from nothing, fetches the chain, and does not remember that it has voted.
    let careless = &mut cluster.nodes[CARELESS];
    careless.kill().unwrap();
    fs::remove_dir_all(careless.database()).unwrap();
    fs::remove_file(careless.wal()).unwrap();
    careless.start().await.unwrap();
    let careless = &cluster.nodes[CARELESS];
    wait_until("catching up", async || {
        consensus_height(careless).await == Some(contested.into())
    })
    .await;
    // It has waited for a proposal longer than the others when it votes for none.
    for node in &absent {
        cluster.nodes[*node].start().await.unwrap();
    }
    let record = wait_recorded(&cluster.nodes[witness]).await;
    let offence = record.offences.first().unwrap();
    assert_eq!((offence.key, offence.height), (key, contested));

    // What the witness kept on its disk until then is in the chain of all.
    let tip = next_height(&cluster.nodes[witness]).await - 1;
    cluster.wait_height(tip).await.unwrap();
    let reported = "reported an equivocation";
    assert!(cluster.nodes[witness].log().contains(reported));
}
