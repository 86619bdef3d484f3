//! The content of a record, bound to what it is about.

use codec::Encode;
use pallet_records::types::{Ciphertext, ContentKind, VersionNumber, CIPHERTEXT_BYTES_MAX};
use rand::{CryptoRng, RngCore};
use xinglin_envelope::{content_hash, Compression, EnvelopeError, RecordKey};
use xinglin_primitives::{Hash, PatientId, PractitionerId};
use zeroize::Zeroizing;

/// What a content is about. It is authenticated with the content, and not stored in it: whoever
/// opens it takes it from the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub struct Binding {
    /// The genesis hash of the chain.
    pub genesis: Hash,
    /// The record's patient.
    pub patient: PatientId,
    /// Its author.
    pub author: PractitionerId,
    /// Its kind.
    pub kind: ContentKind,
    /// The number of the version, from 1.
    pub version: VersionNumber,
}

/// A content in its envelope, with the key that opens it.
#[derive(Clone, Debug)]
pub struct SealedContent {
    /// The envelope.
    pub envelope: Vec<u8>,
    /// Its hash, by which the chain knows it.
    pub hash: Hash,
    /// Its key, to be sealed to each reader.
    pub key: RecordKey,
}

impl SealedContent {
    /// The envelope as a transaction carries it; one that is too large goes into an object store.
    pub fn to_ciphertext(&self) -> Result<Ciphertext, EnvelopeError> {
        Ciphertext::try_from(self.envelope.clone()).map_err(|_| {
            EnvelopeError::TooLargeForTransaction {
                bytes: self.envelope.len(),
                limit: CIPHERTEXT_BYTES_MAX as usize,
            }
        })
    }
}

/// Compresses and encrypts a content of at most [`PLAIN_BYTES_MAX`](super::PLAIN_BYTES_MAX) bytes.
/// From `rng` come 32 bytes for the key, then 24 for the nonce.
pub fn seal(
    plain: &[u8],
    compression: Compression,
    binding: &Binding,
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<SealedContent, EnvelopeError> {
    let (envelope, key) = xinglin_envelope::seal(plain, compression, &binding.encode(), rng)?;
    let hash = content_hash(&envelope);
    Ok(SealedContent {
        envelope,
        hash,
        key,
    })
}

/// Checks an envelope against the hash on the chain, decrypts and decompresses it.
pub fn open(
    envelope: &[u8],
    hash: Hash,
    key: &RecordKey,
    binding: &Binding,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    xinglin_envelope::open(envelope, hash, key, &binding.encode())
}
