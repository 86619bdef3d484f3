//! Whole folders: every resource, encounter and claim of every document.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../node/tests/support/bundles.rs"]
mod bundles;
mod support;

use std::collections::BTreeSet;

use bundles::{foreign_bundles, own_bundles};
use support::{documents, parse};
use xinglin_fhir::{
    organizations, practitioners, Bundle, Charge, Dossier, EncounterClass, Form, Grouping, Limits,
    RecordKind, RecordOptions,
};

/// Type and text of every resource.
fn resources(bundle: &Bundle) -> BTreeSet<(String, String)> {
    let resource = |entry: &xinglin_fhir::Entry| {
        let url = entry.full_url().unwrap_or_default().to_owned();
        (url, entry.json().to_owned())
    };
    bundle.entries().iter().map(resource).collect()
}

fn check_charge(charge: &Charge) {
    assert!(!charge.lines.is_empty());
    let amounts = charge.lines.iter().map(|line| line.amount_fen().unwrap());
    assert_eq!(amounts.sum::<u64>(), charge.total_fen);
    let distinct: BTreeSet<_> = charge
        .lines
        .iter()
        .map(|line| (&line.system, &line.code, line.unit_price_fen))
        .collect();
    assert_eq!(distinct.len(), charge.lines.len());
}

/// Splits and merges one patient's document, and returns how many encounters and claims it had.
fn check_patient(name: &str, bundle: &Bundle, grouping: Grouping) -> (usize, usize) {
    let options = RecordOptions {
        grouping,
        ..RecordOptions::default()
    };
    let dossier =
        Dossier::split(bundle, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(dossier.patient.identity_number().is_ok(), "{name}");

    let in_records: usize = dossier.records().map(|record| record.resources).sum();
    assert_eq!(in_records, bundle.entries().len(), "{name}: once each");
    let merged = Bundle::merge(
        dossier.records().map(|record| record.document.as_slice()),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(resources(&merged), resources(bundle), "{name}");
    let again = parse(&merged.to_json(Form::Transaction)).unwrap();
    assert_eq!(resources(&again), resources(bundle), "{name}");

    for visit in &dossier.visits {
        assert!(visit.is_finished, "{name}");
        assert_ne!(visit.class, EncounterClass::Other, "{name}");
        assert!(visit.end_ms.unwrap() > visit.start_ms, "{name}");
        assert!(visit.type_text.is_some(), "{name}");
        assert_eq!(
            visit.patient.reference.as_deref(),
            Some(dossier.patient.reference())
        );
        assert!(
            !visit.practitioner.as_ref().unwrap().identifiers.is_empty(),
            "{name}"
        );
        assert!(
            !visit.organization.as_ref().unwrap().identifiers.is_empty(),
            "{name}"
        );
        assert!(
            !visit.charges.is_empty(),
            "{name}: every encounter is charged"
        );
        visit.charges.iter().for_each(check_charge);
    }
    assert!(dossier.other_charges.is_empty(), "{name}");
    let charges = dossier.visits.iter().map(|visit| visit.charges.len()).sum();
    assert_eq!(
        dossier.visits.len(),
        bundle.of_type("Encounter").count(),
        "{name}"
    );
    assert_eq!(charges, bundle.of_type("Claim").count(), "{name}");
    (dossier.visits.len(), charges)
}

/// Everything in a folder: patients, encounters, claims, organisations, practitioners.
fn check_folder(folder: std::path::PathBuf) -> [usize; 5] {
    let mut counts = [0; 5];
    for (name, document) in documents(folder) {
        let bundle = parse(&document).unwrap_or_else(|error| panic!("{name}: {error}"));
        if bundle.of_type("Patient").next().is_none() {
            counts[3] += organizations(&bundle).unwrap().len();
            counts[4] += practitioners(&bundle).unwrap().len();
            continue;
        }
        let (visits, charges) = check_patient(&name, &bundle, Grouping::Encounter);
        check_patient(&name, &bundle, Grouping::Kind);
        counts[0] += 1;
        counts[1] += visits;
        counts[2] += charges;
    }
    counts
}

#[test]
fn the_projects_own_folder_maps_completely() {
    assert_eq!(check_folder(own_bundles()), [2, 6, 9, 3, 3]);
}

#[test]
fn a_foreign_folder_maps_completely() {
    let Some(folder) = foreign_bundles() else {
        return;
    };
    let [patients, visits, charges, ..] = check_folder(folder);
    assert!(patients > 0 && visits > 0 && charges > 0);
}

#[test]
fn amounts_and_names_are_those_of_the_document() {
    let folder = own_bundles();
    let read = |name| parse(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let dossier = Dossier::split(&read("patient-001.json"), &RecordOptions::default()).unwrap();
    let classes: Vec<_> = dossier.visits.iter().map(|visit| visit.class).collect();
    assert_eq!(
        classes,
        [
            EncounterClass::Ambulatory,
            EncounterClass::Emergency,
            EncounterClass::Inpatient
        ]
    );
    let totals: Vec<Vec<u64>> = dossier
        .visits
        .iter()
        .map(|visit| {
            visit
                .charges
                .iter()
                .map(|charge| charge.total_fen)
                .collect()
        })
        .collect();
    assert_eq!(
        totals,
        [vec![26_450, 3_680], vec![17_000], vec![565_715, 8_940]]
    );

    // The rest of a pharmacy claim is what was prescribed, the rest of another one the visit.
    let line = |visit: usize, charge: usize, line: usize| {
        let line = &dossier.visits[visit].charges[charge].lines[line];
        (line.code.as_str(), line.unit_price_fen, line.quantity)
    };
    assert_eq!(line(0, 1, 0), ("D-AMLODIPINE", 3_680, 1));
    assert_eq!(line(1, 0, 0), ("emergency", 3_000, 1));
    // Equal items are one line; a fractional quantity is one unit at its price.
    assert_eq!(line(1, 0, 2), ("P-OXYGEN", 400, 5));
    assert_eq!(line(2, 0, 0), ("S-BED", 6_000, 4));
    assert_eq!(line(2, 0, 5), ("D-HEPARIN", 3_075, 1));

    // 22:41 on the second to 01:15 on the third, in China.
    let (first, last) = dossier.visits[1].service_dates();
    assert_eq!((first.0, last.0), (19_876, 19_877));
    assert_eq!(dossier.patient.name().unwrap().expose(), "Test-Patient-001");
    assert_eq!(
        dossier.patient.identity_number().unwrap().expose(),
        "TEST00195804120001"
    );
    assert_eq!(dossier.patient.birth_date().unwrap().expose(), "1958-04-12");
}

#[test]
fn kinds_can_be_shared_apart() {
    let folder = own_bundles();
    let bundle = parse(&std::fs::read(folder.join("patient-001.json")).unwrap()).unwrap();
    let options = RecordOptions {
        grouping: Grouping::Kind,
        ..RecordOptions::default()
    };
    let dossier = Dossier::split(&bundle, &options).unwrap();
    let kinds: Vec<_> = dossier.visits[0]
        .records
        .iter()
        .map(|record| record.kind)
        .collect();
    let expected = [
        RecordKind::Encounter,
        RecordKind::Diagnosis,
        RecordKind::Prescription,
        RecordKind::Report,
    ];
    assert_eq!(kinds, expected);
    let prescriptions = parse(&dossier.visits[0].records[2].document).unwrap();
    assert_eq!(
        prescriptions.of_type("MedicationRequest").count(),
        prescriptions.entries().len()
    );
}

#[test]
fn nothing_of_a_patient_is_printed() {
    let folder = own_bundles();
    let bundle = parse(&std::fs::read(folder.join("patient-001.json")).unwrap()).unwrap();
    let dossier = Dossier::split(&bundle, &RecordOptions::default()).unwrap();
    let visit = &dossier.visits[0];
    let printed = format!(
        "{bundle:?} {:?} {dossier:?} {:?} {:?} {:?} {:?} {:?}",
        bundle.entries(),
        visit.charges,
        visit.charges[0].lines,
        visit.patient,
        visit.practitioner.as_ref().unwrap().identifiers,
        organizations(&bundle).unwrap(),
    );
    assert!(printed.is_ascii(), "no Chinese text");
    for secret in [
        "Test-", "TEST", "1958", "urn:", "female", "I10", "CONSULT", "5000",
    ] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
