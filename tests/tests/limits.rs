//! Nodes that are told to keep little, or to take little: what they say to whoever asks for more, and
//! that doing as they say helps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use frame_support::storage::storage_prefix;
use jsonrpsee::{core::params::ArrayParams, rpc_params};
use serde_json::Value;
use xinglin_primitives::{BlockNumber, Hash, Nonce};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::{to_hex, Client, ClientError},
    keys::{KeyPair, Scheme},
    transaction::{sign, SignedTransaction, Signing},
};
use xinglin_tests::{
    traffic::{expect_included, Acknowledged},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a state without an event of its own is asked for.
const POLL: Duration = Duration::from_millis(50);
/// States that a node keeps, and transactions that one takes.
const STATES: &str = "4";
const POOL: &str = "8";
/// The codes of what they refuse.
const STATE_PRUNED: i32 = 4004;
const POOL_FULL: i32 = 1016;

fn key(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

fn remark() -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark { remark: vec![7] })
}

/// A validator and a follower, each with options of its own.
async fn pair(validator: &[&str], follower: &[&str]) -> Cluster {
    let mut cluster = Cluster::new(ClusterOptions {
        validators: 1,
        followers: 1,
        ..Default::default()
    })
    .unwrap();
    for (node, options) in cluster.nodes.iter_mut().zip([validator, follower]) {
        node.spawn_with(options).unwrap();
    }
    for node in &mut cluster.nodes {
        node.wait_ready().await.unwrap();
    }
    cluster.wait_height(1).await.unwrap();
    cluster
}

/// Makes a block by a transaction; its height.
async fn make_block(client: &Client) -> BlockNumber {
    let outcome = client.execute(&key("//Alice"), remark(), LIMIT).await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.failure(), None);
    outcome.number
}

async fn status(node: &Node, pointer: &str) -> u64 {
    let client = node.client().await.unwrap();
    let status: Value = client
        .request("xinglin_status", rpc_params![])
        .await
        .unwrap();
    status.pointer(pointer).unwrap().as_u64().unwrap()
}

/// The code of a refusal, and what it says.
#[track_caller]
fn refusal<T>(what: &str, answer: Result<T, ClientError>) -> (i32, String) {
    match answer {
        Err(ClientError::Refused { code, message, .. }) => (code, message),
        Err(error) => panic!("{what}: {error}"),
        Ok(_) => panic!("{what} is not refused"),
    }
}

/// What can be asked of the state after a block.
fn questions(block: Hash) -> Vec<(&'static str, ArrayParams)> {
    let key = to_hex(&storage_prefix(b"Timestamp", b"Now"));
    let nothing: Option<String> = None;
    vec![
        ("state_getStorage", rpc_params![&key, block]),
        ("state_getStorageHash", rpc_params![&key, block]),
        ("state_getStorageSize", rpc_params![&key, block]),
        ("state_queryStorageAt", rpc_params![[&key], block]),
        ("state_getKeysPaged", rpc_params!["0x", 3, nothing, block]),
        ("state_getReadProof", rpc_params![[&key], block]),
        ("state_call", rpc_params!["Core_version", "0x", block]),
        ("state_getMetadata", rpc_params![block]),
        ("state_getRuntimeVersion", rpc_params![block]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_state_is_refused_and_an_archive_has_it() {
    let cluster = pair(&["--pruning", STATES], &["--pruning", "archive"]).await;
    let pruned = cluster.nodes[0].client().await.unwrap();
    let archive = cluster.nodes[1].client().await.unwrap();
    let states: BlockNumber = STATES.parse().unwrap();
    let mut last = 1;
    while last <= 1 + states {
        last = make_block(&pruned).await;
    }
    let tip = cluster.wait_height(last).await.unwrap();
    let oldest = status(&cluster.nodes[0], "/oldestState").await;
    assert_eq!(oldest, u64::from(last + 1 - states));
    assert_eq!(status(&cluster.nodes[1], "/oldestState").await, 0);

    let old = pruned.block_hash(1).await.unwrap();
    for (method, params) in questions(old) {
        let answer = pruned.request::<Value>(method, params).await;
        let (code, said) = refusal(method, answer);
        assert_eq!(code, STATE_PRUNED, "{method}: {said}");
        for part in [format!("{old:?}"), "ask an archive node".into()] {
            assert!(said.contains(&part), "{method}: {said}");
        }
    }
    for (method, params) in questions(old) {
        let answer: Value = archive.request(method, params).await.unwrap();
        assert!(!answer.is_null(), "{method}");
    }
    // Of the states that it keeps it says the same, and it keeps all blocks.
    for (here, there) in questions(tip).into_iter().zip(questions(tip)) {
        let (method, params) = here;
        let answer: Value = pruned.request(method, params).await.unwrap();
        let expected: Value = archive.request(method, there.1).await.unwrap();
        assert_eq!(answer, expected, "{method}");
    }
    let body = pruned.body(old).await.unwrap();
    assert_eq!(body, archive.body(old).await.unwrap());
    assert!(make_block(&pruned).await > last);
}

/// Waits until a node has taken out of its pool what is in blocks.
async fn wait_empty_pool(node: &Node) {
    let emptied = async {
        while status(node, "/pool/ready").await > 0 {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(LIMIT, emptied).await.unwrap();
}

/// Transactions that the follower has taken.
fn acknowledged(transactions: &[SignedTransaction]) -> Acknowledged {
    Acknowledged {
        transactions: transactions.iter().map(|it| (it.hash, 1)).collect(),
    }
}

/// A flood by one account, in order: what fills a pool, and as much again.
fn flood(genesis: Hash) -> Vec<SignedTransaction> {
    let size: Nonce = POOL.parse().unwrap();
    let alice = key("//Alice");
    (0..2 * size)
        .map(|nonce| sign(&alice, remark(), &Signing::immortal(genesis, nonce)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_refuses_more_and_what_it_has_is_included() {
    let mut cluster = pair(&[], &["--pool-limit", POOL]).await;
    // Without the validator there are no blocks, and nothing leaves the pool.
    assert!(cluster.nodes[0].stop().await.unwrap().success());
    let node = &cluster.nodes[1];
    let client = node.client().await.unwrap();
    let flood = flood(cluster.genesis);
    let (taken, refused) = flood.split_at(flood.len() / 2);
    for transaction in taken {
        client.submit(transaction).await.unwrap();
    }
    let bobs = Signing::immortal(cluster.genesis, 0);
    let bobs = sign(&key("//Bob"), remark(), &bobs);
    for transaction in refused.iter().chain([&bobs]) {
        let (code, said) = refusal("too many", client.submit(transaction).await);
        assert_eq!(code, POOL_FULL, "{said}");
        for part in ["too many transactions", "try again after the next block"] {
            assert!(said.contains(part), "{said}");
        }
    }
    assert_eq!(status(node, "/pool/ready").await, taken.len() as u64);

    cluster.nodes[0].start().await.unwrap();
    for node in &cluster.nodes {
        expect_included(node, &acknowledged(taken), LIMIT)
            .await
            .unwrap();
    }
    // After that block, as it has said, there is room.
    let node = &cluster.nodes[1];
    wait_empty_pool(node).await;
    for transaction in refused {
        client.submit(transaction).await.unwrap();
    }
    expect_included(node, &acknowledged(refused), LIMIT)
        .await
        .unwrap();
    assert!(!node.log().contains("panic"), "{}", node.log_tail());
}
