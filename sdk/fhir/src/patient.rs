//! Who the patient is. All of it is secret.

use std::fmt;

use xinglin_fhir_r4::{self as r4, codes::AdministrativeGender, types, Coded};

use crate::{
    bundle::Entry,
    concept,
    error::FhirError,
    party::{name, reference_to},
    secret::Secret,
    time,
};

/// The system of Chinese resident identity card numbers.
const RESIDENT_ID_SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
/// Types of identifiers (HL7 v2 table 0203) that tell one person from all others, the best first:
/// a Chinese national identifier, any national one, a social security number, a passport.
const IDENTITY_TYPES: [&str; 4] = ["NNCHN", "NI", "SS", "PPN"];

/// Administrative gender.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// `male`.
    Male,
    /// `female`.
    Female,
    /// `other`.
    Other,
    /// `unknown`, or not said.
    Unknown,
}

/// A patient's demographic data: overwritten when dropped, and not printed.
#[derive(Clone)]
pub struct Patient {
    reference: String,
    path: String,
    gender: Gender,
    birth_date: Option<Secret>,
    identity_number: Option<Secret>,
    name: Option<Secret>,
}

impl Patient {
    pub(crate) fn of(entry: &Entry) -> Result<Self, FhirError> {
        let patient: r4::Patient = entry.read()?;
        let gender = match patient.gender {
            Some(Coded::Known(AdministrativeGender::Male)) => Gender::Male,
            Some(Coded::Known(AdministrativeGender::Female)) => Gender::Female,
            Some(Coded::Known(AdministrativeGender::Other)) => Gender::Other,
            Some(Coded::Known(AdministrativeGender::Unknown)) | None => Gender::Unknown,
            Some(Coded::Unknown(_)) => {
                return Err(FhirError::Invalid {
                    path: format!("{}.gender", entry.path()),
                    expected: "male, female, other or unknown".into(),
                })
            }
        };
        let birth_date = patient.birth_date.map(|date| Secret::new(date.0));
        let is_date =
            |date: &Secret| !date.expose().contains('T') && time::span(date.expose()).is_some();
        if birth_date.as_ref().is_some_and(|date| !is_date(date)) {
            return Err(FhirError::Invalid {
                path: format!("{}.birthDate", entry.path()),
                expected: "a date (YYYY, YYYY-MM or YYYY-MM-DD)".into(),
            });
        }
        Ok(Self {
            reference: reference_to(entry)?,
            path: entry.path(),
            gender,
            identity_number: identity_number(patient.identifier),
            name: name(&patient.name),
            birth_date,
        })
    }

    /// By which references call the patient: the full URL, or `Patient/id`.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The administrative gender.
    pub fn gender(&self) -> Gender {
        self.gender
    }

    /// The date of birth as FHIR writes it: `YYYY-MM-DD`, or less of it.
    pub fn birth_date(&self) -> Option<&Secret> {
        self.birth_date.as_ref()
    }

    /// The name.
    pub fn name(&self) -> Option<&Secret> {
        self.name.as_ref()
    }

    /// The number that tells the person from all others: of the identity card, or else the first
    /// national identifier, social security number or passport.
    ///
    /// # Errors
    /// There is none of them.
    pub fn identity_number(&self) -> Result<&Secret, FhirError> {
        self.identity_number
            .as_ref()
            .ok_or_else(|| FhirError::NoIdentityNumber {
                path: self.path.clone(),
            })
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(..)")
    }
}

impl fmt::Debug for Gender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gender(..)")
    }
}

fn identity_number(identifiers: Vec<types::Identifier>) -> Option<Secret> {
    let is_of_card = |identifier: &types::Identifier| {
        let system = identifier.system.as_ref();
        system.is_some_and(|system| system.0 == RESIDENT_ID_SYSTEM)
    };
    let rank_of_type = |identifier: &types::Identifier| {
        let concept = identifier.r#type.as_ref()?;
        let ranks = concept::codes(concept)
            .filter_map(|code| IDENTITY_TYPES.iter().position(|one| *one == code));
        ranks.min().map(|rank| rank + 1)
    };
    let ranked = identifiers.into_iter().filter_map(|identifier| {
        let rank = match is_of_card(&identifier) {
            true => Some(0),
            false => rank_of_type(&identifier),
        };
        Some((rank?, Secret::new(identifier.value?.0)))
    });
    let best = ranked.min_by_key(|(rank, _)| *rank);
    best.map(|(_, number)| number)
}
