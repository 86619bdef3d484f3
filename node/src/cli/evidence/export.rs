//! `xinglin evidence export`.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Result};
use clap::{Args, Subcommand};
use pallet_records::access::Purpose;
use serde_json::{json, Value};
use xinglin_primitives::{AppointmentId, CaseId, Hash, RecordId};
use xinglin_sdk::{
    client::Client,
    evidence::{export, Exported, Request, Subject, PACKAGE_BYTES_MAX},
    secret_file,
};

use crate::cli::{
    block_on,
    output::{self, table},
    parties::{input, session::SessionArgs},
};

/// Options of `evidence export`.
#[derive(Args)]
pub struct ExportArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    session: SessionArgs,
    /// File to write, for its owner only; it must not exist
    #[arg(long, short, global = true, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Further transactions to bring, by hash
    #[arg(long = "with", global = true, value_name = "HASH")]
    with: Vec<Hash>,
    /// For what contents are read, which goes into the access log before they are: legal, treatment,
    /// patientRequest and others
    #[arg(long, global = true, default_value = "legal", value_parser = input::word::<Purpose>)]
    purpose: Purpose,
    /// The regulator's open case for which it exports; contents stay encrypted then
    #[arg(long, global = true, value_name = "ID", value_parser = input::number::<CaseId>)]
    case: Option<CaseId>,
    /// Leave out how operations ended, and with it the events of their blocks, which tell of others, too:
    /// that the operations are on the chain is still proven, that its rules accepted them is not
    #[arg(long, global = true)]
    without_outcomes: bool,
}

/// What to export. With a key, contents that its owner may read are in the package in the clear.
#[derive(Subcommand)]
enum What {
    /// Transactions
    Receipt {
        /// Their hashes
        #[arg(required = true, value_name = "HASH")]
        transactions: Vec<Hash>,
    },
    /// A record with all its versions and accesses
    Record {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
    },
    /// A visit: booking, records, invoices, settlements
    Trail {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
}

impl ExportArgs {
    fn into_request(self) -> Request {
        let (subject, mut transactions) = match self.what {
            What::Receipt { transactions } => (Subject::Receipt, transactions),
            What::Record { record } => (Subject::Record(record), Vec::new()),
            What::Trail { appointment } => (Subject::Trail(appointment), Vec::new()),
        };
        transactions.extend(self.with);
        Request {
            subject,
            transactions,
            purpose: self.purpose,
            case: self.case,
            with_outcomes: !self.without_outcomes,
            bytes_max: PACKAGE_BYTES_MAX,
        }
    }
}

/// Exports a package.
pub fn run(args: ExportArgs) -> Result<()> {
    let session = args.session.clone();
    let wallet = match session.has_key() {
        true => Some(session.wallet()?),
        false => None,
    };
    let Some(path) = args.output.clone() else {
        anyhow::bail!("give the file to write with --output FILE");
    };
    ensure!(
        !path.exists(),
        "{} exists already; give another name, nothing is overwritten",
        path.display()
    );
    let request = args.into_request();
    let exported = block_on(async {
        let client = Client::connect(session.url()).await?;
        Ok(export(&client, wallet.as_ref(), &request).await?)
    })?;
    secret_file::write_new(&path, &exported.package)?;
    match session.is_json() {
        true => output::write_json(None, &document(&path, &exported)),
        false => {
            print(&path, &exported);
            Ok(())
        }
    }
}

/// What was written, for programs.
fn document(path: &Path, exported: &Exported) -> Value {
    let unopened = exported.unopened.iter();
    let unopened =
        unopened.map(|(of, reason)| json!({ "content": of.to_string(), "reason": reason }));
    json!({
        "file": path,
        "bytes": exported.package.len(),
        "sha256": exported.sha256,
        "unopened": unopened.collect::<Vec<_>>(),
        "untraced": exported.untraced,
        "untimed": exported.untimed,
        "unproven": exported.unproven,
    })
}

/// The same for people.
fn print(path: &Path, exported: &Exported) {
    let sha256 = exported.sha256;
    println!("{} is written; its SHA-256 is {sha256:?}", path.display());
    if !exported.unopened.is_empty() {
        let mut rows = table();
        rows.set_header(["in the package as a ciphertext only", "because"]);
        for (of, reason) in &exported.unopened {
            rows.add_row([&of.to_string(), reason]);
        }
        println!("{rows}");
    }
    for (what, reason) in [
        (
            "Not all operations of the visit are in the package",
            &exported.untraced,
        ),
        (
            "Not all time tokens around its operations are in the package",
            &exported.untimed,
        ),
        (
            "The package does not prove how all of its operations ended",
            &exported.unproven,
        ),
    ] {
        if let Some(reason) = reason {
            println!("{what}: {reason}.");
        }
    }
}
