//! A process that is killed while the index is being filled.
//!
//! The test starts this test binary anew, for the one test [`child_process`], and tells it by an
//! environment variable where the index is.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use xinglin_core::{Explorer, Filter, Order, Period};
use xinglin_decoding::{Name, Outline, OutlinedEvent, OutlinedExtrinsic, Schema};
use xinglin_index::{Index, IndexConfig, PAGE_MAX};
use xinglin_primitives::{AccountId, BlockNumber, Entity, Hash, PatientId};

use crate::support::{metadata, schema, FakeChain};

const CHILD_PATH: &str = "XINGLIN_INDEX_TEST_PATH";
const START_MS: u64 = 1_748_822_400_000;
/// Blocks of one write.
const GROUP: BlockNumber = 3;
/// Transactions of one block.
const EXTRINSICS: u32 = 4;
const BOOK: Name<'static> = Name {
    pallet: "Appointments",
    name: "book",
};
const BOOKED: Name<'static> = Name {
    pallet: "Appointments",
    name: "Booked",
};

/// What block `number` says follows from `number`: each transaction mentions a patient of its own.
fn outline(number: BlockNumber) -> Outline<'static> {
    let patient = |index| Entity::Patient(PatientId(u64::from(number * EXTRINSICS + index)));
    let extrinsic = |index| OutlinedExtrinsic {
        signer: Some(AccountId::new([1; 32])),
        nonce: Some(number),
        call: BOOK,
        wrapped: Vec::new(),
        succeeded: true,
        entities: [patient(index)].into(),
    };
    let event = |index| OutlinedEvent {
        extrinsic: Some(index),
        event: BOOKED,
        entities: [patient(index)].into(),
    };
    Outline {
        time_ms: Some(START_MS + u64::from(number)),
        extrinsics: (0..EXTRINSICS).map(extrinsic).collect(),
        events: (0..EXTRINSICS).map(event).collect(),
    }
}

fn config(path: &Path) -> IndexConfig {
    let (index, questions) = (path.join("index"), path.join("questions"));
    let mut config = IndexConfig::new(index, questions, "test", Hash::repeat_byte(1));
    // Small, so that tables are written and compacted, too.
    config.memtable_bytes = 256 * 1024;
    config
}

fn open(path: &Path, schema: &Arc<Schema>) -> Index {
    Index::open(
        &config(path),
        FakeChain::new(metadata()),
        Arc::clone(schema),
    )
    .unwrap()
}

/// Fills the index until it is killed; says on its standard output how far it is.
#[test]
fn child_process() {
    let Some(path) = std::env::var_os(CHILD_PATH) else {
        return; // Started as a test of its own it has nothing to do.
    };
    let index = open(&PathBuf::from(path), &schema());
    loop {
        let first = index.progress().last + 1;
        let mut writer = index.writer();
        for block in first..first + GROUP {
            let outline = outline(block);
            let count = outline.extrinsics.len();
            writer
                .add(block, count, Some(&outline), &block.to_be_bytes())
                .unwrap();
        }
        writer.commit().unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nchild: {}", first + GROUP - 1).unwrap();
        out.flush().unwrap();
    }
}

fn start_child(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_process", "--nocapture"])
        .env(CHILD_PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills the child once it has indexed so many blocks more.
fn fill_and_kill(path: &Path, blocks: usize) -> BlockNumber {
    let mut child = start_child(path);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.map(Result::unwrap).filter_map(|line| {
        let number = line.strip_prefix("child: ")?;
        number.parse().ok()
    });
    let last = said.take(blocks).last().unwrap();
    // Not at the end of a write, but wherever it is by now.
    child.kill().unwrap();
    child.wait().unwrap();
    last
}

#[test]
fn a_killed_process_goes_on_where_it_was_with_nothing_lost_or_twice() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema();
    for writes in [1, 5, 200, 400] {
        let told = fill_and_kill(folder.path(), writes);
        let index = open(folder.path(), &schema);
        let last = index.progress().last;
        assert!(last >= told, "{last} of {told}");
        assert_eq!(last % GROUP, 0, "a write is whole");
        assert_holds(&index, last);
    }
}

/// Everything of every block is found, once.
fn assert_holds(index: &Index, last: BlockNumber) {
    assert_eq!(index.progress().first, 1);
    let all = Filter {
        pallet: Some(BOOK.pallet.to_owned()),
        ..Filter::default()
    };
    let (mut found, mut after) = (0, None);
    loop {
        let page = index
            .extrinsics(&all, Order::Oldest, after, PAGE_MAX)
            .unwrap();
        for position in page.items {
            assert_eq!(position.block, 1 + found / EXTRINSICS);
            assert_eq!(position.index, found % EXTRINSICS);
            found += 1;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(found, last * EXTRINSICS);
    for block in [1, last / 2 + 1, last] {
        let patient = Filter {
            entities: vec![Entity::Patient(PatientId(u64::from(block * EXTRINSICS)))],
            ..Filter::default()
        };
        let page = index.events(&patient, Order::Newest, None, 10).unwrap();
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.items[0].block, block);
        let events = index.encoded_events(block).unwrap();
        assert_eq!(events, Some(block.to_be_bytes().to_vec()));
    }
    let counts = index.counts(Period::Day, None, 0, u64::MAX, 10).unwrap();
    let counted: u64 = counts.iter().map(|count| count.succeeded).sum();
    assert_eq!(counted, u64::from(found));
}
