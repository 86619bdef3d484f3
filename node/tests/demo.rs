//! The demo is a check by itself: it fails if any of its steps comes out otherwise than it must.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "../../explorer/postgres/tests/support/cluster.rs"]
#[allow(dead_code, reason = "each test uses a part of this")]
mod cluster;

use std::{
    path::Path,
    process::{Command, Stdio},
};

use self::cluster::Cluster;

/// Bundles that nobody of the project wrote, beside the repository.
const FOREIGN_BUNDLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/fhir-r4");

/// Plays the demo and returns what it tells.
fn play(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("demo");
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

#[test]
fn morning_clinic_day_and_inquiry_are_played_on_a_consortium_that_loses_a_validator() {
    let postgres = Cluster::start();
    let told = play(&["--postgres", &postgres.create("demo")]);
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

#[test]
fn the_clinic_day_takes_bundles_of_others() {
    if !Path::new(FOREIGN_BUNDLES).is_dir() {
        eprintln!("skipped: there is no folder {FOREIGN_BUNDLES}");
        return;
    }
    let told = play(&["--fhir", FOREIGN_BUNDLES]);
    expect(
        &told,
        &[
            "patient 6",
            "the accumulators are the sums of the settlements",
            "receipts prove their operations",
        ],
    );
}
