//! `xinglin provider`: providers of payment services, which the council registers.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use pallet_payments::receipts::ProviderReceipt;
use xinglin_primitives::{time::Moment, InvoiceId, ProviderId};
use xinglin_sdk::billing::{reference_of, SignedReceipt};

use super::{input, member::confirm_repayment, patient::pay_external, session::Session};
use crate::cli::output;

/// What a provider of payment services does.
#[derive(Subcommand)]
pub enum ProviderCommand {
    /// Sign that money was paid outside of the chain, for an invoice or back for a red-letter one
    SignReceipt(ReceiptArgs),
    /// Book a payment outside of the chain, with the provider's account
    PayExternal {
        /// The receipt in JSON, as `sign-receipt` writes it
        receipt: PathBuf,
    },
    /// Record that what a red-letter invoice owes was paid back, with the provider's account
    ConfirmRepayment {
        /// The receipt in JSON, of which `invoice` is the red-letter one
        receipt: PathBuf,
    },
}

/// What a receipt says.
#[derive(clap::Args, Clone, Debug)]
pub struct ReceiptArgs {
    /// The provider, as the council registered it
    #[arg(long, value_name = "ID", value_parser = input::number::<ProviderId>)]
    provider: ProviderId,
    /// The provider's number of the transaction, of which the chain gets the hash
    #[arg(long, value_name = "NUMBER")]
    reference: String,
    /// The invoice that was paid, or the red-letter one that was paid back
    #[arg(long, value_name = "ID", value_parser = input::number::<InvoiceId>)]
    invoice: InvoiceId,
    /// How much, in fen
    #[arg(long, value_name = "FEN", value_parser = clap::value_parser!(u64).range(1..))]
    amount_fen: u64,
    /// When, in UTC+8
    #[arg(long, value_name = "TIME", value_parser = input::moment)]
    paid_at: Moment,
    /// File for the receipt, to be handed to the patient or the member; it must not exist
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// Does what a provider's command says.
pub async fn run(session: &Session, command: ProviderCommand) -> Result<()> {
    match command {
        ProviderCommand::SignReceipt(args) => sign(session, args),
        ProviderCommand::PayExternal { receipt } => pay_external(session, &receipt).await,
        ProviderCommand::ConfirmRepayment { receipt } => confirm_repayment(session, &receipt).await,
    }
}

fn sign(session: &Session, args: ReceiptArgs) -> Result<()> {
    let receipt = ProviderReceipt {
        provider: args.provider,
        reference: reference_of(&args.reference),
        invoice: args.invoice,
        amount_fen: args.amount_fen.into(),
        paid_at: args.paid_at,
    };
    let signed = SignedReceipt::sign(session.key(), &session.client().genesis(), &receipt)
        .context("the amount is too large for a receipt")?;
    let signed = serde_json::to_value(&signed)?;
    output::write_new(&args.output, &format!("{signed:#}\n"))?;
    session.show(&signed)
}
