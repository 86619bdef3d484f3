//! The demo is a check by itself: it fails if any of its steps comes out otherwise than it must.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "../../explorer/postgres/tests/support/cluster.rs"]
#[allow(dead_code, reason = "each test uses a part of this")]
mod cluster;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::Client,
    keys::{KeyPair, Scheme},
};

use self::cluster::Cluster;

/// Bundles that nobody of the project wrote, beside the repository.
const FOREIGN_BUNDLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/fhir-r4");

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// How often nodes that are to end are looked at.
const POLL: Duration = Duration::from_millis(50);

/// Plays the demo in a folder and returns what it tells.
fn play(folder: &Path, arguments: &[&str]) -> String {
    let base = folder.join("demo");
    let output = Command::new(env!("CARGO_BIN_EXE_xinglin"))
        .args(["demo", "--base-path", base.to_str().unwrap()])
        .args(arguments)
        // Meant for one node, so that it must not reach those of the demo.
        .env("XINGLIN_RPC_PORT", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
    told
}

fn expect(told: &str, expected: &[&str]) {
    for expected in expected {
        assert!(told.contains(expected), "{expected} is not in\n{told}");
    }
}

/// The network that a demo has left running, as the demo tells of it.
struct Kept {
    /// Where the folders of the nodes are.
    nodes: PathBuf,
    /// The command that looks at it, without the name of the program.
    look: Vec<String>,
    /// The addresses of its nodes.
    urls: Vec<String>,
    /// Its processes, as long as they run.
    processes: Vec<String>,
}

impl Kept {
    fn new(folder: &Path, told: &str) -> Self {
        let words = |label: &str| -> Vec<String> {
            let line = told.lines().find_map(|line| line.strip_prefix(label));
            let line = line.unwrap_or_else(|| panic!("{label} is not in\n{told}"));
            line.split_whitespace().map(str::to_owned).collect()
        };
        let (look, stop) = (words("Look at it:"), words("Stop it:"));
        assert_eq!((look[0].as_str(), stop[0].as_str()), ("xinglin", "kill"));
        let urls = look.last().unwrap().split(',').map(str::to_owned);
        Self {
            nodes: folder.join("demo/network/nodes"),
            urls: urls.collect(),
            look: look[1..].to_vec(),
            processes: stop[1..].to_vec(),
        }
    }

    fn signal(&self, signal: &str) -> bool {
        let all = self.processes.join(" ");
        let kill = format!("kill -s {signal} {all}");
        let status = Command::new("sh").args(["-c", &kill]).status();
        status.is_ok_and(|status| status.success())
    }

    /// All nodes answer, and the chain records what somebody submits.
    async fn goes_on(&self) {
        let looked = Command::new(env!("CARGO_BIN_EXE_xinglin"))
            .args(&self.look)
            .arg("--json")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&looked.stderr);
        assert!(looked.status.success(), "{errors}");
        let answers: Vec<Value> = serde_json::from_slice(&looked.stdout).unwrap();
        assert_eq!(answers.len(), self.processes.len());

        let alice = KeyPair::from_secret(Scheme::Sr25519, "//Alice").unwrap();
        for url in &self.urls {
            let client = Client::connect(url).await.unwrap();
            let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
            let outcome = client.execute(&alice, remark, LIMIT).await.unwrap();
            assert_eq!(outcome.failure(), None);
        }
    }

    /// Stops it as it was told, and waits until each node has ended in order.
    async fn stop(mut self) {
        assert!(self.signal("TERM"));
        let deadline = Instant::now() + LIMIT;
        for node in fs::read_dir(&self.nodes).unwrap() {
            let log = node.unwrap().path().join("node.log");
            loop {
                let log = fs::read_to_string(&log).unwrap();
                if log.lines().any(|line| line.ends_with(": stopped")) {
                    break;
                }
                assert!(Instant::now() < deadline, "{log}");
                tokio::time::sleep(POLL).await;
            }
        }
        self.processes.clear();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.processes.is_empty() {
            self.signal("KILL");
        }
    }
}

#[test]
fn morning_clinic_day_and_inquiry_are_played_on_a_consortium_that_loses_a_validator() {
    let postgres = Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let told = play(folder.path(), &["--postgres", &postgres.create("demo")]);
    expect(
        &told,
        &[
            "refused: SlotFull",
            "refused: TooEarly",
            "regulator-1 is gone",
            "claim afterwards",
            "red-letter invoice",
            "and 1 red-letter invoices, as JSON and PDF, are what the chain says",
            "is flagged:",
            "NoVisit",
            "upholds it",
            "What each has is what it had, and what invoices and settlements moved.",
            "the accumulators are the sums of the settlements",
            "receipts prove their operations",
            "All have the state root",
            "rows of state are as on the chain",
            "operations-of",
            "is sealed to her",
            "She closes the case with a finding",
            "questions of regulators, of which the chain has the digest",
            "The nodes have stopped in order.",
            "trail-",
            "refused at step",
        ],
    );
}

#[tokio::test]
async fn the_clinic_day_takes_bundles_of_others_and_the_network_is_kept() {
    if !Path::new(FOREIGN_BUNDLES).is_dir() {
        eprintln!("skipped: there is no folder {FOREIGN_BUNDLES}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let told = play(folder.path(), &["--fhir", FOREIGN_BUNDLES, "--keep"]);
    let kept = Kept::new(folder.path(), &told);
    expect(
        &told,
        &[
            // All that is in the six bundles.
            "37 encounters, ",
            " 44 invoices.",
            "red-letter invoices, as JSON and PDF, are what the chain says",
            "What each has is what it had, and what invoices and settlements moved.",
            "the accumulators are the sums of the settlements",
            "receipts prove their operations",
        ],
    );
    kept.goes_on().await;
    kept.stop().await;
}
