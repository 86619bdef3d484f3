//! The options of `xinglin start`, one struct per subsystem.
//!
//! Every option has one name: `--rpc-port` on the command line, `XINGLIN_RPC_PORT` in the
//! environment, `rpc-port` in the configuration file. All are optional here; the defaults are
//! applied, once, in [`crate::settings`]. A switch takes `=false` to undo what the file says.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// The options of `xinglin start`.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(
    about = "Run a node: a validator, or a follower",
    long_about = "Run a node: a validator, or a follower.\n\nEvery option can also \
        stand in the configuration file or in the environment, under the same name: --rpc-port is \
        `rpc-port = 9944` in the file and XINGLIN_RPC_PORT in the environment. The command line \
        prevails over the environment, the environment over the file. Relative paths in the file \
        start at the file's folder."
)]
pub struct StartArgs {
    /// Configuration file in TOML; a name in it that is not an option is an error
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Print the options that are set, by file, environment or flags, as TOML and exit; the others have
    /// their defaults
    #[arg(long)]
    #[serde(skip)]
    pub print_config: bool,
    /// Which chain.
    #[command(flatten)]
    #[serde(flatten)]
    pub chain: ChainArgs,
    /// What is kept where.
    #[command(flatten)]
    #[serde(flatten)]
    pub storage: StorageArgs,
    /// Whether the node votes.
    #[command(flatten)]
    #[serde(flatten)]
    pub validator: ValidatorArgs,
    /// How other nodes reach it.
    #[command(flatten)]
    #[serde(flatten)]
    pub network: NetworkArgs,
    /// How clients reach it.
    #[command(flatten)]
    #[serde(flatten)]
    pub rpc: RpcArgs,
    /// How many transactions may wait.
    #[command(flatten)]
    #[serde(flatten)]
    pub pool: PoolArgs,
    /// How regulators' questions get on the record.
    #[command(flatten)]
    #[serde(flatten)]
    pub anchoring: AnchoringArgs,
    /// How operators watch it.
    #[command(flatten)]
    #[serde(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Which chain the node belongs to.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "Chain")]
#[serde(rename_all = "kebab-case", default)]
pub struct ChainArgs {
    /// `dev`, `local`, or the chain specification of a network [default: `dev` with --dev]
    #[arg(long, value_name = "dev|local|FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// Develop against one validator with well-known keys, in a temporary folder that is removed
    /// at exit unless --base-path is given
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev: Option<bool>,
    /// The member of the presets whose keys the node has: //Alice, //Bob, //Charlie or //Dave
    /// [default: //Alice]
    #[arg(long, value_name = "MEMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev_member: Option<String>,
}

/// What the node keeps and where.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "Storage")]
#[serde(rename_all = "kebab-case", default)]
pub struct StorageArgs {
    /// Folder of the database, the write-ahead log and, below `keys`, the keys
    #[arg(long, short = 'd', value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_path: Option<PathBuf>,
    /// Which states to keep: all of them, or those after the last N blocks [default: 256; with --dev archive]
    #[arg(long, alias = "state-pruning", value_name = "archive|N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruning: Option<PruningArg>,
    /// Memory for the database's block cache, in MiB [default: 80]
    #[arg(long, value_name = "MIB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub db_cache: Option<u32>,
    /// Keep an index of all operations, with which `explorer_*` finds them [default: off, with --dev
    /// on]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<bool>,
}

/// Whether and with which key the node votes.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "Validator")]
#[serde(rename_all = "kebab-case", default)]
pub struct ValidatorArgs {
    /// Name of the node in logs and for its peers [default: the host's name]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Vote, with the consensus key; without this the node only follows
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validator: Option<bool>,
    /// Keystore file of the consensus key [default: keys/consensus.json in the base path]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus_key: Option<PathBuf>,
    /// File with the passphrase of the consensus key; else XINGLIN_PASSPHRASE is taken, else the
    /// terminal is asked
    #[arg(long, alias = "password-filename", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<PathBuf>,
}

/// How other nodes reach the node.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "Network")]
#[serde(rename_all = "kebab-case", default)]
pub struct NetworkArgs {
    /// TCP port of consensus and block sync [default: 30333; with --dev-member that of the
    /// preset]
    #[arg(long, value_name = "PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// TCP port of the exchange of transactions; others look for it one above the registered port of
    /// consensus [default: --port plus one]
    #[arg(long, value_name = "PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gossip_port: Option<u16>,
    /// IP address on which both ports listen [default: 0.0.0.0, with --dev 127.0.0.1]
    #[arg(long, value_name = "IP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_host: Option<std::net::IpAddr>,
    /// Further nodes to dial, by the address of their consensus port with /p2p/ and the peer id;
    /// those registered on the chain are dialled anyway
    #[arg(long, value_name = "MULTIADDR", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bootnodes: Vec<String>,
    /// File with the seed of the node's network identity, 32 bytes in hex
    /// [default: keys/node.key in the base path]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_key_file: Option<PathBuf>,
}

/// How clients reach the node.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "RPC")]
#[serde(rename_all = "kebab-case", default)]
pub struct RpcArgs {
    /// TCP port of JSON-RPC over HTTP and WebSocket [default: 9944]
    #[arg(long, value_name = "PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_port: Option<u16>,
    /// IP address of JSON-RPC [default: 127.0.0.1]
    #[arg(long, value_name = "IP", conflicts_with = "rpc_external")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_host: Option<std::net::IpAddr>,
    /// Serve JSON-RPC on all interfaces; put a proxy with TLS before it
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_external: Option<bool>,
    /// Origins of web pages that may call, such as `https://app.example`, or `all` [default: this
    /// machine's and the polkadot.js apps; with --dev all]
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rpc_cors: Vec<String>,
    /// Values of the Host header that are answered, such as node.example:9944, or `all` [default:
    /// loopback names on loopback, else all]
    #[arg(long, value_name = "HOSTS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rpc_allowed_hosts: Vec<String>,
    /// Most connections at one time [default: 200]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_max_connections: Option<u32>,
    /// Most subscriptions of one connection [default: 1024]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_max_subscriptions_per_connection: Option<u32>,
    /// Most calls in one batch [default: 1000]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_max_batch_request_len: Option<u32>,
    /// Largest request, in MiB [default: 4]
    #[arg(long, value_name = "MIB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_max_request_size: Option<u32>,
    /// Largest response, in MiB [default: 16]
    #[arg(long, value_name = "MIB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_max_response_size: Option<u32>,
    /// Most calls per second of one client address; 0 takes the limit away
    /// [default: 20000; with --dev 0]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc_rate_limit: Option<u32>,
}

/// How many transactions may wait for a block.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "Transaction pool")]
#[serde(rename_all = "kebab-case", default)]
pub struct PoolArgs {
    /// Most transactions in the pool [default: 32768]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_limit: Option<usize>,
    /// Most bytes of transactions in the pool, in KiB [default: 32768]
    #[arg(long, value_name = "KIB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_kbytes: Option<usize>,
}

/// How regulators' questions to the node get on the record.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "Regulators' questions")]
#[serde(rename_all = "kebab-case", default)]
pub struct AnchoringArgs {
    /// Keystore file of a service account of the node's member, which signs for the chain what
    /// regulators asked this node; without it the node answers none of their questions about
    /// others. No other node may use the same account
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor_key: Option<PathBuf>,
    /// File with the passphrase of that key [default: as for the consensus key]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor_passphrase_file: Option<PathBuf>,
    /// Seconds between two signatures [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor_interval: Option<u32>,
}

/// How operators watch the node.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[command(next_help_heading = "Logs and metrics")]
#[serde(rename_all = "kebab-case", default)]
pub struct TelemetryArgs {
    /// Port of /metrics (Prometheus) and /health [default: 9615]
    #[arg(long, value_name = "PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus_port: Option<u16>,
    /// Serve /metrics and /health on all interfaces, not only on loopback
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus_external: Option<bool>,
    /// Do not serve /metrics and /health
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_prometheus: Option<bool>,
    /// What to log, as `level` or `target=level`, separated by commas [default: info]
    #[arg(long, short = 'l', value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// How to write logs, to the standard error output [default: text]
    #[arg(long, value_name = "FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The value of `--pruning`: `archive` or a number of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PruningArg {
    /// Keep every state.
    Archive,
    /// Keep the states after this many of the last blocks.
    Keep(u32),
}

impl FromStr for PruningArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "archive" {
            return Ok(Self::Archive);
        }
        match text.parse() {
            Ok(blocks) if blocks > 0 => Ok(Self::Keep(blocks)),
            _ => Err("expected `archive` or a number of blocks above 0".into()),
        }
    }
}

impl fmt::Display for PruningArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive => f.write_str("archive"),
            Self::Keep(blocks) => blocks.fmt(f),
        }
    }
}

impl Serialize for PruningArg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Archive => serializer.serialize_str("archive"),
            Self::Keep(blocks) => serializer.serialize_u32(*blocks),
        }
    }
}

impl<'de> Deserialize<'de> for PruningArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u32),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => number.to_string().parse(),
            Form::Text(text) => text.parse(),
        }
        .map_err(de::Error::custom)
    }
}
