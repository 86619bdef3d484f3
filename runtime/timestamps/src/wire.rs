//! The structures of RFC 5652 and RFC 3161 as far as they are read here.
//!
//! They differ from those of the crates in two ways. What is not looked into is kept as it came:
//! other people's certificates, above all. And sets are bounded, since the decoder sorts them in the
//! square of their number.

use cms::{content_info::CmsVersion, signed_data::EncapsulatedContentInfo};
use der::{
    asn1::{BitString, Int, ObjectIdentifier, OctetString, SetOf, Uint},
    Any, Sequence, ValueOrd,
};
use x509_cert::{ext::Extensions, spki::AlgorithmIdentifierOwned};
use x509_tsp::{Accuracy, MessageImprint, TspVersion};

/// Most digest algorithms, certificates and revocation lists that a token may list.
const LISTED_MAX: usize = 8;
/// Most attributes of a signature.
const ATTRIBUTES_MAX: usize = 16;
/// Most values of an attribute. Those that are read have one.
const VALUES_MAX: usize = 4;

/// `RSAPublicKey` of RFC 8017, A.1.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct RsaKey {
    pub modulus: Uint,
    pub exponent: Uint,
}

/// `SignedData` of RFC 5652, 5.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct SignedData {
    pub version: CmsVersion,
    pub digest_algorithms: SetOf<Any, LISTED_MAX>,
    pub content: EncapsulatedContentInfo,
    #[asn1(
        context_specific = "0",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub certificates: Option<SetOf<Any, LISTED_MAX>>,
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub revocation_lists: Option<SetOf<Any, LISTED_MAX>>,
    pub signers: SetOf<Any, LISTED_MAX>,
}

/// `SignerInfo` of RFC 5652, 5.3.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct SignerInfo {
    pub version: CmsVersion,
    pub signer: Any,
    pub digest: AlgorithmIdentifierOwned,
    #[asn1(
        context_specific = "0",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub signed: Option<SignedAttributes>,
    pub algorithm: AlgorithmIdentifierOwned,
    pub signature: OctetString,
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub unsigned: Option<SetOf<Any, ATTRIBUTES_MAX>>,
}

/// What is signed: attributes, one of which is the digest of the content.
pub(crate) type SignedAttributes = SetOf<Attribute, ATTRIBUTES_MAX>;

/// `Attribute` of RFC 5652, 5.3.
#[derive(Clone, Debug, PartialEq, Eq, Sequence, ValueOrd)]
pub(crate) struct Attribute {
    pub oid: ObjectIdentifier,
    pub values: SetOf<Any, VALUES_MAX>,
}

/// `TSTInfo` of RFC 3161, 2.4.2. The time is read apart: it may have fractions of a second, which
/// certificates' times have not.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct TokenInfo {
    pub version: TspVersion,
    pub policy: ObjectIdentifier,
    pub imprint: MessageImprint,
    pub serial: Int,
    pub time: Any,
    #[asn1(optional = "true")]
    pub accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub ordering: bool,
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub authority: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub extensions: Option<Extensions>,
}

/// `SigningCertificate` of RFC 2634, 5.4.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct SigningCertificate {
    pub certificates: Vec<CertificateId>,
    #[asn1(optional = "true")]
    pub policies: Option<Any>,
}

/// `ESSCertID`: the SHA-1 of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct CertificateId {
    pub hash: OctetString,
    #[asn1(optional = "true")]
    pub issuer: Option<Any>,
}

/// `SigningCertificateV2` of RFC 5035.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct SigningCertificateV2 {
    pub certificates: Vec<CertificateIdV2>,
    #[asn1(optional = "true")]
    pub policies: Option<Any>,
}

/// `ESSCertIDv2`: a digest of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct CertificateIdV2 {
    /// SHA-256 if it is left out.
    #[asn1(optional = "true")]
    pub algorithm: Option<AlgorithmIdentifierOwned>,
    pub hash: OctetString,
    #[asn1(optional = "true")]
    pub issuer: Option<Any>,
}

/// `RSASSA-PSS-params` of RFC 4055, 3.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub digest: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub salt_bytes: Option<u32>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub trailer: Option<u32>,
}

/// `TimeStampResp` of RFC 3161, 2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct Response {
    pub status: Status,
    #[asn1(optional = "true")]
    pub token: Option<Any>,
}

/// `PKIStatusInfo` of RFC 3161, 2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct Status {
    pub status: u8,
    #[asn1(optional = "true")]
    pub text: Option<Vec<String>>,
    #[asn1(optional = "true")]
    pub failure: Option<BitString>,
}
