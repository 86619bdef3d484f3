//! Blocks as subscriptions see them: first the best, a gap later final.
//!
//! A block is final when it is committed. Clients made for chains where finality takes time lose
//! the word that a block is the best when the word that it is final follows at once, so the second
//! waits (`finality_gap_ms`). Only notifications wait: calls tell the last block as final.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{sleep_until, Instant},
};
use xinglin_core::{CommitNotice, StateChange, Tip};
use xinglin_primitives::{BlockNumber, Hash, Header};

/// Events that a subscription may fall behind before it misses some.
const EVENTS_MAX: usize = 256;
/// Blocks that wait to be told as final; one more hastens the first. Binds while the node catches up.
const PENDING_MAX: usize = 32;

/// A committed block without its transactions.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Its hash.
    pub hash: Hash,
    /// Its header.
    pub header: Header,
    /// The state changes of the block, sorted by key.
    pub changes: Arc<Vec<StateChange>>,
    /// Whether the runtime changed with this block.
    pub runtime_changed: bool,
}

impl Committed {
    fn of(notice: &CommitNotice) -> Self {
        Self {
            hash: notice.hash,
            header: notice.block.header.clone(),
            changes: Arc::clone(&notice.changes),
            runtime_changed: notice.runtime_changed,
        }
    }

    fn place(&self) -> Place {
        Place {
            number: self.header.number,
            hash: self.hash,
        }
    }
}

/// A block's height and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
}

impl From<Tip> for Place {
    fn from(tip: Tip) -> Self {
        Self {
            number: tip.number,
            hash: tip.hash,
        }
    }
}

/// What subscriptions have been told so far.
#[derive(Clone, Debug)]
pub struct View {
    /// The last block told as final.
    pub finalized: Place,
    /// The blocks after it, told as best only.
    pub pending: VecDeque<Arc<Committed>>,
}

impl View {
    /// The last block told.
    pub fn best(&self) -> Place {
        self.pending
            .back()
            .map_or(self.finalized, |block| block.place())
    }

    fn at(place: Place) -> Self {
        Self {
            finalized: place,
            pending: VecDeque::new(),
        }
    }
}

#[derive(Clone, Debug)]
enum Event {
    Best(Arc<Committed>),
    Finalized(Arc<Committed>),
    /// The server itself has missed blocks.
    Missed,
}

/// What a subscription hears next.
#[derive(Clone, Debug)]
pub enum Step {
    /// A new block.
    Best(Arc<Committed>),
    /// A block heard of before is final.
    Finalized(Arc<Committed>),
    /// Events are lost. The view is what they amount to.
    Missed(View),
}

/// Tells subscriptions of blocks.
#[derive(Debug)]
pub struct ChainEvents {
    view: Mutex<View>,
    events: broadcast::Sender<Event>,
}

/// One subscription's events, after a view.
#[derive(Debug)]
pub struct Feed {
    events: broadcast::Receiver<Event>,
    source: Arc<ChainEvents>,
}

impl ChainEvents {
    /// Begins at the last block.
    pub fn new(tip: Place) -> Self {
        Self {
            view: Mutex::new(View::at(tip)),
            events: broadcast::Sender::new(EVENTS_MAX),
        }
    }

    /// What has been told, and everything told from then on.
    pub fn subscribe(self: &Arc<Self>) -> (View, Feed) {
        let view = self.view.lock();
        let feed = Feed {
            events: self.events.subscribe(),
            source: Arc::clone(self),
        };
        (view.clone(), feed)
    }

    /// Retells commits until their source ends. `tip` is asked for the last block when some are missed.
    pub async fn run(
        self: Arc<Self>,
        mut commits: broadcast::Receiver<Arc<CommitNotice>>,
        tip: impl Fn() -> Option<Tip> + Send,
        gap: Duration,
    ) {
        let mut deadlines: VecDeque<Instant> = VecDeque::new();
        loop {
            let next = deadlines.front().copied();
            let due = async {
                match next {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                commit = commits.recv() => match commit {
                    Ok(notice) => {
                        if self.announce(&notice) {
                            deadlines.push_back(Instant::now() + gap);
                        }
                        if deadlines.len() > PENDING_MAX {
                            deadlines.pop_front();
                            self.finalize_oldest();
                        }
                    }
                    Err(RecvError::Lagged(missed)) => {
                        tracing::warn!(missed, "rpc: fell behind the chain; subscriptions begin anew");
                        deadlines.clear();
                        self.restart(tip());
                    }
                    Err(RecvError::Closed) => return,
                },
                () = due => {
                    deadlines.pop_front();
                    self.finalize_oldest();
                }
            }
        }
    }

    /// Tells a block as the best. One that is not above the view was part of it already.
    fn announce(&self, notice: &CommitNotice) -> bool {
        let mut view = self.view.lock();
        if notice.number() <= view.best().number {
            return false;
        }
        let block = Arc::new(Committed::of(notice));
        view.pending.push_back(Arc::clone(&block));
        self.tell(Event::Best(block));
        true
    }

    fn finalize_oldest(&self) {
        let mut view = self.view.lock();
        if let Some(block) = view.pending.pop_front() {
            view.finalized = block.place();
            self.tell(Event::Finalized(block));
        }
    }

    fn restart(&self, tip: Option<Tip>) {
        let mut view = self.view.lock();
        *view = View::at(tip.map_or(view.best(), Place::from));
        self.tell(Event::Missed);
    }

    /// Called with the view locked, so that a view and the events after it fit together.
    fn tell(&self, event: Event) {
        if self.events.send(event).is_err() {
            tracing::trace!("rpc: nobody listens");
        }
    }
}

impl Feed {
    /// The next event.
    pub async fn next(&mut self) -> Step {
        match self.events.recv().await {
            Ok(Event::Best(block)) => Step::Best(block),
            Ok(Event::Finalized(block)) => Step::Finalized(block),
            Ok(Event::Missed) | Err(RecvError::Lagged(_)) => {
                let source = Arc::clone(&self.source);
                let (view, feed) = source.subscribe();
                *self = feed;
                Step::Missed(view)
            }
            // The feed itself keeps the sender alive.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests;
