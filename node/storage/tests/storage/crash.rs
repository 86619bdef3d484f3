//! Processes that are killed, logs that are cut, disks that are full.
//!
//! Two of these tests need a process of their own: they start this test binary anew, for the one test
//! [`child_process`], and tell it by environment variables what to do.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use xinglin_core::{ChainStore, PoolJournal, StoreError};
use xinglin_storage::{Database, OpenError, StateMode, StorageConfig};

use crate::support::{assert_holds, files, key, Chain, Folder};

const CHILD_PATH: &str = "XINGLIN_STORAGE_TEST_PATH";
const STATES: u32 = 6;

/// The same chain in parent and child: what block `n` changes follows from `n`.
fn next(chain: &mut Chain) {
    let n = u8::try_from(chain.commits.len() % 251).unwrap();
    let delta = vec![
        (key(n % 16), Some(vec![n; 300])),
        (key(n.wrapping_sub(5) % 16), None),
    ];
    chain.push(delta, 8);
}

fn chain_to(number: u32) -> Chain {
    let mut chain = Chain::new();
    while chain.last().block.number() < number {
        next(&mut chain);
    }
    chain
}

/// Commits blocks until it is killed or a write fails; says so on its standard output.
#[test]
fn child_process() {
    let Some(path) = std::env::var_os(CHILD_PATH) else {
        return; // Started as a test of its own it has nothing to do.
    };
    let mut chain = Chain::new();
    let mut config = StorageConfig::new(PathBuf::from(path), "test", chain.genesis());
    config.mode = StateMode::Pruned { states: STATES };
    let database = Database::open(config).unwrap();
    database.commit(chain.last().batch()).unwrap();
    let say = |what: String| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nchild: {what}").unwrap();
        out.flush().unwrap();
    };
    loop {
        next(&mut chain);
        let number = chain.last().block.number();
        match database.commit(chain.last().batch()) {
            Ok(()) => say(format!("committed {number}")),
            Err(error) => {
                assert_eq!(database.tip().unwrap().number, number - 1);
                let again = database.commit(chain.last().batch());
                let kept = database.keep(&[Default::default()]);
                for refused in [&again, &kept] {
                    assert!(matches!(refused, Err(StoreError::Io(reason))
                        if reason.contains("an earlier write failed")));
                }
                assert!(database.body(&chain.commits[1].hash).unwrap().is_some());
                say(format!("refused {error}"));
                return;
            }
        }
    }
}

fn start_child(mut command: Command, config: &StorageConfig) -> Child {
    command
        .args(["--exact", "crash::child_process", "--nocapture"])
        .env(CHILD_PATH, &config.path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the child says, line by line.
fn said(child: &mut Child) -> impl Iterator<Item = String> {
    BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .filter_map(|line| line.strip_prefix("child: ").map(str::to_owned))
}

fn committed(line: &str) -> Option<u32> {
    line.strip_prefix("committed ")?.parse().ok()
}

#[test]
fn a_killed_process_loses_nothing_that_was_committed() {
    let binary = std::env::current_exe().unwrap();
    for blocks in [1, 7, 40, 150] {
        let chain = Chain::new();
        let folder = Folder::new(&chain, StateMode::Pruned { states: STATES });
        let mut child = start_child(Command::new(&binary), &folder.config);
        let mut lines = said(&mut child);
        let acknowledged = lines.by_ref().find(|line| committed(line) == Some(blocks));
        assert!(acknowledged.is_some());
        // Still running, the child holds the lock against other processes.
        assert!(matches!(
            Database::open(folder.config.clone()),
            Err(OpenError::Locked { .. })
        ));
        child.kill().unwrap();
        let last = lines.filter_map(|line| committed(&line)).last();
        child.wait().unwrap();

        let database = folder.open();
        let tip = database.tip().unwrap().number;
        assert!(tip >= last.unwrap_or(blocks));
        assert_holds(&database, &chain_to(tip));
    }
}

#[test]
fn a_full_disk_refuses_the_block_and_loses_nothing() {
    let chain = Chain::new();
    let folder = Folder::new(&chain, StateMode::Pruned { states: STATES });
    // No file may grow beyond 512 KiB; the signal that would kill the process is ignored, so that
    // writing fails as on a full disk.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap());
    let mut child = start_child(command, &folder.config);
    let lines: Vec<String> = said(&mut child).collect();
    assert!(child.wait().unwrap().success());
    let (last, before) = lines.split_last().unwrap();
    assert!(last.starts_with("refused "), "{last}");
    assert!(last.contains("free disk space"), "{last}");
    let acknowledged = before.iter().rev().find_map(|line| committed(line));

    let database = folder.open();
    let tip = database.tip().unwrap().number;
    assert!(tip >= acknowledged.unwrap());
    let mut chain = chain_to(tip);
    assert_holds(&database, &chain);
    chain.extend(&database, 3);
    assert_holds(&database, &chain);
}

/// A database whose blocks are all in the write-ahead log, and a way to copy it.
fn logged(blocks: u32) -> (Chain, Folder, Database) {
    let chain = chain_to(blocks);
    let folder = Folder::new(&chain, StateMode::Pruned { states: STATES });
    let database = folder.open();
    for commit in &chain.commits {
        database.commit(commit.batch()).unwrap();
    }
    (chain, folder, database)
}

fn log_file(config: &StorageConfig) -> PathBuf {
    let logs = files(config, "log");
    logs.into_iter()
        .max_by_key(|log| fs::metadata(log).unwrap().len())
        .unwrap()
}

#[test]
fn a_log_that_ends_anywhere_leaves_whole_blocks() {
    let (chain, folder, database) = logged(12);
    let len = fs::metadata(log_file(&folder.config)).unwrap().len();
    let mut tips = Vec::new();
    for step in 1..=30 {
        let copy = folder.copy(&format!("cut-{step}"));
        let log = fs::File::options().write(true).open(log_file(&copy));
        log.unwrap().set_len(len * step / 30).unwrap();
        let cut = Database::open(copy).unwrap();
        if cut.tip().is_some() {
            assert_holds(&cut, &chain);
        }
        tips.push(cut.tip().map(|tip| tip.number));
    }
    assert!(tips.is_sorted());
    assert_eq!(*tips.last().unwrap(), database.tip().map(|tip| tip.number));
    tips.dedup();
    assert!(
        tips.len() > 8,
        "the cuts fell into different blocks: {tips:?}"
    );
}

#[test]
fn a_log_that_is_damaged_in_the_middle_is_not_taken_for_a_shorter_one() {
    let (_, folder, database) = logged(12);
    drop(database);
    let copy = folder.copy("damaged");
    let log = log_file(&copy);
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, bytes).unwrap();
    match Database::open(copy) {
        Err(OpenError::Torn { .. }) => {}
        other => panic!("{other:?}"),
    }
}
