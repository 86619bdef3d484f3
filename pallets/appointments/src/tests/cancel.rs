//! Calling an appointment off.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{HOUR_MS, MINUTE_MS},
    AppointmentId,
};

use crate::{
    mock::*,
    rules::{BookingRules, LatestCancellation, ABANDONED_MS},
    states::AppointmentState,
    types::{Acting, NewSchedule, StaffReason},
    Agendas, Call, Error, Event, Rules, Slots,
};

fn by_staff(appointment: AppointmentId) -> Call<Test> {
    Call::cancel {
        appointment,
        acting: Acting::Staff(StaffReason::PractitionerUnavailable),
    }
}

fn is_late() -> bool {
    let late = events().into_iter().find_map(|event| match event {
        Event::Cancelled { is_late, .. } => Some(is_late),
        _ => None,
    });
    late.unwrap()
}

#[test]
fn a_patient_cancels_in_time() {
    run_with(session(), || {
        let id = book_with_grant(ALICE, 0, 0);
        events();
        let acting = Acting::Patient(ALICE);
        assert_ok!(call(carer(ALICE), cancellation(ALICE, id)));
        assert_eq!(
            events(),
            [Event::Cancelled {
                appointment: id,
                acting,
                is_late: false,
                by: carer(ALICE)
            }]
        );
        assert_eq!(stored(id).state, AppointmentState::Cancelled);
        assert_eq!(Slots::<Test>::iter().count(), 0);
        assert!(Agendas::<Test>::get(ALICE).entries.is_empty());
        assert_eq!(Ended::get(), [(ALICE, GRANT)]);
        book(ALICE, 0, 0);
    });
}

#[test]
fn only_the_parties_cancel() {
    run_with(session(), || {
        let id = book(ALICE, 0, 0);
        assert_noop!(
            call(own(BOB), cancellation(ALICE, id)),
            Error::<Test>::NotForPatient
        );
        assert_noop!(
            call(own(BOB), cancellation(BOB, id)),
            Error::<Test>::OtherPatient
        );
        assert_noop!(call(staff(CLINIC), by_staff(id)), Error::<Test>::NotStaff);
        assert_noop!(call(own(ALICE), by_staff(id)), Error::<Test>::NotStaff);
        assert_noop!(call(doctor(HEART), by_staff(id)), Error::<Test>::NotStaff);
        assert_noop!(
            call(own(ALICE), cancellation(ALICE, AppointmentId(5))),
            Error::<Test>::UnknownAppointment
        );
        assert_eq!(Ended::get(), []);
    });
}

#[test]
fn minutes_before_the_slot_are_counted_from_its_start() {
    run_with(session(), || {
        let (first, second) = (book(ALICE, 0, 0), book(BOB, 0, 0));
        events();
        Now::set(tomorrow(0) - 60 * MINUTE_MS);
        cancel(ALICE, first);
        assert!(!is_late());
        Now::set(tomorrow(0) - 60 * MINUTE_MS + 1);
        cancel(BOB, second);
        assert!(is_late());
    });
}

#[test]
fn a_time_of_the_day_before_holds_for_all_slots_of_the_day() {
    run_with(session(), || {
        let latest_cancellation = LatestCancellation::DayBefore(16 * 60);
        Rules::<Test>::remove(HOSPITAL);
        let rules = BookingRules {
            latest_cancellation,
            ..rules()
        };
        assert_ok!(call(
            staff(HOSPITAL),
            Call::publish_rules { from: TODAY, rules }
        ));
        let (first, last) = (book(ALICE, 0, 0), book(BOB, 0, 3));
        events();
        Now::set(TODAY.start() + 16 * HOUR_MS);
        cancel(ALICE, first);
        assert!(!is_late());
        Now::set(TODAY.start() + 16 * HOUR_MS + 1);
        cancel(BOB, last);
        assert!(is_late());
    });
}

#[test]
fn terms_are_those_of_the_day_of_booking() {
    run_with(session(), || {
        let strict = BookingRules {
            latest_cancellation: LatestCancellation::DayBefore(0),
            ..rules()
        };
        let from = xinglin_primitives::time::Date(TODAY.0 + 1);
        assert_ok!(call(
            staff(HOSPITAL),
            Call::publish_rules {
                from,
                rules: strict
            }
        ));
        let before = book(ALICE, 0, 0);
        Now::set(from.start());
        let after = book(BOB, 0, 0);
        events();
        cancel(ALICE, before);
        assert!(!is_late());
        cancel(BOB, after);
        assert!(is_late());
    });
}

#[test]
fn once_the_slot_has_begun_only_staff_cancel() {
    run_with(session(), || {
        let id = book(ALICE, 0, 0);
        events();
        Now::set(tomorrow(0));
        assert_noop!(
            call(own(ALICE), cancellation(ALICE, id)),
            Error::<Test>::SlotBegun
        );
        assert_ok!(call(staff(HOSPITAL), by_staff(id)));
        assert!(!is_late());
    });
}

#[test]
fn what_nobody_ended_the_patient_may_cancel_after_a_week() {
    run_with(
        NewSchedule {
            fee_fen: 100,
            ..session()
        },
        || {
            let id = book(ALICE, 0, 0);
            events();
            Now::set(tomorrow(0) + ABANDONED_MS - 1);
            assert_noop!(
                call(own(ALICE), cancellation(ALICE, id)),
                Error::<Test>::SlotBegun
            );
            Now::set(tomorrow(0) + ABANDONED_MS);
            cancel(ALICE, id);
            assert!(!is_late());
            assert_eq!((free(own(ALICE)), held(own(ALICE))), (FUNDS_FEN, 0));
        },
    );
}

#[test]
fn a_place_on_the_waitlist_can_always_be_given_up() {
    run_with(session(), || {
        book(ALICE, 0, 0);
        book(BOB, 0, 0);
        let id = wait(CAROL, 0, 0);
        events();
        Now::set(tomorrow(600));
        cancel(CAROL, id);
        assert!(!is_late());
        assert!(Slots::<Test>::get((stored(id).schedule, 0))
            .waiting
            .is_empty());
    });
}

#[test]
fn what_has_arrived_or_ended_is_not_cancelled() {
    run_with(session(), || {
        let id = book(ALICE, 0, 0);
        assert_ok!(call(staff(HOSPITAL), Call::check_in { appointment: id }));
        assert_noop!(
            call(own(ALICE), cancellation(ALICE, id)),
            Error::<Test>::WrongState
        );
        assert_noop!(
            call(staff(HOSPITAL), by_staff(id)),
            Error::<Test>::WrongState
        );
        assert_ok!(call(doctor(HEART), Call::complete { appointment: id }));
        assert_noop!(
            call(staff(HOSPITAL), by_staff(id)),
            Error::<Test>::WrongState
        );
        let other = book(BOB, 0, 0);
        cancel(BOB, other);
        assert_noop!(
            call(own(BOB), cancellation(BOB, other)),
            Error::<Test>::WrongState
        );
    });
}

#[test]
fn a_patient_leaves_a_suspended_member() {
    run_with(session(), || {
        let id = book(ALICE, 0, 0);
        Suspended::mutate(|suspended| suspended.insert(HOSPITAL));
        assert_noop!(call(staff(HOSPITAL), by_staff(id)), Error::<Test>::NotStaff);
        cancel(ALICE, id);
    });
}
