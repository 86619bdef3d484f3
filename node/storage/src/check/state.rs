//! The state of the tip: the trie can be walked to its end, and the flat copy says the same.

use hash_db::{HashDBRef, Prefix};
use parking_lot::Mutex;
use rocksdb::{ColumnFamily, Snapshot};
use sp_core::{storage::well_known_keys, Hasher};
use sp_runtime::traits::Header as _;
use sp_trie::{prefixed_key, DBValue, KeySpacedDB, LayoutV1, Trie, TrieDBBuilder};
use xinglin_core::StoreError;
use xinglin_primitives::{BlockNumber, Hash, Hashing, Header};

use super::{Problem, Scan};
use crate::{
    columns::Family,
    database::{read_error, Inner},
};

type Layout = LayoutV1<Hashing>;

/// Bytes of a state key that a problem shows: the hashes of pallet and item. What follows may name an
/// account.
const KEY_BYTES_SHOWN: usize = 32;

impl<P: FnMut(u64, u64)> Scan<'_, P> {
    pub(super) fn has_root(&self, root: &Hash) -> Result<bool, StoreError> {
        let nodes = Nodes::new(self.inner, self.snapshot);
        let found = HashDBRef::<Hashing, DBValue>::contains(&nodes, root, sp_trie::EMPTY_PREFIX);
        nodes.failure().map(|()| found)
    }

    /// Walks the trie of a state next to the flat copy: both are in the order of keys.
    pub(super) fn state(&mut self, header: &Header) -> Result<(), StoreError> {
        let number = *header.number();
        let nodes = Nodes::new(self.inner, self.snapshot);
        let trie = TrieDBBuilder::<Layout>::new(&nodes, header.state_root()).build();
        let mut flat = self
            .entries(Family::StateFlat)
            .filter(|entry| !matches!(entry, Ok((key, _)) if is_child_key(key)));
        let entries = match trie.iter() {
            Ok(entries) => entries,
            Err(error) => return self.state_problem(number, error.to_string()),
        };
        for entry in entries {
            self.step();
            let (key, value) = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    nodes.failure()?;
                    return self.state_problem(number, error.to_string());
                }
            };
            if is_child_key(&key) {
                self.child(number, &nodes, &key, &value)?;
                continue;
            }
            match flat.next().transpose() {
                Ok(Some((flat_key, flat_value))) if *flat_key == *key && *flat_value == *value => {
                    self.report.values += 1;
                }
                Ok(_) => {
                    let reason = format!("the flat value of {} differs from the trie", shown(&key));
                    return self.state_problem(number, reason);
                }
                Err(StoreError::Corrupt(reason)) => return self.state_problem(number, reason),
                Err(error) => return Err(error),
            }
        }
        match flat.next().transpose() {
            Ok(None) => Ok(()),
            Ok(Some((key, _))) => {
                let reason = format!("the trie has no value for the flat {}", shown(&key));
                self.state_problem(number, reason)
            }
            Err(StoreError::Corrupt(reason)) => self.state_problem(number, reason),
            Err(error) => Err(error),
        }
    }

    /// Walks a child trie, of which the flat copy has nothing.
    fn child(
        &mut self,
        number: BlockNumber,
        nodes: &Nodes<'_>,
        key: &[u8],
        root: &[u8],
    ) -> Result<(), StoreError> {
        let name = key.strip_prefix(well_known_keys::DEFAULT_CHILD_STORAGE_KEY_PREFIX);
        let root = <[u8; 32]>::try_from(root).map(Hash::from);
        let (Some(name), Ok(root)) = (name, root) else {
            return self.state_problem(number, "a child trie has no name or no root".to_owned());
        };
        let nodes_of_child = KeySpacedDB::<_, Hashing>::new(nodes, name);
        let trie = TrieDBBuilder::<Layout>::new(&nodes_of_child, &root).build();
        let walked = trie.iter().and_then(|mut entries| {
            entries.try_for_each(|entry| {
                self.step();
                entry.map(drop)
            })
        });
        nodes.failure()?;
        match walked {
            Ok(()) => Ok(()),
            Err(error) => self.state_problem(number, format!("a child trie: {error}")),
        }
    }

    fn state_problem(&mut self, number: BlockNumber, reason: String) -> Result<(), StoreError> {
        self.problem(Problem::State { number, reason });
        Ok(())
    }
}

fn is_child_key(key: &[u8]) -> bool {
    well_known_keys::is_child_storage_key(key)
}

fn shown(key: &[u8]) -> String {
    let bytes = key.iter().take(KEY_BYTES_SHOWN);
    let hex: String = bytes.map(|byte| format!("{byte:02x}")).collect();
    let rest = if key.len() > KEY_BYTES_SHOWN {
        "…"
    } else {
        ""
    };
    format!("key 0x{hex}{rest}")
}

/// The trie nodes of a snapshot, each with its hash verified.
struct Nodes<'a> {
    family: &'a ColumnFamily,
    snapshot: &'a Snapshot<'a>,
    empty_root: Hash,
    /// The first failure to read; the trie takes it for a missing node.
    failure: Mutex<Option<StoreError>>,
}

impl<'a> Nodes<'a> {
    fn new(inner: &'a Inner, snapshot: &'a Snapshot<'a>) -> Self {
        Self {
            family: inner.cf(Family::StateNodes),
            snapshot,
            empty_root: sp_trie::empty_trie_root::<Layout>(),
            failure: Mutex::default(),
        }
    }

    /// An error if reading failed otherwise than by damage.
    fn failure(&self) -> Result<(), StoreError> {
        self.failure.lock().clone().map_or(Ok(()), Err)
    }
}

impl HashDBRef<Hashing, DBValue> for Nodes<'_> {
    fn get(&self, hash: &Hash, prefix: Prefix<'_>) -> Option<DBValue> {
        if *hash == self.empty_root {
            return Some(vec![0]);
        }
        let key = prefixed_key::<Hashing>(hash, prefix);
        match self.snapshot.get_cf(self.family, key).map_err(read_error) {
            Ok(node) => node.filter(|node| <Hashing as Hasher>::hash(node) == *hash),
            Err(StoreError::Corrupt(_)) => None,
            Err(error) => {
                self.failure.lock().get_or_insert(error);
                None
            }
        }
    }

    fn contains(&self, hash: &Hash, prefix: Prefix<'_>) -> bool {
        HashDBRef::<Hashing, DBValue>::get(self, hash, prefix).is_some()
    }
}
