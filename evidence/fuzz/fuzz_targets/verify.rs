#![no_main]

use libfuzzer_sys::fuzz_target;
use xinglin_evidence::{
    archive::{pack, Files},
    verify, Trust, TrustAnchor,
};
use xinglin_primitives::Hash;

/// The files of which the first byte of an input chooses one.
const PATHS: [&str; 7] = [
    "manifest.json",
    "claim.json",
    "receipts/0.scale",
    "state/0.scale",
    "validators/0.scale",
    "time/0.scale",
    "time/0.tsr",
];

fuzz_target!(|bytes: &[u8]| {
    let trust = Trust {
        anchor: TrustAnchor {
            genesis: Hash::zero(),
            from: 1,
            validators: Vec::new(),
        },
        vocabulary: None,
    };
    assert!(!verify(bytes, &trust).is_proven());
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    let path = PATHS[usize::from(*choice) % PATHS.len()];
    if let Ok(package) = pack(&Files::from([(path.to_owned(), rest.to_vec())])) {
        assert!(!verify(&package, &trust).is_proven());
    }
});
