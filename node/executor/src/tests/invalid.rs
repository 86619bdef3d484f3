//! Blocks of a dishonest proposer.

use sp_runtime::generic::DigestItem;
use xinglin_core::{ExecutionError, InvalidBlock};
use xinglin_primitives::AUTHOR_ENGINE_ID;

use super::*;

/// A node, and a good block with two transfers that another one has built.
async fn scene() -> (Node, Arc<Block>) {
    let proposer = Node::new();
    proposer.pool.put([
        proposer.transfer("//Alice", 0, "//Bob", 1),
        proposer.transfer("//Bob", 0, "//Alice", 1),
    ]);
    (Node::new(), proposer.build().await)
}

fn changed(block: &Block, change: impl FnOnce(&mut Block)) -> Arc<Block> {
    let mut changed = block.clone();
    change(&mut changed);
    Arc::new(changed)
}

async fn reason(node: &Node, block: &Arc<Block>) -> InvalidBlock {
    let Verdict::Invalid(reason) = node.verify(block).await else {
        panic!("the block is valid");
    };
    assert_eq!(node.height(), 0);
    reason
}

#[tokio::test]
async fn the_parent_must_be_the_tip() {
    let (node, block) = scene().await;
    let found = Hash::repeat_byte(9);
    let block = changed(&block, |block| block.header.parent_hash = found);
    let tip = node.genesis();
    assert_eq!(
        reason(&node, &block).await,
        InvalidBlock::Parent { found, tip }
    );
}

#[tokio::test]
async fn bytes_are_limited() {
    let (node, block) = scene().await;
    let block = with_body(&block, |body| {
        body.extend((0..12).map(|nonce| node.signed("//Dave", nonce, remark(380 * 1024))));
    });
    let bytes = block.encoded_len();
    assert_eq!(
        reason(&node, &block).await,
        InvalidBlock::TooLarge { bytes }
    );
}

#[tokio::test]
async fn weight_is_limited() {
    let (node, proposer) = (Node::new(), Node::new());
    let transactions = heavy(&proposer);
    proposer.pool.put(transactions.clone());
    let full = proposer.build().await;
    let index = full.body.len();
    let one_more = transactions[index - 1].clone();
    let block = with_body(&full, |body| body.push(one_more));
    let found = reason(&node, &block).await;
    let InvalidBlock::Transaction { index: at, reason } = &found else {
        panic!("{found:?}");
    };
    assert_eq!(*at, index);
    assert!(reason.contains("ExhaustsResources"), "{reason}");
}

#[tokio::test]
async fn the_author_must_be_the_proposer_and_named_once() {
    let (node, block) = scene().await;
    let other = VerifyMode::Live {
        now_ms: node.now_ms(),
        proposer: dev::account("//Bob"),
    };
    let verdict = node.executor.verify(block.clone(), other).await.unwrap();
    assert_eq!(verdict, Verdict::Invalid(InvalidBlock::Author));

    for digest in [
        vec![],
        vec![DigestItem::PreRuntime(AUTHOR_ENGINE_ID, vec![1])],
        vec![block.header.digest.logs[0].clone(); 2],
    ] {
        let block = changed(&block, |block| block.header.digest.logs = digest);
        assert_eq!(reason(&node, &block).await, InvalidBlock::Author);
    }
}

#[tokio::test]
async fn a_remembered_block_is_still_asked_for_its_author_and_time() {
    let (node, block) = scene().await;
    assert_eq!(node.verify(&block).await, Verdict::Valid);
    let at = |now_ms, proposer| VerifyMode::Live { now_ms, proposer };
    let verdict = node
        .executor
        .verify(block.clone(), at(START_MS, dev::account("//Bob")));
    assert_eq!(
        verdict.await.unwrap(),
        Verdict::Invalid(InvalidBlock::Author)
    );
    let verdict = node
        .executor
        .verify(block.clone(), at(START_MS + 60_000, author()));
    assert!(matches!(
        verdict.await.unwrap(),
        Verdict::Invalid(InvalidBlock::Time {
            off_ms: -60_000,
            ..
        })
    ));
}

#[tokio::test]
async fn live_blocks_keep_to_the_clock_and_synced_ones_need_not() {
    let (node, block) = scene().await;
    let limit = 5_000;
    for (now_ms, off) in [
        (START_MS - limit, None),
        (START_MS + limit, None),
        (START_MS - limit - 1, Some(limit as i64 + 1)),
        (START_MS + limit + 1, Some(-(limit as i64) - 1)),
    ] {
        let node = Node::new();
        let mode = VerifyMode::Live {
            now_ms,
            proposer: author(),
        };
        let verdict = node.executor.verify(block.clone(), mode).await.unwrap();
        let expected = off.map_or(Verdict::Valid, |off_ms| {
            Verdict::Invalid(InvalidBlock::Time {
                off_ms,
                limit_ms: limit as u32,
            })
        });
        assert_eq!(verdict, expected);
    }
    let synced = node
        .executor
        .verify(block, VerifyMode::Synced)
        .await
        .unwrap();
    assert_eq!(synced, Verdict::Valid);
}

#[tokio::test]
async fn every_transaction_must_decode() {
    let (node, block) = scene().await;
    let block = with_body(&block, |body| body.push(Extrinsic::from_static(&[8, 1, 2])));
    assert_eq!(
        reason(&node, &block).await,
        InvalidBlock::Undecodable { index: 3 }
    );
}

#[tokio::test]
async fn every_signature_must_hold() {
    let (node, block) = scene().await;
    let block = with_body(&block, |body| body[2] = forge(&body[2]));
    assert_eq!(
        reason(&node, &block).await,
        InvalidBlock::Signature { index: 2 }
    );
}

#[tokio::test]
async fn every_transaction_must_be_valid_where_it_stands() {
    let (node, block) = scene().await;
    let twice = with_body(&block, |body| body.push(body[1].clone()));
    let early = with_body(&block, |body| {
        body[1] = node.transfer("//Alice", 1, "//Bob", 1);
    });
    let stranger = with_body(&block, |body| {
        body[1] = node.transfer("//Nobody", 0, "//Bob", 1);
    });
    for (block, index, word) in [
        (twice, 3, "Stale"),
        (early, 1, "Future"),
        (stranger, 1, "BadSigner"),
    ] {
        let found = reason(&node, &block).await;
        let InvalidBlock::Transaction { index: at, reason } = &found else {
            panic!("{found:?}");
        };
        assert_eq!(*at, index);
        assert!(reason.contains(word), "{reason}");
    }
}

#[tokio::test]
async fn the_time_is_set_first_and_once_and_moves_on() {
    let (node, block) = scene().await;
    let set = |time| Extrinsic::from(native::timestamp_inherent(time).encode());
    let missing = with_body(&block, |body| drop(body.remove(0)));
    let empty = with_body(&block, |body| body.clear());
    let late = with_body(&block, |body| body.swap(0, 1));
    let twice = with_body(&block, |body| body.push(set(START_MS + 1)));
    let never = with_body(&block, |body| body[0] = set(0));
    for block in [missing, empty, late, twice, never] {
        let found = reason(&node, &block).await;
        assert!(matches!(found, InvalidBlock::Inherents(_)), "{found:?}");
    }
}

#[tokio::test]
async fn the_state_root_and_the_digest_must_fit() {
    let (node, block) = scene().await;
    let header = Hash::repeat_byte(1);
    let executed = block.header.state_root;
    let root = changed(&block, |block| block.header.state_root = header);
    assert_eq!(
        reason(&node, &root).await,
        InvalidBlock::StateRoot { header, executed }
    );

    let digest = changed(&block, |block| {
        let item = DigestItem::Other(vec![1]);
        block.header.digest.logs.push(item);
    });
    assert!(matches!(
        reason(&node, &digest).await,
        InvalidBlock::StateRoot { .. }
    ));
}

#[tokio::test]
async fn another_body_under_a_remembered_header_is_another_block() {
    let (node, block) = scene().await;
    assert_eq!(node.verify(&block).await, Verdict::Valid);
    let other = changed(&block, |block| block.body.truncate(2));
    assert_eq!(other.hash(), block.hash());
    assert_eq!(node.verify(&other).await, Verdict::NotWhole);
    node.commit(&block).await;
    assert_eq!(node.height(), 1);
}

#[tokio::test]
async fn other_transactions_under_a_header_say_nothing_of_its_block() {
    let (node, block) = scene().await;
    let forged = forge(&block.body[1]);
    // Whether they execute or are refused on the way: neither is the block's fault.
    for other in [
        changed(&block, |block| block.body.truncate(2)),
        changed(&block, |block| block.body[1] = forged),
        changed(&block, |block| block.body.clear()),
    ] {
        assert_eq!(node.verify(&other).await, Verdict::NotWhole);
    }
    assert_eq!(node.verify(&block).await, Verdict::Valid);
}

#[tokio::test]
async fn a_decided_block_that_is_invalid_here_is_reported_and_not_committed() {
    let (node, block) = scene().await;
    let block = changed(&block, |block| block.header.state_root = Hash::zero());
    let refused = node.executor.commit(block.clone(), certify(&block)).await;
    assert!(matches!(
        refused,
        Err(ExecutionError::DecidedInvalid {
            reason: InvalidBlock::StateRoot { .. },
            ..
        })
    ));
    assert_eq!(node.height(), 0);
}

/// A transaction whose era has passed was verified once by one node, and never seen by another.
#[tokio::test]
async fn what_a_node_remembers_does_not_change_its_verdict() {
    let (knows, fresh) = (Node::new(), Node::new());
    let era = Era::mortal(4, 1);
    let birth = knows.include([]).await.hash();
    let mortal = knows.signed_in("//Alice", 0, transfer_call("//Bob", 1), Some((era, birth)));
    knows.pool.put([mortal.clone()]);
    // Built, and so verified and remembered, but not decided.
    assert_eq!(knows.build().await.body.len(), 2);
    knows
        .pool
        .prune(&[xinglin_primitives::receipt::extrinsic_hash(&mortal)]);
    for _ in 0..4 {
        knows.include([]).await;
    }
    for number in 1..=5 {
        let bytes = knows.chain.encoded_block(number).unwrap().unwrap();
        fresh
            .commit(&Arc::new(Block::from_bytes(&bytes).unwrap()))
            .await;
    }

    let empty = knows.build().await;
    let block = with_body(&empty, |body| body.push(mortal));
    for node in [&knows, &fresh] {
        let verdict = node.verify(&block).await;
        assert!(matches!(
            verdict,
            Verdict::Invalid(
                InvalidBlock::Signature { index: 1 } | InvalidBlock::Transaction { index: 1, .. }
            )
        ));
    }
}
