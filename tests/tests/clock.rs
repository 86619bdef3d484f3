//! A validator whose clock is wrong: the others go on, refuse its blocks, and it follows them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use frame_support::storage::storage_prefix;
use xinglin_primitives::{time::Moment, BlockNumber};
use xinglin_tests::{cluster::now_ms, Cluster, ClusterOptions};

/// Each validator has had its turn to propose several times.
const HEIGHT: BlockNumber = 12;
/// Pace of the chain.
const BLOCK_INTERVAL_MS: u32 = 500;
/// By how many seconds the clock is ahead: more than the others allow a block to be.
const AHEAD_S: u64 = 60;
/// How far a block may be from the others' clocks.
const DRIFT_MAX_MS: u64 = 5_000;

/// The library that shifts the clock of a process.
fn compile_shift(folder: &Path) -> PathBuf {
    let library = folder.join("clock_shift.so");
    let mut compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-x", "c", "-", "-o"])
        .arg(&library)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a C compiler is needed; run scripts/setup");
    let source = include_bytes!("support/clock_shift.c");
    compiler.stdin.take().unwrap().write_all(source).unwrap();
    assert!(compiler.wait().unwrap().success());
    library
}

#[tokio::test(flavor = "multi_thread")]
async fn the_others_go_on_without_the_blocks_of_a_validator_whose_clock_is_wrong() {
    let mut cluster = Cluster::new(ClusterOptions {
        genesis: Box::new(|genesis| {
            genesis.validators.parameters.block_interval_idle_ms = BLOCK_INTERVAL_MS;
        }),
        ..Default::default()
    })
    .unwrap();
    let shift = compile_shift(cluster.dir());
    let wrong = cluster.nodes.last_mut().unwrap();
    wrong.set_variable("LD_PRELOAD", &shift.display().to_string());
    wrong.set_variable("CLOCK_SHIFT_S", &AHEAD_S.to_string());
    for node in &mut cluster.nodes {
        node.spawn().unwrap();
    }
    for node in &mut cluster.nodes {
        node.wait_ready().await.unwrap();
    }
    // On all four: the last one fetches the blocks on which it could not vote.
    cluster.wait_height(HEIGHT).await.unwrap();

    let client = cluster.nodes[0].client().await.unwrap();
    let hash = client.block_hash(HEIGHT).await.unwrap();
    let time: Option<Moment> = client
        .storage(&storage_prefix(b"Timestamp", b"Now"), hash)
        .await
        .unwrap();
    assert!(time.unwrap() < now_ms() + DRIFT_MAX_MS);

    let refused = |node: usize, off: &str| {
        let log = cluster.nodes[node].log();
        let found = log
            .lines()
            .any(|line| line.contains("refused a proposed block") && line.contains(off));
        assert!(found, "node {node} has refused nothing:\n{log}");
    };
    // Right ones see blocks of the future, the wrong one sees blocks of the past.
    for node in 0..3 {
        refused(node, "block time is 5");
    }
    refused(3, "block time is -");
}
