//! What a regulator can reach in other pallets.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::DispatchError;

use crate::{ClaimId, EmergencyId, Party, SchemeId};

/// Whom or what a regulator's hold stops.
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
pub enum Held {
    /// A party, with all that depends on it. Its council seat, if it has one, does not.
    Party(Party),
    /// An insurance scheme: no settlement under it.
    Scheme(SchemeId),
}

/// Where holds take effect, beside whatever else stops a party or a scheme. Who holds for several
/// reasons at a time counts them.
pub trait Holds {
    /// Holds it, or holds it no more. Saying so twice changes nothing more.
    ///
    /// Fails only when there is no such thing.
    fn set_hold(held: Held, is_held: bool) -> Result<(), DispatchError>;
}

/// What a regulator's case is about.
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
pub enum Subject {
    /// A party.
    Party(Party),
    /// An insurance scheme.
    Scheme(SchemeId),
    /// A claim.
    Claim(ClaimId),
    /// An access in an emergency.
    Emergency(EmergencyId),
}

/// Whether the subject of a case exists.
pub trait Subjects {
    /// Whether there is, or was, such a thing.
    fn exists(subject: Subject) -> bool;
}
