//! `xinglin patient`.

mod delegates;
mod files;
mod money;
mod visits;

use anyhow::Result;
use clap::Subcommand;
use xinglin_primitives::PatientId;

pub(super) use self::{
    delegates::delegation,
    files::tell_sharing,
    money::{pay_external, pre_settle, tell_settling},
    visits::slots,
};
use self::{
    delegates::DelegateCommand, files::FileCommand, money::MoneyCommand, visits::VisitCommand,
};
use super::{
    redemption::{self, RedemptionCommand},
    session::Session,
};

/// What a patient does.
#[derive(Subcommand)]
pub enum PatientCommand {
    #[command(flatten)]
    Visits(VisitCommand),
    #[command(flatten)]
    Files(FileCommand),
    #[command(flatten)]
    Money(MoneyCommand),
    #[command(flatten)]
    Redemption(RedemptionCommand),
    #[command(flatten)]
    Delegates(DelegateCommand),
}

/// Does what a patient's command says; `named` is the patient for whom a delegate acts.
pub async fn run(
    session: &Session,
    named: Option<PatientId>,
    command: PatientCommand,
) -> Result<()> {
    match command {
        PatientCommand::Visits(command) => visits::run(session, named, command).await,
        PatientCommand::Files(command) => files::run(session, named, command).await,
        PatientCommand::Money(command) => money::run(session, named, command).await,
        PatientCommand::Redemption(command) => redemption::run(session, command).await,
        PatientCommand::Delegates(command) => delegates::run(session, named, command).await,
    }
}
