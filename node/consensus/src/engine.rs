//! Assembling the engine's actors around our host.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use arc_malachitebft_app::{
    config::{
        ConsensusConfig as EngineConfig, DiscoveryConfig, GossipSubConfig, P2pConfig,
        ProtocolNames, PubSubProtocol, ValuePayload, ValueSyncConfig,
    },
    engine::{
        network::{NetworkIdentity, NetworkMsg, NetworkRef, Status},
        node::NodeRef,
        util::{
            events::{Event, TxEvent},
            output_port::{OutputPort, OutputPortSubscriberTrait},
        },
    },
    metrics::{Metrics, SharedRegistry},
    net::Multiaddr,
    spawn,
    types::{
        codec::Codec,
        core::{Height as _, ValidatorProof},
        Keypair, PeerId,
    },
};
use arc_malachitebft_signing::Signer;
use tokio::task::JoinHandle;
use tracing::{info, warn};
use xinglin_primitives::{consensus::ConsensusKey, BlockNumber, Hash};

use crate::{
    codec::ScaleCodec,
    context::{Address, Context, Height},
    gate::Gate,
    host::Host,
    observer::Observer,
    peers,
    shared::{Fatal, Shared},
    ConsensusConfig, ConsensusError,
};

/// Connections that one address may hold: consortia put several nodes behind one address.
const CONNECTIONS_PER_IP_MAX: usize = 64;
/// Heights ahead of ours for which the engine keeps messages, and messages for each.
const QUEUED_HEIGHTS: usize = 10;
const QUEUED_MESSAGES_PER_HEIGHT: usize = 500;
/// The mesh holds every other validator of a consortium of this size.
const MESH_PEERS: usize = 24;

/// How often all peers are told how far this node is.
const ANNOUNCE_TIP_EVERY: Duration = Duration::from_secs(3);

/// The running actors.
pub struct Engine {
    /// The supervisor.
    pub node: NodeRef,
    /// Ends when the supervisor does.
    pub supervision: JoinHandle<()>,
}

fn engine_error(step: &str, error: impl std::fmt::Display) -> ConsensusError {
    ConsensusError::Engine(format!("{step}: {error}"))
}

/// The libp2p identity of this node.
pub fn identity(node_seed: [u8; 32]) -> Result<(Keypair, PeerId), ConsensusError> {
    let keypair = Keypair::ed25519_from_bytes(node_seed)
        .map_err(|error| ConsensusError::Config(format!("node key: {error}")))?;
    let peer = peers::peer_id(&keypair)
        .ok_or_else(|| ConsensusError::Config("node key: it has no peer id".into()))?;
    Ok((keypair, peer))
}

/// Spawns all actors and connects them.
pub async fn start(
    config: &ConsensusConfig,
    keypair: Keypair,
    pinned: &BTreeSet<Multiaddr>,
    shared: &Arc<Shared>,
) -> Result<Engine, ConsensusError> {
    let registry = SharedRegistry::global().with_moniker(&config.moniker);
    let metrics = Metrics::register(&registry);
    let (node, supervision) = spawn::spawn_node_actor(metrics.clone())
        .await
        .map_err(|error| engine_error("supervisor", error))?;
    let engine = Engine { node, supervision };
    match spawn_children(config, keypair, pinned, shared, &engine.node, metrics).await {
        Ok(()) => Ok(engine),
        Err(error) => {
            engine.stop();
            Err(error)
        }
    }
}

impl Engine {
    /// Stops all actors.
    pub fn stop(&self) {
        let reason = || Some("the node is stopping".to_owned());
        self.node.get_cell().stop_children(reason());
        self.node.stop(reason());
    }
}

async fn spawn_children(
    config: &ConsensusConfig,
    keypair: Keypair,
    pinned: &BTreeSet<Multiaddr>,
    shared: &Arc<Shared>,
    node: &NodeRef,
    metrics: Metrics,
) -> Result<(), ConsensusError> {
    let registry = SharedRegistry::global().with_moniker(&config.moniker);
    let engine_config = engine_config(config, pinned)?;
    let sync_config = sync_config();
    let identity = network_identity(config, keypair, shared).await?;

    let network = spawn::spawn_network_actor::<Context, _>(
        &engine_config,
        &sync_config,
        identity,
        &registry,
        ScaleCodec,
    )
    .await
    .map_err(|error| engine_error("network", error))?;
    network.link(node.get_cell());
    shared.set_network(network.clone());

    let wal_file = config.wal_dir.join("consensus.wal");
    let wal = spawn::spawn_wal_actor(&Context, ScaleCodec, &wal_file, &registry, node.clone())
        .await
        .map_err(|error| wal_error(&wal_file, error.root_cause(), shared.committed() + 1))?;
    wal.link(node.get_cell());

    let host = Host::spawn(shared.clone())
        .await
        .map_err(|error| engine_error("host", error))?;
    host.link(node.get_cell());
    observe(shared, &network, node).await?;

    let events = TxEvent::new();
    watch_engine(shared, &events, &wal_file);
    let sync_port = Arc::new(OutputPort::new());
    // A follower has no key; its address is one that no validator can have.
    let address = shared
        .signer
        .as_ref()
        .map_or(ConsensusKey::from_raw([0; 32]), |signer| signer.public());
    let signer = shared
        .signer
        .clone()
        .map(|signer| Box::new(signer) as Box<dyn Signer<Context>>);
    let consensus = spawn::spawn_consensus_actor(
        Context,
        Address(address),
        engine_config,
        Box::new(shared.verifier.clone()),
        signer,
        network.clone(),
        host.clone(),
        wal,
        sync_port.clone(),
        metrics,
        events,
        node.clone(),
    )
    .await
    .map_err(|error| engine_error("consensus", error))?;
    consensus.link(node.get_cell());

    announce_tip(shared, network.clone());
    let gate = Gate::spawn(network, shared.clone())
        .await
        .map_err(|error| engine_error("gate", error))?;
    gate.link(node.get_cell());
    let sync = spawn::spawn_sync_actor(
        Context,
        gate,
        host,
        consensus,
        ScaleCodec,
        &sync_config,
        &registry,
    )
    .await
    .map_err(|error| engine_error("sync", error))?;
    if let Some(sync) = sync {
        sync.link(node.get_cell());
        sync.subscribe_to_port(&sync_port);
    }
    shared.set_assembled();
    info!(address = %Address(address), validator = shared.signer.is_some(), "consensus started");
    Ok(())
}

/// Tells all peers now and then how far this node is.
///
/// The engine tells them when a height is decided, and a peer when it connects, each time once. If
/// that word is lost, for one because the peer's synchroniser is not up yet, the peer stays behind
/// until the next decision. When the others wait for that very peer to decide, there is none.
fn announce_tip(shared: &Arc<Shared>, network: NetworkRef<Context>) {
    let teller = shared.clone();
    shared.clone().spawn(async move {
        let mut ticks = tokio::time::interval(ANNOUNCE_TIP_EVERY);
        loop {
            ticks.tick().await;
            let status = Status::new(Height(teller.committed()), Height::INITIAL);
            if network.cast(NetworkMsg::BroadcastStatus(status)).is_err() {
                return Ok(());
            }
        }
    });
}

async fn observe(
    shared: &Arc<Shared>,
    network: &NetworkRef<Context>,
    node: &NodeRef,
) -> Result<(), ConsensusError> {
    let observer = Observer::spawn(shared.clone())
        .await
        .map_err(|error| engine_error("observer", error))?;
    observer.link(node.get_cell());
    network
        .cast(NetworkMsg::Subscribe(Box::new(observer)))
        .map_err(|error| engine_error("network", error))
}

fn wal_error(
    file: &Path,
    cause: &(dyn std::error::Error + 'static),
    height: BlockNumber,
) -> ConsensusError {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    let kind = cause.downcast_ref::<std::io::Error>().map(|io| io.kind());
    ConsensusError::Engine(match kind {
        Some(InvalidData | UnexpectedEof) => damaged_log(file, cause, height),
        _ => format!(
            "the write-ahead log {} cannot be opened: {cause}; another node may be using it, or the \
             disk is full or read-only",
            file.display()
        ),
    })
}

/// What to do about a damaged write-ahead log of a height.
fn damaged_log(file: &Path, reason: impl std::fmt::Display, height: BlockNumber) -> String {
    format!(
        "the write-ahead log {} is damaged ({reason}); without it this validator could sign twice at \
         height {height}. Wait until the other validators have committed height {height}, then move \
         the file away and start the node: it fetches the block",
        file.display()
    )
}

/// A damaged write-ahead log makes the engine hang or stop on purpose. Say so and stop; the same if it
/// stops for another reason.
fn watch_engine(shared: &Arc<Shared>, events: &TxEvent<Context>, file: &Path) {
    let mut events = events.subscribe();
    let file = file.to_owned();
    let watcher = shared.clone();
    shared.clone().spawn(async move {
        use tokio::sync::broadcast::error::RecvError;
        loop {
            // What the engine told before it stopped says more.
            let event = tokio::select! {
                biased;
                event = events.recv() => event,
                () = watcher.engine_stopped.cancelled() => break,
            };
            let reason = match event {
                Ok(Event::WalCorrupted(error)) => error.to_string(),
                Ok(Event::WalReplayError(error)) => error.to_string(),
                Ok(Event::WalResetError(error)) => error.to_string(),
                Ok(_) => continue,
                Err(RecvError::Lagged(missed)) => {
                    warn!(missed, "missed events of the engine");
                    continue;
                }
                Err(RecvError::Closed) => break,
            };
            let next = watcher.committed() + 1;
            return Err(Fatal::Engine(damaged_log(&file, reason, next)));
        }
        watcher.engine_stopped.cancelled().await;
        Err(Fatal::Engine(
            "it has stopped its actors after a failure; the log above says which".into(),
        ))
    });
}

async fn network_identity(
    config: &ConsensusConfig,
    keypair: Keypair,
    shared: &Shared,
) -> Result<NetworkIdentity, ConsensusError> {
    let Some(signer) = &shared.signer else {
        return Ok(NetworkIdentity::new(config.moniker.clone(), keypair, None));
    };
    let peer = keypair.public().to_peer_id();
    let proof: ValidatorProof<Context> = signer
        .sign_validator_proof(signer.public().0.to_vec(), peer.to_bytes())
        .await
        .map_err(|error| engine_error("validator proof", error))?;
    let proof = ScaleCodec
        .encode(&proof)
        .map_err(|error| engine_error("validator proof", error))?;
    Ok(NetworkIdentity::new_validator(
        config.moniker.clone(),
        keypair,
        Address(signer.public()).to_string(),
        proof,
    ))
}

/// Protocol names carry the chain and the rules, so that nodes of another chain or with other
/// rules do not understand each other at all.
fn protocol_names(genesis: &Hash, spec_version: u32) -> ProtocolNames {
    let chain: String = genesis.as_bytes()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let name = |protocol: &str| format!("/xinglin/{chain}/{spec_version}/{protocol}/1");
    ProtocolNames {
        consensus: name("consensus"),
        discovery_kad: name("discovery-kad"),
        discovery_regres: name("discovery-reqres"),
        sync: name("sync"),
        validator_proof: name("validator-proof"),
    }
}

fn engine_config(
    config: &ConsensusConfig,
    pinned: &BTreeSet<Multiaddr>,
) -> Result<EngineConfig, ConsensusError> {
    let parse = |address: &String| {
        address.parse::<Multiaddr>().map_err(|error| {
            ConsensusError::Config(format!("`{address}` is not a multiaddress: {error}"))
        })
    };
    let mut peers: Vec<_> = pinned.iter().cloned().collect();
    for address in &config.bootstrap_peers {
        if !address.contains("/p2p/") {
            return Err(ConsensusError::Config(format!(
                "`{address}` does not say whose address it is; append /p2p/<peer id>"
            )));
        }
        peers.push(parse(address)?);
    }
    let p2p = P2pConfig {
        listen_addr: parse(&config.listen_address)?,
        persistent_peers: peers,
        persistent_peers_only: true,
        discovery: DiscoveryConfig {
            enabled: false,
            max_connections_per_ip: CONNECTIONS_PER_IP_MAX,
            ip_throttle_duration: Duration::ZERO,
            ..Default::default()
        },
        protocol: PubSubProtocol::GossipSub(GossipSubConfig::new(
            MESH_PEERS,
            2 * MESH_PEERS,
            1,
            1,
            false,
            true,
            true,
        )),
        protocol_names: protocol_names(&config.genesis_hash, config.spec_version),
        ..Default::default()
    };
    Ok(EngineConfig {
        enabled: true,
        p2p,
        value_payload: ValuePayload::ProposalAndParts,
        queue_capacity: QUEUED_HEIGHTS,
        queue_per_height_capacity: QUEUED_MESSAGES_PER_HEIGHT,
    })
}

fn sync_config() -> ValueSyncConfig {
    ValueSyncConfig {
        enabled: true,
        // Zero reports our height at every decision: blocks come faster than any useful interval.
        status_update_interval: Duration::ZERO,
        ..Default::default()
    }
}
