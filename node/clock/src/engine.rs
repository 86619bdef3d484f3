//! The task that asks the servers.

use std::time::{Duration, Instant};

use rand::Rng;
use tokio::{sync::watch, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use xinglin_core::{ClockOffset, ClockStanding, ClockStatus, TimeServerVerdict};

use crate::{
    config::{ClockConfig, HASTE, JITTER, STEP_CHECK},
    metrics::ClockMetrics,
    record::{now_ms, Answer, Hands, Record},
    server::TimeServer,
    source::{Silence, Source},
};

/// The running service. Clones are the same service.
#[derive(Clone, Debug)]
pub struct Clock {
    status: watch::Receiver<ClockStatus>,
    stopped: CancellationToken,
}

impl Clock {
    /// Starts asking, on the current tokio runtime, until `cancel` is cancelled. Without servers
    /// nobody is asked, and the clock is not checked.
    pub fn spawn(config: ClockConfig, metrics: ClockMetrics, cancel: CancellationToken) -> Self {
        let (sender, status) = watch::channel(ClockStatus::default());
        let clock = Self {
            status,
            stopped: CancellationToken::new(),
        };
        let engine = Engine {
            names: config.servers.iter().map(TimeServer::to_string).collect(),
            sources: config.servers.iter().map(|_| None).collect(),
            config,
            record: Record::default(),
            status: sender,
            metrics,
        };
        let stopped = clock.stopped.clone().drop_guard();
        tokio::spawn(async move {
            cancel.run_until_cancelled(engine.run()).await;
            drop(stopped);
        });
        clock
    }

    /// What the servers say, to wait on.
    pub fn status(&self) -> watch::Receiver<ClockStatus> {
        self.status.clone()
    }

    /// Waits until the service has stopped.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

struct Engine {
    config: ClockConfig,
    names: Vec<String>,
    /// `None` before the first poll, and where asking has failed on our side.
    sources: Vec<Option<Source>>,
    record: Record,
    status: watch::Sender<ClockStatus>,
    metrics: ClockMetrics,
}

impl Engine {
    async fn run(mut self) {
        if self.sources.is_empty() {
            return std::future::pending().await;
        }
        loop {
            let hands = Hands::read();
            let answers = self.ask_all().await;
            if hands.was_set_before(Hands::read()) {
                // Some of the answers, if not all, are about the clock as it was.
                self.clock_was_set();
                sleep(STEP_CHECK).await;
                continue;
            }
            self.publish(&answers);
            if self.wait(hands).await {
                self.clock_was_set();
            }
        }
    }

    /// Asks all servers at the same time. Each is asked in a task of its own: what a server says goes
    /// through foreign code, and if that panics the others are still heard.
    async fn ask_all(&mut self) -> Vec<Answer> {
        let mut answers: Vec<Answer> = vec![Err(Silence::Failed); self.sources.len()];
        let mut tasks = JoinSet::new();
        for (index, slot) in self.sources.iter_mut().enumerate() {
            let known = slot.take();
            let mut source =
                known.unwrap_or_else(|| Source::new(self.config.servers[index].clone()));
            tasks.spawn(async move {
                let answer = source.ask().await;
                (index, source, answer)
            });
        }
        while let Some(outcome) = tasks.join_next().await {
            match outcome {
                Ok((index, source, answer)) => {
                    self.sources[index] = Some(source);
                    answers[index] = answer;
                }
                Err(error) => warn!(%error, "asking a time server failed"),
            }
        }
        answers
    }

    fn publish(&mut self, answers: &[Answer]) {
        let before = self.status.borrow().clone();
        let status = self
            .record
            .take(&self.names, answers, Instant::now(), now_ms());
        tell_changes(&before, status);
        self.metrics.polled(status);
        self.status.send_replace(status.clone());
    }

    fn clock_was_set(&mut self) {
        info!("the clock has been set; asking the time servers anew");
        self.metrics.stepped();
        self.record.forget();
    }

    /// Waits for the next poll; `true` if the clock has moved since `hands` were read.
    async fn wait(&self, hands: Hands) -> bool {
        let until = Instant::now() + self.pause();
        loop {
            if hands.was_set_before(Hands::read()) {
                return true;
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return false;
            }
            sleep(rest.min(STEP_CHECK)).await;
        }
    }

    fn pause(&self) -> Duration {
        let interval = match self.status.borrow().standing() {
            ClockStanding::Right => self.config.interval,
            _ => self.config.interval / HASTE,
        };
        interval.mul_f64(rand::thread_rng().gen_range(1.0 - JITTER..=1.0 + JITTER))
    }
}

/// Logs what an operator should know, once.
fn tell_changes(before: &ClockStatus, now: &ClockStatus) {
    let lied = before.names(TimeServerVerdict::Lies);
    for server in &now.servers {
        if server.verdict == TimeServerVerdict::Lies && !lied.contains(&server.name.as_str()) {
            warn!(
                server = server.name,
                offset_ms = server.offset_us.map(millis),
                "a time server contradicts the majority and is ignored"
            );
        }
        if let Some(problem) = &server.problem {
            debug!(server = server.name, problem, "a time server is silent");
        }
    }
    let is_new = before.standing() != now.standing();
    match now.offset {
        ClockOffset::Known {
            offset_us,
            uncertainty_us,
        } if is_new => {
            let offset_ms = millis(offset_us);
            let uncertainty_ms = uncertainty_us / 1_000;
            let agreeing = now.names(TimeServerVerdict::Agrees).join(", ");
            if now.may_propose() {
                info!(offset_ms, uncertainty_ms, agreeing, "the clock is right");
            } else {
                warn!(
                    offset_ms,
                    uncertainty_ms,
                    agreeing,
                    "the clock is off; this node proposes no blocks until it is set right"
                );
            }
        }
        ClockOffset::Unknown if is_new => warn!(
            silent = now.names(TimeServerVerdict::Silent).join(", "),
            unsettled = now.names(TimeServerVerdict::Unsettled).join(", "),
            "no majority of time servers: whether the clock is right is unknown"
        ),
        _ => {}
    }
}

/// For people.
fn millis(us: i64) -> f64 {
    us as f64 / 1_000.0
}
