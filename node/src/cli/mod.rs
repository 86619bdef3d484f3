//! The command line.

use std::future::Future;

use anyhow::{Context, Result};
use clap::{Arg, Args, Command as ClapCommand, CommandFactory, FromArgMatches, Parser, Subcommand};

pub mod args;
mod chain_spec;
mod db;
mod demo;
mod evidence;
mod explorer;
mod export;
mod fhir;
mod invoice;
pub mod key;
mod network;
mod output;
mod parties;
pub mod passphrase;
mod progress;
mod receipt;
mod status;
mod time_authority;

/// Where a node's JSON-RPC is unless told otherwise.
const DEFAULT_URL: &str = "ws://127.0.0.1:9944";

/// The node of a Xinglin consortium, and the tools around it.
#[derive(Parser)]
#[command(
    name = "xinglin",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Start(Box<args::StartArgs>),
    #[command(subcommand)]
    Network(network::NetworkCommand),
    #[command(subcommand)]
    Key(key::KeyCommand),
    #[command(subcommand)]
    ChainSpec(chain_spec::ChainSpecCommand),
    Status(status::StatusArgs),
    TimeAuthority(Box<time_authority::TimeAuthorityArgs>),
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    #[command(subcommand)]
    Db(db::DbCommand),
    Demo(demo::DemoArgs),
    #[command(subcommand)]
    Export(export::ExportCommand),
    #[command(subcommand)]
    Fhir(fhir::FhirCommand),
    #[command(subcommand)]
    Invoice(invoice::InvoiceCommand),
    Patient(parties::PatientArgs),
    Doctor(parties::DoctorArgs),
    Member(parties::MemberArgs),
    Council(parties::CouncilArgs),
    Insurer(parties::InsurerArgs),
    Regulator(parties::RegulatorArgs),
    Provider(parties::ProviderArgs),
    Explorer(explorer::ExplorerArgs),
}

/// Which node to ask.
#[derive(Args, Clone, Debug)]
pub struct UrlArgs {
    /// RPC address of the node: ws://host:port, or http:// for the same
    #[arg(long, env = "XINGLIN_URL", value_name = "URL", default_value = DEFAULT_URL)]
    pub url: String,
}

/// Parses the command line and does what it says.
pub fn run() -> Result<()> {
    let matches = command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Start(args) => crate::service::run(crate::config::layer(*args)?),
        Command::Network(command) => network::run(command),
        Command::Key(command) => key::run(command),
        Command::ChainSpec(command) => chain_spec::run(command),
        Command::Status(args) => status::run(&args),
        Command::TimeAuthority(args) => time_authority::run(*args),
        Command::Receipt(command) => receipt::run(command),
        Command::Evidence(command) => evidence::run(command),
        Command::Db(command) => db::run(command),
        Command::Export(command) => export::run(command),
        Command::Fhir(command) => fhir::run(command),
        Command::Invoice(command) => invoice::run(command),
        Command::Demo(args) => demo::run(&args),
        Command::Patient(args) => parties::patient(args),
        Command::Doctor(args) => parties::doctor(args),
        Command::Member(args) => parties::member(args),
        Command::Council(args) => parties::council(args),
        Command::Insurer(args) => parties::insurer(args),
        Command::Regulator(args) => parties::regulator(args),
        Command::Provider(args) => parties::provider(args),
        Command::Explorer(args) => explorer::run(args),
    }
}

/// The command line, in which every option of `start` can come from the environment.
fn command() -> ClapCommand {
    Cli::command().mut_subcommand("start", |start| start.mut_args(with_environment))
}

/// Lets `--rpc-port` come from `XINGLIN_RPC_PORT`.
fn with_environment(argument: Arg) -> Arg {
    match argument.get_long() {
        Some("print-config" | "help" | "version") | None => argument,
        Some(long) => {
            let variable = format!("XINGLIN_{}", long.replace('-', "_").to_uppercase());
            argument.env(variable).hide_env_values(true)
        }
    }
}

/// Runs the work of a command that talks to nodes.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting threads")?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
