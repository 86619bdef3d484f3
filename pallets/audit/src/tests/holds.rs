//! Holds.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{Held, Holds},
    PatientId,
};

use crate::{
    mock::*,
    types::{LiftOutcome, HOLDERS_MAX, HOLDS_MAX},
    Error, Event,
};

/// How lifting ended the last time.
fn outcome() -> LiftOutcome {
    match events().pop() {
        Some(Event::HoldLifted { outcome, .. }) => outcome,
        other => panic!("not lifted: {other:?}"),
    }
}

#[test]
fn a_hold_suspends_and_lifting_ends_it() {
    for held in [Held::Member(HOSPITAL), DOCTOR, ALICE, SCHEME] {
        run(|| {
            let case = open(REGULATOR);
            events();
            assert_ok!(call(staff(REGULATOR), holding(case, held)));
            assert!(is_suspended(held) && Audit::is_held(held));
            let placed = Event::HoldPlaced {
                case,
                held,
                is_first: true,
                by: staff(REGULATOR),
            };
            assert_eq!(events(), [placed]);
            assert_ok!(call(main_account(REGULATOR), lifting(case, held)));
            assert!(!is_suspended(held) && !Audit::is_held(held));
            let lifted = Event::HoldLifted {
                case,
                held,
                outcome: LiftOutcome::Restored,
                by: main_account(REGULATOR),
            };
            assert_eq!(events(), [lifted]);
        });
    }
}

#[test]
fn the_first_hold_suspends_and_the_last_lift_restores() {
    run(|| {
        let cases = [open(REGULATOR), open(OTHER), open(REGULATOR)];
        assert_ok!(call(staff(REGULATOR), holding(cases[0], ALICE)));
        assert_ok!(call(staff(OTHER), holding(cases[1], ALICE)));
        assert!(matches!(
            events().pop(),
            Some(Event::HoldPlaced {
                is_first: false,
                ..
            })
        ));
        assert_ok!(call(staff(REGULATOR), holding(cases[2], ALICE)));
        assert_eq!(Audit::holders_of(ALICE), cases);
        assert_ok!(call(staff(REGULATOR), lifting(cases[0], ALICE)));
        assert_eq!(
            (outcome(), is_suspended(ALICE)),
            (LiftOutcome::StillHeld, true)
        );
        assert_ok!(call(staff(REGULATOR), lifting(cases[2], ALICE)));
        assert_eq!(Audit::holders_of(ALICE), [cases[1]]);
        assert_ok!(call(staff(OTHER), lifting(cases[1], ALICE)));
        assert_eq!(
            (outcome(), is_suspended(ALICE)),
            (LiftOutcome::Restored, false)
        );
    });
}

#[test]
fn a_case_holds_something_once() {
    run(|| {
        let case = open(REGULATOR);
        assert_ok!(call(staff(REGULATOR), holding(case, ALICE)));
        assert_noop!(
            call(staff(REGULATOR), holding(case, ALICE)),
            Error::<Test>::AlreadyHeld
        );
        assert_ok!(call(staff(REGULATOR), lifting(case, ALICE)));
        assert_noop!(
            call(staff(REGULATOR), lifting(case, ALICE)),
            Error::<Test>::NotHeld
        );
        // What another case holds, too.
        let other = open(OTHER);
        assert_ok!(call(staff(OTHER), holding(other, ALICE)));
        assert_noop!(
            call(staff(REGULATOR), lifting(case, ALICE)),
            Error::<Test>::NotHeld
        );
    });
}

#[test]
fn what_cannot_be_suspended_is_not_held() {
    run(|| {
        let case = open(REGULATOR);
        assert_noop!(
            call(staff(REGULATOR), holding(case, LAST)),
            DispatchError::Other("last")
        );
        // The council has suspended it.
        assert_ok!(Registry::hold(ALICE));
        assert_noop!(
            call(staff(REGULATOR), holding(case, ALICE)),
            DispatchError::Other("suspended")
        );
        assert!(!Audit::is_held(ALICE));
        // Once that is over it can be held.
        assert_ok!(Registry::lift(ALICE));
        assert_ok!(call(staff(REGULATOR), holding(case, ALICE)));
    });
}

#[test]
fn a_hold_ends_also_if_the_council_lifted_before() {
    run(|| {
        let case = open(REGULATOR);
        assert_ok!(call(staff(REGULATOR), holding(case, ALICE)));
        assert_ok!(Registry::lift(ALICE));
        sp_io::storage::clear(b"touched");
        assert_ok!(call(staff(REGULATOR), lifting(case, ALICE)));
        // A message of this kind does not survive encoding.
        assert_eq!(outcome(), LiftOutcome::Refused(DispatchError::Other("")));
        assert!(!Audit::is_held(ALICE));
        // What the failed attempt wrote is undone.
        assert_eq!(sp_io::storage::get(b"touched"), None);
        assert_ok!(call(staff(REGULATOR), closing(case)));
    });
}

#[test]
fn a_regulator_does_not_hold_itself() {
    run(|| {
        let case = open(REGULATOR);
        let itself = Held::Member(REGULATOR);
        assert_noop!(
            call(staff(REGULATOR), holding(case, itself)),
            Error::<Test>::HoldsItself
        );
        assert_ok!(call(staff(REGULATOR), holding(case, Held::Member(OTHER))));
    });
}

#[test]
fn a_case_holds_so_much() {
    run(|| {
        let case = open(REGULATOR);
        for n in 0..u64::from(HOLDS_MAX) {
            let held = Held::Patient(PatientId(n));
            assert_ok!(call(staff(REGULATOR), holding(case, held)));
        }
        assert_noop!(
            call(staff(REGULATOR), holding(case, SCHEME)),
            Error::<Test>::TooManyHolds
        );
        assert_ok!(call(staff(REGULATOR), lifting(case, ALICE)));
        assert_ok!(call(staff(REGULATOR), holding(case, SCHEME)));
    });
}

#[test]
fn so_many_cases_hold_the_same() {
    run(|| {
        for _ in 0..HOLDERS_MAX {
            let case = open(REGULATOR);
            assert_ok!(call(staff(REGULATOR), holding(case, ALICE)));
        }
        let case = open(OTHER);
        assert_noop!(
            call(staff(OTHER), holding(case, ALICE)),
            Error::<Test>::TooManyHolds
        );
    });
}
