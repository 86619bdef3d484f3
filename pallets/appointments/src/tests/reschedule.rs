//! Moving an appointment to another slot.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{DAY_MS, MINUTE_MS},
    AppointmentId, MemberId, PatientId, ScheduleId,
};

use crate::{
    mock::*,
    states::AppointmentState,
    types::{Acting, NewSchedule, StaffReason},
    Call, Error, Event, Slots,
};

const ASKED: Acting = Acting::Staff(StaffReason::PatientRequest);

fn to(id: AppointmentId, schedule: u32, slot: u16, acting: Acting) -> Call<Test> {
    Call::reschedule {
        appointment: id,
        schedule: ScheduleId(schedule),
        slot,
        acting,
    }
}

fn by(patient: PatientId) -> Acting {
    Acting::Patient(patient)
}

/// Tomorrow morning, tomorrow evening with a colleague, and the surgeon's at the clinic.
fn schedules() -> Vec<(MemberId, NewSchedule)> {
    let evening = NewSchedule {
        practitioner: HEART_TWO,
        start: tomorrow(600),
        ..session()
    };
    let surgery = NewSchedule {
        practitioner: SURGEON,
        department: SURGERY,
        ..session()
    };
    vec![
        (HOSPITAL, session()),
        (HOSPITAL, evening),
        (CLINIC, surgery),
    ]
}

#[test]
fn a_patient_moves_a_confirmed_appointment() {
    run(schedules(), || {
        let id = book(ALICE, 0, 0);
        assert_ok!(call(staff(HOSPITAL), Call::confirm { appointment: id }));
        events();
        assert_ok!(call(carer(ALICE), to(id, 1, 2, by(ALICE))));
        let moved = stored(id);
        assert_eq!(moved.state, AppointmentState::Booked);
        assert_eq!((moved.schedule, moved.slot), (ScheduleId(1), 2));
        assert_eq!(
            (moved.practitioner, moved.start),
            (HEART_TWO, tomorrow(660))
        );
        assert_eq!(moved.terms.cancel_by, tomorrow(600));
        assert!(!Slots::<Test>::contains_key((ScheduleId(0), 0)));
        let rescheduled = Event::Rescheduled {
            appointment: id,
            schedule: ScheduleId(1),
            slot: 2,
            acting: by(ALICE),
            by: carer(ALICE),
        };
        assert_eq!(events(), [rescheduled]);
    });
}

#[test]
fn an_appointment_does_not_stand_in_its_own_way() {
    // Slots of an hour that begin every half hour would overlap: two schedules do.
    let shifted = NewSchedule {
        practitioner: HEART_TWO,
        start: tomorrow(15),
        ..session()
    };
    run(vec![(HOSPITAL, session()), (HOSPITAL, shifted)], || {
        let id = book(ALICE, 0, 0);
        book(ALICE, 0, 2);
        // It overlaps only itself, and is one of the two of the day.
        assert_ok!(call(own(ALICE), to(id, 1, 0, by(ALICE))));
        assert_noop!(
            call(own(ALICE), to(id, 1, 1, by(ALICE))),
            Error::<Test>::Overlap
        );
        assert_noop!(
            call(staff(HOSPITAL), to(id, 1, 1, ASKED)),
            Error::<Test>::Overlap
        );
    });
}

#[test]
fn only_the_parties_move_it() {
    run(schedules(), || {
        let id = book(ALICE, 0, 0);
        assert_noop!(
            call(own(BOB), to(id, 0, 1, by(ALICE))),
            Error::<Test>::NotForPatient
        );
        assert_noop!(
            call(reader(ALICE), to(id, 0, 1, by(ALICE))),
            Error::<Test>::NotForPatient
        );
        assert_noop!(
            call(own(BOB), to(id, 0, 1, by(BOB))),
            Error::<Test>::OtherPatient
        );
        assert_noop!(
            call(staff(HOSPITAL), to(id, 0, 1, by(ALICE))),
            Error::<Test>::NotForPatient
        );
        for stranger in [staff(CLINIC), own(ALICE), doctor(HEART)] {
            assert_noop!(call(stranger, to(id, 0, 1, ASKED)), Error::<Test>::NotStaff);
        }
        let unknown = AppointmentId(9);
        assert_noop!(
            call(own(ALICE), to(unknown, 0, 1, by(ALICE))),
            Error::<Test>::UnknownAppointment
        );
    });
}

#[test]
fn the_new_place_must_be_another_free_one_of_the_member() {
    run(schedules(), || {
        let id = book(ALICE, 0, 0);
        assert_noop!(
            call(own(ALICE), to(id, 0, 0, by(ALICE))),
            Error::<Test>::SameSlot
        );
        assert_noop!(
            call(own(ALICE), to(id, 2, 0, by(ALICE))),
            Error::<Test>::OtherMember
        );
        assert_noop!(
            call(own(ALICE), to(id, 9, 0, by(ALICE))),
            Error::<Test>::UnknownSchedule
        );
        assert_noop!(
            call(own(ALICE), to(id, 0, 9, by(ALICE))),
            Error::<Test>::UnknownSlot
        );
        book(BOB, 0, 1);
        book(CAROL, 0, 1);
        assert_noop!(
            call(own(ALICE), to(id, 0, 1, by(ALICE))),
            Error::<Test>::SlotFull
        );
        assert_noop!(
            call(staff(HOSPITAL), to(id, 0, 1, ASKED)),
            Error::<Test>::SlotFull
        );
        let close = Call::close_schedule {
            schedule: ScheduleId(1),
        };
        assert_ok!(call(staff(HOSPITAL), close));
        assert_noop!(
            call(staff(HOSPITAL), to(id, 1, 0, ASKED)),
            Error::<Test>::Closed
        );
    });
}

#[test]
fn the_limit_binds_the_patient_not_the_staff() {
    run(schedules(), || {
        let early = book(ALICE, 0, 0);
        let late = book(BOB, 0, 0);
        let limit = tomorrow(0) - 60 * MINUTE_MS;
        Now::set(limit);
        assert_ok!(call(own(ALICE), to(early, 0, 3, by(ALICE))));
        Now::set(limit + 1);
        assert_noop!(
            call(own(BOB), to(late, 0, 3, by(BOB))),
            Error::<Test>::TooLate
        );
        assert_ok!(call(staff(HOSPITAL), to(late, 0, 3, ASKED)));
    });
}

#[test]
fn staff_pass_over_window_and_day_limit() {
    let far = NewSchedule {
        start: tomorrow(0) + 30 * DAY_MS,
        ..session()
    };
    run(vec![(HOSPITAL, session()), (HOSPITAL, far)], || {
        let id = book(ALICE, 0, 0);
        assert_noop!(
            call(own(ALICE), to(id, 1, 0, by(ALICE))),
            Error::<Test>::OutsideWindow
        );
        assert_ok!(call(staff(HOSPITAL), to(id, 1, 0, ASKED)));
        book(ALICE, 0, 0);
        book(ALICE, 0, 1);
        assert_noop!(
            call(own(ALICE), to(id, 0, 2, by(ALICE))),
            Error::<Test>::DayLimit
        );
        assert_ok!(call(staff(HOSPITAL), to(id, 0, 2, ASKED)));
    });
}

#[test]
fn who_was_moved_after_the_limit_may_still_cancel() {
    run(schedules(), || {
        let id = book(ALICE, 1, 0);
        Now::set(tomorrow(0) - MINUTE_MS);
        assert_ok!(call(staff(HOSPITAL), to(id, 0, 0, ASKED)));
        assert_eq!(stored(id).terms.cancel_by, tomorrow(0));
        events();
        cancel(ALICE, id);
        assert!(matches!(
            events()[..],
            [Event::Cancelled { is_late: false, .. }]
        ));
    });
}

#[test]
fn only_what_is_booked_or_confirmed_moves() {
    run(schedules(), || {
        let arrived = book(ALICE, 0, 0);
        assert_ok!(call(
            staff(HOSPITAL),
            Call::check_in {
                appointment: arrived
            }
        ));
        let cancelled = book(ALICE, 0, 1);
        cancel(ALICE, cancelled);
        book(BOB, 0, 0);
        let waiting = wait(CAROL, 0, 0);
        for id in [arrived, cancelled, waiting] {
            let acting = by(stored(id).patient);
            let signer = own(stored(id).patient);
            assert_noop!(
                call(signer, to(id, 1, 0, acting)),
                Error::<Test>::WrongState
            );
            assert_noop!(
                call(staff(HOSPITAL), to(id, 1, 0, ASKED)),
                Error::<Test>::WrongState
            );
        }
    });
}

#[test]
fn an_appointment_long_forgotten_can_be_moved_by_staff() {
    let later = NewSchedule {
        start: tomorrow(0) + 5 * DAY_MS,
        ..session()
    };
    run(vec![(HOSPITAL, session()), (HOSPITAL, later)], || {
        let id = book(ALICE, 0, 0);
        Now::set(tomorrow(0) + 2 * DAY_MS);
        // The agenda has forgotten it by now.
        book(ALICE, 1, 0);
        assert_noop!(
            call(own(ALICE), to(id, 1, 1, by(ALICE))),
            Error::<Test>::TooLate
        );
        assert_ok!(call(staff(HOSPITAL), to(id, 1, 1, ASKED)));
    });
}
