//! Who is involved: hospitals and practitioners.

use std::fmt;

use xinglin_fhir_r4::{self as r4, types};

use crate::{
    bundle::{Bundle, Entry},
    error::FhirError,
    references::References,
    secret::Secret,
};

/// A business identifier: a licence, a registration number.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    /// Who gives such identifiers, as a URI.
    pub system: Option<String>,
    /// The identifier.
    pub value: String,
}

/// Someone that a resource refers to, whether or not the bundle holds more about them.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// The reference as it is written, or none if it is by identifier only.
    pub reference: Option<String>,
    /// What is known to identify them: by the reference itself and by the resource it leads to.
    pub identifiers: Vec<Identifier>,
}

/// A hospital, clinic or other organisation.
#[derive(Clone)]
pub struct Organization {
    /// By which references call it: its full URL, or `Organization/id`.
    pub reference: String,
    /// Its identifiers, in the order of the document.
    pub identifiers: Vec<Identifier>,
    /// Its public name.
    pub name: Option<String>,
}

/// A doctor or other practitioner.
#[derive(Clone)]
pub struct Practitioner {
    /// By which references call them: their full URL, or `Practitioner/id`.
    pub reference: String,
    /// Their identifiers, in the order of the document.
    pub identifiers: Vec<Identifier>,
    /// Their name.
    pub name: Option<Secret>,
}

/// The organisations of a bundle, in the order of the document.
///
/// # Errors
/// One of them is not what R4 defines, or nothing can refer to it.
pub fn organizations(bundle: &Bundle) -> Result<Vec<Organization>, FhirError> {
    let read = |entry: &Entry| {
        let organization: r4::Organization = entry.read()?;
        Ok(Organization {
            reference: reference_to(entry)?,
            identifiers: identifiers(organization.identifier),
            name: organization.name.map(|name| name.0),
        })
    };
    bundle.of_type("Organization").map(read).collect()
}

/// The practitioners of a bundle, in the order of the document.
///
/// # Errors
/// One of them is not what R4 defines, or nothing can refer to them.
pub fn practitioners(bundle: &Bundle) -> Result<Vec<Practitioner>, FhirError> {
    let read = |entry: &Entry| {
        let practitioner: r4::Practitioner = entry.read()?;
        Ok(Practitioner {
            reference: reference_to(entry)?,
            identifiers: identifiers(practitioner.identifier),
            name: name(&practitioner.name),
        })
    };
    bundle.of_type("Practitioner").map(read).collect()
}

impl Party {
    /// Follows a reference.
    pub(crate) fn of<T>(
        reference: types::Reference<T>,
        references: &References<'_>,
    ) -> Result<Self, FhirError> {
        let mut found = identifiers(reference.identifier.into_iter().collect());
        let target = reference
            .reference
            .as_ref()
            .and_then(|reference| references.resolve(&reference.0));
        if let Some(target) = target {
            found.extend(references.identifiers_of(target)?);
        }
        Ok(Self {
            reference: reference.reference.map(|reference| reference.0),
            identifiers: found,
        })
    }
}

/// How others refer to an entry.
pub(crate) fn reference_to(entry: &Entry) -> Result<String, FhirError> {
    entry.names().next().ok_or_else(|| FhirError::Missing {
        path: entry.path(),
        element: "id".into(),
    })
}

/// A name as people write it: the text, or else family and given names. Chinese names, and only
/// they, are written without a space.
pub(crate) fn name(names: &[types::HumanName]) -> Option<Secret> {
    let first = names.first()?;
    if let Some(text) = &first.text {
        return Some(Secret::new(text.0.clone()));
    }
    let parts: Vec<&str> = first
        .family
        .iter()
        .chain(first.given.values())
        .map(|part| part.0.as_str())
        .collect();
    let is_latin = parts.iter().any(|part| part.is_ascii());
    let joined = parts.join(if is_latin { " " } else { "" });
    (!joined.is_empty()).then(|| Secret::new(joined))
}

/// The identifiers of an organisation or a practitioner.
pub(crate) fn identifiers_of(entry: &Entry) -> Result<Vec<Identifier>, FhirError> {
    let own = match entry.resource_type() {
        "Organization" => entry.read::<r4::Organization>()?.identifier,
        "Practitioner" => entry.read::<r4::Practitioner>()?.identifier,
        _ => Vec::new(),
    };
    Ok(identifiers(own))
}

fn identifiers(identifiers: Vec<types::Identifier>) -> Vec<Identifier> {
    let with_value = |identifier: types::Identifier| {
        Some(Identifier {
            system: identifier.system.map(|system| system.0),
            value: identifier.value?.0,
        })
    };
    identifiers.into_iter().filter_map(with_value).collect()
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(..)")
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party")
            .field("identifiers", &self.identifiers.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Organization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Organization").finish_non_exhaustive()
    }
}

impl fmt::Debug for Practitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Practitioner").finish_non_exhaustive()
    }
}
