//! From references to the entries they lead to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bundle::{Bundle, Entry};

/// The entries of a bundle by the names that a reference can use: the full URL (`urn:uuid:…`
/// included), and `Type/id`.
pub(crate) struct References<'a> {
    by_name: BTreeMap<String, &'a Entry>,
}

impl<'a> References<'a> {
    pub fn of(bundle: &'a Bundle) -> Self {
        let by_name = bundle
            .entries()
            .iter()
            .flat_map(|entry| entry.names().map(move |name| (name, entry)))
            .collect();
        Self { by_name }
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
        // A resource of an unknown type may use these names for anything, so it is not read as a
        // view but looked into.
        let resource: Value = serde_json::from_str(entry.json()).ok()?;
        let items = resource.get("item").and_then(Value::as_array);
        let of_items = items
            .into_iter()
            .flatten()
            .map(|item| item.get("encounter"));
        let context = resource.get("context");
        let candidates = [
            resource.get("encounter"),
            context,
            context.and_then(|context| context.get("encounter")),
        ]
        .into_iter()
        .chain(of_items)
        .flatten()
        .flat_map(references_in);
        let mut targets = candidates.filter_map(|reference| self.resolve(reference));
        targets.find(|target| target.resource_type() == "Encounter")
    }
}

/// The references in an element that is one reference or several.
fn references_in(element: &Value) -> Vec<&str> {
    let several = match element {
        Value::Array(several) => several.as_slice(),
        one => std::slice::from_ref(one),
    };
    several
        .iter()
        .filter_map(|one| one.get("reference")?.as_str())
        .collect()
}
