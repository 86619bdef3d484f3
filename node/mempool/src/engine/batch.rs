//! From gathered submissions through validation into the pool, and the answers.

use std::{sync::Arc, time::Instant};

use sp_runtime::transaction_validity::TransactionValidityError;
use tokio::{
    sync::{oneshot, OwnedSemaphorePermit},
    task,
};
use xinglin_core::{
    block::extrinsic_len, Extrinsic, PoolError, PooledTransaction, TransactionSource, Validated,
    ValidatedTransaction,
};
use xinglin_primitives::{receipt::extrinsic_hash, BlockNumber, Hash};

use super::{validate, Done, Engine};
use crate::{
    config::BATCH_TRANSACTIONS_MAX,
    ingress::{Outcome, Submission},
    state::{Candidate, Changes, Pool},
    watchers::StatusSender,
};

/// An answer in the making: the outcomes of one submission.
pub(super) struct Answer {
    pub(super) outcomes: Vec<Outcome>,
    watcher: Option<StatusSender>,
    reply: oneshot::Sender<Vec<Outcome>>,
    _room: OwnedSemaphorePermit,
}

impl Answer {
    pub(super) fn send(self) {
        // Who asked may have left; the transactions are taken all the same.
        drop(self.reply.send(self.outcomes));
    }
}

/// One transaction of a batch and where its outcome belongs.
struct Item {
    hash: Hash,
    answer: usize,
    position: usize,
}

/// Transactions that are validated in one call.
pub(super) struct Batch {
    source: TransactionSource,
    validated_at: BlockNumber,
    items: Vec<Item>,
    transactions: Vec<Extrinsic>,
    answers: Vec<Answer>,
}

pub(super) struct ValidatedBatch {
    batch: Batch,
    outcomes: Vec<Validated>,
    seconds: f64,
}

/// What a batch brings to the journal and to peers.
#[derive(Default)]
struct Accepted {
    all: Vec<(Hash, Extrinsic)>,
    to_announce: Vec<(Hash, Extrinsic)>,
}

impl Engine {
    /// Sorts out what needs no validation and starts validating the rest.
    pub(super) fn start_batch(&mut self, source: TransactionSource, gathered: Vec<Submission>) {
        let batch = self.collect(source, gathered);
        if batch.items.is_empty() {
            batch.answers.into_iter().for_each(Answer::send);
            return;
        }
        self.inlet(source).begin();
        let validator = self.validator.clone();
        self.work.spawn_blocking(move || {
            let started = Instant::now();
            let outcomes = validate(&*validator, source, &batch.transactions);
            Done::Validated(ValidatedBatch {
                batch,
                outcomes,
                seconds: started.elapsed().as_secs_f64(),
            })
        });
    }

    fn collect(&mut self, source: TransactionSource, gathered: Vec<Submission>) -> Batch {
        let mut batch = Batch {
            source,
            validated_at: self.height,
            items: Vec::new(),
            transactions: Vec::new(),
            answers: Vec::with_capacity(gathered.len()),
        };
        let pool = self.shared.pool.read();
        for (answer, submission) in gathered.into_iter().enumerate() {
            let mut outcomes = Vec::with_capacity(submission.transactions.len());
            for (position, (hash, bytes)) in submission.transactions.into_iter().enumerate() {
                let known = if self.pending.contains(&hash) {
                    Err(PoolError::AlreadyImported(hash))
                } else {
                    pool.check(&hash, self.height)
                };
                if known.is_ok() {
                    self.pending.insert(hash);
                    batch.transactions.push(bytes);
                    batch.items.push(Item {
                        hash,
                        answer,
                        position,
                    });
                }
                if let Err(error) = &known {
                    self.metrics.outcome(source, Some(error));
                }
                outcomes.push(known.map(|()| hash));
            }
            batch.answers.push(Answer {
                outcomes,
                watcher: submission.watcher,
                reply: submission.reply,
                _room: submission.room,
            });
        }
        batch
    }

    pub(super) fn on_validated(&mut self, validated: ValidatedBatch) {
        let ValidatedBatch {
            batch,
            outcomes,
            seconds,
        } = validated;
        let source = batch.source;
        self.metrics.validated(outcomes.len(), seconds);
        self.inlet(source).busy = false;

        let mut answers = batch.answers;
        let mut changes = Changes::default();
        let mut accepted = Accepted::default();
        {
            let now_ms = self.now_ms();
            let mut pool = self.shared.pool.write();
            pool.set_time(now_ms);
            let work = batch
                .items
                .into_iter()
                .zip(batch.transactions)
                .zip(outcomes);
            for ((item, bytes), outcome) in work {
                self.pending.remove(&item.hash);
                let origin = Origin {
                    source,
                    validated_at: batch.validated_at,
                };
                let taken = admit(&mut pool, origin, item.hash, &bytes, outcome, &mut changes);
                self.metrics.outcome(source, taken.as_ref().err());
                let answer = &mut answers[item.answer];
                answer.outcomes[item.position] = taken.map(|propagate| {
                    if let Some(watcher) = answer.watcher.take() {
                        self.watchers.watch(item.hash, watcher);
                    }
                    accepted.add(item.hash, bytes, propagate);
                    item.hash
                });
            }
        }
        self.publish(changes);
        self.answer(source, answers, accepted);
    }

    /// Answers peers at once, and local clients once their transactions are on the disk.
    fn answer(&mut self, source: TransactionSource, answers: Vec<Answer>, accepted: Accepted) {
        match source {
            TransactionSource::Local => {
                let (waiting, settled): (Vec<_>, Vec<_>) = answers
                    .into_iter()
                    .partition(|answer| answer.outcomes.iter().any(Result::is_ok));
                settled.into_iter().for_each(Answer::send);
                self.journal_queue
                    .keep(accepted.all, accepted.to_announce, waiting);
            }
            TransactionSource::Gossip => answers.into_iter().for_each(Answer::send),
        }
    }

    /// Validates the journal's transactions and takes them back; forgets those that are no longer
    /// valid.
    pub(super) async fn reload(&mut self, kept: Vec<Extrinsic>) {
        if kept.is_empty() {
            return;
        }
        let total = kept.len();
        let origin = Origin {
            source: TransactionSource::Local,
            validated_at: self.height,
        };
        let validator = self.validator.clone();
        let validation = task::spawn_blocking(move || {
            let chunks = kept.chunks(BATCH_TRANSACTIONS_MAX);
            let outcomes: Vec<Validated> = chunks
                .flat_map(|chunk| validate(&*validator, origin.source, chunk))
                .collect();
            (kept, outcomes)
        });
        let Ok((kept, outcomes)) = validation.await else {
            return;
        };
        let mut work: Vec<(Extrinsic, Validated)> = kept.into_iter().zip(outcomes).collect();
        // In the order of their nonces none waits for another, however many there are.
        work.sort_by_key(|(_, outcome)| match outcome {
            Ok(validated) => validated.sender.as_ref().map(|(_, nonce)| *nonce),
            Err(_) => None,
        });
        let mut changes = Changes::default();
        let mut accepted = Accepted::default();
        self.update(|pool| {
            for (bytes, outcome) in work {
                let hash = extrinsic_hash(&bytes);
                match admit(pool, origin, hash, &bytes, outcome, &mut changes) {
                    Ok(propagate) => accepted.add(hash, bytes, propagate),
                    Err(PoolError::Invalid(_)) => changes.forgotten.push(hash),
                    // It was promised to be kept; the next start tries again.
                    Err(error) => tracing::warn!(?hash, %error, "kept transaction not taken back"),
                }
            }
        });
        let taken_back = accepted.all.len();
        tracing::info!(total, taken_back, "took back this node's own transactions");
        self.publish(changes);
        for chunk in accepted.to_announce.chunks(BATCH_TRANSACTIONS_MAX) {
            self.announce(chunk.to_vec());
        }
    }

    fn inlet(&mut self, source: TransactionSource) -> &mut super::Inlet {
        let inlet = match source {
            TransactionSource::Local => &mut self.local,
            TransactionSource::Gossip => &mut self.gossip,
        };
        debug_assert_eq!(inlet.source, source);
        inlet
    }
}

impl Accepted {
    fn add(&mut self, hash: Hash, bytes: Extrinsic, propagate: bool) {
        if propagate {
            self.to_announce.push((hash, bytes.clone()));
        }
        self.all.push((hash, bytes));
    }
}

#[derive(Clone, Copy)]
struct Origin {
    source: TransactionSource,
    validated_at: BlockNumber,
}

/// Gives one validated transaction its place. Returns whether peers may be told of it.
fn admit(
    pool: &mut Pool,
    origin: Origin,
    hash: Hash,
    bytes: &Extrinsic,
    outcome: Validated,
    changes: &mut Changes,
) -> Result<bool, PoolError> {
    let validated = match outcome {
        Ok(validated) => validated,
        Err(TransactionValidityError::Unknown(unknown)) => return Err(PoolError::Unknown(unknown)),
        Err(TransactionValidityError::Invalid(invalid)) => {
            pool.refuse(hash, origin.validated_at);
            return Err(PoolError::Invalid(invalid));
        }
    };
    debug_assert_eq!(extrinsic_len(bytes), Some(bytes.len()));
    debug_assert_eq!(validated.hash, hash);
    let candidate = candidate(validated, bytes.clone(), origin);
    let propagate = candidate.propagate;
    pool.insert(candidate, changes)?;
    Ok(propagate)
}

fn candidate(validated: ValidatedTransaction, bytes: Extrinsic, origin: Origin) -> Candidate {
    let validity = validated.validity;
    let longevity = BlockNumber::try_from(validity.longevity).unwrap_or(BlockNumber::MAX);
    Candidate {
        transaction: Arc::new(PooledTransaction {
            hash: validated.hash,
            bytes,
            sender: validated.sender,
            priority: validity.priority,
            valid_until: origin.validated_at.saturating_add(longevity),
        }),
        current: validity.requires.is_empty(),
        tags: validity.provides,
        propagate: validity.propagate,
        local: origin.source == TransactionSource::Local,
        validated_at: origin.validated_at,
    }
}
