//! Blocks: built, executed again, refused.

use codec::Encode;
use sp_runtime::generic::DigestItem;
use xinglin_primitives::{AUTHOR_ENGINE_ID, BLOCK_BYTES_MAX, EXTRINSIC_BYTES_MAX};

use super::*;
use crate::{
    native::{FinalizeError, HeaderError, InherentError},
    Block, Executive,
};

/// Transfers, a call that fails, one that cannot be in the block, and nothing.
fn transactions(chain: &Chain) -> Vec<Vec<DecodedExtrinsic>> {
    vec![
        vec![
            chain.sign("//Alice", 0, transfer("//Bob", 5)),
            chain.sign("//Bob", 0, transfer("//Alice", u128::MAX)),
            chain.sign("//Charlie", 7, remark(1)),
            chain.sign("//Alice//patient//1", 0, remark(1_000)),
        ],
        Vec::new(),
        vec![chain.sign("//Alice", 1, remark(1))],
    ]
}

#[test]
fn a_block_executes_again_to_the_same_header() {
    let mut chain = Chain::new();
    let mut other = Chain::new();
    for transactions in transactions(&chain) {
        let built = chain.block(transactions);
        let again = other.ext.execute_with(|| {
            native::initialize_block(&built.header).unwrap();
            let time = native::check_inherents(&built.body).unwrap();
            assert_eq!(time, chain.now);
            for extrinsic in &built.body {
                native::apply(extrinsic, None).unwrap().ok();
            }
            native::finalize_block().unwrap()
        });
        assert_eq!(again, built.header);
        assert_eq!(*again.extrinsics_root(), extrinsics_root(body_of(&built)));
        other.ext.commit_all().unwrap();
        chain.check();
    }
}

/// The executive panics when a root, a digest or an outcome differs.
#[test]
fn the_executive_agrees() {
    let mut chain = Chain::new();
    let mut other = Chain::new();
    for transactions in transactions(&chain) {
        let built = chain.block(transactions);
        let mut bytes = built.header.encode();
        codec::Compact(built.body.len() as u32).encode_to(&mut bytes);
        for extrinsic in &built.body {
            bytes.extend_from_slice(extrinsic.bytes());
        }
        let block = <Block as codec::Decode>::decode(&mut &bytes[..]).unwrap();
        other
            .ext
            .execute_with(|| Executive::execute_block(block.into()));
        other.ext.commit_all().unwrap();
        assert_eq!(other.ext.backend.root(), chain.ext.backend.root());
    }
}

#[test]
fn what_cannot_be_in_a_block_leaves_no_trace() {
    let mut chain = Chain::new();
    let mut other = Chain::new();
    let good = chain.sign("//Alice", 0, remark(1));
    // Refused by the nonce, and by the admission.
    let bad = [
        chain.sign("//Alice", 5, remark(1)),
        chain.sign("//Ferdie", 0, remark(1)),
    ];
    let with: Vec<_> = std::iter::once(good.clone()).chain(bad).collect();
    let built = chain.block(with);
    assert_eq!(built.body.len(), 2);
    assert_eq!(built.header, other.block(vec![good]).header);
}

#[test]
fn a_full_block_fits_and_the_rest_waits() {
    let mut chain = Chain::new();
    let size = EXTRINSIC_BYTES_MAX as usize - 200;
    let many: Vec<_> = (0..12)
        .map(|nonce| chain.sign("//Alice", nonce, remark(size)))
        .collect();
    let waiting = many[10].clone();
    let built = chain.block(many);
    let bytes: usize = built.body.iter().map(|it| it.bytes().len()).sum();
    let bytes = bytes + built.header.encoded_size() + 5;
    assert!(bytes <= BLOCK_BYTES_MAX as usize);
    assert!(bytes + EXTRINSIC_BYTES_MAX as usize > BLOCK_BYTES_MAX as usize);
    assert_eq!(
        built.outcomes[10],
        Err(invalid(InvalidTransaction::ExhaustsResources))
    );
    // Its nonce was not counted.
    assert_eq!(chain.one(waiting), Ok(Ok(())));
}

#[test]
fn time_is_set_once_first_and_later_than_before() {
    let mut chain = Chain::new();
    chain.block(Vec::new());
    let earliest = chain.now + 1;
    let time = |now| DecodedExtrinsic::encode(native::timestamp_inherent(now)).unwrap();
    let other = chain.sign("//Alice", 0, remark(1));
    let mut check = |body: &[&DecodedExtrinsic]| {
        chain
            .ext
            .execute_with(|| native::check_inherents(body.iter().copied()))
    };
    let right = time(earliest);
    assert_eq!(check(&[&right, &other]), Ok(earliest));
    assert_eq!(check(&[]), Err(InherentError::Missing));
    assert_eq!(check(&[&other, &right]), Err(InherentError::Missing));
    assert_eq!(
        check(&[&right, &other, &right]),
        Err(InherentError::Misplaced(2))
    );
    let found = earliest - 1;
    assert_eq!(
        check(&[&time(found)]),
        Err(InherentError::TimeNotIncreasing { found, earliest })
    );
}

#[test]
fn a_block_without_time_cannot_be_finished() {
    let mut chain = Chain::new();
    let header = chain.header();
    let outcome = chain.discard(|| {
        native::initialize_block(&header).unwrap();
        native::finalize_block()
    });
    assert_eq!(outcome, Err(FinalizeError::NoTime));
}

#[test]
fn headers_that_name_no_author_are_refused() {
    let mut chain = Chain::new();
    let good = chain.header();
    assert_eq!(native::author_of(&good), Ok(dev::account("//Alice")));
    let author = good.digest().logs[0].clone();
    let digests = [
        vec![],
        vec![author.clone(), author.clone()],
        vec![DigestItem::RuntimeEnvironmentUpdated, author],
        vec![DigestItem::PreRuntime(AUTHOR_ENGINE_ID, vec![1; 31])],
        vec![DigestItem::PreRuntime(AUTHOR_ENGINE_ID, vec![1; 33])],
        vec![DigestItem::PreRuntime(*b"aura", vec![1; 32])],
        vec![DigestItem::PreRuntime(AUTHOR_ENGINE_ID, vec![1; 1 << 20])],
    ];
    for logs in digests {
        let mut header = good.clone();
        header.digest.logs = logs;
        let outcome = chain.discard(|| native::initialize_block(&header));
        assert_eq!(outcome, Err(HeaderError::Digest), "{:?}", header.digest);
    }
    let mut header = good;
    header.number = 2;
    let expected = Err(HeaderError::Number {
        found: 2,
        expected: 1,
    });
    assert_eq!(
        chain.discard(|| native::initialize_block(&header)),
        expected
    );
}

#[test]
fn the_same_transactions_twice_give_the_same_chain() {
    // Signed once: signatures are randomised, and the hashes of blocks depend on them.
    let blocks = transactions(&Chain::new());
    let run = || {
        let mut chain = Chain::new();
        for transactions in blocks.clone() {
            chain.block(transactions);
        }
        chain.tip
    };
    assert_eq!(run(), run());
}
