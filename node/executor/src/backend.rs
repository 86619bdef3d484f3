//! The state as the state machine sees it: through the trie at any root, and at the tip through
//! flat values that are several times faster to read.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use sp_core::storage::{well_known_keys::is_child_storage_key, ChildInfo, StateVersion};
use sp_state_machine::{
    backend::StorageIterator, Backend, BackendTransaction, DefaultError, IterArgs, StorageKey,
    StorageValue, TrieBackend, TrieBackendBuilder, TrieBackendStorage, TrieCacheProvider,
    UsageInfo,
};
use sp_trie::{
    cache::{CacheSize, LocalTrieCache, SharedTrieCache, TrieCache},
    DBValue, MerkleValue, NodeCodec,
};
use trie_db::{node::NodeOwned, CachedValue};
use xinglin_core::{StateChange, StateStore, StoreError, Tip, TrieChanges};
use xinglin_primitives::{Hash, Hashing};

use crate::{config::ExecutorConfig, root::root_after, values::ValueCache};

/// The state after some block, read through the trie.
pub(crate) type StateTrie = TrieBackend<NodeReader, Hashing>;

/// The trie of the tip, below its flat values.
type TipTrie = TrieBackend<NodeReader, Hashing, NodeCache>;

/// The layout of the state trie: long values lie in nodes of their own.
pub(crate) const STATE_VERSION: StateVersion = StateVersion::V1;

/// Why the state could not be read. The state machine knows only that it failed, and for a root
/// not even that, so every reader notes it here.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The database failed.
    Store(StoreError),
    /// A node that the trie refers to is not there: pruned, or the database is damaged.
    MissingNode,
}

impl Fault {
    /// As an error where nothing can have been pruned.
    pub(crate) fn into_store_error(self, root: Hash) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::MissingNode => {
                StoreError::Corrupt(format!("a node of the state trie {root:?} is missing"))
            }
        }
    }
}

/// The first fault met while one backend was in use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Option<Fault>>>);

impl Faults {
    /// Takes the fault out, if there was one.
    pub(crate) fn take(&self) -> Option<Fault> {
        self.0.lock().take()
    }

    /// Notes a fault, and says it as the state machine wants to hear it.
    pub(crate) fn note(&self, fault: Fault) -> DefaultError {
        let message = format!("{fault:?}");
        self.0.lock().get_or_insert(fault);
        message
    }
}

/// Reads trie nodes from the database.
pub(crate) struct NodeReader {
    store: Arc<dyn StateStore>,
    faults: Faults,
}

impl TrieBackendStorage<Hashing> for NodeReader {
    fn get(
        &self,
        key: &Hash,
        prefix: (&[u8], Option<u8>),
    ) -> Result<Option<DBValue>, DefaultError> {
        match self
            .store
            .trie_node(&sp_trie::prefixed_key::<Hashing>(key, prefix))
        {
            Ok(Some(node)) => Ok(Some(node)),
            // The caller turns this into its own error; here is noted that it was not a fault of
            // the disk.
            Ok(None) => {
                self.faults.note(Fault::MissingNode);
                Ok(None)
            }
            Err(error) => Err(self.faults.note(Fault::Store(error))),
        }
    }
}

/// Decoded trie nodes for roots and iteration at the tip.
///
/// Blocks share one that lives as long as the node: what one block has touched the next needs, and
/// nothing is copied in between.
#[derive(Clone)]
struct NodeCache(Arc<LocalTrieCache<Hashing>>);

impl TrieCacheProvider<Hashing> for NodeCache {
    type Cache<'a> = NodesOnly<'a>;

    fn as_trie_db_cache(&self, root: Hash) -> NodesOnly<'_> {
        NodesOnly(self.0.as_trie_db_cache(root))
    }

    fn as_trie_db_mut_cache(&self) -> NodesOnly<'_> {
        NodesOnly(self.0.as_trie_db_mut_cache())
    }

    fn merge<'a>(&'a self, _cache: NodesOnly<'a>, _root: Hash) {}
}

/// The cache of nodes in use. Unlike the state machine's own it keeps no values: those are read flat.
struct NodesOnly<'a>(TrieCache<'a, Hashing>);

impl trie_db::TrieCache<NodeCodec<Hashing>> for NodesOnly<'_> {
    fn lookup_value_for_key(&mut self, _key: &[u8]) -> Option<&CachedValue<Hash>> {
        None
    }

    fn cache_value_for_key(&mut self, _key: &[u8], _value: CachedValue<Hash>) {}

    fn get_or_insert_node(
        &mut self,
        hash: Hash,
        fetch_node: &mut dyn FnMut() -> NodeResult<NodeOwned<Hash>>,
    ) -> NodeResult<&NodeOwned<Hash>> {
        self.0.get_or_insert_node(hash, fetch_node)
    }

    fn get_node(&mut self, hash: &Hash) -> Option<&NodeOwned<Hash>> {
        self.0.get_node(hash)
    }
}

type NodeResult<T> = trie_db::Result<T, Hash, sp_trie::Error<Hash>>;

/// The tip with its caches. Flat values belong to the tip only, so whoever reads them off the
/// executor thread [`hold`](Self::hold)s the tip meanwhile.
pub(crate) struct TipState {
    store: Arc<dyn StateStore>,
    /// Nodes that clients' queries touch.
    visitors: SharedTrieCache<Hashing>,
    /// Nodes that blocks touch.
    blocks: NodeCache,
    values: ValueCache,
    tip: RwLock<Tip>,
}

/// Who reads the state of the tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The executor thread.
    Block,
    /// Any other thread, which holds the tip.
    Visitor,
}

impl TipState {
    pub(crate) fn new(store: Arc<dyn StateStore>, tip: Tip, config: &ExecutorConfig) -> Self {
        let shared = |bytes| SharedTrieCache::new(CacheSize::new(bytes), None);
        // A trusted local cache may grow to the size of the shared one above it, which stays empty.
        let blocks = shared(config.block_nodes_bytes).local_cache_trusted();
        Self {
            store,
            visitors: shared(config.query_nodes_bytes),
            blocks: NodeCache(Arc::new(blocks)),
            values: ValueCache::new(config.value_cache_bytes),
            tip: RwLock::new(tip),
        }
    }

    /// The tip at this moment.
    pub(crate) fn tip(&self) -> Tip {
        *self.tip.read()
    }

    /// The tip, which stays the tip as long as the guard lives. Nobody may hold it twice: a commit
    /// that waits in between would block both.
    pub(crate) fn hold(&self) -> RwLockReadGuard<'_, Tip> {
        self.tip.read()
    }

    /// The cache of flat values, for metrics.
    pub(crate) fn values(&self) -> &ValueCache {
        &self.values
    }

    /// Bytes in the cache of nodes that queries touch, for metrics.
    pub(crate) fn query_nodes_bytes(&self) -> usize {
        self.visitors.used_memory_size()
    }

    /// Makes `next` the tip with `write`, which must leave the stored tip as it was if it fails.
    pub(crate) fn advance(
        &self,
        next: Tip,
        changes: &[StateChange],
        write: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut tip = self.tip.write();
        write()?;
        self.values.apply(changes);
        *tip = next;
        Ok(())
    }

    /// The state with the given root, through the trie.
    pub(crate) fn trie_at(&self, root: Hash) -> (StateTrie, Faults) {
        let (nodes, faults) = self.nodes();
        let cache = self.visitors.local_cache_untrusted();
        let trie = TrieBackendBuilder::new_with_cache(nodes, root, cache).build();
        (trie, faults)
    }

    /// The state of the tip. The caller is the executor thread, which alone moves the tip, or holds
    /// the tip.
    pub(crate) fn backend(self: &Arc<Self>, tip: &Tip, reader: Reader) -> TipBackend {
        let (nodes, faults) = self.nodes();
        let cache = match reader {
            Reader::Block => self.blocks.clone(),
            Reader::Visitor => NodeCache(Arc::new(self.visitors.local_cache_untrusted())),
        };
        TipBackend {
            trie: TrieBackendBuilder::new_with_cache(nodes, tip.state_root, cache.clone()).build(),
            cache,
            state: self.clone(),
            faults,
            computed: Mutex::default(),
        }
    }

    fn nodes(&self) -> (NodeReader, Faults) {
        let faults = Faults::default();
        let nodes = NodeReader {
            store: self.store.clone(),
            faults: faults.clone(),
        };
        (nodes, faults)
    }

    fn flat(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(known) = self.values.get(key) {
            return Ok(known);
        }
        let value = self.store.tip_value(key)?;
        self.values.insert(key, value.as_deref());
        Ok(value)
    }
}

/// The state of the tip: single values are read flat, all else through the trie.
pub(crate) struct TipBackend {
    trie: TipTrie,
    /// What the trie reads through.
    cache: NodeCache,
    state: Arc<TipState>,
    faults: Faults,
    /// The root computed last, with what it changes in the trie.
    computed: Mutex<Option<(Hash, TrieChanges)>>,
}

impl TipBackend {
    /// What went wrong while reading.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Root of the state.
    pub(crate) fn root(&self) -> Hash {
        *self.trie.root()
    }

    /// What `root` changes in the trie, if it is the one that was computed last.
    pub(crate) fn take_changes(&self, root: &Hash) -> Option<TrieChanges> {
        let computed = self.computed.lock().take();
        computed.and_then(|(found, changes)| (found == *root).then_some(changes))
    }
}

impl std::fmt::Debug for TipBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TipBackend")
            .field("root", self.trie.root())
            .finish_non_exhaustive()
    }
}

/// Iterates over the trie below a [`TipBackend`].
pub(crate) struct TipIter(<TipTrie as Backend<Hashing>>::RawIter);

impl StorageIterator<Hashing> for TipIter {
    type Backend = TipBackend;
    type Error = DefaultError;

    fn next_key(&mut self, backend: &TipBackend) -> Option<Result<StorageKey, DefaultError>> {
        self.0.next_key(&backend.trie)
    }

    fn next_pair(
        &mut self,
        backend: &TipBackend,
    ) -> Option<Result<(StorageKey, StorageValue), DefaultError>> {
        self.0.next_pair(&backend.trie)
    }

    fn was_complete(&self) -> bool {
        self.0.was_complete()
    }
}

impl Backend<Hashing> for TipBackend {
    type Error = DefaultError;
    type TrieBackendStorage = NodeReader;
    type RawIter = TipIter;

    fn storage(&self, key: &[u8]) -> Result<Option<StorageValue>, DefaultError> {
        // Roots of child tries are not among the flat values.
        if is_child_storage_key(key) {
            return self.trie.storage(key);
        }
        self.state
            .flat(key)
            .map_err(|error| self.faults.note(Fault::Store(error)))
    }

    fn storage_hash(&self, key: &[u8]) -> Result<Option<Hash>, DefaultError> {
        use sp_core::Hasher;
        Ok(self.storage(key)?.map(|value| Hashing::hash(&value)))
    }

    fn exists_storage(&self, key: &[u8]) -> Result<bool, DefaultError> {
        match self.state.values.contains(key) {
            Some(known) => Ok(known),
            None => Ok(self.storage(key)?.is_some()),
        }
    }

    fn closest_merkle_value(&self, key: &[u8]) -> Result<Option<MerkleValue<Hash>>, DefaultError> {
        self.trie.closest_merkle_value(key)
    }

    fn child_closest_merkle_value(
        &self,
        child: &ChildInfo,
        key: &[u8],
    ) -> Result<Option<MerkleValue<Hash>>, DefaultError> {
        self.trie.child_closest_merkle_value(child, key)
    }

    fn child_storage(
        &self,
        child: &ChildInfo,
        key: &[u8],
    ) -> Result<Option<StorageValue>, DefaultError> {
        self.trie.child_storage(child, key)
    }

    fn child_storage_hash(
        &self,
        child: &ChildInfo,
        key: &[u8],
    ) -> Result<Option<Hash>, DefaultError> {
        self.trie.child_storage_hash(child, key)
    }

    fn next_storage_key(&self, key: &[u8]) -> Result<Option<StorageKey>, DefaultError> {
        self.trie.next_storage_key(key)
    }

    fn next_child_storage_key(
        &self,
        child: &ChildInfo,
        key: &[u8],
    ) -> Result<Option<StorageKey>, DefaultError> {
        self.trie.next_child_storage_key(child, key)
    }

    /// The nodes that change are not in the transaction, but for [`take_changes`](Self::take_changes).
    fn storage_root<'a>(
        &self,
        delta: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        version: StateVersion,
    ) -> (Hash, BackendTransaction<Hashing>) {
        let mut cache = self.cache.as_trie_db_mut_cache();
        let nodes = self.trie.backend_storage();
        let root = match root_after(nodes, Some(&mut cache), self.root(), delta, version) {
            Ok((root, changes)) => {
                *self.computed.lock() = Some((root, changes));
                root
            }
            Err(error) => {
                let message = format!("the state root cannot be computed: {error}");
                self.faults.note(Fault::Store(StoreError::Corrupt(message)));
                self.root()
            }
        };
        (root, BackendTransaction::default())
    }

    fn child_storage_root<'a>(
        &self,
        child: &ChildInfo,
        delta: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        version: StateVersion,
    ) -> (Hash, bool, BackendTransaction<Hashing>) {
        self.trie.child_storage_root(child, delta, version)
    }

    fn full_storage_root<'a>(
        &self,
        delta: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        children: impl Iterator<
            Item = (
                &'a ChildInfo,
                impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
            ),
        >,
        version: StateVersion,
    ) -> (Hash, BackendTransaction<Hashing>) {
        let mut children = children.peekable();
        if children.peek().is_none() {
            return self.storage_root(delta, version);
        }
        self.trie.full_storage_root(delta, children, version)
    }

    fn raw_iter(&self, args: IterArgs<'_>) -> Result<TipIter, DefaultError> {
        self.trie.raw_iter(args).map(TipIter)
    }

    fn register_overlay_stats(&self, _: &sp_state_machine::StateMachineStats) {}

    fn usage_info(&self) -> UsageInfo {
        UsageInfo::empty()
    }
}
