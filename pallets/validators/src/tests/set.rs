//! Changes of the live set.

use codec::{Decode, Encode};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::generic::DigestItem;
use xinglin_primitives::{
    consensus::{Validator, VALIDATORS_MAX},
    glue::ValidatorSet,
    MemberId, VALIDATOR_SET_ENGINE_ID,
};

use crate::{mock::*, Call, CurrentSet, Error, Event, PendingSet, Sets};

fn add(member: u32) -> Call<Test> {
    let member = MemberId(member);
    Call::add_validator { member, power: 1 }
}

fn remove(member: u32) -> Call<Test> {
    let member = MemberId(member);
    Call::remove_validator { member }
}

fn set(validators: &[(u32, u32)]) -> Call<Test> {
    let validators: Vec<_> = validators
        .iter()
        .map(|(member, power)| (MemberId(*member), *power))
        .collect();
    let validators = validators.try_into().unwrap();
    Call::set_validators { validators }
}

fn members() -> Vec<u32> {
    live().iter().map(|validator| validator.member.0).collect()
}

fn digests_of_sets(logs: &[DigestItem]) -> Vec<Vec<Validator>> {
    logs.iter()
        .filter_map(|item| match item {
            DigestItem::Consensus(VALIDATOR_SET_ENGINE_ID, bytes) => {
                Some(Decode::decode(&mut bytes.as_slice()).unwrap())
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_validator_joins_at_the_next_height() {
    run(|| {
        block_by(0, || register(5));
        let logs = block_by(1, || {
            assert_ok!(by_council(add(5)));
            let member = MemberId(5);
            assert_events(&[Event::ValidatorAdded { member, power: 1 }]);
            // The block being executed is decided by those who were there before.
            assert_eq!(members(), [0, 1, 2, 3]);
            assert_eq!(Validators::validators().len(), 4);
            assert!(Validators::is_validating(member));
        });
        assert_events(&[Event::SetChanged { id: 1, from: 3 }]);
        assert_eq!(members(), [0, 1, 2, 3, 5]);
        assert_eq!(digests_of_sets(&logs), [live()]);
        assert_eq!(PendingSet::<Test>::get(), None);
        assert_eq!(Sets::<Test>::get(1).unwrap().from, 3);

        let logs = block_by(2, || {});
        assert!(digests_of_sets(&logs).is_empty());
    });
}

#[test]
fn a_validator_leaves_at_the_next_height() {
    run(|| {
        block_by(0, || {
            assert_ok!(by_council(remove(3)));
            let member = MemberId(3);
            assert_events(&[Event::ValidatorRemoved { member }]);
            assert!(Validators::is_validating(member));
        });
        assert_eq!(members(), [0, 1, 2]);
        assert!(!Validators::is_validating(MemberId(3)));
    });
}

#[test]
fn changes_of_one_block_are_one_change() {
    run(|| {
        register(5);
        let logs = block_by(0, || {
            assert_ok!(by_council(remove(3)));
            assert_ok!(by_council(add(5)));
            assert_noop!(by_council(add(5)), Error::<Test>::AlreadyValidator);
            assert_noop!(by_council(remove(3)), Error::<Test>::NotValidator);
            // Nothing can be taken from the quorum by slices: all is held against the live set.
            assert_noop!(by_council(remove(2)), Error::<Test>::NoQuorum);
        });
        assert_eq!(members(), [0, 1, 2, 5]);
        assert_eq!(digests_of_sets(&logs).len(), 1);
        assert_eq!(CurrentSet::<Test>::get(), 1);
    });
}

#[test]
fn a_change_that_is_undone_in_its_block_is_none() {
    run(|| {
        register(5);
        let logs = block_by(0, || {
            assert_ok!(by_council(add(5)));
            // Its key is freed together with the plan to use it.
            let key = key(55);
            let possession = possession(55, 5);
            let peer = peer(5);
            let call = Call::register_validator {
                key,
                possession,
                peer,
            };
            assert_ok!(by(5, call));
            assert_ok!(by_council(remove(5)));
            assert_eq!(PendingSet::<Test>::get(), None);
        });
        assert!(digests_of_sets(&logs).is_empty());
        assert_eq!(CurrentSet::<Test>::get(), 0);
    });
}

#[test]
fn the_council_decides_on_the_whole_set() {
    run(|| {
        register(5);
        block_by(0, || {
            // In any order; kept in the order of members.
            assert_ok!(by_council(set(&[(5, 1), (2, 4), (0, 4), (1, 2)])));
            assert_events(&[Event::ValidatorsSet { count: 4 }]);
        });
        let expected = [
            validator(0, 4),
            validator(1, 2),
            validator(2, 4),
            validator(5, 1),
        ];
        assert_eq!(live(), expected);
    });
}

#[test]
fn a_set_is_made_of_registered_active_members_once_each() {
    run(|| {
        register(5);
        assert_noop!(by_council(add(6)), Error::<Test>::NotRegistered);
        assert_noop!(
            by_council(set(&[(0, 1), (6, 1)])),
            Error::<Test>::NotRegistered
        );
        assert_noop!(by_council(add(0)), Error::<Test>::AlreadyValidator);
        assert_noop!(by_council(remove(5)), Error::<Test>::NotValidator);
        assert_noop!(
            by_council(set(&[(0, 1), (1, 1), (0, 1)])),
            Error::<Test>::DuplicateMember
        );
        assert_noop!(by_council(set(&[])), Error::<Test>::EmptySet);
        assert_noop!(by_council(set(&[(0, 1), (1, 0)])), Error::<Test>::NoPower);
        let member = MemberId(5);
        assert_noop!(
            by_council(Call::add_validator { member, power: 0 }),
            Error::<Test>::NoPower
        );
        Suspended::set(vec![MemberId(5), MemberId(0)]);
        assert_noop!(by_council(add(5)), Error::<Test>::NotActiveMember);
        // One that is in the set may stay: suspension does not touch consensus by itself.
        assert_ok!(by_council(set(&[(0, 1), (1, 1), (2, 1)])));
    });
}

#[test]
fn the_last_validator_stays() {
    storage_of(genesis(&[1])).execute_with(|| {
        assert_noop!(by_council(remove(0)), Error::<Test>::EmptySet);
    });
}

#[test]
fn a_set_is_bounded() {
    let mut config = genesis(&[1; 4]);
    for n in 4..VALIDATORS_MAX {
        let mut validator = config.validators[0].clone();
        validator.member = MemberId(n + MEMBERS);
        validator.key = key(n + MEMBERS);
        validator.peer.0.truncate(6);
        validator.peer.0.extend([100 + n as u8; 32]);
        config.validators.push(validator);
    }
    storage_of(config).execute_with(|| {
        register(5);
        assert_noop!(by_council(add(5)), Error::<Test>::TooManyValidators);
    });
}

#[test]
fn with_one_of_four_quiet_no_other_is_removed() {
    run(|| {
        // Until its turns have passed unused, everybody of the genesis counts as at work.
        blocks_by(&[0, 1, 2], 12);
        assert_ok!(frame_support::storage::with_storage_layer(|| {
            by_council(remove(0))?;
            by_council(set(&[(0, 1), (1, 1), (2, 1), (3, 1)]))
        }));

        blocks_by(&[0, 1, 2], 1);
        assert_noop!(by_council(remove(0)), Error::<Test>::NoQuorum);
        register(5);
        assert_noop!(by_council(add(5)), Error::<Test>::NoQuorum);
        // The one that is quiet goes, and then there is room for another.
        block_by(1, || {
            assert_ok!(by_council(remove(3)));
            assert_ok!(by_council(add(5)));
        });
        assert_eq!(members(), [0, 1, 2, 5]);
    });
}

#[test]
fn who_is_back_counts_again() {
    run(|| {
        blocks_by(&[0, 1, 2], 13);
        assert_noop!(by_council(remove(0)), Error::<Test>::NoQuorum);
        block_by(3, || {});
        assert_ok!(by_council(remove(0)));
    });
}

#[test]
fn a_newcomer_counts_from_its_first_block() {
    run(|| {
        register(5);
        register(6);
        block_by(0, || by_council(add(5)).unwrap());
        // Of five, one a newcomer, and one more: four of six at work are not enough.
        assert_noop!(by_council(add(6)), Error::<Test>::NoQuorum);
        block_by(5, || {});
        assert_ok!(by_council(add(6)));
    });
}

#[test]
fn who_comes_back_or_takes_another_key_is_a_newcomer() {
    run(|| {
        // Member 3 has authored lately, but not since it left.
        block_by(3, || by_council(remove(3)).unwrap());
        block_by(0, || by_council(add(3)).unwrap());
        assert_noop!(by_council(remove(0)), Error::<Test>::NoQuorum);
        block_by(3, || {});
        assert_ok!(frame_support::storage::with_storage_layer(|| {
            by_council(remove(0))?;
            by_council(set(&[(0, 1), (1, 1), (2, 1), (3, 1)]))
        }));

        // The same validator with a key that has yet to sign anything.
        let call = Call::register_validator {
            key: key(33),
            possession: possession(33, 3),
            peer: peer(3),
        };
        assert_ok!(by(3, call));
        block_by(0, || {
            by_council(set(&[(0, 1), (1, 1), (2, 1), (3, 1)])).unwrap();
        });
        assert_eq!(live()[3].key, key(33));
        assert_noop!(by_council(remove(0)), Error::<Test>::NoQuorum);
        block_by(3, || {});
        assert_ok!(by_council(remove(0)));
    });
}

#[test]
fn one_validator_becomes_two() {
    storage_of(genesis(&[1])).execute_with(|| {
        register(1);
        assert_noop!(by_council(add(1)), Error::<Test>::NoQuorum);
        block_by(0, || by_council(set(&[(0, 3), (1, 1)])).unwrap());
        assert_noop!(by_council(set(&[(0, 1), (1, 1)])), Error::<Test>::NoQuorum);
        block_by(1, || {});
        block_by(0, || by_council(set(&[(0, 1), (1, 1)])).unwrap());
        assert_eq!(live(), [validator(0, 1), validator(1, 1)]);
    });
}

#[test]
fn without_any_record_the_set_can_still_be_changed() {
    run(|| {
        for _ in 0..20 {
            block(Vec::new(), || {});
        }
        assert_ok!(by_council(remove(3)));
        // As many newcomers as ever.
        register(5);
        register(6);
        assert_ok!(by_council(add(5)));
        assert_noop!(by_council(add(6)), Error::<Test>::NoQuorum);
    });
}

#[test]
fn the_set_of_every_height_is_known() {
    run(|| {
        let mut expected = vec![live(), live()];
        for height in 1..=40u32 {
            block_by(height % 3, || {
                // Member 3 leaves and comes back at irregular heights.
                if matches!(height, 2 | 11 | 30) {
                    assert_ok!(by_council(remove(3)));
                }
                if matches!(height, 3 | 12 | 36) {
                    assert_ok!(by_council(add(3)));
                }
            });
            expected.push(live());
        }
        assert_eq!(CurrentSet::<Test>::get(), 6);
        assert_eq!(Validators::set_at(0), None);
        for height in 1..=41 {
            let set = Validators::set_at(height).unwrap().into_inner();
            assert_eq!(set, expected[height as usize], "{height}");
        }
        assert_eq!(Validators::set_at(42), None);
    });
}

#[test]
fn the_digest_is_the_plain_encoding_of_the_set() {
    run(|| {
        let logs = block_by(0, || by_council(remove(3)).unwrap());
        let expected = DigestItem::Consensus(*b"xlvs", live().encode());
        assert_eq!(logs.last(), Some(&expected));
    });
}
