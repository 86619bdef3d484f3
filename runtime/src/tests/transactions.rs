//! Who may do what, once, and in order.

use sp_runtime::transaction_validity::TransactionValidityError;

use super::*;
use crate::{configs::ProxyType, native::DecodeError, Runtime, UncheckedExtrinsic};

#[test]
fn a_signed_transfer_is_version_4_and_moves_money() {
    let mut chain = Chain::new();
    let before = chain.free("//Bob");
    let transaction = chain.sign("//Alice", 0, transfer("//Bob", 250));
    // Two bytes of length, then "signed, version 4".
    assert_eq!(transaction.bytes()[2], 0x84);
    assert_eq!(chain.one(transaction), Ok(Ok(())));
    assert_eq!(chain.free("//Bob"), before + 250);
    chain.check();
}

#[test]
fn strangers_are_refused() {
    let mut chain = Chain::new();
    let stranger = chain.sign("//Ferdie", 0, remark(1));
    let refusal = Err(invalid(InvalidTransaction::BadSigner));
    assert_eq!(chain.validate(&stranger).map(|_| ()), refusal);
    assert_eq!(chain.one(stranger).map(|_| ()), refusal);
    // A balance makes nobody a party.
    let gift = chain.sign("//Alice", 0, transfer("//Ferdie", 100));
    assert_eq!(chain.one(gift), Ok(Ok(())));
    let stranger = chain.sign("//Ferdie", 0, remark(1));
    assert_eq!(chain.validate(&stranger).map(|_| ()), refusal);
}

#[test]
fn every_kind_of_party_may_transact() {
    let mut chain = Chain::new();
    let parties = [
        "//Alice",
        "//Alice//service//1",
        "//Alice//doctor//1",
        "//Alice//patient//10",
        "//Bob",
        "//Charlie",
        "//Dave",
        "//Eve",
    ];
    let transactions = parties.map(|path| chain.sign(path, 0, remark(1)));
    for (path, outcome) in parties
        .iter()
        .zip(chain.block(transactions.into()).outcomes)
    {
        assert_eq!(outcome, Ok(Ok(())), "{path}");
    }
}

#[test]
fn a_nonce_serves_once_and_in_order() {
    let mut chain = Chain::new();
    let [zero, one, two] = [0, 1, 2].map(|nonce| chain.sign("//Alice", nonce, remark(1)));

    let first = chain.validate(&zero).unwrap();
    let later = chain.validate(&two).unwrap();
    assert!(first.requires.is_empty());
    assert_eq!(later.requires, chain.validate(&one).unwrap().provides);
    assert_ne!(first.provides, later.provides);

    let outcomes = chain
        .block(vec![two.clone(), zero.clone(), zero.clone(), one])
        .outcomes;
    assert_eq!(
        outcomes,
        [
            Err(invalid(InvalidTransaction::Future)),
            Ok(Ok(())),
            Err(invalid(InvalidTransaction::Stale)),
            Ok(Ok(())),
        ]
    );
    assert_eq!(
        chain.validate(&zero).map(|_| ()),
        Err(invalid(InvalidTransaction::Stale))
    );
    assert!(chain.validate(&two).unwrap().requires.is_empty());
    chain.check();
}

#[test]
fn without_money_a_patient_transacts_and_nothing_can_be_replayed() {
    let mut chain = Chain::new();
    let patient = "//Alice//patient//1";
    let all: RuntimeCall = pallet_balances::Call::transfer_all {
        dest: dev::account("//Bob").into(),
        keep_alive: false,
    }
    .into();
    let first = chain.sign(patient, 0, all.clone());
    assert_eq!(chain.one(first.clone()), Ok(Ok(())));
    assert_eq!(chain.free(patient), 0);
    // Money comes back, and the old transaction must not take it.
    let gift = chain.sign("//Alice", 0, transfer(patient, 500));
    assert_eq!(chain.one(gift), Ok(Ok(())));
    assert_eq!(chain.one(first), Err(invalid(InvalidTransaction::Stale)));
    assert_eq!(chain.free(patient), 500);

    let second = chain.sign(patient, 1, all);
    assert_eq!(chain.one(second), Ok(Ok(())));
    assert_eq!(chain.free(patient), 0);
    let third = chain.sign(patient, 2, remark(1));
    assert_eq!(chain.one(third), Ok(Ok(())));
    chain.check();
}

#[test]
fn a_wrong_signature_is_refused() {
    let mut chain = Chain::new();
    let call: RuntimeCall = remark(1);
    let thief = dev::key_pair("//Bob");
    let forged = native::sign(
        call.clone(),
        dev::account("//Alice"),
        0,
        chain.genesis,
        None,
        |payload| thief.sign(payload).into(),
    );
    let elsewhere = native::sign(
        call,
        dev::account("//Alice"),
        0,
        Hash::repeat_byte(1),
        None,
        |payload| dev::key_pair("//Alice").sign(payload).into(),
    );
    for extrinsic in [forged, elsewhere] {
        let transaction = DecodedExtrinsic::encode(extrinsic).unwrap();
        let refusal = Err(invalid(InvalidTransaction::BadProof));
        assert_eq!(chain.validate(&transaction).map(|_| ()), refusal);
        assert_eq!(chain.one(transaction).map(|_| ()), refusal);
    }
}

/// The payload for batches is the one that the standard check uses, short or hashed.
#[test]
fn signatures_verify_outside() {
    let mut chain = Chain::new();
    for bytes in [1, 250, 5_000] {
        let transaction = chain.sign("//Alice", 0, remark(bytes));
        let tip = chain.tip.hash();
        let mut signature = chain
            .discard(|| {
                native::begin_validation(&tip);
                transaction.signature()
            })
            .unwrap()
            .unwrap();
        assert_eq!(signature.signer, dev::account("//Alice"));
        assert_eq!(signature.payload.len() == 32, bytes > 200);
        assert!(signature.is_valid());
        signature.payload[0] ^= 1;
        assert!(!signature.is_valid());
    }
}

/// A signature that was verified while its era lasted does not serve after it.
#[test]
fn a_verified_signature_ends_with_its_era() {
    let mut chain = Chain::new();
    chain.block(Vec::new());
    let birth = (Era::mortal(4, 1), chain.tip.hash());
    let transaction = chain.sign_at("//Alice", 0, Some(birth), remark(1));
    let tip = chain.tip.hash();
    let validate = |chain: &mut Chain, verified| {
        let tip = chain.tip.hash();
        chain.discard(|| {
            native::begin_validation(&tip);
            let source = sp_runtime::transaction_validity::TransactionSource::External;
            native::validate(&transaction, source, verified)
        })
    };
    let signature = chain
        .discard(|| {
            native::begin_validation(&tip);
            transaction.signature()
        })
        .unwrap()
        .unwrap();
    assert!(signature.is_valid());
    let verified = Some(signature.signed_at);
    let validity = validate(&mut chain, verified).unwrap();
    assert!(validity.longevity <= 4);
    for _ in 0..4 {
        chain.block(Vec::new());
    }
    assert_eq!(
        validate(&mut chain, verified),
        Err(invalid(InvalidTransaction::BadProof))
    );
    let header = chain.header();
    let outcome = chain.discard(|| {
        native::initialize_block(&header).unwrap();
        native::apply(&transaction, verified)
    });
    assert_eq!(outcome, Err(invalid(InvalidTransaction::BadProof)));
}

#[test]
fn only_members_use_proxies_and_multisigs() {
    let mut chain = Chain::new();
    let add: RuntimeCall = pallet_proxy::Call::add_proxy {
        delegate: dev::account("//Alice//service//1").into(),
        proxy_type: ProxyType::Governance,
        delay: 0,
    }
    .into();
    let multisig: RuntimeCall = pallet_multisig::Call::approve_as_multi {
        threshold: 2,
        other_signatories: vec![dev::account("//Bob")],
        maybe_timepoint: None,
        call_hash: [1; 32],
        max_weight: Default::default(),
    }
    .into();
    let batch: RuntimeCall = pallet_utility::Call::batch_all {
        calls: vec![add.clone()],
    }
    .into();
    let filtered = Err(frame_system::Error::<Runtime>::CallFiltered.into());
    for (nonce, call) in (0..).zip([&add, &multisig, &batch]) {
        let transaction = chain.sign("//Alice//patient//1", nonce, call.clone());
        assert_eq!(chain.one(transaction), Ok(filtered), "{call:?}");
    }
    for (nonce, call) in (0..).zip([batch, multisig]) {
        let transaction = chain.sign("//Alice", nonce, call.clone());
        assert_eq!(chain.one(transaction), Ok(Ok(())), "{call:?}");
    }
    let vote: RuntimeCall = pallet_proxy::Call::proxy {
        real: dev::account("//Alice").into(),
        force_proxy_type: None,
        call: Box::new(transfer("//Bob", 1)),
    }
    .into();
    let before = chain.free("//Bob");
    let transaction = chain.sign("//Alice//service//1", 0, vote);
    assert_eq!(chain.one(transaction), Ok(Ok(())));
    assert_eq!(
        chain.free("//Bob"),
        before,
        "a governance proxy moves no money"
    );
    chain.check();
}

#[test]
fn raw_storage_and_code_cannot_be_written() {
    let mut chain = Chain::new();
    let call: RuntimeCall = frame_system::Call::set_code { code: vec![1] }.into();
    let transaction = chain.sign("//Alice", 0, call);
    let filtered = Err(frame_system::Error::<Runtime>::CallFiltered.into());
    assert_eq!(chain.one(transaction), Ok(filtered));
}

#[test]
fn nobody_burns_money() {
    let mut chain = Chain::new();
    let before = chain.free("//Alice");
    let burn: RuntimeCall = pallet_balances::Call::burn {
        value: 1,
        keep_alive: false,
    }
    .into();
    let batch: RuntimeCall = pallet_utility::Call::batch_all {
        calls: vec![burn.clone()],
    }
    .into();
    let filtered = Err(frame_system::Error::<Runtime>::CallFiltered.into());
    for (nonce, call) in (0..).zip([burn, batch]) {
        let transaction = chain.sign("//Alice", nonce, call);
        assert_eq!(chain.one(transaction), Ok(filtered));
    }
    assert_eq!(chain.free("//Alice"), before);
}

#[test]
fn bytes_that_are_no_transaction_are_refused() {
    let chain = Chain::new();
    let good = chain.sign("//Alice", 0, remark(10));
    let bytes = good.bytes();
    for end in 0..bytes.len() {
        let cut = DecodedExtrinsic::decode(bytes.slice(..end));
        assert_eq!(cut.unwrap_err(), DecodeError::Malformed);
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert_eq!(
        DecodedExtrinsic::decode(longer.into()).unwrap_err(),
        DecodeError::Malformed
    );
    let huge = vec![0; 400_000];
    assert_eq!(
        DecodedExtrinsic::decode(huge.into()).unwrap_err(),
        DecodeError::TooLong(400_000)
    );
    let general = UncheckedExtrinsic::new_transaction(
        remark(1),
        crate::extensions::tx_extension(0, Era::Immortal),
    );
    assert_eq!(
        DecodedExtrinsic::encode(general).unwrap_err(),
        DecodeError::General
    );
}

#[test]
fn calls_cannot_nest_without_end() {
    let chain = Chain::new();
    let mut call = remark(1);
    for _ in 0..100 {
        call = pallet_utility::Call::batch { calls: vec![call] }.into();
    }
    let pair = dev::key_pair("//Alice");
    let deep = native::sign(
        call,
        dev::account("//Alice"),
        0,
        chain.genesis,
        None,
        |payload| pair.sign(payload).into(),
    );
    assert_eq!(
        DecodedExtrinsic::encode(deep).unwrap_err(),
        DecodeError::Malformed
    );
}

#[test]
fn the_time_is_not_for_the_pool() {
    let mut chain = Chain::new();
    let inherent = DecodedExtrinsic::encode(native::timestamp_inherent(START)).unwrap();
    assert_eq!(
        chain.validate(&inherent),
        Err(TransactionValidityError::Invalid(
            InvalidTransaction::MandatoryValidation
        ))
    );
}
