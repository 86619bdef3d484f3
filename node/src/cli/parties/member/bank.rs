//! What settlement banks do.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use pallet_payments::types::{Redemption, Rejection};
use serde_json::json;
use xinglin_primitives::{AccountId, RedemptionId};
use xinglin_runtime::Runtime;
use xinglin_sdk::billing::{self, reference_of};

use crate::cli::parties::{input, session::Session};

/// On-chain CNY.
#[derive(Subcommand)]
pub enum BankCommand {
    /// Issue on-chain CNY against money that the bank took in
    Issue {
        /// To whom
        #[arg(long, value_parser = input::account)]
        to: AccountId,
        /// How much, in fen
        #[arg(long, value_name = "FEN")]
        amount_fen: u128,
        /// The bank's number of the transaction, of which the chain gets the hash
        #[arg(long, value_name = "NUMBER")]
        reference: String,
    },
    /// Read where to pay out
    ReadInstruction {
        /// The redemption
        #[arg(value_parser = input::number::<RedemptionId>)]
        redemption: RedemptionId,
        /// The holder's letter, in hexadecimal
        letter: PathBuf,
    },
    /// Confirm that the bank paid out
    Confirm {
        /// The redemption
        #[arg(value_parser = input::number::<RedemptionId>)]
        redemption: RedemptionId,
        /// The bank's number of the transaction, of which the chain gets the hash
        #[arg(long, value_name = "NUMBER")]
        reference: String,
    },
    /// Refuse to redeem
    Reject {
        /// The redemption
        #[arg(value_parser = input::number::<RedemptionId>)]
        redemption: RedemptionId,
        /// Why
        #[arg(long, value_name = "instruction|customer|compliance|other", value_parser = rejection)]
        reason: Rejection,
    },
}

fn rejection(text: &str) -> Result<Rejection, String> {
    let words = [
        ("instruction", Rejection::BadInstruction),
        ("customer", Rejection::NotCustomer),
        ("compliance", Rejection::Compliance),
        ("other", Rejection::Other),
    ];
    input::one_of(text, &words)
}

type Payments = pallet_payments::Call<Runtime>;

/// Does what a bank's command says.
pub async fn run(session: &Session, command: BankCommand) -> Result<()> {
    match command {
        BankCommand::Issue {
            to,
            amount_fen,
            reference,
        } => {
            let reference = reference_of(&reference);
            let call = Payments::issue {
                to,
                amount_fen,
                reference,
            };
            session.execute("Issued", call).await
        }
        BankCommand::ReadInstruction { redemption, letter } => {
            let client = session.client();
            let key = pallet_payments::Redemptions::<Runtime>::hashed_key_for(redemption);
            let found: Option<Redemption<AccountId>> =
                client.storage(&key, client.tip().await?).await?;
            let Some(found) = found else {
                anyhow::bail!("there is no open redemption {redemption}");
            };
            let (bank, wallet) = (session.member().await?, session.wallet());
            let (letter, hash) = (input::letter(&letter)?, found.payout);
            let genesis = client.genesis();
            let holder = found.holder;
            let text = billing::open_payout(genesis, (bank, wallet), holder, &letter, hash)?;
            session.show(&json!({
                "amountFen": found.amount_fen.to_string(),
                "instruction": String::from_utf8_lossy(&text),
            }))
        }
        BankCommand::Confirm {
            redemption,
            reference,
        } => {
            let reference = reference_of(&reference);
            let call = Payments::confirm_redemption {
                redemption,
                reference,
            };
            session.execute("Redeemed", call).await
        }
        BankCommand::Reject { redemption, reason } => {
            let call = Payments::reject_redemption { redemption, reason };
            session.execute("Not redeemed", call).await
        }
    }
}
