//! `xinglin export query`.

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value};
use xinglin_postgres::queries::{self, Answer, QUERIES};

use super::{
    super::{
        block_on,
        output::{self, table},
    },
    DatabaseArgs,
};

/// Options of `export query`.
#[derive(Args)]
#[command(after_help = names())]
pub struct QueryArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Value of one of its parameters; several times for several
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// What the queries tell, by the first line of each.
fn names() -> String {
    let lines = QUERIES.iter().map(|(name, text)| {
        let first = text.lines().next().unwrap_or_default();
        format!("  {name}: {}", first.trim_start_matches("-- "))
    });
    format!("Queries:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("write NAME=VALUE, as in patient=7".into()),
    }
}

/// Runs `xinglin export query`.
pub fn run(args: &QueryArgs) -> Result<()> {
    let answer = queries::query(&args.database.url, &args.name, &args.parameters);
    let answer = block_on(async { Ok(answer.await?) })?;
    if args.json {
        return output::write_json(None, &as_value(&answer));
    }
    let mut rows = table();
    rows.set_header(&answer.columns);
    for row in answer.rows {
        rows.add_row(row.into_iter().map(Option::unwrap_or_default));
    }
    println!("{rows}");
    Ok(())
}

fn as_value(answer: &Answer) -> Value {
    let row = |row: &Vec<Option<String>>| {
        let fields = answer.columns.iter().cloned();
        let fields = fields.zip(row.iter().cloned().map(Value::from));
        Value::Object(fields.collect::<Map<_, _>>())
    };
    answer.rows.iter().map(row).collect()
}
