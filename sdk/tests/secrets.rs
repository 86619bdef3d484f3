//! What holds a secret overwrites it when it is dropped. That is a property of types, so that the
//! compiler is who checks it: what does not cannot be named here. Keys that sign are those of
//! `schnorrkel` and `ed25519`, which overwrite theirs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xinglin_sdk::{
    billing::{Item, ItemKey},
    envelope::RecordKey,
    identity::Salt,
    keys::{encryption_secret, random_seed, KeyPair, Scheme},
};
use zeroize::ZeroizeOnDrop;

fn is_overwritten<T: ZeroizeOnDrop>() {}

fn of_what_is_overwritten<T: ZeroizeOnDrop>(secret: T) -> T {
    secret
}

#[test]
fn keys_and_what_identifies_a_patient_are_overwritten() {
    is_overwritten::<RecordKey>();
    is_overwritten::<ItemKey>();
    is_overwritten::<Item>();
    is_overwritten::<Salt>();
}

#[test]
fn secrets_are_given_out_in_what_is_overwritten() {
    for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
        let (pair, phrase) = KeyPair::generate(scheme);
        let phrase = of_what_is_overwritten(phrase);
        let restored = KeyPair::from_secret(scheme, &phrase).unwrap();
        let secrets =
            [&pair, &restored].map(|pair| of_what_is_overwritten(encryption_secret(pair)));
        assert_eq!(secrets[0], secrets[1]);
        assert_eq!(restored.public(), pair.public());
    }
    let seeds = [(); 2].map(|()| of_what_is_overwritten(random_seed()));
    assert_ne!(seeds[0], seeds[1]);
}
