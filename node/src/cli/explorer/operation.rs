//! One operation.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;
use xinglin_primitives::Hash;

use super::{
    listing::{self, Form, Row},
    Asking,
};
use crate::cli::output;

/// Shows an operation with its events, and keeps its receipt.
pub async fn run(asking: &Asking, hash: Hash, receipt: Option<PathBuf>) -> Result<()> {
    let (key, case) = (asking.key()?, asking.case);
    let found = asking.client.operation(key, case, hash).await?;
    let found = found.context("there is no such operation; it may not be in a block yet")?;
    if let Some(path) = &receipt {
        anyhow::ensure!(
            !found.operation.in_part,
            "the receipt holds the whole transaction, of which not all is your business"
        );
        // With what verifying it without a node takes.
        let json = asking.client.receipt_json(hash).await?;
        output::write_json(Some(path), &json)?;
    }
    if asking.form == Form::Json {
        return output::write_json(None, &json!(found));
    }
    let operation = &found.operation;
    let columns = <xinglin_rpc_api::explorer::OperationView as Row>::COLUMNS;
    let mut fields: Vec<(&str, String)> = columns.iter().copied().zip(operation.cells()).collect();
    if !operation.wrapped.is_empty() {
        fields.push(("calls within", operation.wrapped.join(" ")));
    }
    fields.push(("arguments", format!("{:#}", operation.arguments)));
    fields.extend(listing::time_fields(found.time_tokens.as_ref()));
    listing::print_fields(asking.form, &json!(found), fields)?;
    if asking.form == Form::Table {
        let columns = <xinglin_rpc_api::explorer::EventView as Row>::COLUMNS;
        listing::print_rows(asking.form, columns, found.events.iter().map(Row::cells))?;
    }
    Ok(())
}
