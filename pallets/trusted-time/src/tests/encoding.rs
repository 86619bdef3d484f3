//! What is stored and sent, byte by byte: a change of layout needs a migration and a new version.

use codec::Encode;
use frame_support::BoundedVec;
use sp_io::hashing::blake2_128;
use xinglin_primitives::{stamp::Stamp, StampId};

use crate::{
    mock::*,
    types::{Authority, Registered, StampKey},
    Call,
};

fn digest(value: impl Encode) -> String {
    let hash = blake2_128(&value.encode());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_stored_keeps_its_layout() {
    assert_eq!(
        StampKey::new(0x0102, OTHER).encode(),
        [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3]
    );
    let stamp = Stamp {
        authority: AUTHORITY,
        certificates: 1,
        block: 2,
        time: 3,
        accuracy_ms: Some(4),
        token: hash(5),
        token_bytes: 6,
        recorded_in: 7,
        extrinsic: 8,
    };
    let authority = Authority {
        in_force: BoundedVec::truncate_from(vec![1, 3]),
        next: 4,
        last: Some(StampId(5)),
    };
    let registered = Registered {
        certificates: chain(&[vec![1, 2], vec![3]]),
        key: hash(1),
        registered_at: 2,
        withdrawn_at: Some(3),
    };
    let digests = [digest(stamp), digest(authority), digest(registered)];
    assert_eq!(digests, ["", "", ""]);
}

#[test]
fn calls_keep_their_layout() {
    let calls: [Call<Test>; 3] = [
        Call::register_certificates {
            member: AUTHORITY,
            certificates: chain(&[vec![1, 2], vec![3]]),
        },
        withdrawing(AUTHORITY, 1),
        submitting(2, vec![3, 4]),
    ];
    for (index, call) in calls.iter().enumerate() {
        assert_eq!(usize::from(call.encode()[0]), index);
    }
    assert_eq!(digest(calls), "");
}
