//! Waiting for a place.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{Date, MINUTE_MS},
    AppointmentId, PatientId, ScheduleId,
};

use crate::{
    mock::*,
    rules::BookingRules,
    states::AppointmentState,
    types::{Acting, NewSchedule, StaffReason, WAITLIST_MAX},
    weights::{Estimated, WeightInfo},
    Call, Error, Event, Slots,
};

const ASKED: Acting = Acting::Staff(StaffReason::PatientRequest);

/// One place per slot.
fn single() -> NewSchedule {
    NewSchedule {
        capacity: 1,
        ..session()
    }
}

fn state(id: AppointmentId) -> AppointmentState {
    stored(id).state
}

fn waiting(slot: u16) -> Vec<AppointmentId> {
    Slots::<Test>::get((ScheduleId(0), slot)).waiting.to_vec()
}

fn join(patient: PatientId, slot: u16) -> Call<Test> {
    Call::book {
        patient,
        schedule: ScheduleId(0),
        slot,
        waitlist: true,
        pre_visit_grant: None,
    }
}

#[test]
fn the_first_who_waits_gets_the_place() {
    run_with(single(), || {
        let first = book(ALICE, 0, 0);
        events();
        let (second, third) = (wait(BOB, 0, 0), wait(CAROL, 0, 0));
        let joined = |appointment, patient| Event::Waitlisted {
            appointment,
            patient,
            practitioner: HEART,
            member: HOSPITAL,
            schedule: ScheduleId(0),
            slot: 0,
            by: own(patient),
        };
        assert_eq!(events(), [joined(second, BOB), joined(third, CAROL)]);
        assert_eq!(state(second), AppointmentState::Waitlisted);
        cancel(ALICE, first);
        assert_eq!(state(second), AppointmentState::Booked);
        assert_eq!(waiting(0), [third]);
        assert!(events().contains(&Event::Promoted {
            appointment: second,
            patient: BOB
        }));
        cancel(BOB, second);
        assert_eq!(state(third), AppointmentState::Booked);
        assert_eq!(
            Slots::<Test>::get((ScheduleId(0), 0)).taken.to_vec(),
            [third]
        );
    });
}

#[test]
fn who_asks_for_the_waitlist_of_a_free_slot_is_booked() {
    run_with(single(), || {
        let id = wait(ALICE, 0, 0);
        assert_eq!(state(id), AppointmentState::Booked);
        assert_eq!(waiting(0), []);
    });
}

#[test]
fn moving_away_frees_the_place_too() {
    run_with(single(), || {
        let first = book(ALICE, 0, 0);
        let second = wait(BOB, 0, 0);
        let away = Call::reschedule {
            appointment: first,
            schedule: ScheduleId(0),
            slot: 1,
            acting: Acting::Patient(ALICE),
        };
        assert_ok!(call(own(ALICE), away));
        assert_eq!(state(second), AppointmentState::Booked);
    });
}

#[test]
fn leaving_the_waitlist_promotes_nobody() {
    run_with(single(), || {
        book(ALICE, 0, 0);
        let (second, third) = (wait(BOB, 0, 0), wait(CAROL, 0, 0));
        cancel(BOB, second);
        assert_eq!(state(third), AppointmentState::Waitlisted);
        assert_eq!(waiting(0), [third]);
    });
}

#[test]
fn a_waitlist_is_bounded() {
    run_with(single(), || {
        book(ALICE, 0, 0);
        for n in 0..u64::from(WAITLIST_MAX) {
            wait(PatientId(n + 2), 0, 0);
        }
        let last = PatientId(u64::from(WAITLIST_MAX) + 2);
        assert_noop!(call(own(last), join(last, 0)), Error::<Test>::WaitlistFull);
        assert_noop!(
            call(own(last), booking(last, 0, 0)),
            Error::<Test>::SlotFull
        );
    });
}

#[test]
fn one_waits_once_and_only_for_what_one_could_book() {
    run_with(single(), || {
        let first = book(ALICE, 0, 0);
        assert_noop!(call(own(ALICE), join(ALICE, 0)), Error::<Test>::Overlap);
        wait(BOB, 0, 0);
        assert_noop!(call(own(BOB), join(BOB, 0)), Error::<Test>::AlreadyWaiting);
        // Nor by moving another appointment there, nor by booking it when it is free.
        let other = book(BOB, 0, 1);
        let back = |acting| Call::reschedule {
            appointment: other,
            schedule: ScheduleId(0),
            slot: 0,
            acting,
        };
        let patient = Acting::Patient(BOB);
        assert_noop!(call(own(BOB), back(patient)), Error::<Test>::AlreadyWaiting);
        assert_noop!(
            call(staff(HOSPITAL), back(ASKED)),
            Error::<Test>::AlreadyWaiting
        );
        assert_eq!(state(first), AppointmentState::Booked);
    });
}

#[test]
fn waiting_takes_no_time_and_no_place_of_the_day() {
    let colleague = NewSchedule {
        practitioner: HEART_TWO,
        ..single()
    };
    run(vec![(HOSPITAL, single()), (HOSPITAL, colleague)], || {
        book(ALICE, 0, 0);
        let id = wait(BOB, 0, 0);
        // The same time, and two of two of the day.
        book(BOB, 1, 0);
        book(BOB, 1, 1);
        assert_eq!(state(id), AppointmentState::Waitlisted);
    });
}

#[test]
fn who_no_longer_qualifies_is_passed_over_and_keeps_waiting() {
    let colleague = NewSchedule {
        practitioner: HEART_TWO,
        ..single()
    };
    run(vec![(HOSPITAL, single()), (HOSPITAL, colleague)], || {
        let first = book(ALICE, 0, 0);
        let overlapping = wait(BOB, 0, 0);
        book(BOB, 1, 0);
        let limited = wait(CAROL, 0, 0);
        book(CAROL, 1, 1);
        book(CAROL, 1, 2);
        let next = wait(DAVE, 0, 0);
        cancel(ALICE, first);
        assert_eq!(state(overlapping), AppointmentState::Waitlisted);
        assert_eq!(state(limited), AppointmentState::Waitlisted);
        assert_eq!(state(next), AppointmentState::Booked);
        assert_eq!(waiting(0), [overlapping, limited]);
    });
}

#[test]
fn a_blocked_patient_is_passed_over() {
    run_with(
        NewSchedule {
            capacity: 1,
            slots: 8,
            ..session()
        },
        || {
            let first = book(ALICE, 0, 7);
            let waits = wait(BOB, 0, 7);
            let next = wait(CAROL, 0, 7);
            let (one, two) = (book(BOB, 0, 0), book(BOB, 0, 1));
            Now::set(tomorrow(0) - MINUTE_MS);
            cancel(BOB, one);
            cancel(BOB, two);
            assert!(Appointments::blocked_until(BOB, HOSPITAL).is_some());
            cancel(ALICE, first);
            assert_eq!(state(waits), AppointmentState::Waitlisted);
            assert_eq!(state(next), AppointmentState::Booked);
        },
    );
}

#[test]
fn a_suspended_patient_is_passed_over() {
    run_with(single(), || {
        let first = book(ALICE, 0, 0);
        let (suspended, next) = (wait(BOB, 0, 0), wait(CAROL, 0, 0));
        SuspendedPatients::mutate(|patients| patients.insert(BOB));
        cancel(ALICE, first);
        assert_eq!(state(suspended), AppointmentState::Waitlisted);
        assert_eq!(state(next), AppointmentState::Booked);
    });
}

#[test]
fn who_cannot_pay_is_passed_over() {
    let fee = NewSchedule {
        fee_fen: 600,
        ..single()
    };
    let other = NewSchedule {
        practitioner: HEART_TWO,
        start: tomorrow(600),
        ..fee.clone()
    };
    run(vec![(HOSPITAL, fee), (HOSPITAL, other)], || {
        let first = book(ALICE, 0, 0);
        let poor = wait(BOB, 0, 0);
        assert_eq!(held(own(BOB)), 0);
        let elsewhere = book(BOB, 1, 0);
        let next = wait(CAROL, 0, 0);
        cancel(ALICE, first);
        assert_eq!(state(poor), AppointmentState::Waitlisted);
        assert_eq!(state(next), AppointmentState::Booked);
        assert_eq!((held(own(BOB)), held(own(CAROL))), (600, 600));
        // With the money back, the next place is his.
        cancel(BOB, elsewhere);
        cancel(CAROL, next);
        assert_eq!(state(poor), AppointmentState::Booked);
        assert_eq!((held(own(BOB)), held(own(CAROL))), (600, 0));
    });
}

#[test]
fn a_place_that_nobody_qualified_for_can_be_booked_and_is_filled_later() {
    let colleague = NewSchedule {
        practitioner: HEART_TWO,
        ..session()
    };
    run(vec![(HOSPITAL, session()), (HOSPITAL, colleague)], || {
        let (first, second) = (book(ALICE, 0, 0), book(BOB, 0, 0));
        let (one, two) = (wait(CAROL, 0, 0), wait(DAVE, 0, 0));
        let (c, d) = (book(CAROL, 1, 0), book(DAVE, 1, 0));
        cancel(ALICE, first);
        assert_eq!(waiting(0), [one, two]);
        cancel(CAROL, c);
        cancel(DAVE, d);
        // Two places are free by then, and both who wait qualify.
        cancel(BOB, second);
        assert_eq!(waiting(0), []);
        assert_eq!(state(one), AppointmentState::Booked);
        assert_eq!(state(two), AppointmentState::Booked);
    });
    run(
        vec![
            (HOSPITAL, single()),
            (
                HOSPITAL,
                NewSchedule {
                    practitioner: HEART_TWO,
                    ..session()
                },
            ),
        ],
        || {
            let first = book(ALICE, 0, 0);
            let one = wait(CAROL, 0, 0);
            book(CAROL, 1, 0);
            cancel(ALICE, first);
            let newcomer = book(DAVE, 0, 0);
            assert_eq!(state(newcomer), AppointmentState::Booked);
            assert_eq!(waiting(0), [one]);
        },
    );
}

#[test]
fn nobody_is_promoted_into_what_cannot_be_booked() {
    let by_staff = |appointment| Call::cancel {
        appointment,
        acting: ASKED,
    };
    let refusals: [&dyn Fn(); 5] = [
        &|| Now::set(tomorrow(0)),
        &|| {
            let close = Call::close_schedule {
                schedule: ScheduleId(0),
            };
            assert_ok!(call(staff(HOSPITAL), close));
        },
        &|| {
            Unlicensed::mutate(|unlicensed| unlicensed.insert(HEART));
        },
        &|| crate::Rules::<Test>::remove(HOSPITAL),
        &|| {
            let narrow = BookingRules {
                window_days: 0,
                ..rules()
            };
            let from = Date(TODAY.0 + 1);
            let publish = Call::publish_rules {
                from,
                rules: narrow,
            };
            assert_ok!(call(staff(HOSPITAL), publish));
            Now::set(from.start() + 1);
        },
    ];
    for (case, refusal) in refusals.into_iter().enumerate() {
        run_with(single(), || {
            let first = book(ALICE, 0, 0);
            let second = wait(BOB, 0, 0);
            refusal();
            assert_ok!(call(staff(HOSPITAL), by_staff(first)));
            // On the day itself a window of no days still reaches the slot.
            let expected = match case {
                4 => AppointmentState::Booked,
                _ => AppointmentState::Waitlisted,
            };
            assert_eq!(state(second), expected, "case {case}");
        });
    }
}

#[test]
fn who_is_promoted_after_the_limit_may_still_give_the_place_back() {
    run_with(single(), || {
        let first = book(ALICE, 0, 0);
        let second = wait(BOB, 0, 0);
        Now::set(tomorrow(0) - MINUTE_MS);
        cancel(ALICE, first);
        assert_eq!(stored(second).terms.cancel_by, tomorrow(0));
        events();
        cancel(BOB, second);
        assert!(matches!(
            events()[..],
            [Event::Cancelled { is_late: false, .. }]
        ));
    });
}

#[test]
fn a_cancellation_is_charged_for_those_it_looked_at() {
    type Weights = Estimated<Test>;
    run_with(single(), || {
        let first = book(ALICE, 0, 0);
        let second = wait(BOB, 0, 0);
        let weight = |patient, id| {
            let sent = send(own(patient), cancellation(patient, id)).unwrap();
            sent.actual_weight.unwrap()
        };
        assert_eq!(
            weight(ALICE, first),
            Weights::cancel(1) + VISIT_ENDED_WEIGHT
        );
        assert_eq!(weight(BOB, second), Weights::cancel(0) + VISIT_ENDED_WEIGHT);
    });
}
