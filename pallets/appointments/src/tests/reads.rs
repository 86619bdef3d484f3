//! What others may ask.

use frame_support::assert_ok;
use xinglin_primitives::{time::DAY_MS, PatientId, ScheduleId};

use crate::{
    mock::*,
    reads::{SlotStatus, PAGE_MAX},
    rules::BookingRules,
    types::NewSchedule,
    Call,
};

fn free_places(schedule: u32) -> Vec<(u16, u16)> {
    let slots = Appointments::slots_of(ScheduleId(schedule)).unwrap();
    slots.iter().map(|slot| (slot.free, slot.waiting)).collect()
}

#[test]
fn slots_say_how_full_they_are() {
    run_with(session(), || {
        book(ALICE, 0, 1);
        book(BOB, 0, 2);
        book(CAROL, 0, 2);
        wait(DAVE, 0, 2);
        assert_eq!(free_places(0), [(2, 0), (1, 0), (0, 1), (2, 0)]);
        let second = Appointments::slots_of(ScheduleId(0)).unwrap()[1];
        assert_eq!(
            second,
            SlotStatus {
                slot: 1,
                start: tomorrow(30),
                free: 1,
                waiting: 0
            }
        );
        Now::set(tomorrow(30));
        assert_eq!(free_places(0), [(0, 0), (0, 0), (0, 1), (2, 0)]);
        assert_ok!(call(
            staff(HOSPITAL),
            Call::close_schedule {
                schedule: ScheduleId(0)
            }
        ));
        assert_eq!(free_places(0), [(0, 0), (0, 0), (0, 1), (0, 0)]);
        assert_eq!(Appointments::slots_of(ScheduleId(1)), None);
    });
}

#[test]
fn a_patients_appointments_come_in_pages_newest_first() {
    run_with(session(), || {
        let ids: Vec<_> = (0..5)
            .map(|_| {
                let id = book(ALICE, 0, 0);
                // Others come between.
                let other = book(BOB, 0, 0);
                cancel(ALICE, id);
                cancel(BOB, other);
                id
            })
            .collect();
        let page = |patient, before, limit| -> Vec<_> {
            let page = Appointments::appointments_of(patient, before, limit);
            page.into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(page(ALICE, None, 2), [ids[4], ids[3]]);
        assert_eq!(page(ALICE, Some(ids[3]), 2), [ids[2], ids[1]]);
        assert_eq!(page(ALICE, Some(ids[1]), 2), [ids[0]]);
        assert_eq!(page(ALICE, None, u32::MAX).len(), 5);
        assert_eq!(page(ALICE, None, 0), []);
        // The cursor is one's own.
        assert_eq!(page(BOB, Some(ids[3]), 2), []);
        assert_eq!(page(CAROL, None, 2), []);
    });
}

#[test]
fn a_page_of_a_patient_is_bounded() {
    run_with(session(), || {
        for _ in 0..PAGE_MAX + 1 {
            let id = book(ALICE, 0, 0);
            cancel(ALICE, id);
        }
        let page = Appointments::appointments_of(ALICE, None, u32::MAX);
        assert_eq!(page.len(), PAGE_MAX as usize);
    });
}

#[test]
fn a_schedules_appointments_come_in_pages_of_slots() {
    let large = NewSchedule {
        capacity: 35,
        slots: 4,
        ..session()
    };
    run_with(large, || {
        let patients = || (1..=35).map(PatientId);
        crate::Rules::<Test>::remove(HOSPITAL);
        let rules = BookingRules {
            department_day_max: 9,
            ..rules()
        };
        assert_ok!(call(
            staff(HOSPITAL),
            Call::publish_rules { from: TODAY, rules }
        ));
        for slot in 0..4 {
            for patient in patients() {
                book(patient, 0, slot);
            }
        }
        let waits = wait(PatientId(36), 0, 1);
        // Three slots of 35, and one who waits, fill a page of 100.
        let page = Appointments::appointments_in(ScheduleId(0), 0).unwrap();
        assert_eq!(page.appointments.len(), 106);
        assert_eq!(page.appointments[70].0, waits);
        assert_eq!(page.next_slot, Some(3));
        let page = Appointments::appointments_in(ScheduleId(0), 3).unwrap();
        assert_eq!(page.appointments.len(), 35);
        assert!(page.appointments.iter().all(|(_, a)| a.slot == 3));
        assert_eq!(page.next_slot, None);
        assert_eq!(Appointments::appointments_in(ScheduleId(1), 0), None);
    });
}

#[test]
fn sessions_that_are_over_are_not_listed() {
    let next = NewSchedule {
        start: tomorrow(0) + DAY_MS,
        ..session()
    };
    run(vec![(HOSPITAL, session()), (HOSPITAL, next)], || {
        assert_eq!(Appointments::sessions_of(HEART).len(), 2);
        Now::set(tomorrow(120));
        assert_eq!(Appointments::sessions_of(HEART).len(), 1);
        assert_eq!(Appointments::sessions_of(SURGEON).len(), 0);
    });
}
