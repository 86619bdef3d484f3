//! Receipts, verified without any node.
//!
//! A receipt proves an operation to whoever knows the genesis hash and the validators of some earlier
//! height: a [`TrustAnchor`], such as the genesis itself. The block before a change of the validators
//! carries the new set in its header, certified by the old one; a [`SetChange`] is such a header with
//! its certificate, and a [`ReceiptFile`] brings those that lie between. So the genesis serves for
//! ever, as long as more than a third of each former set keeps its retired keys to itself; who would
//! rather not rely on that takes a later anchor from a node that it trusts.

use std::fmt;

use codec::{Decode, DecodeAll, Encode};
use sp_runtime::traits::Header as _;
use xinglin_primitives::{
    consensus::{CertificateError, Validator},
    receipt::{Receipt, ReceiptError},
    BlockNumber, Hash,
};

pub use xinglin_evidence::{AnchorError, ChangeError, TrustAnchor, SET_CHANGES_MAX};
pub use xinglin_primitives::receipt::CertifiedHeader as SetChange;

/// Largest receipt file that is read, in bytes: a transaction of the largest size, its proof and a
/// certificate by the largest set, in two forms, and as much again for each of some set changes.
pub const RECEIPT_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A receipt with the changes of the validator set before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptFile {
    /// The receipt.
    pub receipt: Receipt,
    /// The changes, in order. Those that the anchor has behind it are passed over.
    pub set_changes: Vec<SetChange>,
}

/// Why a file is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Not the JSON that is expected.
    #[error("not {what}: {reason}")]
    Json {
        /// What was expected.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The encoded receipt does not decode.
    #[error("the receipt does not decode; fetch it again with `xinglin receipt get`")]
    Encoding,
    /// More set changes than are read.
    #[error("the file brings {0} changes of the validators, more than {SET_CHANGES_MAX}; verify it against a later anchor")]
    SetChanges(usize),
}

/// The steps of a verification, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The anchor leads to the validators of the receipt's height.
    Validators,
    /// The transaction is in the block, by the Merkle proof.
    Inclusion,
    /// The header is the one that was certified.
    Header,
    /// More than two thirds of the validators have signed it.
    Certificate,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Self; 4] = [
        Self::Validators,
        Self::Inclusion,
        Self::Header,
        Self::Certificate,
    ];
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Validators => "validators",
            Self::Inclusion => "inclusion",
            Self::Header => "header",
            Self::Certificate => "certificate",
        })
    }
}

/// A receipt that does not prove what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Refutation {
    /// The first step that fails. Those before it hold.
    pub step: Step,
    /// Why.
    #[source]
    pub error: Refuted,
}

/// Why a step fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refuted {
    /// The receipt itself does not hold.
    #[error("{error}{}", hint(.error))]
    Receipt {
        /// Which part of it.
        error: ReceiptError,
    },
    /// A change of the validators is none.
    #[error(transparent)]
    Change(ChangeError),
    /// The receipt lies before the anchor.
    #[error("the receipt is of height {height}, the trusted validators begin at {from}; take an earlier anchor, such as the genesis")]
    BeforeAnchor {
        /// Height of the receipt.
        height: BlockNumber,
        /// First height of the anchor.
        from: BlockNumber,
    },
}

/// What a receipt that holds proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Hash of the transaction.
    pub transaction: Hash,
    /// Hash of its block.
    pub block: Hash,
    /// Height of its block.
    pub number: BlockNumber,
    /// Its place in the block.
    pub index: u32,
    /// How many validators signed, and of how many.
    pub signers: (usize, usize),
}

impl From<ChangeError> for Refuted {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotDecided(error) => Self::Receipt { error },
            error => Self::Change(error),
        }
    }
}

impl From<ReceiptError> for Refuted {
    fn from(error: ReceiptError) -> Self {
        Self::Receipt { error }
    }
}

/// Verifies every step of a receipt. Nothing but the arguments is consulted.
pub fn verify(file: &ReceiptFile, anchor: &TrustAnchor) -> Result<Proven, Refutation> {
    let ReceiptFile {
        receipt,
        set_changes,
    } = file;
    let height = *receipt.header.number();
    if height < anchor.from {
        return Err(Refutation {
            step: Step::Validators,
            error: Refuted::BeforeAnchor {
                height,
                from: anchor.from,
            },
        });
    }
    let anchor = set_changes
        .iter()
        .filter(|change| (anchor.from..height).contains(change.header.number()))
        .try_fold(anchor.clone(), |anchor, change| anchor.follow(change))
        .map_err(|error| Refutation {
            step: Step::Validators,
            error: error.into(),
        })?;
    receipt
        .verify(&anchor.genesis, &anchor.validators)
        .map_err(|error| Refutation {
            step: step_of(&error),
            error: error.into(),
        })?;
    Ok(Proven {
        transaction: receipt.hash(),
        block: receipt.header.hash(),
        number: height,
        index: receipt.index,
        signers: (
            receipt.certificate.signatures.len(),
            anchor.validators.len(),
        ),
    })
}

fn step_of(error: &ReceiptError) -> Step {
    match error {
        ReceiptError::Inclusion { .. } => Step::Inclusion,
        ReceiptError::Header { .. } | ReceiptError::Height { .. } => Step::Header,
        ReceiptError::Certificate(_) => Step::Certificate,
    }
}

/// A set that has changed is the usual reason for signers that are unknown, and the only one that
/// is nobody's fault.
fn hint(error: &ReceiptError) -> &'static str {
    match error {
        ReceiptError::Certificate(CertificateError::UnknownSigner(_)) => {
            "; if the validators have changed since the anchor was taken, fetch the receipt again, \
             which brings the changes, or take a later anchor from a node that you trust"
        }
        _ => "",
    }
}

/// The validators that a height's configuration names.
pub fn validators_of(next: &xinglin_runtime::native::NextHeight) -> Vec<Validator> {
    next.validators
        .iter()
        .map(|entry| entry.validator.clone())
        .collect()
}

/// Reads a receipt from the JSON that `xinglin_receipt` returns.
pub fn from_json(json: &serde_json::Value) -> Result<Receipt, FormatError> {
    let encoded = json.get("encoded").ok_or_else(|| FormatError::Json {
        what: "a receipt",
        reason: "there is no member `encoded`".into(),
    })?;
    decode_hex(encoded)
}

impl ReceiptFile {
    /// Reads a file: the JSON that `xinglin_receipt` returns, with the changes of the validators in
    /// `setChanges` if there are any.
    pub fn from_json(json: &[u8]) -> Result<Self, FormatError> {
        let json: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| FormatError::Json {
                what: "a receipt",
                reason: error.to_string(),
            })?;
        let changes = json
            .get("setChanges")
            .and_then(|changes| changes.as_array());
        let changes = changes.map(Vec::as_slice).unwrap_or_default();
        if changes.len() > SET_CHANGES_MAX as usize {
            return Err(FormatError::SetChanges(changes.len()));
        }
        Ok(Self {
            receipt: from_json(&json)?,
            set_changes: changes.iter().map(decode_hex).collect::<Result<_, _>>()?,
        })
    }

    /// Adds the changes of the validators to the JSON of a receipt.
    pub fn extend_json(json: &mut serde_json::Value, set_changes: &[SetChange]) {
        let encoded = set_changes
            .iter()
            .map(|change| crate::client::to_hex(&change.encode()).into());
        json["setChanges"] = serde_json::Value::Array(encoded.collect());
    }
}

fn decode_hex<T: Decode>(value: &serde_json::Value) -> Result<T, FormatError> {
    value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .and_then(|digits| hex::decode(digits).ok())
        .and_then(|bytes| T::decode_all(&mut &bytes[..]).ok())
        .ok_or(FormatError::Encoding)
}

#[cfg(test)]
mod tests;
