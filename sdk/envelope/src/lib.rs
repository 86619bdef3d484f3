//! The symmetric half of envelopes and letters: contents compressed and encrypted under a key.
//!
//! Who gets the key, and how it is sealed, is the affair of the SDK. Whoever has a key opens a content
//! with this crate alone: readers, and those to whom a reader hands the key as evidence.
//!
//! - [`seal`] and [`open`]: the envelope of a record;
//! - [`letter`]: the layout of letters, and opening one with its key;
//! - [`encrypt`] and [`decrypt`]: the cipher under both.

mod compression;
mod content;
mod error;
pub mod letter;

#[cfg(test)]
mod tests;

pub use compression::Compression;
pub use content::{
    content_hash, decrypt, encrypt, open, seal, RecordKey, KEY_BYTES, NONCE_BYTES, OVERHEAD_BYTES,
    PLAIN_BYTES_MAX, TAG_BYTES,
};
pub use error::EnvelopeError;
