//! `xinglin network new`: what it writes is all that a network needs to run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use jsonrpsee::rpc_params;
use serde_json::Value;
use tempfile::TempDir;
use xinglin_primitives::BlockNumber;
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{client::Client, keystore::Keystore, secret_file};
use xinglin_tests::{
    cluster::free_ports,
    process::{binary, xinglin},
};

/// Hosts of a network whose nodes are on one machine all the same.
const HOSTS: [&str; 4] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
/// Their names: members of the different kinds in turn.
const NAMES: [&str; 4] = ["hospital-1", "clinic-1", "insurer-1", "regulator-1"];
/// Signals that stop a node in order.
const SIGNALS: [&str; 2] = ["INT", "TERM"];
/// The passphrase of all keys.
const PASSPHRASE: &str = "apricot";
/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a process is asked whether it is there, or gone.
const POLL: Duration = Duration::from_millis(20);

/// A network that has been made in a folder.
struct Network {
    folder: TempDir,
}

impl Network {
    fn new(options: &[&str]) -> Self {
        let network = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        secret_file::write_new(&network.passphrase_file(), PASSPHRASE.as_bytes()).unwrap();
        let passphrase = network.passphrase_file().display().to_string();
        let output = network.output().display().to_string();
        let new = ["network", "new", "--passphrase-file", &passphrase];
        let made = xinglin(&[&new[..], &["--output", &output], options].concat()).unwrap();
        let errors = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{errors}");
        network
    }

    fn passphrase_file(&self) -> PathBuf {
        self.folder.path().join("passphrase")
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("network")
    }

    /// Runs one of its scripts.
    fn run(&self, script: &Path, options: &[&str]) -> Script {
        let log = script.with_extension("log");
        let file = File::create(&log).unwrap();
        let child = Command::new(script)
            .args(options)
            .env("XINGLIN", binary().unwrap())
            .env("XINGLIN_PASSPHRASE_FILE", self.passphrase_file())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            // What it starts ends with it when the test fails.
            .process_group(0)
            .spawn()
            .unwrap();
        Script { child, log }
    }

    /// The hospital lets the chain record something, with the account that was made for it; the height
    /// of the block.
    async fn record(&self, client: &Client) -> BlockNumber {
        let account = self.output().join("members/hospital-1.json");
        let key = Keystore::read(&account).unwrap().open(PASSPHRASE).unwrap();
        let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
        let outcome = client.execute(&key, remark, LIMIT).await.unwrap();
        assert_eq!(outcome.failure(), None);
        outcome.number
    }
}

/// A script that runs, and whatever it has started.
struct Script {
    child: Child,
    log: PathBuf,
}

impl Script {
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Sends a signal to a process, or to a group of them if the target begins with a minus; whether
    /// that was possible.
    fn signal(signal: &str, target: &str) -> bool {
        let kill = ["-c", "kill -s \"$0\" -- \"$1\"", signal, target];
        let done = Command::new("sh").args(kill).status();
        done.is_ok_and(|status| status.success())
    }

    /// Waits until a node of this script answers.
    async fn client(&mut self, rpc_port: u16) -> Client {
        let url = format!("ws://127.0.0.1:{rpc_port}");
        let deadline = Instant::now() + LIMIT;
        loop {
            let ended = self.child.try_wait().unwrap();
            assert_eq!(ended, None, "{}", self.log());
            match Client::connect(&url).await {
                Ok(client) => return client,
                Err(error) => assert!(Instant::now() < deadline, "{error}\n{}", self.log()),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks it to end, and waits until it has.
    async fn end(&mut self, signal: &str) -> ExitStatus {
        assert!(Self::signal(signal, &self.child.id().to_string()));
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "{}", self.log());
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            Self::signal("KILL", &format!("-{}", self.child.id()));
            drop(self.child.wait());
        }
    }
}

/// Whether a node has told in its log that it was stopped in order.
fn has_stopped(log: &str) -> bool {
    log.lines().any(|line| line.ends_with(": stopped"))
}

#[tokio::test(flavor = "multi_thread")]
async fn four_hosts_each_run_the_folder_that_was_made_for_them() {
    let [port, ..] = free_ports().unwrap();
    let rpc_ports = free_ports().unwrap();
    let (hosts, port) = (HOSTS.join(","), port.to_string());
    let network = Network::new(&["--validators", "4", "--hosts", &hosts, "--base-port", &port]);

    // Each folder moves away from where it was made, and its script finds all that it needs in it. On
    // hosts of their own the nodes would not get in each other's way with their other ports.
    let mut scripts = Vec::new();
    for (name, rpc_port) in NAMES.iter().zip(rpc_ports) {
        let host = network.folder.path().join(name);
        fs::rename(network.output().join("nodes").join(name), &host).unwrap();
        let rpc_port = rpc_port.to_string();
        let options = ["--no-prometheus", "--rpc-port", &rpc_port];
        scripts.push(network.run(&host.join("start.sh"), &options));
    }
    let mut clients = Vec::new();
    for (script, rpc_port) in scripts.iter_mut().zip(rpc_ports) {
        clients.push(script.client(rpc_port).await);
    }
    let height = network.record(&clients[0]).await;
    let block = clients[0].block_hash(height).await.unwrap();
    for client in &clients {
        client.wait_for_height(height, LIMIT).await.unwrap();
        assert_eq!(client.block_hash(height).await.unwrap(), block);
        let status = client.request("xinglin_status", rpc_params![]);
        let status: Value = status.await.unwrap();
        assert_eq!(status["validating"], true, "{status}");
    }

    for (script, signal) in scripts.iter_mut().zip(SIGNALS.iter().cycle()) {
        let status = script.end(signal).await;
        assert!(status.success(), "{status}\n{}", script.log());
        assert!(has_stopped(&script.log()), "{}", script.log());
        assert!(script.log().contains(&format!("SIG{signal}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_script_runs_a_network_on_this_machine_and_stops_it_in_order() {
    let [port, _, rpc_port, metrics_port] = free_ports().unwrap();
    let ports = [port, rpc_port, metrics_port].map(|port| port.to_string());
    let names = ["--base-port", "--rpc-port", "--prometheus-port"];
    let ports = names.iter().zip(&ports);
    let mut options = vec!["--validators", "1"];
    options.extend(ports.flat_map(|(name, port)| [*name, port.as_str()]));
    let network = Network::new(&options);

    let mut script = network.run(&network.output().join("start-local.sh"), &[]);
    let client = script.client(rpc_port).await;
    network.record(&client).await;
    assert!(script.log().contains("hospital-1: process "));

    let status = script.end("TERM").await;
    assert!(status.success(), "{status}\n{}", script.log());
    let log = network.output().join("nodes/hospital-1/node.log");
    let log = fs::read_to_string(log).unwrap();
    assert!(has_stopped(&log), "{log}");
}
