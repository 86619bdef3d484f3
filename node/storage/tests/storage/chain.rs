//! Committing and finding blocks.

use std::sync::{
    atomic::{AtomicBool, Ordering},
    Arc,
};

use bytes::Bytes;
use codec::Encode;
use xinglin_core::{Block, ChainStore, StateStore, StoreError};
use xinglin_primitives::Hash;
use xinglin_storage::{StateMode, UNDECIDED_PER_HEIGHT_MAX};

use crate::support::{assert_holds, certificate, key, refused, Chain, Folder};

#[test]
fn what_is_committed_is_there_now_and_after_reopening() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    assert_eq!(database.tip(), None);
    assert_eq!(database.hash_at(0).unwrap(), None);
    assert_eq!(database.blocks(0).count(), 0);
    chain.extend(&database, 30);
    assert_holds(&database, &chain);
    drop(database);

    let database = folder.open();
    assert_eq!(database.tip().unwrap().number, 30);
    assert_holds(&database, &chain);
    chain.extend(&database, 5);
    assert_holds(&database, &chain);
}

#[test]
fn blocks_are_iterated_in_order_from_any_height() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 9);
    for first in [0, 4, 9, 10] {
        let blocks: Vec<_> = database.blocks(first).map(Result::unwrap).collect();
        let expected: Vec<_> = chain.commits[first as usize..]
            .iter()
            .map(|commit| (commit.block.number(), commit.block.to_bytes()))
            .collect();
        assert_eq!(blocks, expected);
    }
}

#[test]
fn the_flat_state_is_that_of_the_tip() {
    let mut chain = Chain::with_genesis(vec![(key(1), Some(vec![1])), (key(2), Some(vec![2]))]);
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 0);
    chain.push(vec![(key(1), None), (key(3), Some(vec![]))], 0);
    database.commit(chain.last().batch()).unwrap();
    assert_eq!(database.tip_value(&key(1)).unwrap(), None);
    assert_eq!(database.tip_value(&key(2)).unwrap(), Some(vec![2]));
    assert_eq!(database.tip_value(&key(3)).unwrap(), Some(vec![]));
}

#[test]
fn a_block_that_does_not_extend_the_tip_is_refused_and_changes_nothing() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    let mut other_genesis = chain.commits[0].clone();
    other_genesis
        .block
        .header
        .digest
        .push(sp_runtime::DigestItem::Other(vec![1]));
    other_genesis.hash = other_genesis.block.hash();
    assert!(refused(database.commit(other_genesis.batch())).contains("genesis"));

    for _ in 0..3 {
        chain.push(vec![], 2);
    }
    assert!(refused(database.commit(chain.commits[1].batch())).contains("tip none"));
    database.commit(chain.commits[0].batch()).unwrap();
    database.commit(chain.commits[1].batch()).unwrap();
    for number in [0, 1, 3] {
        let reason = refused(database.commit(chain.commits[number].batch()));
        assert!(reason.contains("does not follow the tip 1"), "{reason}");
    }
    let mut fork = chain.commits[2].clone();
    fork.block.header.parent_hash = Hash::repeat_byte(9);
    fork.hash = fork.block.hash();
    assert!(refused(database.commit(fork.batch())).contains("parent"));
    assert_eq!(database.tip().unwrap().number, 1);
    database.commit(chain.commits[2].batch()).unwrap();
    assert_holds(&database, &chain_up_to(chain, 2));
}

fn chain_up_to(mut chain: Chain, number: usize) -> Chain {
    chain.commits.truncate(number + 1);
    chain.states.truncate(number + 1);
    chain
}

#[test]
fn a_batch_that_contradicts_itself_is_refused() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 1);
    let good = chain.push(vec![(key(0), Some(vec![7; 99]))], 2).clone();

    let mut bad = good.clone();
    bad.hash = Hash::repeat_byte(3);
    assert!(refused(database.commit(bad.batch())).contains("hash"));
    let mut bad = good.clone();
    bad.certificate = None;
    assert!(refused(database.commit(bad.batch())).contains("certificate"));
    let mut bad = good.clone();
    bad.certificate = Some(certificate(&chain.commits[1].block));
    assert!(refused(database.commit(bad.batch())).contains("certificate"));
    let mut bad = good.clone();
    bad.hashes.pop();
    assert!(refused(database.commit(bad.batch())).contains("1 hashes"));
    let mut bad = good.clone();
    bad.trie.inserted.clear();
    assert!(refused(database.commit(bad.batch())).contains("root node"));
    let mut bad = good.clone();
    bad.trie.deleted.push(vec![1; 31]);
    assert!(refused(database.commit(bad.batch())).contains("shorter than a hash"));
    let mut bad = good.clone();
    bad.flat
        .push((b":child_storage:/tip".to_vec(), Some(vec![0])));
    assert!(refused(database.commit(bad.batch())).contains("reserved"));

    database.commit(good.batch()).unwrap();
    assert_holds(&database, &chain);
}

#[test]
fn bytes_that_are_committed_twice_are_found_where_they_came_last() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 1);
    let repeated = chain.commits[1].block.body[1].clone();
    let commit = chain.push(vec![], 1).clone();
    let mut block = commit.block.clone();
    block.body.push(repeated);
    block.header.extrinsics_root = block.extrinsics_root();
    let commit = crate::support::Commit {
        hash: block.hash(),
        hashes: block.extrinsic_hashes(),
        certificate: Some(certificate(&block)),
        block,
        ..commit
    };
    database.commit(commit.batch()).unwrap();
    let at = database.locate(&commit.hashes[1]).unwrap().unwrap();
    assert_eq!((at.number, at.index), (2, 1));
    let report = database.check(|_, _| {}).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
}

fn undecided_block(chain: &Chain, height: u32, salt: u8) -> Block {
    let mut block = chain.last().block.clone();
    block.header.number = height;
    block.header.parent_hash = chain.last().hash;
    block.body = vec![Bytes::from(vec![salt; 10].encode())];
    block
}

#[test]
fn undecided_blocks_live_until_their_height_is_committed() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    let block = undecided_block(&chain, 1, 0);
    refused(database.put_undecided(0, &block));
    chain.extend(&database, 0);

    let mut second = block.clone();
    second
        .header
        .digest
        .push(sp_runtime::DigestItem::Other(vec![1]));
    database.put_undecided(3, &second).unwrap();
    database.put_undecided(0, &block).unwrap();
    // Seen again in a later round, it keeps the round of its first.
    database.put_undecided(5, &second).unwrap();
    let expected = vec![(0, block.clone()), (3, second)];
    assert_eq!(database.undecided(1).unwrap(), expected);
    assert!(refused(database.put_undecided(0, &undecided_block(&chain, 2, 0))).contains("tip 0"));
    drop(database);

    let database = folder.open();
    assert_eq!(database.undecided(1).unwrap(), expected);
    chain.extend(&database, 1);
    assert_eq!(database.undecided(1).unwrap(), vec![]);
    // Too late, which is nobody's fault.
    database.put_undecided(0, &block).unwrap();
    assert_eq!(database.undecided(1).unwrap(), vec![]);
}

#[test]
fn undecided_blocks_of_a_height_are_bounded() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 0);
    let bound = u32::try_from(UNDECIDED_PER_HEIGHT_MAX).unwrap();
    for round in 0..bound + 3 {
        let mut block = undecided_block(&chain, 1, 0);
        block.header.state_root = Hash::from_low_u64_be(round.into());
        database.put_undecided(round, &block).unwrap();
    }
    let kept = database.undecided(1).unwrap();
    let rounds: Vec<_> = kept.iter().map(|(round, _)| *round).collect();
    assert_eq!(rounds, (3..bound + 3).collect::<Vec<_>>());
}

#[test]
fn readers_always_find_the_whole_tip_while_blocks_are_committed() {
    let mut chain = Chain::new();
    let folder = Folder::new(&chain, StateMode::Pruned { states: 8 });
    let database = folder.open();
    chain.extend(&database, 0);
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (database, stop) = (database.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut seen = 0;
                while !stop.load(Ordering::Relaxed) {
                    let tip = database.tip().unwrap();
                    assert!(tip.number >= seen, "the tip went back");
                    seen = tip.number;
                    let header = database.header(&tip.hash).unwrap().unwrap();
                    assert_eq!(header.state_root, tip.state_root);
                    assert_eq!(database.hash_at(seen).unwrap(), Some(tip.hash));
                    let body = database.body(&tip.hash).unwrap().unwrap();
                    let hash = xinglin_primitives::receipt::extrinsic_hash(
                        body.last().map_or(&[], |last| &last[..]),
                    );
                    assert_eq!(database.locate(&hash).unwrap().is_some(), seen > 0);
                    assert_eq!(database.certificate(seen).unwrap().is_some(), seen > 0);
                    let root = database.trie_node(tip.state_root.as_bytes()).unwrap();
                    // The window is eight states long; a reader this late may miss its own.
                    assert!(root.is_some() || database.oldest_state() > seen);
                }
                seen
            })
        })
        .collect();
    chain.extend(&database, 300);
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().unwrap();
    }
    assert_holds(&database, &chain);
}

#[test]
fn a_checkpoint_is_a_database_of_its_moment() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 10);
    let copy = folder.sibling("checkpoint");
    database.checkpoint(&copy.path).unwrap();
    assert!(matches!(
        database.checkpoint(&copy.path),
        Err(StoreError::Refused(_))
    ));
    chain.extend(&database, 5);
    let restored = xinglin_storage::Database::open(copy).unwrap();
    assert_eq!(restored.tip().unwrap().number, 10);
    assert_holds(&restored, &chain);
    for commit in &chain.commits[11..] {
        restored.commit(commit.batch()).unwrap();
    }
    assert_holds(&restored, &chain);
    assert_holds(&database, &chain);
}

#[test]
fn metrics_tell_the_tip_and_what_is_used() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    let mut registry = prometheus_client::registry::Registry::with_prefix("xinglin");
    database.metrics().register(&mut registry);
    chain.extend(&database, 4);
    let text = |registry: &_| {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
        text
    };
    let value = |text: &str, name: &str| -> f64 {
        let line = text
            .lines()
            .find(|line| line.split(' ').next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} not in {text}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    let open = text(&registry);
    assert_eq!(value(&open, "xinglin_storage_tip"), 4.0);
    assert_eq!(value(&open, "xinglin_storage_commit_seconds_count"), 5.0);
    for name in ["written_bytes_total", "disk_bytes", "memtable_bytes"] {
        let name = format!("xinglin_storage_{name}");
        assert!(value(&open, &name) > 1_000.0, "{name} in {open}");
    }
    assert!(value(&open, "xinglin_storage_cache_bytes") >= 0.0);
    drop(database);
    assert!(!text(&registry).contains("disk_bytes"));
    // The metrics did not keep it open.
    folder.open();
}
