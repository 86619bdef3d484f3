//! A package taken apart: its files held against the manifest, and decoded.

use std::collections::{BTreeMap, BTreeSet};

use codec::{DecodeWithMemLimit, Encode};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use sp_io::hashing::{blake2_256, sha2_256};
use xinglin_primitives::{
    receipt::{CertifiedHeader, Receipt},
    Hash,
};

use crate::{
    archive::{is_path, Files},
    build::json,
    format::{
        Claim, Manifest, Part, CLAIM, FORMAT_VERSION, ITEMS_MAX, MANIFEST, NAME_BYTES_MAX,
        PARTS_MAX, REPORT,
    },
    reason::Reason,
    state::StateProof,
    trust::SET_CHANGES_MAX,
};

/// Memory that decoding a part may take beyond four times its size.
const MEMORY_BYTES: usize = 64 * 1024;

/// A package whose files are those of its manifest, decoded.
pub(crate) struct Package {
    pub(crate) genesis: Hash,
    pub(crate) claim: Claim,
    pub(crate) set_changes: Vec<CertifiedHeader>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) states: Vec<StateProof>,
    pub(crate) tokens: Vec<(Vec<u8>, CertifiedHeader)>,
    pub(crate) contents: BTreeMap<usize, Vec<u8>>,
    pub(crate) report: Vec<u8>,
}

impl Package {
    /// Checks the files against the manifest and decodes them.
    pub(crate) fn read(mut files: Files) -> Result<Self, Reason> {
        let manifest = read_manifest(&mut files)?;
        check_files(&manifest, &files)?;
        let claim: Claim = parse(CLAIM, &take(&mut files, CLAIM)?)?;
        if claim.subject != manifest.subject {
            return Err(Reason::Subject);
        }
        check_bounds(&claim)?;
        let report = take(&mut files, REPORT)?;
        let keyed = claim.contents.iter().enumerate();
        let keyed = keyed.filter(|(_, content)| content.key.is_some());
        let contents = keyed
            .map(|(number, _)| Ok((number, take(&mut files, &Part::Content.path(number))?)))
            .collect::<Result<_, Reason>>()?;
        let tokens = take_all(&mut files, Part::Token, claim.times.len())?;
        let stamped = decode_all(&mut files, Part::Stamped, claim.times.len())?;
        let package = Self {
            genesis: manifest.genesis,
            set_changes: decode_changes(&mut files)?,
            receipts: decode_all(&mut files, Part::Receipt, claim.operations.len())?,
            states: decode_all(&mut files, Part::State, claim.states.len())?,
            tokens: tokens.into_iter().zip(stamped).collect(),
            contents,
            report,
            claim,
        };
        match files.into_keys().next() {
            None => Ok(package),
            Some(path) => Err(Reason::Stray(path)),
        }
    }
}

fn read_manifest(files: &mut Files) -> Result<Manifest, Reason> {
    /// What every version of the format has.
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }

    let bytes = take(files, MANIFEST)?;
    // A later format is named as such, and not as an unknown field.
    if let Ok(Version { format }) = serde_json::from_slice(&bytes) {
        if format != FORMAT_VERSION {
            return Err(Reason::Format(format));
        }
    }
    parse(MANIFEST, &bytes)
}

/// Whether the files are those of the manifest.
fn check_files(manifest: &Manifest, files: &Files) -> Result<(), Reason> {
    let mut named = BTreeSet::new();
    for entry in &manifest.files {
        let path = entry.path.clone();
        if !is_path(&path) {
            return Err(Reason::Unreadable {
                path: MANIFEST.into(),
                reason: "it names a path that no package has".into(),
            });
        }
        let bytes = files
            .get(&path)
            .ok_or_else(|| Reason::Missing(path.clone()))?;
        let (found, expected) = (bytes.len() as u64, entry.bytes);
        if found != expected {
            return Err(Reason::Size {
                path,
                found,
                expected,
            });
        }
        let hashes = [
            ("SHA-256", entry.sha256, sha2_256(bytes)),
            ("Blake2b-256", entry.blake2b, blake2_256(bytes)),
        ];
        for (hash, expected, found) in hashes {
            if expected.0 != found {
                return Err(Reason::HashOf { path, hash });
            }
        }
        if !named.insert(path.clone()) {
            return Err(Reason::Twice { at: path });
        }
    }
    match files.keys().find(|path| !named.contains(*path)) {
        Some(path) => Err(Reason::Stray(path.clone())),
        // The order is part of the form.
        None if !manifest.files.is_sorted_by_key(|entry| &entry.path) => Err(Reason::Unreadable {
            path: MANIFEST.into(),
            reason: "the files are not in ascending order".into(),
        }),
        None => Ok(()),
    }
}

fn check_bounds(claim: &Claim) -> Result<(), Reason> {
    let mut bounds = vec![
        ("operations".to_owned(), claim.operations.len(), PARTS_MAX),
        ("states".to_owned(), claim.states.len(), PARTS_MAX),
        ("contents".to_owned(), claim.contents.len(), PARTS_MAX),
        ("times".to_owned(), claim.times.len(), PARTS_MAX),
    ];
    bounds.extend(claim.states.iter().enumerate().map(|(number, state)| {
        let at = format!("states[{number}].facts");
        (at, state.facts.len(), ITEMS_MAX)
    }));
    bounds.extend(claim.operations.iter().enumerate().map(|(number, it)| {
        let at = format!("bytes of operations[{number}].reading");
        (at, it.reading.longest_name(), NAME_BYTES_MAX)
    }));
    let exceeded = bounds.into_iter().find(|(_, found, limit)| found > limit);
    exceeded.map_or(Ok(()), |(at, found, limit)| {
        Err(Reason::TooMany { at, found, limit })
    })
}

fn take(files: &mut Files, path: &str) -> Result<Vec<u8>, Reason> {
    let found = files.remove(path);
    found.ok_or_else(|| Reason::Missing(path.to_owned()))
}

/// The files of a kind, of which there are as many as the claim says.
fn take_all(files: &mut Files, part: Part, expected: usize) -> Result<Vec<Vec<u8>>, Reason> {
    let found: Vec<_> = (0..expected)
        .map_while(|number| files.remove(&part.path(number)))
        .collect();
    if found.len() == expected {
        return Ok(found);
    }
    Err(Reason::Count {
        path: part.path(0),
        found: found.len(),
        expected,
    })
}

fn decode_all<T: DecodeWithMemLimit + Encode>(
    files: &mut Files,
    part: Part,
    expected: usize,
) -> Result<Vec<T>, Reason> {
    let found = take_all(files, part, expected)?.into_iter().enumerate();
    found
        .map(|(number, bytes)| decode(&part.path(number), &bytes))
        .collect()
}

fn decode_changes(files: &mut Files) -> Result<Vec<CertifiedHeader>, Reason> {
    let limit = SET_CHANGES_MAX as usize;
    let mut count = 0;
    while count < limit && files.contains_key(&Part::Validators.path(count)) {
        count += 1;
    }
    decode_all(files, Part::Validators, count)
}

/// SCALE to the last byte, in the one form in which it is written.
fn decode<T: DecodeWithMemLimit + Encode>(path: &str, bytes: &[u8]) -> Result<T, Reason> {
    // Many empty lists would take far more memory than bytes.
    let limit = bytes.len().saturating_mul(4).saturating_add(MEMORY_BYTES);
    let mut input = bytes;
    let decoded = T::decode_with_mem_limit(&mut input, limit).ok();
    let decoded = decoded.filter(|decoded| input.is_empty() && decoded.encode() == bytes);
    decoded.ok_or_else(|| Reason::Unreadable {
        path: path.to_owned(),
        reason: "it is not the encoding of what belongs there".into(),
    })
}

/// JSON in the one form in which it is written.
fn parse<T: DeserializeOwned + Serialize>(path: &str, bytes: &[u8]) -> Result<T, Reason> {
    let unreadable = |reason: String| Reason::Unreadable {
        path: path.to_owned(),
        reason,
    };
    // The error may quote what is in the file, which is not to reach a terminal as it is.
    let printable = |text: String| text.replace(|it: char| it.is_control(), "?");
    let parsed: T =
        serde_json::from_slice(bytes).map_err(|error| unreadable(printable(error.to_string())))?;
    match json(&parsed) {
        Ok(written) if written == bytes => Ok(parsed),
        _ => Err(unreadable("it is not in the form that is written".into())),
    }
}
