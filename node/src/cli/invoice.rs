//! `xinglin invoice`: renders e-invoices, and compares them with the chain.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{bail, ensure, Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use xinglin_einvoice::{EInvoiceFile, FILE_BYTES_MAX};
use xinglin_primitives::InvoiceId;
use xinglin_sdk::{
    client::Client,
    einvoice::{render, verify_file, Difference, Verdict},
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
    /// Compare an e-invoice, JSON or PDF, with the chain: as anybody, or with the key of somebody who
    /// may read it, since only they can tell what the items are called. The pages of a PDF are compared
    /// with the document that is attached to it
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
    /// The e-invoice, as JSON or PDF
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
    let file = EInvoiceFile::read(&read(&args.file)?)
        .with_context(|| format!("e-invoice {}", args.file.display()))?;
    let wallet = match args.session.has_key() {
        true => Some(args.session.wallet()?),
        false => None,
    };
    let verdict = block_on(async {
        let client = Client::connect(args.session.url()).await?;
        Ok(verify_file(&client, wallet.as_ref(), &file).await?)
    })?;
    tell(&verdict, &file, args.session.is_json())?;
    let number = file.document.number;
    match &verdict.differences[..] {
        [] => Ok(()),
        [Difference::Pages(_)] => bail!(
            "the pages of {} cannot be trusted; in its document, e-invoice {number}, nothing differs from the chain",
            args.file.display()
        ),
        _ => bail!("e-invoice {number} is not what the chain says"),
    }
}

fn tell(verdict: &Verdict, file: &EInvoiceFile, is_json: bool) -> Result<()> {
    let differences: Vec<String> = verdict
        .differences
        .iter()
        .map(ToString::to_string)
        .collect();
    let unchecked: Vec<String> = verdict.unchecked.iter().map(ToString::to_string).collect();
    if is_json {
        let report = json!({
            "matches": differences.is_empty(),
            "differences": differences,
            "unchecked": unchecked,
        });
        return output::write_json(None, &report);
    }
    if differences.is_empty() {
        let pages = match file.pages {
            Some(_) => ", and its pages show it",
            None => "",
        };
        let number = file.document.number;
        println!("e-invoice {number} is what the chain says{pages}");
    } else {
        let mut rows = table();
        rows.set_header(["difference"]);
        for difference in &differences {
            rows.add_row([difference]);
        }
        println!("{rows}");
    }
    for what in &unchecked {
        println!("not checked without the key of a reader: {what}");
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut contents = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(limit.saturating_add(1))
                .read_to_end(&mut contents)
        })
        .with_context(|| format!("reading {}", path.display()))?;
    Ok(contents)
}
