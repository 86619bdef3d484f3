//! A development node from its start to its end, through the binary and the SDK.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{fs, path::Path, process::Output, time::Duration};

use serde_json::Value;
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::Client,
    keys::{KeyPair, Scheme},
};

use self::support::{xinglin, DevNode};

const DEADLINE: Duration = Duration::from_secs(60);

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// One remark by Alice.
async fn remark(url: &str) -> xinglin_sdk::client::Outcome {
    let client = Client::connect(url).await.unwrap();
    let alice = KeyPair::from_secret(Scheme::Sr25519, "//Alice").unwrap();
    let call = frame_system::Call::remark_with_event {
        remark: b"apricot".to_vec(),
    };
    let call = RuntimeCall::System(call);
    let outcome = client.execute(&alice, call, DEADLINE).await.unwrap();
    assert_eq!(outcome.failure(), None);
    assert_eq!(outcome.events.len(), 1, "{:?}", outcome.events);
    outcome
}

#[tokio::test]
async fn a_receipt_from_a_running_node_is_verified_without_it() {
    let mut node = DevNode::start(&[]);
    let outcome = remark(&node.url()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipt.json");
    let file = file.to_str().unwrap();
    let hash = format!("{:?}", outcome.hash);
    let url = node.url();
    let got = xinglin(&["receipt", "get", &hash, "--url", &url, "-o", file]);
    assert!(
        got.status.success(),
        "{}",
        String::from_utf8_lossy(&got.stderr)
    );
    let anchor = folder.path().join("anchor.json");
    let anchor = anchor.to_str().unwrap();
    let taken = xinglin(&[
        "receipt", "anchor", "--height", "1", "--url", &url, "-o", anchor,
    ]);
    assert!(taken.status.success());
    assert_eq!(node.terminate(), Some(0));

    let verified = xinglin(&["receipt", "verify", file, "--genesis", "dev", "--json"]);
    let report = json(&verified);
    assert_eq!(report["proven"], true);
    assert_eq!(report["height"], outcome.number);
    assert!(verified.status.success());
    let verified = xinglin(&["receipt", "verify", file, "--validators", anchor]);
    let text = String::from_utf8_lossy(&verified.stdout);
    assert!(text.contains("System.remark_with_event"), "{text}");

    let other = xinglin(&["receipt", "verify", file, "--genesis", "local", "--json"]);
    assert_eq!(other.status.code(), Some(1));
    assert_eq!(json(&other)["steps"]["certificate"], "FAILS");
    change_index(Path::new(file));
    let changed = xinglin(&["receipt", "verify", file, "--genesis", "dev", "--json"]);
    assert_eq!(changed.status.code(), Some(1));
    let error = String::from_utf8_lossy(&changed.stderr);
    assert!(error.contains("`index` is not what"), "{error}");
    change_transaction(Path::new(file));
    let changed = xinglin(&["receipt", "verify", file, "--genesis", "dev", "--json"]);
    assert_eq!(changed.status.code(), Some(1));
    assert_eq!(json(&changed)["steps"]["inclusion"], "FAILS");
    assert_eq!(json(&changed)["steps"]["certificate"], "not reached");
}

/// Changes what a receipt says of its transaction's place, and not the encoded receipt.
fn change_index(path: &Path) {
    let mut receipt: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let index = receipt["index"].as_u64().unwrap();
    receipt["index"] = (index + 1).into();
    fs::write(path, receipt.to_string()).unwrap();
}

/// Changes one bit of the transaction in an encoded receipt, and leaves out what would not fit to it.
fn change_transaction(path: &Path) {
    let receipt: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let encoded = receipt["encoded"].as_str().unwrap();
    // The length of the transaction comes first, then its own length, version and signer.
    let mut bytes = hex::decode(&encoded[2..]).unwrap();
    bytes[20] ^= 1;
    let receipt = serde_json::json!({ "encoded": format!("0x{}", hex::encode(bytes)) });
    fs::write(path, receipt.to_string()).unwrap();
}

#[tokio::test]
async fn status_health_and_documented_metrics() {
    let mut node = DevNode::start(&[]);
    let number = remark(&node.url()).await.number;
    let status = json(&xinglin(&["status", "--json", "--url", &node.url()]));
    assert!(status[0]["status"]["height"].as_u64() >= Some(number.into()));
    assert_eq!(status[0]["status"]["validating"], true);
    assert_eq!(status[0]["missing"], Value::Array(Vec::new()));
    assert!(status[0]["blockTimeMs"].as_u64() > Some(0));

    let health = node.get("/health");
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    assert!(health.contains(r#""healthy":true"#), "{health}");

    let metrics = node.get("/metrics");
    assert_eq!(metrics.matches("# EOF").count(), 1);
    let documented = include_str!("../../docs/metrics.md");
    let ours: Vec<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE xinglin_"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(ours.len() > 40, "{ours:?}");
    for name in &ours {
        assert!(
            documented.contains(&format!("`xinglin_{name}`")),
            "{name} is not documented"
        );
    }
    let tables = documented.split("## What to watch").next().unwrap();
    for line in tables.lines().filter(|line| line.starts_with("| `")) {
        let name = line.split('`').nth(1).unwrap();
        assert!(
            metrics.contains(name),
            "{name} is documented and does not exist"
        );
    }
    assert_eq!(node.terminate(), Some(0));
}

/// Whether a node has logged this message.
fn has_logged(log: &str, message: &str) -> bool {
    let lines = log.lines().map(serde_json::from_str::<Value>);
    lines.flatten().any(|line| line["message"] == message)
}

#[tokio::test]
async fn an_interrupt_ends_a_node_in_order_as_a_termination_does() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().to_str().unwrap();
    for signal in ["SIGINT", "SIGTERM"] {
        let mut node = DevNode::start(&["--base-path", base]);
        let number = remark(&node.url()).await.number;
        let code = match signal {
            "SIGINT" => node.interrupt(),
            _ => node.terminate(),
        };
        assert_eq!(code, Some(0));
        let log = node.log();
        assert!(log.contains(&format!(r#""signal":"{signal}""#)), "{log}");
        // All services have ended, and the tables of the database are on the disk.
        assert!(has_logged(&log, "stopped"), "{log}");

        let checked = xinglin(&["db", "check", "--chain", "dev", "-d", base, "--json"]);
        let height = json(&checked)["height"].as_u64();
        assert!(height >= Some(number.into()), "{height:?}");
    }
}

#[tokio::test]
async fn a_temporary_folder_goes_and_a_given_one_stays_and_is_taken_up_again() {
    let mut passing = DevNode::start(&[]);
    assert!(Path::new(&passing.base).exists());
    assert_eq!(passing.terminate(), Some(0));
    assert!(!Path::new(&passing.base).exists());

    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    let base = base.to_str().unwrap();
    let mut first = DevNode::start(&["--base-path", base]);
    let number = remark(&first.url()).await.number;
    assert_eq!(first.terminate(), Some(0));

    let check = ["db", "check", "--chain", "dev", "-d", base];
    let checked = xinglin(&[&check[..], &["--re-execute"]].concat());
    let text = String::from_utf8_lossy(&checked.stdout);
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    assert!(text.contains("state root, as stored"), "{text}");
    // One document, whatever was asked for.
    let report = json(&xinglin(
        &[&check[..], &["--re-execute", "--json"]].concat(),
    ));
    assert_eq!(report["executed"]["stateRoot"], report["stateRoot"]);
    assert_eq!(
        json(&xinglin(&[&check[..], &["--json"]].concat()))["executed"],
        Value::Null
    );

    let mut second = DevNode::start(&["--base-path", base]);
    let later = remark(&second.url()).await.number;
    assert!(later > number);
    let locked = xinglin(&check);
    assert!(String::from_utf8_lossy(&locked.stderr).contains("in use by another process"));
    assert_eq!(second.terminate(), Some(0));

    let foreign = xinglin(&["db", "check", "--chain", "local", "-d", base]);
    assert!(String::from_utf8_lossy(&foreign.stderr).contains("belongs to the chain"));
}

#[tokio::test]
async fn a_backup_is_sound_and_a_node_goes_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (base, copy) = (path("base"), path("copies/today"));
    let mut node = DevNode::start(&["--base-path", &base]);
    let before = remark(&node.url()).await;
    assert_eq!(node.terminate(), Some(0));
    let backup = ["db", "backup", "--chain", "dev", "-d", &base, "-o", &copy];
    let made = xinglin(&backup);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let again = xinglin(&backup);
    assert!(String::from_utf8_lossy(&again.stderr).contains("needs a new folder"));

    // The original goes on and is lost.
    let mut node = DevNode::start(&["--base-path", &base]);
    let lost = remark(&node.url()).await;
    assert_eq!(node.terminate(), Some(0));
    fs::remove_dir_all(&base).unwrap();

    let report = json(&xinglin(&[
        "db", "check", "--chain", "dev", "-d", &copy, "--json",
    ]));
    assert_eq!(report["problemsTotal"], 0);
    let height = report["height"].as_u64().unwrap();
    assert!((u64::from(before.number)..u64::from(lost.number)).contains(&height));
    let mut node = DevNode::start(&["--base-path", &copy]);
    assert!(u64::from(remark(&node.url()).await.number) > height);
    assert_eq!(node.terminate(), Some(0));
}

#[tokio::test]
async fn an_index_that_does_not_open_keeps_no_node_from_making_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().to_str().unwrap();
    let progress = |node: &DevNode| {
        let url = node.url();
        xinglin(&["explorer", "status", "--json", "--url", &url])
    };
    let mut node = DevNode::start(&["--base-path", base]);
    remark(&node.url()).await;
    assert!(progress(&node).status.success());
    assert_eq!(node.terminate(), Some(0));

    // The index itself would be made anew. What regulators asked would not.
    let record = folder.path().join("questions/CURRENT");
    let whole = fs::read(&record).unwrap();
    fs::write(&record, "torn").unwrap();
    let mut node = DevNode::start(&["--base-path", base]);
    remark(&node.url()).await;
    let refused = progress(&node);
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("does not open"), "{told}");
    assert!(node.get("/metrics").contains("xinglin_index_stopped 1\n"));
    assert_eq!(node.terminate(), Some(0));
    assert!(node.log().contains("the folder `questions` comes back"));

    fs::write(&record, whole).unwrap();
    fs::write(folder.path().join("index/CURRENT"), "torn").unwrap();
    let node = DevNode::start(&["--base-path", base]);
    let outcome = remark(&node.url()).await;
    let client = Client::connect(&node.url()).await.unwrap();
    client
        .wait_until_indexed(outcome.number, DEADLINE)
        .await
        .unwrap();
    let first = json(&progress(&node))["first"].as_u64();
    assert_eq!(first, Some(1));
}
