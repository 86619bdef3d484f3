//! Splitting and merging, whatever the resources.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use proptest::prelude::*;
use support::{bundle_of, parse, visit_of_one};
use xinglin_fhir::{Bundle, Dossier, EncounterClass, Form, Limits, RecordOptions};

/// Texts that JSON allows and that must come out as they went in.
const ODD_VALUES: &[&str] = &[
    "1.50",
    "1E400",
    "-0.0",
    "100000000000000000000000000000000000001",
    "\"\\u4e2d\\/文\"",
    "{\"b\":1,\"a\":2,\"b\":3}",
    "[ 1 ,\t2 ]",
    "null",
    "\"\u{1F600}\"",
];

fn texts(bundle: &Bundle) -> Vec<String> {
    let mut texts: Vec<String> = bundle
        .entries()
        .iter()
        .map(|entry| entry.json().to_owned())
        .collect();
    texts.sort();
    texts
}

#[test]
fn unknown_things_survive_byte_for_byte() {
    let mut resources = visit_of_one();
    for (index, value) in ODD_VALUES.iter().enumerate() {
        resources.push(format!(
            r#"{{"resourceType":"NobodyKnowsThis","id":"u{index}","未知":{value},"encounter":{{"reference":"Encounter/1"}} }}"#
        ));
    }
    let within = r#"{"resourceType":"Observation","id":"c","status":"final","code":{},
        "contained":[{"resourceType":"NobodyKnowsThis","value":1.50}]}"#;
    resources.push(within.into());
    let bundle = parse(&bundle_of(&resources)).unwrap();
    let dossier = Dossier::split(&bundle, &RecordOptions::default()).unwrap();
    assert_eq!(dossier.visits[0].records[0].resources, 1 + ODD_VALUES.len());
    let documents = dossier.records().map(|record| record.document.as_slice());
    let merged = Bundle::merge(documents, &Limits::default()).unwrap();
    let mut expected = resources.clone();
    expected.sort();
    assert_eq!(texts(&merged), expected);
    let urls = |bundle: &Bundle| -> Vec<String> {
        bundle
            .entries()
            .iter()
            .filter_map(|entry| entry.full_url().map(str::to_owned))
            .collect()
    };
    assert_eq!(urls(&merged).len(), resources.len());
}

#[test]
fn every_way_to_name_an_encounter_is_followed() {
    let mut resources = visit_of_one();
    for (id, link) in [
        ("a", r#""encounter":{"reference":"urn:uuid:1"}"#),
        ("b", r#""encounter":{"reference":"Encounter/1/_history/3"}"#),
        ("c", r#""context":{"reference":"Encounter/1"}"#),
        (
            "d",
            r#""context":{"encounter":[{"reference":"Encounter/1"}]}"#,
        ),
        (
            "e",
            r#""item":[{},{"encounter":[{"display":"x"},{"reference":"Encounter/1"}]}]"#,
        ),
    ] {
        resources.push(format!(
            r#"{{"resourceType":"Basic","id":"{id}","code":{{}},{link}}}"#
        ));
    }
    let elsewhere = [
        r#""encounter":{"reference":"Encounter/9"}"#,
        r#""encounter":{"reference":"Patient/0"}"#,
        r#""encounter":"Encounter/1""#,
        r#""encounter":7,"context":[],"item":{"encounter":1}"#,
    ];
    for (index, link) in elsewhere.iter().enumerate() {
        resources.push(format!(
            r#"{{"resourceType":"Basic","id":"p{index}","code":{{}},{link}}}"#
        ));
    }
    let bundle = parse(&bundle_of(&resources)).unwrap();
    let dossier = Dossier::split(&bundle, &RecordOptions::default()).unwrap();
    assert_eq!(dossier.visits[0].records[0].resources, 6);
    assert_eq!(dossier.profile[0].resources, 1 + elsewhere.len());
}

#[test]
fn entries_without_urls_refer_by_type_and_id() {
    let document = r#"{"resourceType":"Bundle","entry":[
        {"resource":{"resourceType":"Organization","id":"h","identifier":[{"system":"s","value":"v"}]}},
        {"resource":{"resourceType":"Patient","id":"p"}},
        {"resource":{"resourceType":"Encounter","id":"e","status":"in-progress","class":{"code":"IMP"},
          "subject":{"reference":"Patient/p"},"serviceProvider":{"reference":"Organization/h"},
          "participant":[{},{"individual":{"identifier":{"value":"licence-7"}}}],
          "period":{"start":"2024-05-01"}}}]}"#;
    let dossier = support::split(document.as_bytes()).unwrap();
    let visit = &dossier.visits[0];
    assert_eq!(visit.reference, "Encounter/e");
    assert_eq!(visit.class, EncounterClass::Inpatient);
    assert!(visit.class.is_inpatient() && !visit.is_finished);
    assert_eq!(visit.end_ms, None);
    assert_eq!(
        visit.organization.as_ref().unwrap().identifiers[0].value,
        "v"
    );
    assert_eq!(
        visit.practitioner.as_ref().unwrap().identifiers[0].value,
        "licence-7"
    );
    // The whole of the first of May in China begins on the thirtieth of April in UTC.
    assert_eq!(visit.start_ms, 1_714_492_800_000);
}

#[test]
fn a_written_bundle_is_valid_in_both_forms() {
    let bundle = parse(&bundle_of(&visit_of_one())).unwrap();
    for (form, kind, has_request) in [
        (Form::Collection, "collection", false),
        (Form::Transaction, "transaction", true),
    ] {
        let written: serde_json::Value = serde_json::from_slice(&bundle.to_json(form)).unwrap();
        assert_eq!(written["type"], kind);
        assert_eq!(
            written["entry"][1]["request"]["url"] == "Encounter",
            has_request
        );
        assert_eq!(
            texts(&parse(&bundle.to_json(form)).unwrap()),
            texts(&bundle)
        );
    }
}

/// Resources of an encounter that hardly compress, of these sizes.
fn noisy(sizes: &[usize]) -> Vec<String> {
    let mut resources = visit_of_one();
    let mut state = 7_u64;
    for (index, size) in sizes.iter().enumerate() {
        let noise: String = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{:08x}", state >> 32)
        })
        .take(size / 8)
        .collect();
        resources.push(format!(
            r#"{{"resourceType":"Basic","id":"n{index}","code":{{}},"encounter":{{"reference":"Encounter/1"}},"x":"{noise}"}}"#
        ));
    }
    resources
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_are_small_enough_and_hold_everything_once(sizes in proptest::collection::vec(0_usize..3_000, 0..40)) {
        let resources = noisy(&sizes);
        let bundle = parse(&bundle_of(&resources)).unwrap();
        let options = RecordOptions { packed_bytes_max: 4_096, ..RecordOptions::default() };
        let dossier = Dossier::split(&bundle, &options).unwrap();
        let mut count = 0;
        for record in dossier.records() {
            let packed = zstd::bulk::compress(&record.document, 3).unwrap();
            prop_assert!(packed.len() <= options.packed_bytes_max);
            prop_assert!((1..=record.parts).contains(&record.part));
            prop_assert!(record.resources > 0);
            count += record.resources;
        }
        prop_assert_eq!(count, resources.len());
        let documents: Vec<&[u8]> = dossier.records().map(|record| record.document.as_slice()).collect();
        let merged = Bundle::merge(&documents, &Limits::default()).unwrap();
        prop_assert_eq!(texts(&merged), texts(&bundle));
        let again = Dossier::split(&bundle, &options).unwrap();
        let same: Vec<&[u8]> = again.records().map(|record| record.document.as_slice()).collect();
        prop_assert_eq!(documents, same);
    }
}
