//! `xinglin evidence`: exports evidence packages, and verifies them without any node.

mod export;
mod verify;

use anyhow::Result;
use clap::Subcommand;

/// Export evidence packages, and verify them offline.
#[derive(Subcommand)]
pub enum EvidenceCommand {
    /// Export what proves transactions, a record or a visit into one file
    ///
    /// How an operation ended is proven by the events of its block, which go into the file all together or
    /// not at all. They tell, by number, whom else transactions of that block concern: patients, doctors and
    /// members, with visits, records and amounts. --without-outcomes leaves them out.
    Export(export::ExportArgs),
    /// Verify a package without any node, step by step
    Verify(verify::VerifyArgs),
}

/// Does what `xinglin evidence …` says.
pub fn run(command: EvidenceCommand) -> Result<()> {
    match command {
        EvidenceCommand::Export(args) => export::run(args),
        EvidenceCommand::Verify(args) => verify::run(&args),
    }
}
