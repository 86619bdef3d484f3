//! Transaction gossip: batches of transactions between the nodes that the chain knows.
//!
//! ```text
//!  mempool ─ outgoing ─► outbox ─► gossipsub ══ peers ══► gossipsub ─► allowance ─► mempool
//!                                                             ▲                      │
//!                                                             └──── verdict ◄────────┘
//! ```
//!
//! - A libp2p swarm of its own: TCP, Noise, Yamux; identify, ping, gossipsub. It shares the node's
//!   identity with the consensus swarm, not its port: by convention gossip listens one port above
//!   consensus on the same host (see [`NetworkConfig::gossip_port_offset`]), so that the addresses
//!   registered on the chain serve both.
//! - Only nodes registered on the chain are talked to. Others are refused as soon as the Noise
//!   handshake has shown who they are; a node that loses its registration is disconnected.
//! - A message is passed on only after this node's pool has taken a transaction of it. What cannot
//!   come from a correct node lowers the sender's score and uses up its allowance; who uses it up is
//!   refused for a while.
//! - There is no memory of what was sent to whom: a transaction that got lost is announced again by
//!   the pool that first took it.

mod address;
mod allowance;
mod behaviour;
mod config;
mod engine;
mod message;
mod metrics;
mod outbox;
mod roster;
mod verdict;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use xinglin_core::{Extrinsic, HeightConfig, NetworkInfo, PeerInfo, TransactionPool};

pub use config::{NetworkConfig, NetworkLimits, NodeSeed};
pub use metrics::NetworkMetrics;

use engine::Engine;

/// What the network needs of the other services.
pub struct NetworkPorts {
    /// Takes transactions of peers.
    pub incoming: Arc<dyn TransactionPool>,
    /// Transactions that peers are to be told of.
    pub outgoing: mpsc::Receiver<Vec<Extrinsic>>,
    /// Who is registered, and where.
    pub registered: watch::Receiver<Arc<HeightConfig>>,
    /// Is told the ids of the peers that announcements go to, in text form.
    pub audience: watch::Sender<Vec<String>>,
    /// Counts what the network does.
    pub metrics: NetworkMetrics,
    /// Stops the network.
    pub cancel: CancellationToken,
}

/// Why the network cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// An address in the configuration is not a usable multiaddress.
    #[error(
        "`{address}` is not a usable address: {reason}; write it like /ip4/192.0.2.1/tcp/30334"
    )]
    Address {
        /// The text found.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The node cannot listen on an address.
    #[error(
        "cannot listen on {address}: {reason}; choose a free port and an address of this host"
    )]
    Listen {
        /// The address.
        address: String,
        /// What the operating system says.
        reason: String,
    },
    /// The node's key or the protocol settings are unusable.
    #[error("cannot set up the network: {0}")]
    Setup(String),
}

/// The network as seen from outside, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkView {
    /// Addresses on which it listens.
    pub listen_addresses: Vec<String>,
    /// Connected peers, sorted by peer id.
    pub peers: Vec<PeerInfo>,
}

/// The running network. Clones are the same network.
#[derive(Clone, Debug)]
pub struct Network {
    local_peer_id: String,
    view: watch::Receiver<NetworkView>,
    stopped: CancellationToken,
}

impl Network {
    /// Starts the network on the current tokio runtime. It runs until `ports.cancel` is cancelled.
    ///
    /// # Errors
    /// If an address is unusable or a port is taken.
    pub fn spawn(config: NetworkConfig, ports: NetworkPorts) -> Result<Self, NetworkError> {
        let (view_sender, view) = watch::channel(NetworkView::default());
        let engine = Engine::new(config, ports, view_sender)?;
        let network = Self {
            local_peer_id: engine.local_peer_id(),
            view,
            stopped: CancellationToken::new(),
        };
        let stopped = network.stopped.clone().drop_guard();
        tokio::spawn(async move {
            engine.run().await;
            drop(stopped);
        });
        Ok(network)
    }

    /// Number of connected peers.
    pub fn connected_count(&self) -> usize {
        self.view.borrow().peers.len()
    }

    /// Addresses and peers, to wait on.
    pub fn view(&self) -> watch::Receiver<NetworkView> {
        self.view.clone()
    }

    /// Waits until the network has stopped.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

impl NetworkInfo for Network {
    fn local_peer_id(&self) -> String {
        self.local_peer_id.clone()
    }

    fn listen_addresses(&self) -> Vec<String> {
        self.view.borrow().listen_addresses.clone()
    }

    fn peers(&self) -> Vec<PeerInfo> {
        self.view.borrow().peers.clone()
    }
}

#[cfg(test)]
mod tests;
