//! Numbers of invoices.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::MemberId;

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
