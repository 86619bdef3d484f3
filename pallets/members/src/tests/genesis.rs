//! What a chain starts with.

use xinglin_primitives::{
    glue::{Admission, MemberKind, Practitioners},
    MemberId,
};

use crate::{mock::*, GenesisConfig};

#[test]
fn the_consortium_is_registered_and_the_council_told() {
    storage_of(consortium()).execute_with(|| {
        assert_eq!(
            SeatsTold::get(),
            [HOSPITAL_MAIN, CLINIC_MAIN, INSURER_MAIN, REGULATOR_MAIN]
        );
        for account in [
            HOSPITAL_MAIN,
            HOSPITAL_DESK,
            CLINIC_MAIN,
            DOCTOR_ACCOUNT,
            PATIENT_ACCOUNT,
        ] {
            assert!(Members::is_admitted(&account));
        }
        assert_eq!(Members::department_at(DOCTOR, HOSPITAL), Some(SURGERY));
        Members::check_invariants().unwrap();
    });
}

#[test]
fn an_empty_genesis_is_valid() {
    storage_of(GenesisConfig::default()).execute_with(|| {
        Members::check_invariants().unwrap();
    });
}

#[test]
fn the_configuration_survives_json() {
    let text = serde_json::to_string(&consortium()).unwrap();
    let back: GenesisConfig<Test> = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (back.members, back.practitioners, back.patients),
        (
            consortium().members,
            consortium().practitioners,
            consortium().patients
        )
    );
    let unknown = text.replacen("encryptionKey", "encryptionKee", 1);
    assert!(serde_json::from_str::<GenesisConfig<Test>>(&unknown).is_err());
}

#[test]
#[should_panic(expected = "genesis patient 1 cannot be registered")]
fn a_patient_twice_is_no_genesis() {
    let mut config = consortium();
    let twin = config.patients[0].clone();
    config.patients.push(twin);
    storage_of(config);
}

#[test]
#[should_panic(expected = "member 2 is of a kind that does not do this")]
fn an_insurer_licenses_nobody_at_genesis() {
    let mut config = consortium();
    config.practitioners[0].licences[0].member = INSURER;
    storage_of(config);
}

#[test]
#[should_panic(expected = "there is no member 99")]
fn an_unknown_registrar_is_no_genesis() {
    let mut config = consortium();
    config.patients[0].registrar = MemberId(99);
    storage_of(config);
}

#[test]
#[should_panic(expected = "there is no licence; give at least one")]
fn a_practitioner_needs_a_licence_at_genesis() {
    let mut config = consortium();
    config.practitioners[0].licences.clear();
    storage_of(config);
}

#[test]
#[should_panic(expected = "genesis member 1 cannot be registered")]
fn a_hospital_needs_a_level_at_genesis() {
    let mut config = consortium();
    config.members[1].kind = MemberKind::Hospital;
    storage_of(config);
}
