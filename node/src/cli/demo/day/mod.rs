//! The clinic day: the encounters of FHIR bundles, from booking to settlement.
//!
//! Every encounter is booked with a grant, checked in, documented by an encrypted record, read by
//! those who may and refused to one who may not, referred to another hospital, invoiced from the
//! bundle's claims, and settled by the rules of insurance. Then comes what goes otherwise: see
//! `detours`. At the end the books must balance.

mod bills;
mod books;
mod bundles;
mod cast;
mod detours;
mod encounters;
mod papers;
mod referral;
mod tables;

use std::{collections::BTreeMap, path::Path};

use anyhow::{ensure, Result};
use pallet_insurance::review::DAY_CHARGES_MAX;
use xinglin_primitives::glue::LINES_MAX;

use self::{
    bills::{pay, Bill},
    books::{Money, Purses},
    cast::VISITS_MAX,
    detours::Detour,
};
pub use self::{
    cast::{Actor, Cast, Patient},
    encounters::{Encounters, Played},
};
use super::{report, stage::Stage};

/// Most lines that insurance settles of a patient and a day of service, with room left for the
/// invoice that is issued twice, to be flagged.
const DAY_LINES_MAX: usize = (DAY_CHARGES_MAX - LINES_MAX) as usize;

/// A day that was played.
pub struct Day {
    /// Who took part.
    pub cast: Cast,
    /// What they did.
    pub encounters: Encounters,
}

/// Plays the day of the bundles in a folder, or of the project's own.
pub async fn play(stage: &mut Stage, folder: Option<&Path>) -> Result<Day> {
    report::title("The clinic day");
    let cast = Cast::gather(stage, bundles::dossiers(folder)?).await?;
    tables::patients(&cast);
    let before = Purses::of(stage.client(&cast.hospital.wallet), &cast).await?;

    // What a patient has more of is history: only the latest encounters can be booked.
    let skip: Vec<usize> = cast
        .patients
        .iter()
        .map(|patient| patient.dossier.visits.len().saturating_sub(VISITS_MAX))
        .collect();
    let rounds = cast
        .patients
        .iter()
        .map(|patient| patient.dossier.visits.len().min(VISITS_MAX))
        .max()
        .unwrap_or_default();
    tables::only_recorded(skip.iter().sum(), &bills::unbilled(&cast));
    let mut day = Encounters::default();
    day.history(stage, &cast, &skip).await?;
    let progress = indicatif::ProgressBar::new(rounds as u64).with_style(
        indicatif::ProgressStyle::with_template("round {pos} of {len} {bar:40}")?,
    );
    for number in 0..rounds {
        day.round(stage, &cast, number, &skip).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let detours = settle(stage, &cast, &mut day).await?;
    tables::encounters(&cast, &day.played);
    tables::referral(&cast.other_hospital, &day.referred);
    report::title("What went otherwise");
    tables::detours(&detours);
    report::title("E-invoices");
    tables::papers(&papers::render_all(stage, &cast, &day).await?);
    report::title("The books");
    check(stage, &cast, &day, &before).await?;
    Ok(Day {
        cast,
        encounters: day,
    })
}

/// The patients pay with insurance, but for the last two invoices: one is paid and claimed
/// afterwards, one is paid and taken back. What the bundles have too little for is not played.
async fn settle(stage: &mut Stage, cast: &Cast, day: &mut Encounters) -> Result<Vec<Detour>> {
    let seen = day.played.first();
    let seen = seen.map(|played| (played.patient, played.records.clone()));
    let (mut insured, uninsured) = by_insurance(&mut day.played);
    let refunded = spare(&mut insured);
    let claimed = spare(&mut insured);
    bills::settle(stage, cast, insured).await?;
    let mut detours = Vec::new();
    if !uninsured.is_empty() {
        detours.push(Detour {
            what: "paid without insurance",
            steps: vec![format!(
                "{} invoices, of days on which the hospital charges a patient more than {DAY_LINES_MAX} lines",
                uninsured.len()
            )],
        });
    }
    for (owner, bill) in uninsured {
        pay(stage, &cast.patients[owner], bill.invoice, bill.total_fen).await?;
    }
    detours.push(match claimed {
        Some((owner, bill)) => {
            detours::claim_afterwards(stage, cast, &cast.patients[owner], bill).await?
        }
        None => Detour::not_played("claim afterwards"),
    });
    detours.push(match refunded {
        Some((owner, bill)) => detours::refund(stage, cast, &cast.patients[owner], bill).await?,
        None => Detour::not_played("refund"),
    });
    let flagged = detours::flagged(stage, cast).await?;
    detours.push(flagged.unwrap_or_else(|| Detour::not_played("flagged claim")));
    detours.push(match seen {
        Some((owner, records)) => {
            detours::emergency(stage, cast, &cast.patients[owner], &records).await?
        }
        None => Detour::not_played("break-glass"),
    });
    Ok(detours)
}

/// Invoices, each with the place of its patient in the cast.
type Bills<'a> = Vec<(usize, &'a mut Bill)>;

/// All invoices in order: those that insurance settles, and those for which their days have too many
/// lines.
fn by_insurance(played: &mut [Played]) -> (Bills<'_>, Bills<'_>) {
    let mut lines_of_day = BTreeMap::new();
    let bills = played.iter_mut().flat_map(|played| {
        let patient = played.patient;
        played.bills.iter_mut().map(move |bill| (patient, bill))
    });
    bills.partition(|(patient, bill)| {
        let lines: &mut usize = lines_of_day.entry((*patient, bill.day)).or_default();
        *lines += bill.lines;
        *lines <= DAY_LINES_MAX
    })
}

/// The last invoice, if there is another to be settled in the usual way.
fn spare<'a>(bills: &mut Bills<'a>) -> Option<(usize, &'a mut Bill)> {
    if bills.len() > 1 {
        bills.pop()
    } else {
        None
    }
}

/// Money in is money out; the accumulators are the sums of the settlements; the patients see who
/// read.
async fn check(stage: &Stage, cast: &Cast, day: &Encounters, before: &Purses) -> Result<()> {
    let client = stage.client(&cast.hospital.wallet);
    let money = Money::count(client).await?;
    money.balance()?;
    let settled = day.played.iter().flat_map(|played| &played.bills);
    for split in settled.filter_map(|bill| bill.split.as_ref()) {
        let parts = split.fund_fen() + split.account_fen + split.cash_fen;
        ensure!(
            parts == split.total_fen,
            "{parts} fen are paid of {} fen",
            split.total_fen
        );
    }
    let flows = books::compare_purses(client, cast, before).await?;
    let years = books::compare_accumulators(client, cast).await?;
    let mut accesses = Vec::new();
    for patient in &cast.patients {
        accesses.push(detours::accesses(stage, patient).await?);
    }
    tables::books(&money, &flows, years, &accesses);
    Ok(())
}
