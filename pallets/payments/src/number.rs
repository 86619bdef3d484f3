//! Numbers of invoices.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{time::Date, MemberId};

/// The number of an invoice, blue or red: unique for ever. A member's numbers of a year follow each
/// other from 1 without a gap.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceNumber {
    /// The year of issue in UTC+8.
    pub year: u16,
    /// The member that issued it.
    pub member: MemberId,
    /// Which of the member's invoices of that year, from 1.
    pub sequence: u32,
}

impl core::fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{:04}-{:06}-{:08}",
            self.year, self.member.0, self.sequence
        )
    }
}

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years of the Gregorian calendar, after which it repeats.
const ERA_DAYS: u64 = 146_097;
/// Days from the first of March to the last of December.
const MARCH_TO_DECEMBER_DAYS: u64 = 306;

/// The year of a date in the Gregorian calendar; years beyond 65535 give that.
pub fn year_of(date: Date) -> u16 {
    // Years are counted from March, so that the leap day is the last of its year.
    let days = u64::from(date.0) + EPOCH_DAYS;
    let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let leap_days = day_of_era / 1_460 + day_of_era / (ERA_DAYS - 1) - day_of_era / 36_524;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let is_after_december = day_of_year >= MARCH_TO_DECEMBER_DAYS;
    let year = era * 400 + year_of_era + u64::from(is_after_december);
    u16::try_from(year).unwrap_or(u16::MAX)
}
