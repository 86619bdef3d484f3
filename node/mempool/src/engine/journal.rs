//! Writing local transactions to the journal: one write at a time, each with all that waits.

use std::{
    collections::{BTreeSet, HashSet},
    time::Instant,
};

use xinglin_core::{Extrinsic, PoolError, StoreError};
use xinglin_primitives::Hash;

use super::{batch::Answer, Done, Engine};
use crate::{config::JOURNAL_BACKLOG_MAX, state::Changes};

/// What waits to be written.
#[derive(Default)]
pub(super) struct JournalQueue {
    keep: Vec<(Hash, Extrinsic)>,
    forget: BTreeSet<Hash>,
    /// Of the transactions to keep, those that peers are told of when they are kept.
    announce: Vec<(Hash, Extrinsic)>,
    /// Who waits for the write.
    answers: Vec<Answer>,
    busy: bool,
}

/// A write that has ended.
pub(super) struct Journaled {
    kept: Vec<Hash>,
    announce: Vec<(Hash, Extrinsic)>,
    answers: Vec<Answer>,
    outcome: Result<(), StoreError>,
    seconds: f64,
}

impl JournalQueue {
    /// Asks for transactions to be kept, and their submitters answered then.
    pub(super) fn keep(
        &mut self,
        transactions: Vec<(Hash, Extrinsic)>,
        announce: Vec<(Hash, Extrinsic)>,
        answers: Vec<Answer>,
    ) {
        for (hash, _) in &transactions {
            // It left and came back before the journal heard that it had left.
            self.forget.remove(hash);
        }
        self.keep.extend(transactions);
        self.announce.extend(announce);
        self.answers.extend(answers);
    }

    pub(super) fn forget(&mut self, hashes: Vec<Hash>) {
        self.forget.extend(hashes);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether so much waits that no more should be taken.
    pub(super) fn is_behind(&self) -> bool {
        self.keep.len() >= JOURNAL_BACKLOG_MAX
    }

    fn is_empty(&self) -> bool {
        self.keep.is_empty() && self.forget.is_empty()
    }
}

impl Engine {
    /// Starts writing what waits, unless a write is in progress.
    pub(super) fn start_journal(&mut self) {
        if self.journal_queue.busy || self.journal_queue.is_empty() {
            return;
        }
        let queue = std::mem::take(&mut self.journal_queue);
        self.journal_queue.busy = true;
        let journal = self.journal.clone();
        self.work.spawn_blocking(move || {
            let started = Instant::now();
            let forget: Vec<Hash> = queue.forget.into_iter().collect();
            let mut outcome = Ok(());
            if !queue.keep.is_empty() {
                outcome = journal.keep(&queue.keep);
            }
            if !forget.is_empty() {
                if let Err(error) = journal.forget(&forget) {
                    // They are found to be invalid at the next start.
                    tracing::warn!(%error, transactions = forget.len(), "journal not cleaned");
                }
            }
            Done::Journaled(Journaled {
                kept: queue.keep.into_iter().map(|(hash, _)| hash).collect(),
                announce: queue.announce,
                answers: queue.answers,
                outcome,
                seconds: started.elapsed().as_secs_f64(),
            })
        });
    }

    pub(super) fn on_journaled(&mut self, journaled: Journaled) {
        self.journal_queue.busy = false;
        self.metrics.journaled(journaled.seconds);
        let mut answers = journaled.answers;
        match journaled.outcome {
            Ok(()) => self.announce(journaled.announce),
            Err(error) => {
                tracing::error!(%error, "local transactions could not be stored and are refused");
                let lost: HashSet<Hash> = journaled.kept.iter().copied().collect();
                for outcome in answers.iter_mut().flat_map(|answer| &mut answer.outcomes) {
                    if outcome.as_ref().is_ok_and(|hash| lost.contains(hash)) {
                        *outcome = Err(PoolError::Store(error.to_string()));
                    }
                }
                let mut changes = Changes::default();
                self.update(|pool| pool.withdraw(&journaled.kept, &mut changes));
                self.publish(changes);
            }
        }
        answers.into_iter().for_each(Answer::send);
    }
}
