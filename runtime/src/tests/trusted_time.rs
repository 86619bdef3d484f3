//! A time authority, from the council's vote to the tokens around a block.

use codec::Decode;
use pallet_trusted_time::types::{Certificate, Token};
use sp_runtime::traits::Hash as _;
use std::time::{SystemTime, UNIX_EPOCH};
use xinglin_primitives::{
    glue::MemberKind, stamp::StampsAround, EncryptionKey, Hashing, MemberId, StampId,
};
use xinglin_timestamps::testing::{Keys, TestAuthority};

use super::{domain::motion, *};

const AUTHORITY: MemberId = MemberId(6);
const AUTHORITY_PATH: &str = "//Ferdie";

fn call<R: Decode>(chain: &mut Chain, method: &str, data: impl Encode) -> R {
    let answer = chain.discard(|| native::call(method, &data.encode()));
    R::decode(&mut &answer.unwrap()[..]).unwrap()
}

/// The time of this machine, by which the tokens are made.
fn clock() -> Moment {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis().try_into().unwrap()
}

/// A chain whose council has admitted an authority and registered its service.
fn with_authority(service: &TestAuthority) -> Chain {
    let mut chain = Chain::new();
    // From here on each block is a second after the one before, which the drift leaves room for.
    chain.now = clock();
    let register = pallet_members::Call::register_member {
        account: dev::account(AUTHORITY_PATH),
        kind: MemberKind::TimeAuthority,
        level: None,
        name: b"Ferdie".to_vec().try_into().unwrap(),
        encryption_key: EncryptionKey([1; 32]),
    };
    motion(&mut chain, [0; 4], register.into());
    let certificates = service.chain().into_iter();
    let certificates: Vec<_> = certificates
        .map(|it| Certificate::try_from(it).unwrap())
        .collect();
    let register = pallet_trusted_time::Call::register_certificates {
        member: AUTHORITY,
        certificates: certificates.try_into().unwrap(),
    };
    // Of seven seats four are less than two thirds.
    motion(&mut chain, [3, 1, 1, 1, 0], register.into());
    chain
}

#[test]
fn a_token_is_verified_kept_and_found() {
    let service = TestAuthority::new(Keys::P256);
    let mut chain = with_authority(&service);
    let (block, hash) = (*chain.tip.number(), chain.tip.hash());
    let token = service.token(hash.as_bytes());
    let submit = pallet_trusted_time::Call::submit_token {
        block,
        number: 0,
        token: Token::try_from(token.clone()).unwrap(),
    };
    // In a batch, as an operator might send it.
    let batch = pallet_utility::Call::batch_all {
        calls: vec![remark(1), submit.into()],
    };
    let transactions = vec![
        chain.sign("//Bob", 2, remark(1)),
        chain.sign(AUTHORITY_PATH, 0, batch),
    ];
    let built = chain.block(transactions);
    assert_eq!(built.outcomes, [Ok(Ok(())), Ok(Ok(()))]);
    chain.check();

    let around = "TrustedTimeApi_stamps_around";
    let StampsAround { before, after } = call(&mut chain, around, block);
    assert_eq!(before, None);
    let (id, stamp) = after.unwrap();
    assert_eq!((id, stamp.authority), (StampId(0), AUTHORITY));
    assert_eq!((stamp.recorded_in, stamp.extrinsic), (block + 1, 2));
    let StampsAround { before, after } = call(&mut chain, around, block + 1);
    assert_eq!((before, after), (Some((id, stamp)), None));

    let body = body_of(&built);
    let token_in = "TrustedTimeApi_token_in";
    let found: Option<Vec<u8>> = call(&mut chain, token_in, (&body[2], stamp.token));
    assert_eq!(found, Some(token));
    let found: Option<Vec<u8>> = call(&mut chain, token_in, (&body[1], stamp.token));
    assert_eq!(found, None);
    let other = Hashing::hash(b"other");
    let found: Option<Vec<u8>> = call(&mut chain, token_in, (&body[2], other));
    assert_eq!(found, None);

    let certificates_of = "TrustedTimeApi_certificates_of";
    let found: Option<Vec<Vec<u8>>> = call(&mut chain, certificates_of, (AUTHORITY, 0u32));
    assert_eq!(found, Some(service.chain()));
    let found: Option<Vec<Vec<u8>>> = call(&mut chain, certificates_of, (AUTHORITY, 1u32));
    assert_eq!(found, None);
}

/// The drift that validators allow each other is what the authority's clock is allowed too.
#[test]
fn the_chains_drift_bounds_the_time() {
    let service = TestAuthority::new(Keys::P256);
    let mut chain = with_authority(&service);
    let (block, hash) = (*chain.tip.number(), chain.tip.hash());
    let submit = || pallet_trusted_time::Call::submit_token {
        block,
        number: 0,
        token: Token::try_from(service.token(hash.as_bytes())).unwrap(),
    };
    // Only the parameter changes between the two, in the state.
    let tight = |drift_ms| {
        move || {
            pallet_validators::Parameters::<crate::Runtime>::mutate(|it| {
                it.clock_drift_max_ms = drift_ms;
            });
        }
    };
    chain.now = clock() - 60_000;
    chain.ext.execute_with(|| {
        frame_support::storage::unhashed::put(
            &frame_support::storage::storage_prefix(b"Timestamp", b"Now"),
            &chain.now,
        );
    });
    chain.ext.execute_with(tight(1_000));
    chain.ext.commit_all().unwrap();
    let refused = chain.sign(AUTHORITY_PATH, 0, submit());
    let error = chain.one(refused).unwrap().unwrap_err();
    assert_eq!(
        error,
        pallet_trusted_time::Error::<crate::Runtime>::InFuture.into()
    );
    chain.ext.execute_with(tight(120_000));
    chain.ext.commit_all().unwrap();
    let accepted = chain.sign(AUTHORITY_PATH, 1, submit());
    assert_eq!(chain.one(accepted), Ok(Ok(())));
}
