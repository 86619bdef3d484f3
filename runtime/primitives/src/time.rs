//! Civil time. Instants are milliseconds since 1970-01-01 UTC; dates are days in UTC+8.

use std::fmt;

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

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years of the Gregorian calendar, after which it repeats.
const ERA_DAYS: u64 = 146_097;
/// Days from the first of March to the last of December.
const MARCH_TO_DECEMBER_DAYS: u64 = 306;

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

    /// The year in the Gregorian calendar; years beyond 65535 give that.
    pub fn year(self) -> u16 {
        u16::try_from(self.civil().0).unwrap_or(u16::MAX)
    }

    /// Year, month from 1, and day from 1 in the Gregorian calendar.
    fn civil(self) -> (u64, u64, u64) {
        // Years are counted from March, so that the leap day is the last of its year.
        let days = u64::from(self.0) + EPOCH_DAYS;
        let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
        let leap_days = day_of_era / 1_460 + day_of_era / (ERA_DAYS - 1) - day_of_era / 36_524;
        let year_of_era = (day_of_era - leap_days) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // From March on, five months have 153 days, again and again.
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let is_after_december = day_of_year >= MARCH_TO_DECEMBER_DAYS;
        let month = month_from_march + 3 - if is_after_december { 12 } else { 0 };
        let year = era * 400 + year_of_era + u64::from(is_after_december);
        (year, month, day)
    }
}

/// As ISO 8601 writes it: `2025-06-02`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// An instant as ISO 8601 writes it, in UTC: `2026-01-31T00:30:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc(pub Moment);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ms) = *self;
        // A date is a number of days, whatever the offset.
        let date = Date(u32::try_from(ms / DAY_MS).unwrap_or(u32::MAX));
        let (hour, minute) = (ms % DAY_MS / HOUR_MS, ms % HOUR_MS / MINUTE_MS);
        let (second, milli) = (ms % MINUTE_MS / 1_000, ms % 1_000);
        write!(f, "{date}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
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
    fn a_year_has_its_days() {
        let mut day = 0;
        // More than 400 years, after which the calendar repeats.
        for year in 1970..2_400_u16 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = if is_leap { 366 } else { 365 };
            assert_eq!(Date(day).year(), year);
            day += days;
            assert_eq!(Date(day - 1).year(), year);
        }
        // 2025-01-01, by another calendar.
        assert_eq!((Date(20_088).year(), Date(20_089).year()), (2024, 2025));
    }

    #[test]
    fn dates_follow_each_other() {
        let months = |year: u32| {
            let is_leap =
                year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
            [
                31,
                if is_leap { 29 } else { 28 },
                31,
                30,
                31,
                30,
                31,
                31,
                30,
                31,
                30,
                31,
            ]
        };
        let mut date = Date(0);
        for year in 1970..2_400_u32 {
            for (month, days) in (1..).zip(months(year)) {
                for day in 1..=days {
                    assert_eq!(date.to_string(), format!("{year:04}-{month:02}-{day:02}"));
                    date.0 += 1;
                }
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_saturate() {
        assert_eq!(Date(u32::MAX).year(), u16::MAX);
        assert_eq!(Date(0).start(), 0);
        assert_eq!(Date::of(Moment::MAX).0, u32::MAX);
    }
}
