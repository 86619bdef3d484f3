//! A visit, from its booking to its settlements.

use anyhow::Result;
use serde_json::{json, Value};
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
        let document = json!({
            "trail": state(asking, appointment).await?,
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

/// The visit's state, with as many pages of its invoices as are followed.
async fn state(asking: &Asking, appointment: AppointmentId) -> Result<Value> {
    let (client, key, case) = (&asking.client, asking.key()?, asking.case);
    let mut question = ask::Trail {
        appointment,
        before: None,
    };
    let mut state = client.ask_json(key, case, &question).await?;
    for _ in 1..trail::PAGES_MAX {
        question.before = serde_json::from_value(state["next"].clone())?;
        if question.before.is_none() {
            break;
        }
        let mut page = client.ask_json(key, case, &question).await?;
        let more = page["invoices"].as_array_mut().map(std::mem::take);
        if let Some(all) = state["invoices"].as_array_mut() {
            all.extend(more.unwrap_or_default());
        }
        state["next"] = page["next"].take();
    }
    Ok(state)
}
