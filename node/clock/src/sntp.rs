//! One question to a server by SNTP.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use rsntp::{AsyncSntpClient, Config, ProtocolError, SynchronizationError};

use crate::{
    config::ANSWER_TIMEOUT,
    decision::Reading,
    source::{reading, Silence},
};

/// Asks once. The answer counts only if it comes from the address that was asked and repeats the time
/// of the question.
pub(crate) async fn sample(server: SocketAddr) -> Result<Reading, Silence> {
    let own: SocketAddr = if server.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let config = Config::default().bind_address(own).timeout(ANSWER_TIMEOUT);
    let answer = AsyncSntpClient::with_config(config)
        .synchronize(server)
        .await
        .map_err(Silence::from)?;
    // The protocol says how far the server is ahead of us.
    let ahead_s = -answer.clock_offset().as_secs_f64();
    reading(ahead_s, answer.round_trip_delay().as_secs_f64())
}

impl From<SynchronizationError> for Silence {
    fn from(error: SynchronizationError) -> Self {
        match error {
            SynchronizationError::IOError(error) if error.kind() == io::ErrorKind::TimedOut => {
                Self::NoAnswer
            }
            SynchronizationError::IOError(error) => Self::unreachable(error),
            SynchronizationError::ProtocolError(ProtocolError::KissODeath(code)) => {
                Self::asks_for_rest(code)
            }
            SynchronizationError::ProtocolError(error) => Self::unusable(error),
        }
    }
}
