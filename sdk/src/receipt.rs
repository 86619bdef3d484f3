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

/// The field of a file with the receipt itself.
const ENCODED: &str = "encoded";
/// The field of a file with the changes of the validators.
const SET_CHANGES: &str = "setChanges";
/// Longest part of an unknown field's name that is shown, in characters.
const FIELD_CHARS_MAX: usize = 32;

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
    /// Something that can be read in the file is otherwise in the encoded receipt.
    #[error("`{0}` is not what the encoded receipt says: the file was changed; fetch it again with `xinglin receipt get`")]
    Field(String),
    /// The file says something that no receipt does, so that nothing could bear it out.
    #[error("{0:?} is no field of a receipt: the file was changed, or is of another version; fetch it again with `xinglin receipt get`")]
    UnknownField(String),
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
    /// A change of the validators is not before the receipt.
    #[error(
        "the change of the validators in block {number} is not before the receipt's block {height}"
    )]
    ChangeAfter {
        /// Height of the change.
        number: BlockNumber,
        /// Height of the receipt.
        height: BlockNumber,
    },
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
    let anchor = follow(anchor, set_changes, height).map_err(|error| Refutation {
        step: Step::Validators,
        error,
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

/// The validators of a height, to whom the changes before it lead.
fn follow(
    anchor: &TrustAnchor,
    set_changes: &[SetChange],
    height: BlockNumber,
) -> Result<TrustAnchor, Refuted> {
    let first = anchor.from;
    let mut anchor = anchor.clone();
    for change in set_changes {
        let number = *change.header.number();
        if number >= height {
            return Err(Refuted::ChangeAfter { number, height });
        }
        if number >= first {
            anchor = anchor.follow(change)?;
            continue;
        }
        // The anchor has it behind it, and cannot tell who had to sign it.
        let (header, certified) = (change.header.hash(), change.certificate.block_hash);
        if header != certified {
            return Err(ReceiptError::Header { header, certified }.into());
        }
    }
    Ok(anchor)
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
    let encoded = json
        .get(ENCODED)
        .ok_or_else(|| no_receipt("there is no member `encoded`"))?;
    decode_hex(encoded)
}

impl ReceiptFile {
    /// Reads a file: the JSON that `xinglin_receipt` returns, with the changes of the validators in
    /// `setChanges` if there are any. What people read in it must be what the encoded receipt says;
    /// it may be left out.
    pub fn from_json(json: &[u8]) -> Result<Self, FormatError> {
        let json: serde_json::Value = serde_json::from_slice(json).map_err(no_receipt)?;
        let receipt = from_json(&json)?;
        compare_fields(&json, &receipt)?;
        let changes: &[serde_json::Value] = match json.get(SET_CHANGES) {
            None => &[],
            Some(changes) => changes
                .as_array()
                .map(Vec::as_slice)
                .ok_or_else(|| no_receipt("`setChanges` is no list"))?,
        };
        if changes.len() > SET_CHANGES_MAX as usize {
            return Err(FormatError::SetChanges(changes.len()));
        }
        Ok(Self {
            receipt,
            set_changes: changes.iter().map(decode_hex).collect::<Result<_, _>>()?,
        })
    }

    /// Adds the changes of the validators to the JSON of a receipt.
    pub fn extend_json(json: &mut serde_json::Value, set_changes: &[SetChange]) {
        let encoded = set_changes
            .iter()
            .map(|change| crate::client::to_hex(&change.encode()).into());
        json[SET_CHANGES] = serde_json::Value::Array(encoded.collect());
    }
}

/// Compares all that a file says with the receipt that is encoded in it.
fn compare_fields(file: &serde_json::Value, receipt: &Receipt) -> Result<(), FormatError> {
    let expected = xinglin_rpc_api::xinglin::Receipt::from(receipt);
    let expected = serde_json::to_value(expected).map_err(no_receipt)?;
    for (field, stated) in file.as_object().into_iter().flatten() {
        if [ENCODED, SET_CHANGES].contains(&field.as_str()) {
            continue;
        }
        let Some(expected) = expected.get(field) else {
            let shown = field.chars().take(FIELD_CHARS_MAX).collect();
            return Err(FormatError::UnknownField(shown));
        };
        if stated != expected {
            return Err(FormatError::Field(field.clone()));
        }
    }
    Ok(())
}

fn no_receipt(reason: impl ToString) -> FormatError {
    FormatError::Json {
        what: "a receipt",
        reason: reason.to_string(),
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
