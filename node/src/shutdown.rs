//! What happens to a process from outside: signals, panics, limits.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use tokio::signal::unix::{signal, SignalKind};
use tokio_util::sync::CancellationToken;

/// Open files that a node should be allowed: the database's tables, and a socket per client.
pub const OPEN_FILES_MIN: u64 = 4_096;

/// Cancels `token` at SIGTERM or SIGINT. A second signal ends the process at once.
pub fn on_signal(token: CancellationToken) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM handler")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT handler")?;
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping; once more to stop at once");
        token.cancel();
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
        tracing::warn!("stopped at once; committed blocks are safe");
        std::process::exit(1);
    });
    Ok(())
}

/// How many panics this process has seen.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// From now on, every panic is counted and logged in one line.
///
/// It does not end the node by itself. The executor runs the runtime, and the RPC server its
/// requests, where a panic is caught and refuses one block, transaction or request; were it the end
/// of the node, whoever finds such a bug could stop the chain. A panic that ends a service ends the
/// node, since the node watches every service.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        let location = info.location().map(ToString::to_string);
        tracing::error!(
            thread = std::thread::current().name().unwrap_or("unnamed"),
            location = location.as_deref().unwrap_or("unknown"),
            message = info.payload_as_str().unwrap_or("(none)"),
            "panic: this is a bug, report this line"
        );
    }));
}

/// How many panics there were.
pub fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Warns if the process may open too few files for a database and many clients.
pub fn check_open_files() {
    match open_files_limit() {
        Some(limit) if limit < OPEN_FILES_MIN => tracing::warn!(
            limit,
            needed = OPEN_FILES_MIN,
            "few open files are allowed; raise it with `ulimit -n {OPEN_FILES_MIN}` or LimitNOFILE"
        ),
        _ => (),
    }
}

fn open_files_limit() -> Option<u64> {
    parse_open_files(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

fn parse_open_files(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    (soft != "unlimited").then(|| soft.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read() {
        let limits = "Limit   Soft Limit  Hard Limit  Units\n\
            Max processes             94994      94994      processes\n\
            Max open files            1024       1048576    files\n";
        assert_eq!(parse_open_files(limits), Some(1024));
        let unlimited = "Max open files            unlimited       unlimited    files\n";
        assert_eq!(parse_open_files(unlimited), None);
    }
}
