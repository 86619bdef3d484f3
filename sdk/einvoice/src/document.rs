//! The document.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{capital::capitals, day::Day, file::FILE_BYTES_MAX, hash::Hash};

/// The version of the format that is written.
pub const SCHEMA: &str = "xinglin/e-invoice/2";
/// The version before it, which is still read: its lines do not say which catalogue their codes are
/// from, so that only a reader of the envelope can tell whether the items are the chain's.
pub const SCHEMA_1: &str = "xinglin/e-invoice/1";
/// Most lines, as on the chain.
pub const LINES_MAX: usize = 128;
/// Most payments, as on the chain.
pub const PAYMENTS_MAX: usize = 32;
/// Longest JSON that is read: an invoice of all its lines takes a tenth of it.
pub const JSON_BYTES_MAX: usize = 1024 * 1024;

/// An e-invoice. Amounts are in fen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EInvoice {
    /// The version of the format: [`SCHEMA`] or [`SCHEMA_1`].
    pub schema: String,
    /// Its number.
    pub number: Number,
    /// Whether it charges or takes back.
    pub kind: Kind,
    /// Who issued it.
    pub issuer: Member,
    /// The patient's pseudonymous id on the chain.
    pub patient: u64,
    /// The visit it is for: the appointment's id on the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<u64>,
    /// When the service was rendered.
    pub service: Service,
    /// Where the patient was treated.
    pub setting: Setting,
    /// When it was issued.
    pub issued_at_ms: u64,
    /// What it charges or takes back.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub total_fen: u64,
    /// The same in Chinese capital numerals.
    pub total_in_words: String,
    /// How the insurance settled it. None on a red-letter invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Settlement>,
    /// What the patient paid, in the order in which it was booked. Empty on a red-letter invoice.
    pub payments: Vec<Payment>,
    /// What red-letter invoices took back of it so far. 0 on a red-letter invoice.
    pub refunded_fen: u64,
    /// Where it stands. A red-letter invoice is always [`State::Issued`]: with it all is done.
    pub state: State,
    /// Where the chain has it.
    pub proof: Proof,
}

/// The number of an invoice, blue or red: unique for ever. A member's numbers of a year follow each
/// other from 1 without a gap. Written as `2024-000007-00000042`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Number {
    /// The year of issue in UTC+8.
    pub year: u16,
    /// The id of the member that issued it.
    pub member: u32,
    /// Which of the member's invoices of that year, from 1.
    pub sequence: u32,
}

/// Blue or red: `"blue"`, or `{"red": {"of": …}}` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Kind {
    /// It charges (蓝字).
    Blue,
    /// It takes back a blue invoice, or a part of one (红字).
    Red {
        /// The number of the blue one.
        of: Number,
    },
}

/// A member of the consortium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Its id on the chain.
    pub id: u32,
    /// Its public name.
    pub name: String,
}

/// First and last day of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
}

/// Where the patient was treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Setting {
    /// 门诊.
    Outpatient,
    /// 住院.
    Inpatient,
}

/// The class of an item in the medical insurance catalogue (医保目录).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ItemClass {
    /// 甲类: eligible in full.
    A,
    /// 乙类: eligible after a prepayment.
    B,
    /// 丙类: the patient's own expense.
    C,
}

/// One line. What the item is comes from the envelope, all else from the chain.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Line {
    /// Which line, from 1. The lines of a red-letter invoice have the numbers of the blue one's.
    pub no: u16,
    /// The catalogue that the code is from, as a rule a URI. None in [`SCHEMA_1`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The code of the item.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its class in the catalogue.
    pub class: ItemClass,
    /// Share that the patient pays before the rest is eligible (先行自付), in basis points.
    pub prepay_bp: u16,
    /// Price of one unit.
    pub unit_price_fen: u64,
    /// The price per unit above which the patient pays alone (限价).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_limit_fen: Option<u64>,
    /// Share that the fund pays outright, in basis points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fund_share_bp: Option<u16>,
    /// How many units. On a red-letter invoice it may be 0: only the price is lowered.
    pub quantity: u32,
    /// What the line charges or takes back.
    pub amount_fen: u64,
}

/// How the insurance split an invoice: fund, account and cash are its total.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settlement {
    /// Its id on the chain.
    pub id: u64,
    /// What the funds bear (统筹基金等).
    pub fund_fen: u64,
    /// What the personal account bears (个人账户).
    pub account_fen: u64,
    /// What is left to the patient (个人现金).
    pub cash_fen: u64,
    /// What of fund and account went to the issuing member; the rest went to the patient, who had
    /// paid before (事后报销).
    pub covered_fen: u64,
}

/// A payment of the patient.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Payment {
    /// Where it came from.
    pub source: Source,
    /// How much.
    pub amount_fen: u64,
    /// What of it red-letter invoices gave back.
    pub returned_fen: u64,
    /// When it was booked.
    pub at_ms: u64,
}

/// Where a payment came from: `"balance"`, or `{"outside": {"provider": …}}` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Source {
    /// The patient's balance on the chain.
    Balance,
    /// A provider of payment services.
    Outside {
        /// The provider's id on the chain.
        provider: u32,
    },
}

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nothing is paid or covered.
    Issued,
    /// Something is paid or covered, and something is due.
    PartlyPaid,
    /// The patient paid all, and no insurance settled it.
    Paid,
    /// The insurance settled it, and nothing is due.
    Balanced,
    /// Called off before anything was paid.
    Cancelled,
    /// Red-letter invoices take a part of it back.
    PartlyRefunded,
    /// Red-letter invoices take all of it back.
    Refunded,
}

/// Where the chain has the invoice, and what binds its details to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// The hash of the chain's first block.
    pub genesis: Hash,
    /// The height of the block that issued it.
    pub block_height: u64,
    /// The hash of the transaction that issued it: its receipt.
    pub extrinsic: Hash,
    /// Blake2b-256 of the envelope with what the lines are.
    pub envelope: Hash,
    /// What the commitments to the items are salted with.
    pub salt: Hash,
}

/// Why a file is no e-invoice. Its text is not quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is too long.
    #[error("the document is longer than {JSON_BYTES_MAX} bytes, or its PDF than {FILE_BYTES_MAX}; give one e-invoice")]
    TooLong,
    /// It is neither JSON nor PDF, or what is attached to it is no text.
    #[error("the document is no text in UTF-8; give an e-invoice as JSON or PDF, as `xinglin invoice render` writes it")]
    NotText,
    /// It is a PDF to which nothing is attached, or not as we do it.
    #[error("the PDF has no document attached as `xinglin invoice render` does it, so that nothing of it can be checked; ask for the JSON, or have it rendered again")]
    NothingAttached,
    /// It is not JSON, or not of this form.
    #[error(
        "the document is no e-invoice at line {line}, column {column}: {reason}; export it anew"
    )]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// It is of another version.
    #[error(
        "the document is of another version than {SCHEMA} and {SCHEMA_1}; use the software that wrote it"
    )]
    Schema,
}

/// All that is read before the version is known.
#[derive(Deserialize)]
struct Versioned {
    schema: String,
}

impl EInvoice {
    /// The document as JSON, with line breaks.
    pub fn to_json(&self) -> String {
        // Only maps with other keys than text and failing implementations make this fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a document. It is well-formed then; [`EInvoice::check`] says whether it is sound.
    ///
    /// # Errors
    /// It is too long, not JSON, of another version or not of this form.
    pub fn from_json(json: &str) -> Result<Self, FormatError> {
        if json.len() > JSON_BYTES_MAX {
            return Err(FormatError::TooLong);
        }
        let versioned: Versioned = serde_json::from_str(json).map_err(malformed)?;
        if ![SCHEMA, SCHEMA_1].contains(&versioned.schema.as_str()) {
            return Err(FormatError::Schema);
        }
        serde_json::from_str(json).map_err(malformed)
    }

    /// Whether its lines say which catalogue their codes are from, as those of [`SCHEMA`] do.
    pub fn has_systems(&self) -> bool {
        self.schema != SCHEMA_1
    }

    /// The total in words, as it should stand in the document.
    pub fn words(&self) -> String {
        let words = capitals(self.total_fen);
        match self.kind {
            Kind::Blue => words,
            Kind::Red { .. } => format!("（负数）{words}"),
        }
    }
}

fn malformed(error: serde_json::Error) -> FormatError {
    FormatError::Malformed {
        line: error.line(),
        column: error.column(),
        reason: match error.classify() {
            serde_json::error::Category::Data => "a field is missing, unknown or of another type",
            serde_json::error::Category::Eof => "it ends too early",
            _ => "it is not JSON",
        },
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:06}-{:08}",
            self.year, self.member, self.sequence
        )
    }
}

// What a patient was charged for is not printed.

impl fmt::Debug for EInvoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EInvoice")
            .field("number", &self.number)
            .field("lines", &self.lines.len())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("no", &self.no)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settlement")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
