//! What happens, as it happens.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;
use futures::Stream;
use serde::Serialize;
use xinglin_rpc_api::explorer::{Activity, ActivityFilter, Live};

use super::{
    find::FilterArgs,
    listing::{csv_line, Form, Row},
    Asking,
};

/// What to watch.
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    /// Print operations in full, as far as the key may see them, instead of the names of events
    #[arg(long)]
    operations: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// End after so many
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

impl WatchArgs {
    /// Whether the question is signed.
    pub fn is_signed(&self) -> bool {
        self.operations
    }
}

impl Row for Activity {
    const COLUMNS: &'static [&'static str] = &["time", "block", "index", "event"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.time.to_string(),
            self.block.to_string(),
            self.index.to_string(),
            format!("{}.{}", self.pallet, self.event),
        ]
    }
}

/// Prints what happens until it is told to stop.
pub async fn run(asking: &Asking, args: WatchArgs) -> Result<()> {
    let count = args.count.unwrap_or(usize::MAX);
    if args.operations {
        let filter = args.filter.filter(asking)?;
        let (key, case) = (asking.key()?, asking.case);
        let client = &asking.client;
        let stream = client.watch_operations(key, case, &Live { filter }).await?;
        return print(asking.form, count, stream).await;
    }
    anyhow::ensure!(
        args.filter.is_of_events_alone() && asking.case.is_none(),
        "without --operations only --event-pallet and --event say what is told; add --operations for the others"
    );
    let (pallet, event) = args.filter.event();
    let filter = ActivityFilter { pallet, event };
    let stream = asking.client.watch_activity(&filter).await?;
    print(asking.form, count, stream).await
}

/// Prints each on a line of its own.
async fn print<T: Row + Serialize>(
    form: Form,
    count: usize,
    stream: impl Stream<Item = Result<T, serde_json::Error>>,
) -> Result<()> {
    use futures::StreamExt;

    let mut stream = std::pin::pin!(stream.take(count));
    let mut out = std::io::stdout();
    if form == Form::Csv {
        let header = T::COLUMNS.iter().map(|name| (*name).to_owned());
        out.write_all(csv_line(header.collect()).as_bytes())?;
    }
    let mut seen = 0;
    while let Some(item) = stream.next().await {
        let item = item.context("the node ends the subscription")?;
        let line = match form {
            Form::Json => format!("{}\n", serde_json::to_string(&item)?),
            Form::Csv => csv_line(item.cells()),
            Form::Table => item.cells().join("  ") + "\n",
        };
        out.write_all(line.as_bytes())?;
        out.flush()?;
        seen += 1;
    }
    anyhow::ensure!(
        seen == count,
        "the node ended the subscription, as it does when it stops, when the case is closed or when you \
         may no longer ask; `xinglin explorer find` lists what came since, or says why not"
    );
    Ok(())
}
