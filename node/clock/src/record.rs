//! What is published after each poll.

use std::time::{Duration, Instant, SystemTime};

use xinglin_core::{ClockOffset, ClockStatus, TimeServerStatus, TimeServerVerdict};
use xinglin_primitives::time::Moment;

use crate::{
    config::{AGREEMENT_KEPT, STEP_MIN},
    decision::{decide, Reading},
    source::Silence,
};

/// What one server said in one poll.
pub(crate) type Answer = Result<Reading, Silence>;

/// The last word of the majority, and when it was spoken.
#[derive(Debug, Default)]
pub(crate) struct Record {
    agreed: Option<(Instant, ClockOffset)>,
    status: ClockStatus,
}

impl Record {
    /// The status after a poll. `names` and `answers` are of all servers, in the same order.
    ///
    /// Without a majority the last one's word holds for a while: a clock does not go wrong because
    /// its servers cannot be reached.
    pub(crate) fn take(
        &mut self,
        names: &[String],
        answers: &[Answer],
        now: Instant,
        now_ms: Moment,
    ) -> &ClockStatus {
        let readings: Vec<_> = answers.iter().map(|it| it.as_ref().ok().copied()).collect();
        let decision = decide(&readings);
        if let ClockOffset::Known { .. } = decision.offset {
            self.agreed = Some((now, decision.offset));
        }
        let kept = self
            .agreed
            .filter(|(at, _)| now.saturating_duration_since(*at) <= AGREEMENT_KEPT);
        let next = ClockStatus {
            offset: kept.map_or(decision.offset, |(_, offset)| offset),
            servers: names
                .iter()
                .zip(answers)
                .zip(decision.verdicts)
                .map(|((name, answer), verdict)| server_status(name, answer, verdict))
                .collect(),
            since_ms: self.status.since_ms,
        };
        let is_new = self.status.standing() != next.standing();
        self.status = next;
        if is_new {
            self.status.since_ms = now_ms;
        }
        &self.status
    }

    /// The clock has been set: what was said of it holds no more.
    pub(crate) fn forget(&mut self) {
        self.agreed = None;
    }
}

fn server_status(name: &str, answer: &Answer, verdict: TimeServerVerdict) -> TimeServerStatus {
    TimeServerStatus {
        name: name.to_owned(),
        verdict,
        offset_us: answer.as_ref().ok().map(|reading| reading.offset_us),
        problem: answer.as_ref().err().map(Silence::to_string),
    }
}

/// The clock that people set, beside the one that only runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hands {
    wall: SystemTime,
    steady: Instant,
}

impl Hands {
    pub(crate) fn read() -> Self {
        Self {
            wall: SystemTime::now(),
            steady: Instant::now(),
        }
    }

    /// Whether somebody has set the clock since `self`, or the machine has slept.
    pub(crate) fn was_set_before(&self, later: Self) -> bool {
        let steady = later.steady.saturating_duration_since(self.steady);
        let moved = match later.wall.duration_since(self.wall) {
            Ok(wall) => wall.abs_diff(steady),
            Err(back) => back.duration() + steady,
        };
        moved >= STEP_MIN
    }
}

/// Milliseconds since 1970 by this node's clock.
pub(crate) fn now_ms() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.as_ref().map_or(0, Duration::as_millis);
    Moment::try_from(since).unwrap_or(Moment::MAX)
}

#[cfg(test)]
mod tests {
    use xinglin_core::ClockStanding;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn said(offset_us: i64) -> Answer {
        Ok(Reading {
            offset_us,
            error_us: 1_000,
        })
    }

    fn names() -> [String; 3] {
        ["a", "b", "c"].map(str::to_owned)
    }

    #[test]
    fn since_tells_when_the_standing_changed_and_not_the_offset() {
        let mut record = Record::default();
        let start = Instant::now();
        let mut poll = |offset_us, now_ms| {
            let answers = [said(offset_us), said(offset_us), Err(Silence::NoAnswer)];
            let status = record.take(&names(), &answers, start, now_ms);
            (status.standing(), status.since_ms)
        };
        assert_eq!(poll(0, 10), (ClockStanding::Right, 10));
        assert_eq!(poll(499_000, 20), (ClockStanding::Right, 10));
        assert_eq!(poll(2_000_000, 30), (ClockStanding::Off, 30));
        assert_eq!(poll(-2_000_000, 40), (ClockStanding::Off, 30));
        assert_eq!(poll(0, 50), (ClockStanding::Right, 50));
    }

    #[test]
    fn the_word_of_a_majority_holds_for_a_while_unless_the_clock_is_set() {
        let mut record = Record::default();
        let start = Instant::now();
        let off = [said(2_000_000), said(2_000_000), said(0)];
        let none = [said(0), Err(Silence::NoAnswer), Err(Silence::NoAnswer)];
        let status = record.take(&names(), &off, start, 1);
        assert_eq!(status.names(TimeServerVerdict::Lies), ["c"]);

        let status = record.take(&names(), &none, start + AGREEMENT_KEPT, 2);
        assert_eq!(status.standing(), ClockStanding::Off);
        // What is told of the servers is the last poll all the same.
        assert_eq!(status.names(TimeServerVerdict::Unsettled), ["a"]);
        assert_eq!(status.servers[1].problem.as_deref(), Some("no answer"));
        let later = start + AGREEMENT_KEPT + SECOND;
        let status = record.take(&names(), &none, later, 3);
        assert_eq!(
            (status.standing(), status.since_ms),
            (ClockStanding::Unknown, 3)
        );

        let status = record.take(&names(), &off, later, 4);
        assert_eq!(status.standing(), ClockStanding::Off);
        record.forget();
        let status = record.take(&names(), &none, later, 5);
        assert_eq!(status.standing(), ClockStanding::Unknown);
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_in_both_directions() {
        let start = Hands::read();
        let after = |wall: f64| Hands {
            wall: start.wall + Duration::from_secs_f64(1_000.0 + wall),
            steady: start.steady + SECOND * 1_000,
        };
        // An operating system slews by up to half a thousandth.
        for run in [0.0, 0.05, -0.05] {
            assert!(!start.was_set_before(after(run)), "{run}");
        }
        for set in [0.1, -0.2, -999.5, 86_400.0] {
            assert!(start.was_set_before(after(set)), "{set}");
        }
        let back = Hands {
            wall: start.wall - SECOND,
            steady: start.steady,
        };
        assert!(start.was_set_before(back));
    }
}
