//! The rule for changes of the set, as a function alone.

use proptest::prelude::*;
use xinglin_primitives::{
    consensus::{has_quorum, total_power, Validator},
    MemberId,
};

use crate::{
    change::{check, liveness_window, Refusal},
    mock::{key, validator},
};

/// Validators with these powers; member n has the key of seed n.
fn set(powers: &[u32]) -> Vec<Validator> {
    (0..)
        .zip(powers)
        .map(|(n, power)| validator(n, *power))
        .collect()
}

fn without(set: &[Validator], member: u32) -> Vec<Validator> {
    let mut set = set.to_vec();
    set.retain(|validator| validator.member != MemberId(member));
    set
}

fn all_but(down: &[u32]) -> impl FnMut(&Validator) -> bool + '_ {
    |validator| !down.contains(&validator.member.0)
}

#[test]
fn there_is_always_a_validator_and_each_has_power() {
    let live = set(&[1, 1]);
    assert_eq!(check(&live, &[], all_but(&[])), Err(Refusal::Empty));
    let powerless = set(&[1, 0]);
    assert_eq!(
        check(&live, &powerless, all_but(&[])),
        Err(Refusal::NoPower)
    );
}

#[test]
fn less_than_half_as_many_newcomers_as_validators_come_at_a_time() {
    for n in 1..=30u32 {
        let live = set(&vec![1; n as usize]);
        for newcomers in 0..n {
            let next = set(&vec![1; (n + newcomers) as usize]);
            let is_allowed = check(&live, &next, all_but(&[])).is_ok();
            assert_eq!(is_allowed, newcomers <= (n - 1) / 2, "{newcomers} to {n}");
        }
    }
}

#[test]
fn of_four_with_one_down_only_that_one_goes() {
    let live = set(&[1; 4]);
    for member in 0..4 {
        let next = without(&live, member);
        let expected = if member == 2 {
            Ok(())
        } else {
            Err(Refusal::NoQuorum)
        };
        assert_eq!(check(&live, &next, all_but(&[2])), expected, "{member}");
        assert_eq!(check(&live, &next, all_but(&[])), Ok(()));
    }
}

#[test]
fn one_grows_to_two_by_way_of_more_power() {
    let alone = set(&[1]);
    assert_eq!(
        check(&alone, &set(&[1, 1]), all_but(&[])),
        Err(Refusal::NoQuorum)
    );
    assert_eq!(
        check(&alone, &set(&[2, 1]), all_but(&[])),
        Err(Refusal::NoQuorum)
    );
    let uneven = set(&[3, 1]);
    assert_eq!(check(&alone, &uneven, all_but(&[])), Ok(()));
    // The power is evened out once the newcomer is at work, and not before.
    let even = set(&[1, 1]);
    assert_eq!(check(&uneven, &even, all_but(&[1])), Err(Refusal::NoQuorum));
    assert_eq!(check(&uneven, &even, all_but(&[])), Ok(()));
}

#[test]
fn a_new_key_is_a_newcomer() {
    let live = set(&[1; 4]);
    let mut next = live.clone();
    next[0].key = key(100);
    assert_eq!(check(&live, &next, all_but(&[])), Ok(()));
    next[1].key = key(101);
    assert_eq!(check(&live, &next, all_but(&[])), Err(Refusal::NoQuorum));
}

#[test]
fn the_window_follows_the_longer_of_number_and_power() {
    let even = set(&[1; 4]);
    assert_eq!(liveness_window(&even, &even[0]), 3 * 4);
    let uneven = set(&[97, 1, 1, 1]);
    assert_eq!(liveness_window(&uneven, &uneven[0]), 3 * 4);
    assert_eq!(liveness_window(&uneven, &uneven[1]), 3 * 100);
    let extreme = set(&[u32::MAX, u32::MAX, 1]);
    assert_eq!(liveness_window(&extreme, &extreme[2]), u32::MAX);
}

proptest! {
    /// What the rule is for: whatever is allowed, those at work decide the next height.
    #[test]
    fn after_an_allowed_change_those_at_work_are_a_quorum(
        live in proptest::collection::vec(1..20u32, 1..10),
        next in proptest::collection::vec(0..20u32, 0..12),
        works in proptest::collection::vec(any::<bool>(), 12),
    ) {
        let live = set(&live);
        let mut next = set(&next);
        next.retain(|validator| validator.power > 0);
        let is_at_work = |validator: &Validator| works[validator.member.0 as usize];
        let at_work: Vec<_> = next
            .iter()
            .filter(|validator| is_at_work(validator))
            .filter(|validator| (validator.member.0 as usize) < live.len())
            .cloned()
            .collect();
        let is_quorum = has_quorum(total_power(&at_work), total_power(&next));
        prop_assert_eq!(check(&live, &next, is_at_work).is_ok(), is_quorum);
    }

    /// The way out of any trouble: a set of those at work is always allowed.
    #[test]
    fn to_reduce_the_set_to_those_at_work_is_allowed(
        live in proptest::collection::vec(1..20u32, 1..10),
        works in proptest::collection::vec(any::<bool>(), 10),
    ) {
        let live = set(&live);
        let is_at_work = |validator: &Validator| works[validator.member.0 as usize];
        let next: Vec<_> = live.iter().filter(|it| is_at_work(it)).cloned().collect();
        let expected = if next.is_empty() { Err(Refusal::Empty) } else { Ok(()) };
        prop_assert_eq!(check(&live, &next, is_at_work), expected);
    }
}
