//! What the operator decides about the server.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// Where the server listens, whom it answers and how much it takes upon itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcConfig {
    /// Address and port for HTTP and WebSocket. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Values of the `Host` header that are answered, like `node.example:9944` or `localhost:*`; `*` is
    /// any. Unset: loopback names if the server listens on loopback, else any.
    pub allowed_hosts: Option<Vec<String>>,
    /// Web origins whose pages may use the server, like `https://app.example` or
    /// `http://localhost:*`; `*` is any. Programs that send no `Origin` header are not concerned.
    pub allowed_origins: Vec<String>,
    /// Most connections at a time.
    pub connections_max: u32,
    /// Most subscriptions of one connection.
    pub subscriptions_max: u32,
    /// Most `chainHead_v1_follow` subscriptions of one connection.
    pub follows_max: u32,
    /// Most `transaction_v1_broadcast` operations of one connection.
    pub broadcasts_max: u32,
    /// Most calls in one batch.
    pub batch_max: u32,
    /// Most calls of one connection in progress at a time. The server does not read more from the
    /// connection until one is answered.
    pub in_flight_max: u32,
    /// Largest request, in bytes.
    pub request_bytes_max: u32,
    /// Largest response, in bytes.
    pub response_bytes_max: u32,
    /// Messages that wait to be sent on one connection before the server stops reading from it.
    pub message_buffer: u32,
    /// Calls per second and client address; unset is any number. Each call of a batch counts.
    pub requests_per_second: Option<NonZeroU32>,
    /// Threads that read the database and call the runtime for clients.
    pub workers: u32,
    /// How long after a block is told as the best it is told as final, in milliseconds. A block is
    /// final when it is committed; some clients lose the first word if the second comes at once.
    pub finality_gap_ms: u64,
    /// How often a WebSocket client is pinged, in milliseconds. One that leaves three pings unanswered is
    /// disconnected.
    pub ping_interval_ms: u64,
}

/// The port of Substrate nodes.
pub const DEFAULT_PORT: u16 = 9944;

impl Default for RpcConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
            allowed_hosts: None,
            allowed_origins: [
                "http://localhost:*",
                "http://127.0.0.1:*",
                "https://localhost:*",
                "https://127.0.0.1:*",
                "https://polkadot.js.org",
            ]
            .map(str::to_owned)
            .to_vec(),
            connections_max: 200,
            subscriptions_max: 1_024,
            follows_max: 4,
            broadcasts_max: 16,
            batch_max: 1_000,
            in_flight_max: 128,
            request_bytes_max: 4 * 1024 * 1024,
            response_bytes_max: 16 * 1024 * 1024,
            message_buffer: 64,
            // Above what one machine's load generator needs, below what starves the node.
            requests_per_second: NonZeroU32::new(20_000),
            workers: 8,
            finality_gap_ms: 300,
            ping_interval_ms: 30_000,
        }
    }
}

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A bound of 0 would refuse everything.
    #[error("rpc setting `{0}` is 0; set it to 1 or more")]
    Zero(&'static str),
    /// Not a host with an optional port.
    #[error("`{host}` in rpc setting `allowed_hosts` is no host: {reason}; write `name`, `name:port` or `name:*`")]
    Host {
        /// What was given.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not an origin.
    #[error("`{0}` in rpc setting `allowed_origins` is no origin; write `https://name`, `https://name:port`, `https://name:*` or `*`")]
    Origin(String),
}

impl RpcConfig {
    /// Refuses settings that cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("connections_max", self.connections_max),
            ("subscriptions_max", self.subscriptions_max),
            ("follows_max", self.follows_max),
            ("broadcasts_max", self.broadcasts_max),
            ("batch_max", self.batch_max),
            ("in_flight_max", self.in_flight_max),
            ("request_bytes_max", self.request_bytes_max),
            ("response_bytes_max", self.response_bytes_max),
            ("message_buffer", self.message_buffer),
            ("workers", self.workers),
        ];
        if let Some((name, _)) = bounds.into_iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::Zero(name));
        }
        if self.ping_interval_ms == 0 {
            return Err(ConfigError::Zero("ping_interval_ms"));
        }
        Ok(())
    }

    /// The gap between best and final.
    pub(crate) fn finality_gap(&self) -> Duration {
        Duration::from_millis(self.finality_gap_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_listens_on_loopback_and_works() {
        let config = RpcConfig::default();
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn a_bound_of_zero_is_named() {
        let config = RpcConfig {
            batch_max: 0,
            ..RpcConfig::default()
        };
        assert_eq!(config.check(), Err(ConfigError::Zero("batch_max")));
    }
}
