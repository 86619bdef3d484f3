//! Reading the state.

use codec::{Decode, DecodeAll};
use sp_runtime::{
    transaction_validity::InvalidTransaction, ApplyExtrinsicResult, ArithmeticError, DispatchError,
};
use sp_state_machine::read_proof_check;
use sp_trie::StorageProof;
use xinglin_core::{StateError, StateQuery};
use xinglin_primitives::Hashing;

use super::*;

#[tokio::test]
async fn values_are_those_of_the_block_asked_for() {
    let node = Node::new();
    node.include([node.transfer("//Alice", 0, "//Bob", 1)])
        .await;
    let before = node.chain.state().values();
    let at = node.chain.tip().unwrap().hash;
    node.include([node.transfer("//Alice", 1, "//Bob", 1)])
        .await;
    let after = node.chain.state().values();
    let now = node.chain.tip().unwrap().hash;

    assert_ne!(before, after);
    for key in before.keys().chain(after.keys()) {
        assert_eq!(
            node.executor.storage(at, key).unwrap().as_ref(),
            before.get(key)
        );
        assert_eq!(
            node.executor.storage(now, key).unwrap().as_ref(),
            after.get(key)
        );
    }
    let (key, value) = after.iter().next().unwrap();
    let hash = sp_io::hashing::blake2_256(value).into();
    assert_eq!(node.executor.storage_hash(now, key).unwrap(), Some(hash));
    assert_eq!(node.executor.storage_hash(now, b"absent").unwrap(), None);
}

#[tokio::test]
async fn keys_come_in_order_and_in_pages() {
    let node = Node::new();
    let at = node.genesis();
    let prefix = frame_support::storage::storage_prefix(b"System", b"Account");
    let expected: Vec<_> = node
        .chain
        .state()
        .values()
        .into_iter()
        .filter(|(key, _)| key.starts_with(&prefix))
        .collect();
    assert!(expected.len() > 10);
    let mut found = Vec::new();
    loop {
        let after = found
            .last()
            .map(|(key, _): &(Vec<u8>, Vec<u8>)| key.clone());
        let page = node
            .executor
            .pairs(at, &prefix, after.as_deref(), 4)
            .unwrap();
        let keys = node
            .executor
            .keys(at, &prefix, after.as_deref(), 4)
            .unwrap();
        assert!(page.iter().map(|(key, _)| key).eq(&keys));
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 4);
        found.extend(page);
    }
    assert_eq!(found, expected);
    let all = node.executor.keys(at, b"", None, usize::MAX).unwrap();
    assert!(all.iter().eq(node.chain.state().values().keys()));
}

#[tokio::test]
async fn proofs_convince_the_standard_verifier() {
    let node = Node::new();
    let block = node
        .include([node.transfer("//Alice", 0, "//Bob", 1)])
        .await;
    let values = node.chain.state().values();
    let mut keys: Vec<Vec<u8>> = values.keys().step_by(7).cloned().collect();
    keys.push(b"absent".to_vec());
    let proof = node.executor.read_proof(block.hash(), &keys).unwrap();
    let proof = StorageProof::new(proof);
    let root = block.header.state_root;
    let proven = read_proof_check::<Hashing, _>(root, proof.clone(), &keys).unwrap();
    for key in &keys {
        assert_eq!(proven[key].as_ref(), values.get(key));
    }
    let wrong_root = node
        .chain
        .header(&node.genesis())
        .unwrap()
        .unwrap()
        .state_root;
    assert!(read_proof_check::<Hashing, _>(wrong_root, proof.clone(), &keys).is_err());
    let nodes = proof.into_iter_nodes().collect::<Vec<_>>();
    for (place, node) in nodes.iter().enumerate() {
        for byte in 0..node.len() {
            let mut altered = nodes.clone();
            altered[place][byte] ^= 1 << (byte % 8);
            let altered = StorageProof::new(altered);
            let checked = read_proof_check::<Hashing, _>(root, altered, &keys);
            assert!(checked.is_err(), "node {place}, byte {byte}");
        }
    }
}

#[tokio::test]
async fn merkle_values_change_with_what_is_below_them() {
    let node = Node::new();
    let genesis = node.genesis();
    let block = node
        .include([node.transfer("//Alice", 0, "//Bob", 1)])
        .await;
    let accounts = frame_support::storage::storage_prefix(b"System", b"Account");
    let members = frame_support::storage::storage_prefix(b"Members", b"");
    let value = |at, key: &[u8]| node.executor.closest_merkle_value(at, key).unwrap();
    assert!(value(genesis, &accounts).is_some());
    assert_ne!(value(genesis, &accounts), value(block.hash(), &accounts));
    assert_eq!(
        value(genesis, &members[..16]),
        value(block.hash(), &members[..16])
    );
    assert_eq!(value(genesis, b"absent"), None);
}

#[tokio::test]
async fn unknown_and_pruned_blocks_are_told_apart() {
    let node = Node::new();
    let genesis = node.genesis();
    node.include([]).await;
    let unknown = Hash::repeat_byte(1);
    assert!(matches!(
        node.executor.storage(unknown, b"key"),
        Err(StateError::UnknownBlock(hash)) if hash == unknown
    ));
    assert!(node.executor.storage(genesis, b"key").is_ok());
    node.chain.set_oldest_state(1);
    assert!(matches!(
        node.executor.storage(genesis, b"key"),
        Err(StateError::Pruned(hash)) if hash == genesis
    ));
    assert!(matches!(
        node.executor.call(genesis, "Core_version", &[]),
        Err(StateError::Pruned(_))
    ));
}

#[tokio::test]
async fn a_failing_disk_is_an_error_and_not_an_absent_value() {
    let node = Node::new();
    node.state.fail(true);
    let at = node.genesis();
    assert!(matches!(
        node.executor.storage(at, b"key"),
        Err(StateError::Store(StoreError::Io(_)))
    ));
    assert!(node.executor.keys(at, b"", None, 10).is_err());
    assert!(node.executor.read_proof(at, &[b"key".to_vec()]).is_err());
    assert!(matches!(
        node.executor
            .call(at, "AccountNonceApi_account_nonce", &author().encode()),
        Err(StateError::Store(_))
    ));
}

#[tokio::test]
async fn functions_are_called_by_name() {
    let node = Node::new();
    let block = node
        .include([node.transfer("//Alice", 0, "//Bob", 1)])
        .await;
    let call = |at, method: &str, data: &[u8]| node.executor.call(at, method, data);
    let nonce = |at| {
        let bytes = call(at, "AccountNonceApi_account_nonce", &author().encode()).unwrap();
        Nonce::decode(&mut &bytes[..]).unwrap()
    };
    assert_eq!((nonce(node.genesis()), nonce(block.hash())), (0, 1));
    assert!(matches!(
        call(block.hash(), "Core_no_such", &[]),
        Err(StateError::UnknownMethod(name)) if name == "Core_no_such"
    ));
    assert!(matches!(
        call(block.hash(), "AccountNonceApi_account_nonce", &[1]),
        Err(StateError::Call { .. })
    ));
}

#[tokio::test]
async fn arguments_that_nest_deeply_do_not_overflow_the_stack() {
    let node = Node::new();
    let bare = [&[4u8][..], &validation::nested(300_000)].concat();
    let transaction = bare.encode();
    for (method, data) in [
        (
            "TransactionPaymentApi_query_info",
            [&transaction[..], &[0; 4]].concat(),
        ),
        (
            "TransactionPaymentApi_query_fee_details",
            [&transaction[..], &[0; 4]].concat(),
        ),
        (
            "TaggedTransactionQueue_validate_transaction",
            [&[0], &transaction[..], &[0; 32]].concat(),
        ),
    ] {
        let answer = node.executor.call(node.genesis(), method, &data);
        assert!(matches!(answer, Err(StateError::Call { .. })), "{method}");
    }
}

#[tokio::test]
async fn a_dry_run_tells_the_outcome_and_changes_nothing() {
    let node = Node::new();
    let genesis = node.genesis();
    let first = node.transfer("//Alice", 0, "//Bob", 1);
    let outcome = |at, transaction: &Extrinsic| {
        let bytes = node.executor.dry_run(at, transaction).unwrap();
        ApplyExtrinsicResult::decode_all(&mut &bytes[..]).unwrap()
    };
    assert_eq!(outcome(genesis, &first), Ok(Ok(())));
    // Again, for the first time has left nothing behind.
    assert_eq!(outcome(genesis, &first), Ok(Ok(())));
    let block = node.include([first.clone()]).await;
    assert_eq!(outcome(genesis, &first), Ok(Ok(())));
    let refused = |reason: InvalidTransaction| Err(reason.into());
    assert_eq!(
        outcome(block.hash(), &first),
        refused(InvalidTransaction::Stale)
    );

    let too_much = node.transfer("//Alice", 1, "//Bob", u64::MAX.into());
    let failure = outcome(block.hash(), &too_much).unwrap().unwrap_err();
    assert!(
        matches!(
            failure,
            DispatchError::Arithmetic(ArithmeticError::Underflow)
        ),
        "{failure:?}"
    );
    let forged = forge(&node.transfer("//Alice", 1, "//Bob", 1));
    assert_eq!(
        outcome(block.hash(), &forged),
        refused(InvalidTransaction::BadProof)
    );
    assert!(matches!(
        node.executor.dry_run(genesis, &Extrinsic::from_static(&[1, 2, 3])),
        Err(StateError::Call { reason, .. }) if reason.contains("not a transaction")
    ));
    assert!(matches!(
        node.executor.dry_run(Hash::zero(), &first),
        Err(StateError::UnknownBlock(_))
    ));
    let nested = [&[4u8][..], &validation::nested(300_000)].concat().encode();
    assert!(matches!(
        node.executor.dry_run(genesis, &nested.into()),
        Err(StateError::Call { .. })
    ));
}
