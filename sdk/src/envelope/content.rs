//! The content of a record: compressed, then encrypted under a key of its own.

use std::fmt;

use chacha20poly1305::{
    aead::{Aead, KeyInit, Payload},
    XChaCha20Poly1305, XNonce,
};
use codec::Encode;
use pallet_records::types::{Ciphertext, ContentKind, VersionNumber};
use rand::{CryptoRng, RngCore};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{Hash, PatientId, PractitionerId};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Compression, EnvelopeError};

/// Largest content in bytes, before compression: 64 MiB.
pub const PLAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// By how many bytes an envelope is longer than the compressed content.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;
/// Length of a record key in bytes.
pub(super) const KEY_BYTES: usize = 32;

const FORMAT_VERSION: u8 = 1;
const HEADER_BYTES: usize = 2;
pub(crate) const NONCE_BYTES: usize = 24;
pub(crate) const TAG_BYTES: usize = 16;

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

impl Binding {
    /// The associated data of a content with this header.
    fn associated_data(&self, header: [u8; HEADER_BYTES]) -> Vec<u8> {
        (header, self).encode()
    }
}

/// The key of one content. It is wiped from memory when dropped and never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecordKey([u8; KEY_BYTES]);

impl RecordKey {
    /// A key that was kept.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be kept.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    pub(crate) fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut bytes = [0; KEY_BYTES];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    pub(crate) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
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
        let bytes = self.envelope.len();
        Ciphertext::try_from(self.envelope.clone())
            .map_err(|_| EnvelopeError::TooLargeForTransaction { bytes })
    }
}

/// The hash by which the chain knows an envelope: Blake2b-256.
pub fn content_hash(envelope: &[u8]) -> Hash {
    blake2_256(envelope).into()
}

/// Compresses and encrypts a content of at most [`PLAIN_BYTES_MAX`] bytes. From `rng` come 32 bytes
/// for the key, then 24 for the nonce.
pub fn seal(
    plain: &[u8],
    compression: Compression,
    binding: &Binding,
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<SealedContent, EnvelopeError> {
    let packed = compression.pack(plain, PLAIN_BYTES_MAX)?;
    let key = RecordKey::generate(rng);
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let header = [FORMAT_VERSION, compression.code()];
    let payload = Payload {
        msg: &packed,
        aad: &binding.associated_data(header),
    };
    let ciphertext = key
        .cipher()
        .encrypt(&XNonce::from(nonce), payload)
        // The cipher refuses nothing but contents beyond 256 GiB.
        .map_err(|_| EnvelopeError::TooLarge)?;
    let mut envelope = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + ciphertext.len());
    envelope.extend_from_slice(&header);
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&ciphertext);
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
    let found = content_hash(envelope);
    if found != hash {
        return Err(EnvelopeError::HashMismatch {
            expected: hash,
            found,
        });
    }
    let bytes = envelope.len();
    let cut_off = EnvelopeError::CutOff { bytes };
    let (header, rest) = envelope
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or(cut_off.clone())?;
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(cut_off.clone())?;
    if ciphertext.len() < TAG_BYTES {
        return Err(cut_off);
    }
    let [version, code] = *header;
    if version != FORMAT_VERSION {
        return Err(EnvelopeError::UnknownVersion(version));
    }
    let compression = Compression::from_code(code)?;
    let payload = Payload {
        msg: ciphertext,
        aad: &binding.associated_data(*header),
    };
    let packed = key
        .cipher()
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::ContentRefused)?;
    compression.unpack(&packed, PLAIN_BYTES_MAX)
}
