//! Every field of every file of good packages, changed one at a time, with a manifest and a readable
//! report that are right about the change: so that the check of the field itself has to find it.

use codec::{DecodeAll, Encode};
use serde_json::{json, Value as Json};
use xinglin_primitives::{
    receipt::{CertifiedHeader, Receipt},
    Hash, Header,
};

use super::{
    chain::{CHANGES, GENESIS},
    subjects::{package, receipts, record_evidence, trail, trust},
};
use crate::{
    archive::{pack, unpack, Files},
    build,
    format::{Claim, Manifest, Part, CLAIM, MANIFEST, REPORT},
    paper,
    report::Step,
    state::StateProof,
    verify, Evidence, Reason,
};

/// What a mutation must be refused for: the step, and one of these reasons.
type Expected = (Step, &'static [&'static str]);

/// The name of a reason.
fn name(reason: &Reason) -> String {
    let text = format!("{reason:?}");
    let end = text.find(|it: char| !it.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

/// A package taken apart, to be put together with a change.
struct Subject {
    name: &'static str,
    files: Files,
    count: usize,
}

impl Subject {
    fn new(name: &'static str, evidence: &Evidence) -> Self {
        let packed = package(evidence);
        assert!(verify(&packed, &trust()).is_proven(), "{name}");
        Self {
            name,
            files: unpack(&packed).unwrap(),
            count: 0,
        }
    }

    fn claim(&self) -> Claim {
        serde_json::from_slice(&self.files[CLAIM]).unwrap()
    }

    fn expect(&mut self, what: &str, packed: &[u8], (step, reasons): Expected) {
        self.count += 1;
        let report = verify(packed, &trust());
        let (failed, reason) = report
            .failure()
            .unwrap_or_else(|| panic!("{}: {what} is not detected", self.name));
        let found = name(reason);
        assert!(
            failed == step && reasons.contains(&found.as_str()),
            "{}: {what}: {failed}: {reason} ({found}) instead of {step}: {reasons:?}",
            self.name
        );
    }

    /// Expects a refusal of these files, whatever manifest they had.
    fn expect_files(&mut self, what: &str, files: Files, expected: Expected) {
        let package = crate::pack(GENESIS, self.claim().subject, files).unwrap();
        self.expect(what, &package, expected);
    }

    fn expect_file(&mut self, path: &str, what: &str, bytes: Vec<u8>, expected: Expected) {
        let mut files = self.files.clone();
        assert_ne!(files.insert(path.to_owned(), bytes), None, "{path}");
        self.expect_files(&format!("{path}: {what}"), files, expected);
    }

    fn expect_claim(&mut self, what: &str, claim: &Claim, expected: Expected) {
        let mut files = self.files.clone();
        files.insert(CLAIM.into(), build::json(claim).unwrap());
        files.insert(REPORT.into(), paper::render(&GENESIS, claim));
        self.expect_files(&format!("claim: {what}"), files, expected);
    }

    /// The files of a folder with an ending, decoded.
    fn decoded<T: DecodeAll>(&self, folder: &str) -> Vec<(String, T)> {
        let of_folder = self
            .files
            .iter()
            .filter(|(path, _)| path.starts_with(folder) && path.ends_with(".scale"));
        of_folder
            .map(|(path, bytes)| (path.clone(), T::decode_all(&mut &bytes[..]).unwrap()))
            .collect()
    }
}

fn flip(hash: &mut Hash) {
    hash.0[7] ^= 1;
}

/// Each field of a header changed.
fn headers(header: &Header) -> Vec<(&'static str, Header)> {
    type Change = fn(&mut Header);
    let changes: [(&str, Change); 6] = [
        ("parent", |it| flip(&mut it.parent_hash)),
        ("number", |it| it.number += 1),
        ("state root", |it| flip(&mut it.state_root)),
        ("extrinsics root", |it| flip(&mut it.extrinsics_root)),
        ("digest", |it| it.digest.logs.clear()),
        ("another digest", |it| {
            let first = it.digest.logs[0].clone();
            it.digest.logs.push(first);
        }),
    ];
    let changed = changes.into_iter().map(|(what, change)| {
        let mut header = header.clone();
        change(&mut header);
        (what, header)
    });
    changed.collect()
}

/// Each field of a header and certificate changed, with the name of the field. The validators refuse
/// the changed certificates, whose hashes do not fit the changed headers.
fn decisions(block: &CertifiedHeader) -> Vec<(String, CertifiedHeader)> {
    let with = |what: &str, change: &dyn Fn(&mut CertifiedHeader)| {
        let mut changed = block.clone();
        change(&mut changed);
        (what.to_owned(), changed)
    };
    let mut all: Vec<_> = headers(&block.header)
        .into_iter()
        .map(|(what, header)| with(what, &|it| it.header = header.clone()))
        .collect();
    all.extend([
        with("certified height", &|it| it.certificate.height += 1),
        with("round", &|it| it.certificate.round += 1),
        with("certified hash", &|it| flip(&mut it.certificate.block_hash)),
        with("a signer twice", &|it| {
            let first = it.certificate.signatures[0].clone();
            it.certificate.signatures[1] = first;
        }),
        with("a signer less", &|it| {
            it.certificate.signatures.pop();
        }),
        with("no signers", &|it| it.certificate.signatures.clear()),
    ]);
    for place in 0..block.certificate.signatures.len() {
        all.push(with(&format!("key {place}"), &|it| {
            it.certificate.signatures[place].key.0[3] ^= 1;
        }));
        all.push(with(&format!("signature {place}"), &|it| {
            it.certificate.signatures[place].signature.0[3] ^= 1;
        }));
    }
    all
}

fn mutate_validators(subject: &mut Subject) {
    for (path, change) in subject.decoded::<CertifiedHeader>("validators/") {
        for (what, changed) in decisions(&change) {
            // A change that claims a block before the anchor would be passed over; none does here.
            subject.expect_file(
                &path,
                &what,
                changed.encode(),
                (Step::Validators, &["Change"]),
            );
        }
    }
}

fn mutate_receipts(subject: &mut Subject) {
    const NOT_DECIDED: Expected = (Step::Operations, &["NotDecided"]);
    for (path, receipt) in subject.decoded::<Receipt>("receipts/") {
        let block = CertifiedHeader {
            header: receipt.header.clone(),
            certificate: receipt.certificate.clone(),
        };
        for (what, changed) in decisions(&block) {
            let changed = Receipt {
                header: changed.header,
                certificate: changed.certificate,
                ..receipt.clone()
            };
            subject.expect_file(&path, &what, changed.encode(), NOT_DECIDED);
        }
        let mut with = |what: &str, change: &dyn Fn(&mut Receipt)| {
            let mut changed = receipt.clone();
            change(&mut changed);
            subject.expect_file(&path, what, changed.encode(), NOT_DECIDED);
        };
        with("first byte", &|it| it.extrinsic[0] ^= 1);
        with("last byte", &|it| {
            *it.extrinsic.last_mut().unwrap() ^= 1;
        });
        with("a byte less", &|it| {
            it.extrinsic.pop().unwrap();
        });
        with("place", &|it| it.index += 1);
        with("a node more", &|it| it.inclusion.push(vec![1, 2, 3]));
        with("no nodes", &|it| it.inclusion.clear());
        for node in 0..receipt.inclusion.len() {
            with(&format!("node {node}"), &|it| it.inclusion[node][1] ^= 1);
        }
    }
}

fn mutate_states(subject: &mut Subject) {
    for (path, proof) in subject.decoded::<StateProof>("state/") {
        for (what, block) in decisions(&proof.block) {
            let changed = StateProof {
                block,
                nodes: proof.nodes.clone(),
            };
            subject.expect_file(
                &path,
                &what,
                changed.encode(),
                (Step::State, &["NotDecided"]),
            );
        }
        let mut with = |what: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let mut changed = proof.clone();
            change(&mut changed.nodes);
            subject.expect_file(&path, what, changed.encode(), (Step::State, &["State"]));
        };
        with("a node more", &|it| it.push(vec![0; 40]));
        with("a node twice", &|it| it.push(it[0].clone()));
        for node in 0..proof.nodes.len() {
            with(&format!("node {node}"), &|it| {
                let last = it[node].len() - 1;
                it[node][last] ^= 1;
            });
            with(&format!("no node {node}"), &|it| drop(it.remove(node)));
        }
    }
}

fn mutate_times(subject: &mut Subject) {
    for (path, block) in subject.decoded::<CertifiedHeader>("time/") {
        for (what, changed) in decisions(&block) {
            subject.expect_file(
                &path,
                &what,
                changed.encode(),
                (Step::Time, &["NotDecided"]),
            );
        }
        let path = path.replace(".scale", ".tsr");
        let token = subject.files[&path].clone();
        // What the signature does not cover is covered by the transaction that carries the token.
        for at in (0..token.len()).step_by(11) {
            let mut changed = token.clone();
            changed[at] ^= 0x10;
            let what = format!("byte {at}");
            let expected = (Step::Time, &["Token", "NotRecorded"][..]);
            subject.expect_file(&path, &what, changed, expected);
        }
    }
}

/// Plaintexts and the readable report, at their ends and in the middle.
fn mutate_bytes(subject: &mut Subject) {
    let paths: Vec<String> = subject.files.keys().cloned().collect();
    for path in paths {
        let expected: Expected = match path.as_str() {
            REPORT => (Step::Report, &["OtherReport"]),
            path if path.starts_with("content/") => (Step::Contents, &["OtherPlaintext"]),
            _ => continue,
        };
        let bytes = subject.files[&path].clone();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            subject.expect_file(&path, &format!("byte {at}"), changed, expected);
        }
        let mut longer = bytes.clone();
        longer.push(b' ');
        subject.expect_file(&path, "a byte more", longer, expected);
        subject.expect_file(&path, "nothing", Vec::new(), expected);
    }
}

/// Every file left out, moved, and one added.
fn mutate_files(subject: &mut Subject) {
    let claim = subject.claim();
    let paths: Vec<String> = subject.files.keys().cloned().collect();
    for path in paths.iter().filter(|path| *path != MANIFEST) {
        let mut files = subject.files.clone();
        files.remove(path);
        let expected: Expected = match Part::of(path) {
            // Changes of the validators are not counted in the claim. Without one there are others
            // that are not counted from 0, or heights without validators.
            Some((Part::Validators, number)) => {
                let next = Part::Validators.path(number + 1);
                let is_last = !paths.contains(&next);
                let heights = claim.operations.iter().map(|it| it.height);
                let is_needed = heights.max() > Some(CHANGES[number]);
                match (is_last, is_needed) {
                    (false, _) => (Step::Manifest, &["Stray"]),
                    (true, true) => (Step::Operations, &["NotDecided"]),
                    (true, false) => (Step::State, &["NotDecided"]),
                }
            }
            _ => (Step::Manifest, &["Missing", "Count"]),
        };
        subject.expect_files(&format!("{path}: left out"), files.clone(), expected);
        if path.starts_with("validators/") {
            continue;
        }
        files.insert(format!("moved/{}", path.replace('/', ".")), Vec::new());
        subject.expect_files(
            &format!("{path}: moved"),
            files,
            (Step::Manifest, &["Missing", "Count"]),
        );
    }
    for path in [
        "notes.txt",
        "receipts/00.scale",
        "receipts/99.scale",
        "content/99.bin",
        "time/9.tsr",
    ] {
        let mut files = subject.files.clone();
        files.insert(path.to_owned(), b"x".to_vec());
        subject.expect_files(
            &format!("{path}: added"),
            files,
            (Step::Manifest, &["Stray"]),
        );
    }
}

/// Other values for a leaf of JSON: the first one with which the whole still has its form is taken.
fn candidates(leaf: &Json) -> Vec<Json> {
    let hash = json!(format!("0x{}", "07".repeat(32)));
    match leaf {
        Json::Bool(it) => vec![json!(!it)],
        Json::Number(it) => {
            let it = it.as_u64().unwrap();
            vec![json!(it + 1), json!(it - it.min(1))]
        }
        Json::Null => vec![
            json!(0),
            hash,
            json!("success"),
            json!("correction"),
            json!("one"),
            json!({ "visit": null, "eligibleFen": 1, "deductibleFen": 1 }),
        ],
        Json::String(text) => {
            let words = [
                "profile",
                "diagnosis",
                "research",
                "legal",
                "author",
                "patient",
                "noGrant",
                "notYet",
                "addition",
                "completion",
                "booked",
                "arrived",
                "inpatient",
                "reversed",
                "events",
                "blockTime",
                "none",
            ];
            let mut all = Vec::new();
            if text.starts_with("0x") {
                all.push(hash);
            }
            all.push(json!({ "refused": "Records.Erased" }));
            all.push(json!({ "record": 1 }));
            all.push(json!({ "asked": { "at": 1 } }));
            all.extend(words.iter().filter(|it| *it != text).map(|it| json!(it)));
            // Bytes in hexadecimal, an account, and any other text.
            all.push(json!(format!("{text}00")));
            all.push(json!("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"));
            all.push(json!(format!("{text}x")));
            all
        }
        Json::Array(_) | Json::Object(_) => Vec::new(),
    }
}

/// The leaves of JSON by their pointers.
fn leaves(json: &Json, at: &str, found: &mut Vec<String>) {
    match json {
        Json::Array(all) => {
            for (place, one) in all.iter().enumerate() {
                leaves(one, &format!("{at}/{place}"), found);
            }
        }
        Json::Object(all) => {
            for (key, one) in all {
                leaves(one, &format!("{at}/{key}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

/// What a change of a field of the claim must be refused for.
fn expected_of(pointer: &str) -> Expected {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    match parts.as_slice() {
        ["subject", ..] => (Step::Manifest, &["Subject"]),
        ["operations", _, "reading", ..] => (Step::Meaning, &["Misstated"]),
        ["operations", ..] => (Step::Operations, &["Misstated"]),
        ["states", _, "facts", _, "item", ..] => (Step::State, &["State", "Misstated", "Twice"]),
        ["states", ..] => (Step::State, &["Misstated"]),
        ["contents", _, "of", ..] => (Step::Contents, &["Twice", "NotProven", "Content"]),
        ["contents", _, "operation"] => (Step::Contents, &["NoOperation", "Beyond", "Content"]),
        ["contents", _, "offset" | "bytes"] => (Step::Contents, &["Content"]),
        ["contents", _, "key"] => (Step::Contents, &["Content"]),
        ["times", _, "recorded"] => (Step::Time, &["NotRecorded", "NoOperation"]),
        ["times", _, "stamp"] => (Step::Time, &["Incomplete", "Misstated"]),
        ["times", _, "authority" | "certificates"] => (Step::Time, &["Incomplete"]),
        ["times", ..] => (Step::Time, &["Misstated"]),
        other => panic!("the claim has a field that is not looked at: {other:?}"),
    }
}

fn mutate_claim(subject: &mut Subject) {
    let claim = subject.claim();
    let json: Json = serde_json::to_value(&claim).unwrap();
    let mut pointers = Vec::new();
    leaves(&json, "", &mut pointers);
    for pointer in pointers {
        let leaf = json.pointer(&pointer).unwrap();
        let changed = candidates(leaf).into_iter().find_map(|candidate| {
            let mut json = json.clone();
            *json.pointer_mut(&pointer).unwrap() = candidate;
            serde_json::from_value::<Claim>(json)
                .ok()
                .filter(|changed| *changed != claim)
        });
        let changed = changed.unwrap_or_else(|| panic!("nothing else fits {pointer}: {leaf}"));
        subject.expect_claim(&pointer, &changed, expected_of(&pointer));
    }
    // Whole entries, which are counted.
    let mut fewer = claim.clone();
    fewer.operations.pop();
    subject.expect_claim("an operation less", &fewer, (Step::Manifest, &["Stray"]));
    let mut more = claim.clone();
    more.operations.push(claim.operations[0].clone());
    subject.expect_claim("an operation more", &more, (Step::Manifest, &["Count"]));
    let mut fewer = claim.clone();
    fewer.states[0].facts.pop();
    subject.expect_claim("a fact less", &fewer, (Step::State, &["State"]));
    let mut again = claim.clone();
    let first = again.states[0].facts[0].clone();
    again.states[0].facts.push(first);
    subject.expect_claim("a fact twice", &again, (Step::State, &["Twice"]));
    if claim.contents.is_empty() {
        return;
    }
    let mut closed = claim.clone();
    closed.contents[0].key = None;
    subject.expect_claim("no key", &closed, (Step::Manifest, &["Stray"]));
    let mut again = claim.clone();
    let first = again.contents[0];
    again
        .contents
        .push(crate::format::ContentClaim { key: None, ..first });
    subject.expect_claim("a content twice", &again, (Step::Contents, &["Twice"]));
}

fn mutate_manifest(subject: &mut Subject) {
    let bytes = subject.files[MANIFEST].clone();
    let manifest: Manifest = serde_json::from_slice(&bytes).unwrap();
    let mut with = |what: &str, expected: Expected, change: &dyn Fn(&mut Manifest)| {
        let mut changed = manifest.clone();
        change(&mut changed);
        let mut files = subject.files.clone();
        files.insert(MANIFEST.into(), build::json(&changed).unwrap());
        let what = format!("manifest: {what}");
        subject.expect(&what, &pack(&files).unwrap(), expected);
    };
    with("format", (Step::Manifest, &["Format"]), &|it| {
        it.format += 1
    });
    with("genesis", (Step::Validators, &["OtherChain"]), &|it| {
        flip(&mut it.genesis)
    });
    let other = crate::Subject::Record(xinglin_primitives::RecordId(99));
    with("subject", (Step::Manifest, &["Subject"]), &|it| {
        it.subject = other
    });
    with("order", (Step::Manifest, &["Unreadable"]), &|it| {
        it.files.reverse()
    });
    for place in 0..manifest.files.len() {
        let path = &manifest.files[place].path;
        with(
            &format!("{path}: path"),
            (Step::Manifest, &["Missing"]),
            &|it| {
                it.files[place].path.push('x');
            },
        );
        with(
            &format!("{path}: size"),
            (Step::Manifest, &["Size"]),
            &|it| {
                it.files[place].bytes += 1;
            },
        );
        with(
            &format!("{path}: SHA-256"),
            (Step::Manifest, &["HashOf"]),
            &|it| {
                flip(&mut it.files[place].sha256);
            },
        );
        with(
            &format!("{path}: Blake2b"),
            (Step::Manifest, &["HashOf"]),
            &|it| {
                flip(&mut it.files[place].blake2b);
            },
        );
        with(
            &format!("{path}: not named"),
            (Step::Manifest, &["Stray"]),
            &|it| {
                it.files.remove(place);
            },
        );
        with(
            &format!("{path}: twice"),
            (Step::Manifest, &["Twice"]),
            &|it| {
                it.files.insert(place, it.files[place].clone());
            },
        );
    }
    // The same in another form of JSON, and what is none.
    let compact = serde_json::to_vec(&manifest).unwrap();
    for (what, bytes) in [("other form", compact), ("no JSON", b"{".to_vec())] {
        let mut files = subject.files.clone();
        files.insert(MANIFEST.into(), bytes);
        let expected = (Step::Manifest, &["Unreadable"][..]);
        subject.expect(what, &pack(&files).unwrap(), expected);
    }
}

/// Both manifest and claim speak of another subject than the files prove.
fn mutate_subject(subject: &mut Subject) {
    let mut claim = subject.claim();
    claim.subject = match claim.subject {
        crate::Subject::Receipt => crate::Subject::Record(xinglin_primitives::RecordId(1)),
        crate::Subject::Record(id) => crate::Subject::Record(id.next().unwrap()),
        crate::Subject::Trail(id) => crate::Subject::Trail(id.next().unwrap()),
    };
    let mut files = subject.files.clone();
    files.insert(CLAIM.into(), build::json(&claim).unwrap());
    files.insert(REPORT.into(), paper::render(&GENESIS, &claim));
    let package = crate::pack(GENESIS, claim.subject, files).unwrap();
    let expected = (Step::Subject, &["Incomplete"][..]);
    subject.expect("another subject", &package, expected);
}

/// Mutations of one package that are detected at least.
const MUTATIONS_MIN: usize = 200;

fn mutate(name: &'static str, evidence: &Evidence) {
    let mut subject = Subject::new(name, evidence);
    mutate_manifest(&mut subject);
    mutate_files(&mut subject);
    mutate_validators(&mut subject);
    mutate_receipts(&mut subject);
    mutate_states(&mut subject);
    mutate_times(&mut subject);
    mutate_bytes(&mut subject);
    mutate_claim(&mut subject);
    mutate_subject(&mut subject);
    assert!(subject.count >= MUTATIONS_MIN, "{name}: {}", subject.count);
}

#[test]
fn every_field_of_receipts_is_held_against_what_is_proven() {
    mutate("receipts", &receipts());
}

#[test]
fn every_field_of_a_record_is_held_against_what_is_proven() {
    mutate("record", &record_evidence());
}

#[test]
fn every_field_of_a_trail_is_held_against_what_is_proven() {
    mutate("trail", &trail());
}
