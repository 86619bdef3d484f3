//! Heights, values and timeouts.

use std::{fmt, time::Duration};

use arc_malachitebft_app::types::core::{self as engine, TimeoutKind};
use xinglin_primitives::{consensus::ConsensusParameters, BlockNumber, Hash, FIRST_HEIGHT};

use super::Context;

/// A block number. Genesis is 0; the first height agreed on is [`FIRST_HEIGHT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Height(pub BlockNumber);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl engine::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(FIRST_HEIGHT);

    fn increment_by(&self, n: u64) -> Self {
        let n = BlockNumber::try_from(n).unwrap_or(BlockNumber::MAX);
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        let n = BlockNumber::try_from(n).ok()?;
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        u64::from(self.0)
    }
}

/// What is decided: the hash of a block. Its body travels and is stored apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub Hash);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl engine::Value for BlockId {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

/// No timeout grows beyond this, however many rounds fail.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// The timeouts of one height, out of the chain's parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts(pub ConsensusParameters);

impl engine::Timeouts<Context> for Timeouts {
    fn duration_for(&self, timeout: engine::Timeout) -> Duration {
        let Self(parameters) = self;
        let base_ms = match timeout.kind {
            TimeoutKind::Propose => parameters.propose_timeout_ms,
            TimeoutKind::Prevote => parameters.prevote_timeout_ms,
            TimeoutKind::Precommit => parameters.precommit_timeout_ms,
            TimeoutKind::Rebroadcast => parameters
                .propose_timeout_ms
                .saturating_add(parameters.prevote_timeout_ms)
                .saturating_add(parameters.precommit_timeout_ms),
            TimeoutKind::FinalizeHeight(duration) => return duration,
        };
        let rounds = super::round_number(timeout.round);
        let total_ms = base_ms.saturating_add(parameters.timeout_delta_ms.saturating_mul(rounds));
        Duration::from_millis(u64::from(total_ms)).min(TIMEOUT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arc_malachitebft_app::types::core::{Height as _, Round, Timeout, Timeouts as _};

    #[test]
    fn timeouts_grow_by_round_up_to_the_cap() {
        let timeouts = Timeouts(ConsensusParameters::default());
        let propose = |round| timeouts.duration_for(Timeout::propose(Round::new(round)));
        assert_eq!(propose(0), Duration::from_millis(2_000));
        assert_eq!(propose(3), Duration::from_millis(3_500));
        assert_eq!(propose(u32::MAX), TIMEOUT_MAX);
    }

    #[test]
    fn heights_saturate_above_and_stop_below() {
        assert_eq!(Height(1).decrement_by(2), None);
        assert_eq!(Height(u32::MAX).increment(), Height(u32::MAX));
    }
}
