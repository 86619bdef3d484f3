//! Evidence: exported from a node, verified by processes that know none.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{ensure, Context, Result};
use pallet_records::access::Purpose;
use serde_json::Value;
use xinglin_sdk::{
    evidence::{export, Request, Subject, PACKAGE_BYTES_MAX},
    receipt::TrustAnchor,
    secret_file,
};

use super::{
    super::{day::Played, report},
    Inquiry,
};
use crate::cli::output::{bytes, table};

/// What the trust of a package begins with, for whoever verifies it.
const TRUSTED: &str = "validators.json";

/// Packages in a folder, with what they are to be verified against.
pub struct Packages {
    folder: PathBuf,
    /// Of whom each is, and its file.
    files: Vec<(String, PathBuf)>,
}

/// The regulator exports the visit, without its contents; the patient one of its records, with them.
pub async fn export_all(inquiry: &Inquiry<'_>, visit: &Played, folder: &Path) -> Result<Packages> {
    let mut packages = Packages {
        folder: folder.to_owned(),
        files: Vec::new(),
    };
    let request = Request {
        subject: Subject::Trail(inquiry.appointment),
        transactions: Vec::new(),
        purpose: Purpose::Legal,
        case: Some(inquiry.case),
        with_outcomes: true,
        bytes_max: PACKAGE_BYTES_MAX,
    };
    let wallet = &inquiry.regulator.wallet;
    let exported = export(inquiry.client, Some(wallet), &request).await?;
    ensure!(
        exported.untraced.is_none(),
        "not all operations are in the package: {:?}",
        exported.untraced
    );
    let name = format!("trail-{}.zip", inquiry.appointment);
    packages.add(inquiry.regulator.name.clone(), &name, &exported.package)?;

    let record = *visit.records.first().context("the visit has a record")?;
    let request = Request {
        subject: Subject::Record(record),
        transactions: Vec::new(),
        purpose: Purpose::PatientRequest,
        case: None,
        with_outcomes: true,
        bytes_max: PACKAGE_BYTES_MAX,
    };
    let wallet = &inquiry.patient.actor.wallet;
    let exported = export(inquiry.client, Some(wallet), &request).await?;
    ensure!(
        exported.unopened.is_empty(),
        "the patient cannot open her own record: {:?}",
        exported.unopened
    );
    let name = format!("record-{record}.zip");
    packages.add(inquiry.patient.actor.name.clone(), &name, &exported.package)?;
    Ok(packages)
}

impl Packages {
    fn add(&mut self, whose: String, name: &str, package: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        secret_file::write_new(&path, package)?;
        println!("{whose} exports {name}, {}.", bytes(package.len() as u64));
        self.files.push((whose, path));
        Ok(())
    }

    /// Verifies each package, and a copy with one bit changed, by a process of its own that gets
    /// nothing but the file and what is trusted: the chain's specification for the first package if
    /// there is one, else the validators.
    pub fn verify(&self, anchor: &TrustAnchor, specification: Option<&str>) -> Result<()> {
        report::title("Evidence, verified without a node");
        let validators = self.folder.join(TRUSTED);
        let anchor = serde_json::to_vec_pretty(&anchor.to_json())?;
        secret_file::write_new(&validators, &anchor)?;
        let mut listing = table();
        listing.set_header([
            "package",
            "of",
            "trusted",
            "steps proven",
            "proven",
            "with one bit changed",
        ]);
        for (place, (whose, path)) in self.files.iter().enumerate() {
            let trusted = match specification {
                Some(chain) if place == 0 => ("--trust", Path::new(chain)),
                _ => ("--validators", validators.as_path()),
            };
            let (holds, told) = verify(path, trusted)?;
            ensure!(holds, "{} proves nothing: {told}", path.display());
            let steps = told["steps"].as_array().context("the steps")?;
            let proven = steps.iter().filter(|it| it["outcome"] == "proven").count();
            let sentences = told["proven"].as_array().map_or(0, Vec::len);
            let forged = self.forge(path)?;
            let (holds, told) = verify(&forged, trusted)?;
            ensure!(
                !holds,
                "{} with one bit changed was accepted",
                path.display()
            );
            let steps = told["steps"].as_array().context("the steps")?;
            let failed = steps.iter().find(|it| it["outcome"] == "failed");
            let step = failed.and_then(|it| it["step"].as_str());
            listing.add_row([
                file_name(path),
                whose.clone(),
                file_name(trusted.1),
                format!("{proven} of {}", steps.len()),
                format!("{sentences} sentences"),
                format!("refused at step {}", step.context("the step that fails")?),
            ]);
        }
        println!("{listing}");
        Ok(())
    }

    /// A copy of a package in which one bit in the middle is another.
    fn forge(&self, path: &Path) -> Result<PathBuf> {
        let mut package = fs::read(path)?;
        let middle = package.len() / 2;
        if let Some(byte) = package.get_mut(middle) {
            *byte ^= 1;
        }
        let forged = self.folder.join(format!("forged-{}", file_name(path)));
        secret_file::write_new(&forged, &package)?;
        Ok(forged)
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Whether a package holds, and what the verification says.
fn verify(package: &Path, (option, trusted): (&str, &Path)) -> Result<(bool, Value)> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(super::super::consortium::program()?)
        .env_clear()
        .args(["evidence", "verify"])
        .arg(package)
        .arg(option)
        .arg(trusted)
        .arg("--json")
        .output()
        .context("starting the verification")?;
    let told = serde_json::from_slice(&stdout).with_context(|| {
        let error = String::from_utf8_lossy(&stderr).into_owned();
        format!("the verification says nothing: {error}")
    })?;
    Ok((status.success(), told))
}
