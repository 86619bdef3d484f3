//! Unmodified Substrate clients against a running node: connect, read, subscribe, submit, book.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use futures::StreamExt;
use subxt::{
    dynamic::{self, Value},
    OnlineClient, SubstrateConfig,
};
use subxt_signer::{sr25519, SecretUri};
use xinglin_primitives::time::{DAY_MS, HOUR_MS};
use xinglin_tests::{cluster::now_ms, Cluster, ClusterOptions};

async fn single() -> Cluster {
    let cluster = Cluster::start(ClusterOptions {
        validators: 1,
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

fn signer(uri: &str) -> sr25519::Keypair {
    sr25519::Keypair::from_uri(&uri.parse::<SecretUri>().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn subxt_reads_and_books() {
    let cluster = single().await;
    let api = OnlineClient::<SubstrateConfig>::from_url(cluster.nodes[0].url())
        .await
        .unwrap();
    assert_eq!(api.genesis_hash().0, cluster.genesis.0);

    let now = api.at_current_block().await.unwrap();
    let prefix = dynamic::constant::<u16>("System", "SS58Prefix");
    assert_eq!(now.constants().entry(prefix).unwrap(), 42);
    let moment = dynamic::storage::<(), u64>("Timestamp", "Now");
    let first = now
        .storage()
        .fetch(moment.clone(), ())
        .await
        .unwrap()
        .decode()
        .unwrap();
    let past = api.at_block(1u32).await.unwrap();
    let earlier = past
        .storage()
        .fetch(moment, ())
        .await
        .unwrap()
        .decode()
        .unwrap();
    assert!(earlier < first);

    let members = dynamic::storage::<(u32,), Value>("Members", "Members");
    let entries = now.storage().iter(members, ()).await.unwrap();
    assert_eq!(entries.count().await, 5);

    let mut blocks = api.stream_blocks().await.unwrap();
    let a = blocks.next().await.unwrap().unwrap().number();
    let b = blocks.next().await.unwrap().unwrap().number();
    assert_eq!(b, a + 1);

    let start = (now_ms() / DAY_MS + 2) * DAY_MS + HOUR_MS;
    let schedule = Value::named_composite([
        ("practitioner", Value::u128(0)),
        ("department", Value::u128(1)),
        ("kind", Value::unnamed_variant("First", [])),
        ("start", Value::u128(start.into())),
        ("slot_minutes", Value::u128(15)),
        ("slots", Value::u128(8)),
        ("capacity", Value::u128(1)),
        ("fee_fen", Value::u128(500)),
    ]);
    let publish = dynamic::transaction("Appointments", "publish_schedule", vec![schedule]);
    api.at_current_block()
        .await
        .unwrap()
        .transactions()
        .sign_and_submit_then_watch_default(&publish, &signer("//Alice"))
        .await
        .unwrap()
        .wait_for_finalized_success()
        .await
        .unwrap();

    let book = dynamic::transaction(
        "Appointments",
        "book",
        vec![
            Value::u128(0),
            Value::u128(0),
            Value::u128(2),
            Value::bool(false),
            Value::unnamed_variant("None", []),
        ],
    );
    let patient = signer("//Alice//patient//1");
    let transactions = api.at_current_block().await.unwrap();
    let events = transactions
        .transactions()
        .sign_and_submit_then_watch_default(&book, &patient)
        .await
        .unwrap()
        .wait_for_finalized_success()
        .await
        .unwrap();
    let booked = events
        .iter()
        .map(|event| event.unwrap())
        .any(|event| event.pallet_name() == "Appointments" && event.event_name() == "Booked");
    assert!(booked);
}
