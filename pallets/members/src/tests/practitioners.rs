//! Practitioners and their licences.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    glue::{Admission, MemberKind, Practitioners},
    DepartmentId, MemberId, PractitionerId,
};

use crate::{mock::*, Call, Error, Event, Name, NextPractitioner, Specialty, LICENCES_MAX};

const DENTISTRY: DepartmentId = DepartmentId(12);

fn specialty(text: &str) -> Specialty {
    Specialty::try_from(text.as_bytes().to_vec()).unwrap()
}

fn register(account: AccountId) -> Call<Test> {
    Call::register_practitioner {
        account,
        encryption_key: key(4),
        department: DENTISTRY,
        specialty: specialty("12"),
    }
}

fn license(practitioner: PractitionerId) -> Call<Test> {
    Call::set_licence {
        practitioner,
        department: DENTISTRY,
        specialty: specialty("12.03"),
    }
}

/// Admits clinics and returns their main accounts.
fn clinics(count: u64) -> Vec<(MemberId, AccountId)> {
    (0..count)
        .map(|n| {
            let account = 10_000 + n;
            assert_ok!(by_council(Call::register_member {
                account,
                kind: MemberKind::Clinic,
                level: None,
                name: Name::try_from(b"clinic".to_vec()).unwrap(),
                encryption_key: key(1),
            }));
            (Members::acting_member(&account).unwrap().0, account)
        })
        .collect()
}

#[test]
fn a_desk_of_a_hospital_registers_a_practitioner() {
    run(|| {
        assert_ok!(by(HOSPITAL_DESK, register(STRANGER)));
        let id = PractitionerId(1);
        assert_events(&[
            Event::PractitionerRegistered {
                practitioner: id,
                account: STRANGER,
                member: HOSPITAL,
            },
            Event::LicenceSet {
                practitioner: id,
                member: HOSPITAL,
                department: DENTISTRY,
                specialty: specialty("12"),
            },
        ]);
        assert_eq!(Members::practitioner_of(&STRANGER), Some(id));
        assert_eq!(Members::department_at(id, HOSPITAL), Some(DENTISTRY));
        assert_eq!(Members::department_at(id, CLINIC), None);
        assert!(Members::is_admitted(&STRANGER));
    });
}

#[test]
fn only_providers_register_and_license() {
    run(|| {
        for who in [
            INSURER_MAIN,
            REGULATOR_MAIN,
            DOCTOR_ACCOUNT,
            PATIENT_ACCOUNT,
            STRANGER,
        ] {
            for call in [
                register(OTHER),
                license(DOCTOR),
                Call::suspend_licence {
                    practitioner: DOCTOR,
                },
                Call::lift_licence {
                    practitioner: DOCTOR,
                },
                Call::revoke_licence {
                    practitioner: DOCTOR,
                },
            ] {
                assert_noop!(by(who, call), Error::<Test>::NotProvider);
            }
        }
    });
}

#[test]
fn registration_is_refused_without_a_trace() {
    run(|| {
        for account in [HOSPITAL_MAIN, DOCTOR_ACCOUNT, PATIENT_ACCOUNT] {
            assert_noop!(
                by(HOSPITAL_MAIN, register(account)),
                Error::<Test>::AccountInUse
            );
        }
        let mut call = register(STRANGER);
        if let Call::register_practitioner { specialty, .. } = &mut call {
            *specialty = Specialty::default();
        }
        assert_noop!(by(HOSPITAL_MAIN, call), Error::<Test>::NotText);
        NextPractitioner::<Test>::put(PractitionerId(u32::MAX));
        assert_noop!(
            by(HOSPITAL_MAIN, register(STRANGER)),
            Error::<Test>::IdsExhausted
        );
    });
}

#[test]
fn a_licence_is_set_suspended_changed_lifted_and_revoked() {
    run(|| {
        assert_ok!(by(CLINIC_MAIN, license(DOCTOR)));
        assert_events(&[Event::LicenceSet {
            practitioner: DOCTOR,
            member: CLINIC,
            department: DENTISTRY,
            specialty: specialty("12.03"),
        }]);
        assert_eq!(Members::department_at(DOCTOR, CLINIC), Some(DENTISTRY));
        assert_eq!(Members::department_at(DOCTOR, HOSPITAL), Some(SURGERY));

        let suspend = Call::suspend_licence {
            practitioner: DOCTOR,
        };
        assert_ok!(by(CLINIC_MAIN, suspend.clone()));
        assert_events(&[Event::LicenceSuspended {
            practitioner: DOCTOR,
            member: CLINIC,
        }]);
        assert_eq!(Members::department_at(DOCTOR, CLINIC), None);
        assert_eq!(Members::department_at(DOCTOR, HOSPITAL), Some(SURGERY));
        assert_noop!(by(CLINIC_MAIN, suspend), Error::<Test>::AlreadySuspended);

        // To change what it says does not lift the suspension.
        assert_ok!(by(CLINIC_MAIN, license(DOCTOR)));
        assert_eq!(Members::department_at(DOCTOR, CLINIC), None);

        let lift = Call::lift_licence {
            practitioner: DOCTOR,
        };
        assert_ok!(by(CLINIC_MAIN, lift.clone()));
        assert_events(&[Event::LicenceLifted {
            practitioner: DOCTOR,
            member: CLINIC,
        }]);
        assert_eq!(Members::department_at(DOCTOR, CLINIC), Some(DENTISTRY));
        assert_noop!(by(CLINIC_MAIN, lift), Error::<Test>::NotSuspended);

        let revoke = Call::revoke_licence {
            practitioner: DOCTOR,
        };
        assert_ok!(by(CLINIC_MAIN, revoke.clone()));
        assert_events(&[Event::LicenceRevoked {
            practitioner: DOCTOR,
            member: CLINIC,
        }]);
        assert_eq!(Members::department_at(DOCTOR, CLINIC), None);
        assert_noop!(by(CLINIC_MAIN, revoke), Error::<Test>::NoLicence);
    });
}

#[test]
fn without_a_licence_in_force_nobody_practises() {
    run(|| {
        let practitioner = DOCTOR;
        assert_ok!(by(HOSPITAL_MAIN, Call::suspend_licence { practitioner }));
        assert_eq!(Members::practitioner_of(&DOCTOR_ACCOUNT), None);
        assert!(!Members::is_admitted(&DOCTOR_ACCOUNT));
        assert_ok!(by(HOSPITAL_MAIN, Call::lift_licence { practitioner }));
        assert_eq!(Members::practitioner_of(&DOCTOR_ACCOUNT), Some(DOCTOR));
        assert_ok!(by(HOSPITAL_MAIN, Call::revoke_licence { practitioner }));
        assert_eq!(Members::practitioner_of(&DOCTOR_ACCOUNT), None);
    });
}

#[test]
fn licences_of_nobody_and_of_others_are_refused() {
    run(|| {
        let practitioner = PractitionerId(99);
        for call in [
            license(practitioner),
            Call::suspend_licence { practitioner },
            Call::lift_licence { practitioner },
            Call::revoke_licence { practitioner },
        ] {
            assert_noop!(by(CLINIC_MAIN, call), Error::<Test>::UnknownPractitioner);
        }
        let practitioner = DOCTOR;
        for call in [
            Call::suspend_licence { practitioner },
            Call::lift_licence { practitioner },
            Call::revoke_licence { practitioner },
        ] {
            assert_noop!(by(CLINIC_MAIN, call), Error::<Test>::NoLicence);
        }
    });
}

#[test]
fn licences_are_bounded_and_void_ones_make_room() {
    run(|| {
        let clinics = clinics(u64::from(LICENCES_MAX));
        for (_, account) in &clinics[1..] {
            assert_ok!(by(*account, license(DOCTOR)));
        }
        let (_, late) = clinics[0];
        assert_noop!(by(late, license(DOCTOR)), Error::<Test>::TooManyLicences);
        // To change one of them is possible even so.
        assert_ok!(by(HOSPITAL_MAIN, license(DOCTOR)));

        let (removed, _) = clinics[1];
        assert_ok!(by_council(Call::remove_member { member: removed }));
        assert_ok!(by(late, license(DOCTOR)));
        let licences = crate::Practitioners::<Test>::get(DOCTOR).unwrap().licences;
        assert!(!licences.contains_key(&removed));
        assert_eq!(licences.len(), LICENCES_MAX as usize);
    });
}
