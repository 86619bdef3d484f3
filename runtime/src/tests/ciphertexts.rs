//! Which ciphertexts are found in a call.

use codec::Decode;
use pallet_records::types::{
    AmendReason, ContentKind, NewRecord, Reader, SealedKey, SEALED_KEY_BYTES,
};
use xinglin_primitives::{MemberId, PatientId, PractitionerId, RecordId};

use super::*;
use crate::{ciphertexts::carried, native::DecodeError, Runtime};

/// A call that carries one byte of ciphertext, and what is to be found of it.
fn write(seed: u8) -> (RuntimeCall, (Hash, Vec<u8>)) {
    let hash = Hash::repeat_byte(seed);
    let call = pallet_records::Call::write {
        record: NewRecord {
            patient: PatientId(0),
            author: PractitionerId(0),
            member: MemberId(0),
            visit: None,
            kind: ContentKind::Encounter,
        },
        content_hash: hash,
        ciphertext: vec![seed].try_into().unwrap(),
        keys: Default::default(),
    };
    (call.into(), (hash, vec![seed]))
}

fn found(call: &RuntimeCall) -> Vec<(Hash, Vec<u8>)> {
    carried(call)
        .into_iter()
        .map(|(hash, bytes)| (hash, bytes.to_vec()))
        .collect()
}

fn by_proxy(call: RuntimeCall) -> RuntimeCall {
    pallet_proxy::Call::proxy {
        real: dev::account("//Alice").into(),
        force_proxy_type: None,
        call: Box::new(call),
    }
    .into()
}

fn by_multisig(call: RuntimeCall) -> RuntimeCall {
    pallet_multisig::Call::as_multi {
        threshold: 2,
        other_signatories: vec![dev::account("//Bob")],
        maybe_timepoint: None,
        call: Box::new(call),
        max_weight: Default::default(),
    }
    .into()
}

#[test]
fn a_call_carries_its_own() {
    let (call, expected) = write(1);
    assert_eq!(found(&call), [expected]);
    let amend: RuntimeCall = pallet_records::Call::amend {
        record: RecordId(0),
        reason: AmendReason::Addition,
        content_hash: Hash::repeat_byte(2),
        ciphertext: vec![2, 2].try_into().unwrap(),
        keys: Default::default(),
    }
    .into();
    assert_eq!(found(&amend), [(Hash::repeat_byte(2), vec![2, 2])]);
    assert!(found(&remark(1)).is_empty());
}

#[test]
fn wrappers_are_looked_into_in_order() {
    let (calls, expected): (Vec<_>, Vec<_>) = (1..=7).map(write).unzip();
    let [one, two, three, four, five, six, seven] = calls.try_into().unwrap();
    let if_else = pallet_utility::Call::if_else {
        main: Box::new(four),
        fallback: Box::new(five),
    };
    let derivative = pallet_utility::Call::as_derivative {
        index: 0,
        call: Box::new(six),
    };
    let inner = pallet_utility::Call::batch {
        calls: vec![by_proxy(two), remark(3), by_multisig(three), if_else.into()],
    };
    let outer: RuntimeCall = pallet_utility::Call::batch_all {
        calls: vec![one, inner.into(), derivative.into(), seven],
    }
    .into();
    assert_eq!(found(&by_multisig(by_proxy(outer))), expected);
}

#[test]
fn calls_nested_more_deeply_than_transactions_are_left_alone() {
    let nested = |depth| {
        let (call, expected) = write(1);
        ((0..depth).fold(call, |call, _| by_proxy(call)), expected)
    };
    let (deep, expected) = nested(64);
    assert_eq!(found(&deep), [expected]);
    let (deeper, _) = nested(65);
    assert!(found(&deeper).is_empty());
}

/// A transaction that writes a record with these sealed keys: its bytes without the length prefix.
fn written_with(keys: &[SealedKey]) -> Vec<u8> {
    let (call, _) = write(1);
    let RuntimeCall::Records(pallet_records::Call::write {
        record,
        content_hash,
        ciphertext,
        ..
    }) = call
    else {
        panic!("not a record");
    };
    let readers = [
        Reader::Patient,
        Reader::Practitioner(PractitionerId(0)),
        Reader::Member(MemberId(0)),
    ];
    let keys: Vec<_> = readers.into_iter().zip(keys.iter().copied()).collect();
    let call = pallet_records::Call::<Runtime>::write {
        record,
        content_hash,
        ciphertext,
        keys: keys.try_into().unwrap(),
    };
    let signed = Chain::new().sign("//Alice//doctor//1", 0, call);
    Vec::decode(&mut &signed.bytes()[..]).unwrap()
}

/// Decodes what has been changed after it was signed, with a length prefix that is right.
fn decoded(bytes: &[u8]) -> Result<(), DecodeError> {
    DecodedExtrinsic::decode(bytes.encode().into()).map(|_| ())
}

#[test]
fn sealed_keys_of_another_length_are_no_keys() {
    // No byte of a key is the beginning of a reader.
    let marks = [0xe1, 0xe2, 0xe3];
    let good = written_with(&marks.map(|mark| SealedKey([mark; SEALED_KEY_BYTES])));
    assert_eq!(decoded(&good), Ok(()));
    for mark in marks {
        let key = [mark; SEALED_KEY_BYTES];
        let is_key = |window: &[u8]| window == key;
        let at = good.windows(SEALED_KEY_BYTES).position(is_key).unwrap();
        let mut shorter = good.clone();
        shorter.remove(at);
        assert_eq!(decoded(&shorter), Err(DecodeError::Malformed), "79 bytes");
        let mut longer = good.clone();
        longer.insert(at, mark);
        assert_eq!(decoded(&longer), Err(DecodeError::Malformed), "81 bytes");
    }
}
