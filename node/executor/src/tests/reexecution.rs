//! Executing a whole chain again.

use bytes::Bytes;
use xinglin_core::{CommitBatch, InvalidBlock, Tip, TxLocation};
use xinglin_primitives::{BlockNumber, Header};

use super::*;
use crate::{re_execute, GenesisError, ReExecutionError};

async fn chain() -> Node {
    let node = Node::new();
    for nonce in 0..5 {
        let transfers = (1..=10).map(|n| node.transfer(&patient(n), nonce, "//Bob", 3));
        node.include(transfers.collect::<Vec<_>>()).await;
    }
    node
}

#[tokio::test]
async fn a_good_chain_gives_its_own_roots() {
    let node = chain().await;
    let mut heights = Vec::new();
    let report = re_execute(&*node.chain, dev_genesis(), |height, of| {
        heights.push((height, of));
    });
    let report = report.unwrap();
    assert_eq!(heights, (1..=5).map(|n| (n, 5)).collect::<Vec<_>>());
    assert_eq!(report.blocks, 5);
    assert_eq!(report.transactions, 5 * 11);
    assert_eq!(report.state_root, node.chain.tip().unwrap().state_root);
}

#[tokio::test]
async fn another_genesis_is_found_out() {
    let node = chain().await;
    let mut other = dev_genesis();
    other.top.insert(b"more".to_vec(), b"1".to_vec());
    let result = re_execute(&*node.chain, other, |_, _| {});
    assert!(matches!(
        result,
        Err(ReExecutionError::Genesis(GenesisError::OtherChain { .. }))
    ));
}

#[tokio::test]
async fn a_block_that_was_changed_is_found_out() {
    let node = chain().await;
    let damaged = Damaged(node.chain.clone());
    let result = re_execute(&damaged, dev_genesis(), |_, _| {});
    assert!(matches!(
        result,
        Err(ReExecutionError::Differs {
            number: 3,
            reason: InvalidBlock::StateRoot { .. }
        })
    ));
}

/// A database whose third block claims another state root.
struct Damaged(Arc<MemoryChain>);

impl ChainStore for Damaged {
    fn tip(&self) -> Option<Tip> {
        self.0.tip()
    }
    fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError> {
        self.0.hash_at(number)
    }
    fn header(&self, hash: &Hash) -> Result<Option<Header>, StoreError> {
        self.0.header(hash)
    }
    fn body(&self, hash: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError> {
        self.0.body(hash)
    }
    fn encoded_block(&self, number: BlockNumber) -> Result<Option<Bytes>, StoreError> {
        let bytes = self.0.encoded_block(number)?;
        Ok(bytes.map(|bytes| {
            let mut block = Block::from_bytes(&bytes).unwrap();
            if number == 3 {
                block.header.state_root = Hash::zero();
            }
            block.to_bytes()
        }))
    }
    fn certificate(&self, number: BlockNumber) -> Result<Option<CommitCertificate>, StoreError> {
        self.0.certificate(number)
    }
    fn locate(&self, extrinsic: &Hash) -> Result<Option<TxLocation>, StoreError> {
        self.0.locate(extrinsic)
    }
    fn oldest_state(&self) -> BlockNumber {
        self.0.oldest_state()
    }
    fn commit(&self, batch: CommitBatch<'_>) -> Result<(), StoreError> {
        self.0.commit(batch)
    }
    fn put_undecided(&self, round: u32, block: &Block) -> Result<(), StoreError> {
        self.0.put_undecided(round, block)
    }
    fn undecided(&self, height: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError> {
        self.0.undecided(height)
    }
}
