//! `xinglin receipt`: fetches receipts and verifies them, the latter without any node.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail, Context, Result};
use clap::{Args, Subcommand};
use xinglin_primitives::{BlockNumber, Hash};
use xinglin_sdk::{
    client::Client,
    evidence::{ChainVocabulary, Vocabulary},
    receipt::{verify, Proven, ReceiptFile, Refutation, Step, TrustAnchor, RECEIPT_FILE_BYTES_MAX},
};

use super::{
    chain_spec,
    output::{self, property_table, table},
    UrlArgs,
};
use crate::settings;

/// Fetch receipts, and verify them offline.
#[derive(Subcommand)]
pub enum ReceiptCommand {
    /// Fetch the receipt of a transaction, with all that is needed to verify it offline
    Get(GetArgs),
    /// Verify a receipt without any node, step by step
    Verify(VerifyArgs),
    /// Fetch the validators of a height from a node that you trust, to verify receipts against
    Anchor(AnchorArgs),
}

/// Options of `receipt get`.
#[derive(Args)]
pub struct GetArgs {
    /// Hash of the transaction
    hash: Hash,
    /// File to write, which must not exist [default: the standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    url: UrlArgs,
}

/// Options of `receipt verify`.
#[derive(Args)]
pub struct VerifyArgs {
    /// The receipt
    file: PathBuf,
    /// Trust what the chain began with: its specification
    #[arg(
        long,
        value_name = "dev|local|FILE",
        required_unless_present = "validators"
    )]
    genesis: Option<String>,
    /// Trust these validators: a file of `receipt anchor` or `chain-spec export`
    #[arg(long, value_name = "FILE", conflicts_with = "genesis")]
    validators: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Options of `receipt anchor`.
#[derive(Args)]
pub struct AnchorArgs {
    /// The height [default: the one after the last block]
    #[arg(long)]
    height: Option<BlockNumber>,
    /// File to write, which must not exist [default: the standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    url: UrlArgs,
}

/// Does what `xinglin receipt …` says.
pub fn run(command: ReceiptCommand) -> Result<()> {
    match command {
        ReceiptCommand::Get(args) => super::block_on(async {
            let client = Client::connect(&args.url.url).await?;
            let json = client.receipt_json(args.hash).await?;
            output::write_json(args.output.as_deref(), &json)
        }),
        ReceiptCommand::Anchor(args) => super::block_on(async {
            let client = Client::connect(&args.url.url).await?;
            let height = match args.height {
                Some(height) => height,
                None => client.header(client.tip().await?).await?.number + 1,
            };
            let anchor = client.trust_anchor(height).await?;
            output::write_json(args.output.as_deref(), &anchor.to_json())
        }),
        ReceiptCommand::Verify(args) => verify_offline(&args),
    }
}

fn verify_offline(args: &VerifyArgs) -> Result<()> {
    let file = ReceiptFile::from_json(&read(&args.file)?)
        .with_context(|| format!("receipt {}", args.file.display()))?;
    let anchor = match (&args.genesis, &args.validators) {
        (Some(chain), _) => chain_spec::anchor(&settings::chain_spec(chain)?)?,
        (None, Some(path)) => TrustAnchor::from_json(&read(path)?)
            .with_context(|| format!("validators {}", path.display()))?,
        (None, None) => bail!("give --genesis or --validators"),
    };
    let outcome = verify(&file, &anchor);
    if args.json {
        output::write_json(None, &as_json(&outcome))?;
    } else {
        print_steps(&outcome);
        if let Ok(proven) = &outcome {
            print_proven(proven, &file);
        }
    }
    match outcome {
        Ok(_) => Ok(()),
        Err(refutation) => Err(anyhow!(
            "the receipt proves nothing: step `{}` fails: {refutation}",
            refutation.step
        )),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let name = || path.display().to_string();
    let mut contents = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(RECEIPT_FILE_BYTES_MAX + 1)
                .read_to_end(&mut contents)
        })
        .with_context(name)?;
    if contents.len() as u64 > RECEIPT_FILE_BYTES_MAX {
        bail!("{} is larger than {RECEIPT_FILE_BYTES_MAX} bytes", name());
    }
    Ok(contents)
}

/// What became of each step.
fn steps(outcome: &Result<Proven, Refutation>) -> impl Iterator<Item = (Step, &'static str)> {
    let failed = outcome.as_ref().err().map(|refutation| refutation.step);
    Step::ALL.into_iter().map(move |step| {
        let word = match failed {
            Some(failed) if step == failed => "FAILS",
            Some(failed) if step > failed => "not reached",
            _ => "holds",
        };
        (step, word)
    })
}

fn print_steps(outcome: &Result<Proven, Refutation>) {
    let mut steps_table = table();
    steps_table.set_header(["step", "what it shows", "outcome"]);
    for (step, word) in steps(outcome) {
        let shows = match step {
            Step::Validators => "the trusted validators lead to those of the receipt's height",
            Step::Inclusion => "the transaction is in the block",
            Step::Header => "the header is the one that was decided",
            Step::Certificate => "more than two thirds of the validators decided it",
        };
        steps_table.add_row([step.to_string(), shows.to_owned(), word.to_owned()]);
    }
    println!("{steps_table}");
}

fn print_proven(proven: &Proven, file: &ReceiptFile) {
    let (signers, validators) = proven.signers;
    let mut rows = vec![
        ("transaction", format!("{:?}", proven.transaction)),
        ("block", format!("{:?}", proven.block)),
        ("height", proven.number.to_string()),
        ("index", proven.index.to_string()),
        ("signed by", format!("{signers} of {validators} validators")),
    ];
    // A later version's call is proven all the same.
    let reading = ChainVocabulary.read(&file.receipt.extrinsic, proven.index, None);
    rows.extend(reading.signer.map(|signer| ("signer", signer)));
    rows.extend(reading.call.map(|call| ("call", call)));
    println!("{}", property_table(rows));
}

fn as_json(outcome: &Result<Proven, Refutation>) -> serde_json::Value {
    let steps: serde_json::Map<_, _> = steps(outcome)
        .map(|(step, word)| (step.to_string(), word.into()))
        .collect();
    match outcome {
        Ok(proven) => serde_json::json!({
            "proven": true,
            "steps": steps,
            "transaction": proven.transaction,
            "block": proven.block,
            "height": proven.number,
            "index": proven.index,
            "signers": proven.signers.0,
            "validators": proven.signers.1,
        }),
        Err(refutation) => serde_json::json!({
            "proven": false,
            "steps": steps,
            "reason": refutation.to_string(),
        }),
    }
}
