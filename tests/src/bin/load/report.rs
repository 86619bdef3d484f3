//! The result as a table and as JSON.

use std::{collections::BTreeMap, time::Duration};

use comfy_table::{presets::UTF8_FULL_CONDENSED, Table};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{
    calibrate::Calibration,
    measure::Measured,
    required::Reached,
    workload::{clinic::PreSettlements, Workload},
    Args,
};

/// The longest latency told apart, in microseconds.
const LATENCY_US_MAX: u64 = 120_000_000;

/// Everything measured in one run.
#[derive(Debug, Serialize)]
pub struct Report {
    workload: Workload,
    validators: u8,
    accounts: u32,
    /// Rate asked for.
    rate_per_s: u64,
    seconds: u64,
    submitted: usize,
    accepted: usize,
    refused: BTreeMap<String, u64>,
    /// Final on all nodes.
    finalised: usize,
    /// Final, but failed.
    failed: u64,
    failures: BTreeMap<String, u64>,
    /// Final transactions per second, from the first submission to the last finality.
    tps: f64,
    blocks: usize,
    largest_block: usize,
    latency_ms: Latency,
    cpu_seconds_per_1000: f64,
    kib_written_per_1000: f64,
    memory_mib_max: f64,
    /// How long the runtime's pre-settlements took over RPC, if the workload has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pre_settle_ms: Option<Latency>,
    /// The same as a patient asks: with challenge and signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pre_settle_signed_ms: Option<Latency>,
    calibration: Calibration,
    /// What signatures alone allow: every node verifies each once, in batches, on all cores.
    limit_tps: f64,
    /// `tps` of that limit.
    of_limit: f64,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Report {
    /// Puts the parts together.
    pub fn new(
        args: &Args,
        calibration: Calibration,
        measured: &Measured,
        asked: &PreSettlements,
    ) -> Self {
        let Measured {
            submitted,
            finals,
            cost,
        } = measured;
        let finalised = finals.latencies.len();
        let first = submitted.accepted.iter().map(|(_, sent)| *sent).min();
        let span = match (first, finals.last) {
            (Some(first), Some(last)) => last.saturating_duration_since(first),
            _ => Duration::ZERO,
        };
        let tps = per(finalised as f64, span.as_secs_f64());
        let limit_tps =
            calibration.verify_batch_per_s * calibration.cores as f64 / f64::from(args.validators);
        let thousands = finalised as f64 / 1_000.0;
        let kib_written = cost.bytes_written as f64 / 1_024.0;
        Self {
            workload: args.workload,
            validators: args.validators,
            accounts: args.accounts,
            rate_per_s: args.rate,
            seconds: args.seconds,
            submitted: submitted.due,
            accepted: submitted.accepted.len(),
            refused: submitted.refused.clone(),
            finalised,
            failed: finals.failed.values().sum(),
            failures: finals.failed.clone(),
            tps,
            blocks: finals.blocks,
            largest_block: finals.largest_block,
            latency_ms: Latency::of(&finals.latencies),
            cpu_seconds_per_1000: per(cost.cpu_seconds, thousands),
            kib_written_per_1000: per(kib_written, thousands),
            memory_mib_max: cost.memory_bytes_max as f64 / (1024.0 * 1024.0),
            pre_settle_ms: Latency::of_any(&asked.answers),
            pre_settle_signed_ms: Latency::of_any(&asked.questions),
            calibration,
            limit_tps,
            of_limit: per(tps, limit_tps),
        }
    }

    /// For people.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        row("workload", format!("{:?}", self.workload));
        row("validators", self.validators.to_string());
        row(
            "rate asked for",
            format!("{}/s for {} s", self.rate_per_s, self.seconds),
        );
        row(
            "submitted, accepted",
            format!("{}, {}", self.submitted, self.accepted),
        );
        for (message, count) in &self.refused {
            row("refused", format!("{count}: {message}"));
        }
        row("final on all nodes", self.finalised.to_string());
        row("failed", self.failed.to_string());
        for (error, count) in &self.failures {
            row("failed", format!("{count}: {error}"));
        }
        row("throughput", format!("{:.0} TPS", self.tps));
        let Latency { p50, p90, p99, max } = self.latency_ms;
        row(
            "submit to final",
            format!("p50 {p50:.0} ms, p90 {p90:.0} ms, p99 {p99:.0} ms, max {max:.0} ms"),
        );
        row(
            "blocks",
            format!("{}, the largest with {}", self.blocks, self.largest_block),
        );
        row(
            "CPU of all nodes",
            format!("{:.2} s per 1000 transactions", self.cpu_seconds_per_1000),
        );
        row(
            "written by all nodes",
            format!("{:.0} KiB per 1000 transactions", self.kib_written_per_1000),
        );
        row(
            "memory of a node",
            format!("{:.0} MiB at most", self.memory_mib_max),
        );
        for (name, latency) in [
            ("pre-settlement", &self.pre_settle_ms),
            ("the same, signed", &self.pre_settle_signed_ms),
        ] {
            if let Some(Latency { p50, p90, p99, max }) = latency {
                let text =
                    format!("p50 {p50:.2} ms, p90 {p90:.2} ms, p99 {p99:.2} ms, max {max:.2} ms");
                row(name, text);
            }
        }
        let Calibration {
            verify_single_per_s,
            verify_batch_per_s,
            fdatasync_p50_ms,
            cores,
        } = self.calibration;
        row(
            "machine",
            format!(
                "{cores} cores; verify {verify_single_per_s:.0}/s, in batches \
                 {verify_batch_per_s:.0}/s a core; fdatasync {fdatasync_p50_ms:.2} ms"
            ),
        );
        row(
            "limit by signatures",
            format!(
                "{:.0} TPS; reached {:.0} %",
                self.limit_tps,
                100.0 * self.of_limit
            ),
        );
        table
    }

    /// The figures of which some may be required.
    pub fn reached(&self) -> Reached {
        let p99 = |latency: &Option<Latency>| latency.as_ref().map(|it| it.p99);
        Reached {
            tps: self.tps,
            question_p99_ms: [p99(&self.pre_settle_ms), p99(&self.pre_settle_signed_ms)],
        }
    }
}

impl Latency {
    /// `None` if nothing was measured.
    fn of_any(latencies: &[Duration]) -> Option<Self> {
        (!latencies.is_empty()).then(|| Self::of(latencies))
    }

    fn of(latencies: &[Duration]) -> Self {
        let mut histogram = Histogram::<u64>::new_with_max(LATENCY_US_MAX, 3).ok();
        for latency in latencies {
            if let Some(histogram) = &mut histogram {
                histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
            }
        }
        let at = |quantile| {
            histogram
                .as_ref()
                .map_or(0.0, |all| all.value_at_quantile(quantile) as f64 / 1_000.0)
        };
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

fn per(value: f64, unit: f64) -> f64 {
    if unit > 0.0 {
        value / unit
    } else {
        0.0
    }
}
