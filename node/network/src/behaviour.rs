//! The swarm: transport, protocols and their settings.

use std::{collections::HashSet, time::Duration};

use libp2p::{
    allow_block_list::{self, AllowedPeers},
    connection_limits::{self, ConnectionLimits},
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    dns::{self, ResolverConfig, ResolverOpts},
    gossipsub::{
        self, IdentTopic, IdentityTransform, Message, MessageAuthenticity, MessageId,
        PeerScoreParams, PeerScoreThresholds, TopicScoreParams, ValidationMode,
        WhitelistSubscriptionFilter,
    },
    identify,
    identity::Keypair,
    noise, ping,
    swarm::{self, NetworkBehaviour},
    tcp, yamux, PeerId, Swarm, Transport,
};
use xinglin_primitives::{receipt::extrinsic_hash, Hash};

use crate::{
    config::{
        CONNECTIONS_MAX, CONNECTIONS_PER_PEER_MAX, HANDSHAKE_TIMEOUT, PEER_QUEUE_MAX,
        PENDING_CONNECTIONS_MAX, TRANSMIT_BYTES_MAX,
    },
    NetworkError,
};

/// In a consortium of up to this many nodes everybody is in everybody's mesh.
const MESH_PEERS: usize = 16;
/// Messages above this size are announced before they are passed on, so that a peer that already has
/// one does not get it again.
const ANNOUNCED_BYTES_MIN: usize = 512;
/// Messages that one gossipsub frame may hold.
const MESSAGES_PER_FRAME_MAX: usize = 64;
/// Connections stay open while idle: the chain may be silent for long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often the other side is asked whether it is still there, and how long it has to answer.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) type Gossip = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// The protocols of the transaction network.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    // Who may connect is decided first.
    pub(crate) allowed: allow_block_list::Behaviour<AllowedPeers>,
    limits: connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(crate) gossip: Gossip,
}

/// The names by which nodes of one chain and version know one another.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// What identify tells.
    pub(crate) protocol: String,
    /// The gossip topic of transactions.
    pub(crate) topic: IdentTopic,
}

impl Names {
    pub(crate) fn new(genesis: &Hash, spec_version: u32) -> Self {
        let protocol = format!("/xinglin/{genesis:?}/{spec_version}");
        let topic = IdentTopic::new(format!("{protocol}/transactions/2"));
        Self { protocol, topic }
    }
}

/// Builds the swarm of the node with this key.
pub(crate) fn build(keypair: &Keypair, names: &Names) -> Result<Swarm<Behaviour>, NetworkError> {
    let setup = |error: &dyn std::fmt::Display| NetworkError::Setup(error.to_string());
    let transport = transport(keypair).map_err(|error| setup(&error))?;
    let agent = format!("xinglin/{}", env!("CARGO_PKG_VERSION"));
    let identify = identify::Config::new(names.protocol.clone(), keypair.public())
        .with_agent_version(agent)
        .with_cache_size(0);
    let ping = ping::Config::new()
        .with_interval(PING_INTERVAL)
        .with_timeout(PING_TIMEOUT);
    let behaviour = Behaviour {
        allowed: allow_block_list::Behaviour::default(),
        limits: connection_limits::Behaviour::new(connection_limits()),
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(ping),
        gossip: gossip(&names.topic).map_err(|error| setup(&error))?,
    };
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE_TIMEOUT);
    let local = keypair.public().to_peer_id();
    Ok(Swarm::new(transport, behaviour, local, config))
}

/// TCP, with names resolved as the system does, Noise and Yamux.
fn transport(keypair: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, noise::Error> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::new().nodelay(true));
    let resolved = dns::tokio::Transport::system(tcp()).unwrap_or_else(|error| {
        tracing::warn!(%error, "the system resolver is unusable: only numeric addresses are dialled");
        dns::tokio::Transport::custom(tcp(), ResolverConfig::new(), ResolverOpts::default())
    });
    Ok(resolved
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keypair)?)
        .multiplex(yamux::Config::default())
        .timeout(HANDSHAKE_TIMEOUT)
        .boxed())
}

fn connection_limits() -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_CONNECTIONS_MAX))
        .with_max_pending_outgoing(Some(PENDING_CONNECTIONS_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
        .with_max_established(Some(CONNECTIONS_MAX))
}

fn gossip(topic: &IdentTopic) -> Result<Gossip, String> {
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        // A message may come back by another way before its receiver has it from here. That is no
        // fault of who passed it on; its id is known, so that it is dropped like any other copy.
        .allow_self_origin(true)
        .validate_messages()
        .message_id_fn(message_id)
        .max_transmit_size(TRANSMIT_BYTES_MAX)
        .max_messages_per_rpc(Some(MESSAGES_PER_FRAME_MAX))
        .connection_handler_queue_len(PEER_QUEUE_MAX)
        .flood_publish(true)
        .idontwant_message_size_threshold(ANNOUNCED_BYTES_MIN)
        .mesh_n(MESH_PEERS)
        .mesh_n_low(MESH_PEERS * 3 / 4)
        .mesh_n_high(MESH_PEERS * 3 / 2)
        .mesh_outbound_min(MESH_PEERS / 4)
        .heartbeat_initial_delay(Duration::from_secs(1))
        .build()
        .map_err(|error| error.to_string())?;
    let filter = WhitelistSubscriptionFilter(HashSet::from([topic.hash()]));
    // Transactions are signed, and connections are authentic: a signature of each message as well
    // would cost its receivers more than all else that gossip takes.
    let authenticity = MessageAuthenticity::Anonymous;
    let mut gossip = Gossip::new_with_subscription_filter(authenticity, config, filter)?;
    gossip.with_peer_score(score_params(topic), score_thresholds())?;
    gossip
        .subscribe(topic)
        .map_err(|error| format!("{error:?}"))?;
    Ok(gossip)
}

/// The hash of what is in it, the sender's number of the message included.
fn message_id(message: &Message) -> MessageId {
    MessageId::new(extrinsic_hash(&message.data).as_bytes())
}

/// Only malformed messages and breaches of the protocol count. Nodes are known, may share a host, and
/// are not ranked by how much they deliver or how fast they read.
fn score_params(topic: &IdentTopic) -> PeerScoreParams {
    let transactions = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -10.0,
        invalid_message_deliveries_decay: 0.9,
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: [(topic.hash(), transactions)].into(),
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: -1.0,
        behaviour_penalty_threshold: 6.0,
        behaviour_penalty_decay: 0.9,
        slow_peer_weight: 0.0,
        ..PeerScoreParams::default()
    }
}

fn score_thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        // All scores are at most 0: nobody is grafted for being better than others.
        opportunistic_graft_threshold: 0.0,
        ..PeerScoreThresholds::default()
    }
}
