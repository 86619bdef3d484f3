//! Questions to a server by NTS: authenticated, with keys agreed on over TLS.

use std::net::SocketAddr;

use rkik_nts::{AddressFamily, Error, NtsClient, NtsClientConfig};
use tokio::time::timeout;

use crate::{
    config::{ANSWER_TIMEOUT, KEYS_TIMEOUT},
    decision::Reading,
    server::TimeServer,
    source::{reading, Silence},
};

/// Keys and cookies of one server.
pub(crate) struct Session(NtsClient);

impl Session {
    /// Agrees on keys. The server is reached the way of `address`: left to itself, the library takes
    /// that of IPv6 wherever there is a name for it.
    pub(crate) async fn open(server: &TimeServer, address: SocketAddr) -> Result<Self, Silence> {
        let family = if address.is_ipv4() {
            AddressFamily::Ipv4
        } else {
            AddressFamily::Ipv6
        };
        let config = NtsClientConfig::new(server.host.as_str())
            .with_port(server.port)
            .with_timeout(KEYS_TIMEOUT)
            .with_max_retries(0)
            .with_address_family(family);
        let mut client = NtsClient::new(config);
        match timeout(KEYS_TIMEOUT, client.connect()).await {
            Ok(Ok(())) => Ok(Self(client)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Silence::NoAnswer),
        }
    }

    /// Asks once.
    pub(crate) async fn sample(&mut self) -> Result<Reading, Silence> {
        let answer = match timeout(ANSWER_TIMEOUT, self.0.get_time()).await {
            Ok(answer) => answer?,
            Err(_) => return Err(Silence::NoAnswer),
        };
        let ahead_s = match answer.system_time.duration_since(answer.network_time) {
            Ok(ahead) => ahead.as_secs_f64(),
            Err(behind) => -behind.duration().as_secs_f64(),
        };
        // Its delay is never negative: impossible times are cut off at 0.
        reading(ahead_s, answer.round_trip_delay.as_secs_f64())
    }
}

impl From<Error> for Silence {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout => Self::NoAnswer,
            Error::Io(error) => Self::unreachable(error),
            Error::KissOfDeath(code) => Self::asks_for_rest(code),
            error => Self::unusable(error),
        }
    }
}
