//! The texts of bundles, and finding them in any bytes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::PathBuf,
};

use serde_json::Value;

/// Bytes by which a text is looked up; shorter texts say nothing about anybody.
const PREFIX: usize = 5;
/// Length from which a text of ASCII is found wherever it is: shorter ones are parts of words and, now
/// and then, of random bytes.
const CERTAIN: usize = 8;
/// The same for a number: measurements are full of digits.
const CERTAIN_NUMBER: usize = 12;
/// Fields that FHIR fills from its own value sets.
const FIELDS_OF_FHIR: &[&str] = &[
    "criticality",
    "gender",
    "intent",
    "language",
    "mode",
    "resourceType",
    "status",
    "system",
    "type",
    "url",
    "use",
];
/// States of conditions, requests and lines, and any program's words: found by chance in what a
/// library logs, they tell nothing.
const ORDINARY: &[&str] = &["active", "complete", "normal", "private"];

/// All names, identifiers, codes and texts of bundles.
pub fn texts_of(files: &[PathBuf]) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for file in files {
        let bundle: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        gather(&bundle, &mut texts);
    }
    texts
}

fn gather(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_telling(text) => {
            texts.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(fields) => {
            let is_code_of_fhir = fields
                .get("system")
                .and_then(Value::as_str)
                .is_some_and(is_vocabulary_of_fhir);
            for (name, field) in fields {
                let is_coded = is_code_of_fhir && ["code", "display"].contains(&name.as_str());
                if !is_coded && !is_word_of_fhir(name, field) {
                    gather(field, texts);
                }
            }
        }
        _ => {}
    }
}

/// Whether a text may stand for a person or for what was done.
fn is_telling(text: &str) -> bool {
    // A row of nines stands for a number that is not known, and is in any measurement too.
    let is_filler = text.chars().collect::<BTreeSet<char>>().len() < 3;
    let is_address = text.starts_with("http://") || text.starts_with("https://");
    text.len() >= PREFIX && !is_filler && !is_address && !ORDINARY.contains(&text)
}

/// Whether codes of this system are words of FHIR itself. The identifiers of others that it only
/// names, `sid`, are not.
fn is_vocabulary_of_fhir(system: &str) -> bool {
    let is_own = system.starts_with("http://hl7.org/fhir/")
        && !system.starts_with("http://hl7.org/fhir/sid/");
    is_own || system.starts_with("http://terminology.hl7.org/")
}

fn is_word_of_fhir(name: &str, field: &Value) -> bool {
    let is_word = |text: &str| {
        text.bytes()
            .all(|it| it.is_ascii_alphabetic() || it == b'-')
    };
    FIELDS_OF_FHIR.contains(&name) && field.as_str().is_some_and(is_word)
}

/// Where a needle counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// Anywhere.
    Anywhere,
    /// With no letter or digit beside it.
    AsWord,
    /// As text, not as a measurement: between quotes, or bytes that frame text.
    AsText,
    /// With no digit beside it.
    AsNumber,
}

impl Stands {
    fn of(text: &str) -> Self {
        let is_number = text.bytes().all(|it| it.is_ascii_digit());
        match text.len() {
            length if is_number && length < CERTAIN_NUMBER => Self::AsText,
            _ if is_number => Self::AsNumber,
            length if text.is_ascii() && length < CERTAIN => Self::AsWord,
            _ => Self::Anywhere,
        }
    }

    /// Whether a neighbour, if there is one, lets it count.
    fn may_touch(self, neighbour: Option<&u8>) -> bool {
        let Some(byte) = neighbour else {
            return true;
        };
        match self {
            Self::Anywhere => true,
            Self::AsWord => byte.is_ascii() && !byte.is_ascii_alphanumeric(),
            Self::AsText => {
                let is_frame = byte.is_ascii_control() && !byte.is_ascii_whitespace();
                is_frame || [b'"', b'\''].contains(byte)
            }
            Self::AsNumber => !byte.is_ascii_digit() && *byte != b'.',
        }
    }
}

struct Needle {
    name: String,
    bytes: Vec<u8>,
    stands: Stands,
}

/// What to look for.
pub struct Needles {
    /// Whether a needle begins with two bytes: spares looking up almost all of what is searched.
    begins: Vec<bool>,
    by_prefix: HashMap<[u8; PREFIX], Vec<Needle>>,
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(u16::from_be_bytes([first, second]))
}

impl Needles {
    pub fn new(texts: &BTreeSet<String>) -> Self {
        let mut needles = Self {
            begins: vec![false; usize::from(u16::MAX) + 1],
            by_prefix: HashMap::new(),
        };
        for text in texts {
            needles.add(text, text.as_bytes(), Stands::of(text));
        }
        needles
    }

    /// Adds bytes that are found anywhere, under a name.
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add(name, bytes, Stands::Anywhere);
    }

    fn add(&mut self, name: &str, bytes: &[u8], stands: Stands) {
        let prefix: [u8; PREFIX] = *bytes.first_chunk().unwrap();
        self.begins[pair(prefix[0], prefix[1])] = true;
        self.by_prefix.entry(prefix).or_default().push(Needle {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
            stands,
        });
    }

    /// Those at a place.
    fn at<'a>(&'a self, at: usize, bytes: &'a [u8]) -> impl Iterator<Item = &'a Needle> {
        let prefix = bytes[at..].first_chunk::<PREFIX>();
        let alike = prefix.and_then(|prefix| self.by_prefix.get(prefix));
        alike.into_iter().flatten().filter(move |needle| {
            let end = at + needle.bytes.len();
            bytes[at..].starts_with(&needle.bytes)
                && needle.stands.may_touch(bytes[..at].last())
                && needle.stands.may_touch(bytes.get(end))
        })
    }
}

/// A search of many places.
pub struct Scan {
    needles: Needles,
    /// What was found, and where.
    pub found: BTreeMap<String, BTreeSet<String>>,
}

impl Scan {
    pub fn new(needles: Needles) -> Self {
        Self {
            needles,
            found: BTreeMap::new(),
        }
    }

    pub fn look(&mut self, place: &str, bytes: &[u8]) {
        for (at, two) in bytes.windows(2).enumerate() {
            if !self.needles.begins[pair(two[0], two[1])] {
                continue;
            }
            for needle in self.needles.at(at, bytes) {
                let places = self.found.entry(needle.name.clone()).or_default();
                places.insert(place.to_owned());
            }
        }
    }

    /// Looks into the text of a document and into the bytes that it gives in hexadecimal.
    pub fn look_into(&mut self, place: &str, document: &Value) {
        self.look(place, document.to_string().as_bytes());
        self.look_into_bytes(place, document);
    }

    fn look_into_bytes(&mut self, place: &str, value: &Value) {
        match value {
            Value::String(text) => {
                let digits = text.strip_prefix("0x").unwrap_or_default();
                if let Ok(bytes) = hex::decode(digits) {
                    self.look(place, &bytes);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.look_into_bytes(place, item);
                }
            }
            Value::Object(fields) => {
                for field in fields.values() {
                    self.look_into_bytes(place, field);
                }
            }
            _ => {}
        }
    }

    /// Where something was found.
    pub fn places_of(&self, name: &str) -> BTreeSet<&str> {
        let places = self.found.get(name).into_iter().flatten();
        places.map(String::as_str).collect()
    }
}

#[test]
fn short_codes_are_found_where_they_stand_by_themselves() {
    let texts = ["8302-2", "313782", "Liz312", "血常规", "1234567890123"];
    let texts: BTreeSet<String> = texts.map(str::to_owned).into();
    let found = |bytes: &[u8]| -> Vec<String> {
        let mut scan = Scan::new(Needles::new(&texts));
        scan.look("here", bytes);
        scan.found.into_keys().collect()
    };
    assert_eq!(found(br#"{"code":"8302-2"}"#), ["8302-2"]);
    assert_eq!(found(b"\x18313782\x01"), ["313782"]);
    assert_eq!(found(b"Liz312"), ["Liz312"]);
    assert_eq!(found("a血常规b".as_bytes()), ["血常规"]);
    assert_eq!(found(b"x1234567890123x"), ["1234567890123"]);
    let without = [
        &b"18302-2"[..],
        b"took 313782 ns",
        b"Liz3127",
        b"31234567890123",
    ];
    for bytes in without {
        assert!(found(bytes).is_empty(), "{bytes:?}");
    }
}
