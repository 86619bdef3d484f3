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
/// allocator a sixth of the node's time goes there, and freed memory stays with the process. RocksDB
/// uses this one, too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes in one line, each told once: many say in their own sentence what caused
/// them.
fn told(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_cause_that_is_part_of_what_it_caused_is_told_once() {
        let cause = || std::io::Error::other("the disk is full");
        let both = anyhow::Error::from(cause()).context("writing a.json");
        assert_eq!(told(&both), "writing a.json: the disk is full");
        let once = anyhow::Error::from(cause()).context("a.json: the disk is full; make room");
        assert_eq!(told(&once), "a.json: the disk is full; make room");
    }
}
