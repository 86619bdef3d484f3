//! A running network with a pool that takes what it is told to take.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use libp2p::{identity::Keypair, PeerId};
use sp_runtime::transaction_validity::InvalidTransaction;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use xinglin_core::{
    Extrinsic, HeightConfig, PoolError, PoolStatus, RegisteredNode, StatusStream, TransactionPool,
    TransactionSource,
};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, Hash, Nonce};

use super::{within, GENESIS, SPEC_VERSION};
use crate::{Network, NetworkConfig, NetworkLimits, NetworkMetrics, NetworkPorts, NodeSeed};

/// How far the gossip port is above the registered one, in tests.
const OFFSET: u16 = 1;

/// Takes each transaction once, unless it is listed as unwelcome.
#[derive(Default)]
pub(super) struct MockPool {
    taken: Mutex<BTreeSet<Extrinsic>>,
    pub(super) full_for: Mutex<BTreeSet<Extrinsic>>,
    pub(super) badly_signed: Mutex<BTreeSet<Extrinsic>>,
    /// Number of messages seen.
    pub(super) messages: watch::Sender<usize>,
}

#[async_trait]
impl TransactionPool for MockPool {
    async fn submit(&self, source: TransactionSource, bytes: Extrinsic) -> Result<Hash, PoolError> {
        self.submit_many(source, vec![bytes]).await.remove(0)
    }

    async fn submit_many(
        &self,
        source: TransactionSource,
        transactions: Vec<Extrinsic>,
    ) -> Vec<Result<Hash, PoolError>> {
        assert_eq!(source, TransactionSource::Gossip);
        let outcomes = transactions
            .into_iter()
            .map(|bytes| {
                let hash = extrinsic_hash(&bytes);
                if self.full_for.lock().unwrap().contains(&bytes) {
                    Err(PoolError::Full("as the test asked"))
                } else if self.badly_signed.lock().unwrap().contains(&bytes) {
                    Err(PoolError::Invalid(InvalidTransaction::BadProof))
                } else if self.taken.lock().unwrap().insert(bytes) {
                    Ok(hash)
                } else {
                    Err(PoolError::AlreadyImported(hash))
                }
            })
            .collect();
        self.messages.send_modify(|messages| *messages += 1);
        outcomes
    }

    async fn submit_and_watch(&self, _: Extrinsic) -> Result<(Hash, StatusStream), PoolError> {
        Err(PoolError::Stopped)
    }

    fn pending(&self, _: usize) -> Vec<Extrinsic> {
        Vec::new()
    }

    fn next_nonce(&self, _: &AccountId) -> Option<Nonce> {
        None
    }

    fn status(&self) -> PoolStatus {
        PoolStatus::default()
    }
}

impl MockPool {
    pub(super) fn taken(&self) -> BTreeSet<Extrinsic> {
        self.taken.lock().unwrap().clone()
    }
}

/// A node of the transaction network.
pub(super) struct Node {
    pub(super) id: PeerId,
    pub(super) port: u16,
    pub(super) network: Network,
    pub(super) pool: Arc<MockPool>,
    outgoing: mpsc::Sender<Vec<Extrinsic>>,
    registered: watch::Sender<Arc<HeightConfig>>,
    audience: watch::Receiver<Vec<String>>,
    cancel: CancellationToken,
}

impl Node {
    pub(super) async fn new(seed: u8) -> Self {
        Self::with(seed, 0, NetworkLimits::default()).await
    }

    /// A node on a port, or on any free one.
    pub(super) async fn with(seed: u8, port: u16, limits: NetworkLimits) -> Self {
        let pool = Arc::new(MockPool::default());
        let (outgoing, outgoing_receiver) = mpsc::channel(8);
        let (registered, registered_receiver) = watch::channel(height_config(Vec::new()));
        let (audience_sender, audience) = watch::channel(Vec::new());
        let cancel = CancellationToken::new();
        let network = Network::spawn(
            config(seed, port, limits),
            NetworkPorts {
                incoming: pool.clone(),
                outgoing: outgoing_receiver,
                registered: registered_receiver,
                audience: audience_sender,
                metrics: NetworkMetrics::default(),
                cancel: cancel.clone(),
            },
        )
        .unwrap();
        let mut view = network.view();
        let listening = view.wait_for(|view| !view.listen_addresses.is_empty());
        let address = within(listening).await.unwrap().listen_addresses[0].clone();
        Self {
            id: peer_id(seed),
            port: address.rsplit('/').next().unwrap().parse().unwrap(),
            network,
            pool,
            outgoing,
            registered,
            audience,
            cancel,
        }
    }

    /// Tells the node who is registered.
    pub(super) fn register(&self, nodes: Vec<RegisteredNode>) {
        self.registered.send_replace(height_config(nodes));
    }

    pub(super) async fn announce(&self, transactions: Vec<Extrinsic>) {
        self.outgoing.send(transactions).await.unwrap();
    }

    /// Waits until announcements reach this many peers.
    pub(super) async fn reaches(&mut self, peers: usize) {
        let reached = self.audience.wait_for(|audience| audience.len() == peers);
        within(reached).await.unwrap();
    }

    /// Waits until the pool holds these transactions, and no others.
    pub(super) async fn has(&self, transactions: &[Extrinsic]) {
        let expected: BTreeSet<Extrinsic> = transactions.iter().cloned().collect();
        let mut messages = self.pool.messages.subscribe();
        within(messages.wait_for(|_| self.pool.taken().is_superset(&expected)))
            .await
            .unwrap();
        assert_eq!(self.pool.taken(), expected);
    }

    pub(super) async fn stop(self) {
        self.cancel.cancel();
        within(self.network.stopped()).await;
    }
}

pub(super) fn config(seed: u8, port: u16, limits: NetworkLimits) -> NetworkConfig {
    NetworkConfig {
        listen_addresses: vec![format!("/ip4/127.0.0.1/tcp/{port}")],
        gossip_port_offset: OFFSET,
        bootstrap: Vec::new(),
        node_seed: NodeSeed::from([seed; 32]),
        genesis_hash: GENESIS,
        spec_version: SPEC_VERSION,
        limits,
    }
}

pub(super) fn peer_id(seed: u8) -> PeerId {
    let keypair = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
    keypair.public().to_peer_id()
}

/// Ports that lead nowhere.
pub(super) fn ports() -> NetworkPorts {
    NetworkPorts {
        incoming: Arc::new(MockPool::default()),
        outgoing: mpsc::channel(1).1,
        registered: watch::channel(height_config(Vec::new())).1,
        audience: watch::channel(Vec::new()).0,
        metrics: NetworkMetrics::default(),
        cancel: CancellationToken::new(),
    }
}

/// A node's entry on the chain; port 0 registers no address.
pub(super) fn registered(id: &PeerId, gossip_port: u16) -> RegisteredNode {
    let address = |port| format!("/ip4/127.0.0.1/tcp/{port}").into_bytes();
    RegisteredNode {
        peer_id: id.to_bytes(),
        addresses: gossip_port
            .checked_sub(OFFSET)
            .map(address)
            .into_iter()
            .collect(),
    }
}

fn height_config(nodes: Vec<RegisteredNode>) -> Arc<HeightConfig> {
    Arc::new(HeightConfig {
        height: 1,
        validators: Vec::new(),
        parameters: Default::default(),
        nodes,
    })
}
