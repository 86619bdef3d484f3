//! Confirming, checking in, completing and not coming.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    glue::{Visit, VisitState, Visits},
    AppointmentId,
};

use crate::{
    mock::*,
    states::{AppointmentState, Step},
    Call, Error, Event, Slots,
};

fn confirm(appointment: AppointmentId) -> Call<Test> {
    Call::confirm { appointment }
}

fn check_in(appointment: AppointmentId) -> Call<Test> {
    Call::check_in { appointment }
}

fn complete(appointment: AppointmentId) -> Call<Test> {
    Call::complete { appointment }
}

fn mark_no_show(appointment: AppointmentId) -> Call<Test> {
    Call::mark_no_show { appointment }
}

#[test]
fn a_visit_takes_its_course() {
    run_with(session(), || {
        let id = book_with_grant(ALICE, 0, 0);
        events();
        assert_ok!(call(tablet(HEART), confirm(id)));
        assert_eq!(stored(id).state, AppointmentState::Confirmed);
        assert_ok!(call(staff(HOSPITAL), check_in(id)));
        assert_eq!(stored(id).state, AppointmentState::Arrived);
        assert_eq!(Ended::get(), []);
        Now::set(tomorrow(20));
        assert_ok!(call(tablet(HEART), complete(id)));
        assert_eq!(stored(id).state, AppointmentState::Fulfilled);
        assert_eq!(Ended::get(), [(ALICE, GRANT)]);
        assert_eq!(
            events(),
            [
                Event::Confirmed {
                    appointment: id,
                    by: tablet(HEART)
                },
                Event::CheckedIn {
                    appointment: id,
                    by: staff(HOSPITAL)
                },
                Event::Fulfilled {
                    appointment: id,
                    by: tablet(HEART)
                },
            ]
        );
        // The place is not sold again.
        assert_eq!(
            Slots::<Test>::get((stored(id).schedule, 0)).taken.to_vec(),
            [id]
        );
    });
}

#[test]
fn who_may_do_what() {
    run_with(session(), || {
        let id = book(ALICE, 0, 0);
        for stranger in [own(ALICE), staff(CLINIC), doctor(HEART_TWO)] {
            assert_noop!(call(stranger, confirm(id)), Error::<Test>::NotPractitioner);
        }
        for stranger in [own(ALICE), staff(CLINIC), doctor(HEART)] {
            assert_noop!(call(stranger, check_in(id)), Error::<Test>::NotStaff);
            assert_noop!(call(stranger, mark_no_show(id)), Error::<Test>::NotStaff);
        }
        assert_ok!(call(main_account(HOSPITAL), confirm(id)));
        assert_ok!(call(main_account(HOSPITAL), check_in(id)));
        for stranger in [own(ALICE), staff(HOSPITAL), doctor(HEART_TWO)] {
            assert_noop!(call(stranger, complete(id)), Error::<Test>::NotPractitioner);
        }
        Unlicensed::mutate(|unlicensed| unlicensed.insert(HEART));
        assert_noop!(
            call(doctor(HEART), complete(id)),
            Error::<Test>::NotPractitioner
        );
    });
}

#[test]
fn a_no_show_is_marked_after_the_grace() {
    run_with(session(), || {
        let id = book_with_grant(ALICE, 0, 0);
        events();
        Now::set(tomorrow(10) - 1);
        assert_noop!(
            call(staff(HOSPITAL), mark_no_show(id)),
            Error::<Test>::TooEarly
        );
        Now::set(tomorrow(10));
        assert_ok!(call(staff(HOSPITAL), mark_no_show(id)));
        assert_eq!(stored(id).state, AppointmentState::NoShow);
        assert_eq!(Ended::get(), [(ALICE, GRANT)]);
        assert_eq!(
            events(),
            [Event::NoShow {
                appointment: id,
                by: staff(HOSPITAL)
            }]
        );
        // Final: a late arrival changes nothing.
        assert_noop!(
            call(staff(HOSPITAL), check_in(id)),
            Error::<Test>::WrongState
        );
    });
}

#[test]
fn who_is_late_but_comes_within_patience_is_seen() {
    run_with(session(), || {
        let id = book(ALICE, 0, 0);
        Now::set(tomorrow(45));
        assert_ok!(call(staff(HOSPITAL), check_in(id)));
        assert_noop!(
            call(staff(HOSPITAL), mark_no_show(id)),
            Error::<Test>::WrongState
        );
        assert_ok!(call(doctor(HEART), complete(id)));
    });
}

#[test]
fn a_visit_without_a_grant_ends_none() {
    run_with(session(), || {
        let id = book(ALICE, 0, 0);
        assert_ok!(call(staff(HOSPITAL), check_in(id)));
        assert_ok!(call(doctor(HEART), complete(id)));
        assert_eq!(Ended::get(), []);
    });
}

#[test]
fn others_see_the_visit_behind_an_appointment() {
    run_with(session(), || {
        let visit = <Appointments as Visits>::visit;
        assert_eq!(visit(AppointmentId(0)), None);
        let id = book(ALICE, 0, 1);
        let planned = Visit {
            patient: ALICE,
            member: HOSPITAL,
            practitioner: HEART,
            start: tomorrow(30),
            state: VisitState::Planned,
        };
        let with = |state| Some(Visit { state, ..planned });
        assert_eq!(visit(id), Some(planned));
        assert_ok!(call(doctor(HEART), confirm(id)));
        assert_eq!(visit(id), Some(planned));
        assert_ok!(call(staff(HOSPITAL), check_in(id)));
        assert_eq!(visit(id), with(VisitState::Arrived));
        assert_ok!(call(doctor(HEART), complete(id)));
        assert_eq!(visit(id), with(VisitState::Fulfilled));

        let missed = book(BOB, 0, 1);
        let off = book(CAROL, 0, 0);
        cancel(CAROL, off);
        Now::set(tomorrow(40));
        assert_ok!(call(staff(HOSPITAL), mark_no_show(missed)));
        for id in [missed, off] {
            assert_eq!(visit(id).unwrap().state, VisitState::Off);
        }
    });
}

#[test]
fn a_waiting_appointment_has_no_visit() {
    run_with(session(), || {
        book(ALICE, 0, 0);
        book(BOB, 0, 0);
        let id = wait(CAROL, 0, 0);
        Now::set(tomorrow(60));
        assert_noop!(
            call(staff(HOSPITAL), confirm(id)),
            Error::<Test>::WrongState
        );
        assert_noop!(
            call(staff(HOSPITAL), check_in(id)),
            Error::<Test>::WrongState
        );
        assert_noop!(call(doctor(HEART), complete(id)), Error::<Test>::WrongState);
        assert_noop!(
            call(staff(HOSPITAL), mark_no_show(id)),
            Error::<Test>::WrongState
        );
    });
}

#[test]
fn unknown_appointments_are_refused() {
    run_with(session(), || {
        let id = AppointmentId(3);
        for call_ in [confirm(id), check_in(id), complete(id), mark_no_show(id)] {
            assert_noop!(
                call(staff(HOSPITAL), call_),
                Error::<Test>::UnknownAppointment
            );
        }
    });
}

/// The table of the domain, written out a second time.
#[test]
fn the_table_of_states_is_complete() {
    use AppointmentState::*;
    let table = [
        (Waitlisted, Step::Promote, Booked),
        (Booked, Step::Confirm, Confirmed),
        (Booked, Step::Reschedule, Booked),
        (Confirmed, Step::Reschedule, Booked),
        (Booked, Step::Cancel, Cancelled),
        (Confirmed, Step::Cancel, Cancelled),
        (Waitlisted, Step::Cancel, Cancelled),
        (Booked, Step::CheckIn, Arrived),
        (Confirmed, Step::CheckIn, Arrived),
        (Arrived, Step::Complete, Fulfilled),
        (Booked, Step::MarkNoShow, NoShow),
        (Confirmed, Step::MarkNoShow, NoShow),
    ];
    let steps = [
        Step::Promote,
        Step::Confirm,
        Step::Reschedule,
        Step::Cancel,
        Step::CheckIn,
        Step::Complete,
        Step::MarkNoShow,
    ];
    for from in [
        Booked, Waitlisted, Confirmed, Arrived, Fulfilled, NoShow, Cancelled,
    ] {
        for step in steps {
            let expected = table
                .iter()
                .find(|(state, by, _)| (*state, *by) == (from, step))
                .map(|(_, _, to)| *to);
            assert_eq!(from.after(step), expected, "{from:?} {step:?}");
        }
    }
}
