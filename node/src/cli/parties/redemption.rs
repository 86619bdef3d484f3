//! Having on-chain CNY paid out, and taking it back from a bank that stays silent.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;
use xinglin_primitives::{MemberId, Party, RedemptionId};
use xinglin_runtime::Runtime;
use xinglin_sdk::{billing, parties};

use super::{input, session::Session};
use crate::cli::output;

/// Turning on-chain CNY into money at a bank.
#[derive(Subcommand)]
pub enum RedemptionCommand {
    /// Ask a bank to pay out a part of the balance
    Redeem {
        /// The bank
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        bank: MemberId,
        /// How much, in fen
        #[arg(long, value_name = "FEN")]
        amount_fen: u128,
        /// File that says where to pay
        #[arg(long, value_name = "FILE")]
        instruction: PathBuf,
        /// File for the sealed instruction, to be handed to the bank; it must not exist
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Take the money back that a bank did not pay out within 7 days
    WithdrawRedemption {
        /// The redemption
        #[arg(value_parser = input::number::<RedemptionId>)]
        redemption: RedemptionId,
    },
}

type Payments = pallet_payments::Call<Runtime>;

/// Does what such a command says.
pub async fn run(session: &Session, command: RedemptionCommand) -> Result<()> {
    match command {
        RedemptionCommand::Redeem {
            bank,
            amount_fen,
            instruction,
            output,
        } => redeem(session, (bank, amount_fen), &instruction, &output).await,
        RedemptionCommand::WithdrawRedemption { redemption } => {
            let call = Payments::withdraw_redemption { redemption };
            session.execute("The money is back", call).await
        }
    }
}

async fn redeem(
    session: &Session,
    (bank, amount_fen): (MemberId, u128),
    instruction: &Path,
    letter_file: &Path,
) -> Result<()> {
    let client = session.client();
    let instruction = input::document(instruction)?;
    let to = parties::encryption_key_of(client, Party::Member(bank)).await?;
    let holder = session.wallet().account();
    let (letter, payout) =
        billing::seal_payout(client.genesis(), (bank, to), holder, &instruction)?;
    output::write_new(letter_file, &hex::encode(letter))?;
    let call = Payments::request_redemption {
        bank,
        amount_fen,
        payout,
    };
    session.execute("Asked to redeem", call).await
}
