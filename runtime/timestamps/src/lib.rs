//! RFC 3161 time-stamp tokens: asking for them, reading them, and verifying them.
//!
//! A token says that somebody had data with a digest no later than a time. [`verify`] says whether a
//! token is about given data and comes from a given [`Authority`], and returns what it states. It is
//! a pure function of its arguments: there is no clock, no store of trusted roots and no network, so
//! that every node, and whoever verifies evidence years later, comes to the same answer.
//!
//! - The certificates of an authority are registered, not taken from the token: what the token
//!   carries of them is skipped. The chain is trusted from its last certificate on, which need not
//!   be a root.
//! - Revocation lists are not asked. Who registers the certificates withdraws them.
//! - Signatures: RSA of 2048 to 8192 bits (PKCS #1 v1.5, and PSS with a salt as long as the digest) and
//!   ECDSA on P-256 and P-384, with SHA-256, SHA-384 and, for RSA, SHA-512. National algorithms
//!   (SM2, SM3) are refused by name.
//!
//! Whatever the bytes, nothing here panics, recurses or takes time beyond the order of their number.

mod authority;
mod certificate;
mod errors;
mod exchange;
mod signature;
mod token;
mod wire;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use authority::Authority;
pub use errors::{CertificateError, ResponseError, TokenError};
pub use exchange::{request, token_of};
pub use token::{verify, Stamp};

/// Largest token, in bytes. One without certificates has less than 1 KiB, one with a chain of RSA
/// certificates up to 6.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Largest answer of an authority, in bytes: a token, a status, and a few sentences about it.
pub const RESPONSE_BYTES_MAX: usize = TOKEN_BYTES_MAX + 4 * 1024;
/// Largest certificate, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 4 * 1024;
/// Most certificates of an authority: its own, and those that lead to the one that is trusted.
pub const CHAIN_MAX: usize = 4;
