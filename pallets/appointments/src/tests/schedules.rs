//! Schedules.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{DAY_MS, MINUTE_MS},
    PractitionerId, ScheduleId,
};

use crate::{
    mock::*,
    types::{
        Acting, NewSchedule, StaffReason, CAPACITY_MAX, SESSIONS_MAX, SLOTS_MAX, SLOT_MINUTES_MAX,
    },
    Call, Departments, Error, Event, Schedules, Sessions,
};

fn publish(schedule: NewSchedule) -> Call<Test> {
    Call::publish_schedule { schedule }
}

fn close(schedule: u32) -> Call<Test> {
    Call::close_schedule {
        schedule: ScheduleId(schedule),
    }
}

#[test]
fn a_schedule_is_published() {
    run(vec![], || {
        assert_ok!(call(staff(HOSPITAL), publish(session())));
        assert_eq!(
            Schedules::<Test>::get(ScheduleId(0)),
            Some(session().of(HOSPITAL))
        );
        assert_eq!(
            events(),
            [Event::SchedulePublished {
                schedule: ScheduleId(0),
                member: HOSPITAL,
                practitioner: HEART,
                start: tomorrow(0),
            }]
        );
        let sessions = Appointments::sessions_of(HEART);
        assert_eq!(
            (sessions[0].start, sessions[0].end),
            (tomorrow(0), tomorrow(120))
        );
    });
}

#[test]
fn schedules_out_of_bounds_are_refused() {
    run(vec![], || {
        for bad in [
            NewSchedule {
                slot_minutes: 0,
                ..session()
            },
            NewSchedule {
                slot_minutes: SLOT_MINUTES_MAX + 1,
                ..session()
            },
            NewSchedule {
                slots: 0,
                ..session()
            },
            NewSchedule {
                slots: SLOTS_MAX + 1,
                ..session()
            },
            NewSchedule {
                capacity: 0,
                ..session()
            },
            NewSchedule {
                capacity: CAPACITY_MAX + 1,
                ..session()
            },
            NewSchedule {
                start: u64::MAX - 1,
                ..session()
            },
        ] {
            assert_noop!(
                call(staff(HOSPITAL), publish(bad)),
                Error::<Test>::BadSchedule
            );
        }
        let past = NewSchedule {
            start: morning(),
            ..session()
        };
        assert_noop!(call(staff(HOSPITAL), publish(past)), Error::<Test>::InPast);
        let largest = NewSchedule {
            slot_minutes: SLOT_MINUTES_MAX,
            slots: SLOTS_MAX,
            capacity: CAPACITY_MAX,
            ..session()
        };
        assert_ok!(call(staff(HOSPITAL), publish(largest)));
    });
}

#[test]
fn a_schedule_needs_a_department_and_a_licence() {
    run(vec![], || {
        let elsewhere = NewSchedule {
            department: SURGERY,
            ..session()
        };
        assert_noop!(
            call(staff(HOSPITAL), publish(elsewhere)),
            Error::<Test>::NotLicensed
        );
        let stranger = NewSchedule {
            practitioner: SURGEON,
            ..session()
        };
        assert_noop!(
            call(staff(HOSPITAL), publish(stranger)),
            Error::<Test>::NotLicensed
        );
        let unknown = NewSchedule {
            practitioner: PractitionerId(99),
            ..session()
        };
        assert_noop!(
            call(staff(HOSPITAL), publish(unknown)),
            Error::<Test>::NotLicensed
        );
        Departments::<Test>::remove(HOSPITAL, CARDIOLOGY);
        assert_noop!(
            call(staff(HOSPITAL), publish(session())),
            Error::<Test>::UnknownDepartment
        );
    });
}

#[test]
fn a_practitioner_is_at_one_place_at_a_time() {
    // Nine to eleven tomorrow, and one to three.
    let late = NewSchedule {
        start: tomorrow(240),
        ..session()
    };
    run(vec![(HOSPITAL, late), (HOSPITAL, session())], || {
        for minutes in [-119, -30, 0, 30, 119, 121, 239, 359] {
            let start = tomorrow(0).saturating_add_signed(minutes * MINUTE_MS as i64);
            let same = NewSchedule { start, ..session() };
            assert_noop!(
                call(staff(HOSPITAL), publish(same)),
                Error::<Test>::PractitionerBusy
            );
            // Nor at another member.
            let other = NewSchedule {
                start,
                department: SURGERY,
                ..session()
            };
            assert_noop!(
                call(staff(CLINIC), publish(other)),
                Error::<Test>::PractitionerBusy
            );
        }
        // One that covers another from outside.
        let long = NewSchedule {
            start: tomorrow(0) - 30 * MINUTE_MS,
            slots: 6,
            ..session()
        };
        assert_noop!(
            call(staff(HOSPITAL), publish(long)),
            Error::<Test>::PractitionerBusy
        );
        // The gap between both, the time before and the time after are free, and so is a colleague.
        for minutes in [-120, 120, 360] {
            let start = tomorrow(0).saturating_add_signed(minutes * MINUTE_MS as i64);
            assert_ok!(call(
                staff(HOSPITAL),
                publish(NewSchedule { start, ..session() })
            ));
        }
        let colleague = NewSchedule {
            practitioner: HEART_TWO,
            ..session()
        };
        assert_ok!(call(staff(HOSPITAL), publish(colleague)));
    });
}

#[test]
fn a_practitioners_sessions_are_bounded_until_they_are_over() {
    run(vec![], || {
        let nth = |n: u64| NewSchedule {
            start: tomorrow(0) + n * DAY_MS,
            slots: 1,
            ..session()
        };
        for n in 0..u64::from(SESSIONS_MAX) {
            assert_ok!(call(staff(HOSPITAL), publish(nth(n))));
        }
        let last = nth(SESSIONS_MAX.into());
        assert_noop!(
            call(staff(HOSPITAL), publish(last.clone())),
            Error::<Test>::TooManySchedules
        );
        Now::set(tomorrow(30));
        assert_ok!(call(staff(HOSPITAL), publish(last)));
        assert_eq!(Sessions::<Test>::get(HEART).len(), SESSIONS_MAX as usize);
    });
}

#[test]
fn closing_ends_bookings_and_frees_unused_time() {
    run_with(session(), || {
        assert_noop!(
            call(staff(HOSPITAL), close(1)),
            Error::<Test>::UnknownSchedule
        );
        assert_noop!(call(staff(CLINIC), close(0)), Error::<Test>::NotStaff);
        assert_noop!(call(doctor(HEART), close(0)), Error::<Test>::NotStaff);
        assert_ok!(call(staff(HOSPITAL), close(0)));
        assert_eq!(
            events(),
            [Event::ScheduleClosed {
                schedule: ScheduleId(0),
                is_time_freed: true
            }]
        );
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 0)),
            Error::<Test>::Closed
        );
        assert_noop!(call(staff(HOSPITAL), close(0)), Error::<Test>::Closed);
        assert_ok!(call(staff(HOSPITAL), publish(session())));
    });
}

#[test]
fn a_closed_schedule_keeps_its_appointments_and_their_time() {
    run_with(session(), || {
        let id = book(ALICE, 0, 1);
        events();
        assert_ok!(call(staff(HOSPITAL), close(0)));
        assert_eq!(
            events(),
            [Event::ScheduleClosed {
                schedule: ScheduleId(0),
                is_time_freed: false
            }]
        );
        assert_noop!(
            call(staff(HOSPITAL), publish(session())),
            Error::<Test>::PractitionerBusy
        );
        assert_noop!(call(staff(HOSPITAL), close(0)), Error::<Test>::Closed);
        let acting = Acting::Staff(StaffReason::ScheduleChanged);
        assert_ok!(call(
            staff(HOSPITAL),
            Call::cancel {
                appointment: id,
                acting
            }
        ));
        assert_ok!(call(staff(HOSPITAL), close(0)));
        assert_ok!(call(staff(HOSPITAL), publish(session())));
    });
}
