//! Bytes of any kind: never a panic, and never a proof.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::subjects::{package, record_evidence, trust};
use crate::{
    archive::{unpack, Files},
    pack, verify, Subject,
};

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| package(&record_evidence()));
static FILES: LazyLock<Files> = LazyLock::new(|| unpack(&GOOD).unwrap());

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bits_never_verify(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..4),
    ) {
        let mut bytes = GOOD.clone();
        for (at, bits) in &flips {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        prop_assume!(bytes != *GOOD);
        prop_assert!(!verify(&bytes, &trust()).is_proven());
    }

    #[test]
    fn bytes_cut_off_never_verify(at in any::<prop::sample::Index>()) {
        let bytes = &GOOD[..at.index(GOOD.len())];
        prop_assert!(!verify(bytes, &trust()).is_proven());
    }

    #[test]
    fn any_bytes_never_verify(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(!verify(&bytes, &trust()).is_proven());
    }

    /// With a manifest that is right about them, so that what is behind it is reached.
    #[test]
    fn files_of_any_bytes_never_verify(
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        bits in 1_u8..,
        insert in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut files = FILES.clone();
        files.remove("manifest.json");
        let path = files.keys().nth(file.index(files.len())).unwrap().clone();
        let bytes = files.get_mut(&path).unwrap();
        let at = at.index(bytes.len());
        if insert.is_empty() {
            bytes[at] ^= bits;
        } else {
            bytes.splice(at..at, insert);
        }
        let subject = Subject::Record(super::subjects::RECORD);
        let package = pack(super::chain::GENESIS, subject, files).unwrap();
        let report = verify(&package, &trust());
        prop_assert!(!report.is_proven(), "{path} at {at}");
    }
}
