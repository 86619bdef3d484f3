//! Registration of validators and proof of possession.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    consensus::{ConsensusSignature, SignedPayload},
    glue::{NodeRegistry, ValidatorSet},
    Hash, MemberId,
};

use crate::{mock::*, Call, Candidates, Error, Event, KeyOwners};

fn register_key(seed: u32, possession: ConsensusSignature, node: u8) -> Call<Test> {
    Call::register_validator {
        key: key(seed),
        possession,
        peer: peer(node),
    }
}

fn unregister(member: u32) -> Call<Test> {
    Call::unregister_validator {
        member: MemberId(member),
    }
}

fn with_node(member: u32, node: u8) {
    let call = Call::register_node {
        peer: peer(node),
        addresses: addresses(1),
    };
    assert_ok!(by(member, call));
}

#[test]
fn a_member_registers_a_validator_and_takes_it_back() {
    run(|| {
        block_by(0, || {
            let member = MemberId(5);
            with_node(5, 5);
            assert_ok!(by(5, register_key(5, possession(5, 5), 5)));
            assert_events(&[Event::ValidatorRegistered {
                member,
                key: key(5),
            }]);
            assert_eq!(Validators::consensus_key(member), Some(key(5)));
            // It does not validate by that.
            assert!(!Validators::is_validating(member));

            assert_ok!(by(5, unregister(5)));
            assert_events(&[Event::ValidatorUnregistered { member }]);
            assert_eq!(Validators::consensus_key(member), None);
            assert_eq!(KeyOwners::<Test>::get(key(5)), None);
            assert_noop!(by(5, unregister(5)), Error::<Test>::NotRegistered);
        });
    });
}

#[test]
fn possession_is_proven_for_this_member_on_this_chain() {
    run(|| {
        with_node(5, 5);
        let member = MemberId(5);
        let elsewhere = Hash::repeat_byte(0xbb);
        let on_another_chain = SignedPayload::Possession { member }.sign(&elsewhere, &keypair(5));
        let of_a_peer = SignedPayload::PeerId(&peer(5)).sign(
            &<Chain as xinglin_primitives::glue::ChainId>::genesis_hash(),
            &keypair(5),
        );
        for possession in [
            possession(5, 6),
            possession(6, 5),
            on_another_chain,
            of_a_peer,
            ConsensusSignature::from_raw([0; 64]),
        ] {
            assert_noop!(
                by(5, register_key(5, possession, 5)),
                Error::<Test>::NoPossession
            );
        }
    });
}

#[test]
fn a_key_belongs_to_one_member() {
    run(|| {
        with_node(5, 5);
        with_node(6, 6);
        assert_ok!(by(5, register_key(5, possession(5, 5), 5)));
        assert_noop!(
            by(6, register_key(5, possession(5, 6), 6)),
            Error::<Test>::KeyInUse
        );
        // Also one of the live set.
        assert_noop!(
            by(6, register_key(0, possession(0, 6), 6)),
            Error::<Test>::KeyInUse
        );
        // Another key frees the one before.
        assert_ok!(by(5, register_key(55, possession(55, 5), 5)));
        assert_ok!(by(6, register_key(5, possession(5, 6), 6)));
    });
}

#[test]
fn a_validator_runs_on_a_node_of_its_member() {
    run(|| {
        assert_noop!(
            by(5, register_key(5, possession(5, 5), 5)),
            Error::<Test>::UnknownNode
        );
        assert_noop!(
            by(5, register_key(5, possession(5, 5), 0)),
            Error::<Test>::NotOwner
        );
        Suspended::set(vec![MemberId(5)]);
        assert_noop!(
            by(5, register_key(5, possession(5, 5), 5)),
            Error::<Test>::NotActiveMember
        );
    });
}

#[test]
fn the_council_takes_a_registration_back_but_no_other_member() {
    run(|| {
        register(5);
        assert_noop!(by(6, unregister(5)), Error::<Test>::NotOwner);
        assert_ok!(by_council(unregister(5)));
        assert!(!Candidates::<Test>::contains_key(MemberId(5)));
    });
}

#[test]
fn a_validator_in_the_set_stays_registered() {
    run(|| {
        assert_noop!(by(0, unregister(0)), Error::<Test>::StillValidating);
        register(5);
        block_by(0, || {
            let member = MemberId(5);
            assert_ok!(by_council(Call::add_validator { member, power: 1 }));
            assert_noop!(by(5, unregister(5)), Error::<Test>::StillValidating);
        });
        assert_noop!(by(5, unregister(5)), Error::<Test>::StillValidating);
    });
}

#[test]
fn a_new_key_waits_for_the_council() {
    run(|| {
        assert_ok!(by(0, register_key(50, possession(50, 0), 0)));
        assert_eq!(live()[0].key, key(0));
        assert_eq!(Validators::consensus_key(MemberId(0)), Some(key(0)));
        // Both are the member's now.
        assert_eq!(KeyOwners::<Test>::get(key(0)), Some(MemberId(0)));
        assert_eq!(KeyOwners::<Test>::get(key(50)), Some(MemberId(0)));

        block_by(1, || {
            let validators = (0..VALIDATORS)
                .map(|n| (MemberId(n), 1))
                .collect::<Vec<_>>();
            let validators = validators.try_into().unwrap();
            assert_ok!(by_council(Call::set_validators { validators }));
        });
        assert_eq!(live()[0].key, key(50));
        assert_eq!(KeyOwners::<Test>::get(key(0)), None);
    });
}
