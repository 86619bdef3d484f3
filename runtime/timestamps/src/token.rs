//! Verifying a token.

use cms::content_info::ContentInfo;
use const_oid::db::rfc5911::{
    ID_AA_SIGNING_CERTIFICATE, ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_MESSAGE_DIGEST,
    ID_SIGNED_DATA,
};
use der::{
    asn1::{ObjectIdentifier, OctetStringRef},
    Any, DateTime, Decode, Encode, Tag, Tagged,
};
use ring::digest;
use x509_tsp::Accuracy;

use crate::{
    certificate::Certificate,
    errors::TokenError,
    signature::{self, Digest, Refusal},
    wire::{
        SignedAttributes, SignedData, SignerInfo, SigningCertificate, SigningCertificateV2,
        TokenInfo,
    },
    Authority, TOKEN_BYTES_MAX,
};

/// What a token is about, as its content says (RFC 3161, 2.4.2).
const TOKEN_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// Most bytes of a serial number or nonce: 160 bits, and a sign.
const NUMBER_BYTES_MAX: usize = 21;
/// Most digits of a fraction of a second.
const FRACTION_DIGITS_MAX: usize = 9;

/// What a token states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the authority had the data, in milliseconds since 1970, rounded down.
    pub time_ms: u64,
    /// By how many milliseconds the time may be wrong at most, rounded up, if the authority says.
    pub accuracy_ms: Option<u64>,
    /// The token's number at the authority: a big-endian integer.
    pub serial: Vec<u8>,
    /// The policy under which it was made, as in `1.2.3.4`.
    pub policy: String,
    /// What the request had for a nonce: a big-endian integer.
    pub nonce: Option<Vec<u8>>,
    /// [`Authority::key_id`] of whose token it is.
    pub key_id: [u8; 32],
}

impl Stamp {
    /// Whether the token was made for a request with this nonce.
    pub fn answers(&self, nonce: u64) -> bool {
        let bytes = self.nonce.as_deref().unwrap_or_default();
        let (own, other) = (significant(bytes), nonce.to_be_bytes());
        !bytes.is_empty() && own == significant(&other)
    }
}

/// The bytes of a big-endian number without zeros in front.
fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Verifies that a token is about data and comes from an authority, and says what it states.
///
/// `token` is a `TimeStampToken` in DER. Its imprint must be the SHA-256, SHA-384 or SHA-512 of `data`,
/// its one signature that of the authority over this content, bound to the authority's certificate,
/// and all certificates must be valid at the time that it states.
pub fn verify(token: &[u8], data: &[u8], authority: &Authority) -> Result<Stamp, TokenError> {
    let signed = read(token)?;
    let signer = only_signer(&signed)?;
    if !authority.own().is_named(&signer.signer) {
        return Err(TokenError::UnknownSigner);
    }
    let content = content_of(&signed)?;
    check_signature(&signer, content, authority.own())?;
    let info = TokenInfo::from_der(content).map_err(|_| malformed("content"))?;
    check_imprint(&info, data)?;
    check_extensions(&info)?;
    let time_ms = time_ms(&info.time).ok_or(malformed("time"))?;
    authority
        .check_valid_at(time_ms)
        .map_err(TokenError::Certificate)?;
    let accuracy_ms = info.accuracy.map(|it| accuracy_ms(&it)).transpose()?;
    Ok(Stamp {
        time_ms,
        accuracy_ms,
        serial: number(info.serial.as_bytes())?,
        policy: info.policy.to_string(),
        nonce: info.nonce.map(|it| number(it.as_bytes())).transpose()?,
        key_id: authority.key_id(),
    })
}

fn malformed(part: &'static str) -> TokenError {
    TokenError::Malformed { part }
}

fn refused(refusal: Refusal) -> TokenError {
    match refusal {
        Refusal::National(oid) => TokenError::NationalAlgorithm {
            oid: oid.to_string(),
        },
        Refusal::Unsupported(oid) => TokenError::UnsupportedAlgorithm {
            oid: oid.to_string(),
        },
        Refusal::Wrong => TokenError::Signature,
    }
}

fn read(token: &[u8]) -> Result<SignedData, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLarge { bytes: token.len() });
    }
    let outer = ContentInfo::from_der(token).map_err(|_| malformed("envelope"))?;
    if outer.content_type != ID_SIGNED_DATA {
        return Err(TokenError::NotAToken {
            oid: outer.content_type.to_string(),
        });
    }
    outer
        .content
        .decode_as()
        .map_err(|_| malformed("signed data"))
}

fn only_signer(signed: &SignedData) -> Result<SignerInfo, TokenError> {
    match (signed.signers.get(0), signed.signers.len()) {
        (Some(signer), 1) => signer.decode_as().map_err(|_| malformed("signature")),
        (_, count) => Err(TokenError::Signers { count }),
    }
}

fn content_of(signed: &SignedData) -> Result<&[u8], TokenError> {
    let content = &signed.content;
    if content.econtent_type != TOKEN_INFO {
        return Err(TokenError::NotAToken {
            oid: content.econtent_type.to_string(),
        });
    }
    let octets = content.econtent.as_ref().ok_or(malformed("content"))?;
    let octets: OctetStringRef<'_> = octets.decode_as().map_err(|_| malformed("content"))?;
    Ok(octets.as_bytes())
}

fn check_signature(
    signer: &SignerInfo,
    content: &[u8],
    certificate: &Certificate,
) -> Result<(), TokenError> {
    let digest = Digest::named(signer.digest.oid).map_err(refused)?;
    let attributes = signer.signed.as_ref().ok_or(malformed("signature"))?;
    let content_type: ObjectIdentifier = only(attributes, ID_CONTENT_TYPE)?
        .decode_as()
        .map_err(|_| TokenError::ContentType)?;
    if content_type != TOKEN_INFO {
        return Err(TokenError::ContentType);
    }
    let stated: OctetStringRef<'_> = only(attributes, ID_MESSAGE_DIGEST)?
        .decode_as()
        .map_err(|_| TokenError::MessageDigest)?;
    if stated.as_bytes() != digest.of(content).as_ref() {
        return Err(TokenError::MessageDigest);
    }
    check_signing_certificate(attributes, certificate)?;
    // What is signed is the set, not the field of the structure that it is in (RFC 5652, 5.4).
    let message = attributes.to_der().map_err(|_| malformed("signature"))?;
    signature::verify(
        certificate.key(),
        &signer.algorithm,
        Some(digest),
        &message,
        signer.signature.as_bytes(),
    )
    .map_err(refused)
}

/// The one value of the one attribute with a name.
fn only(attributes: &SignedAttributes, oid: ObjectIdentifier) -> Result<&Any, TokenError> {
    let mut named = attributes.iter().filter(|attribute| attribute.oid == oid);
    let value = match (named.next(), named.next()) {
        (Some(attribute), None) if attribute.values.len() == 1 => attribute.values.get(0),
        _ => None,
    };
    value.ok_or(TokenError::Attribute {
        oid: oid.to_string(),
    })
}

/// Checks that the signature is bound to the certificate, so that none can be put in its place. The
/// older attribute does so by SHA-1, which nobody can find another certificate for.
fn check_signing_certificate(
    attributes: &SignedAttributes,
    certificate: &Certificate,
) -> Result<(), TokenError> {
    let wrong = || TokenError::SigningCertificate;
    let has_older = attributes
        .iter()
        .any(|it| it.oid == ID_AA_SIGNING_CERTIFICATE);
    let has_newer = attributes
        .iter()
        .any(|it| it.oid == ID_AA_SIGNING_CERTIFICATE_V_2);
    if has_newer || !has_older {
        let value = only(attributes, ID_AA_SIGNING_CERTIFICATE_V_2)?;
        let value: SigningCertificateV2 = value.decode_as().map_err(|_| wrong())?;
        let first = value.certificates.first().ok_or_else(wrong)?;
        let named = first.algorithm.as_ref().map(|it| Digest::named(it.oid));
        let digest = named.unwrap_or(Ok(Digest::Sha256)).map_err(refused)?;
        if first.hash.as_bytes() != digest.of(certificate.bytes()).as_ref() {
            return Err(wrong());
        }
    }
    if has_older {
        let value = only(attributes, ID_AA_SIGNING_CERTIFICATE)?;
        let value: SigningCertificate = value.decode_as().map_err(|_| wrong())?;
        let first = value.certificates.first().ok_or_else(wrong)?;
        let own = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.bytes());
        if first.hash.as_bytes() != own.as_ref() {
            return Err(wrong());
        }
    }
    Ok(())
}

fn check_imprint(info: &TokenInfo, data: &[u8]) -> Result<(), TokenError> {
    let digest = Digest::named(info.imprint.hash_algorithm.oid).map_err(refused)?;
    if info.imprint.hashed_message.as_bytes() == digest.of(data).as_ref() {
        Ok(())
    } else {
        Err(TokenError::Imprint)
    }
}

fn check_extensions(info: &TokenInfo) -> Result<(), TokenError> {
    match info.extensions.iter().flatten().find(|it| it.critical) {
        None => Ok(()),
        Some(extension) => Err(TokenError::CriticalExtension {
            oid: extension.extn_id.to_string(),
        }),
    }
}

/// Reads `YYYYMMDDhhmmss[.f…]Z`, as RFC 3161 has it.
fn time_ms(time: &Any) -> Option<u64> {
    if time.tag() != Tag::GeneralizedTime {
        return None;
    }
    let text = core::str::from_utf8(time.value()).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_fraction = (1..=FRACTION_DIGITS_MAX).contains(&fraction.len());
    if whole.len() != 14 || !is_fraction || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let two = |from: usize| whole.get(from..from + 2)?.parse::<u8>().ok();
    let year = whole.get(..4)?.parse().ok()?;
    let date = DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?).ok()?;
    let milliseconds: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let seconds = date.unix_duration().as_secs();
    seconds.checked_mul(1_000)?.checked_add(milliseconds)
}

fn accuracy_ms(accuracy: &Accuracy) -> Result<u64, TokenError> {
    let part = |value: Option<i16>| u64::try_from(value.unwrap_or(0));
    let seconds = accuracy.seconds.unwrap_or(0).saturating_mul(1_000);
    match (part(accuracy.millis), part(accuracy.micros)) {
        (Ok(millis), Ok(micros)) => Ok(seconds
            .saturating_add(millis)
            .saturating_add(micros.div_ceil(1_000))),
        _ => Err(malformed("accuracy")),
    }
}

fn number(bytes: &[u8]) -> Result<Vec<u8>, TokenError> {
    if bytes.len() > NUMBER_BYTES_MAX {
        return Err(malformed("number"));
    }
    Ok(bytes.to_vec())
}
