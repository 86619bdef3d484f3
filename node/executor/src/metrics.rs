//! What the executor counts.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Upper ends of the buckets of durations, in seconds.
const DURATION_BUCKETS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];

/// Metrics of the executor. Clones count into the same places.
#[derive(Clone)]
pub struct Metrics {
    /// Seconds to build a block.
    pub(crate) build_seconds: Histogram,
    /// Seconds to check a block and execute it.
    pub(crate) verify_seconds: Histogram,
    /// Seconds to write a decided block.
    pub(crate) commit_seconds: Histogram,
    /// Seconds of a build or verification that went into the state root and the end of the block.
    pub(crate) finalize_seconds: Histogram,
    /// Blocks committed.
    pub(crate) blocks: Counter,
    /// Transactions committed.
    pub(crate) transactions: Counter,
    /// Bytes of transactions committed.
    pub(crate) transaction_bytes: Counter,
    /// Blocks found invalid.
    pub(crate) invalid_blocks: Counter,
    /// Transactions that were dropped while building.
    pub(crate) dropped: Counter,
    /// Decided blocks that had to be executed because their outcome was not remembered.
    pub(crate) executed_at_commit: Counter,
    /// Signatures verified in a batch.
    pub(crate) signatures_batched: Counter,
    /// Signatures verified one by one.
    pub(crate) signatures_single: Counter,
    /// Signatures that were remembered as verified.
    pub(crate) signatures_remembered: Counter,
    /// Lookups of tip values answered by the cache.
    pub(crate) value_hits: Gauge,
    /// Lookups of tip values that went to the database.
    pub(crate) value_misses: Gauge,
    /// Bytes in the cache of trie nodes that queries touch.
    pub(crate) query_nodes_bytes: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(DURATION_BUCKETS);
        Self {
            build_seconds: seconds(),
            verify_seconds: seconds(),
            commit_seconds: seconds(),
            finalize_seconds: seconds(),
            blocks: Counter::default(),
            transactions: Counter::default(),
            transaction_bytes: Counter::default(),
            invalid_blocks: Counter::default(),
            dropped: Counter::default(),
            executed_at_commit: Counter::default(),
            signatures_batched: Counter::default(),
            signatures_single: Counter::default(),
            signatures_remembered: Counter::default(),
            value_hits: Gauge::default(),
            value_misses: Gauge::default(),
            query_nodes_bytes: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Adds the metrics to a registry, under the prefix `executor`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("executor");
        let histograms = [
            (
                "build_seconds",
                "Seconds to build a block",
                &self.build_seconds,
            ),
            (
                "verify_seconds",
                "Seconds to check and execute a block",
                &self.verify_seconds,
            ),
            (
                "commit_seconds",
                "Seconds to write a decided block",
                &self.commit_seconds,
            ),
            (
                "finalize_seconds",
                "Seconds for the end of a block and its state root",
                &self.finalize_seconds,
            ),
        ];
        for (name, help, metric) in histograms {
            registry.register(name, help, metric.clone());
        }
        let counters = [
            ("blocks", "Blocks committed", &self.blocks),
            ("transactions", "Transactions committed", &self.transactions),
            (
                "transaction_bytes",
                "Bytes of transactions committed",
                &self.transaction_bytes,
            ),
            (
                "invalid_blocks",
                "Blocks found invalid",
                &self.invalid_blocks,
            ),
            (
                "dropped_transactions",
                "Transactions found invalid while building",
                &self.dropped,
            ),
            (
                "executed_at_commit",
                "Decided blocks whose outcome was not remembered",
                &self.executed_at_commit,
            ),
            (
                "signatures_batched",
                "Signatures verified in batches",
                &self.signatures_batched,
            ),
            (
                "signatures_single",
                "Signatures verified one by one",
                &self.signatures_single,
            ),
            (
                "signatures_remembered",
                "Signatures not verified again",
                &self.signatures_remembered,
            ),
        ];
        for (name, help, metric) in counters {
            registry.register(name, help, metric.clone());
        }
        let gauges = [
            (
                "value_cache_hits",
                "Lookups answered by the cache of values",
                &self.value_hits,
            ),
            (
                "value_cache_misses",
                "Lookups of values that went to the database",
                &self.value_misses,
            ),
            (
                "query_nodes_bytes",
                "Bytes in the cache of trie nodes that queries touch",
                &self.query_nodes_bytes,
            ),
        ];
        for (name, help, metric) in gauges {
            registry.register(name, help, metric.clone());
        }
    }
}
