//! What operators see of the pool.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{exponential_buckets, Histogram},
    },
    registry::Registry,
};
use sp_runtime::transaction_validity::InvalidTransaction;
use xinglin_core::{PoolError, PoolStatus, TransactionSource, TransactionStatus};

/// Where a transaction came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: &'static str,
}

/// Why a transaction was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// How a transaction left the pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// The metrics of the pool. The default ones are counted but not exposed.
#[derive(Clone, Debug)]
pub struct MempoolMetrics {
    ready: Gauge,
    future: Gauge,
    bytes: Gauge,
    accepted: Family<SourceLabel, Counter>,
    refused: Family<ReasonLabel, Counter>,
    left: Family<OutcomeLabel, Counter>,
    batch_transactions: Histogram,
    validation_seconds: Histogram,
    journal_seconds: Histogram,
    unannounced: Counter<u64, AtomicU64>,
}

impl Default for MempoolMetrics {
    fn default() -> Self {
        Self {
            ready: Gauge::default(),
            future: Gauge::default(),
            bytes: Gauge::default(),
            accepted: Family::default(),
            refused: Family::default(),
            left: Family::default(),
            batch_transactions: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            validation_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
            journal_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
            unannounced: Counter::default(),
        }
    }
}

impl MempoolMetrics {
    /// Metrics exposed by `registry`, all beginning with `mempool_`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("mempool");
        registry.register(
            "ready",
            "Transactions that could be in the next block",
            metrics.ready.clone(),
        );
        registry.register(
            "future",
            "Transactions that wait for an earlier nonce",
            metrics.future.clone(),
        );
        registry.register(
            "bytes",
            "Bytes of transactions in the pool",
            metrics.bytes.clone(),
        );
        registry.register(
            "accepted",
            "Transactions taken, by source",
            metrics.accepted.clone(),
        );
        registry.register(
            "refused",
            "Transactions not taken, by reason",
            metrics.refused.clone(),
        );
        registry.register(
            "left",
            "Transactions that left the pool, by outcome",
            metrics.left.clone(),
        );
        registry.register(
            "batch_transactions",
            "Transactions validated in one call",
            metrics.batch_transactions.clone(),
        );
        registry.register(
            "validation_seconds",
            "Duration of one validation call",
            metrics.validation_seconds.clone(),
        );
        registry.register(
            "journal_seconds",
            "Duration of one journal write",
            metrics.journal_seconds.clone(),
        );
        registry.register(
            "unannounced",
            "Transactions not announced because the network was behind",
            metrics.unannounced.clone(),
        );
        metrics
    }

    pub(crate) fn set_status(&self, status: PoolStatus) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.ready.set(gauge(status.ready));
        self.future.set(gauge(status.future));
        self.bytes.set(gauge(status.bytes));
    }

    pub(crate) fn outcome(&self, source: TransactionSource, error: Option<&PoolError>) {
        match error {
            None => {
                let source = source_name(source);
                self.accepted.get_or_create(&SourceLabel { source }).inc();
            }
            Some(error) => {
                let reason = reason_name(error);
                self.refused.get_or_create(&ReasonLabel { reason }).inc();
            }
        }
    }

    pub(crate) fn status(&self, status: &TransactionStatus) {
        let outcome = match status {
            TransactionStatus::Finalized { .. } => "finalized",
            TransactionStatus::Usurped(_) => "usurped",
            TransactionStatus::Dropped => "dropped",
            TransactionStatus::Invalid => "invalid",
            TransactionStatus::Ready
            | TransactionStatus::Future
            | TransactionStatus::Broadcast(_) => return,
        };
        self.left.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    pub(crate) fn validated(&self, transactions: usize, seconds: f64) {
        // A batch is far below the count at which a float loses precision.
        self.batch_transactions.observe(transactions as f64);
        self.validation_seconds.observe(seconds);
    }

    pub(crate) fn journaled(&self, seconds: f64) {
        self.journal_seconds.observe(seconds);
    }

    pub(crate) fn unannounced(&self, transactions: usize) {
        self.unannounced
            .inc_by(u64::try_from(transactions).unwrap_or(u64::MAX));
    }
}

fn source_name(source: TransactionSource) -> &'static str {
    match source {
        TransactionSource::Local => "local",
        TransactionSource::Gossip => "gossip",
    }
}

fn reason_name(error: &PoolError) -> &'static str {
    match error {
        PoolError::TooLarge { .. } => "too_large",
        PoolError::Undecodable => "undecodable",
        PoolError::Invalid(InvalidTransaction::BadProof) => "bad_proof",
        PoolError::Invalid(InvalidTransaction::Stale) => "stale",
        PoolError::Invalid(_) => "invalid",
        PoolError::Unknown(_) => "unknown",
        PoolError::AlreadyImported(_) => "known",
        PoolError::TemporarilyBanned(_) => "banned",
        PoolError::PriorityTooLow => "priority",
        PoolError::Full(_) => "full",
        PoolError::Stopped => "stopped",
        PoolError::Store(_) => "store",
    }
}
