//! What the options of `xinglin start` amount to: defaults applied, contradictions refused.

mod clock;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{bail, ensure, Context, Result};
use xinglin_chain_spec::ChainSpec;
use xinglin_clock::ClockConfig;
use xinglin_index::IndexConfig;
use xinglin_mempool::MempoolConfig;
use xinglin_primitives::Hash;
use xinglin_rpc_server::RpcConfig;
use xinglin_runtime::genesis;
use xinglin_storage::StateMode;

use crate::cli::args::{LogFormat, PruningArg, RpcArgs, StartArgs};

/// Names that `--chain` takes instead of a file.
pub const PRESETS: [&str; 2] = genesis::PRESETS;
/// Port of consensus and block sync, as of Substrate nodes.
const PORT: u16 = 30_333;
/// Port of `/metrics` and `/health`, as of Substrate nodes.
const PROMETHEUS_PORT: u16 = 9_615;
/// The members of the presets, the first of which a development node plays unless told otherwise.
const DEV_MEMBERS: [&str; 4] = ["//Alice", "//Bob", "//Charlie", "//Dave"];
/// Seconds between two anchors of regulators' questions.
const ANCHOR_INTERVAL_S: u32 = 3_600;
/// Longest time between them: nothing waits for more than a day.
const ANCHOR_INTERVAL_MAX_S: u32 = 86_400;
const MIB: usize = 1024 * 1024;

/// Everything that starting a node needs to know.
pub struct Settings {
    /// A preset's name or a file.
    pub chain: String,
    /// The member of the presets whose keys the node has, with `--dev`.
    pub dev_member: Option<String>,
    /// Where the node keeps what it keeps.
    pub base: BaseFolder,
    /// Which states to keep.
    pub mode: StateMode,
    /// Size of the database's cache in bytes, if given.
    pub cache_bytes: Option<usize>,
    /// Whether it keeps an index of operations.
    pub index: bool,
    /// The node's name.
    pub name: String,
    /// Whether it votes.
    pub validator: bool,
    /// The keystore of the consensus key.
    pub consensus_key: PathBuf,
    /// The file with the passphrase of that.
    pub passphrase_file: Option<PathBuf>,
    /// The file with the seed of the network identity.
    pub node_key: PathBuf,
    /// Address on which both networks listen.
    pub listen: IpAddr,
    /// Port of consensus.
    pub port: u16,
    /// Port of the exchange of transactions.
    pub gossip_port: u16,
    /// Further nodes to dial.
    pub bootnodes: Vec<String>,
    /// Time servers.
    pub clock: ClockConfig,
    /// JSON-RPC.
    pub rpc: RpcConfig,
    /// The pool.
    pub pool: MempoolConfig,
    /// The keystore of the account that anchors regulators' questions.
    pub anchor_key: Option<PathBuf>,
    /// The file with the passphrase of that.
    pub anchor_passphrase_file: Option<PathBuf>,
    /// Time between two anchors.
    pub anchor_interval: Duration,
    /// Where `/metrics` and `/health` are served.
    pub prometheus: Option<SocketAddr>,
    /// Filter of the log.
    pub log: Option<String>,
    /// Form of the log.
    pub log_format: LogFormat,
}

/// The base folder, which goes away with this if it is a temporary one.
pub enum BaseFolder {
    /// Named by the operator.
    Given(PathBuf),
    /// For one run.
    Temporary(tempfile::TempDir),
}

impl BaseFolder {
    /// The folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

impl Settings {
    /// Applies the defaults.
    pub fn resolve(options: StartArgs) -> Result<Self> {
        let dev = options.chain.dev.unwrap_or(false);
        let dev_member = dev_member(&options)?;
        let chain = match options.chain.chain {
            Some(chain) => chain,
            None if dev => genesis::DEV.to_owned(),
            None => bail!("which chain? give --chain with its specification, or --dev"),
        };
        let base = base_folder(options.storage.base_path, dev)?;
        let default_key = |name: &str| base.path().join("keys").join(name);
        let validator = options.validator;
        let passphrase_file = validator.passphrase_file;
        let network = options.network;
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let anywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let port = network.port.unwrap_or(match &dev_member {
            Some(member) => dev_port(member)?,
            None => PORT,
        });
        let gossip_port = gossip_port(port, network.gossip_port)?;
        let listen = network
            .listen_host
            .unwrap_or(if dev { loopback } else { anywhere });
        let telemetry = options.telemetry;
        let prometheus = (!telemetry.no_prometheus.unwrap_or(false)).then(|| {
            let external = telemetry.prometheus_external.unwrap_or(false);
            let host = if external { anywhere } else { loopback };
            SocketAddr::new(host, telemetry.prometheus_port.unwrap_or(PROMETHEUS_PORT))
        });
        Ok(Self {
            consensus_key: validator
                .consensus_key
                .unwrap_or_else(|| default_key("consensus.json")),
            node_key: network
                .node_key_file
                .unwrap_or_else(|| default_key("node.key")),
            mode: match options.storage.pruning {
                Some(PruningArg::Archive) => StateMode::Archive,
                Some(PruningArg::Keep(states)) => StateMode::Pruned { states },
                None if dev => StateMode::Archive,
                None => StateMode::default(),
            },
            cache_bytes: options.storage.db_cache.map(|size| size as usize * MIB),
            index: options.storage.index.unwrap_or(dev),
            name: validator.name.unwrap_or_else(host_name),
            validator: validator.validator.unwrap_or(dev),
            passphrase_file: passphrase_file.clone(),
            listen,
            port,
            gossip_port,
            bootnodes: network.bootnodes,
            clock: clock::config(options.clock, dev || listen.is_loopback())?,
            rpc: rpc_config(options.rpc, dev)?,
            pool: MempoolConfig {
                transactions_max: options
                    .pool
                    .pool_limit
                    .unwrap_or(MempoolConfig::default().transactions_max),
                bytes_max: options
                    .pool
                    .pool_kbytes
                    .map_or(MempoolConfig::default().bytes_max, |size| size * 1024),
                ..MempoolConfig::default()
            },
            anchor_key: options.anchoring.anchor_key,
            anchor_passphrase_file: options.anchoring.anchor_passphrase_file.or(passphrase_file),
            anchor_interval: anchor_interval(options.anchoring.anchor_interval)?,
            prometheus,
            log: telemetry.log,
            log_format: telemetry.log_format.unwrap_or_default(),
            chain,
            dev_member,
            base,
        })
    }

    /// Reads the chain specification.
    pub fn chain_spec(&self) -> Result<ChainSpec> {
        chain_spec(&self.chain)
    }

    /// Folder of the database.
    pub fn database(&self) -> PathBuf {
        database_folder(self.base.path())
    }

    /// Folder of the consensus engine's write-ahead log.
    pub fn wal(&self) -> PathBuf {
        self.base.path().join("wal")
    }
}

/// Folder of the database in a base folder.
pub fn database_folder(base: &Path) -> PathBuf {
    base.join("db")
}

/// Where a chain's index and the regulators' questions are in a base folder.
pub fn index_config(base: &Path, chain_id: &str, genesis: Hash) -> IndexConfig {
    IndexConfig::new(
        base.join("index"),
        base.join("questions"),
        chain_id,
        genesis,
    )
}

/// The specification by the name of a preset or of a file.
pub fn chain_spec(chain: &str) -> Result<ChainSpec> {
    if PRESETS.contains(&chain) {
        return Ok(ChainSpec::from_preset(chain)?);
    }
    ChainSpec::from_file(chain).with_context(|| format!("chain specification `{chain}`"))
}

fn dev_member(options: &StartArgs) -> Result<Option<String>> {
    let chain = &options.chain;
    let dev = chain.dev.unwrap_or(false);
    if !dev {
        ensure!(
            chain.dev_member.is_none(),
            "--dev-member has well-known keys; it needs --dev"
        );
        return Ok(None);
    }
    let preset = chain.chain.as_deref().unwrap_or(genesis::DEV);
    ensure!(
        PRESETS.contains(&preset),
        "--dev uses well-known keys and is for the chains `dev` and `local` only"
    );
    Ok(Some(
        chain
            .dev_member
            .clone()
            .unwrap_or_else(|| DEV_MEMBERS[0].to_owned()),
    ))
}

/// The consensus port under which the presets register the node of a member.
fn dev_port(member: &str) -> Result<u16> {
    (0..)
        .zip(DEV_MEMBERS)
        .find(|(_, name)| *name == member)
        .map(|(index, _)| genesis::dev::node_port(index))
        .with_context(|| {
            let members = DEV_MEMBERS.join(", ");
            format!("--dev-member {member}: the development members are {members}")
        })
}

fn base_folder(given: Option<PathBuf>, dev: bool) -> Result<BaseFolder> {
    match given {
        Some(path) => Ok(BaseFolder::Given(path)),
        None if dev => tempfile::Builder::new()
            .prefix("xinglin-dev-")
            .tempdir()
            .map(BaseFolder::Temporary)
            .context("temporary base folder; give --base-path"),
        None => bail!("where to keep the chain? give --base-path"),
    }
}

fn anchor_interval(seconds: Option<u32>) -> Result<Duration> {
    let seconds = seconds.unwrap_or(ANCHOR_INTERVAL_S);
    ensure!(
        (1..=ANCHOR_INTERVAL_MAX_S).contains(&seconds),
        "--anchor-interval is 1 to {ANCHOR_INTERVAL_MAX_S} seconds, a day"
    );
    Ok(Duration::from_secs(seconds.into()))
}

/// The port of the exchange of transactions: one above that of consensus, if that is not left to the
/// system.
fn gossip_port(port: u16, given: Option<u16>) -> Result<u16> {
    match given {
        Some(given) => {
            ensure!(
                given != port || port == 0,
                "--port and --gossip-port are the same, {port}; give two"
            );
            Ok(given)
        }
        None if port == 0 => Ok(0),
        None => port
            .checked_add(1)
            .context("--port 65535 leaves no port for --gossip-port; give one"),
    }
}

fn rpc_config(options: RpcArgs, dev: bool) -> Result<RpcConfig> {
    let mut config = RpcConfig::default();
    let external = options.rpc_external.unwrap_or(false);
    let host = match (options.rpc_host, external) {
        (Some(host), _) => host,
        (None, true) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        (None, false) => config.listen.ip(),
    };
    config.listen = SocketAddr::new(host, options.rpc_port.unwrap_or(config.listen.port()));
    if !options.rpc_cors.is_empty() {
        config.allowed_origins = wildcard(options.rpc_cors);
    } else if dev {
        config.allowed_origins = vec!["*".to_owned()];
    }
    config.allowed_hosts = match options.rpc_allowed_hosts {
        hosts if hosts.is_empty() => None,
        hosts => Some(wildcard(hosts)),
    };
    let set = |target: &mut u32, value: Option<u32>| {
        if let Some(value) = value {
            *target = value;
        }
    };
    set(&mut config.connections_max, options.rpc_max_connections);
    set(
        &mut config.subscriptions_max,
        options.rpc_max_subscriptions_per_connection,
    );
    set(&mut config.batch_max, options.rpc_max_batch_request_len);
    for (target, size) in [
        (&mut config.request_bytes_max, options.rpc_max_request_size),
        (
            &mut config.response_bytes_max,
            options.rpc_max_response_size,
        ),
    ] {
        if let Some(size) = size {
            *target = size
                .checked_mul(MIB as u32)
                .context("an RPC size in MiB is too large; at most 4095")?;
        }
    }
    match options.rpc_rate_limit {
        Some(limit) => config.requests_per_second = NonZeroU32::new(limit),
        None if dev => config.requests_per_second = None,
        None => (),
    }
    config.check()?;
    Ok(config)
}

/// `all` is what operators write for `*`.
fn wildcard(list: Vec<String>) -> Vec<String> {
    list.into_iter()
        .map(|item| match item.as_str() {
            "all" => "*".to_owned(),
            _ => item,
        })
        .collect()
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "xinglin".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args as _, Parser};

    #[derive(Parser)]
    struct Start {
        #[command(flatten)]
        args: StartArgs,
    }

    fn resolve(flags: &[&str]) -> Result<Settings> {
        let flags = ["start"].iter().chain(flags);
        Settings::resolve(Start::try_parse_from(flags).unwrap().args)
    }

    fn refused(flags: &[&str]) -> String {
        match resolve(flags) {
            Ok(_) => panic!("{flags:?} is accepted"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn dev_is_one_validator_in_a_folder_that_goes_away() {
        let settings = resolve(&["--dev"]).unwrap();
        assert_eq!(settings.chain, "dev");
        assert!(settings.validator && settings.listen.is_loopback());
        assert_eq!(settings.dev_member.as_deref(), Some("//Alice"));
        assert!(settings.clock.servers.is_empty());
        assert_eq!(settings.mode, StateMode::Archive);
        assert!(settings.index);
        assert!(!resolve(&["--dev", "--index=false"]).unwrap().index);
        let path = settings.base.path().to_owned();
        assert!(path.exists());
        drop(settings);
        assert!(!path.exists());
    }

    #[test]
    fn a_node_says_which_chain_and_where() {
        assert!(refused(&["--base-path", "x"]).contains("--chain"));
        assert!(refused(&["--chain", "spec.json"]).contains("--base-path"));
        let settings = resolve(&["--chain", "spec.json", "--base-path", "x"]).unwrap();
        assert!(!settings.validator && !settings.index);
        assert!(!settings.clock.servers.is_empty());
        assert_eq!(settings.node_key, Path::new("x/keys/node.key"));
        assert_eq!(settings.consensus_key, Path::new("x/keys/consensus.json"));
    }

    #[test]
    fn well_known_keys_are_for_the_presets_only() {
        let live = ["--chain", "spec.json", "--base-path", "x"];
        assert!(refused(&[&live[..], &["--dev"]].concat()).contains("well-known"));
        let bob = [&live[..], &["--dev-member", "//Bob"]].concat();
        assert!(refused(&bob).contains("--dev"));
        let local = ["--dev", "--chain", "local", "--dev-member", "//Bob"];
        let settings = resolve(&local).unwrap();
        assert_eq!(settings.dev_member.as_deref(), Some("//Bob"));
        assert_eq!(settings.port, 30_343);
        assert!(refused(&["--dev", "--dev-member", "//Eve"]).contains("//Alice, //Bob"));
    }

    #[test]
    fn questions_are_anchored_at_least_daily() {
        let with = |seconds| resolve(&["--dev", "--anchor-interval", seconds]);
        assert_eq!(with("5").unwrap().anchor_interval, Duration::from_secs(5));
        assert!(with("0").is_err() && with("86401").is_err());
    }

    #[test]
    fn gossip_is_beside_consensus() {
        let settings = resolve(&["--dev", "--port", "4000"]).unwrap();
        assert_eq!(settings.gossip_port, 4001);
        assert_eq!(resolve(&["--dev", "--port", "0"]).unwrap().gossip_port, 0);
        assert!(resolve(&["--dev", "--port", "65535"]).is_err());
        assert!(resolve(&["--dev", "--port", "1", "--gossip-port", "1"]).is_err());
    }

    #[test]
    fn rpc_is_on_loopback_unless_told_otherwise() {
        let here = resolve(&["--dev"]).unwrap().rpc;
        assert!(here.listen.ip().is_loopback());
        let flags = [
            "--dev",
            "--rpc-external",
            "--rpc-port",
            "80",
            "--rpc-cors",
            "all",
        ];
        let everywhere = resolve(&flags).unwrap().rpc;
        assert_eq!(everywhere.listen.to_string(), "0.0.0.0:80");
        assert_eq!(everywhere.allowed_origins, ["*"]);
        assert!(resolve(&["--dev", "--rpc-max-connections", "0"]).is_err());
        assert!(resolve(&["--dev", "--rpc-max-request-size", "4096"]).is_err());
    }

    /// The defaults stand in two places, here and in `--help`.
    #[test]
    fn help_tells_the_real_defaults() {
        let command = StartArgs::augment_args(clap::Command::new("start"));
        let help = |long: &str| {
            let mut arguments = command.get_arguments();
            let argument = arguments.find(|it| it.get_long() == Some(long)).unwrap();
            argument.get_help().unwrap().to_string()
        };
        let flags = ["--chain", "spec.json", "--base-path", "x"];
        let settings = resolve(&flags).unwrap();
        let rpc = &settings.rpc;
        let StateMode::Pruned { states } = settings.mode else {
            panic!("the default mode has changed");
        };
        let rate = rpc.requests_per_second.unwrap();
        for (long, default) in [
            ("port", settings.port.to_string()),
            ("pruning", states.to_string()),
            (
                "db-cache",
                (xinglin_storage::CACHE_BYTES_DEFAULT / MIB).to_string(),
            ),
            (
                "time-interval",
                settings.clock.interval.as_secs().to_string(),
            ),
            ("rpc-port", rpc.listen.port().to_string()),
            ("rpc-host", rpc.listen.ip().to_string()),
            ("rpc-max-connections", rpc.connections_max.to_string()),
            (
                "rpc-max-subscriptions-per-connection",
                rpc.subscriptions_max.to_string(),
            ),
            ("rpc-max-batch-request-len", rpc.batch_max.to_string()),
            (
                "rpc-max-request-size",
                (rpc.request_bytes_max as usize / MIB).to_string(),
            ),
            (
                "rpc-max-response-size",
                (rpc.response_bytes_max as usize / MIB).to_string(),
            ),
            ("rpc-rate-limit", rate.to_string()),
            ("pool-limit", settings.pool.transactions_max.to_string()),
            ("pool-kbytes", (settings.pool.bytes_max / 1024).to_string()),
            (
                "anchor-interval",
                settings.anchor_interval.as_secs().to_string(),
            ),
            (
                "prometheus-port",
                settings.prometheus.unwrap().port().to_string(),
            ),
        ] {
            let text = help(long);
            let told = format!("[default: {default}");
            assert!(text.contains(&told), "--{long}: {text} does not say {told}");
        }
    }
}
