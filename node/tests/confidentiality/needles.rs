//! The texts of bundles, and finding them in any bytes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::PathBuf,
};

use codec::Encode;
use serde_json::Value;

/// Bytes by which a text is looked up.
const PREFIX: usize = 3;
/// Bytes of the shortest text that is looked for: one says nothing about anybody.
const TEXT_MIN: usize = 2;
/// Length from which a text is found without its frame.
const FRAMELESS: usize = 5;
/// Length from which a text of ASCII is found wherever it is: shorter ones are parts of words and, now
/// and then, of random bytes.
const CERTAIN: usize = 8;
/// The same for a number: measurements are full of digits.
const CERTAIN_NUMBER: usize = 12;
/// Digits from which a number is more likely a code than a measurement.
const CODE: usize = 6;
/// Bytes of a value in which three bytes with their length count. What is longer, ciphertexts and files,
/// is random for the most part.
const SHORT_VALUE: usize = 256;
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
    let is_filler = text.chars().collect::<BTreeSet<char>>().len() < 2;
    let is_address = text.starts_with("http://") || text.starts_with("https://");
    text.len() >= TEXT_MIN && !is_filler && !is_address && !ORDINARY.contains(&text)
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

/// Between what a needle counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// Anywhere.
    Anywhere,
    /// With nothing beside it.
    Alone,
    /// With no letter or digit beside it.
    AsWord,
    /// The same, or beside bytes of no text, and not as a part of a decimal number.
    AsCode,
    /// As text, not as a measurement: between quotes, or bytes that frame text.
    AsText,
    /// With no digit beside it.
    AsNumber,
}

impl Stands {
    /// Of a text that needs no frame.
    fn of(text: &str) -> Self {
        // No measurement begins with a zero.
        let is_code = text.len() >= CODE || text.starts_with('0');
        match text.len() {
            CERTAIN_NUMBER.. if is_number(text) => Self::AsNumber,
            _ if is_number(text) && is_code => Self::AsCode,
            _ if is_number(text) => Self::AsText,
            length if text.is_ascii() && length < CERTAIN => Self::AsWord,
            _ => Self::Anywhere,
        }
    }

    /// Whether what is before and after it lets it count.
    fn is_between(self, before: &[u8], after: &[u8]) -> bool {
        let mut beside = before.last().into_iter().chain(after.first());
        match self {
            Self::Anywhere => true,
            Self::Alone => beside.next().is_none(),
            Self::AsWord => beside.all(|it| it.is_ascii() && !it.is_ascii_alphanumeric()),
            Self::AsCode => {
                let has_fraction = matches!(after, [b'.', digit, ..] if digit.is_ascii_digit());
                let is_fraction = matches!(before, [.., digit, b'.'] if digit.is_ascii_digit());
                beside.all(|it| !it.is_ascii_alphanumeric()) && !has_fraction && !is_fraction
            }
            Self::AsText => beside.all(|it| {
                let is_frame = it.is_ascii_control() && !it.is_ascii_whitespace();
                is_frame || [b'"', b'\''].contains(it)
            }),
            Self::AsNumber => beside.all(|it| !it.is_ascii_digit() && *it != b'.'),
        }
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Medium {
    /// Text for people and programs: a log, metrics, a document.
    Text,
    /// Bytes of any kind, and how many there are.
    Bytes(usize),
}

/// In what a needle counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Everything,
    Text,
    ShortValues,
}

impl Within {
    fn has(self, medium: Medium) -> bool {
        match self {
            Self::Everything => true,
            Self::Text => medium == Medium::Text,
            Self::ShortValues => matches!(medium, Medium::Bytes(..=SHORT_VALUE)),
        }
    }
}

/// A form in which a text shows.
struct Form {
    bytes: Vec<u8>,
    stands: Stands,
    within: Within,
}

/// The forms of a text.
///
/// A search passes some megabytes of random bytes, with ten or so texts of each short length. Where a
/// form fixes five bytes or more, chance finds one of them in less than one of ten thousand searches.
/// Where it fixes four, it would in one of a hundred: so three bytes with their length count in
/// short values only, of which there are some hundred kilobytes, and two in quotes only in text.
fn forms(text: &str) -> Vec<Form> {
    let form = |bytes: &[u8], stands, within| Form {
        bytes: bytes.to_vec(),
        stands,
        within,
    };
    let (everything, plain) = (Within::Everything, text.as_bytes());
    let quoted = format!("\"{text}\"");
    let quoted = quoted.as_bytes();
    // The length and the text.
    let encoded = text.encode();
    let encoded = |within| form(&encoded, Stands::Anywhere, within);
    let mut forms = match text.len() {
        FRAMELESS.. => vec![
            form(plain, Stands::of(text), everything),
            encoded(everything),
        ],
        2 => vec![form(quoted, Stands::Anywhere, Within::Text)],
        length => vec![
            form(quoted, Stands::Anywhere, everything),
            form(plain, Stands::Alone, everything),
            encoded(if length == 3 {
                Within::ShortValues
            } else {
                everything
            }),
        ],
    };
    if (3..FRAMELESS).contains(&text.len()) && !is_number(text) {
        forms.push(form(plain, Stands::AsWord, Within::Text));
    }
    forms
}

struct Needle {
    name: String,
    form: Form,
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
            for form in forms(text) {
                needles.add(text, form);
            }
        }
        needles
    }

    /// Adds bytes that are found anywhere, under a name.
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        let form = Form {
            bytes: bytes.to_vec(),
            stands: Stands::Anywhere,
            within: Within::Everything,
        };
        self.add(name, form);
    }

    fn add(&mut self, name: &str, form: Form) {
        let prefix: [u8; PREFIX] = *form.bytes.first_chunk().unwrap();
        self.begins[pair(prefix[0], prefix[1])] = true;
        self.by_prefix.entry(prefix).or_default().push(Needle {
            name: name.to_owned(),
            form,
        });
    }

    /// Those at a place.
    fn at<'a>(
        &'a self,
        at: usize,
        bytes: &'a [u8],
        medium: Medium,
    ) -> impl Iterator<Item = &'a Needle> {
        let (before, from) = bytes.split_at(at);
        let prefix = from.first_chunk::<PREFIX>();
        let alike = prefix.and_then(|prefix| self.by_prefix.get(prefix));
        alike.into_iter().flatten().filter(move |needle| {
            let form = &needle.form;
            let after = from.strip_prefix(form.bytes.as_slice());
            form.within.has(medium)
                && after.is_some_and(|after| form.stands.is_between(before, after))
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

    /// Looks into bytes of any kind: a file, a key or a value, what a transaction is.
    pub fn look(&mut self, place: &str, bytes: &[u8]) {
        self.look_as(Medium::Bytes(bytes.len()), place, bytes);
    }

    /// Looks into what is text from its beginning to its end.
    pub fn look_at_text(&mut self, place: &str, text: &str) {
        self.look_as(Medium::Text, place, text.as_bytes());
    }

    fn look_as(&mut self, medium: Medium, place: &str, bytes: &[u8]) {
        for (at, two) in bytes.windows(2).enumerate() {
            if !self.needles.begins[pair(two[0], two[1])] {
                continue;
            }
            for needle in self.needles.at(at, bytes, medium) {
                let places = self.found.entry(needle.name.clone()).or_default();
                places.insert(place.to_owned());
            }
        }
    }

    /// Looks into the text of a document and into the bytes that it gives in hexadecimal.
    pub fn look_into(&mut self, place: &str, document: &Value) {
        self.look_at_text(place, &document.to_string());
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

/// Whether a text is what a search finds, and all that it finds.
fn finds(text: &str, search: impl FnOnce(&mut Scan)) -> bool {
    let mut scan = Scan::new(Needles::new(&[text.to_owned()].into()));
    search(&mut scan);
    scan.found.contains_key(text)
}

/// Every kind of text: words by length, numbers by digits, and what is not ASCII.
const KINDS: &[&str] = &[
    "US",
    "01",
    "Liz",
    "I10",
    "140",
    "李",
    "June",
    "2024",
    "Ana Li",
    "8302-2",
    "血常规",
    "王伟",
    "02108",
    "31378",
    "313782",
    "1153378",
    "38341003",
    "703151001",
    "6176388000",
    "98765432109",
    "428191000124101",
    "Elevated glucose",
];

#[test]
fn every_kind_of_text_is_found_where_programs_put_it() {
    for text in KINDS {
        let document = serde_json::json!({ "code": [text] });
        assert!(
            finds(text, |scan| scan.look_into("an answer", &document)),
            "{text}"
        );
        // Too short, or likely a measurement, without a frame.
        let is_framed_only = text.len() == 2 || (is_number(text) && text.len() < FRAMELESS);
        let is_plain = !is_framed_only && *text != "31378";
        for line in [
            format!("found code={text}"),
            format!("found {text} by chance"),
            format!("{{\"message\":\"about {text}, again\"}}"),
            format!("seen{{code=\"x\",of={text}}} 1"),
        ] {
            let is_found = finds(text, |scan| scan.look_at_text("a log", &line));
            assert_eq!(is_found, is_plain, "{line}");
        }
        let label = format!("seen{{code=\"{text}\"}} 1");
        assert!(
            finds(text, |scan| scan.look_at_text("metrics", &label)),
            "{text}"
        );
    }
}

#[test]
fn every_kind_of_text_is_found_where_it_is_stored() {
    // The length of the next field is a digit, the field before ends with anything.
    let stored = |text: &str| ([0xee_u8; 4], text, "twelve bytes", [0xee_u8; 4]).encode();
    let in_noise = |text: &str| [vec![0xee; SHORT_VALUE], stored(text)].concat();
    for text in KINDS {
        let is_stored = text.len() > 2;
        let value = stored(text);
        assert_eq!(
            finds(text, |scan| scan.look("state", &value)),
            is_stored,
            "{text}"
        );
        let answer = Value::String(format!("0x{}", hex::encode(&value)));
        let is_found = finds(text, |scan| scan.look_into("state_getStorage", &answer));
        assert_eq!(is_found, is_stored, "{text}");
        let value = Value::String(format!("0x{}", hex::encode(text)));
        let is_found = finds(text, |scan| scan.look_into("an argument", &value));
        assert_eq!(is_found, is_stored, "{text}");
        let value = in_noise(text);
        let is_found = finds(text, |scan| scan.look("a file", &value));
        assert_eq!(is_found, text.len() > 3, "{text}");
    }
    let found = |text: &str, bytes: &[u8]| finds(text, |scan| scan.look("a file", bytes));
    assert!(found("Liz312", b"Liz312"));
    assert!(found("31378", b"\x0131378\x01"));
    assert!(found("703151001", b"$703151001\xee"));
    assert!(found("Liz", b"{\"given\":[\"Liz\"]}"));
}

#[test]
fn what_only_looks_like_a_text_is_not_found() {
    for (text, line) in [
        ("US", "US USB \"USD\" =US"),
        ("01", "01 2001 =01 \"2001\""),
        ("Liz", "Lizard Liz312 0Liz"),
        ("140", "took 140 ms, bytes=140, \"1140\""),
        ("June", "Juneau"),
        ("8302-2", "18302-2"),
        ("31378", "took 31378 ns, bytes=31378"),
        ("313782", "0x313782 1313782 0.313782 313782.5 313782ns"),
        ("703151001", "0x703151001f 3703151001 1.703151001"),
        ("428191000124101", "3428191000124101"),
    ] {
        assert!(
            !finds(text, |scan| scan.look_at_text("a log", line)),
            "{line}"
        );
        assert!(
            !finds(text, |scan| scan.look("a file", line.as_bytes())),
            "{line}"
        );
    }
    // Without their length, what is short counts in no bytes.
    for text in ["Liz", "June", "140", "2024"] {
        let bytes = [&[0xee, 0][..], text.as_bytes(), &[0, 0xee]].concat();
        assert!(!finds(text, |scan| scan.look("a file", &bytes)), "{text}");
    }
}
