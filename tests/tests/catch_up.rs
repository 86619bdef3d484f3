//! A node that was away for long fetches what it missed, much faster than it was made, and has the
//! same state as the others.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use xinglin_chain_spec::RuntimeGenesisConfig;
use xinglin_primitives::BlockNumber;
use xinglin_tests::{
    traffic::{expect_included, Traffic},
    Cluster, ClusterOptions, Node,
};

/// Blocks that the node misses.
const MISSED: BlockNumber = 1_000;
/// Pace of the chain: the quickest that a chain may be given, so that the test is short. The node must
/// be quicker still.
const BLOCK_INTERVAL_MS: u32 = 50;
/// How much faster than the others make blocks the node must fetch them.
const ADVANTAGE_MIN: f64 = 3.0;
/// Longer than a chain stands still while it can still decide: a round whose proposer is dead takes its
/// timeouts, and the next one decides.
const SILENCE: Duration = Duration::from_secs(8);
/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(300);

fn quick(genesis: &mut RuntimeGenesisConfig) {
    let parameters = &mut genesis.validators.parameters;
    parameters.block_interval_min_ms = BLOCK_INTERVAL_MS;
    parameters.block_interval_idle_ms = BLOCK_INTERVAL_MS;
}

async fn height(node: &Node) -> BlockNumber {
    let client = node.client().await.unwrap();
    let tip = client.tip().await.unwrap();
    client.header(tip).await.unwrap().number
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_missed_a_thousand_blocks_catches_up() {
    // On a machine of its own a node need not share disk and cores with four others; here it does, so
    // there is only one other.
    let mut cluster = Cluster::start(ClusterOptions {
        validators: 1,
        followers: 1,
        genesis: Box::new(quick),
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(3).await.unwrap();
    let away = 1;
    cluster.nodes[away].kill().unwrap();

    let urls = vec![cluster.nodes[0].url()];
    let accounts = ["//Alice//patient//1", "//Bob//patient//1"];
    let pause = Duration::from_millis(20);
    let traffic = Traffic::start(urls, cluster.genesis, &accounts, pause).unwrap();
    let left_at = height(&cluster.nodes[0]).await;
    let since = Instant::now();
    cluster
        .wait_height_within(left_at + MISSED, LIMIT)
        .await
        .unwrap();
    let making = f64::from(MISSED) / since.elapsed().as_secs_f64();

    // The others go on all the while, so it has more to fetch than it missed.
    cluster.nodes[away].start().await.unwrap();
    let since = Instant::now();
    let from = height(&cluster.nodes[away]).await;
    let to = height(&cluster.nodes[0]).await;
    cluster.wait_height_within(to, LIMIT).await.unwrap();
    let fetching = f64::from(to - from) / since.elapsed().as_secs_f64();
    println!("made {making:.0} blocks per second, fetched {fetching:.0}");
    assert!(to - from >= MISSED, "it missed {} blocks only", to - from);
    assert!(
        fetching >= ADVANTAGE_MIN * making,
        "fetched {fetching:.1} blocks per second while {making:.1} were made"
    );

    // From here on it has each block as soon as the others.
    let acknowledged = traffic.finish().await.unwrap();
    for node in &cluster.nodes {
        expect_included(node, &acknowledged, LIMIT).await.unwrap();
    }
    // Block hashes cover the state roots.
    cluster
        .wait_height(height(&cluster.nodes[0]).await)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_waits_for_a_validator_gets_it_even_if_that_is_behind() {
    let mut cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    cluster.wait_height(1).await.unwrap();
    cluster.nodes[3].kill().unwrap();
    let urls = vec![cluster.nodes[0].url()];
    let accounts = ["//Alice//patient//1", "//Bob//patient//1"];
    let pause = Duration::from_millis(20);
    let traffic = Traffic::start(urls, cluster.genesis, &accounts, pause).unwrap();
    let left_at = height(&cluster.nodes[0]).await;
    cluster.wait_height(left_at + 5).await.unwrap();

    // Two of four are left, who decide nothing and so have nothing to tell.
    cluster.nodes[2].kill().unwrap();
    let client = cluster.nodes[0].client().await.unwrap();
    let mut heads = client.finalized_heads().await.unwrap();
    while let Ok(head) = tokio::time::timeout(SILENCE, heads.next()).await {
        head.unwrap().unwrap();
    }
    let stalled = height(&cluster.nodes[0]).await;
    cluster.nodes[3].start().await.unwrap();
    cluster.wait_height(stalled + 3).await.unwrap();

    let acknowledged = traffic.finish().await.unwrap();
    cluster.nodes[2].start().await.unwrap();
    for node in &cluster.nodes {
        expect_included(node, &acknowledged, LIMIT).await.unwrap();
    }
}
