//! What an operator can set, and the bounds that nobody needs to.

use std::{fmt, num::NonZeroU32, time::Duration};

use xinglin_primitives::Hash;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Most transactions in one message.
pub(crate) const MESSAGE_TRANSACTIONS_MAX: usize = 512;
/// Most bytes of one message: the largest transaction fits.
pub(crate) const MESSAGE_BYTES_MAX: usize = 448 * 1024;
/// Bytes from which on no further transaction is put into a message.
pub(crate) const MESSAGE_BYTES_TARGET: usize = 256 * 1024;
/// Most bytes that gossipsub sends or takes at once: a message and its envelope.
pub(crate) const TRANSMIT_BYTES_MAX: usize = 512 * 1024;
/// Transactions that may wait to be sent; the pool repeats what does not fit.
pub(crate) const OUTBOX_TRANSACTIONS_MAX: usize = 8 * MESSAGE_TRANSACTIONS_MAX;
/// Shortest time between two messages of this node.
pub(crate) const FLUSH_INTERVAL: Duration = Duration::from_millis(40);

/// Messages that the pool may be judging at once; further ones are ignored.
pub(crate) const CHECKS_MAX: usize = 128;
/// Bytes of messages that the pool may be judging at once.
pub(crate) const CHECKED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Connections whose handshake may be going on, inbound and outbound each.
pub(crate) const PENDING_CONNECTIONS_MAX: u32 = 64;
/// Connections to one peer: both sides may dial at the same moment.
pub(crate) const CONNECTIONS_PER_PEER_MAX: u32 = 2;
/// Connections in all.
pub(crate) const CONNECTIONS_MAX: u32 = 512;
/// How long a handshake may take.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Messages that may wait for a slow peer; further ones are dropped.
pub(crate) const PEER_QUEUE_MAX: usize = 256;

/// Time to the first repeated dial; it doubles from dial to dial.
pub(crate) const REDIAL_DELAY_MIN: Duration = Duration::from_millis(250);
/// Longest time between two dials of a peer.
pub(crate) const REDIAL_DELAY_MAX: Duration = Duration::from_secs(10);
/// How long the side with the greater peer id leaves dialling to the other.
pub(crate) const DIAL_GRACE: Duration = Duration::from_secs(2);
/// How long a peer that misbehaved is refused.
pub(crate) const BAN_DURATION: Duration = Duration::from_secs(60);
/// How long a peer on another chain or version is refused. It is soon tried again: it may have been
/// upgraded.
pub(crate) const MISMATCH_BAN_DURATION: Duration = Duration::from_secs(10);
/// Most addresses dialled for one peer.
pub(crate) const ADDRESSES_PER_PEER_MAX: usize = 8;

/// The secret of which the node's libp2p identity is made. It is wiped from memory when dropped and
/// never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NodeSeed([u8; 32]);

impl From<[u8; 32]> for NodeSeed {
    fn from(seed: [u8; 32]) -> Self {
        Self(seed)
    }
}

impl fmt::Debug for NodeSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeSeed(..)")
    }
}

impl NodeSeed {
    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

/// What a peer may send before its messages are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkLimits {
    /// Messages per second; twice as many at once.
    pub messages_per_second: NonZeroU32,
    /// Bytes of messages per second; twice as many at once.
    pub bytes_per_second: NonZeroU32,
    /// Penalty points per second; a peer with [`PENALTY_POINTS_MAX`] of them is refused for a while.
    pub penalty_points_per_second: NonZeroU32,
}

/// How many penalty points a peer may have.
pub const PENALTY_POINTS_MAX: NonZeroU32 = nonzero(1_000);

pub(crate) const fn nonzero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            messages_per_second: nonzero(1_000),
            bytes_per_second: nonzero(16 * 1024 * 1024),
            penalty_points_per_second: nonzero(100),
        }
    }
}

/// Settings of the transaction network.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// Multiaddresses to listen on, as text. Port 0 lets the system choose.
    pub listen_addresses: Vec<String>,
    /// How far above the registered consensus port a peer's gossip port is.
    pub gossip_port_offset: u16,
    /// Further multiaddresses of registered peers, as text, each ending in `/p2p/<peer id>`. They are
    /// dialled as they stand.
    pub bootstrap: Vec<String>,
    /// Secret of the node's ed25519 identity.
    pub node_seed: NodeSeed,
    /// Hash of the genesis block: another chain's nodes are not talked to.
    pub genesis_hash: Hash,
    /// Version of the rules that this binary was built with: transactions are exchanged only with
    /// nodes of the same version.
    pub spec_version: u32,
    /// What each peer may send.
    pub limits: NetworkLimits,
}
