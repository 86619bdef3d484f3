//! FHIR's dates and times as instants.

/// Milliseconds in a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// China Standard Time is UTC+8 the whole year. What has no time zone is meant in it.
const CST_OFFSET_MINUTES: i64 = 8 * 60;

/// A civil date in UTC+8, in days since 1970-01-01; negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDate(pub i32);

/// The date in UTC+8 on which an instant falls, in milliseconds since 1970-01-01T00:00:00Z.
pub fn civil_date(moment_ms: i64) -> CivilDate {
    let days = moment_ms
        .saturating_add(CST_OFFSET_MINUTES * 60_000)
        .div_euclid(DAY_MS);
    let bound = if days < 0 { i32::MIN } else { i32::MAX };
    CivilDate(i32::try_from(days).unwrap_or(bound))
}

/// The first and the last millisecond that a `date`, `dateTime` or `instant` stands for, since
/// 1970-01-01T00:00:00Z. A date without a time is a whole day, month or year in UTC+8.
pub(crate) fn span(text: &str) -> Option<(i64, i64)> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map(|part| number(part, 2));
    let day = parts.next().map(|part| number(part, 2));
    if parts.next().is_some() {
        return None;
    }
    match (month, day, time) {
        (Some(month), Some(day), Some(time)) => {
            let (of_day_ms, resolution_ms, offset_minutes) = time_of_day(time)?;
            let first = days(year, month?, day?)? * DAY_MS + of_day_ms - offset_minutes * 60_000;
            Some((first, first + resolution_ms - 1))
        }
        (Some(month), Some(day), None) => whole(days(year, month?, day?)?, 1),
        (Some(month), None, None) => {
            let month = month?;
            whole(days(year, month, 1)?, month_days(year, month)?)
        }
        (None, None, None) => whole(days(year, 1, 1)?, 365 + i64::from(is_leap(year))),
        _ => None,
    }
}

/// Whole days in UTC+8.
fn whole(first_day: i64, count: i64) -> Option<(i64, i64)> {
    let first = first_day * DAY_MS - CST_OFFSET_MINUTES * 60_000;
    Some((first, first + count * DAY_MS - 1))
}

/// Milliseconds of the day, the length of what is named, and minutes east of UTC.
fn time_of_day(text: &str) -> Option<(i64, i64, i64)> {
    let zone = text.find(['Z', '+', '-'])?;
    let (time, zone) = text.split_at_checked(zone)?;
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let mut parts = time.split(':');
    let hour = number(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = number(parts.next()?, 2).filter(|minute| *minute < 60)?;
    // A leap second is the second before it: civil time as the chain counts it has none.
    let second = number(parts.next()?, 2)
        .filter(|second| *second <= 60)?
        .min(59);
    if parts.next().is_some() {
        return None;
    }
    let (millis, resolution_ms) = match fraction {
        Some(digits) => (millis(digits)?, 1),
        None => (0, 1_000),
    };
    let of_day_ms = ((hour * 60 + minute) * 60 + second) * 1_000 + millis;
    Some((of_day_ms, resolution_ms, offset_minutes(zone)?))
}

/// The first three digits of a fraction of a second.
fn millis(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded: String = digits.chars().chain("00".chars()).take(3).collect();
    number(&padded, 3)
}

fn offset_minutes(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let hours = number(hours, 2).filter(|hours| *hours <= 14)?;
    let minutes = number(minutes, 2).filter(|minutes| *minutes < 60)?;
    let east = hours * 60 + minutes;
    Some(if zone.starts_with('-') { -east } else { east })
}

/// A number of so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        text.parse().ok()
    } else {
        None
    }
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_days(year: i64, month: i64) -> Option<i64> {
    match month {
        2 => Some(28 + i64::from(is_leap(year))),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if year == 0 || !(1..=month_days(year, month)?).contains(&day) {
        return None;
    }
    // Years are counted from March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(365 * year + leap_days + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instants_have_their_zone() {
        assert_eq!(span("1970-01-01T00:00:00Z"), Some((0, 999)));
        assert_eq!(span("1970-01-01T08:00:00.000+08:00"), Some((0, 0)));
        assert_eq!(
            span("1970-01-01T00:00:00.1234-01:30"),
            Some((5_400_123, 5_400_123))
        );
        assert_eq!(
            span("2005-08-02T01:28:45-04:00").map(|it| it.0),
            Some(1_122_960_525_000)
        );
        assert_eq!(span("1969-12-31T23:59:59Z"), Some((-1_000, -1)));
        assert_eq!(
            span("2016-12-31T23:59:60Z").map(|it| it.0),
            Some(1_483_228_799_000)
        );
    }

    #[test]
    fn dates_are_whole_days_in_china() {
        let day = span("2024-02-29");
        assert_eq!(day, Some((1_709_136_000_000, 1_709_222_399_999)));
        assert_eq!(span("2024-02").map(|it| it.1), day.map(|it| it.1));
        let year = span("2023");
        assert_eq!(
            year.map(|(first, last)| (last - first + 1) / DAY_MS),
            Some(365)
        );
        assert_eq!(civil_date(1_709_136_000_000), civil_date(1_709_222_399_999));
        assert_eq!(civil_date(-1), CivilDate(0));
        assert_eq!(civil_date(-8 * 3_600_000 - 1), CivilDate(-1));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "24-01-01",
            "2023-02-29",
            "2023-13-01",
            "2023-00-01",
            "2023-01-32",
            "0000-01-01",
            "2023-01-01T10:00:00",
            "2023-01-01T24:00:00Z",
            "2023-01-01T10:00Z",
            "2023-01T10:00:00Z",
            "2023-01-01T10:00:00+15:00",
            "2023-01-01T10:00:00.Z",
            "2023-01-01-01",
            "２０２３",
            "2023-01-01T10:00:00+é:00",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn following_days_follow_each_other(year in 1_i64..9999, month in 1_i64..=12) {
            let last = month_days(year, month).unwrap();
            let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            prop_assert_eq!(
                days(year, month, last).unwrap() + 1,
                days(next_year, next_month, 1).unwrap()
            );
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}", near in "[0-9:.T+Z-]{0,30}") {
            let _spans = (span(&text), span(&near));
        }
    }
}
