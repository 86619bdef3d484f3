//! From references to the entries they lead to.

use std::{cell::RefCell, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    bundle::{Bundle, Entry},
    error::FhirError,
    party::{self, Identifier},
};

/// The entries of a bundle by the names that a reference can use: the full URL (`urn:uuid:…`
/// included), and `Type/id`.
pub(crate) struct References<'a> {
    by_name: BTreeMap<String, &'a Entry>,
    /// What was read of those that others refer to, by index.
    identifiers: RefCell<BTreeMap<usize, Vec<Identifier>>>,
}

impl<'a> References<'a> {
    pub fn of(bundle: &'a Bundle) -> Self {
        let by_name = bundle
            .entries()
            .iter()
            .flat_map(|entry| entry.names().map(move |name| (name, entry)))
            .collect();
        Self {
            by_name,
            identifiers: RefCell::default(),
        }
    }

    /// The identifiers of an organisation or a practitioner, each of which is read once; none of others.
    pub fn identifiers_of(&self, entry: &Entry) -> Result<Vec<Identifier>, FhirError> {
        if let Some(known) = self.identifiers.borrow().get(&entry.index()) {
            return Ok(known.clone());
        }
        let read = party::identifiers_of(entry)?;
        self.identifiers
            .borrow_mut()
            .insert(entry.index(), read.clone());
        Ok(read)
    }

    /// The entry that a reference leads to. A version (`/_history/…`) is not looked at: a bundle
    /// holds one version of a resource.
    pub fn resolve(&self, reference: &str) -> Option<&'a Entry> {
        let (name, _version) = reference
            .split_once("/_history/")
            .unwrap_or((reference, ""));
        self.by_name.get(name).copied()
    }

    /// The encounter that a resource of any type belongs to: itself, or the first one in the bundle
    /// that its `encounter`, its `context` or one of its items refers to.
    pub fn encounter_of(&self, entry: &'a Entry) -> Option<&'a Entry> {
        if entry.resource_type() == "Encounter" {
            return Some(entry);
        }
        // A resource of an unknown type may use these names for anything, so nothing here has to be
        // a reference, and what is none is passed over.
        let links: Links<'_> = serde_json::from_str(entry.json()).ok()?;
        let of_context = links.context.and_then(links_in);
        let of_items = links
            .item
            .into_iter()
            .flat_map(several)
            .filter_map(links_in);
        let candidates = [links.encounter, links.context]
            .into_iter()
            .chain(of_context.map(|links| links.encounter))
            .chain(of_items.map(|links| links.encounter))
            .flatten();
        candidates
            .flat_map(several)
            .filter_map(|one| serde_json::from_str::<Link>(one.get()).ok()?.reference)
            .filter_map(|reference| self.resolve(&reference))
            .find(|target| target.resource_type() == "Encounter")
    }
}

/// The elements by which resources of any type say to which encounter they belong.
#[derive(Deserialize)]
struct Links<'a> {
    #[serde(borrow)]
    encounter: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Link {
    reference: Option<String>,
}

fn links_in(element: &RawValue) -> Option<Links<'_>> {
    serde_json::from_str(element.get()).ok()
}

/// The elements of an array, or the one element that is none.
fn several(element: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(element.get()).unwrap_or_else(|_| vec![element])
}
