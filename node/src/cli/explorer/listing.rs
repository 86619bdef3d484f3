//! Lists as tables for people, as JSON and as comma-separated values for programs.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use xinglin_primitives::Entity;
use xinglin_rpc_api::{
    explorer::{EventView, OperationView, Outcome, Page},
    time::Time,
    xinglin::{TimeToken, TimeTokens},
};
use xinglin_sdk::keys::address_of;

use crate::cli::output;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// Comma-separated values, with a line of names first.
    Csv,
}

/// What a list shows of each of its items.
pub trait Row {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];

    /// What stands in them.
    fn cells(&self) -> Vec<String>;
}

impl Row for OperationView {
    const COLUMNS: &'static [&'static str] = &[
        "time", "block", "index", "call", "outcome", "mentions", "signer", "hash",
    ];

    fn cells(&self) -> Vec<String> {
        let outcome = match (self.outcome, &self.error) {
            (Outcome::Success, _) => "success".to_owned(),
            (Outcome::Error, Some(error)) => error.clone(),
            (Outcome::Error, None) => "error".to_owned(),
        };
        vec![
            self.time.to_string(),
            self.block.to_string(),
            self.index.to_string(),
            format!("{}.{}", self.pallet, self.call),
            outcome,
            mentions(&self.entities, self.in_part),
            self.signer.as_ref().map(address_of).unwrap_or_default(),
            format!("{:?}", self.hash),
        ]
    }
}

impl Row for EventView {
    const COLUMNS: &'static [&'static str] = &[
        "time",
        "block",
        "index",
        "event",
        "mentions",
        "fields",
        "operation",
    ];

    fn cells(&self) -> Vec<String> {
        let operation = self.operation.map(|hash| format!("{hash:?}"));
        vec![
            self.time.to_string(),
            self.block.to_string(),
            self.index.to_string(),
            format!("{}.{}", self.pallet, self.event),
            mentions(&self.entities, self.in_part),
            match self.in_part {
                true => String::new(),
                false => self.fields.to_string(),
            },
            operation.unwrap_or_default(),
        ]
    }
}

/// Entities in one cell; of what is shown in part there are others.
fn mentions(entities: &[Entity], in_part: bool) -> String {
    let names: Vec<String> = entities.iter().map(Entity::to_string).collect();
    let others = if in_part { " and others" } else { "" };
    names.join(" ") + others
}

/// Prints a page, and to people how the next one is got.
pub fn print<T: Row + Serialize>(form: Form, page: &Page<T>) -> Result<()> {
    if form == Form::Json {
        return output::write_json(None, &serde_json::to_value(page)?);
    }
    print_rows(form, T::COLUMNS, page.items.iter().map(Row::cells))?;
    if let Some(next) = &page.next {
        eprintln!("more with --cursor {}", next.0);
    }
    Ok(())
}

/// Prints rows as a table or as comma-separated values.
pub fn print_rows(
    form: Form,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<()> {
    if form == Form::Csv {
        let header = columns.iter().map(|name| (*name).to_owned()).collect();
        let lines: String = std::iter::once(header).chain(rows).map(csv_line).collect();
        return output::write(None, &lines);
    }
    let mut table = output::table();
    table.set_header(columns);
    let mut is_empty = true;
    for row in rows {
        is_empty = false;
        table.add_row(row);
    }
    match is_empty {
        true => output::write(None, "nothing found\n"),
        false => output::write(None, &format!("{table}\n")),
    }
}

/// Prints one thing: names and values.
pub fn print_fields(form: Form, value: &Value, fields: Vec<(&'static str, String)>) -> Result<()> {
    match form {
        Form::Json => output::write_json(None, value),
        Form::Csv => {
            let (names, values): (Vec<&str>, Vec<String>) = fields.into_iter().unzip();
            print_rows(form, &names, std::iter::once(values))
        }
        Form::Table => output::write(None, &format!("{}\n", output::property_table(fields))),
    }
}

/// Between which times of time authorities a block was made, for a table.
pub fn time_fields(tokens: Option<&TimeTokens>) -> [(&'static str, String); 2] {
    let told = |token: Option<&TimeToken>| match token {
        None => "no time token says".to_owned(),
        Some(token) => format!(
            "{}, by token {} of member {} over block {}",
            Time(token.time_ms),
            token.id,
            token.authority,
            token.block_number
        ),
    };
    [
        ("not before", told(tokens.and_then(|it| it.before.as_ref()))),
        ("not after", told(tokens.and_then(|it| it.after.as_ref()))),
    ]
}

/// One line as RFC 4180 has it, ended by a line feed.
pub fn csv_line(cells: Vec<String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(csv_cell).collect();
    cells.join(",") + "\n"
}

fn csv_cell(text: String) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_separators_are_quoted() {
        let cells = ["a", "b,c", "d\"e", "f\ng", ""].map(str::to_owned);
        assert_eq!(csv_line(cells.to_vec()), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\n");
    }
}
