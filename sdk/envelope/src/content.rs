//! One content: compressed, then encrypted under a key of its own.

use std::fmt;

use chacha20poly1305::{
    aead::{Aead, KeyInit, Payload},
    XChaCha20Poly1305, XNonce,
};
use rand::{CryptoRng, RngCore};
use sp_io::hashing::blake2_256;
use xinglin_primitives::Hash;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Compression, EnvelopeError};

/// Largest content in bytes, before compression: 64 MiB.
pub const PLAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// By how many bytes an envelope is longer than the compressed content.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;
/// Length of a record key in bytes.
pub const KEY_BYTES: usize = 32;
/// Length of a nonce in bytes.
pub const NONCE_BYTES: usize = 24;
/// Length of an authentication tag in bytes.
pub const TAG_BYTES: usize = 16;

pub(crate) const FORMAT_VERSION: u8 = 1;
const HEADER_BYTES: usize = 2;

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

    /// A fresh key: 32 bytes from `rng`.
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut bytes = [0; KEY_BYTES];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}

/// The hash by which the chain knows an envelope or letter: Blake2b-256.
pub fn content_hash(envelope: &[u8]) -> Hash {
    blake2_256(envelope).into()
}

/// XChaCha20-Poly1305 of what is packed already, with its tag.
pub fn encrypt(
    key: &RecordKey,
    nonce: [u8; NONCE_BYTES],
    packed: &[u8],
    associated_data: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let payload = Payload {
        msg: packed,
        aad: associated_data,
    };
    key.cipher()
        .encrypt(&XNonce::from(nonce), payload)
        // The cipher refuses nothing but contents beyond 256 GiB.
        .map_err(|_| EnvelopeError::TooLarge)
}

/// The reverse of [`encrypt`].
pub fn decrypt(
    key: &RecordKey,
    nonce: [u8; NONCE_BYTES],
    ciphertext: &[u8],
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let payload = Payload {
        msg: ciphertext,
        aad: associated_data,
    };
    key.cipher()
        .decrypt(&XNonce::from(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::ContentRefused)
}

/// The associated data of a content with this header.
fn associated_data(header: [u8; HEADER_BYTES], binding: &[u8]) -> Vec<u8> {
    [&header, binding].concat()
}

/// Compresses and encrypts a content of at most [`PLAIN_BYTES_MAX`] bytes. `binding` is what it is
/// about, in SCALE: it is authenticated with the content and not stored in it. From `rng` come 32
/// bytes for the key, then 24 for the nonce.
pub fn seal(
    plain: &[u8],
    compression: Compression,
    binding: &[u8],
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<(Vec<u8>, RecordKey), EnvelopeError> {
    let packed = compression.pack(plain, PLAIN_BYTES_MAX)?;
    let key = RecordKey::generate(rng);
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let header = [FORMAT_VERSION, compression.code()];
    let ciphertext = encrypt(&key, nonce, &packed, &associated_data(header, binding))?;
    let mut envelope = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + ciphertext.len());
    envelope.extend_from_slice(&header);
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&ciphertext);
    Ok((envelope, key))
}

/// Checks an envelope against the hash on the chain, decrypts and decompresses it. `binding` as for
/// [`seal`].
pub fn open(
    envelope: &[u8],
    hash: Hash,
    key: &RecordKey,
    binding: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    ensure_hash(envelope, hash)?;
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
    let packed = decrypt(key, *nonce, ciphertext, &associated_data(*header, binding))?;
    compression.unpack(&packed, PLAIN_BYTES_MAX)
}

pub(crate) fn ensure_hash(envelope: &[u8], expected: Hash) -> Result<(), EnvelopeError> {
    let found = content_hash(envelope);
    if found == expected {
        return Ok(());
    }
    Err(EnvelopeError::HashMismatch { expected, found })
}
