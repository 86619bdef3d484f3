//! How soon a transaction is final, and how close blocks follow each other.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use frame_support::storage::storage_prefix;
use pallet_appointments::types::{NewSchedule, VisitKind};
use xinglin_primitives::{
    time::{Moment, DAY_MS, HOUR_MS},
    BlockNumber, DepartmentId, PatientId, PractitionerId, ScheduleId,
};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::Client,
    keys::{KeyPair, Scheme},
};
use xinglin_tests::{
    cluster::now_ms,
    traffic::{expect_included, Traffic},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// Bookings that are timed, each by another patient. Their median counts: one may meet a machine that
/// is busy with something else.
const BOOKINGS: u16 = 9;
/// How soon a booking must be final.
const FINAL_WITHIN: Duration = Duration::from_secs(1);
/// Blocks whose pace is measured: some turns of each validator.
const BLOCKS: BlockNumber = 20;
/// Shortest time between two blocks: at most four a second.
const BLOCK_INTERVAL_MS: u64 = 250;
/// Longest time between two blocks, on the average, while transactions wait.
const LOADED_INTERVAL_MS: u64 = 1_000;
/// Accounts that transact all the while, and the pause of each.
const ACCOUNTS: [&str; 4] = [
    "//Alice//patient//1",
    "//Alice//patient//2",
    "//Bob//patient//1",
    "//Bob//patient//2",
];
const PAUSE: Duration = Duration::from_millis(20);

fn key(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

/// A schedule of the first doctor of the presets, with a slot for each booking.
fn schedule() -> RuntimeCall {
    RuntimeCall::Appointments(pallet_appointments::Call::publish_schedule {
        schedule: NewSchedule {
            practitioner: PractitionerId(0),
            department: DepartmentId(1),
            kind: VisitKind::First,
            start: (now_ms() / DAY_MS + 2) * DAY_MS + HOUR_MS,
            slot_minutes: 10,
            slots: BOOKINGS,
            capacity: 1,
            fee_fen: 2_500,
        },
    })
}

/// The patient with this number books the slot with the same number.
fn booking(number: u16) -> RuntimeCall {
    RuntimeCall::Appointments(pallet_appointments::Call::book {
        patient: PatientId(number.into()),
        schedule: ScheduleId(0),
        slot: number,
        waitlist: false,
        pre_visit_grant: None,
    })
}

async fn clients(cluster: &Cluster) -> Vec<Client> {
    let mut clients = Vec::new();
    for node in &cluster.nodes {
        clients.push(node.client().await.unwrap());
    }
    clients
}

/// Submits a booking to one node, in turn, and returns how long it takes until the last of the nodes
/// has it in a block.
async fn time_to_finality(clients: &[Client], number: u16) -> Duration {
    let patient = key(&format!("//Alice//patient//{}", number + 1));
    let taker = &clients[usize::from(number) % clients.len()];
    let transaction = taker.sign(&patient, booking(number)).await.unwrap();

    let started = Instant::now();
    let finalized = taker.submit_and_finalize(&transaction, LIMIT);
    let outcome = finalized.await.unwrap();
    for client in clients {
        let reached = client.wait_for_height(outcome.number, LIMIT);
        reached.await.unwrap();
    }
    let took = started.elapsed();

    assert_eq!(outcome.failure(), None);
    for client in clients {
        let block = client.block_hash(outcome.number).await.unwrap();
        assert_eq!(block, outcome.block);
    }
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_finalise_a_booking_within_a_second() {
    let cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    cluster.wait_height(1).await.unwrap();
    let clients = clients(&cluster).await;
    let hospital = key("//Alice");
    let published = clients[0].execute(&hospital, schedule(), LIMIT);
    let published = published.await.unwrap();
    assert_eq!(published.failure(), None);
    cluster.wait_height(published.number).await.unwrap();

    let mut times = Vec::new();
    for number in 0..BOOKINGS {
        times.push(time_to_finality(&clients, number).await);
    }
    times.sort_unstable();
    println!("final on all nodes within {times:?}");
    let median = times[times.len() / 2];
    assert!(median < FINAL_WITHIN, "{times:?}");
}

async fn height(node: &Node) -> BlockNumber {
    let client = node.client().await.unwrap();
    let tip = client.tip().await.unwrap();
    client.header(tip).await.unwrap().number
}

/// What a block says of its time.
async fn block_time(client: &Client, number: BlockNumber) -> Moment {
    let block = client.block_hash(number).await.unwrap();
    let key = storage_prefix(b"Timestamp", b"Now");
    let time: Option<Moment> = client.storage(&key, block).await.unwrap();
    time.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_there_are_at_most_four_blocks_a_second() {
    let cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    cluster.wait_height(1).await.unwrap();
    let urls = cluster.nodes.iter().map(Node::url).collect();
    let traffic = Traffic::start(urls, cluster.genesis, &ACCOUNTS, PAUSE).unwrap();
    // The chain was idle: the next block may be of nobody's making, the one after it is of the load's.
    let first = height(&cluster.nodes[0]).await + 2;
    let last = first + BLOCKS;
    cluster.wait_height(last).await.unwrap();
    let acknowledged = traffic.finish().await.unwrap();
    assert!(acknowledged.transactions.len() > BLOCKS as usize);

    let client = cluster.nodes[0].client().await.unwrap();
    let took_ms = block_time(&client, last).await - block_time(&client, first).await;
    println!("{BLOCKS} blocks in {took_ms} ms");
    // Each validator keeps the interval by the start of its own heights, which differs a little among
    // them, and the first block may have been late for its turn.
    let intervals = u64::from(BLOCKS);
    assert!(took_ms >= (intervals - 1) * BLOCK_INTERVAL_MS, "{took_ms}");
    // A chain without load would take ten seconds for each.
    assert!(took_ms < intervals * LOADED_INTERVAL_MS, "{took_ms}");
    for node in &cluster.nodes {
        expect_included(node, &acknowledged, LIMIT).await.unwrap();
    }
}
