//! Break-glass: declared, justified, reviewed.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{EmergencyId, Hash, MemberId, PatientId};

use crate::{
    access::{Basis, Denial, Purpose},
    emergency::*,
    mock::*,
    reading::Accessed,
    Call, Emergencies, EmergenciesOf, Error, Event,
};

const FIRST: EmergencyId = EmergencyId(0);
const WHY: Hash = Hash::repeat_byte(1);

fn declaring(patient: PatientId, member: MemberId) -> Call<Test> {
    Call::break_glass {
        patient,
        member,
        reason: EmergencyReason::Unconscious,
        digest: WHY,
    }
}

fn justifying(emergency: EmergencyId) -> Call<Test> {
    Call::justify {
        emergency,
        digest: WHY,
    }
}

fn reviewing(emergency: EmergencyId, verdict: Verdict) -> Call<Test> {
    Call::review { emergency, verdict }
}

fn declare(patient: PatientId) {
    assert_ok!(call(doctor(OUTSIDER), declaring(patient, CLINIC)));
}

fn state(id: EmergencyId) -> EmergencyState {
    Emergencies::<Test>::get(id).unwrap().state
}

fn read(record: xinglin_primitives::RecordId) -> Result<Basis, Denial> {
    let party = Party::Practitioner(OUTSIDER);
    open_for(doctor(OUTSIDER), party, record, Purpose::EmergencyTreatment)
}

#[test]
fn an_emergency_takes_its_course() {
    run(|| {
        let record = write(ALICE);
        let of_bob = write(BOB);
        assert_eq!(read(record), Err(Denial::NoGrant));
        events();
        declare(ALICE);
        let broken = Event::GlassBroken {
            emergency: FIRST,
            patient: ALICE,
            practitioner: OUTSIDER,
            member: CLINIC,
            reason: EmergencyReason::Unconscious,
            until: START + EMERGENCY_MS,
            due: START + JUSTIFICATION_MS,
        };
        assert_eq!(events(), [broken]);
        // The patient finds it in her log.
        let log = Records::access_log(ALICE, None, 1).items;
        assert_eq!(log[0].1.what, Accessed::Emergency(FIRST));
        assert_eq!(log[0].1.outcome, Ok(Basis::Emergency(FIRST)));

        assert_eq!(read(record), Ok(Basis::Emergency(FIRST)));
        assert_eq!(read(of_bob), Err(Denial::NoGrant));
        // For nothing but the emergency, and for nobody else.
        assert_eq!(open(OUTSIDER, record), Err(Denial::OtherPurpose));
        assert_eq!(open(COLLEAGUE, record), Err(Denial::NoGrant));
        later(EMERGENCY_MS - 1);
        assert_eq!(read(record), Ok(Basis::Emergency(FIRST)));
        later(1);
        assert_eq!(read(record), Err(Denial::NoGrant));

        events();
        assert_ok!(call(doctor(OUTSIDER), justifying(FIRST)));
        let justified = Event::EmergencyJustified {
            emergency: FIRST,
            digest: WHY,
            is_late: false,
        };
        assert_eq!(events(), [justified]);
        assert_ok!(call(staff(REGULATOR), reviewing(FIRST, Verdict::Upheld)));
        let reviewed = Event::EmergencyReviewed {
            emergency: FIRST,
            regulator: REGULATOR,
            verdict: Verdict::Upheld,
            by: staff(REGULATOR),
        };
        assert_eq!(events(), [reviewed]);
        assert!(matches!(
            state(FIRST),
            EmergencyState::Reviewed {
                justification: Some(_),
                verdict: Verdict::Upheld,
                ..
            }
        ));
        assert!(!EmergenciesOf::<Test>::contains_key(OUTSIDER));
    });
}

#[test]
fn only_practitioners_of_hospitals_and_clinics_break_the_glass() {
    run(|| {
        for other in [
            tablet(OUTSIDER),
            staff(CLINIC),
            own(ALICE),
            carer(ALICE),
            STRANGER,
        ] {
            assert_noop!(
                call(other, declaring(ALICE, CLINIC)),
                Error::<Test>::NotPractitioner
            );
        }
        assert_noop!(
            call(doctor(OUTSIDER), declaring(ALICE, HOSPITAL)),
            Error::<Test>::NotLicensed
        );
        assert_noop!(
            call(doctor(COLLEAGUE), declaring(ALICE, INSURER)),
            Error::<Test>::NotProvider
        );
        assert_noop!(
            call(doctor(OUTSIDER), declaring(PatientId(9), CLINIC)),
            Error::<Test>::UnknownPatient
        );
        crate::NextEmergency::<Test>::put(EmergencyId(u64::MAX));
        assert_noop!(
            call(doctor(OUTSIDER), declaring(ALICE, CLINIC)),
            Error::<Test>::IdsUsedUp
        );
    });
}

#[test]
fn one_emergency_at_a_time_per_patient() {
    run(|| {
        declare(ALICE);
        assert_noop!(
            call(doctor(OUTSIDER), declaring(ALICE, CLINIC)),
            Error::<Test>::AlreadyDeclared
        );
        declare(BOB);
        later(EMERGENCY_MS);
        declare(ALICE);
        let record = write(ALICE);
        assert_eq!(read(record), Ok(Basis::Emergency(EmergencyId(2))));
    });
}

#[test]
fn who_owes_a_justification_breaks_no_other_glass() {
    run(|| {
        declare(ALICE);
        later(JUSTIFICATION_MS);
        declare(BOB);
        later(1);
        assert_noop!(
            call(doctor(OUTSIDER), declaring(ALICE, CLINIC)),
            Error::<Test>::Overdue
        );
        events();
        assert_ok!(call(doctor(OUTSIDER), justifying(FIRST)));
        assert!(matches!(
            events()[..],
            [Event::EmergencyJustified { is_late: true, .. }]
        ));
        declare(ALICE);
    });
}

#[test]
fn an_overdue_emergency_is_reviewed_without_a_justification() {
    run(|| {
        declare(ALICE);
        later(JUSTIFICATION_MS);
        assert_noop!(
            call(staff(REGULATOR), reviewing(FIRST, Verdict::Unfounded)),
            Error::<Test>::WrongState
        );
        later(1);
        assert_ok!(call(staff(REGULATOR), reviewing(FIRST, Verdict::Unfounded)));
        assert_noop!(
            call(doctor(OUTSIDER), justifying(FIRST)),
            Error::<Test>::WrongState
        );
        assert_noop!(
            call(staff(REGULATOR), reviewing(FIRST, Verdict::Upheld)),
            Error::<Test>::WrongState
        );
        // Settled: what follows is for the regulator's holds.
        declare(ALICE);
    });
}

#[test]
fn what_was_unfounded_ends_at_once() {
    run(|| {
        let record = write(ALICE);
        declare(ALICE);
        assert_ok!(call(doctor(OUTSIDER), justifying(FIRST)));
        assert_eq!(read(record), Ok(Basis::Emergency(FIRST)));
        later(5);
        assert_ok!(call(staff(REGULATOR), reviewing(FIRST, Verdict::Unfounded)));
        assert_eq!(read(record), Err(Denial::NoGrant));
        let emergency = Emergencies::<Test>::get(FIRST).unwrap();
        assert_eq!(emergency.until, START + 5);
    });
}

#[test]
fn who_justifies_and_who_reviews() {
    run(|| {
        declare(ALICE);
        for other in [doctor(DOCTOR), tablet(OUTSIDER), staff(CLINIC)] {
            assert_noop!(
                call(other, justifying(FIRST)),
                Error::<Test>::NotPractitioner
            );
        }
        assert_ok!(call(doctor(OUTSIDER), justifying(FIRST)));
        assert_noop!(
            call(doctor(OUTSIDER), justifying(FIRST)),
            Error::<Test>::WrongState
        );
        for other in [staff(HOSPITAL), staff(INSURER), own(ALICE), STRANGER] {
            assert_noop!(
                call(other, reviewing(FIRST, Verdict::Upheld)),
                Error::<Test>::NotRegulator
            );
        }
        let none = EmergencyId(9);
        assert_noop!(
            call(doctor(OUTSIDER), justifying(none)),
            Error::<Test>::UnknownEmergency
        );
        assert_noop!(
            call(staff(REGULATOR), reviewing(none, Verdict::Upheld)),
            Error::<Test>::UnknownEmergency
        );
    });
}

#[test]
fn unsettled_emergencies_are_bounded() {
    run(|| {
        declare(ALICE);
        EmergenciesOf::<Test>::mutate(OUTSIDER, |pending| {
            let line = pending[0];
            while pending.len() < EMERGENCIES_MAX as usize {
                pending.force_push(line);
            }
        });
        assert_noop!(
            call(doctor(OUTSIDER), declaring(BOB, CLINIC)),
            Error::<Test>::TooManyEmergencies
        );
    });
}

#[test]
fn regulators_see_the_oldest_first_and_what_is_overdue() {
    run(|| {
        declare(ALICE);
        declare(BOB);
        later(JUSTIFICATION_MS + 1);
        assert_ok!(call(doctor(OUTSIDER), justifying(FIRST)));
        assert_ok!(call(doctor(DOCTOR), declaring(ALICE, HOSPITAL)));
        let page = |after: Option<u64>, limit| -> Vec<_> {
            Records::unreviewed_emergencies(after.map(EmergencyId), limit)
                .into_iter()
                .map(|(id, it)| (id.0, it.is_overdue))
                .collect()
        };
        let all = [(0, false), (1, true), (2, false)];
        assert_eq!(page(None, 100), all);
        assert_eq!(page(None, 1), all[..1]);
        assert_eq!(page(Some(0), 1), all[1..2]);
        assert_eq!(page(Some(1), 100), all[2..]);
        assert_ok!(call(
            staff(REGULATOR),
            reviewing(EmergencyId(1), Verdict::Unfounded)
        ));
        assert_eq!(page(None, 100), [all[0], all[2]]);
        // The cursor need not exist any more.
        assert_eq!(page(Some(1), 100), all[2..]);
    });
}

#[test]
fn the_table_of_states_is_complete() {
    let justification = Justification { at: 1, digest: WHY };
    let (by, verdict, due) = (REGULATOR, Verdict::Upheld, 10);
    let review = |at| Step::Review { by, at, verdict };
    let reviewed = |justification, at| EmergencyState::Reviewed {
        justification,
        by,
        at,
        verdict,
    };
    let justified = EmergencyState::Justified(justification);
    let justify = Step::Justify(justification);
    let declared = EmergencyState::Declared;
    for (from, step, to) in [
        (declared, justify, Some(justified)),
        (declared, review(10), None),
        (declared, review(11), Some(reviewed(None, 11))),
        (justified, justify, None),
        (justified, review(2), Some(reviewed(Some(justification), 2))),
        (reviewed(None, 11), justify, None),
        (reviewed(None, 11), review(12), None),
    ] {
        assert_eq!(from.after(step, due), to, "{from:?} {step:?}");
    }
}
