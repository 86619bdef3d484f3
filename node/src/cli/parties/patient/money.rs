//! Invoices, payments and insurance.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;
use serde_json::{json, Map, Value};
use xinglin_primitives::{Balance, ClaimId, CoverageId, Hash, InvoiceId, Party, PatientId};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    client::Outcome,
    insurance::{self, SettlementOrder, Settling},
    operation::random_id,
};

use crate::cli::parties::{
    input::{self, PageArgs, SchemeArgs},
    member::show_invoice,
    session::Session,
};

/// Invoices, payments and insurance.
#[derive(Subcommand)]
pub enum MoneyCommand {
    /// List the invoices, newest first
    Invoices(PageArgs),
    /// Show what an invoice charges, checked against the chain
    Invoice {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// Pay an invoice from the balance
    Pay {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
        /// How much, in fen
        #[arg(long, value_name = "FEN")]
        amount_fen: u128,
        /// The payment's id, to submit the same again [default: a fresh one]
        #[arg(long, value_name = "HASH")]
        payment: Option<Hash>,
    },
    /// Book a payment outside of the chain, by the provider's signed receipt
    PayExternal {
        /// The receipt in JSON: provider, reference, invoice, amountFen, paidAt, signature
        receipt: PathBuf,
    },
    /// List the payments of an invoice
    Payments {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// Show what the account has: what can be spent, and what is held
    Balance,
    /// List the coverages with what this year has seen of them
    Coverages,
    /// Show the rules of a scheme: deductibles, bands, ratios, caps
    Scheme(SchemeArgs),
    /// Show what a settlement would bring, recomputed by the rules; nothing is written
    PreSettle(SettleArgs),
    /// Settle an invoice that is not paid in full, and pay the rest from the balance
    Settle {
        #[command(flatten)]
        order: SettleArgs,
        /// Leave the rest unpaid
        #[arg(long)]
        no_payment: bool,
    },
    /// Claim what insurance pays of an invoice that is paid in full
    Claim(SettleArgs),
    /// Appeal against a decision, once
    Appeal {
        /// The claim
        #[arg(value_parser = input::number::<ClaimId>)]
        claim: ClaimId,
    },
    /// Take back a claim that is not decided, or an appeal
    WithdrawClaim {
        /// The claim
        #[arg(value_parser = input::number::<ClaimId>)]
        claim: ClaimId,
    },
    /// List the settlements of an invoice, newest first
    Settlements {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
}

/// What is settled by which coverage.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct SettleArgs {
    /// The invoice
    #[arg(value_parser = input::number::<InvoiceId>)]
    invoice: InvoiceId,
    /// The coverage
    #[arg(value_parser = input::number::<CoverageId>)]
    coverage: CoverageId,
    /// Most of the personal account to use, in fen
    #[arg(long, value_name = "FEN", default_value = "0")]
    account_max_fen: u64,
}

impl SettleArgs {
    fn order(&self) -> SettlementOrder {
        SettlementOrder {
            invoice: self.invoice,
            coverage: self.coverage,
            account_max_fen: self.account_max_fen.into(),
        }
    }
}

type Insurance = pallet_insurance::Call<Runtime>;
type Payments = pallet_payments::Call<Runtime>;

/// Does what such a command says.
pub async fn run(session: &Session, named: Option<PatientId>, command: MoneyCommand) -> Result<()> {
    use MoneyCommand as It;

    let (client, key) = (session.client(), session.key());
    match command {
        It::Invoices(page) => {
            let question = ask::Invoices {
                patient: session.patient(named).await?,
                before: page.at.map(InvoiceId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Invoice { invoice } => show_invoice(session, invoice).await,
        It::Pay {
            invoice,
            amount_fen,
            payment,
        } => {
            let call = Payments::pay {
                invoice,
                amount_fen,
                payment: payment.unwrap_or_else(random_id),
            };
            session.execute("Paid", call).await
        }
        It::PayExternal { receipt } => pay_external(session, &receipt).await,
        It::Payments { invoice } => session.ask(ask::Payments { invoice }).await,
        It::Balance => {
            let patient = session.patient(named).await?;
            let of = Some(Party::Patient(patient));
            session.ask(ask::Balance { of }).await
        }
        It::Scheme(args) => session.ask(args.question()).await,
        It::Coverages => {
            let question = ask::Coverages {
                patient: session.patient(named).await?,
                year: None,
                skip: 0,
                limit: 100,
            };
            session.ask(question).await
        }
        It::PreSettle(args) => pre_settle(session, args.order()).await,
        It::Settle { order, no_payment } => {
            let payment = (!no_payment).then(random_id);
            let settled = insurance::settle(client, key, order.order(), payment).await?;
            tell_settling(session, settled)
        }
        It::Claim(order) => {
            let settled = insurance::claim(client, key, order.order()).await?;
            tell_settling(session, settled)
        }
        It::Appeal { claim } => {
            let call = Insurance::appeal { claim };
            session.execute("Appealed", call).await
        }
        It::WithdrawClaim { claim } => {
            let call = Insurance::withdraw { claim };
            session.execute("Taken back", call).await
        }
        It::Settlements { invoice } => {
            let question = ask::Settlements {
                invoice,
                before: None,
                limit: 100,
            };
            session.ask(question).await
        }
    }
}

/// What a settlement would bring, in the words of the question `PreSettle`, once it is recomputed.
pub(in crate::cli::parties) async fn pre_settle(
    session: &Session,
    order: SettlementOrder,
) -> Result<()> {
    let told = insurance::pre_settle(session.client(), session.key(), order).await?;
    let amounts = insurance::amounts(&told.split).into_iter();
    let mut split: Map<String, Value> = amounts
        .map(|(name, fen)| (name.to_owned(), amount(fen)))
        .collect();
    let starts_admission = told.split.starts_admission.into();
    split.insert("starts_admission".to_owned(), starts_admission);
    let flags = told.flags.iter().map(|flag| format!("{flag:?}"));
    let flags: Vec<String> = flags.collect();
    session.show(&json!({
        "split": split,
        "version": told.version,
        "to_member_fen": amount(told.to_member_fen),
        "to_patient_fen": amount(told.to_patient_fen),
        "rest_fen": amount(told.rest_fen),
        "flags": flags,
        "recomputed": true,
    }))
}

/// A number, or text if not every reader of JSON keeps it exact.
fn amount(fen: Balance) -> Value {
    let exact = u64::try_from(fen).ok().filter(|fen| *fen < 1 << 53);
    exact.map_or_else(|| fen.to_string().into(), Value::from)
}

/// Who pays what, or that the insurer decides.
pub(in crate::cli::parties) fn tell_settling(
    session: &Session,
    (settling, outcome): (Settling, Outcome),
) -> Result<()> {
    let (done, more) = match settling {
        Settling::Settled {
            fund_fen,
            account_fen,
            cash_fen,
            to_member_fen,
            to_patient_fen,
            ..
        } => (
            "Settled",
            json!({
                "fundFen": fund_fen.to_string(),
                "accountFen": account_fen.to_string(),
                "cashFen": cash_fen.to_string(),
                "toMemberFen": to_member_fen.to_string(),
                "toPatientFen": to_patient_fen.to_string(),
            }),
        ),
        Settling::Flagged { .. } => ("The insurer is to decide; no money moved", Value::Null),
    };
    session.tell(done, &[outcome], more)
}

/// Submits a provider's receipt of a payment.
pub(in crate::cli::parties) async fn pay_external(session: &Session, file: &Path) -> Result<()> {
    let (receipt, signature) = input::receipt(file)?;
    let call = Payments::pay_external { receipt, signature };
    session.execute("Paid", call).await
}
