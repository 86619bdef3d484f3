//! A database in memory and a pool that is a list, for tests and measurements.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use sp_core::storage::Storage;
use tokio::sync::watch;
use xinglin_core::{
    Block, ChainStore, CommitBatch, Extrinsic, PooledTransaction, ReadySource, StoreError, Tip,
    TxLocation,
};
use xinglin_primitives::{
    consensus::CommitCertificate, receipt::extrinsic_hash, BlockNumber, Hash, Header,
};

use crate::{
    genesis::{Genesis, GenesisError},
    memory::MemoryState,
};

/// Blocks and an archive of their states, in memory.
pub struct MemoryChain {
    state: Arc<MemoryState>,
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    blocks: Vec<(Hash, Block, Option<CommitCertificate>)>,
    numbers: HashMap<Hash, BlockNumber>,
    transactions: HashMap<Hash, TxLocation>,
    oldest_state: BlockNumber,
}

impl MemoryChain {
    /// A chain that begins with `storage`.
    pub fn new(storage: Storage) -> Result<Arc<Self>, GenesisError> {
        let chain = Self {
            state: Arc::new(MemoryState::archive()),
            inner: RwLock::default(),
        };
        Genesis::build(storage)?.write(&chain)?;
        Ok(Arc::new(chain))
    }

    /// Nodes and values of its states.
    pub fn state(&self) -> Arc<MemoryState> {
        self.state.clone()
    }

    /// Says that states below `oldest` are pruned.
    pub fn set_oldest_state(&self, oldest: BlockNumber) {
        self.inner.write().oldest_state = oldest;
    }
}

impl ChainStore for MemoryChain {
    fn tip(&self) -> Option<Tip> {
        let inner = self.inner.read();
        inner.blocks.last().map(|(hash, block, _)| Tip {
            number: block.number(),
            hash: *hash,
            state_root: block.header.state_root,
        })
    }

    fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError> {
        let inner = self.inner.read();
        Ok(inner.blocks.get(number as usize).map(|(hash, _, _)| *hash))
    }

    fn header(&self, hash: &Hash) -> Result<Option<Header>, StoreError> {
        let inner = self.inner.read();
        let number = inner.numbers.get(hash);
        Ok(number.map(|number| inner.blocks[*number as usize].1.header.clone()))
    }

    fn body(&self, hash: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError> {
        let inner = self.inner.read();
        let number = inner.numbers.get(hash);
        Ok(number.map(|number| inner.blocks[*number as usize].1.body.clone()))
    }

    fn encoded_block(&self, number: BlockNumber) -> Result<Option<Bytes>, StoreError> {
        let inner = self.inner.read();
        let entry = inner.blocks.get(number as usize);
        Ok(entry.map(|(_, block, _)| block.to_bytes()))
    }

    fn certificate(&self, number: BlockNumber) -> Result<Option<CommitCertificate>, StoreError> {
        let inner = self.inner.read();
        let entry = inner.blocks.get(number as usize);
        Ok(entry.and_then(|(_, _, certificate)| certificate.clone()))
    }

    fn locate(&self, extrinsic: &Hash) -> Result<Option<TxLocation>, StoreError> {
        Ok(self.inner.read().transactions.get(extrinsic).copied())
    }

    fn oldest_state(&self) -> BlockNumber {
        self.inner.read().oldest_state
    }

    fn commit(&self, batch: CommitBatch<'_>) -> Result<(), StoreError> {
        let mut inner = self.inner.write();
        let number = batch.block.number();
        if number as usize != inner.blocks.len() {
            return Err(StoreError::Refused(format!("block {number} is not next")));
        }
        self.state.apply(batch.trie, batch.flat);
        inner.numbers.insert(batch.hash, number);
        for (index, hash) in (0..).zip(batch.extrinsic_hashes) {
            let location = TxLocation { number, index };
            inner.transactions.insert(*hash, location);
        }
        let certificate = batch.certificate.cloned();
        inner
            .blocks
            .push((batch.hash, batch.block.clone(), certificate));
        Ok(())
    }

    fn put_undecided(&self, _: u32, _: &Block) -> Result<(), StoreError> {
        Ok(())
    }

    fn undecided(&self, _: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError> {
        Ok(Vec::new())
    }
}

/// Transactions in the order in which they were put.
pub struct ListPool {
    transactions: Mutex<Vec<Arc<PooledTransaction>>>,
    removed: Mutex<Vec<Hash>>,
    count: watch::Sender<usize>,
}

impl Default for ListPool {
    fn default() -> Self {
        Self {
            transactions: Mutex::default(),
            removed: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl ListPool {
    /// Puts transactions at the end.
    pub fn put(&self, transactions: impl IntoIterator<Item = Extrinsic>) {
        let mut list = self.transactions.lock();
        list.extend(transactions.into_iter().map(|bytes| {
            Arc::new(PooledTransaction {
                hash: extrinsic_hash(&bytes),
                bytes,
                sender: None,
                priority: 0,
                valid_until: BlockNumber::MAX,
            })
        }));
        self.count.send_replace(list.len());
    }

    /// Takes out what is in a block.
    pub fn prune(&self, included: &[Hash]) {
        let included: std::collections::HashSet<_> = included.iter().collect();
        let mut list = self.transactions.lock();
        list.retain(|transaction| !included.contains(&transaction.hash));
        self.count.send_replace(list.len());
    }

    /// What the executor called invalid.
    pub fn removed(&self) -> Vec<Hash> {
        self.removed.lock().clone()
    }
}

impl ReadySource for ListPool {
    fn ready(&self, count: usize, bytes: usize) -> Vec<Arc<PooledTransaction>> {
        let mut room = bytes;
        let list = self.transactions.lock();
        let fitting = list.iter().take(count).take_while(|transaction| {
            let size = transaction.bytes.len();
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        fitting.cloned().collect()
    }

    fn remove_invalid(&self, hashes: &[Hash]) {
        self.removed.lock().extend_from_slice(hashes);
        self.prune(hashes);
    }

    fn ready_count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }
}
