//! Keystore files: one key each, encrypted with a passphrase, in the format of the polkadot.js
//! wallets (version 3), so that those read ours and we read theirs.
//!
//! ```text
//! encoded  = base64( salt[32] ‖ N u32 ‖ p u32 ‖ r u32 ‖ nonce[24] ‖ secretbox )
//! secretbox = XSalsa20-Poly1305 under the first 32 bytes of scrypt(passphrase, salt, N, r, p)
//! opened   = header[16] ‖ secret[64] ‖ divider[5] ‖ public[32]
//! ```

use std::path::Path;

use base64::{engine::general_purpose::STANDARD as BASE64, Engine};
use crypto_secretbox::{
    aead::{generic_array::GenericArray, Aead, KeyInit},
    XSalsa20Poly1305,
};
use rand::{rngs::OsRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    keys::{KeyError, KeyPair, Scheme},
    secret_file::{self, SecretFileError},
};

const VERSION: &str = "3";
const HEADER: [u8; 16] = [48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const DIVIDER: [u8; 5] = [161, 35, 3, 33, 0];
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const PREFIX_BYTES: usize = SALT_BYTES + 12;
const SECRET_BYTES: usize = 64;
const PUBLIC_BYTES: usize = 32;
const OPENED_BYTES: usize = HEADER.len() + SECRET_BYTES + DIVIDER.len() + PUBLIC_BYTES;

/// The cost of trying one passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    log_n: u8,
    p: u32,
    r: u32,
}

/// The costs that wallets use and accept; all others are refused, so that a hostile file cannot
/// make us spend memory without bound (these need at most 128 MiB).
const COSTS: [Cost; 6] = [
    Cost {
        log_n: 13,
        p: 10,
        r: 8,
    },
    Cost {
        log_n: 14,
        p: 5,
        r: 8,
    },
    Cost {
        log_n: 15,
        p: 3,
        r: 8,
    },
    Cost {
        log_n: 15,
        p: 1,
        r: 8,
    },
    Cost {
        log_n: 16,
        p: 2,
        r: 8,
    },
    NEW_COST,
];
const NEW_COST: Cost = Cost {
    log_n: 17,
    p: 1,
    r: 8,
};

/// The JSON of a keystore file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keystore {
    /// The encrypted key in base64.
    pub encoded: String,
    /// How it is encoded.
    pub encoding: Encoding,
    /// The account's address, readable without the passphrase.
    pub address: String,
    /// What the wallet shows.
    #[serde(default)]
    pub meta: Meta,
}

/// How the key in a [`Keystore`] is encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encoding {
    /// Container and signature scheme: `["pkcs8", "sr25519"]`.
    pub content: Vec<String>,
    /// Key derivation and cipher: `["scrypt", "xsalsa20-poly1305"]`.
    #[serde(rename = "type")]
    pub kind: Vec<String>,
    /// Version of the format: `"3"`.
    pub version: String,
}

/// What a wallet shows of a key. What else a wallet may note there is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// A label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The chain for which the key is meant, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genesis_hash: Option<String>,
}

/// Why a keystore cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The file is not the JSON of a keystore.
    #[error("not a keystore file: line {line}, column {column} is not what belongs there; give the file that a wallet exports as JSON, or that `xinglin key` makes")]
    Json {
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
    },
    /// The format is another.
    #[error("keystore format {0} is not supported; export the key from the wallet as JSON (version 3, encrypted)")]
    Format(String),
    /// The key is stored in the clear.
    #[error("the keystore is not encrypted; import the key again with a passphrase")]
    Plain,
    /// The encrypted part is damaged.
    #[error("keystore is damaged: {0}; restore the file from its backup")]
    Damaged(&'static str),
    /// The passphrase does not open it.
    #[error("the passphrase does not open the key {0}, or the file was changed")]
    Passphrase(String),
    /// A new keystore needs a passphrase.
    #[error("an empty passphrase protects nothing; choose one")]
    EmptyPassphrase,
    /// The secret inside is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Keystore {
    /// Encrypts a key. Takes a few tenths of a second and 128 MiB, on purpose.
    pub fn seal(pair: &KeyPair, passphrase: &str, meta: Meta) -> Result<Self, KeystoreError> {
        if passphrase.is_empty() {
            return Err(KeystoreError::EmptyPassphrase);
        }
        let mut salt = [0; SALT_BYTES];
        let mut nonce = [0; NONCE_BYTES];
        OsRng.fill_bytes(&mut salt);
        OsRng.fill_bytes(&mut nonce);

        let mut opened = Zeroizing::new(Vec::with_capacity(OPENED_BYTES));
        opened.extend_from_slice(&HEADER);
        opened.extend_from_slice(&*pair.to_stored());
        opened.extend_from_slice(&DIVIDER);
        opened.extend_from_slice(&pair.public());

        let sealed = cipher(passphrase, &salt, NEW_COST)?
            .encrypt(GenericArray::from_slice(&nonce), opened.as_slice())
            .map_err(|_| KeystoreError::Damaged("encryption failed"))?;

        let mut encoded = Vec::with_capacity(PREFIX_BYTES + NONCE_BYTES + sealed.len());
        encoded.extend_from_slice(&salt);
        for number in [1u32 << NEW_COST.log_n, NEW_COST.p, NEW_COST.r] {
            encoded.extend_from_slice(&number.to_le_bytes());
        }
        encoded.extend_from_slice(&nonce);
        encoded.extend_from_slice(&sealed);
        Ok(Self {
            encoded: BASE64.encode(encoded),
            encoding: Encoding {
                content: vec!["pkcs8".into(), pair.scheme().name().into()],
                kind: vec!["scrypt".into(), "xsalsa20-poly1305".into()],
                version: VERSION.into(),
            },
            address: pair.address(),
            meta,
        })
    }

    /// Decrypts the key.
    pub fn open(&self, passphrase: &str) -> Result<KeyPair, KeystoreError> {
        let scheme = self.scheme()?;
        let encoded = BASE64
            .decode(&self.encoded)
            .map_err(|_| KeystoreError::Damaged("`encoded` is not base64"))?;
        if encoded.len() < PREFIX_BYTES + NONCE_BYTES {
            return Err(KeystoreError::Damaged("`encoded` is too short"));
        }
        let (prefix, rest) = encoded.split_at(PREFIX_BYTES);
        let (nonce, sealed) = rest.split_at(NONCE_BYTES);
        let (salt, cost) = prefix.split_at(SALT_BYTES);
        let opened = cipher(passphrase, salt, parse_cost(cost)?)?
            .decrypt(GenericArray::from_slice(nonce), sealed)
            .map(Zeroizing::new)
            .map_err(|_| KeystoreError::Passphrase(self.address.clone()))?;
        let pair = parse_opened(scheme, &opened)?;
        // The address stands outside of the encryption: a changed one must not mislead.
        let address = crate::keys::parse_account(&self.address)?;
        if address != pair.account() {
            return Err(KeystoreError::Damaged("the address is not the key's"));
        }
        Ok(pair)
    }

    /// The scheme of the key, after checking that the format is ours.
    pub fn scheme(&self) -> Result<Scheme, KeystoreError> {
        let Encoding {
            content,
            kind,
            version,
        } = &self.encoding;
        if kind.iter().any(|part| part == "none") {
            return Err(KeystoreError::Plain);
        }
        let expected = [kind.as_slice(), std::slice::from_ref(version)].concat();
        match content.as_slice() {
            [container, scheme]
                if container == "pkcs8" && expected == ["scrypt", "xsalsa20-poly1305", VERSION] =>
            {
                Ok(scheme.parse()?)
            }
            _ => Err(KeystoreError::Format(format!(
                "{content:?} {kind:?} version {version}"
            ))),
        }
    }

    /// Reads a keystore file; others than its owner must not be able to.
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        Self::from_json(&secret_file::read(path)?)
    }

    /// Parses the JSON of a keystore file.
    pub fn from_json(json: &[u8]) -> Result<Self, KeystoreError> {
        serde_json::from_slice(json).map_err(KeystoreError::of_json)
    }

    /// Writes a new keystore file with mode 0600.
    pub fn write_new(&self, path: &Path) -> Result<(), KeystoreError> {
        let mut json = serde_json::to_vec_pretty(self).map_err(KeystoreError::of_json)?;
        json.push(b'\n');
        Ok(secret_file::write_new(path, &json)?)
    }
}

impl KeystoreError {
    /// Where the fault is. Its text could quote a secret: the file may be one that holds nothing else.
    fn of_json(fault: serde_json::Error) -> Self {
        Self::Json {
            line: fault.line(),
            column: fault.column(),
        }
    }
}

fn cipher(passphrase: &str, salt: &[u8], cost: Cost) -> Result<XSalsa20Poly1305, KeystoreError> {
    let params = scrypt::Params::new(cost.log_n, cost.r, cost.p, 32)
        .map_err(|_| KeystoreError::Damaged("scrypt parameters"))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), salt, &params, &mut *key)
        .map_err(|_| KeystoreError::Damaged("scrypt parameters"))?;
    Ok(XSalsa20Poly1305::new(GenericArray::from_slice(&*key)))
}

fn parse_cost(bytes: &[u8]) -> Result<Cost, KeystoreError> {
    let mut numbers = bytes
        .chunks_exact(4)
        .map(|chunk| u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]));
    let mut next = || numbers.next().unwrap_or_default();
    let (n, p, r) = (next(), next(), next());
    COSTS
        .into_iter()
        .find(|cost| (1u32 << cost.log_n, cost.p, cost.r) == (n, p, r))
        .ok_or(KeystoreError::Damaged("unusual scrypt parameters"))
}

fn parse_opened(scheme: Scheme, opened: &[u8]) -> Result<KeyPair, KeystoreError> {
    if opened.len() != OPENED_BYTES {
        return Err(KeystoreError::Damaged("the key has an unusual length"));
    }
    let (header, rest) = opened.split_at(HEADER.len());
    let (secret, rest) = rest.split_at(SECRET_BYTES);
    let (divider, public) = rest.split_at(DIVIDER.len());
    if header != HEADER || divider != DIVIDER {
        return Err(KeystoreError::Damaged("the key is not in PKCS8 form"));
    }
    let pair = KeyPair::from_stored(scheme, secret)?;
    if public != pair.public() {
        return Err(KeystoreError::Damaged("secret and public key do not match"));
    }
    Ok(pair)
}

#[cfg(test)]
mod tests;
