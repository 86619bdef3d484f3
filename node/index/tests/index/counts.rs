//! Counts by period, call and member, and how long they are kept.

use std::collections::BTreeSet;

use xinglin_core::{Count, Explorer, Period};
use xinglin_decoding::{Name, Outline, OutlinedExtrinsic};
use xinglin_index::{Index, HOURS_KEPT_MS, MINUTES_KEPT_MS};
use xinglin_primitives::{
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
    AccountId, Entity, MemberId, PatientId,
};

use crate::support::{schema, FakeChain, Folder};

/// The start of a day.
const START_MS: u64 = 20_000 * DAY_MS;
const BOOK: Name<'static> = Name {
    pallet: "Appointments",
    name: "book",
};
const PAY: Name<'static> = Name {
    pallet: "Payments",
    name: "pay",
};
const CLINIC: MemberId = MemberId(1);

fn extrinsic(call: Name<'static>, succeeded: bool, member: MemberId) -> OutlinedExtrinsic<'static> {
    OutlinedExtrinsic {
        signer: Some(AccountId::new([1; 32])),
        nonce: Some(0),
        call,
        wrapped: vec![BOOK],
        succeeded,
        entities: BTreeSet::from([Entity::Member(member), Entity::Patient(PatientId(1))]),
    }
}

fn unsigned() -> OutlinedExtrinsic<'static> {
    OutlinedExtrinsic {
        signer: None,
        ..extrinsic(
            Name {
                pallet: "Timestamp",
                name: "set",
            },
            true,
            CLINIC,
        )
    }
}

fn add(index: &Index, block: u32, time_ms: u64, extrinsics: Vec<OutlinedExtrinsic<'static>>) {
    let outline = Outline {
        time_ms: Some(time_ms),
        extrinsics,
        events: Vec::new(),
    };
    let mut writer = index.writer();
    let count = outline.extrinsics.len();
    writer.add(block, count, Some(&outline), &[]).unwrap();
    writer.commit().unwrap();
}

fn count(from_ms: u64, name: Name<'_>, succeeded: u64, failed: u64) -> Count {
    Count {
        from_ms,
        pallet: name.pallet.to_owned(),
        call: name.name.to_owned(),
        succeeded,
        failed,
    }
}

#[test]
fn operations_are_counted_by_period_call_and_member() {
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    let hospital = MemberId(0);
    let first = vec![
        unsigned(),
        extrinsic(BOOK, true, hospital),
        extrinsic(BOOK, false, CLINIC),
    ];
    add(&index, 1, START_MS, first);
    add(
        &index,
        2,
        START_MS + 1,
        vec![unsigned(), extrinsic(BOOK, true, CLINIC)],
    );
    add(
        &index,
        3,
        START_MS + MINUTE_MS,
        vec![extrinsic(PAY, true, CLINIC)],
    );
    add(
        &index,
        4,
        START_MS + HOUR_MS,
        vec![extrinsic(PAY, true, CLINIC)],
    );

    let ask = |period, member, from, before| {
        index
            .counts(period, member, START_MS + from, START_MS + before, 100)
            .unwrap()
    };
    // Neither what nobody signed nor what is wrapped.
    assert_eq!(
        ask(Period::Minute, None, 0, DAY_MS),
        [
            count(START_MS, BOOK, 2, 1),
            count(START_MS + MINUTE_MS, PAY, 1, 0),
            count(START_MS + HOUR_MS, PAY, 1, 0),
        ]
    );
    assert_eq!(
        ask(Period::Hour, Some(CLINIC), 0, HOUR_MS),
        [count(START_MS, BOOK, 1, 1), count(START_MS, PAY, 1, 0)]
    );
    assert_eq!(
        ask(Period::Day, Some(hospital), 0, DAY_MS),
        [count(START_MS, BOOK, 1, 0)]
    );
    assert_eq!(ask(Period::Day, None, 1, DAY_MS), []);
    assert_eq!(ask(Period::Day, None, DAY_MS, 0), []);
    assert_eq!(
        index
            .counts(Period::Minute, None, 0, u64::MAX, 2)
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn minutes_and_hours_are_kept_for_their_time_and_days_for_ever() {
    let folder = Folder::new();
    let index = folder.open(FakeChain::new(Vec::new()), &schema());
    let times = [0, MINUTES_KEPT_MS + DAY_MS, HOURS_KEPT_MS + DAY_MS];
    let mut kept = Vec::new();
    for (block, time_ms) in (1..).zip(times) {
        add(
            &index,
            block,
            START_MS + time_ms,
            vec![extrinsic(BOOK, true, CLINIC)],
        );
        let count = |period, member| {
            index
                .counts(period, member, 0, u64::MAX, 100)
                .unwrap()
                .len()
        };
        for member in [None, Some(CLINIC)] {
            kept.push([Period::Minute, Period::Hour, Period::Day].map(|it| count(it, member)));
        }
    }
    let expected = [[1, 1, 1], [1, 2, 2], [1, 2, 3]];
    assert_eq!(kept, expected.map(|it| [it, it]).concat());
}
