use super::*;
use codec::Encode;
use schnorrkel::{Keypair, MiniSecretKey};
use sp_runtime::generic::DigestItem;
use xinglin_primitives::{
    consensus::{CommitCertificate, CommitSignature, ConsensusKey, SignedPayload, Vote, VoteKind},
    receipt::{extrinsics_root, prove_inclusion},
    Header, MemberId, VALIDATOR_SET_ENGINE_ID,
};

const GENESIS: Hash = Hash::repeat_byte(9);

fn keypair(number: u8) -> Keypair {
    MiniSecretKey::from_bytes(&[number; 32])
        .unwrap()
        .expand_to_keypair(schnorrkel::ExpansionMode::Ed25519)
}

fn anchor(keys: impl IntoIterator<Item = u8>) -> TrustAnchor {
    let validators = keys.into_iter().map(|number| Validator {
        member: MemberId(number.into()),
        key: ConsensusKey::from_raw(keypair(number).public.to_bytes()),
        power: 1,
    });
    TrustAnchor {
        genesis: GENESIS,
        from: 1,
        validators: validators.collect(),
    }
}

fn certify(height: BlockNumber, block_hash: Hash, signers: &[u8]) -> CommitCertificate {
    let signatures = signers.iter().map(|number| {
        let pair = keypair(*number);
        let key = ConsensusKey::from_raw(pair.public.to_bytes());
        let vote = Vote {
            kind: VoteKind::Precommit,
            height,
            round: 0,
            block_hash: Some(block_hash),
            voter: key,
        };
        CommitSignature {
            key,
            signature: SignedPayload::Vote(&vote).sign(&GENESIS, &pair),
        }
    });
    CommitCertificate {
        height,
        round: 0,
        block_hash,
        signatures: signatures.collect(),
    }
}

fn receipt(signers: &[u8]) -> Receipt {
    let body: Vec<Vec<u8>> = (0..20u8).map(|n| vec![n; 100].encode()).collect();
    let header = Header::new(
        5,
        extrinsics_root(body.clone()),
        Hash::repeat_byte(2),
        Hash::repeat_byte(3),
        Default::default(),
    );
    Receipt {
        extrinsic: body[7].clone(),
        index: 7,
        inclusion: prove_inclusion(&body, 7).unwrap(),
        certificate: certify(5, header.hash(), signers),
        header,
    }
}

/// Block `number`, at which the validators change.
fn change(number: BlockNumber, next: &TrustAnchor, signers: &[u8]) -> SetChange {
    let announcement = DigestItem::Consensus(VALIDATOR_SET_ENGINE_ID, next.validators.encode());
    let digest = sp_runtime::Digest {
        logs: vec![DigestItem::Other(vec![1]), announcement],
    };
    let header = Header::new(number, Hash::zero(), Hash::zero(), Hash::zero(), digest);
    SetChange {
        certificate: certify(number, header.hash(), signers),
        header,
    }
}

fn alone(receipt: &Receipt) -> ReceiptFile {
    ReceiptFile {
        receipt: receipt.clone(),
        set_changes: Vec::new(),
    }
}

fn refuted_at(receipt: &Receipt, anchor: &TrustAnchor) -> Step {
    verify(&alone(receipt), anchor).unwrap_err().step
}

#[test]
fn three_of_four_prove_it() {
    let receipt = receipt(&[1, 2, 3]);
    let proven = verify(&alone(&receipt), &anchor(1..=4)).unwrap();
    assert_eq!(proven.transaction, receipt.hash());
    assert_eq!((proven.number, proven.index), (5, 7));
    assert_eq!(proven.signers, (3, 4));
}

#[test]
fn another_transaction_or_place_fails_at_inclusion() {
    let mut changed = receipt(&[1, 2, 3]);
    changed.extrinsic[20] ^= 1;
    assert_eq!(refuted_at(&changed, &anchor(1..=4)), Step::Inclusion);
    let mut moved = receipt(&[1, 2, 3]);
    moved.index = 8;
    assert_eq!(refuted_at(&moved, &anchor(1..=4)), Step::Inclusion);
}

#[test]
fn another_header_fails_at_the_header() {
    let mut changed = receipt(&[1, 2, 3]);
    changed.header.state_root = Hash::zero();
    assert_eq!(refuted_at(&changed, &anchor(1..=4)), Step::Header);
    let mut moved = receipt(&[1, 2, 3]);
    moved.certificate.height = 6;
    assert_eq!(refuted_at(&moved, &anchor(1..=4)), Step::Header);
}

#[test]
fn too_few_foreign_and_forged_signers_fail_at_the_certificate() {
    let of_four = anchor(1..=4);
    for signers in [&[1, 2][..], &[1, 2, 5], &[1, 2, 2]] {
        assert_eq!(refuted_at(&receipt(signers), &of_four), Step::Certificate);
    }
    let mut forged = receipt(&[1, 2, 3]);
    forged.certificate.round = 1;
    assert_eq!(refuted_at(&forged, &of_four), Step::Certificate);
    let mut other_chain = of_four.clone();
    other_chain.genesis = Hash::zero();
    let genuine = receipt(&[1, 2, 3]);
    assert_eq!(refuted_at(&genuine, &other_chain), Step::Certificate);
}

/// The steps at which the encodings of something fail that differ from the good one in one bit.
fn steps_of_altered<T: Decode>(
    good: &[u8],
    verify: impl Fn(T) -> Result<Proven, Refutation>,
) -> std::collections::BTreeSet<Option<Step>> {
    let mut steps = std::collections::BTreeSet::new();
    for bit in 0..good.len() * 8 {
        let mut altered = good.to_vec();
        altered[bit / 8] ^= 1 << (bit % 8);
        let refuted = T::decode_all(&mut &altered[..]).ok().map(|altered| {
            let refuted = verify(altered).map(|_| format!("bit {bit} of byte {}", bit / 8));
            refuted.unwrap_err()
        });
        if let Some(refutation) = &refuted {
            assert!(!refutation.to_string().is_empty());
        }
        steps.insert(refuted.map(|refutation| refutation.step));
    }
    steps
}

#[test]
fn every_flipped_bit_of_a_receipt_and_of_what_leads_to_it_is_noticed() {
    let genesis = anchor(1..=4);
    let good = alone(&receipt(&[1, 2, 3]));
    assert!(verify(&good, &genesis).is_ok());
    let steps = steps_of_altered(&good.receipt.encode(), |receipt: Receipt| {
        verify(&alone(&receipt), &genesis)
    });
    // Each part has its own reason; what does not even decode has none.
    let all = [
        None,
        Some(Step::Inclusion),
        Some(Step::Header),
        Some(Step::Certificate),
    ];
    assert!(all.iter().all(|step| steps.contains(step)), "{steps:?}");

    let later = alone(&receipt(&[5, 6, 7]));
    let change = change(2, &anchor(5..=8), &[1, 2, 3]);
    let with = |change: SetChange| ReceiptFile {
        set_changes: vec![change],
        ..later.clone()
    };
    assert!(verify(&with(change.clone()), &genesis).is_ok());
    let steps = steps_of_altered(&change.encode(), |change: SetChange| {
        verify(&with(change), &genesis)
    });
    assert!(steps.contains(&Some(Step::Validators)), "{steps:?}");
}

/// A file as `xinglin receipt get` writes it: of validators who took over from those of the genesis.
fn written() -> (ReceiptFile, serde_json::Value) {
    let file = ReceiptFile {
        receipt: receipt(&[5, 6, 7]),
        set_changes: vec![change(2, &anchor(5..=8), &[1, 2, 3])],
    };
    let mut json =
        serde_json::to_value(xinglin_rpc_api::xinglin::Receipt::from(&file.receipt)).unwrap();
    ReceiptFile::extend_json(&mut json, &file.set_changes);
    (file, json)
}

#[test]
fn every_flipped_byte_of_a_receipt_file_is_noticed() {
    let genesis = anchor(1..=4);
    let (file, json) = written();
    assert!(verify(&file, &genesis).is_ok());
    let text = format!("{json:#}\n").into_bytes();
    assert_eq!(ReceiptFile::from_json(&text).unwrap(), file);
    let mut refused = std::collections::BTreeSet::new();
    // The lower bit makes another digit of most, the other one another case of letters.
    for (at, bit) in (0..text.len()).flat_map(|at| [(at, 0x01), (at, 0x20)]) {
        let mut flipped = text.clone();
        flipped[at] ^= bit;
        match ReceiptFile::from_json(&flipped) {
            // The case of digits means nothing.
            Ok(read) if read == file => assert!(flipped.eq_ignore_ascii_case(&text), "byte {at}"),
            Ok(read) => {
                let refutation = verify(&read, &genesis).err();
                let refutation = refutation.unwrap_or_else(|| panic!("byte {at}"));
                refused.insert(refutation.step.to_string());
            }
            Err(FormatError::Field(field)) => {
                refused.insert(field);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    for field in json.as_object().unwrap().keys() {
        let own = !["encoded", "setChanges"].contains(&field.as_str());
        assert_eq!(refused.contains(field), own, "{field}: {refused:?}");
    }
    // What is changed in `setChanges` is noticed when they are followed.
    assert!(refused.contains("validators"), "{refused:?}");
}

#[test]
fn what_can_be_read_in_a_file_is_what_it_proves() {
    let (file, json) = written();
    let refused = |json: &serde_json::Value| {
        let read = ReceiptFile::from_json(json.to_string().as_bytes());
        read.unwrap_err().to_string()
    };
    for (pointer, value) in [
        ("/hash", "0x00".into()),
        ("/extrinsic", "0x00".into()),
        ("/blockNumber", 6.into()),
        ("/blockHash", "0x00".into()),
        ("/index", 8.into()),
        ("/inclusion/0", "0x00".into()),
        ("/header/stateRoot", "0x00".into()),
        ("/header/number", "0x6".into()),
        ("/certificate/round", 1.into()),
        ("/certificate/signatures/1/key", "0x00".into()),
        ("/certificate/encoded", serde_json::Value::Null),
    ] {
        let mut changed = json.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let field = pointer.split('/').nth(1).unwrap();
        let error = refused(&changed);
        assert!(error.starts_with(&format!("`{field}` ")), "{error}");
    }
    let mut more = json.clone();
    more["amount"] = 1.into();
    assert!(refused(&more).contains("\"amount\""));
    let mut no_list = json.clone();
    no_list["setChanges"] = "0x00".into();
    assert!(refused(&no_list).contains("`setChanges`"));
    // What is left out says nothing.
    let mut less = json;
    less.as_object_mut().unwrap().remove("index");
    let read = ReceiptFile::from_json(less.to_string().as_bytes());
    assert_eq!(read.unwrap(), file);
}

#[test]
fn changes_that_are_not_followed_are_looked_at() {
    let genesis = anchor(1..=4);
    let mut file = alone(&receipt(&[1, 2, 3]));
    // It would change nothing that the receipt needs.
    file.set_changes = vec![change(5, &anchor(5..=8), &[1, 2, 3])];
    let refutation = verify(&file, &genesis).unwrap_err();
    let expected = Refuted::ChangeAfter {
        number: 5,
        height: 5,
    };
    assert_eq!(
        (refutation.step, refutation.error),
        (Step::Validators, expected)
    );
    // The anchor has it behind it.
    let behind = change(2, &anchor(1..=4), &[7]);
    let later = TrustAnchor { from: 3, ..genesis };
    file.set_changes = vec![behind];
    assert!(verify(&file, &later).is_ok());
    file.set_changes[0].header.state_root = Hash::repeat_byte(1);
    assert_eq!(verify(&file, &later).unwrap_err().step, Step::Validators);
}

#[test]
fn unknown_signers_hint_at_a_changed_set() {
    let refutation = verify(&alone(&receipt(&[1, 2, 3])), &anchor(2..=5)).unwrap_err();
    assert!(refutation.to_string().contains("validators have changed"));
}

#[test]
fn the_genesis_proves_a_receipt_of_later_validators_through_the_changes() {
    let mut file = alone(&receipt(&[5, 6, 7]));
    let genesis = anchor(1..=4);
    assert_eq!(verify(&file, &genesis).unwrap_err().step, Step::Certificate);
    file.set_changes = vec![
        change(2, &anchor(3..=6), &[1, 2, 3]),
        change(4, &anchor(5..=8), &[4, 5, 6]),
    ];
    assert_eq!(verify(&file, &genesis).unwrap().signers, (3, 4));
    // An anchor in between passes over what it has behind it.
    let between = TrustAnchor {
        from: 3,
        ..anchor(3..=6)
    };
    assert!(verify(&file, &between).is_ok());
}

#[test]
fn a_change_that_the_old_validators_have_not_certified_fails_at_the_validators() {
    let mut file = alone(&receipt(&[5, 6, 7]));
    let genesis = anchor(1..=4);
    let genuine = change(2, &anchor(5..=8), &[1, 2, 3]);
    let mut unannounced = change(2, &anchor(5..=8), &[1, 2, 3]);
    unannounced.header.digest.logs.truncate(1);
    unannounced.certificate = certify(2, unannounced.header.hash(), &[1, 2, 3]);
    let mut swapped = genuine.clone();
    swapped.header = change(2, &anchor(6..=9), &[]).header;
    for forged in [
        change(2, &anchor(5..=8), &[5, 6, 7]),
        change(2, &anchor(5..=8), &[1, 2]),
        unannounced,
        swapped,
    ] {
        file.set_changes = vec![forged];
        assert_eq!(verify(&file, &genesis).unwrap_err().step, Step::Validators);
    }
    file.set_changes = vec![genuine];
    assert!(verify(&file, &genesis).is_ok());
}

#[test]
fn a_receipt_before_the_anchor_is_refused() {
    let late = TrustAnchor {
        from: 6,
        ..anchor(1..=4)
    };
    assert_eq!(refuted_at(&receipt(&[1, 2, 3]), &late), Step::Validators);
}

#[test]
fn receipts_and_anchors_survive_their_files() {
    let file = ReceiptFile {
        receipt: receipt(&[1, 2, 3, 4]),
        set_changes: vec![change(2, &anchor(1..=4), &[1, 2, 3])],
    };
    let mut json = serde_json::json!({
        "encoded": crate::client::to_hex(&file.receipt.encode()),
    });
    let text = json.to_string();
    assert_eq!(
        ReceiptFile::from_json(text.as_bytes()).unwrap(),
        alone(&file.receipt)
    );
    ReceiptFile::extend_json(&mut json, &file.set_changes);
    let text = json.to_string();
    assert_eq!(ReceiptFile::from_json(text.as_bytes()).unwrap(), file);
    for bad in [r#"{"encoded":"0x00"}"#, "{}", "[]", "x"] {
        assert!(ReceiptFile::from_json(bad.as_bytes()).is_err());
    }

    let anchor = anchor(1..=4);
    let json = anchor.to_json().to_string();
    assert_eq!(TrustAnchor::from_json(json.as_bytes()).unwrap(), anchor);
    let empty = format!(r#"{{"genesisHash":"{GENESIS:?}","from":1,"validators":[]}}"#);
    assert!(matches!(
        TrustAnchor::from_json(empty.as_bytes()),
        Err(AnchorError::Validators(0))
    ));
}
