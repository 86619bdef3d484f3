//! The edges between crates that `ARCHITECTURE.md` allows, and no others.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// For each crate of the workspace, the crates of the workspace that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("xinglin-primitives", &[]),
    ("pallet-appointments", &["xinglin-primitives"]),
    ("pallet-audit", &["xinglin-primitives"]),
    ("pallet-insurance", &["xinglin-primitives"]),
    ("pallet-members", &["xinglin-primitives"]),
    ("pallet-payments", &["xinglin-primitives"]),
    ("pallet-records", &["xinglin-primitives"]),
    (
        "pallet-trusted-time",
        &["xinglin-primitives", "xinglin-timestamps"],
    ),
    ("pallet-validators", &["xinglin-primitives"]),
    ("xinglin-timestamps", &[]),
    (
        "xinglin-runtime",
        &[
            "pallet-appointments",
            "pallet-audit",
            "pallet-insurance",
            "pallet-members",
            "pallet-payments",
            "pallet-records",
            "pallet-trusted-time",
            "pallet-validators",
            "xinglin-primitives",
        ],
    ),
    (
        "xinglin-chain-spec",
        &[
            "pallet-appointments",
            "pallet-members",
            "pallet-validators",
            "xinglin-primitives",
            "xinglin-runtime",
        ],
    ),
    (
        "xinglin-sdk",
        &[
            "pallet-appointments",
            "pallet-audit",
            "pallet-insurance",
            "pallet-members",
            "pallet-payments",
            "pallet-records",
            "pallet-trusted-time",
            "pallet-validators",
            "xinglin-einvoice",
            "xinglin-envelope",
            "xinglin-evidence",
            "xinglin-fhir",
            "xinglin-pdf",
            "xinglin-primitives",
            "xinglin-rpc-api",
            "xinglin-runtime",
            "xinglin-timestamps",
        ],
    ),
    ("xinglin-envelope", &["xinglin-primitives"]),
    (
        "xinglin-evidence",
        &[
            "xinglin-envelope",
            "xinglin-pdf",
            "xinglin-primitives",
            "xinglin-timestamps",
        ],
    ),
    ("xinglin-fhir", &["xinglin-fhir-r4"]),
    ("xinglin-fhir-r4", &[]),
    ("xinglin-einvoice", &["xinglin-pdf"]),
    ("xinglin-pdf", &[]),
    ("xinglin-core", &["xinglin-primitives"]),
    ("xinglin-storage", &["xinglin-core", "xinglin-primitives"]),
    (
        "xinglin-executor",
        &["xinglin-core", "xinglin-primitives", "xinglin-runtime"],
    ),
    ("xinglin-mempool", &["xinglin-core", "xinglin-primitives"]),
    ("xinglin-network", &["xinglin-core", "xinglin-primitives"]),
    ("xinglin-clock", &["xinglin-core", "xinglin-primitives"]),
    ("xinglin-consensus", &["xinglin-core", "xinglin-primitives"]),
    ("xinglin-rpc-api", &["xinglin-primitives"]),
    ("xinglin-decoding", &["xinglin-primitives"]),
    (
        "xinglin-index",
        &[
            "xinglin-core",
            "xinglin-decoding",
            "xinglin-primitives",
            "xinglin-storage",
        ],
    ),
    (
        "xinglin-postgres",
        &["xinglin-decoding", "xinglin-primitives"],
    ),
    (
        "xinglin-rpc-server",
        &[
            "xinglin-core",
            "xinglin-decoding",
            "xinglin-primitives",
            "xinglin-rpc-api",
        ],
    ),
];

/// Crates that may depend on anything: the binary wires the services, the tests drive it all.
const UNRESTRICTED: &[&str] = &["xinglin", "xinglin-tests"];

/// Foreign technologies and the only crates that may touch them directly.
const OWNERS: &[(&str, &[&str])] = &[
    ("rocksdb", &["xinglin-storage"]),
    (
        "sp-state-machine",
        &["xinglin-executor", "xinglin-chain-spec"],
    ),
    ("fhir-r4", &["xinglin-fhir-r4"]),
    ("libp2p", &["xinglin-network"]),
    ("arc-malachitebft-app", &["xinglin-consensus"]),
    ("arc-malachitebft-signing", &["xinglin-consensus"]),
    ("arc-malachitebft-sync", &["xinglin-consensus"]),
    ("chacha20poly1305", &["xinglin-envelope"]),
    ("pdf-writer", &["xinglin-pdf"]),
    ("rkik-nts", &["xinglin-clock"]),
    ("rsntp", &["xinglin-clock"]),
    ("sqlx", &["xinglin-postgres"]),
    ("cms", &["xinglin-timestamps"]),
    ("x509-cert", &["xinglin-timestamps"]),
    ("x509-tsp", &["xinglin-timestamps"]),
    ("zip", &["xinglin-evidence"]),
];

/// Dependencies of each workspace crate that are built into it; those of its tests do not count.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let names = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn crates_depend_only_on_those_they_may() {
    let all = dependencies();
    let allowed: BTreeMap<_, BTreeSet<_>> = ALLOWED
        .iter()
        .map(|(name, may)| (*name, may.iter().copied().collect()))
        .collect();
    for (name, dependencies) in &all {
        if UNRESTRICTED.contains(&name.as_str()) {
            continue;
        }
        let may = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is new: say here what it may depend on"));
        let forbidden: Vec<_> = dependencies
            .iter()
            .filter(|dependency| all.contains_key(*dependency))
            .filter(|dependency| !may.contains(dependency.as_str()))
            .collect();
        assert!(
            forbidden.is_empty(),
            "{name} must not depend on {forbidden:?}"
        );
    }
}

#[test]
fn each_foreign_technology_has_one_owner() {
    for (name, dependencies) in dependencies() {
        for (technology, owners) in OWNERS {
            assert!(
                !dependencies.contains(*technology)
                    || owners.contains(&name.as_str())
                    || name == "xinglin-tests",
                "{name} must not use {technology} directly; it belongs to {owners:?}"
            );
        }
    }
}
