//! A visit, from its booking to its settlements.

use anyhow::Result;
use serde_json::json;
use xinglin_primitives::{AppointmentId, Entity};
use xinglin_rpc_api::{explorer::OperationView, questions as ask};
use xinglin_sdk::trail::{self, Cut};

use super::{
    listing::{self, Form, Row},
    Asking,
};
use crate::cli::output;

/// Shows all operations on a visit and on what came of it.
pub async fn run(asking: &Asking, appointment: AppointmentId) -> Result<()> {
    let (client, key, case) = (&asking.client, asking.key()?, asking.case);
    let visit = trail::follow(client, key, case, appointment).await?;
    let hidden: Vec<String> = visit.hidden.iter().map(Entity::to_string).collect();
    let cut: Vec<String> = visit.cut.iter().map(Cut::to_string).collect();
    if asking.form == Form::Json {
        let question = ask::Trail { appointment };
        let state = client.ask_json(key, case, &question).await?;
        let document = json!({
            "trail": state,
            "operations": visit.operations,
            "hidden": hidden,
            "cut": cut,
        });
        return output::write_json(None, &document);
    }
    let rows = visit.operations.iter().map(Row::cells);
    listing::print_rows(asking.form, OperationView::COLUMNS, rows)?;
    if !hidden.is_empty() {
        eprintln!("not for this key to see: {}", hidden.join(", "));
    }
    for part in cut {
        eprintln!("not read: {part}");
    }
    Ok(())
}
