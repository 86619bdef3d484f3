//! Booking.

use std::collections::BTreeMap;

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{Date, DAY_MS, MINUTE_MS},
    AppointmentId, Hash, PatientId, ScheduleId,
};

use crate::{
    agenda::AGENDA_MAX,
    mock::*,
    rules::BookingRules,
    states::AppointmentState,
    types::{Appointment, NewSchedule, Terms},
    Agendas, Call, Error, Event, Rules, Slots,
};

#[test]
fn a_patient_books_a_place() {
    run_with(session(), || {
        let id = book(ALICE, 0, 1);
        let expected = Appointment {
            patient: ALICE,
            member: HOSPITAL,
            practitioner: HEART,
            schedule: ScheduleId(0),
            slot: 1,
            start: tomorrow(30),
            state: AppointmentState::Booked,
            terms: Terms {
                cancel_by: tomorrow(0) - 30 * MINUTE_MS,
                no_show_from: tomorrow(40),
                late_cancel_share_bp: 2_500,
                no_show_share_bp: 5_000,
            },
            escrow: None,
            pre_visit_grant: None,
            previous: None,
        };
        assert_eq!(stored(id), expected);
        assert_eq!(Slots::<Test>::get((ScheduleId(0), 1)).taken.to_vec(), [id]);
        let booked = Event::Booked {
            appointment: id,
            patient: ALICE,
            practitioner: HEART,
            member: HOSPITAL,
            schedule: ScheduleId(0),
            slot: 1,
            by: own(ALICE),
        };
        assert_eq!(events(), [booked]);
        // Without a fee no balance was touched.
        assert_eq!((free(own(ALICE)), held(own(ALICE))), (FUNDS_FEN, 0));
    });
}

#[test]
fn a_booking_may_carry_a_grant() {
    run_with(session(), || {
        let grant = Hash::repeat_byte(7);
        let with_grant = Call::book {
            patient: ALICE,
            schedule: ScheduleId(0),
            slot: 0,
            waitlist: false,
            pre_visit_grant: Some(grant),
        };
        assert_ok!(call(own(ALICE), with_grant));
        let appointment = AppointmentId(0);
        assert_eq!(stored(appointment).pre_visit_grant, Some(grant));
        assert!(events().contains(&Event::PreVisitGranted { appointment, grant }));
    });
}

#[test]
fn only_those_who_may_book_for_the_patient_do() {
    run_with(session(), || {
        assert_ok!(call(carer(ALICE), booking(ALICE, 0, 0)));
        let booked = Event::Booked {
            appointment: AppointmentId(0),
            patient: ALICE,
            practitioner: HEART,
            member: HOSPITAL,
            schedule: ScheduleId(0),
            slot: 0,
            by: carer(ALICE),
        };
        assert_eq!(events(), [booked]);
        for stranger in [
            own(ALICE),
            carer(ALICE),
            reader(BOB),
            staff(HOSPITAL),
            doctor(HEART),
        ] {
            assert_noop!(
                call(stranger, booking(BOB, 0, 0)),
                Error::<Test>::NotForPatient
            );
        }
        let nobody = PatientId(PATIENTS + 1);
        assert_noop!(
            call(own(nobody), booking(nobody, 0, 0)),
            Error::<Test>::NotForPatient
        );
    });
}

#[test]
fn a_slot_must_exist_and_lie_ahead() {
    run_with(session(), || {
        assert_noop!(
            call(own(ALICE), booking(ALICE, 1, 0)),
            Error::<Test>::UnknownSchedule
        );
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 4)),
            Error::<Test>::UnknownSlot
        );
        Now::set(tomorrow(0));
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 0)),
            Error::<Test>::InPast
        );
        // The schedule has begun, the next slot has not.
        Now::set(tomorrow(30) - 1);
        book(ALICE, 0, 1);
    });
}

#[test]
fn a_slot_is_never_booked_beyond_its_capacity() {
    run_with(session(), || {
        book(ALICE, 0, 0);
        book(BOB, 0, 0);
        assert_noop!(
            call(own(CAROL), booking(CAROL, 0, 0)),
            Error::<Test>::SlotFull
        );
        book(CAROL, 0, 1);
    });
}

#[test]
fn no_patient_holds_two_overlapping_appointments() {
    // Half past nine to half past ten, elsewhere.
    let shifted = NewSchedule {
        practitioner: SURGEON,
        department: SURGERY,
        start: tomorrow(30),
        slot_minutes: 60,
        ..session()
    };
    run(vec![(HOSPITAL, session()), (CLINIC, shifted)], || {
        book(ALICE, 1, 0);
        for slot in [1, 2] {
            assert_noop!(
                call(own(ALICE), booking(ALICE, 0, slot)),
                Error::<Test>::Overlap
            );
        }
        // What only touches does not overlap.
        book(ALICE, 0, 0);
        book(ALICE, 0, 3);
    });
}

#[test]
fn the_window_counts_dates() {
    let days = |n: u64, minutes: u64| NewSchedule {
        start: TODAY.start() + n * DAY_MS + minutes * MINUTE_MS,
        slots: 1,
        ..session()
    };
    let schedules = vec![
        (HOSPITAL, days(7, 23 * 60)),
        (HOSPITAL, days(8, 0)),
        (HOSPITAL, days(0, 23 * 60)),
    ];
    run(schedules, || {
        // The whole seventh day is within the window, from any time of today.
        Now::set(TODAY.start());
        book(ALICE, 0, 0);
        Now::set(TODAY.start() + DAY_MS - 1);
        assert_noop!(
            call(own(ALICE), booking(ALICE, 1, 0)),
            Error::<Test>::OutsideWindow
        );
        Now::set(TODAY.start() + DAY_MS);
        book(ALICE, 1, 0);
    });
    run(
        vec![(HOSPITAL, days(0, 600)), (HOSPITAL, days(1, 0))],
        || {
            let same_day = BookingRules {
                window_days: 0,
                ..rules()
            };
            set_rules(same_day);
            book(ALICE, 0, 0);
            assert_noop!(
                call(own(ALICE), booking(ALICE, 1, 0)),
                Error::<Test>::OutsideWindow
            );
        },
    );
}

/// Puts rules of the hospital in force at once.
fn set_rules(rules: BookingRules) {
    Rules::<Test>::remove(HOSPITAL);
    assert_ok!(call(
        staff(HOSPITAL),
        Call::publish_rules { from: TODAY, rules }
    ));
}

#[test]
fn a_department_has_a_limit_per_patient_and_day() {
    let next_day = NewSchedule {
        start: tomorrow(0) + DAY_MS,
        ..session()
    };
    let colleague = NewSchedule {
        practitioner: HEART_TWO,
        start: tomorrow(600),
        ..session()
    };
    let surgery = NewSchedule {
        practitioner: SURGEON,
        department: SURGERY,
        start: tomorrow(60),
        ..session()
    };
    let schedules = vec![
        (HOSPITAL, session()),
        (HOSPITAL, next_day),
        (HOSPITAL, colleague),
        (CLINIC, surgery),
    ];
    run(schedules, || {
        let first = book(ALICE, 0, 0);
        book(ALICE, 2, 0);
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 1)),
            Error::<Test>::DayLimit
        );
        book(ALICE, 1, 0);
        book(ALICE, 3, 0);
        book(BOB, 0, 1);
        // What was cancelled does not count; what took place does.
        cancel(ALICE, first);
        let second = book(ALICE, 0, 1);
        assert_ok!(call(
            staff(HOSPITAL),
            Call::check_in {
                appointment: second
            }
        ));
        assert_ok!(call(
            doctor(HEART),
            Call::complete {
                appointment: second
            }
        ));
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 2)),
            Error::<Test>::DayLimit
        );
    });
}

#[test]
fn a_suspended_practitioner_or_member_is_not_booked() {
    run_with(session(), || {
        Unlicensed::mutate(|unlicensed| unlicensed.insert(HEART));
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 0)),
            Error::<Test>::NotLicensed
        );
        Unlicensed::mutate(|unlicensed| unlicensed.clear());
        Suspended::mutate(|suspended| suspended.insert(HOSPITAL));
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 0)),
            Error::<Test>::NotLicensed
        );
        Suspended::mutate(|suspended| suspended.clear());
        book(ALICE, 0, 0);
    });
}

#[test]
fn a_member_without_rules_takes_no_bookings() {
    run_with(session(), || {
        Rules::<Test>::remove(HOSPITAL);
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 0)),
            Error::<Test>::NoRules
        );
        let from = Date(TODAY.0 + 1);
        assert_ok!(call(
            staff(HOSPITAL),
            Call::publish_rules {
                from,
                rules: rules()
            }
        ));
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 0)),
            Error::<Test>::NoRules
        );
        Now::set(from.start());
        book(ALICE, 0, 0);
    });
}

#[test]
fn an_agenda_is_bounded_and_forgets_what_is_past() {
    let daily = |n: u64| NewSchedule {
        start: tomorrow(0) + n * DAY_MS,
        slots: 24,
        slot_minutes: 5,
        ..session()
    };
    run(
        vec![
            (HOSPITAL, daily(0)),
            (HOSPITAL, daily(1)),
            (HOSPITAL, daily(2)),
        ],
        || {
            set_rules(BookingRules {
                department_day_max: u8::MAX,
                ..rules()
            });
            for n in 0..AGENDA_MAX as u16 {
                book(ALICE, u32::from(n / 24), n % 24);
            }
            assert_noop!(
                call(own(ALICE), booking(ALICE, 2, 0)),
                Error::<Test>::AgendaFull
            );
            assert_noop!(
                call(own(ALICE), booking(ALICE, 2, 0)),
                Error::<Test>::AgendaFull
            );
            // Slots that are over still count for their day.
            Now::set(TODAY.start() + 2 * DAY_MS - 1);
            assert_noop!(
                call(own(ALICE), booking(ALICE, 2, 0)),
                Error::<Test>::AgendaFull
            );
            Now::set(TODAY.start() + 2 * DAY_MS);
            book(ALICE, 2, 0);
            assert_eq!(
                Agendas::<Test>::get(ALICE).entries.len(),
                AGENDA_MAX as usize - 24 + 1
            );
        },
    );
}

#[test]
fn the_last_id_is_not_used() {
    run_with(session(), || {
        crate::NextAppointment::<Test>::put(AppointmentId(u64::MAX));
        assert_noop!(
            call(own(ALICE), booking(ALICE, 0, 0)),
            Error::<Test>::IdsUsedUp
        );
    });
}

/// Everything stored, but for what the system itself keeps about blocks and events.
fn state() -> BTreeMap<Vec<u8>, Vec<u8>> {
    let system = sp_io::hashing::twox_128(b"System");
    let mut entries = BTreeMap::new();
    let mut key = Vec::new();
    while let Some(next) = sp_io::storage::next_key(&key) {
        if !next.starts_with(&system) {
            let value = sp_io::storage::get(&next).unwrap_or_default().to_vec();
            entries.insert(next.clone(), value);
        }
        key = next;
    }
    entries
}

#[test]
fn a_booking_without_a_fee_writes_four_values() {
    run_with(session(), || {
        book(ALICE, 0, 0);
        let before = state();
        book(BOB, 0, 0);
        let after = state();
        let written = after
            .iter()
            .filter(|(key, value)| before.get(*key) != Some(*value));
        assert_eq!(written.count(), 4);
    });
}

#[test]
fn a_booking_without_a_fee_is_charged_less() {
    use crate::weights::{Estimated, WeightInfo};
    let paid = NewSchedule {
        fee_fen: 10,
        practitioner: HEART_TWO,
        start: tomorrow(600),
        ..session()
    };
    run(vec![(HOSPITAL, session()), (HOSPITAL, paid)], || {
        type Weights = Estimated<Test>;
        let weight = |schedule| {
            let sent = send(own(ALICE), booking(ALICE, schedule, 0)).unwrap();
            sent.actual_weight.unwrap()
        };
        assert_eq!(weight(0), Weights::book());
        assert_eq!(weight(1), Weights::book() + Weights::hold_fee());
    });
}
