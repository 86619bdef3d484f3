//! The full scan behind `xinglin db check`: does all that is stored agree with itself?
//!
//! It reads from a snapshot, so that a running node's database may be checked too. Whether the blocks
//! execute to their state roots, and whether the certificates' signers were validators, only
//! execution can tell.

mod state;

use codec::Decode;
use rocksdb::{IteratorMode, ReadOptions, Snapshot};
use sp_runtime::traits::Header as _;
use xinglin_core::{Block, StoreError, Tip};
use xinglin_primitives::{consensus::CommitCertificate, BlockNumber, Header};

use crate::{
    columns::{decode, height_key, height_of_key, meta, Family, Location, StoredTip, STAMP_KEY},
    config::{StateMode, StorageConfig},
    database::{read_error, Database, Entry, Inner},
    open::{holds_database, store_error, OpenError},
};

/// Problems that a report lists. Further ones are only counted.
pub const PROBLEMS_MAX: usize = 100;
/// Steps between two calls of the progress function.
const STEPS_PER_CALL: u64 = 256;

/// What a full scan found.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// The last committed block.
    pub tip: Option<Tip>,
    /// Lowest height whose state can be read.
    pub oldest_state: BlockNumber,
    /// Blocks that were read.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Values in the state of the tip that are the same in the trie and in the flat copy.
    pub values: u64,
    /// What is wrong: the first [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// How many problems there are in all.
    pub problems_total: u64,
}

impl CheckReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems_total == 0
    }
}

/// Something that is wrong with the database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The database as a whole; a node would not start with it.
    #[error("{0}")]
    Database(String),
    /// One block or what belongs to it.
    #[error("block {number}: {reason}")]
    Block {
        /// Its height.
        number: BlockNumber,
        /// What is wrong.
        reason: String,
    },
    /// A column family.
    #[error("{family}: {reason}")]
    Family {
        /// Its name.
        family: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The state of the tip.
    #[error("the state of block {number}: {reason}")]
    State {
        /// Height of the tip.
        number: BlockNumber,
        /// What is wrong.
        reason: String,
    },
}

impl Database {
    /// Scans everything. `progress` is told now and then how many of how many steps are done; the
    /// second figure is an estimate until the end. The error is that reading failed; damage is in
    /// the report.
    pub fn check(&self, progress: impl FnMut(u64, u64)) -> Result<CheckReport, StoreError> {
        let snapshot = self.inner.db.snapshot();
        Scan::new(&self.inner, &snapshot, progress)?.run()
    }

    /// As [`check`](Self::check) for a database that may be too damaged to [`open`](Self::open): what
    /// the start-up check would refuse is among the problems. No other process may have it open. The
    /// configuration's mode plays no part.
    pub fn inspect(
        config: &StorageConfig,
        progress: impl FnMut(u64, u64),
    ) -> Result<CheckReport, OpenError> {
        if !holds_database(&config.path)? {
            return Err(OpenError::Missing {
                path: config.path.clone(),
            });
        }
        let inner = Inner::open_files(config)?;
        let as_open_error = |error| store_error(&config.path, error);
        let snapshot = inner.db.snapshot();
        let mut scan = Scan::new(&inner, &snapshot, progress).map_err(as_open_error)?;
        match inner.check_identity(config) {
            Err(OpenError::Torn { reason, .. }) => scan.problem(Problem::Database(reason)),
            other => other?,
        }
        scan.database(start_up(&inner)).map_err(as_open_error)?;
        scan.run().map_err(as_open_error)
    }
}

/// What a start would check besides the identity.
fn start_up(inner: &Inner) -> Result<(), StoreError> {
    let head = inner.read_head()?;
    inner.check_tip(head)?;
    let mode: Option<StateMode> = inner.get_decoded(Family::Meta, meta::MODE, "the state mode")?;
    match mode {
        Some(StateMode::Pruned { .. }) => inner.load_window(head.tip).map(drop),
        Some(StateMode::Archive) => Ok(()),
        None => Err(StoreError::Corrupt("the state mode is missing".to_owned())),
    }
}

/// One scan over one snapshot.
struct Scan<'a, P> {
    inner: &'a Inner,
    snapshot: &'a Snapshot<'a>,
    progress: P,
    steps: u64,
    steps_estimate: u64,
    report: CheckReport,
}

impl<'a, P: FnMut(u64, u64)> Scan<'a, P> {
    fn new(inner: &'a Inner, snapshot: &'a Snapshot<'a>, progress: P) -> Result<Self, StoreError> {
        let estimate = |family| {
            inner
                .db
                .property_int_value_cf(inner.cf(family), rocksdb::properties::ESTIMATE_NUM_KEYS)
                .map(Option::unwrap_or_default)
                .map_err(read_error)
        };
        let blocks = estimate(Family::Blocks)?;
        let values = estimate(Family::StateFlat)?;
        let index = estimate(Family::TxIndex)?;
        Ok(Self {
            inner,
            snapshot,
            progress,
            steps: 0,
            steps_estimate: blocks.saturating_add(values).saturating_add(index),
            report: CheckReport::default(),
        })
    }

    fn run(mut self) -> Result<CheckReport, StoreError> {
        let head = self.read_head();
        self.database(head)?;
        if let Some(last) = self.chain()? {
            self.state(&last)?;
        }
        (self.progress)(self.steps, self.steps);
        Ok(self.report)
    }

    fn read_head(&mut self) -> Result<(), StoreError> {
        let tip: Option<StoredTip> = self.get(Family::Meta, meta::TIP, "the tip")?;
        self.report.tip = tip.map(|stored| Tip {
            number: stored.number,
            hash: stored.hash,
            state_root: stored.state_root,
        });
        let oldest = self.get(Family::Meta, meta::OLDEST_STATE, "the oldest state")?;
        self.report.oldest_state = oldest.unwrap_or_default();
        Ok(())
    }

    fn step(&mut self) {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_CALL) {
            (self.progress)(self.steps, self.steps_estimate.max(self.steps));
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.report.problems_total += 1;
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(problem);
        }
    }

    /// Takes damage down as a problem of the database as a whole.
    fn database(&mut self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        match result {
            Err(StoreError::Corrupt(reason)) => self.problem(Problem::Database(reason)),
            other => other?,
        }
        Ok(())
    }

    fn block_problem(&mut self, number: BlockNumber, reason: impl Into<String>) {
        let reason = reason.into();
        self.problem(Problem::Block { number, reason });
    }

    fn family_problem(&mut self, family: Family, reason: impl Into<String>) {
        self.problem(Problem::Family {
            family: family.name(),
            reason: reason.into(),
        });
    }

    fn get<T: Decode>(
        &self,
        family: Family,
        key: &[u8],
        what: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.snapshot
            .get_pinned_cf(self.inner.cf(family), key)
            .map_err(read_error)?
            .map(|bytes| decode(&bytes, what))
            .transpose()
    }

    /// All entries of a family, without displacing what the node has cached.
    fn entries(&self, family: Family) -> impl Iterator<Item = Result<Entry, StoreError>> + 'a {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        self.snapshot
            .iterator_cf_opt(self.inner.cf(family), options, IteratorMode::Start)
            .map(|item| item.map_err(read_error))
    }

    /// Scans the blocks and what finds them; returns the header of the last one that reads.
    fn chain(&mut self) -> Result<Option<Header>, StoreError> {
        let mut parent: Option<Header> = None;
        let mut due = 0;
        let mut moved = 0;
        for entry in self.entries(Family::Blocks) {
            let (key, value) = match entry {
                Ok(entry) => entry,
                Err(StoreError::Corrupt(reason)) => {
                    self.family_problem(Family::Blocks, reason);
                    break;
                }
                Err(error) => return Err(error),
            };
            self.step();
            let number = height_of_key(&key)?;
            if number != due {
                self.block_problem(due, format!("missing, and all up to {number}"));
                parent = None;
            }
            due = number.saturating_add(1);
            self.report.blocks += 1;
            let block = match Block::from_bytes(&value.into_vec().into()) {
                Ok(block) => block,
                Err(error) => {
                    self.block_problem(number, error.to_string());
                    parent = None;
                    continue;
                }
            };
            self.links(number, &block, parent.as_ref())?;
            moved += self.index(number, &block)?;
            parent = Some(block.header);
        }
        let last = due.checked_sub(1);
        if last != self.report.tip.map(|tip| tip.number) {
            self.family_problem(Family::Blocks, "do not end at the tip");
        }
        self.counts(moved)?;
        Ok(parent)
    }

    /// The block's own parts, its parent, the index by hash, its certificate, its state's root.
    fn links(
        &mut self,
        number: BlockNumber,
        block: &Block,
        parent: Option<&Header>,
    ) -> Result<(), StoreError> {
        let header = &block.header;
        let hash = header.hash();
        if *header.number() != number {
            self.block_problem(number, format!("its header says {}", header.number()));
        }
        if number == 0 && hash != self.inner.genesis {
            self.block_problem(number, "it is not the chain's genesis");
        }
        if parent.is_some_and(|parent| parent.hash() != *header.parent_hash()) {
            self.block_problem(number, "its parent is not the block before it");
        }
        if block.extrinsics_root() != *header.extrinsics_root() {
            self.block_problem(number, "its transactions do not have its extrinsics root");
        }
        let indexed = self.get::<Header>(Family::BlockByHash, hash.as_bytes(), "a header");
        if !matches!(&indexed, Ok(Some(found)) if found == header) {
            sound(indexed)?;
            self.block_problem(number, "it is not found by its hash");
        }
        if number > 0 {
            let key = height_key(number);
            let found = self.get::<CommitCertificate>(Family::Certificates, &key, "certificate");
            let matches = |found: &CommitCertificate| {
                found.height == number && found.block_hash == hash && !found.signatures.is_empty()
            };
            if !matches!(&found, Ok(Some(certificate)) if matches(certificate)) {
                sound(found)?;
                self.block_problem(number, "it has no certificate");
            }
        }
        if number >= self.report.oldest_state && !self.has_root(header.state_root())? {
            self.block_problem(number, "the root node of its state is missing");
        }
        Ok(())
    }

    /// The index entries of a block's transactions; returns how many point to a later block, which
    /// holds the same bytes once more.
    fn index(&mut self, number: BlockNumber, block: &Block) -> Result<u64, StoreError> {
        let mut moved = 0;
        for (index, hash) in (0u32..).zip(block.extrinsic_hashes()) {
            self.report.transactions += 1;
            let found = self.get::<Location>(Family::TxIndex, hash.as_bytes(), "an index entry");
            match found {
                Ok(Some(at)) if at == (Location { number, index }) => {}
                Ok(Some(at)) if (at.number, at.index) > (number, index) => moved += 1,
                other => {
                    sound(other)?;
                    self.block_problem(number, format!("transaction {index} is not indexed"));
                }
            }
        }
        Ok(moved)
    }

    /// Whether the indexes hold anything else than what the blocks account for.
    fn counts(&mut self, moved: u64) -> Result<(), StoreError> {
        let blocks = self.report.blocks;
        let expected = [
            (Family::BlockByHash, blocks),
            (Family::Certificates, blocks.saturating_sub(1)),
            (Family::TxIndex, self.report.transactions - moved),
        ];
        for (family, expected) in expected {
            let mut found = 0;
            for entry in self.entries(family) {
                match entry {
                    Ok((key, _)) if *key == *STAMP_KEY => {}
                    Ok(_) => found += 1,
                    Err(StoreError::Corrupt(reason)) => {
                        self.family_problem(family, reason);
                        break;
                    }
                    Err(error) => return Err(error),
                }
                self.step();
            }
            if found != expected {
                let reason = format!("{found} entries, the blocks account for {expected}");
                self.family_problem(family, reason);
            }
        }
        Ok(())
    }
}

/// Lets damage pass, of which the caller makes a problem, but no failure to read.
fn sound<T>(result: Result<Option<T>, StoreError>) -> Result<(), StoreError> {
    match result {
        Ok(_) | Err(StoreError::Corrupt(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
