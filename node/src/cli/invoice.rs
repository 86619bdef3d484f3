//! `xinglin invoice`: renders e-invoices, and compares them with the chain.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{bail, ensure, Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use xinglin_einvoice::{EInvoice, JSON_BYTES_MAX};
use xinglin_primitives::InvoiceId;
use xinglin_sdk::{
    einvoice::{render, verify_against_chain},
    secret_file,
};

use super::{
    block_on,
    output::{self, table},
    parties::{
        input,
        session::{Session, SessionArgs},
    },
};

/// Render e-invoices from the chain, and compare them with it.
#[derive(Subcommand)]
pub enum InvoiceCommand {
    /// Write an invoice, blue or red, as PDF and JSON; the key is of somebody who may read it
    Render(RenderArgs),
    /// Compare an e-invoice in JSON with the chain; the key is of somebody who may read it, since
    /// only they can tell what the lines are for
    Check(CheckArgs),
}

/// Options of `invoice render`.
#[derive(Args)]
pub struct RenderArgs {
    #[command(flatten)]
    session: SessionArgs,
    /// The invoice
    #[arg(long, value_name = "ID", value_parser = input::number::<InvoiceId>)]
    invoice: InvoiceId,
    /// PDF file to write, for its owner only; it must not exist
    #[arg(long, value_name = "FILE", required_unless_present = "json_file")]
    pdf: Option<PathBuf>,
    /// JSON file to write, for its owner only; it must not exist
    #[arg(long, value_name = "FILE")]
    json_file: Option<PathBuf>,
}

/// Options of `invoice check`.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    session: SessionArgs,
    /// The e-invoice in JSON
    file: PathBuf,
}

/// Does what `xinglin invoice …` says.
pub fn run(command: InvoiceCommand) -> Result<()> {
    match command {
        InvoiceCommand::Render(args) => write(args),
        InvoiceCommand::Check(args) => check(args),
    }
}

fn write(args: RenderArgs) -> Result<()> {
    let wallet = args.session.wallet()?;
    let outputs = [&args.pdf, &args.json_file];
    for path in outputs.into_iter().flatten() {
        ensure!(
            !path.exists(),
            "{} exists already; give another name, nothing is overwritten",
            path.display()
        );
    }
    block_on(async {
        let session = Session::open(args.session, wallet).await?;
        let rendered = render(session.client(), session.wallet(), args.invoice).await?;
        if let Some(path) = &args.pdf {
            secret_file::write_new(path, &rendered.to_pdf())?;
        }
        if let Some(path) = &args.json_file {
            secret_file::write_new(path, rendered.to_json().as_bytes())?;
        }
        if session.is_json() {
            let number = rendered.number.to_string();
            let report = json!({ "number": number, "pdf": args.pdf, "json": args.json_file });
            return output::write_json(None, &report);
        }
        println!("e-invoice {} is written", rendered.number);
        Ok(())
    })
}

fn check(args: CheckArgs) -> Result<()> {
    let given = EInvoice::from_json(&read(&args.file)?)
        .with_context(|| format!("e-invoice {}", args.file.display()))?;
    let wallet = args.session.wallet()?;
    block_on(async {
        let session = Session::open(args.session, wallet).await?;
        let found = verify_against_chain(session.client(), session.wallet(), &given).await?;
        let differences: Vec<String> = found.iter().map(ToString::to_string).collect();
        if session.is_json() {
            let report = json!({ "matches": found.is_empty(), "differences": differences });
            output::write_json(None, &report)?;
        } else if found.is_empty() {
            println!("e-invoice {} is what the chain says", given.number);
        } else {
            let mut rows = table();
            rows.set_header(["difference"]);
            for difference in &differences {
                rows.add_row([difference]);
            }
            println!("{rows}");
        }
        if !found.is_empty() {
            bail!("e-invoice {} is not what the chain says", given.number);
        }
        Ok(())
    })
}

fn read(path: &Path) -> Result<String> {
    let limit = u64::try_from(JSON_BYTES_MAX).unwrap_or(u64::MAX);
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_string(&mut text))
        .with_context(|| format!("reading {}", path.display()))?;
    Ok(text)
}
