//! Digests and signatures, by the names that certificates and tokens give them.

use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ID_EC_PUBLIC_KEY, ID_MGF_1, ID_RSASSA_PSS, ID_SHA_256,
    ID_SHA_384, ID_SHA_512, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1,
    SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use der::{asn1::ObjectIdentifier, Decode};
use ring::{
    digest,
    signature::{
        UnparsedPublicKey, VerificationAlgorithm, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1,
        ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    },
};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::wire::{PssParameters, RsaKey};

/// The arc of China's commercial cryptography, under which SM2, SM3 and their curve are.
const NATIONAL_ARC: [u32; 4] = [1, 2, 156, 10_197];

/// Sizes of RSA keys with which signatures can be checked.
const RSA_BITS_MIN: usize = 2_048;
const RSA_BITS_MAX: usize = 8_192;

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is of a national algorithm.
    National(ObjectIdentifier),
    /// It is of another algorithm that is not supported.
    Unsupported(ObjectIdentifier),
    /// It is wrong, or the key is.
    Wrong,
}

impl Refusal {
    /// The refusal of an algorithm that is not among the supported ones.
    pub fn of(oid: ObjectIdentifier) -> Self {
        if oid.arcs().take(NATIONAL_ARC.len()).eq(NATIONAL_ARC) {
            Self::National(oid)
        } else {
            Self::Unsupported(oid)
        }
    }
}

/// A digest that is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// The digest with a name.
    pub fn named(oid: ObjectIdentifier) -> Result<Self, Refusal> {
        match oid {
            ID_SHA_256 => Ok(Self::Sha256),
            ID_SHA_384 => Ok(Self::Sha384),
            ID_SHA_512 => Ok(Self::Sha512),
            _ => Err(Refusal::of(oid)),
        }
    }

    /// The digest of data.
    pub fn of(self, data: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), data)
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// Checks a signature. `digest` is what the signature's context names, for algorithms whose own
/// name does not.
pub(crate) fn verify(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<Digest>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refusal> {
    let method = method(key, algorithm, digest)?;
    let bytes = key.subject_public_key.as_bytes().ok_or(Refusal::Wrong)?;
    UnparsedPublicKey::new(method, bytes)
        .verify(message, signature)
        .map_err(|_| Refusal::Wrong)
}

/// Checks that a key is of a kind with which signatures can be checked.
pub(crate) fn check_key(key: &SubjectPublicKeyInfoOwned) -> Result<(), Refusal> {
    match key.algorithm.oid {
        RSA_ENCRYPTION | ID_RSASSA_PSS => match rsa_bits(key) {
            Some(bits) if (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) => Ok(()),
            _ => Err(Refusal::Unsupported(key.algorithm.oid)),
        },
        ID_EC_PUBLIC_KEY => match curve(key)? {
            SECP_256_R_1 | SECP_384_R_1 => Ok(()),
            other => Err(Refusal::of(other)),
        },
        other => Err(Refusal::of(other)),
    }
}

fn method(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<Digest>,
) -> Result<&'static dyn VerificationAlgorithm, Refusal> {
    check_key(key)?;
    let oid = algorithm.oid;
    let is_rsa = key.algorithm.oid != ID_EC_PUBLIC_KEY;
    match oid {
        RSA_ENCRYPTION if is_rsa => Ok(pkcs_1(digest.ok_or(Refusal::Unsupported(oid))?)),
        SHA_256_WITH_RSA_ENCRYPTION if is_rsa => Ok(pkcs_1(Digest::Sha256)),
        SHA_384_WITH_RSA_ENCRYPTION if is_rsa => Ok(pkcs_1(Digest::Sha384)),
        SHA_512_WITH_RSA_ENCRYPTION if is_rsa => Ok(pkcs_1(Digest::Sha512)),
        ID_RSASSA_PSS if is_rsa => pss(algorithm),
        ECDSA_WITH_SHA_256 if !is_rsa => ecdsa(key, Digest::Sha256),
        ECDSA_WITH_SHA_384 if !is_rsa => ecdsa(key, Digest::Sha384),
        _ => Err(Refusal::of(oid)),
    }
}

fn pkcs_1(digest: Digest) -> &'static dyn VerificationAlgorithm {
    match digest {
        Digest::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Digest::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Digest::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
    }
}

/// PSS as everybody uses it: one digest for all, and a salt of its length.
fn pss(
    algorithm: &AlgorithmIdentifierOwned,
) -> Result<&'static dyn VerificationAlgorithm, Refusal> {
    let unsupported = Refusal::Unsupported(ID_RSASSA_PSS);
    let parameters = algorithm.parameters.as_ref().ok_or(unsupported)?;
    let parameters: PssParameters = parameters.decode_as().map_err(|_| unsupported)?;
    let oid = parameters.digest.ok_or(unsupported)?.oid;
    let digest = Digest::named(oid)?;
    let mask = parameters.mask.ok_or(unsupported)?;
    let mask_digest = mask.parameters.as_ref().ok_or(unsupported)?;
    let mask_digest: AlgorithmIdentifierOwned = mask_digest.decode_as().map_err(|_| unsupported)?;
    let salt_bytes = parameters
        .salt_bytes
        .and_then(|bytes| bytes.try_into().ok());
    let is_usual = mask.oid == ID_MGF_1
        && mask_digest.oid == oid
        && salt_bytes == Some(digest.algorithm().output_len())
        && parameters.trailer.is_none_or(|trailer| trailer == 1);
    if !is_usual {
        return Err(unsupported);
    }
    Ok(match digest {
        Digest::Sha256 => &RSA_PSS_2048_8192_SHA256,
        Digest::Sha384 => &RSA_PSS_2048_8192_SHA384,
        Digest::Sha512 => &RSA_PSS_2048_8192_SHA512,
    })
}

fn ecdsa(
    key: &SubjectPublicKeyInfoOwned,
    digest: Digest,
) -> Result<&'static dyn VerificationAlgorithm, Refusal> {
    match (curve(key)?, digest) {
        (SECP_256_R_1, Digest::Sha256) => Ok(&ECDSA_P256_SHA256_ASN1),
        (SECP_256_R_1, Digest::Sha384) => Ok(&ECDSA_P256_SHA384_ASN1),
        (SECP_384_R_1, Digest::Sha256) => Ok(&ECDSA_P384_SHA256_ASN1),
        (SECP_384_R_1, Digest::Sha384) => Ok(&ECDSA_P384_SHA384_ASN1),
        (other, _) => Err(Refusal::of(other)),
    }
}

/// The size of an RSA key in bits.
fn rsa_bits(key: &SubjectPublicKeyInfoOwned) -> Option<usize> {
    let bytes = key.subject_public_key.as_bytes()?;
    let modulus = RsaKey::from_der(bytes).ok()?.modulus;
    let bytes = modulus.as_bytes();
    let unused = usize::try_from(bytes.first()?.leading_zeros()).ok()?;
    (bytes.len() * 8).checked_sub(unused)
}

/// The curve of an elliptic key. One that is not named but spelled out is not supported.
fn curve(key: &SubjectPublicKeyInfoOwned) -> Result<ObjectIdentifier, Refusal> {
    let unsupported = Refusal::Unsupported(ID_EC_PUBLIC_KEY);
    let parameters = key.algorithm.parameters.as_ref().ok_or(unsupported)?;
    parameters.decode_as().map_err(|_| unsupported)
}
