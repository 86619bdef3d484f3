//! Who made the blocks.

use codec::Encode;
use frame_support::assert_ok;
use sp_runtime::generic::DigestItem;
use xinglin_primitives::{MemberId, AUTHOR_ENGINE_ID};

use crate::{mock::*, Call, Produced, Production};

fn produced(member: u32) -> Production {
    Produced::<Test>::get(MemberId(member))
}

#[test]
fn blocks_are_counted_for_their_authors() {
    run(|| {
        let genesis = Production {
            blocks: 0,
            last: Some(0),
        };
        assert_eq!(produced(0), genesis);
        for author in [0, 1, 0] {
            block_by(author, || {
                assert_eq!(Validators::author(), Some(account(author)));
            });
        }
        let of = |blocks, last| Production {
            blocks,
            last: Some(last),
        };
        assert_eq!(produced(0), of(2, 3));
        assert_eq!(produced(1), of(1, 2));
        assert_eq!(produced(2), genesis);
    });
}

#[test]
fn a_digest_that_names_nobody_counts_for_nobody() {
    run(|| {
        for logs in [
            vec![],
            vec![DigestItem::PreRuntime(AUTHOR_ENGINE_ID, vec![1, 2])],
            vec![DigestItem::PreRuntime(*b"aura", account(0).encode())],
            vec![DigestItem::Consensus(AUTHOR_ENGINE_ID, account(0).encode())],
        ] {
            block(logs, || assert_eq!(Validators::author(), None));
        }
        let stranger = DigestItem::PreRuntime(AUTHOR_ENGINE_ID, 7u64.encode());
        block(vec![stranger], || {
            assert_eq!(Validators::author(), Some(7));
        });
        let total: u64 = Produced::<Test>::iter_values().map(|it| it.blocks).sum();
        assert_eq!(total, 0);
    });
}

#[test]
fn the_validator_of_a_suspended_member_is_still_at_work() {
    run(|| {
        Suspended::set(vec![MemberId(3)]);
        blocks_by(&[0, 1, 2, 3], 20);
        assert_eq!(produced(3).blocks, 5);
        // So nobody counts as absent, and another may leave.
        let member = MemberId(0);
        assert_ok!(by_council(Call::remove_validator { member }));
    });
}
