//! The clinic day: the encounters of FHIR bundles, from booking to settlement.
//!
//! Every encounter is booked with a grant, checked in, documented by an encrypted record, read by
//! those who may and refused to one who may not, referred to the clinic, invoiced from the bundle's
//! claims, and settled by the rules of insurance. Then comes what goes otherwise: see `detours`. At
//! the end the books must balance.

mod bills;
mod books;
mod cast;
mod detours;
mod encounters;
mod papers;
mod referral;
mod tables;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{ensure, Context, Result};
use futures::future::try_join_all;
use xinglin_fhir::{Bundle, Limits};

use self::{
    bills::Bill,
    books::{Money, Purses},
    cast::VISITS_MAX,
};
pub use self::{
    cast::{Actor, Cast, Patient},
    encounters::{Encounters, Played},
};
use super::{report, stage::Stage};

/// The project's own bundles.
const OWN_BUNDLES: [&str; 4] = [
    include_str!("../../../../../tests/data/fhir/hospitals.json"),
    include_str!("../../../../../tests/data/fhir/practitioners.json"),
    include_str!("../../../../../tests/data/fhir/patient-001.json"),
    include_str!("../../../../../tests/data/fhir/patient-002.json"),
];
/// Most bundles of a folder.
const BUNDLES_MAX: usize = 1_000;

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
    let bundles = bundles(folder)?;
    let cast = Cast::gather(stage, &bundles).await?;
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
/// afterwards, one is paid and taken back.
async fn settle(
    stage: &mut Stage,
    cast: &Cast,
    day: &mut Encounters,
) -> Result<Vec<detours::Detour>> {
    let mut bills: Vec<(usize, &mut Bill)> = day
        .played
        .iter_mut()
        .flat_map(|played| {
            let patient = played.patient;
            played.bills.iter_mut().map(move |bill| (patient, bill))
        })
        .collect();
    ensure!(
        bills.len() >= 3,
        "the bundles have {} claims in bookable encounters; the day takes three",
        bills.len()
    );
    let refunded = bills.pop().context("an invoice to take back")?;
    let claimed = bills.pop().context("an invoice to claim afterwards")?;
    let mut by_patient: Vec<Vec<&mut Bill>> = cast.patients.iter().map(|_| Vec::new()).collect();
    for (patient, bill) in bills {
        by_patient[patient].push(bill);
    }
    let settling = cast
        .patients
        .iter()
        .zip(&mut by_patient)
        .map(|(patient, bills)| {
            let client = stage.client(&patient.actor.wallet);
            bills::settle(client, patient, bills)
        });
    let settled = try_join_all(settling).await?;
    stage.keep(&settled.concat()).await?;
    let (owner, bill) = claimed;
    let claim = detours::claim_afterwards(stage, &cast.patients[owner], bill).await?;
    let (owner, bill) = refunded;
    let refund = detours::refund(stage, cast, &cast.patients[owner], bill).await?;
    let flagged = detours::flagged(stage, cast, &cast.patients[0]).await?;
    let read = day
        .played
        .iter()
        .find(|played| played.patient == 0)
        .map(|played| played.records.clone())
        .context("the first patient has an encounter")?;
    let emergency = detours::emergency(stage, cast, &cast.patients[0], &read).await?;
    Ok(vec![claim, refund, flagged, emergency])
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

/// Reads the bundles of a folder by name, or the project's own.
fn bundles(folder: Option<&Path>) -> Result<Vec<Bundle>> {
    let limits = Limits::default();
    let Some(folder) = folder else {
        return OWN_BUNDLES
            .iter()
            .map(|text| Ok(Bundle::parse(text.as_bytes(), &limits)?))
            .collect();
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("--fhir {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    ensure!(
        !files.is_empty() && files.len() <= BUNDLES_MAX,
        "--fhir {} holds {} files *.json, and must hold 1 to {BUNDLES_MAX}",
        folder.display(),
        files.len()
    );
    files
        .iter()
        .map(|path| {
            let file = fs::File::open(path).with_context(|| path.display().to_string())?;
            Bundle::read(file, &limits).with_context(|| path.display().to_string())
        })
        .collect()
}
