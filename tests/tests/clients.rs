//! Unmodified JavaScript clients of Substrate against a running node: connect, read, subscribe,
//! submit, book.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use xinglin_tests::{Cluster, ClusterOptions};

async fn single() -> Cluster {
    let cluster = Cluster::start(ClusterOptions {
        validators: 1,
        // What follows the heads need not wait for them.
        genesis: Box::new(|genesis| genesis.validators.parameters.block_interval_idle_ms = 1_000),
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(2).await.unwrap();
    cluster
}

/// Runs one of the scripts in `tests/clients`, which end with a failure at the first step that does
/// not hold.
async fn script(name: &'static str) {
    let cluster = single().await;
    let url = cluster.nodes[0].url();
    let output = tokio::task::spawn_blocking(move || {
        Command::new("node")
            .arg(name)
            .arg(url)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/clients"))
            .output()
    })
    .await
    .unwrap()
    .expect("Node.js is there: scripts/setup installs it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    println!("{}", text(&output.stdout));
    assert!(
        output.status.success(),
        "{}\n{}",
        text(&output.stderr),
        cluster.nodes[0].log_tail()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn polkadot_js() {
    script("polkadot.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn polkadot_api() {
    script("papi.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dedot() {
    script("dedot.mjs").await;
}

/// What a newcomer tries first.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_readme() {
    const README: &str = include_str!("../../README.md");
    const URL: &str = "ws://127.0.0.1:9944";
    let (_, rest) = README.split_once("```js\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    assert!(example.contains(URL));
    let cluster = single().await;
    let example = example.replace(URL, &cluster.nodes[0].url());
    let output = tokio::task::spawn_blocking(move || {
        Command::new("node")
            .args(["--input-type=module", "--eval", &example])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/clients"))
            .output()
    })
    .await
    .unwrap()
    .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.contains("appointments.Booked"), "{said}\n{errors}");
}
