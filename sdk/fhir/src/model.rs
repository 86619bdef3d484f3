//! Views of the R4 resources that an import understands. Each names the elements in use and nothing
//! else; what is absent here is not looked at.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::secret::Secret;

/// A number as it is written. FHIR decimals are exact, so they are never read as floats.
pub(crate) type Number = Box<RawValue>;

#[derive(Deserialize)]
#[serde(expecting = "a Reference")]
pub(crate) struct Reference {
    pub reference: Option<String>,
    pub identifier: Option<Identifier>,
}

#[derive(Deserialize)]
#[serde(expecting = "an Identifier")]
pub(crate) struct Identifier {
    pub r#type: Option<CodeableConcept>,
    pub system: Option<String>,
    pub value: Option<Secret>,
}

#[derive(Clone, Deserialize)]
#[serde(expecting = "a Coding")]
pub(crate) struct Coding {
    pub system: Option<String>,
    pub code: Option<String>,
    pub display: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(expecting = "a CodeableConcept")]
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
#[serde(expecting = "a Period")]
pub(crate) struct Period {
    pub start: Option<String>,
    pub end: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a Money")]
pub(crate) struct Money {
    pub value: Option<Number>,
    pub currency: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a Quantity")]
pub(crate) struct Quantity {
    pub value: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a Patient")]
pub(crate) struct Patient {
    #[serde(default)]
    pub identifier: Vec<Identifier>,
    pub gender: Option<Secret>,
    pub birth_date: Option<Secret>,
    #[serde(default)]
    pub name: Vec<HumanName>,
}

#[derive(Deserialize)]
#[serde(expecting = "a HumanName")]
pub(crate) struct HumanName {
    pub text: Option<Secret>,
    pub family: Option<Secret>,
    #[serde(default)]
    pub given: Vec<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an Encounter")]
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
#[serde(expecting = "a participant")]
pub(crate) struct Participant {
    pub individual: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(expecting = "a Practitioner")]
pub(crate) struct Practitioner {
    #[serde(default)]
    pub identifier: Vec<Identifier>,
    #[serde(default)]
    pub name: Vec<HumanName>,
}

#[derive(Deserialize)]
#[serde(expecting = "an Organization")]
pub(crate) struct Organization {
    #[serde(default)]
    pub identifier: Vec<Identifier>,
    pub name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a MedicationRequest")]
pub(crate) struct MedicationRequest {
    pub medication_codeable_concept: Option<CodeableConcept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a Claim")]
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
#[serde(rename_all = "camelCase", expecting = "an item of a Claim")]
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
