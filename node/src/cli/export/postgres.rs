//! `xinglin export postgres`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{bail, Result};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::{json, Value};
use xinglin_postgres::{export, verify, Difference, Exported, Options, Progress, Verified};

use super::{
    super::{
        block_on,
        output::{self, property_table},
        progress, DEFAULT_URL,
    },
    source::NodeSource,
    DatabaseArgs,
};

/// How often it is told how far the work has come, where no bar is drawn.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Options of `export postgres`.
#[derive(Args)]
pub struct PostgresArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// RPC address of an archive node: ws://host:port, or http:// for the same
    #[arg(long, env = "XINGLIN_URL", value_name = "URL", default_value = DEFAULT_URL)]
    node: String,
    /// End at the last block instead of following the chain
    #[arg(long)]
    once: bool,
    /// Write nothing: compare the database with the chain, and name the first difference
    #[arg(long, conflicts_with_all = ["once", "give_up_after"])]
    verify: bool,
    /// How long to try again while the node or the database is away, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    give_up_after: u64,
    /// Print one JSON document at the end instead of a table
    #[arg(long)]
    json: bool,
}

/// Runs `xinglin export postgres`.
pub fn run(args: &PostgresArgs) -> Result<()> {
    block_on(async {
        let source = Arc::new(NodeSource::new(&args.node));
        tokio::select! {
            done = work(args, source) => done,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                eprintln!("ended; the next run goes on from the last block in the database");
                Ok(())
            }
        }
    })
}

async fn work(args: &PostgresArgs, source: Arc<NodeSource>) -> Result<()> {
    if args.verify {
        let bar = progress::bar("comparing");
        let mut lines = Lines::default();
        let verified = verify(source, &args.database.url, |height, last| {
            show(&bar, &mut lines, height, last);
        });
        let verified = verified.await;
        bar.finish_and_clear();
        return report_verified(&verified?, args.json);
    }
    let options = Options {
        is_once: args.once,
        patience: Duration::from_secs(args.give_up_after),
    };
    let bar = progress::bar("exporting");
    let mut lines = Lines::default();
    let mut is_caught_up = false;
    let exported = export(
        source,
        &args.database.url,
        options,
        |progress| match progress {
            Progress::Exported { height, tip } => {
                show(&bar, &mut lines, height, tip);
                if height >= tip && !is_caught_up && !args.once {
                    is_caught_up = true;
                    bar.suspend(|| eprintln!("at block {height}; following the chain"));
                }
            }
            Progress::Waiting { reason, pause } => {
                let pause_ms = pause.as_millis();
                bar.suspend(|| eprintln!("{reason}; trying again in {pause_ms} ms"));
            }
        },
    );
    let exported = exported.await;
    bar.finish_and_clear();
    report_exported(&exported?, args.json)
}

fn show(bar: &ProgressBar, lines: &mut Lines, height: u32, last: u32) {
    bar.set_length(last.into());
    bar.set_position(height.into());
    if bar.is_hidden() {
        if let Some(line) = lines.at(Instant::now(), height, last) {
            eprintln!("{line}");
        }
    }
}

/// What is told where no bar is drawn, as in the journal of a service.
#[derive(Default)]
struct Lines {
    /// When a line was told last or the work began, and how far it had come then.
    before: Option<(Instant, u32)>,
}

impl Lines {
    /// The line that is due at a height, if one is: none at the last one, nor soon after another.
    fn at(&mut self, now: Instant, height: u32, last: u32) -> Option<String> {
        if height >= last {
            self.before = None;
            return None;
        }
        let (since, from) = *self.before.get_or_insert((now, height));
        let elapsed = now.saturating_duration_since(since);
        if elapsed < TELL_EVERY {
            return None;
        }
        self.before = Some((now, height));
        let blocks = f64::from(height.saturating_sub(from));
        let speed = blocks / elapsed.as_secs_f64();
        Some(format!("at block {height} of {last}, {speed:.0} blocks/s"))
    }
}

fn report_exported(exported: &Exported, as_json: bool) -> Result<()> {
    if as_json {
        let value = json!({ "height": exported.height, "blocks": exported.blocks });
        return output::write_json(None, &value);
    }
    let rows = [
        ("last block", exported.height.to_string()),
        ("blocks added", exported.blocks.to_string()),
    ];
    println!("{}", property_table(rows));
    Ok(())
}

fn report_verified(verified: &Verified, as_json: bool) -> Result<()> {
    if as_json {
        output::write_json(None, &as_value(verified))?;
    } else {
        let rows = [
            ("last block in the database", verified.height.to_string()),
            ("blocks compared", verified.blocks.to_string()),
            ("rows of state compared", verified.state_rows.to_string()),
            ("digest of the chain", format!("{:?}", verified.digest)),
        ];
        println!("{}", property_table(rows));
    }
    match &verified.difference {
        None => Ok(()),
        Some(Difference::Block {
            height,
            table,
            on_chain,
            in_database,
        }) if on_chain == in_database => bail!(
            "block {height}: the {on_chain} rows of `{table}` say something else than the chain; {REMEDY}"
        ),
        Some(Difference::Block {
            height,
            table,
            on_chain,
            in_database,
        }) => bail!(
            "block {height}: `{table}` has {in_database} rows, and the chain says {on_chain}; {REMEDY}"
        ),
        Some(Difference::State { height, table, row }) => {
            let row = row.as_ref().map(|row| format!(", as in {row}"));
            let row = row.unwrap_or_else(|| ": it has more or fewer rows".into());
            bail!("`{table}` is not as the chain has it after block {height}{row}; {REMEDY}")
        }
    }
}

/// What to do about a difference.
const REMEDY: &str = "somebody else wrote into the database: export into an empty one";

fn as_value(verified: &Verified) -> Value {
    let difference = verified
        .difference
        .as_ref()
        .map(|difference| match difference {
            Difference::Block {
                height,
                table,
                on_chain,
                in_database,
            } => json!({
                "height": height,
                "table": table,
                "onChain": on_chain,
                "inDatabase": in_database,
            }),
            Difference::State { height, table, row } => {
                json!({ "height": height, "table": table, "row": row })
            }
        });
    json!({
        "height": verified.height,
        "blocks": verified.blocks,
        "stateRows": verified.state_rows,
        "digest": verified.digest,
        "difference": difference,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_every_ten_seconds_until_the_last_block() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut lines = Lines::default();
        assert_eq!(lines.at(at(0), 256, 9_000), None);
        assert_eq!(lines.at(at(9), 2_000, 9_000), None);
        let line = lines.at(at(10), 2_256, 9_000);
        assert_eq!(line.unwrap(), "at block 2256 of 9000, 200 blocks/s");
        assert_eq!(lines.at(at(19), 4_000, 9_000), None);
        let line = lines.at(at(30), 5_256, 9_001);
        assert_eq!(line.unwrap(), "at block 5256 of 9001, 150 blocks/s");
        // Nothing is told of a chain that is followed, and of a pause between two back-fills.
        assert_eq!(lines.at(at(45), 9_001, 9_001), None);
        assert_eq!(lines.at(at(4_000), 9_257, 12_000), None);
        assert!(lines.at(at(4_010), 9_513, 12_000).is_some());
    }
}
