//! Block 0.

use sp_core::storage::Storage;
use sp_runtime::traits::Header as _;
use sp_trie::PrefixedMemoryDB;
use xinglin_core::{Block, ChainStore, CommitBatch, StateChange, StoreError, TrieChanges};
use xinglin_primitives::{receipt::extrinsics_root, Hash, Hashing, Header};

use crate::{backend::STATE_VERSION, root::root_after};

/// Why the genesis block cannot be written or is not the right one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GenesisError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database holds another chain.
    #[error("the database belongs to the chain with genesis {stored:?}, the chain specification makes {expected:?}; use another base path or the right specification")]
    OtherChain {
        /// Genesis in the database.
        stored: Hash,
        /// Genesis of the specification.
        expected: Hash,
    },
    /// The specification has child tries, which this chain does not know.
    #[error("the genesis state has {0} child tries; only top-level keys are supported")]
    ChildTries(usize),
    /// The state has no root.
    #[error("the root of the genesis state cannot be computed: {0}")]
    Trie(String),
}

/// The genesis block with everything that it writes.
pub struct Genesis {
    /// Block 0, without transactions.
    pub block: Block,
    /// Its hash, by which the chain is known.
    pub hash: Hash,
    /// The nodes of the state trie.
    pub trie: TrieChanges,
    /// The state, sorted by key.
    pub flat: Vec<StateChange>,
}

impl Genesis {
    /// Builds the genesis block out of the state that the chain begins with.
    pub fn build(storage: Storage) -> Result<Self, GenesisError> {
        if !storage.children_default.is_empty() {
            return Err(GenesisError::ChildTries(storage.children_default.len()));
        }
        let empty = sp_trie::empty_trie_root::<sp_trie::LayoutV1<Hashing>>();
        let nothing = PrefixedMemoryDB::<Hashing>::default();
        let values = storage.top.iter();
        let values = values.map(|(key, value)| (&key[..], Some(&value[..])));
        let (root, trie) =
            root_after(&nothing, None, empty, values, STATE_VERSION).map_err(GenesisError::Trie)?;
        let header = Header::new(
            0,
            extrinsics_root(Vec::new()),
            root,
            Hash::zero(),
            Default::default(),
        );
        Ok(Self {
            hash: header.hash(),
            block: Block {
                header,
                body: Vec::new(),
            },
            trie,
            flat: storage
                .top
                .into_iter()
                .map(|(key, value)| (key, Some(value)))
                .collect(),
        })
    }

    /// Writes the block into an empty database; one that is not empty must begin with it.
    pub fn write(&self, chain: &dyn ChainStore) -> Result<(), GenesisError> {
        if chain.tip().is_none() {
            return Ok(chain.commit(CommitBatch {
                block: &self.block,
                hash: self.hash,
                extrinsic_hashes: &[],
                certificate: None,
                trie: &self.trie,
                flat: &self.flat,
            })?);
        }
        match chain.hash_at(0)? {
            Some(stored) if stored == self.hash => Ok(()),
            Some(stored) => Err(GenesisError::OtherChain {
                stored,
                expected: self.hash,
            }),
            None => Err(StoreError::Corrupt("block 0 is missing".into()).into()),
        }
    }
}
