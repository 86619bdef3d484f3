//! Who is involved: hospitals and practitioners.

use std::fmt;

use crate::{
    bundle::{Bundle, Entry},
    error::FhirError,
    model,
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
        let view: model::Organization = entry.view()?;
        Ok(Organization {
            reference: reference_to(entry)?,
            identifiers: identifiers(view.identifier),
            name: view.name,
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
        let view: model::Practitioner = entry.view()?;
        Ok(Practitioner {
            reference: reference_to(entry)?,
            identifiers: identifiers(view.identifier),
            name: name(&view.name),
        })
    };
    bundle.of_type("Practitioner").map(read).collect()
}

impl Party {
    /// Follows a reference.
    pub(crate) fn of(
        reference: model::Reference,
        references: &References<'_>,
    ) -> Result<Self, FhirError> {
        let mut found = identifiers(reference.identifier.into_iter().collect());
        let target = reference
            .reference
            .as_deref()
            .and_then(|reference| references.resolve(reference));
        if let Some(target) = target {
            let own = match target.resource_type() {
                "Organization" => target.view::<model::Organization>()?.identifier,
                "Practitioner" => target.view::<model::Practitioner>()?.identifier,
                _ => Vec::new(),
            };
            found.extend(identifiers(own));
        }
        Ok(Self {
            reference: reference.reference,
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
pub(crate) fn name(names: &[model::HumanName]) -> Option<Secret> {
    let first = names.first()?;
    if let Some(text) = &first.text {
        return Some(text.clone());
    }
    let parts: Vec<&str> = first
        .family
        .iter()
        .chain(&first.given)
        .map(Secret::expose)
        .collect();
    let is_latin = parts.iter().any(|part| part.is_ascii());
    let joined = parts.join(if is_latin { " " } else { "" });
    (!joined.is_empty()).then(|| Secret::new(joined))
}

fn identifiers(views: Vec<model::Identifier>) -> Vec<Identifier> {
    let with_value = |view: model::Identifier| {
        Some(Identifier {
            system: view.system,
            value: view.value?.expose().to_owned(),
        })
    };
    views.into_iter().filter_map(with_value).collect()
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
