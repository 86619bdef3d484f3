//! What a CodeableConcept says.

use xinglin_fhir_r4::types::CodeableConcept;

/// The text for people.
pub(crate) fn words(concept: &CodeableConcept) -> Option<&str> {
    let displays = concept.coding.iter().map(|coding| coding.display.as_ref());
    let text = concept.text.as_ref().or(displays.flatten().next());
    text.map(|text| text.0.as_str())
}

/// Its codes, in whatever system.
pub(crate) fn codes(concept: &CodeableConcept) -> impl Iterator<Item = &str> {
    let codes = concept
        .coding
        .iter()
        .filter_map(|coding| coding.code.as_ref());
    codes.map(|code| code.0.as_str())
}
