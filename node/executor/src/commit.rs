//! What the executor thread does: one request after another, over the one tip.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use parking_lot::RwLock;
use tokio::sync::broadcast;
use xinglin_core::{
    Block, BuildRequest, ChainStore, CommitBatch, CommitNotice, ExecutionError, ReadySource,
    StoreError, Tip, Verdict, VerifyMode,
};
use xinglin_primitives::{consensus::CommitCertificate, Hash};
use xinglin_runtime::native::DecodedExtrinsic;

use crate::{
    building,
    config::OUTCOMES_MAX,
    execution::{next_nonces, Context, Outcome},
    verifying::{self, Refusal},
};

/// Where the ready transactions come from, once the pool exists.
pub(crate) type SharedReady = Arc<RwLock<Option<Arc<dyn ReadySource>>>>;

/// Builds, verifies and commits. Nobody else moves the tip.
pub(crate) struct Engine {
    chain: Arc<dyn ChainStore>,
    context: Arc<Context>,
    ready: SharedReady,
    notices: broadcast::Sender<Arc<CommitNotice>>,
    /// Executed blocks on top of the tip, oldest first.
    outcomes: VecDeque<Outcome>,
    /// The notice of the tip, if it was committed since the start.
    last: Option<Arc<CommitNotice>>,
}

impl Engine {
    pub(crate) fn new(
        chain: Arc<dyn ChainStore>,
        context: Arc<Context>,
        ready: SharedReady,
        notices: broadcast::Sender<Arc<CommitNotice>>,
    ) -> Self {
        Self {
            chain,
            context,
            ready,
            notices,
            outcomes: VecDeque::with_capacity(OUTCOMES_MAX),
            last: None,
        }
    }

    /// Builds a block and remembers its outcome.
    pub(crate) fn build(&mut self, request: &BuildRequest) -> Result<Arc<Block>, ExecutionError> {
        let started = Instant::now();
        let ready = self.ready.read().clone();
        let tip = self.context.state.tip();
        let outcome = building::build(&self.context, ready.as_deref(), &tip, request)?;
        let elapsed = started.elapsed();
        let block = outcome.block.clone();
        tracing::debug!(
            number = block.number(),
            hash = ?outcome.hash,
            transactions = block.body.len(),
            bytes = block.encoded_len(),
            elapsed_ms = elapsed.as_millis() as u64,
            "built a block"
        );
        let metrics = &self.context.metrics;
        metrics.build_seconds.observe(elapsed.as_secs_f64());
        self.remember(outcome);
        Ok(block)
    }

    /// Checks a block and remembers its outcome if it is valid.
    pub(crate) fn verify(
        &mut self,
        block: &Arc<Block>,
        mode: &VerifyMode,
    ) -> Result<Verdict, ExecutionError> {
        let checked = match self.known(block) {
            Some(outcome) => verifying::check_known(outcome, mode).map_err(Refusal::Invalid),
            None => self.execute(block, mode),
        };
        match checked {
            Ok(()) => Ok(Verdict::Valid),
            Err(Refusal::Here(error)) => Err(error),
            // Execution compares the roots last; whatever it met before is the block's fault only if
            // these are the block's transactions.
            Err(Refusal::Invalid(_)) if !block.is_whole() => Ok(Verdict::NotWhole),
            Err(Refusal::Invalid(reason)) => {
                self.context.metrics.invalid_blocks.inc();
                tracing::warn!(
                    number = block.number(),
                    hash = ?block.hash(),
                    %reason,
                    "a block is invalid"
                );
                Ok(Verdict::Invalid(reason))
            }
        }
    }

    /// Commits a decided block. Committing the tip again changes nothing.
    pub(crate) fn commit(
        &mut self,
        block: &Arc<Block>,
        certificate: &CommitCertificate,
    ) -> Result<Arc<CommitNotice>, ExecutionError> {
        let hash = block.hash();
        if hash == self.context.state.tip().hash {
            return Ok(self.committed_before(block, hash));
        }
        if (certificate.height, certificate.block_hash) != (block.number(), hash) {
            let message = format!(
                "the certificate is for block {} {:?}, not for {} {hash:?}",
                certificate.height,
                certificate.block_hash,
                block.number()
            );
            return Err(StoreError::Refused(message).into());
        }
        if self.known(block).is_none() {
            self.context.metrics.executed_at_commit.inc();
            self.execute(block, &VerifyMode::Synced)
                .map_err(|refusal| match refusal {
                    Refusal::Here(error) => error,
                    Refusal::Invalid(reason) => ExecutionError::DecidedInvalid { hash, reason },
                })?;
        }
        let started = Instant::now();
        let position = self.outcomes.iter().position(|known| known.hash == hash);
        let Some(outcome) = position.and_then(|index| self.outcomes.remove(index)) else {
            let message = format!("the outcome of block {hash:?} was lost");
            return Err(ExecutionError::Runtime(message));
        };
        if let Err(error) = self.write(&outcome, certificate) {
            // The caller may try again.
            self.remember(outcome);
            return Err(error.into());
        }
        self.outcomes.clear();
        let metrics = &self.context.metrics;
        metrics
            .commit_seconds
            .observe(started.elapsed().as_secs_f64());
        Ok(self.announce(outcome))
    }

    fn write(&self, outcome: &Outcome, certificate: &CommitCertificate) -> Result<(), StoreError> {
        let next = Tip {
            number: outcome.block.number(),
            hash: outcome.hash,
            state_root: outcome.block.header.state_root,
        };
        self.context.state.advance(next, &outcome.flat, || {
            self.chain.commit(CommitBatch {
                block: &outcome.block,
                hash: outcome.hash,
                extrinsic_hashes: &outcome.extrinsic_hashes,
                certificate: Some(certificate),
                trie: &outcome.trie,
                flat: &outcome.flat,
            })
        })
    }

    fn announce(&mut self, outcome: Outcome) -> Arc<CommitNotice> {
        self.count(&outcome);
        let notice = Arc::new(CommitNotice {
            block: outcome.block,
            hash: outcome.hash,
            extrinsic_hashes: outcome.extrinsic_hashes,
            next_nonces: outcome.next_nonces,
            changes: outcome.flat,
            runtime_changed: outcome.runtime_changed,
        });
        self.last = Some(notice.clone());
        if self.notices.send(notice.clone()).is_err() {
            tracing::trace!("nobody listens to commits");
        }
        notice
    }

    fn count(&self, outcome: &Outcome) {
        let metrics = &self.context.metrics;
        let bytes: usize = outcome.block.body.iter().map(|bytes| bytes.len()).sum();
        metrics.blocks.inc();
        metrics
            .transactions
            .inc_by(outcome.extrinsic_hashes.len() as u64);
        metrics.transaction_bytes.inc_by(bytes as u64);
        let (hits, misses) = self.context.state.values().hits_and_misses();
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.value_hits.set(gauge(hits));
        metrics.value_misses.set(gauge(misses));
        metrics
            .query_nodes_bytes
            .set(gauge(self.context.state.query_nodes_bytes() as u64));
    }

    /// The notice of the tip. After a restart its changes are no longer known; whoever needs them
    /// has not been subscribed then either.
    fn committed_before(&self, block: &Arc<Block>, hash: Hash) -> Arc<CommitNotice> {
        if let Some(last) = self.last.as_ref().filter(|last| last.hash == hash) {
            return last.clone();
        }
        let extrinsics: Vec<_> = block
            .body
            .iter()
            .filter_map(|bytes| DecodedExtrinsic::decode(bytes.clone()).ok())
            .collect();
        Arc::new(CommitNotice {
            block: block.clone(),
            hash,
            extrinsic_hashes: block.extrinsic_hashes(),
            next_nonces: next_nonces(&extrinsics),
            changes: Arc::default(),
            runtime_changed: false,
        })
    }

    fn execute(&mut self, block: &Arc<Block>, mode: &VerifyMode) -> Result<(), Refusal> {
        let started = Instant::now();
        let tip = self.context.state.tip();
        let outcome = verifying::verify(&self.context, &tip, block, mode)?;
        let elapsed = started.elapsed();
        let metrics = &self.context.metrics;
        metrics.verify_seconds.observe(elapsed.as_secs_f64());
        tracing::debug!(
            number = block.number(),
            hash = ?outcome.hash,
            transactions = block.body.len(),
            elapsed_ms = elapsed.as_millis() as u64,
            "executed a block"
        );
        self.remember(outcome);
        Ok(())
    }

    /// The outcome of a block. The hash is that of the header: another body under it is another
    /// block, and one that does not fit.
    fn known(&self, block: &Arc<Block>) -> Option<&Outcome> {
        let hash = block.hash();
        self.outcomes
            .iter()
            .find(|outcome| outcome.hash == hash && outcome.block == *block)
    }

    fn remember(&mut self, outcome: Outcome) {
        if self.outcomes.len() == OUTCOMES_MAX {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(outcome);
    }
}
