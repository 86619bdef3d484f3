//! Every call refuses the origins that can never make it.

use frame_support::assert_noop;
use frame_system::RawOrigin;
use sp_runtime::DispatchError::BadOrigin;
use xinglin_primitives::glue::MemberKind;

use crate::{mock::*, Call, DelegationKind, Name, Party, Scopes, Specialty};

fn council_calls() -> Vec<Call<Test>> {
    let name = Name::default();
    let party = Party::Patient(PATIENT);
    vec![
        Call::register_member {
            account: STRANGER,
            kind: MemberKind::Clinic,
            level: None,
            name: name.clone(),
            encryption_key: key(1),
        },
        Call::describe_member {
            member: CLINIC,
            level: None,
            name,
        },
        Call::suspend { party },
        Call::lift { party },
        Call::remove_member { member: CLINIC },
    ]
}

fn signed_calls() -> Vec<Call<Test>> {
    let principal = THE_PATIENT;
    let practitioner = DOCTOR;
    let account = STRANGER;
    let encryption_key = key(1);
    vec![
        Call::add_service_account { account },
        Call::remove_service_account { account },
        Call::set_encryption_key { encryption_key },
        Call::register_practitioner {
            account,
            encryption_key,
            department: SURGERY,
            specialty: Specialty::default(),
        },
        Call::set_licence {
            practitioner,
            department: SURGERY,
            specialty: Specialty::default(),
        },
        Call::suspend_licence { practitioner },
        Call::lift_licence { practitioner },
        Call::revoke_licence { practitioner },
        Call::register_patient {
            identity: identity(9),
            account,
            encryption_key,
        },
        Call::propose_replacement {
            principal,
            account,
            encryption_key,
        },
        Call::approve_replacement { principal, account },
        Call::veto_replacement {},
        Call::complete_replacement { principal },
        Call::delegate {
            delegate: account,
            kind: DelegationKind::Delegate,
            scopes: Scopes::new(),
            until: START,
            encryption_key: None,
        },
        Call::revoke_delegation { delegate: account },
        Call::renounce_delegation { principal },
        Call::clear_expired { principal },
    ]
}

fn calls_of_either() -> Vec<Call<Test>> {
    vec![
        Call::change_member_account {
            member: CLINIC,
            account: STRANGER,
        },
        Call::cancel_replacement {
            principal: THE_PATIENT,
        },
    ]
}

#[test]
fn only_the_council_makes_the_councils_calls() {
    run(|| {
        for call in council_calls() {
            assert_noop!(dispatch(RawOrigin::None, call.clone()), BadOrigin);
            assert_noop!(by(HOSPITAL_MAIN, call), BadOrigin);
        }
    });
}

#[test]
fn only_accounts_make_the_others() {
    run(|| {
        for call in signed_calls() {
            assert_noop!(dispatch(RawOrigin::None, call.clone()), BadOrigin);
            assert_noop!(by_council(call), BadOrigin);
        }
        for call in calls_of_either() {
            assert_noop!(dispatch(RawOrigin::None, call), BadOrigin);
        }
    });
}

#[test]
fn these_are_all_calls() {
    use frame_support::traits::GetCallName;
    let listed = council_calls().len() + signed_calls().len() + calls_of_either().len();
    assert_eq!(listed, Call::<Test>::get_call_names().len());
}
