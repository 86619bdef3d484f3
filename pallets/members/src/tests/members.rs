//! Admission, description and removal of members, and their accounts.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::glue::{self, Admission, MemberKind};

use crate::{
    mock::*, Accounts, Call, Error, Event, HospitalLevel, Membership, Name, NextMember, Party,
    Role, Seats, MEMBERS_MAX, SERVICE_ACCOUNTS_MAX,
};

fn name(text: &str) -> Name {
    Name::try_from(text.as_bytes().to_vec()).unwrap()
}

fn register(account: AccountId, kind: MemberKind, level: Option<HospitalLevel>) -> Call<Test> {
    Call::register_member {
        account,
        kind,
        level,
        name: name("杏林诊所"),
        encryption_key: key(9),
    }
}

fn service(account: AccountId) -> Call<Test> {
    Call::add_service_account { account }
}

#[test]
fn the_council_admits_a_member_and_gives_it_a_seat() {
    run(|| {
        // Lower than all others, so that the order of the seats is put to the test.
        assert_ok!(by_council(register(5, MemberKind::Clinic, None)));
        let id = xinglin_primitives::MemberId(4);
        assert_events(&[Event::MemberRegistered {
            member: id,
            kind: MemberKind::Clinic,
            account: 5,
        }]);
        assert_eq!(
            SeatsTold::get(),
            [5, HOSPITAL_MAIN, CLINIC_MAIN, INSURER_MAIN, REGULATOR_MAIN]
        );
        assert_eq!(<Members as glue::Members<_>>::member_of(&5), Some(id));
        assert_eq!(
            <Members as glue::Members<_>>::kind_of(id),
            Some(MemberKind::Clinic)
        );
        assert!(Members::is_admitted(&5));
    });
}

#[test]
fn a_member_is_described_as_its_kind_demands() {
    run(|| {
        let hospital = register(STRANGER, MemberKind::Hospital, None);
        assert_noop!(by_council(hospital), Error::<Test>::LevelMismatch);
        let clinic = register(STRANGER, MemberKind::Clinic, Some(HospitalLevel::One));
        assert_noop!(by_council(clinic), Error::<Test>::LevelMismatch);
        for bad in [vec![], vec![0xff]] {
            let mut call = register(STRANGER, MemberKind::Clinic, None);
            if let Call::register_member { name, .. } = &mut call {
                *name = Name::try_from(bad).unwrap();
            }
            assert_noop!(by_council(call), Error::<Test>::NotText);
        }
    });
}

#[test]
fn an_account_is_one_thing_only() {
    run(|| {
        for account in [
            HOSPITAL_MAIN,
            HOSPITAL_DESK,
            DOCTOR_ACCOUNT,
            PATIENT_ACCOUNT,
        ] {
            assert_noop!(
                by_council(register(account, MemberKind::Clinic, None)),
                Error::<Test>::AccountInUse
            );
            assert_noop!(
                by(CLINIC_MAIN, service(account)),
                Error::<Test>::AccountInUse
            );
        }
    });
}

#[test]
fn the_council_has_a_bounded_number_of_seats() {
    run(|| {
        let taken = Seats::<Test>::get().len() as u64;
        for n in taken..u64::from(MEMBERS_MAX) {
            assert_ok!(by_council(register(10_000 + n, MemberKind::Clinic, None)));
        }
        assert_noop!(
            by_council(register(STRANGER, MemberKind::Clinic, None)),
            Error::<Test>::TooManyMembers
        );
        // A suspended member leaves its seat, and finds it taken.
        let party = Party::Member(CLINIC);
        suspend(party);
        assert_ok!(by_council(register(STRANGER, MemberKind::Clinic, None)));
        assert_noop!(
            by_council(Call::lift { party }),
            Error::<Test>::TooManyMembers
        );
    });
}

#[test]
fn ids_run_out_with_an_error() {
    run(|| {
        NextMember::<Test>::put(xinglin_primitives::MemberId(u32::MAX));
        assert_noop!(
            by_council(register(STRANGER, MemberKind::Clinic, None)),
            Error::<Test>::IdsExhausted
        );
    });
}

#[test]
fn the_council_changes_name_and_level() {
    run(|| {
        let describe = |member, level, name| {
            by_council(Call::describe_member {
                member,
                level,
                name,
            })
        };
        let level = Some(HospitalLevel::Two);
        assert_ok!(describe(HOSPITAL, level, name("二院")));
        assert_events(&[Event::MemberDescribed {
            member: HOSPITAL,
            level,
            name: name("二院"),
        }]);
        let hospital = crate::Members::<Test>::get(HOSPITAL).unwrap();
        assert_eq!((hospital.level, hospital.name), (level, name("二院")));

        assert_noop!(
            describe(HOSPITAL, None, name("x")),
            Error::<Test>::LevelMismatch
        );
        assert_noop!(
            describe(CLINIC, level, name("x")),
            Error::<Test>::LevelMismatch
        );
        assert_noop!(
            describe(CLINIC, None, Name::default()),
            Error::<Test>::NotText
        );
        let unknown = xinglin_primitives::MemberId(99);
        assert_noop!(
            describe(unknown, None, name("x")),
            Error::<Test>::UnknownMember
        );
        assert_ok!(by_council(Call::remove_member { member: CLINIC }));
        assert_noop!(
            describe(CLINIC, None, name("x")),
            Error::<Test>::MemberRemoved
        );
    });
}

#[test]
fn a_removed_member_is_out_for_good_but_can_still_be_paid() {
    run(|| {
        let remove = |member| by_council(Call::remove_member { member });
        assert_ok!(remove(HOSPITAL));
        assert_events(&[Event::MemberRemoved { member: HOSPITAL }]);
        assert_eq!(
            SeatsTold::get(),
            [CLINIC_MAIN, INSURER_MAIN, REGULATOR_MAIN]
        );
        for account in [HOSPITAL_MAIN, HOSPITAL_DESK, DOCTOR_ACCOUNT] {
            assert!(!Members::is_admitted(&account));
        }
        assert_eq!(
            <Members as glue::Members<_>>::account_of(HOSPITAL),
            Some(HOSPITAL_MAIN)
        );
        // The desk is free, the main account is not.
        assert_eq!(Accounts::<Test>::get(HOSPITAL_DESK), None);
        assert_eq!(
            Accounts::<Test>::get(HOSPITAL_MAIN),
            Some(Role::Main(HOSPITAL))
        );

        assert_noop!(remove(HOSPITAL), Error::<Test>::MemberRemoved);
        let party = Party::Member(HOSPITAL);
        assert_noop!(
            by_council(Call::lift { party }),
            Error::<Test>::MemberRemoved
        );
        assert_noop!(
            by_council(Call::suspend { party }),
            Error::<Test>::MemberRemoved
        );
        assert_noop!(
            remove(xinglin_primitives::MemberId(99)),
            Error::<Test>::UnknownMember
        );
    });
}

#[test]
fn a_suspended_member_can_be_removed() {
    run(|| {
        suspend(Party::Member(CLINIC));
        let seats = SeatsTold::get();
        assert_ok!(by_council(Call::remove_member { member: CLINIC }));
        assert_eq!(SeatsTold::get(), seats);
        let clinic = crate::Members::<Test>::get(CLINIC).unwrap();
        assert_eq!(clinic.membership, Membership::Removed);
    });
}

#[test]
fn a_member_that_runs_a_validator_is_not_removed() {
    run(|| {
        Validating::set(vec![CLINIC]);
        let remove = Call::remove_member { member: CLINIC };
        assert_noop!(by_council(remove.clone()), Error::<Test>::StillValidating);
        Validating::set(Vec::new());
        assert_ok!(by_council(remove));
    });
}

#[test]
fn the_last_active_member_stays() {
    run(|| {
        for member in [HOSPITAL, CLINIC, INSURER] {
            suspend(Party::Member(member));
        }
        let party = Party::Member(REGULATOR);
        assert_noop!(
            by_council(Call::suspend { party }),
            Error::<Test>::LastMember
        );
        assert_noop!(
            by_council(Call::remove_member { member: REGULATOR }),
            Error::<Test>::LastMember
        );
    });
}

#[test]
fn a_main_account_is_changed_by_itself_or_by_the_council() {
    run(|| {
        let change = |member, account| Call::change_member_account { member, account };
        assert_ok!(by(HOSPITAL_MAIN, change(HOSPITAL, STRANGER)));
        assert_events(&[Event::MemberAccountChanged {
            member: HOSPITAL,
            old: HOSPITAL_MAIN,
            new: STRANGER,
        }]);
        assert_eq!(
            SeatsTold::get(),
            [CLINIC_MAIN, INSURER_MAIN, REGULATOR_MAIN, STRANGER]
        );
        assert!(!Members::is_admitted(&HOSPITAL_MAIN));
        assert!(Members::is_admitted(&STRANGER));

        // Lost: the council gives another one, also while the member is suspended.
        suspend(Party::Member(HOSPITAL));
        let seats = SeatsTold::get();
        assert_noop!(
            by(STRANGER, change(HOSPITAL, OTHER)),
            Error::<Test>::NotMainAccount
        );
        assert_ok!(by_council(change(HOSPITAL, OTHER)));
        assert_eq!(SeatsTold::get(), seats);

        assert_noop!(
            by(CLINIC_MAIN, change(HOSPITAL, STRANGER)),
            Error::<Test>::NotMainAccount
        );
        assert_noop!(
            by_council(change(CLINIC, PATIENT_ACCOUNT)),
            Error::<Test>::AccountInUse
        );
        assert_noop!(
            by_council(change(xinglin_primitives::MemberId(99), STRANGER)),
            Error::<Test>::UnknownMember
        );
        assert_ok!(by_council(Call::remove_member { member: CLINIC }));
        assert_noop!(
            by_council(change(CLINIC, STRANGER)),
            Error::<Test>::MemberRemoved
        );
    });
}

#[test]
fn the_main_account_adds_and_removes_service_accounts() {
    run(|| {
        assert_ok!(by(CLINIC_MAIN, service(STRANGER)));
        assert_events(&[Event::ServiceAccountAdded {
            member: CLINIC,
            account: STRANGER,
        }]);
        assert_eq!(
            <Members as glue::Members<_>>::member_of(&STRANGER),
            Some(CLINIC)
        );
        assert!(Members::is_admitted(&STRANGER));
        assert_noop!(by(STRANGER, service(OTHER)), Error::<Test>::NotMainAccount);

        let remove = Call::remove_service_account { account: STRANGER };
        assert_noop!(
            by(HOSPITAL_MAIN, remove.clone()),
            Error::<Test>::NotServiceAccount
        );
        assert_noop!(by(STRANGER, remove.clone()), Error::<Test>::NotMainAccount);
        assert_ok!(by(CLINIC_MAIN, remove.clone()));
        assert_events(&[Event::ServiceAccountRemoved {
            member: CLINIC,
            account: STRANGER,
        }]);
        assert!(!Members::is_admitted(&STRANGER));
        assert_noop!(by(CLINIC_MAIN, remove), Error::<Test>::NotServiceAccount);
    });
}

#[test]
fn service_accounts_are_bounded() {
    run(|| {
        for n in 0..u64::from(SERVICE_ACCOUNTS_MAX) {
            assert_ok!(by(CLINIC_MAIN, service(10_000 + n)));
        }
        assert_noop!(
            by(CLINIC_MAIN, service(STRANGER)),
            Error::<Test>::TooManyServiceAccounts
        );
    });
}

#[test]
fn every_party_changes_its_own_encryption_key() {
    run(|| {
        let set = Call::set_encryption_key {
            encryption_key: key(77),
        };
        for (account, party) in [
            (HOSPITAL_MAIN, Party::Member(HOSPITAL)),
            (DOCTOR_ACCOUNT, Party::Practitioner(DOCTOR)),
            (PATIENT_ACCOUNT, Party::Patient(PATIENT)),
        ] {
            assert_ok!(by(account, set.clone()));
            assert_events(&[Event::EncryptionKeyChanged {
                party,
                encryption_key: key(77),
            }]);
        }
        let hospital = crate::Members::<Test>::get(HOSPITAL).unwrap();
        let doctor = crate::Practitioners::<Test>::get(DOCTOR).unwrap();
        let patient = crate::Patients::<Test>::get(PATIENT).unwrap();
        assert_eq!(
            [
                hospital.encryption_key,
                doctor.encryption_key,
                patient.encryption_key
            ],
            [key(77); 3]
        );

        for account in [STRANGER, HOSPITAL_DESK] {
            assert_noop!(by(account, set.clone()), Error::<Test>::NotActiveParty);
        }
        suspend(Party::Patient(PATIENT));
        assert_noop!(by(PATIENT_ACCOUNT, set), Error::<Test>::NotActiveParty);
    });
}
