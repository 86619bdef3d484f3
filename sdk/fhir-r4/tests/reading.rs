//! What is read, what passes, and what is refused. Outside the library, whose readers would be compiled
//! once more for tests within it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use xinglin_fhir_r4::{check, Claim, Encounter, Fault, FromJson, Patient, VALUES_MAX};

#[test]
fn decimals_stay_as_they_are_written() {
    let claim = |value: &str| {
        let text = format!(
            r#"{{"resourceType":"Claim","status":"active","type":{{}},"use":"claim","patient":{{}},
                "created":"2024-01-01","provider":{{}},"priority":{{}},
                "insurance":[{{"sequence":1,"focal":true,"coverage":{{}}}}],"total":{{"value":{value}}}}}"#
        );
        Claim::from_json(&text)
            .unwrap()
            .total
            .unwrap()
            .value
            .unwrap()
    };
    for value in ["1.50", "100000000000000000000000000000000000001.10", "-0"] {
        assert_eq!(claim(value).as_str(), value);
    }
}

#[test]
fn any_type_is_checked() {
    let bad = r#"{"resourceType":"Observation","status":"final","code":7}"#;
    assert!(check("Observation", bad).is_err());
    check("Observation", &bad.replace('7', "{}")).unwrap();
}

fn path(fault: Fault) -> String {
    match fault {
        Fault::Element(fault) => fault.path().to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn unknown_types_pass_wherever_they_are() {
    let unknown = r#"{"resourceType":"Wish","x":[[1]],"y":"\ud800"}"#;
    check("Wish", unknown).unwrap();
    let unknown = r#"{"resourceType":"Wish"}"#;
    let within = |outer: &str| {
        format!(r#"{{"resourceType":"{outer}","contained":[{unknown}],"gender":"female"}}"#)
    };
    check("Patient", &within("Patient")).unwrap();
    check("Person", &within("Person")).unwrap();
    let patient = Patient::from_json(&within("Patient")).unwrap();
    assert!(patient.contained.is_empty() && patient.gender.is_some());
    for outer in ["Patient", "Person"] {
        let bad = within(outer).replace(r#""female""#, "7");
        assert!(check(outer, &bad).is_err(), "{outer}");
    }
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{unknown}}}]}}"#
    );
    check("Bundle", &bundle).unwrap();
}

#[test]
fn primitives_may_be_extended_only() {
    let absent = r#"{"extension":[{"url":"u","valueCode":"unknown"}]}"#;
    let patient =
        format!(r#"{{"resourceType":"Patient","_deceasedDateTime":{absent},"gender":"male"}}"#);
    assert!(Patient::from_json(&patient).unwrap().gender.is_some());
    let observation = format!(
        r#"{{"resourceType":"Observation","_status":{absent},"code":{{}},"_valueString":{absent}}}"#
    );
    check("Observation", &observation).unwrap();
}

#[test]
fn an_array_is_not_taken_for_an_object() {
    for members in [
        r#""period":[null,[],"2024-01-01",null,"2024-01-02",null]"#,
        r#""subject":[]"#,
        r#""subject":["a"]"#,
        r#""type":[[null,[],[],"x",null]]"#,
        r#""contained":[["Patient",{}]]"#,
    ] {
        let text =
            format!(r#"{{"resourceType":"Encounter","status":"finished","class":{{}},{members}}}"#);
        assert!(Encounter::from_json(&text).is_err(), "{members}");
        let other = text
            .replace("Encounter", "EpisodeOfCare")
            .replace("subject", "patient");
        assert!(check("EpisodeOfCare", &other).is_err(), "{members}");
    }
}

#[test]
fn many_values_are_refused_before_they_take_memory() {
    let names = vec!["{}"; VALUES_MAX].join(",");
    let text = format!(r#"{{"resourceType":"Patient","contact":[{names}]}}"#);
    assert!(matches!(
        Patient::from_json(&text),
        Err(Fault::TooManyValues(VALUES_MAX))
    ));
    let few = text.replacen(&"{},".repeat(VALUES_MAX / 2 + 2), "", 1);
    assert!(Patient::from_json(&few).is_ok());
}

/// On a stack as small as that of a test, or of a worker.
#[test]
fn deep_resources_need_no_stack_of_the_caller() {
    let mut text = r#"{"resourceType":"Basic","code":{}}"#.to_owned();
    for depth in 0..60 {
        let kind = ["Claim", "Task", "ExplanationOfBenefit"][depth % 3];
        text = format!(r#"{{"resourceType":"{kind}","contained":[{text}]}}"#);
    }
    let text = format!(r#"{{"resourceType":"Patient","contained":[{text}]}}"#);
    let small = thread::Builder::new().stack_size(512 * 1024);
    let read = small.spawn(move || Patient::from_json(&text).is_err());
    assert!(read.unwrap().join().unwrap(), "a Task lacks its status");
    let mut extension = r#"{"url":"u","valueBoolean":true}"#.to_owned();
    for _ in 0..55 {
        extension = format!(r#"{{"url":"u","extension":[{extension}]}}"#);
    }
    let text = format!(r#"{{"resourceType":"Patient","extension":[{extension}]}}"#);
    Patient::from_json(&text).unwrap();
}

#[test]
fn a_fault_names_its_element() {
    let text = r#"{"resourceType":"Claim","status":"active","type":{"coding":[{"code":7}]}}"#;
    let fault = Claim::from_json(text).unwrap_err();
    assert_eq!(path(fault), "type.coding[0].code");
}
