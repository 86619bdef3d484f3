//! What Prometheus learns of the index.

use std::time::Duration;

use prometheus_client::{
    metrics::{
        counter::Counter,
        gauge::Gauge,
        histogram::{exponential_buckets, Histogram},
    },
    registry::Registry,
};
use xinglin_primitives::BlockNumber;

/// Durations: 16 buckets, each twice as long as the one before, from 50 µs to 1.6 s.
const BLOCK_SECONDS_FIRST: f64 = 0.000_05;
const BLOCK_SECONDS_FACTOR: f64 = 2.0;
const BLOCK_SECONDS_BUCKETS: u16 = 16;

/// The metrics of one index, under the prefix `index`.
#[derive(Clone, Debug)]
pub struct IndexMetrics {
    height: Gauge,
    lag: Gauge,
    block_seconds: Histogram,
    entries: Counter,
    undecodable: Counter,
    stopped: Gauge,
}

impl IndexMetrics {
    /// Registers all of them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("index");
        registry.register("height", "Last indexed block", metrics.height.clone());
        registry.register(
            "lag",
            "Committed blocks that are not indexed yet",
            metrics.lag.clone(),
        );
        registry.register(
            "block_seconds",
            "Time that indexing a block took, reading and writing included",
            metrics.block_seconds.clone(),
        );
        registry.register(
            "entries",
            "Entries written to the lists",
            metrics.entries.clone(),
        );
        registry.register(
            "undecodable_blocks",
            "Blocks that do not decode with today's metadata",
            metrics.undecodable.clone(),
        );
        registry.register(
            "stopped",
            "1 while no block is indexed because of an error",
            metrics.stopped.clone(),
        );
        metrics
    }

    pub(crate) fn at(&self, height: BlockNumber, tip: BlockNumber) {
        self.height.set(height.into());
        self.lag.set(i64::from(tip) - i64::from(height));
    }

    pub(crate) fn written(&self, blocks: u32, entries: u64, elapsed: Duration) {
        let each = elapsed.checked_div(blocks).unwrap_or_default();
        for _ in 0..blocks {
            self.block_seconds.observe(each.as_secs_f64());
        }
        self.entries.inc_by(entries);
    }

    pub(crate) fn undecodable(&self) {
        self.undecodable.inc();
    }

    /// No block is indexed, because of an error.
    pub fn stopped(&self) {
        self.stopped.set(1);
    }

    /// Blocks are indexed again.
    pub(crate) fn goes_on(&self) {
        self.stopped.set(0);
    }
}

impl Default for IndexMetrics {
    fn default() -> Self {
        Self {
            height: Gauge::default(),
            lag: Gauge::default(),
            block_seconds: Histogram::new(exponential_buckets(
                BLOCK_SECONDS_FIRST,
                BLOCK_SECONDS_FACTOR,
                BLOCK_SECONDS_BUCKETS,
            )),
            entries: Counter::default(),
            undecodable: Counter::default(),
            stopped: Gauge::default(),
        }
    }
}
