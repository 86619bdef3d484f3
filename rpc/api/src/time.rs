//! Instants as text.

use std::fmt;

use serde::{de, Deserialize, Deserializer, Serialize, Serializer};
use xinglin_primitives::time::{Date, Moment, Utc, DAY_MS, HOUR_MS, MINUTE_MS};

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years of the Gregorian calendar.
const ERA_DAYS: u64 = 146_097;

/// An instant, written as ISO 8601 in UTC with milliseconds: `2026-01-31T00:30:00.000Z`. Read as that
/// with `Z` or an offset such as `+08:00`, seconds and their parts optional; or as a number of
/// milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Moment);

/// Text is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time; write 2026-01-31T08:30:00+08:00, or milliseconds since 1970")]
pub struct NoTime(String);

impl Time {
    /// Reads text in which an offset may be left out, for the one that is given in milliseconds. A
    /// date alone is its beginning.
    pub fn parse(text: &str, offset_ms: i64) -> Result<Self, NoTime> {
        parse(text, Some(offset_ms)).ok_or_else(|| NoTime(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Utc(self.0).fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a time such as \"2026-01-31T08:30:00+08:00\", or milliseconds since 1970",
                )
            }

            fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Time, E> {
                Ok(Time(ms))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                let wrong = || E::invalid_value(de::Unexpected::Str(text), &self);
                parse(text, None).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// `offset_ms` is that of text which names none; without it, it must.
fn parse(text: &str, offset_ms: Option<i64>) -> Option<Time> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Time);
    }
    let (date, rest) = text.split_at_checked(10)?;
    let day_ms = i64::try_from(days_of(date)?.checked_mul(DAY_MS)?).ok()?;
    if rest.is_empty() {
        return Time::at(day_ms, 0, offset_ms?);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset_ms) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => (&rest[..at], offset_of(&rest[at..])?),
        None => (rest, offset_ms?),
    };
    Time::at(day_ms, clock_ms(clock)?, offset_ms)
}

impl Time {
    fn at(day_ms: i64, clock_ms: i64, offset_ms: i64) -> Option<Self> {
        let ms = day_ms.checked_add(clock_ms)?.checked_sub(offset_ms)?;
        u64::try_from(ms).ok().map(Self)
    }
}

/// A number of so many digits.
fn digits(text: &str, count: usize) -> Option<u64> {
    let is_one = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| text.parse().ok())?
}

/// Days from 1970-01-01 to a date such as `2026-01-31`.
fn days_of(date: &str) -> Option<u64> {
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4).filter(|year| *year >= 1970)?;
    let month = digits(parts.next()?, 2).filter(|month| (1..=12).contains(month))?;
    let day = digits(parts.next()?, 2)?;
    // Years are counted from March, so that the leap day is the last of its year.
    let year_from_march = if month < 3 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let (era, year_of_era) = (year_from_march / 400, year_from_march % 400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * ERA_DAYS + day_of_era).checked_sub(EPOCH_DAYS)?;
    // The 31st of a shorter month would be a day of the next.
    let is_one = parts.next().is_none() && Date(u32::try_from(days).ok()?).to_string() == date;
    is_one.then_some(days)
}

/// Milliseconds of `08:30`, `08:30:00` or `08:30:00.250`.
fn clock_ms(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':');
    let hour = digits(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = digits(parts.next()?, 2).filter(|minute| *minute < 60)?;
    let second = match parts.next() {
        Some(second) => digits(second, 2).filter(|second| *second < 60)?,
        None => 0,
    };
    let is_fraction = (1..=9).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
    if parts.next().is_some() || !is_fraction {
        return None;
    }
    // What is finer than a millisecond is left away.
    let ms: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    i64::try_from(hour * HOUR_MS + minute * MINUTE_MS + second * 1_000 + ms).ok()
}

/// Milliseconds of `Z`, `+08:00` or `-0330`.
fn offset_of(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    let (hour, minute) = rest.split_at_checked(2)?;
    let minute = minute.strip_prefix(':').unwrap_or(minute);
    let hour = digits(hour, 2).filter(|hour| *hour <= 14)?;
    let minute = digits(minute, 2).filter(|minute| *minute < 60)?;
    let ms = i64::try_from(hour * HOUR_MS + minute * MINUTE_MS).ok()?;
    Some(if sign == "-" { -ms } else { ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u64> {
        let json = serde_json::Value::from(text);
        serde_json::from_value::<Time>(json).ok().map(|time| time.0)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_769_819_400_250, "2026-01-31T00:30:00.250Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Time(ms).to_string(), text);
            assert_eq!(read(text), Some(ms));
        }
        assert_eq!(serde_json::from_str::<Time>("5").unwrap(), Time(5));
    }

    #[test]
    fn offsets_and_parts_are_understood() {
        let expected = read("2026-01-31T00:30:00.000Z");
        assert!(expected.is_some());
        for text in [
            "2026-01-31T08:30:00+08:00",
            "2026-01-31T08:30+0800",
            "2026-01-30T21:00:00.0-03:30",
            "2026-01-31t00:30z",
            "1769819400000",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        const CST_MS: i64 = 8 * 3_600_000;
        let here = |text| Time::parse(text, CST_MS).map(|time| time.0).ok();
        assert_eq!(here("2026-01-31T08:30"), expected);
        assert_eq!(here("2026-01-31"), read("2026-01-30T16:00:00Z"));
        assert_eq!(here("2026-01-31T08:30Z"), read("2026-01-31T08:30:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "soon",
            "2026-01-31",
            "2026-01-31T08:30",
            "2026-02-29T00:00Z",
            "2026-13-01T00:00Z",
            "2026-00-10T00:00Z",
            "2026-01-00T00:00Z",
            "2026-01-31T24:00Z",
            "2026-01-31T08:60Z",
            "2026-01-31T08:30:60Z",
            "2026-01-31T08:30:00.Z",
            "2026-01-31T08:30:00+99:00",
            "2026-01-31T8:30Z",
            "1970-01-01T00:00:00+08:00",
            "2026-01-31T08:30:00Zz",
            "99999999999999999999999",
            "２０２６-01-31T08:30Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
