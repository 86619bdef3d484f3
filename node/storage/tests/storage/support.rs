//! A chain made up in memory: real headers, bodies and tries, no runtime and no votes.

use std::collections::BTreeMap;

use bytes::Bytes;
use codec::Encode;
use hash_db::{AsHashDB, HashDB, HashDBRef, Prefix};
use sp_core::sr25519;
use sp_trie::{
    delta_trie_root, prefixed_key, DBValue, LayoutV1, MemoryDB, PrefixedMemoryDB, Trie,
    TrieDBBuilder,
};
use tempfile::TempDir;
use xinglin_core::{
    Block, ChainStore, CommitBatch, StateChange, StateStore, StoreError, TrieChanges,
};
use xinglin_primitives::{
    consensus::{CommitCertificate, CommitSignature},
    receipt::extrinsics_root,
    Hash, Hashing, Header,
};
use xinglin_storage::{Database, StateMode, StorageConfig};

type Layout = LayoutV1<Hashing>;
/// A state: storage keys and values.
pub type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// All that one block commits.
#[derive(Clone)]
pub struct Commit {
    pub block: Block,
    pub hash: Hash,
    pub hashes: Vec<Hash>,
    pub certificate: Option<CommitCertificate>,
    pub trie: TrieChanges,
    pub flat: Vec<StateChange>,
}

impl Commit {
    pub fn batch(&self) -> CommitBatch<'_> {
        CommitBatch {
            block: &self.block,
            hash: self.hash,
            extrinsic_hashes: &self.hashes,
            certificate: self.certificate.as_ref(),
            trie: &self.trie,
            flat: &self.flat,
        }
    }

    pub fn root(&self) -> Hash {
        self.block.header.state_root
    }
}

/// A chain in memory, every block of it with its state.
pub struct Chain {
    nodes: PrefixedMemoryDB<Hashing>,
    pub states: Vec<State>,
    pub commits: Vec<Commit>,
}

impl Chain {
    /// A chain whose genesis has a few values.
    pub fn new() -> Self {
        Self::with_genesis((0..20).map(|n| (key(n), Some(vec![n; 40]))).collect())
    }

    pub fn with_genesis(delta: Vec<StateChange>) -> Self {
        let mut chain = Self {
            nodes: PrefixedMemoryDB::default(),
            states: Vec::new(),
            commits: Vec::new(),
        };
        chain.push(delta, 0);
        chain
    }

    pub fn genesis(&self) -> Hash {
        self.commits[0].hash
    }

    pub fn last(&self) -> &Commit {
        self.commits.last().unwrap()
    }

    /// Makes the next block: some changes of its state and some transactions of its own.
    pub fn push(&mut self, mut delta: Vec<StateChange>, transactions: u32) -> &Commit {
        delta.sort();
        delta.dedup_by(|a, b| a.0 == b.0);
        let number = u32::try_from(self.commits.len()).unwrap();
        let parent = self.commits.last();
        let parent_root = parent.map_or_else(sp_trie::empty_trie_root::<Layout>, Commit::root);
        let mut overlay = Overlay {
            base: &self.nodes,
            changes: PrefixedMemoryDB::default(),
        };
        let entries = delta.iter().cloned();
        let root = delta_trie_root::<Layout, _, _, _, _, _>(
            &mut overlay,
            parent_root,
            entries,
            None,
            None,
        )
        .unwrap();
        let changes = overlay.changes;
        let trie = trie_changes(changes.clone());
        self.nodes.consolidate(changes);

        let body: Vec<Bytes> = (0..transactions)
            .map(|index| Bytes::from(format!("{number}/{index}").encode()))
            .collect();
        let encoded = body.iter().map(|bytes| bytes.to_vec()).collect();
        let block = Block {
            header: Header {
                parent_hash: parent.map(|parent| parent.hash).unwrap_or_default(),
                number,
                state_root: root,
                extrinsics_root: extrinsics_root(encoded),
                digest: Default::default(),
            },
            body,
        };
        let mut state = self.states.last().cloned().unwrap_or_default();
        for (key, value) in &delta {
            match value {
                Some(value) => state.insert(key.clone(), value.clone()),
                None => state.remove(key),
            };
        }
        self.states.push(state);
        self.commits.push(Commit {
            hash: block.hash(),
            hashes: block.extrinsic_hashes(),
            certificate: (number > 0).then(|| certificate(&block)),
            block,
            trie,
            flat: delta,
        });
        self.last()
    }

    /// Makes and commits blocks, each of which changes the state and has three transactions.
    pub fn extend(&mut self, database: &Database, blocks: u32) {
        if database.tip().is_none() {
            database.commit(self.commits[0].batch()).unwrap();
        }
        for _ in 0..blocks {
            let n = u8::try_from(self.commits.len() % 251).unwrap();
            let delta = vec![
                (key(n), Some(vec![n; 50])),
                (key(200), Some(vec![n])),
                (key(n.wrapping_sub(7)), None),
            ];
            self.push(delta, 3);
            database.commit(self.last().batch()).unwrap();
        }
    }
}

/// A storage key as FRAME makes them: hashes of pallet and item, then a hashed map key.
pub fn key(n: u8) -> Vec<u8> {
    let mut key = vec![0xaa; 32];
    key.extend_from_slice(&[n.wrapping_mul(37); 16]);
    key.push(n);
    key
}

pub fn certificate(block: &Block) -> CommitCertificate {
    CommitCertificate {
        height: block.number(),
        round: 1,
        block_hash: block.hash(),
        signatures: vec![CommitSignature {
            key: sr25519::Public::from_raw([1; 32]),
            signature: sr25519::Signature::from_raw([2; 64]),
        }],
    }
}

fn trie_changes(mut changes: PrefixedMemoryDB<Hashing>) -> TrieChanges {
    let (mut inserted, mut deleted) = (Vec::new(), Vec::new());
    for (key, (node, count)) in changes.drain() {
        match count {
            1.. => inserted.push((key, node)),
            0 => {}
            ..0 => deleted.push(key),
        }
    }
    TrieChanges::new(inserted, deleted)
}

/// The nodes of the parent's state with those that a block adds and takes away.
struct Overlay<'a> {
    base: &'a PrefixedMemoryDB<Hashing>,
    changes: PrefixedMemoryDB<Hashing>,
}

impl HashDB<Hashing, DBValue> for Overlay<'_> {
    fn get(&self, key: &Hash, prefix: Prefix<'_>) -> Option<DBValue> {
        HashDB::get(&self.changes, key, prefix).or_else(|| HashDB::get(self.base, key, prefix))
    }
    fn contains(&self, key: &Hash, prefix: Prefix<'_>) -> bool {
        HashDB::get(self, key, prefix).is_some()
    }
    fn insert(&mut self, prefix: Prefix<'_>, value: &[u8]) -> Hash {
        self.changes.insert(prefix, value)
    }
    fn emplace(&mut self, key: Hash, prefix: Prefix<'_>, value: DBValue) {
        self.changes.emplace(key, prefix, value);
    }
    fn remove(&mut self, key: &Hash, prefix: Prefix<'_>) {
        self.changes.remove(key, prefix);
    }
}

impl AsHashDB<Hashing, DBValue> for Overlay<'_> {
    fn as_hash_db(&self) -> &dyn HashDB<Hashing, DBValue> {
        self
    }
    fn as_hash_db_mut<'a>(&'a mut self) -> &'a mut (dyn HashDB<Hashing, DBValue> + 'a) {
        self
    }
}

/// The nodes of a database, for a trie to read.
struct Nodes<'a>(&'a Database);

impl HashDBRef<Hashing, DBValue> for Nodes<'_> {
    fn get(&self, key: &Hash, prefix: Prefix<'_>) -> Option<DBValue> {
        let empty = MemoryDB::<Hashing>::default();
        HashDB::get(&empty, key, prefix).or_else(|| {
            self.0
                .trie_node(&prefixed_key::<Hashing>(key, prefix))
                .unwrap()
        })
    }
    fn contains(&self, key: &Hash, prefix: Prefix<'_>) -> bool {
        HashDBRef::get(self, key, prefix).is_some()
    }
}

/// Reads a whole state out of the database's trie, or `None` if a node is missing.
pub fn read_state(database: &Database, root: &Hash) -> Option<State> {
    let nodes = Nodes(database);
    let trie = TrieDBBuilder::<Layout>::new(&nodes, root).build();
    let entries = trie.iter().ok()?;
    entries.collect::<Result<State, _>>().ok()
}

/// A folder for a database, removed in the end, and its configuration.
pub struct Folder {
    dir: TempDir,
    pub config: StorageConfig,
}

impl Folder {
    pub fn new(chain: &Chain, mode: StateMode) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = StorageConfig::new(dir.path().join("db"), "test", chain.genesis());
        config.mode = mode;
        config.cache_bytes = 4 * 1024 * 1024;
        Self { dir, config }
    }

    pub fn archive(chain: &Chain) -> Self {
        Self::new(chain, StateMode::Archive)
    }

    pub fn open(&self) -> Database {
        Database::open(self.config.clone()).unwrap()
    }

    /// The configuration for another folder next to the database's.
    pub fn sibling(&self, name: &str) -> StorageConfig {
        StorageConfig {
            path: self.dir.path().join(name),
            ..self.config.clone()
        }
    }

    /// Copies the files as they are now, as a crash would leave them.
    pub fn copy(&self, name: &str) -> StorageConfig {
        let target = self.sibling(name);
        std::fs::create_dir(&target.path).unwrap();
        for entry in std::fs::read_dir(&self.config.path).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), target.path.join(entry.file_name())).unwrap();
        }
        target
    }
}

/// Asserts that the database holds exactly the chain up to its tip.
pub fn assert_holds(database: &Database, chain: &Chain) {
    let tip = database.tip().unwrap();
    for commit in &chain.commits[..=tip.number as usize] {
        let number = commit.block.number();
        assert_eq!(database.hash_at(number).unwrap(), Some(commit.hash));
        let header = database.header(&commit.hash).unwrap();
        assert_eq!(header.as_ref(), Some(&commit.block.header));
        let body = database.body(&commit.hash).unwrap();
        assert_eq!(body.as_ref(), Some(&commit.block.body));
        let encoded = database.encoded_block(number).unwrap();
        assert_eq!(encoded, Some(commit.block.to_bytes()));
        assert_eq!(database.certificate(number).unwrap(), commit.certificate);
        for (index, hash) in (0u32..).zip(&commit.hashes) {
            let at = database.locate(hash).unwrap().unwrap();
            assert_eq!((at.number, at.index), (number, index));
        }
    }
    let commit = &chain.commits[tip.number as usize];
    assert_eq!((tip.hash, tip.state_root), (commit.hash, commit.root()));
    assert_eq!(database.hash_at(tip.number + 1).unwrap(), None);
    assert_eq!(database.encoded_block(tip.number + 1).unwrap(), None);
    let state = &chain.states[tip.number as usize];
    for (key, value) in state {
        assert_eq!(database.tip_value(key).unwrap().as_ref(), Some(value));
    }
    for n in database.oldest_state()..=tip.number {
        let root = chain.commits[n as usize].root();
        let read = read_state(database, &root);
        assert_eq!(read.as_ref(), Some(&chain.states[n as usize]), "state {n}");
    }
    let report = database.check(|_, _| {}).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.values, state.len() as u64);
}

/// The refusal's reason.
pub fn refused(result: Result<(), StoreError>) -> String {
    match result {
        Err(StoreError::Refused(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// Opens the closed database behind the crate's back, to damage it.
pub fn tamper(config: &StorageConfig, damage: impl FnOnce(&rocksdb::DB)) {
    let options = rocksdb::Options::default();
    let families = rocksdb::DB::list_cf(&options, &config.path).unwrap();
    let db = rocksdb::DB::open_cf(&options, &config.path, families).unwrap();
    damage(&db);
}

/// The files of a database with the given extension, oldest first.
pub fn files(config: &StorageConfig, extension: &str) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(&config.path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}
