//! Bundles: reading within limits, and writing.

use std::{borrow::Cow, collections::BTreeMap, fmt, io::Read};

use serde::{de::IgnoredAny, Deserialize};
use serde_json::value::RawValue;
use xinglin_fhir_r4::FromJson;
use zeroize::Zeroizing;

use crate::{error::FhirError, scan};

/// Longest name of a resource type. The longest that R4 defines has 39 letters.
const TYPE_BYTES_MAX: usize = 64;

/// Deepest nesting that any limit allows: the parser is recursive, and stops a little beyond.
const DEPTH_MAX: usize = 120;

/// What a document may cost to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest document, in bytes.
    pub bytes_max: usize,
    /// Deepest nesting of arrays and objects; beyond 120 it counts as 120.
    pub depth_max: usize,
    /// Most entries of a bundle.
    pub entries_max: usize,
}

impl Default for Limits {
    /// 64 MiB, 64 levels, 100,000 entries.
    fn default() -> Self {
        Self {
            bytes_max: 64 * 1024 * 1024,
            depth_max: 64,
            entries_max: 100_000,
        }
    }
}

/// What a written bundle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A set of resources, as records are.
    Collection,
    /// A request to a FHIR server to create every resource.
    Transaction,
}

/// A FHIR R4 bundle of any type: its resources, each as the text that was read.
pub struct Bundle {
    entries: Vec<Entry>,
}

/// One resource of a bundle. Overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    index: usize,
    full_url: Option<String>,
    resource_type: String,
    id: Option<String>,
    resource: Zeroizing<String>,
}

/// The part of a bundle that is read first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a FHIR resource")]
struct Header<'a> {
    #[serde(borrow)]
    resource_type: Cow<'a, str>,
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an entry of a Bundle")]
struct RawEntry<'a> {
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a FHIR resource")]
struct Head {
    resource_type: String,
    id: Option<String>,
}

impl Bundle {
    /// Reads a bundle from a source that may be hostile.
    ///
    /// # Errors
    /// The source fails, a limit is passed, or [`Bundle::parse`] refuses the text.
    pub fn read(source: impl Read, limits: &Limits) -> Result<Self, FhirError> {
        let most = u64::try_from(limits.bytes_max).unwrap_or(u64::MAX);
        let mut bytes = Zeroizing::new(Vec::new());
        source
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| FhirError::Unreadable(error.kind()))?;
        Self::parse(&bytes, limits)
    }

    /// Reads a bundle. Elements of the bundle and of its entries that are about transport (`link`,
    /// `search`, `request`, `response`) end here; what a resource says is kept as it is written.
    ///
    /// # Errors
    /// A limit is passed, the text is not UTF-8 or JSON, it is not a Bundle, an entry has no
    /// resource, or two entries are about the same resource.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, FhirError> {
        if bytes.len() > limits.bytes_max {
            return Err(FhirError::TooLong {
                limit: limits.bytes_max,
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| FhirError::NotUtf8 {
            offset: error.valid_up_to(),
        })?;
        scan::check_depth(text, limits.depth_max.min(DEPTH_MAX))?;
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| FhirError::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        let header: Header<'_> = view("$", text)?;
        if header.resource_type != "Bundle" {
            return Err(FhirError::WrongResource {
                path: "$".into(),
                expected: "Bundle",
            });
        }
        if header.entry.len() > limits.entries_max {
            return Err(FhirError::TooManyEntries {
                found: header.entry.len(),
                limit: limits.entries_max,
            });
        }
        let entries = header
            .entry
            .iter()
            .enumerate()
            .map(|(index, raw)| Entry::parse(index, raw))
            .collect::<Result<Vec<_>, _>>()?;
        let bundle = Self { entries };
        bundle.check_unique()?;
        Ok(bundle)
    }

    /// Puts the documents of records together again: the resources of the first document in their
    /// order, then those of the second that are new, and so on. The same resource may occur in
    /// several documents as long as they agree about every byte of it.
    ///
    /// # Errors
    /// A document is refused as by [`Bundle::parse`], or two documents disagree.
    pub fn merge<D: AsRef<[u8]>>(
        documents: impl IntoIterator<Item = D>,
        limits: &Limits,
    ) -> Result<Self, FhirError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for document in documents {
            for mut entry in Self::parse(document.as_ref(), limits)?.entries {
                let before = entry.names().find_map(|name| known.get(&name).copied());
                match before.and_then(|index| entries.get(index)) {
                    Some(before) if before.resource == entry.resource => continue,
                    Some(_) => return Err(FhirError::Contradiction { path: entry.path() }),
                    None => {}
                }
                entry.index = entries.len();
                known.extend(entry.names().map(|name| (name, entry.index)));
                entries.push(entry);
            }
        }
        if entries.len() > limits.entries_max {
            return Err(FhirError::TooManyEntries {
                found: entries.len(),
                limit: limits.entries_max,
            });
        }
        Ok(Self { entries })
    }

    /// The resources, in the order of the document.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The resources of one type, in the order of the document.
    pub fn of_type<'a>(&'a self, resource_type: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.resource_type == resource_type)
    }

    /// The bundle as JSON.
    pub fn to_json(&self, form: Form) -> Zeroizing<Vec<u8>> {
        write(self.entries.iter(), form)
    }

    /// Refuses two entries with one name.
    fn check_unique(&self) -> Result<(), FhirError> {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for entry in &self.entries {
            for name in entry.names() {
                if let Some(first) = known.insert(name, entry.index) {
                    return Err(FhirError::Repeated {
                        path: entry.path(),
                        first,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Entry {
    fn parse(index: usize, raw: &RawValue) -> Result<Self, FhirError> {
        let place = format!("$.entry[{index}]");
        let entry: RawEntry<'_> = view(&place, raw.get())?;
        let Some(resource) = entry.resource else {
            return Err(FhirError::Missing {
                path: place,
                element: "resource".into(),
            });
        };
        let path = format!("{place}.resource");
        let head: Head = view(&path, resource.get())?;
        if !is_type_name(&head.resource_type) {
            return Err(FhirError::Invalid {
                path: format!("{path}.resourceType"),
                expected: "the name of a resource type".into(),
            });
        }
        Ok(Self {
            index,
            full_url: entry.full_url,
            resource_type: head.resource_type,
            id: head.id,
            resource: Zeroizing::new(resource.get().to_owned()),
        })
    }

    /// The URL by which other entries refer to it, if it has one.
    pub fn full_url(&self) -> Option<&str> {
        self.full_url.as_deref()
    }

    /// The name of its type, of the standard or not.
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// Its logical id, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The resource, as it was written.
    pub fn json(&self) -> &str {
        &self.resource
    }

    /// Where it is in its document.
    pub(crate) fn path(&self) -> String {
        format!("$.entry[{}].resource", self.index)
    }

    /// Its position in the document.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// How a reference can call it: by URL, and by type and id.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let relative = self
            .id
            .as_ref()
            .map(|id| format!("{}/{id}", self.resource_type));
        self.full_url.clone().into_iter().chain(relative)
    }

    /// Reads it as a resource of R4.
    pub(crate) fn read<T: FromJson>(&self) -> Result<T, FhirError> {
        T::from_json(&self.resource).map_err(|fault| FhirError::of_fault(&self.path(), &fault))
    }

    /// Refuses it if it is of a type that R4 defines and not what R4 defines of it. Other types can be
    /// anything.
    pub(crate) fn check(&self) -> Result<(), FhirError> {
        xinglin_fhir_r4::check(&self.resource_type, &self.resource)
            .map_err(|fault| FhirError::of_fault(&self.path(), &fault))
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle")
            .field("entries", &self.entries.len())
            .finish()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("index", &self.index)
            .field("resource_type", &self.resource_type)
            .field("bytes", &self.resource.len())
            .finish()
    }
}

/// Writes resources as a bundle.
pub(crate) fn write<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    form: Form,
) -> Zeroizing<Vec<u8>> {
    let entries: Vec<&Entry> = entries.collect();
    // Written in one piece, so that no copy of a smaller buffer stays behind unerased.
    let bytes: usize = entries.iter().map(|entry| written_bytes(entry)).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(bytes + 128));
    out.extend_from_slice(br#"{"resourceType":"Bundle","type":""#);
    out.extend_from_slice(match form {
        Form::Collection => b"collection",
        Form::Transaction => b"transaction",
    });
    out.extend_from_slice(br#"","entry":["#);
    for (position, entry) in entries.iter().enumerate() {
        out.extend_from_slice(if position == 0 { b"{" } else { b",{" });
        if let Some(url) = &entry.full_url {
            out.extend_from_slice(br#""fullUrl":"#);
            out.extend_from_slice(serde_json::Value::from(url.as_str()).to_string().as_bytes());
            out.push(b',');
        }
        out.extend_from_slice(br#""resource":"#);
        out.extend_from_slice(entry.resource.as_bytes());
        if form == Form::Transaction {
            out.extend_from_slice(br#","request":{"method":"POST","url":""#);
            out.extend_from_slice(entry.resource_type.as_bytes());
            out.extend_from_slice(br#""}"#);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

/// At least what an entry takes when written, unless its URL is full of escapes.
fn written_bytes(entry: &Entry) -> usize {
    let url = entry.full_url.as_ref().map_or(0, |url| 2 * url.len());
    entry.resource.len() + url + entry.resource_type.len() + 96
}

/// Letters only, beginning with a capital.
fn is_type_name(name: &str) -> bool {
    name.len() <= TYPE_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|letter| letter.is_ascii_alphabetic())
}

/// Reads a view of the JSON text at `path`.
fn view<'a, T: Deserialize<'a>>(path: &str, text: &'a str) -> Result<T, FhirError> {
    // Without this an array would be taken for the elements in the order in which a view has them.
    if !text.trim_start().starts_with('{') {
        return Err(FhirError::Invalid {
            path: path.to_owned(),
            expected: "a JSON object".into(),
        });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| FhirError::of_element(path, &error))
}
