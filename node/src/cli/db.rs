//! `xinglin db`: examines the database of a node that is not running.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{bail, Context, Result};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use xinglin_chain_spec::ChainSpec;
use xinglin_executor::re_execute;
use xinglin_storage::{CheckReport, Database, StorageConfig};

use super::output::{self, property_table};
use crate::settings::{chain_spec, database_folder};

/// How often the progress is drawn again.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// Examine the database of a node that is not running.
#[derive(Subcommand)]
pub enum DbCommand {
    /// Read everything and compare; with --re-execute also execute the whole chain again
    Check(CheckArgs),
}

/// Options of `db check`.
#[derive(Args)]
pub struct CheckArgs {
    /// `dev`, `local`, or the chain's specification
    #[arg(long, value_name = "dev|local|FILE")]
    chain: String,
    /// The node's base folder
    #[arg(long, short = 'd', value_name = "DIR")]
    base_path: PathBuf,
    /// Execute every block again, in memory, and compare every root
    #[arg(long)]
    re_execute: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Does what `xinglin db …` says.
pub fn run(command: DbCommand) -> Result<()> {
    let DbCommand::Check(args) = command;
    let spec = chain_spec(&args.chain)?;
    let config = storage_config(&spec, &args.base_path)?;
    let report = scan(&config)?;
    print_report(&args, &report)?;
    if !report.is_sound() {
        bail!(
            "{} problems; remove {} and let the node sync anew, or restore it from a checkpoint",
            report.problems_total,
            config.path.display()
        );
    }
    if args.re_execute {
        execute_again(&args, &spec, config)?;
    }
    Ok(())
}

fn storage_config(spec: &ChainSpec, base: &Path) -> Result<StorageConfig> {
    let genesis = spec.build().context("chain specification")?;
    Ok(StorageConfig::new(
        database_folder(base),
        &spec.id,
        genesis.hash(),
    ))
}

fn scan(config: &StorageConfig) -> Result<CheckReport> {
    let bar = progress_bar("reading");
    let report = Database::inspect(config, |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(report)
}

fn print_report(args: &CheckArgs, report: &CheckReport) -> Result<()> {
    let problems = report.problems.iter().map(ToString::to_string);
    if args.json {
        return output::write_json(
            None,
            &serde_json::json!({
                "height": report.tip.map(|tip| tip.number),
                "blockHash": report.tip.map(|tip| tip.hash),
                "stateRoot": report.tip.map(|tip| tip.state_root),
                "oldestState": report.oldest_state,
                "blocks": report.blocks,
                "transactions": report.transactions,
                "values": report.values,
                "problems": problems.collect::<Vec<_>>(),
                "problemsTotal": report.problems_total,
            }),
        );
    }
    let tip = report.tip.map_or("none".to_owned(), |tip| {
        format!("{} ({:?})", tip.number, tip.hash)
    });
    let rows = [
        ("last block", tip),
        ("oldest state", report.oldest_state.to_string()),
        ("blocks", report.blocks.to_string()),
        ("transactions", report.transactions.to_string()),
        ("values at the tip", report.values.to_string()),
        ("problems", report.problems_total.to_string()),
    ];
    println!("{}", property_table(rows));
    for problem in problems {
        println!("- {problem}");
    }
    Ok(())
}

fn execute_again(args: &CheckArgs, spec: &ChainSpec, config: StorageConfig) -> Result<()> {
    let database = Database::open_existing(config)?;
    let storage = spec.build_storage().context("chain specification")?;
    let bar = progress_bar("executing");
    let done = re_execute(&database, storage, |height, of| {
        bar.set_length(of.into());
        bar.set_position(height.into());
    })
    .context("the chain does not execute to what is stored; this binary's rules differ, or the database is damaged")?;
    bar.finish_and_clear();
    if args.json {
        return output::write_json(
            None,
            &serde_json::json!({
                "executedBlocks": done.blocks,
                "executedTransactions": done.transactions,
                "stateRoot": done.state_root,
            }),
        );
    }
    let rows = [
        ("executed blocks", done.blocks.to_string()),
        ("executed transactions", done.transactions.to_string()),
        ("state root, as stored", format!("{:?}", done.state_root)),
    ];
    println!("{}", property_table(rows));
    Ok(())
}

fn progress_bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(what);
    bar.enable_steady_tick(REDRAW_EVERY);
    if let Ok(style) =
        ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {per_sec}, {eta} to go")
    {
        bar.set_style(style);
    }
    bar
}
