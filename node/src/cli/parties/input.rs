//! Reading what people type and the documents they give.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, ensure, Context, Result};
use clap::Args;
use pallet_members::Principal;
use pallet_payments::receipts::{ProviderReceipt, ReceiptKey, ReceiptSignature};
use pallet_records::{
    access::Purpose,
    grants::{Covered, Grantee, Terms},
    types::{ContentKind, Reader},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use sp_core::{Blake2Hasher, Hasher};
use xinglin_primitives::{
    time::{Date, Moment, DAY_MS},
    AccountId, EncryptionKey, Hash, MemberId, PatientId, PractitionerId, RecordId, SchemeId,
};
use xinglin_rpc_api::questions as ask;
use xinglin_sdk::{billing::SignedReceipt, client::Client, keys, parties};
use zeroize::Zeroizing;

/// Largest document that is read, in bytes: 64 MiB, as much as a record may have.
const DOCUMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// An id of any kind.
pub fn number<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let number: u64 = text
        .parse()
        .map_err(|_| "not a number; ids are whole numbers such as 17".to_owned())?;
    serde_json::from_value(number.into()).map_err(|_| format!("{number} is too large for this id"))
}

/// A word of a list that the chain's types name.
pub fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    // The error lists the words there are.
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// A word of a list that is given here.
pub fn one_of<T: Clone>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// An account, as an address or 32 bytes in hexadecimal.
pub fn account(text: &str) -> Result<AccountId, String> {
    keys::parse_account(text).map_err(|error| error.to_string())
}

/// An X25519 public key in hexadecimal.
pub fn encryption_key(text: &str) -> Result<EncryptionKey, String> {
    let mut key = [0; 32];
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode_to_slice(digits, &mut key)
        .map_err(|_| "an encryption key has 32 bytes in hexadecimal".to_owned())?;
    Ok(EncryptionKey(key))
}

/// To whom something is granted: `practitioner:3` or `member:1`.
pub fn grantee(text: &str) -> Result<Grantee, String> {
    match text.split_once(':') {
        Some(("practitioner", id)) => Ok(Grantee::Practitioner(number::<PractitionerId>(id)?)),
        Some(("member", id)) => Ok(Grantee::Member(number::<MemberId>(id)?)),
        _ => Err("expected practitioner:ID or member:ID".to_owned()),
    }
}

/// For whom a key is sealed: `practitioner:3`, `member:1`, or a delegate as `delegate:5F…`.
pub fn reader(text: &str) -> Result<Reader<AccountId>, String> {
    match text.split_once(':') {
        Some(("delegate", address)) => account(address).map(Reader::Delegate),
        _ => grantee(text)
            .map(Reader::from)
            .map_err(|error| format!("{error}, or delegate:ACCOUNT")),
    }
}

/// The public key with which a provider signs receipts: `sr25519:0x…` or `ed25519:0x…`.
pub fn receipt_key(text: &str) -> Result<ReceiptKey, String> {
    let wrong = || {
        "expected sr25519:HEX or ed25519:HEX, the public key that `xinglin key inspect` shows"
            .to_owned()
    };
    let (scheme, digits) = text.split_once(':').ok_or_else(wrong)?;
    let mut key = [0; 32];
    hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), &mut key)
        .map_err(|_| wrong())?;
    match scheme {
        "sr25519" => Ok(ReceiptKey::Sr25519(key)),
        "ed25519" => Ok(ReceiptKey::Ed25519(key)),
        _ => Err(wrong()),
    }
}

/// What a regulator's case or hold is about: `member:1`, `practitioner:3`, `patient:7`, or another
/// kind that the type knows, as `scheme:2`.
pub fn tagged<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let (kind, id) = text
        .split_once(':')
        .ok_or("expected KIND:ID, such as member:1")?;
    let id: u64 = id.parse().map_err(|_| "the id is not a number")?;
    let named = json!({ kind: id });
    let value = match kind {
        "member" | "practitioner" | "patient" => json!({ "party": named }),
        _ => named,
    };
    serde_json::from_value(value)
        .map_err(|_| format!("{kind}:{id} is none of what --help names here"))
}

/// A civil date (UTC+8), as `2026-01-31`.
pub fn date(text: &str) -> Result<Date, String> {
    let wrong = || "expected a date such as 2026-01-31".to_owned();
    let mut parts = text.split('-').map(str::parse::<u32>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        if is_leap { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let before = usize::try_from(month).ok().and_then(|it| it.checked_sub(1));
    let before = before.filter(|it| *it < lengths.len()).ok_or_else(wrong)?;
    if !(1970..=9999).contains(&year) || !(1..=lengths[before]).contains(&day) {
        return Err(wrong());
    }
    let leap_days = |year: u32| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    let months: u32 = lengths[..before].iter().sum();
    Ok(Date(years + months + day - 1))
}

/// An instant: a date and time in UTC+8 such as `2026-01-31T08:30`, or milliseconds since 1970.
pub fn moment(text: &str) -> Result<Moment, String> {
    let Some((day, time)) = text.split_once('T') else {
        return text
            .parse()
            .map_err(|_| "expected a time such as 2026-01-31T08:30 (UTC+8)".to_owned());
    };
    let (hour, minute) = time
        .split_once(':')
        .and_then(|(hour, minute)| Some((hour.parse().ok()?, minute.parse().ok()?)))
        .filter(|(hour, minute): &(u64, u64)| *hour < 24 && *minute < 60)
        .ok_or("expected a time such as 2026-01-31T08:30 (UTC+8)")?;
    Ok(date(day)?.start() + (hour * 60 + minute) * 60_000)
}

/// A bounded text.
pub fn text<T: TryFrom<Vec<u8>>>(text: &str) -> Result<T, String> {
    T::try_from(text.as_bytes().to_vec()).map_err(|_| format!("{} bytes are too many", text.len()))
}

/// The bytes of a document, or of the standard input for `-`.
pub fn document(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = DOCUMENT_BYTES_MAX + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("reading {}", path.display()))?;
    ensure!(
        bytes.len() as u64 <= DOCUMENT_BYTES_MAX,
        "{} is larger than {DOCUMENT_BYTES_MAX} bytes",
        path.display()
    );
    Ok(bytes)
}

/// A document in JSON. What is wrong is told by its place and what belongs there: what stands there can
/// be a patient's.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = document(path)?;
    parse_json(&bytes).map_err(|fault| {
        anyhow!(
            "{} is not the document that is expected ({fault}); --help names its fields",
            path.display()
        )
    })
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|fault| fault_at(&fault.path().to_string(), fault.inner()))?;
    json.end().map_err(|fault| fault_at(".", &fault))?;
    Ok(value)
}

fn fault_at(path: &str, fault: &serde_json::Error) -> String {
    let text = fault.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(text, _)| text);
    // Of the rest only what is expected is surely not from the document.
    let is_ours = !fault.is_data() || text.starts_with("missing field");
    let expected = text
        .rsplit_once(", expected ")
        .map(|(_, expected)| expected);
    let what = match (is_ours, expected) {
        (true, _) => text.to_owned(),
        (false, Some(expected)) => format!("expected {expected}"),
        (false, None) => "not what belongs there".to_owned(),
    };
    let (line, column) = (fault.line(), fault.column());
    format!("{path} at line {line}, column {column}: {what}")
}

/// A letter, in hexadecimal as it is handed over.
pub fn letter(path: &Path) -> Result<Vec<u8>> {
    let text = document(path)?;
    let text = std::str::from_utf8(&text).unwrap_or_default().trim();
    hex::decode(text).with_context(|| {
        format!(
            "{} is no letter; it should be hexadecimal, as the sender's command wrote it",
            path.display()
        )
    })
}

/// A provider's receipt, with its signature.
pub fn receipt(path: &Path) -> Result<(ProviderReceipt, ReceiptSignature)> {
    let signed: SignedReceipt = json(path)?;
    ensure!(
        signed.amount_fen > 0,
        "the receipt in {} is of nothing; ask the provider again",
        path.display()
    );
    signed.parts().with_context(|| {
        format!(
            "the signature in {} has not 64 bytes in hexadecimal; ask the provider again",
            path.display()
        )
    })
}

/// The Blake2b-256 of a document, by which the chain refers to it.
pub fn digest(path: &Path) -> Result<Hash> {
    Ok(Blake2Hasher::hash(&document(path)?))
}

/// How long something holds.
#[derive(Args, Clone, Debug)]
pub struct Lasting {
    /// For how many days from now
    #[arg(long, value_name = "N", default_value = "7")]
    days: u32,
}

impl Lasting {
    /// From the time of the last block on.
    pub async fn period(&self, client: &Client) -> Result<(Moment, Moment)> {
        let from = parties::now(client).await?;
        Ok((from, from.saturating_add(u64::from(self.days) * DAY_MS)))
    }
}

/// What is shared with whom.
#[derive(Args, Clone, Debug)]
pub struct TermsArgs {
    /// To whom: practitioner:ID or member:ID
    #[arg(long, value_name = "PARTY", value_parser = grantee)]
    to: Grantee,
    /// One record
    #[arg(long, value_name = "ID", value_parser = number::<RecordId>, conflicts_with = "kinds")]
    record: Option<RecordId>,
    /// The history of these kinds, also what is still to come [default: all kinds]
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = word::<ContentKind>)]
    kinds: Vec<ContentKind>,
    /// For what: treatment, payment, research and others
    #[arg(long, default_value = "treatment", value_parser = word::<Purpose>)]
    purpose: Purpose,
    /// Let the grantee pass it on
    #[arg(long)]
    may_reshare: bool,
    #[command(flatten)]
    lasting: Lasting,
}

/// All kinds of content.
const KINDS: [ContentKind; 8] = [
    ContentKind::Encounter,
    ContentKind::Profile,
    ContentKind::Diagnosis,
    ContentKind::TreatmentPlan,
    ContentKind::Prescription,
    ContentKind::Report,
    ContentKind::Image,
    ContentKind::Other,
];

impl TermsArgs {
    /// What they cover.
    pub fn covered(&self) -> Result<Covered> {
        if let Some(record) = self.record {
            return Ok(Covered::Record(record));
        }
        let kinds = match self.kinds.as_slice() {
            [] => KINDS.to_vec(),
            kinds => kinds.to_vec(),
        };
        let kinds: std::collections::BTreeSet<ContentKind> = kinds.into_iter().collect();
        Ok(Covered::History {
            kinds: kinds.try_into().ok().context("too many kinds")?,
            from: 0,
            until: Moment::MAX,
        })
    }

    /// The terms, from now on.
    pub async fn terms(&self, client: &Client) -> Result<Terms> {
        let (from, until) = self.lasting.period(client).await?;
        Ok(Terms {
            what: self.covered()?,
            grantee: self.to,
            purpose: self.purpose,
            from,
            until,
            may_reshare: self.may_reshare,
        })
    }

    /// To whom.
    pub fn grantee(&self) -> Grantee {
        self.to
    }

    /// For what.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}

/// Part of a list.
#[derive(Args, Clone, Copy, Debug)]
pub struct PageArgs {
    /// Continue here: the place or id where the page before ended
    #[arg(long, value_name = "N")]
    pub at: Option<u64>,
    /// Most items
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
}

/// The rules of which scheme are asked for.
#[derive(Args, Clone, Copy, Debug)]
pub struct SchemeArgs {
    /// The scheme; coverages name theirs
    #[arg(value_parser = number::<SchemeId>)]
    scheme: SchemeId,
    /// The service day [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    on: Option<Date>,
}

impl SchemeArgs {
    /// The question.
    pub fn question(self) -> ask::Scheme {
        ask::Scheme {
            scheme: self.scheme,
            date: self.on,
        }
    }
}

/// Where the records that are opened go.
#[derive(Args, Clone, Debug)]
pub struct OpenArgs {
    /// The records, up to 64
    #[arg(required = true, value_name = "RECORD", value_parser = number::<RecordId>)]
    pub records: Vec<RecordId>,
    /// For what they are read
    #[arg(long, default_value = "treatment", value_parser = word::<Purpose>)]
    pub purpose: Purpose,
    /// Folder for the contents, one file for each record, which must not exist yet; without it they
    /// are printed
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// File with the envelope, fetched from the member's object store, of the one record that lies
    /// there
    #[arg(long, value_name = "FILE")]
    pub envelope: Option<PathBuf>,
}

/// An identity as a registrar types it: never an argument, which others on the machine could see.
#[derive(Args, Clone, Debug)]
pub struct IdentityArgs {
    /// File with the identity number, or - for the standard input
    #[arg(long, value_name = "FILE")]
    pub identity_file: PathBuf,
    /// File for the salt, mode 0600; an existing one is used again
    #[arg(long, value_name = "FILE")]
    pub salt_file: PathBuf,
}

/// A patient that a command is about.
#[derive(Args, Clone, Copy, Debug)]
pub struct ForPatient {
    /// The patient
    #[arg(long, value_name = "ID", value_parser = number::<PatientId>)]
    pub patient: PatientId,
}

/// A patient or practitioner that a command is about.
#[derive(Args, Clone, Copy, Debug)]
#[group(required = true, multiple = false)]
pub struct ForPrincipal {
    /// The patient
    #[arg(long, value_name = "ID", value_parser = number::<PatientId>)]
    patient: Option<PatientId>,
    /// The practitioner
    #[arg(long, value_name = "ID", value_parser = number::<PractitionerId>)]
    practitioner: Option<PractitionerId>,
}

impl ForPrincipal {
    /// Who that is.
    pub fn principal(self) -> Result<Principal> {
        let patient = self.patient.map(Principal::Patient);
        let person = patient.or(self.practitioner.map(Principal::Practitioner));
        person.context("name the person with --patient or --practitioner")
    }
}
