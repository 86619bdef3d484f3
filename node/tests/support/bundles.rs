//! Where the tests find FHIR bundles.
//!
//! Tests of other crates include this file by its path; it needs nothing of its siblings.

use std::{
    env,
    path::{Path, PathBuf},
};

fn repository() -> &'static Path {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find(|it| it.join("Cargo.lock").is_file()).unwrap()
}

/// The bundles of the project.
pub fn own_bundles() -> PathBuf {
    repository().join("tests/data/fhir")
}

/// Bundles that nobody of the project wrote: in the folder that `XINGLIN_FHIR_DIR` names, from the
/// repository if it is relative, or else beside the repository. Where they are absent a line says so,
/// and that what takes them is skipped.
pub fn foreign_bundles() -> Option<PathBuf> {
    let named = env::var_os("XINGLIN_FHIR_DIR").filter(|name| !name.is_empty());
    let named = named.unwrap_or_else(|| "../shared/data/fhir-r4".into());
    let folder = repository().join(named);
    if folder.is_dir() {
        return Some(folder);
    }
    let folder = folder.display();
    eprintln!("skipped what takes foreign bundles: there is no folder {folder}; XINGLIN_FHIR_DIR names another");
    None
}
