//! How many transactions a block should have so that the validators agree on it in good time.
//!
//! A block that takes the others longer to execute than a round lasts is lost, with all the work
//! done on it; the next proposer then builds one just as large. What the slowest of a quorum can do
//! no node knows beforehand, but each sees how long heights take. So a proposer aims at a height of
//! [`HEIGHT_TARGET`], by what the last ones took, failed rounds included.

use std::time::{Duration, Instant};

use xinglin_primitives::BlockNumber;

/// How long a height should take, from the start of its first round to the commit.
const HEIGHT_TARGET: Duration = Duration::from_millis(500);
/// Transactions of the first block, until something is known.
const TRANSACTIONS_INITIAL: usize = 1_000;
/// Fewest transactions that a block is limited to.
const TRANSACTIONS_MIN: usize = 64;
/// Most: the executor has bounds of its own.
const TRANSACTIONS_MAX: usize = 16 * 1024;
/// Growth from one height to the next, as a factor.
const GROWTH_MAX: usize = 2;

/// The limit that follows from the heights seen so far.
#[derive(Debug)]
pub struct Capacity {
    transactions_max: usize,
    started: Option<(BlockNumber, Instant)>,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            transactions_max: TRANSACTIONS_INITIAL,
            started: None,
        }
    }
}

impl Capacity {
    /// Transactions that the next block may have.
    pub fn transactions_max(&self) -> usize {
        self.transactions_max
    }

    /// The first round of a height begins.
    pub fn height_started(&mut self, height: BlockNumber, now: Instant) {
        self.started = Some((height, now));
    }

    /// A height is committed with so many transactions. Heights that were not begun here, as while
    /// catching up, say nothing.
    pub fn height_committed(&mut self, height: BlockNumber, transactions: usize, now: Instant) {
        let Some((_, started)) = self.started.take_if(|(begun, _)| *begun == height) else {
            return;
        };
        // Of a few transactions in a quiet hour nothing follows for many.
        if transactions < TRANSACTIONS_MIN {
            return;
        }
        let took_ms = now.duration_since(started).as_millis().max(1);
        let fitting = transactions as u128 * HEIGHT_TARGET.as_millis() / took_ms;
        let growth_max = self.transactions_max * GROWTH_MAX;
        self.transactions_max = usize::try_from(fitting)
            .unwrap_or(usize::MAX)
            .clamp(TRANSACTIONS_MIN, growth_max.min(TRANSACTIONS_MAX));
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
                capacity.height_started(height, now);
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
        capacity.height_started(1, start);
        capacity.height_committed(1, 4_000, start + Duration::from_secs(8));
        assert_eq!(capacity.transactions_max(), 250);
        for height in 2..6 {
            capacity.height_started(height, start);
            let transactions = capacity.transactions_max();
            capacity.height_committed(height, transactions, start + Duration::from_millis(100));
        }
        assert_eq!(capacity.transactions_max(), 4_000);
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
        capacity.height_started(1, start);
        capacity.height_committed(1, 2, start + Duration::from_secs(9));
        capacity.height_committed(2, 5_000, start + Duration::from_secs(90));
        assert_eq!(capacity.transactions_max(), TRANSACTIONS_INITIAL);
    }
}
