//! The signature of a transaction.
//!
//! [`MultiSignature`] has the variants and indices of `sp_runtime::MultiSignature`, so that every
//! client can sign, and is a type of our own, so that national cryptography can join as a further
//! variant without breaking what exists.
//!
//! The node checks signatures in parallel batches before a transaction reaches the runtime (see
//! [`assume_verified`]); a runtime that is called without that checks each by itself.

use std::cell::Cell;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{crypto::AccountId32, ecdsa, ed25519, sr25519};
use sp_runtime::traits::{IdentifyAccount, Lazy, Verify};

/// A signature by one of the accepted schemes.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum MultiSignature {
    /// Ed25519 over the payload.
    #[codec(index = 0)]
    Ed25519(ed25519::Signature),
    /// Schnorr over Ristretto25519, in the signing context `substrate`.
    #[codec(index = 1)]
    Sr25519(sr25519::Signature),
    /// ECDSA over secp256k1 and the Blake2b-256 of the payload.
    #[codec(index = 2)]
    Ecdsa(ecdsa::Signature),
    /// ECDSA over secp256k1 and the Keccak-256 of the payload.
    #[codec(index = 3)]
    Eth(ecdsa::KeccakSignature),
}

/// A public key of one of the accepted schemes.
pub type MultiSigner = sp_runtime::MultiSigner;

impl From<MultiSignature> for sp_runtime::MultiSignature {
    fn from(signature: MultiSignature) -> Self {
        match signature {
            MultiSignature::Ed25519(inner) => Self::Ed25519(inner),
            MultiSignature::Sr25519(inner) => Self::Sr25519(inner),
            MultiSignature::Ecdsa(inner) => Self::Ecdsa(inner),
            MultiSignature::Eth(inner) => Self::Eth(inner),
        }
    }
}

impl From<sr25519::Signature> for MultiSignature {
    fn from(inner: sr25519::Signature) -> Self {
        Self::Sr25519(inner)
    }
}

impl From<ed25519::Signature> for MultiSignature {
    fn from(inner: ed25519::Signature) -> Self {
        Self::Ed25519(inner)
    }
}

impl Verify for MultiSignature {
    type Signer = MultiSigner;

    fn verify<L: Lazy<[u8]>>(
        &self,
        message: L,
        signer: &<Self::Signer as IdentifyAccount>::AccountId,
    ) -> bool {
        if VERIFIED.with(Cell::get) {
            return true;
        }
        sp_runtime::MultiSignature::from(self.clone()).verify(message, signer)
    }
}

thread_local! {
    static VERIFIED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `scope` on this thread with every [`MultiSignature`] taken as valid.
///
/// The caller must have verified the signatures of all transactions that `scope` touches. The
/// result is then the same as without it, only sooner. Calls may nest; a panic in `scope` restores
/// the state before.
pub fn assume_verified<R>(scope: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            VERIFIED.with(|flag| flag.set(self.0));
        }
    }
    let _restore = Restore(VERIFIED.with(|flag| flag.replace(true)));
    scope()
}

/// The payload that a transaction's signature covers, borrowed from `signing_payload`.
///
/// Kept apart from [`Verify`] so that the node can put many into one batch.
pub fn verify_one(signature: &MultiSignature, payload: &[u8], signer: &AccountId32) -> bool {
    sp_runtime::MultiSignature::from(signature.clone()).verify(payload, signer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::Pair;

    fn signed(message: &[u8]) -> (MultiSignature, AccountId32) {
        let pair = sr25519::Pair::from_seed(&[7; 32]);
        (
            pair.sign(message).into(),
            AccountId32::from(pair.public().0),
        )
    }

    #[test]
    fn encodes_as_the_standard_type() {
        let (signature, _) = signed(b"hello");
        let standard: sp_runtime::MultiSignature = signature.clone().into();
        assert_eq!(signature.encode(), standard.encode());
        assert_eq!(
            MultiSignature::max_encoded_len(),
            sp_runtime::MultiSignature::max_encoded_len()
        );
    }

    #[test]
    fn verifies_unless_told_otherwise() {
        let (signature, signer) = signed(b"hello");
        assert!(signature.verify(&b"hello"[..], &signer));
        assert!(!signature.verify(&b"hellO"[..], &signer));
        assert!(assume_verified(|| signature.verify(&b"hellO"[..], &signer)));
        assert!(!signature.verify(&b"hellO"[..], &signer));
    }

    #[test]
    fn a_panic_restores_verification() {
        let (signature, signer) = signed(b"hello");
        let caught = std::panic::catch_unwind(|| assume_verified(|| panic!("inside")));
        assert!(caught.is_err());
        assert!(!signature.verify(&b"other"[..], &signer));
    }
}
