//! What transactions did and what questions brought, for people and for programs.

use comfy_table::Table;
use serde_json::{json, Map, Value};
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::client::Outcome;

use crate::cli::{output, status::utc};

/// Numbers from here to [`MOMENT_LAST`] in answers are instants: 2001 to 2100, in milliseconds.
const MOMENT_FIRST: u64 = 978_307_200_000;
const MOMENT_LAST: u64 = 4_102_444_800_000;

/// What a transaction made: its name and number.
pub fn made(event: &RuntimeEvent) -> Option<(&'static str, String)> {
    Some(match event {
        RuntimeEvent::Appointments(event) => made_by_appointments(event)?,
        RuntimeEvent::Audit(event) => made_by_audit(event)?,
        RuntimeEvent::Insurance(event) => made_by_insurance(event)?,
        RuntimeEvent::Members(event) => made_by_members(event)?,
        RuntimeEvent::Payments(event) => made_by_payments(event)?,
        RuntimeEvent::Records(event) => made_by_records(event)?,
        _ => return None,
    })
}

fn made_by_appointments(
    event: &pallet_appointments::Event<Runtime>,
) -> Option<(&'static str, String)> {
    use pallet_appointments::Event;

    Some(match event {
        Event::Booked { appointment, .. } | Event::Waitlisted { appointment, .. } => {
            ("appointment", appointment.to_string())
        }
        Event::SchedulePublished { schedule, .. } => ("schedule", schedule.to_string()),
        _ => return None,
    })
}

fn made_by_audit(event: &pallet_audit::Event<Runtime>) -> Option<(&'static str, String)> {
    use pallet_audit::Event;

    Some(match event {
        Event::CaseOpened { case, .. } => ("case", case.to_string()),
        Event::DisclosureRequested { disclosure, .. } => ("disclosure", disclosure.to_string()),
        _ => return None,
    })
}

fn made_by_insurance(event: &pallet_insurance::Event<Runtime>) -> Option<(&'static str, String)> {
    use pallet_insurance::Event;

    Some(match event {
        Event::SchemeCreated { scheme, .. } => ("scheme", scheme.to_string()),
        Event::Enrolled { coverage, .. } => ("coverage", coverage.to_string()),
        Event::Settled { settlement, .. } => ("settlement", settlement.to_string()),
        Event::Flagged { claim, .. } => ("claim", claim.to_string()),
        _ => return None,
    })
}

fn made_by_members(event: &pallet_members::Event<Runtime>) -> Option<(&'static str, String)> {
    use pallet_members::Event;

    Some(match event {
        Event::PatientRegistered { patient, .. } => ("patient", patient.to_string()),
        Event::PractitionerRegistered { practitioner, .. } => {
            ("practitioner", practitioner.to_string())
        }
        Event::MemberRegistered { member, .. } => ("member", member.to_string()),
        _ => return None,
    })
}

fn made_by_payments(event: &pallet_payments::Event<Runtime>) -> Option<(&'static str, String)> {
    use pallet_payments::Event;

    Some(match event {
        Event::InvoiceIssued { invoice, .. } => ("invoice", invoice.to_string()),
        Event::Refunded { red, .. } => ("redLetter", red.to_string()),
        Event::RedemptionRequested { redemption, .. } => ("redemption", redemption.to_string()),
        Event::ProviderRegistered { provider, .. } => ("provider", provider.to_string()),
        _ => return None,
    })
}

fn made_by_records(event: &pallet_records::Event<Runtime>) -> Option<(&'static str, String)> {
    use pallet_records::Event;

    Some(match event {
        Event::Written { record, .. } => ("record", record.to_string()),
        Event::Amended { version, .. } => ("version", version.to_string()),
        Event::Granted { grant, .. } => ("grant", grant.to_string()),
        Event::AccessRequested { request, .. } => ("request", request.to_string()),
        Event::GlassBroken { emergency, .. } => ("emergency", emergency.to_string()),
        _ => return None,
    })
}

/// The document of `--json`: `made` by name, `receipts` in the order of the transactions, and what
/// else there is under `details`.
pub fn json(outcomes: &[Outcome], more: Value) -> Value {
    let events = outcomes.iter().flat_map(|outcome| &outcome.events);
    let made: Map<String, Value> = events
        .filter_map(made)
        .map(|(name, number)| (name.to_owned(), number.into()))
        .collect();
    let receipts: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "transaction": outcome.hash,
                "block": outcome.block,
                "height": outcome.number,
                "index": outcome.index,
            })
        })
        .collect();
    let mut document = json!({ "made": made, "receipts": receipts });
    if !more.is_null() {
        document["details"] = more;
    }
    document
}

/// What was done, what it made, and by which receipts that is proven.
pub fn sentence(done: &str, outcomes: &[Outcome]) -> String {
    let events = outcomes.iter().flat_map(|outcome| &outcome.events);
    let made: Vec<String> = events
        .filter_map(made)
        .map(|(name, number)| format!("{name} {number}"))
        .collect();
    let mut text = match made.is_empty() {
        true => format!("{done}."),
        false => format!("{done}: {}.", made.join(", ")),
    };
    for outcome in outcomes {
        text.push_str(&format!(
            "\nreceipt {:?} in block {}",
            outcome.hash, outcome.number
        ));
    }
    text
}

/// Any value as a table: a list has a row for each item, anything else one for each field.
pub fn table(value: &Value) -> Table {
    match value {
        Value::Object(page) if page.contains_key("items") => {
            table(page.get("items").unwrap_or(&Value::Null))
        }
        Value::Array(items) => list(items),
        Value::Null => output::property_table([("answer", "none")]),
        _ => {
            let mut fields = Vec::new();
            flatten("", value, &mut fields);
            output::property_table(fields)
        }
    }
}

fn list(items: &[Value]) -> Table {
    let rows: Vec<Vec<(String, String)>> = items
        .iter()
        .map(|item| {
            let mut fields = Vec::new();
            flatten("", item, &mut fields);
            fields
        })
        .collect();
    let mut columns: Vec<&String> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    let mut table = output::table();
    if columns.is_empty() {
        table.add_row(["nothing"]);
        return table;
    }
    table.set_header(columns.iter());
    for row in &rows {
        let cell = |column: &String| {
            let found = row.iter().find(|(name, _)| name == column);
            found.map_or("", |(_, text)| text.as_str())
        };
        table.add_row(columns.iter().map(|column| cell(column)));
    }
    table
}

/// The fields of a value, those of values in it by a path. Of a pair of a number and a structure, as
/// lists have them, the number is the `id`, or the `place` if an id is still to come.
fn flatten(path: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                flatten(&below(name), value, fields);
            }
        }
        Value::Array(pair) => match pair.as_slice() {
            [number @ Value::Number(_), rest @ (Value::Object(_) | Value::Array(_))] => {
                let name = if rest.is_array() { "place" } else { "id" };
                fields.push((below(name), text(number)));
                flatten(path, rest, fields);
            }
            items => fields.push((
                below("").trim_end_matches('.').to_owned(),
                items.iter().map(text).collect::<Vec<_>>().join(", "),
            )),
        },
        other => fields.push((
            if path.is_empty() { "answer" } else { path }.to_owned(),
            text(other),
        )),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => match number.as_u64() {
            Some(moment) if (MOMENT_FIRST..MOMENT_LAST).contains(&moment) => utc(moment),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
