//! Which consensus parameters make sense.

use core::ops::RangeInclusive;

use frame_support::ensure;
use xinglin_primitives::consensus::ConsensusParameters;

use crate::{Config, Error};

/// A timeout of round 0: time for a message to cross the consortium, and no standstill.
pub const TIMEOUT_MS: RangeInclusive<u32> = 100..=60_000;
/// By how much timeouts grow: they must, or rounds too short for the network never end.
pub const TIMEOUT_DELTA_MS: RangeInclusive<u32> = 10..=10_000;
/// Shortest time between blocks.
pub const BLOCK_INTERVAL_MIN_MS: RangeInclusive<u32> = 50..=10_000;
/// Longest time between blocks on an idle chain: an hour.
pub const BLOCK_INTERVAL_IDLE_MS_MAX: u32 = 3_600_000;
/// How far clocks may differ.
pub const CLOCK_DRIFT_MS: RangeInclusive<u32> = 100..=60_000;

/// Refuses parameters with which the chain would stand still or run hot.
pub(crate) fn check<T: Config>(parameters: &ConsensusParameters) -> Result<(), Error<T>> {
    let ConsensusParameters {
        propose_timeout_ms,
        prevote_timeout_ms,
        precommit_timeout_ms,
        timeout_delta_ms,
        block_interval_min_ms,
        block_interval_idle_ms,
        clock_drift_max_ms,
    } = parameters;
    ensure!(
        [propose_timeout_ms, prevote_timeout_ms, precommit_timeout_ms]
            .into_iter()
            .all(|timeout_ms| TIMEOUT_MS.contains(timeout_ms))
            && TIMEOUT_DELTA_MS.contains(timeout_delta_ms),
        Error::<T>::TimeoutOutOfRange
    );
    ensure!(
        BLOCK_INTERVAL_MIN_MS.contains(block_interval_min_ms)
            && block_interval_min_ms <= block_interval_idle_ms
            && *block_interval_idle_ms <= BLOCK_INTERVAL_IDLE_MS_MAX,
        Error::<T>::IntervalOutOfRange
    );
    ensure!(
        CLOCK_DRIFT_MS.contains(clock_drift_max_ms),
        Error::<T>::DriftOutOfRange
    );
    Ok(())
}
