//! `xinglin db`: examines and copies the database of a node that is not running.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{bail, ensure, Context, Result};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{json, Value};
use xinglin_chain_spec::ChainSpec;
use xinglin_core::ChainStore as _;
use xinglin_executor::{re_execute, ReExecution};
use xinglin_storage::{CheckReport, Database, StorageConfig};

use super::output::{self, property_table};
use crate::settings::{chain_spec, database_folder, index_config};

/// How often the progress is drawn again.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// Examine or copy the database of a node that is not running.
#[derive(Subcommand)]
pub enum DbCommand {
    /// Read everything and compare; with --re-execute also execute the whole chain again
    Check(CheckArgs),
    /// Remove the index of operations; a node with --index makes it anew at its next start. Regulators'
    /// questions stay
    Reindex(DatabaseArgs),
    /// Copy the database as it is into a new folder, from which a node can be restored
    Backup(BackupArgs),
}

/// Which database.
#[derive(Args)]
pub struct DatabaseArgs {
    /// `dev`, `local`, or the chain's specification
    #[arg(long, value_name = "dev|local|FILE")]
    chain: String,
    /// The node's base folder
    #[arg(long, short = 'd', value_name = "DIR")]
    base_path: PathBuf,
}

/// Options of `db check`.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Execute every block again, in memory, and compare every root
    #[arg(long)]
    re_execute: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Options of `db backup`.
#[derive(Args)]
pub struct BackupArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Base folder of the copy, which must hold none yet. On the file system of the database the copy
    /// shares its files, and is made at once
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
}

/// Does what `xinglin db …` says.
pub fn run(command: DbCommand) -> Result<()> {
    match command {
        DbCommand::Check(args) => check(&args),
        DbCommand::Reindex(args) => reindex(&args),
        DbCommand::Backup(args) => backup(&args),
    }
}

fn check(args: &CheckArgs) -> Result<()> {
    let spec = chain_spec(&args.database.chain)?;
    let config = storage_config(&spec, &args.database.base_path)?;
    let report = scan(&config)?;
    // A database that contradicts itself is not worth executing.
    let executed = if args.re_execute && report.is_sound() {
        Some(execute_again(&spec, config.clone()))
    } else {
        None
    };
    let done = executed.as_ref().and_then(|outcome| outcome.as_ref().ok());
    if args.json {
        output::write_json(None, &to_json(&report, done))?;
    } else {
        print_tables(&report, done);
    }
    if !report.is_sound() {
        bail!(
            "{} problems; remove {} and let the node sync anew, or restore it from a backup",
            report.problems_total,
            config.path.display()
        );
    }
    executed.transpose().map(drop)
}

fn backup(args: &BackupArgs) -> Result<()> {
    let spec = chain_spec(&args.database.chain)?;
    let database = Database::open_existing(storage_config(&spec, &args.database.base_path)?)?;
    fs::create_dir_all(&args.output)
        .with_context(|| format!("the folder {}", args.output.display()))?;
    let target = database_folder(&args.output);
    database.checkpoint(&target)?;
    let height = database.tip().map_or(0, |tip| tip.number);
    println!(
        "The database up to block {height} is in {}.",
        target.display()
    );
    Ok(())
}

fn reindex(args: &DatabaseArgs) -> Result<()> {
    let spec = chain_spec(&args.chain)?;
    let genesis = spec.build().context("chain specification")?.hash();
    let config = index_config(&args.base_path, &spec.id, genesis);
    let path = config.path.display();
    let base = &args.base_path;
    ensure!(
        base.is_dir(),
        "there is no folder {}: --base-path is that of a node",
        base.display()
    );
    if xinglin_index::remove(&config)? {
        println!("The index in {path} is removed; the node makes it anew when it runs.");
    } else {
        println!("There is no index in {path}; a node with --index makes one when it runs.");
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

fn execute_again(spec: &ChainSpec, config: StorageConfig) -> Result<ReExecution> {
    let database = Database::open_existing(config)?;
    let storage = spec.build_storage().context("chain specification")?;
    let bar = progress_bar("executing");
    let done = re_execute(&database, storage, |height, of| {
        bar.set_length(of.into());
        bar.set_position(height.into());
    });
    bar.finish_and_clear();
    done.context("the chain does not execute to what is stored; this binary's rules differ, or the database is damaged")
}

fn to_json(report: &CheckReport, executed: Option<&ReExecution>) -> Value {
    json!({
        "height": report.tip.map(|tip| tip.number),
        "blockHash": report.tip.map(|tip| tip.hash),
        "stateRoot": report.tip.map(|tip| tip.state_root),
        "oldestState": report.oldest_state,
        "blocks": report.blocks,
        "transactions": report.transactions,
        "values": report.values,
        "problems": report.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "problemsTotal": report.problems_total,
        "executed": executed.map(|done| json!({
            "blocks": done.blocks,
            "transactions": done.transactions,
            "stateRoot": done.state_root,
        })),
    })
}

fn print_tables(report: &CheckReport, executed: Option<&ReExecution>) {
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
    for problem in &report.problems {
        println!("- {problem}");
    }
    let Some(done) = executed else { return };
    let rows = [
        ("executed blocks", done.blocks.to_string()),
        ("executed transactions", done.transactions.to_string()),
        ("state root, as stored", format!("{:?}", done.state_root)),
    ];
    println!("{}", property_table(rows));
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
