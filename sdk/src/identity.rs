//! What the chain knows of who a patient is: a salted hash of the identity number.

use std::fmt;

use blake2::{digest::consts::U32, Blake2b, Digest};
use rand::{rngs::OsRng, RngCore};
use xinglin_primitives::IdentityHash;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a salt. There are so few identity numbers that without one the hash could be looked up.
pub const SALT_BYTES: usize = 32;

/// A patient's salt. The member that registers the patient keeps it, secret, with its own records.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; SALT_BYTES]);

impl Salt {
    /// A new one.
    pub fn random() -> Self {
        let mut bytes = [0; SALT_BYTES];
        OsRng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// One that was kept.
    pub fn from_bytes(bytes: [u8; SALT_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be kept.
    pub fn as_bytes(&self) -> &[u8; SALT_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// `blake2_256(salt ‖ identity number)`, the number in ASCII capitals and without spaces, so that
/// one person has one hash however the number was typed.
pub fn identity_hash(salt: &Salt, identity_number: &str) -> IdentityHash {
    let mut number: String = identity_number
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| character.to_ascii_uppercase())
        .collect();
    let mut hasher = Blake2b::<U32>::new();
    hasher.update(salt.0);
    hasher.update(number.as_bytes());
    number.zeroize();
    IdentityHash(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "11010519491231002X";

    #[test]
    fn is_the_hash_that_the_chain_computes() {
        let salt = Salt::from_bytes([7; SALT_BYTES]);
        let input = [&[7; SALT_BYTES][..], NUMBER.as_bytes()].concat();
        let expected = sp_io::hashing::blake2_256(&input);
        assert_eq!(identity_hash(&salt, NUMBER), IdentityHash(expected));
    }

    #[test]
    fn one_person_has_one_hash_under_one_salt() {
        let salt = Salt::random();
        let typed = identity_hash(&salt, "110105 19491231 002x");
        assert_eq!(typed, identity_hash(&salt, NUMBER));
        assert_ne!(typed, identity_hash(&Salt::random(), NUMBER));
    }

    #[test]
    fn a_salt_is_not_printed() {
        assert_eq!(
            format!("{:?}", Salt::from_bytes([7; SALT_BYTES])),
            "Salt(..)"
        );
    }
}
