//! Building, verifying and committing.

use codec::Decode;
use frame_system::{AccountInfo, ConsumedWeight};
use pallet_balances::AccountData;
use xinglin_core::{ExecutionError, HeightConfigs, StateQuery};
use xinglin_primitives::Balance;
use xinglin_runtime::{configs::BLOCK_WEIGHT_MAX, Runtime};

use super::*;
use crate::config::OUTCOMES_MAX;

fn account_key(path: &str) -> Vec<u8> {
    frame_system::Account::<Runtime>::hashed_key_for(dev::account(path))
}

fn balance(node: &Node, path: &str) -> Balance {
    let tip = node.chain.tip().unwrap().hash;
    let value = node.executor.storage(tip, &account_key(path)).unwrap();
    let info = AccountInfo::<Nonce, AccountData<Balance>>::decode(&mut &value.unwrap()[..]);
    info.unwrap().data.free
}

/// What the last block weighs.
fn weight(node: &Node) -> u64 {
    let tip = node.chain.tip().unwrap().hash;
    let key = frame_system::BlockWeight::<Runtime>::hashed_key();
    let value = node.executor.storage(tip, &key).unwrap();
    let consumed = ConsumedWeight::decode(&mut &value.unwrap()[..]).unwrap();
    consumed.total().ref_time()
}

/// Transfers for four blocks, which only depend on `seed`.
fn script(node: &Node, seed: u64) -> Vec<Vec<Extrinsic>> {
    let mut state = seed;
    let mut next = |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % bound
    };
    let mut nonces = [0; 11];
    let mut transfer = |_| {
        let from = 1 + next(10) as usize;
        let nonce = nonces[from];
        nonces[from] += 1;
        let to = patient(1 + next(10) as usize);
        node.transfer(&patient(from), nonce, &to, u128::from(next(1_000)))
    };
    let mut block = |_| (0..40).map(&mut transfer).collect();
    (0..4).map(&mut block).collect()
}

async fn play(script: Vec<Vec<Extrinsic>>) -> Vec<Hash> {
    let node = Node::new();
    let mut roots = Vec::new();
    for transactions in script {
        let block = node.include(transactions).await;
        assert_eq!(block.body.len(), 41);
        roots.push(block.header.state_root);
    }
    roots
}

#[tokio::test]
async fn the_same_seed_gives_the_same_roots() {
    let node = Node::new();
    let first = script(&node, 1);
    let roots = play(first.clone()).await;
    assert_eq!(roots, play(first).await);
    assert_ne!(roots, play(script(&node, 2)).await);
}

#[tokio::test]
async fn a_built_block_is_valid_for_others_and_moves_money() {
    let (proposer, other) = (Node::new(), Node::new());
    let before = balance(&proposer, "//Bob");
    proposer
        .pool
        .put([proposer.transfer("//Alice", 0, "//Bob", 500)]);
    let block = proposer.build().await;
    assert_eq!(block.header.extrinsics_root, block.extrinsics_root());

    assert_eq!(proposer.verify(&block).await, Verdict::Valid);
    assert_eq!(other.verify(&block).await, Verdict::Valid);
    proposer.commit(&block).await;
    other.commit(&block).await;

    assert_eq!(proposer.chain.tip(), other.chain.tip());
    assert_eq!(balance(&proposer, "//Bob"), before + 500);
    assert_eq!(balance(&other, "//Bob"), before + 500);
    for node in [&proposer, &other] {
        assert_eq!(node.executor.metrics().executed_at_commit.get(), 0);
    }
    assert_eq!(
        proposer.chain.state().values(),
        other.chain.state().values()
    );
    assert_eq!(other.executor.next_height().unwrap().height, 2);
}

#[tokio::test]
async fn a_call_that_fails_is_in_the_block_and_uses_its_nonce() {
    let node = Node::new();
    let too_much = u128::from(u64::MAX);
    let block = node
        .include([
            node.transfer("//Alice", 0, "//Bob", too_much),
            node.transfer("//Alice", 1, "//Bob", 1),
        ])
        .await;
    assert_eq!(block.body.len(), 3);
    assert_eq!(node.pool.removed(), Vec::<Hash>::new());
}

#[tokio::test]
async fn what_can_never_be_in_a_block_is_dropped_and_what_may_be_later_is_kept() {
    let node = Node::new();
    node.include([node.transfer("//Alice", 0, "//Bob", 1)])
        .await;

    let stale = node.transfer("//Alice", 0, "//Bob", 2);
    let future = node.transfer("//Alice", 7, "//Bob", 1);
    let stranger = node.transfer("//Nobody", 0, "//Bob", 1);
    let forged = forge(&node.transfer("//Bob", 0, "//Alice", 1));
    let garbage = Extrinsic::from_static(&[8, 1, 2]);
    let good = node.transfer("//Alice", 1, "//Bob", 1);
    let all = [&stale, &future, &stranger, &forged, &garbage, &good];
    node.pool.put(all.into_iter().cloned());

    let block = node.build().await;
    assert_eq!(block.body[1..], [good]);
    let hash = |bytes: &Extrinsic| xinglin_primitives::receipt::extrinsic_hash(bytes);
    let mut dropped = node.pool.removed();
    dropped.sort();
    let mut expected = [&stale, &stranger, &forged, &garbage].map(hash).to_vec();
    expected.sort();
    assert_eq!(dropped, expected);
    assert_eq!(node.executor.metrics().dropped.get(), 4);
}

#[tokio::test]
async fn a_block_ends_at_its_deadline() {
    let node = Node::new();
    node.pool.put([node.transfer("//Alice", 0, "//Bob", 1)]);
    let request = BuildRequest {
        deadline: Instant::now(),
        ..node.request()
    };
    let block = node.executor.build(request).await.unwrap();
    assert_eq!(block.body.len(), 1);
    assert_eq!(node.verify(&block).await, Verdict::Valid);
}

#[tokio::test]
async fn a_block_has_no_more_transactions_than_asked_for() {
    let node = Node::new();
    node.pool
        .put((0..5).map(|nonce| node.transfer("//Alice", nonce, "//Bob", 1)));
    let request = BuildRequest {
        transactions_max: 3,
        ..node.request()
    };
    let block = node.executor.build(request).await.unwrap();
    assert_eq!(block.body.len(), 1 + 3);
    assert_eq!(node.verify(&block).await, Verdict::Valid);
}

#[tokio::test]
async fn a_block_ends_when_its_bytes_are_used_up() {
    let node = Node::new();
    let large = |nonce| node.signed("//Alice", nonce, remark(380 * 1024));
    node.pool.put((0..14).map(large));
    let block = node.build().await;
    assert_eq!(block.body.len(), 1 + 10);
    assert!(block.encoded_len() <= xinglin_primitives::BLOCK_BYTES_MAX as usize);
    assert_eq!(Node::new().verify(&block).await, Verdict::Valid);
    assert_eq!(node.pool.removed(), Vec::<Hash>::new());
}

#[tokio::test]
async fn a_block_ends_when_its_weight_is_used_up() {
    let node = Node::new();
    let transactions = heavy(&node);
    node.pool.put(transactions.clone());
    let block = node.build().await;
    let count = block.body.len() - 1;
    assert_eq!(block.body[1..], transactions[..count]);
    assert!(block.encoded_len() < xinglin_primitives::BLOCK_BYTES_MAX as usize / 2);
    assert_eq!(Node::new().verify(&block).await, Verdict::Valid);
    node.commit(&block).await;
    // One more would have been too much.
    let (full, max) = (weight(&node), BLOCK_WEIGHT_MAX.ref_time());
    let each = full / count as u64;
    assert!(full <= max && full + each > max, "{count} weigh {full}");

    // What is left has its turn in the next block.
    assert_eq!(node.pool.removed(), Vec::<Hash>::new());
    let next = node.build().await;
    assert_eq!(next.body[1], transactions[count]);
}

#[tokio::test]
async fn time_follows_the_clock_but_never_goes_back() {
    let node = Node::new();
    node.include([]).await;
    let request = BuildRequest {
        now_ms: START_MS - 60_000,
        ..node.request()
    };
    let block = node.executor.build(request).await.unwrap();
    let inherent = native::timestamp_inherent(START_MS + 1).encode();
    assert_eq!(block.body, [Extrinsic::from(inherent)]);
}

#[tokio::test]
async fn only_the_next_height_is_built_and_verified() {
    let node = Node::new();
    let block = node.include([]).await;
    let request = BuildRequest {
        height: 3,
        ..node.request()
    };
    let built = node.executor.build(request).await;
    let expected = |number| ExecutionError::NotNext { number, tip: 1 }.to_string();
    assert_eq!(built.unwrap_err().to_string(), expected(3));
    let verified = node.executor.verify(block, VerifyMode::Synced).await;
    assert_eq!(verified.unwrap_err().to_string(), expected(1));
}

#[tokio::test]
async fn a_commit_is_told_with_its_changes() {
    let node = Node::new();
    let mut notices = node.executor.subscribe();
    let before = node.chain.state().values();
    let block = node
        .include([
            node.transfer("//Alice", 0, "//Bob", 1),
            node.transfer("//Alice", 1, "//Bob", 1),
            node.transfer("//Bob", 0, "//Alice", 1),
        ])
        .await;
    let notice = notices.try_recv().unwrap();
    assert_eq!(notice.hash, block.hash());
    assert_eq!(notice.extrinsic_hashes, block.extrinsic_hashes());
    let mut next = vec![(dev::account("//Alice"), 2), (dev::account("//Bob"), 1)];
    next.sort();
    assert_eq!(notice.next_nonces, next);

    assert!(notice.changes.is_sorted_by(|a, b| a.0 < b.0));
    let mut after = before;
    for (key, value) in notice.changes.iter() {
        match value {
            Some(value) => after.insert(key.clone(), value.clone()),
            None => after.remove(key),
        };
    }
    assert_eq!(after, node.chain.state().values());
    assert!(!notice.runtime_changed);
}

#[tokio::test]
async fn committing_the_tip_again_changes_nothing() {
    let node = Node::new();
    let mut notices = node.executor.subscribe();
    node.pool.put([node.transfer("//Alice", 0, "//Bob", 1)]);
    let block = node.build().await;
    let first = node.commit(&block).await;
    let again = node.commit(&block).await;
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(node.height(), 1);
    notices.try_recv().unwrap();
    assert!(notices.try_recv().is_err());

    let reopened = Node::open(node.chain.clone());
    let after_restart = reopened.commit(&block).await;
    assert_eq!(after_restart.extrinsic_hashes, first.extrinsic_hashes);
    assert_eq!(after_restart.next_nonces, first.next_nonces);
    assert_eq!(reopened.height(), 1);
}

#[tokio::test]
async fn a_decided_block_is_executed_at_commit_after_a_restart() {
    let node = Node::new();
    node.include([node.transfer("//Alice", 0, "//Bob", 1)])
        .await;
    node.pool.put([node.transfer("//Alice", 1, "//Bob", 1)]);
    let block = node.build().await;

    let reopened = Node::open(node.chain.clone());
    reopened.commit(&block).await;
    assert_eq!(reopened.executor.metrics().executed_at_commit.get(), 1);
    assert_eq!(reopened.height(), 2);
    reopened
        .include([node.transfer("//Alice", 2, "//Bob", 1)])
        .await;
    assert_eq!(reopened.height(), 3);
}

#[tokio::test]
async fn a_certificate_for_another_block_is_refused() {
    let node = Node::new();
    let block = node.build().await;
    let certificate = CommitCertificate {
        block_hash: Hash::zero(),
        ..certify(&block)
    };
    let refused = node.executor.commit(block, certificate).await;
    assert!(matches!(
        refused,
        Err(ExecutionError::Store(StoreError::Refused(_)))
    ));
    assert_eq!(node.height(), 0);
}

#[tokio::test]
async fn rivals_for_one_height_are_remembered_side_by_side() {
    let node = Node::new();
    let empty = node.build().await;
    node.pool.put([node.transfer("//Alice", 0, "//Bob", 1)]);
    let full = node.build().await;
    assert_ne!(empty.hash(), full.hash());
    node.commit(&empty).await;
    assert_eq!(node.executor.metrics().executed_at_commit.get(), 0);
    let verified = node.executor.verify(full, VerifyMode::Synced).await;
    assert!(matches!(verified, Err(ExecutionError::NotNext { .. })));
}

#[tokio::test]
async fn the_oldest_outcomes_are_forgotten_and_found_again() {
    let node = Node::new();
    let mut rivals = Vec::new();
    for later_ms in 0..=OUTCOMES_MAX as u64 {
        let request = BuildRequest {
            now_ms: START_MS + later_ms,
            ..node.request()
        };
        rivals.push(node.executor.build(request).await.unwrap());
    }
    node.commit(&rivals[0]).await;
    assert_eq!(node.executor.metrics().executed_at_commit.get(), 1);
    assert_eq!(node.chain.tip().unwrap().hash, rivals[0].hash());
}

#[tokio::test]
async fn nothing_is_done_after_the_stop() {
    let node = Node::new();
    let block = node.build().await;
    let executor = node.executor.clone();
    tokio::task::spawn_blocking(move || executor.stop())
        .await
        .unwrap();
    let stopped = node.executor.commit(block.clone(), certify(&block)).await;
    assert!(matches!(stopped, Err(ExecutionError::Stopped)));
    node.executor.stop();
}

#[tokio::test]
async fn a_failing_disk_is_not_the_fault_of_a_block() {
    let node = Node::new();
    node.pool.put([node.transfer("//Alice", 0, "//Bob", 1)]);
    let block = node.build().await;

    let other = Node::new();
    other.state.fail(true);
    let verified = other.executor.verify(block.clone(), other.live()).await;
    assert!(matches!(verified, Err(ExecutionError::Store(_))));
    let built = other.executor.build(other.request()).await;
    assert!(matches!(built, Err(ExecutionError::Store(_))));
    assert!(other.executor.next_height().is_err());

    other.state.fail(false);
    assert_eq!(other.verify(&block).await, Verdict::Valid);
}
