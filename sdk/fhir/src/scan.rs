//! A look at a document before it is parsed: nothing below may recurse without a bound.

use crate::error::FhirError;

/// Most places that the path of an error names.
const PATH_PLACES_MAX: usize = 5;
/// The names that a path may show. Others are not shown, because in a document that is not FHIR a
/// name can be anything.
const SHOWN: &[&str] = &["contained", "entry", "extension", "item", "resource"];

/// An array or object around the place that is looked at.
struct Place<'a> {
    /// How many elements came before, if it is an array.
    index: Option<usize>,
    /// The last string in it: the name of what follows, if it is an object.
    name: &'a str,
}

/// Refuses a text whose arrays and objects are nested deeper than `limit`. Takes no more memory
/// than that, and leaves every other fault to the parser.
pub(crate) fn check_depth(text: &str, limit: usize) -> Result<(), FhirError> {
    let bytes = text.as_bytes();
    let mut places: Vec<Place<'_>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(bytes, at);
                if let Some(place) = places.last_mut() {
                    place.name = text.get(at + 1..end).unwrap_or_default();
                }
                at = end;
            }
            b'[' | b'{' => {
                if places.len() == limit {
                    let path = path(&places);
                    return Err(FhirError::TooDeep { path, limit });
                }
                places.push(Place {
                    index: (*byte == b'[').then_some(0),
                    name: "",
                });
            }
            b']' | b'}' => {
                places.pop();
            }
            b',' => {
                if let Some(index) = places.last_mut().and_then(|place| place.index.as_mut()) {
                    *index += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Where the string that begins at `start` ends: its closing quote, or the end of the text.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

/// The outermost places, as a path.
fn path(places: &[Place<'_>]) -> String {
    let mut path = String::from("$");
    for place in places.iter().take(PATH_PLACES_MAX) {
        match place.index {
            Some(index) => path.push_str(&format!("[{index}]")),
            None if SHOWN.contains(&place.name) => path.push_str(&format!(".{}", place.name)),
            None => path.push_str(".*"),
        }
    }
    if places.len() > PATH_PLACES_MAX {
        path.push('…');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_arrays_and_objects_and_skips_strings() {
        let nested = r#"{"a":[{"b":"[[[[{{{{\"[["}]}"#;
        assert_eq!(check_depth(nested, 3), Ok(()));
        assert!(matches!(
            check_depth(nested, 2),
            Err(FhirError::TooDeep { limit: 2, .. })
        ));
    }

    #[test]
    fn names_the_place_and_no_name_that_the_standard_does_not_know() {
        let text = r#"{"entry":[{},{"resource":{"Somebody":[[]]}}]}"#;
        let Err(FhirError::TooDeep { path, .. }) = check_depth(text, 5) else {
            panic!("six levels pass a limit of five");
        };
        assert_eq!(path, "$.entry[1].resource.*[0]");
        assert!(!path.contains("Somebody"));
    }

    #[test]
    fn ends_whatever_the_text() {
        for text in ["", "\"", "\"\\", "]]]}}}", "[", "{\"", "\u{feff}[", ",,,"] {
            assert_eq!(check_depth(text, 3), Ok(()), "{text:?}");
        }
    }
}
