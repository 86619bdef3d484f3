//! Random sequences of calls by patients, delegates, practitioners and staff while time passes: the
//! pallet and the reference model agree on every one, and the invariants hold after each.

use std::cell::RefCell;

use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use xinglin_primitives::{
    time::{DAY_MS, HOUR_MS},
    MemberId,
};

use super::{
    model::Model,
    pair::{Outcomes, Pair},
    steps::any_step,
};
use crate::{mock::*, rules::BookingRules, types::NewSchedule};

const CASES: u32 = 192;
const STEPS: std::ops::Range<usize> = 40..120;

/// Rules of which one notices something within a short sequence.
fn strict() -> BookingRules {
    BookingRules {
        window_days: 1,
        late_cancels_max: 1,
        no_shows_max: 1,
        period_days: 3,
        block_days: 1,
        ..rules()
    }
}

/// Three practitioners today, tomorrow and on the day after: at the same times, with slots of
/// different lengths and one or two places, with and without fees.
fn opening() -> Vec<(MemberId, NewSchedule)> {
    let mut schedules = Vec::new();
    for day in 0..3 {
        for practitioner in 0..3 {
            schedules.push(nth_schedule(
                practitioner,
                TODAY.start() + day * DAY_MS + 10 * HOUR_MS,
            ));
        }
    }
    schedules
}

pub fn nth_schedule(n: u16, start: u64) -> (MemberId, NewSchedule) {
    let (member, practitioner, department, slot_minutes, capacity, fee_fen) = match n {
        0 => (HOSPITAL, HEART, CARDIOLOGY, 30, 1, 0),
        1 => (HOSPITAL, HEART_TWO, CARDIOLOGY, 45, 2, 301),
        _ => (CLINIC, SURGEON, SURGERY, 60, 1, 450),
    };
    let new = NewSchedule {
        practitioner,
        department,
        start,
        slot_minutes,
        slots: 3,
        capacity,
        fee_fen,
        ..session()
    };
    (member, new)
}

#[test]
fn the_pallet_does_what_the_model_says() {
    let outcomes = RefCell::new(Outcomes::new());
    // The same sequences in every run: a failure is found again.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_000),
        ..ProptestConfig::default()
    });
    let sequences = proptest::collection::vec(any_step(), STEPS);
    let result = runner.run(&sequences, |steps| {
        let schedules = opening();
        ext(strict(), schedules.clone()).execute_with(|| {
            let mut pair = Pair::new(Model::new(strict(), &schedules), &outcomes);
            for step in steps {
                pair.take(step);
                pair.compare();
            }
        });
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    everything_happened(&outcomes.into_inner());
}

/// The sequences are worth something only if they reach every rule.
fn everything_happened(outcomes: &Outcomes) {
    let expected: &[(&str, &[&str])] = &[
        (
            "book",
            &[
                "ok",
                "NotForPatient",
                "UnknownSchedule",
                "UnknownSlot",
                "Closed",
                "InPast",
                "NotLicensed",
                "OutsideWindow",
                "Blocked",
                "DayLimit",
                "Overlap",
                "AlreadyWaiting",
                "SlotFull",
                "FeeNotCovered",
            ],
        ),
        (
            "reschedule",
            &[
                "ok",
                "NotForPatient",
                "OtherPatient",
                "WrongState",
                "TooLate",
                "SameSlot",
                "OtherMember",
                "SlotFull",
                "Overlap",
                "DayLimit",
                "OutsideWindow",
                "Blocked",
                "FeeNotCovered",
                "InPast",
                "UnknownAppointment",
            ],
        ),
        (
            "reschedule as staff",
            &["ok", "NotStaff", "WrongState", "Overlap", "SlotFull"],
        ),
        (
            "cancel",
            &[
                "ok",
                "NotForPatient",
                "OtherPatient",
                "WrongState",
                "SlotBegun",
            ],
        ),
        ("cancel as staff", &["ok", "NotStaff", "WrongState"]),
        ("confirm", &["ok", "NotPractitioner", "WrongState"]),
        ("check in", &["ok", "NotStaff", "WrongState"]),
        ("complete", &["ok", "NotPractitioner", "WrongState"]),
        ("no-show", &["ok", "NotStaff", "WrongState", "TooEarly"]),
        ("close", &["ok", "NotStaff", "Closed"]),
        (
            "publish",
            &[
                "ok",
                "NotProvider",
                "InPast",
                "NotLicensed",
                "PractitionerBusy",
            ],
        ),
        ("rules", &["ok", "RulesNotAhead"]),
        ("event", &["Promoted", "PatientBlocked"]),
    ];
    let missing: Vec<_> = expected
        .iter()
        .flat_map(|(step, results)| results.iter().map(move |result| (*step, *result)))
        .filter(|(step, result)| !outcomes.contains_key(&(*step, result.to_string())))
        .collect();
    assert!(
        missing.is_empty(),
        "never happened: {missing:?}; happened: {outcomes:#?}"
    );
}
