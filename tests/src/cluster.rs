//! A consortium on loopback.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{ensure, Context, Result};
use sp_core::{ed25519, Pair};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use tempfile::TempDir;
use xinglin_chain_spec::{ChainSpec, RuntimeGenesisConfig};
use xinglin_primitives::{BlockNumber, Hash, MemberId};
use xinglin_runtime::genesis::dev;
use xinglin_sdk::keys::{KeyPair, Scheme};

use crate::process::{Node, NodeSetup, DEADLINE};

/// The members of the presets, who run the validators of test chains in this order.
pub const MEMBERS: [&str; 4] = ["//Alice", "//Bob", "//Charlie", "//Dave"];

/// What kind of consortium.
pub struct ClusterOptions {
    /// Number of validators, 1 to 4.
    pub validators: usize,
    /// Number of registered nodes without a vote.
    pub followers: usize,
    /// Further options of every node, by their names in the configuration file.
    pub options: toml::Table,
    /// The last word on the genesis.
    pub genesis: Box<dyn FnOnce(&mut RuntimeGenesisConfig) + Send>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            validators: 4,
            followers: 0,
            options: toml::Table::new(),
            genesis: Box::new(|_| {}),
        }
    }
}

/// A consortium with its nodes, validators first.
pub struct Cluster {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Hash of the genesis block.
    pub genesis: Hash,
    spec: PathBuf,
    dir: TempDir,
}

/// The clock, in milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| {
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
        })
}

/// Ports for nodes. Below those that systems give to outgoing connections, which come and go at any
/// time: a node that is down must find its port free when it comes back.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
/// Ports that a node takes: consensus and, next to it, transactions; JSON-RPC; metrics.
const PORTS_OF_NODE: u16 = 4;

/// Ports that follow each other, that nobody listens on, and that this process has not given out before.
/// Other processes begin to look elsewhere.
pub fn free_ports() -> Result<[u16; 4]> {
    static NEXT: Mutex<Option<u16>> = Mutex::new(None);
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let groups = (PORTS.end - PORTS.start) / PORTS_OF_NODE;
    let mut group = next.unwrap_or_else(|| rand::random::<u16>() % groups);
    for _ in 0..groups {
        let first = PORTS.start + group * PORTS_OF_NODE;
        let ports = [first, first + 1, first + 2, first + 3];
        group = (group + 1) % groups;
        *next = Some(group);
        let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        if ports.iter().all(is_free) {
            return Ok(ports);
        }
    }
    anyhow::bail!("no free ports from {} to {}", PORTS.start, PORTS.end)
}

/// `/ip4/127.0.0.1/tcp/<port>` in binary form.
fn address(port: u16) -> Vec<u8> {
    let mut address = vec![0x04, 127, 0, 0, 1, 0x06];
    address.extend_from_slice(&port.to_be_bytes());
    address
}

/// What a node of a cluster is known by.
pub struct Identity {
    name: String,
    seed: [u8; 32],
    ports: [u16; 4],
    key: Option<KeyPair>,
}

impl Identity {
    fn new(name: String, member: Option<&str>) -> Result<Self> {
        let key = member
            .map(|member| {
                KeyPair::from_secret(Scheme::Sr25519, &format!("{member}//consensus"))
                    .with_context(|| format!("the consensus key of {member}"))
            })
            .transpose()?;
        Ok(Self {
            seed: BlakeTwo256::hash(format!("test-node-{name}").as_bytes()).0,
            ports: free_ports()?,
            name,
            key,
        })
    }

    /// A node that nobody has registered.
    pub fn stranger(name: &str) -> Result<Self> {
        Self::new(name.into(), None)
    }

    /// A node with the consensus key of a member of the presets, not registered yet.
    pub fn validator(name: &str, member: &str) -> Result<Self> {
        Self::new(name.into(), Some(member))
    }

    /// Where its consensus listens: a multiaddress in binary form.
    pub fn address(&self) -> Vec<u8> {
        address(self.ports[0])
    }

    /// The libp2p peer id, in binary form.
    pub fn peer_id(&self) -> Vec<u8> {
        dev::peer_id_of(&ed25519::Pair::from_seed(&self.seed).public())
    }
}

impl Cluster {
    /// Makes keys, genesis and configuration; nothing runs yet.
    pub fn new(options: ClusterOptions) -> Result<Self> {
        ensure!((1..=MEMBERS.len()).contains(&options.validators));
        let dir = tempfile::Builder::new().prefix("xinglin-test-").tempdir()?;
        let mut identities = Vec::new();
        for (index, member) in MEMBERS.iter().take(options.validators).enumerate() {
            identities.push(Identity::new(format!("validator-{index}"), Some(member))?);
        }
        for index in 0..options.followers {
            identities.push(Identity::new(format!("follower-{index}"), None)?);
        }

        let mut spec = ChainSpec::from_preset("local")?;
        let genesis = &mut spec.genesis;
        genesis.validators.validators.truncate(options.validators);
        let (validators, followers) = identities.split_at(options.validators);
        for (validator, identity) in genesis.validators.validators.iter_mut().zip(validators) {
            validator.peer = identity.peer_id().into();
            validator.addresses = vec![address(identity.ports[0]).into()];
        }
        for identity in followers {
            genesis
                .validators
                .nodes
                .push(pallet_validators::GenesisNode {
                    member: MemberId(0),
                    peer: identity.peer_id().into(),
                    addresses: vec![address(identity.ports[0]).into()],
                });
        }
        (options.genesis)(genesis);
        let path = dir.path().join("chain.json");
        std::fs::write(&path, spec.to_json()?)?;
        let built = spec
            .build()
            .map_err(|problems| anyhow::anyhow!("{problems}"))?;

        let mut cluster = Self {
            nodes: Vec::new(),
            genesis: built.hash(),
            spec: path,
            dir,
        };
        for identity in identities {
            cluster.add(identity, options.options.clone())?;
        }
        Ok(cluster)
    }

    /// As [`new`](Self::new), and starts all nodes.
    pub async fn start(options: ClusterOptions) -> Result<Self> {
        let mut cluster = Self::new(options)?;
        for node in &mut cluster.nodes {
            node.spawn()?;
        }
        for node in &mut cluster.nodes {
            node.wait_ready().await?;
        }
        Ok(cluster)
    }

    /// Adds a node that knows the chain; whether the chain knows it is another matter.
    pub fn add(&mut self, identity: Identity, options: toml::Table) -> Result<&mut Node> {
        let [port, _, rpc_port, metrics_port] = identity.ports;
        let node = Node::new(NodeSetup {
            dir: self.dir.path().join(&identity.name),
            chain: self.spec.clone(),
            consensus_key: identity.key,
            node_seed: identity.seed,
            port,
            rpc_port,
            metrics_port,
            options,
            name: identity.name,
        })?;
        self.nodes.push(node);
        self.nodes.last_mut().context("just pushed")
    }

    /// The folder of the cluster.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The chain specification.
    pub fn spec(&self) -> &Path {
        &self.spec
    }

    /// Waits until every running node has a block of this height, and checks that it is the same.
    pub async fn wait_height(&self, height: BlockNumber) -> Result<Hash> {
        self.wait_height_within(height, DEADLINE).await
    }

    /// As [`wait_height`](Self::wait_height) with another deadline.
    pub async fn wait_height_within(
        &self,
        height: BlockNumber,
        deadline: Duration,
    ) -> Result<Hash> {
        let mut hash = None;
        for node in self.nodes.iter().filter(|node| node.pid().is_some()) {
            let wait = async {
                let client = node.client().await?;
                client.wait_for_height(height, deadline).await?;
                anyhow::Ok(client.block_hash(height).await?)
            };
            let found = wait.await.with_context(|| {
                format!("{} at height {height}:\n{}", node.name(), node.log_tail())
            })?;
            let expected = *hash.get_or_insert(found);
            ensure!(
                found == expected,
                "fork at height {height}: {} has {found:?}, others {expected:?}",
                node.name()
            );
        }
        hash.context("no node runs")
    }
}
