use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use clap::Parser;
use xinglin_sdk::keystore::Keystore;

use super::*;
use crate::{cli::args::StartArgs, config, settings::Settings};

#[derive(Parser)]
struct New {
    #[command(flatten)]
    args: NewArgs,
}

#[derive(Parser)]
struct Start {
    #[command(flatten)]
    args: StartArgs,
}

fn arguments(output: &Path, flags: &[&str]) -> NewArgs {
    let output = output.to_str().unwrap();
    let all = ["new", "--output", output]
        .into_iter()
        .chain(flags.iter().copied());
    New::try_parse_from(all).unwrap().args
}

/// The settings with which a node of the network would start.
fn settings_of(folder: &Path) -> Settings {
    let config = folder.join("node.toml");
    let flags = ["start", "--config", config.to_str().unwrap()];
    Settings::resolve(config::layer(Start::parse_from(flags).args).unwrap()).unwrap()
}

#[test]
fn every_node_starts_from_its_folder_with_the_keys_of_the_genesis() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("net");
    let nodes = create(&arguments(&output, &["--validators", "2"]), "apricot").unwrap();

    let spec = ChainSpec::from_file(output.join("chain-spec.json")).unwrap();
    spec.check().unwrap();
    let validators = &spec.genesis.validators.validators;
    assert_eq!(validators.len(), 2);
    for (node, registered) in nodes.iter().zip(validators) {
        let settings = settings_of(&files::node_folder(&output, &node.name));
        assert!(settings.validator);
        let own_spec = settings.chain_spec().unwrap();
        assert_eq!(own_spec.to_json().unwrap(), spec.to_json().unwrap());

        let keystore = Keystore::read(&settings.consensus_key).unwrap();
        let pair = keystore.open("apricot").unwrap();
        assert_eq!(pair.public(), registered.key.0);
        let seed = key::read_node_key(&settings.node_key).unwrap();
        assert_eq!(registered.peer.0, peer::peer_id(&seed));
        let address = peer::multiaddress("127.0.0.1", settings.port).unwrap();
        assert_eq!(registered.addresses[0].0, address);

        let member = &spec.genesis.members.members[registered.member.0 as usize];
        let account = files::members_folder(&output).join(format!("{}.json", node.name));
        let account = Keystore::read(&account).unwrap();
        assert_eq!(account.address, keys::address_of(&member.account));
        assert_eq!(account.open("apricot").unwrap().account(), member.account);
    }
}

#[test]
fn nodes_on_one_machine_share_no_port() {
    let folder = tempfile::tempdir().unwrap();
    let args = arguments(&folder.path().join("net"), &["--validators", "7"]);
    let ports: BTreeSet<u16> = plan(&args)
        .unwrap()
        .iter()
        .flat_map(|node| {
            [
                node.port,
                node.port + 1,
                node.rpc_port,
                node.prometheus_port,
            ]
        })
        .collect();
    assert_eq!(ports.len(), 7 * 4);
}

#[test]
fn members_are_of_different_kinds_with_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let args = arguments(&folder.path().join("net"), &["--validators", "7"]);
    let nodes = plan(&args).unwrap();
    let names: BTreeSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names.len(), 7);
    assert!(names.contains("hospital-2") && names.contains("regulator-1"));
}

#[test]
fn distributed_nodes_have_their_hosts_and_the_same_ports() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("net");
    let flags = ["--validators", "2", "--hosts", "192.0.2.1,node.example"];
    let nodes = create(&arguments(&output, &flags), "apricot").unwrap();
    assert_eq!(nodes[0].port, nodes[1].port);
    let spec = ChainSpec::from_file(output.join("chain-spec.json")).unwrap();
    let address = &spec.genesis.validators.validators[1].addresses[0];
    assert_eq!(
        address.0,
        peer::multiaddress("node.example", nodes[1].port).unwrap()
    );
    assert!(!output.join("start-local.sh").exists());
    let settings = settings_of(&files::node_folder(&output, "clinic-1"));
    assert!(settings.listen.is_unspecified());
}

#[test]
fn secrets_are_for_their_owner_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("net");
    let args = arguments(&output, &["--validators", "1"]);
    create(&args, "apricot").unwrap();
    let keys = files::node_folder(&output, "hospital-1").join("keys");
    for name in ["consensus.json", "anchor.json", "node.key"] {
        let path = keys.join(name);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let error = create(&args, "apricot").map(drop).unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
}

#[test]
fn mistakes_show_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("net");
    for flags in [
        &["--validators", "2", "--hosts", "192.0.2.1"][..],
        &["--validators", "1", "--hosts", "not a host"],
        &["--validators", "9", "--base-port", "65500"],
        &["--validators", "1", "--id", "Not Fit"],
    ] {
        assert!(
            create(&arguments(&output, flags), "apricot").is_err(),
            "{flags:?}"
        );
        assert!(!output.exists());
    }
}
