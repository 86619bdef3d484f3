//! A patient's bundle, split.

use std::collections::BTreeMap;

use crate::{
    bundle::{Bundle, Entry},
    charge::Charge,
    error::FhirError,
    patient::Patient,
    record::{self, RecordKind, RecordOptions, RecordPart},
    references::References,
    visit::Visit,
};

/// All of one patient's bundle: every resource of it is in exactly one record, of a visit or of the
/// profile.
#[derive(Debug)]
pub struct Dossier {
    /// The patient.
    pub patient: Patient,
    /// The record of what belongs to no encounter, in as many parts as it takes.
    pub profile: Vec<RecordPart>,
    /// The encounters, the earliest first; those that begin at the same time in the order of the
    /// document.
    pub visits: Vec<Visit>,
    /// Claims that charge and belong to no encounter of the bundle. Their resources are in the
    /// profile.
    pub other_charges: Vec<Charge>,
}

impl Dossier {
    /// Splits the bundle of one patient by encounter.
    ///
    /// # Errors
    /// The bundle does not hold exactly one Patient; a resource is not what R4 defines; a claim cannot
    /// be charged; one resource alone is too large for a record. Nothing is left out to make the rest
    /// pass.
    pub fn split(bundle: &Bundle, options: &RecordOptions) -> Result<Self, FhirError> {
        let patients: Vec<&Entry> = bundle.of_type("Patient").collect();
        let [patient] = patients[..] else {
            return Err(FhirError::Patients {
                found: patients.len(),
            });
        };
        for entry in bundle.entries() {
            entry.check()?;
        }
        let references = References::of(bundle);
        let mut profile: Vec<&Entry> = Vec::new();
        let mut by_encounter: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
        for entry in bundle.entries() {
            match references.encounter_of(entry) {
                Some(encounter) => by_encounter
                    .entry(encounter.index())
                    .or_default()
                    .push(entry),
                None => profile.push(entry),
            }
        }
        let mut visits = Vec::with_capacity(by_encounter.len());
        for (index, entries) in by_encounter {
            let Some(encounter) = bundle.entries().get(index) else {
                continue;
            };
            let mut visit = Visit::of(encounter, &references)?;
            visit.records = record::of_encounter(&entries, options)?;
            visit.charges = charges(&entries, &references)?;
            visits.push(visit);
        }
        // The sort is stable, so the order of the document decides between equal times.
        visits.sort_by_key(|visit| visit.start_ms);
        Ok(Self {
            patient: Patient::of(patient)?,
            other_charges: charges(&profile, &references)?,
            profile: record::parts(RecordKind::Profile, &profile, options)?,
            visits,
        })
    }

    /// Every document: the profile first, then the visits in their order.
    pub fn records(&self) -> impl Iterator<Item = &RecordPart> {
        let of_visits = self.visits.iter().flat_map(|visit| &visit.records);
        self.profile.iter().chain(of_visits)
    }
}

/// The charges of the claims among these resources.
fn charges(entries: &[&Entry], references: &References<'_>) -> Result<Vec<Charge>, FhirError> {
    entries
        .iter()
        .filter(|entry| entry.resource_type() == "Claim")
        .filter_map(|entry| Charge::of(entry, references).transpose())
        .collect()
}
