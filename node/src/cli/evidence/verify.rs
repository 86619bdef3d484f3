//! `xinglin evidence verify`.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail, Context, Result};
use clap::Args;
use xinglin_evidence::archive::PACKAGE_BYTES_MAX;
use xinglin_sdk::{
    evidence::{verify, ChainVocabulary, Report, Trust},
    receipt::TrustAnchor,
};

use crate::{
    cli::{
        chain_spec,
        output::{self, property_table, table},
    },
    settings,
};

/// Largest file of trusted validators, in bytes.
const ANCHOR_BYTES_MAX: u64 = 1024 * 1024;

/// Options of `evidence verify`.
#[derive(Args)]
pub struct VerifyArgs {
    /// The package
    file: PathBuf,
    /// Trust what the chain began with: its specification
    #[arg(
        long,
        value_name = "dev|local|FILE",
        required_unless_present = "validators"
    )]
    trust: Option<String>,
    /// Trust these validators: a file of `receipt anchor` or `chain-spec export`
    #[arg(long, value_name = "FILE", conflicts_with = "trust")]
    validators: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Verifies a package; fails if a step of the verification does.
pub fn run(args: &VerifyArgs) -> Result<()> {
    let anchor = match (&args.trust, &args.validators) {
        (Some(chain), _) => chain_spec::anchor(&settings::chain_spec(chain)?)?,
        (None, Some(path)) => TrustAnchor::from_json(&read(path, ANCHOR_BYTES_MAX)?)
            .with_context(|| format!("validators {}", path.display()))?,
        (None, None) => bail!("give --trust or --validators"),
    };
    let package = read(&args.file, PACKAGE_BYTES_MAX as u64)?;
    let trust = Trust {
        anchor,
        vocabulary: Some(&ChainVocabulary),
    };
    let report = verify(&package, &trust);
    if args.json {
        output::write_json(None, &report.to_json())?;
    } else {
        print(&report);
    }
    match report.failure() {
        None => Ok(()),
        Some((step, reason)) => Err(anyhow!(
            "the package proves nothing: step `{step}` fails: {reason}"
        )),
    }
}

/// The contents of a file. One more byte than there may be is read, so that it is told which file is
/// too large.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut contents = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(limit.saturating_add(1))
                .read_to_end(&mut contents)
        })
        .with_context(|| format!("reading {}", path.display()))?;
    if contents.len() as u64 > limit {
        bail!("{} is larger than {limit} bytes", path.display());
    }
    Ok(contents)
}

fn print(report: &Report) {
    let subject = report.subject.map(|subject| subject.to_string());
    println!(
        "{}",
        property_table([
            ("subject", subject.unwrap_or_default()),
            ("SHA-256 of the package", format!("{:?}", report.package)),
        ])
    );
    let mut steps = table();
    steps.set_header(["step", "what it shows", "outcome", ""]);
    for it in &report.steps {
        steps.add_row([
            &it.step.to_string(),
            it.step.shows(),
            &it.outcome.to_string(),
            &it.note,
        ]);
    }
    println!("{steps}");
    for (title, sentences) in [
        ("Proven:", &report.proven),
        ("Not proven:", &report.not_proven),
    ] {
        if !sentences.is_empty() {
            println!("{title}");
        }
        for sentence in sentences {
            println!("  - {sentence}");
        }
    }
}
