//! What goes to an authority and what comes back.

use const_oid::db::rfc5912::ID_SHA_256;
use der::{
    asn1::{Int, OctetString, Uint},
    Any, Decode, Encode,
};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TimeStampReq, TspVersion};

use crate::{errors::ResponseError, signature::Digest, wire::Response, RESPONSE_BYTES_MAX};

/// Statuses with which a token comes: granted, and granted with modifications.
const GRANTED: [u8; 2] = [0, 1];
/// Most characters of what an authority says that are shown.
const REASON_CHARS_MAX: usize = 200;

/// A `TimeStampReq` in DER, which asks for a token about the SHA-256 of `data`. `nonce` comes back in
/// the token and shows that it was made for this request; `with_certificate` asks that the token
/// carry the authority's certificate.
pub fn request(data: &[u8], nonce: u64, with_certificate: bool) -> Vec<u8> {
    let request = || {
        TimeStampReq {
            version: TspVersion::V1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned {
                    oid: ID_SHA_256,
                    // Some authorities do not accept that this is left out.
                    parameters: Some(Any::null()),
                },
                hashed_message: OctetString::new(Digest::Sha256.of(data).as_ref())?,
            },
            req_policy: None,
            nonce: Some(Int::from(Uint::new(&nonce.to_be_bytes())?)),
            cert_req: with_certificate,
            extensions: None,
        }
        .to_der()
    };
    // All of it is short, which is what the encoder could object to.
    request().unwrap_or_default()
}

/// The token in a `TimeStampResp`, in DER. It is not verified.
pub fn token_of(response: &[u8]) -> Result<Vec<u8>, ResponseError> {
    if response.len() > RESPONSE_BYTES_MAX {
        return Err(ResponseError::TooLarge {
            bytes: response.len(),
        });
    }
    let malformed = |_| ResponseError::Malformed;
    let Response { status, token } = Response::from_der(response).map_err(malformed)?;
    if !GRANTED.contains(&status.status) {
        let said = status.text.unwrap_or_default().join("; ");
        return Err(ResponseError::Refused {
            status: status.status,
            reason: said.chars().take(REASON_CHARS_MAX).collect(),
        });
    }
    let token = token.ok_or(ResponseError::Malformed)?;
    token.to_der().map_err(malformed)
}
