//! Finding an operation by all that is known of it, and following what came of it.

use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use xinglin_primitives::{time::MINUTE_MS, Entity};
use xinglin_rpc_api::{
    explorer::{Extrinsics, Filter, OperationView, Order, PAGE_MAX},
    time::Time,
};
use xinglin_sdk::{
    client::Client,
    trail::{self, Visit},
};

use super::{super::consortium::NODE_TIMEOUT, Inquiry};
use crate::cli::output::table;

/// How often it is looked whether the questions are anchored.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// What the visit began with.
pub const BOOKING: (&str, &str) = ("Appointments", "book");
/// What a visit goes through, as calls.
const COURSE: [(&str, &str); 6] = [
    BOOKING,
    ("Appointments", "check_in"),
    ("Records", "write"),
    ("Appointments", "complete"),
    ("Payments", "issue_invoice"),
    ("Insurance", "settle"),
];

/// What is known of the operation, one thing more in each step. The booking, which is all that is
/// left in the end.
pub async fn find(inquiry: &Inquiry<'_>) -> Result<OperationView> {
    let mut filter = Filter::default();
    let mut listing = table();
    listing.set_header(["what is known", "operations"]);
    for (known, entity) in [
        ("patient", Entity::Patient(inquiry.patient_id())),
        ("and doctor", Entity::Practitioner(inquiry.practitioner)),
        ("and hospital", Entity::Member(inquiry.member)),
    ] {
        filter.entities.push(entity);
        let found = matching(inquiry, &filter).await?;
        listing.add_row([format!("{known} ({entity})"), found.len().to_string()]);
    }
    let (pallet, call) = BOOKING;
    filter.pallet = Some(pallet.to_owned());
    filter.call = Some(call.to_owned());
    let mut left = matching(inquiry, &filter).await?;
    listing.add_row([
        format!("and kind ({pallet}.{call})"),
        left.len().to_string(),
    ]);
    let visit = Entity::Appointment(inquiry.appointment);
    let booking = left.iter().find(|it| it.entities.contains(&visit));
    let at = booking
        .context("the booking is not among what was found")?
        .time;
    filter.from = Some(at);
    filter.before = Some(Time(at.0 + 1));
    left = matching(inquiry, &filter).await?;
    listing.add_row([format!("and time ({at})"), left.len().to_string()]);
    println!("{listing}");
    let found = left.pop().filter(|it| it.entities.contains(&visit));
    ensure!(
        left.is_empty(),
        "{} further operations are of the same parties, kind and time",
        left.len()
    );
    found.context("what is left is not the booking")
}

/// All operations that a filter finds, oldest first.
pub async fn matching(inquiry: &Inquiry<'_>, filter: &Filter) -> Result<Vec<OperationView>> {
    let mut question = Extrinsics {
        filter: filter.clone(),
        order: Order::Oldest,
        cursor: None,
        limit: PAGE_MAX,
    };
    let (key, case) = (inquiry.regulator.wallet.key(), Some(inquiry.case));
    let mut found = Vec::new();
    loop {
        let page = inquiry.client.find_operations(key, case, &question).await?;
        found.extend(page.items);
        question.cursor = page.next;
        if question.cursor.is_none() {
            return Ok(found);
        }
    }
}

/// The trail: from the booking to the settlement.
pub async fn follow(inquiry: &Inquiry<'_>) -> Result<Visit> {
    let (key, case) = (inquiry.regulator.wallet.key(), Some(inquiry.case));
    let visit = trail::follow(inquiry.client, key, case, inquiry.appointment).await?;
    println!("The trail of appointment {}:", inquiry.appointment);
    let mut listing = table();
    listing.set_header(["block", "time", "operation", "mentions"]);
    for operation in &visit.operations {
        let mentioned = operation.entities.iter();
        let about = mentioned.filter(|entity| visit.about.contains(entity));
        let about: Vec<String> = about.map(Entity::to_string).collect();
        listing.add_row([
            operation.block.to_string(),
            operation.time.to_string(),
            format!("{}.{}", operation.pallet, operation.call),
            about.join(" "),
        ]);
    }
    println!("{listing}");
    ensure!(
        visit.hidden.is_empty(),
        "the regulator does not see the operations of {:?}",
        visit.hidden
    );
    let mut steps = visit.operations.iter();
    for (pallet, call) in COURSE {
        let is_there = steps.any(|it| {
            let wrapped = format!("{pallet}.{call}");
            (it.pallet.as_str(), it.call.as_str()) == (pallet, call)
                || it.wrapped.contains(&wrapped)
        });
        ensure!(is_there, "the trail has no {pallet}.{call} in its place");
    }
    Ok(visit)
}

/// Waits until the chain has the digest of all questions that were kept so far.
pub async fn wait_until_anchored(client: &Client) -> Result<()> {
    let kept = client.question_hashes(0, 1).await?.kept;
    let waiting = async {
        loop {
            let check = client.check_questions().await?;
            if check.anchor.is_some_and(|anchor| anchor.count >= kept) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    match tokio::time::timeout(NODE_TIMEOUT, waiting).await {
        Ok(anchored) => anchored,
        Err(_) => bail!("the node has not anchored its {kept} questions in time"),
    }
}

/// The minute in which an operation was, from and until.
pub fn minute_of(time: Time) -> (Time, Time) {
    let from = time.0 - time.0 % MINUTE_MS;
    (Time(from), Time(from + MINUTE_MS))
}
