//! Every call refuses the origins that can never make it.

use frame_support::{assert_noop, traits::GetCallName, BoundedVec};
use sp_runtime::DispatchError::BadOrigin;
use xinglin_primitives::{consensus::ConsensusParameters, MemberId};

use crate::{mock::*, Call};

const MEMBER: MemberId = MemberId(2);

fn council_calls() -> Vec<Call<Test>> {
    vec![
        Call::add_validator {
            member: MEMBER,
            power: 1,
        },
        Call::remove_validator { member: MEMBER },
        Call::set_validators {
            validators: BoundedVec::new(),
        },
        Call::set_consensus_parameters {
            parameters: ConsensusParameters::default(),
        },
        Call::clear_offences { member: MEMBER },
    ]
}

fn member_calls() -> Vec<Call<Test>> {
    vec![
        Call::register_node {
            peer: peer(50),
            addresses: addresses(1),
        },
        Call::update_node {
            peer: peer(2),
            addresses: addresses(1),
        },
        Call::register_validator {
            key: key(2),
            possession: possession(2, 2),
            peer: peer(2),
        },
    ]
}

fn calls_of_either() -> Vec<Call<Test>> {
    vec![
        Call::remove_node { peer: peer(2) },
        Call::unregister_validator { member: MEMBER },
    ]
}

fn calls_of_nobody() -> Vec<Call<Test>> {
    vec![Call::report_equivocation {
        equivocation: equivocation(2, 1, 0),
    }]
}

#[test]
fn each_call_has_its_origin() {
    run(|| {
        for call in council_calls() {
            assert_noop!(unsigned(call.clone()), BadOrigin);
            assert_noop!(by(2, call), BadOrigin);
        }
        for call in member_calls() {
            assert_noop!(unsigned(call.clone()), BadOrigin);
            assert_noop!(by_council(call), BadOrigin);
        }
        for call in calls_of_either() {
            assert_noop!(unsigned(call), BadOrigin);
        }
        for call in calls_of_nobody() {
            assert_noop!(by(2, call.clone()), BadOrigin);
            assert_noop!(by_council(call), BadOrigin);
        }
    });
}

#[test]
fn these_are_all_calls() {
    let listed = [
        council_calls(),
        member_calls(),
        calls_of_either(),
        calls_of_nobody(),
    ];
    assert_eq!(listed.concat().len(), Call::<Test>::get_call_names().len());
}
