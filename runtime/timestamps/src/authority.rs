//! Whose tokens are believed.

use crate::{certificate::Certificate, CertificateError, CHAIN_MAX};

/// A time-stamping authority: its certificate, and those above it up to one that is trusted.
#[derive(Clone, Debug)]
pub struct Authority {
    own: Certificate,
    above: Vec<Certificate>,
}

impl Authority {
    /// The authority with these certificates in DER, its own first, each issued by the next. The
    /// last is trusted because the caller gives it.
    ///
    /// Checks all that does not depend on the time: the authority's own must be for time-stamping
    /// and nothing else, the others must be those of issuers, and every signature but that of the
    /// last must be right.
    pub fn new<Bytes: AsRef<[u8]>>(chain: &[Bytes]) -> Result<Self, CertificateError> {
        let count = chain.len();
        let (own, above) = match chain {
            [own, above @ ..] if count <= CHAIN_MAX => (own, above),
            _ => return Err(CertificateError::Count { count }),
        };
        let own = Certificate::read(0, own.as_ref())?;
        own.check_purpose()?;
        let above = (1..)
            .zip(above)
            .map(|(index, bytes)| Certificate::read(index, bytes.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        let authority = Self { own, above };
        for (certificate, issuer) in authority.certificates().zip(&authority.above) {
            certificate.check_issued_by(issuer)?;
        }
        Ok(authority)
    }

    /// The SHA-256 of the authority's key in its DER form (`SubjectPublicKeyInfo`). It stays the same
    /// when a certificate is renewed for the key.
    pub fn key_id(&self) -> [u8; 32] {
        self.own.key_id()
    }

    /// The name in the authority's certificate, as in `CN=…,O=…`.
    pub fn subject(&self) -> String {
        self.own.subject()
    }

    /// Checks that all certificates are valid at a time, in milliseconds since 1970.
    pub fn check_valid_at(&self, time_ms: u64) -> Result<(), CertificateError> {
        self.certificates()
            .try_for_each(|certificate| certificate.check_valid_at(time_ms))
    }

    /// The authority's own certificate.
    pub(crate) fn own(&self) -> &Certificate {
        &self.own
    }

    fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        core::iter::once(&self.own).chain(&self.above)
    }
}
