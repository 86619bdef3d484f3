//! `xinglin fhir`: patients from FHIR R4 bundles to the chain, and their records back.

mod export;
mod import;

use anyhow::Result;
use clap::Subcommand;

/// Import patients from FHIR R4 bundles, and export their records as one.
#[derive(Subcommand)]
pub enum FhirCommand {
    /// Register patients and write their bundles as encrypted records; run again, it writes what is
    /// new
    Import(import::ImportArgs),
    /// Read all of a patient's records that the key may, which leaves a trace, into one bundle
    Export(export::ExportArgs),
}

/// Does what `xinglin fhir …` says.
pub fn run(command: FhirCommand) -> Result<()> {
    match command {
        FhirCommand::Import(args) => import::run(&args),
        FhirCommand::Export(args) => export::run(args),
    }
}
