//! The same questions to PostgreSQL.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use xinglin_postgres::{
    export,
    queries::{self, Answer},
    verify, Options, Source,
};
use xinglin_primitives::Entity;
use xinglin_rpc_api::explorer::{Events, Filter, OperationView, Order, PAGE_MAX};
use xinglin_sdk::trail::Visit;

use super::{
    finding::{matching, minute_of, BOOKING},
    Inquiry,
};
use crate::cli::{export::source::NodeSource, output::table, progress};

/// How long the database or the node may be away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Exports the chain, compares it, and asks what was asked of the explorer: the answers must be the
/// same.
pub async fn same_answers(
    inquiry: &Inquiry<'_>,
    url: &str,
    booking: &OperationView,
    visit: &Visit,
) -> Result<()> {
    let source: Arc<dyn Source> = Arc::new(NodeSource::new(inquiry.client.url()));
    let options = Options {
        is_once: true,
        patience: PATIENCE,
    };
    let bar = progress::bar("exporting into PostgreSQL");
    let exported = export(Arc::clone(&source), url, options, |_| ()).await;
    bar.finish_and_clear();
    let exported = exported.context("the export into PostgreSQL")?;
    let verified = verify(source, url, |_, _| ()).await?;
    if let Some(difference) = verified.difference {
        bail!("the database is not what the chain says: {difference:?}");
    }
    println!(
        "PostgreSQL has the {} blocks up to {}; {} rows of state are as on the chain.",
        exported.blocks, exported.height, verified.state_rows
    );

    let about_patient = same_operations(inquiry, url, &whole_patient(inquiry)).await?;
    let of_booking = same_operations(inquiry, url, &kind_and_minute(inquiry, booking)).await?;
    let hash = format!("{:?}", booking.hash);
    ensure!(
        of_booking.contains(&hash) && of_booking.is_subset(&about_patient),
        "SQL and the explorer do not find the booking {hash} among {of_booking:?}, and these among {about_patient:?}"
    );

    let known = [("appointment", inquiry.appointment.to_string())];
    let trail = ask(url, "trail-of-appointment", &known).await?;
    let by_sql: BTreeSet<(String, String)> = column(&trail, "height")?
        .into_iter()
        .zip(column(&trail, "index")?)
        .collect();
    let by_index = events_of(inquiry, visit).await?;
    ensure!(
        by_sql == by_index,
        "SQL and the explorer tell different trails: {by_sql:?}, {by_index:?}"
    );

    let mut listing = table();
    listing.set_header(["query", "of", "rows", "the explorer says the same"]);
    for (query, of, rows) in [
        ("operations-of", "the patient", about_patient.len()),
        (
            "operations-of",
            "the booking's kind and minute",
            of_booking.len(),
        ),
        ("trail-of-appointment", "the visit", by_sql.len()),
    ] {
        listing.add_row([query, of, &rows.to_string(), "yes"]);
    }
    println!("{listing}");
    Ok(())
}

async fn ask(url: &str, query: &str, values: &[(&str, String)]) -> Result<Answer> {
    let values = values.iter();
    let values: Vec<(String, String)> = values
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    Ok(queries::query(url, query, &values).await?)
}

/// The values of a column.
fn column(answer: &Answer, name: &str) -> Result<Vec<String>> {
    let at = answer.columns.iter().position(|column| column == name);
    let at = at.with_context(|| format!("the answer has no column {name}"))?;
    let values = answer.rows.iter().map(|row| row.get(at).cloned().flatten());
    Ok(values.map(Option::unwrap_or_default).collect())
}

/// What is asked about operations, in SQL and of the explorer.
struct Asked {
    values: Vec<(&'static str, String)>,
    filter: Filter,
}

/// All operations of the patient, whether they name her or her things alone.
fn whole_patient(inquiry: &Inquiry<'_>) -> Asked {
    let patient = inquiry.patient_id();
    Asked {
        values: vec![("patient", patient.to_string())],
        filter: Filter {
            entities: vec![Entity::Patient(patient)],
            ..Filter::default()
        },
    }
}

/// All operations of the booking's kind, parties and minute.
fn kind_and_minute(inquiry: &Inquiry<'_>, booking: &OperationView) -> Asked {
    let (from, before) = minute_of(booking.time);
    let mut asked = whole_patient(inquiry);
    asked.values.extend([
        ("practitioner", inquiry.practitioner.to_string()),
        ("member", inquiry.member.to_string()),
        ("call", format!("{}.{}", BOOKING.0, BOOKING.1)),
        ("from", from.to_string()),
        ("until", before.to_string()),
    ]);
    let filter = &mut asked.filter;
    filter.entities.extend([
        Entity::Practitioner(inquiry.practitioner),
        Entity::Member(inquiry.member),
    ]);
    filter.pallet = Some(BOOKING.0.to_owned());
    filter.call = Some(BOOKING.1.to_owned());
    filter.from = Some(from);
    filter.before = Some(before);
    asked
}

/// The hashes of the operations that both find.
async fn same_operations(
    inquiry: &Inquiry<'_>,
    url: &str,
    asked: &Asked,
) -> Result<BTreeSet<String>> {
    let found = ask(url, "operations-of", &asked.values).await?;
    let by_sql: BTreeSet<String> = column(&found, "extrinsic")?.into_iter().collect();
    let found = matching(inquiry, &asked.filter).await?;
    let by_index: BTreeSet<String> = found.iter().map(|it| format!("{:?}", it.hash)).collect();
    ensure!(
        by_sql == by_index,
        "SQL and the explorer find different operations of {:?}: {by_sql:?}, {by_index:?}",
        asked.values
    );
    Ok(by_sql)
}

/// The places of all events that mention what the visit is of, by the explorer.
async fn events_of(inquiry: &Inquiry<'_>, visit: &Visit) -> Result<BTreeSet<(String, String)>> {
    let (key, case) = (inquiry.regulator.wallet.key(), Some(inquiry.case));
    let mut places = BTreeSet::new();
    for entity in &visit.about {
        let mut question = Events {
            filter: Filter {
                entities: vec![*entity],
                ..Filter::default()
            },
            order: Order::Oldest,
            cursor: None,
            limit: PAGE_MAX,
        };
        loop {
            let page = inquiry.client.find_events(key, case, &question).await?;
            let found = page.items.iter();
            places.extend(found.map(|it| (it.block.to_string(), it.index.to_string())));
            question.cursor = page.next;
            if question.cursor.is_none() {
                break;
            }
        }
    }
    Ok(places)
}
