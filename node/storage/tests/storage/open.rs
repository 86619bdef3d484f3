//! What the start-up check finds, and what it says.

use std::fs;

use codec::Encode;
use xinglin_primitives::Hash;
use xinglin_storage::{Database, OpenError, StateMode, StorageConfig, PRUNED_STATES_MAX};

use crate::support::{assert_holds, files, tamper, Chain, Folder};

fn error(config: &StorageConfig) -> OpenError {
    match Database::open(config.clone()) {
        Ok(_) => panic!("the database opens"),
        Err(error) => error,
    }
}

/// Asserts that the database does not open because it is torn, for a reason with `expected` in it.
fn assert_torn(config: &StorageConfig, expected: &str) {
    match error(config) {
        OpenError::Torn { reason, .. } if reason.contains(expected) => {}
        other => panic!("expected `{expected}`, got: {other}"),
    }
}

#[test]
fn a_database_of_another_chain_is_refused_with_both_hashes_and_the_remedy() {
    let mut chain = Chain::new();
    let mut folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 2);
    drop(database);
    let ours = Hash::repeat_byte(0x77);
    folder.config.genesis = ours;
    let message = error(&folder.config).to_string();
    let theirs = format!("{:?}", chain.genesis());
    for part in [
        theirs.as_str(),
        &format!("{ours:?}"),
        "`test`",
        "--base-path",
    ] {
        assert!(message.contains(part), "{part} not in: {message}");
    }
    // Even before it has a block.
    let empty = folder.sibling("empty");
    drop(Database::open(empty.clone()).unwrap());
    let mut other = empty;
    other.genesis = chain.genesis();
    assert!(matches!(error(&other), OpenError::Foreign { .. }));
}

#[test]
fn another_format_is_refused() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 2);
    drop(database);
    tamper(&folder.config, |db| {
        db.put_cf(db.cf_handle("meta").unwrap(), b"format", 99u32.encode())
            .unwrap();
    });
    let message = error(&folder.config).to_string();
    assert!(message.contains("has format 99"), "{message}");
}

#[test]
fn a_family_from_the_future_is_refused() {
    let chain = Chain::new();
    let folder = Folder::archive(&chain);
    drop(folder.open());
    let options = rocksdb::Options::default();
    let names = rocksdb::DB::list_cf(&options, &folder.config.path).unwrap();
    let mut db = rocksdb::DB::open_cf(&options, &folder.config.path, names).unwrap();
    db.create_cf("records", &options).unwrap();
    drop(db);
    let message = error(&folder.config).to_string();
    assert!(message.contains("`records`"), "{message}");
}

#[test]
fn a_second_user_is_told_that_the_database_is_in_use() {
    let chain = Chain::new();
    let folder = Folder::archive(&chain);
    let _database = folder.open();
    assert!(matches!(error(&folder.config), OpenError::Locked { .. }));
}

#[test]
fn a_senseless_configuration_is_refused() {
    let chain = Chain::new();
    for states in [0, 1, PRUNED_STATES_MAX + 1] {
        let folder = Folder::new(&chain, StateMode::Pruned { states });
        assert!(matches!(error(&folder.config), OpenError::Config(_)));
        assert!(!folder.config.path.exists());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let chain = Chain::new();
    let folder = Folder::archive(&chain);
    fs::write(&folder.config.path, b"a file").unwrap();
    let message = error(&folder.config).to_string();
    assert!(message.contains("/db"), "{message}");
}

/// Damage to one family: its name, the key, and the new value or none; then what the error says.
type Damage = (&'static str, Vec<u8>, Option<Vec<u8>>, &'static str);

#[test]
fn whatever_part_of_the_tip_is_missing_or_wrong_the_database_is_torn() {
    let mut chain = Chain::new();
    let folder = Folder::new(&chain, StateMode::Pruned { states: 4 });
    let database = folder.open();
    chain.extend(&database, 9);
    drop(database);
    let tip = chain.last();
    let height = |n: u32| n.to_be_bytes().to_vec();
    let earlier = (8u32, chain.commits[8].hash, chain.commits[8].root());
    let flat_stamp = b":child_storage:/tip".to_vec();
    let other_certificate = chain.commits[8].certificate.encode()[1..].to_vec();
    let damages: Vec<Damage> = vec![
        ("meta", b"tip".to_vec(), None, "the recorded tip is none"),
        (
            "meta",
            b"tip".to_vec(),
            Some(earlier.encode()),
            "the last block is 9, the recorded tip is 8",
        ),
        (
            "meta",
            b"tip".to_vec(),
            Some(vec![1]),
            "the tip does not decode",
        ),
        (
            "meta",
            b"format".to_vec(),
            None,
            "format version is missing",
        ),
        ("meta", b"genesis".to_vec(), None, "genesis hash is missing"),
        ("meta", b"mode".to_vec(), None, "state mode is missing"),
        (
            "meta",
            b"oldest_state".to_vec(),
            None,
            "oldest state is missing",
        ),
        (
            "meta",
            b"oldest_state".to_vec(),
            Some(10u32.encode()),
            "beyond the tip",
        ),
        ("blocks", height(9), None, "the last block is 8"),
        ("blocks", height(9), Some(vec![1, 2]), "does not decode"),
        (
            "blocks",
            height(9),
            Some(chain.commits[8].block.to_bytes().to_vec()),
            "not the recorded one",
        ),
        ("blocks", height(10), Some(vec![]), "the last block is 10"),
        (
            "block_by_hash",
            tip.hash.as_bytes().to_vec(),
            None,
            "not found by its hash",
        ),
        (
            "certificates",
            height(9),
            None,
            "the last certificate is for block 8",
        ),
        (
            "certificates",
            height(9),
            Some(other_certificate),
            "certificate is for another block",
        ),
        (
            "state_nodes",
            tip.root().as_bytes().to_vec(),
            None,
            "root node",
        ),
        (
            "state_nodes",
            b"tip".to_vec(),
            Some(8u32.encode()),
            "`state_nodes` is at block 8",
        ),
        (
            "state_flat",
            flat_stamp,
            Some(8u32.encode()),
            "`state_flat` is at block 8",
        ),
        (
            "tx_index",
            b"tip".to_vec(),
            None,
            "`tx_index` is at block none",
        ),
        ("journal", height(8), None, "lacks the rows before block 9"),
        ("journal", height(9), None, "does not end at the tip"),
        (
            "journal",
            height(9),
            Some(vec![0xff]),
            "journal row does not decode",
        ),
    ];
    for (index, (family, key, value, expected)) in damages.into_iter().enumerate() {
        let copy = folder.copy(&format!("damaged-{index}"));
        tamper(&copy, |db| {
            let family = db.cf_handle(family).unwrap();
            match value {
                Some(value) => db.put_cf(family, key, value).unwrap(),
                None => db.delete_cf(family, key).unwrap(),
            }
        });
        assert_torn(&copy, expected);
        let report = Database::inspect(&copy, |_, _| {}).unwrap();
        assert!(!report.is_sound(), "the check sees nothing of: {expected}");
    }
    assert_holds(&folder.open(), &chain);
}

#[test]
fn table_files_that_are_cut_or_gone_make_it_torn() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 20);
    database.flush().unwrap();
    drop(database);
    let tables = files(&folder.config, "sst").len();
    assert!(tables > 4);
    for index in 0..tables {
        let copy = folder.copy(&format!("cut-{index}"));
        let table = &files(&copy, "sst")[index];
        let bytes = fs::read(table).unwrap();
        fs::write(table, &bytes[..bytes.len() - 7]).unwrap();
        assert_torn(&copy, "");
        fs::remove_file(table).unwrap();
        assert_torn(&copy, "");
    }
}

#[test]
fn without_the_file_that_names_the_manifest_nothing_is_overwritten() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 3);
    database.flush().unwrap();
    drop(database);
    let current = folder.config.path.join("CURRENT");
    let content = fs::read(&current).unwrap();
    fs::remove_file(&current).unwrap();
    assert_torn(&folder.config, "CURRENT");
    fs::write(&current, content).unwrap();
    assert_holds(&folder.open(), &chain);
}

#[test]
fn an_interrupted_creation_is_finished() {
    let mut chain = Chain::new();
    let folder = Folder::archive(&chain);
    drop(folder.open());
    tamper(&folder.config, |db| {
        let meta = db.cf_handle("meta").unwrap();
        for key in ["format", "genesis", "mode", "oldest_state"] {
            db.delete_cf(meta, key).unwrap();
        }
    });
    let database = folder.open();
    chain.extend(&database, 2);
    assert_holds(&database, &chain);
}

#[test]
fn the_mode_is_remembered_and_may_change() {
    let mut chain = Chain::new();
    let mut folder = Folder::new(&chain, StateMode::default());
    chain.extend(&folder.open(), 3);
    folder.config.mode = StateMode::Archive;
    let database = folder.open();
    assert_eq!(database.mode(), StateMode::Archive);
    assert_eq!(database.genesis(), chain.genesis());
    chain.extend(&database, 3);
    assert_holds(&database, &chain);
}
