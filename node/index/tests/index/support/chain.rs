//! A chain that is not executed.

use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};

use bytes::Bytes;
use parking_lot::RwLock;
use sp_runtime::traits::Header as _;
use tokio::sync::broadcast;
use xinglin_core::{
    Block, ChainStore, CommitBatch, CommitNotice, Extrinsic, KeyValue, StateError, StateQuery,
    StoreError, Tip, TxLocation,
};
use xinglin_primitives::{consensus::CommitCertificate, BlockNumber, Hash, Header};

/// What is kept of one block.
struct Kept {
    block: Block,
    events: Vec<u8>,
}

/// Blocks that somebody has made up.
pub struct FakeChain {
    /// From block 1 on.
    blocks: RwLock<Vec<Kept>>,
    oldest_state: RwLock<BlockNumber>,
    /// From this block on no state can be read.
    unreadable_from: RwLock<BlockNumber>,
    /// How many states could not be read.
    failures: AtomicU32,
    metadata: Vec<u8>,
    commits: broadcast::Sender<Arc<CommitNotice>>,
}

impl FakeChain {
    pub fn new(metadata: Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            blocks: RwLock::default(),
            oldest_state: RwLock::default(),
            unreadable_from: RwLock::new(BlockNumber::MAX),
            failures: AtomicU32::new(0),
            metadata,
            commits: broadcast::Sender::new(16),
        })
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Arc<CommitNotice>> {
        self.commits.subscribe()
    }

    /// Adds a block and tells it.
    pub fn add(&self, body: Vec<Vec<u8>>, events: Vec<u8>) {
        let mut blocks = self.blocks.write();
        let number = BlockNumber::try_from(blocks.len()).unwrap() + 1;
        let zero = Hash::zero();
        let block = Block {
            header: Header::new(number, zero, zero, zero, Default::default()),
            body: body.into_iter().map(Bytes::from).collect(),
        };
        let notice = CommitNotice {
            hash: block.hash(),
            block: Arc::new(block.clone()),
            extrinsic_hashes: Vec::new(),
            next_nonces: Vec::new(),
            changes: Arc::default(),
            runtime_changed: false,
        };
        blocks.push(Kept { block, events });
        drop(blocks);
        self.commits.send(Arc::new(notice)).ok();
    }

    pub fn prune_before(&self, oldest: BlockNumber) {
        *self.oldest_state.write() = oldest;
    }

    /// Lets reading states fail, from this block on.
    pub fn break_from(&self, block: BlockNumber) {
        *self.unreadable_from.write() = block;
    }

    /// Lets all states be read again.
    pub fn mend(&self) {
        self.break_from(BlockNumber::MAX);
    }

    /// How many readings of states have failed.
    pub fn failures(&self) -> u32 {
        self.failures.load(Ordering::SeqCst)
    }

    fn find<T>(&self, hash: Hash, read: impl FnOnce(&Kept) -> T) -> Option<T> {
        let blocks = self.blocks.read();
        blocks.iter().find(|it| it.block.hash() == hash).map(read)
    }
}

impl ChainStore for FakeChain {
    fn tip(&self) -> Option<Tip> {
        let blocks = self.blocks.read();
        let last = blocks.last();
        Some(Tip {
            number: last.map_or(0, |it| it.block.number()),
            hash: last.map_or_else(Hash::zero, |it| it.block.hash()),
            state_root: Hash::zero(),
        })
    }

    fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError> {
        let index = number as usize;
        let blocks = self.blocks.read();
        Ok(index
            .checked_sub(1)
            .and_then(|index| Some(blocks.get(index)?.block.hash())))
    }

    fn body(&self, hash: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError> {
        Ok(self.find(*hash, |it| it.block.body.clone()))
    }

    fn oldest_state(&self) -> BlockNumber {
        *self.oldest_state.read()
    }

    fn header(&self, _: &Hash) -> Result<Option<Header>, StoreError> {
        Ok(None)
    }

    fn encoded_block(&self, _: BlockNumber) -> Result<Option<Bytes>, StoreError> {
        Ok(None)
    }

    fn certificate(&self, _: BlockNumber) -> Result<Option<CommitCertificate>, StoreError> {
        Ok(None)
    }

    fn locate(&self, _: &Hash) -> Result<Option<TxLocation>, StoreError> {
        Ok(None)
    }

    fn commit(&self, _: CommitBatch<'_>) -> Result<(), StoreError> {
        Err(StoreError::Refused("not here".to_owned()))
    }

    fn put_undecided(&self, _: u32, _: &Block) -> Result<(), StoreError> {
        Err(StoreError::Refused("not here".to_owned()))
    }

    fn undecided(&self, _: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError> {
        Ok(Vec::new())
    }
}

impl StateQuery for FakeChain {
    fn storage(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        assert_eq!(
            key,
            frame_support::storage::storage_prefix(b"System", b"Events")
        );
        let found = self.find(at, |it| (it.block.number(), it.events.clone()));
        match found {
            Some((number, _)) if number < self.oldest_state() => Err(StateError::Pruned(at)),
            Some((number, _)) if number >= *self.unreadable_from.read() => {
                self.failures.fetch_add(1, Ordering::SeqCst);
                Err(StoreError::Io("no disk today".to_owned()).into())
            }
            found => Ok(found.map(|(_, events)| events)),
        }
    }

    fn call(&self, _: Hash, method: &str, _: &[u8]) -> Result<Vec<u8>, StateError> {
        assert_eq!(method, "Metadata_metadata_at_version");
        Ok(self.metadata.clone())
    }

    fn storage_hash(&self, at: Hash, _: &[u8]) -> Result<Option<Hash>, StateError> {
        Err(StateError::UnknownBlock(at))
    }

    fn closest_merkle_value(&self, at: Hash, _: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Err(StateError::UnknownBlock(at))
    }

    fn keys(
        &self,
        at: Hash,
        _: &[u8],
        _: Option<&[u8]>,
        _: usize,
    ) -> Result<Vec<Vec<u8>>, StateError> {
        Err(StateError::UnknownBlock(at))
    }

    fn pairs(
        &self,
        at: Hash,
        _: &[u8],
        _: Option<&[u8]>,
        _: usize,
    ) -> Result<Vec<KeyValue>, StateError> {
        Err(StateError::UnknownBlock(at))
    }

    fn read_proof(&self, at: Hash, _: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StateError> {
        Err(StateError::UnknownBlock(at))
    }

    fn dry_run(&self, at: Hash, _: &Extrinsic) -> Result<Vec<u8>, StateError> {
        Err(StateError::UnknownBlock(at))
    }
}
