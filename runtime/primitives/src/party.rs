//! The parties of the registry.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use crate::{MemberId, PatientId, PractitionerId};

/// One who is registered: who can be suspended and held, has an encryption key and reads records.
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
pub enum Party {
    /// A member.
    Member(MemberId),
    /// A practitioner.
    Practitioner(PractitionerId),
    /// A patient.
    Patient(PatientId),
}
