//! Holds.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;
use xinglin_primitives::{glue::Held, Party, PatientId};

use crate::{
    mock::*,
    types::{HOLDERS_MAX, HOLDS_MAX},
    Error, Event,
};

/// Whether the hold that was lifted last was the last one.
fn was_last() -> bool {
    match events().pop() {
        Some(Event::HoldLifted { is_last, .. }) => is_last,
        other => panic!("not lifted: {other:?}"),
    }
}

#[test]
fn a_hold_stops_and_lifting_ends_it() {
    for held in [Held::Party(Party::Member(HOSPITAL)), DOCTOR, ALICE, SCHEME] {
        run(|| {
            let case = open(REGULATOR);
            events();
            assert_ok!(call(staff(REGULATOR), holding(case, held)));
            assert!(is_stopped(held) && Audit::is_held(held));
            let placed = Event::HoldPlaced {
                case,
                held,
                is_first: true,
                by: staff(REGULATOR),
            };
            assert_eq!(events(), [placed]);
            assert_ok!(call(main_account(REGULATOR), lifting(case, held)));
            assert!(!is_stopped(held) && !Audit::is_held(held));
            let lifted = Event::HoldLifted {
                case,
                held,
                is_last: true,
                by: main_account(REGULATOR),
            };
            assert_eq!(events(), [lifted]);
        });
    }
}

#[test]
fn the_first_hold_stops_and_with_the_last_it_goes_on() {
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
        assert_eq!((was_last(), is_stopped(ALICE)), (false, true));
        assert_ok!(call(staff(REGULATOR), lifting(cases[2], ALICE)));
        assert_eq!(Audit::holders_of(ALICE), [cases[1]]);
        assert_ok!(call(staff(OTHER), lifting(cases[1], ALICE)));
        assert_eq!((was_last(), is_stopped(ALICE)), (true, false));
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
fn nothing_is_held_that_does_not_exist() {
    run(|| {
        let case = open(REGULATOR);
        assert_noop!(
            call(staff(REGULATOR), holding(case, NOTHING)),
            DispatchError::Other("nothing")
        );
        assert!(!Audit::is_held(NOTHING));
    });
}

#[test]
fn a_regulator_does_not_hold_itself() {
    run(|| {
        let case = open(REGULATOR);
        let itself = Held::Party(Party::Member(REGULATOR));
        assert_noop!(
            call(staff(REGULATOR), holding(case, itself)),
            Error::<Test>::HoldsItself
        );
        assert_ok!(call(
            staff(REGULATOR),
            holding(case, Held::Party(Party::Member(OTHER)))
        ));
    });
}

#[test]
fn a_case_holds_so_much() {
    run(|| {
        let case = open(REGULATOR);
        for n in 0..u64::from(HOLDS_MAX) {
            let held = Held::Party(Party::Patient(PatientId(n)));
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
