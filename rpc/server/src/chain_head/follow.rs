//! One `chainHead_v1_follow` subscription.

use std::sync::Arc;

use jsonrpsee::PendingSubscriptionSink;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use xinglin_primitives::{BlockNumber, Hash};
use xinglin_rpc_api::{chain_head::FollowEvent, runtime::RuntimeEvent};

use crate::{
    connection::Connection,
    events::{Committed, Feed, Place, Step, View},
    node::Node,
    runtime,
    subscription::{Gone, Subscriber},
};

use super::{
    operations::Operations,
    pins::{Overdue, Pins},
    ChainHeadApiError,
};

/// Final blocks that a subscription begins with. Some clients need the parent of the last one to sign,
/// and on an idle chain it would be long until they see another.
const FIRST_BLOCKS: BlockNumber = 5;

/// The state of one subscription.
#[derive(Debug)]
pub(crate) struct Follow {
    subscriber: Subscriber,
    with_runtime: bool,
    pins: Mutex<Pins>,
    operations: Operations,
    /// Cancelled when the subscription ends, and its operations with it.
    ended: CancellationToken,
}

impl Follow {
    fn new(subscriber: Subscriber, with_runtime: bool) -> Self {
        Self {
            subscriber,
            with_runtime,
            pins: Mutex::default(),
            operations: Operations::default(),
            ended: CancellationToken::new(),
        }
    }

    /// Where notifications go.
    pub(super) fn subscriber(&self) -> &Subscriber {
        &self.subscriber
    }

    /// Whether the runtime may be called.
    pub(super) fn with_runtime(&self) -> bool {
        self.with_runtime
    }

    /// Operations in progress.
    pub(super) fn operations(&self) -> &Operations {
        &self.operations
    }

    /// Cancelled when the subscription ends.
    pub(super) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Refuses a block that is not pinned.
    pub(super) fn check_pinned(&self, hash: &Hash) -> Result<(), ChainHeadApiError> {
        if self.pins.lock().contains(hash) {
            Ok(())
        } else {
            Err(ChainHeadApiError::NotPinned(*hash))
        }
    }

    /// Unpins all of the blocks, or none and says why.
    pub(super) fn unpin(&self, hashes: &[Hash]) -> Result<(), ChainHeadApiError> {
        self.pins.lock().unpin(hashes)
    }
}

/// Why a subscription ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client has gone or unsubscribed.
    Gone,
    /// The client must begin anew.
    Stop(&'static str),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Overdue> for End {
    fn from(overdue: Overdue) -> Self {
        Self::Stop(match overdue {
            Overdue::TooMany => "too many blocks are pinned",
            Overdue::Pruned => "a pinned block's state is kept no longer",
        })
    }
}

/// Serves one subscription from request to end.
pub(super) async fn follow(
    node: Arc<Node>,
    connection: Arc<Connection>,
    pending: PendingSubscriptionSink,
    with_runtime: bool,
) {
    let Some(_slot) = connection.follow_slot() else {
        return pending.reject(ChainHeadApiError::FollowLimit).await;
    };
    let (view, feed) = node.events.subscribe();
    let start = match node
        .read(move |node| Start::read(node, view, with_runtime))
        .await
    {
        Ok(start) => start,
        Err(error) => return pending.reject(error).await,
    };
    let Ok(subscriber) = Subscriber::accept(pending, &node.metrics).await else {
        return;
    };
    let id = subscriber.id();
    let follow = Arc::new(Follow::new(subscriber, with_runtime));
    connection.add_follow(id.clone(), Arc::clone(&follow));

    let session = Session {
        node: &node,
        follow: &follow,
    };
    let end = session.run(start, feed).await;

    connection.remove_follow(&id);
    follow.ended.cancel();
    if let End::Stop(reason) = end {
        tracing::debug!(reason, "rpc: a follow subscription must begin anew");
        if follow.subscriber.send(&FollowEvent::Stop).await.is_err() {
            tracing::trace!("rpc: the follower is gone already");
        }
    }
}

/// What a subscription begins with.
struct Start {
    finalized: Vec<Place>,
    runtime: Option<RuntimeEvent>,
    announced: Vec<(Place, FollowEvent)>,
}

impl Start {
    fn read(node: &Node, view: View, with_runtime: bool) -> Result<Self, ChainHeadApiError> {
        let last = view.finalized;
        let first = last
            .number
            .saturating_sub(FIRST_BLOCKS - 1)
            .max(node.chain.oldest_state())
            .min(last.number);
        let mut finalized = Vec::new();
        for number in first..last.number {
            let hash = node.chain.hash_at(number)?;
            finalized.extend(hash.map(|hash| Place { number, hash }));
        }
        finalized.push(last);
        let announced = view.pending.iter().map(|block| {
            let runtime = changed_runtime(node, block, with_runtime);
            (place(block), new_block(block, runtime))
        });
        Ok(Self {
            finalized,
            runtime: with_runtime.then(|| runtime::event(&*node.state, last.hash)),
            announced: announced.collect(),
        })
    }
}

fn place(block: &Committed) -> Place {
    Place {
        number: block.header.number,
        hash: block.hash,
    }
}

/// What `newRuntime` of a block says: absent without the runtime, `null` if it did not change.
fn changed_runtime(
    node: &Node,
    block: &Committed,
    with_runtime: bool,
) -> Option<Option<RuntimeEvent>> {
    let read = || runtime::event(&*node.state, block.hash);
    with_runtime.then(|| block.runtime_changed.then(read))
}

fn new_block(block: &Committed, new_runtime: Option<Option<RuntimeEvent>>) -> FollowEvent {
    FollowEvent::NewBlock {
        block_hash: block.hash,
        parent_block_hash: block.header.parent_hash,
        new_runtime,
    }
}

/// The notifications of one subscription in order.
struct Session<'a> {
    node: &'a Arc<Node>,
    follow: &'a Follow,
}

impl Session<'_> {
    async fn run(&self, start: Start, mut feed: Feed) -> End {
        if let Err(end) = self.begin(start).await {
            return end;
        }
        loop {
            let step = tokio::select! {
                () = self.follow.subscriber.closed() => return End::Gone,
                step = feed.next() => step,
            };
            let told = match step {
                Step::Best(block) => self.new_best(&block).await,
                Step::Finalized(block) => self.finalized(block.hash).await,
                Step::Missed(_) => Err(End::Stop("the client does not keep up")),
            };
            if let Err(end) = told {
                return end;
            }
        }
    }

    async fn begin(&self, start: Start) -> Result<(), End> {
        for block in &start.finalized {
            self.pin(*block)?;
        }
        let mut best = start.finalized.last().map(|block| block.hash);
        let hashes = start.finalized.into_iter().map(|block| block.hash);
        self.tell(&FollowEvent::Initialized {
            finalized_block_hashes: hashes.collect(),
            finalized_block_runtime: start.runtime,
        })
        .await?;
        for (block, event) in start.announced {
            self.pin(block)?;
            self.tell(&event).await?;
            best = Some(block.hash);
        }
        match best {
            Some(best_block_hash) => {
                self.tell(&FollowEvent::BestBlockChanged { best_block_hash })
                    .await
            }
            None => Ok(()),
        }
    }

    async fn new_best(&self, block: &Arc<Committed>) -> Result<(), End> {
        self.pin(place(block))?;
        let with_runtime = self.follow.with_runtime;
        let runtime = if with_runtime && block.runtime_changed {
            let block = Arc::clone(block);
            let read = self.node.read(move |node| {
                Ok::<_, ChainHeadApiError>(changed_runtime(node, &block, with_runtime))
            });
            read.await
                .map_err(|_| End::Stop("the new runtime cannot be read"))?
        } else {
            with_runtime.then_some(None)
        };
        self.tell(&new_block(block, runtime)).await?;
        self.tell(&FollowEvent::BestBlockChanged {
            best_block_hash: block.hash,
        })
        .await
    }

    async fn finalized(&self, hash: Hash) -> Result<(), End> {
        self.tell(&FollowEvent::Finalized {
            finalized_block_hashes: vec![hash],
            pruned_block_hashes: Vec::new(),
        })
        .await
    }

    /// Pins a block before the client hears of it.
    fn pin(&self, block: Place) -> Result<(), End> {
        let oldest_state = self.node.chain.oldest_state();
        Ok(self.follow.pins.lock().pin(block, oldest_state)?)
    }

    async fn tell(&self, event: &FollowEvent) -> Result<(), End> {
        Ok(self.follow.subscriber.send(event).await?)
    }
}
