//! What can be wrong with a document.

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
    /// What a failed view says, as a place under `base` and without the value that was found.
    pub(crate) fn of_view(
        base: &str,
        error: &serde_path_to_error::Error<serde_json::Error>,
    ) -> Self {
        let inner = error.inner();
        let path = join(base, &error.path().to_string());
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
        let expected = if text.starts_with("duplicate field") {
            "given once"
        } else {
            // The value that was found comes first, so only what follows the last mark is ours.
            text.rsplit_once(", expected ")
                .map_or("what FHIR R4 defines", |(_, expected)| expected)
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
