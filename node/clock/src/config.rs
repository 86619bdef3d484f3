//! What an operator can set, and the bounds that nobody needs to.

use std::time::Duration;

use crate::server::TimeServer;

/// Who is asked unless the operator says otherwise: China's national time service, public servers of
/// different operators on different networks, one of them with authentication.
pub const SERVERS_DEFAULT: [&str; 5] = [
    "ntp.ntsc.ac.cn",
    "ntp.aliyun.com",
    "ntp.tencent.com",
    "nts:time.cloudflare.com",
    "pool.ntp.org",
];
/// How often the servers are asked while the clock is right.
pub const INTERVAL_DEFAULT: Duration = Duration::from_secs(64);
/// Shortest and longest time between two polls.
const INTERVAL_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(1_024);
/// Most servers.
const SERVERS_MAX: usize = 16;

/// How many times as often the servers are asked while the clock is off, or nothing is known of it.
pub(crate) const HASTE: u32 = 4;
/// By which share of it an interval is longer or shorter, so that nodes do not ask in step.
pub(crate) const JITTER: f64 = 0.1;

/// Samples of a server in one poll: the one that was quickest on its way counts.
pub(crate) const SAMPLES: usize = 3;
/// Time between two samples of a server.
pub(crate) const SAMPLE_SPACING: Duration = Duration::from_millis(250);
/// How long an answer may take. One that takes longer than twice the largest error is of no use.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// How long agreeing on NTS keys may take.
pub(crate) const KEYS_TIMEOUT: Duration = Duration::from_secs(5);
/// How long finding the address of a server may take.
pub(crate) const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a server that asks for it is left alone.
pub(crate) const REST: Duration = Duration::from_secs(15 * 60);

/// What is taken for a server's own distance from true time, since the protocol libraries do not tell
/// what it says of that itself. Public servers are within a few milliseconds.
pub(crate) const SERVER_ERROR: Duration = Duration::from_millis(20);
/// A reading that may be wrong by more tells nothing of whether a clock is right.
pub(crate) const ERROR_MAX: Duration = Duration::from_millis(500);
/// Fewest servers that make a majority, unless a single one is configured.
pub(crate) const AGREEING_MIN: usize = 2;

/// How long a majority's word holds when there is none any more.
pub(crate) const AGREEMENT_KEPT: Duration = Duration::from_secs(5 * 60);
/// How often the clock is looked at between two polls, whether somebody has set it.
pub(crate) const STEP_CHECK: Duration = Duration::from_secs(1);
/// By how much a clock that was set has moved at least; slewing it moves it less between two polls.
pub(crate) const STEP_MIN: Duration = Duration::from_millis(100);

/// Settings of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockConfig {
    /// Who is asked. If there is nobody, the clock is not checked.
    pub servers: Vec<TimeServer>,
    /// Time between two polls while the clock is right.
    pub interval: Duration,
}

impl Default for ClockConfig {
    /// Checks nothing.
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            interval: INTERVAL_DEFAULT,
        }
    }
}

/// Settings that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Too many servers.
    #[error("{count} time servers are too many; name at most {SERVERS_MAX}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A server would have more than one voice.
    #[error("the time server {server} is named twice; each has one voice")]
    Twice {
        /// The server.
        server: TimeServer,
    },
    /// The interval is too short or too long.
    #[error(
        "an interval of {} s between polls; give one from {} to {} s",
        .0.as_secs(), INTERVAL_RANGE.start().as_secs(), INTERVAL_RANGE.end().as_secs()
    )]
    Interval(Duration),
}

impl ClockConfig {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// The first thing found.
    pub fn check(&self) -> Result<(), ConfigError> {
        let count = self.servers.len();
        if count > SERVERS_MAX {
            return Err(ConfigError::TooMany { count });
        }
        for (index, server) in self.servers.iter().enumerate() {
            let is_same = |other: &TimeServer| other.host.eq_ignore_ascii_case(&server.host);
            // On other ports of a host there are other servers, but only in tests.
            if self.servers[..index]
                .iter()
                .any(|other| is_same(other) && other.port == server.port)
            {
                let server = server.clone();
                return Err(ConfigError::Twice { server });
            }
        }
        if !INTERVAL_RANGE.contains(&self.interval) {
            return Err(ConfigError::Interval(self.interval));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(servers: &[String], seconds: u64) -> ClockConfig {
        ClockConfig {
            servers: servers.iter().map(|text| text.parse().unwrap()).collect(),
            interval: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn the_defaults_are_servers_and_an_odd_number_of_them() {
        let servers = SERVERS_DEFAULT.map(str::to_owned);
        config(&servers, 64).check().unwrap();
        assert_eq!(servers.len() % 2, 1);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let many: Vec<String> = (0..=SERVERS_MAX)
            .map(|n| format!("ntp{n}.example"))
            .collect();
        let count = many.len();
        assert_eq!(
            config(&many, 64).check(),
            Err(ConfigError::TooMany { count })
        );
        let twice = ["ntp.example".to_owned(), "NTP.example".to_owned()];
        let error = config(&twice, 64).check().unwrap_err();
        assert!(
            error.to_string().contains("NTP.example is named twice"),
            "{error}"
        );
        for seconds in [0, 1_025] {
            let error = config(&[], seconds).check().unwrap_err();
            assert!(error.to_string().contains("from 1 to 1024 s"), "{error}");
        }
    }
}
