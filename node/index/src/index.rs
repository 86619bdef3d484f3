//! The index on the disk: opened, read, added to.

use std::{path::PathBuf, sync::Arc};

use codec::{Decode, Encode};
use parking_lot::RwLock;
use tokio::sync::watch;
use xinglin_core::{ChainStore, IndexProblem, StoreError};
use xinglin_decoding::{Name, Outline, Schema};
use xinglin_primitives::{time::DAY_MS, BlockNumber, Hash};
use xinglin_storage::{Batch, OpenError, OrderedConfig, OrderedDatabase};

use crate::{
    counts::{self, Tally},
    keys::{BLOCKS, EVENTS, FORMAT_VERSION, POSTINGS, PROGRESS, PROGRESS_KEY, SPACES},
    names::{Kind, Names},
    owners::{Completed, Owners},
    postings::postings,
    row::Row,
    search::STEPS_PER_PAGE_MAX,
};

/// Size of the index's block cache in bytes.
pub const CACHE_BYTES_DEFAULT: usize = 24 * 1024 * 1024;
/// Size of its memtables in bytes; while they are flushed, half as much again.
pub const MEMTABLE_BYTES_DEFAULT: usize = 16 * 1024 * 1024;
/// Table files kept open at once.
const OPEN_FILES_MAX: u16 = 256;

/// Where the index is, and how much memory it may use.
#[derive(Clone, Debug)]
pub struct IndexConfig {
    /// The folder that holds nothing but the index. It can be removed while the node does not run, and
    /// is then made anew.
    pub path: PathBuf,
    /// The folder that holds nothing but the regulators' questions. What is in it is nowhere else.
    pub questions_path: PathBuf,
    /// Name of the chain, for messages.
    pub chain_id: String,
    /// Hash of the chain's genesis block.
    pub genesis: Hash,
    /// Size of the block cache in bytes.
    pub cache_bytes: usize,
    /// Size of all memtables together in bytes.
    pub memtable_bytes: usize,
    /// Steps after which a page ends, however little was found.
    pub steps_per_page: u32,
}

impl IndexConfig {
    /// The defaults for a chain's index and questions in these folders.
    pub fn new(
        path: impl Into<PathBuf>,
        questions_path: impl Into<PathBuf>,
        chain_id: impl Into<String>,
        genesis: Hash,
    ) -> Self {
        Self {
            path: path.into(),
            questions_path: questions_path.into(),
            chain_id: chain_id.into(),
            genesis,
            cache_bytes: CACHE_BYTES_DEFAULT,
            memtable_bytes: MEMTABLE_BYTES_DEFAULT,
            steps_per_page: STEPS_PER_PAGE_MAX,
        }
    }

    fn database(&self) -> OrderedConfig {
        OrderedConfig {
            path: self.path.clone(),
            chain_id: self.chain_id.clone(),
            genesis: self.genesis,
            format: FORMAT_VERSION,
            spaces: SPACES,
            cache_bytes: self.cache_bytes,
            memtable_bytes: self.memtable_bytes,
            open_files_max: OPEN_FILES_MAX,
        }
    }
}

/// Removes the index of a chain, which a node makes anew when it runs the next time. Regulators' questions
/// stay. Refuses if a process has it open or it is another chain's; `false` if there is none.
pub fn remove(config: &IndexConfig) -> Result<bool, OpenError> {
    if !config.path.exists() {
        return Ok(false);
    }
    match OrderedDatabase::open(&config.database()) {
        Ok(_) | Err(OpenError::Format { .. } | OpenError::Torn { .. }) => {}
        Err(error) => return Err(error),
    }
    OrderedDatabase::remove(&config.path)?;
    Ok(true)
}

/// The blocks that are indexed: all from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Extent {
    pub(crate) first: BlockNumber,
    pub(crate) last: BlockNumber,
}

/// The index of one chain. One thread adds to it ([`Writer`]), any may ask.
pub struct Index {
    pub(crate) database: OrderedDatabase,
    pub(crate) names: RwLock<Names>,
    extent: watch::Sender<Option<Extent>>,
    /// Why it comes no further.
    pub(crate) problem: RwLock<Option<IndexProblem>>,
    pub(crate) chain: Arc<dyn ChainStore>,
    /// The names that there are, whether they were met or not.
    pub(crate) schema: Arc<Schema>,
    pub(crate) steps_per_page: u32,
}

impl Index {
    /// Opens the index of a chain, or makes an empty one. That of another version of this program is
    /// made anew.
    pub fn open(
        config: &IndexConfig,
        chain: Arc<dyn ChainStore>,
        schema: Arc<Schema>,
    ) -> Result<Self, OpenError> {
        let database = OrderedDatabase::open_or_renew(&config.database())?;
        let (names, extent) = load(&database).map_err(|error| OpenError::Torn {
            path: config.path.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            database,
            names: RwLock::new(names),
            extent: watch::Sender::new(extent),
            problem: RwLock::default(),
            chain,
            schema,
            steps_per_page: config.steps_per_page,
        })
    }

    /// Goes on from what the database has: what was added and not written is forgotten, its new names
    /// among it, whose numbers were never kept.
    pub(crate) fn reload(&self) -> Result<(), StoreError> {
        let (names, extent) = load(&self.database)?;
        *self.names.write() = names;
        self.extent.send_replace(extent);
        Ok(())
    }

    /// The blocks that are indexed.
    pub(crate) fn extent(&self) -> Option<Extent> {
        *self.extent.borrow()
    }

    /// Waits until a block is indexed: for ever, if the index ends before.
    pub async fn indexed(&self, block: BlockNumber) {
        let mut extent = self.extent.subscribe();
        let is_indexed = |extent: &Option<Extent>| extent.is_some_and(|it| it.last >= block);
        // The sender is this index's own.
        extent
            .wait_for(is_indexed)
            .await
            .map(drop)
            .unwrap_or_default();
    }

    /// What is kept of an indexed block.
    pub(crate) fn row(&self, block: BlockNumber) -> Result<Option<Row>, StoreError> {
        let stored = self.database.get(BLOCKS, &block.to_be_bytes())?;
        stored.map(|bytes| Row::decode(block, &bytes)).transpose()
    }

    /// Begins to add blocks.
    pub fn writer(&self) -> Writer<'_> {
        Writer {
            index: self,
            batch: self.database.batch(),
            tally: Tally::default(),
            owners: Owners::default(),
            extent: self.extent(),
            time_ms: None,
            entries: 0,
            is_pruned: false,
        }
    }
}

/// The names and the blocks that a database has.
fn load(database: &OrderedDatabase) -> Result<(Names, Option<Extent>), StoreError> {
    let names = Names::load(database)?;
    let extent = database.get(PROGRESS, PROGRESS_KEY)?.map(|stored| {
        Extent::decode(&mut &stored[..])
            .map_err(|_| StoreError::Corrupt("the index's progress does not decode".to_owned()))
    });
    Ok((names, extent.transpose()?))
}

/// What blocks add, to be written at once.
pub struct Writer<'a> {
    index: &'a Index,
    batch: Batch<'a>,
    tally: Tally,
    owners: Owners,
    extent: Option<Extent>,
    /// Time of the last block added.
    time_ms: Option<u64>,
    entries: u64,
    is_pruned: bool,
}

impl Writer<'_> {
    /// Adds the next block. `None` stands for one that does not decode with the metadata of today's
    /// rules: it is kept, with nothing to find it by.
    pub fn add(
        &mut self,
        block: BlockNumber,
        extrinsics: usize,
        outline: Option<&Outline<'_>>,
        encoded_events: &[u8],
    ) -> Result<(), StoreError> {
        let extent = match self.extent {
            None => Extent {
                first: block,
                last: block,
            },
            Some(extent) if extent.last.checked_add(1) == Some(block) => Extent {
                last: block,
                ..extent
            },
            Some(extent) => {
                let last = extent.last;
                let reason = format!("block {block} does not follow {last} in the index");
                return Err(StoreError::Refused(reason));
            }
        };
        let before_ms = self.time_before(block)?;
        let completed = match outline {
            Some(outline) => {
                let database = &self.index.database;
                Some(self.owners.complete(outline, database, &mut self.batch)?)
            }
            None => None,
        };
        let completed = completed.as_ref();
        let time_ms = completed.and_then(|it| it.outline.time_ms);
        // Times are in order, so that a block is found by its time.
        let time_ms = time_ms.unwrap_or(before_ms).max(before_ms);
        let ordered = completed.and_then(|it| Some((it, Row::of(&it.outline, time_ms)?)));
        let row = match ordered {
            Some((completed, (row, slots))) => {
                self.add_postings(block, time_ms, completed, &slots)?;
                row
            }
            None => Row::opaque(time_ms, extrinsics),
        };
        let key = block.to_be_bytes();
        self.batch.put(BLOCKS, &key, &row.encode());
        self.batch.put(EVENTS, &key, encoded_events);
        if !self.is_pruned && time_ms / DAY_MS != before_ms / DAY_MS {
            counts::prune(&self.index.database, &mut self.batch, time_ms)?;
            self.is_pruned = true;
        }
        self.time_ms = Some(time_ms);
        self.extent = Some(extent);
        Ok(())
    }

    /// The time of the block before.
    fn time_before(&self, block: BlockNumber) -> Result<u64, StoreError> {
        if let Some(time_ms) = self.time_ms {
            return Ok(time_ms);
        }
        let before = block.checked_sub(1).map(|before| self.index.row(before));
        Ok(before.transpose()?.flatten().map_or(0, |row| row.time_ms))
    }

    fn add_postings(
        &mut self,
        block: BlockNumber,
        time_ms: u64,
        completed: &Completed<'_>,
        slots: &[u32],
    ) -> Result<(), StoreError> {
        let Completed { outline, members } = completed;
        let (names, batch) = (&self.index.names, &mut self.batch);
        let mut number_of = |kind: Kind, name: Name<'_>| -> Result<u16, StoreError> {
            let known = names.read().get(kind, name);
            known.map_or_else(|| names.write().add(kind, name, batch), Ok)
        };
        let keys = postings(block, outline, slots, &mut number_of)?;
        for (extrinsic, members) in outline.extrinsics.iter().zip(members) {
            let call = number_of(Kind::Call, extrinsic.call)?;
            self.tally.count(time_ms, call, extrinsic, members);
        }
        for key in &keys {
            self.batch.put(POSTINGS, key, &[]);
        }
        self.entries = self.entries.saturating_add(keys.len() as u64);
        Ok(())
    }

    /// How many postings were added.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// How many bytes the additions take.
    pub fn size_bytes(&self) -> usize {
        self.batch.size_bytes()
    }

    /// Writes the additions, all or none, and lets them be found.
    pub fn commit(mut self) -> Result<(), StoreError> {
        let Some(extent) = self.extent else {
            return Ok(());
        };
        self.tally.put(&self.index.database, &mut self.batch)?;
        self.batch.put(PROGRESS, PROGRESS_KEY, &extent.encode());
        // Not synced: what a loss of power takes is made again from the chain.
        self.batch.write(false)?;
        self.index.extent.send_replace(Some(extent));
        Ok(())
    }
}
