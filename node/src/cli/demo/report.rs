//! What the demo prints.

use anyhow::{Context, Result};
use pallet_appointments::types::Appointment;
use xinglin_primitives::{
    time::{Moment, CST_OFFSET_MS},
    AccountId, AppointmentId, Balance, YUAN,
};
use xinglin_runtime::Runtime;

use super::stage::Stage;
use crate::cli::{output::table, status};

/// Begins a part.
pub fn title(text: &str) {
    println!("\n{text}\n");
}

/// Where all nodes stand.
pub async fn nodes(urls: &[String]) -> Result<()> {
    let mut nodes = Vec::with_capacity(urls.len());
    for url in urls {
        nodes.push((url.clone(), status::ask(url).await));
    }
    println!("{}", status::render(&nodes));
    Ok(())
}

/// What was done since the last time.
pub fn steps(stage: &mut Stage) {
    let mut listing = table();
    listing.set_header(["", "who", "does", "outcome", "block", "final after"]);
    for (number, step) in stage.take_steps() {
        listing.add_row([
            number.to_string(),
            step.who.clone(),
            step.what.clone(),
            step.outcome.clone(),
            step.number.to_string(),
            format!("{} ms", step.took.as_millis()),
        ]);
    }
    println!("{listing}");
}

/// What became of appointments.
pub async fn appointments(stage: &Stage, ids: &[(AppointmentId, String)]) -> Result<()> {
    let mut listing = table();
    listing.set_header([
        "appointment",
        "patient",
        "slot",
        "begins",
        "state",
        "in escrow",
    ]);
    for (id, patient) in ids {
        let key = pallet_appointments::Appointments::<Runtime>::hashed_key_for(*id);
        let found: Appointment<AccountId> = stage
            .read(&key)
            .await?
            .with_context(|| format!("appointment {id} is gone"))?;
        listing.add_row([
            id.to_string(),
            patient.clone(),
            found.slot.to_string(),
            clock(found.start),
            format!("{:?}", found.state),
            found
                .escrow
                .map_or("–".into(), |held| yuan(held.amount_fen)),
        ]);
    }
    println!("{listing}");
    Ok(())
}

/// The time of day in China.
fn clock(moment: Moment) -> String {
    let minutes = (moment + CST_OFFSET_MS) / 60_000 % (24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// An amount for people.
pub fn yuan(fen: Balance) -> String {
    format!("{}.{:02} CNY", fen / YUAN, fen % YUAN)
}
