//! A database of its own for what stands beside the chain: ordered keys and values in named spaces.
//!
//! It shares nothing with the chain's database, neither files nor caches nor locks, so that nothing
//! done here can hold up a commit. What the keys mean is its user's affair.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{mpsc, Arc, OnceLock},
};

use codec::{Decode, Encode};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DBCompressionType,
    DBRawIterator, DBRecoveryMode, LogLevel, Options, ReadOptions, WriteBatch, WriteBufferManager,
    WriteOptions, DB,
};
use xinglin_core::StoreError;
use xinglin_primitives::Hash;

use crate::{
    columns::{decode, BLOOM_BITS_PER_KEY, BYTES_PER_SYNC, CACHE_ENTRY_BYTES_UNKNOWN},
    columns::{LOG_FILES_MAX, LOG_FILE_BYTES_MAX},
    database::{folder_bytes, read_error, write_error},
    open::{holds_database, open_error, store_error, OpenError},
};

/// The space that says what the database is.
const IDENTITY: &str = "identity";
/// Key of the [`Identity`].
const IDENTITY_KEY: &[u8] = b"identity";
/// Uncompressed bytes of a data block: neighbours in order are read together.
const BLOCK_BYTES: usize = 16 * 1024;
/// One flush and one compaction at a time.
const BACKGROUND_JOBS_MAX: i32 = 2;
/// Each space may fill this share of the memtables before it is flushed.
const MEMTABLE_SHARE: usize = 2;

/// One ordered set of keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its name, also on the disk.
    pub name: &'static str,
    /// Looked up by whole keys: worth a filter of ten bits per key.
    pub is_looked_up: bool,
}

/// Where the database is, whose it is, what it holds and how much memory it may use.
#[derive(Clone, Debug)]
pub struct OrderedConfig {
    /// The folder that holds nothing but the database. It is created if missing.
    pub path: PathBuf,
    /// Name of the chain, for messages.
    pub chain_id: String,
    /// Hash of the chain's genesis block. A database of another chain is refused.
    pub genesis: Hash,
    /// Version of all keys and values. A database of another version is refused.
    pub format: u32,
    /// All spaces. They change with the version only.
    pub spaces: &'static [Space],
    /// Size of the block cache in bytes, indices and filters included.
    pub cache_bytes: usize,
    /// Size of all memtables together in bytes; while they are flushed, half as much again.
    pub memtable_bytes: usize,
    /// Table files kept open at once.
    pub open_files_max: u16,
}

/// What the database is, as stored.
#[derive(Encode, Decode)]
struct Identity {
    genesis: Hash,
    format: u32,
}

/// An open database. Clones share it; it closes when the last is dropped.
#[derive(Clone)]
pub struct OrderedDatabase {
    inner: Arc<Inner>,
}

struct Inner {
    db: DB,
    /// Keeps the cache and the budget of the memtables alive.
    _shared: Shared,
    path: PathBuf,
    /// The first failed write, after which there are no more.
    failed: OnceLock<String>,
    /// Dropped after the files are closed, being the last field.
    on_close: OnceLock<mpsc::Sender<()>>,
}

struct Shared {
    cache: Cache,
    memtables: WriteBufferManager,
}

impl std::fmt::Debug for OrderedDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrderedDatabase")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl OrderedDatabase {
    /// Opens the database, or makes an empty one, and checks that it is the one asked for.
    pub fn open(config: &OrderedConfig) -> Result<Self, OpenError> {
        let path = &config.path;
        if holds_database(path)? {
            refuse_other_spaces(config)?;
        } else {
            fs::create_dir_all(path).map_err(|source| OpenError::Folder {
                path: path.clone(),
                source,
            })?;
        }
        let shared = Shared {
            cache: Cache::new_hyper_clock_cache(config.cache_bytes, CACHE_ENTRY_BYTES_UNKNOWN),
            memtables: WriteBufferManager::new_write_buffer_manager(config.memtable_bytes, false),
        };
        let spaces = config.spaces.iter().map(|space| {
            ColumnFamilyDescriptor::new(space.name, space_options(*space, config, &shared))
        });
        let identity = ColumnFamilyDescriptor::new(IDENTITY, Options::default());
        let db = DB::open_cf_descriptors(
            &database_options(config, &shared),
            path,
            spaces.chain([identity]),
        )
        .map_err(|error| open_error(path, &error))?;
        let database = Self {
            inner: Arc::new(Inner {
                db,
                _shared: shared,
                path: path.clone(),
                failed: OnceLock::new(),
                on_close: OnceLock::new(),
            }),
        };
        database.check_identity(config)?;
        Ok(database)
    }

    /// As [`open`](Self::open), for content that can be made again: a database of another format or a
    /// torn one is removed and an empty one made. That of another chain is refused all the same.
    pub fn open_or_renew(config: &OrderedConfig) -> Result<Self, OpenError> {
        match Self::open(config) {
            Err(error @ (OpenError::Format { .. } | OpenError::Torn { .. })) => {
                tracing::warn!(%error, "this database is made anew");
                Self::remove(&config.path)?;
                Self::open(config)
            }
            other => other,
        }
    }

    /// Removes the database in a folder, which must not be open, and the folder. One that does not
    /// exist is no error.
    pub fn remove(path: &Path) -> Result<(), OpenError> {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OpenError::Folder {
                path: path.to_owned(),
                source: error,
            }),
            _ => Ok(()),
        }
    }

    fn check_identity(&self, config: &OrderedConfig) -> Result<(), OpenError> {
        let path = &config.path;
        let as_open_error = |error| store_error(path, error);
        let stored = self.get(IDENTITY, IDENTITY_KEY).map_err(as_open_error)?;
        let Some(stored) = stored else {
            if !self.is_empty(config).map_err(as_open_error)? {
                return Err(OpenError::Torn {
                    path: path.clone(),
                    reason: "it does not say whose it is".to_owned(),
                });
            }
            let identity = Identity {
                genesis: config.genesis,
                format: config.format,
            };
            let mut batch = self.batch();
            batch.put(IDENTITY, IDENTITY_KEY, &identity.encode());
            return batch.write(true).map_err(as_open_error);
        };
        let identity: Identity = decode(&stored, "the identity").map_err(as_open_error)?;
        if identity.genesis != config.genesis {
            return Err(OpenError::Foreign {
                path: path.clone(),
                chain_id: config.chain_id.clone(),
                expected: config.genesis,
                found: identity.genesis,
            });
        }
        if identity.format != config.format {
            return Err(OpenError::Format {
                path: path.clone(),
                found: identity.format.to_string(),
                expected: config.format,
            });
        }
        Ok(())
    }

    fn is_empty(&self, config: &OrderedConfig) -> Result<bool, StoreError> {
        for space in config.spaces {
            let mut cursor = self.cursor(space.name, &[], None);
            cursor.seek(&[]);
            if cursor.item()?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps one end of a channel until the files are closed, so that whoever has the other end can
    /// wait for it: a process must not end before. Only the first is kept.
    pub fn keep_until_closed(&self, sender: mpsc::Sender<()>) {
        self.inner.on_close.get_or_init(|| sender);
    }

    /// A value.
    pub fn get(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let family = self.inner.family(space);
        self.inner.db.get_cf(family, key).map_err(read_error)
    }

    /// A way through the keys of a space from `lower` on and, if `upper` is given, below it. It sees
    /// what is stored now.
    pub fn cursor(&self, space: &str, lower: &[u8], upper: Option<&[u8]>) -> Cursor<'_> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(lower);
        if let Some(upper) = upper {
            options.set_iterate_upper_bound(upper);
        }
        let family = self.inner.family(space);
        Cursor {
            raw: self.inner.db.raw_iterator_cf_opt(family, options),
        }
    }

    /// An empty batch.
    pub fn batch(&self) -> Batch<'_> {
        Batch {
            inner: &self.inner,
            batch: WriteBatch::default(),
        }
    }

    /// Whether a write has failed, after which there are no more until the database is opened again.
    pub fn has_failed(&self) -> bool {
        self.inner.failed.get().is_some()
    }

    /// Everything written so far is on the disk when this returns.
    pub fn sync(&self) -> Result<(), StoreError> {
        let synced = self.inner.db.flush_wal(true);
        synced.map_err(|error| write_error("a sync failed", error.as_ref()))
    }

    /// Bytes that the folder's files take.
    pub fn disk_bytes(&self) -> io::Result<u64> {
        folder_bytes(&self.inner.path)
    }

    /// The folder it is in.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }
}

impl Inner {
    fn family(&self, space: &str) -> &ColumnFamily {
        self.db
            .cf_handle(space)
            .expect("the user of a database names its own spaces; qed")
    }
}

/// Changes that are made together or not at all.
pub struct Batch<'a> {
    inner: &'a Inner,
    batch: WriteBatch,
}

impl Batch<'_> {
    /// Sets a value.
    pub fn put(&mut self, space: &str, key: &[u8], value: &[u8]) {
        self.batch.put_cf(self.inner.family(space), key, value);
    }

    /// Removes the keys from `from` on and below `to`.
    pub fn remove_range(&mut self, space: &str, from: &[u8], to: &[u8]) {
        let family = self.inner.family(space);
        self.batch.delete_range_cf(family, from, to);
    }

    /// How many bytes the changes take.
    pub fn size_bytes(&self) -> usize {
        self.batch.size_in_bytes()
    }

    /// Makes the changes. With `sync` they are on the disk when this returns; without, the operating
    /// system has them, so that they outlive this process but maybe not the machine's power.
    ///
    /// After a write has failed nothing more is written until the database is opened again.
    pub fn write(self, sync: bool) -> Result<(), StoreError> {
        let Self { inner, batch } = self;
        if let Some(reason) = inner.failed.get() {
            return Err(write_error("an earlier write failed", reason));
        }
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        inner.db.write_opt(batch, &options).map_err(|error| {
            let reason = inner.failed.get_or_init(|| error.to_string());
            write_error("a write failed", reason)
        })
    }
}

/// A key and its value.
pub type Item<'a> = (&'a [u8], &'a [u8]);

/// A way through the keys of a space, in both directions.
pub struct Cursor<'a> {
    raw: DBRawIterator<'a>,
}

impl Cursor<'_> {
    /// Goes to the first key that is not below this one.
    pub fn seek(&mut self, key: &[u8]) {
        self.raw.seek(key);
    }

    /// Goes to the last key that is not above this one.
    pub fn seek_back(&mut self, key: &[u8]) {
        self.raw.seek_for_prev(key);
    }

    /// Goes one further, if it is anywhere.
    pub fn next(&mut self) {
        if self.raw.valid() {
            self.raw.next();
        }
    }

    /// Goes one back, if it is anywhere.
    pub fn prev(&mut self) {
        if self.raw.valid() {
            self.raw.prev();
        }
    }

    /// Key and value where it is; `None` beyond the ends.
    pub fn item(&self) -> Result<Option<Item<'_>>, StoreError> {
        match self.raw.item() {
            Some(item) => Ok(Some(item)),
            None => self.raw.status().map(|()| None).map_err(read_error),
        }
    }
}

/// The least key above all that begin with `prefix`; `None` if there is none.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut after = prefix.to_vec();
    while let Some(last) = after.pop() {
        if let Some(next) = last.checked_add(1) {
            after.push(next);
            return Some(after);
        }
    }
    None
}

fn refuse_other_spaces(config: &OrderedConfig) -> Result<(), OpenError> {
    let path = &config.path;
    let names = DB::list_cf(&Options::default(), path).map_err(|error| open_error(path, &error))?;
    let known = |name: &String| {
        name == rocksdb::DEFAULT_COLUMN_FAMILY_NAME
            || name == IDENTITY
            || config.spaces.iter().any(|space| space.name == name)
    };
    match names.iter().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => Err(OpenError::Format {
            path: path.clone(),
            found: format!("with the unknown column family `{name}`"),
            expected: config.format,
        }),
    }
}

fn database_options(config: &OrderedConfig, shared: &Shared) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_write_buffer_manager(&shared.memtables);
    options.set_max_total_wal_size(config.memtable_bytes.saturating_mul(2) as u64);
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_max_open_files(i32::from(config.open_files_max));
    options.set_max_file_opening_threads(1);
    options.set_max_background_jobs(BACKGROUND_JOBS_MAX);
    options.set_bytes_per_sync(BYTES_PER_SYNC);
    options.set_skip_stats_update_on_db_open(true);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(LOG_FILES_MAX);
    options.set_max_log_file_size(LOG_FILE_BYTES_MAX);
    options
}

fn space_options(space: Space, config: &OrderedConfig, shared: &Shared) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&shared.cache);
    table.set_block_size(BLOCK_BYTES);
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    if space.is_looked_up {
        table.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
    }
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(config.memtable_bytes / MEMTABLE_SHARE);
    options.set_compression_type(DBCompressionType::Lz4);
    options
}
