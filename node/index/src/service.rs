//! The running index: its thread, its end.

use std::{
    sync::{
        mpsc::{sync_channel, Sender, SyncSender},
        Arc,
    },
    thread::JoinHandle,
};

use codec::{Decode, Encode};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    ChainStore, CommitNotice, Explorer, IndexProblem, QuestionLog, StateError, StateQuery,
    StoreError,
};
use xinglin_decoding::{Schema, METADATA_VERSION};
use xinglin_primitives::BlockNumber;
use xinglin_storage::OpenError;

use crate::{
    follow::Follower,
    index::{Index, IndexConfig},
    metrics::IndexMetrics,
    questions::Questions,
};

/// Name of the thread that adds blocks.
const THREAD: &str = "index";

/// Why there is no index, or why it grows no more.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The chain has no genesis yet.
    #[error("the index needs a chain, and there is no block yet")]
    NoBlock,
    /// The runtime describes itself otherwise.
    #[error("the runtime offers no metadata of version {METADATA_VERSION}")]
    NoMetadata,
    /// It cannot go on, however often it is tried.
    #[error(transparent)]
    Ended(IndexProblem),
    /// The thread did not start or has panicked.
    #[error("the thread of the index: {0}")]
    Thread(String),
}

/// What the index needs of the node.
pub struct IndexPorts {
    /// Blocks.
    pub chain: Arc<dyn ChainStore>,
    /// Events, and the metadata.
    pub state: Arc<dyn StateQuery>,
    /// Commits, as a wake-up: blocks are read from the chain.
    pub commits: broadcast::Receiver<Arc<CommitNotice>>,
    /// Counters.
    pub metrics: IndexMetrics,
}

/// A running index.
pub struct IndexService {
    index: Arc<Index>,
    questions: Arc<Questions>,
    cancel: CancellationToken,
    thread: JoinHandle<()>,
}

impl IndexService {
    /// Opens the index and the log of questions, and begins to follow the chain. Must be called within
    /// a Tokio runtime.
    pub fn start(config: &IndexConfig, ports: IndexPorts) -> Result<Self, IndexError> {
        let IndexPorts {
            chain,
            state,
            commits,
            metrics,
        } = ports;
        let schema = Arc::new(schema(&*chain, &*state)?);
        let questions = Arc::new(Questions::open(config)?);
        let index = Arc::new(Index::open(config, Arc::clone(&chain), schema)?);
        let cancel = CancellationToken::new();
        let (waker, wake) = sync_channel(1);
        let follower = Follower {
            index: Arc::clone(&index),
            chain,
            state,
            metrics,
            cancel: cancel.clone(),
            wake,
        };
        let thread = std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || follower.run())
            .map_err(|error| IndexError::Thread(error.to_string()))?;
        tokio::spawn(forward(commits, waker, cancel.clone()));
        Ok(Self {
            index,
            questions,
            cancel,
            thread,
        })
    }

    /// Waits until a block is indexed: for ever, if the index ends before.
    pub async fn indexed(&self, block: BlockNumber) {
        self.index.indexed(block).await;
    }

    /// What finds operations.
    pub fn explorer(&self) -> Arc<dyn Explorer> {
        self.index.clone()
    }

    /// What keeps regulators' questions.
    pub fn question_log(&self) -> Arc<dyn QuestionLog> {
        self.questions.clone()
    }

    /// Keeps ends of a channel until the files are closed, so that whoever has the other end can wait
    /// for it: a process must not end before.
    pub fn keep_until_closed(&self, sender: &Sender<()>) {
        self.index.database.keep_until_closed(sender.clone());
        self.questions.database.keep_until_closed(sender.clone());
    }

    /// Stops following. It blocks until the blocks at hand are written.
    pub fn stop(self) -> Result<(), IndexError> {
        self.cancel.cancel();
        self.thread.join().map_err(|_| {
            IndexError::Thread("it has panicked; report the panic above".to_owned())
        })?;
        Ok(self.index.database.sync()?)
    }
}

/// The metadata of the rules in force.
fn schema(chain: &dyn ChainStore, state: &dyn StateQuery) -> Result<Schema, IndexError> {
    let tip = chain.tip().ok_or(IndexError::NoBlock)?.hash;
    let version = METADATA_VERSION.encode();
    let answer = state.call(tip, "Metadata_metadata_at_version", &version)?;
    let metadata = Option::<Vec<u8>>::decode(&mut &answer[..]).ok().flatten();
    let schema = metadata.and_then(|metadata| Schema::read(&metadata));
    schema.ok_or(IndexError::NoMetadata)
}

/// Wakes the thread after commits. It ends the thread's waiting by ending itself.
async fn forward(
    mut commits: broadcast::Receiver<Arc<CommitNotice>>,
    waker: SyncSender<()>,
    cancel: CancellationToken,
) {
    loop {
        let notice = tokio::select! {
            () = cancel.cancelled() => return,
            notice = commits.recv() => notice,
        };
        match notice {
            // A full channel holds a wake-up already.
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {
                waker.try_send(()).ok();
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
