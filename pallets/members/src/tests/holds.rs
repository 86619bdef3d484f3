//! A regulator's hold, beside the council's suspension.

use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{self, Admission, Patients, Practitioners, Scope},
    MemberId, PatientId, PractitionerId,
};

use crate::{
    mock::*, Admittance, Call, DelegationKind, Error, Event, Party, Principal, Role, Scopes,
    WeightInfo,
};

const PARTIES: [Party; 3] = [
    Party::Member(HOSPITAL),
    Party::Practitioner(DOCTOR),
    Party::Patient(PATIENT),
];

fn account(party: Party) -> AccountId {
    match party {
        Party::Member(_) => HOSPITAL_MAIN,
        Party::Practitioner(_) => DOCTOR_ACCOUNT,
        Party::Patient(_) => PATIENT_ACCOUNT,
    }
}

#[test]
fn what_is_held_does_not_take_part() {
    for party in PARTIES {
        run(|| {
            assert_ok!(Members::set_hold(party, true));
            assert_events(&[Event::HoldChanged {
                party,
                is_held: true,
            }]);
            assert!(!Members::is_admitted(&account(party)));
            assert_ok!(Members::set_hold(party, false));
            assert_events(&[Event::HoldChanged {
                party,
                is_held: false,
            }]);
            assert!(Members::is_admitted(&account(party)));
        });
    }
}

#[test]
fn holding_twice_changes_nothing_more() {
    for party in PARTIES {
        run(|| {
            for is_held in [true, false] {
                assert_ok!(Members::set_hold(party, is_held));
                let events = System::events().len();
                assert_ok!(Members::set_hold(party, is_held));
                assert_eq!(System::events().len(), events);
            }
            assert!(Members::is_admitted(&account(party)));
        });
    }
}

#[test]
fn nothing_unknown_is_held() {
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
            for is_held in [true, false] {
                assert_noop!(Members::set_hold(party, is_held), error);
            }
        }
    });
}

/// Hold and suspension come and go in any order, and neither undoes the other.
#[test]
fn neither_undoes_the_other() {
    for party in PARTIES {
        run(|| {
            let is_active = || Members::is_admitted(&account(party));
            suspend(party);
            assert_ok!(Members::set_hold(party, true));
            assert_ok!(by_council(Call::lift { party }));
            assert!(!is_active(), "lifting a suspension leaves the hold");
            suspend(party);
            assert_ok!(Members::set_hold(party, false));
            assert!(!is_active(), "lifting a hold leaves the suspension");
            assert_ok!(by_council(Call::lift { party }));
            assert!(is_active());
        });
    }
}

#[test]
fn a_hold_takes_no_seat() {
    run(|| {
        let seats = crate::Seats::<Test>::get();
        // Not even that of the last member, nor all of them.
        for member in [HOSPITAL, CLINIC, INSURER, REGULATOR] {
            assert_ok!(Members::set_hold(Party::Member(member), true));
        }
        assert_eq!(crate::Seats::<Test>::get(), seats);
        // A held member that the council suspends loses its seat, and has it back with the lifting
        // of that alone.
        let party = Party::Member(HOSPITAL);
        suspend(party);
        assert!(!SeatsTold::get().contains(&HOSPITAL_MAIN));
        assert_ok!(by_council(Call::lift { party }));
        assert!(SeatsTold::get().contains(&HOSPITAL_MAIN));
    });
}

#[test]
fn with_a_held_member_rest_its_accounts_and_its_licences() {
    run(|| {
        assert_ok!(Members::set_hold(Party::Member(HOSPITAL), true));
        assert_eq!(<Members as glue::Members<_>>::kind_of(HOSPITAL), None);
        assert_eq!(
            <Members as glue::Members<_>>::member_of(&HOSPITAL_DESK),
            None
        );
        assert_eq!(Members::department_at(DOCTOR, HOSPITAL), None);
        assert_eq!(Members::practitioner_of(&DOCTOR_ACCOUNT), None);
        assert!(Members::is_admitted(&PATIENT_ACCOUNT));
    });
}

#[test]
fn who_is_held_keeps_vote_and_veto() {
    run(|| {
        for party in PARTIES {
            assert_ok!(Members::set_hold(party, true));
        }
        let restricted = |who, role| {
            assert_eq!(Members::admittance(&who), Admittance::Restricted(role));
        };
        restricted(HOSPITAL_MAIN, Role::Main(HOSPITAL));
        restricted(DOCTOR_ACCOUNT, Role::Practitioner(DOCTOR));
        restricted(PATIENT_ACCOUNT, Role::Patient(PATIENT));
        let refused = |who| assert_eq!(Members::admittance(&who), Admittance::Refused);
        refused(HOSPITAL_DESK);
        for party in PARTIES {
            suspend(party);
        }
        for who in [
            HOSPITAL_MAIN,
            HOSPITAL_DESK,
            DOCTOR_ACCOUNT,
            PATIENT_ACCOUNT,
        ] {
            refused(who);
        }
        assert_eq!(Members::admittance(&STRANGER), Admittance::Unknown);
    });
}

#[test]
fn a_practitioner_without_a_licence_is_restricted() {
    run(|| {
        let practitioner = DOCTOR;
        assert_ok!(by(HOSPITAL_MAIN, Call::revoke_licence { practitioner }));
        let expected = Admittance::Restricted(Role::Practitioner(DOCTOR));
        assert_eq!(Members::admittance(&DOCTOR_ACCOUNT), expected);
    });
}

#[test]
fn who_is_held_still_vetoes() {
    run(|| {
        assert_ok!(Members::set_hold(Party::Patient(PATIENT), true));
        let propose = Call::propose_replacement {
            principal: Principal::Patient(PATIENT),
            account: OTHER,
            encryption_key: key(8),
        };
        assert_ok!(by(HOSPITAL_MAIN, propose));
        assert_ok!(by(PATIENT_ACCOUNT, Call::veto_replacement {}));
    });
}

#[test]
fn delegates_of_who_is_stopped_do_not_act_but_stay_delegates() {
    let act = || <Members as Patients<_>>::acts_for(&STRANGER, PATIENT, Scope::Reading);
    let has =
        || <Members as glue::Delegations<_>>::has_delegate(PATIENT, &STRANGER, Scope::Reading);
    run(|| {
        assert!(!has());
        let scopes = std::collections::BTreeSet::from([Scope::Reading]);
        let delegate = Call::delegate {
            delegate: STRANGER,
            kind: DelegationKind::Delegate,
            scopes: Scopes::try_from(scopes).unwrap(),
            until: START + 10,
            encryption_key: None,
        };
        assert_ok!(by(PATIENT_ACCOUNT, delegate));
        assert!(act() && has() && Members::is_admitted(&STRANGER));
        let party = Party::Patient(PATIENT);
        assert_ok!(Members::set_hold(party, true));
        assert!(!act() && has() && !Members::is_admitted(&STRANGER));
        assert_ok!(Members::set_hold(party, false));
        suspend(party);
        assert!(!act() && has() && !Members::is_admitted(&STRANGER));
        Now::set(START + 10);
        assert!(!has());
    });
}

#[test]
fn calls_weigh_what_others_do_for_them() {
    let weight = |call: Call<Test>| call.get_dispatch_info().call_weight;
    let party = Party::Member(HOSPITAL);
    let own = <Test as crate::Config>::WeightInfo::suspend();
    assert_eq!(weight(Call::suspend { party }), own + SEATS_WEIGHT);
    assert_eq!(weight(Call::lift { party }), own + SEATS_WEIGHT);
    let remove = Call::remove_member { member: HOSPITAL };
    let own = <Test as crate::Config>::WeightInfo::remove_member();
    assert_eq!(weight(remove), own + SEATS_WEIGHT);
    let principal = THE_PATIENT;
    let own = <Test as crate::Config>::WeightInfo::complete_replacement();
    assert_eq!(
        weight(Call::complete_replacement { principal }),
        own + PURSE_WEIGHT
    );
    let change = Call::change_member_account {
        member: HOSPITAL,
        account: OTHER,
    };
    let own = <Test as crate::Config>::WeightInfo::change_member_account();
    assert_eq!(weight(change), own + SEATS_WEIGHT + PURSE_WEIGHT);
}
