//! Civil time. Instants are milliseconds since 1970-01-01 UTC; dates are days in UTC+8.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
pub type Moment = u64;

/// Milliseconds in one minute.
pub const MINUTE_MS: Moment = 60 * 1_000;
/// Milliseconds in one hour.
pub const HOUR_MS: Moment = 60 * MINUTE_MS;
/// Milliseconds in one day.
pub const DAY_MS: Moment = 24 * HOUR_MS;
/// China Standard Time is UTC+8 the whole year.
pub const CST_OFFSET_MS: Moment = 8 * HOUR_MS;

/// A civil date in UTC+8, as days since 1970-01-01.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Date(pub u32);

impl Date {
    /// The date in UTC+8 on which `moment` falls.
    pub fn of(moment: Moment) -> Self {
        let days = moment.saturating_add(CST_OFFSET_MS) / DAY_MS;
        Self(u32::try_from(days).unwrap_or(u32::MAX))
    }

    /// The instant at which this date begins in UTC+8; 1970-01-01 begins before the epoch and
    /// gives 0.
    pub fn start(self) -> Moment {
        (u64::from(self.0) * DAY_MS).saturating_sub(CST_OFFSET_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_begins_at_midnight_in_china() {
        let start = Date(20_000).start();
        assert_eq!(Date::of(start), Date(20_000));
        assert_eq!(Date::of(start - 1), Date(19_999));
        assert_eq!(Date::of(start + DAY_MS - 1), Date(20_000));
        assert_eq!((start + CST_OFFSET_MS) % DAY_MS, 0);
    }

    #[test]
    fn the_ends_of_the_range_saturate() {
        assert_eq!(Date(0).start(), 0);
        assert_eq!(Date::of(Moment::MAX).0, u32::MAX);
    }
}
