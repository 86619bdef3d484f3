//! Fees in escrow.

use frame_support::{
    assert_noop, assert_ok,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::Precision,
    },
};
use xinglin_primitives::{time::MINUTE_MS, AppointmentId, Balance, PatientId, ScheduleId};

use crate::{
    mock::*,
    types::{Acting, Escrow, NewSchedule, StaffReason},
    Call, Error, Event,
};

const FEE: Balance = 101;

fn paid() -> NewSchedule {
    NewSchedule {
        fee_fen: FEE,
        ..session()
    }
}

/// What patient and member have besides what they began with, and what is held.
fn moved(patient: PatientId) -> (i128, i128, Balance) {
    let change = |now: Balance, before: Balance| now as i128 - before as i128;
    (
        change(free(own(patient)), FUNDS_FEN),
        change(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN),
        held(own(patient)),
    )
}

fn settled(to_member_fen: Balance, refunded_fen: Balance) -> Event<Test> {
    Event::FeeSettled {
        appointment: AppointmentId(0),
        to_member_fen,
        refunded_fen,
    }
}

#[test]
fn a_fee_is_held_on_the_patients_account_whoever_books() {
    run_with(paid(), || {
        assert_ok!(call(carer(ALICE), booking(ALICE, 0, 0)));
        assert_eq!(moved(ALICE), (-101, 0, 101));
        let escrow = Some(Escrow {
            payer: own(ALICE),
            amount_fen: FEE,
        });
        assert_eq!(stored(AppointmentId(0)).escrow, escrow);
    });
}

#[test]
fn who_cannot_pay_cannot_book() {
    // One fen must stay on the account.
    run_with(
        NewSchedule {
            fee_fen: FUNDS_FEN,
            ..session()
        },
        || {
            assert_noop!(
                call(own(ALICE), booking(ALICE, 0, 0)),
                Error::<Test>::FeeNotCovered
            );
        },
    );
    run_with(
        NewSchedule {
            fee_fen: FUNDS_FEN - 1,
            ..session()
        },
        || {
            book(ALICE, 0, 0);
        },
    );
    run_with(
        NewSchedule {
            fee_fen: Balance::MAX,
            ..session()
        },
        || {
            assert_noop!(
                call(own(ALICE), booking(ALICE, 0, 0)),
                Error::<Test>::FeeNotCovered
            );
        },
    );
}

#[test]
fn a_visit_pays_the_member() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        assert_ok!(call(staff(HOSPITAL), Call::check_in { appointment: id }));
        assert_eq!(moved(ALICE), (-101, 0, 101));
        assert_ok!(call(doctor(HEART), Call::complete { appointment: id }));
        assert_eq!(moved(ALICE), (-101, 101, 0));
        assert_eq!(stored(id).escrow, None);
        assert!(events().contains(&settled(101, 0)));
    });
}

#[test]
fn a_cancellation_in_time_costs_nothing() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        cancel(ALICE, id);
        assert_eq!(moved(ALICE), (0, 0, 0));
        assert!(events().contains(&settled(0, 101)));
    });
}

#[test]
fn a_late_cancellation_costs_its_share() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        Now::set(tomorrow(0) - MINUTE_MS);
        cancel(ALICE, id);
        // A quarter of 101, rounded down.
        assert_eq!(moved(ALICE), (-25, 25, 0));
        assert!(events().contains(&settled(25, 76)));
    });
}

#[test]
fn what_staff_cancel_costs_nothing() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        Now::set(tomorrow(5));
        let acting = Acting::Staff(StaffReason::Medical);
        assert_ok!(call(
            staff(HOSPITAL),
            Call::cancel {
                appointment: id,
                acting
            }
        ));
        assert_eq!(moved(ALICE), (0, 0, 0));
    });
}

#[test]
fn a_no_show_costs_its_share() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        Now::set(tomorrow(10));
        assert_ok!(call(
            staff(HOSPITAL),
            Call::mark_no_show { appointment: id }
        ));
        assert_eq!(moved(ALICE), (-50, 50, 0));
        assert!(events().contains(&settled(50, 51)));
    });
}

fn to(schedule: u32, slot: u16, acting: Acting) -> Call<Test> {
    Call::reschedule {
        appointment: AppointmentId(0),
        schedule: ScheduleId(schedule),
        slot,
        acting,
    }
}

/// The fee of 101, one of 40, none, and more than anybody has.
fn price_list() -> Vec<(xinglin_primitives::MemberId, NewSchedule)> {
    [FEE, 40, 0, FUNDS_FEN]
        .into_iter()
        .enumerate()
        .map(|(n, fee_fen)| {
            let start = tomorrow(200 * n as u64);
            (
                HOSPITAL,
                NewSchedule {
                    fee_fen,
                    start,
                    ..session()
                },
            )
        })
        .collect()
}

#[test]
fn moved_by_the_patient_the_fee_is_that_of_the_new_slot() {
    run(price_list(), || {
        book(ALICE, 0, 0);
        let acting = Acting::Patient(ALICE);
        for (schedule, fee) in [(1, 40), (0, 101), (2, 0), (1, 40), (2, 0), (0, 101)] {
            assert_ok!(call(own(ALICE), to(schedule, 1, acting)));
            assert_eq!(moved(ALICE), (-(fee as i128), 0, fee));
            assert_eq!(stored(AppointmentId(0)).fee_fen(), fee);
            check();
        }
        assert_noop!(
            call(own(ALICE), to(3, 0, acting)),
            Error::<Test>::FeeNotCovered
        );
    });
}

#[test]
fn moved_by_staff_the_fee_is_the_lower_one() {
    run(price_list(), || {
        book(ALICE, 0, 0);
        let acting = Acting::Staff(StaffReason::ScheduleChanged);
        for (schedule, fee) in [(3, 101), (1, 40), (0, 40), (2, 0), (0, 0)] {
            assert_ok!(call(staff(HOSPITAL), to(schedule, 1, acting)));
            assert_eq!(moved(ALICE), (-(fee as i128), 0, fee));
        }
    });
}

const NEW_ACCOUNT: AccountId = 9_000;

fn replace_key() {
    Replaced::mutate(|replaced| replaced.insert(ALICE, NEW_ACCOUNT));
}

#[test]
fn after_a_key_replacement_the_refund_goes_to_the_new_account() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        replace_key();
        assert_noop!(
            call(own(ALICE), cancellation(ALICE, id)),
            Error::<Test>::NotForPatient
        );
        Now::set(tomorrow(0) - MINUTE_MS);
        assert_ok!(call(NEW_ACCOUNT, cancellation(ALICE, id)));
        assert_eq!(moved(ALICE), (-101, 25, 0));
        assert_eq!(free(NEW_ACCOUNT), 76);
    });
}

#[test]
fn after_a_key_replacement_a_visit_is_paid_from_the_old_account() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        replace_key();
        assert_ok!(call(staff(HOSPITAL), Call::check_in { appointment: id }));
        assert_ok!(call(doctor(HEART), Call::complete { appointment: id }));
        assert_eq!(moved(ALICE), (-101, 101, 0));
    });
}

#[test]
fn after_a_key_replacement_a_move_takes_the_fee_along_only_if_it_must() {
    run(price_list(), || {
        book(ALICE, 0, 0);
        replace_key();
        // Cheaper: what suffices stays, the rest comes back to the new account.
        assert_ok!(call(NEW_ACCOUNT, to(1, 0, Acting::Patient(ALICE))));
        assert_eq!((free(own(ALICE)), held(own(ALICE))), (FUNDS_FEN - 101, 40));
        assert_eq!((free(NEW_ACCOUNT), held(NEW_ACCOUNT)), (61, 0));
        check();
        // Dearer: the new account pays, with what comes back.
        let dearer = || to(0, 1, Acting::Patient(ALICE));
        assert_noop!(call(NEW_ACCOUNT, dearer()), Error::<Test>::FeeNotCovered);
        assert_ok!(Balances::mint_into(&NEW_ACCOUNT, 1));
        assert_ok!(call(NEW_ACCOUNT, dearer()));
        assert_eq!((free(own(ALICE)), held(own(ALICE))), (FUNDS_FEN - 101, 0));
        assert_eq!((free(NEW_ACCOUNT), held(NEW_ACCOUNT)), (1, 101));
    });
}

#[test]
fn a_refund_too_small_for_a_new_account_stays_with_the_old_one() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        replace_key();
        ExistentialDeposit::set(500);
        assert_ok!(call(NEW_ACCOUNT, cancellation(ALICE, id)));
        assert_eq!(moved(ALICE), (0, 0, 0));
        assert_eq!(free(NEW_ACCOUNT), 0);
    });
}

#[test]
fn money_that_is_held_for_no_appointment_is_noticed() {
    run_with(paid(), || {
        book(ALICE, 0, 0);
        check();
        let reason = crate::HoldReason::Fee.into();
        assert_ok!(Balances::hold(&reason, &own(BOB), 1));
        assert!(Appointments::check_invariants().is_err());
        assert_ok!(Balances::release(&reason, &own(BOB), 1, Precision::Exact));
    });
}

#[test]
fn a_fee_without_a_receiver_stays_in_escrow() {
    run_with(paid(), || {
        let id = book(ALICE, 0, 0);
        assert_ok!(call(staff(HOSPITAL), Call::check_in { appointment: id }));
        Moneyless::mutate(|moneyless| moneyless.insert(HOSPITAL));
        let complete = || Call::complete { appointment: id };
        assert_noop!(
            call(doctor(HEART), complete()),
            Error::<Test>::NoMemberAccount
        );
        assert_eq!(moved(ALICE), (-101, 0, 101));
        Moneyless::mutate(|moneyless| moneyless.clear());
        assert_ok!(call(doctor(HEART), complete()));
    });
}
