//! Encounters.

use std::fmt;

use xinglin_fhir_r4::{self as r4, codes::EncounterStatus, types, Coded};

use crate::{
    bundle::Entry,
    charge::Charge,
    concept,
    error::FhirError,
    party::{reference_to, Party},
    record::RecordPart,
    references::References,
    time::{civil_date, span, CivilDate},
};

/// How the patient was seen, by HL7 v3 ActCode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncounterClass {
    /// Outpatient (门诊): AMB.
    Ambulatory,
    /// Emergency (急诊): EMER.
    Emergency,
    /// Inpatient (住院): IMP, ACUTE, NONAC, SS.
    Inpatient,
    /// Observation (留观): OBSENC.
    Observation,
    /// At home (上门): HH.
    Home,
    /// Remote (互联网诊疗): VR.
    Virtual,
    /// Anything else.
    Other,
}

/// One encounter (就诊): when, where, with whom, its records and its claims.
pub struct Visit {
    /// By which references call the encounter: its full URL, or `Encounter/id`.
    pub reference: String,
    /// Whether it took place: its status is `finished`.
    pub is_finished: bool,
    /// How the patient was seen.
    pub class: EncounterClass,
    /// What it was about, for people.
    pub type_text: Option<String>,
    /// When it began, in milliseconds since 1970-01-01T00:00:00Z; negative before.
    pub start_ms: i64,
    /// When it ended, likewise. None while it goes on.
    pub end_ms: Option<i64>,
    /// Whom it was about.
    pub patient: Party,
    /// The first practitioner that took part.
    pub practitioner: Option<Party>,
    /// Where it took place.
    pub organization: Option<Party>,
    /// Its records: every resource that belongs to it is in exactly one of them.
    pub records: Vec<RecordPart>,
    /// Its claims that charge, in the order of the document.
    pub charges: Vec<Charge>,
}

impl EncounterClass {
    fn of(code: &str) -> Self {
        match code {
            "AMB" => Self::Ambulatory,
            "EMER" => Self::Emergency,
            "IMP" | "ACUTE" | "NONAC" | "SS" => Self::Inpatient,
            "OBSENC" => Self::Observation,
            "HH" => Self::Home,
            "VR" => Self::Virtual,
            _ => Self::Other,
        }
    }

    /// Whether the insurance counts it as a stay in hospital.
    pub fn is_inpatient(self) -> bool {
        self == Self::Inpatient
    }
}

impl Visit {
    /// Reads an encounter. Its records and charges are added by the dossier.
    pub(crate) fn of(entry: &Entry, references: &References<'_>) -> Result<Self, FhirError> {
        let encounter: r4::Encounter = entry.read()?;
        let path = entry.path();
        let missing = |path: String, element: &str| FhirError::Missing {
            path,
            element: element.into(),
        };
        let class = encounter.class.code;
        let class = class.ok_or_else(|| missing(format!("{path}.class"), "code"))?;
        let subject = encounter.subject;
        let subject = subject.ok_or_else(|| missing(path.clone(), "subject"))?;
        let period = encounter.period;
        let period = period.ok_or_else(|| missing(path.clone(), "period"))?;
        let start = period.start;
        let start = start.ok_or_else(|| missing(format!("{path}.period"), "start"))?;
        let (start_ms, _) = moment(&start, &path, "start")?;
        let end_ms = match &period.end {
            // A time names an instant, a date all of the day.
            Some(end) if end.0.contains('T') => Some(moment(end, &path, "end")?.0),
            Some(end) => Some(moment(end, &path, "end")?.1),
            None => None,
        };
        if end_ms.is_some_and(|end_ms| end_ms < start_ms) {
            return Err(FhirError::Invalid {
                path: format!("{path}.period.end"),
                expected: "at or after the start".into(),
            });
        }
        let named = subject.reference.as_ref();
        let target = named.and_then(|named| references.resolve(&named.0));
        if named.is_some() && target.is_none_or(|it| it.resource_type() != "Patient") {
            return Err(FhirError::Dangling {
                path: format!("{path}.subject"),
                expected: "Patient",
            });
        }
        let practitioner = encounter.participant.into_iter();
        let practitioner = practitioner.filter_map(|it| it.individual).next();
        let organization = encounter.service_provider;
        Ok(Self {
            reference: reference_to(entry)?,
            is_finished: encounter.status == Coded::Known(EncounterStatus::Finished),
            class: EncounterClass::of(&class.0),
            type_text: encounter
                .r#type
                .iter()
                .find_map(concept::words)
                .map(str::to_owned),
            start_ms,
            end_ms,
            patient: Party::of(subject, references)?,
            practitioner: practitioner
                .map(|it| Party::of(it, references))
                .transpose()?,
            organization: organization
                .map(|it| Party::of(it, references))
                .transpose()?,
            records: Vec::new(),
            charges: Vec::new(),
        })
    }

    /// The first and the last day of the service in UTC+8.
    pub fn service_dates(&self) -> (CivilDate, CivilDate) {
        let end_ms = self.end_ms.unwrap_or(self.start_ms);
        (civil_date(self.start_ms), civil_date(end_ms))
    }
}

fn moment(time: &types::DateTime, path: &str, element: &str) -> Result<(i64, i64), FhirError> {
    span(&time.0).ok_or_else(|| FhirError::Invalid {
        path: format!("{path}.period.{element}"),
        expected: "a dateTime (a time needs seconds and a time zone)".into(),
    })
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("class", &self.class)
            .field("records", &self.records)
            .field("charges", &self.charges.len())
            .finish_non_exhaustive()
    }
}
