//! What time servers say of this node's clock.

use std::time::Duration;

use xinglin_primitives::time::Moment;

/// How far this node's clock may be off for it to propose blocks.
///
/// The time of a block is its proposer's, and the rules of the chain count by it. The others refuse
/// a block only when it is off by their allowed drift, which is ten times as much and has to bear
/// with two clocks and a network; this one is about one clock alone.
pub const CLOCK_OFFSET_MAX: Duration = Duration::from_millis(500);

/// How far this node's clock is from that of the time servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockOffset {
    /// No time servers are configured.
    #[default]
    NotChecked,
    /// They do not answer, or no majority of them agrees.
    Unknown,
    /// A majority agrees.
    Known {
        /// Our clock minus theirs in microseconds: positive when ours is ahead.
        offset_us: i64,
        /// By how much that may be wrong either way, in microseconds.
        uncertainty_us: u64,
    },
}

/// What is thought of a time server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeServerVerdict {
    /// It is one of the majority.
    Agrees,
    /// It contradicts the majority and is ignored.
    Lies,
    /// It does not answer, or nothing of use.
    Silent,
    /// It answers, and there is no majority to hold it against.
    Unsettled,
}

impl TimeServerVerdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agrees, Self::Lies, Self::Silent, Self::Unsettled];
}

/// A time server and what it last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeServerStatus {
    /// As it is configured, such as `nts:time.example`.
    pub name: String,
    /// What is thought of it.
    pub verdict: TimeServerVerdict,
    /// Our clock minus its own in microseconds, if it has answered.
    pub offset_us: Option<i64>,
    /// Why it counts as silent, if it does.
    pub problem: Option<String>,
}

/// Whether this node's clock is right, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockStanding {
    /// Nobody was asked.
    NotChecked,
    /// Nobody knows.
    Unknown,
    /// Off by no more than [`CLOCK_OFFSET_MAX`].
    Right,
    /// Off by more.
    Off,
}

/// What time servers say of this node's clock, and which of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClockStatus {
    /// How far the clock is off.
    pub offset: ClockOffset,
    /// The servers in the order of the configuration.
    pub servers: Vec<TimeServerStatus>,
    /// Since when its standing has been what it is, by this node's clock; 0 if it is not checked.
    pub since_ms: Moment,
}

impl ClockStatus {
    /// Whether the clock is right.
    pub fn standing(&self) -> ClockStanding {
        match self.offset {
            ClockOffset::NotChecked => ClockStanding::NotChecked,
            ClockOffset::Unknown => ClockStanding::Unknown,
            ClockOffset::Known { offset_us, .. } => {
                let off = Duration::from_micros(offset_us.unsigned_abs());
                if off > CLOCK_OFFSET_MAX {
                    ClockStanding::Off
                } else {
                    ClockStanding::Right
                }
            }
        }
    }

    /// Whether this node may propose blocks: unless its clock is known to be off.
    ///
    /// A node that knows nothing of its clock proposes. Else whoever cuts a consortium off from its
    /// time servers would stop its chain; and the other validators hold each block against their own
    /// clocks in any case.
    pub fn may_propose(&self) -> bool {
        self.standing() != ClockStanding::Off
    }

    /// Names of the servers with this verdict.
    pub fn names(&self, verdict: TimeServerVerdict) -> Vec<&str> {
        self.servers
            .iter()
            .filter(|server| server.verdict == verdict)
            .map(|server| server.name.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(offset_us: i64) -> ClockStanding {
        let offset = ClockOffset::Known {
            offset_us,
            uncertainty_us: 0,
        };
        ClockStatus {
            offset,
            ..ClockStatus::default()
        }
        .standing()
    }

    #[test]
    fn a_clock_is_off_beyond_the_limit_in_both_directions() {
        for right in [0, 500_000, -500_000] {
            assert_eq!(standing(right), ClockStanding::Right, "{right}");
        }
        for off in [500_001, -500_001, i64::MIN, i64::MAX] {
            assert_eq!(standing(off), ClockStanding::Off, "{off}");
        }
    }

    #[test]
    fn who_knows_nothing_of_its_clock_proposes() {
        let mut status = ClockStatus::default();
        assert_eq!(status.standing(), ClockStanding::NotChecked);
        assert!(status.may_propose());
        status.offset = ClockOffset::Unknown;
        assert!(status.may_propose());
    }
}
