//! How many transactions a block should have so that the validators agree on it in good time.
//!
//! A block that takes the others longer to execute than a round lasts is lost, with all the work
//! done on it; the next proposer then builds one just as large. What the slowest of a quorum can do
//! no node knows beforehand, but each sees how long heights take. So a proposer aims at a height of
//! [`HEIGHT_TARGET`], by what the last ones took, failed rounds included.

use tokio::time::{Duration, Instant};
use xinglin_primitives::BlockNumber;

/// How long a height should take, from its first proposal to the commit.
const HEIGHT_TARGET: Duration = Duration::from_millis(500);
/// Transactions of the first block, until something is known.
const TRANSACTIONS_INITIAL: usize = 1_000;
/// Fewest transactions that a block is limited to.
const TRANSACTIONS_MIN: usize = 64;
/// Most: the executor has bounds of its own.
const TRANSACTIONS_MAX: usize = 16 * 1024;
/// Growth from one height to the next, as a factor.
const GROWTH_MAX: usize = 2;

/// The height whose time is taken.
#[derive(Clone, Copy, Debug)]
struct Clock {
    height: BlockNumber,
    /// When its first proposal came; `None` if its block was fetched, which says nothing of how long
    /// agreement takes.
    since: Option<Instant>,
}

/// The limit that follows from the heights seen so far.
#[derive(Debug)]
pub struct Capacity {
    transactions_max: usize,
    clock: Option<Clock>,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            transactions_max: TRANSACTIONS_INITIAL,
            clock: None,
        }
    }
}

impl Capacity {
    /// Transactions that the next block may have.
    pub fn transactions_max(&self) -> usize {
        self.transactions_max
    }

    /// A block is proposed for a height, by us or another. The first one starts the clock: before
    /// it the validators wait for a proposer that may be away, which no smaller block would change.
    pub fn proposed(&mut self, height: BlockNumber, at: Instant) {
        if self.clock.is_none_or(|clock| clock.height < height) {
            self.clock = Some(Clock {
                height,
                since: Some(at),
            });
        }
    }

    /// The block of a height was fetched from a peer, as when catching up.
    pub fn height_fetched(&mut self, height: BlockNumber) {
        if self.clock.is_none_or(|clock| clock.height <= height) {
            self.clock = Some(Clock {
                height,
                since: None,
            });
        }
    }

    /// A height is committed with so many transactions. One whose agreement was not followed from
    /// its proposal on says nothing.
    pub fn height_committed(&mut self, height: BlockNumber, transactions: usize, now: Instant) {
        let since = self
            .clock
            .filter(|clock| clock.height == height)
            .and_then(|clock| clock.since);
        let Some(since) = since else { return };
        // Of a few transactions in a quiet hour nothing follows for many.
        if transactions < TRANSACTIONS_MIN {
            return;
        }
        let took = now.duration_since(since);
        let took_ms = took.as_millis().max(1);
        let fitting = transactions as u128 * HEIGHT_TARGET.as_millis() / took_ms;
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        // A block that was smaller than allowed and in time is no reason to allow less.
        let fewest = if took <= HEIGHT_TARGET {
            self.transactions_max
        } else {
            TRANSACTIONS_MIN
        };
        let most = (self.transactions_max * GROWTH_MAX).min(TRANSACTIONS_MAX);
        self.transactions_max = fitting.clamp(fewest, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Limits after heights with so many transactions, or as many as the limit then allows, that
    /// took `base_ms` and `per_1000_ms` for each thousand.
    fn limits(base_ms: u64, per_1000_ms: u64, heights: u32) -> Vec<usize> {
        let mut capacity = Capacity::default();
        let mut now = Instant::now();
        (1..=heights)
            .map(|height| {
                let transactions = capacity.transactions_max();
                capacity.proposed(height, now);
                let took_ms = base_ms + per_1000_ms * transactions as u64 / 1_000;
                now += Duration::from_millis(took_ms);
                capacity.height_committed(height, transactions, now);
                capacity.transactions_max()
            })
            .collect()
    }

    #[test]
    fn settles_where_a_height_takes_the_target() {
        for (base_ms, per_1000_ms) in [(100, 200), (50, 2_000), (200, 40)] {
            let fits = ((500 - base_ms) * 1_000 / per_1000_ms) as usize;
            let last = *limits(base_ms, per_1000_ms, 40).last().unwrap();
            assert!(
                last.abs_diff(fits) <= fits / 20,
                "{last} transactions, {fits} fit"
            );
        }
    }

    #[test]
    fn failed_rounds_shrink_blocks_at_once_and_they_recover() {
        let mut capacity = Capacity::default();
        let start = Instant::now();
        capacity.proposed(1, start);
        // The proposal of the next round is not the first.
        capacity.proposed(1, start + Duration::from_secs(7));
        capacity.height_committed(1, 4_000, start + Duration::from_secs(8));
        assert_eq!(capacity.transactions_max(), 250);
        for height in 2..6 {
            capacity.proposed(height, start);
            let transactions = capacity.transactions_max();
            capacity.height_committed(height, transactions, start + Duration::from_millis(100));
        }
        assert_eq!(capacity.transactions_max(), 4_000);
    }

    #[test]
    fn a_small_block_in_time_takes_nothing_away() {
        let mut capacity = Capacity::default();
        let start = Instant::now();
        capacity.proposed(1, start);
        capacity.height_committed(1, 100, start + HEIGHT_TARGET);
        assert_eq!(capacity.transactions_max(), TRANSACTIONS_INITIAL);
        // Late by a little, it is.
        capacity.proposed(2, start);
        let late = start + HEIGHT_TARGET + Duration::from_millis(1);
        capacity.height_committed(2, 100, late);
        assert_eq!(capacity.transactions_max(), 99);
    }

    #[test]
    fn stays_within_its_bounds() {
        assert!(limits(60_000, 60_000, 20).iter().all(|limit| *limit >= 64));
        assert_eq!(*limits(1, 1, 20).last().unwrap(), TRANSACTIONS_MAX);
    }

    #[test]
    fn quiet_heights_and_heights_of_others_say_nothing() {
        let mut capacity = Capacity::default();
        let start = Instant::now();
        capacity.proposed(1, start);
        capacity.height_committed(1, 2, start + Duration::from_secs(9));
        capacity.height_committed(2, 5_000, start + Duration::from_secs(90));
        assert_eq!(capacity.transactions_max(), TRANSACTIONS_INITIAL);
    }

    #[test]
    fn fetched_heights_say_nothing() {
        let start = Instant::now();
        let late = start + Duration::from_secs(9);
        for proposed_first in [true, false] {
            let mut capacity = Capacity::default();
            if proposed_first {
                capacity.proposed(1, start);
            }
            capacity.height_fetched(1);
            capacity.proposed(1, start);
            capacity.height_committed(1, 5_000, late);
            assert_eq!(capacity.transactions_max(), TRANSACTIONS_INITIAL);
        }
    }
}
