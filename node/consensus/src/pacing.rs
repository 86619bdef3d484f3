//! When the next height begins.
//!
//! A waiting transaction makes a block at once; an idle chain makes one now and then, so that
//! clients see it is alive. The shortest time between blocks is the engine's target time and has
//! passed before this is asked.
//!
//! A proposer that idles while the others have begun costs them a propose timeout, since they have
//! nothing to say until then. Usually gossip has told everybody of the same transactions. A node that
//! has just been restarted has missed some, so it takes the last blocks' word for theirs.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{sleep, Instant},
};
use xinglin_primitives::BlockNumber;

/// How long after a restart the others' transactions may take to arrive: they connect, dialling once
/// more if need be, and tell of all they have.
const POOL_FILLS_WITHIN: Duration = Duration::from_secs(15);
/// How many blocks without transactions end a load. One alone may be by a proposer that was restarted
/// too, and the next one's as well.
const QUIET_HEIGHTS: BlockNumber = 3;

/// What is known when a height has been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Situation {
    /// Transactions that could be in the next block.
    ready: usize,
    /// Whether others are at the next height already, or beyond it.
    others_ahead: bool,
    /// Whether others are likely to hold transactions of which this node does not know.
    more_expected: bool,
    /// Time since the last block was committed.
    since_commit: Duration,
    /// Longest time between two blocks of an idle chain.
    idle_interval: Duration,
}

/// What to do in a [`Situation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Begin now.
    Start,
    /// Nothing to do for so long, unless the situation changes.
    Wait(Duration),
}

/// Decides.
fn pace(situation: Situation) -> Pace {
    let Situation {
        ready,
        others_ahead,
        more_expected,
        since_commit,
        idle_interval,
    } = situation;
    if ready > 0 || others_ahead || more_expected || since_commit >= idle_interval {
        Pace::Start
    } else {
        Pace::Wait(idle_interval - since_commit)
    }
}

/// What the last block says of the load on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// Whether it holds transactions.
    pub transactions: bool,
    /// Whether it took more than one round: somebody had begun the height and was left waiting.
    pub failed_rounds: bool,
}

/// The last committed block.
#[derive(Clone, Copy, Debug)]
struct Committed {
    height: BlockNumber,
    at: Instant,
    failed_rounds: bool,
    /// The last height that had transactions, since the start.
    loaded: Option<BlockNumber>,
}

impl Committed {
    fn is_loaded(&self) -> bool {
        self.loaded
            .is_some_and(|height| self.height.saturating_sub(height) < QUIET_HEIGHTS)
    }
}

/// Where this node and the others are. The host's tasks tell it, and wait on it.
#[derive(Debug)]
pub struct Progress {
    committed: watch::Sender<Committed>,
    active: watch::Sender<BlockNumber>,
    /// When the pool of a restarted node will have filled; a chain that is new has none to miss.
    pool_filled: Option<Instant>,
}

impl Progress {
    /// A node that starts with `tip` as its last block.
    pub fn new(tip: BlockNumber) -> Self {
        let now = Instant::now();
        Self {
            committed: watch::Sender::new(Committed {
                height: tip,
                at: now,
                failed_rounds: false,
                loaded: None,
            }),
            active: watch::Sender::new(tip),
            pool_filled: (tip > 0).then(|| now + POOL_FILLS_WITHIN),
        }
    }

    /// The last committed height.
    pub fn committed(&self) -> BlockNumber {
        self.committed.borrow().height
    }

    /// When that was committed.
    pub fn committed_at(&self) -> Instant {
        self.committed.borrow().at
    }

    /// A height has been committed.
    pub fn note_committed(&self, height: BlockNumber, signs: Signs) {
        self.committed.send_modify(|committed| {
            committed.height = height;
            committed.at = Instant::now();
            committed.failed_rounds = signs.failed_rounds;
            if signs.transactions {
                committed.loaded = Some(height);
            }
        });
    }

    /// Somebody is active at a height.
    pub fn note_active(&self, height: BlockNumber) {
        self.active.send_if_modified(|active| {
            let ahead = height > *active;
            *active = (*active).max(height);
            ahead
        });
    }

    /// Waits until `height` is committed; `false` when the node stops first.
    pub async fn wait_committed(&self, height: BlockNumber) -> bool {
        let mut committed = self.committed.subscribe();
        let outcome = committed.wait_for(|tip| tip.height >= height).await;
        outcome.is_ok()
    }

    /// Waits until the height after `height` should begin. `ready` counts the ready transactions.
    pub async fn wait_to_begin(
        &self,
        height: BlockNumber,
        mut ready: watch::Receiver<usize>,
        idle_interval: Duration,
    ) {
        let mut active = self.active.subscribe();
        loop {
            let committed = *self.committed.borrow();
            let situation = Situation {
                ready: *ready.borrow_and_update(),
                others_ahead: *active.borrow_and_update() > height,
                more_expected: self.is_more_expected(&committed),
                since_commit: committed.at.elapsed(),
                idle_interval,
            };
            let Pace::Wait(rest) = pace(situation) else {
                return;
            };
            tokio::select! {
                () = sleep(rest) => {}
                changed = ready.changed() => if changed.is_err() { return },
                changed = active.changed() => if changed.is_err() { return },
            }
        }
    }

    fn is_more_expected(&self, last: &Committed) -> bool {
        let fills = self.pool_filled.is_some_and(|at| Instant::now() < at);
        last.failed_rounds || (fills && last.is_loaded())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const IDLE_INTERVAL: Duration = Duration::from_secs(10);
    const IDLE: Situation = Situation {
        ready: 0,
        others_ahead: false,
        more_expected: false,
        since_commit: Duration::from_secs(3),
        idle_interval: IDLE_INTERVAL,
    };
    const EMPTY: Signs = Signs {
        transactions: false,
        failed_rounds: false,
    };
    const TRANSACTIONS: Signs = Signs {
        transactions: true,
        failed_rounds: false,
    };

    #[test]
    fn an_idle_chain_waits_out_the_interval() {
        assert_eq!(pace(IDLE), Pace::Wait(Duration::from_secs(7)));
        let late = Situation {
            since_commit: IDLE_INTERVAL,
            ..IDLE
        };
        assert_eq!(pace(late), Pace::Start);
    }

    #[test]
    fn whatever_speaks_for_transactions_starts_a_height_at_once() {
        let others_ahead = true;
        let more_expected = true;
        for situation in [
            Situation { ready: 1, ..IDLE },
            Situation {
                others_ahead,
                ..IDLE
            },
            Situation {
                more_expected,
                ..IDLE
            },
        ] {
            assert_eq!(pace(situation), Pace::Start);
        }
    }

    /// How long the height after `height` is waited for when nothing else happens.
    async fn waits(progress: &Progress, height: BlockNumber) -> Duration {
        let (_pool, ready) = watch::channel(0);
        let started = Instant::now();
        progress.wait_to_begin(height, ready, IDLE_INTERVAL).await;
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_restarted_node_does_not_idle_under_load() {
        let progress = Progress::new(7);
        progress.note_committed(8, TRANSACTIONS);
        assert_eq!(waits(&progress, 8).await, Duration::ZERO);
        // Two that were restarted may follow one another as proposers.
        for height in [9, 10] {
            progress.note_committed(height, EMPTY);
            assert_eq!(waits(&progress, height).await, Duration::ZERO);
        }
        // Without load there is nothing to miss.
        progress.note_committed(11, EMPTY);
        assert_eq!(waits(&progress, 11).await, IDLE_INTERVAL);
        // In the end its own pool knows best.
        advance(POOL_FILLS_WITHIN).await;
        progress.note_committed(12, TRANSACTIONS);
        assert_eq!(waits(&progress, 12).await, IDLE_INTERVAL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_block_of_a_new_chain_is_followed_by_none_without_need() {
        let progress = Progress::new(0);
        progress.note_committed(1, TRANSACTIONS);
        assert_eq!(waits(&progress, 1).await, IDLE_INTERVAL);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_idles_after_a_failed_round() {
        let progress = Progress::new(0);
        let failed_rounds = true;
        progress.note_committed(
            1,
            Signs {
                failed_rounds,
                ..EMPTY
            },
        );
        assert_eq!(waits(&progress, 1).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_transaction_or_the_others_end_the_wait() {
        let second = Duration::from_secs(1);
        let progress = Progress::new(1);
        let (pool, ready) = watch::channel(0);
        let started = Instant::now();
        let arrives = async {
            sleep(second).await;
            pool.send_replace(1);
        };
        tokio::join!(arrives, progress.wait_to_begin(1, ready, IDLE_INTERVAL));
        assert_eq!(started.elapsed(), second);

        progress.note_committed(2, EMPTY);
        let votes = async {
            sleep(second).await;
            progress.note_active(3);
        };
        let (_, waited) = tokio::join!(votes, waits(&progress, 2));
        assert_eq!(waited, second);
    }
}
