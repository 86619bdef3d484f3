//! `xinglin network new`: keys, genesis, configurations and scripts of a new network.
//!
//! ```text
//! OUTPUT/
//!   README.md           what to do with it
//!   chain-spec.json     how the chain begins, the same for everybody
//!   start-local.sh      runs all nodes on this machine, if they are meant for it
//!   members/NAME.json   the account of each member: does not belong on a node
//!   nodes/NAME/         what one node needs; self-contained, to be moved to its host
//!     node.toml  chain-spec.json  start.sh  keys/consensus.json  keys/node.key
//! ```

mod files;

pub use files::node_folder;

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use anyhow::{ensure, Context, Result};
use clap::{Args, Subcommand};
use pallet_members::HospitalLevel;
use xinglin_chain_spec::{ChainSpec, ChainType, NewMember, NewNetwork, NewValidator};
use xinglin_primitives::{
    consensus::{ConsensusKey, ConsensusParameters, VALIDATORS_MAX},
    glue::MemberKind,
    Balance, YUAN,
};
use xinglin_sdk::keys::{self, KeyPair, Scheme};
use zeroize::Zeroizing;

use super::{key, output::table, passphrase::PassphraseArgs};
use crate::peer;

/// How far apart the ports of two nodes on one machine are.
const PORT_STEP: u16 = 10;
/// What each member has at the beginning.
const MEMBER_FUNDS_FEN: Balance = 10_000_000 * YUAN;
/// The kinds of the members, over and over.
const KINDS: [(MemberKind, Option<HospitalLevel>, &str); 5] = [
    (MemberKind::Hospital, Some(HospitalLevel::Three), "hospital"),
    (MemberKind::Clinic, None, "clinic"),
    (MemberKind::Insurer, None, "insurer"),
    (MemberKind::Regulator, None, "regulator"),
    (MemberKind::SettlementBank, None, "bank"),
];

/// Begin a new network.
#[derive(Subcommand)]
pub enum NetworkCommand {
    /// Make keys, genesis, configurations and start scripts of a new network
    New(NewArgs),
}

/// Options of `network new`.
#[derive(Args, Clone, Debug)]
pub struct NewArgs {
    /// Number of validators; each belongs to a member of its own, of kinds in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=VALIDATORS_MAX as i64))]
    pub validators: u16,
    /// Folder to make
    #[arg(long, short, value_name = "DIR", default_value = "network")]
    pub output: PathBuf,
    /// Hosts of the nodes, IP addresses or names, one for each; without them all nodes are on this
    /// machine
    #[arg(long, value_name = "HOSTS", value_delimiter = ',')]
    pub hosts: Vec<String>,
    /// Consensus port of the first node; on one machine the next node's is ten above
    #[arg(long, value_name = "PORT", default_value_t = 30_333)]
    pub base_port: u16,
    /// RPC port of the first node; on one machine the next node's is one above
    #[arg(long, value_name = "PORT", default_value_t = 9_944)]
    pub rpc_port: u16,
    /// Metrics port of the first node; on one machine the next node's is one above
    #[arg(long, value_name = "PORT", default_value_t = 9_615)]
    pub prometheus_port: u16,
    /// Name of the chain, for people
    #[arg(long, default_value = "Xinglin Network")]
    pub name: String,
    /// Name of the chain for folders: lower-case letters, digits, `-` and `_`
    #[arg(long, default_value = "xinglin-network")]
    pub id: String,
    /// Also register the development parties (//Alice and so on), whose keys are public; for
    /// demonstrations and tests only
    #[arg(long)]
    pub dev_parties: bool,
    /// Let every node keep an index of operations
    #[arg(long)]
    pub index: bool,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// What one node of the network is.
pub struct NewNode {
    /// Its folder's and its own name, such as `hospital-1`.
    pub name: String,
    /// Where others reach it.
    pub host: String,
    /// Consensus port.
    pub port: u16,
    /// RPC port.
    pub rpc_port: u16,
    /// Metrics port.
    pub prometheus_port: u16,
    /// Its peer id in text form.
    pub peer_id: String,
    kind: MemberKind,
    level: Option<HospitalLevel>,
    keys: NodeKeys,
}

/// The secrets made for a member and its node.
struct NodeKeys {
    account: KeyPair,
    consensus: KeyPair,
    /// Of the service account that anchors regulators' questions.
    anchor: KeyPair,
    node_seed: Zeroizing<[u8; 32]>,
}

/// The ports of the first node on a machine, or of any.
#[derive(Clone, Copy, Debug)]
pub struct FirstPorts {
    /// Consensus; gossip is one above.
    pub consensus: u16,
    /// JSON-RPC.
    pub rpc: u16,
    /// Metrics.
    pub prometheus: u16,
}

impl FirstPorts {
    /// Those of the node with this place on the machine, unless they exceed 65535.
    pub fn of(self, index: u16) -> Option<Self> {
        let consensus = self.consensus.checked_add(index.checked_mul(PORT_STEP)?)?;
        consensus.checked_add(1)?;
        Some(Self {
            consensus,
            rpc: self.rpc.checked_add(index)?,
            prometheus: self.prometheus.checked_add(index)?,
        })
    }

    /// All of them.
    pub fn all(self) -> [u16; 4] {
        let gossip = self.consensus.saturating_add(1);
        [self.consensus, gossip, self.rpc, self.prometheus]
    }
}

/// Does what `xinglin network …` says.
pub fn run(command: NetworkCommand) -> Result<()> {
    let NetworkCommand::New(args) = command;
    let passphrase = args.passphrase.new_one()?;
    let nodes = create(&args, &passphrase)?;
    let mut listing = table();
    listing.set_header(["node", "host", "port", "rpc", "peer id"]);
    for node in &nodes {
        listing.add_row([
            &node.name,
            &node.host,
            &node.port.to_string(),
            &node.rpc_port.to_string(),
            &node.peer_id,
        ]);
    }
    println!("{listing}");
    println!("Next: read {}", args.output.join("README.md").display());
    Ok(())
}

/// Makes the network's folder.
pub fn create(args: &NewArgs, passphrase: &str) -> Result<Vec<NewNode>> {
    let nodes = plan(args)?;
    let spec = specification(args, &nodes)?;
    // Every mistake in the arguments shows before anything is written.
    spec.check().context("the new chain specification")?;
    ensure!(
        !args.output.exists(),
        "{} exists already; give another --output, or remove it with its keys",
        args.output.display()
    );
    files::write(args, &spec, &nodes)?;
    for node in &nodes {
        store_keys(&args.output, node, passphrase)?;
    }
    Ok(nodes)
}

fn plan(args: &NewArgs) -> Result<Vec<NewNode>> {
    let count = usize::from(args.validators);
    let is_local = args.hosts.is_empty();
    ensure!(
        is_local || args.hosts.len() == count,
        "--hosts names {} hosts for {count} validators; give one for each, or none",
        args.hosts.len()
    );
    (0..args.validators)
        .map(|index| {
            let (kind, level, word) = KINDS[usize::from(index) % KINDS.len()];
            let number = usize::from(index) / KINDS.len() + 1;
            let ports = FirstPorts {
                consensus: args.base_port,
                rpc: args.rpc_port,
                prometheus: args.prometheus_port,
            }
            .of(if is_local { index } else { 0 })
            .context("the ports of so many nodes exceed 65535")?;
            let keys = NodeKeys {
                account: KeyPair::generate(Scheme::Sr25519).0,
                consensus: KeyPair::generate(Scheme::Sr25519).0,
                anchor: KeyPair::generate(Scheme::Sr25519).0,
                node_seed: keys::random_seed(),
            };
            Ok(NewNode {
                name: format!("{word}-{number}"),
                host: match args.hosts.get(usize::from(index)) {
                    Some(host) => host.clone(),
                    None => Ipv4Addr::LOCALHOST.to_string(),
                },
                port: ports.consensus,
                rpc_port: ports.rpc,
                prometheus_port: ports.prometheus,
                peer_id: peer::peer_id_text(&keys.node_seed),
                kind,
                level,
                keys,
            })
        })
        .collect()
}

fn specification(args: &NewArgs, nodes: &[NewNode]) -> Result<ChainSpec> {
    let members = nodes.iter().map(|node| {
        let address = peer::multiaddress(&node.host, node.port).context("--hosts")?;
        Ok(NewMember {
            name: node.name.clone(),
            kind: node.kind,
            level: node.level,
            account: node.keys.account.account(),
            service_accounts: vec![node.keys.anchor.account()],
            encryption_key: keys::encryption_key(&node.keys.account),
            funds_fen: MEMBER_FUNDS_FEN,
            validator: Some(NewValidator {
                key: ConsensusKey::from_raw(node.keys.consensus.public()),
                power: 1,
                peer_id: peer::peer_id(&node.keys.node_seed),
                addresses: vec![address],
            }),
        })
    });
    let network = NewNetwork {
        name: args.name.clone(),
        id: args.id.clone(),
        chain_type: match args.hosts.is_empty() {
            true => ChainType::Local,
            false => ChainType::Live,
        },
        members: members.collect::<Result<_>>()?,
        parameters: ConsensusParameters::default(),
        has_dev_parties: args.dev_parties,
    };
    Ok(network.into_spec())
}

fn store_keys(output: &Path, node: &NewNode, passphrase: &str) -> Result<()> {
    let folder = files::node_folder(output, &node.name).join("keys");
    let label = |what: &str| Some(format!("{} {what}", node.name));
    let keys = &node.keys;
    key::store(
        &keys.consensus,
        &folder.join("consensus.json"),
        label("consensus"),
        passphrase,
    )?;
    key::store(
        &keys.anchor,
        &folder.join("anchor.json"),
        label("anchoring"),
        passphrase,
    )?;
    key::write_node_key(&folder.join("node.key"), &keys.node_seed)?;
    let account = files::members_folder(output).join(format!("{}.json", node.name));
    key::store(&keys.account, &account, label("account"), passphrase)
}

/// Where a node listens: on its own host if that is loopback, else anywhere.
fn listen_host(node: &NewNode) -> IpAddr {
    match node.host.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => ip,
        Ok(IpAddr::V6(_)) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests;
