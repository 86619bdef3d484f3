//! Key pairs: made from a mnemonic, a derivation path or a stored secret; they sign transactions.
//!
//! Secrets are wiped from memory when dropped and never appear in `Debug` output.

use std::{fmt, str::FromStr};

use curve25519_dalek::montgomery::MontgomeryPoint;
use rand::{rngs::OsRng, RngCore};
use sp_core::{
    crypto::{
        DeriveJunction, Pair as _, SecretStringError, SecretUri, Ss58AddressFormat, Ss58Codec,
    },
    ed25519, sr25519,
};
use sp_runtime::traits::IdentifyAccount;
use xinglin_primitives::{
    encryption, AccountId, EncryptionKey, MultiSignature, MultiSigner, SS58_PREFIX,
};
use zeroize::Zeroizing;

/// Words in a new mnemonic, which carry 128 bits of entropy.
pub const MNEMONIC_WORDS: usize = 12;

/// A signature scheme that keys of this SDK use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Schnorr over Ristretto25519: accounts and consensus keys.
    Sr25519,
    /// Ed25519: accounts and the network identities of nodes.
    Ed25519,
}

impl Scheme {
    /// The name that wallets and keystore files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sr25519 => "sr25519",
            Self::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scheme {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        match name {
            "sr25519" => Ok(Self::Sr25519),
            "ed25519" => Ok(Self::Ed25519),
            other => Err(KeyError::Scheme(other.to_owned())),
        }
    }
}

/// Why a key cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The scheme has another name.
    #[error("unknown key scheme `{0}`; this chain's keys are `sr25519` or `ed25519`")]
    Scheme(String),
    /// The text is neither a mnemonic, a seed nor a derivation path. The text itself is not told.
    #[error("not a secret: {0}; give a mnemonic of 12 to 24 words or a 0x-prefixed seed of 32 bytes, with derivations such as `//name` behind it")]
    Secret(&'static str),
    /// A derivation is soft.
    #[error(
        "a soft derivation (`/name`) restores other envelope keys each time; derive with `//name`"
    )]
    SoftDerivation,
    /// Stored key material has the wrong shape.
    #[error("damaged key: {0}")]
    Damaged(&'static str),
    /// The text is not an address.
    #[error("not an address: {0}; give an SS58 address or 32 bytes in hex")]
    Address(String),
}

impl From<SecretStringError> for KeyError {
    fn from(error: SecretStringError) -> Self {
        Self::Secret(match error {
            SecretStringError::InvalidFormat(_) => "its format is wrong",
            SecretStringError::InvalidPhrase => "a word or the checksum of the mnemonic is wrong",
            SecretStringError::InvalidPassword => "the password in it is wrong",
            SecretStringError::InvalidSeed => "the seed is wrong",
            SecretStringError::InvalidSeedLength => "the seed has the wrong length",
            SecretStringError::InvalidPath => "the derivation is not possible with this scheme",
        })
    }
}

/// A secret key with its public key.
#[derive(Clone)]
pub enum KeyPair {
    /// An sr25519 key.
    Sr25519(Box<sr25519::Pair>),
    /// An ed25519 key.
    Ed25519(Box<ed25519::Pair>),
}

impl KeyPair {
    /// Makes a new key. The mnemonic restores it and is the only copy: store it or the pair.
    pub fn generate(scheme: Scheme) -> (Self, Zeroizing<String>) {
        match scheme {
            Scheme::Sr25519 => {
                let (pair, phrase, _) = sr25519::Pair::generate_with_phrase(None);
                (Self::Sr25519(Box::new(pair)), Zeroizing::new(phrase))
            }
            Scheme::Ed25519 => {
                let (pair, phrase, _) = ed25519::Pair::generate_with_phrase(None);
                (Self::Ed25519(Box::new(pair)), Zeroizing::new(phrase))
            }
        }
    }

    /// Makes a key from a secret text: a mnemonic or a `0x`-prefixed seed, with any derivations
    /// (`//hard`) and password (`///password`) behind it. Derivations alone derive from the well-known
    /// development mnemonic: `//Alice`.
    ///
    /// # Errors
    /// It is none of these, or one of the derivations is soft (`/soft`): what that derives signs alike
    /// each time, but is stored with a random part, so that the envelopes of one time would stay shut at
    /// the next ([`encryption_secret`]).
    pub fn from_secret(scheme: Scheme, secret: &str) -> Result<Self, KeyError> {
        let uri: SecretUri = secret.parse()?;
        if uri.junctions.iter().any(DeriveJunction::is_soft) {
            return Err(KeyError::SoftDerivation);
        }
        Ok(match scheme {
            Scheme::Sr25519 => Self::Sr25519(Box::new(sr25519::Pair::from_string(secret, None)?)),
            Scheme::Ed25519 => Self::Ed25519(Box::new(ed25519::Pair::from_string(secret, None)?)),
        })
    }

    /// The key's scheme.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Sr25519(_) => Scheme::Sr25519,
            Self::Ed25519(_) => Scheme::Ed25519,
        }
    }

    /// The public key, 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        match self {
            Self::Sr25519(pair) => pair.public().0,
            Self::Ed25519(pair) => pair.public().0,
        }
    }

    /// The account that the key controls.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Sr25519(pair) => MultiSigner::from(pair.public()),
            Self::Ed25519(pair) => MultiSigner::from(pair.public()),
        }
        .into_account()
    }

    /// The account's address.
    pub fn address(&self) -> String {
        address_of(&self.account())
    }

    /// Signs a message as an account signs a transaction.
    pub fn sign(&self, message: &[u8]) -> MultiSignature {
        match self {
            Self::Sr25519(pair) => pair.sign(message).into(),
            Self::Ed25519(pair) => pair.sign(message).into(),
        }
    }

    /// The schnorrkel key of an sr25519 pair: what consensus signs with.
    pub fn to_schnorrkel(&self) -> Option<schnorrkel::Keypair> {
        match self {
            Self::Sr25519(pair) => Some((**pair).clone().into()),
            Self::Ed25519(_) => None,
        }
    }

    /// The seed of an ed25519 pair: what a node's network identity is made of.
    pub fn to_ed25519_seed(&self) -> Option<Zeroizing<[u8; 32]>> {
        match self {
            Self::Sr25519(_) => None,
            Self::Ed25519(pair) => Some(Zeroizing::new(pair.seed())),
        }
    }

    /// The secret as wallets store it, 64 bytes: for sr25519 the expanded key in Ed25519 form, for
    /// ed25519 the seed and the public key.
    pub(crate) fn to_stored(&self) -> Zeroizing<[u8; 64]> {
        match self {
            Self::Sr25519(pair) => {
                let pair: &schnorrkel::Keypair = (**pair).as_ref();
                Zeroizing::new(pair.secret.to_ed25519_bytes())
            }
            Self::Ed25519(pair) => {
                let mut stored = Zeroizing::new([0; 64]);
                stored[..32].copy_from_slice(&*Zeroizing::new(pair.seed()));
                stored[32..].copy_from_slice(&pair.public().0);
                stored
            }
        }
    }

    /// The reverse of [`to_stored`](Self::to_stored).
    pub(crate) fn from_stored(scheme: Scheme, secret: &[u8]) -> Result<Self, KeyError> {
        match scheme {
            Scheme::Sr25519 => {
                let secret = schnorrkel::SecretKey::from_ed25519_bytes(secret)
                    .map_err(|_| KeyError::Damaged("not an sr25519 secret"))?;
                Ok(Self::Sr25519(Box::new(secret.into())))
            }
            Scheme::Ed25519 => {
                let seed = secret
                    .get(..32)
                    .ok_or(KeyError::Damaged("not an ed25519 secret"))?;
                let pair = ed25519::Pair::from_seed_slice(seed)
                    .map_err(|_| KeyError::Damaged("not an ed25519 seed"))?;
                Ok(Self::Ed25519(Box::new(pair)))
            }
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({} {})", self.scheme(), self.address())
    }
}

/// A fresh ed25519 seed from the operating system's randomness.
pub fn random_seed() -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(&mut *seed);
    seed
}

/// The X25519 secret with which the owner of a key opens envelopes, derived from it so that there is
/// one secret to guard and none to lose. The chain knows the public key alone, and an owner may
/// register any other.
pub fn encryption_secret(pair: &KeyPair) -> Zeroizing<[u8; 32]> {
    encryption::encryption_secret(&pair.to_stored())
}

/// The public key of [`encryption_secret`].
pub fn encryption_key(pair: &KeyPair) -> EncryptionKey {
    EncryptionKey(MontgomeryPoint::mul_base_clamped(*encryption_secret(pair)).to_bytes())
}

/// The address of an account in this chain's format.
pub fn address_of(account: &AccountId) -> String {
    account.to_ss58check_with_version(Ss58AddressFormat::custom(SS58_PREFIX))
}

/// Reads an account from an SS58 address of any network or from 32 bytes in hex.
pub fn parse_account(text: &str) -> Result<AccountId, KeyError> {
    if let Some(digits) = text.strip_prefix("0x") {
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes)
            .map_err(|error| KeyError::Address(error.to_string()))?;
        return Ok(bytes.into());
    }
    AccountId::from_ss58check_with_version(text)
        .map(|(account, _)| account)
        .map_err(|error| KeyError::Address(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_runtime::traits::Verify;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn a_mnemonic_restores_its_key() {
        for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
            let (pair, phrase) = KeyPair::generate(scheme);
            assert_eq!(phrase.split(' ').count(), MNEMONIC_WORDS);
            let restored = KeyPair::from_secret(scheme, &phrase).unwrap();
            assert_eq!(restored.public(), pair.public());
            let other = KeyPair::from_secret(scheme, &format!("{}//1", *phrase)).unwrap();
            assert_ne!(other.public(), pair.public());
        }
    }

    #[test]
    fn development_keys_are_the_well_known_ones() {
        let alice = KeyPair::from_secret(Scheme::Sr25519, "//Alice").unwrap();
        assert_eq!(alice.address(), ALICE);
        assert_eq!(parse_account(ALICE).unwrap(), alice.account());
        let digits = format!("0x{}", hex::encode(alice.public()));
        assert_eq!(parse_account(&digits).unwrap(), alice.account());
    }

    #[test]
    fn signatures_verify_for_the_account_and_the_message_only() {
        for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
            let (pair, _) = KeyPair::generate(scheme);
            let signature = pair.sign(b"hello");
            assert!(signature.verify(&b"hello"[..], &pair.account()));
            assert!(!signature.verify(&b"hellO"[..], &pair.account()));
        }
    }

    #[test]
    fn encryption_keys_differ_by_owner_and_stay_the_same() {
        let key = |path| encryption_key(&KeyPair::from_secret(Scheme::Sr25519, path).unwrap());
        assert_eq!(key("//Alice"), key("//Alice"));
        assert_ne!(key("//Alice"), key("//Bob"));
    }

    /// Whoever plays a party of a development chain can open what is sealed to it.
    #[test]
    fn the_parties_of_the_presets_have_the_keys_that_are_derived_here() {
        use xinglin_runtime::genesis::{self, dev};

        let key =
            |path: &str| encryption_key(&KeyPair::from_secret(Scheme::Sr25519, path).unwrap());
        let config = genesis::config(genesis::DEV).unwrap().members;
        for (member, name) in config
            .members
            .iter()
            .zip(["Alice", "Bob", "Charlie", "Dave", "Eve", "Grace"])
        {
            assert_eq!(member.encryption_key, key(&format!("//{name}")), "{name}");
        }
        assert_eq!(
            config.practitioners[0].encryption_key,
            key("//Alice//doctor//1")
        );
        assert_eq!(
            config.patients[0].encryption_key,
            key("//Alice//patient//1")
        );
        let pair = KeyPair::from_secret(Scheme::Sr25519, "//Bob//patient//5").unwrap();
        let secret = dev::encryption_secret("//Bob//patient//5");
        assert_eq!(secret, *encryption_secret(&pair));
    }

    #[test]
    fn debug_output_has_no_secret() {
        let (pair, phrase) = KeyPair::generate(Scheme::Ed25519);
        let text = format!("{pair:?}");
        let seed = hex::encode(*pair.to_ed25519_seed().unwrap());
        assert!(text.contains(&pair.address()));
        assert!(!text.contains(&seed) && !text.contains(phrase.split(' ').next().unwrap()));
    }

    /// Their envelope keys would be others after every restoration.
    #[test]
    fn soft_derivations_are_refused() {
        for secret in ["//Alice/soft", "/soft", "//Alice/soft//hard"] {
            for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
                let made = KeyPair::from_secret(scheme, secret);
                assert!(matches!(made, Err(KeyError::SoftDerivation)), "{secret}");
            }
        }
    }

    #[test]
    fn a_wrong_secret_is_not_repeated_in_the_error() {
        let error = KeyPair::from_secret(Scheme::Sr25519, "my secret words").unwrap_err();
        assert!(!error.to_string().contains("my secret"));
    }
}
