//! A node that the chain does not know gets nothing from those that it does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use jsonrpsee::rpc_params;
use serde_json::Value;
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::keys::{KeyPair, Scheme};
use xinglin_tests::{cluster::Identity, Cluster, ClusterOptions, Node};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// Blocks made while the stranger tries.
const BLOCKS: u32 = 12;
/// What the swarm of consensus logs when it refuses somebody.
const REFUSED: &str = "Rejecting connection from non-persistent peer";

/// What a node says of itself: the number at a JSON pointer of `xinglin_status`.
async fn status(node: &Node, pointer: &str) -> u64 {
    let client = node.client().await.unwrap();
    let status: Value = client
        .request("xinglin_status", rpc_params![])
        .await
        .unwrap();
    status.pointer(pointer).unwrap().as_u64().unwrap()
}

/// A metric of the node, by the end of its name.
fn metric(node: &Node, name: &str) -> u64 {
    let mut stream = TcpStream::connect(node.metrics_address()).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let line = text.lines().find(|line| {
        line.split([' ', '{'])
            .next()
            .is_some_and(|key| key.ends_with(name))
    });
    let value = line.unwrap().rsplit(' ').next().unwrap();
    value.parse::<f64>().unwrap() as u64
}

fn remark() -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark { remark: vec![] })
}

/// Makes a block by a transaction, and returns once it is final.
async fn make_block(node: &Node) {
    let key = KeyPair::from_secret(Scheme::Sr25519, "//Alice").unwrap();
    let client = node.client().await.unwrap();
    client.execute(&key, remark(), LIMIT).await.unwrap();
}

/// Makes blocks until this holds.
async fn make_blocks_until(what: &str, node: &Node, mut holds: impl AsyncFnMut() -> bool) {
    let made = async {
        while !holds().await {
            make_block(node).await;
        }
    };
    let in_time = tokio::time::timeout(LIMIT, made).await;
    assert!(in_time.is_ok(), "this does not happen: {what}");
}

/// By what name nodes know each other.
async fn peer_id(node: &Node) -> String {
    let client = node.client().await.unwrap();
    let peer = client.request("system_localPeerId", rpc_params![]);
    peer.await.unwrap()
}

/// Whether the consensus of a node has refused a peer.
fn has_refused(node: &Node, peer: &str) -> bool {
    let log = node.log();
    log.lines()
        .any(|line| line.contains(REFUSED) && line.contains(peer))
}

/// The validators have each other as peers, and the stranger has nobody. In consensus it tries again and
/// again, and until those whom it dials have refused it, it counts them.
async fn expect_alone(stranger: &Node, validators: &[Node]) {
    assert_eq!(status(stranger, "/peers").await, 0);
    for node in validators {
        assert_eq!(status(node, "/peers").await, 3, "{}", node.name());
    }
    let expected = validators.iter().map(|node| (node, 3));
    for (node, peers) in expected.chain([(stranger, 0)]) {
        let what = format!("{} has {peers} peers in consensus", node.name());
        let holds = async || status(node, "/consensusPeers").await == peers;
        make_blocks_until(&what, &validators[0], holds).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_by_both_swarms() {
    let mut cluster = Cluster::start(ClusterOptions {
        validators: 4,
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(1).await.unwrap();
    let refused = metric(&cluster.nodes[0], "network_refused_connections_total");

    // It has the chain's specification and everybody's addresses, and dials them all.
    let stranger = Identity::stranger("stranger").unwrap();
    cluster.add(stranger, Default::default()).unwrap();
    cluster.nodes[4].start().await.unwrap();
    let (validators, stranger) = cluster.nodes.split_at(4);
    let stranger = &stranger[0];
    while metric(&validators[0], "network_refused_connections_total") <= refused {
        make_block(&validators[0]).await;
    }
    let peer = peer_id(stranger).await;
    let all = async || validators.iter().all(|node| has_refused(node, &peer));
    make_blocks_until("every validator refuses it", &validators[0], all).await;
    for _ in 0..BLOCKS {
        make_block(&validators[0]).await;
    }

    assert_eq!(status(stranger, "/height").await, 0, "{}", stranger.log());
    expect_alone(stranger, validators).await;
    // A transaction given to the stranger reaches nobody: it stays in its pool.
    let key = KeyPair::from_secret(Scheme::Sr25519, "//Bob").unwrap();
    let client = stranger.client().await.unwrap();
    let transaction = client.sign(&key, remark()).await.unwrap();
    client.submit(&transaction).await.unwrap();
    make_block(&validators[0]).await;
    make_block(&validators[0]).await;
    assert_eq!(status(stranger, "/height").await, 0, "{}", stranger.log());
    for node in validators {
        assert_eq!(status(node, "/pool/ready").await, 0, "{}", node.name());
    }
    assert_eq!(status(stranger, "/pool/ready").await, 1);
}
