//! This node's clock.
//!
//! It is taken as it is: what time servers say of it decides whether this node proposes, and moves
//! neither the time of its blocks nor what it thinks of those of others. A correction would make a
//! validator's votes depend on whom it can reach, and whoever forges time servers' answers could
//! then move the time of the chain instead of only silencing a proposer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::{sync::watch, time::timeout};
use xinglin_core::ClockStatus;
use xinglin_primitives::time::Moment;

/// Milliseconds since 1970-01-01T00:00:00Z. A clock before that reads 0 and every live block is
/// then refused as too far ahead, which is what such a clock deserves.
pub fn now_ms() -> Moment {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| {
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
        })
}

/// Waits so long for a clock that is off to be set right; `true` if this node may propose.
pub async fn may_propose(status: &watch::Receiver<ClockStatus>, patience: Duration) -> bool {
    let mut status = status.clone();
    let is_right = async { status.wait_for(ClockStatus::may_propose).await.is_ok() };
    timeout(patience, is_right).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use tokio::time::{sleep, Instant};
    use xinglin_core::ClockOffset;

    use super::*;

    fn ahead_by_ms(offset_ms: i64) -> ClockStatus {
        ClockStatus {
            offset: ClockOffset::Known {
                offset_us: offset_ms * 1_000,
                uncertainty_us: 0,
            },
            ..ClockStatus::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_is_taken_at_once_unless_the_clock_is_off() {
        const PATIENCE: Duration = Duration::from_secs(1);
        let started = Instant::now();
        let (sender, status) = watch::channel(ClockStatus::default());
        assert!(may_propose(&status, PATIENCE).await);
        sender.send_replace(ahead_by_ms(-400));
        assert!(may_propose(&status, PATIENCE).await);
        assert_eq!(started.elapsed(), Duration::ZERO);
        sender.send_replace(ahead_by_ms(-600));
        assert!(!may_propose(&status, PATIENCE).await);
        assert_eq!(started.elapsed(), PATIENCE);

        let set_right = async {
            sleep(PATIENCE / 2).await;
            sender.send_replace(ahead_by_ms(0));
        };
        let (may, ()) = tokio::join!(may_propose(&status, PATIENCE), set_right);
        assert!(may);
        assert_eq!(started.elapsed(), PATIENCE + PATIENCE / 2);
    }
}
