//! What an operation mentions: one type for all that has a number on the chain and a history worth finding.

use core::{fmt, str::FromStr};

use codec::{Decode, Encode};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use crate::{
    AppointmentId, CaseId, ClaimId, GrantId, InvoiceId, MemberId, PatientId, PractitionerId,
    RecordId, SettlementId,
};

/// Why text does not name an [`Entity`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names nothing: write {KINDS}, a colon and the number, as in patient:7")]
pub struct UnknownEntity(String);

macro_rules! entities {
    ($($(#[$doc:meta])* $variant:ident($id:ident) = $name:literal,)*) => {
        /// One party or thing that operations mention, in the order of the kinds.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, TypeInfo,
            Serialize, Deserialize,
        )]
        #[serde(rename_all = "camelCase")]
        pub enum Entity {
            $($(#[$doc])* $variant($id),)*
        }

        /// The kinds' names, as a person reads them.
        const KINDS: &str = concat!($($name, " "),*);

        impl Entity {
            /// The entity whose number is of the type with this name in the metadata, or `None` if numbers
            /// of that type are no entity's or the number is out of range.
            pub fn of_type(type_name: &str, number: u64) -> Option<Self> {
                match type_name {
                    $(stringify!($id) => number.try_into().ok().map($id).map(Self::$variant),)*
                    _ => None,
                }
            }

            /// The entity of a kind by the kind's name, as in `patient`.
            pub fn of_kind(kind: &str, number: u64) -> Option<Self> {
                match kind {
                    $($name => number.try_into().ok().map($id).map(Self::$variant),)*
                    _ => None,
                }
            }

            /// The kind's name, as in `patient`.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// The number.
            pub fn number(&self) -> u64 {
                match self {
                    $(Self::$variant(id) => id.0.into(),)*
                }
            }
        }
    };
}

entities! {
    /// A member.
    Member(MemberId) = "member",
    /// A practitioner.
    Practitioner(PractitionerId) = "practitioner",
    /// A patient.
    Patient(PatientId) = "patient",
    /// An appointment.
    Appointment(AppointmentId) = "appointment",
    /// A record.
    Record(RecordId) = "record",
    /// A grant.
    Grant(GrantId) = "grant",
    /// An invoice, blue or red.
    Invoice(InvoiceId) = "invoice",
    /// A settlement.
    Settlement(SettlementId) = "settlement",
    /// A claim.
    Claim(ClaimId) = "claim",
    /// A regulator's case.
    Case(CaseId) = "case",
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.number())
    }
}

impl FromStr for Entity {
    type Err = UnknownEntity;

    fn from_str(text: &str) -> Result<Self, UnknownEntity> {
        let parse = || {
            let (kind, number) = text.split_once(':')?;
            Self::of_kind(kind, number.parse().ok()?)
        };
        parse().ok_or_else(|| UnknownEntity(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_type_name_the_same_thing() {
        let patient = Entity::Patient(PatientId(7));
        assert_eq!("patient:7".parse(), Ok(patient));
        assert_eq!(patient.to_string(), "patient:7");
        assert_eq!(Entity::of_type("PatientId", 7), Some(patient));
        assert_eq!(Entity::of_type("SchemeId", 7), None);
        assert_eq!(Entity::of_type("MemberId", u64::MAX), None);
        for wrong in [
            "patient",
            "patient:",
            "patient:-1",
            "member:4294967296",
            "dog:1",
        ] {
            assert!(wrong.parse::<Entity>().is_err(), "{wrong}");
        }
    }
}
