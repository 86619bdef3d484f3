//! Civil dates.

use std::fmt;

use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years of the Gregorian calendar, after which it repeats.
const ERA_DAYS: u64 = 146_097;
/// The last date that is written with four digits of the year: 9999-12-31.
const LAST: u32 = 2_932_896;
/// Milliseconds in a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// China Standard Time is UTC+8 the whole year.
const CST_OFFSET_MS: u64 = 8 * 60 * 60 * 1_000;

/// A civil date in UTC+8 from 1970 to 9999; `2024-03-11` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(u32);

impl Day {
    /// The date that is so many days after 1970-01-01; none after 9999-12-31.
    pub fn from_days(days: u32) -> Option<Self> {
        (days <= LAST).then_some(Self(days))
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> u32 {
        self.0
    }

    /// Year, month and day of the month.
    pub fn civil(self) -> (u64, u64, u64) {
        // Years are counted from March, so that the leap day is the last of its year.
        let days = u64::from(self.0) + EPOCH_DAYS;
        let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
        let leap_days = day_of_era / 1_460 + day_of_era / (ERA_DAYS - 1) - day_of_era / 36_524;
        let year_of_era = (day_of_era - leap_days) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        (year, month, day)
    }

    fn parse(text: &str) -> Option<Self> {
        let number = |range, digits| {
            let part: &str = text.get(range)?;
            let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse::<u64>().ok()).flatten()
        };
        let (year, month, day) = (number(0..4, 4)?, number(5..7, 2)?, number(8..10, 2)?);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day > 31 {
            return None;
        }
        let (from_year, from_month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let days = 365 * from_year + from_year / 4 - from_year / 100
            + from_year / 400
            + (153 * from_month + 2) / 5
            + day;
        let day = days.checked_sub(EPOCH_DAYS + 1)?;
        let day = u32::try_from(day).ok().and_then(Self::from_days)?;
        // The one way to write a date is its own; 2023-02-29 would be read as another day.
        (day.to_string() == text).then_some(day)
    }
}

/// Date and time in UTC+8, for people: `2024-03-11 09:20:00`.
pub(crate) fn moment(moment_ms: u64) -> String {
    let local_ms = moment_ms.saturating_add(CST_OFFSET_MS);
    let days = u32::try_from(local_ms / DAY_MS).unwrap_or(u32::MAX);
    let seconds = local_ms % DAY_MS / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match Day::from_days(days) {
        Some(day) => format!("{day} {hour:02}:{minute:02}:{second:02}"),
        None => format!("{moment_ms} ms"),
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a date (YYYY-MM-DD) from 1970 on"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, text) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (19_782, "2024-02-29"),
            (19_793, "2024-03-11"),
            (LAST, "9999-12-31"),
        ] {
            assert_eq!(Day(days).to_string(), text);
            assert_eq!(Day::parse(text), Some(Day(days)));
        }
        assert_eq!(Day::from_days(LAST + 1), None);
        for text in [
            "",
            "1969-12-31",
            "2023-02-29",
            "2024-2-29",
            "2024-02-29 ",
            "2024/02/29",
            "2024-00-01",
            "二〇二四-01-01",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(moment(1_710_120_000_000), "2024-03-11 09:20:00");
    }

    proptest! {
        #[test]
        fn every_date_is_read_as_it_is_written(days in 0..=LAST, noise in "\\PC{0,12}") {
            prop_assert_eq!(Day::parse(&Day(days).to_string()), Some(Day(days)));
            let _outcome = Day::parse(&noise);
        }
    }
}
