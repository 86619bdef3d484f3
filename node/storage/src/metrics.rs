//! What Prometheus learns of the database.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        counter::Counter,
        gauge::{ConstGauge, Gauge},
        histogram::{exponential_buckets, Histogram},
    },
    registry::Registry,
};
use xinglin_primitives::BlockNumber;

use crate::database::{Database, Inner};

/// Commit durations: 16 buckets, each twice as long as the one before, from half a millisecond to 16 s.
const COMMIT_SECONDS_FIRST: f64 = 0.0005;
const COMMIT_SECONDS_FACTOR: f64 = 2.0;
const COMMIT_SECONDS_BUCKETS: u16 = 16;

/// What is counted as it happens.
#[derive(Clone)]
pub(crate) struct Counters {
    commit_seconds: Histogram,
    written_bytes: Counter,
    tip: Gauge,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            commit_seconds: Histogram::new(exponential_buckets(
                COMMIT_SECONDS_FIRST,
                COMMIT_SECONDS_FACTOR,
                COMMIT_SECONDS_BUCKETS,
            )),
            written_bytes: Counter::default(),
            tip: Gauge::default(),
        }
    }
}

impl Counters {
    pub(crate) fn written(&self, bytes: usize) {
        self.written_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn tip(&self, number: BlockNumber) {
        self.tip.set(i64::from(number));
    }

    pub(crate) fn committed(&self, number: BlockNumber, elapsed: Duration) {
        self.tip(number);
        self.commit_seconds.observe(elapsed.as_secs_f64());
    }
}

/// The metrics of one database. They do not keep it open.
///
/// | name | unit | meaning |
/// |---|---|---|
/// | `storage_tip` | height | last committed block |
/// | `storage_commit_seconds` | histogram | time from the call to the synced write |
/// | `storage_written_bytes_total` | bytes | handed to the write-ahead log |
/// | `storage_disk_bytes` | bytes | all files of the folder |
/// | `storage_cache_bytes` | bytes | block cache in use |
/// | `storage_memtable_bytes` | bytes | memtables |
pub struct StorageMetrics {
    counters: Counters,
    usage: Usage,
}

impl Database {
    /// The metrics of this database.
    pub fn metrics(&self) -> StorageMetrics {
        StorageMetrics {
            counters: self.inner.counters.clone(),
            usage: Usage(Arc::downgrade(&self.inner)),
        }
    }
}

impl StorageMetrics {
    /// Registers all of them, under the prefix `storage`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("storage");
        registry.register(
            "tip",
            "Height of the last committed block",
            self.counters.tip.clone(),
        );
        registry.register(
            "commit_seconds",
            "Time that committing a block took, synced write included",
            self.counters.commit_seconds.clone(),
        );
        registry.register(
            "written_bytes",
            "Bytes handed to the write-ahead log",
            self.counters.written_bytes.clone(),
        );
        registry.register_collector(Box::new(self.usage.clone()));
    }
}

/// What is measured when somebody asks.
#[derive(Clone)]
struct Usage(Weak<Inner>);

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}

impl Collector for Usage {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        // A closed database uses nothing.
        let Some(inner) = self.0.upgrade() else {
            return Ok(());
        };
        let cache = inner.shared.cache.get_usage() as u64;
        let memtables = inner.shared.memtables.get_usage() as u64;
        let mut gauge = |name, help, bytes: u64| {
            let gauge = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)
        };
        // A folder that cannot be listed has no size to report; the writes will say what is wrong.
        if let Ok(disk) = inner.disk_bytes() {
            gauge("disk_bytes", "Bytes of the database's files", disk)?;
        }
        gauge("cache_bytes", "Bytes of the block cache in use", cache)?;
        gauge("memtable_bytes", "Bytes of the memtables", memtables)
    }
}
