//! What one peer may send.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::config::{NetworkLimits, PENALTY_POINTS_MAX};

/// Penalty for a message beyond the rate.
pub(crate) const POINTS_EXCESS: u32 = 1;

/// Token buckets of one registered peer.
pub(crate) struct Allowance {
    messages: DefaultDirectRateLimiter,
    bytes: DefaultDirectRateLimiter,
    penalties: DefaultDirectRateLimiter,
}

impl Allowance {
    pub(crate) fn new(limits: &NetworkLimits) -> Self {
        let twice = |rate: NonZeroU32| rate.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        let bucket = |rate: NonZeroU32, burst: NonZeroU32| {
            RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
        };
        let (messages, bytes) = (limits.messages_per_second, limits.bytes_per_second);
        Self {
            messages: bucket(messages, twice(messages)),
            bytes: bucket(bytes, twice(bytes)),
            penalties: bucket(limits.penalty_points_per_second, PENALTY_POINTS_MAX),
        }
    }

    /// Whether the peer may send a message of this size now.
    pub(crate) fn admit(&self, bytes: usize) -> bool {
        let bytes = u32::try_from(bytes).ok().and_then(NonZeroU32::new);
        self.messages.check().is_ok()
            && bytes.is_some_and(|bytes| matches!(self.bytes.check_n(bytes), Ok(Ok(()))))
    }

    /// Whether the peer has points left after these penalty points.
    pub(crate) fn forgive(&self, points: u32) -> bool {
        match NonZeroU32::new(points) {
            Some(points) => matches!(self.penalties.check_n(points), Ok(Ok(()))),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> NetworkLimits {
        NetworkLimits {
            messages_per_second: NonZeroU32::MIN,
            bytes_per_second: NonZeroU32::MIN.saturating_add(999),
            penalty_points_per_second: NonZeroU32::MIN,
        }
    }

    #[test]
    fn messages_and_bytes_are_bounded() {
        let allowance = Allowance::new(&limits());
        let admitted = (0..50).filter(|_| allowance.admit(1)).count();
        // The clock runs: a slow machine may see one more admitted.
        assert!((2..=4).contains(&admitted), "{admitted}");
        assert!(!Allowance::new(&limits()).admit(2_001));
        assert!(!Allowance::new(&limits()).admit(0));
    }

    #[test]
    fn penalties_add_up() {
        let allowance = Allowance::new(&limits());
        assert!(allowance.forgive(0));
        assert!(allowance.forgive(PENALTY_POINTS_MAX.get() - 1));
        assert!(!allowance.forgive(500));
        assert!(!Allowance::new(&limits()).forgive(PENALTY_POINTS_MAX.get() + 1));
    }
}
