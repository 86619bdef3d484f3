//! Identifiers. Each is a type of its own, so that one cannot be taken for another.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// An id, or another number, as a storage key of which the bytes are in the order of the numbers, so that whoever walks
/// over the keys meets the oldest first. To be hashed by `Identity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct InOrder([u8; 8]);

impl InOrder {
    /// The number.
    pub fn id(self) -> u64 {
        u64::from_be_bytes(self.0)
    }
}

impl From<u64> for InOrder {
    fn from(number: u64) -> Self {
        Self(number.to_be_bytes())
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode,
            DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The id after this one, or `None` when the space is used up.
            pub fn next(self) -> Option<Self> {
                self.0.checked_add(1).map(Self)
            }
        }

        impl From<$name> for InOrder {
            fn from(id: $name) -> Self {
                u64::from(id.0).into()
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// An organisation of the consortium.
    MemberId(u32)
);
id!(
    /// A licensed practitioner (医生).
    PractitionerId(u32)
);
id!(
    /// A patient's pseudonym. It says nothing about the person.
    PatientId(u64)
);
id!(
    /// A department (科室) within one member.
    DepartmentId(u16)
);
id!(
    /// One session of slots that a member publishes.
    ScheduleId(u32)
);
id!(
    /// One appointment (挂号), the same through every rescheduling.
    AppointmentId(u64)
);

id!(
    /// A record (病历), the same through every version.
    RecordId(u64)
);
id!(
    /// A grant of access to records.
    GrantId(u64)
);
id!(
    /// A request for access to records: a referral (转诊) or a consultation (会诊).
    AccessRequestId(u64)
);
id!(
    /// One access without a grant in an emergency (break-glass).
    EmergencyId(u64)
);
id!(
    /// An invoice, blue or red.
    InvoiceId(u64)
);
id!(
    /// A registered provider of payment services.
    ProviderId(u16)
);
id!(
    /// A holder's request that a bank redeem on-chain CNY.
    RedemptionId(u64)
);
id!(
    /// An insurance scheme, through all its versions.
    SchemeId(u32)
);
id!(
    /// A patient's coverage by a scheme.
    CoverageId(u64)
);
id!(
    /// One settlement of an invoice by the rules of a scheme.
    SettlementId(u64)
);
id!(
    /// A claim that is not, or not only, decided by rule.
    ClaimId(u64)
);
id!(
    /// A regulator's case.
    CaseId(u64)
);
id!(
    /// A regulator's request that a member disclose something.
    DisclosureId(u64)
);

id!(
    /// A time-stamp token over the hash of a block, in the order in which they came.
    StampId(u64)
);

/// An X25519 public key to which envelopes are sealed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
pub struct EncryptionKey(pub [u8; 32]);

/// `blake2_256(salt ‖ identity number)`: all that the chain knows of who a patient is.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
pub struct IdentityHash(pub [u8; 32]);
