//! `xinglin fhir import`.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{ensure, Context, Result};
use clap::Args;
use serde_json::{json, Value};
use xinglin_primitives::MemberId;
use xinglin_sdk::{
    client::Client,
    import::{gather, salt_from, Import, Imported, Source},
    keys::KeyPair,
    keystore::Keystore,
    wallet::Wallet,
};

use super::super::{
    block_on,
    output::{self, table},
    parties::input,
    passphrase::{self, PassphraseArgs},
    progress, UrlArgs,
};

/// What the paths of development keys begin with.
const DEVELOPMENT: &str = "//";

/// Options of `fhir import`.
#[derive(Args)]
pub struct ImportArgs {
    /// Bundles, or folders with them (*.json); those of hospitals and practitioners are passed over
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    url: UrlArgs,
    /// Keystore file of an account of the hospital, which registers the patients and issues the
    /// invoices; on a development chain also a path such as //Alice
    #[arg(long, value_name = "FILE")]
    member_key: String,
    /// Keystore file of the hospital's main key, if the hospital's account is a service account
    #[arg(long, value_name = "FILE")]
    member_reader_key: Option<String>,
    /// Keystore file of the doctor who writes the records, or a path such as //Alice//doctor//1
    #[arg(long, value_name = "FILE")]
    doctor_key: String,
    /// Folder of the patients' keystores, each named by the hash of the identity number, and of the
    /// journals by which an import that is run again knows what is there; made if it is absent
    #[arg(long, value_name = "DIR")]
    patient_keys: PathBuf,
    /// File with the consortium's salt for identity numbers, 32 bytes in hexadecimal; made if it is
    /// absent
    #[arg(long, value_name = "FILE")]
    salt_file: PathBuf,
    /// Issue an invoice for every claim
    #[arg(long)]
    invoices: bool,
    /// Member, such as an insurer, that may read the details of the invoices; several times for
    /// several
    #[arg(long = "invoice-reader", value_name = "ID", requires = "invoices", value_parser = input::number::<MemberId>)]
    readers: Vec<MemberId>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// File with the passphrase of the patients' keystores, mode 0600 [default: the same as of the
    /// other keys]
    #[arg(long, value_name = "FILE")]
    patient_passphrase_file: Option<PathBuf>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// Runs `xinglin fhir import`.
pub fn run(args: &ImportArgs) -> Result<()> {
    // Whatever is wrong with the input is found before anything is asked for or written.
    let sources = gather(&args.paths)?;
    if args.invoices {
        sources.iter().try_for_each(Source::check_claims)?;
    }
    let member = wallet(
        &args.member_key,
        args.member_reader_key.as_deref(),
        &args.passphrase,
    )?;
    let doctor = wallet(&args.doctor_key, None, &args.passphrase)?;
    let passphrase = match &args.patient_passphrase_file {
        Some(path) => passphrase::from_file(path)?,
        None => args.passphrase.new_one().context("patients' keystores")?,
    };
    block_on(async {
        let client = Client::connect(&args.url.url).await?;
        ensure_salt_is_at_hand(args)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&args.patient_keys)
            .with_context(|| args.patient_keys.display().to_string())?;
        let salt = salt_from(&args.salt_file)?;
        let import = Import {
            member: &member,
            doctor: &doctor,
            salt: &salt,
            folder: &args.patient_keys,
            passphrase: &passphrase,
            invoices: args.invoices.then(|| args.readers.clone()),
        };
        let bar = progress::bar("importing");
        let imported = import.run(&client, &sources, progress::advance(&bar)).await;
        bar.finish_and_clear();
        report(&imported?, args.json)
    })
}

/// Under another salt everybody of the folder would be somebody new.
fn ensure_salt_is_at_hand(args: &ImportArgs) -> Result<()> {
    let is_used = fs::read_dir(&args.patient_keys).is_ok_and(|mut files| files.next().is_some());
    ensure!(
        args.salt_file.exists() || !is_used,
        "{} is not empty, and the salt {} does not exist; give the salt with which the folder was made",
        args.patient_keys.display(),
        args.salt_file.display()
    );
    Ok(())
}

/// The wallet of a keystore file, or of a development key's path.
fn wallet(key: &str, reader: Option<&str>, passphrase: &PassphraseArgs) -> Result<Wallet> {
    if key.starts_with(DEVELOPMENT) {
        return Ok(Wallet::development(key)?);
    }
    let pair = open(Path::new(key), passphrase)?;
    Ok(match reader {
        Some(reader) => Wallet::opening_as(pair, &open(Path::new(reader), passphrase)?),
        None => Wallet::new(pair),
    })
}

fn open(path: &Path, passphrase: &PassphraseArgs) -> Result<KeyPair> {
    let name = path.display().to_string();
    let keystore = Keystore::read(path).with_context(|| format!("keystore {name}"))?;
    let key = keystore.open(&passphrase.existing(&name)?);
    key.with_context(|| format!("keystore {name}"))
}

fn report(imported: &[Imported], as_json: bool) -> Result<()> {
    if as_json {
        let patients: Vec<Value> = imported.iter().map(as_value).collect();
        return output::write_json(None, &json!({ "patients": patients }));
    }
    let mut rows = table();
    rows.set_header(["patient", "records", "invoices", "bytes", "bundle"]);
    for one in imported {
        let of = |now: usize, all: usize| match all - now {
            0 => all.to_string(),
            before => format!("{all} ({before} from before)"),
        };
        let path = one.path.file_name().unwrap_or(one.path.as_os_str());
        rows.add_row([
            one.patient.to_string(),
            of(one.records_written, one.records.len()),
            of(one.invoices_issued, one.invoices.len()),
            output::bytes(u64::try_from(one.bytes).unwrap_or(u64::MAX)),
            path.to_string_lossy().into_owned(),
        ]);
    }
    println!("{rows}");
    let undated: usize = imported.iter().map(|one| one.undated_claims).sum();
    if undated > 0 {
        println!(
            "{undated} claims belong to no encounter: they are in the records and not invoiced"
        );
    }
    Ok(())
}

fn as_value(one: &Imported) -> Value {
    json!({
        "patient": one.patient.0,
        "isNew": one.is_new,
        "bundle": one.path,
        "keystore": one.keystore,
        "records": one.records.iter().map(|id| id.0).collect::<Vec<_>>(),
        "recordsWritten": one.records_written,
        "invoices": one.invoices.iter().map(|id| id.0).collect::<Vec<_>>(),
        "invoicesIssued": one.invoices_issued,
        "undatedClaims": one.undated_claims,
        "bytes": one.bytes,
    })
}
