//! What operators see of the network.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FateLabel {
    fate: &'static str,
}

/// The metrics of the network. The default ones are counted but not exposed.
#[derive(Clone, Debug, Default)]
pub struct NetworkMetrics {
    peers: Gauge,
    received_messages: Family<FateLabel, Counter>,
    received_bytes: Counter,
    received_transactions: Counter,
    taken_transactions: Counter,
    sent_messages: Counter,
    sent_bytes: Counter,
    unsent_messages: Counter,
    refused_connections: Counter,
    bans: Counter,
}

/// What became of a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Passed on: it brought something new.
    Accepted,
    /// Not passed on, nobody's fault.
    Ignored,
    /// Malformed.
    Rejected,
    /// Beyond the sender's rate.
    Excess,
    /// Too much is being judged already.
    Busy,
}

impl NetworkMetrics {
    /// Metrics exposed by `registry`, all beginning with `network_`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("network");
        registry.register("peers", "Connected peers", metrics.peers.clone());
        registry.register(
            "received_messages",
            "Gossip messages received, by what became of them",
            metrics.received_messages.clone(),
        );
        registry.register(
            "received_bytes",
            "Bytes of gossip messages received",
            metrics.received_bytes.clone(),
        );
        registry.register(
            "received_transactions",
            "Transactions in the messages given to the pool",
            metrics.received_transactions.clone(),
        );
        registry.register(
            "taken_transactions",
            "Received transactions that the pool took",
            metrics.taken_transactions.clone(),
        );
        registry.register(
            "sent_messages",
            "Gossip messages published",
            metrics.sent_messages.clone(),
        );
        registry.register(
            "sent_bytes",
            "Bytes of gossip messages published",
            metrics.sent_bytes.clone(),
        );
        registry.register(
            "unsent_messages",
            "Gossip messages that no peer could be sent",
            metrics.unsent_messages.clone(),
        );
        registry.register(
            "refused_connections",
            "Connections refused, of strangers or beyond the limits",
            metrics.refused_connections.clone(),
        );
        registry.register(
            "bans",
            "Peers refused for a while because of what they sent",
            metrics.bans.clone(),
        );
        metrics
    }

    pub(crate) fn set_peers(&self, peers: usize) {
        self.peers.set(i64::try_from(peers).unwrap_or(i64::MAX));
    }

    pub(crate) fn received(&self, fate: Fate, bytes: usize) {
        let fate = match fate {
            Fate::Accepted => "accepted",
            Fate::Ignored => "ignored",
            Fate::Rejected => "rejected",
            Fate::Excess => "excess",
            Fate::Busy => "busy",
        };
        let label = FateLabel { fate };
        self.received_messages.get_or_create(&label).inc();
        self.received_bytes.inc_by(count(bytes));
    }

    pub(crate) fn judged(&self, transactions: usize, taken: usize) {
        self.received_transactions.inc_by(count(transactions));
        self.taken_transactions.inc_by(count(taken));
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent_messages.inc();
        self.sent_bytes.inc_by(count(bytes));
    }

    pub(crate) fn unsent(&self) {
        self.unsent_messages.inc();
    }

    pub(crate) fn refused_connection(&self) {
        self.refused_connections.inc();
    }

    pub(crate) fn banned(&self) {
        self.bans.inc();
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
