//! Keys to which envelopes are sealed, derived from account keys.
//!
//! The chain takes any key that its owner registers. This is how wallets of this chain make one, so
//! that there is one secret to guard and none to lose; the parties of the development chains are made
//! the same way, by the same function.

use sp_io::hashing::blake2_256;
use zeroize::Zeroizing;

/// Separates encryption secrets from everything else that is derived from a key.
const DOMAIN: &[u8] = b"xinglin/encryption-key/v1";

/// The X25519 secret of the owner of an account key: the Blake2b-256 hash of a domain and the key.
///
/// `stored` is the account's secret as wallets store it: for sr25519 the expanded key in Ed25519
/// form, for ed25519 the seed and the public key.
pub fn encryption_secret(stored: &[u8; 64]) -> Zeroizing<[u8; 32]> {
    let mut input = Zeroizing::new(Vec::with_capacity(DOMAIN.len() + stored.len()));
    input.extend_from_slice(DOMAIN);
    input.extend_from_slice(stored);
    Zeroizing::new(blake2_256(&input))
}
