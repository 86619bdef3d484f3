//! The load generator: an open loop of pre-signed transactions against a consortium of real nodes on
//! this machine, counting what is final on all of them.
//!
//! `docs/performance.md` has the figures and the commands behind them.

mod calibrate;
mod measure;
mod report;
mod required;
mod submit;
mod workload;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use xinglin_tests::{
    cluster::{now_ms, Cluster, ClusterOptions},
    parties::Crowd,
};

use crate::{
    report::Report,
    required::Required,
    workload::{clinic, simple, Workload},
};

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
    /// Patients that there are at least; each books once.
    #[arg(long, default_value_t = 100_000)]
    accounts: u32,
    /// Connections to each node.
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Most pre-settlements that are asked for before the load of the clinic begins.
    #[arg(long, default_value_t = 1_000)]
    questions: usize,
    /// Option of every node, as NAME=VALUE in TOML; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    node_option: Vec<String>,
    /// Write the report as JSON to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(flatten)]
    required: Required,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    eprintln!("calibrating the machine");
    let calibration = calibrate::run(&std::env::temp_dir())?;

    let count = u32::try_from(args.rate.saturating_mul(args.seconds))?;
    let (mut cluster, crowd) = prepare_chain(&args, count)?;
    // What needs no nodes is signed while there are none.
    let simple = if args.workload == Workload::Clinic {
        None
    } else {
        eprintln!("signing {count} transactions");
        let genesis = cluster.genesis;
        Some(simple::prepare(args.workload, &crowd, count, genesis)?)
    };

    eprintln!("starting {} validators", args.validators);
    for node in &mut cluster.nodes {
        node.spawn()?;
    }
    for node in &mut cluster.nodes {
        node.wait_ready().await?;
    }
    cluster.wait_height(1).await?;
    let (prepared, asked) = match simple {
        Some(prepared) => (prepared, clinic::PreSettlements::default()),
        None => clinic::prepare(&cluster, crowd, count, args.connections, args.questions).await?,
    };

    eprintln!("{} transactions/s for {} s", args.rate, args.seconds);
    let measured = measure::run(&cluster, &prepared, args.rate, args.connections).await?;

    let report = Report::new(&args, calibration, &measured, &asked);
    println!("{}", report.table());
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    for node in &mut cluster.nodes {
        node.stop().await?;
    }
    measured.ensure_succeeded()?;
    args.required.check(&report.reached())
}

/// A consortium that does not run yet, with the parties that the workload needs.
fn prepare_chain(args: &Args, count: u32) -> Result<(Cluster, Crowd)> {
    let patients = args.workload.patients(count, args.accounts);
    let is_clinic = args.workload == Workload::Clinic;
    eprintln!("preparing a chain with {patients} patients");
    let (sender, receiver) = std::sync::mpsc::channel();
    let cluster = Cluster::new(ClusterOptions {
        validators: usize::from(args.validators),
        options: node_options(&args.node_option)?,
        genesis: Box::new(move |genesis| {
            let now = now_ms();
            let crowd = Crowd::join(genesis, patients, now);
            if is_clinic {
                crowd.open_clinic(genesis, now);
            }
            sender.send(crowd).unwrap_or_default();
        }),
        ..Default::default()
    })?;
    Ok((cluster, receiver.recv()?))
}

fn node_options(pairs: &[String]) -> Result<toml::Table> {
    Ok(pairs.join("\n").parse()?)
}
