//! Records: documents that are small enough for a transaction.

use std::{collections::BTreeMap, fmt};

use zeroize::Zeroizing;

use crate::{
    bundle::{write, Entry, Form},
    error::FhirError,
};

/// How records are compressed before they are encrypted: zstd at its default level.
const ZSTD_LEVEL: i32 = 3;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// All of one encounter, or what of it has no kind of its own (就诊记录).
    Encounter,
    /// What belongs to no encounter: the patient, hospitals, practitioners (健康档案).
    Profile,
    /// Diagnoses (诊断).
    Diagnosis,
    /// Care plans and procedures (治疗方案).
    TreatmentPlan,
    /// Prescriptions (处方).
    Prescription,
    /// Observations and examination reports (检查检验报告).
    Report,
}

/// How the resources of an encounter are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// All together: one record for an encounter.
    Encounter,
    /// By kind, so that a patient can share one kind and not the others.
    Kind,
}

/// How records are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// How the resources of an encounter are grouped.
    pub grouping: Grouping,
    /// Most bytes of a document after compression. What is larger is split by resources.
    pub packed_bytes_max: usize,
}

impl Default for RecordOptions {
    /// One record for an encounter, of at most 256 KiB less 1 KiB for the envelope's own bytes.
    fn default() -> Self {
        Self {
            grouping: Grouping::Encounter,
            packed_bytes_max: 255 * 1024,
        }
    }
}

/// One document: a record, or a part of one that was too large.
pub struct RecordPart {
    /// What it is about.
    pub kind: RecordKind,
    /// Which part of its record it is, from 1.
    pub part: usize,
    /// How many parts its record has.
    pub parts: usize,
    /// How many resources it holds.
    pub resources: usize,
    /// A FHIR R4 Bundle of type `collection` as JSON. The resources are in the order of the input
    /// and refer to each other as before.
    pub document: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for RecordPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordPart")
            .field("kind", &self.kind)
            .field("part", &self.part)
            .field("parts", &self.parts)
            .field("resources", &self.resources)
            .field("bytes", &self.document.len())
            .finish()
    }
}

/// The records of an encounter, in the order of their kinds.
pub(crate) fn of_encounter(
    entries: &[&Entry],
    options: &RecordOptions,
) -> Result<Vec<RecordPart>, FhirError> {
    let mut groups: BTreeMap<RecordKind, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        let kind = match options.grouping {
            Grouping::Encounter => RecordKind::Encounter,
            Grouping::Kind => kind_of(entry.resource_type()),
        };
        groups.entry(kind).or_default().push(entry);
    }
    let mut records = Vec::new();
    for (kind, entries) in groups {
        records.extend(parts(kind, &entries, options)?);
    }
    Ok(records)
}

/// One record of all these resources, in as many parts as it takes.
pub(crate) fn parts(
    kind: RecordKind,
    entries: &[&Entry],
    options: &RecordOptions,
) -> Result<Vec<RecordPart>, FhirError> {
    let mut records = Vec::new();
    split(kind, entries, options.packed_bytes_max, &mut records)?;
    let parts = records.len();
    for (index, record) in records.iter_mut().enumerate() {
        record.part = index + 1;
        record.parts = parts;
    }
    Ok(records)
}

/// Halves by bytes until every half is small enough. Which resources share a part depends on
/// nothing but the resources.
fn split(
    kind: RecordKind,
    entries: &[&Entry],
    limit: usize,
    records: &mut Vec<RecordPart>,
) -> Result<(), FhirError> {
    let document = write(entries.iter().copied(), Form::Collection);
    let packed = packed_bytes(&document)?;
    if packed <= limit {
        records.push(RecordPart {
            kind,
            part: 1,
            parts: 1,
            resources: entries.len(),
            document,
        });
        return Ok(());
    }
    drop(document);
    if let [alone] = entries {
        return Err(FhirError::ResourceTooLarge {
            path: alone.path(),
            bytes: packed,
            limit,
        });
    }
    let (front, back) = entries.split_at(middle(entries));
    split(kind, front, limit, records)?;
    split(kind, back, limit, records)
}

/// Where to cut so that the front takes at most half of the bytes, and neither side is empty.
fn middle(entries: &[&Entry]) -> usize {
    let total: usize = entries.iter().map(|entry| entry.json().len()).sum();
    let mut before = 0;
    let front = entries.iter().take_while(|entry| {
        before += entry.json().len();
        before <= total / 2
    });
    front
        .count()
        .clamp(1, entries.len().saturating_sub(1).max(1))
}

/// What a document takes when compressed.
fn packed_bytes(document: &[u8]) -> Result<usize, FhirError> {
    zstd::bulk::compress(document, ZSTD_LEVEL)
        .map(|packed| packed.len())
        .map_err(|error| FhirError::Unreadable(error.kind()))
}

fn kind_of(resource_type: &str) -> RecordKind {
    match resource_type {
        "Condition" | "ClinicalImpression" => RecordKind::Diagnosis,
        "CarePlan" | "Procedure" | "ServiceRequest" | "Goal" => RecordKind::TreatmentPlan,
        "MedicationRequest" | "MedicationDispense" | "MedicationAdministration" => {
            RecordKind::Prescription
        }
        "DiagnosticReport" | "Observation" | "ImagingStudy" | "Specimen" => RecordKind::Report,
        _ => RecordKind::Encounter,
    }
}
