//! Invoices: issuing, settling and refunding them.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Result};
use clap::Subcommand;
use pallet_payments::types::{Reason, RefundOf};
use serde_json::{json, Value};
use xinglin_primitives::{CoverageId, Hash, InvoiceId, SettlementId};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    billing::{self, InvoiceDraft},
    insurance::{self, SettlementOrder},
    operation::random_id,
};

use crate::cli::parties::{
    input::{self, PageArgs},
    patient::{pay_external, tell_settling},
    session::Session,
};

/// Invoices.
#[derive(Subcommand)]
pub enum BillingCommand {
    /// Issue an invoice
    IssueInvoice {
        /// The invoice in JSON: patient, visit, setting (outpatient, inpatient), service (first and
        /// last day since 1970-01-01), lines (item {system, code, name}, class (a, b, c), prepayBp,
        /// unitPriceFen, quantity, priceLimitFen, fundShareBp), readers (insurers, regulators)
        file: PathBuf,
    },
    /// Show what an invoice charges, checked against the chain
    Invoice {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// List the invoices that are not paid in full, oldest first
    Unpaid(PageArgs),
    /// Cancel an invoice on which nothing was paid
    CancelInvoice {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
        /// Why
        #[arg(long, value_name = REASONS, value_parser = reason)]
        reason: Reason,
    },
    /// Take back an invoice, or some of its lines, with a red-letter invoice
    Refund {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
        /// All that is left of these lines, from 0 [default: of the invoice]
        #[arg(long, value_name = "N", value_delimiter = ',')]
        lines: Vec<u8>,
        /// Why
        #[arg(long, value_name = REASONS, value_parser = reason)]
        reason: Reason,
        /// The refund's id, to submit the same again [default: a fresh one]
        #[arg(long, value_name = "HASH")]
        refund: Option<Hash>,
    },
    /// Book a payment outside of the chain, by the provider's signed receipt
    PayExternal {
        /// The receipt in JSON: provider, reference, invoice, amountFen, paidAt, signature
        receipt: PathBuf,
    },
    /// Record that a provider paid back what a red-letter invoice owes, by its signed receipt
    ConfirmRepayment {
        /// The receipt in JSON, of which `invoice` is the red-letter one
        receipt: PathBuf,
    },
    /// List the red-letter invoices of an invoice
    RedLetters {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// Settle an invoice for a patient, without the personal account and payment
    Settle {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
        /// The coverage
        #[arg(value_parser = input::number::<CoverageId>)]
        coverage: CoverageId,
    },
    /// Take back a settlement, the coverage's latest
    Reverse {
        /// The settlement
        #[arg(value_parser = input::number::<SettlementId>)]
        settlement: SettlementId,
    },
}

const REASONS: &str = "error|not-rendered|allowance|other";

fn reason(text: &str) -> Result<Reason, String> {
    let words = [
        ("error", Reason::Error),
        ("not-rendered", Reason::NotRendered),
        ("allowance", Reason::Allowance),
        ("other", Reason::Other),
    ];
    input::one_of(text, &words)
}

type Payments = pallet_payments::Call<Runtime>;

/// Does what a command about invoices says.
pub async fn run(session: &Session, command: BillingCommand) -> Result<()> {
    use BillingCommand as It;

    let (client, key) = (session.client(), session.key());
    match command {
        It::IssueInvoice { file } => {
            let draft: InvoiceDraft = input::json(&file)?;
            let issued = billing::issue(client, session.wallet(), &draft).await?;
            let more = json!({
                "number": issued.number.to_string(),
                "delegatesWithoutKey": issued.unreached,
            });
            session.tell("Issued", &[issued.outcome], more)
        }
        It::Invoice { invoice } => show_invoice(session, invoice).await,
        It::Unpaid(page) => {
            let question = ask::UnpaidInvoices {
                member: session.member().await?,
                after: page.at.map(InvoiceId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::CancelInvoice { invoice, reason } => {
            let call = Payments::cancel_invoice { invoice, reason };
            session.execute("The invoice is cancelled", call).await
        }
        It::Refund {
            invoice,
            lines,
            reason,
            refund,
        } => {
            let call = Payments::refund {
                invoice,
                what: refund_of(lines)?,
                reason,
                refund: refund.unwrap_or_else(random_id),
            };
            session.execute("Refunded", call).await
        }
        It::PayExternal { receipt } => pay_external(session, &receipt).await,
        It::ConfirmRepayment { receipt } => confirm_repayment(session, &receipt).await,
        It::RedLetters { invoice } => session.ask(ask::RedLetters { invoice }).await,
        It::Settle { invoice, coverage } => {
            let order = SettlementOrder {
                invoice,
                coverage,
                account_max_fen: 0,
            };
            let settled = insurance::settle(client, key, order, None).await?;
            tell_settling(session, settled)
        }
        It::Reverse { settlement } => {
            let call = pallet_insurance::Call::<Runtime>::reverse { settlement };
            session.execute("The settlement is taken back", call).await
        }
    }
}

/// Submits a provider's receipt of a repayment.
pub(in crate::cli::parties) async fn confirm_repayment(
    session: &Session,
    file: &Path,
) -> Result<()> {
    let (receipt, signature) = input::receipt(file)?;
    let call = Payments::confirm_repayment { receipt, signature };
    session.execute("The repayment is confirmed", call).await
}

fn refund_of(mut lines: Vec<u8>) -> Result<RefundOf> {
    if lines.is_empty() {
        return Ok(RefundOf::Everything);
    }
    lines.sort_unstable();
    lines.dedup();
    let count = lines.len();
    let bounded = lines.try_into();
    ensure!(bounded.is_ok(), "an invoice has not {count} lines");
    Ok(RefundOf::Lines(bounded.unwrap_or_default()))
}

/// Prints an invoice with its lines and items.
pub(in crate::cli::parties) async fn show_invoice(
    session: &Session,
    invoice: InvoiceId,
) -> Result<()> {
    let read = billing::read(session.client(), session.wallet(), invoice).await?;
    let tally = &read.status.invoice.tally;
    let lines: Vec<Value> = read
        .lines
        .iter()
        .enumerate()
        .map(|(number, (line, item))| {
            json!({
                "line": number,
                "code": item.code,
                "name": item.name,
                "class": line.class,
                "unitPriceFen": line.unit_price_fen,
                "quantity": line.quantity,
                "amountFen": line.amount_fen().to_string(),
            })
        })
        .collect();
    let summary = json!({
        "invoice": read.status.id,
        "number": read.status.invoice.number.to_string(),
        "patient": read.status.invoice.patient,
        "state": format!("{:?}", read.status.state),
        "totalFen": tally.total_fen.to_string(),
        "paidFen": tally.paid_fen.to_string(),
        "coveredFen": tally.covered_fen.to_string(),
        "refundedFen": tally.refunded_fen.to_string(),
        "dueFen": read.status.due_fen.to_string(),
        "redLetter": read.red.map(|red| red.number.to_string()),
    });
    session.show_all(&[("invoice", summary), ("lines", lines.into())])
}
