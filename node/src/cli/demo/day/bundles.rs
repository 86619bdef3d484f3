//! The bundles that the day is played from.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{ensure, Context, Result};
use xinglin_fhir::{Bundle, Dossier, Limits, RecordOptions};

/// The project's own bundles.
const OWN_BUNDLES: [&str; 4] = [
    include_str!("../../../../../tests/data/fhir/hospitals.json"),
    include_str!("../../../../../tests/data/fhir/practitioners.json"),
    include_str!("../../../../../tests/data/fhir/patient-001.json"),
    include_str!("../../../../../tests/data/fhir/patient-002.json"),
];
/// Most bundles of a folder.
const BUNDLES_MAX: usize = 1_000;

/// The patients of the bundles in a folder, by the names of the files, or of the project's own.
/// Bundles of hospitals and doctors only go with them.
pub fn dossiers(folder: Option<&Path>) -> Result<Vec<Dossier>> {
    let limits = Limits::default();
    let mut dossiers = Vec::new();
    if let Some(folder) = folder {
        for path in files(folder)? {
            let name = || path.display().to_string();
            let file = File::open(&path).with_context(name)?;
            let bundle = Bundle::read(file, &limits).with_context(name)?;
            dossiers.extend(split(&bundle).with_context(name)?);
        }
    } else {
        for text in OWN_BUNDLES {
            dossiers.extend(split(&Bundle::parse(text.as_bytes(), &limits)?)?);
        }
    }
    ensure!(!dossiers.is_empty(), "none of the bundles holds a patient");
    Ok(dossiers)
}

fn split(bundle: &Bundle) -> Result<Option<Dossier>> {
    if bundle.of_type("Patient").next().is_none() {
        return Ok(None);
    }
    Ok(Some(Dossier::split(bundle, &RecordOptions::default())?))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("--fhir {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    ensure!(
        !files.is_empty() && files.len() <= BUNDLES_MAX,
        "--fhir {} holds {} files *.json, and must hold 1 to {BUNDLES_MAX}",
        folder.display(),
        files.len()
    );
    Ok(files)
}
