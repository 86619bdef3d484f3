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
use xinglin_core::{ChainStore, StateError, StateQuery, StoreError};
use xinglin_primitives::BlockNumber;

use crate::{index::Index, metrics::IndexMetrics, IndexError};

/// Bytes of additions after which they are written, and blocks. A kill costs no more than this.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
const GROUP_BLOCKS_MAX: u32 = 256;
/// While the index is further behind than this, it is being filled and takes rests.
const BEHIND_BLOCKS: BlockNumber = 16;
/// A rest is this part of the time that the work before took: the node's own work goes first.
const REST_DIVISOR: u32 = 4;
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

/// What became of one block.
enum Added {
    Yes,
    /// Its state is gone.
    Pruned,
}

/// How filling goes on.
struct Filling {
    from: BlockNumber,
    started: Instant,
    logged: Instant,
}

impl Follower {
    /// Follows until told to stop. An error ends it: what is indexed can still be asked, and the
    /// node goes on.
    pub(crate) fn run(self) {
        loop {
            if let Err(error) = self.catch_up() {
                tracing::error!(%error, "the index stops; the node goes on");
                self.metrics.stopped();
                return;
            }
            if self.cancel.is_cancelled() || self.wake.recv().is_err() {
                return;
            }
        }
    }

    fn catch_up(&self) -> Result<(), IndexError> {
        let mut filling: Option<Filling> = None;
        loop {
            let tip = self.chain.tip().map_or(0, |tip| tip.number);
            let next = self.next();
            let indexed = next.saturating_sub(1);
            self.metrics.at(indexed.min(tip), tip);
            if next > tip || self.cancel.is_cancelled() {
                if let (Some(filling), true) = (filling, next > tip) {
                    filling.finished(indexed);
                }
                return Ok(());
            }
            let started = Instant::now();
            self.group(next, tip)?;
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

    /// The next block to add.
    fn next(&self) -> BlockNumber {
        match self.index.extent() {
            Some(extent) => extent.last.saturating_add(1),
            // Genesis has no transactions.
            None => self.chain.oldest_state().max(1),
        }
    }

    /// Adds some blocks from `next` on and writes them.
    fn group(&self, next: BlockNumber, tip: BlockNumber) -> Result<(), IndexError> {
        let started = Instant::now();
        let mut writer = self.index.writer();
        let mut blocks = 0;
        for block in next..=tip {
            if writer.size_bytes() >= GROUP_BYTES_MAX || blocks >= GROUP_BLOCKS_MAX {
                break;
            }
            match self.add(&mut writer, block)? {
                Added::Yes => blocks += 1,
                Added::Pruned if blocks > 0 => break,
                // The node has pruned it meanwhile; it begins with the oldest that there is.
                Added::Pruned if self.index.extent().is_none() => return Ok(()),
                Added::Pruned => {
                    return Err(IndexError::Gap {
                        indexed: block - 1,
                        oldest: self.chain.oldest_state(),
                    })
                }
            }
        }
        let entries = writer.entries();
        writer.commit()?;
        self.metrics.written(blocks, entries, started.elapsed());
        Ok(())
    }

    fn add(&self, writer: &mut crate::Writer<'_>, block: BlockNumber) -> Result<Added, IndexError> {
        let missing = || StoreError::Corrupt(format!("block {block} is below the tip and missing"));
        let hash = self.chain.hash_at(block)?.ok_or_else(missing)?;
        let events = match self.state.storage(hash, &events_key()) {
            Ok(events) => events.unwrap_or_default(),
            Err(StateError::Pruned(_)) => return Ok(Added::Pruned),
            Err(error) => return Err(error.into()),
        };
        let body = self.chain.body(&hash)?.ok_or_else(missing)?;
        let outline = self.index.schema.outline(&body, &events);
        if let Err(error) = &outline {
            tracing::error!(block, %error, "a block is indexed with nothing to find it by");
            self.metrics.undecodable();
        }
        writer.add(block, body.len(), outline.as_ref().ok(), &events)?;
        Ok(Added::Yes)
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
