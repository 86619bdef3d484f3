//! `xinglin member`: hospitals and clinics, and what settlement banks do.

mod bank;
mod billing;
mod desk;
mod registry;

use anyhow::Result;
use clap::Subcommand;

pub(super) use self::billing::show_invoice;
use self::{
    bank::BankCommand, billing::BillingCommand, desk::DeskCommand, registry::RegistryCommand,
};
use super::session::Session;

/// What a member's desk, office and server do.
#[derive(Subcommand)]
pub enum MemberCommand {
    #[command(flatten)]
    Desk(DeskCommand),
    #[command(flatten)]
    Registry(RegistryCommand),
    #[command(flatten)]
    Billing(BillingCommand),
    /// Issue and redeem on-chain CNY, as a settlement bank
    #[command(subcommand)]
    Bank(BankCommand),
}

/// Does what a member's command says.
pub async fn run(session: &Session, command: MemberCommand) -> Result<()> {
    match command {
        MemberCommand::Desk(command) => desk::run(session, command).await,
        MemberCommand::Registry(command) => registry::run(session, command).await,
        MemberCommand::Billing(command) => billing::run(session, command).await,
        MemberCommand::Bank(command) => bank::run(session, command).await,
    }
}
