//! Opening the database, and making sure that it is ours and whole before anything is read from it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use codec::Encode;
use parking_lot::{Mutex, RwLock};
use rocksdb::{ErrorKind, IteratorMode, Options, WriteBatch, DB};
use sp_runtime::traits::Header as _;
use sp_trie::LayoutV1;
use xinglin_core::{Block, StoreError, Tip};
use xinglin_primitives::{BlockNumber, Hash, Hashing};

use crate::{
    columns::{
        self, height_key, height_of_key, meta, Family, Shared, StoredTip, FORMAT_VERSION, STAMPS,
    },
    config::{StateMode, StorageConfig, PRUNED_STATES_MAX, PRUNED_STATES_MIN},
    database::{read_error, Database, Head, Inner},
    metrics::Counters,
    pruning::Window,
};

/// Why the database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration makes no sense.
    #[error("storage configuration: {0}")]
    Config(String),
    /// The folder cannot be made or read.
    #[error("the database folder {path}: {source}; check that it exists, that its owner runs this process, and that the disk has room")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// Another process has the database open.
    #[error("the database {path} is in use by another process; stop that one, or give this one another --base-path")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The database belongs to another chain.
    #[error(
        "the database {path} belongs to the chain with genesis {found:?}, \
         but this node is configured for `{chain_id}` with genesis {expected:?}; \
         use that chain's own specification, or another --base-path for this chain"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Name of the configured chain.
        chain_id: String,
        /// The configured genesis.
        expected: Hash,
        /// The database's genesis.
        found: Hash,
    },
    /// The database was written in another format.
    #[error(
        "the database {path} has format {found}, this binary reads format {expected}; \
         run the version that wrote it, or let this one sync into another --base-path"
    )]
    Format {
        /// The folder.
        path: PathBuf,
        /// What was found: a version number or what is unknown about it.
        found: String,
        /// The version that this binary reads.
        expected: u32,
    },
    /// The database is incomplete or damaged.
    #[error(
        "the database {path} is torn: {reason}; `xinglin db check` tells more; \
         restore it from a backup, or remove it and let the node sync anew"
    )]
    Torn {
        /// The folder.
        path: PathBuf,
        /// What is missing or inconsistent.
        reason: String,
    },
    /// There is no database to look at.
    #[error("there is no database in {path}; check the --base-path")]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system or RocksDB failed otherwise.
    #[error("the database {path}: {reason}; check the disk's free space and health")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Their word.
        reason: String,
    },
}

impl Database {
    /// Opens the database in `config.path`, or makes an empty one there, and checks that it belongs
    /// to the chain, has this format and is not torn. The check costs a few reads whatever the size.
    pub fn open(config: StorageConfig) -> Result<Self, OpenError> {
        validate(&config)?;
        let mut inner = Inner::open_files(&config)?;
        let as_open_error = |error| store_error(&config.path, error);
        if inner.is_new().map_err(as_open_error)? {
            inner.write_new().map_err(as_open_error)?;
        }
        inner.check_identity(&config)?;
        let head = inner.read_head().map_err(as_open_error)?;
        inner.check_tip(head).map_err(as_open_error)?;
        let window = inner.adopt_mode(head).map_err(as_open_error)?;
        inner.head = RwLock::new(head);
        inner.writer = Mutex::new(window);
        inner.counters.tip(head.tip.map_or(0, |tip| tip.number));
        tracing::info!(
            path = %config.path.display(),
            tip = head.tip.map(|tip| tip.number),
            oldest_state = head.oldest_state,
            mode = ?config.mode,
            "database open"
        );
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// As [`open`](Self::open) for a database that exists, in the mode that it has: for programs that
    /// examine it and must not change what it keeps.
    pub fn open_existing(mut config: StorageConfig) -> Result<Self, OpenError> {
        if !holds_database(&config.path)? {
            return Err(OpenError::Missing { path: config.path });
        }
        let inner = Inner::open_files(&config)?;
        config.mode = inner
            .required(meta::MODE, "the state mode")
            .map_err(|error| store_error(&config.path, error))?;
        drop(inner);
        Self::open(config)
    }
}

fn validate(config: &StorageConfig) -> Result<(), OpenError> {
    match config.mode {
        StateMode::Pruned { states }
            if !(PRUNED_STATES_MIN..=PRUNED_STATES_MAX).contains(&states) =>
        {
            Err(OpenError::Config(format!(
                "cannot keep {states} states; \
                 give {PRUNED_STATES_MIN} to {PRUNED_STATES_MAX}, or run an archive"
            )))
        }
        StateMode::Archive | StateMode::Pruned { .. } => Ok(()),
    }
}

/// Whether the folder holds a database. Refuses one whose database RocksDB would take for none, and
/// overwrite.
pub(crate) fn holds_database(path: &Path) -> Result<bool, OpenError> {
    let folder_error = |source| OpenError::Folder {
        path: path.to_owned(),
        source,
    };
    if path.join("CURRENT").exists() {
        return Ok(true);
    }
    if !path.exists() {
        return Ok(false);
    }
    for entry in fs::read_dir(path).map_err(folder_error)? {
        let name = entry.map_err(folder_error)?.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".sst") || name.ends_with(".log") {
            return Err(OpenError::Torn {
                path: path.to_owned(),
                reason: format!("it holds {name} but the file CURRENT is gone"),
            });
        }
    }
    Ok(false)
}

fn refuse_unknown_families(path: &Path) -> Result<(), OpenError> {
    let names = DB::list_cf(&Options::default(), path).map_err(|error| open_error(path, &error))?;
    let known = |name: &String| {
        name == rocksdb::DEFAULT_COLUMN_FAMILY_NAME
            || Family::ALL.iter().any(|family| family.name() == name)
    };
    match names.iter().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => Err(OpenError::Format {
            path: path.to_owned(),
            found: format!("with the unknown column family `{name}`"),
            expected: FORMAT_VERSION,
        }),
    }
}

/// What RocksDB says when the lock is held by another process, and when by this one.
const LOCK_ERRORS: [&str; 2] = ["While lock file", "lock hold by current process"];

pub(crate) fn open_error(path: &Path, error: &rocksdb::Error) -> OpenError {
    let path = path.to_owned();
    let reason = error.to_string();
    match error.kind() {
        ErrorKind::IOError if LOCK_ERRORS.iter().any(|text| reason.contains(text)) => {
            OpenError::Locked { path }
        }
        ErrorKind::Corruption => OpenError::Torn { path, reason },
        // A file that the manifest names and that is gone.
        ErrorKind::IOError if reason.contains("No such file or directory") => {
            OpenError::Torn { path, reason }
        }
        _ => OpenError::Io { path, reason },
    }
}

pub(crate) fn store_error(path: &Path, error: StoreError) -> OpenError {
    let path = path.to_owned();
    match error {
        StoreError::Corrupt(reason) => OpenError::Torn { path, reason },
        StoreError::Io(reason) | StoreError::Refused(reason) => OpenError::Io { path, reason },
    }
}

impl Inner {
    /// Opens the files alone. Nothing is known of the content yet.
    pub(crate) fn open_files(config: &StorageConfig) -> Result<Self, OpenError> {
        let path = &config.path;
        if holds_database(path)? {
            refuse_unknown_families(path)?;
        } else {
            fs::create_dir_all(path).map_err(|source| OpenError::Folder {
                path: path.clone(),
                source,
            })?;
        }
        let shared = Shared::new(config);
        let options = columns::database_options(config, &shared);
        let descriptors = columns::descriptors(&shared);
        let db = DB::open_cf_descriptors(&options, path, descriptors)
            .map_err(|error| open_error(path, &error))?;
        Ok(Self {
            db,
            shared,
            path: config.path.clone(),
            genesis: config.genesis,
            mode: config.mode,
            head: RwLock::default(),
            writer: Mutex::default(),
            failed: OnceLock::new(),
            counters: Counters::default(),
            on_close: OnceLock::new(),
        })
    }

    fn first_key(&self, family: Family) -> Result<Option<Box<[u8]>>, StoreError> {
        self.edge_key(family, IteratorMode::Start)
    }

    fn last_height(&self, family: Family) -> Result<Option<BlockNumber>, StoreError> {
        self.edge_key(family, IteratorMode::End)?
            .map(|key| height_of_key(&key))
            .transpose()
    }

    fn edge_key(
        &self,
        family: Family,
        mode: IteratorMode<'_>,
    ) -> Result<Option<Box<[u8]>>, StoreError> {
        match self.db.iterator_cf(self.cf(family), mode).next() {
            None => Ok(None),
            Some(Ok((key, _))) => Ok(Some(key)),
            Some(Err(error)) => Err(read_error(error)),
        }
    }

    /// Whether nothing at all is stored: a new database, or one whose creation was interrupted.
    fn is_new(&self) -> Result<bool, StoreError> {
        for family in Family::ALL {
            if self.first_key(family)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn write_new(&self) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        let meta_cf = self.cf(Family::Meta);
        batch.put_cf(meta_cf, meta::FORMAT, FORMAT_VERSION.encode());
        batch.put_cf(meta_cf, meta::GENESIS, self.genesis.encode());
        batch.put_cf(meta_cf, meta::MODE, self.mode.encode());
        batch.put_cf(meta_cf, meta::OLDEST_STATE, BlockNumber::encode(&0));
        self.write(batch, true)
    }

    /// Checks that the format is this one's and the chain the configured one.
    pub(crate) fn check_identity(&self, config: &StorageConfig) -> Result<(), OpenError> {
        let path = &config.path;
        let format: u32 = self
            .required(meta::FORMAT, "the format version")
            .map_err(|error| store_error(path, error))?;
        if format != FORMAT_VERSION {
            return Err(OpenError::Format {
                path: path.clone(),
                found: format.to_string(),
                expected: FORMAT_VERSION,
            });
        }
        let found: Hash = self
            .required(meta::GENESIS, "the genesis hash")
            .map_err(|error| store_error(path, error))?;
        if found != config.genesis {
            return Err(OpenError::Foreign {
                path: path.clone(),
                chain_id: config.chain_id.clone(),
                expected: config.genesis,
                found,
            });
        }
        Ok(())
    }

    fn required<T: codec::Decode>(&self, key: &[u8], what: &'static str) -> Result<T, StoreError> {
        self.get_decoded(Family::Meta, key, what)?
            .ok_or_else(|| StoreError::Corrupt(format!("{what} is missing")))
    }

    pub(crate) fn read_head(&self) -> Result<Head, StoreError> {
        let tip = self
            .get_decoded::<StoredTip>(Family::Meta, meta::TIP, "the tip")?
            .map(|stored| Tip {
                number: stored.number,
                hash: stored.hash,
                state_root: stored.state_root,
            });
        let oldest_state = self.required(meta::OLDEST_STATE, "the oldest state")?;
        Ok(Head { tip, oldest_state })
    }

    /// Checks that every family has arrived at the tip.
    pub(crate) fn check_tip(&self, head: Head) -> Result<(), StoreError> {
        let number = head.tip.map(|tip| tip.number);
        let corrupt = |reason: String| Err(StoreError::Corrupt(reason));
        let last = self.last_height(Family::Blocks)?;
        if last != number {
            return corrupt(format!(
                "the last block is {}, the recorded tip is {}",
                shown(last),
                shown(number)
            ));
        }
        // Genesis has no certificate.
        let last = self.last_height(Family::Certificates)?;
        if last != number.filter(|number| *number > 0) {
            return corrupt(format!(
                "the last certificate is for block {}, the recorded tip is {}",
                shown(last),
                shown(number)
            ));
        }
        for (family, key) in STAMPS {
            let stamp = self.get_decoded::<BlockNumber>(family, key, "a family's stamp")?;
            if stamp != number {
                return corrupt(format!(
                    "the family `{}` is at block {}, the recorded tip is {}",
                    family.name(),
                    shown(stamp),
                    shown(number)
                ));
            }
        }
        match head.tip {
            None => Ok(()),
            Some(tip) => self.check_tip_block(tip, head.oldest_state),
        }
    }

    /// Checks that the tip's parts are there and belong together.
    fn check_tip_block(&self, tip: Tip, oldest_state: BlockNumber) -> Result<(), StoreError> {
        let fail = |reason: &str| {
            Err(StoreError::Corrupt(format!(
                "{reason} (block {}, {:?})",
                tip.number, tip.hash
            )))
        };
        let bytes = self
            .get(Family::Blocks, &height_key(tip.number))?
            .unwrap_or_default();
        let Ok(block) = Block::from_bytes(&bytes.into()) else {
            return fail("the tip's block does not decode");
        };
        if block.hash() != tip.hash || *block.header.state_root() != tip.state_root {
            return fail("the tip's block is not the recorded one");
        }
        if self.number_of(&tip.hash)? != Some(tip.number) {
            return fail("the tip is not found by its hash");
        }
        if self.hash_at(tip.number)? != Some(tip.hash) {
            return fail("the tip's certificate is for another block");
        }
        if !self.has_root(&tip.state_root)? {
            return fail("the root node of the tip's state is missing");
        }
        if oldest_state > tip.number {
            return fail("the oldest state is beyond the tip");
        }
        Ok(())
    }

    /// Whether the root node of a state is stored. The empty state has none.
    pub(crate) fn has_root(&self, root: &Hash) -> Result<bool, StoreError> {
        if *root == sp_trie::empty_trie_root::<LayoutV1<Hashing>>() {
            return Ok(true);
        }
        let found = self
            .db
            .get_pinned_cf(self.cf(Family::StateNodes), root)
            .map_err(read_error)?;
        Ok(found.is_some())
    }

    /// Prepares the journal for the configured mode, which may differ from the last start's.
    fn adopt_mode(&self, head: Head) -> Result<Window, StoreError> {
        let stored: StateMode = self.required(meta::MODE, "the state mode")?;
        let mut batch = WriteBatch::default();
        if stored != self.mode {
            batch.put_cf(self.cf(Family::Meta), meta::MODE, self.mode.encode());
            tracing::info!(from = ?stored, to = ?self.mode, "the state mode has changed");
        }
        let window = match self.mode {
            // Blocks committed as an archive leave no rows. Were older rows kept, a later pruned start
            // would not know which of their nodes have come back in between, and delete live ones.
            StateMode::Archive => {
                if self.first_key(Family::Journal)?.is_some() {
                    let journal = self.cf(Family::Journal);
                    let (start, end) = (height_key(0), height_key(BlockNumber::MAX));
                    batch.delete_range_cf(journal, start, end);
                }
                Window::default()
            }
            StateMode::Pruned { .. } => self.load_window(head.tip)?,
        };
        if !batch.is_empty() {
            self.write(batch, true)?;
        }
        Ok(window)
    }
}

fn shown(number: Option<BlockNumber>) -> String {
    number.map_or_else(|| "none".to_owned(), |number| number.to_string())
}
