//! `xinglin fhir export`.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Result};
use clap::Args;
use pallet_records::access::Purpose;
use serde_json::{json, Value};
use xinglin_fhir::Form;
use xinglin_primitives::PatientId;
use xinglin_sdk::{
    export::{export, Exported},
    secret_file,
};

use super::super::{
    block_on,
    output::{self, table},
    parties::{
        input,
        session::{Session, SessionArgs},
    },
    progress,
};

/// Options of `fhir export`.
#[derive(Args)]
pub struct ExportArgs {
    #[command(flatten)]
    session: SessionArgs,
    /// Whose records [default: whom the key is registered as]
    #[arg(long, value_name = "ID", value_parser = input::number::<PatientId>)]
    patient: Option<PatientId>,
    /// What for, such as treatment, payment or patientRequest [default: patientRequest for patients,
    /// treatment for others]
    #[arg(long, value_parser = input::word::<Purpose>)]
    purpose: Option<Purpose>,
    /// File to write, for its owner only; it must not exist
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// Runs `xinglin fhir export`.
pub fn run(args: ExportArgs) -> Result<()> {
    let wallet = args.session.wallet()?;
    block_on(async {
        ensure!(
            !args.output.exists(),
            "{} exists already; give another name, nothing is overwritten",
            args.output.display()
        );
        let session = Session::open(args.session, wallet).await?;
        let patient = session.patient(args.patient).await?;
        let bar = progress::bar("reading");
        let (client, wallet) = (session.client(), session.wallet());
        let exported = export(
            client,
            wallet,
            patient,
            args.purpose,
            progress::advance(&bar),
        )
        .await;
        bar.finish_and_clear();
        let exported = exported?;
        let json = exported.bundle.to_json(Form::Collection);
        secret_file::write_new(&args.output, &json)?;
        report(&session, &exported, (&args.output, json.len()))
    })
}

fn report(session: &Session, exported: &Exported, (path, bytes): (&Path, usize)) -> Result<()> {
    let unread = exported.unread.iter();
    if session.is_json() {
        let unread: Vec<Value> = unread
            .map(|(id, why)| json!({ "record": id.0, "reason": why.to_string() }))
            .collect();
        let report = json!({
            "file": path,
            "bytes": bytes,
            "resources": exported.bundle.entries().len(),
            "records": exported.read.iter().map(|id| id.0).collect::<Vec<_>>(),
            "unread": unread,
        });
        return output::write_json(None, &report);
    }
    println!(
        "{} resources of {} records are in {}",
        exported.bundle.entries().len(),
        exported.read.len(),
        path.display()
    );
    if !exported.unread.is_empty() {
        let mut rows = table();
        rows.set_header(["record", "not in it, because"]);
        for (id, why) in unread {
            rows.add_row([id.to_string(), why.to_string()]);
        }
        println!("{rows}");
    }
    Ok(())
}
