//! What is written in a package.
//!
//! | file | content |
//! |---|---|
//! | `manifest.json` | [`Manifest`]: the format, the chain, and size and hashes of every other file |
//! | `claim.json` | [`Claim`]: what the package says, to be held against what the other files prove |
//! | `validators/N.scale` | `CertifiedHeader`s that change the validators, in order |
//! | `receipts/N.scale` | `Receipt`s |
//! | `state/N.scale` | [`StateProof`](crate::state::StateProof)s |
//! | `time/N.tsr`, `time/N.scale` | RFC 3161 tokens, each with the `CertifiedHeader` of the block it stamps |
//! | `content/N.bin` | plaintexts |
//! | `report.pdf` | the claim for readers, in Chinese and English |
//!
//! `N` counts from 0 without gaps, except in `content/`, where it is the number of the placement in the
//! claim. Files that end in `.scale` are SCALE, each to its last byte.

use std::fmt;

use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    AppointmentId, BlockNumber, Hash, InvoiceId, MemberId, RecordId, StampId,
};

use crate::{state::Fact, vocabulary::Reading};

/// The version of the format that is written here.
pub const FORMAT_VERSION: u32 = 1;
/// The manifest.
pub const MANIFEST: &str = "manifest.json";
/// The claim.
pub const CLAIM: &str = "claim.json";
/// The report for readers.
pub const REPORT: &str = "report.pdf";
/// Most receipts, state proofs, tokens and plaintexts, each.
pub const PARTS_MAX: usize = 512;
/// Longest name of a call, signer or error, in bytes.
pub const NAME_BYTES_MAX: usize = 256;
/// Most items of one state proof.
pub const ITEMS_MAX: usize = 8_192;

/// The kinds of numbered files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A change of the validators.
    Validators,
    /// A receipt.
    Receipt,
    /// A state proof.
    State,
    /// A time-stamp token.
    Token,
    /// The header of the block that a token stamps.
    Stamped,
    /// A plaintext.
    Content,
}

impl Part {
    /// All kinds, in the order of their files.
    pub const ALL: [Self; 6] = [
        Self::Validators,
        Self::Receipt,
        Self::State,
        Self::Token,
        Self::Stamped,
        Self::Content,
    ];

    fn shape(self) -> (&'static str, &'static str) {
        match self {
            Self::Validators => ("validators", "scale"),
            Self::Receipt => ("receipts", "scale"),
            Self::State => ("state", "scale"),
            Self::Token => ("time", "tsr"),
            Self::Stamped => ("time", "scale"),
            Self::Content => ("content", "bin"),
        }
    }

    /// The path of the file with a number.
    pub fn path(self, number: usize) -> String {
        let (folder, ending) = self.shape();
        format!("{folder}/{number}.{ending}")
    }

    /// The kind and number of a path.
    pub fn of(path: &str) -> Option<(Self, usize)> {
        let (folder, name) = path.split_once('/')?;
        let (number, ending) = name.split_once('.')?;
        let number = number.parse().ok()?;
        Self::ALL
            .into_iter()
            .find(|part| part.shape() == (folder, ending))
            // `007` is not written here.
            .filter(|part| part.path(number) == path)
            .map(|part| (part, number))
    }
}

/// A file of the package, as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileEntry {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: Hash,
    /// Blake2b-256 of it.
    pub blake2b: Hash,
}

/// What a package consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT_VERSION`].
    pub format: u32,
    /// Hash of the chain's genesis block.
    pub genesis: Hash,
    /// What the claim is about.
    pub subject: Subject,
    /// Every file but the manifest, in ascending order of the paths.
    pub files: Vec<FileEntry>,
}

/// What a package is evidence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Subject {
    /// Some transactions.
    Receipt,
    /// A record with all its versions and accesses.
    Record(RecordId),
    /// A visit: booking, records, invoices, settlements.
    Trail(AppointmentId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipt => f.write_str("receipt"),
            Self::Record(id) => write!(f, "record {id}"),
            Self::Trail(id) => write!(f, "trail of appointment {id}"),
        }
    }
}

/// What a package says. All of it is held against the files: whatever could be left out without
/// proving less is not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// What it is about.
    pub subject: Subject,
    /// The transactions, one for each receipt.
    pub operations: Vec<Operation>,
    /// What the state held, one for each state proof.
    pub states: Vec<StateClaim>,
    /// Where ciphertexts are and what opens them.
    pub contents: Vec<ContentClaim>,
    /// The tokens.
    pub times: Vec<TimeClaim>,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// Its hash.
    pub transaction: Hash,
    /// Height of its block.
    pub height: BlockNumber,
    /// Hash of its block.
    pub block: Hash,
    /// Its place in the block.
    pub index: u32,
    /// What it says.
    pub reading: Reading,
}

/// What the state held after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StateClaim {
    /// Height of the block.
    pub height: BlockNumber,
    /// Hash of the block.
    pub block: Hash,
    /// What it held, item by item.
    pub facts: Vec<Fact>,
}

/// Of what a ciphertext is the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ContentOf {
    /// A version of a record.
    Version(RecordId, u16),
    /// The details of an invoice.
    Invoice(InvoiceId),
}

impl fmt::Display for ContentOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(id, version) => write!(f, "version {version} of record {id}"),
            Self::Invoice(id) => write!(f, "details of invoice {id}"),
        }
    }
}

/// Where in a transaction a ciphertext is, and what opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentClaim {
    /// Of what.
    pub of: ContentOf,
    /// The number of the operation that carries it.
    pub operation: u32,
    /// Where in the transaction it begins, in bytes.
    pub offset: u32,
    /// Its length in bytes.
    pub bytes: u32,
    /// Its key, if the exporter gave it; then `content/N.bin` is the plaintext.
    pub key: Option<Hash>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeClaim {
    /// The number under which the chain keeps it.
    pub stamp: StampId,
    /// Height of the block that it stamps.
    pub height: BlockNumber,
    /// Hash of that block.
    pub block: Hash,
    /// The token's time, in milliseconds since 1970: the block was there then.
    pub time_ms: u64,
    /// By how many milliseconds the time may be wrong, if the authority says.
    pub accuracy_ms: Option<u64>,
    /// The time authority whose token it is.
    pub authority: MemberId,
    /// By which of its certificates, which are among the facts.
    pub certificates: u32,
    /// The number of the operation that carries the token: it was made after the token's time.
    pub recorded: u32,
}
