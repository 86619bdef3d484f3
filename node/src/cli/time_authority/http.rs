//! Asking a service over HTTP, as RFC 3161 has it in section 3.4.

use std::time::Duration;

use anyhow::{bail, Context, Result};
use ureq::{
    tls::{RootCerts, TlsConfig},
    Agent,
};
use xinglin_timestamps::RESPONSE_BYTES_MAX;

/// How long a service has for one answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A service that stamps.
#[derive(Clone, Debug)]
pub struct Service {
    agent: Agent,
    url: String,
}

impl Service {
    /// The service at an address. Who it is on the network is checked against the system's roots;
    /// whose its tokens are, against the chain's certificates.
    pub fn new(url: &str) -> Result<Self> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("--tsa {url}: give an address that begins with http:// or https://");
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .tls_config(tls)
            .build();
        Ok(Self {
            agent: config.into(),
            url: url.to_owned(),
        })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its answer to a request, both in DER. Blocks for [`TIMEOUT`] at most.
    pub fn ask(&self, request: &[u8]) -> Result<Vec<u8>> {
        let response = self
            .agent
            .post(&self.url)
            .content_type("application/timestamp-query")
            .header("Accept", "application/timestamp-reply")
            .send(request);
        let mut response = response.context("asking the service")?;
        // The type of the answer is not looked at: some send another. What it is shows itself.
        response
            .body_mut()
            .with_config()
            .limit(RESPONSE_BYTES_MAX as u64)
            .read_to_vec()
            .context("reading the service's answer")
    }
}
