//! Good packages with files that the fuzzer edits, and a manifest that is right about them: nothing
//! but the unchanged package may be proven, and nothing may panic.
//!
//! An input is read as
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | which package: receipts, a record, a trail |
//! | 1 | which of its files; the one after the last is the package itself |
//! | 1 | whether the rest replaces the file (odd) or is a list of edits (even) |
//! | per edit: 2, 1, 1, n | where, how many bytes go, how many (n) come, which |

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
// The fixtures of the crate's tests look for these at the root.
pub use xinglin_evidence::*;

use self::subjects::{package, receipts, record_evidence, trail, trust};
use crate::{
    archive::{unpack, Files},
    format::MANIFEST,
};

#[allow(dead_code)]
#[path = "../../src/tests/chain.rs"]
mod chain;
#[allow(dead_code)]
#[path = "../../src/tests/subjects.rs"]
mod subjects;

struct Good {
    bytes: Vec<u8>,
    subject: Subject,
    files: Files,
}

static GOOD: LazyLock<Vec<Good>> = LazyLock::new(|| {
    let evidence = [receipts(), record_evidence(), trail()];
    let good = evidence.iter().map(|evidence| {
        let bytes = package(evidence);
        assert!(verify(&bytes, &trust()).is_proven());
        let mut files = unpack(&bytes).expect("it was packed");
        files.remove(MANIFEST);
        Good {
            bytes,
            subject: evidence.subject,
            files,
        }
    });
    good.collect()
});

fuzz_target!(|input: &[u8]| {
    let [which, file, mode, rest @ ..] = input else {
        return;
    };
    let good = &GOOD[usize::from(*which) % GOOD.len()];
    let path = good.files.keys().nth(usize::from(*file) % (good.files.len() + 1));
    let original = path.map_or(&good.bytes, |path| &good.files[path]);
    let changed = match mode % 2 {
        0 => edit(original, rest),
        _ => rest.to_vec(),
    };
    let same = changed == *original;
    let bytes = match path {
        None => changed,
        Some(path) => {
            let mut files = good.files.clone();
            files.insert(path.clone(), changed);
            match pack(chain::GENESIS, good.subject, files) {
                Ok(bytes) => bytes,
                Err(_) => return,
            }
        }
    };
    let report = verify(&bytes, &trust());
    assert_eq!(report.is_proven(), same, "{path:?}: {report:?}");
});

fn edit(original: &[u8], mut edits: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    while let [low, high, go, come, rest @ ..] = edits {
        let (come, rest) = rest.split_at(rest.len().min(usize::from(*come)));
        let at = usize::from(u16::from_le_bytes([*low, *high])) % (bytes.len() + 1);
        let end = bytes.len().min(at + usize::from(*go));
        bytes.splice(at..end, come.iter().copied());
        edits = rest;
    }
    bytes
}
