//! The root of the state trie after changes, with the nodes that come and go.
//!
//! The state machine collects those nodes in a map, which hashes every key once more and copies
//! every node twice. Whoever stores them needs them in the order of keys, so here they are lists.

use hash_db::{AsHashDB, HashDB, Hasher, Prefix};
use sp_core::storage::StateVersion;
use sp_state_machine::TrieBackendStorage;
use sp_trie::{delta_trie_root, prefixed_key, DBValue, LayoutV0, LayoutV1, NodeCodec, TrieCache};
use xinglin_core::TrieChanges;
use xinglin_primitives::{Hash, Hashing};

/// The one node of an empty trie, which is known without being stored.
const EMPTY_NODE: &[u8] = &[0];

/// The root after `delta`, whose keys occur once each, on top of `root`, and what it changes. The
/// error says which node cannot be read.
pub(crate) fn root_after<'a>(
    nodes: &impl TrieBackendStorage<Hashing>,
    cache: Option<&mut dyn TrieCache<NodeCodec<Hashing>>>,
    root: Hash,
    delta: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    version: StateVersion,
) -> Result<(Hash, TrieChanges), String> {
    let mut changed = Changed {
        nodes,
        empty: Hashing::hash(EMPTY_NODE),
        inserted: Vec::new(),
        deleted: Vec::new(),
    };
    let root = match version {
        StateVersion::V0 => delta_trie_root::<LayoutV0<Hashing>, _, _, _, _, _>(
            &mut changed,
            root,
            delta,
            None,
            cache,
        ),
        StateVersion::V1 => delta_trie_root::<LayoutV1<Hashing>, _, _, _, _, _>(
            &mut changed,
            root,
            delta,
            None,
            cache,
        ),
    };
    let root = root.map_err(|error| error.to_string())?;
    Ok((root, TrieChanges::new(changed.inserted, changed.deleted)))
}

/// The nodes of one root, and what another adds to them and takes from them. They are asked for only
/// until the first change.
struct Changed<'a, S> {
    nodes: &'a S,
    /// Hash of [`EMPTY_NODE`].
    empty: Hash,
    inserted: Vec<(Vec<u8>, DBValue)>,
    deleted: Vec<Vec<u8>>,
}

impl<S: TrieBackendStorage<Hashing>> HashDB<Hashing, DBValue> for Changed<'_, S> {
    fn get(&self, key: &Hash, prefix: Prefix<'_>) -> Option<DBValue> {
        if *key == self.empty {
            return Some(EMPTY_NODE.to_vec());
        }
        match self.nodes.get(key, prefix) {
            Ok(node) => node,
            Err(error) => {
                tracing::error!(error, "a node of the state trie cannot be read");
                None
            }
        }
    }

    fn contains(&self, key: &Hash, prefix: Prefix<'_>) -> bool {
        HashDB::get(self, key, prefix).is_some()
    }

    fn insert(&mut self, prefix: Prefix<'_>, value: &[u8]) -> Hash {
        let key = Hashing::hash(value);
        self.emplace(key, prefix, value.to_vec());
        key
    }

    fn emplace(&mut self, key: Hash, prefix: Prefix<'_>, value: DBValue) {
        if key != self.empty {
            let key = prefixed_key::<Hashing>(&key, prefix);
            self.inserted.push((key, value));
        }
    }

    fn remove(&mut self, key: &Hash, prefix: Prefix<'_>) {
        if *key != self.empty {
            self.deleted.push(prefixed_key::<Hashing>(key, prefix));
        }
    }
}

impl<S: TrieBackendStorage<Hashing>> AsHashDB<Hashing, DBValue> for Changed<'_, S> {
    fn as_hash_db(&self) -> &dyn HashDB<Hashing, DBValue> {
        self
    }

    fn as_hash_db_mut<'a>(&'a mut self) -> &'a mut (dyn HashDB<Hashing, DBValue> + 'a) {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::btree_map, prelude::*};
    use sp_state_machine::{Backend, BackendTransaction, TrieBackendBuilder};
    use sp_trie::{
        cache::{CacheSize, SharedTrieCache},
        empty_trie_root, PrefixedMemoryDB,
    };

    use super::*;
    use crate::backend::STATE_VERSION;

    type Delta = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

    /// Few short keys, so that they meet and come back, and values on both sides of the length from
    /// which they lie in nodes of their own. No key is the beginning of another: none of the runtime's
    /// is, and trie-db panics on removing one that is not there.
    fn deltas() -> impl Strategy<Value = Vec<Delta>> {
        let byte = prop::sample::select(vec![0x00, 0x01, 0x10, 0x11]);
        let key = prop::collection::vec(byte, 3);
        let value = (0u8..3, prop_oneof![0usize..3, 30usize..40])
            .prop_map(|(byte, length)| vec![byte; length]);
        let delta = btree_map(key, prop::option::of(value), 0..12);
        prop::collection::vec(delta, 1..8)
    }

    fn slices(delta: &Delta) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        delta
            .iter()
            .map(|(key, value)| (&key[..], value.as_deref()))
    }

    /// The nodes that the state machine adds and removes.
    fn trie_changes(mut transaction: BackendTransaction<Hashing>) -> TrieChanges {
        let (mut inserted, mut deleted) = (Vec::new(), Vec::new());
        for (key, (node, references)) in transaction.drain() {
            match references {
                1.. => inserted.push((key, node)),
                0 => {}
                ..0 => deleted.push(key),
            }
        }
        TrieChanges::new(inserted, deleted)
    }

    proptest! {
        #[test]
        fn root_and_changes_are_those_of_the_state_machine(deltas in deltas()) {
            let mut nodes = PrefixedMemoryDB::<Hashing>::default();
            let mut root = empty_trie_root::<LayoutV1<Hashing>>();
            let shared = SharedTrieCache::<Hashing>::new(CacheSize::new(1 << 20), None);
            let known = shared.local_cache_trusted();
            for delta in deltas {
                let mut known = known.as_trie_db_mut_cache();
                let after = |cache| {
                    root_after(&nodes, cache, root, slices(&delta), STATE_VERSION).unwrap()
                };
                let (found, changes) = after(None);
                prop_assert_eq!(after(Some(&mut known)), (found, changes.clone()));
                let backend = TrieBackendBuilder::new(nodes.clone(), root).build();
                let (expected, transaction) = backend.storage_root(slices(&delta), STATE_VERSION);
                prop_assert_eq!(found, expected);
                prop_assert_eq!(changes, trie_changes(transaction.clone()));
                nodes.consolidate(transaction);
                root = expected;
            }
        }
    }

    #[test]
    fn a_missing_node_is_an_error() {
        let nodes = PrefixedMemoryDB::<Hashing>::default();
        let delta = Delta::from([(b"key".to_vec(), Some(b"value".to_vec()))]);
        let unknown = Hash::repeat_byte(1);
        let root = root_after(&nodes, None, unknown, slices(&delta), STATE_VERSION);
        assert!(root.is_err());
    }
}
