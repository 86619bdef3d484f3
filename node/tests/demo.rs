//! The demo is a check by itself: it fails if any of its steps comes out otherwise than it must.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "support/bundles.rs"]
#[allow(dead_code, reason = "each test uses a part of this")]
mod bundles;
#[path = "../../explorer/postgres/tests/support/cluster.rs"]
#[allow(dead_code, reason = "each test uses a part of this")]
mod cluster;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{json, Value};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::Client,
    keys::{KeyPair, Scheme},
};

use self::{bundles::foreign_bundles, cluster::Cluster};

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

/// The doctor of another hospital read all that she was referred, and nothing of it afterwards.
fn expect_referral(told: &str) {
    let start = "Referred to Grace Hospital (Hospital): ";
    let line = told.lines().find_map(|line| line.strip_prefix(start));
    let line = line.unwrap_or_else(|| panic!("{start} is not in\n{told}"));
    let counts: Vec<usize> = line
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [granted, read, refused] = counts[..] else {
        panic!("{line}");
    };
    assert!(granted > 0, "{line}");
    assert_eq!((read, refused), (granted, granted), "{line}");
    expect(told, &[&format!(" encounters, {granted} records, ")]);
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
    expect_referral(&told);
}

#[tokio::test]
async fn the_clinic_day_takes_bundles_of_others_and_the_network_is_kept() {
    let Some(foreign) = foreign_bundles() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let told = play(
        folder.path(),
        &["--fhir", foreign.to_str().unwrap(), "--keep"],
    );
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
    expect_referral(&told);
    kept.goes_on().await;
    kept.stop().await;
}

/// What a claim charges: codes and prices in yuan.
type Items = Vec<(String, u32)>;

/// A patient with an encounter on each day, from the bundle's claims by their items: code and price.
struct Story {
    identifier_type: &'static str,
    days: Vec<String>,
    /// By the place of their encounter, if they have one.
    claims: Vec<(Option<usize>, Items)>,
}

impl Story {
    fn write(&self, path: &Path) {
        let patient = json!({
            "resourceType": "Patient", "id": "p",
            "identifier": [{
                "type": { "coding": [{ "code": self.identifier_type }] },
                "value": "TEST-NUMBER",
            }],
        });
        let encounters = self.days.iter().enumerate().map(|(place, day)| {
            json!({
                "resourceType": "Encounter", "id": format!("e{place}"), "status": "finished",
                "class": { "code": "AMB" },
                "subject": { "reference": "Patient/p" },
                "period": { "start": format!("{day}T09:00:00+08:00") },
            })
        });
        let claims = self.claims.iter().enumerate();
        let claims = claims.map(|(place, (encounter, items))| claim(place, *encounter, items));
        let resources = [patient].into_iter().chain(encounters).chain(claims);
        let entries: Vec<Value> = resources.map(|it| json!({ "resource": it })).collect();
        let bundle = json!({
            "resourceType": "Bundle", "type": "collection", "entry": entries,
        });
        fs::write(path, bundle.to_string()).unwrap();
    }
}

fn claim(place: usize, encounter: Option<usize>, items: &[(String, u32)]) -> Value {
    let encounters = encounter.map(|place| json!({ "reference": format!("Encounter/e{place}") }));
    let encounters: Vec<Value> = encounters.into_iter().collect();
    let items = items.iter().zip(1..).map(|((code, yuan), sequence)| {
        let mut item = json!({
            "sequence": sequence,
            "productOrService": { "coding": [{ "system": "urn:test:item", "code": code }] },
            "net": { "value": yuan, "currency": "CNY" },
        });
        if !encounters.is_empty() {
            item["encounter"] = json!(encounters);
        }
        item
    });
    json!({
        "resourceType": "Claim", "id": format!("c{place}"), "status": "active", "use": "claim",
        "type": { "coding": [{ "code": "institutional" }] },
        "patient": { "reference": "Patient/p" },
        "created": "2024-01-01",
        "provider": { "display": "A hospital" },
        "priority": { "coding": [{ "code": "normal" }] },
        "insurance": [{ "sequence": 1, "focal": true, "coverage": { "display": "None" } }],
        "item": items.collect::<Vec<Value>>(),
    })
}

fn items(prefix: &str, count: usize) -> Items {
    (0..count).map(|n| (format!("{prefix}-{n}"), 150)).collect()
}

#[test]
fn the_clinic_day_takes_what_is_unusual_and_tells_what_stays_in_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let bundles = folder.path().join("bundles");
    fs::create_dir(&bundles).unwrap();
    let day = |n: usize| format!("2020-{:02}-{:02}", 1 + n / 28, 1 + n % 28);
    // Two encounters more than a patient has appointments at a time.
    Story {
        identifier_type: "NI",
        days: (0..34).map(day).collect(),
        claims: vec![
            (None, items("undated", 1)),
            (Some(0), items("unbooked", 1)),
            (Some(20), items("long", 130)),
            (Some(30), items("twice", 1)),
            (Some(30), items("twice", 1)),
            (Some(33), items("claimed", 1)),
            (Some(33), items("refunded", 1)),
        ],
    }
    .write(&bundles.join("many.json"));
    // Without an identity number, and once before the chain's dates begin.
    Story {
        identifier_type: "MR",
        days: vec!["1969-05-01".into(), "2021-05-01".into()],
        claims: vec![(Some(0), items("early", 1)), (Some(1), items("late", 1))],
    }
    .write(&bundles.join("old.json"));
    let bundles = bundles.to_str().unwrap();
    let told = play(folder.path(), &["--validators", "1", "--fhir", bundles]);
    expect(
        &told,
        &[
            "2 encounters are recorded and billed without a booking: a patient may have 32 ",
            "2 claims are in the records only, without an invoice: 1 of no encounter, 1 of encounters that begin before 1970 ",
            "34 encounters, 34 records, 7 invoices.",
            "1 invoices were flagged (1 DuplicateCharge); the insurer approved them.",
            "7 e-invoices and 1 red-letter invoices, as JSON and PDF, are what the chain says",
            "NoVisit",
            "What each has is what it had, and what invoices and settlements moved.",
            "the accumulators are the sums of the settlements",
            "receipts prove their operations",
        ],
    );
    assert!(!told.contains("not played"), "{told}");
    expect_referral(&told);
}
