//! Validating transactions for the pool.

use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use xinglin_core::{TransactionSource, TransactionValidator, Validated};

use super::*;

fn validate(node: &Node, transactions: &[Extrinsic]) -> Vec<Validated> {
    node.executor
        .validate(TransactionSource::Local, transactions)
}

fn refusal(validated: &Validated) -> InvalidTransaction {
    match validated {
        Err(TransactionValidityError::Invalid(reason)) => *reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_transaction_has_its_own_outcome_in_order() {
    let node = Node::new();
    node.include([node.transfer("//Alice", 0, "//Bob", 1)])
        .await;
    let outcomes = validate(
        &node,
        &[
            node.transfer("//Alice", 0, "//Bob", 2),
            node.transfer("//Alice", 1, "//Bob", 1),
            Extrinsic::from_static(&[1, 2, 3]),
            Extrinsic::from_static(&[]),
            forge(&node.transfer("//Alice", 1, "//Bob", 1)),
            node.transfer("//Nobody", 0, "//Bob", 1),
            node.transfer("//Alice", 5, "//Bob", 1),
            native::timestamp_inherent(1).encode().into(),
        ],
    );
    assert_eq!(refusal(&outcomes[0]), InvalidTransaction::Stale);
    let ready = outcomes[1].as_ref().unwrap();
    assert_eq!(ready.sender, Some((dev::account("//Alice"), 1)));
    assert!(ready.validity.requires.is_empty());
    assert_eq!(refusal(&outcomes[2]), InvalidTransaction::Call);
    assert_eq!(refusal(&outcomes[3]), InvalidTransaction::Call);
    assert_eq!(refusal(&outcomes[4]), InvalidTransaction::BadProof);
    assert_eq!(refusal(&outcomes[5]), InvalidTransaction::BadSigner);
    let future = outcomes[6].as_ref().unwrap();
    assert_eq!(future.validity.requires.len(), 1);
    assert_eq!(future.validity.provides.len(), 1);
    assert!(outcomes[7].is_err());
    assert_eq!(outcomes.len(), 8);
}

#[tokio::test]
async fn a_transaction_of_another_chain_is_wrongly_signed() {
    let node = Node::new();
    let pair = dev::key_pair("//Alice");
    let other_chain = Hash::repeat_byte(1);
    let signed = native::sign(remark(1), author(), 0, other_chain, None, |payload| {
        pair.sign(payload).into()
    });
    let outcomes = validate(&node, &[signed.encode().into()]);
    assert_eq!(refusal(&outcomes[0]), InvalidTransaction::BadProof);
}

#[tokio::test]
async fn signatures_are_verified_once_from_the_pool_to_the_block() {
    let (proposer, node) = (Node::new(), Node::new());
    let transactions: Vec<_> = (1..=10)
        .map(|number| node.transfer(&patient(number), 0, "//Bob", 1))
        .collect();
    assert!(validate(&node, &transactions).iter().all(Result::is_ok));
    let metrics = node.executor.metrics();
    let verified = || metrics.signatures_batched.get() + metrics.signatures_single.get();
    assert_eq!(verified(), 10);
    assert_eq!(metrics.signatures_remembered.get(), 0);

    proposer.pool.put(transactions.iter().cloned());
    let block = proposer.build().await;
    assert_eq!(node.verify(&block).await, Verdict::Valid);
    assert_eq!(verified(), 10);
    assert_eq!(metrics.signatures_remembered.get(), 10);

    let unknown = validate(&node, &[node.transfer("//Alice", 0, "//Bob", 1)]);
    assert!(unknown[0].is_ok());
    assert_eq!(verified(), 11);
}

#[tokio::test]
async fn many_transactions_are_validated_in_one_go() {
    let node = Node::new();
    let transactions: Vec<_> = (0..300)
        .map(|nonce| node.transfer("//Alice", nonce, "//Bob", 1))
        .collect();
    let outcomes = validate(&node, &transactions);
    assert_eq!(outcomes.len(), 300);
    for (nonce, outcome) in outcomes.iter().enumerate() {
        let sender = outcome.as_ref().unwrap().sender.clone();
        assert_eq!(sender, Some((author(), nonce as u32)));
    }
}

#[tokio::test]
async fn validation_follows_the_tip() {
    let node = Node::new();
    let transfer = node.transfer("//Alice", 0, "//Bob", 1);
    assert!(validate(&node, std::slice::from_ref(&transfer))[0].is_ok());
    node.include([transfer.clone()]).await;
    let outcomes = validate(&node, &[transfer, node.transfer("//Alice", 1, "//Bob", 1)]);
    assert_eq!(refusal(&outcomes[0]), InvalidTransaction::Stale);
    assert!(outcomes[1].as_ref().unwrap().validity.requires.is_empty());
}

#[tokio::test]
async fn blocks_are_committed_while_transactions_are_validated() {
    let node = Arc::new(Node::new());
    let pending: Vec<_> = (0..20)
        .map(|nonce| node.transfer("//Alice", nonce, "//Bob", 1))
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let validators: Vec<_> = (0..3)
        .map(|_| {
            let (node, done, pending) = (node.clone(), done.clone(), pending.clone());
            std::thread::spawn(move || {
                let mut rounds = 0;
                while !done.load(Ordering::SeqCst) || rounds == 0 {
                    for outcome in validate(&node, &pending) {
                        let stale = InvalidTransaction::Stale.into();
                        assert!(outcome.is_ok() || outcome.unwrap_err() == stale);
                    }
                    rounds += 1;
                }
            })
        })
        .collect();
    for transaction in pending {
        assert_eq!(node.include([transaction]).await.body.len(), 2);
    }
    done.store(true, Ordering::SeqCst);
    for validator in validators {
        validator.join().unwrap();
    }
    assert_eq!(node.height(), 20);
}

#[tokio::test]
async fn a_failing_disk_is_not_the_fault_of_a_transaction() {
    let node = Node::new();
    let transfer = node.transfer("//Alice", 0, "//Bob", 1);
    node.state.fail(true);
    let outcomes = validate(&node, std::slice::from_ref(&transfer));
    assert!(matches!(
        outcomes[0],
        Err(TransactionValidityError::Unknown(_))
    ));
    node.state.fail(false);
    assert!(validate(&node, &[transfer])[0].is_ok());
}

/// A batch in a batch in a batch, and so on, in as few bytes as that takes.
pub(super) fn nested(depth: usize) -> Vec<u8> {
    let innermost = remark(0).encode();
    let batch = RuntimeCall::Utility(pallet_utility::Call::batch { calls: Vec::new() }).encode();
    let mut call = batch[..2].repeat(0);
    for _ in 0..depth {
        call.extend_from_slice(&batch[..2]);
        call.push(1 << 2);
    }
    call.extend_from_slice(&innermost);
    call
}

#[test]
fn deeply_nested_calls_are_refused_on_a_small_stack() {
    let node = Node::new();
    let signed = node.signed("//Alice", 0, remark(0));
    // Everything but the length prefix and the call, which are at the two ends.
    let prefix = if signed[0] & 3 == 0 { 1 } else { 2 };
    let head = &signed[prefix..signed.len() - remark(0).encode().len()];
    let transaction = [head, &nested(100_000)].concat().encode();
    let outcomes = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || validate(&node, &[transaction.into()]))
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(refusal(&outcomes[0]), InvalidTransaction::Call);
}
