//! From a chain into a database, from where the database has come.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{pin_mut, StreamExt};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    chain::{BlockOfRules, Chain, Rules},
    database::{Database, ExportState},
    domain::{self, Kind, Touched},
    error::ExportError,
    rows::Rows,
    source::Source,
};

/// Most blocks of one transaction.
const GROUP_BLOCKS_MAX: u32 = 256;
/// Bytes of blocks, as they are on the chain, after which a transaction takes no more of them.
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// Things that changed, after which a transaction takes no more blocks.
const GROUP_THINGS: usize = 16_384;
/// First and longest pause before another attempt.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// How an export is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// End at the tip instead of waiting for more blocks.
    pub is_once: bool,
    /// How long to try again while the node or the database is away. It counts from the last block that
    /// was written.
    pub patience: Duration,
}

/// What is told while an export runs.
#[derive(Debug)]
pub enum Progress<'a> {
    /// So far the database has come.
    Exported {
        /// The last block in the database.
        height: BlockNumber,
        /// The last block of the chain.
        tip: BlockNumber,
    },
    /// Something is away; another attempt follows.
    Waiting {
        /// What it was.
        reason: &'a ExportError,
        /// How long until then.
        pause: Duration,
    },
}

/// What an export has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The last block in the database.
    pub height: BlockNumber,
    /// How many blocks this run has added.
    pub blocks: u64,
}

/// Exports a chain into the database at `url`, from the first block that it does not have. Makes the
/// tables if there are none. With [`Options::is_once`] it ends at the tip, else never but with an error.
pub async fn export(
    source: Arc<dyn Source>,
    url: &str,
    options: Options,
    mut tell: impl FnMut(Progress<'_>),
) -> Result<Exported, ExportError> {
    let chain = Chain::new(source);
    let mut run = Run {
        chain,
        url,
        options,
        tell: &mut tell,
        blocks: 0,
        progressed_at: Instant::now(),
        is_resumed: false,
    };
    let mut pause = PAUSE_MIN;
    loop {
        let before = run.progressed_at;
        let reason = match run.session().await {
            Ok(height) => {
                return Ok(Exported {
                    height,
                    blocks: run.blocks,
                })
            }
            // The server may not have noticed yet that our connection from before is gone.
            Err(ExportError::Locked) if run.is_resumed => ExportError::Locked,
            Err(reason) if reason.is_transient() => reason,
            Err(error) => return Err(error),
        };
        if run.progressed_at != before {
            pause = PAUSE_MIN;
        }
        let after = run.progressed_at.elapsed();
        if after.saturating_add(pause) > options.patience {
            let last = Box::new(reason);
            return Err(ExportError::GaveUp { after, last });
        }
        (run.tell)(Progress::Waiting {
            reason: &reason,
            pause,
        });
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSE_MAX);
    }
}

/// One run, over as many connections as it takes.
struct Run<'r> {
    chain: Arc<Chain>,
    url: &'r str,
    options: Options,
    tell: &'r mut dyn FnMut(Progress<'_>),
    blocks: u64,
    progressed_at: Instant,
    /// Whether a connection was lost before.
    is_resumed: bool,
}

impl Run<'_> {
    /// Works over one connection. Gives the last exported height once it is the tip.
    async fn session(&mut self) -> Result<BlockNumber, ExportError> {
        let mut database = Database::open(self.url).await?;
        self.is_resumed = true;
        let mut state = database.state().await?;
        check_chain(&self.chain, state.as_ref()).await?;
        let mut tip = self.chain.source.tip().await?;
        if let Some(state) = state.filter(|state| state.height > tip) {
            let exported = state.height;
            return Err(ExportError::Behind { tip, exported });
        }
        loop {
            self.catch_up(&mut database, &mut state, tip).await?;
            let height = state.map_or(0, |state| state.height);
            if self.options.is_once {
                return Ok(height);
            }
            // There is nothing to do for as long as the chain pauses.
            self.progressed_at = Instant::now();
            tip = self.chain.source.wait_beyond(height).await?;
            self.progressed_at = Instant::now();
        }
    }

    /// Exports up to `tip`, in groups.
    async fn catch_up(
        &mut self,
        database: &mut Database,
        state: &mut Option<ExportState>,
        tip: BlockNumber,
    ) -> Result<(), ExportError> {
        let first = match state {
            Some(state) if state.height >= tip => return Ok(()),
            Some(state) => state.height.saturating_add(1),
            None => 0,
        };
        let blocks = Arc::clone(&self.chain).blocks(first, tip);
        pin_mut!(blocks);
        let mut group = Group::new(*state);
        while let Some(block) = blocks.next().await {
            group.add(block?)?;
            if group.is_full() {
                self.write(database, state, group, tip).await?;
                group = Group::new(*state);
            }
        }
        if group.blocks > 0 {
            self.write(database, state, group, tip).await?;
        }
        Ok(())
    }

    async fn write(
        &mut self,
        database: &mut Database,
        state: &mut Option<ExportState>,
        group: Group,
        tip: BlockNumber,
    ) -> Result<(), ExportError> {
        let blocks = group.blocks;
        if let Some((rows, after)) = group.complete(&self.chain).await? {
            database.write(&rows, *state, after).await?;
            *state = Some(after);
            self.blocks = self.blocks.saturating_add(blocks.into());
            self.progressed_at = Instant::now();
            let height = after.height;
            (self.tell)(Progress::Exported { height, tip });
        }
        Ok(())
    }
}

/// Refuses a database of another chain, before anything is written into it.
pub(crate) async fn check_chain(
    chain: &Chain,
    state: Option<&ExportState>,
) -> Result<(), ExportError> {
    let Some(state) = state else { return Ok(()) };
    let node = chain.hash(0).await?;
    if node != state.genesis {
        let database = state.genesis;
        return Err(ExportError::ForeignChain { database, node });
    }
    let tip = chain.source.tip().await?;
    let height = state.height;
    if height <= tip && chain.hash(height).await? != state.hash {
        return Err(ExportError::OtherHistory { height });
    }
    Ok(())
}

/// Blocks that become one transaction.
struct Group {
    before: Option<ExportState>,
    last: Option<(ExportState, Arc<Rules>)>,
    /// The parent of the first block, if it has one.
    parent: Option<Hash>,
    rows: Rows,
    touched: Touched,
    blocks: u32,
    bytes: usize,
}

impl Group {
    /// An empty group, for a database that has come to `before`.
    fn new(before: Option<ExportState>) -> Self {
        Self {
            before,
            last: None,
            parent: None,
            rows: Rows::default(),
            touched: Touched::default(),
            blocks: 0,
            bytes: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.blocks >= GROUP_BLOCKS_MAX
            || self.bytes >= GROUP_BYTES
            || self.touched.things.len() >= GROUP_THINGS
    }

    fn add(&mut self, next: BlockOfRules) -> Result<(), ExportError> {
        let BlockOfRules { block, rules } = next;
        let previous = self.last.as_ref().map(|(state, _)| *state).or(self.before);
        // Blocks are read by height; that they follow each other is the proof that they are of one
        // history.
        let parent = block.source.header.parent_hash;
        if previous.is_some_and(|previous| previous.hash != parent) {
            let height = block.height.saturating_sub(1);
            return Err(ExportError::OtherHistory { height });
        }
        if self.blocks == 0 && block.height > 0 {
            self.parent = Some(parent);
        }
        let digest = block.digest(previous.map_or(Hash::zero(), |previous| previous.digest));
        block.add_rows(digest, &mut self.rows);
        for event in &block.decoded.events {
            self.touched.note(event);
        }
        self.blocks = self.blocks.saturating_add(1);
        let bytes: usize = block.source.body.iter().map(Vec::len).sum();
        self.bytes = self.bytes.saturating_add(bytes);
        let genesis = previous.map_or(block.source.hash, |previous| previous.genesis);
        let state = ExportState {
            genesis,
            height: block.height,
            hash: block.source.hash,
            digest,
        };
        self.last = Some((state, rules));
        Ok(())
    }

    /// Reads how the things stand that the blocks touched. Gives all rows, and how far the database
    /// comes with them.
    async fn complete(mut self, chain: &Chain) -> Result<Option<(Rows, ExportState)>, ExportError> {
        let Some((after, rules)) = self.last.take() else {
            return Ok(None);
        };
        if self.before.is_none() {
            self.add_genesis(chain, after.genesis, &rules).await?;
        }
        let last = chain.state(after.hash, &rules);
        let parent = self.parent.map(|parent| chain.state(parent, &rules));
        self.touched.find_accesses(parent.as_ref(), &last).await?;
        domain::read(&last, &self.touched.things, &mut self.rows).await?;
        Ok(Some((self.rows, after)))
    }

    /// What the chain began with: there are no events of it.
    async fn add_genesis(
        &mut self,
        chain: &Chain,
        genesis: Hash,
        rules: &Rules,
    ) -> Result<(), ExportError> {
        let state = chain.state(genesis, rules);
        for kind in Kind::ALL {
            let mut after: Option<Vec<u8>> = None;
            while let Some((keys, last)) = state.page(kind.map(), after.as_deref()).await? {
                let things = keys.iter().filter_map(|key| kind.thing(key));
                self.touched.things.extend(things);
                after = Some(last);
            }
        }
        Ok(())
    }
}
