//! Issuing invoices and reading them back.

use pallet_payments::{
    number::InvoiceNumber,
    reads::{Document, InvoiceStatus},
    types::{Details as StatedDetails, Envelope, NewInvoice, RedLetter, ENVELOPE_BYTES_MAX},
};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    glue::{CatalogueClass, Line, Lines, Scope, Setting, LINES_MAX, WHOLE_BP},
    time::Date,
    AccountId, AppointmentId, Balance, EncryptionKey, InvoiceId, MemberId, PatientId,
};
use xinglin_rpc_api::questions::Invoice as InvoiceQuestion;
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};

use super::{Details, InvoiceProblem, Item, ItemKey};
use crate::{
    client::{Client, Outcome},
    envelope::{content_hash, Compression},
    letter::{
        open_letter, seal_letter_for, About, Context, Party, READERS_MAX as LETTER_READERS_MAX,
    },
    operation::{execute, told, OperationError},
    parties::{delegates_of, encryption_key_of, member_of, role_of, unknown},
    wallet::Wallet,
};

/// Readers of an invoice besides patient and issuer, as a type of their own says it.
const READERS_MAX: usize = pallet_payments::types::READERS_MAX as usize;

/// One line of an invoice that is to be issued. Amounts are in fen, ratios in basis points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DraftLine {
    /// What is charged.
    pub item: Item,
    /// Its class in the catalogue: `a`, `b` or `c`.
    pub class: CatalogueClass,
    /// What the patient pays before the rest is eligible (先行自付).
    #[serde(default)]
    pub prepay_bp: u16,
    /// Price of one unit.
    pub unit_price_fen: u64,
    /// How many units; at least 1.
    pub quantity: u32,
    /// The price per unit above which the patient pays alone (限价).
    #[serde(default)]
    pub price_limit_fen: Option<u64>,
    /// What the fund pays outright; the line then takes no part in deductible and bands.
    #[serde(default)]
    pub fund_share_bp: Option<u16>,
}

impl DraftLine {
    /// Whether the chain will take its numbers.
    fn check(&self, line: usize) -> Result<(), InvoiceProblem> {
        let (positive, ratio) = ("at least 1", "at most 10000");
        let is_ratio = |bp: u16| bp <= WHOLE_BP;
        let fields = [
            ("unitPriceFen", self.unit_price_fen > 0, positive),
            ("quantity", self.quantity > 0, positive),
            ("prepayBp", is_ratio(self.prepay_bp), ratio),
            (
                "fundShareBp",
                self.fund_share_bp.is_none_or(is_ratio),
                ratio,
            ),
        ];
        match fields.into_iter().find(|(_, is_good, _)| !is_good) {
            Some((field, _, bounds)) => Err(InvoiceProblem::BadNumber {
                line,
                field,
                bounds,
            }),
            None => Ok(()),
        }
    }
}

/// An invoice that is to be issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvoiceDraft {
    /// Whom it charges.
    pub patient: PatientId,
    /// The visit it charges for.
    #[serde(default)]
    pub visit: Option<AppointmentId>,
    /// Where the patient was treated: `outpatient` or `inpatient`.
    pub setting: Setting,
    /// First and last day of the service in UTC+8, in days since 1970-01-01.
    pub service: (Date, Date),
    /// What it charges: 1 to 128 lines.
    pub lines: Vec<DraftLine>,
    /// Insurers and regulators that may read the details, at most 8.
    #[serde(default)]
    pub readers: Vec<MemberId>,
}

/// An invoice with its letter, that only needs to be submitted.
#[derive(Clone, Debug)]
pub struct PreparedInvoice {
    invoice: NewInvoice,
    envelope: Envelope,
    /// See [`Issued::unreached`].
    pub unreached: Vec<AccountId>,
}

impl PreparedInvoice {
    /// The call that issues it.
    pub fn call(self) -> RuntimeCall {
        let Self {
            invoice, envelope, ..
        } = self;
        pallet_payments::Call::<Runtime>::issue_invoice { invoice, envelope }.into()
    }

    /// The sum of its lines, in fen.
    pub fn total_fen(&self) -> Balance {
        self.invoice.total_fen
    }
}

/// An invoice that is on the chain.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its id.
    pub invoice: InvoiceId,
    /// Its number.
    pub number: InvoiceNumber,
    /// Delegates who may pay but to whom the details are not sealed: they have no encryption key on
    /// the chain, or there was no room for all of them.
    pub unreached: Vec<AccountId>,
    /// What the transaction did.
    pub outcome: Outcome,
}

/// An invoice as one of its readers sees it, checked against the chain.
#[derive(Clone, Debug)]
pub struct ReadInvoice {
    /// The blue invoice and where it stands.
    pub status: InvoiceStatus,
    /// Its lines, each with what it charges.
    pub lines: Vec<(Line, Item)>,
    /// The key under which the lines commit to their items.
    pub item_key: ItemKey,
    /// The red-letter invoice that was asked for, if it was one.
    pub red: Option<RedLetter>,
}

/// Issues an invoice of the wallet's member. Its details are sealed to the patient, the member, those
/// whom the draft names and the patient's paying delegates. The wallet has the member's encryption
/// secret, from which the commitments to the items come.
pub async fn issue(
    client: &Client,
    issuer: &Wallet,
    draft: &InvoiceDraft,
) -> Result<Issued, OperationError> {
    let prepared = prepare(client, issuer, draft).await?;
    let unreached = prepared.unreached.clone();
    let outcome = execute(client, issuer.key(), prepared.call()).await?;
    let (invoice, number) = told(&outcome, "InvoiceIssued", |event| match event {
        RuntimeEvent::Payments(pallet_payments::Event::InvoiceIssued {
            invoice, number, ..
        }) => Some((*invoice, *number)),
        _ => None,
    })?;
    Ok(Issued {
        invoice,
        number,
        unreached,
        outcome,
    })
}

/// Does all of [`issue`] that comes before submitting.
pub async fn prepare(
    client: &Client,
    issuer: &Wallet,
    draft: &InvoiceDraft,
) -> Result<PreparedInvoice, OperationError> {
    let member = member_of(client, &issuer.account()).await?;
    let (details, lines) = commit(issuer, member, draft)?;
    let mut others = draft.readers.clone();
    others.sort_unstable();
    others.dedup();
    let mut readers = vec![Party::Patient(draft.patient), Party::Member(member)];
    readers.extend(others.iter().copied().map(Party::Member));
    let mut sealed_to = Vec::with_capacity(readers.len());
    for reader in readers {
        sealed_to.push((reader, encryption_key_of(client, reader).await?));
    }
    let room = LETTER_READERS_MAX.saturating_sub(sealed_to.len());
    let (delegates, unreached) = payers(client, draft.patient, room).await?;
    let context = context(client, member, draft.patient);
    let content = details.to_json()?;
    let letter = seal_letter_for(
        &content,
        Compression::Zstd,
        &context,
        (&sealed_to, &delegates),
        &mut OsRng,
    )?;
    let found = others.len();
    let details = StatedDetails {
        envelope: content_hash(&letter),
        readers: others.try_into().map_err(|_| OperationError::TooMany {
            what: "readers",
            found,
            limit: READERS_MAX,
        })?,
    };
    let bytes = letter.len();
    let envelope = Envelope::try_from(letter).map_err(|_| OperationError::TooMany {
        what: "bytes of details",
        found: bytes,
        limit: ENVELOPE_BYTES_MAX as usize,
    })?;
    let invoice = NewInvoice {
        patient: draft.patient,
        visit: draft.visit,
        setting: draft.setting,
        service: draft.service,
        total_fen: sum(&lines),
        lines,
        details,
    };
    Ok(PreparedInvoice {
        invoice,
        envelope,
        unreached,
    })
}

/// The keys of a patient's paying delegates, as many as there is room for, and those of them who are
/// left out.
async fn payers(
    client: &Client,
    patient: PatientId,
    room: usize,
) -> Result<(Vec<EncryptionKey>, Vec<AccountId>), OperationError> {
    let (mut keys, mut unreached) = (Vec::new(), Vec::new());
    for (account, key) in delegates_of(client, patient, Scope::Paying).await? {
        match key {
            Some(key) if keys.len() < room => keys.push(key),
            _ => unreached.push(account),
        }
    }
    Ok((keys, unreached))
}

pub(crate) fn context(client: &Client, member: MemberId, patient: PatientId) -> Context {
    Context {
        genesis: client.genesis(),
        about: About::InvoiceDetails { member, patient },
    }
}

fn sum(lines: &[Line]) -> Balance {
    let amounts = lines.iter().map(Line::amount_fen);
    amounts.fold(0, Balance::saturating_add)
}

/// The lines of a draft as the chain gets them, and what is told apart from it.
fn commit(
    issuer: &Wallet,
    member: MemberId,
    draft: &InvoiceDraft,
) -> Result<(Details, Lines), InvoiceProblem> {
    let item_key = ItemKey::derive(issuer, member, draft.patient);
    let mut items = Vec::with_capacity(draft.lines.len());
    let mut lines = Vec::with_capacity(draft.lines.len());
    for (index, line) in draft.lines.iter().enumerate() {
        line.item.check(index)?;
        line.check(index)?;
        items.push(line.item.clone());
        lines.push(Line {
            item: item_key.commit(&line.item),
            class: line.class,
            prepay_bp: line.prepay_bp,
            unit_price_fen: line.unit_price_fen,
            quantity: line.quantity,
            price_limit_fen: line.price_limit_fen,
            fund_share_bp: line.fund_share_bp,
        });
    }
    let (found, limit) = (lines.len(), LINES_MAX as usize);
    let refused = InvoiceProblem::LineCount { found, limit };
    match Lines::try_from(lines) {
        Ok(lines) if found > 0 => Ok((Details { item_key, items }, lines)),
        _ => Err(refused),
    }
}

/// Reads an invoice, blue or red, with its details as one of their readers, and checks them against
/// the chain.
pub async fn read(
    client: &Client,
    wallet: &Wallet,
    invoice: InvoiceId,
) -> Result<ReadInvoice, OperationError> {
    let question = InvoiceQuestion { invoice };
    let asked = client.ask(wallet.key(), &question).await?;
    let (status, lines, red) = match asked {
        Some(Document::Blue(status, lines)) => (status, lines, None),
        Some(Document::Red(letter)) => {
            let question = InvoiceQuestion {
                invoice: letter.blue,
            };
            match client.ask(wallet.key(), &question).await? {
                Some(Document::Blue(status, lines)) => (status, lines, Some(letter)),
                _ => return Err(unknown(format_args!("invoice {}", letter.blue))),
            }
        }
        None => return Err(unknown(format_args!("invoice {invoice}"))),
    };
    let letter = client.invoice_envelope(wallet.key(), status.id).await?;
    let letter =
        letter.ok_or_else(|| unknown(format_args!("envelope of invoice {}", status.id)))?;
    let about = &status.invoice;
    let context = context(client, about.number.member, about.patient);
    let reader = reader_of(client, wallet, about.patient).await?;
    let content = open_letter(&letter, about.details.envelope, &context, reader, wallet)?;
    let details = Details::from_json(&content)?;
    check(&status, &lines, &details)?;
    Ok(ReadInvoice {
        status,
        lines: lines.into_iter().zip(details.items).collect(),
        item_key: details.item_key,
        red,
    })
}

/// Whether an invoice, its lines and its details belong together, and the lines make the total.
pub fn check(
    status: &InvoiceStatus,
    lines: &[Line],
    details: &Details,
) -> Result<(), InvoiceProblem> {
    let (lines_fen, total_fen) = (sum(lines), status.invoice.tally.total_fen);
    if lines_fen != total_fen {
        return Err(InvoiceProblem::OtherTotal {
            lines_fen,
            total_fen,
        });
    }
    details.check(lines)
}

/// As whom a wallet reads details: as its member, else as the patient or on her behalf, for which the
/// letter has slots of its own.
pub(crate) async fn reader_of(
    client: &Client,
    wallet: &Wallet,
    patient: PatientId,
) -> Result<Party, OperationError> {
    use pallet_members::Role;

    Ok(match role_of(client, &wallet.account()).await? {
        Some(Role::Main(member) | Role::Service(member)) => Party::Member(member),
        _ => Party::Patient(patient),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(lines: usize) -> InvoiceDraft {
        let line = serde_json::json!({
            "item": { "system": "urn:example", "code": "x", "name": "Example" },
            "class": "b", "prepayBp": 1000, "unitPriceFen": 250, "quantity": 4,
        });
        serde_json::from_value(serde_json::json!({
            "patient": 1, "setting": "outpatient", "service": [20_000, 20_000],
            "lines": vec![line; lines],
        }))
        .unwrap()
    }

    #[test]
    fn lines_commit_to_their_items() {
        let wallet = Wallet::development("//Alice").unwrap();
        let (details, lines) = commit(&wallet, MemberId(0), &draft(3)).unwrap();
        assert_eq!(details.check(&lines), Ok(()));
        assert_eq!(sum(&lines), 3_000);
    }

    #[test]
    fn drafts_out_of_bounds_are_refused() {
        let wallet = Wallet::development("//Alice").unwrap();
        for found in [0, 129] {
            let refused = commit(&wallet, MemberId(0), &draft(found)).unwrap_err();
            assert_eq!(refused, InvoiceProblem::LineCount { found, limit: 128 });
        }
        let mut long = draft(2);
        long.lines[1].item.code = "x".repeat(257);
        let refused = commit(&wallet, MemberId(0), &long).unwrap_err();
        let field = "code";
        assert_eq!(refused, InvoiceProblem::BadText { line: 1, field });
        for expected in ["unitPriceFen", "quantity", "prepayBp", "fundShareBp"] {
            let mut broken = draft(2);
            let line = &mut broken.lines[1];
            match expected {
                "unitPriceFen" => line.unit_price_fen = 0,
                "quantity" => line.quantity = 0,
                "prepayBp" => line.prepay_bp = 10_001,
                _ => line.fund_share_bp = Some(10_001),
            }
            let refused = commit(&wallet, MemberId(0), &broken).unwrap_err();
            let is_named = matches!(
                refused,
                InvoiceProblem::BadNumber { line: 1, field, .. } if field == expected
            );
            assert!(is_named, "{expected}: {refused}");
        }
    }
}
