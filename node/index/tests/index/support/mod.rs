//! The metadata of the runtime, and a folder that goes away.

mod chain;

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use codec::{Decode, Encode};
use sp_core::storage::well_known_keys::CODE;
use sp_io::TestExternalities;
use sp_runtime::StateVersion;
use xinglin_decoding::{Schema, METADATA_VERSION};
use xinglin_index::{Index, IndexConfig};
use xinglin_primitives::Hash;
use xinglin_runtime::{genesis, native};

pub use chain::FakeChain;

static METADATA: LazyLock<Vec<u8>> = LazyLock::new(make_metadata);
static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(make_schema);

/// The answer of the runtime that holds its metadata.
pub fn metadata() -> Vec<u8> {
    METADATA.clone()
}

pub fn schema() -> Arc<Schema> {
    SCHEMA.clone()
}

fn make_metadata() -> Vec<u8> {
    let storage = genesis::build(&genesis::config(genesis::DEV).unwrap()).unwrap();
    let code = storage.top[CODE].clone();
    let mut ext = TestExternalities::new_with_code_and_state(&code, storage, StateVersion::V1);
    ext.execute_with(|| {
        native::call("Metadata_metadata_at_version", &METADATA_VERSION.encode()).unwrap()
    })
}

fn make_schema() -> Arc<Schema> {
    let metadata = Option::<Vec<u8>>::decode(&mut &metadata()[..]).unwrap();
    Arc::new(Schema::read(&metadata.unwrap()).unwrap())
}

/// An index in a folder, which goes away if it was made for it.
pub struct Folder {
    pub config: IndexConfig,
    _folder: Option<tempfile::TempDir>,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            config: config(folder.path()),
            _folder: Some(folder),
        }
    }

    /// That of somebody else.
    pub fn at(path: &Path) -> Self {
        Self {
            config: config(path),
            _folder: None,
        }
    }

    pub fn path(&self) -> &Path {
        self.config.path.parent().unwrap()
    }

    pub fn open(&self, chain: Arc<FakeChain>, schema: &Arc<Schema>) -> Index {
        Index::open(&self.config, chain, Arc::clone(schema)).unwrap()
    }
}

fn config(path: &Path) -> IndexConfig {
    let (index, questions) = (path.join("index"), path.join("questions"));
    let mut config = IndexConfig::new(index, questions, "test", Hash::repeat_byte(1));
    config.cache_bytes = 1024 * 1024;
    config.memtable_bytes = 1024 * 1024;
    config
}
