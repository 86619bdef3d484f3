//! The tokens around a block.

use sp_runtime::traits::Hash as _;
use xinglin_primitives::{
    stamp::{Stamp, StampsAround},
    BlockNumber, Hash, Hashing, MemberId, StampId,
};

use crate::{mock::*, types::StampKey, ByBlock, NextStamp, Stamps};

/// Records that a member had a block stamped, without a token.
fn recorded(authority: MemberId, block: BlockNumber, time: u64, recorded_in: BlockNumber) {
    let id = NextStamp::<Test>::get();
    let stamp = Stamp {
        authority,
        certificates: 0,
        block,
        time,
        accuracy_ms: None,
        token: Hash::zero(),
        token_bytes: 0,
        recorded_in,
        extrinsic: 0,
    };
    Stamps::<Test>::insert(id, stamp);
    ByBlock::<Test>::insert(StampKey::new(block, authority), id);
    NextStamp::<Test>::put(id.next().unwrap());
}

fn around(block: BlockNumber) -> [Option<u64>; 2] {
    let StampsAround { before, after } = TrustedTime::stamps_around(block);
    [before, after].map(|found| found.map(|(StampId(id), _)| id))
}

#[test]
fn a_block_lies_between_two_tokens() {
    ext().execute_with(|| {
        assert_eq!(around(5), [None, None]);
        recorded(AUTHORITY, 10, 1_000, 12);
        recorded(AUTHORITY, 20, 2_000, 22);
        recorded(AUTHORITY, 300, 3_000, 302);
        // What is in a block is older than the block; what is about it is younger.
        for (block, expected) in [
            (0, [None, Some(0)]),
            (1, [None, Some(0)]),
            (10, [None, Some(0)]),
            (11, [None, Some(1)]),
            (12, [Some(0), Some(1)]),
            (20, [Some(0), Some(1)]),
            (21, [Some(0), Some(2)]),
            (22, [Some(1), Some(2)]),
            (300, [Some(1), Some(2)]),
            (301, [Some(1), None]),
            (302, [Some(2), None]),
            (u32::MAX, [Some(2), None]),
        ] {
            assert_eq!(around(block), expected, "{block}");
        }
    });
}

#[test]
fn of_several_authorities_the_nearest_in_time_counts() {
    ext().execute_with(|| {
        // The other is slow: it submits late what it had stamped early.
        recorded(AUTHORITY, 10, 1_000, 12);
        recorded(OTHER, 5, 600, 13);
        recorded(AUTHORITY, 30, 3_000, 32);
        recorded(OTHER, 29, 9_000, 33);
        assert_eq!(around(15), [Some(0), Some(2)]);
        assert_eq!(around(40), [Some(3), None]);
    });
}

#[test]
fn a_long_history_is_searched() {
    ext().execute_with(|| {
        for n in 1..500 {
            recorded(AUTHORITY, n * 10, u64::from(n) * 1_000, n * 10 + 2);
        }
        for n in 1..499 {
            let (id, block) = (u64::from(n - 1), n * 10);
            assert_eq!(around(block), [id.checked_sub(1), Some(id)]);
            assert_eq!(around(block + 5), [Some(id), Some(id + 1)]);
        }
    });
}

#[test]
fn the_token_is_found_in_its_call() {
    run(|| {
        let service = registered(AUTHORITY);
        let block = next_block();
        let token = service.token(hash(block).as_bytes());
        let call_ = submitting(block, token.clone());
        let found = TrustedTime::carried(&call_, Hashing::hash(&token));
        assert_eq!(found, Some(&token[..]));
        assert_eq!(TrustedTime::carried(&call_, hash(0)), None);
        assert_eq!(
            TrustedTime::carried(&withdrawing(AUTHORITY, 0), hash(0)),
            None
        );
    });
}
