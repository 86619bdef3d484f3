//! What the other services need of the database. One crate has it: `node/storage`.

use bytes::Bytes;
use xinglin_primitives::{
    consensus::{CommitCertificate, Equivocation},
    BlockNumber, Hash, Header,
};

use crate::block::{Block, Extrinsic, StateChange};

/// Why the database cannot answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system or RocksDB failed; the message is theirs.
    #[error("database: {0}")]
    Io(String),
    /// What was read contradicts an invariant. The node must stop.
    #[error("database is damaged: {0}; run `xinglin db check`, and restore it from a backup or let the node sync anew")]
    Corrupt(String),
    /// A write does not fit what is stored: a bug of the caller.
    #[error("refused write: {0}")]
    Refused(String),
}

/// The last committed block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
    /// The state root after it.
    pub state_root: Hash,
}

/// Where a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxLocation {
    /// Height of its block.
    pub number: BlockNumber,
    /// Index within the block.
    pub index: u32,
}

/// Trie nodes that a block adds and those that it makes unreachable, by prefixed key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrieChanges {
    /// New nodes, sorted by key.
    pub inserted: Vec<(Vec<u8>, Vec<u8>)>,
    /// Nodes that the state after this block no longer refers to, sorted. An archive keeps them.
    pub deleted: Vec<Vec<u8>>,
}

impl TrieChanges {
    /// Puts nodes in order. Each key occurs once in either list; one that is in both is of a node that
    /// was taken out and put back, and changes nothing.
    pub fn new(mut inserted: Vec<(Vec<u8>, Vec<u8>)>, mut deleted: Vec<Vec<u8>>) -> Self {
        // Neighbours in the trie come one after the other, so much is in order already.
        inserted.sort_by(|(a, _), (b, _)| a.cmp(b));
        deleted.sort();
        let mut changes = Self::default();
        let mut gone = deleted.into_iter().peekable();
        for (key, node) in inserted {
            while let Some(earlier) = gone.next_if(|gone| *gone < key) {
                changes.deleted.push(earlier);
            }
            if gone.next_if_eq(&key).is_none() {
                changes.inserted.push((key, node));
            }
        }
        changes.deleted.extend(gone);
        changes
    }
}

/// All that one block writes. It is written in one atomic, synced batch.
#[derive(Clone, Debug)]
pub struct CommitBatch<'a> {
    /// The block, whose parent must be the tip.
    pub block: &'a Block,
    /// Its hash.
    pub hash: Hash,
    /// Hashes of its transactions in order.
    pub extrinsic_hashes: &'a [Hash],
    /// Proof that it was decided; genesis has none.
    pub certificate: Option<&'a CommitCertificate>,
    /// The state trie's changes.
    pub trie: &'a TrieChanges,
    /// The same changes as flat keys and values, sorted by key.
    pub flat: &'a [StateChange],
}

/// Blocks and what finds them.
pub trait ChainStore: Send + Sync + 'static {
    /// The last committed block, or `None` while the database is empty.
    fn tip(&self) -> Option<Tip>;
    /// Hash of the block at a height.
    fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError>;
    /// Header of a committed block.
    fn header(&self, hash: &Hash) -> Result<Option<Header>, StoreError>;
    /// Transactions of a committed block.
    fn body(&self, hash: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError>;
    /// The encoded committed block at a height, as sync sends it.
    fn encoded_block(&self, number: BlockNumber) -> Result<Option<Bytes>, StoreError>;
    /// The certificate of a committed block; genesis has none.
    fn certificate(&self, number: BlockNumber) -> Result<Option<CommitCertificate>, StoreError>;
    /// Where a committed transaction is.
    fn locate(&self, extrinsic: &Hash) -> Result<Option<TxLocation>, StoreError>;
    /// The lowest height whose state can be read.
    fn oldest_state(&self) -> BlockNumber;
    /// Bytes that the database takes on the disk, or `None` if it is on none or cannot tell.
    fn disk_bytes(&self) -> Option<u64> {
        None
    }
    /// Writes a block and makes it the tip: atomic, and on the disk when this returns.
    fn commit(&self, batch: CommitBatch<'_>) -> Result<(), StoreError>;
    /// Keeps a verified but undecided block until its height is committed.
    fn put_undecided(&self, round: u32, block: &Block) -> Result<(), StoreError>;
    /// The undecided blocks of a height with the round in which each was first seen.
    fn undecided(&self, height: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError>;
}

/// Nodes and values of the state.
pub trait StateStore: Send + Sync + 'static {
    /// A trie node by its prefixed key.
    fn trie_node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// A value of the tip's state by its storage key.
    fn tip_value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
}

/// Transactions that this node accepted from its own clients, kept until they are in a block.
pub trait PoolJournal: Send + Sync + 'static {
    /// Writes accepted transactions; they are on the disk when this returns.
    fn keep(&self, transactions: &[(Hash, Extrinsic)]) -> Result<(), StoreError>;
    /// Forgets transactions that are in a block or no longer valid.
    fn forget(&self, hashes: &[Hash]) -> Result<(), StoreError>;
    /// All kept transactions.
    fn load(&self) -> Result<Vec<Extrinsic>, StoreError>;
}

/// Evidence of equivocation that is not yet on the chain.
pub trait EvidenceStore: Send + Sync + 'static {
    /// Writes evidence; it is on the disk when this returns.
    fn keep_evidence(&self, evidence: &[Equivocation]) -> Result<(), StoreError>;
    /// All kept evidence.
    fn evidence(&self) -> Result<Vec<Equivocation>, StoreError>;
    /// Forgets evidence that is on the chain.
    fn forget_evidence(&self, evidence: &[Equivocation]) -> Result<(), StoreError>;
}
