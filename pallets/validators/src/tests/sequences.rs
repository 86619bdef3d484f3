//! Random sequences of blocks and calls keep the invariants, and never a set that cannot go on.

use proptest::prelude::*;
use sp_io::storage::root;
use sp_runtime::StateVersion;
use xinglin_primitives::{
    consensus::{has_quorum, total_power},
    MemberId,
};

use crate::{mock::*, Call};

const BLOCKS: usize = 30;

#[derive(Clone, Debug)]
enum Step {
    Member(u32, Call<Test>),
    Council(Call<Test>),
    Anyone(Call<Test>),
    Suspension(Vec<MemberId>),
}

fn member() -> impl Strategy<Value = u32> {
    0..MEMBERS
}

fn of_member() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        (0..12u8).prop_map(|node| Call::register_node {
            peer: peer(node),
            addresses: addresses(1),
        }),
        (0..12u8).prop_map(|node| Call::remove_node { peer: peer(node) }),
    ];
    prop_oneof![
        (member(), call).prop_map(|(member, call)| Step::Member(member, call)),
        (member(), 0..12u32, 0..12u8).prop_map(|(member, seed, node)| Step::Member(
            member,
            Call::register_validator {
                key: key(seed),
                possession: possession(seed, member),
                peer: peer(node),
            }
        )),
        member().prop_map(|member| Step::Member(
            member,
            Call::unregister_validator {
                member: MemberId(member)
            }
        )),
    ]
}

fn of_council() -> impl Strategy<Value = Step> {
    let id = || member().prop_map(MemberId);
    prop_oneof![
        (id(), 0..4u32).prop_map(|(member, power)| Call::add_validator { member, power }),
        id().prop_map(|member| Call::remove_validator { member }),
        proptest::collection::vec((id(), 0..4u32), 0..5).prop_map(|validators| {
            Call::set_validators {
                validators: validators.try_into().unwrap(),
            }
        }),
        id().prop_map(|member| Call::clear_offences { member }),
    ]
    .prop_map(Step::Council)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => of_member(),
        4 => of_council(),
        1 => (0..12u32, 0..40u32, 0..3u32).prop_map(|(seed, height, round)| {
            let equivocation = equivocation(seed, height, round);
            Step::Anyone(Call::report_equivocation { equivocation })
        }),
        1 => proptest::collection::vec(member().prop_map(MemberId), 0..2)
            .prop_map(Step::Suspension),
    ]
}

fn apply(step: Step) {
    let before = root(StateVersion::V1);
    let result = match step {
        Step::Member(member, call) => by(member, call),
        Step::Council(call) => by_council(call),
        Step::Anyone(call) => unsigned(call),
        Step::Suspension(members) => {
            Suspended::set(members);
            Ok(())
        }
    };
    if result.is_err() {
        assert_eq!(root(StateVersion::V1), before);
    }
    Validators::check_invariants().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_chain_never_loses_its_quorum(
        blocks in proptest::collection::vec(
            (any::<u32>(), proptest::collection::vec(step(), 0..6)),
            BLOCKS,
        )
    ) {
        storage_of(genesis(&[1; VALIDATORS as usize])).execute_with(|| {
            for (author, steps) in blocks {
                let before = live();
                let author = before[author as usize % before.len()].member.0;
                block_by(author, || steps.into_iter().for_each(apply));
                // Those who could decide this height can decide the next.
                let after = live();
                let stayed: Vec<_> = after
                    .iter()
                    .filter(|new| before.iter().any(|old| (old.member, old.key) == (new.member, new.key)))
                    .cloned()
                    .collect();
                assert!(has_quorum(total_power(&stayed), total_power(&after)));
            }
        });
    }
}
