//! A server on a chain in memory.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::watch;
use xinglin_core::{AnchoringStatus, ConsensusStatus};
use xinglin_rpc_api::system::ChainType;
use xinglin_rpc_server::{start, ChainInfo, RpcConfig, RpcHandle, RpcMetrics, RpcPorts};

use crate::{
    fake::{FakeChain, FakeNetwork},
    index::FakeIndex,
    pool::FakePool,
};

/// A server on a fake chain.
pub struct Fixture {
    /// The chain.
    pub chain: Arc<FakeChain>,
    /// The pool.
    pub pool: Arc<FakePool>,
    /// What consensus says.
    pub consensus: watch::Sender<ConsensusStatus>,
    /// The server.
    pub server: RpcHandle,
    /// What it counts.
    pub registry: prometheus_client::registry::Registry,
}

/// The settings of tests: any port, a short gap.
pub fn config() -> RpcConfig {
    RpcConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        finality_gap_ms: 20,
        ..RpcConfig::default()
    }
}

impl Fixture {
    /// A server with the settings of tests on genesis and 7 blocks.
    pub async fn new() -> Self {
        Self::with(config(), 7).await
    }

    /// A server on genesis and `blocks` blocks.
    pub async fn with(config: RpcConfig, blocks: u32) -> Self {
        let chain = FakeChain::new(blocks);
        let pool = Arc::new(FakePool::default());
        let consensus = watch::Sender::new(ConsensusStatus {
            height: blocks + 1,
            validating: true,
            peers: 1,
            ..ConsensusStatus::default()
        });
        let metrics = RpcMetrics::default();
        let mut registry = prometheus_client::registry::Registry::default();
        metrics.register(&mut registry);
        let ports = ports(&chain, &pool, &consensus, metrics);
        let server = start(config, ports).await.unwrap();
        Self {
            chain,
            pool,
            consensus,
            server,
            registry,
        }
    }

    /// A server that finds the operations of an index and has their questions anchored, or not.
    pub async fn indexed(index: &Arc<FakeIndex>, anchoring: Option<AnchoringStatus>) -> Self {
        let fixture = Self::with(config(), 0).await;
        let mut ports = fixture.ports();
        ports.chain = index.chain.clone();
        ports.state = index.chain.clone();
        ports.commits = index.chain.commits.subscribe();
        ports.info.genesis_hash = index.chain.hash(0);
        ports.explorer = Some(index.clone());
        ports.question_log = Some(index.clone());
        ports.anchoring = anchoring.map(|status| watch::Sender::new(status).subscribe());
        let server = start(config(), ports).await.unwrap();
        Self {
            chain: index.chain.clone(),
            server,
            ..fixture
        }
    }

    /// Ports for another server on the same chain.
    pub fn ports(&self) -> RpcPorts {
        ports(
            &self.chain,
            &self.pool,
            &self.consensus,
            RpcMetrics::default(),
        )
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// One line of the metrics.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text
            .lines()
            .find(|line| line.split(' ').next() == Some(name))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

fn ports(
    chain: &Arc<FakeChain>,
    pool: &Arc<FakePool>,
    consensus: &watch::Sender<ConsensusStatus>,
    metrics: RpcMetrics,
) -> RpcPorts {
    let properties = serde_json::json!({
        "ss58Format": 42, "tokenDecimals": 2, "tokenSymbol": "CNY"
    });
    RpcPorts {
        chain: chain.clone(),
        state: chain.clone(),
        pool: pool.clone(),
        network: Arc::new(FakeNetwork),
        commits: chain.commits.subscribe(),
        consensus: consensus.subscribe(),
        info: ChainInfo {
            chain_name: "Fake Chain".to_owned(),
            chain_type: ChainType::Local,
            properties: properties.as_object().unwrap().clone(),
            genesis_hash: chain.hash(0),
            impl_name: "Xinglin".to_owned(),
            impl_version: "0.1.0-test".to_owned(),
        },
        explorer: None,
        question_log: None,
        anchoring: None,
        metrics,
    }
}
