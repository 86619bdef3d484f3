//! The database for what stands beside the chain.

use xinglin_primitives::Hash;
use xinglin_storage::{after_prefix, OpenError, OrderedConfig, OrderedDatabase, Space};

const NUMBERS: &str = "numbers";
const TEXTS: &str = "texts";
const MIB: usize = 1024 * 1024;

fn config(folder: &tempfile::TempDir) -> OrderedConfig {
    OrderedConfig {
        path: folder.path().join("ordered"),
        chain_id: "test".to_owned(),
        genesis: Hash::repeat_byte(1),
        format: 1,
        spaces: &[
            Space {
                name: NUMBERS,
                is_looked_up: false,
            },
            Space {
                name: TEXTS,
                is_looked_up: true,
            },
        ],
        cache_bytes: MIB,
        memtable_bytes: MIB,
        open_files_max: 16,
    }
}

fn refused(config: &OrderedConfig) -> OpenError {
    match OrderedDatabase::open(config) {
        Ok(_) => panic!("the database opens"),
        Err(error) => error,
    }
}

/// Puts the even numbers below 20.
fn fill(database: &OrderedDatabase) {
    let mut batch = database.batch();
    for number in (0..20u8).step_by(2) {
        batch.put(NUMBERS, &[7, number], &[number]);
    }
    batch.put(TEXTS, b"who", b"me");
    batch.write(true).unwrap();
}

#[test]
fn keys_are_gone_through_both_ways_within_their_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let database = OrderedDatabase::open(&config(&folder)).unwrap();
    fill(&database);
    let mut cursor = database.cursor(NUMBERS, &[7, 4], Some(&[7, 12]));
    let at =
        |cursor: &xinglin_storage::Cursor<'_>| cursor.item().unwrap().map(|(_, value)| value[0]);
    cursor.seek(&[7, 0]);
    assert_eq!(at(&cursor), Some(4));
    cursor.seek(&[7, 7]);
    assert_eq!(at(&cursor), Some(8));
    cursor.next();
    assert_eq!(at(&cursor), Some(10));
    cursor.next();
    assert_eq!(at(&cursor), None);
    cursor.next();
    cursor.seek_back(&[7, 7]);
    assert_eq!(at(&cursor), Some(6));
    cursor.seek_back(&[9]);
    assert_eq!(at(&cursor), Some(10));
    for expected in [Some(8), Some(6), Some(4), None] {
        cursor.prev();
        assert_eq!(at(&cursor), expected);
    }
    assert_eq!(
        database.get(TEXTS, b"who").unwrap().as_deref(),
        Some(&b"me"[..])
    );
    assert_eq!(database.get(NUMBERS, b"who").unwrap(), None);

    let mut batch = database.batch();
    batch.remove_range(NUMBERS, &[7, 4], &[7, 10]);
    batch.write(false).unwrap();
    let mut cursor = database.cursor(NUMBERS, &[], None);
    cursor.seek(&[7, 3]);
    assert_eq!(at(&cursor), Some(10));
}

#[test]
fn a_batch_that_is_not_written_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = OrderedDatabase::open(&config(&folder)).unwrap();
    let mut batch = database.batch();
    batch.put(TEXTS, b"who", b"me");
    assert!(batch.size_bytes() > 0);
    drop(batch);
    assert_eq!(database.get(TEXTS, b"who").unwrap(), None);
}

#[test]
fn it_is_one_chain_s_and_one_process_s() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let database = OrderedDatabase::open(&config).unwrap();
    fill(&database);
    assert!(matches!(refused(&config), OpenError::Locked { .. }));
    drop(database);
    let foreign = OrderedConfig {
        genesis: Hash::repeat_byte(2),
        ..config.clone()
    };
    assert!(matches!(refused(&foreign), OpenError::Foreign { .. }));
    // Not even to make it anew.
    let renewed = OrderedDatabase::open_or_renew(&foreign).map(drop);
    assert!(matches!(renewed, Err(OpenError::Foreign { .. })));
    let database = OrderedDatabase::open(&config).unwrap();
    assert!(database.get(TEXTS, b"who").unwrap().is_some());
}

#[test]
fn that_of_another_format_is_refused_or_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let old = config(&folder);
    fill(&OrderedDatabase::open(&old).unwrap());
    let newer = OrderedConfig {
        format: 2,
        ..old.clone()
    };
    let fewer = OrderedConfig {
        spaces: &old.spaces[..1],
        ..old.clone()
    };
    for other in [&newer, &fewer] {
        assert!(matches!(refused(other), OpenError::Format { .. }));
    }
    let renewed = OrderedDatabase::open_or_renew(&newer).unwrap();
    assert_eq!(renewed.get(TEXTS, b"who").unwrap(), None);
    drop(renewed);
    assert!(matches!(
        refused(&old),
        OpenError::Format { expected: 1, .. }
    ));
    OrderedDatabase::remove(&newer.path).unwrap();
    OrderedDatabase::remove(&newer.path).unwrap();
    assert!(!newer.path.exists());
}

#[test]
fn what_follows_a_prefix_is_above_all_that_begins_with_it() {
    assert_eq!(after_prefix(&[1, 2]), Some(vec![1, 3]));
    assert_eq!(after_prefix(&[1, 255, 255]), Some(vec![2]));
    assert_eq!(after_prefix(&[255]), None);
    assert_eq!(after_prefix(&[]), None);
}
