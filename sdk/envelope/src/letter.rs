//! The layout of letters, and opening one with its key.
//!
//! What stands in the slots of the readers, and how the key is sealed there, is written in the SDK's
//! `letter`.

use xinglin_primitives::Hash;
use zeroize::Zeroizing;

use crate::{
    content::{ensure_hash, FORMAT_VERSION},
    decrypt, Compression, EnvelopeError, RecordKey, NONCE_BYTES, TAG_BYTES,
};

/// Most readers of a letter.
pub const READERS_MAX: usize = 16;
/// Largest content of a letter in bytes, before compression: 1 MiB.
pub const LETTER_BYTES_MAX: usize = 1024 * 1024;
/// What stands before a reader's sealed key: the reader's kind and number.
pub const PLACE_BYTES: usize = 9;
/// A reader's place and sealed key.
pub const SLOT_BYTES: usize = PLACE_BYTES + SEALED_KEY_BYTES;

/// Length of a sealed key in bytes.
const SEALED_KEY_BYTES: usize = 80;
/// Version, compression, number of readers.
const HEADER_BYTES: usize = 3;

/// A letter taken apart, not yet authenticated.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    compression: Compression,
    /// All before the nonce.
    header: &'a [u8],
    nonce: [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

/// What a letter with these readers begins with: what comes before the slots.
pub fn head(compression: Compression, readers: u8) -> [u8; HEADER_BYTES] {
    [FORMAT_VERSION, compression.code(), readers]
}

/// The associated data of the content: all before the nonce, then what the letter is about in SCALE.
pub fn content_data(header: &[u8], context: &[u8]) -> Vec<u8> {
    [header, context].concat()
}

/// Takes a letter apart.
pub fn take_apart(letter: &[u8]) -> Result<Parts<'_>, EnvelopeError> {
    let cut_off = || EnvelopeError::CutOff {
        bytes: letter.len(),
    };
    let ([version, code, count], rest) = letter
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(cut_off)?;
    if *version != FORMAT_VERSION {
        return Err(EnvelopeError::UnknownVersion(*version));
    }
    let compression = Compression::from_code(*code)?;
    let count = usize::from(*count);
    if !(1..=READERS_MAX).contains(&count) {
        return Err(EnvelopeError::BadReaders);
    }
    let (slots, rest) = rest
        .split_at_checked(count * SLOT_BYTES)
        .ok_or_else(cut_off)?;
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or_else(cut_off)?;
    if ciphertext.len() < TAG_BYTES {
        return Err(cut_off());
    }
    Ok(Parts {
        compression,
        header: &letter[..HEADER_BYTES + slots.len()],
        nonce: *nonce,
        ciphertext,
    })
}

impl<'a> Parts<'a> {
    /// The slots of the readers, [`SLOT_BYTES`] each.
    pub fn slots(&self) -> &'a [u8] {
        &self.header[HEADER_BYTES..]
    }

    /// Decrypts and decompresses the content. `context` is what the letter is about, in SCALE.
    pub fn open(
        &self,
        key: &RecordKey,
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let data = content_data(self.header, context);
        let packed = decrypt(key, self.nonce, self.ciphertext, &data)?;
        self.compression.unpack(&packed, LETTER_BYTES_MAX)
    }
}

/// Checks a letter against the hash on the chain and opens it with its key.
pub fn open(
    letter: &[u8],
    hash: Hash,
    key: &RecordKey,
    context: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    ensure_hash(letter, hash)?;
    take_apart(letter)?.open(key, context)
}
