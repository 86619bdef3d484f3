//! What a chain begins with.

use xinglin_primitives::{time::Date, ScheduleId};

use crate::{mock::*, types::NewSchedule, GenesisConfig, Schedules};

#[test]
fn schedules_of_the_genesis_are_numbered_and_can_be_booked() {
    let second = NewSchedule {
        start: tomorrow(120),
        ..session()
    };
    run(vec![(HOSPITAL, session()), (HOSPITAL, second)], || {
        assert_eq!(
            Schedules::<Test>::get(ScheduleId(1)).unwrap().start,
            tomorrow(120)
        );
        book(ALICE, 0, 0);
        book(ALICE, 1, 0);
        assert_eq!(crate::NextSchedule::<Test>::get(), ScheduleId(2));
    });
}

#[test]
#[should_panic(expected = "a practitioner has one at a time")]
fn a_genesis_with_overlapping_schedules_is_refused() {
    run(vec![(HOSPITAL, session()), (HOSPITAL, session())], || ());
}

#[test]
#[should_panic(expected = "a schedule is within its bounds")]
fn a_genesis_with_a_malformed_schedule_is_refused() {
    run(
        vec![(
            HOSPITAL,
            NewSchedule {
                slots: 0,
                ..session()
            },
        )],
        || (),
    );
}

#[test]
fn a_genesis_is_written_as_json() {
    let genesis = GenesisConfig::<Test> {
        departments: vec![(HOSPITAL, CARDIOLOGY, "心内科".into())],
        rules: vec![(HOSPITAL, Date(20_000), rules())],
        schedules: vec![(HOSPITAL, session())],
        ..Default::default()
    };
    let json = serde_json::to_value(&genesis).unwrap();
    assert_eq!(json["departments"][0], serde_json::json!([1, 1, "心内科"]));
    assert_eq!(
        json["rules"][0][2]["latestCancellation"]["minutesBefore"],
        60
    );
    assert_eq!(json["rules"][0][2]["lateCancelShareBp"], 2_500);
    assert_eq!(json["schedules"][0][1]["slotMinutes"], 30);
    assert_eq!(json["schedules"][0][1]["kind"], "first");
    let text = serde_json::to_string(&genesis).unwrap();
    let read: GenesisConfig<Test> = serde_json::from_str(&text).unwrap();
    assert_eq!(read.schedules, genesis.schedules);
    assert_eq!(read.rules, genesis.rules);
}
