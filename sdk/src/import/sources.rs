//! The bundles that are imported: read, split and checked before anything is written.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use xinglin_fhir::{Bundle, Charge, Dossier, FhirError, ItemClass, Limits, RecordOptions, Visit};
use xinglin_primitives::{
    glue::{CatalogueClass, Setting, LINES_MAX},
    time::Date,
    MemberId, PatientId,
};

use super::ImportError;
use crate::{
    billing::{DraftLine, InvoiceDraft, Item, ITEM_TEXT_BYTES_MAX},
    identity::{identity_hash, Salt},
};

/// Longest bundle that is imported, in bytes: a life of encounters takes less than half of it.
pub const BUNDLE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most bundles of one import.
pub const BUNDLES_MAX: usize = 1_000;
/// Most bytes of all bundles of one import, since they are split before the first is written.
pub const INPUT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The system of items whose claim names none.
const LOCAL_SYSTEM: &str = "urn:xinglin:local";
/// What of an item of class B the patient pays first, in basis points, since claims do not say it.
const CLASS_B_PREPAY_BP: u16 = 1_000;

/// The bundle of one patient, split.
#[derive(Debug)]
pub struct Source {
    /// Where it was read.
    pub path: PathBuf,
    /// The patient, the records and the claims.
    pub dossier: Dossier,
    /// Claims that charge and belong to no encounter: nothing says when the service was.
    pub undated_claims: usize,
}

impl Source {
    /// Of a bundle that was read already. `None` if it is of no patient.
    ///
    /// # Errors
    /// The bundle cannot be split, or the patient has no identity number. The error names the path.
    pub fn of(path: &Path, bundle: &Bundle) -> Result<Option<Self>, ImportError> {
        if bundle.of_type("Patient").next().is_none() {
            return Ok(None);
        }
        let fault = |source| fhir_error(path, source);
        let dossier = Dossier::split(bundle, &RecordOptions::default()).map_err(fault)?;
        dossier.patient.identity_number().map_err(fault)?;
        Ok(Some(Self {
            undated_claims: dossier.other_charges.len(),
            path: path.to_owned(),
            dossier,
        }))
    }

    /// Whether all claims of encounters can be invoiced: to be asked before an import with invoices.
    ///
    /// # Errors
    /// An encounter is from before 1970, or an item has no text that an invoice carries.
    pub fn check_claims(&self) -> Result<(), ImportError> {
        self.bills().map(|_| ())
    }

    /// The claims as invoices, in the order of the encounters.
    pub(super) fn bills(&self) -> Result<Vec<Bill>, ImportError> {
        let mut bills = Vec::new();
        for (place, visit) in self.dossier.visits.iter().enumerate() {
            for charge in &visit.charges {
                let refused = |reason| ImportError::Claim {
                    path: self.path.clone(),
                    encounter: place + 1,
                    reason,
                };
                let service = service(visit).ok_or_else(|| refused("is from before 1970"))?;
                let lines = lines(charge).ok_or_else(|| {
                    refused("has an item whose code or name is empty or too long")
                })?;
                for (part, lines) in lines.chunks(LINES_MAX as usize).enumerate() {
                    bills.push(Bill {
                        name: format!("{}#{part}", charge.reference),
                        setting: setting(visit),
                        service,
                        lines: lines.to_vec(),
                    });
                }
            }
        }
        Ok(bills)
    }
}

/// One invoice that is to be issued for a claim, or for a part of one with very many lines.
pub(super) struct Bill {
    /// The claim's reference and the number of the part: the same in every import of the bundle.
    pub(super) name: String,
    setting: Setting,
    service: (Date, Date),
    lines: Vec<DraftLine>,
}

impl Bill {
    /// The invoice for a patient.
    pub(super) fn draft(&self, patient: PatientId, readers: &[MemberId]) -> InvoiceDraft {
        InvoiceDraft {
            patient,
            visit: None,
            setting: self.setting,
            service: self.service,
            lines: self.lines.clone(),
            readers: readers.to_vec(),
        }
    }
}

/// Where an encounter's patient was treated, as invoices say it.
pub fn setting(visit: &Visit) -> Setting {
    if visit.class.is_inpatient() {
        Setting::Inpatient
    } else {
        Setting::Outpatient
    }
}

/// The first and the last day of an encounter; `None` before 1970.
pub fn service(visit: &Visit) -> Option<(Date, Date)> {
    let (first, last) = visit.service_dates();
    let date = |day: i32| u32::try_from(day).ok().map(Date);
    Some((date(first.0)?, date(last.0)?))
}

/// The lines of a claim. `None` if an item has a text that no invoice carries.
pub fn lines(charge: &Charge) -> Option<Vec<DraftLine>> {
    let is_carried = |text: &str| (1..=ITEM_TEXT_BYTES_MAX).contains(&text.len());
    let lines = charge.lines.iter().map(|line| {
        let system = line.system.as_deref().unwrap_or(LOCAL_SYSTEM);
        if ![system, &line.code, &line.name].into_iter().all(is_carried) {
            return None;
        }
        let (class, prepay_bp) = match line.class {
            None | Some(ItemClass::A) => (CatalogueClass::A, 0),
            Some(ItemClass::B) => (CatalogueClass::B, CLASS_B_PREPAY_BP),
            Some(ItemClass::C) => (CatalogueClass::C, 0),
        };
        Some(DraftLine {
            item: Item {
                system: system.to_owned(),
                code: line.code.clone(),
                name: line.name.clone(),
            },
            class,
            prepay_bp,
            unit_price_fen: line.unit_price_fen,
            quantity: line.quantity,
            price_limit_fen: None,
            fund_share_bp: None,
        })
    });
    lines.collect()
}

/// Reads and splits all bundles: files, and the `*.json` files of folders. Those without a patient,
/// of hospitals or practitioners, are passed over. Nothing is written.
///
/// # Errors
/// A file cannot be read or is no bundle, a limit is passed, nothing is of a patient, or
/// [`Source::of`] refuses a bundle. The error names the file and the place in it, never content.
pub fn gather(paths: &[PathBuf]) -> Result<Vec<Source>, ImportError> {
    let files = files(paths)?;
    let limits = Limits {
        bytes_max: BUNDLE_BYTES_MAX,
        ..Limits::default()
    };
    let mut sources = Vec::new();
    let mut total: u64 = 0;
    for path in files {
        let file = File::open(&path).map_err(io_error(&path))?;
        let bytes = file.metadata().map_err(io_error(&path))?.len();
        total = total.saturating_add(bytes);
        if total > INPUT_BYTES_MAX {
            return Err(ImportError::TooMuch {
                limit: INPUT_BYTES_MAX,
            });
        }
        let bundle = Bundle::read(file, &limits).map_err(|source| fhir_error(&path, source))?;
        sources.extend(Source::of(&path, &bundle)?);
    }
    if sources.is_empty() {
        return Err(ImportError::NoPatients);
    }
    Ok(sources)
}

/// Whether every patient occurs once.
pub(super) fn check_unique(sources: &[Source], salt: &Salt) -> Result<(), ImportError> {
    let mut known = BTreeMap::new();
    for source in sources {
        let number = source.dossier.patient.identity_number();
        let number = number.map_err(|error| fhir_error(&source.path, error))?;
        let identity = identity_hash(salt, number.expose());
        if let Some(first) = known.insert(identity.0, &source.path) {
            return Err(ImportError::SamePatient {
                first: first.clone(),
                second: source.path.clone(),
            });
        }
    }
    Ok(())
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ImportError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(io_error(path))? {
            let file = entry.map_err(io_error(path))?.path();
            if file.is_file() && file.extension().is_some_and(|it| it == "json") {
                inside.push(file);
            }
        }
        inside.sort();
        files.extend(inside);
    }
    if files.len() > BUNDLES_MAX {
        return Err(ImportError::TooManyBundles {
            found: files.len(),
            limit: BUNDLES_MAX,
        });
    }
    Ok(files)
}

fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> ImportError + '_ {
    move |source| ImportError::Read {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn fhir_error(path: &Path, source: FhirError) -> ImportError {
    ImportError::Fhir {
        path: path.to_owned(),
        source,
    }
}
