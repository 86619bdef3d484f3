//! `xinglin evidence export`.

use std::path::PathBuf;

use anyhow::{ensure, Result};
use clap::{Args, Subcommand};
use pallet_records::access::Purpose;
use serde_json::json;
use xinglin_primitives::{AppointmentId, CaseId, Hash, RecordId};
use xinglin_sdk::{
    client::Client,
    evidence::{export, Request, Subject},
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

impl What {
    fn request(self, with: Vec<Hash>, purpose: Purpose, case: Option<CaseId>) -> Request {
        let (subject, mut transactions) = match self {
            Self::Receipt { transactions } => (Subject::Receipt, transactions),
            Self::Record { record } => (Subject::Record(record), Vec::new()),
            Self::Trail { appointment } => (Subject::Trail(appointment), Vec::new()),
        };
        transactions.extend(with);
        Request {
            subject,
            transactions,
            purpose,
            case,
        }
    }
}

/// Exports a package.
pub fn run(args: ExportArgs) -> Result<()> {
    let wallet = match args.session.has_key() {
        true => Some(args.session.wallet()?),
        false => None,
    };
    let Some(path) = args.output else {
        anyhow::bail!("give the file to write with --output FILE");
    };
    ensure!(
        !path.exists(),
        "{} exists already; give another name, nothing is overwritten",
        path.display()
    );
    let request = args.what.request(args.with, args.purpose, args.case);
    let exported = block_on(async {
        let client = Client::connect(args.session.url()).await?;
        Ok(export(&client, wallet.as_ref(), &request).await?)
    })?;
    secret_file::write_new(&path, &exported.package)?;
    let sha256 = exported.sha256;
    if args.session.is_json() {
        let unopened = exported.unopened.iter();
        let unopened =
            unopened.map(|(of, reason)| json!({ "content": of.to_string(), "reason": reason }));
        let report = json!({
            "file": path,
            "bytes": exported.package.len(),
            "sha256": sha256,
            "unopened": unopened.collect::<Vec<_>>(),
            "untraced": exported.untraced,
            "untimed": exported.untimed,
        });
        return output::write_json(None, &report);
    }
    println!("{} is written; its SHA-256 is {sha256:?}", path.display());
    if !exported.unopened.is_empty() {
        let mut rows = table();
        rows.set_header(["in the package as a ciphertext only", "because"]);
        for (of, reason) in &exported.unopened {
            rows.add_row([&of.to_string(), reason]);
        }
        println!("{rows}");
    }
    if let Some(reason) = &exported.untraced {
        println!("Not all operations of the visit are in the package: {reason}.");
    }
    if let Some(reason) = &exported.untimed {
        println!("Not all time tokens around its operations are in the package: {reason}.");
    }
    Ok(())
}
