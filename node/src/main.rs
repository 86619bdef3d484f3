//! `xinglin`: the node and its tools.

use std::process::ExitCode;

mod anchoring;
mod cli;
mod config;
mod identity;
mod metrics;
mod peer;
mod service;
mod settings;
mod shutdown;
mod telemetry;

/// The state trie allocates and frees many small pieces on several threads: with the C library's
/// allocator a sixth of the node's time goes there, and freed memory stays with the process.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
