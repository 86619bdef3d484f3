//! What the parties of the consortium do, from the command line: one file per party.
//!
//! A command is a call, an operation of the SDK or a question. [`Session`] carries it out and prints
//! what came of it, so that the files of the parties only say what is asked for.

mod council;
mod doctor;
mod external;
mod inbox;
pub mod input;
mod insurer;
mod keys;
mod member;
mod patient;
mod provider;
mod redemption;
mod regulator;
mod report;
pub mod session;
#[cfg(test)]
mod tests;

use std::future::Future;

use anyhow::Result;
use clap::Args;
use xinglin_primitives::{PatientId, PractitionerId};

use self::{
    council::CouncilCommand,
    doctor::DoctorCommand,
    insurer::InsurerCommand,
    member::MemberCommand,
    patient::PatientCommand,
    provider::ProviderCommand,
    regulator::RegulatorCommand,
    session::{Session, SessionArgs},
};
use super::block_on;

/// Act as a patient, or on her behalf: book, share records, pay and settle
#[derive(Args)]
pub struct PatientArgs {
    #[command(flatten)]
    session: SessionArgs,
    /// The patient for whom a delegate acts [default: whom the key is registered as]
    #[arg(long, global = true, value_name = "ID", value_parser = input::number::<PatientId>)]
    patient: Option<PatientId>,
    #[command(subcommand)]
    command: PatientCommand,
}

/// Act as a practitioner: visits, records, requests for access, emergencies
#[derive(Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    session: SessionArgs,
    /// The practitioner for whom a device acts [default: whom the key is registered as]
    #[arg(long, global = true, value_name = "ID", value_parser = input::number::<PractitionerId>)]
    practitioner: Option<PractitionerId>,
    #[command(subcommand)]
    command: DoctorCommand,
}

/// Act for a member: schedules, registrations, invoices, disclosures; banks issue and redeem
#[derive(Args)]
pub struct MemberArgs {
    #[command(flatten)]
    session: SessionArgs,
    #[command(subcommand)]
    command: MemberCommand,
}

/// Act in the council, with a member's main account: propose, vote, close
#[derive(Args)]
pub struct CouncilArgs {
    #[command(flatten)]
    session: SessionArgs,
    #[command(subcommand)]
    command: CouncilCommand,
}

/// Act for an insurer: schemes, coverages, claims
#[derive(Args)]
pub struct InsurerArgs {
    #[command(flatten)]
    session: SessionArgs,
    #[command(subcommand)]
    command: InsurerCommand,
}

/// Act for a regulator: emergencies, cases, disclosures, holds
#[derive(Args)]
pub struct RegulatorArgs {
    #[command(flatten)]
    session: SessionArgs,
    #[command(subcommand)]
    command: RegulatorCommand,
}

/// Act as a provider of payment services, which vouches for payments outside of the chain
#[derive(Args)]
pub struct ProviderArgs {
    #[command(flatten)]
    session: SessionArgs,
    #[command(subcommand)]
    command: ProviderCommand,
}

/// Runs `xinglin patient`.
pub fn patient(args: PatientArgs) -> Result<()> {
    with_session(args.session, |session| async move {
        patient::run(&session, args.patient, args.command).await
    })
}

/// Runs `xinglin doctor`.
pub fn doctor(args: DoctorArgs) -> Result<()> {
    with_session(args.session, |session| async move {
        doctor::run(&session, args.practitioner, args.command).await
    })
}

/// Runs `xinglin member`.
pub fn member(args: MemberArgs) -> Result<()> {
    with_session(args.session, |session| async move {
        member::run(&session, args.command).await
    })
}

/// Runs `xinglin council`.
pub fn council(args: CouncilArgs) -> Result<()> {
    with_session(args.session, |session| async move {
        council::run(&session, args.command).await
    })
}

/// Runs `xinglin insurer`.
pub fn insurer(args: InsurerArgs) -> Result<()> {
    with_session(args.session, |session| async move {
        insurer::run(&session, args.command).await
    })
}

/// Runs `xinglin regulator`.
pub fn regulator(args: RegulatorArgs) -> Result<()> {
    with_session(args.session, |session| async move {
        regulator::run(&session, args.command).await
    })
}

/// Runs `xinglin provider`.
pub fn provider(args: ProviderArgs) -> Result<()> {
    with_session(args.session, |session| async move {
        provider::run(&session, args.command).await
    })
}

/// Opens the wallet before the connection, so that a forgotten passphrase is found at once.
fn with_session<W: Future<Output = Result<()>>>(
    args: SessionArgs,
    work: impl FnOnce(Session) -> W,
) -> Result<()> {
    let wallet = args.wallet()?;
    block_on(async { work(Session::open(args, wallet).await?).await })
}
