//! E-invoices: rendered from the chain and the envelope of an invoice's details, and compared with
//! them.
//!
//! Names and codes of the items are in the envelope only, so that both take the key of one of its
//! readers. The chain says everything else. Where an invoice was issued is read from the events of
//! its block: a node that has pruned the state of that block cannot tell it.

mod compare;

pub use compare::Difference;

use pallet_payments::{
    number::InvoiceNumber,
    states::InvoiceState,
    types::{Payment as ChainPayment, RedLetter, Source as ChainSource},
};
use xinglin_einvoice as document;
use xinglin_einvoice::{Day, EInvoice, Kind, SCHEMA};
use xinglin_primitives::{
    glue::{CatalogueClass, Line, Setting},
    time::{Date, Moment},
    Balance, BlockNumber, Hash, InvoiceId, MemberId, SettlementId,
};
use xinglin_rpc_api::questions::{
    Payments as PaymentsQuestion, Settlements as SettlementsQuestion,
};
use xinglin_runtime::{Runtime, RuntimeEvent};

use crate::{
    billing::{self, Item, ReadInvoice},
    client::Client,
    operation::OperationError,
    parties::{self, unknown},
    wallet::Wallet,
};

/// Blocks of one time among which a red-letter invoice is looked for.
const SAME_TIME_MAX: BlockNumber = 64;
/// Settlements of one page.
const PAGE: u32 = 100;

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

/// Where an invoice was issued.
struct Place {
    height: BlockNumber,
    transaction: Hash,
}

/// Renders an invoice, blue or red, as one of those who may read its details.
///
/// # Errors
/// The wallet is of nobody who may, the details are not those of the chain, or the node does not have
/// the state of the block any more.
pub async fn render(
    client: &Client,
    wallet: &Wallet,
    invoice: InvoiceId,
) -> Result<EInvoice, EInvoiceError> {
    let read = billing::read(client, wallet, invoice).await?;
    let blue = &read.status.invoice;
    let issuer = parties::member(client, blue.number.member).await?;
    let place = match &read.red {
        None => issued_in(client, blue.issued_in, invoice).await?,
        Some(red) => Some(red_issued_in(client, red, invoice).await?),
    };
    let place = place.ok_or_else(|| unknown(format_args!("transaction of invoice {invoice}")))?;
    let mut rendered = EInvoice {
        schema: SCHEMA.to_owned(),
        number: number(blue.number),
        kind: Kind::Blue,
        issuer: document::Member {
            id: blue.number.member.0,
            name: String::from_utf8_lossy(&issuer.name).into_owned(),
        },
        patient: blue.patient.0,
        visit: blue.visit.map(|visit| visit.0),
        service: document::Service {
            first: day(blue.service.0)?,
            last: day(blue.service.1)?,
        },
        setting: match blue.setting {
            Setting::Outpatient => document::Setting::Outpatient,
            Setting::Inpatient => document::Setting::Inpatient,
        },
        issued_at_ms: blue.issued_at,
        lines: Vec::new(),
        total_fen: fen(blue.tally.total_fen, "the total")?,
        total_in_words: String::new(),
        settlement: None,
        payments: Vec::new(),
        refunded_fen: 0,
        state: document::State::Issued,
        proof: document::Proof {
            genesis: hash(client.genesis()),
            block_height: place.height.into(),
            extrinsic: hash(place.transaction),
            envelope: hash(blue.details.envelope),
            salt: document::Hash(*read.item_key.as_bytes()),
        },
    };
    match &read.red {
        None => add_blue(client, wallet, &read, &mut rendered).await?,
        Some(red) => add_red(&read, red, &mut rendered)?,
    }
    rendered.total_in_words = rendered.words();
    Ok(rendered)
}

/// Compares an e-invoice with itself and with the chain, as one of those who may read its details.
/// An empty list: it is what the chain says now.
///
/// # Errors
/// As [`render`].
pub async fn verify_against_chain(
    client: &Client,
    wallet: &Wallet,
    given: &EInvoice,
) -> Result<Vec<Difference>, EInvoiceError> {
    let faults = given.check().err().unwrap_or_default();
    let mut differences: Vec<Difference> = faults.into_iter().map(Difference::Fault).collect();
    if given.proof.genesis != hash(client.genesis()) {
        differences.push(Difference::OtherChain);
        return Ok(differences);
    }
    let wanted = InvoiceNumber {
        year: given.number.year,
        member: MemberId(given.number.member),
        sequence: given.number.sequence,
    };
    let key = pallet_payments::Numbers::<Runtime>::hashed_key_for(wanted);
    let found: Option<InvoiceId> = parties::read(client, &key).await?;
    let Some(invoice) = found else {
        differences.push(Difference::Unknown);
        return Ok(differences);
    };
    let rendered = render(client, wallet, invoice).await?;
    differences.extend(compare::compare(given, &rendered));
    Ok(differences)
}

/// Adds what only a blue invoice has.
async fn add_blue(
    client: &Client,
    wallet: &Wallet,
    read: &ReadInvoice,
    rendered: &mut EInvoice,
) -> Result<(), EInvoiceError> {
    let invoice = read.status.id;
    for (place, (of_chain, item)) in read.lines.iter().enumerate() {
        let amount_fen = of_chain.amount_fen();
        let part = (of_chain.quantity, amount_fen);
        rendered.lines.push(line(place, of_chain, item, part)?);
    }
    let tally = &read.status.invoice.tally;
    if let Some(settlement) = tally.settlement {
        let found = settlement_of(client, wallet, invoice, settlement).await?;
        rendered.settlement = Some(found);
    }
    let payments = client
        .ask(wallet.key(), &PaymentsQuestion { invoice })
        .await?;
    for one in payments {
        rendered.payments.push(payment(&one)?);
    }
    rendered.refunded_fen = fen(tally.refunded_fen, "what was taken back")?;
    rendered.state = match read.status.state {
        InvoiceState::Issued => document::State::Issued,
        InvoiceState::PartlyPaid => document::State::PartlyPaid,
        InvoiceState::Paid => document::State::Paid,
        InvoiceState::Balanced => document::State::Balanced,
        InvoiceState::Cancelled => document::State::Cancelled,
        InvoiceState::PartlyRefunded => document::State::PartlyRefunded,
        InvoiceState::Refunded => document::State::Refunded,
    };
    Ok(())
}

/// Makes a red-letter invoice of the document of its blue one.
fn add_red(
    read: &ReadInvoice,
    red: &RedLetter,
    rendered: &mut EInvoice,
) -> Result<(), EInvoiceError> {
    rendered.kind = Kind::Red {
        of: rendered.number,
    };
    rendered.number = number(red.number);
    rendered.issued_at_ms = red.issued_at;
    rendered.total_fen = fen(red.total_fen, "the total")?;
    for part in &red.parts {
        let place = usize::from(part.line);
        let (of_chain, item) = read
            .lines
            .get(place)
            .ok_or_else(|| unknown(format_args!("line {place} of invoice {}", red.blue)))?;
        let part = (part.quantity, part.amount_fen);
        rendered.lines.push(line(place, of_chain, item, part)?);
    }
    Ok(())
}

fn line(
    place: usize,
    of_chain: &Line,
    item: &Item,
    (quantity, amount_fen): (u32, Balance),
) -> Result<document::Line, EInvoiceError> {
    let what = "a line";
    Ok(document::Line {
        no: u16::try_from(place + 1).map_err(|_| EInvoiceError::TooLarge { what })?,
        code: item.code.clone(),
        name: item.name.clone(),
        class: match of_chain.class {
            CatalogueClass::A => document::ItemClass::A,
            CatalogueClass::B => document::ItemClass::B,
            CatalogueClass::C => document::ItemClass::C,
        },
        prepay_bp: of_chain.prepay_bp,
        unit_price_fen: of_chain.unit_price_fen,
        price_limit_fen: of_chain.price_limit_fen,
        fund_share_bp: of_chain.fund_share_bp,
        quantity,
        amount_fen: fen(amount_fen, what)?,
    })
}

fn payment(of_chain: &ChainPayment) -> Result<document::Payment, EInvoiceError> {
    let what = "a payment";
    Ok(document::Payment {
        source: match of_chain.source {
            ChainSource::Balance { .. } => document::Source::Balance,
            ChainSource::Outside { provider, .. } => document::Source::Outside {
                provider: provider.0.into(),
            },
        },
        amount_fen: fen(of_chain.amount_fen, what)?,
        returned_fen: fen(of_chain.returned_fen, what)?,
        at_ms: of_chain.at,
    })
}

/// The settlement that covers an invoice.
async fn settlement_of(
    client: &Client,
    wallet: &Wallet,
    invoice: InvoiceId,
    wanted: SettlementId,
) -> Result<document::Settlement, EInvoiceError> {
    let question = SettlementsQuestion {
        invoice,
        before: None,
        limit: PAGE,
    };
    // The one that covers it is the latest, since another is possible only after it was taken back.
    let settlements = client.ask(wallet.key(), &question).await?;
    let found = settlements.into_iter().find(|(id, _)| *id == wanted);
    let (_, settlement) = found.ok_or_else(|| unknown(format_args!("settlement {wanted}")))?;
    let what = "the settlement";
    Ok(document::Settlement {
        id: wanted.0,
        fund_fen: fen(settlement.split.fund_fen(), what)?,
        account_fen: fen(settlement.split.account_fen, what)?,
        cash_fen: fen(settlement.split.cash_fen, what)?,
        covered_fen: fen(settlement.to_member_fen, what)?,
    })
}

/// Where in a block an invoice was issued, blue or red. `None` if in another block.
async fn issued_in(
    client: &Client,
    height: BlockNumber,
    id: InvoiceId,
) -> Result<Option<Place>, EInvoiceError> {
    use pallet_payments::Event;

    let block = client.block_hash(height).await?;
    let is_issue = |event: &RuntimeEvent| match event {
        RuntimeEvent::Payments(Event::InvoiceIssued { invoice, .. }) => *invoice == id,
        RuntimeEvent::Payments(Event::Refunded { red, .. }) => *red == id,
        _ => false,
    };
    let transaction = client.transaction_with(block, is_issue).await?;
    Ok(transaction.map(|transaction| Place {
        height,
        transaction,
    }))
}

/// Where a red-letter invoice was issued, of which the chain knows the time.
async fn red_issued_in(
    client: &Client,
    red: &RedLetter,
    id: InvoiceId,
) -> Result<Place, EInvoiceError> {
    let (mut before, mut height) = (0, client.header(client.tip().await?).await?.number);
    while height.saturating_sub(before) > 1 {
        let middle = before + (height - before) / 2;
        if time_of(client, middle).await? < red.issued_at {
            before = middle;
        } else {
            height = middle;
        }
    }
    for height in height..height.saturating_add(SAME_TIME_MAX) {
        if let Some(place) = issued_in(client, height, id).await? {
            return Ok(place);
        }
        if time_of(client, height).await? > red.issued_at {
            break;
        }
    }
    Err(unknown(format_args!("transaction of invoice {id}")).into())
}

/// The time of a block.
async fn time_of(client: &Client, height: BlockNumber) -> Result<Moment, EInvoiceError> {
    let block = client.block_hash(height).await?;
    let key = frame_support::storage::storage_prefix(b"Timestamp", b"Now");
    Ok(client.storage(&key, block).await?.unwrap_or_default())
}

fn number(number: InvoiceNumber) -> document::Number {
    document::Number {
        year: number.year,
        member: number.member.0,
        sequence: number.sequence,
    }
}

fn day(date: Date) -> Result<Day, EInvoiceError> {
    Day::from_days(date.0).ok_or(EInvoiceError::TooLarge {
        what: "a service day",
    })
}

fn fen(amount: Balance, what: &'static str) -> Result<u64, EInvoiceError> {
    u64::try_from(amount).map_err(|_| EInvoiceError::TooLarge { what })
}

fn hash(hash: Hash) -> document::Hash {
    document::Hash(hash.0)
}
