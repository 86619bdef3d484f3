//! Who lies in one hospital is not treated in another meanwhile, whatever is settled first.

use std::cell::Cell;

use frame_support::{assert_ok, BoundedVec};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use xinglin_primitives::{
    glue::{Setting, VisitState},
    AppointmentId, MemberId,
};

use super::flags::{flags, on};
use crate::{
    computation::{Frequency, Review, SchemeParameters},
    mock::*,
    review::Flag,
    Call, Claims,
};

const OVERLAPS: [Flag; 1] = [Flag::OverlapsAdmission];
/// How many pairs of invoices are settled in both orders.
const PAIRS: u32 = 128;

/// A visit to the clinic so many days ago.
fn to_clinic(days: u32) -> MockBill {
    MockBill {
        member: CLINIC,
        ..on(ago(days), &[1])
    }
}

/// The stay at the hospital from 20 to 10 days ago.
fn stay() -> MockBill {
    inpatient(1_000, ago(20), ago(10))
}

#[test]
fn a_stay_settled_at_discharge_finds_the_visits_settled_meanwhile() {
    run(|| {
        settle(put(1, to_clinic(12)));
        let stay = put(2, stay());
        assert_eq!(flags(stay), OVERLAPS);
        // It is the later one that waits for the insurer.
        let claim = Claims::<Test>::get(flag(stay)).unwrap();
        assert_eq!(
            (claim.invoice, claim.flags.to_vec()),
            (stay, OVERLAPS.to_vec())
        );
    });
}

#[test]
fn days_outside_of_the_stay_are_free() {
    run(|| {
        // Those of admission and discharge are.
        for (id, days) in [(1, 21), (2, 20), (3, 10), (4, 9)] {
            settle(put(id, to_clinic(days)));
        }
        assert_eq!(flags(put(5, stay())), []);
        // Of others, nothing is compared.
        settle(put(6, to_clinic(15)));
        let of_bob = MockBill {
            patient: BOB,
            ..stay()
        };
        assert_eq!(flags(put(7, of_bob)), []);
        assert_eq!(flags(put(8, stay())), OVERLAPS);
    });
}

#[test]
fn a_visit_that_becomes_a_stay_is_one() {
    run(|| {
        let own_visit = Some(visit(5, VisitState::Arrived));
        let at_visit = |visit, bill| MockBill { visit, ..bill };
        settle(put(1, at_visit(own_visit, on(ago(12), &[2]))));
        assert_eq!(flags(put(2, at_visit(own_visit, stay()))), []);
        // Another visit to the same member, or none that is named.
        let other = Some(AppointmentId(6));
        assert_eq!(flags(put(3, at_visit(other, stay()))), OVERLAPS);
        assert_eq!(flags(put(4, stay())), OVERLAPS);
        // The same number of another member is another visit.
        let elsewhere = MockBill {
            member: CLINIC,
            ..at_visit(own_visit, stay())
        };
        assert_eq!(flags(put(5, elsewhere)), OVERLAPS);
    });
}

#[test]
fn visits_without_a_stay_do_not_conflict() {
    // Services are looked at for the frequency, too.
    let parameters = SchemeParameters {
        review: Review {
            frequency: Some(Frequency {
                invoices: 9,
                days: 30,
            }),
            ..Review::default()
        },
        ..parameters()
    };
    run_with(parameters, || {
        let course = MockBill {
            service: (ago(20), ago(10)),
            ..to_clinic(10)
        };
        settle(put(1, course));
        assert_eq!(flags(put(2, on(ago(15), &[2]))), []);
        assert_eq!(flags(put(3, stay())), OVERLAPS);
    });
}

#[test]
fn a_visit_that_was_taken_back_is_forgotten() {
    run(|| {
        let settlement = settle(put(1, to_clinic(12)));
        assert_ok!(call(staff(CLINIC), Call::reverse { settlement }));
        assert_eq!(flags(put(2, stay())), []);
    });
}

/// A visit or stay of [`ALICE`] that charges `item`.
fn any_bill(item: u8) -> impl Strategy<Value = MockBill> {
    let visit = proptest::option::of((5..7_u64).prop_map(AppointmentId));
    let place = (any::<bool>(), any::<bool>(), visit);
    (place, 1..12_u32, 0..8_u32).prop_map(move |((is_stay, is_elsewhere, visit), start, days)| {
        let setting = if is_stay {
            Setting::Inpatient
        } else {
            Setting::Outpatient
        };
        let member: MemberId = if is_elsewhere { CLINIC } else { HOSPITAL };
        MockBill {
            setting,
            member,
            visit,
            service: (ago(30 - start), ago(30 - start - days)),
            lines: BoundedVec::truncate_from(vec![line(item, 100)]),
            ..outpatient(0)
        }
    })
}

/// What is found in the second when the first is settled.
fn found_in(second: &MockBill, first: &MockBill) -> Vec<Flag> {
    ext(parameters()).execute_with(|| {
        settle(put(1, first.clone()));
        let found = flags(put(2, second.clone()));
        check();
        found
    })
}

#[test]
fn the_order_of_settling_does_not_matter() {
    let flagged = Cell::new(0);
    // The same pairs in every run: a failure is found again.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: PAIRS,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_001),
        ..ProptestConfig::default()
    });
    let result = runner.run(&(any_bill(1), any_bill(2)), |(one, other)| {
        let found = found_in(&other, &one);
        prop_assert_eq!(&found, &found_in(&one, &other));
        flagged.set(flagged.get() + u32::from(!found.is_empty()));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!((PAIRS / 10..PAIRS).contains(&flagged.get()), "{flagged:?}");
}
