//! `xinglin fhir`: patients from FHIR R4 bundles to the chain, and their records back.

mod export;
mod import;

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

/// How often the progress is drawn again.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

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

/// A bar on the standard error, which is not drawn where nobody sees it.
fn progress_bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}, {eta} to go") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(REDRAW_EVERY);
    bar
}

/// Shows how much of how much is done.
fn advance(bar: &ProgressBar) -> impl FnMut(usize, usize) + '_ {
    move |done, total| {
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }
}
