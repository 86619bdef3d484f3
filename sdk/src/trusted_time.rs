//! Trusted time: a time authority's tokens on their way to the chain, and back from it.

use base64::{engine::general_purpose::STANDARD, Engine};
use jsonrpsee::rpc_params;
use pallet_trusted_time::types::{Authority as Registry, Registered, Token, TOKEN_BYTES_MAX};
use xinglin_primitives::{BlockNumber, MemberId, StampId};
use xinglin_rpc_api::xinglin::TimeTokens;
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_timestamps::{verify, Authority, CertificateError, Stamp, TokenError};

use crate::{
    client::{Client, ClientError, Outcome},
    keys::KeyPair,
    operation::{execute, told, OperationError},
    parties,
};

const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";

/// Why a file is not one of an authority's certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFileError {
    /// It is not PEM, or has no certificate.
    #[error("no certificates in PEM; the file must hold them as -----BEGIN CERTIFICATE----- …, that of the service first")]
    NotPem,
    /// Its certificates are not those of an authority.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// The certificates of a PEM file in DER, in their order, checked to be those of an authority.
pub fn read_certificates(pem: &str) -> Result<(Authority, Vec<Vec<u8>>), CertificateFileError> {
    let mut certificates = Vec::new();
    let mut rest = pem;
    while let Some((_, after)) = rest.split_once(PEM_BEGIN) {
        let (text, behind) = after
            .split_once(PEM_END)
            .ok_or(CertificateFileError::NotPem)?;
        let text: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(text);
        certificates.push(bytes.map_err(|_| CertificateFileError::NotPem)?);
        rest = behind;
    }
    if certificates.is_empty() {
        return Err(CertificateFileError::NotPem);
    }
    Ok((Authority::new(&certificates)?, certificates))
}

/// A certificate in PEM.
pub fn to_pem(certificate: &[u8]) -> String {
    /// Characters of a line.
    const LINE: usize = 64;
    let text = STANDARD.encode(certificate);
    let mut pem = format!("{PEM_BEGIN}\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(LINE));
        pem += line;
        pem.push('\n');
        rest = behind;
    }
    pem + PEM_END + "\n"
}

/// A service of a time authority, by certificates that are in force on the chain.
#[derive(Clone, Debug)]
pub struct Service {
    /// The number of the certificates.
    pub number: u32,
    /// The certificates.
    pub authority: Authority,
}

/// The services of a member whose tokens the chain accepts, in the order in which they were
/// registered. None if the council has registered none, or withdrawn all.
pub async fn services_of(
    client: &Client,
    member: MemberId,
) -> Result<Vec<Service>, OperationError> {
    let key = pallet_trusted_time::Authorities::<Runtime>::hashed_key_for(member);
    let registry: Option<Registry> = parties::read(client, &key).await?;
    let mut services = Vec::new();
    for number in registry.unwrap_or_default().in_force {
        let key = pallet_trusted_time::Certificates::<Runtime>::hashed_key_for(member, number);
        let registered: Option<Registered> = parties::read(client, &key).await?;
        let authority = registered.and_then(|it| Authority::new(&it.certificates).ok());
        // The chain has checked them.
        let authority = authority.ok_or(ClientError::Undecodable {
            what: "a registered certificate",
        })?;
        services.push(Service { number, authority });
    }
    Ok(services)
}

/// Which of the services a token over data is by, and what it states. The error is that of the
/// service that came closest: one whose certificate the token names, if there is one.
pub fn verify_by<'a>(
    services: &'a [Service],
    token: &[u8],
    data: &[u8],
) -> Result<(&'a Service, Stamp), TokenError> {
    let mut closest = TokenError::UnknownSigner;
    for service in services {
        match verify(token, data, &service.authority) {
            Ok(stamp) => return Ok((service, stamp)),
            Err(TokenError::UnknownSigner) => (),
            Err(error) => closest = error,
        }
    }
    Err(closest)
}

/// Submits a token over the hash of a block, by certificates with a number.
pub async fn submit(
    client: &Client,
    key: &KeyPair,
    block: BlockNumber,
    number: u32,
    token: Vec<u8>,
) -> Result<(StampId, Outcome), OperationError> {
    let found = token.len();
    let token = Token::try_from(token).map_err(|_| OperationError::TooMany {
        what: "bytes of token",
        found,
        limit: TOKEN_BYTES_MAX as usize,
    })?;
    let call = pallet_trusted_time::Call::<Runtime>::submit_token {
        block,
        number,
        token,
    };
    let outcome = execute(client, key, call).await?;
    let id = told(&outcome, "BlockStamped", |event| match event {
        RuntimeEvent::TrustedTime(pallet_trusted_time::Event::BlockStamped { stamp, .. }) => {
            Some(*stamp)
        }
        _ => None,
    })?;
    Ok((id, outcome))
}

/// The tokens from before and after a block, as the node gives them: verify them before trusting
/// them. `None` if there is no such block.
pub async fn tokens_around(
    client: &Client,
    block: BlockNumber,
) -> Result<Option<TimeTokens>, ClientError> {
    client
        .request("xinglin_timeTokens", rpc_params![block])
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_is_read_as_it_is_written() {
        for length in [1, 47, 48, 49, 500] {
            let bytes = vec![7; length];
            let pem = to_pem(&bytes);
            assert!(pem.lines().all(|line| line.len() <= 64));
            let text: String = pem.lines().filter(|it| !it.starts_with('-')).collect();
            assert_eq!(STANDARD.decode(text), Ok(bytes));
        }
        // These are no certificates.
        let several = to_pem(&[1]) + "a remark\n" + &to_pem(&[2]);
        assert_eq!(
            read_certificates(&several).unwrap_err(),
            CertificateError::Malformed { index: 0 }.into()
        );
    }

    #[test]
    fn other_files_are_none() {
        for other in [
            "",
            "certificate",
            PEM_BEGIN,
            "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----",
        ] {
            let refused = read_certificates(other).unwrap_err();
            assert_eq!(refused, CertificateFileError::NotPem, "{other}");
        }
    }
}
