//! The life of a claim: one table of what follows what.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Where a claim stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ClaimState {
    /// The insurer is to decide.
    Flagged,
    /// Approved as the rules have it. Final.
    Approved,
    /// Approved in part. The patient may appeal.
    Part,
    /// Denied. The patient may appeal.
    Denied,
    /// The insurer is to decide again.
    Appealed,
    /// Decided again, or the appeal was taken back. Final.
    Closed,
    /// Taken back by the patient before it was decided. Final.
    Withdrawn,
}

/// What happens to a claim.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ClaimStep {
    /// The insurer approves it.
    Approve,
    /// The insurer approves part of it.
    ApprovePart,
    /// The insurer denies it.
    Deny,
    /// The patient appeals.
    Appeal,
    /// The patient takes it back.
    Withdraw,
}

impl ClaimState {
    /// The state that follows, or `None` if this cannot happen now.
    pub fn after(self, step: ClaimStep) -> Option<Self> {
        use ClaimStep as Step;
        match (self, step) {
            (Self::Flagged, Step::Approve) => Some(Self::Approved),
            (Self::Flagged, Step::ApprovePart) => Some(Self::Part),
            (Self::Flagged, Step::Deny) => Some(Self::Denied),
            (Self::Part | Self::Denied, Step::Appeal) => Some(Self::Appealed),
            (Self::Appealed, Step::Approve | Step::ApprovePart | Step::Deny) => Some(Self::Closed),
            (Self::Flagged, Step::Withdraw) => Some(Self::Withdrawn),
            // The first decision stands.
            (Self::Appealed, Step::Withdraw) => Some(Self::Closed),
            _ => None,
        }
    }

    /// Whether the insurer has to do something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Flagged | Self::Appealed)
    }
}
