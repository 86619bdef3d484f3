//! Logs: to the standard error output, for people or as JSON.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::{filter::EnvFilter, fmt};

use crate::cli::args::LogFormat;

/// What is logged unless `--log` says otherwise. The engine and its network report every peer and
/// message at `info`; what matters to an operator is told by our own services.
const DEFAULT_FILTER: &str =
    "info,arc_malachitebft=warn,libp2p=warn,yamux=warn,netlink_proto=warn,\
    ractor=warn,rkik_nts=warn,runtime=warn";
/// A validator that is alone has nobody to publish to, which its engine calls an error each time.
const ALONE_FILTER: &str = "arc_malachitebft_network=off";

/// Starts logging. `filter` refines the default: its directives prevail.
pub fn init(filter: Option<&str>, format: LogFormat, is_alone: bool) -> Result<()> {
    let parts = [
        Some(DEFAULT_FILTER),
        is_alone.then_some(ALONE_FILTER),
        filter,
    ];
    let directives = parts.into_iter().flatten().collect::<Vec<_>>().join(",");
    let filter = EnvFilter::try_new(directives)
        .context("--log: expected `level` or `target=level`, separated by commas")?;
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let outcome = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    outcome.map_err(|error| anyhow::anyhow!("logging: {error}"))
}
