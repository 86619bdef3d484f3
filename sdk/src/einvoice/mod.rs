//! E-invoices: rendered from the chain and the envelope of an invoice's details, and compared with
//! them.
//!
//! What the items are is in the envelope only: rendering takes the key of one of its readers. Whoever
//! has a document and no key compares it with the chain alone, which has all else in the clear and is
//! bound to each item's system and code by a commitment; see [`verify_publicly`]. Both need the present
//! state and the bodies of blocks, and so any node: one that prunes states will do.

mod compare;
mod issuance;
mod of_chain;

pub use compare::Difference;

use std::fmt;

use pallet_payments::number::InvoiceNumber;
use xinglin_einvoice as document;
use xinglin_einvoice::{EInvoice, EInvoiceFile};
use xinglin_primitives::{InvoiceId, MemberId};
use xinglin_runtime::Runtime;

use self::of_chain::{hash, OfChain};
use crate::{
    billing::{self, Item},
    client::Client,
    operation::OperationError,
    parties,
    wallet::Wallet,
};

/// Why an e-invoice cannot be rendered or compared.
#[derive(Debug, thiserror::Error)]
pub enum EInvoiceError {
    /// The chain or the envelope cannot be read.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// A number of the chain does not fit into the document.
    #[error("{what} of the invoice does not fit into an e-invoice; the format cannot express it")]
    TooLarge {
        /// Which.
        what: &'static str,
    },
}

impl From<crate::client::ClientError> for EInvoiceError {
    fn from(error: crate::client::ClientError) -> Self {
        Self::Operation(error.into())
    }
}

/// What a comparison finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What the document says otherwise than the chain. None: it is what the chain says now.
    pub differences: Vec<Difference>,
    /// What cannot be told without a key.
    pub unchecked: Vec<Unchecked>,
}

/// What of a document only a reader of the envelope can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchecked {
    /// The names of the items: the chain is bound to their systems and codes.
    Names,
    /// All of what the items are, and the salt: the document is of the version that does not have the
    /// systems.
    Items,
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Names => "the names of the items, which are in the envelope only",
            Self::Items => {
                "what the items are, since a document of this version does not have their systems"
            }
        })
    }
}

/// Renders an invoice, blue or red, as one of those who may read its details.
///
/// # Errors
/// The wallet is of nobody who may, or the details are not those of the chain.
pub async fn render(
    client: &Client,
    wallet: &Wallet,
    invoice: InvoiceId,
) -> Result<EInvoice, EInvoiceError> {
    render_as_stated(client, wallet, invoice, None).await
}

/// Compares an e-invoice with itself and with chain and envelope, as one of those who may read its
/// details. An empty list: it is what they say now.
///
/// # Errors
/// As [`render`].
pub async fn verify_against_chain(
    client: &Client,
    wallet: &Wallet,
    given: &EInvoice,
) -> Result<Vec<Difference>, EInvoiceError> {
    let mut differences = faults_of(given);
    match find(client, given).await? {
        Err(difference) => differences.push(difference),
        Ok(invoice) => {
            let stated = Some(given.proof.extrinsic);
            let rendered = render_as_stated(client, wallet, invoice, stated).await?;
            differences.extend(compare::compare(given, rendered));
        }
    }
    Ok(differences)
}

/// Compares an e-invoice with itself and with the chain, as anybody. The names of the items remain
/// unchecked, and the items altogether if the document does not have their systems.
///
/// # Errors
/// The chain cannot be read, or a number of it does not fit into a document.
pub async fn verify_publicly(client: &Client, given: &EInvoice) -> Result<Verdict, EInvoiceError> {
    let mut differences = faults_of(given);
    match find(client, given).await? {
        Err(difference) => differences.push(difference),
        Ok(invoice) => {
            let of_chain = OfChain::read(client, invoice).await?;
            let items = stated_items(given, of_chain.lines.len());
            let (salt, stated) = (given.proof.salt, Some(given.proof.extrinsic));
            let made = of_chain.document(&items, salt, stated)?;
            differences.extend(compare::compare_items(given, &of_chain.lines));
            differences.extend(compare::compare(given, made));
        }
    }
    let unchecked = match given.has_systems() {
        true => Unchecked::Names,
        false => Unchecked::Items,
    };
    Ok(Verdict {
        differences,
        unchecked: vec![unchecked],
    })
}

/// Compares a file, JSON or PDF, with the chain: with the key of a reader as
/// [`verify_against_chain`], else as [`verify_publicly`]. Of a PDF it tells, too, if its pages are
/// not those of its document.
///
/// # Errors
/// As of those two.
pub async fn verify_file(
    client: &Client,
    wallet: Option<&Wallet>,
    file: &EInvoiceFile,
) -> Result<Verdict, EInvoiceError> {
    let mut verdict = match wallet {
        Some(wallet) => Verdict {
            differences: verify_against_chain(client, wallet, &file.document).await?,
            unchecked: Vec::new(),
        },
        None => verify_publicly(client, &file.document).await?,
    };
    verdict.differences.extend(difference_of_pages(file));
    Ok(verdict)
}

/// Renders an invoice that a document says to be issued by a transaction.
async fn render_as_stated(
    client: &Client,
    wallet: &Wallet,
    invoice: InvoiceId,
    stated: Option<document::Hash>,
) -> Result<EInvoice, EInvoiceError> {
    let read = billing::read(client, wallet, invoice).await?;
    let items: Vec<Item> = read.lines.into_iter().map(|(_, item)| item).collect();
    let salt = document::Hash(*read.item_key.as_bytes());
    let of_chain = OfChain::read(client, invoice).await?;
    of_chain.document(&items, salt, stated)
}

/// What of a document contradicts itself.
fn faults_of(given: &EInvoice) -> Vec<Difference> {
    let faults = given.check().err().unwrap_or_default();
    faults.into_iter().map(Difference::Fault).collect()
}

/// How the pages of a PDF differ from its document.
fn difference_of_pages(file: &EInvoiceFile) -> Option<Difference> {
    let fault = file.pages?.err()?;
    Some(Difference::Pages(fault))
}

/// The invoice of a document's number, or why there is none.
async fn find(
    client: &Client,
    given: &EInvoice,
) -> Result<Result<InvoiceId, Difference>, EInvoiceError> {
    if given.proof.genesis != hash(client.genesis()) {
        return Ok(Err(Difference::OtherChain));
    }
    let wanted = InvoiceNumber {
        year: given.number.year,
        member: MemberId(given.number.member),
        sequence: given.number.sequence,
    };
    let key = pallet_payments::Numbers::<Runtime>::hashed_key_for(wanted);
    let found: Option<InvoiceId> = parties::read(client, &key).await?;
    Ok(found.ok_or(Difference::Unknown))
}

/// What a document says the lines of the blue invoice are for. A line that it does not have is for
/// nothing; the comparison of the lines tells.
fn stated_items(given: &EInvoice, lines: usize) -> Vec<Item> {
    let item = |place: usize| {
        let line = given
            .lines
            .iter()
            .find(|line| usize::from(line.no) == place + 1);
        match line {
            Some(line) => item_of(line),
            None => Item {
                system: String::new(),
                code: String::new(),
                name: String::new(),
            },
        }
    };
    (0..lines).map(item).collect()
}

/// What a line of a document is for.
fn item_of(line: &document::Line) -> Item {
    Item {
        system: line.system.clone().unwrap_or_default(),
        code: line.code.clone(),
        name: line.name.clone(),
    }
}
