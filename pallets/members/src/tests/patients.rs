//! Registration of patients.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    glue::{Admission, EncryptionKeys, Patients, Scope},
    MemberId, PatientId, PractitionerId,
};

use crate::{mock::*, Call, Error, Event, Identities, NextPatient};

fn register(byte: u8, account: AccountId) -> Call<Test> {
    Call::register_patient {
        identity: identity(byte),
        account,
        encryption_key: key(5),
    }
}

#[test]
fn hospitals_clinics_and_insurers_register_patients() {
    run(|| {
        for (n, (who, registrar)) in [
            (HOSPITAL_DESK, HOSPITAL),
            (CLINIC_MAIN, CLINIC),
            (INSURER_MAIN, INSURER),
        ]
        .into_iter()
        .enumerate()
        {
            let account = 10_000 + n as u64;
            let patient = PatientId(1 + n as u64);
            assert_ok!(by(who, register(10 + n as u8, account)));
            assert_events(&[Event::PatientRegistered {
                patient,
                account,
                registrar,
            }]);
            assert_eq!(Members::patient_of(&account), Some(patient));
            assert_eq!(
                Identities::<Test>::get(identity(10 + n as u8)),
                Some(patient)
            );
            assert!(Members::is_admitted(&account));
            assert!(Members::acts_for(&account, patient, Scope::Booking));
            assert!(!Members::acts_for(&account, PATIENT, Scope::Booking));
        }
    });
}

#[test]
fn nobody_else_does() {
    run(|| {
        for who in [REGULATOR_MAIN, DOCTOR_ACCOUNT, PATIENT_ACCOUNT, STRANGER] {
            assert_noop!(by(who, register(10, OTHER)), Error::<Test>::NotRegistrar);
        }
    });
}

#[test]
fn an_identity_is_one_patient_and_an_account_one_thing() {
    run(|| {
        assert_noop!(
            by(CLINIC_MAIN, register(1, STRANGER)),
            Error::<Test>::IdentityInUse
        );
        for account in [
            HOSPITAL_MAIN,
            HOSPITAL_DESK,
            DOCTOR_ACCOUNT,
            PATIENT_ACCOUNT,
        ] {
            assert_noop!(
                by(CLINIC_MAIN, register(10, account)),
                Error::<Test>::AccountInUse
            );
        }
        NextPatient::<Test>::put(PatientId(u64::MAX));
        assert_noop!(
            by(CLINIC_MAIN, register(10, STRANGER)),
            Error::<Test>::IdsExhausted
        );
    });
}

#[test]
fn others_see_the_encryption_keys() {
    run(|| {
        type Keys = crate::mock::Members;
        assert_eq!(Keys::of_member(HOSPITAL), Some(key(1)));
        assert_eq!(Keys::of_practitioner(DOCTOR), Some(key(2)));
        assert_eq!(Keys::of_patient(PATIENT), Some(key(3)));
        let encryption_key = key(9);
        assert_ok!(by(
            PATIENT_ACCOUNT,
            Call::set_encryption_key { encryption_key }
        ));
        // Also of those who are suspended: what is for them is sealed on.
        suspend(crate::Party::Patient(PATIENT));
        assert_eq!(Keys::of_patient(PATIENT), Some(encryption_key));
        assert_eq!(Keys::of_member(MemberId(99)), None);
        assert_eq!(Keys::of_practitioner(PractitionerId(99)), None);
        assert_eq!(Keys::of_patient(PatientId(99)), None);
    });
}
