//! The demo is a check by itself: it fails if any of its steps comes out otherwise than it must.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::process::{Command, Stdio};

#[test]
fn the_morning_is_played_on_a_consortium_that_loses_a_validator() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("demo");
    let output = Command::new(env!("CARGO_BIN_EXE_xinglin"))
        .args(["demo", "--base-path", base.to_str().unwrap()])
        // Meant for one node, so that it must not reach those of the demo.
        .env("XINGLIN_RPC_PORT", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
    for expected in [
        "refused: SlotFull",
        "refused: TooEarly",
        "regulator-1 is gone",
        "receipts prove their operations",
        "All have the state root",
        "The nodes have stopped in order.",
    ] {
        assert!(told.contains(expected), "{expected} is not in\n{told}");
    }
}
