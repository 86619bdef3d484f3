//! What can be wrong with a document.

use xinglin_fhir_r4::{ElementFault, Fault};

use crate::money::AmountFault;

/// Why a document is not taken. Nothing of the document is quoted, only places, the names of
/// resource types and of elements that the standard defines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FhirError {
    /// The source of the bytes failed.
    #[error("the document cannot be read ({0}); check the file and its permissions")]
    Unreadable(std::io::ErrorKind),
    /// It is longer than the limit.
    #[error("the document is longer than {limit} bytes; split it, or raise the limit")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// It is not UTF-8.
    #[error("the document is not UTF-8 at byte {offset}; save it as UTF-8 without a mark")]
    NotUtf8 {
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// It is not JSON.
    #[error("the document is not JSON at line {line}, column {column}; export it as FHIR JSON")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
    },
    /// Arrays and objects are nested too deeply.
    #[error("{path} is nested deeper than {limit} levels; no FHIR resource needs that")]
    TooDeep {
        /// The outermost places that contain it.
        path: String,
        /// The limit in levels.
        limit: usize,
    },
    /// A resource has too many values.
    #[error("{path} has more than {limit} values; split it, or keep it in the object store")]
    TooManyValues {
        /// The resource.
        path: String,
        /// The limit: objects, arrays and what stands in them.
        limit: usize,
    },
    /// It has too many entries.
    #[error("the bundle has {found} entries, more than {limit}; split it by patient")]
    TooManyEntries {
        /// How many it has.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// It is a resource of another type than was asked for.
    #[error("{path} is not a {expected}; give a FHIR R4 {expected}")]
    WrongResource {
        /// Which resource.
        path: String,
        /// The resource type that was expected.
        expected: &'static str,
    },
    /// An element is missing.
    #[error("{path} lacks the element `{element}`; add it")]
    Missing {
        /// What lacks it.
        path: String,
        /// The missing element.
        element: String,
    },
    /// An element is not what the standard says.
    #[error("{path} is not {expected}; correct it")]
    Invalid {
        /// Which element.
        path: String,
        /// What it should be.
        expected: String,
    },
    /// Two entries are about the same resource.
    #[error("{path} repeats the resource of entry {first}; keep one of them")]
    Repeated {
        /// The later entry.
        path: String,
        /// The index of the earlier entry.
        first: usize,
    },
    /// Two documents contradict each other about one resource.
    #[error("{path} contradicts the same resource in an earlier document; give one version only")]
    Contradiction {
        /// The later entry.
        path: String,
    },
    /// A dossier is about exactly one patient.
    #[error("the bundle has {found} Patient resources, not one; give a bundle for each patient")]
    Patients {
        /// How many it has.
        found: usize,
    },
    /// A reference does not lead to what it must lead to.
    #[error(
        "{path} does not refer to the {expected} of the bundle; correct it, or add the {expected}"
    )]
    Dangling {
        /// The reference.
        path: String,
        /// What it should lead to.
        expected: &'static str,
    },
    /// One resource alone is too large for a record.
    #[error(
        "{path} takes {bytes} bytes compressed, more than {limit}; keep it in the object store"
    )]
    ResourceTooLarge {
        /// The resource.
        path: String,
        /// Its compressed size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// An amount of money cannot be charged.
    #[error("{path} {fault}")]
    Amount {
        /// The amount.
        path: String,
        /// What is wrong with it.
        fault: AmountFault,
    },
    /// Amounts are not in yuan.
    #[error("{path} is in a currency without a rule; give amounts in CNY")]
    Currency {
        /// The amount.
        path: String,
    },
    /// A claim's items cost more than the claim.
    #[error(
        "{path}: its items cost {items_fen} fen, more than its total of {total_fen} fen; correct \
         the total"
    )]
    TotalBelowItems {
        /// The claim.
        path: String,
        /// The sum of its items.
        items_fen: u64,
        /// Its total.
        total_fen: u64,
    },
    /// A claim charges nothing.
    #[error("{path} charges nothing; give its items prices, or the claim a total")]
    NothingCharged {
        /// The claim.
        path: String,
    },
    /// The patient has no number that identifies a person.
    #[error(
        "{path} has no identity number (identifier of type NNxxx, NI, SS or PPN); add the \
         identifier"
    )]
    NoIdentityNumber {
        /// The patient.
        path: String,
    },
}

impl FhirError {
    /// What is wrong with a text at `base`: the place, and what was expected instead of the value that
    /// was found.
    pub(crate) fn of_fault(base: &str, fault: &Fault) -> Self {
        let path = base.to_owned();
        match fault {
            Fault::Element(fault) => Self::of_element(base, fault),
            Fault::ArrayInArray => Self::Invalid {
                path,
                expected: "JSON of FHIR: an array is in an array".into(),
            },
            Fault::TooManyValues(limit) => Self::TooManyValues {
                path,
                limit: *limit,
            },
            Fault::NoThread(kind) => Self::Unreadable(*kind),
        }
    }

    /// The same of an element below `base`.
    pub(crate) fn of_element(base: &str, fault: &ElementFault) -> Self {
        let inner = fault.inner();
        // A name that nobody knows is shown nowhere, and that of a text that is none could be such a one.
        let path = match inner.is_data() {
            true => join(base, &fault.path().to_string()),
            false => base.to_owned(),
        };
        if !inner.is_data() {
            // The document as a whole is JSON; what is left are escapes that stand for no character.
            return Self::Invalid {
                path,
                expected: "a text of Unicode characters".into(),
            };
        }
        let text = inner.to_string();
        let text = text
            .rsplit_once(" at line ")
            .map_or(&*text, |(text, _)| text);
        if let Some(element) = text.strip_prefix("missing field `") {
            return Self::Missing {
                path,
                element: element.trim_end_matches('`').into(),
            };
        }
        // The value that was found comes first, so only what follows the last mark is ours.
        let expected = match text.rsplit_once(", expected ") {
            _ if text.starts_with("duplicate field") => "given once",
            Some((_, "a sequence")) => "a JSON array",
            Some((_, "u32" | "i32" | "u64" | "i64")) => "a whole number",
            Some((_, expected)) if expected.starts_with("struct ") => "a JSON object",
            Some((_, expected)) if !expected.contains("struct ") => expected,
            _ => "what FHIR R4 defines",
        };
        Self::Invalid {
            path,
            expected: expected.into(),
        }
    }
}

/// A path below another one. The root of a view is a dot.
fn join(base: &str, below: &str) -> String {
    match below {
        "." | "" => base.to_owned(),
        below if below.starts_with('[') => format!("{base}{below}"),
        below => format!("{base}.{below}"),
    }
}
