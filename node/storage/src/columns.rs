//! The column families: what each holds, how its keys are made, how RocksDB keeps it.

use codec::{Decode, Encode};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode,
    DataBlockIndexType, LogLevel, Options, WriteBufferManager,
};
use xinglin_core::StoreError;
use xinglin_primitives::{BlockNumber, Hash};

use crate::config::StorageConfig;

/// Version of everything in this file and of the values. It changes with any of them.
pub(crate) const FORMAT_VERSION: u32 = 1;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Write-ahead log beyond which the oldest memtables are flushed: bounds the replay at start-up.
const WAL_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// RocksDB's own log files: count and bytes of each.
pub(crate) const LOG_FILES_MAX: usize = 4;
pub(crate) const LOG_FILE_BYTES_MAX: usize = 4 * MIB;
/// One flush and one compaction at a time: validators often share a machine's cores with others.
const BACKGROUND_JOBS_MAX: i32 = 2;
/// Flushed memtables that wait for one compaction. Keys are spread evenly, so each compaction rewrites
/// all of the next level; filters keep lookups from reading the files that wait.
const COMPACTION_FILES: i32 = 8;
/// Bits per key that keep a bloom filter's false positives below 1 %.
pub(crate) const BLOOM_BITS_PER_KEY: f64 = 10.0;
/// Lets the block cache learn the size of its entries.
pub(crate) const CACHE_ENTRY_BYTES_UNKNOWN: usize = 0;
/// Share of a memtable spent on its own bloom filter.
const MEMTABLE_BLOOM_RATIO: f64 = 0.05;
/// Dirty bytes after which a table file that is being written is handed to the disk.
pub(crate) const BYTES_PER_SYNC: u64 = 1024 * 1024;

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Height, big-endian → encoded block.
    Blocks,
    /// Block hash → encoded header, which holds the height.
    BlockByHash,
    /// Height, big-endian → commit certificate, which holds the block hash. None for genesis.
    Certificates,
    /// Height and round, big-endian, block hash → encoded block that is not decided yet.
    Undecided,
    /// Prefixed key → trie node.
    StateNodes,
    /// Storage key → value in the state of the tip.
    StateFlat,
    /// Transaction hash → [`Location`].
    TxIndex,
    /// Height, big-endian → what pruning needs to know of the block, if the mode is pruned.
    Journal,
    /// Transaction hash → transaction that was accepted from this node's clients.
    Pool,
    /// Hash of encoded evidence → evidence of equivocation.
    Evidence,
    /// The keys in [`meta`] → what the database is and how far it has come.
    Meta,
}

impl Family {
    /// All families.
    pub(crate) const ALL: [Self; 11] = [
        Self::Blocks,
        Self::BlockByHash,
        Self::Certificates,
        Self::Undecided,
        Self::StateNodes,
        Self::StateFlat,
        Self::TxIndex,
        Self::Journal,
        Self::Pool,
        Self::Evidence,
        Self::Meta,
    ];

    /// The name on the disk.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::BlockByHash => "block_by_hash",
            Self::Certificates => "certificates",
            Self::Undecided => "undecided",
            Self::StateNodes => "state_nodes",
            Self::StateFlat => "state_flat",
            Self::TxIndex => "tx_index",
            Self::Journal => "journal",
            Self::Pool => "pool",
            Self::Evidence => "evidence",
            Self::Meta => "meta",
        }
    }

    fn tuning(self) -> Tuning {
        let small = Tuning {
            memtable_bytes: 4 * MIB,
            block_bytes: 4 * KIB,
            bloom: false,
            mostly_found: false,
            lz4: false,
        };
        match self {
            Self::Blocks | Self::Undecided => Tuning {
                memtable_bytes: 16 * MIB,
                block_bytes: 16 * KIB,
                lz4: true,
                ..small
            },
            Self::BlockByHash => Tuning {
                bloom: true,
                ..small
            },
            Self::StateNodes => Tuning {
                memtable_bytes: 32 * MIB,
                block_bytes: 8 * KIB,
                bloom: true,
                mostly_found: true,
                ..small
            },
            Self::StateFlat | Self::TxIndex => Tuning {
                memtable_bytes: 16 * MIB,
                bloom: true,
                ..small
            },
            Self::Journal => Tuning {
                memtable_bytes: 8 * MIB,
                block_bytes: 16 * KIB,
                ..small
            },
            Self::Certificates | Self::Pool | Self::Evidence | Self::Meta => small,
        }
    }
}

/// How RocksDB keeps one family.
struct Tuning {
    /// Size at which a memtable is flushed.
    memtable_bytes: usize,
    /// Uncompressed size of a data block.
    block_bytes: usize,
    /// Looked up by whole keys: worth a bloom filter and a hash index in each block.
    bloom: bool,
    /// Lookups nearly always find something, so that the last level, which holds most of the data,
    /// needs no filter.
    mostly_found: bool,
    /// Worth compressing. Hashes, keys and signatures are not.
    lz4: bool,
}

/// What all families share: one cache and one budget for memtables.
pub(crate) struct Shared {
    pub(crate) cache: Cache,
    pub(crate) memtables: WriteBufferManager,
}

impl Shared {
    pub(crate) fn new(config: &StorageConfig) -> Self {
        Self {
            cache: Cache::new_hyper_clock_cache(config.cache_bytes, CACHE_ENTRY_BYTES_UNKNOWN),
            memtables: WriteBufferManager::new_write_buffer_manager(config.memtable_bytes, false),
        }
    }
}

/// Options of the database as a whole.
pub(crate) fn database_options(config: &StorageConfig, shared: &Shared) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_write_buffer_manager(&shared.memtables);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    // A crash leaves at most a torn record at the end of the log, which was never acknowledged.
    // Anything else that does not read is damage, and must not silently cut the chain.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_open_files(i32::from(config.open_files_max));
    options.set_max_file_opening_threads(1);
    options.set_max_background_jobs(BACKGROUND_JOBS_MAX);
    options.set_bytes_per_sync(BYTES_PER_SYNC);
    options.set_avoid_unnecessary_blocking_io(true);
    options.set_skip_stats_update_on_db_open(true);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(LOG_FILES_MAX);
    options.set_max_log_file_size(LOG_FILE_BYTES_MAX);
    options
}

/// All families with their options.
pub(crate) fn descriptors(shared: &Shared) -> Vec<ColumnFamilyDescriptor> {
    Family::ALL
        .iter()
        .map(|family| ColumnFamilyDescriptor::new(family.name(), family_options(*family, shared)))
        .collect()
}

fn family_options(family: Family, shared: &Shared) -> Options {
    let tuning = family.tuning();
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&shared.cache);
    table.set_block_size(tuning.block_bytes);
    // Index and filters count against the cache, or a large state would grow memory without bound.
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);

    let mut options = Options::default();
    if tuning.bloom {
        table.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
        table.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
        options.set_memtable_whole_key_filtering(true);
        options.set_memtable_prefix_bloom_ratio(MEMTABLE_BLOOM_RATIO);
        options.set_optimize_filters_for_hits(tuning.mostly_found);
    }
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(tuning.memtable_bytes);
    options.set_level_zero_file_num_compaction_trigger(COMPACTION_FILES);
    options.set_compression_type(if tuning.lz4 {
        DBCompressionType::Lz4
    } else {
        DBCompressionType::None
    });
    options
}

/// Keys of the family [`Family::Meta`].
pub(crate) mod meta {
    /// [`super::FORMAT_VERSION`] of the database, `u32`. Present in every database.
    pub(crate) const FORMAT: &[u8] = b"format";
    /// Genesis hash, `Hash`. Present in every database.
    pub(crate) const GENESIS: &[u8] = b"genesis";
    /// [`StateMode`](crate::StateMode). Present in every database.
    pub(crate) const MODE: &[u8] = b"mode";
    /// Lowest height whose state is complete, `BlockNumber`. Present in every database.
    pub(crate) const OLDEST_STATE: &[u8] = b"oldest_state";
    /// [`StoredTip`](super::StoredTip). Present once genesis is committed.
    pub(crate) const TIP: &[u8] = b"tip";
}

/// Key under which the families [`Family::StateNodes`] and [`Family::TxIndex`] hold the height of the
/// last commit. Their other keys are at least as long as a hash.
pub(crate) const STAMP_KEY: &[u8] = b"tip";
/// The same in the family [`Family::StateFlat`]. The state machine refuses to set a key with the
/// prefix `:child_storage:`, and child tries that it makes itself go under `:child_storage:default:`.
pub(crate) const FLAT_STAMP_KEY: &[u8] = b":child_storage:/tip";

/// The families that carry a stamp, and where. After a crash all must agree with the tip; they do
/// not if part of the write-ahead log is gone, since each family is flushed at a time of its own.
pub(crate) const STAMPS: [(Family, &[u8]); 3] = [
    (Family::StateNodes, STAMP_KEY),
    (Family::StateFlat, FLAT_STAMP_KEY),
    (Family::TxIndex, STAMP_KEY),
];

/// The last committed block as stored.
#[derive(Encode, Decode)]
pub(crate) struct StoredTip {
    pub(crate) number: BlockNumber,
    pub(crate) hash: Hash,
    pub(crate) state_root: Hash,
}

/// Where a transaction is, as stored.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Location {
    pub(crate) number: BlockNumber,
    pub(crate) index: u32,
}

/// The key of a height. Big-endian, so that the order of keys is that of heights.
pub(crate) fn height_key(number: BlockNumber) -> [u8; 4] {
    number.to_be_bytes()
}

/// The height of a [`height_key`].
pub(crate) fn height_of_key(key: &[u8]) -> Result<BlockNumber, StoreError> {
    key.try_into().map(BlockNumber::from_be_bytes).map_err(|_| {
        StoreError::Corrupt(format!(
            "a key of {} bytes where a height is due",
            key.len()
        ))
    })
}

/// The key of an undecided block.
pub(crate) fn undecided_key(height: BlockNumber, round: u32, hash: &Hash) -> Vec<u8> {
    let mut key = Vec::with_capacity(4 + 4 + 32);
    key.extend_from_slice(&height.to_be_bytes());
    key.extend_from_slice(&round.to_be_bytes());
    key.extend_from_slice(hash.as_bytes());
    key
}

/// The round and hash of an [`undecided_key`].
pub(crate) fn round_and_hash(key: &[u8]) -> Option<(u32, Hash)> {
    let round = key.get(4..8)?.try_into().ok()?;
    let hash = <[u8; 32]>::try_from(key.get(8..)?).ok()?;
    Some((u32::from_be_bytes(round), Hash::from(hash)))
}

/// Decodes a stored value; one that does not is damage.
pub(crate) fn decode<T: Decode>(mut bytes: &[u8], what: &'static str) -> Result<T, StoreError> {
    match T::decode(&mut bytes) {
        Ok(value) if bytes.is_empty() => Ok(value),
        _ => Err(StoreError::Corrupt(format!("{what} does not decode"))),
    }
}
