//! The command line.

use anyhow::Result;
use clap::{Arg, Command as ClapCommand, CommandFactory, FromArgMatches, Parser, Subcommand};

pub mod args;
pub mod key;
pub mod passphrase;

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
    Key(key::KeyCommand),
}

/// Parses the command line and does what it says.
pub fn run() -> Result<()> {
    let matches = command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Start(args) => crate::service::run(crate::config::layer(*args)?),
        Command::Key(command) => key::run(command),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
