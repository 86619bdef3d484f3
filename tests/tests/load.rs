//! A short run of the load generator with what it must reach.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Stdio};

/// The mix of a clinic on four validators, at a rate that any machine takes. It asks for 300
/// pre-settlements, so that the 99th percentile leaves out the slowest ones.
const CLINIC: [&str; 10] = [
    "--workload",
    "clinic",
    "--validators",
    "4",
    "--accounts",
    "10000",
    "--rate",
    "300",
    "--seconds",
    "10",
];
/// How long a pre-settlement may take at the 99th percentile, plain or signed, in milliseconds.
const QUESTION_P99_MS: &str = "5";

#[test]
fn pre_settlements_are_answered_in_time() {
    let output = Command::new(env!("CARGO_BIN_EXE_xinglin-load"))
        .args(CLINIC)
        .args(["--require-question-p99-ms", QUESTION_P99_MS])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}
