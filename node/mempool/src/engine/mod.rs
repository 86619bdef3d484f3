//! The task that writes the pool.

mod batch;
mod journal;
mod recheck;

use std::{
    collections::HashSet,
    panic::{catch_unwind, AssertUnwindSafe},
    sync::Arc,
    time::Instant,
};

use sp_runtime::transaction_validity::{TransactionValidityError, UnknownTransaction};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
    time::{interval, sleep_until, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    ChainStore, CommitNotice, Extrinsic, PoolJournal, TransactionSource, TransactionStatus,
    TransactionValidator, Validated,
};
use xinglin_primitives::{BlockNumber, Hash};

use self::{
    batch::ValidatedBatch,
    journal::{JournalQueue, Journaled},
    recheck::{RecheckQueue, Rechecked},
};
use crate::{
    config::{
        millis, MempoolConfig, BATCH_INTERVAL, BATCH_TRANSACTIONS_MAX, REANNOUNCED_MAX,
        TICK_INTERVAL,
    },
    ingress::{Shared, Submission},
    metrics::MempoolMetrics,
    state::{Changes, CommittedBlock},
    watchers::Watchers,
};

/// What the pool needs of the other services.
pub struct MempoolPorts {
    /// Validates transactions at the tip.
    pub validator: Arc<dyn TransactionValidator>,
    /// Keeps local transactions over a restart.
    pub journal: Arc<dyn PoolJournal>,
    /// Tells the tip at the start, and what became of transactions when notices were missed.
    pub chain: Arc<dyn ChainStore>,
    /// Notices of committed blocks, subscribed before the pool is spawned.
    pub commits: broadcast::Receiver<Arc<CommitNotice>>,
    /// Takes local transactions that peers are to be told of. When it is full the announcement is
    /// repeated later.
    pub announce: mpsc::Sender<Vec<Extrinsic>>,
    /// Ids of the peers that announcements go to, in text form.
    pub peers: watch::Receiver<Vec<String>>,
    /// Counts what the pool does.
    pub metrics: MempoolMetrics,
    /// Stops the pool.
    pub cancel: CancellationToken,
}

/// The receiving ends of the mailboxes.
pub(crate) struct Inboxes {
    pub(crate) local: mpsc::Receiver<Submission>,
    pub(crate) gossip: mpsc::Receiver<Submission>,
    pub(crate) reports: mpsc::Receiver<Vec<Hash>>,
}

/// A mailbox with its place for one batch in validation.
struct Inlet {
    source: TransactionSource,
    submissions: mpsc::Receiver<Submission>,
    busy: bool,
    /// When the next batch may begin.
    due: Instant,
}

impl Inlet {
    fn new(source: TransactionSource, submissions: mpsc::Receiver<Submission>) -> Self {
        Self {
            source,
            submissions,
            busy: false,
            due: Instant::now(),
        }
    }

    /// A batch begins.
    fn begin(&mut self) {
        self.busy = true;
        self.due = Instant::now() + BATCH_INTERVAL;
    }

    /// Waits until a batch is due and for a submission, and takes what else is there, up to a batch.
    /// Nothing is lost when the wait is cut short.
    async fn gather(&mut self) -> Vec<Submission> {
        sleep_until(self.due.into()).await;
        match self.submissions.recv().await {
            Some(first) => self.gather_with(first),
            // The engine outlives the handles only until it is cancelled.
            None => std::future::pending().await,
        }
    }

    fn gather_with(&mut self, first: Submission) -> Vec<Submission> {
        let mut count = first.transactions.len();
        let mut gathered = vec![first];
        while count < BATCH_TRANSACTIONS_MAX {
            let Ok(submission) = self.submissions.try_recv() else {
                break;
            };
            count += submission.transactions.len();
            gathered.push(submission);
        }
        gathered
    }
}

/// Work done on a blocking thread.
enum Done {
    Validated(ValidatedBatch),
    Journaled(Journaled),
    Rechecked(Rechecked),
}

pub(crate) struct Engine {
    shared: Arc<Shared>,
    validator: Arc<dyn TransactionValidator>,
    journal: Arc<dyn PoolJournal>,
    chain: Arc<dyn ChainStore>,
    commits: broadcast::Receiver<Arc<CommitNotice>>,
    announce: mpsc::Sender<Vec<Extrinsic>>,
    peers: watch::Receiver<Vec<String>>,
    /// The peers that have been told of what was there when they came.
    known_peers: Vec<String>,
    metrics: MempoolMetrics,
    cancel: CancellationToken,
    local: Inlet,
    gossip: Inlet,
    reports: mpsc::Receiver<Vec<Hash>>,
    /// Batches, journal writes and rechecks in progress: at most one of each, and one batch per
    /// mailbox.
    work: JoinSet<Done>,
    /// Hashes in validation.
    pending: HashSet<Hash>,
    watchers: Watchers,
    journal_queue: JournalQueue,
    recheck_queue: RecheckQueue,
    /// Height of the last block heard of; the validator's tip may be ahead.
    height: BlockNumber,
    reannounce_after_ms: u64,
    started: Instant,
}

impl Engine {
    pub(crate) fn new(
        config: &MempoolConfig,
        ports: MempoolPorts,
        shared: Arc<Shared>,
        inboxes: Inboxes,
    ) -> Self {
        let height = ports.chain.tip().map_or(0, |tip| tip.number);
        Self {
            shared,
            validator: ports.validator,
            journal: ports.journal,
            chain: ports.chain,
            commits: ports.commits,
            announce: ports.announce,
            peers: ports.peers,
            known_peers: Vec::new(),
            metrics: ports.metrics,
            cancel: ports.cancel,
            local: Inlet::new(TransactionSource::Local, inboxes.local),
            gossip: Inlet::new(TransactionSource::Gossip, inboxes.gossip),
            reports: inboxes.reports,
            work: JoinSet::new(),
            pending: HashSet::new(),
            watchers: Watchers::default(),
            journal_queue: JournalQueue::default(),
            recheck_queue: RecheckQueue::default(),
            height,
            reannounce_after_ms: millis(config.reannounce_after),
            started: Instant::now(),
        }
    }

    /// Takes in the journal's transactions, then serves until cancelled.
    pub(crate) async fn run(mut self, kept: Vec<Extrinsic>) {
        self.reload(kept).await;
        let mut ticker = interval(TICK_INTERVAL);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.start_journal();
            self.start_recheck();
            let local_open = !self.local.busy && !self.journal_queue.is_behind();
            // Blocks come first: whatever follows is judged on top of them.
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break,
                notice = self.commits.recv() => match notice {
                    Ok(notice) => self.on_commit(&notice),
                    Err(broadcast::error::RecvError::Lagged(missed)) => self.on_lag(missed),
                    Err(broadcast::error::RecvError::Closed) => break,
                },
                Some(done) = self.work.join_next() => match done {
                    Ok(Done::Validated(batch)) => self.on_validated(batch),
                    Ok(Done::Journaled(journaled)) => self.on_journaled(journaled),
                    Ok(Done::Rechecked(rechecked)) => self.on_rechecked(rechecked),
                    Err(error) => {
                        tracing::error!(%error, "a worker of the mempool failed; stopping");
                        break;
                    }
                },
                Some(hashes) = self.reports.recv() => self.on_report(&hashes),
                _ = ticker.tick() => self.on_tick(),
                gathered = self.local.gather(), if local_open => {
                    self.start_batch(TransactionSource::Local, gathered);
                }
                gathered = self.gossip.gather(), if !self.gossip.busy => {
                    self.start_batch(TransactionSource::Gossip, gathered);
                }
            }
        }
        self.finish().await;
    }

    /// Lets the journal take what it has been given.
    async fn finish(&mut self) {
        self.local.submissions.close();
        self.gossip.submissions.close();
        loop {
            self.start_journal();
            if !self.journal_queue.is_busy() {
                return;
            }
            match self.work.join_next().await {
                Some(Ok(Done::Journaled(journaled))) => self.on_journaled(journaled),
                Some(_) => {}
                None => return,
            }
        }
    }

    fn on_commit(&mut self, notice: &CommitNotice) {
        self.height = self.height.max(notice.number());
        let block = CommittedBlock {
            number: notice.number(),
            hash: notice.hash,
            extrinsics: &notice.extrinsic_hashes,
            next_nonces: &notice.next_nonces,
        };
        let mut changes = Changes::default();
        self.update(|pool| pool.commit(block, &mut changes));
        self.publish(changes);
        if notice.runtime_changed {
            self.recheck_all();
        }
    }

    fn on_lag(&mut self, missed: u64) {
        tracing::warn!(
            missed,
            "commit notices missed; checking the whole pool again"
        );
        self.height = self.chain.tip().map_or(self.height, |tip| tip.number);
        self.recheck_all();
    }

    fn on_report(&mut self, hashes: &[Hash]) {
        let tip = self.height;
        let mut changes = Changes::default();
        self.update(|pool| pool.invalidate(hashes, tip, &mut changes));
        self.publish(changes);
    }

    fn on_tick(&mut self) {
        let mut changes = Changes::default();
        let told_before_ms = if self.has_new_peers() {
            // They have heard of nothing yet.
            u64::MAX
        } else {
            self.now_ms().saturating_sub(self.reannounce_after_ms)
        };
        let unannounced = self.update(|pool| {
            pool.expire(&mut changes);
            pool.take_unannounced(told_before_ms, REANNOUNCED_MAX)
        });
        self.publish(changes);
        let transactions = unannounced
            .iter()
            .map(|transaction| transaction.bytes.clone())
            .collect();
        self.tell_peers(transactions);
    }

    /// Whether there are peers that were not there when this was last asked.
    fn has_new_peers(&mut self) -> bool {
        let peers = self.peers.borrow_and_update();
        let any_new = peers.iter().any(|peer| !self.known_peers.contains(peer));
        self.known_peers.clone_from(&peers);
        any_new
    }

    fn now_ms(&self) -> u64 {
        millis(self.started.elapsed())
    }

    /// Runs `change` on the pool with its time set.
    fn update<R>(&self, change: impl FnOnce(&mut crate::state::Pool) -> R) -> R {
        let now_ms = self.now_ms();
        let mut pool = self.shared.pool.write();
        pool.set_time(now_ms);
        change(&mut pool)
    }

    /// Tells watchers, journal, builder and operators what has changed.
    fn publish(&mut self, changes: Changes) {
        for (hash, status) in changes.statuses {
            self.metrics.status(&status);
            self.watchers.notify(&hash, status);
        }
        self.journal_queue.forget(changes.forgotten);
        let status = self.shared.pool.read().status();
        self.metrics.set_status(status);
        self.shared
            .ready_count
            .send_if_modified(|count| std::mem::replace(count, status.ready) != status.ready);
    }

    /// Hands transactions to the network. Returns whether it took them.
    fn tell_peers(&self, transactions: Vec<Extrinsic>) -> bool {
        if transactions.is_empty() {
            return true;
        }
        let count = transactions.len();
        let taken = self.announce.try_send(transactions).is_ok();
        if !taken {
            self.metrics.unannounced(count);
        }
        taken
    }

    /// Announces new local transactions and tells who follows them.
    fn announce(&mut self, transactions: Vec<(Hash, Extrinsic)>) {
        let watched: Vec<Hash> = transactions
            .iter()
            .map(|(hash, _)| *hash)
            .filter(|hash| self.watchers.is_watched(hash))
            .collect();
        let taken = self.tell_peers(transactions.into_iter().map(|(_, bytes)| bytes).collect());
        if !taken || watched.is_empty() {
            return;
        }
        let peers = self.peers.borrow().clone();
        if peers.is_empty() {
            return;
        }
        for hash in watched {
            self.watchers
                .notify(&hash, TransactionStatus::Broadcast(peers.clone()));
        }
    }
}

/// Validates on the calling thread, which may block. A validator that panics or miscounts cannot
/// tell about any of the transactions.
fn validate(
    validator: &dyn TransactionValidator,
    source: TransactionSource,
    transactions: &[Extrinsic],
) -> Vec<Validated> {
    let outcomes = catch_unwind(AssertUnwindSafe(|| {
        validator.validate(source, transactions)
    }));
    match outcomes {
        Ok(outcomes) if outcomes.len() == transactions.len() => outcomes,
        _ => {
            tracing::error!(
                transactions = transactions.len(),
                "the validator failed on a batch"
            );
            let unknown = TransactionValidityError::Unknown(UnknownTransaction::CannotLookup);
            vec![Err(unknown); transactions.len()]
        }
    }
}
