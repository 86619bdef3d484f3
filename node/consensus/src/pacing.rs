//! When the next height begins.
//!
//! A waiting transaction makes a block at once; an idle chain makes one now and then, so that
//! clients see it is alive. The shortest time between blocks is the engine's target time and has
//! passed before this is asked.

use std::time::Duration;

/// What is known when a height has been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Transactions that could be in the next block.
    pub ready: usize,
    /// Whether others are at the next height already, or beyond it.
    pub others_ahead: bool,
    /// Time since the last block was committed.
    pub since_commit: Duration,
    /// Longest time between two blocks of an idle chain.
    pub idle_interval: Duration,
}

/// What to do in a [`Situation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Begin now.
    Start,
    /// Nothing to do for so long, unless the situation changes.
    Wait(Duration),
}

/// Decides.
pub fn pace(situation: Situation) -> Pace {
    let Situation {
        ready,
        others_ahead,
        since_commit,
        idle_interval,
    } = situation;
    if ready > 0 || others_ahead || since_commit >= idle_interval {
        Pace::Start
    } else {
        Pace::Wait(idle_interval - since_commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Situation = Situation {
        ready: 0,
        others_ahead: false,
        since_commit: Duration::from_secs(3),
        idle_interval: Duration::from_secs(10),
    };

    #[test]
    fn an_idle_chain_waits_out_the_interval() {
        assert_eq!(pace(IDLE), Pace::Wait(Duration::from_secs(7)));
        let late = Situation {
            since_commit: Duration::from_secs(10),
            ..IDLE
        };
        assert_eq!(pace(late), Pace::Start);
    }

    #[test]
    fn a_transaction_or_the_others_start_a_height_at_once() {
        assert_eq!(pace(Situation { ready: 1, ..IDLE }), Pace::Start);
        let behind = Situation {
            others_ahead: true,
            ..IDLE
        };
        assert_eq!(pace(behind), Pace::Start);
    }
}
