//! Envelopes: how a record's content and its key are encrypted.
//!
//! # Content
//!
//! ```text
//! version (1 byte: 1) ‖ compression (1 byte: 0 none, 1 zstd, 2 gzip) ‖ nonce (24 bytes)
//!   ‖ XChaCha20-Poly1305 of the compressed content, with its tag (16 bytes)
//! ```
//!
//! The key is fresh for every content. The associated data are the two bytes of the header and the
//! SCALE encoding of the [`Binding`]: genesis hash, patient, author, content kind, version of the
//! record. So a content cannot pass for another one's, and its header cannot be changed. Blake2b-256
//! of all these bytes is the content hash that the chain knows.
//!
//! # Key
//!
//! For each reader the key is sealed with HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, ChaCha20Poly1305; `info` is `xinglin/record-key/v1`, and the associated data are
//! the SCALE encoding of the content hash and the [`Reader`]. The hash stands for the record and
//! its version: their numbers are not known before the record is written, and the chain registers a
//! hash once. The result is the encapsulated key (32 bytes), then the ciphertext (48 bytes).
//!
//! `tests/vectors/envelope.json` has examples of both with all that went into them.

mod content;
mod sealed_key;

pub use content::{open, seal, Binding, SealedContent};
pub use pallet_records::types::{ContentKind, Reader, SealedKey, VersionNumber};
pub(crate) use sealed_key::{open_for, seal_for};
pub use sealed_key::{open_key, seal_key, KEY_INFO};
pub use xinglin_envelope::{
    content_hash, Compression, EnvelopeError, RecordKey, OVERHEAD_BYTES, PLAIN_BYTES_MAX,
};
