//! The full scan finds damage that a start does not look for.

use std::fs;

use codec::Encode;
use rocksdb::{ColumnFamily, IteratorMode, DB};
use xinglin_core::ChainStore;
use xinglin_storage::{CheckReport, Database, OpenError, Problem, StateMode, PROBLEMS_MAX};

use crate::support::{files, key, tamper, Chain, Folder};

fn inspect(config: &xinglin_storage::StorageConfig) -> CheckReport {
    Database::inspect(config, |_, _| {}).unwrap()
}

#[test]
fn a_sound_database_is_reported_with_its_figures_and_its_progress() {
    let mut chain = Chain::new();
    let folder = Folder::new(&chain, StateMode::Pruned { states: 5 });
    let database = folder.open();
    chain.extend(&database, 400);
    let mut calls = Vec::new();
    let report = database
        .check(|done, total| calls.push((done, total)))
        .unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!((report.blocks, report.transactions), (401, 1200));
    assert_eq!(report.values, chain.states[400].len() as u64);
    assert_eq!(report.oldest_state, 396);
    assert_eq!(report.tip, database.tip());
    assert!(calls.len() > 3);
    assert!(calls.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    let (done, total) = *calls.last().unwrap();
    assert_eq!(done, total);
    drop(database);
    assert!(inspect(&folder.config).is_sound());
}

#[test]
fn an_empty_database_is_sound_and_none_is_named() {
    let chain = Chain::new();
    let folder = Folder::archive(&chain);
    let missing = Database::inspect(&folder.config, |_, _| {});
    assert!(matches!(missing, Err(OpenError::Missing { .. })));
    assert!(!folder.config.path.exists());
    drop(folder.open());
    assert!(inspect(&folder.config).is_sound());
}

/// Damages one family of a copy and returns the problems.
fn problems(
    folder: &Folder,
    name: &str,
    family: &str,
    damage: impl FnOnce(&DB, &ColumnFamily),
) -> Vec<Problem> {
    let copy = folder.copy(name);
    tamper(&copy, |db| damage(db, db.cf_handle(family).unwrap()));
    let report = inspect(&copy);
    assert_eq!(report.problems_total, report.problems.len() as u64);
    report.problems
}

fn block(number: u32, reason: &str) -> Problem {
    Problem::Block {
        number,
        reason: reason.to_owned(),
    }
}

#[test]
fn damage_below_the_tip_is_found_and_named() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 20);
    drop(database);
    let height = |n: u32| n.to_be_bytes();
    let fifth = chain.commits[5].clone();

    let found = problems(&folder, "block", "blocks", |db, family| {
        db.delete_cf(family, height(5)).unwrap();
    });
    assert_eq!(found[0], block(5, "missing, and all up to 6"));

    let mut forged = fifth.block.clone();
    forged.body.swap(0, 1);
    let found = problems(&folder, "body", "blocks", |db, family| {
        db.put_cf(family, height(5), forged.to_bytes()).unwrap();
    });
    assert_eq!(
        found[0],
        block(5, "its transactions do not have its extrinsics root")
    );

    let mut forged = fifth.block.clone();
    forged.header.state_root = chain.commits[4].root();
    let found = problems(&folder, "header", "blocks", |db, family| {
        db.put_cf(family, height(5), forged.to_bytes()).unwrap();
    });
    assert_eq!(found[0], block(5, "it is not found by its hash"));
    assert_eq!(found[2], block(6, "its parent is not the block before it"));

    let found = problems(&folder, "certificate", "certificates", |db, family| {
        db.delete_cf(family, height(5)).unwrap();
    });
    assert_eq!(found[0], block(5, "it has no certificate"));

    let found = problems(&folder, "by-hash", "block_by_hash", |db, family| {
        db.put_cf(family, fifth.hash, vec![1]).unwrap();
    });
    assert_eq!(found, vec![block(5, "it is not found by its hash")]);

    let found = problems(&folder, "index", "tx_index", |db, family| {
        db.delete_cf(family, fifth.hashes[1]).unwrap();
    });
    assert_eq!(found[0], block(5, "transaction 1 is not indexed"));

    let found = problems(&folder, "extra", "tx_index", |db, family| {
        db.put_cf(family, [7; 32], (5u32, 0u32).encode()).unwrap();
    });
    assert!(matches!(
        &found[..],
        [Problem::Family {
            family: "tx_index",
            ..
        }]
    ));

    let found = problems(&folder, "old-root", "state_nodes", |db, family| {
        db.delete_cf(family, fifth.root()).unwrap();
    });
    assert_eq!(
        found,
        vec![block(5, "the root node of its state is missing")]
    );
}

#[test]
fn damage_to_the_state_is_found() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 20);
    drop(database);
    let present = chain.states[20].keys().next().unwrap().clone();

    let found = problems(&folder, "value", "state_flat", |db, family| {
        db.put_cf(family, &present, b"other").unwrap();
    });
    assert!(matches!(&found[..], [Problem::State { number: 20, .. }]));
    let found = problems(&folder, "lacking", "state_flat", |db, family| {
        db.delete_cf(family, &present).unwrap();
    });
    assert!(matches!(&found[..], [Problem::State { number: 20, .. }]));
    let found = problems(&folder, "superfluous", "state_flat", |db, family| {
        db.put_cf(family, [0xff; 60], b"more").unwrap();
    });
    assert!(matches!(&found[..], [Problem::State { number: 20, .. }]));
    let shown = found[0].to_string();
    assert!(
        shown.contains(&"ff".repeat(32)) && !shown.contains(&"ff".repeat(33)),
        "{shown}"
    );

    // A node that only the tip's trie leads to, not its root.
    let leaf = &chain.last().trie.inserted;
    let (leaf, node) = leaf.iter().find(|(key, _)| key.len() > 32).unwrap().clone();
    let found = problems(&folder, "no-node", "state_nodes", |db, family| {
        db.delete_cf(family, &leaf).unwrap();
    });
    assert!(matches!(&found[..], [Problem::State { number: 20, .. }]));
    let found = problems(&folder, "other-node", "state_nodes", |db, family| {
        let mut node = node;
        *node.last_mut().unwrap() ^= 1;
        db.put_cf(family, &leaf, node).unwrap();
    });
    assert!(matches!(&found[..], [Problem::State { number: 20, .. }]));
}

#[test]
fn bits_that_flip_in_a_table_file_are_found() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 20);
    database.flush().unwrap();
    drop(database);
    for index in 0..files(&folder.config, "sst").len() {
        let copy = folder.copy(&format!("flipped-{index}"));
        let table = &files(&copy, "sst")[index];
        let mut bytes = fs::read(table).unwrap();
        // The first data block.
        bytes[20] ^= 0x10;
        fs::write(table, bytes).unwrap();
        let found = Database::inspect(&copy, |_, _| {});
        let silent = matches!(&found, Ok(report) if report.is_sound());
        assert!(!silent, "nothing is found in {}", table.display());
    }
}

#[test]
fn a_report_lists_a_bounded_number_of_problems_and_counts_all() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 150);
    drop(database);
    tamper(&folder.config, |db| {
        let family = db.cf_handle("tx_index").unwrap();
        for entry in db.iterator_cf(family, IteratorMode::Start) {
            let (key, _) = entry.unwrap();
            if key.len() == 32 {
                db.delete_cf(family, key).unwrap();
            }
        }
    });
    let report = inspect(&folder.config);
    assert_eq!(report.problems.len(), PROBLEMS_MAX);
    // Each of 450 transactions, and the index's count.
    assert_eq!(report.problems_total, 451);
}

#[test]
fn child_tries_are_walked_too() {
    // A child trie's root is a value of the state; this one leads nowhere.
    let child = b":child_storage:default:records".to_vec();
    let genesis = vec![(key(1), Some(vec![1])), (child, Some(vec![9; 32]))];
    let chain = Chain::with_genesis(genesis);
    let folder = Folder::archive(&chain);
    let database = folder.open();
    database.commit(chain.last().batch()).unwrap();
    let report = database.check(|_, _| {}).unwrap();
    assert!(matches!(
        &report.problems[..],
        [Problem::State { number: 0, reason }] if reason.contains("child trie")
    ));
}
