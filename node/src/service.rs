//! Wires the services of a node, runs them, and stops them in order.
//!
//! ```text
//! start: genesis ─► database ─► executor ─► mempool ─► network ─► clock ─► consensus ─► index ─► RPC ─► metrics
//! stop:  the same backwards; the database is flushed last
//! ```

use std::{
    sync::{
        mpsc::{RecvTimeoutError, Sender},
        Arc,
    },
    time::Duration,
};

use anyhow::{anyhow, Context, Result};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use xinglin_chain_spec::{ChainSpec, ChainType};
use xinglin_clock::{Clock, ClockMetrics};
use xinglin_consensus::{ConsensusConfig, ConsensusHandle, ConsensusPorts};
use xinglin_core::{BlockExecutor, ChainStore, HeightConfig, HeightConfigs, NetworkInfo};
use xinglin_executor::{Executor, ExecutorConfig, Genesis};
use xinglin_index::{IndexMetrics, IndexPorts, IndexService};
use xinglin_mempool::{Mempool, MempoolMetrics, MempoolPorts};
use xinglin_network::{Network, NetworkConfig, NetworkLimits, NetworkMetrics, NetworkPorts};
use xinglin_rpc_api::system;
use xinglin_rpc_server::{ChainInfo, RpcHandle, RpcMetrics, RpcPorts};
use xinglin_runtime::{genesis, VERSION};
use xinglin_storage::{Database, StorageConfig};

use crate::{
    anchoring::{Anchoring, AnchoringConfig, AnchoringPorts},
    cli::args::StartArgs,
    identity::Identity,
    metrics::{self, MetricsServer, Progress, Sources},
    settings::{self, Settings},
    shutdown, telemetry,
};

/// Announcements of local transactions that may wait for the network; the pool repeats what does
/// not fit.
const ANNOUNCEMENTS_MAX: usize = 256;
/// How far a node's gossip port is above its consensus port. Others rely on it.
const GOSSIP_PORT_OFFSET: u16 = 1;
/// How long stopping may take before the process ends without it.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a node until it is told to stop or fails.
pub fn run(options: StartArgs) -> Result<()> {
    if options.print_config {
        print!("{}", crate::config::to_toml(&options)?);
        return Ok(());
    }
    let settings = Settings::resolve(options)?;
    let is_alone = settings.chain == genesis::DEV;
    telemetry::init(settings.log.as_deref(), settings.log_format, is_alone)?;
    shutdown::install_panic_hook();
    shutdown::check_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("xinglin")
        .build()
        .context("starting threads; raise the limit on processes")?;
    let (open, closed) = std::sync::mpsc::channel();
    let outcome = runtime.block_on(run_until_stopped(&settings, open));
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    // Nothing is ever sent: the channel ends with the database.
    if closed.recv_timeout(SHUTDOWN_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
        tracing::warn!("the database is still in use at the end; committed blocks are safe");
    }
    outcome
}

/// Runs a node until it is told to stop or fails. `open` lasts as long as the database is open.
async fn run_until_stopped(settings: &Settings, open: Sender<()>) -> Result<()> {
    let cancel = CancellationToken::new();
    shutdown::on_signal(cancel.clone())?;
    let mut node = Node::start(settings, open).await?;
    let outcome = tokio::select! {
        () = cancel.cancelled() => Ok(()),
        failure = node.failed() => Err(failure),
    };
    if let Err(error) = &outcome {
        tracing::error!(error = format!("{error:#}"), "the node stops");
    }
    let stopped = tokio::time::timeout(SHUTDOWN_TIMEOUT, node.stop())
        .await
        .unwrap_or_else(|_| {
            Err(anyhow!(
                "stopping took longer than {SHUTDOWN_TIMEOUT:?}; committed blocks are safe"
            ))
        });
    // After a failure, stopping often fails for the same reason: the first one says more.
    if let (Err(_), Err(error)) = (&outcome, &stopped) {
        tracing::warn!(error = format!("{error:#}"), "stopping failed too");
    }
    outcome.and(stopped)
}

/// A running node.
struct Node {
    database: Database,
    executor: Arc<Executor>,
    mempool: Mempool,
    network: Network,
    clock: Clock,
    consensus: ConsensusHandle,
    anchoring: Option<Anchoring>,
    index: Option<IndexService>,
    rpc: RpcHandle,
    metrics: Option<MetricsServer>,
    stop_metrics: CancellationToken,
    stop_anchoring: CancellationToken,
    stop_clock: CancellationToken,
    stop_network: CancellationToken,
    stop_mempool: CancellationToken,
}

impl Node {
    async fn start(settings: &Settings, open: Sender<()>) -> Result<Self> {
        let spec = settings.chain_spec()?;
        let identity = Identity::load(settings)?;
        let genesis = Genesis::build(spec.build_storage().context("chain specification")?)?;
        let database = open_database(settings, &spec, &genesis)?;
        database.keep_until_closed(open.clone());
        let chain: Arc<dyn ChainStore> = Arc::new(database.clone());
        let executor = Executor::spawn(
            &ExecutorConfig::default(),
            chain.clone(),
            Arc::new(database.clone()),
        )?;

        let mut registry = Registry::with_prefix("xinglin");
        database.metrics().register(&mut registry);
        executor.metrics().register(&mut registry);
        let progress = Progress::follow(executor.subscribe());

        let stop_mempool = CancellationToken::new();
        let (announce, outgoing) = mpsc::channel(ANNOUNCEMENTS_MAX);
        let (connected, peers) = watch::channel(Vec::new());
        let mempool = Mempool::spawn(
            settings.pool.clone(),
            MempoolPorts {
                validator: executor.clone(),
                journal: Arc::new(database.clone()),
                chain: chain.clone(),
                commits: executor.subscribe(),
                announce,
                peers,
                metrics: MempoolMetrics::register(&mut registry),
                cancel: stop_mempool.clone(),
            },
        )?;
        executor.set_ready_source(Arc::new(mempool.clone()));

        let stop_network = CancellationToken::new();
        let (heights, registered) = watch::channel(Arc::new(executor.next_height()?));
        let network = Network::spawn(
            network_config(settings, &spec, &identity, &genesis),
            NetworkPorts {
                incoming: Arc::new(mempool.clone()),
                outgoing,
                registered,
                audience: connected,
                metrics: NetworkMetrics::register(&mut registry),
                cancel: stop_network.clone(),
            },
        )?;

        let stop_clock = CancellationToken::new();
        let clock = Clock::spawn(
            settings.clock.clone(),
            ClockMetrics::register(&mut registry),
            stop_clock.clone(),
        );
        let consensus = xinglin_consensus::start(
            consensus_config(settings, &spec, &identity, &genesis),
            ConsensusPorts {
                executor: executor.clone(),
                heights: executor.clone(),
                chain: chain.clone(),
                evidence: Arc::new(database.clone()),
                ready: Arc::new(mempool.clone()),
                pool: Arc::new(mempool.clone()),
                clock: clock.status(),
            },
        )
        .await?;
        forward(consensus.height_config.clone(), heights);

        let index_ports = settings.index.then(|| IndexPorts {
            chain: chain.clone(),
            state: executor.clone(),
            commits: executor.subscribe(),
            metrics: IndexMetrics::register(&mut registry),
        });
        let index = index_ports.and_then(|ports| start_index(settings, &spec, &genesis, ports));
        if let Some(index) = &index {
            index.keep_until_closed(&open);
        }

        let stop_anchoring = CancellationToken::new();
        let question_log = index.as_ref().map(IndexService::question_log);
        let anchoring = question_log.clone().and_then(|log| {
            let ports = AnchoringPorts {
                log,
                chain: chain.clone(),
                state: executor.clone(),
                pool: Arc::new(mempool.clone()),
                commits: executor.subscribe(),
                genesis: genesis.hash,
                cancel: stop_anchoring.clone(),
            };
            anchor(settings, &identity, ports)
        });

        let rpc_metrics = RpcMetrics::default();
        rpc_metrics.register(&mut registry);
        let rpc = xinglin_rpc_server::start(
            settings.rpc.clone(),
            RpcPorts {
                chain: chain.clone(),
                state: executor.clone(),
                pool: Arc::new(mempool.clone()),
                network: Arc::new(network.clone()),
                commits: executor.subscribe(),
                consensus: consensus.status.clone(),
                clock: clock.status(),
                info: chain_info(&spec, &genesis),
                explorer: index.as_ref().map(IndexService::explorer),
                question_log,
                anchoring: anchoring.as_ref().map(|it| it.status.clone()),
                metrics: rpc_metrics,
            },
        )
        .await?;

        let sources = Sources {
            chain,
            network: Arc::new(network.clone()),
            consensus: consensus.status.clone(),
            progress,
        };
        metrics::register(&mut registry, &sources);
        let stop_metrics = CancellationToken::new();
        let metrics = match settings.prometheus {
            Some(address) => {
                let cancel = stop_metrics.clone();
                Some(metrics::serve(address, registry, sources, cancel).await?)
            }
            None => None,
        };
        let node = Self {
            database,
            executor,
            mempool,
            network,
            clock,
            consensus,
            anchoring,
            index,
            rpc,
            metrics,
            stop_metrics,
            stop_anchoring,
            stop_clock,
            stop_network,
            stop_mempool,
        };
        node.announce(settings, &spec, &genesis);
        Ok(node)
    }

    /// Waits until a service has failed.
    async fn failed(&mut self) -> anyhow::Error {
        const BUG: &str = "restart the node, and report the panic above if there is one";
        tokio::select! {
            error = self.consensus.failed() => error.into(),
            () = self.mempool.stopped() => anyhow!("the transaction pool has stopped; {BUG}"),
            () = self.network.stopped() => anyhow!("the transaction network has stopped; {BUG}"),
            () = self.clock.stopped() => anyhow!("the watch over the clock has stopped; {BUG}"),
            () = self.rpc.stopped() => anyhow!("the RPC server has stopped; {BUG}"),
        }
    }

    /// Stops every service, those first that use others.
    async fn stop(self) -> Result<()> {
        self.stop_metrics.cancel();
        self.rpc.stop();
        self.rpc.stopped().await;
        self.stop_anchoring.cancel();
        if let Some(anchoring) = self.anchoring {
            anchoring.stopped().await;
        }
        if let Some(index) = self.index {
            let stopped = tokio::task::spawn_blocking(|| index.stop()).await?;
            // What it has is on the disk or is made again: no reason for the node to fail.
            if let Err(error) = stopped {
                tracing::warn!(%error, "stopping the index failed");
            }
        }
        self.consensus.stop().await;
        self.stop_clock.cancel();
        self.clock.stopped().await;
        self.stop_network.cancel();
        self.network.stopped().await;
        self.stop_mempool.cancel();
        self.mempool.stopped().await;
        if let Some(metrics) = self.metrics {
            metrics.task.await?.context("metrics")?;
        }
        let (executor, database) = (self.executor, self.database);
        let flushed = tokio::task::spawn_blocking(move || {
            executor.stop();
            database.flush()
        });
        flushed.await?.context(
            "tidying up the database; committed blocks are safe and the next start takes longer, \
             once the disk has room and works",
        )?;
        tracing::info!("stopped");
        Ok(())
    }

    fn announce(&self, settings: &Settings, spec: &ChainSpec, genesis: &Genesis) {
        let tip = self.database.tip();
        tracing::info!(
            chain = spec.name,
            genesis = ?genesis.hash,
            name = settings.name,
            height = tip.map(|tip| tip.number),
            spec_version = VERSION.spec_version,
            validator = settings.validator,
            peer_id = self.network.local_peer_id(),
            base_path = %settings.base.path().display(),
            rpc = %self.rpc.local_addr(),
            metrics = self.metrics.as_ref().map(|metrics| metrics.address.to_string()),
            "node started"
        );
        if settings.dev_member.is_some() {
            tracing::warn!("this node uses well-known keys: it is for development alone");
        }
    }
}

/// Begins to anchor regulators' questions, if the node has an account for it.
fn anchor(settings: &Settings, identity: &Identity, ports: AnchoringPorts) -> Option<Anchoring> {
    let Some(key) = identity.anchor_key.clone() else {
        tracing::info!("no --anchor-key: regulators' questions about others are not answered");
        return None;
    };
    let config = AnchoringConfig {
        key,
        interval: settings.anchor_interval,
    };
    Some(Anchoring::spawn(config, ports))
}

fn open_database(settings: &Settings, spec: &ChainSpec, genesis: &Genesis) -> Result<Database> {
    let mut config = StorageConfig::new(settings.database(), &spec.id, genesis.hash);
    config.mode = settings.mode;
    if let Some(bytes) = settings.cache_bytes {
        config.cache_bytes = bytes;
    }
    std::fs::create_dir_all(settings.base.path())
        .with_context(|| format!("base folder {}", settings.base.path().display()))?;
    let database = Database::open(config)?;
    genesis.write(&database)?;
    Ok(database)
}

/// The index, unless it does not open: what only answers questions keeps no validator from its work.
fn start_index(
    settings: &Settings,
    spec: &ChainSpec,
    genesis: &Genesis,
    ports: IndexPorts,
) -> Option<IndexService> {
    let config = settings::index_config(settings.base.path(), &spec.id, genesis.hash);
    let metrics = ports.metrics.clone();
    IndexService::start(&config, ports)
        .inspect_err(|error| {
            metrics.stopped();
            tracing::error!(
                %error,
                "the index of operations does not open; the node goes on without it and answers \
                 none of its questions. With the node stopped, `xinglin db reindex` removes the \
                 index, so that it is made anew; the folder `questions` comes back from a backup"
            );
        })
        .ok()
}

fn network_config(
    settings: &Settings,
    spec: &ChainSpec,
    identity: &Identity,
    genesis: &Genesis,
) -> NetworkConfig {
    let bootnodes = settings.bootnodes.iter().chain(&spec.boot_nodes);
    NetworkConfig {
        listen_addresses: vec![listen_address(settings, settings.gossip_port)],
        gossip_port_offset: GOSSIP_PORT_OFFSET,
        bootstrap: bootnodes.filter_map(|node| gossip_address(node)).collect(),
        node_seed: (*identity.node_seed).into(),
        genesis_hash: genesis.hash,
        spec_version: VERSION.spec_version,
        limits: NetworkLimits::default(),
    }
}

fn consensus_config(
    settings: &Settings,
    spec: &ChainSpec,
    identity: &Identity,
    genesis: &Genesis,
) -> ConsensusConfig {
    let bootnodes = settings.bootnodes.iter().chain(&spec.boot_nodes);
    ConsensusConfig {
        moniker: settings.name.clone(),
        listen_address: listen_address(settings, settings.port),
        bootstrap_peers: bootnodes.cloned().collect(),
        wal_dir: settings.wal(),
        node_seed: *identity.node_seed,
        consensus_key: identity.consensus_key.clone(),
        genesis_hash: genesis.hash,
        spec_version: VERSION.spec_version,
    }
}

fn listen_address(settings: &Settings, port: u16) -> String {
    let family = if settings.listen.is_ipv4() {
        "ip4"
    } else {
        "ip6"
    };
    format!("/{family}/{}/tcp/{port}", settings.listen)
}

/// The gossip address that belongs to the consensus address of a bootnode.
fn gossip_address(consensus: &str) -> Option<String> {
    let (before, after) = consensus.split_once("/tcp/")?;
    let (port, peer) = after.split_once('/')?;
    let port = port.parse::<u16>().ok()?.checked_add(GOSSIP_PORT_OFFSET)?;
    Some(format!("{before}/tcp/{port}/{peer}"))
}

fn chain_info(spec: &ChainSpec, genesis: &Genesis) -> ChainInfo {
    let properties = &spec.properties;
    let properties = [
        ("ss58Format", properties.ss58_format.into()),
        ("tokenDecimals", properties.token_decimals.into()),
        ("tokenSymbol", properties.token_symbol.clone().into()),
    ];
    ChainInfo {
        chain_name: spec.name.clone(),
        chain_type: match spec.chain_type {
            ChainType::Development => system::ChainType::Development,
            ChainType::Local => system::ChainType::Local,
            ChainType::Live => system::ChainType::Live,
        },
        properties: properties
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        genesis_hash: genesis.hash,
        impl_name: "xinglin".to_owned(),
        impl_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Tells the transaction network, which starts first, what consensus learns.
fn forward(mut from: watch::Receiver<Arc<HeightConfig>>, to: watch::Sender<Arc<HeightConfig>>) {
    tokio::spawn(async move {
        loop {
            to.send_replace(from.borrow_and_update().clone());
            if from.changed().await.is_err() {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use xinglin_mempool::MempoolConfig;
    use xinglin_storage::{CACHE_BYTES_DEFAULT, MEMTABLE_BYTES_DEFAULT};

    use super::*;

    #[test]
    fn gossip_of_a_bootnode_is_one_port_above() {
        let gossip = gossip_address("/ip4/192.0.2.1/tcp/30333/p2p/12D3Koo");
        assert_eq!(
            gossip.as_deref(),
            Some("/ip4/192.0.2.1/tcp/30334/p2p/12D3Koo")
        );
        assert_eq!(gossip_address("/ip4/192.0.2.1/tcp/65535/p2p/12D3Koo"), None);
        assert_eq!(gossip_address("/ip4/192.0.2.1/udp/1/p2p/12D3Koo"), None);
    }

    /// What the operators' guide promises follows from the defaults.
    #[test]
    fn the_defaults_fit_the_memory_budget() {
        const BUDGET_MIB: usize = 600;
        const MIB: usize = 1024 * 1024;
        let guide = include_str!("../../docs/operators.md");
        let (_, budget) = guide.split_once("## Memory").unwrap();
        let rows: Vec<Vec<&str>> = budget
            .lines()
            .skip_while(|line| !line.starts_with("|---"))
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        let mib = |cell: &str| -> usize {
            let terms = cell.trim_matches('*').split('+');
            terms
                .map(|term| term.trim().parse::<usize>().unwrap())
                .sum()
        };
        let (total, rows) = rows.split_last().unwrap();
        let sum: usize = rows.iter().map(|row| mib(row[2])).sum();
        assert_eq!(mib(total[2]), sum);
        assert!(sum <= BUDGET_MIB);

        let executor = ExecutorConfig::default();
        let memtables = MEMTABLE_BYTES_DEFAULT;
        for (bound, bytes) in [
            ("CACHE_BYTES_DEFAULT", CACHE_BYTES_DEFAULT),
            ("MEMTABLE_BYTES_DEFAULT", memtables + memtables / 2),
            ("block_nodes_bytes", executor.block_nodes_bytes),
            ("query_nodes_bytes", executor.query_nodes_bytes),
            ("value_cache_bytes", executor.value_cache_bytes),
            (
                "MempoolConfig::bytes_max",
                MempoolConfig::default().bytes_max,
            ),
        ] {
            let row = rows.iter().find(|row| row[3].contains(bound)).unwrap();
            assert_eq!(mib(row[2]), bytes / MIB, "{bound}");
        }
    }
}
