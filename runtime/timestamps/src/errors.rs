//! Why certificates, tokens and answers are refused.

use crate::{CERTIFICATE_BYTES_MAX, CHAIN_MAX, RESPONSE_BYTES_MAX, TOKEN_BYTES_MAX};

/// Why certificates are not those of an authority. `index` counts from 0, the authority's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There are none, or too many.
    #[error(
        "{count} certificates; give the authority's own and those above it, at most {CHAIN_MAX}"
    )]
    Count {
        /// How many there are.
        count: usize,
    },
    /// One is too large.
    #[error("certificate {index} has {bytes} bytes, more than {CERTIFICATE_BYTES_MAX}")]
    TooLarge {
        /// Which.
        index: usize,
        /// Its size.
        bytes: usize,
    },
    /// One is no X.509 certificate in DER.
    #[error("certificate {index} is not an X.509 certificate in DER")]
    Malformed {
        /// Which.
        index: usize,
    },
    /// The authority's own is not for time-stamping.
    #[error("the authority's certificate must have the extended key usage timeStamping, critical, and no other; get one that was issued for it")]
    NotForTimestamping,
    /// The authority's own may not sign.
    #[error("the key usage of the authority's certificate forbids signatures")]
    MayNotSign,
    /// One is not issued by the one behind it.
    #[error(
        "certificate {index} is not issued by the next; give them in order, the authority's first"
    )]
    OutOfOrder {
        /// Which.
        index: usize,
    },
    /// One that issued another may not issue any, or none at this distance.
    #[error("certificate {index} is not that of a certification authority which may issue the one before it")]
    NotAnIssuer {
        /// Which.
        index: usize,
    },
    /// One has a critical extension that is not understood here.
    #[error("certificate {index} has the critical extension {oid}, which is not supported")]
    CriticalExtension {
        /// Which.
        index: usize,
        /// The extension.
        oid: String,
    },
    /// One has a key or signature of a national algorithm.
    #[error("certificate {index} uses the national algorithm {oid}, which is not supported; have the authority use RSA or ECDSA")]
    NationalAlgorithm {
        /// Which.
        index: usize,
        /// The algorithm.
        oid: String,
    },
    /// One has a key or signature that is not supported.
    #[error("certificate {index} uses the algorithm {oid}, or a size of key, that is not supported; have the authority use RSA of 2048 bits or more, or ECDSA on P-256 or P-384")]
    UnsupportedAlgorithm {
        /// Which.
        index: usize,
        /// The algorithm.
        oid: String,
    },
    /// The signature of one is wrong.
    #[error("the signature on certificate {index} is not by the key of the next")]
    Signature {
        /// Which.
        index: usize,
    },
    /// One is not valid at a time.
    #[error("certificate {index} is not valid at {time_ms} ms since 1970; it is from {not_before_ms} to {not_after_ms}")]
    NotValid {
        /// Which.
        index: usize,
        /// The time that was asked for.
        time_ms: u64,
        /// When it begins to be valid.
        not_before_ms: u64,
        /// Until when it is valid.
        not_after_ms: u64,
    },
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is too large.
    #[error("the token has {bytes} bytes, more than {TOKEN_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is not what the standards say.
    #[error("the token's {part} is not well formed")]
    Malformed {
        /// What of it.
        part: &'static str,
    },
    /// It is something else.
    #[error("the content is of type {oid}, not a time-stamp token")]
    NotAToken {
        /// What it is.
        oid: String,
    },
    /// It has no signature, or several.
    #[error("a token has one signature, this has {count} or more")]
    Signers {
        /// How many it has; counted to 2.
        count: usize,
    },
    /// It is signed by somebody else.
    #[error(
        "the token names another certificate than the authority's; register the one that signs"
    )]
    UnknownSigner,
    /// It uses a national algorithm.
    #[error("the token uses the national algorithm {oid}, which is not supported; have the authority use RSA or ECDSA with SHA-256")]
    NationalAlgorithm {
        /// The algorithm.
        oid: String,
    },
    /// It uses an algorithm that is not supported.
    #[error("the token uses the algorithm {oid}, which is not supported; have the authority use RSA or ECDSA with SHA-256")]
    UnsupportedAlgorithm {
        /// The algorithm.
        oid: String,
    },
    /// It is about other data.
    #[error("the token is about other data")]
    Imprint,
    /// A signed attribute is missing, or there twice.
    #[error("the token must have exactly one signed attribute {oid}")]
    Attribute {
        /// Which.
        oid: String,
    },
    /// What is signed is not said to be a token.
    #[error("the signed content type is not that of a token")]
    ContentType,
    /// What is signed is not this content.
    #[error("the signed digest is not that of the token's content")]
    MessageDigest,
    /// The signature is bound to another certificate.
    #[error("the signed certificate identifier is not that of the authority's certificate")]
    SigningCertificate,
    /// The signature is wrong.
    #[error("the signature is not by the authority's key")]
    Signature,
    /// A certificate is not valid at the token's time.
    #[error(transparent)]
    Certificate(CertificateError),
    /// It has a critical extension that is not understood here.
    #[error("the token has the critical extension {oid}, which is not supported")]
    CriticalExtension {
        /// The extension.
        oid: String,
    },
}

/// Why there is no token in an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// It is too large.
    #[error("the answer has {bytes} bytes, more than {RESPONSE_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is no answer of a time-stamping authority.
    #[error("the answer is not that of a time-stamping authority; check the address")]
    Malformed,
    /// The authority refuses.
    #[error("the authority refused with status {status}: {reason}")]
    Refused {
        /// Its status (RFC 3161, 2.4.2).
        status: u8,
        /// What it says about it, if anything.
        reason: String,
    },
}
