//! This node's clock.

use std::time::{SystemTime, UNIX_EPOCH};

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
