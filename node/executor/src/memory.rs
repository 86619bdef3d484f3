//! A state in memory: what re-execution builds up, and what tests use for a database.

use std::collections::{BTreeMap, HashMap};

use parking_lot::RwLock;
use xinglin_core::{StateChange, StateStore, StoreError, TrieChanges};

/// Nodes and values of one state, which moves on from block to block.
#[derive(Default)]
pub struct MemoryState {
    nodes: RwLock<HashMap<Vec<u8>, Vec<u8>>>,
    values: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
    archive: bool,
}

impl MemoryState {
    /// An empty state that forgets the nodes that a block removes.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty state that keeps all nodes, so that every earlier state can be read too.
    pub fn archive() -> Self {
        Self {
            archive: true,
            ..Self::default()
        }
    }

    /// Moves on by one block.
    pub fn apply(&self, trie: &TrieChanges, flat: &[StateChange]) {
        let mut nodes = self.nodes.write();
        if !self.archive {
            for key in &trie.deleted {
                nodes.remove(key);
            }
        }
        nodes.extend(trie.inserted.iter().cloned());
        let mut values = self.values.write();
        for (key, value) in flat {
            match value {
                Some(value) => values.insert(key.clone(), value.clone()),
                None => values.remove(key),
            };
        }
    }

    /// Number of trie nodes and of values.
    pub fn len(&self) -> (usize, usize) {
        (self.nodes.read().len(), self.values.read().len())
    }

    /// All values, sorted by key.
    pub fn values(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.values.read().clone()
    }
}

impl StateStore for MemoryState {
    fn trie_node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.nodes.read().get(key).cloned())
    }

    fn tip_value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.values.read().get(key).cloned())
    }
}
