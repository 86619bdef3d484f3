//! A visit, from its booking to its settlements.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::json;
use xinglin_primitives::{AppointmentId, Entity};
use xinglin_rpc_api::{
    codes,
    explorer::{Extrinsics, Filter, OperationView, Order, PAGE_MAX},
    questions as ask,
};
use xinglin_runtime::apis::Trail;
use xinglin_sdk::client::ClientError;

use super::{
    listing::{self, Form, Row},
    Asking,
};
use crate::cli::output;

/// Most pages of operations that are read about one thing.
const PAGES_MAX: usize = 20;

/// Operations by their places in the history.
type Found = BTreeMap<(u32, u32), OperationView>;

/// Shows all operations on a visit and on what came of it.
pub async fn run(asking: &Asking, appointment: AppointmentId) -> Result<()> {
    let (client, key, case) = (&asking.client, asking.key()?, asking.case);
    let question = ask::Trail { appointment };
    let trail = client.ask_for(key, case, &question).await?;
    let trail = trail.with_context(|| format!("there is no appointment {appointment}"))?;
    let mut found = Found::new();
    let mut hidden = Vec::new();
    for entity in entities(appointment, &trail) {
        if !collect(asking, entity, &mut found).await? {
            hidden.push(entity.to_string());
        }
    }
    if asking.form == Form::Json {
        let state = client.ask_json(key, case, &question).await?;
        let operations: Vec<&OperationView> = found.values().collect();
        let document = json!({ "trail": state, "operations": operations, "hidden": hidden });
        return output::write_json(None, &document);
    }
    let rows = found.values().map(Row::cells);
    listing::print_rows(asking.form, OperationView::COLUMNS, rows)?;
    if !hidden.is_empty() {
        eprintln!("not for this key to see: {}", hidden.join(", "));
    }
    Ok(())
}

/// The visit and what came of it, in the order of the trail.
fn entities(appointment: AppointmentId, trail: &Trail) -> Vec<Entity> {
    let records = trail.records.iter().map(|(id, _)| Entity::Record(*id));
    let bills = trail.invoices.iter().flat_map(|(invoice, settlements)| {
        let settlements = settlements.iter().map(|(id, _)| Entity::Settlement(*id));
        std::iter::once(Entity::Invoice(invoice.id)).chain(settlements)
    });
    std::iter::once(Entity::Appointment(appointment))
        .chain(records)
        .chain(bills)
        .collect()
}

/// Adds the operations that mention something; `false` if the asker may not see them.
async fn collect(asking: &Asking, entity: Entity, found: &mut Found) -> Result<bool> {
    let mut question = Extrinsics {
        filter: Filter {
            entities: vec![entity],
            ..Filter::default()
        },
        order: Order::Oldest,
        cursor: None,
        limit: PAGE_MAX,
    };
    for _ in 0..PAGES_MAX {
        let (key, case) = (asking.key()?, asking.case);
        let page = match asking.client.find_operations(key, case, &question).await {
            Err(ClientError::Refused {
                code: codes::QUESTION_REFUSED,
                ..
            }) => return Ok(false),
            page => page?,
        };
        let places = page.items.into_iter().map(|it| ((it.block, it.index), it));
        found.extend(places);
        question.cursor = page.next;
        if question.cursor.is_none() {
            break;
        }
    }
    Ok(true)
}
