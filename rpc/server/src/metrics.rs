//! What the server counts.

use std::{
    collections::HashMap,
    sync::{atomic::AtomicU64, OnceLock},
    time::Duration,
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::{exponential_buckets, Histogram},
    },
    registry::{Registry, Unit},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabel {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Why something was refused before it reached a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The client is above its rate.
    Rate,
    /// There are too many connections.
    Connections,
    /// A page of a foreign origin.
    Origin,
}

impl Refusal {
    fn label(self) -> ReasonLabel {
        let reason = match self {
            Self::Rate => "rate",
            Self::Connections => "connections",
            Self::Origin => "origin",
        };
        ReasonLabel { reason }
    }
}

#[derive(Clone, Copy, Debug)]
struct DurationBuckets;

impl MetricConstructor<Histogram> for DurationBuckets {
    fn new_metric(&self) -> Histogram {
        // 0.1 ms to 1.6 s.
        Histogram::new(exponential_buckets(0.000_1, 4.0, 8))
    }
}

/// The server's metrics. Clones count together.
#[derive(Clone, Debug)]
pub struct RpcMetrics {
    calls: Family<MethodLabel, Counter>,
    errors: Family<MethodLabel, Counter>,
    durations: Family<MethodLabel, Histogram, DurationBuckets>,
    refused: Family<ReasonLabel, Counter>,
    connections: Gauge,
    subscriptions: Gauge,
}

impl Default for RpcMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            errors: Family::default(),
            durations: Family::new_with_constructor(DurationBuckets),
            refused: Family::default(),
            connections: Gauge::default(),
            subscriptions: Gauge::default(),
        }
    }
}

impl RpcMetrics {
    /// Makes the metrics part of `registry`, each with the prefix `rpc_`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("rpc");
        registry.register("calls", "Calls by method", self.calls.clone());
        registry.register(
            "errors",
            "Calls answered with an error, by method",
            self.errors.clone(),
        );
        registry.register_with_unit(
            "call_duration",
            "Time from a call to its answer, by method",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "refused",
            "Calls and connections refused before any method, by reason",
            self.refused.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "subscriptions",
            "Open subscriptions",
            self.subscriptions.clone(),
        );
    }

    /// Counts a refusal.
    pub(crate) fn refuse(&self, why: Refusal) {
        self.refused.get_or_create(&why.label()).inc();
    }

    /// Counts one connection for as long as the guard lives.
    pub(crate) fn connection(&self) -> GaugeGuard {
        GaugeGuard::new(&self.connections)
    }

    /// Counts one subscription for as long as the guard lives.
    pub(crate) fn subscription(&self) -> GaugeGuard {
        GaugeGuard::new(&self.subscriptions)
    }
}

/// One of a gauge, until dropped.
#[derive(Debug)]
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Debug)]
struct MethodMetrics {
    calls: Counter<u64, AtomicU64>,
    errors: Counter<u64, AtomicU64>,
    duration: Histogram,
}

/// The metrics of each known method, found once. All unknown ones count as one, so that clients
/// cannot make the table grow.
#[derive(Debug)]
pub(crate) struct MethodTable {
    metrics: RpcMetrics,
    methods: HashMap<&'static str, OnceLock<MethodMetrics>>,
    unknown: OnceLock<MethodMetrics>,
}

impl MethodTable {
    pub(crate) fn new(metrics: RpcMetrics, names: impl Iterator<Item = &'static str>) -> Self {
        Self {
            metrics,
            methods: names.map(|name| (name, OnceLock::new())).collect(),
            unknown: OnceLock::new(),
        }
    }

    /// Counts one answered call.
    pub(crate) fn record(&self, method: &str, took: Duration, success: bool) {
        let (name, slot) = match self.methods.get_key_value(method) {
            Some((name, slot)) => (*name, slot),
            None => ("unknown", &self.unknown),
        };
        let metrics = slot.get_or_init(|| self.find(name));
        metrics.calls.inc();
        metrics.duration.observe(took.as_secs_f64());
        if !success {
            metrics.errors.inc();
        }
    }

    /// Counts a refusal.
    pub(crate) fn refuse(&self, why: Refusal) {
        self.metrics.refuse(why);
    }

    fn find(&self, method: &'static str) -> MethodMetrics {
        let label = MethodLabel { method };
        MethodMetrics {
            calls: self.metrics.calls.get_or_create(&label).clone(),
            errors: self.metrics.errors.get_or_create(&label).clone(),
            duration: self.metrics.durations.get_or_create(&label).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_share_one_series() {
        let metrics = RpcMetrics::default();
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let table = MethodTable::new(metrics, ["known"].into_iter());
        table.record("known", Duration::from_millis(1), true);
        table.record("made_up_1", Duration::from_millis(1), false);
        table.record("made_up_2", Duration::from_millis(1), false);

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(
            text.contains("rpc_calls_total{method=\"known\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("rpc_errors_total{method=\"unknown\"} 2"),
            "{text}"
        );
        assert!(!text.contains("made_up"), "{text}");
    }
}
