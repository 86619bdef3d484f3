//! One certificate of an authority's chain.

use cms::cert::IssuerAndSerialNumber;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_KP_TIME_STAMPING,
};
use der::{Any, Decode, Encode, Sequence};
use x509_cert::{
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
    spki::SubjectPublicKeyInfoOwned,
};

use crate::{
    errors::CertificateError,
    signature::{self, Digest, Refusal},
    CERTIFICATE_BYTES_MAX,
};

/// The extensions that are understood, and so may be critical.
const UNDERSTOOD: [der::asn1::ObjectIdentifier; 4] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_CERTIFICATE_POLICIES,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_KEY_USAGE,
];

/// A certificate, with the bytes that signatures and digests are over.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    index: usize,
    bytes: Vec<u8>,
    signed: Vec<u8>,
    parsed: x509_cert::Certificate,
}

/// A certificate of which what is signed stays as it came.
#[derive(Sequence)]
struct Envelope {
    signed: Any,
    algorithm: Any,
    signature: Any,
}

impl Certificate {
    /// Reads the certificate at a place in a chain.
    pub fn read(index: usize, bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLarge {
                index,
                bytes: bytes.len(),
            });
        }
        let read = || {
            Ok::<_, der::Error>(Self {
                index,
                bytes: bytes.to_vec(),
                signed: Envelope::from_der(bytes)?.signed.to_der()?,
                parsed: x509_cert::Certificate::from_der(bytes)?,
            })
        };
        let certificate = read().map_err(|_| CertificateError::Malformed { index })?;
        if certificate.parsed.signature_algorithm != certificate.parsed.tbs_certificate.signature {
            return Err(CertificateError::Malformed { index });
        }
        certificate.check_extensions()?;
        signature::check_key(certificate.key()).map_err(|refusal| certificate.refused(refusal))?;
        Ok(certificate)
    }

    /// The certificate in DER.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key that it is about.
    pub fn key(&self) -> &SubjectPublicKeyInfoOwned {
        &self.parsed.tbs_certificate.subject_public_key_info
    }

    /// The SHA-256 of the key in its DER form.
    pub fn key_id(&self) -> [u8; 32] {
        let digest = Digest::Sha256.of(&self.key().to_der().unwrap_or_default());
        let mut id = [0; 32];
        id.copy_from_slice(digest.as_ref());
        id
    }

    /// Whom it is about, as in `CN=…,O=…`.
    pub fn subject(&self) -> String {
        self.parsed.tbs_certificate.subject.to_string()
    }

    /// Whether it is the certificate that a signature names.
    pub fn is_named(&self, signer: &Any) -> bool {
        let certificate = &self.parsed.tbs_certificate;
        if signer.value().is_empty() {
            return false;
        }
        let by_number = IssuerAndSerialNumber {
            issuer: certificate.issuer.clone(),
            serial_number: certificate.serial_number.clone(),
        };
        let Ok(named) = signer.to_der() else {
            return false;
        };
        if by_number.to_der().is_ok_and(|own| own == named) {
            return true;
        }
        // The other way to name one is an implicit octet string in field 0.
        let by_key = certificate.get::<SubjectKeyIdentifier>().ok().flatten();
        by_key.is_some_and(|(_, own)| {
            named.first() == Some(&0x80) && own.0.as_bytes() == signer.value()
        })
    }

    /// Checks that it is for time-stamping, and for nothing else.
    pub fn check_purpose(&self) -> Result<(), CertificateError> {
        let certificate = &self.parsed.tbs_certificate;
        match certificate.get::<ExtendedKeyUsage>() {
            Ok(Some((true, ExtendedKeyUsage(usages)))) if usages == [ID_KP_TIME_STAMPING] => {}
            _ => return Err(CertificateError::NotForTimestamping),
        }
        match self.key_usage()? {
            Some(usage) if !usage.digital_signature() && !usage.non_repudiation() => {
                Err(CertificateError::MayNotSign)
            }
            _ => Ok(()),
        }
    }

    /// Checks that it is issued by another, which stands right behind it in the chain.
    pub fn check_issued_by(&self, issuer: &Self) -> Result<(), CertificateError> {
        if self.parsed.tbs_certificate.issuer != issuer.parsed.tbs_certificate.subject {
            return Err(CertificateError::OutOfOrder { index: self.index });
        }
        issuer.check_may_issue()?;
        let Some(bytes) = self.parsed.signature.as_bytes() else {
            return Err(CertificateError::Signature { index: self.index });
        };
        let algorithm = &self.parsed.signature_algorithm;
        signature::verify(issuer.key(), algorithm, None, &self.signed, bytes)
            .map_err(|refusal| self.refused(refusal))
    }

    /// Checks that it is valid at a time, to the second.
    pub fn check_valid_at(&self, time_ms: u64) -> Result<(), CertificateError> {
        let validity = &self.parsed.tbs_certificate.validity;
        let not_before = validity.not_before.to_unix_duration().as_secs();
        let not_after = validity.not_after.to_unix_duration().as_secs();
        if (not_before..=not_after).contains(&(time_ms / 1_000)) {
            return Ok(());
        }
        Err(CertificateError::NotValid {
            index: self.index,
            time_ms,
            not_before_ms: not_before.saturating_mul(1_000),
            not_after_ms: not_after.saturating_mul(1_000),
        })
    }

    /// Checks that it is one of an issuer, for certificates as far down as those before it.
    fn check_may_issue(&self) -> Result<(), CertificateError> {
        let index = self.index;
        let constraints = self.parsed.tbs_certificate.get::<BasicConstraints>();
        let is_issuer = match constraints {
            // Between it and the authority's own are as many as stand before it, less that one.
            Ok(Some((
                _,
                BasicConstraints {
                    ca: true,
                    path_len_constraint,
                },
            ))) => {
                path_len_constraint.is_none_or(|most| usize::from(most) >= index.saturating_sub(1))
            }
            _ => false,
        };
        let may_sign = self.key_usage()?.is_none_or(|usage| usage.key_cert_sign());
        if is_issuer && may_sign {
            Ok(())
        } else {
            Err(CertificateError::NotAnIssuer { index })
        }
    }

    fn key_usage(&self) -> Result<Option<KeyUsage>, CertificateError> {
        let usage = self.parsed.tbs_certificate.get::<KeyUsage>();
        let usage = usage.map_err(|_| CertificateError::Malformed { index: self.index })?;
        Ok(usage.map(|(_, usage)| usage))
    }

    fn check_extensions(&self) -> Result<(), CertificateError> {
        let extensions = self.parsed.tbs_certificate.extensions.iter().flatten();
        let mut critical = extensions.filter(|extension| extension.critical);
        match critical.find(|extension| !UNDERSTOOD.contains(&extension.extn_id)) {
            None => Ok(()),
            Some(extension) => Err(CertificateError::CriticalExtension {
                index: self.index,
                oid: extension.extn_id.to_string(),
            }),
        }
    }

    fn refused(&self, refusal: Refusal) -> CertificateError {
        let index = self.index;
        match refusal {
            Refusal::National(oid) => CertificateError::NationalAlgorithm {
                index,
                oid: oid.to_string(),
            },
            Refusal::Unsupported(oid) => CertificateError::UnsupportedAlgorithm {
                index,
                oid: oid.to_string(),
            },
            Refusal::Wrong => CertificateError::Signature { index },
        }
    }
}
