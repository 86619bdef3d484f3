//! Disks that are damaged, mixed up or full: each time a clear word, an orderly end, and after the
//! remedy nothing is missing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use xinglin_chain_spec::ChainSpec;
use xinglin_primitives::{BlockNumber, YUAN};
use xinglin_runtime::genesis::dev;
use xinglin_tests::{
    process::{wal_height, xinglin},
    traffic::{expect_included, Acknowledged, Traffic},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// Accounts that transact all the while.
const ACCOUNTS: [&str; 4] = [
    "//Alice//patient//1",
    "//Alice//patient//2",
    "//Bob//patient//1",
    "//Bob//patient//2",
];

fn start_traffic(cluster: &Cluster, nodes: std::ops::Range<usize>) -> Traffic {
    let urls = cluster.nodes[nodes].iter().map(Node::url).collect();
    Traffic::start(urls, cluster.genesis, &ACCOUNTS, Duration::from_millis(20)).unwrap()
}

async fn height(node: &Node) -> BlockNumber {
    let client = node.client().await.unwrap();
    let tip = client.tip().await.unwrap();
    client.header(tip).await.unwrap().number
}

/// Everything acknowledged is in the chain of every node, and it is one chain that goes on.
async fn expect_nothing_lost(cluster: &Cluster, acknowledged: &Acknowledged) {
    for node in &cluster.nodes {
        expect_included(node, acknowledged, LIMIT)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:#}\n{}", node.name(), node.log_tail()));
    }
    let next = height(&cluster.nodes[0]).await + 1;
    cluster.wait_height(next).await.unwrap();
}

/// Starts a node that must refuse to run, and checks what it says.
async fn expect_refusal(node: &mut Node, options: &[&str], said: &[&str]) {
    node.spawn_with(options).unwrap();
    let error = node.wait_failure().await.unwrap();
    println!("{error}");
    for part in said {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

/// A specification like the cluster's of another chain.
fn other_spec(cluster: &Cluster) -> String {
    let mut spec = ChainSpec::from_file(cluster.spec()).unwrap();
    let balances = &mut spec.genesis.balances.balances;
    balances.push((dev::account("//Alice//apricot"), YUAN));
    let path = cluster.dir().join("other.json");
    fs::write(&path, spec.to_json().unwrap()).unwrap();
    path.display().to_string()
}

/// The largest file with this ending in a folder.
fn largest(folder: &Path, ending: &str) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let tables = paths.filter(|path| path.extension().is_some_and(|found| found == ending));
    tables
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap()
}

fn cut(path: &Path, bytes: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes)
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_or_torn_database_is_refused_and_the_remedy_works() {
    let mut cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    let traffic = start_traffic(&cluster, 0..3);
    cluster.wait_height(6).await.unwrap();
    let other = other_spec(&cluster);
    let victim = cluster.nodes.len() - 1;
    // An orderly stop leaves tables, not just a log.
    assert!(cluster.nodes[victim].stop().await.unwrap().success());

    let genesis = format!("{:?}", cluster.genesis);
    let node = &mut cluster.nodes[victim];
    let said = ["belongs to the chain", genesis.as_str(), "--base-path"];
    expect_refusal(node, &["--chain", &other], &said).await;

    let current = node.database().join("CURRENT");
    let aside = node.dir().join("CURRENT");
    fs::rename(&current, &aside).unwrap();
    expect_refusal(node, &[], &["torn", "CURRENT", "sync anew"]).await;
    // Nothing was overwritten: with the file back, all is there.
    fs::rename(&aside, &current).unwrap();
    node.start().await.unwrap();
    let tip = height(&cluster.nodes[0]).await;
    cluster.wait_height(tip).await.unwrap();

    let node = &mut cluster.nodes[victim];
    assert!(node.stop().await.unwrap().success());
    cut(&largest(&node.database(), "sst"), 100);
    expect_refusal(node, &[], &["torn", "db check", "sync anew"]).await;
    // What it says to do.
    fs::remove_dir_all(node.database()).unwrap();
    node.start().await.unwrap();
    let acknowledged = traffic.finish().await.unwrap();
    expect_nothing_lost(&cluster, &acknowledged).await;
}

/// Longer than all that a validator does by itself at a height that it cannot decide: it waits for
/// the proposal (two seconds) and votes.
const SILENCE: Duration = Duration::from_secs(5);

/// Waits until a node has no more blocks to tell of, although transactions wait; the height at which
/// it stands.
async fn wait_stalled(node: &Node) -> BlockNumber {
    let client = node.client().await.unwrap();
    let mut heads = client.finalized_heads().await.unwrap();
    while let Ok(head) = tokio::time::timeout(SILENCE, heads.next()).await {
        head.unwrap().unwrap();
    }
    height(node).await + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_write_ahead_log_stops_a_validator_and_a_torn_end_does_not() {
    let mut cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    let traffic = start_traffic(&cluster, 0..2);
    cluster.wait_height(4).await.unwrap();
    cluster.nodes[2].kill().unwrap();
    cluster.nodes[3].kill().unwrap();
    let stalled = wait_stalled(&cluster.nodes[0]).await;
    assert_eq!(stalled, height(&cluster.nodes[1]).await + 1);
    // Acknowledged by two nodes that now go down with it in their pools.
    let acknowledged = traffic.finish().await.unwrap();
    cluster.nodes[0].kill().unwrap();
    cluster.nodes[1].kill().unwrap();

    // What was being written when the power went is no damage.
    cut(&cluster.nodes[1].wal(), 3);
    for node in &mut cluster.nodes[1..] {
        node.start().await.unwrap();
    }
    // A changed byte is, wherever it stands.
    let wal = cluster.nodes[0].wal();
    let whole = fs::read(&wal).unwrap();
    assert_eq!(wal_height(&whole), Some(stalled));
    for place in [0, whole.len() / 2] {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xff;
        fs::write(&wal, damaged).unwrap();
        let said = [
            "consensus.wal is damaged",
            "sign twice",
            "move the file away",
        ];
        expect_refusal(&mut cluster.nodes[0], &[], &said).await;
    }

    // What it says to do: wait for the others, then start without the log.
    cluster.wait_height(stalled).await.unwrap();
    fs::rename(&wal, cluster.dir().join("damaged.wal")).unwrap();
    cluster.nodes[0].start().await.unwrap();
    expect_nothing_lost(&cluster, &acknowledged).await;
}

/// A file system of a few mebibytes in memory.
struct SmallDisk {
    path: PathBuf,
}

/// Runs a command that only root may.
fn as_root(arguments: &[&str]) {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let sudo: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
    let command = [sudo, arguments].concat();
    let status = Command::new(command[0]).args(&command[1..]).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "`{}` fails; this test mounts a small file system, so run it as root or allow `sudo -n`",
        command.join(" ")
    );
}

impl SmallDisk {
    fn mount(path: PathBuf, mebibytes: u32) -> Self {
        fs::create_dir_all(&path).unwrap();
        let size = format!("size={mebibytes}m");
        let target = path.to_str().unwrap();
        as_root(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", target]);
        Self { path }
    }

    fn grow(&self, mebibytes: u32) {
        let options = format!("remount,size={mebibytes}m");
        as_root(&["mount", "-o", &options, self.path.to_str().unwrap()]);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the node may still have files open when a test fails.
        as_root(&["umount", "--lazy", self.path.to_str().unwrap()]);
    }
}

/// Where a node keeps its data apart from its keys and its log.
fn data_folder() -> toml::Table {
    [
        ("base-path", "data"),
        ("consensus-key", "keys/consensus.json"),
        ("node-key-file", "keys/node.key"),
    ]
    .map(|(name, path)| (name.to_owned(), path.into()))
    .into_iter()
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_a_node_and_loses_nothing() {
    let mut cluster = Cluster::new(ClusterOptions {
        validators: 1,
        options: data_folder(),
        ..Default::default()
    })
    .unwrap();
    let disk = SmallDisk::mount(cluster.nodes[0].base_path(), 48);
    cluster.nodes[0].start().await.unwrap();
    let urls = vec![cluster.nodes[0].url()];
    let (genesis, pause) = (cluster.genesis, Duration::ZERO);
    let traffic = Traffic::start_with(urls, genesis, &ACCOUNTS, pause, 256 * 1024).unwrap();

    let node = &mut cluster.nodes[0];
    let error = node.wait_failure().await.unwrap();
    println!("{error}");
    assert!(error.contains("free disk space"), "{error}");
    // It does not pretend to run on a disk that is still full.
    node.spawn().unwrap();
    let error = node.wait_failure().await.unwrap();
    println!("{error}");
    assert!(error.contains("disk"), "{error}");

    disk.grow(1_024);
    node.start().await.unwrap();
    let from = height(node).await;
    // The same clients go on against the same node.
    cluster.wait_height(from + 3).await.unwrap();
    let acknowledged = traffic.finish().await.unwrap();
    expect_nothing_lost(&cluster, &acknowledged).await;

    assert!(cluster.nodes[0].stop().await.unwrap().success());
    let base = cluster.nodes[0].base_path();
    let (spec, base) = (cluster.spec().to_str().unwrap(), base.to_str().unwrap());
    let check = [
        "db",
        "check",
        "--re-execute",
        "--chain",
        spec,
        "--base-path",
        base,
    ];
    let output = xinglin(&check).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    drop(disk);
}
