//! Compression of contents before they are encrypted.

use std::io::Read;

use flate2::read::{GzDecoder, GzEncoder};
use zeroize::Zeroizing;

use crate::EnvelopeError;

/// The level of zstd: its own default, beyond which FHIR bundles gain little.
const ZSTD_LEVEL: i32 = 3;
/// Largest window of zstd that is decoded, as a power of two: 8 MiB, four times what that level
/// uses. Bounds the memory that a hostile frame takes.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a content is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: for what is compressed already, as images are.
    None,
    /// Zstandard (RFC 8878).
    Zstd,
    /// Gzip (RFC 1952).
    Gzip,
}

impl Compression {
    /// The byte in the header.
    pub fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Zstd => 1,
            Self::Gzip => 2,
        }
    }

    /// The compression that a byte in the header stands for.
    pub fn from_code(code: u8) -> Result<Self, EnvelopeError> {
        match code {
            0 => Ok(Self::None),
            1 => Ok(Self::Zstd),
            2 => Ok(Self::Gzip),
            other => Err(EnvelopeError::UnknownCompression(other)),
        }
    }

    /// Compresses a content of at most `limit` bytes.
    pub fn pack(self, plain: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        if plain.len() > limit {
            return Err(EnvelopeError::TooLarge);
        }
        let packed = match self {
            Self::None => Ok(plain.to_vec()),
            Self::Zstd => zstd::bulk::compress(plain, ZSTD_LEVEL),
            Self::Gzip => {
                let mut packed = Vec::new();
                let mut encoder = GzEncoder::new(plain, flate2::Compression::default());
                encoder.read_to_end(&mut packed).map(|_| packed)
            }
        };
        packed
            .map(Zeroizing::new)
            .map_err(|_| EnvelopeError::BadCompression)
    }

    /// The reverse of [`pack`](Self::pack). Stops as soon as there are more than `limit` bytes.
    pub fn unpack(self, packed: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        match self {
            Self::None => read_bounded(packed, limit),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)
                    .map_err(|_| EnvelopeError::BadCompression)?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG_MAX)
                    .map_err(|_| EnvelopeError::BadCompression)?;
                read_bounded(decoder, limit)
            }
            Self::Gzip => read_bounded(GzDecoder::new(packed), limit),
        }
    }
}

/// Reads to the end, which must come within `limit` bytes.
fn read_bounded(source: impl Read, limit: usize) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let mut plain = Zeroizing::new(Vec::new());
    // One more than the limit, so that reaching it can be told from exceeding it.
    let bound = (limit as u64).saturating_add(1);
    source
        .take(bound)
        .read_to_end(&mut plain)
        .map_err(|_| EnvelopeError::BadCompression)?;
    if plain.len() > limit {
        return Err(EnvelopeError::TooLarge);
    }
    Ok(plain)
}
