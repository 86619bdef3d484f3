//! Motions of the council by the command line, on a development node.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::process::Output;

use serde_json::Value;
use xinglin_sdk::client::Client;

use self::support::{xinglin, DevNode};

fn council(node: &DevNode, member: &str, words: &[&str]) -> Output {
    let url = node.url();
    let session = ["--url", &url, "--dev-key", member, "--json"];
    xinglin(&[&["council"], words, &session[..]].concat())
}

#[track_caller]
fn told(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn motions(node: &DevNode) -> Vec<Value> {
    let listed = told(&council(node, "//Alice", &["motions"]));
    listed.as_array().unwrap().clone()
}

#[tokio::test]
async fn norms_are_set_by_four_of_six_and_a_rejected_motion_changes_nothing() {
    let node = DevNode::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("norms.json");
    std::fs::write(&file, br#"{ "readmissionDays": 10, "decisionDays": 15 }"#).unwrap();
    let file = file.to_str().unwrap();

    let proposed = told(&council(&node, "//Alice", &["propose", "set-norms", file]));
    let motion = proposed["details"]["motion"].as_str().unwrap().to_owned();
    let listed = motions(&node);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["motion"], motion.as_str());
    assert_eq!(listed[0]["needs"], 4);
    assert_eq!(listed[0]["ayes"].as_array().unwrap().len(), 1);
    assert!(listed[0]["call"].as_str().unwrap().contains("set_norms"));

    // Twice the same, too early, by nobody of the council.
    let again = council(&node, "//Bob", &["propose", "set-norms", file]);
    assert!(refusal(&again).contains("DuplicateProposal"));
    let early = council(&node, "//Alice", &["close", &motion]);
    assert!(refusal(&early).contains("TooEarly"));
    let stranger = council(&node, "//Alice//patient//1", &["vote", &motion, "aye"]);
    assert!(!stranger.status.success());

    for member in ["//Bob", "//Charlie", "//Dave"] {
        told(&council(&node, member, &["vote", &motion, "aye"]));
    }
    told(&council(&node, "//Eve", &["vote", &motion, "nay"]));
    told(&council(&node, "//Eve", &["close", &motion]));
    assert!(motions(&node).is_empty());
    let client = Client::connect(&node.url()).await.unwrap();
    let tip = client.tip().await.unwrap();
    let norms: pallet_insurance::norms::Norms = client
        .runtime_call("InsuranceApi_norms", &[], tip)
        .await
        .unwrap();
    assert_eq!(norms.decision_days, Some(15));

    let suspend = ["propose", "suspend", "practitioner:2"];
    let motion = told(&council(&node, "//Alice", &suspend))["details"]["motion"].clone();
    let motion = motion.as_str().unwrap();
    for member in ["//Bob", "//Charlie", "//Dave"] {
        told(&council(&node, member, &["vote", motion, "nay"]));
    }
    let closed = council(&node, "//Bob", &["close", motion]);
    assert_eq!(told(&closed)["details"]["isCarried"], false);
    let gone = council(&node, "//Bob", &["vote", motion, "aye"]);
    assert!(refusal(&gone).contains("knows no motion"));
    let wrong = council(&node, "//Alice", &["propose", "call", "0x00ff"]);
    assert!(refusal(&wrong).contains("no call of this chain"));
}
