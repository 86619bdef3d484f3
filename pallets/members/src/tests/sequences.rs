//! Random sequences of calls keep the invariants, and a refused call leaves no trace.

use std::collections::BTreeSet;

use frame_system::RawOrigin;
use proptest::prelude::*;
use sp_io::storage::root;
use sp_runtime::StateVersion;
use xinglin_primitives::{
    glue::{MemberKind, Scope},
    time::{Moment, HOUR_MS},
    MemberId, PatientId, PractitionerId,
};

use crate::{mock::*, Call, DelegationKind, HospitalLevel, Party, Principal, Scopes};

const STEPS: usize = 60;

/// Few enough accounts that calls often meet, many enough that some are free.
fn account() -> impl Strategy<Value = AccountId> {
    prop_oneof![
        Just(HOSPITAL_MAIN),
        Just(HOSPITAL_DESK),
        Just(CLINIC_MAIN),
        Just(INSURER_MAIN),
        Just(DOCTOR_ACCOUNT),
        Just(PATIENT_ACCOUNT),
        500..508u64,
    ]
}

fn member() -> impl Strategy<Value = MemberId> {
    (0..6u32).prop_map(MemberId)
}

fn practitioner() -> impl Strategy<Value = PractitionerId> {
    (0..3u32).prop_map(PractitionerId)
}

fn patient() -> impl Strategy<Value = PatientId> {
    (0..3u64).prop_map(PatientId)
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        patient().prop_map(Principal::Patient),
        practitioner().prop_map(Principal::Practitioner),
    ]
}

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![
        member().prop_map(Party::Member),
        practitioner().prop_map(Party::Practitioner),
        patient().prop_map(Party::Patient),
    ]
}

fn scopes() -> impl Strategy<Value = Scopes> {
    let scope = prop_oneof![
        Just(Scope::Booking),
        Just(Scope::Reading),
        Just(Scope::Routine)
    ];
    proptest::collection::btree_set(scope, 0..3)
        .prop_map(|scopes: BTreeSet<_>| Scopes::try_from(scopes).unwrap())
}

fn of_parties() -> impl Strategy<Value = Call<Test>> {
    let specialty = || b"04".to_vec().try_into().unwrap();
    prop_oneof![
        (account(), any::<bool>()).prop_map(|(account, is_hospital)| Call::register_member {
            account,
            kind: if is_hospital {
                MemberKind::Hospital
            } else {
                MemberKind::Insurer
            },
            level: is_hospital.then_some(HospitalLevel::One),
            name: b"new".to_vec().try_into().unwrap(),
            encryption_key: key(1),
        }),
        party().prop_map(|party| Call::suspend { party }),
        party().prop_map(|party| Call::lift { party }),
        member().prop_map(|member| Call::remove_member { member }),
        (member(), account())
            .prop_map(|(member, account)| Call::change_member_account { member, account }),
        account().prop_map(|account| Call::add_service_account { account }),
        account().prop_map(|account| Call::remove_service_account { account }),
        account().prop_map(move |account| Call::register_practitioner {
            account,
            encryption_key: key(2),
            department: SURGERY,
            specialty: specialty(),
        }),
        practitioner().prop_map(move |practitioner| Call::set_licence {
            practitioner,
            department: SURGERY,
            specialty: specialty(),
        }),
        practitioner().prop_map(|practitioner| Call::revoke_licence { practitioner }),
        (0..4u8, account()).prop_map(|(byte, account)| Call::register_patient {
            identity: identity(byte),
            account,
            encryption_key: key(3),
        }),
    ]
}

fn of_persons() -> impl Strategy<Value = Call<Test>> {
    prop_oneof![
        (principal(), account()).prop_map(|(principal, account)| Call::propose_replacement {
            principal,
            account,
            encryption_key: key(4),
        }),
        (principal(), account())
            .prop_map(|(principal, account)| Call::approve_replacement { principal, account }),
        Just(Call::veto_replacement {}),
        principal().prop_map(|principal| Call::cancel_replacement { principal }),
        principal().prop_map(|principal| Call::complete_replacement { principal }),
        (account(), any::<bool>(), scopes(), 0..100u64, any::<bool>()).prop_map(
            |(delegate, is_device, scopes, hours, has_key)| Call::delegate {
                delegate,
                kind: if is_device {
                    DelegationKind::SessionKey
                } else {
                    DelegationKind::Delegate
                },
                scopes,
                until: START + hours * HOUR_MS,
                encryption_key: has_key.then(|| key(6)),
            }
        ),
        account().prop_map(|delegate| Call::revoke_delegation { delegate }),
        principal().prop_map(|principal| Call::renounce_delegation { principal }),
        principal().prop_map(|principal| Call::clear_expired { principal }),
    ]
}

fn step() -> impl Strategy<Value = (RawOrigin<AccountId>, Call<Test>, Moment)> {
    let origin = prop_oneof![
        1 => Just(RawOrigin::Root),
        3 => account().prop_map(RawOrigin::Signed),
    ];
    let call = prop_oneof![of_parties(), of_persons()];
    (origin, call, 0..5 * HOUR_MS)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn invariants_hold(steps in proptest::collection::vec(step(), STEPS)) {
        storage_of(consortium()).execute_with(|| {
            for (origin, call, later) in steps {
                Now::mutate(|now| *now += later);
                let before = root(StateVersion::V1);
                if dispatch(origin, call).is_err() {
                    assert_eq!(root(StateVersion::V1), before);
                }
                Members::check_invariants().unwrap();
            }
        });
    }
}
