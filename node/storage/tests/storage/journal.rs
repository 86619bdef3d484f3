//! The pool's journal and the evidence.

use codec::Encode;
use sp_core::sr25519;
use xinglin_core::{EvidenceStore, Extrinsic, PoolJournal};
use xinglin_primitives::{
    consensus::{Equivocation, Offence, Vote, VoteKind},
    receipt::extrinsic_hash,
    Hash,
};

use crate::support::{Chain, Folder};

fn transaction(n: u32) -> (Hash, Extrinsic) {
    let bytes = Extrinsic::from(format!("transaction {n}").encode());
    (extrinsic_hash(&bytes), bytes)
}

fn sorted(mut transactions: Vec<Extrinsic>) -> Vec<Extrinsic> {
    transactions.sort();
    transactions
}

#[test]
fn kept_transactions_survive_until_they_are_forgotten() {
    let chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    let all: Vec<_> = (0..50).map(transaction).collect();
    database.keep(&[]).unwrap();
    database.keep(&all[..30]).unwrap();
    database.keep(&all[20..]).unwrap();
    // The files as a crash would leave them, with the database still open.
    let crashed = folder.copy("crashed");
    let crashed = xinglin_storage::Database::open(crashed).unwrap();
    let expected = sorted(all.iter().map(|(_, bytes)| bytes.clone()).collect());
    assert_eq!(sorted(crashed.load().unwrap()), expected);

    let gone: Vec<_> = all[10..].iter().map(|(hash, _)| *hash).collect();
    database.forget(&gone).unwrap();
    database.forget(&[]).unwrap();
    drop(database);
    let database = folder.open();
    let expected = sorted(all[..10].iter().map(|(_, bytes)| bytes.clone()).collect());
    assert_eq!(sorted(database.load().unwrap()), expected);
}

fn equivocation(height: u32) -> Equivocation {
    let vote = |hash| Vote {
        kind: VoteKind::Precommit,
        height,
        round: 0,
        block_hash: hash,
        voter: sr25519::Public::from_raw([1; 32]),
    };
    let signature = sr25519::Signature::from_raw([2; 64]);
    Equivocation {
        key: sr25519::Public::from_raw([1; 32]),
        offence: Offence::Votes(Box::new([
            (vote(None), signature),
            (vote(Some(Hash::repeat_byte(1))), signature),
        ])),
    }
}

#[test]
fn evidence_survives_until_it_is_forgotten() {
    let chain = Chain::new();
    let folder = Folder::archive(&chain);
    let database = folder.open();
    let (first, second) = (equivocation(5), equivocation(6));
    database
        .keep_evidence(&[first.clone(), second.clone()])
        .unwrap();
    // The same again is the same.
    database
        .keep_evidence(std::slice::from_ref(&first))
        .unwrap();
    drop(database);

    let database = folder.open();
    assert_eq!(database.evidence().unwrap().len(), 2);
    database.forget_evidence(&[first]).unwrap();
    assert_eq!(database.evidence().unwrap(), vec![second]);
}
