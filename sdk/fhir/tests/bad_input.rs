//! Documents that are refused, each with a reason, a place and a remedy.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use proptest::prelude::*;
use support::{bundle_of, parse, split, visit_of_one};
use xinglin_fhir::{AmountFault, Bundle, FhirError, Limits};

/// A text that no error may quote.
const SECRET: &str = "Zhang-Secret-9";

fn refusal(document: &[u8]) -> FhirError {
    let error = match split(document) {
        Ok(_) => panic!("the document is accepted"),
        Err(error) => error,
    };
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(!shown.contains("Secret"), "quotes the document: {shown}");
    }
    error
}

/// The patient and the encounter with a claim of these elements.
fn with_claim(elements: &str) -> Vec<u8> {
    let mut resources = visit_of_one();
    resources.push(format!(
        r#"{{"resourceType":"Claim","id":"2","status":"active","use":"claim","type":{{}},
            "patient":{{"reference":"urn:uuid:0"}},"created":"2024-01-01","provider":{{}},"priority":{{}},
            "insurance":[{{"sequence":1,"focal":true,"coverage":{{}}}}],{elements}}}"#
    ));
    bundle_of(&resources)
}

fn item(elements: &str) -> String {
    format!(
        r#""item":[{{"sequence":1,"productOrService":{{"text":"{SECRET}"}},"encounter":[{{"reference":"Encounter/1"}}],{elements}}}]"#
    )
}

fn amount_fault(elements: &str) -> (String, AmountFault) {
    match refusal(&with_claim(&item(elements))) {
        FhirError::Amount { path, fault } => (path, fault),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_json_says_where() {
    for (text, line, column) in [
        ("", 1, 0),
        ("{", 1, 1),
        ("[1,\n 2,,]", 2, 4),
        ("nonsense", 1, 2),
    ] {
        assert_eq!(
            parse(text.as_bytes()).unwrap_err(),
            FhirError::NotJson { line, column },
            "{text}"
        );
    }
    let trailing = FhirError::NotJson { line: 1, column: 4 };
    assert_eq!(refusal(b"{} {}"), trailing);
    assert_eq!(
        refusal(b"{\"a\":\"\xff\"}"),
        FhirError::NotUtf8 { offset: 6 }
    );
    let mut cut = bundle_of(&visit_of_one());
    cut.truncate(cut.len() - 2);
    assert!(matches!(refusal(&cut), FhirError::NotJson { .. }));
}

#[test]
fn what_is_no_bundle_is_named() {
    for text in ["1", "null", "[]", r#"["Bundle",[]]"#, "\"Zhang-Secret-9\""] {
        let expected = FhirError::Invalid {
            path: "$".into(),
            expected: "a JSON object".into(),
        };
        assert_eq!(refusal(text.as_bytes()), expected, "{text}");
    }
    let missing = FhirError::Missing {
        path: "$".into(),
        element: "resourceType".into(),
    };
    assert_eq!(refusal(b"{}"), missing);
    let wrong = FhirError::WrongResource {
        path: "$".into(),
        expected: "Bundle",
    };
    assert_eq!(refusal(br#"{"resourceType":"Patient"}"#), wrong);
    assert_eq!(
        refusal(br#"{"resourceType":"Bundle"}"#),
        FhirError::Patients { found: 0 }
    );
}

#[test]
fn entries_are_named_by_position() {
    let error = refusal(
        br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}},{}]}"#,
    );
    let expected = FhirError::Missing {
        path: "$.entry[1]".into(),
        element: "resource".into(),
    };
    assert_eq!(error, expected);
    for resource in [
        r#"{"resourceType":"Zhang-Secret-9"}"#,
        r#"{"resourceType":"Zhang-Secret-9","id":1}"#,
    ] {
        let error = refusal(&bundle_of(&[resource.to_owned()]));
        assert!(
            error.to_string().starts_with("$.entry[0].resource"),
            "{error}"
        );
    }
    let twice = [
        r#"{"resourceType":"Patient","id":"a"}"#.to_owned(),
        r#"{"resourceType":"Patient","id":"a"}"#.to_owned(),
    ];
    let expected = FhirError::Repeated {
        path: "$.entry[1].resource".into(),
        first: 0,
    };
    assert_eq!(refusal(&bundle_of(&twice)), expected);
}

#[test]
fn limits_hold() {
    let limits = Limits {
        bytes_max: 100,
        depth_max: 4,
        entries_max: 1,
    };
    let long = [b' '; 101];
    assert_eq!(
        Bundle::parse(&long, &limits).unwrap_err(),
        FhirError::TooLong { limit: 100 }
    );
    let endless = std::io::repeat(b'[');
    assert_eq!(
        Bundle::read(endless, &limits).unwrap_err(),
        FhirError::TooLong { limit: 100 }
    );
    let deep = br#"{"entry":[{"resource":{"a":{}}}]}"#;
    let expected = FhirError::TooDeep {
        path: "$.entry[0].resource.*".into(),
        limit: 4,
    };
    assert_eq!(Bundle::parse(deep, &limits).unwrap_err(), expected);
    let many = br#"{"resourceType":"Bundle","entry":[{},{}]}"#;
    let expected = FhirError::TooManyEntries { found: 2, limit: 1 };
    assert_eq!(Bundle::parse(many, &limits).unwrap_err(), expected);
}

#[test]
fn deep_and_large_documents_neither_crash_nor_pass() {
    for bracket in ["[", r#"{"a":"#] {
        let nested = bracket.repeat(10_000);
        assert!(matches!(
            refusal(nested.as_bytes()),
            FhirError::TooDeep { limit: 64, .. }
        ));
        let within = bundle_of(&[format!(r#"{{"resourceType":"Patient","x":{nested}1"#)]);
        assert!(matches!(refusal(&within), FhirError::TooDeep { .. }));
    }
    // 20 MiB of random digits in one resource: read, but too large for a record.
    let mut state = 1_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'0' + u8::try_from((state >> 33) % 10).unwrap())
    })
    .take(20 * 1024 * 1024)
    .collect();
    let patient = format!(r#"{{"resourceType":"Patient","id":"0","name":[{{"text":"{noise}"}}]}}"#);
    let error = refusal(&bundle_of(&[patient]));
    assert!(
        matches!(&error, FhirError::ResourceTooLarge { path, .. } if path == "$.entry[0].resource")
    );
    // 20 MiB that is no bundle at all.
    assert!(matches!(
        refusal(noise.as_bytes()),
        FhirError::Invalid { .. } | FhirError::NotJson { .. }
    ));
}

#[test]
fn elements_of_the_wrong_type_are_named_without_their_value() {
    let cases = [
        (
            0,
            r#"{"resourceType":"Patient","gender":"Zhang-Secret-9"}"#,
            "$.entry[0].resource.gender",
        ),
        (
            0,
            r#"{"resourceType":"Patient","birthDate":"Zhang-Secret-9"}"#,
            "$.entry[0].resource.birthDate",
        ),
        (
            1,
            r#"{"resourceType":"Encounter","status":"finished","class":["x","AMB",null]}"#,
            "$.entry[1].resource.class[1]",
        ),
        (
            1,
            r#"{"resourceType":"Encounter","status":"finished","class":[null,[],"x",null]}"#,
            "$.entry[1].resource",
        ),
        (
            0,
            r#"{"Zhang-Secret-9":"\ud800","resourceType":"Patient"}"#,
            "$.entry[0].resource",
        ),
        (
            1,
            r#"{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":[]}"#,
            "$.entry[1].resource.subject",
        ),
        (
            1,
            r#"{"resourceType":"Observation","status":"final","code":{},"valueQuantity":"Zhang-Secret-9"}"#,
            "$.entry[1].resource",
        ),
        (
            0,
            r#"{"resourceType":"Patient","contained":[{"resourceType":"Basic","code":"Zhang-Secret-9"}]}"#,
            "$.entry[0].resource.contained[0]",
        ),
        (
            0,
            r#"{"resourceType":"Patient","birthDate":7}"#,
            "$.entry[0].resource.birthDate",
        ),
        (
            0,
            r#"{"resourceType":"Patient","name":"Zhang-Secret-9, expected Zhang"}"#,
            "$.entry[0].resource.name",
        ),
        (
            0,
            r#"{"resourceType":"Patient","identifier":[{"value":{"Zhang-Secret-9":1}}]}"#,
            "$.entry[0].resource.identifier[0].value",
        ),
        (
            1,
            r#"{"resourceType":"Encounter","status":["Zhang-Secret-9"]}"#,
            "$.entry[1].resource.status",
        ),
        (
            1,
            r#"{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{},"period":{"start":"Zhang-Secret-9"}}"#,
            "$.entry[1].resource.period.start",
        ),
        (
            1,
            r#"{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{},"period":{"start":"2024-01-02","end":"2024-01-01"}}"#,
            "$.entry[1].resource.period.end",
        ),
    ];
    for (index, resource, place) in cases {
        let mut resources = visit_of_one();
        resources[index] = resource.replacen('{', &format!(r#"{{"id":"{index}","#), 1);
        match refusal(&bundle_of(&resources)) {
            FhirError::Invalid { path, .. } => assert_eq!(path, place),
            other => panic!("{place}: {other:?}"),
        }
    }
    let lacking = [
        (r#"{"resourceType":"Encounter"}"#, "status"),
        (
            r#"{"resourceType":"Encounter","status":"finished"}"#,
            "class",
        ),
        (
            r#"{"resourceType":"Encounter","status":"finished","class":{},"subject":{},"period":{}}"#,
            "code",
        ),
        (
            r#"{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{},"period":{}}"#,
            "start",
        ),
    ];
    for (resource, lacks) in lacking {
        let mut resources = visit_of_one();
        resources[1] = resource.replacen('{', r#"{"id":"1","#, 1);
        match refusal(&bundle_of(&resources)) {
            FhirError::Missing { element, .. } => assert_eq!(element, lacks),
            other => panic!("{lacks}: {other:?}"),
        }
    }
}

#[test]
fn an_encounter_of_somebody_else_is_refused() {
    for subject in ["urn:uuid:9", "Encounter/1"] {
        let mut resources = visit_of_one();
        resources[1] = resources[1].replace("urn:uuid:0", subject);
        let expected = FhirError::Dangling {
            path: "$.entry[1].resource.subject".into(),
            expected: "Patient",
        };
        assert_eq!(refusal(&bundle_of(&resources)), expected);
    }
}

#[test]
fn a_patient_without_an_identity_number_says_so() {
    let dossier = split(&bundle_of(&visit_of_one())).unwrap();
    assert!(matches!(
        dossier.patient.identity_number(),
        Err(FhirError::NoIdentityNumber { .. })
    ));
}

#[test]
fn amounts_that_cannot_be_charged_are_refused() {
    let place = "$.entry[2].resource.item[0].net.value";
    for (value, fault) in [
        ("-5", AmountFault::Negative),
        ("0", AmountFault::Zero),
        ("0.001", AmountFault::SubFen),
        ("1e30", AmountFault::TooLarge),
        ("1234567890123456789", AmountFault::NotDecimal),
    ] {
        let net = format!(r#""net":{{"value":{value}}}"#);
        assert_eq!(amount_fault(&net), (place.into(), fault), "{value}");
    }
    let text = with_claim(&item(r#""net":{"value":"5"}"#));
    let expected = FhirError::Invalid {
        path: place.into(),
        expected: "a JSON number".into(),
    };
    assert_eq!(refusal(&text), expected);
    let detail = |value: &str| {
        format!(
            r#""detail":[{{"sequence":1,"productOrService":{{}},"subDetail":[{{"sequence":1,"productOrService":{{"text":"x"}},"net":{{"value":{value}}}}}]}}]"#
        )
    };
    let place = "$.entry[2].resource.item[0].detail[0].subDetail[0].net.value";
    let fault = (place.to_owned(), AmountFault::Negative);
    assert_eq!(amount_fault(&detail("-5")), fault);
    let charged = split(&with_claim(&item(&detail("5")))).unwrap();
    assert_eq!(charged.visits[0].charges[0].lines[0].name, "x");
    assert_eq!(charged.visits[0].charges[0].total_fen, 500);
    let quantity = |value: &str| {
        amount_fault(&format!(
            r#""quantity":{{"value":{value}}},"unitPrice":{{"value":99999999999999}}"#
        ))
        .1
    };
    assert_eq!(quantity("0"), AmountFault::Zero);
    assert_eq!(quantity("-1"), AmountFault::Negative);
    assert_eq!(quantity("4294967295"), AmountFault::TooLarge);
    assert_eq!(quantity("4294967296000000"), AmountFault::TooLarge);
    let zero_total = with_claim(r#""total":{"value":0}"#);
    // The claim has no item with an encounter, so it is charged apart; it is checked all the same.
    assert!(matches!(
        refusal(&zero_total),
        FhirError::Amount {
            fault: AmountFault::Zero,
            ..
        }
    ));
}

#[test]
fn claims_that_do_not_add_up_are_refused() {
    let below = with_claim(&format!(
        r#"{},"total":{{"value":4.99}}"#,
        item(r#""net":{"value":5}"#)
    ));
    let expected = FhirError::TotalBelowItems {
        path: "$.entry[2].resource".into(),
        items_fen: 500,
        total_fen: 499,
    };
    assert_eq!(refusal(&below), expected);
    assert!(matches!(
        refusal(&with_claim(r#""item":[]"#)),
        FhirError::NothingCharged { .. }
    ));
    let yen = with_claim(&item(r#""net":{"value":5,"currency":"JPY"}"#));
    assert!(matches!(refusal(&yen), FhirError::Currency { .. }));
    let mixed = with_claim(&format!(
        r#"{},"total":{{"value":5,"currency":"USD"}}"#,
        item(r#""net":{"value":5,"currency":"CNY"}"#)
    ));
    assert!(matches!(refusal(&mixed), FhirError::Currency { .. }));
    let two_multipliers = item(r#""quantity":{"value":2},"factor":0.5,"unitPrice":{"value":5}"#);
    assert!(
        matches!(refusal(&with_claim(&two_multipliers)), FhirError::Missing { element, .. } if element == "net")
    );
    let nameless = r#""item":[{"sequence":1,"productOrService":{},"net":{"value":5}}]"#;
    assert!(matches!(
        refusal(&with_claim(nameless)),
        FhirError::Missing { .. }
    ));
}

#[test]
fn claims_that_charge_nothing_by_their_nature_are_only_records() {
    for (status, r#use) in [
        ("cancelled", "claim"),
        ("draft", "claim"),
        ("active", "preauthorization"),
    ] {
        let document = String::from_utf8(with_claim(&item(r#""net":{"value":5}"#))).unwrap();
        let document = document.replace(
            r#""status":"active","use":"claim""#,
            &format!(r#""status":"{status}","use":"{}""#, r#use),
        );
        let dossier = split(document.as_bytes()).unwrap();
        assert!(dossier.visits[0].charges.is_empty());
        assert_eq!(dossier.visits[0].records[0].resources, 2);
    }
}

#[test]
fn documents_that_contradict_each_other_do_not_merge() {
    let one = bundle_of(&[r#"{"resourceType":"Patient","id":"0"}"#.into()]);
    let other = bundle_of(&[r#"{"resourceType":"Patient","id":"0","active":true}"#.into()]);
    let limits = Limits::default();
    assert_eq!(
        Bundle::merge([&one, &one], &limits)
            .unwrap()
            .entries()
            .len(),
        1
    );
    assert!(matches!(
        Bundle::merge([&one, &other], &limits),
        Err(FhirError::Contradiction { .. })
    ));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _outcome = split(&bytes);
    }

    #[test]
    fn no_damage_to_a_document_panics_or_is_quoted(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut document = with_claim(&item(r#""quantity":{"value":3},"unitPrice":{"value":5.00}"#));
        let at = at.index(document.len());
        document[at] = byte;
        if cut {
            document.truncate(at);
        }
        if let Err(error) = split(&document) {
            prop_assert!(!error.to_string().contains("Secret"));
        }
    }
}
