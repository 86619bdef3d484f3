//! `/metrics` for Prometheus and `/health` for supervisors, over HTTP.
//!
//! Each service registers its own metrics; here are those of the node as a whole. `docs/metrics.md`
//! lists all of them.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use axum::{
    extract::State,
    http::{header, StatusCode},
    response::IntoResponse,
    routing::get,
    Router,
};
use codec::Decode;
use frame_support::storage::storage_prefix;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        gauge::ConstGauge,
        histogram::{exponential_buckets, Histogram},
        info::Info,
    },
    registry::Registry,
};
use tokio::{
    net::TcpListener,
    sync::{broadcast, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use xinglin_core::{ChainStore, CommitNotice, ConsensusStatus, NetworkInfo};
use xinglin_primitives::time::Moment;
use xinglin_runtime::VERSION;

use crate::shutdown;

/// A node that has committed no block for so long is reported as unhealthy: six times the longest
/// time between two blocks of an idle chain.
pub const STALL_AFTER: Duration = Duration::from_secs(60);
/// What ends the text of an exposition.
const END_OF_METRICS: &str = "# EOF\n";
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The commits of this node as they go by.
#[derive(Clone)]
pub struct Progress {
    last: Arc<Mutex<LastBlock>>,
    interval: Histogram,
}

/// The last commit; before the first, the start of the node.
#[derive(Clone, Copy)]
struct LastBlock {
    committed: Instant,
    /// The block's own time.
    time_ms: Moment,
}

impl Progress {
    /// Follows the commits until there are no more.
    pub fn follow(mut commits: broadcast::Receiver<Arc<CommitNotice>>) -> Self {
        let progress = Self {
            last: Arc::new(Mutex::new(LastBlock {
                committed: Instant::now(),
                time_ms: 0,
            })),
            // 50 ms to 25 s.
            interval: Histogram::new(exponential_buckets(0.05, 2.0, 10)),
        };
        let own = progress.clone();
        tokio::spawn(async move {
            let time_key = storage_prefix(b"Timestamp", b"Now");
            loop {
                match commits.recv().await {
                    Ok(notice) => own.committed(&notice, &time_key),
                    Err(broadcast::error::RecvError::Lagged(_)) => (),
                    Err(broadcast::error::RecvError::Closed) => break,
                }
            }
        });
        progress
    }

    fn committed(&self, notice: &CommitNotice, time_key: &[u8]) {
        let changed = notice
            .changes
            .binary_search_by(|(key, _)| key.as_slice().cmp(time_key));
        let time_ms = changed
            .ok()
            .and_then(|index| notice.changes[index].1.as_deref())
            .and_then(|mut value| Moment::decode(&mut value).ok())
            .unwrap_or_default();
        let now = LastBlock {
            committed: Instant::now(),
            time_ms,
        };
        let before = std::mem::replace(&mut *self.lock(), now);
        let interval = now.committed.duration_since(before.committed);
        self.interval.observe(interval.as_secs_f64());
    }

    fn last(&self) -> LastBlock {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LastBlock> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is asked when somebody asks.
#[derive(Clone)]
pub struct Sources {
    /// Blocks.
    pub chain: Arc<dyn ChainStore>,
    /// The transaction network.
    pub network: Arc<dyn NetworkInfo>,
    /// Where consensus stands.
    pub consensus: watch::Receiver<ConsensusStatus>,
    /// Commits.
    pub progress: Progress,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

/// Registers what concerns the node as a whole, under the prefix `node`.
pub fn register(registry: &mut Registry, sources: &Sources) {
    let registry = registry.sub_registry_with_prefix("node");
    let version = vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("spec_version", VERSION.spec_version.to_string()),
    ];
    registry.register(
        "build",
        "Versions of the binary and its rules",
        Info::new(version),
    );
    registry.register(
        "block_interval_seconds",
        "Time between two commits of this node",
        sources.progress.interval.clone(),
    );
    registry.register_collector(Box::new(sources.clone()));
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let status = self.consensus.borrow().clone();
        let last = self.progress.last();
        let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let gauges = [
            (
                "block_time_ms",
                "The last block's own time, in milliseconds since 1970; 0 before the first",
                i64::try_from(last.time_ms).unwrap_or(i64::MAX),
            ),
            (
                "since_commit_ms",
                "Time since this node committed a block, or since its start",
                i64::try_from(last.committed.elapsed().as_millis()).unwrap_or(i64::MAX),
            ),
            (
                "consensus_height",
                "Height being agreed on",
                status.height.into(),
            ),
            (
                "consensus_round",
                "Round of that height",
                status.round.into(),
            ),
            (
                "consensus_peers",
                "Connected peers of consensus",
                number(status.peers),
            ),
            (
                "consensus_validating",
                "1 if this node votes at this height",
                i64::from(status.validating),
            ),
            (
                "validators_missing",
                "Validators whose vote on the last block is missing",
                number(status.missing.len()),
            ),
            (
                "turns_passed",
                "Turns to propose that this node let pass because its clock was off",
                i64::try_from(status.turns_passed).unwrap_or(i64::MAX),
            ),
            (
                "best_peer_height",
                "Highest height that a peer has reported",
                status.best_peer_height.into(),
            ),
            (
                "panics",
                "Panics since the start; each is a bug",
                i64::try_from(shutdown::panics()).unwrap_or(i64::MAX),
            ),
            (
                "resident_bytes",
                "Memory of the process, 0 where it cannot be told",
                resident_bytes().unwrap_or_default(),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

/// Resident memory by `/proc/self/status`.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

/// Whether the node is well, in one JSON object.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    healthy: bool,
    height: Option<u32>,
    peers: usize,
    consensus_peers: usize,
    since_commit_ms: u128,
}

impl Sources {
    fn health(&self) -> Health {
        let age = self.progress.last().committed.elapsed();
        Health {
            healthy: age < STALL_AFTER,
            height: self.chain.tip().map(|tip| tip.number),
            peers: self.network.peers().len(),
            consensus_peers: self.consensus.borrow().peers,
            since_commit_ms: age.as_millis(),
        }
    }
}

#[derive(Clone)]
struct Served {
    registry: Arc<Registry>,
    sources: Sources,
}

/// The running HTTP server.
pub struct MetricsServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Ends when the server does.
    pub task: JoinHandle<std::io::Result<()>>,
}

/// Serves `/metrics` and `/health` until cancelled.
pub async fn serve(
    address: SocketAddr,
    registry: Registry,
    sources: Sources,
    cancel: CancellationToken,
) -> Result<MetricsServer> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("metrics cannot listen on {address}; choose another --prometheus-port, or --no-prometheus")
    })?;
    let router = Router::new()
        .route("/metrics", get(serve_metrics))
        .route("/health", get(serve_health))
        .with_state(Served {
            registry: Arc::new(registry),
            sources,
        });
    let address = listener.local_addr().context("metrics")?;
    let task = tokio::spawn(async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(cancel.cancelled_owned())
            .await
    });
    Ok(MetricsServer { address, task })
}

async fn serve_metrics(State(served): State<Served>) -> impl IntoResponse {
    let mut own = String::new();
    if prometheus_client::encoding::text::encode(&mut own, &served.registry).is_err() {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(header::CONTENT_TYPE, "text/plain")],
            "the metrics do not encode".to_owned(),
        );
    }
    let text = merge(own, &xinglin_consensus::encode_metrics());
    (StatusCode::OK, [(header::CONTENT_TYPE, METRICS_TYPE)], text)
}

/// Puts the engine's exposition behind ours; only the last may have an end.
fn merge(mut own: String, engine: &str) -> String {
    if own.ends_with(END_OF_METRICS) {
        own.truncate(own.len() - END_OF_METRICS.len());
    }
    own.push_str(engine);
    if !own.ends_with(END_OF_METRICS) {
        own.push_str(END_OF_METRICS);
    }
    own
}

async fn serve_health(State(served): State<Served>) -> impl IntoResponse {
    let health = served.sources.health();
    let status = if health.healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let text = serde_json::to_string(&health).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_exposition_has_one_end() {
        for engine in ["b 2\n# EOF\n", "b 2\n"] {
            assert_eq!(merge("a 1\n# EOF\n".into(), engine), "a 1\nb 2\n# EOF\n");
        }
    }

    #[test]
    fn the_memory_of_this_process_is_told() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1024 * 1024));
    }
}
