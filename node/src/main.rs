//! `xinglin`: the node and its tools.

use std::process::ExitCode;

mod cli;
mod config;
mod identity;
mod metrics;
mod peer;
mod service;
mod settings;
mod shutdown;
mod telemetry;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
