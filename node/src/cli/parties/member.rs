//! `xinglin member`: hospitals and clinics, and what settlement banks do.

mod bank;
mod billing;
mod desk;
mod nodes;
mod registry;

use anyhow::Result;
use clap::Subcommand;
use xinglin_primitives::Party;
use xinglin_rpc_api::questions as ask;

pub(super) use self::billing::{confirm_repayment, show_invoice};
use self::{
    bank::BankCommand,
    billing::BillingCommand,
    desk::DeskCommand,
    nodes::{NodeCommand, ValidatorCommand},
    registry::RegistryCommand,
};
use super::{
    redemption::{self, RedemptionCommand},
    session::Session,
};

/// What a member's desk, office and server do.
#[derive(Subcommand)]
pub enum MemberCommand {
    #[command(flatten)]
    Desk(DeskCommand),
    #[command(flatten)]
    Registry(RegistryCommand),
    #[command(flatten)]
    Billing(BillingCommand),
    /// Show what the member's account has: what can be spent, and what is held
    Balance,
    #[command(flatten)]
    Redemption(RedemptionCommand),
    /// Issue and redeem on-chain CNY, as a settlement bank
    #[command(subcommand)]
    Bank(BankCommand),
    /// Register the member's nodes
    #[command(subcommand)]
    Node(NodeCommand),
    /// Register the validator that the member is ready to run
    #[command(subcommand)]
    Validator(ValidatorCommand),
}

/// Does what a member's command says.
pub async fn run(session: &Session, command: MemberCommand) -> Result<()> {
    match command {
        MemberCommand::Desk(command) => desk::run(session, command).await,
        MemberCommand::Registry(command) => registry::run(session, command).await,
        MemberCommand::Billing(command) => billing::run(session, command).await,
        MemberCommand::Balance => {
            let of = Some(Party::Member(session.member().await?));
            session.ask(ask::Balance { of }).await
        }
        MemberCommand::Redemption(command) => redemption::run(session, command).await,
        MemberCommand::Bank(command) => bank::run(session, command).await,
        MemberCommand::Node(command) => nodes::nodes(session, command).await,
        MemberCommand::Validator(command) => nodes::validator(session, command).await,
    }
}
