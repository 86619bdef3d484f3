//! A time server from poll to poll.

use std::{fmt::Display, net::SocketAddr};

use tokio::{
    net::lookup_host,
    time::{sleep, timeout, Instant},
};

use crate::{
    config::{ERROR_MAX, RESOLVE_TIMEOUT, REST, SAMPLES, SAMPLE_SPACING, SERVER_ERROR},
    decision::Reading,
    nts::Session,
    server::{Protocol, TimeServer},
    sntp,
};

/// Longest part of a foreign text that is passed on.
const TEXT_CHARS_MAX: usize = 120;
/// How far a server may seem to take longer for its answer than the answer took: two clocks do not
/// run at quite the same speed.
const DELAY_SLACK_S: f64 = 0.001;

/// Why nothing is known from a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Silence {
    /// Its name cannot be found.
    #[error("the name does not resolve")]
    Unresolved,
    /// Nothing came back in time.
    #[error("no answer")]
    NoAnswer,
    /// The operating system knows no way to it, or says that nobody is there.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// It wants to be left alone: what RFC 5905 calls a kiss of death.
    #[error("it asks to be left alone ({0})")]
    AsksForRest(String),
    /// What came back is no answer to the question.
    #[error("unusable answer: {0}")]
    Unusable(String),
    /// What came back may be wrong by more than what is to be found out.
    #[error("the answer took too long to tell anything")]
    TooVague,
    /// Asking has failed on our side.
    #[error("asking it failed; the log has the panic, please report it")]
    Failed,
}

impl Silence {
    pub(crate) fn asks_for_rest(code: impl Display) -> Self {
        Self::AsksForRest(printable(code))
    }

    pub(crate) fn unreachable(reason: impl Display) -> Self {
        Self::Unreachable(printable(reason))
    }

    pub(crate) fn unusable(reason: impl Display) -> Self {
        Self::Unusable(printable(reason))
    }
}

/// A text that may have come from outside, fit for logs and terminals.
fn printable(text: impl Display) -> String {
    text.to_string()
        .chars()
        .filter(|char| !char.is_control())
        .take(TEXT_CHARS_MAX)
        .collect()
}

/// The reading that follows from four times: our clock's lead and the time on the way, both in seconds.
pub(crate) fn reading(ahead_s: f64, delay_s: f64) -> Result<Reading, Silence> {
    if !ahead_s.is_finite() || !delay_s.is_finite() || delay_s < -DELAY_SLACK_S {
        return Err(Silence::unusable("its times contradict each other"));
    }
    // The way there may have taken all the time, or the way back. A conversion that does not fit
    // saturates.
    let error_us = (delay_s.max(0.0) * 1e6 / 2.0).ceil() as u64;
    Ok(Reading {
        offset_us: (ahead_s * 1e6).round() as i64,
        error_us: error_us.saturating_add(SERVER_ERROR.as_micros() as u64),
    })
}

/// A server, with what is remembered of it.
pub(crate) struct Source {
    server: TimeServer,
    session: Option<Session>,
    /// Until when it wants to be left alone, and in which words.
    rests: Option<(Instant, Silence)>,
}

impl Source {
    pub(crate) fn new(server: TimeServer) -> Self {
        Self {
            server,
            session: None,
            rests: None,
        }
    }

    /// Takes a few samples; the one that may be least wrong counts.
    pub(crate) async fn ask(&mut self) -> Result<Reading, Silence> {
        if let Some((until, silence)) = &self.rests {
            if Instant::now() < *until {
                return Err(silence.clone());
            }
            self.rests = None;
        }
        let outcome = match self.server.protocol {
            Protocol::Sntp => self.ask_openly().await,
            Protocol::Nts => self.ask_secured().await,
        };
        match outcome {
            Err(silence @ Silence::AsksForRest(_)) => {
                self.rests = Some((Instant::now() + REST, silence.clone()));
                Err(silence)
            }
            Ok(reading) if u128::from(reading.error_us) > ERROR_MAX.as_micros() => {
                Err(Silence::TooVague)
            }
            outcome => outcome,
        }
    }

    async fn ask_openly(&self) -> Result<Reading, Silence> {
        let address = resolve(&self.server).await?;
        let mut best = Best::default();
        while best.wants_more().await {
            best.take(sntp::sample(address).await)?;
        }
        best.outcome
    }

    async fn ask_secured(&mut self) -> Result<Reading, Silence> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.server, resolve(&self.server).await?).await?,
        };
        let mut best = Best::default();
        while best.wants_more().await {
            best.take(session.sample().await)?;
        }
        // Keys that have led to nothing are agreed on anew: the server may have forgotten them.
        self.session = best.outcome.is_ok().then_some(session);
        best.outcome
    }
}

/// The best of the samples so far; the last failure as long as there is none.
struct Best {
    taken: usize,
    outcome: Result<Reading, Silence>,
}

impl Default for Best {
    fn default() -> Self {
        Self {
            taken: 0,
            outcome: Err(Silence::NoAnswer),
        }
    }
}

impl Best {
    /// Waits for the time of the next sample; `false` after the last.
    async fn wants_more(&mut self) -> bool {
        if (1..SAMPLES).contains(&self.taken) {
            sleep(SAMPLE_SPACING).await;
        }
        self.taken += 1;
        self.taken <= SAMPLES
    }

    /// An error ends the questions: the server does not want them.
    fn take(&mut self, sample: Result<Reading, Silence>) -> Result<(), Silence> {
        match (sample, &self.outcome) {
            (Err(silence @ Silence::AsksForRest(_)), _) => return Err(silence),
            (Ok(new), Ok(best)) if new.error_us >= best.error_us => {}
            (Err(_), Ok(_)) => {}
            (sample, _) => self.outcome = sample,
        }
        Ok(())
    }
}

/// The first address of a server; one of IPv4 if there is one, since not every host has a way to the
/// others.
async fn resolve(server: &TimeServer) -> Result<SocketAddr, Silence> {
    let found = timeout(
        RESOLVE_TIMEOUT,
        lookup_host((server.host.as_str(), server.port)),
    );
    let Ok(Ok(found)) = found.await else {
        return Err(Silence::Unresolved);
    };
    found
        .min_by_key(SocketAddr::is_ipv6)
        .ok_or(Silence::Unresolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_way_is_uncertain_and_the_server_itself() {
        assert_eq!(
            reading(0.25, 0.1),
            Ok(Reading {
                offset_us: 250_000,
                error_us: 70_000
            })
        );
        assert_eq!(reading(-1.5, -0.000_5).map(|it| it.error_us), Ok(20_000));
        for impossible in [(0.0, -0.1), (f64::NAN, 0.1), (0.0, f64::INFINITY)] {
            let outcome = reading(impossible.0, impossible.1);
            assert!(matches!(outcome, Err(Silence::Unusable(_))), "{outcome:?}");
        }
    }

    #[test]
    fn the_sample_that_may_be_least_wrong_counts() {
        let mut best = Best::default();
        let sample = |error_us| Reading {
            offset_us: 0,
            error_us,
        };
        best.take(Err(Silence::TooVague)).unwrap();
        assert_eq!(best.outcome, Err(Silence::TooVague));
        for error_us in [30, 10, 20] {
            best.take(Ok(sample(error_us))).unwrap();
        }
        best.take(Err(Silence::NoAnswer)).unwrap();
        assert_eq!(best.outcome, Ok(sample(10)));
        let rest = Silence::asks_for_rest("RATE");
        assert_eq!(best.take(Err(rest.clone())), Err(rest));
    }

    #[test]
    fn foreign_text_is_cut_and_cleaned() {
        let Silence::Unusable(text) = Silence::unusable(format!("\u{1b}[31m{}", "x".repeat(500)))
        else {
            panic!("another kind");
        };
        assert!(text.starts_with("[31mx") && text.len() == TEXT_CHARS_MAX);
    }
}
