//! What is stored and sent, byte by byte: a change of layout needs a migration and a new version.

use codec::Encode;
use frame_support::BoundedVec;
use xinglin_primitives::{AppointmentId, Hash, PatientId, ScheduleId};

use crate::{
    agenda::Agenda,
    mock::*,
    penalties::Penalties,
    rules::{RulesHistory, RulesVersion},
    states::{AppointmentState, Standing},
    types::{Acting, Appointment, Escrow, Slot, StaffReason, Target},
    Call,
};

fn digest(value: impl Encode) -> String {
    let hash = sp_io::hashing::blake2_128(&value.encode());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn target() -> Target {
    Target {
        id: ScheduleId(7),
        schedule: session().of(HOSPITAL),
        slot: 2,
    }
}

fn appointment(state: AppointmentState) -> Appointment<[u8; 32]> {
    Appointment {
        patient: PatientId(5),
        member: HOSPITAL,
        practitioner: HEART,
        schedule: ScheduleId(7),
        slot: 2,
        start: tomorrow(60),
        state,
        terms: rules().terms(tomorrow(60)),
        escrow: Some(Escrow {
            payer: [3; 32],
            amount_fen: 5_000,
        }),
        pre_visit_grant: Some(Hash::repeat_byte(9)),
        previous: Some(AppointmentId(4)),
    }
}

#[test]
fn what_is_stored_keeps_its_layout() {
    use AppointmentState::*;
    let ids = |ids: &[u64]| ids.iter().copied().map(AppointmentId).collect::<Vec<_>>();
    let slot = Slot {
        taken: BoundedVec::truncate_from(ids(&[1, 2])),
        waiting: BoundedVec::truncate_from(ids(&[3])),
    };
    let mut agenda = Agenda {
        latest: Some(AppointmentId(8)),
        ..Default::default()
    };
    for (id, standing) in [Standing::Held, Standing::Waiting, Standing::Done]
        .into_iter()
        .enumerate()
    {
        assert!(agenda.put(target().entry(AppointmentId(id as u64), standing), 0));
    }
    let mut history = RulesHistory::default();
    let version = RulesVersion {
        from: TODAY,
        rules: rules(),
    };
    history.publish(version, TODAY).unwrap();
    let penalties = Penalties {
        late_cancels: BoundedVec::truncate_from(vec![1]),
        no_shows: BoundedVec::truncate_from(vec![2, 3]),
        blocked_until: 4,
    };
    let states = [
        Booked, Waitlisted, Confirmed, Arrived, Fulfilled, NoShow, Cancelled,
    ];
    let digests = [
        ("appointment", digest(states.map(appointment))),
        ("schedule", digest(session().of(HOSPITAL))),
        ("slot", digest(slot)),
        ("agenda", digest(agenda)),
        ("rules", digest(history)),
        ("penalties", digest(penalties)),
    ];
    let expected = [
        ("appointment", "3372d27f56d57cfda1f7b855bfed1aa3"),
        ("schedule", "19f71c56d2bc436dc75fc3e1903c80c5"),
        ("slot", "b1c84f129beb5dd4dc61a6ca5ac292b4"),
        ("agenda", "a15ccb591535590b448a732fd2a7ec80"),
        ("rules", "ed7d18834b030c96023bac843d3bcd37"),
        ("penalties", "bf9c7bbd4ff7efe215e730a9feb60a87"),
    ];
    assert_eq!(
        digests,
        expected.map(|(name, digest)| (name, digest.to_string()))
    );
    // What most appointments take: neither fee nor grant.
    let mut plain = appointment(Booked);
    (plain.escrow, plain.pre_visit_grant, plain.previous) = (None, None, None);
    assert_eq!(plain.encoded_size(), 54);
}

#[test]
fn calls_keep_their_layout() {
    let id = AppointmentId(1);
    let schedule = ScheduleId(2);
    let calls: [Call<Test>; 12] = [
        Call::publish_department {
            department: CARDIOLOGY,
            code: BoundedVec::truncate_from(b"CARD".to_vec()),
        },
        Call::withdraw_department {
            department: CARDIOLOGY,
        },
        Call::publish_rules {
            from: TODAY,
            rules: rules(),
        },
        Call::publish_schedule {
            schedule: session(),
        },
        Call::close_schedule { schedule },
        booking(ALICE, 2, 3),
        Call::confirm { appointment: id },
        Call::reschedule {
            appointment: id,
            schedule,
            slot: 3,
            acting: Acting::Patient(ALICE),
        },
        Call::cancel {
            appointment: id,
            acting: Acting::Staff(StaffReason::Other),
        },
        Call::check_in { appointment: id },
        Call::complete { appointment: id },
        Call::mark_no_show { appointment: id },
    ];
    for (index, call) in calls.iter().enumerate() {
        assert_eq!(usize::from(call.encode()[0]), index);
    }
    assert_eq!(digest(calls), "3f1dafde2e80252b53ec67a7e627d7a3");
}
