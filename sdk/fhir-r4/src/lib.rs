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

use crate::shape::Shape;
pub use crate::shape::VALUES_MAX;

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
