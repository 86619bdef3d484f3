//! Following a chain: from the start, live, after an end, after errors, on a full disk, on a pruned node, over
//! bad blocks.
//!
//! The test of a full disk needs a process of its own: it starts this test binary anew, for the one test
//! [`full_disk_child`], and tells it by an environment variable where the index is.

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use codec::Encode;
use frame_system::{EventRecord, Phase};
use prometheus_client::registry::Registry;
use xinglin_core::{Explorer, Filter, IndexProblem, IndexProgress, Order, Position};
use xinglin_index::{IndexMetrics, IndexPorts, IndexService};
use xinglin_primitives::{AccountId, Entity, Hash, MemberId, Party};
use xinglin_runtime::{native, RuntimeEvent};

use crate::support::{metadata, schema, FakeChain, Folder};

const START_MS: u64 = 1_748_822_400_000;
const FULL_DISK_PATH: &str = "XINGLIN_INDEX_TEST_FULL_DISK";

/// A block with nothing but its time, and an event that mentions the member of its number.
fn add(chain: &FakeChain, number: u64) {
    let party = Party::Member(MemberId(number as u32));
    add_with(
        chain,
        number,
        pallet_members::Event::Suspended { party }.into(),
    );
}

/// A block with nothing but its time and an event.
fn add_with(chain: &FakeChain, number: u64, event: RuntimeEvent) {
    let time = native::timestamp_inherent(START_MS + number * 1_000).encode();
    let record = EventRecord::<RuntimeEvent, Hash> {
        phase: Phase::ApplyExtrinsic(0),
        event,
        topics: Vec::new(),
    };
    chain.add(vec![time], vec![record].encode());
}

fn start(folder: &Folder, chain: &Arc<FakeChain>) -> (IndexService, Registry) {
    let mut registry = Registry::default();
    let ports = IndexPorts {
        chain: chain.clone(),
        state: chain.clone(),
        commits: chain.subscribe(),
        metrics: IndexMetrics::register(&mut registry),
    };
    (
        IndexService::start(&folder.config, ports).unwrap(),
        registry,
    )
}

fn progress(service: &IndexService) -> (u32, u32, u32) {
    let IndexProgress { first, last, tip } = service.explorer().progress();
    (first, last, tip)
}

/// Whether the metrics say that no block is indexed.
fn is_stopped(registry: &Registry) -> bool {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
    text.lines().any(|line| line.ends_with("index_stopped 1"))
}

fn blocks_of(service: &IndexService, member: u32) -> Vec<u32> {
    let filter = Filter {
        entities: vec![Entity::Member(MemberId(member))],
        ..Filter::default()
    };
    let page = service
        .explorer()
        .events(&filter, Order::Oldest, None, 10)
        .unwrap();
    page.items
        .into_iter()
        .map(|Position { block, .. }| block)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fills_follows_and_goes_on_after_an_end() {
    let folder = Folder::new();
    let chain = FakeChain::new(metadata());
    for number in 1..=300 {
        add(&chain, number);
    }
    let (service, _registry) = start(&folder, &chain);
    service.indexed(300).await;
    assert_eq!(progress(&service), (1, 300, 300));
    for number in 301..=303 {
        add(&chain, number);
        service.indexed(number as u32).await;
    }
    for member in [1, 256, 257, 303] {
        assert_eq!(blocks_of(&service, member), [member]);
    }
    service.stop().unwrap();
    for number in 304..=310 {
        add(&chain, number);
    }

    let (service, _registry) = start(&folder, &chain);
    service.indexed(310).await;
    assert_eq!(progress(&service), (1, 310, 310));
    let all = service
        .explorer()
        .extrinsics(&Filter::default(), Order::Oldest, None, 1_000);
    let blocks: Vec<_> = all.unwrap().items.iter().map(|it| it.block).collect();
    assert_eq!(blocks, (1..=310).collect::<Vec<_>>());
    let events = service.explorer().encoded_events(305).unwrap();
    assert!(events.is_some_and(|events| !events.is_empty()));
    service.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_pruned_node_it_begins_with_the_oldest_state_and_keeps_what_it_has() {
    let folder = Folder::new();
    let chain = FakeChain::new(metadata());
    for number in 1..=20 {
        add(&chain, number);
    }
    chain.prune_before(8);
    let (service, _registry) = start(&folder, &chain);
    service.indexed(20).await;
    assert_eq!(progress(&service), (8, 20, 20));
    service.stop().unwrap();

    // While it was off, more was pruned than it has.
    for number in 21..=60 {
        add(&chain, number);
    }
    chain.prune_before(40);
    let (service, registry) = start(&folder, &chain);
    let gap = IndexProblem::Gap {
        indexed: 20,
        oldest: 40,
    };
    // For good: there is nothing to try again.
    while service.explorer().problem() != Some(gap.clone()) {
        tokio::task::yield_now().await;
    }
    assert!(is_stopped(&registry));
    assert_eq!(progress(&service), (8, 20, 60));
    assert_eq!(blocks_of(&service, 9), [9]);
    service.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_errors_it_goes_on_and_nothing_is_lost() {
    const FAILURES: u32 = 5;
    /// The pauses between so many failures: none after the first, for the blocks before it are written,
    /// then 100, 200 and 400 ms.
    const PAUSES: Duration = Duration::from_millis(700);

    let folder = Folder::new();
    let chain = FakeChain::new(metadata());
    for number in 1..=5 {
        add(&chain, number);
    }
    let (service, _registry) = start(&folder, &chain);
    service.indexed(5).await;
    assert_eq!(service.explorer().problem(), None);
    service.stop().unwrap();

    // Block 6 is the first with an event of this name. It and block 7 are read together with the block that
    // fails, and do not wait for it.
    let party = Party::Member(MemberId(6));
    add_with(&chain, 6, pallet_members::Event::Lifted { party }.into());
    add(&chain, 7);
    add(&chain, 8);
    chain.break_from(8);
    let started = Instant::now();
    let (service, registry) = start(&folder, &chain);
    failures(&chain, 1).await;
    // The chain goes on, and does not hurry it.
    add(&chain, 9);
    add(&chain, 10);
    failures(&chain, FAILURES).await;
    assert!(started.elapsed() >= PAUSES, "{:?}", started.elapsed());
    assert_eq!(progress(&service), (1, 7, 10));
    let problem = service.explorer().problem();
    assert_eq!(problem, Some(IndexProblem::Failing { indexed: Some(7) }));
    assert!(is_stopped(&registry));
    // What is indexed can be asked.
    for member in [5, 7] {
        assert_eq!(blocks_of(&service, member), [member]);
    }

    chain.mend();
    service.indexed(10).await;
    while service.explorer().problem().is_some() {
        tokio::task::yield_now().await;
    }
    assert!(!is_stopped(&registry));
    add(&chain, 11);
    service.indexed(11).await;
    assert_is_whole(&service, 11);
    service.stop().unwrap();
    // The disk has it all, the names among it.
    let (service, _registry) = start(&folder, &chain);
    assert_is_whole(&service, 11);
    service.stop().unwrap();
}

/// Waits until so many readings of states have failed.
async fn failures(chain: &FakeChain, count: u32) {
    while chain.failures() < count {
        tokio::task::yield_now().await;
    }
}

/// All blocks are found, once, and block 6 by its event.
fn assert_is_whole(service: &IndexService, last: u32) {
    assert_eq!(progress(service), (1, last, last));
    for member in 1..=last {
        assert_eq!(blocks_of(service, member), [member]);
    }
    for (event, expected) in [("Lifted", vec![6]), ("Suspended", vec![1, 2, 3, 4, 5, 7])] {
        let filter = Filter {
            event_pallet: Some("Members".to_owned()),
            event: Some(event.to_owned()),
            to_block: Some(7),
            ..Filter::default()
        };
        let page = service.explorer().events(&filter, Order::Oldest, None, 10);
        let blocks: Vec<u32> = page.unwrap().items.iter().map(|it| it.block).collect();
        assert_eq!(blocks, expected, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_before_the_first_block_is_told_and_tried_again() {
    let folder = Folder::new();
    let chain = FakeChain::new(metadata());
    add(&chain, 1);
    chain.break_from(1);
    let (service, _registry) = start(&folder, &chain);
    let problem = problem_of(&service).await;
    assert_eq!(problem, IndexProblem::Failing { indexed: None });
    let text = problem.to_string();
    assert!(text.contains("has no block yet"), "{text}");
    chain.mend();
    service.indexed(1).await;
    service.stop().unwrap();
}

/// Waits for a problem.
async fn problem_of(service: &IndexService) -> IndexProblem {
    loop {
        if let Some(problem) = service.explorer().problem() {
            return problem;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_it_ends_and_a_restart_makes_it_go_on() {
    let folder = Folder::new();
    // No file may grow beyond 1 MiB; the signal that would kill the process is ignored, so that writing
    // fails as on a full disk.
    let mut child = Command::new("sh");
    child
        .args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "follow::full_disk_child", "--nocapture"])
        .env(FULL_DISK_PATH, folder.path());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let chain = five_blocks();
    let kept = folder.open(chain.clone(), &schema()).progress().last;
    assert_eq!(kept, 5);
    chain.add(Vec::new(), large_events());
    add(&chain, 7);
    let (service, registry) = start(&folder, &chain);
    service.indexed(7).await;
    assert_eq!(service.explorer().problem(), None);
    assert!(!is_stopped(&registry));
    let events = service.explorer().encoded_events(6).unwrap();
    assert!(events == Some(large_events()));
    for member in [1, 2, 3, 4, 5, 7] {
        assert_eq!(blocks_of(&service, member), [member]);
    }
    service.stop().unwrap();
}

fn five_blocks() -> Arc<FakeChain> {
    let chain = FakeChain::new(metadata());
    for number in 1..=5 {
        add(&chain, number);
    }
    chain
}

/// Events that do not decode and for which [`full_disk_child`] has no room.
fn large_events() -> Vec<u8> {
    vec![255; 2 * 1024 * 1024]
}

/// Indexes until the disk is full.
#[tokio::test(flavor = "multi_thread")]
async fn full_disk_child() {
    let Some(path) = std::env::var_os(FULL_DISK_PATH) else {
        return; // Started as a test of its own it has nothing to do.
    };
    let folder = Folder::at(Path::new(&path));
    let chain = five_blocks();
    let (service, registry) = start(&folder, &chain);
    service.indexed(5).await;
    chain.add(Vec::new(), large_events());
    let problem = problem_of(&service).await;
    assert_eq!(problem, IndexProblem::Unwritable { indexed: Some(5) });
    let text = problem.to_string();
    assert!(text.contains("stays at block 5"), "{text}");
    // Nothing is tried again: the thread lets the chain go, which this test and the index still have.
    while Arc::strong_count(&chain) > 2 {
        tokio::task::yield_now().await;
    }
    add(&chain, 7);
    assert!(is_stopped(&registry));
    assert_eq!(progress(&service), (1, 5, 7));
    assert_eq!(blocks_of(&service, 5), [5]);
    // Nothing can be synced either.
    service.stop().ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_does_not_decode_is_kept_and_passed() {
    let folder = Folder::new();
    let chain = FakeChain::new(metadata());
    add(&chain, 1);
    chain.add(
        vec![AccountId::new([1; 32]).encode(), vec![8, 5, 255]],
        vec![1, 2, 3],
    );
    add(&chain, 3);
    let (service, registry) = start(&folder, &chain);
    service.indexed(3).await;
    assert_eq!(blocks_of(&service, 3), [3]);
    let explorer = service.explorer();
    assert_eq!(explorer.encoded_events(2).unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(explorer.time_of(2).unwrap(), explorer.time_of(1).unwrap());
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("index_undecodable_blocks_total 1"), "{text}");
    service.stop().unwrap();
}
