//! FHIR R4 (4.0.1) resources as the crate `fhir-r4` defines them, read from JSON.
//!
//! A crate of its own because a resource can contain every other one, so that whoever reads one
//! compiles the readers of all 146, which takes minutes. What uses them does not wait for it when it
//! changes.
//!
//! The types are for reading. They leave out elements that R4 does not define, so that a resource is
//! never written from them. Their `Debug` prints the patient: nothing here is to be printed.

mod shape;

use std::{collections::BTreeMap, io, thread};

pub use fhir_r4::{
    coded::Coded,
    codes,
    resources::{
        self, claim, encounter, medication_request::MedicationRequestMedication, Claim, Encounter,
        MedicationRequest, Organization, Patient, Practitioner, Resource,
    },
    types,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::shape::{Shape, VALUES_MAX};

/// Stack for what is nested deeply.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Why a text is not the resource.
#[derive(Debug)]
pub enum Fault {
    /// An element is not what R4 defines. The message can quote the text.
    Element(ElementFault),
    /// An array stands directly in an array.
    ArrayInArray,
    /// It has more values than this.
    TooManyValues(usize),
    /// It is nested deeply, and the system has no thread for it.
    NoThread(std::io::ErrorKind),
}

/// What can be read from JSON.
pub trait FromJson: Sized {
    /// Reads a resource. Elements that R4 does not define are passed over; where one of the contained
    /// resources is of a type that R4 does not define, all of these are.
    ///
    /// # Errors
    /// The text is not what R4 defines, or has too many values.
    fn from_json(text: &str) -> Result<Self, Fault>;
}

macro_rules! from_json {
    ($($resource:ident)*) => {
        $(
            impl FromJson for $resource {
                fn from_json(text: &str) -> Result<Self, Fault> {
                    read(text)
                }
            }
        )*

        /// Checks a resource of any type. Of the types that can be read one by one, the fault says which
        /// element is wrong, of others only that the resource is.
        ///
        /// What R4 does not define passes: other types of resources, wherever they stand. So do
        /// resources of the other types where primitive elements are only extended (`_element`): the
        /// types demand some of the values for which these extensions stand.
        ///
        /// # Errors
        /// The text is not what R4 defines of this type, or has too many values.
        pub fn check(resource_type: &str, text: &str) -> Result<(), Fault> {
            match resource_type {
                $(stringify!($resource) => $resource::from_json(text).map(drop),)*
                _ if !is_known(resource_type) => Ok(()),
                _ => match read::<Resource>(text) {
                    Err(Fault::Element(fault))
                        if !is_of_unknown_type(&fault) && !text.contains(r#""_"#) =>
                    {
                        Err(Fault::Element(fault))
                    }
                    Ok(_) | Err(Fault::Element(_)) => Ok(()),
                    Err(fault) => Err(fault),
                },
            }
        }
    };
}

from_json! { Claim Encounter MedicationRequest Organization Patient Practitioner }

/// Whether R4 defines the type.
fn is_known(resource_type: &str) -> bool {
    let empty = serde_json::json!({ "resourceType": resource_type }).to_string();
    !parse::<Resource>(&empty).is_err_and(|fault| is_of_unknown_type(&fault))
}

fn read<T: DeserializeOwned + Send>(text: &str) -> Result<T, Fault> {
    let shape = Shape::of(text);
    if shape.has_too_many_values() {
        return Err(Fault::TooManyValues(VALUES_MAX));
    }
    if shape.has_array_in_array {
        return Err(Fault::ArrayInArray);
    }
    if shape.is_shallow() {
        return parse_known(text).map_err(Fault::Element);
    }
    let read = thread::scope(|scope| {
        let deep = thread::Builder::new().stack_size(STACK_BYTES);
        let reader = deep.spawn_scoped(scope, || parse_known(text))?;
        reader
            .join()
            .map_err(|_| io::Error::from(io::ErrorKind::Other))
    });
    read.map_err(|error| Fault::NoThread(error.kind()))?
        .map_err(Fault::Element)
}

/// Parses what R4 defines of a text: a second time without the members of the resource that the types
/// do not take.
fn parse_known<T: DeserializeOwned>(text: &str) -> Result<T, ElementFault> {
    parse(text).or_else(|fault| {
        let is_strange = is_of_unknown_type(&fault);
        let is_kept = |name: &str| !name.starts_with('_') && (name != "contained" || !is_strange);
        match with_members(text, is_kept) {
            Some(rest) => parse(&rest),
            None => Err(fault),
        }
    })
}

/// A fault and the path of its element.
pub type ElementFault = serde_path_to_error::Error<serde_json::Error>;

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ElementFault> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
}

/// Only the type of a resource is a variant; codes that R4 does not list are kept.
fn is_of_unknown_type(fault: &ElementFault) -> bool {
    fault.inner().to_string().starts_with("unknown variant `")
}

/// The object with these of its members, or none if it has all of them anyway.
fn with_members(text: &str, is_kept: impl Fn(&str) -> bool) -> Option<Zeroizing<String>> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    if members.keys().all(|name| is_kept(name)) {
        return None;
    }
    let kept: BTreeMap<_, _> = members.iter().filter(|(name, _)| is_kept(name)).collect();
    serde_json::to_string(&kept).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

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
            let text = format!(
                r#"{{"resourceType":"Encounter","status":"finished","class":{{}},{members}}}"#
            );
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
}
