//! Following a chain: from the start, live, after an end, on a pruned node, over bad blocks.

use std::sync::Arc;

use codec::Encode;
use frame_system::{EventRecord, Phase};
use prometheus_client::registry::Registry;
use xinglin_core::{Filter, IndexProgress, Order, Position};
use xinglin_index::{IndexMetrics, IndexPorts, IndexService};
use xinglin_primitives::{AccountId, Entity, Hash, MemberId, Party};
use xinglin_runtime::{native, RuntimeEvent};

use crate::support::{metadata, FakeChain, Folder};

const START_MS: u64 = 1_748_822_400_000;

/// A block with nothing but its time, and an event that mentions the member of its number.
fn add(chain: &FakeChain, number: u64) {
    let time = native::timestamp_inherent(START_MS + number * 1_000).encode();
    let party = Party::Member(MemberId(number as u32));
    let event: RuntimeEvent = pallet_members::Event::Suspended { party }.into();
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
    let stopped = || {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text.contains("index_stopped 1")
    };
    while !stopped() {
        tokio::task::yield_now().await;
    }
    assert_eq!(progress(&service), (8, 20, 60));
    assert_eq!(blocks_of(&service, 9), [9]);
    service.stop().unwrap();
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
