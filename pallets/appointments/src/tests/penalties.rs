//! Late cancellations, no-shows and the block they bring.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{Moment, DAY_MS, MINUTE_MS},
    MemberId,
};

use crate::{mock::*, types::NewSchedule, Agendas, Call, Error, Event, PenaltiesOf};

/// A morning on each of the next thirty days.
fn daily() -> Vec<(MemberId, NewSchedule)> {
    (0..30)
        .map(|day| {
            (
                HOSPITAL,
                NewSchedule {
                    start: nine(day),
                    ..session()
                },
            )
        })
        .collect()
}

/// Nine o'clock, so many days after tomorrow.
fn nine(day: u64) -> Moment {
    tomorrow(0) + day * DAY_MS
}

/// Books the first slot of a day and does not come.
fn miss(day: u32) {
    Now::set(nine(day.into()) - 2 * 60 * MINUTE_MS);
    let id = book(ALICE, day, 0);
    Now::set(nine(day.into()) + 10 * MINUTE_MS);
    assert_ok!(call(
        staff(HOSPITAL),
        Call::mark_no_show { appointment: id }
    ));
}

/// Books the second slot of a day and cancels it late.
fn waste(day: u32) {
    Now::set(nine(day.into()));
    let id = book(ALICE, day, 1);
    cancel(ALICE, id);
}

#[test]
fn two_no_shows_in_the_period_bring_a_block() {
    run(daily(), || {
        miss(0);
        events();
        miss(1);
        let until = Now::get() + 5 * DAY_MS;
        let blocked = Event::PatientBlocked {
            patient: ALICE,
            member: HOSPITAL,
            until,
        };
        assert!(events().contains(&blocked));
        assert_eq!(Appointments::blocked_until(ALICE, HOSPITAL), Some(until));
        assert_noop!(
            call(own(ALICE), booking(ALICE, 6, 0)),
            Error::<Test>::Blocked
        );
        Now::set(until - 1);
        assert_noop!(
            call(own(ALICE), booking(ALICE, 6, 3)),
            Error::<Test>::Blocked
        );
        Now::set(until);
        assert_eq!(Appointments::blocked_until(ALICE, HOSPITAL), None);
        book(ALICE, 6, 3);
    });
}

#[test]
fn faults_outside_the_period_do_not_count() {
    run(daily(), || {
        miss(0);
        // Ten days later, to the millisecond.
        miss(10);
        assert_eq!(Appointments::blocked_until(ALICE, HOSPITAL), None);
        miss(19);
        assert!(Appointments::blocked_until(ALICE, HOSPITAL).is_some());
    });
}

#[test]
fn each_kind_is_counted_by_itself() {
    run(daily(), || {
        miss(0);
        waste(1);
        assert_eq!(Appointments::blocked_until(ALICE, HOSPITAL), None);
        waste(2);
        assert!(Appointments::blocked_until(ALICE, HOSPITAL).is_some());
    });
}

#[test]
fn a_fault_counts_towards_one_block_only() {
    run(daily(), || {
        miss(0);
        miss(1);
        // The block is over, the period is not.
        miss(7);
        assert_eq!(Appointments::blocked_until(ALICE, HOSPITAL), None);
        miss(8);
        assert!(Appointments::blocked_until(ALICE, HOSPITAL).is_some());
    });
}

#[test]
fn a_block_is_a_members_own() {
    let surgery = NewSchedule {
        practitioner: SURGEON,
        department: SURGERY,
        start: nine(3),
        ..session()
    };
    let schedules = daily().into_iter().chain([(CLINIC, surgery)]).collect();
    run(schedules, || {
        miss(0);
        miss(1);
        assert_noop!(
            call(own(ALICE), booking(ALICE, 3, 0)),
            Error::<Test>::Blocked
        );
        assert!(Agendas::<Test>::get(ALICE).unblocked_from > Now::get());
        book(ALICE, 30, 0);
        book(BOB, 3, 0);
    });
}

#[test]
fn a_block_leaves_what_was_booked_but_not_where_it_moves() {
    run(daily(), || {
        Now::set(nine(0) - DAY_MS);
        let id = book(ALICE, 5, 0);
        miss(0);
        miss(1);
        let away = Call::reschedule {
            appointment: id,
            schedule: xinglin_primitives::ScheduleId(6),
            slot: 0,
            acting: crate::types::Acting::Patient(ALICE),
        };
        assert_noop!(call(own(ALICE), away), Error::<Test>::Blocked);
        assert_ok!(call(staff(HOSPITAL), Call::check_in { appointment: id }));
    });
}

#[test]
fn what_is_remembered_is_bounded() {
    run(daily(), || {
        crate::Rules::<Test>::remove(HOSPITAL);
        let rules = crate::rules::BookingRules {
            late_cancels_max: 0,
            period_days: 3_660,
            ..rules()
        };
        let publish = Call::publish_rules { from: TODAY, rules };
        assert_ok!(call(staff(HOSPITAL), publish));
        for day in 0..20 {
            waste(day);
        }
        let remembered = PenaltiesOf::<Test>::get(ALICE, HOSPITAL).late_cancels;
        assert_eq!(remembered.len(), crate::penalties::FAULTS_MAX as usize);
        assert_eq!(remembered.last(), Some(&nine(19)));
        assert_eq!(Appointments::blocked_until(ALICE, HOSPITAL), None);
    });
}
