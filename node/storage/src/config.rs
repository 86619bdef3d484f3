//! What the operator and the chain specification decide about the database.

use std::path::PathBuf;

use codec::{Decode, Encode};
use xinglin_primitives::Hash;

/// Block cache of a node: data, index and filter blocks of all families, in bytes. What falls out of it
/// is mostly still in the operating system's cache of files.
pub const CACHE_BYTES_DEFAULT: usize = 80 * 1024 * 1024;
/// Memtables of all families together, in bytes. Those that are being flushed come on top, about half
/// as much again.
pub const MEMTABLE_BYTES_DEFAULT: usize = 64 * 1024 * 1024;
/// Table files that RocksDB keeps open.
pub const OPEN_FILES_MAX_DEFAULT: u16 = 256;
/// States that a pruned node keeps unless told otherwise.
pub const PRUNED_STATES_DEFAULT: u32 = 256;
/// Fewest states that a pruned node can be told to keep: a query that began just before a commit must
/// still find its state.
pub const PRUNED_STATES_MIN: u32 = 2;
/// Most states that a pruned node can be told to keep. Some 30 bytes of memory go to every trie
/// node that was replaced within them; who wants more history runs an archive.
pub const PRUNED_STATES_MAX: u32 = 16_384;

/// How much historical state a node keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum StateMode {
    /// Every state since the mode was chosen.
    Archive,
    /// The newest states only.
    Pruned {
        /// How many, the tip's included: [`PRUNED_STATES_MIN`] to [`PRUNED_STATES_MAX`].
        states: u32,
    },
}

impl Default for StateMode {
    fn default() -> Self {
        Self::Pruned {
            states: PRUNED_STATES_DEFAULT,
        }
    }
}

/// Where the database is, whose it is and how much memory it may use.
#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// The folder that holds nothing but the database. It is created if missing.
    pub path: PathBuf,
    /// Name of the chain, for messages.
    pub chain_id: String,
    /// Hash of the chain's genesis block. A database of another chain is refused.
    pub genesis: Hash,
    /// Which states to keep.
    pub mode: StateMode,
    /// Size of the block cache in bytes.
    pub cache_bytes: usize,
    /// Size of all memtables together in bytes.
    pub memtable_bytes: usize,
    /// Table files kept open at once.
    pub open_files_max: u16,
}

impl StorageConfig {
    /// The defaults for a chain's database in `path`.
    pub fn new(path: impl Into<PathBuf>, chain_id: impl Into<String>, genesis: Hash) -> Self {
        Self {
            path: path.into(),
            chain_id: chain_id.into(),
            genesis,
            mode: StateMode::default(),
            cache_bytes: CACHE_BYTES_DEFAULT,
            memtable_bytes: MEMTABLE_BYTES_DEFAULT,
            open_files_max: OPEN_FILES_MAX_DEFAULT,
        }
    }
}
