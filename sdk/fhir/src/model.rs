//! Views of the R4 resources that an import understands. Each names the elements in use and nothing
//! else; what is absent here is not looked at.

use std::fmt;

use serde::{
    de::{value::MapAccessDeserializer, MapAccess, Visitor},
    Deserialize, Deserializer,
};
use serde_json::value::RawValue;

use crate::secret::Secret;

/// Lets views be read from JSON objects only. What is derived would take an array for the elements in
/// the order in which a view happens to have them.
macro_rules! from_objects_only {
    ($($view:ident: $expected:literal,)*) => {$(
        impl<'de> Deserialize<'de> for $view {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;
                impl<'de> Visitor<'de> for Object {
                    type Value = $view;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$view, A::Error> {
                        // The function that is derived, under `remote`.
                        <$view>::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Object)
            }
        }
    )*};
}

from_objects_only! {
    Reference: "a Reference",
    Identifier: "an Identifier",
    Coding: "a Coding",
    CodeableConcept: "a CodeableConcept",
    Period: "a Period",
    Money: "a Money",
    Quantity: "a Quantity",
    Patient: "a Patient",
    HumanName: "a HumanName",
    Encounter: "an Encounter",
    Participant: "a participant",
    Practitioner: "a Practitioner",
    Organization: "an Organization",
    MedicationRequest: "a MedicationRequest",
    Claim: "a Claim",
    ClaimItem: "an item of a Claim",
}

/// A number as it is written. FHIR decimals are exact, so they are never read as floats.
pub(crate) type Number = Box<RawValue>;

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Reference {
    pub reference: Option<String>,
    pub identifier: Option<Identifier>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Identifier {
    pub r#type: Option<CodeableConcept>,
    pub system: Option<String>,
    pub value: Option<Secret>,
}

#[derive(Clone, Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Coding {
    pub system: Option<String>,
    pub code: Option<String>,
    pub display: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct CodeableConcept {
    #[serde(default)]
    pub coding: Vec<Coding>,
    pub text: Option<String>,
}

impl CodeableConcept {
    /// The text for people.
    pub fn words(&self) -> Option<&str> {
        let display = self
            .coding
            .iter()
            .find_map(|coding| coding.display.as_deref());
        self.text.as_deref().or(display)
    }

    /// Whether it has a code, in whatever system.
    pub fn has_code(&self, code: &str) -> bool {
        self.codes().any(|own| own == code)
    }

    /// Its codes.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.coding
            .iter()
            .filter_map(|coding| coding.code.as_deref())
    }
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Period {
    pub start: Option<String>,
    pub end: Option<String>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Money {
    pub value: Option<Number>,
    pub currency: Option<String>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Quantity {
    pub value: Option<Number>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct Patient {
    #[serde(default)]
    pub identifier: Vec<Identifier>,
    pub gender: Option<Secret>,
    pub birth_date: Option<Secret>,
    #[serde(default)]
    pub name: Vec<HumanName>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct HumanName {
    pub text: Option<Secret>,
    pub family: Option<Secret>,
    #[serde(default)]
    pub given: Vec<Secret>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct Encounter {
    pub status: String,
    pub class: Coding,
    #[serde(default)]
    pub r#type: Vec<CodeableConcept>,
    pub subject: Reference,
    #[serde(default)]
    pub participant: Vec<Participant>,
    pub period: Period,
    pub service_provider: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Participant {
    pub individual: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Practitioner {
    #[serde(default)]
    pub identifier: Vec<Identifier>,
    #[serde(default)]
    pub name: Vec<HumanName>,
}

#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Organization {
    #[serde(default)]
    pub identifier: Vec<Identifier>,
    pub name: Option<String>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct MedicationRequest {
    pub medication_codeable_concept: Option<CodeableConcept>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct Claim {
    pub status: String,
    pub r#use: String,
    pub r#type: CodeableConcept,
    pub prescription: Option<Reference>,
    #[serde(default)]
    pub item: Vec<ClaimItem>,
    pub total: Option<Money>,
}

/// An item of a claim, a detail of an item, or a detail of that: the elements in use are the same.
#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct ClaimItem {
    pub category: Option<CodeableConcept>,
    pub product_or_service: CodeableConcept,
    pub quantity: Option<Quantity>,
    pub unit_price: Option<Money>,
    pub factor: Option<Number>,
    pub net: Option<Money>,
    #[serde(default, alias = "subDetail")]
    pub detail: Vec<ClaimItem>,
}
