//! What a regulator can reach in other pallets.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::DispatchError;

use crate::{ClaimId, EmergencyId, MemberId, PatientId, PractitionerId, SchemeId};

/// Whom or what a regulator's hold suspends.
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
    /// A member and all that depends on it.
    Member(MemberId),
    /// A practitioner.
    Practitioner(PractitionerId),
    /// A patient's account.
    Patient(PatientId),
    /// An insurance scheme: no settlement under it.
    Scheme(SchemeId),
}

/// Suspends and lifts. Who holds for several reasons at a time counts them: what is held, is held
/// once.
pub trait Holds {
    /// Suspends it.
    fn hold(held: Held) -> Result<(), DispatchError>;
    /// Lifts the suspension.
    fn lift(held: Held) -> Result<(), DispatchError>;
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
    /// A member.
    Member(MemberId),
    /// A practitioner.
    Practitioner(PractitionerId),
    /// A patient.
    Patient(PatientId),
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
