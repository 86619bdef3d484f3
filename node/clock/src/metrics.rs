//! What operators see of the clock.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use xinglin_core::{ClockOffset, ClockStatus, TimeServerVerdict};

/// What is thought of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabel {
    verdict: &'static str,
}

/// A server and what is thought of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServerLabel {
    server: String,
    verdict: &'static str,
}

/// The metrics of the clock. The default ones are kept but not exposed.
#[derive(Clone, Debug)]
pub struct ClockMetrics {
    known: Gauge,
    offset_seconds: Gauge<f64, AtomicU64>,
    uncertainty_seconds: Gauge<f64, AtomicU64>,
    servers: Family<VerdictLabel, Gauge>,
    server: Family<ServerLabel, Gauge>,
    proposing_allowed: Gauge,
    polls: Counter,
    steps: Counter,
}

impl Default for ClockMetrics {
    fn default() -> Self {
        let metrics = Self {
            known: Gauge::default(),
            offset_seconds: Gauge::default(),
            uncertainty_seconds: Gauge::default(),
            servers: Family::default(),
            server: Family::default(),
            proposing_allowed: Gauge::default(),
            polls: Counter::default(),
            steps: Counter::default(),
        };
        metrics.show(&ClockStatus::default());
        metrics
    }
}

impl ClockMetrics {
    /// Metrics exposed by `registry`, all beginning with `clock_`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("clock");
        registry.register(
            "known",
            "1 if a majority of time servers tells how far this node's clock is off",
            metrics.known.clone(),
        );
        registry.register(
            "offset_seconds",
            "This node's clock minus that of the time servers, 0 while unknown",
            metrics.offset_seconds.clone(),
        );
        registry.register(
            "uncertainty_seconds",
            "By how much the offset may be wrong either way, 0 while unknown",
            metrics.uncertainty_seconds.clone(),
        );
        registry.register(
            "servers",
            "Time servers, by what is thought of them",
            metrics.servers.clone(),
        );
        registry.register(
            "server",
            "1 for each time server and what is thought of it now",
            metrics.server.clone(),
        );
        registry.register(
            "proposing_allowed",
            "0 while this node's clock is known to be off, so that it does not propose",
            metrics.proposing_allowed.clone(),
        );
        registry.register(
            "polls",
            "How often the time servers were asked",
            metrics.polls.clone(),
        );
        registry.register(
            "steps",
            "How often somebody has set this node's clock",
            metrics.steps.clone(),
        );
        metrics
    }

    pub(crate) fn polled(&self, status: &ClockStatus) {
        self.polls.inc();
        self.show(status);
    }

    pub(crate) fn stepped(&self) {
        self.steps.inc();
    }

    fn show(&self, status: &ClockStatus) {
        let (known, offset_us, uncertainty_us) = match status.offset {
            ClockOffset::Known {
                offset_us,
                uncertainty_us,
            } => (1, offset_us, uncertainty_us),
            ClockOffset::NotChecked | ClockOffset::Unknown => (0, 0, 0),
        };
        self.known.set(known);
        self.offset_seconds.set(offset_us as f64 / 1e6);
        self.uncertainty_seconds.set(uncertainty_us as f64 / 1e6);
        self.server.clear();
        for verdict in TimeServerVerdict::ALL {
            let names = status.names(verdict);
            let verdict = label(verdict);
            self.servers
                .get_or_create(&VerdictLabel { verdict })
                .set(i64::try_from(names.len()).unwrap_or(i64::MAX));
            for name in names {
                let server = name.to_string();
                self.server
                    .get_or_create(&ServerLabel { server, verdict })
                    .set(1);
            }
        }
        self.proposing_allowed.set(i64::from(status.may_propose()));
    }
}

fn label(verdict: TimeServerVerdict) -> &'static str {
    match verdict {
        TimeServerVerdict::Agrees => "agrees",
        TimeServerVerdict::Lies => "lies",
        TimeServerVerdict::Silent => "silent",
        TimeServerVerdict::Unsettled => "unsettled",
    }
}
