//! The civil year of a date.

use xinglin_primitives::time::Date;

/// A civil year, for example 2025.
pub type Year = u16;

const DAYS_PER_400_YEARS: u32 = 146_097;
const DAYS_PER_YEAR: u32 = 365;
const FIRST_YEAR: u32 = 1970;

/// The year (UTC+8) in which a date lies; the last year that can be named for dates after it.
pub fn year_of(date: Date) -> Year {
    // The Gregorian calendar repeats itself every 400 years, also when counted from 1970.
    let cycles = date.0 / DAYS_PER_400_YEARS;
    let day = date.0 % DAYS_PER_400_YEARS;
    // No year is shorter than 365 days: the estimate is never too early, and late by a year at
    // most, since there are fewer leap days in a cycle than days in a year.
    let estimate = day / DAYS_PER_YEAR;
    let years = if day < days_before(estimate) {
        estimate - 1
    } else {
        estimate
    };
    let year = cycles * 400 + FIRST_YEAR + years;
    Year::try_from(year).unwrap_or(Year::MAX)
}

/// How many days lie between 1970-01-01 and the first day of so many years later.
fn days_before(years: u32) -> u32 {
    let last = FIRST_YEAR + years - 1;
    let leap_days = |year: u32| year / 4 - year / 100 + year / 400;
    years * DAYS_PER_YEAR + leap_days(last) - leap_days(FIRST_YEAR - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_begin_and_end_where_they_do() {
        // Days since 1970-01-01 of the first day of a year.
        for (first_day, year) in [
            (0, 1970),
            (365, 1971),
            (1_096, 1973),
            (10_957, 2000),
            (11_323, 2001),
            (19_723, 2024),
            (20_089, 2025),
            (47_482, 2100),
            (47_847, 2101),
        ] {
            assert_eq!(year_of(Date(first_day)), year);
            if first_day > 0 {
                assert_eq!(year_of(Date(first_day - 1)), year - 1);
            }
        }
        assert_eq!(year_of(Date(u32::MAX)), Year::MAX);
    }

    #[test]
    fn every_year_of_a_cycle_has_its_days() {
        let mut day = 0;
        for year in 1970..2_470_u32 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = if is_leap { 366 } else { 365 };
            assert_eq!(u32::from(year_of(Date(day))), year);
            day += days;
            assert_eq!(u32::from(year_of(Date(day - 1))), year);
        }
    }
}
