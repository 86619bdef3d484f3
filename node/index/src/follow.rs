//! Following the chain: from where the index ends to the tip, and then block by block.

use std::{
    sync::{
        mpsc::{Receiver, RecvTimeoutError},
        Arc,
    },
    time::{Duration, Instant},
};

use sp_io::hashing::twox_128;
use tokio_util::sync::CancellationToken;
use xinglin_core::{ChainStore, Extrinsic, IndexProblem, StateError, StateQuery, StoreError};
use xinglin_primitives::BlockNumber;

use crate::{index::Index, metrics::IndexMetrics, IndexError, Writer};

/// Bytes of additions after which they are written, and blocks. A kill costs no more than this.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
const GROUP_BLOCKS_MAX: u32 = 256;
/// While the index is further behind than this, it is being filled and takes rests.
const BEHIND_BLOCKS: BlockNumber = 16;
/// A rest is this part of the time that the work before took: the node's own work goes first.
const REST_DIVISOR: u32 = 4;
/// The first pause before what has failed is tried again. Each is twice as long as the one before.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// The longest.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// How often progress is logged while the index is being filled.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Where the state has the events of its block.
pub(crate) fn events_key() -> Vec<u8> {
    [twox_128(b"System"), twox_128(b"Events")].concat()
}

/// Adds blocks to an index, on a thread of its own.
pub(crate) struct Follower {
    pub(crate) index: Arc<Index>,
    pub(crate) chain: Arc<dyn ChainStore>,
    pub(crate) state: Arc<dyn StateQuery>,
    pub(crate) metrics: IndexMetrics,
    pub(crate) cancel: CancellationToken,
    /// Something was committed. It ends when following is to end.
    pub(crate) wake: Receiver<()>,
}

/// What the index takes of one block.
struct Read {
    body: Vec<Extrinsic>,
    /// As its state has them.
    events: Vec<u8>,
}

/// How filling goes on.
struct Filling {
    from: BlockNumber,
    started: Instant,
    logged: Instant,
}

impl Follower {
    /// Follows until told to stop, or until it cannot go on. What fails otherwise is tried again. What is
    /// indexed can be asked all the same, and the node goes on.
    pub(crate) fn run(self) {
        let mut pause = RETRY_FIRST;
        loop {
            let first = self.next();
            let goes_on = match self.catch_up() {
                Ok(()) => {
                    pause = RETRY_FIRST;
                    !self.cancel.is_cancelled() && self.wake.recv().is_ok()
                }
                Err(IndexError::Ended(problem)) => {
                    tracing::error!(error = %problem, "the index stops; the node goes on");
                    self.failed(problem);
                    false
                }
                // The database takes nothing more until it is opened again.
                Err(error) if self.index.database.has_failed() => {
                    tracing::error!(
                        %error,
                        "the index cannot be written; restart the node once the disk is well"
                    );
                    let indexed = self.indexed();
                    self.failed(IndexProblem::Unwritable { indexed });
                    false
                }
                Err(error) => {
                    if self.next() > first {
                        pause = RETRY_FIRST;
                    }
                    let indexed = self.indexed();
                    tracing::error!(
                        ?indexed,
                        %error,
                        ?pause,
                        "indexing fails and is tried again; the node goes on"
                    );
                    self.failed(IndexProblem::Failing { indexed });
                    let goes_on = self.rest(pause);
                    pause = (pause * 2).min(RETRY_MAX);
                    goes_on
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Tells that no block is indexed, and why.
    fn failed(&self, problem: IndexProblem) {
        self.metrics.stopped();
        *self.index.problem.write() = Some(problem);
    }

    /// Tells that blocks are indexed, if that was not so.
    fn succeeded(&self) {
        let mut problem = self.index.problem.write();
        if problem.is_some() {
            tracing::info!(next = self.next(), "indexing goes on");
            self.metrics.goes_on();
            *problem = None;
        }
    }

    /// Rests for all of a pause, however much is committed meanwhile; `false` if following is to end.
    fn rest(&self, pause: Duration) -> bool {
        let started = Instant::now();
        loop {
            let left = pause.saturating_sub(started.elapsed());
            match self.wake.recv_timeout(left) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn catch_up(&self) -> Result<(), IndexError> {
        if self.index.problem.read().is_some() {
            self.index.reload()?;
        }
        let mut filling: Option<Filling> = None;
        loop {
            let tip = self.chain.tip().map_or(0, |tip| tip.number);
            let next = self.next();
            let indexed = next.saturating_sub(1);
            self.metrics.at(indexed.min(tip), tip);
            if self.cancel.is_cancelled() {
                return Ok(());
            }
            if next > tip {
                self.succeeded();
                if let Some(filling) = filling {
                    filling.finished(indexed);
                }
                return Ok(());
            }
            let started = Instant::now();
            if self.group(next, tip)? > 0 {
                self.succeeded();
            }
            if tip - next >= BEHIND_BLOCKS {
                let filling = filling.get_or_insert_with(|| Filling::begin(next, tip));
                filling.log(self.next(), tip);
                let rest = started.elapsed() / REST_DIVISOR;
                if self.wake.recv_timeout(rest) == Err(RecvTimeoutError::Disconnected) {
                    return Ok(());
                }
            }
        }
    }

    /// The last indexed block.
    fn indexed(&self) -> Option<BlockNumber> {
        self.index.extent().map(|extent| extent.last)
    }

    /// The next block to add.
    fn next(&self) -> BlockNumber {
        match self.indexed() {
            Some(indexed) => indexed.saturating_add(1),
            // Genesis has no transactions.
            None => self.chain.oldest_state().max(1),
        }
    }

    /// Adds some blocks from `next` on and writes them; says how many.
    fn group(&self, next: BlockNumber, tip: BlockNumber) -> Result<u32, IndexError> {
        let started = Instant::now();
        let mut writer = self.index.writer();
        let mut blocks = 0;
        for block in next..=tip {
            if writer.size_bytes() >= GROUP_BYTES_MAX || blocks >= GROUP_BLOCKS_MAX {
                break;
            }
            let read = match self.read(block) {
                // Those before it are written; then it is the first to be read.
                Err(_) if blocks > 0 => break,
                read => read?,
            };
            match read {
                Some(read) => {
                    self.add(&mut writer, block, &read)?;
                    blocks += 1;
                }
                None if blocks > 0 => break,
                // The node has pruned it meanwhile; it begins with the oldest that there is.
                None if self.indexed().is_none() => return Ok(0),
                None => {
                    return Err(IndexError::Ended(IndexProblem::Gap {
                        indexed: block - 1,
                        oldest: self.chain.oldest_state(),
                    }))
                }
            }
        }
        let entries = writer.entries();
        writer.commit()?;
        self.metrics.written(blocks, entries, started.elapsed());
        Ok(blocks)
    }

    /// Reads a block; `None` if its state is gone.
    fn read(&self, block: BlockNumber) -> Result<Option<Read>, IndexError> {
        let missing = || StoreError::Corrupt(format!("block {block} is below the tip and missing"));
        let hash = self.chain.hash_at(block)?.ok_or_else(missing)?;
        let events = match self.state.storage(hash, &events_key()) {
            Ok(events) => events.unwrap_or_default(),
            Err(StateError::Pruned(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let body = self.chain.body(&hash)?.ok_or_else(missing)?;
        Ok(Some(Read { body, events }))
    }

    fn add(
        &self,
        writer: &mut Writer<'_>,
        block: BlockNumber,
        read: &Read,
    ) -> Result<(), StoreError> {
        let Read { body, events } = read;
        let outline = self.index.schema.outline(body, events);
        if let Err(error) = &outline {
            tracing::error!(block, %error, "a block is indexed with nothing to find it by");
            self.metrics.undecodable();
        }
        writer.add(block, body.len(), outline.as_ref().ok(), events)
    }
}

impl Filling {
    fn begin(from: BlockNumber, tip: BlockNumber) -> Self {
        tracing::info!(from, tip, "the index is being filled");
        let now = Instant::now();
        Self {
            from,
            started: now,
            logged: now,
        }
    }

    fn log(&mut self, next: BlockNumber, tip: BlockNumber) {
        if self.logged.elapsed() < PROGRESS_EVERY {
            return;
        }
        self.logged = Instant::now();
        let done = next.saturating_sub(self.from);
        let all = tip.saturating_sub(self.from).saturating_add(1);
        let percent = u64::from(done) * 100 / u64::from(all.max(1));
        let blocks_per_second = self.speed(done);
        tracing::info!(
            block = next - 1,
            tip,
            percent,
            blocks_per_second,
            "the index is being filled"
        );
    }

    fn finished(&self, last: BlockNumber) {
        let blocks_per_second = self.speed(last.saturating_sub(self.from).saturating_add(1));
        tracing::info!(block = last, blocks_per_second, "the index is complete");
    }

    fn speed(&self, blocks: BlockNumber) -> u64 {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        u64::from(blocks) * 1_000 / elapsed_ms.max(1)
    }
}
