//! Suspension by the council, and what rests with it.

use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{self, Admission, Scope},
    MemberId, PatientId, PractitionerId,
};

use crate::{mock::*, Call, Error, Event, Party};

fn lift(party: Party) {
    assert_ok!(by_council(Call::lift { party }));
}

#[test]
fn with_a_member_rest_its_accounts_and_its_licences() {
    run(|| {
        let party = Party::Member(HOSPITAL);
        suspend(party);
        assert_events(&[Event::Suspended { party }]);
        assert_eq!(
            SeatsTold::get(),
            [CLINIC_MAIN, INSURER_MAIN, REGULATOR_MAIN]
        );
        for account in [HOSPITAL_MAIN, HOSPITAL_DESK, DOCTOR_ACCOUNT] {
            assert!(!Members::is_admitted(&account), "{account}");
        }
        assert_eq!(
            <Members as glue::Members<_>>::member_of(&HOSPITAL_DESK),
            None
        );
        assert_eq!(<Members as glue::Members<_>>::kind_of(HOSPITAL), None);
        assert_eq!(
            <Members as glue::Practitioners<_>>::practitioner_of(&DOCTOR_ACCOUNT),
            None
        );
        assert_eq!(
            <Members as glue::Practitioners<_>>::department_at(DOCTOR, HOSPITAL),
            None
        );
        // Patients are nobody's property.
        assert!(Members::is_admitted(&PATIENT_ACCOUNT));

        lift(party);
        assert_events(&[Event::Lifted { party }]);
        assert_eq!(
            SeatsTold::get(),
            [HOSPITAL_MAIN, CLINIC_MAIN, INSURER_MAIN, REGULATOR_MAIN]
        );
        for account in [HOSPITAL_MAIN, HOSPITAL_DESK, DOCTOR_ACCOUNT] {
            assert!(Members::is_admitted(&account), "{account}");
        }
    });
}

#[test]
fn a_practitioner_with_another_licence_goes_on() {
    run(|| {
        assert_ok!(by(
            CLINIC_MAIN,
            Call::set_licence {
                practitioner: DOCTOR,
                department: SURGERY,
                specialty: b"04".to_vec().try_into().unwrap(),
            }
        ));
        suspend(Party::Member(HOSPITAL));
        assert_eq!(
            <Members as glue::Practitioners<_>>::practitioner_of(&DOCTOR_ACCOUNT),
            Some(DOCTOR)
        );
        let department =
            |member| <Members as glue::Practitioners<_>>::department_at(DOCTOR, member);
        assert_eq!(department(HOSPITAL), None);
        assert_eq!(department(CLINIC), Some(SURGERY));
    });
}

#[test]
fn a_suspended_practitioner_does_not_practise() {
    run(|| {
        let party = Party::Practitioner(DOCTOR);
        let acts = || {
            <Members as glue::Practitioners<_>>::acts_for(&DOCTOR_ACCOUNT, DOCTOR, Scope::Routine)
        };
        assert!(acts());
        suspend(party);
        assert!(!acts());
        assert!(!Members::is_admitted(&DOCTOR_ACCOUNT));
        assert_eq!(
            <Members as glue::Practitioners<_>>::department_at(DOCTOR, HOSPITAL),
            None
        );
        lift(party);
        assert!(acts());
    });
}

#[test]
fn a_suspended_patient_does_not_transact_but_is_refunded() {
    run(|| {
        let party = Party::Patient(PATIENT);
        suspend(party);
        assert!(!Members::is_admitted(&PATIENT_ACCOUNT));
        assert_eq!(
            <Members as glue::Patients<_>>::patient_of(&PATIENT_ACCOUNT),
            None
        );
        assert!(!<Members as glue::Patients<_>>::acts_for(
            &PATIENT_ACCOUNT,
            PATIENT,
            Scope::Booking
        ));
        assert_eq!(
            <Members as glue::Patients<_>>::account_of(PATIENT),
            Some(PATIENT_ACCOUNT)
        );
        lift(party);
        assert_eq!(
            <Members as glue::Patients<_>>::patient_of(&PATIENT_ACCOUNT),
            Some(PATIENT)
        );
    });
}

#[test]
fn nobody_is_suspended_or_lifted_twice() {
    run(|| {
        for party in [
            Party::Member(CLINIC),
            Party::Practitioner(DOCTOR),
            Party::Patient(PATIENT),
        ] {
            assert_noop!(
                by_council(Call::lift { party }),
                Error::<Test>::NotSuspended
            );
            suspend(party);
            assert_noop!(
                by_council(Call::suspend { party }),
                Error::<Test>::AlreadySuspended
            );
        }
    });
}

#[test]
fn nobody_unknown_is_suspended_or_lifted() {
    run(|| {
        for (party, error) in [
            (Party::Member(MemberId(99)), Error::<Test>::UnknownMember),
            (
                Party::Practitioner(PractitionerId(99)),
                Error::<Test>::UnknownPractitioner,
            ),
            (Party::Patient(PatientId(99)), Error::<Test>::UnknownPatient),
        ] {
            let error = DispatchError::from(error);
            assert_noop!(by_council(Call::suspend { party }), error);
            assert_noop!(by_council(Call::lift { party }), error);
        }
    });
}
