//! An invoice as the chain has it, and the document that this makes.

use pallet_insurance::types::Settlement;
use pallet_payments::{
    number::InvoiceNumber,
    states::{InvoiceState, Tally},
    types::{
        Invoice, Payment as ChainPayment, Payments as PaymentList, RedLetter, Source as ChainSource,
    },
    InvoiceLines, Invoices, Payments, RedLetters,
};
use xinglin_einvoice as document;
use xinglin_einvoice::{Day, EInvoice, Kind, SCHEMA};
use xinglin_primitives::{
    glue::{CatalogueClass, Line, Lines, Setting},
    time::Date,
    Balance, Hash, InvoiceId, SettlementId,
};
use xinglin_runtime::Runtime;

use super::{
    issuance::{self, Issuance},
    EInvoiceError,
};
use crate::{
    billing::Item,
    client::Client,
    operation::OperationError,
    parties::{self, unknown},
};

/// An invoice, blue or red, as the state after one block has it, and where it was issued.
pub(super) struct OfChain {
    genesis: Hash,
    /// The blue one, which a red one takes something back of.
    blue: Invoice,
    /// The lines of the blue one.
    pub lines: Lines,
    /// The red one, if it is one.
    red: Option<RedLetter>,
    issuer: String,
    payments: PaymentList,
    settlement: Option<(SettlementId, Settlement)>,
    issuance: Issuance,
}

impl OfChain {
    /// Reads what everybody may read.
    pub async fn read(client: &Client, id: InvoiceId) -> Result<Self, OperationError> {
        let at = client.tip().await?;
        let key = RedLetters::<Runtime>::hashed_key_for(id);
        let red: Option<RedLetter> = client.storage(&key, at).await?;
        let blue_id = red.as_ref().map_or(id, |red| red.blue);
        let absent = || unknown(format_args!("invoice {blue_id}"));
        let key = Invoices::<Runtime>::hashed_key_for(blue_id);
        let blue: Invoice = client.storage(&key, at).await?.ok_or_else(absent)?;
        let key = InvoiceLines::<Runtime>::hashed_key_for(blue_id);
        let lines: Lines = client.storage(&key, at).await?.ok_or_else(absent)?;
        let key = Payments::<Runtime>::hashed_key_for(blue_id);
        let payments: Option<PaymentList> = client.storage(&key, at).await?;
        let settlement = match blue.tally.settlement {
            Some(id) => Some((id, settlement(client, id, at).await?)),
            None => None,
        };
        let issuer = parties::member(client, blue.number.member).await?;
        let issuance = match &red {
            None => issuance::of_blue(client, id, (&blue, &lines)).await?,
            Some(red) => issuance::of_red(client, id, red).await?,
        };
        Ok(Self {
            genesis: client.genesis(),
            issuer: String::from_utf8_lossy(&issuer.name).into_owned(),
            blue,
            lines,
            red,
            payments: payments.unwrap_or_default(),
            settlement,
            issuance,
        })
    }

    /// The document. `items` are those of the lines of the blue invoice; `stated` is the transaction
    /// that another document names.
    pub fn document(
        &self,
        items: &[Item],
        salt: document::Hash,
        stated: Option<document::Hash>,
    ) -> Result<EInvoice, EInvoiceError> {
        let blue = &self.blue;
        let stated = stated.map(|stated| Hash::from(stated.0));
        let mut made = EInvoice {
            schema: SCHEMA.to_owned(),
            number: number(blue.number),
            kind: Kind::Blue,
            issuer: document::Member {
                id: blue.number.member.0,
                name: self.issuer.clone(),
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
                genesis: hash(self.genesis),
                block_height: self.issuance.height.into(),
                extrinsic: hash(self.issuance.transaction(stated)),
                envelope: hash(blue.details.envelope),
                salt,
            },
        };
        match &self.red {
            None => self.add_blue(items, &mut made)?,
            Some(red) => self.add_red(red, items, &mut made)?,
        }
        made.total_in_words = made.words();
        Ok(made)
    }

    /// Adds what only a blue invoice has.
    fn add_blue(&self, items: &[Item], made: &mut EInvoice) -> Result<(), EInvoiceError> {
        for (place, of_chain) in self.lines.iter().enumerate() {
            let part = (of_chain.quantity, of_chain.amount_fen());
            made.lines.push(self.line(place, items, part)?);
        }
        for one in &self.payments {
            made.payments.push(payment(one)?);
        }
        if let Some((id, settlement)) = &self.settlement {
            made.settlement = Some(settled(*id, settlement)?);
        }
        let tally = &self.blue.tally;
        made.refunded_fen = fen(tally.refunded_fen, "what was taken back")?;
        made.state = state(tally);
        Ok(())
    }

    /// Makes a red-letter invoice of the document of its blue one.
    fn add_red(
        &self,
        red: &RedLetter,
        items: &[Item],
        made: &mut EInvoice,
    ) -> Result<(), EInvoiceError> {
        made.kind = Kind::Red { of: made.number };
        made.number = number(red.number);
        made.issued_at_ms = red.issued_at;
        made.total_fen = fen(red.total_fen, "the total")?;
        for part in &red.parts {
            let (place, part) = (usize::from(part.line), (part.quantity, part.amount_fen));
            made.lines.push(self.line(place, items, part)?);
        }
        Ok(())
    }

    /// A part of a line of the blue invoice.
    fn line(
        &self,
        place: usize,
        items: &[Item],
        part: (u32, Balance),
    ) -> Result<document::Line, EInvoiceError> {
        match (self.lines.get(place), items.get(place)) {
            (Some(of_chain), Some(item)) => line(place, of_chain, item, part),
            _ => Err(unknown(format_args!("line {place} of the invoice")).into()),
        }
    }
}

/// A settlement.
async fn settlement(
    client: &Client,
    id: SettlementId,
    at: Hash,
) -> Result<Settlement, OperationError> {
    let key = pallet_insurance::Settlements::<Runtime>::hashed_key_for(id);
    let found = client.storage(&key, at).await?;
    found.ok_or_else(|| unknown(format_args!("settlement {id}")))
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
        system: Some(item.system.clone()),
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

fn settled(id: SettlementId, of_chain: &Settlement) -> Result<document::Settlement, EInvoiceError> {
    let what = "the settlement";
    Ok(document::Settlement {
        id: id.0,
        fund_fen: fen(of_chain.split.fund_fen(), what)?,
        account_fen: fen(of_chain.split.account_fen, what)?,
        cash_fen: fen(of_chain.split.cash_fen, what)?,
        covered_fen: fen(of_chain.to_member_fen, what)?,
    })
}

fn state(tally: &Tally) -> document::State {
    match tally.state() {
        InvoiceState::Issued => document::State::Issued,
        InvoiceState::PartlyPaid => document::State::PartlyPaid,
        InvoiceState::Paid => document::State::Paid,
        InvoiceState::Balanced => document::State::Balanced,
        InvoiceState::Cancelled => document::State::Cancelled,
        InvoiceState::PartlyRefunded => document::State::PartlyRefunded,
        InvoiceState::Refunded => document::State::Refunded,
    }
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

/// A hash of the chain as documents have it.
pub(super) fn hash(hash: Hash) -> document::Hash {
    document::Hash(hash.0)
}
