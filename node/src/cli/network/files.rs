//! The files of a new network, keys aside.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use xinglin_chain_spec::ChainSpec;

use super::{listen_host, NewArgs, NewNode};
use crate::{
    cli::{
        args::{
            AnchoringArgs, ChainArgs, NetworkArgs, RpcArgs, StartArgs, StorageArgs, TelemetryArgs,
            ValidatorArgs,
        },
        output::write_new,
    },
    config,
};

const SPEC: &str = "chain-spec.json";
const CONFIG: &str = "node.toml";
const START: &str = "start.sh";
const START_LOCAL: &str = "start-local.sh";

/// Folder of one node.
pub fn node_folder(output: &Path, name: &str) -> PathBuf {
    output.join("nodes").join(name)
}

/// Folder of the members' accounts.
pub fn members_folder(output: &Path) -> PathBuf {
    output.join("members")
}

/// Writes everything except the keys, for which the folders are made.
pub fn write(args: &NewArgs, spec: &ChainSpec, nodes: &[NewNode]) -> Result<()> {
    let output = &args.output;
    let spec_json = spec.to_json()?;
    make_folder(output)?;
    make_folder(&members_folder(output))?;
    write_new(&output.join(SPEC), &spec_json)?;
    for node in nodes {
        let folder = node_folder(output, &node.name);
        make_folder(&folder.join("keys"))?;
        write_new(&folder.join(SPEC), &spec_json)?;
        let config = config::to_toml(&node_options(node, args.index))?;
        write_new(&folder.join(CONFIG), &format!("{CONFIG_HEAD}{config}"))?;
        write_script(&folder.join(START), START_SCRIPT)?;
    }
    if args.hosts.is_empty() {
        write_script(&output.join(START_LOCAL), &local_script(nodes))?;
    }
    write_new(&output.join("README.md"), &readme(args, nodes))
}

/// The options of a node, with paths that start at its folder.
fn node_options(node: &NewNode, index: bool) -> StartArgs {
    StartArgs {
        chain: ChainArgs {
            chain: Some(SPEC.to_owned()),
            ..ChainArgs::default()
        },
        storage: StorageArgs {
            base_path: Some("data".into()),
            index: index.then_some(true),
            ..StorageArgs::default()
        },
        validator: ValidatorArgs {
            name: Some(node.name.clone()),
            validator: Some(true),
            consensus_key: Some("keys/consensus.json".into()),
            ..ValidatorArgs::default()
        },
        network: NetworkArgs {
            port: Some(node.port),
            listen_host: Some(listen_host(node)),
            node_key_file: Some("keys/node.key".into()),
            ..NetworkArgs::default()
        },
        rpc: RpcArgs {
            rpc_port: Some(node.rpc_port),
            ..RpcArgs::default()
        },
        anchoring: AnchoringArgs {
            anchor_key: Some("keys/anchor.json".into()),
            ..AnchoringArgs::default()
        },
        telemetry: TelemetryArgs {
            prometheus_port: Some(node.prometheus_port),
            ..TelemetryArgs::default()
        },
        ..StartArgs::default()
    }
}

const CONFIG_HEAD: &str = "\
# Options of this node. `xinglin start --help` explains them; a name that is not an option is an
# error. Relative paths start at the folder of this file.
";

const START_SCRIPT: &str = r#"#!/bin/sh
# Starts this node. The passphrase of its key is taken from the file that
# XINGLIN_PASSPHRASE_FILE names, else from XINGLIN_PASSPHRASE, else asked for.
exec "${XINGLIN:-xinglin}" start --config "$(dirname "$0")/node.toml" "$@"
"#;

fn local_script(nodes: &[NewNode]) -> String {
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let names = names.join(" ");
    format!(
        r#"#!/bin/sh
# Starts all nodes of this network on this machine and waits; Ctrl-C stops them in order.
# The passphrase of the keys is taken from the file that XINGLIN_PASSPHRASE_FILE names, else from
# XINGLIN_PASSPHRASE, else asked for once. Logs are in nodes/NAME/node.log.
set -eu
cd "$(dirname "$0")"
if [ -z "${{XINGLIN_PASSPHRASE_FILE:-}}" ] && [ -z "${{XINGLIN_PASSPHRASE:-}}" ]; then
    printf 'Passphrase: ' >&2
    stty -echo
    read -r XINGLIN_PASSPHRASE
    stty echo
    printf '\n' >&2
    export XINGLIN_PASSPHRASE
fi
pids=''
stop() {{
    trap - INT TERM
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    exit 0
}}
trap stop INT TERM
for name in {names}; do
    "nodes/$name/start.sh" >"nodes/$name/node.log" 2>&1 &
    pids="$pids $!"
    echo "$name: process $!, log nodes/$name/node.log"
done
wait
"#
    )
}

fn readme(args: &NewArgs, nodes: &[NewNode]) -> String {
    let mut rows = String::new();
    for node in nodes {
        rows.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            node.name,
            node.host,
            node.port,
            node.port.saturating_add(1),
            node.rpc_port
        ));
    }
    let start = if args.hosts.is_empty() {
        "Run `./start-local.sh`. It starts all nodes on this machine; Ctrl-C stops them.\n\
        `xinglin status` shows where the first one stands."
            .to_owned()
    } else {
        "Move each folder below `nodes` to its host, whole, by a channel that nobody reads, and \
        run its\n`start.sh` there. Each node must be reached by the others on both of its ports \
        (consensus and\ngossip). The RPC port listens on loopback only; put a proxy with TLS before \
        it if clients are\nelsewhere. The chain begins when more than two thirds of the validators \
        run."
            .to_owned()
    };
    let dev = if args.dev_parties {
        "\nThe development parties (`//Alice` and so on) are registered, and their keys are public: \
        this\nnetwork is for demonstrations and tests.\n"
    } else {
        ""
    };
    format!(
        "# {name}\n\n\
        | node | host | consensus port | gossip port | RPC port |\n\
        |---|---|---|---|---|\n\
        {rows}{dev}\n\
        ## Start\n\n{start}\n\n\
        ## Keys\n\n\
        - `nodes/NAME/keys/consensus.json` is the key with which a node votes. Two nodes must never \
        run with\n  the same one: that is punishable equivocation.\n\
        - `nodes/NAME/keys/anchor.json` is that of a service account of the member, with which the \
        node has the\n  chain vouch for what regulators ask it. A node with `--index` uses it.\n\
        - `nodes/NAME/keys/node.key` is the node's identity on the network. It is not encrypted; its \
        mode is 0600.\n\
        - `members/NAME.json` is the account of the member: its money and its seat in the council. \
        Hand it to\n  the member and keep it away from the nodes. Wallets of the polkadot.js family \
        read it.\n\n\
        All but the node's identity are encrypted with the passphrase given when the network was made. \
        Each member\nshould take its own: `xinglin key export`.\n\n\
        ## Check\n\n\
        `xinglin chain-spec check chain-spec.json` prints the genesis hash. Everybody must get the \
        same one.\n",
        name = args.name,
    )
}

/// Makes a folder, and those above it, for its owner only.
fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("making the folder {}", path.display()))
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o755)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("writing {}", path.display()))
}
