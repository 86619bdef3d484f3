//! The load generator: an open loop of pre-signed transactions against a consortium of real nodes on
//! this machine, counting what is final on all of them.
//!
//! `docs/performance.md` has the figures and the commands behind them.

mod calibrate;
mod measure;
mod report;
mod submit;
mod workload;

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::Parser;
use xinglin_tests::cluster::{now_ms, Cluster, ClusterOptions};

use crate::{
    measure::Watcher,
    report::Report,
    workload::{Prepared, Workload},
};

/// How many more transactions than the rate needs are signed, so that the last second is not short.
const SPARE_SECONDS: u64 = 1;
/// How long the last transactions may take to become final.
const DRAIN: Duration = Duration::from_secs(30);

/// Puts load on a consortium of real nodes and reports what became final on all of them.
#[derive(Parser)]
#[command(name = "xinglin-load", version)]
struct Args {
    /// What to submit.
    #[arg(long, value_enum, default_value = "booking")]
    workload: Workload,
    /// Number of validators.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=4))]
    validators: u8,
    /// Transactions per second.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// For how many seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Accounts that transact; bookings take one each.
    #[arg(long, default_value_t = 100_000)]
    accounts: u32,
    /// Connections to each node.
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Option of every node, as NAME=VALUE in TOML; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    node_option: Vec<String>,
    /// Write the report as JSON to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Exit with an error below this many final transactions per second.
    #[arg(long)]
    require_tps: Option<f64>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    eprintln!("calibrating the machine");
    let calibration = calibrate::run(&std::env::temp_dir())?;

    let count = u32::try_from(args.rate * (args.seconds + SPARE_SECONDS))?;
    let accounts = match args.workload {
        Workload::Booking => args.accounts.max(count),
        Workload::Remark | Workload::Transfer => args.accounts,
    };
    eprintln!("preparing a chain with {accounts} accounts");
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut cluster = Cluster::new(ClusterOptions {
        validators: usize::from(args.validators),
        options: node_options(&args.node_option)?,
        genesis: Box::new(move |genesis| {
            let crowd = xinglin_tests::parties::Crowd::join(genesis, accounts, now_ms());
            sender.send(crowd).unwrap_or_default();
        }),
        ..Default::default()
    })?;
    let crowd = receiver.recv()?;
    eprintln!("signing {count} transactions");
    let prepared = Prepared::sign(args.workload, &crowd, count, cluster.genesis);

    eprintln!("starting {} validators", args.validators);
    for node in &mut cluster.nodes {
        node.spawn()?;
    }
    for node in &mut cluster.nodes {
        node.wait_ready().await?;
    }
    cluster.wait_height(1).await?;

    eprintln!("{} transactions/s for {} s", args.rate, args.seconds);
    let watcher = Watcher::start(&cluster).await?;
    let before = measure::usage(&cluster)?;
    let submitted = submit::open_loop(&cluster, &prepared, &args).await?;
    let finals = watcher.finish(&submitted, DRAIN).await?;
    let after = measure::usage(&cluster)?;

    let report = Report::new(&args, calibration, &submitted, &finals, &before, &after);
    println!("{}", report.table());
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    for node in &mut cluster.nodes {
        node.stop().await?;
    }
    report.check(args.require_tps)
}

fn node_options(pairs: &[String]) -> Result<toml::Table> {
    Ok(pairs.join("\n").parse()?)
}
