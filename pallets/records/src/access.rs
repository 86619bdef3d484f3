//! Who may read what: parties, purposes, and the one decision that `open`, sealed keys and the node
//! share.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    glue::{Members, Patients, Practitioners, Scope},
    time::Moment,
    EmergencyId, GrantId, Party, PatientId, RecordId,
};

use crate::{
    grants::{Grant, Grantee},
    types::Record,
    Config, EmergenciesOf, Grants, LiveGrants, Pallet,
};

/// What access is for: part of FHIR's v3-ActReason.
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
pub enum Purpose {
    /// Treatment.
    Treatment,
    /// Emergency treatment: the purpose of access by break-glass.
    EmergencyTreatment,
    /// Payment for health care.
    Payment,
    /// Operations of a health care organisation.
    Operations,
    /// Research.
    Research,
    /// Public health.
    PublicHealth,
    /// At the patient's request.
    PatientRequest,
    /// At the family's request.
    FamilyRequest,
    /// Documents for a claim.
    ClaimAttachment,
    /// Enquiries about insurance coverage.
    Coverage,
    /// Improvement of quality.
    Quality,
    /// Legal proceedings.
    Legal,
}

impl Purpose {
    /// The code in FHIR's v3-ActReason.
    pub fn code(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::EmergencyTreatment => "ETREAT",
            Self::Payment => "HPAYMT",
            Self::Operations => "HOPERAT",
            Self::Research => "HRESCH",
            Self::PublicHealth => "PUBHLTH",
            Self::PatientRequest => "PATRQT",
            Self::FamilyRequest => "FAMRQT",
            Self::ClaimAttachment => "CLMATTCH",
            Self::Coverage => "COVERAGE",
            Self::Quality => "HQUALIMP",
            Self::Legal => "HLEGAL",
        }
    }
}

impl TryFrom<Party> for Grantee {
    type Error = PatientId;

    /// The practitioner or member that needs a reason to read, or else the patient, who does not.
    fn try_from(party: Party) -> Result<Self, PatientId> {
        match party {
            Party::Patient(patient) => Err(patient),
            Party::Practitioner(practitioner) => Ok(Self::Practitioner(practitioner)),
            Party::Member(member) => Ok(Self::Member(member)),
        }
    }
}

/// Why somebody may read.
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
pub enum Basis {
    /// The record is about her.
    Patient,
    /// The patient's delegate or session key.
    Delegate,
    /// She wrote it.
    Author,
    /// The author's member.
    AuthorsMember,
    /// A grant covers it.
    Grant(GrantId),
    /// An emergency is declared.
    Emergency(EmergencyId),
}

/// Why somebody may not read.
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
)]
pub enum Denial {
    /// There is no such record.
    Unknown,
    /// Nothing gives this party access.
    NoGrant,
    /// The grant is over.
    Expired,
    /// The grant has not begun.
    NotYet,
    /// The grant is for another purpose.
    OtherPurpose,
    /// Nobody can read it any more.
    Erased,
}

/// What one practitioner or member may rely on with one patient.
pub(crate) struct Rights {
    /// The live grants to this holder, and those that are over but not cleared away yet.
    grants: Vec<(GrantId, Grant)>,
    /// Her emergency with this patient and its end.
    emergency: Option<(EmergencyId, Moment)>,
}

impl Rights {
    /// Whether `holder` may read a record at `now`. Without a purpose, any does.
    ///
    /// Of several reasons against it the one that is nearest to access is given.
    pub(crate) fn decide(
        &self,
        holder: Grantee,
        (id, record): (RecordId, &Record),
        purpose: Option<Purpose>,
        now: Moment,
    ) -> Result<Basis, Denial> {
        if record.is_erased() {
            return Err(Denial::Erased);
        }
        match holder {
            Grantee::Practitioner(practitioner) if practitioner == record.author => {
                return Ok(Basis::Author)
            }
            Grantee::Member(member) if member == record.member => return Ok(Basis::AuthorsMember),
            _ => {}
        }
        let mut denial = Denial::NoGrant;
        for (grant_id, grant) in &self.grants {
            if grant.terms.what.covers(id, record) {
                match grant.terms.admits(purpose, now) {
                    Ok(()) => return Ok(Basis::Grant(*grant_id)),
                    Err(reason) => denial = denial.max(reason),
                }
            }
        }
        match self.emergency {
            Some((emergency, until)) if now < until => match purpose {
                None | Some(Purpose::EmergencyTreatment) => Ok(Basis::Emergency(emergency)),
                Some(_) => Err(denial.max(Denial::OtherPurpose)),
            },
            _ => Err(denial),
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Whether a signer may act as a party: the patient herself, her delegate or session key with the
    /// scope reading; the practitioner or her session key; an account of the member.
    pub(crate) fn acts_as(who: &T::AccountId, party: Party) -> bool {
        match party {
            Party::Patient(patient) => T::Patients::acts_for(who, patient, Scope::Reading),
            Party::Practitioner(practitioner) => {
                T::Practitioners::acts_for(who, practitioner, Scope::Routine)
            }
            Party::Member(member) => T::Members::member_of(who) == Some(member),
        }
    }

    /// What `holder` may rely on with a patient.
    pub(crate) fn rights(holder: Grantee, patient: PatientId) -> Rights {
        let live = LiveGrants::<T>::get(patient);
        let own = live.iter().filter(|grant| grant.grantee == holder);
        let grants = own.filter_map(|grant| Some((grant.id, Grants::<T>::get(grant.id)?)));
        let emergency = match holder {
            Grantee::Practitioner(practitioner) => EmergenciesOf::<T>::get(practitioner)
                .iter()
                .rev()
                .find(|emergency| emergency.patient == patient)
                .map(|emergency| (emergency.id, emergency.until)),
            Grantee::Member(_) => None,
        };
        Rights {
            grants: grants.collect(),
            emergency,
        }
    }

    /// Whether `party`, for which `who` acts, may read a record. Delegates and the patient read
    /// everything that is not erased.
    pub(crate) fn decide(
        who: &T::AccountId,
        party: Party,
        (id, record): (RecordId, &Record),
        purpose: Option<Purpose>,
        now: Moment,
    ) -> Result<Basis, Denial> {
        match Grantee::try_from(party) {
            Ok(holder) => {
                let rights = Self::rights(holder, record.patient);
                rights.decide(holder, (id, record), purpose, now)
            }
            Err(patient) => Self::decide_for_patient(who, patient, record),
        }
    }

    /// The decision for somebody who acts for `patient`.
    pub(crate) fn decide_for_patient(
        who: &T::AccountId,
        patient: PatientId,
        record: &Record,
    ) -> Result<Basis, Denial> {
        if record.is_erased() {
            Err(Denial::Erased)
        } else if record.patient != patient {
            Err(Denial::NoGrant)
        } else if T::Patients::account_of(patient).as_ref() == Some(who) {
            Ok(Basis::Patient)
        } else {
            Ok(Basis::Delegate)
        }
    }
}
