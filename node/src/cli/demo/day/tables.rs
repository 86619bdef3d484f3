//! What the day prints.

use std::collections::BTreeMap;

use xinglin_fhir::EncounterClass;
use xinglin_primitives::Balance;

use super::{
    bills::Unbilled,
    books::{Flow, Money},
    cast::{Cast, OtherHospital, VISITS_MAX},
    detours::{yuan, Detour},
    encounters::Played,
    papers::Papers,
    referral::Referred,
};
use crate::cli::output::table;

/// Who comes today.
pub fn patients(cast: &Cast) {
    let mut listing = table();
    listing.set_header(["", "id", "encounters", "claims", "resources", "address"]);
    for patient in &cast.patients {
        let dossier = &patient.dossier;
        let claims: usize = dossier.visits.iter().map(|visit| visit.charges.len()).sum();
        let resources: usize = dossier.records().map(|part| part.resources).sum();
        listing.add_row([
            patient.actor.name.clone(),
            patient.id.to_string(),
            dossier.visits.len().to_string(),
            claims.to_string(),
            resources.to_string(),
            patient.actor.wallet.key().address(),
        ]);
    }
    println!("{listing}");
}

/// What of the bundles is in the records, but not in the day.
pub fn only_recorded(unbooked: usize, unbilled: &BTreeMap<Unbilled, usize>) {
    if unbooked > 0 {
        println!(
            "{unbooked} encounters are recorded and billed without a booking: a patient may have {VISITS_MAX} appointments that are not past, and her latest encounters take them."
        );
    }
    if !unbilled.is_empty() {
        let reasons = unbilled.iter();
        let reasons: Vec<String> = reasons
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        println!(
            "{} claims are in the records only, without an invoice: {}.",
            unbilled.values().sum::<usize>(),
            reasons.join(", ")
        );
    }
}

/// The encounters, one row each.
pub fn encounters(cast: &Cast, played: &[Played]) {
    let mut listing = table();
    listing.set_header([
        "patient",
        "date",
        "class",
        "appointment",
        "read before",
        "records",
        "invoices",
        "total",
        "fund",
        "account",
        "cash",
    ]);
    let mut sums: [Balance; 4] = [0; 4];
    for one in played {
        let total: Balance = one.bills.iter().map(|bill| bill.total_fen).sum();
        let splits = one.bills.iter().filter_map(|bill| bill.split.as_ref());
        let (fund, account, cash) = splits.fold((0, 0, 0), |(fund, account, cash), split| {
            (
                fund + split.fund_fen(),
                account + split.account_fen,
                cash + split.cash_fen,
            )
        });
        let amounts = [total, fund, account, cash];
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum += amount;
        }
        let mut row = vec![
            cast.patients[one.patient].actor.name.clone(),
            one.date.map_or("–".into(), |date| date.to_string()),
            class(one.class).to_owned(),
            one.appointment.to_string(),
            one.read_before.to_string(),
            one.records.len().to_string(),
            one.bills.len().to_string(),
        ];
        row.extend(amounts.map(yuan));
        listing.add_row(row);
    }
    let mut last = vec!["all".to_owned()];
    last.resize(7, String::new());
    last.extend(sums.map(yuan));
    listing.add_row(last);
    println!("{listing}");
    println!(
        "{} encounters, {} records, {} invoices.",
        played.len(),
        played.iter().map(|one| one.records.len()).sum::<usize>(),
        played.iter().map(|one| one.bills.len()).sum::<usize>()
    );
    flagged(played);
}

/// The invoices that the insurer looked at before they were settled.
fn flagged(played: &[Played]) {
    let bills = played.iter().flat_map(|one| &one.bills);
    let flagged = bills.filter(|bill| !bill.flags.is_empty());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for flag in flagged.clone().flat_map(|bill| &bill.flags) {
        *counts.entry(format!("{flag:?}")).or_default() += 1;
    }
    if !counts.is_empty() {
        let reasons = counts.iter();
        let reasons: Vec<String> = reasons
            .map(|(flag, count)| format!("{count} {flag}"))
            .collect();
        println!(
            "{} invoices were flagged ({}); the insurer approved them.",
            flagged.count(),
            reasons.join(", ")
        );
    }
}

/// What became of the records that were referred.
pub fn referral(hospital: &OtherHospital, referred: &Referred) {
    println!(
        "Referred to {} ({:?}): {} records granted by the patients, {} read by its doctor, {} refused once the grants were taken back.",
        hospital.name, hospital.kind, referred.granted, referred.read, referred.refused
    );
}

/// What went otherwise.
pub fn detours(detours: &[Detour]) {
    let mut listing = table();
    listing.set_header(["", "what happened"]);
    for detour in detours {
        listing.add_row([detour.what.to_owned(), detour.steps.join("\n")]);
    }
    println!("{listing}");
}

/// That every invoice has its paper.
pub fn papers(papers: &Papers) {
    println!(
        "{} e-invoices and {} red-letter invoices, as JSON and PDF, are what the chain says. {} with another total are refused.",
        papers.blue, papers.red, papers.forged_refused
    );
}

/// That the books balance, and who read.
pub fn books(money: &Money, flows: &[Flow], years: usize, accesses: &[(usize, usize)]) {
    println!(
        "{} were issued, and {} accounts have {}.",
        yuan(money.issued_fen),
        money.accounts,
        yuan(money.held_fen)
    );
    let mut listing = table();
    listing.set_header(["", "had", "got", "paid", "has"]);
    for flow in flows {
        let amounts = [flow.before_fen, flow.in_fen, flow.out_fen, flow.after_fen];
        let mut row = vec![flow.name.clone()];
        row.extend(amounts.map(yuan));
        listing.add_row(row);
    }
    println!("{listing}");
    println!("What each has is what it had, and what invoices and settlements moved.");
    println!("In {years} years of coverage the accumulators are the sums of the settlements.");
    let mut listing = table();
    listing.set_header(["", "readings in the access log", "refused"]);
    for (place, (read, refused)) in accesses.iter().enumerate() {
        listing.add_row([
            format!("patient {}", place + 1),
            read.to_string(),
            refused.to_string(),
        ]);
    }
    println!("{listing}");
}

fn class(class: EncounterClass) -> &'static str {
    match class {
        EncounterClass::Ambulatory => "outpatient",
        EncounterClass::Emergency => "emergency",
        EncounterClass::Inpatient => "inpatient",
        EncounterClass::Observation => "observation",
        EncounterClass::Home => "home",
        EncounterClass::Virtual => "remote",
        EncounterClass::Other => "other",
    }
}
