//! The secrets that a program works with for somebody.

use std::fmt;

use curve25519_dalek::montgomery::MontgomeryPoint;
use xinglin_primitives::{AccountId, EncryptionKey};
use zeroize::Zeroizing;

use crate::keys::{encryption_secret, KeyError, KeyPair, Scheme};

/// Behind it stands the number of a member's service account in a development path.
const SERVICE: &str = "//service//";

/// A key that signs, together with the secret that opens what was sealed to its owner. Both are
/// wiped from memory when dropped and never printed.
#[derive(Clone)]
pub struct Wallet {
    key: KeyPair,
    secret: Zeroizing<[u8; 32]>,
    /// Secrets of encryption keys that were replaced.
    former: Vec<Zeroizing<[u8; 32]>>,
}

impl Wallet {
    /// Of somebody whose encryption key is the one that the SDK derives from the signing key.
    pub fn new(key: KeyPair) -> Self {
        let secret = encryption_secret(&key);
        Self {
            key,
            secret,
            former: Vec::new(),
        }
    }

    /// Of a service account or session key, which signs for itself and opens what was sealed to the
    /// owner of another key: the member, or the person.
    pub fn opening_as(key: KeyPair, owner: &KeyPair) -> Self {
        let secret = encryption_secret(owner);
        Self {
            key,
            secret,
            former: Vec::new(),
        }
    }

    /// With a key that the owner had before: what was sealed to it stays so, and is opened with it.
    #[must_use]
    pub fn with_former(mut self, owner: &KeyPair) -> Self {
        self.former.push(encryption_secret(owner));
        self
    }

    /// Of a party of the development presets, by its path: `//Alice//patient//1`. Everybody knows
    /// these secrets.
    pub fn development(path: &str) -> Result<Self, KeyError> {
        let pair = |path| KeyPair::from_secret(Scheme::Sr25519, path);
        Ok(match path.split_once(SERVICE) {
            Some((member, _)) => Self::opening_as(pair(path)?, &pair(member)?),
            None => Self::new(pair(path)?),
        })
    }

    /// The key that signs.
    pub fn key(&self) -> &KeyPair {
        &self.key
    }

    /// The account of the key that signs.
    pub fn account(&self) -> AccountId {
        self.key.account()
    }

    /// The X25519 secret that opens sealed keys.
    pub fn secret(&self) -> &Zeroizing<[u8; 32]> {
        &self.secret
    }

    /// Opens something with the secret of now, or else with the first former one that does.
    pub(crate) fn open_with<T, E>(
        &self,
        open: impl Fn(&Zeroizing<[u8; 32]>) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = open(&self.secret);
        let former = self.former.iter();
        former.fold(now, |found, secret| found.or_else(|_| open(secret)))
    }

    /// The public key of [`secret`](Self::secret), to which envelopes for the owner are sealed.
    pub fn encryption_key(&self) -> EncryptionKey {
        EncryptionKey(MontgomeryPoint::mul_base_clamped(*self.secret).to_bytes())
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wallet({})", self.key.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::encryption_key;
    use xinglin_runtime::genesis::dev;

    #[test]
    fn development_wallets_open_what_the_presets_seal_to() {
        for path in ["//Alice", "//Alice//patient//1", "//Alice//doctor//2"] {
            let wallet = Wallet::development(path).unwrap();
            assert_eq!(wallet.encryption_key(), dev::encryption_key(path));
            assert_eq!(wallet.account(), dev::account(path));
        }
        let desk = Wallet::development("//Alice//service//1").unwrap();
        assert_eq!(desk.encryption_key(), dev::encryption_key("//Alice"));
        assert_eq!(desk.account(), dev::account("//Alice//service//1"));
    }

    #[test]
    fn a_service_account_opens_for_its_member() {
        let pair = |path| KeyPair::from_secret(Scheme::Sr25519, path).unwrap();
        let (desk, member) = (pair("//desk"), pair("//member"));
        let wallet = Wallet::opening_as(desk.clone(), &member);
        assert_eq!(wallet.encryption_key(), encryption_key(&member));
        assert_eq!(wallet.account(), desk.account());
        assert_eq!(
            Wallet::new(desk.clone()).encryption_key(),
            encryption_key(&desk)
        );
    }

    #[test]
    fn a_former_key_opens_what_the_one_of_now_does_not() {
        let pair = |path| KeyPair::from_secret(Scheme::Sr25519, path).unwrap();
        let opens = |wallet: &Wallet, path: &str| {
            let opened = wallet.open_with(|secret| {
                let public = MontgomeryPoint::mul_base_clamped(**secret).to_bytes();
                (public == dev::encryption_key(path).0)
                    .then_some(())
                    .ok_or(())
            });
            opened.is_ok()
        };
        let wallet = Wallet::new(pair("//new"));
        assert!(opens(&wallet, "//new") && !opens(&wallet, "//old"));
        let wallet = wallet
            .with_former(&pair("//older"))
            .with_former(&pair("//old"));
        assert_eq!(wallet.encryption_key(), dev::encryption_key("//new"));
        for path in ["//new", "//old", "//older"] {
            assert!(opens(&wallet, path), "{path}");
        }
        assert!(!opens(&wallet, "//other"));
    }

    #[test]
    fn debug_output_has_no_secret() {
        let wallet = Wallet::development("//Alice").unwrap();
        assert_eq!(
            format!("{wallet:?}"),
            format!("Wallet({})", wallet.key().address())
        );
    }
}
