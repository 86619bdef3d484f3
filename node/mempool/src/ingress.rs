//! The handle of the pool: its mailboxes for those who submit, its view for those who read.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    block::extrinsic_len, Extrinsic, PoolError, PoolStatus, PooledTransaction, ReadySource,
    StatusStream, StoreError, TransactionPool, TransactionSource,
};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, Hash, Nonce};

use crate::{
    config::{
        MempoolConfig, BATCH_TRANSACTIONS_MAX, GOSSIP_MAILBOX_MAX, INGRESS_BYTES_MAX,
        LOCAL_MAILBOX_MAX, REPORTS_MAX, TRANSACTION_BYTES_MAX,
    },
    engine::{Engine, Inboxes, MempoolPorts},
    state::Pool,
    watchers::{status_channel, StatusSender},
};

/// Most bytes in one submission; larger ones are cut.
const SUBMISSION_BYTES_MAX: usize = INGRESS_BYTES_MAX / 8;

pub(crate) type Outcome = Result<Hash, PoolError>;

/// Transactions on their way to the engine.
pub(crate) struct Submission {
    /// Well-formed transactions with their hashes.
    pub(crate) transactions: Vec<(Hash, Extrinsic)>,
    /// Who follows the only transaction.
    pub(crate) watcher: Option<StatusSender>,
    /// Takes one outcome per transaction.
    pub(crate) reply: oneshot::Sender<Vec<Outcome>>,
    /// The room that the submission takes up until it is answered.
    pub(crate) room: OwnedSemaphorePermit,
}

/// What the engine writes and everybody reads.
pub(crate) struct Shared {
    pub(crate) pool: RwLock<Pool>,
    pub(crate) ready_count: watch::Sender<usize>,
}

/// One way into the pool, bounded by submissions and bytes.
#[derive(Clone)]
struct Mailbox {
    sender: mpsc::Sender<Submission>,
    room: Arc<Semaphore>,
    /// Whether who submits waits for room, or is refused when there is none.
    patient: bool,
}

/// The pool, as other services hold it. Clones are the same pool.
#[derive(Clone)]
pub struct Mempool {
    shared: Arc<Shared>,
    local: Mailbox,
    gossip: Mailbox,
    reports: mpsc::Sender<Vec<Hash>>,
    stopped: CancellationToken,
}

impl Mempool {
    /// Starts a pool on the current tokio runtime. It runs until `ports.cancel` is cancelled or the
    /// sender of the commit notices is gone.
    ///
    /// Reads the journal first, which blocks on the disk. The journal's transactions are validated
    /// again before any other is.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn spawn(config: MempoolConfig, ports: MempoolPorts) -> Result<Self, StoreError> {
        let kept = ports.journal.load()?;
        let (local, local_inbox) = Mailbox::new(LOCAL_MAILBOX_MAX, true);
        let (gossip, gossip_inbox) = Mailbox::new(GOSSIP_MAILBOX_MAX, false);
        let (reports, reports_inbox) = mpsc::channel(REPORTS_MAX);
        let mempool = Self {
            shared: Arc::new(Shared {
                pool: RwLock::new(Pool::new(config.limits())),
                ready_count: watch::Sender::new(0),
            }),
            local,
            gossip,
            reports,
            stopped: CancellationToken::new(),
        };
        let inboxes = Inboxes {
            local: local_inbox,
            gossip: gossip_inbox,
            reports: reports_inbox,
        };
        let engine = Engine::new(&config, ports, mempool.shared.clone(), inboxes);
        let stopped = mempool.stopped.clone().drop_guard();
        tokio::spawn(async move {
            engine.run(kept).await;
            drop(stopped);
        });
        Ok(mempool)
    }

    /// Waits until the pool has stopped and its last write to the journal is done.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// Submissions of local clients that wait in the mailbox.
    #[cfg(test)]
    pub(crate) fn waiting_local(&self) -> usize {
        self.local.sender.max_capacity() - self.local.sender.capacity()
    }

    fn mailbox(&self, source: TransactionSource) -> &Mailbox {
        match source {
            TransactionSource::Local => &self.local,
            TransactionSource::Gossip => &self.gossip,
        }
    }
}

impl Mailbox {
    fn new(capacity: usize, patient: bool) -> (Self, mpsc::Receiver<Submission>) {
        let (sender, receiver) = mpsc::channel(capacity);
        let room = Arc::new(Semaphore::new(INGRESS_BYTES_MAX));
        (
            Self {
                sender,
                room,
                patient,
            },
            receiver,
        )
    }

    /// Puts a submission into the mailbox; its outcomes come later.
    async fn send(
        &self,
        transactions: Vec<(Hash, Extrinsic)>,
        watcher: Option<StatusSender>,
    ) -> Result<oneshot::Receiver<Vec<Outcome>>, PoolError> {
        let bytes: usize = transactions.iter().map(|(_, bytes)| bytes.len()).sum();
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let full = PoolError::Full("too many transactions are waiting for validation");
        let room = self.room.clone();
        let room = if self.patient {
            room.acquire_many_owned(permits)
                .await
                .map_err(|_| PoolError::Stopped)?
        } else {
            room.try_acquire_many_owned(permits)
                .map_err(|_| full.clone())?
        };
        let (reply, outcomes) = oneshot::channel();
        let submission = Submission {
            transactions,
            watcher,
            reply,
            room,
        };
        if self.patient {
            let sent = self.sender.send(submission).await;
            sent.map_err(|_| PoolError::Stopped)?;
        } else {
            self.sender
                .try_send(submission)
                .map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => full,
                    mpsc::error::TrySendError::Closed(_) => PoolError::Stopped,
                })?;
        }
        Ok(outcomes)
    }
}

/// Whether the bytes are one length-prefixed transaction of legal size.
fn check_bytes(bytes: &Extrinsic) -> Result<(), PoolError> {
    if bytes.len() > TRANSACTION_BYTES_MAX {
        return Err(PoolError::TooLarge {
            bytes: bytes.len(),
            limit: TRANSACTION_BYTES_MAX,
        });
    }
    if extrinsic_len(bytes) == Some(bytes.len()) {
        Ok(())
    } else {
        Err(PoolError::Undecodable)
    }
}

/// Cuts well-formed transactions into submissions of bounded count and size.
fn cut(transactions: Vec<(usize, Hash, Extrinsic)>) -> Vec<Vec<(usize, Hash, Extrinsic)>> {
    let mut pieces: Vec<Vec<(usize, Hash, Extrinsic)>> = Vec::new();
    let mut bytes_in_piece = 0;
    for transaction in transactions {
        let bytes = transaction.2.len();
        match pieces.last_mut() {
            Some(piece)
                if piece.len() < BATCH_TRANSACTIONS_MAX
                    && bytes_in_piece + bytes <= SUBMISSION_BYTES_MAX =>
            {
                bytes_in_piece += bytes;
                piece.push(transaction);
            }
            _ => {
                bytes_in_piece = bytes;
                pieces.push(vec![transaction]);
            }
        }
    }
    pieces
}

#[async_trait]
impl TransactionPool for Mempool {
    async fn submit(&self, source: TransactionSource, transaction: Extrinsic) -> Outcome {
        check_bytes(&transaction)?;
        let transactions = vec![(extrinsic_hash(&transaction), transaction)];
        let outcomes = self.mailbox(source).send(transactions, None).await?;
        single(outcomes).await
    }

    async fn submit_many(
        &self,
        source: TransactionSource,
        transactions: Vec<Extrinsic>,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(transactions.len());
        let mut well_formed = Vec::with_capacity(transactions.len());
        for (position, bytes) in transactions.into_iter().enumerate() {
            let checked = check_bytes(&bytes);
            if checked.is_ok() {
                well_formed.push((position, extrinsic_hash(&bytes), bytes));
            }
            outcomes.push(checked.and(Err(PoolError::Stopped)));
        }
        let mut awaited = Vec::new();
        for piece in cut(well_formed) {
            let positions: Vec<usize> = piece.iter().map(|(position, ..)| *position).collect();
            let piece = piece
                .into_iter()
                .map(|(_, hash, bytes)| (hash, bytes))
                .collect();
            match self.mailbox(source).send(piece, None).await {
                Ok(replies) => awaited.push((positions, replies)),
                Err(error) => {
                    for position in positions {
                        outcomes[position] = Err(error.clone());
                    }
                }
            }
        }
        for (positions, replies) in awaited {
            let Ok(replies) = replies.await else {
                continue;
            };
            for (position, reply) in positions.into_iter().zip(replies) {
                outcomes[position] = reply;
            }
        }
        outcomes
    }

    async fn submit_and_watch(
        &self,
        transaction: Extrinsic,
    ) -> Result<(Hash, StatusStream), PoolError> {
        check_bytes(&transaction)?;
        let transactions = vec![(extrinsic_hash(&transaction), transaction)];
        let (sender, statuses) = status_channel();
        let outcomes = self.local.send(transactions, Some(sender)).await?;
        Ok((single(outcomes).await?, statuses))
    }

    fn pending(&self, limit: usize) -> Vec<Extrinsic> {
        let ready = self.shared.pool.read().ready(limit, usize::MAX);
        ready
            .iter()
            .map(|transaction| transaction.bytes.clone())
            .collect()
    }

    fn next_nonce(&self, account: &AccountId) -> Option<Nonce> {
        self.shared.pool.read().next_nonce(account)
    }

    fn status(&self) -> PoolStatus {
        self.shared.pool.read().status()
    }
}

async fn single(outcomes: oneshot::Receiver<Vec<Outcome>>) -> Outcome {
    let outcomes = outcomes.await.map_err(|_| PoolError::Stopped)?;
    outcomes.into_iter().next().ok_or(PoolError::Stopped)?
}

impl ReadySource for Mempool {
    fn ready(&self, count: usize, bytes: usize) -> Vec<Arc<PooledTransaction>> {
        self.shared.pool.read().ready(count, bytes)
    }

    fn remove_invalid(&self, hashes: &[Hash]) {
        if hashes.is_empty() {
            return;
        }
        if self.reports.try_send(hashes.to_vec()).is_err() {
            // They stay ready; the next build reports them again.
            tracing::debug!(
                transactions = hashes.len(),
                "report of invalid transactions dropped"
            );
        }
    }

    fn ready_count(&self) -> watch::Receiver<usize> {
        self.shared.ready_count.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submissions_are_cut_by_count_and_by_bytes() {
        let of = |count: usize, bytes: usize| {
            let transaction = Extrinsic::from(vec![0; bytes]);
            let all = (0..count)
                .map(|position| (position, Hash::zero(), transaction.clone()))
                .collect();
            let pieces = cut(all);
            let flat: Vec<usize> = pieces.iter().flatten().map(|(at, ..)| *at).collect();
            assert_eq!(flat, (0..count).collect::<Vec<_>>());
            pieces.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(of(0, 1), Vec::<usize>::new());
        assert_eq!(of(2 * BATCH_TRANSACTIONS_MAX + 1, 1), [512, 512, 1]);
        assert_eq!(of(3, SUBMISSION_BYTES_MAX / 2), [2, 1]);
    }
}
