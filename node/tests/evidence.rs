//! An evidence package from a development node, verified by a process that knows no node.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::path::{Path, PathBuf};

use pallet_records::{
    access::Purpose,
    grants::{Covered, Grantee, Terms},
    types::{AmendReason, ContentKind},
};
use serde_json::Value;
use xinglin_evidence::archive::{pack, unpack};
use xinglin_primitives::{time::DAY_MS, MemberId, Party, PatientId, PractitionerId, RecordId};
use xinglin_sdk::{
    client::Client,
    envelope::Compression,
    parties,
    records::{self, Amendment, RecordDraft},
    wallet::Wallet,
};
use zeroize::Zeroizing;

use self::support::{xinglin, DevNode};

const PATIENT_PATH: &str = "//Alice//patient//1";
const AUTHOR_PATH: &str = "//Alice//doctor//1";
const FIRST: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#;
const SECOND: &[u8] = br#"{"resourceType":"Bundle","type":"document","entry":[]}"#;

/// A record of two versions.
async fn write(client: &Client) -> RecordId {
    let author = Wallet::development(AUTHOR_PATH).unwrap();
    let draft = RecordDraft {
        patient: PatientId(0),
        author: PractitionerId(0),
        member: MemberId(0),
        visit: None,
        kind: ContentKind::Encounter,
        content: Zeroizing::new(FIRST.to_vec()),
        compression: Compression::Zstd,
    };
    let written = records::write(client, author.key(), &draft).await.unwrap();
    let amendment = Amendment {
        record: written.record,
        reason: AmendReason::Correction,
        content: Zeroizing::new(SECOND.to_vec()),
        compression: Compression::Zstd,
    };
    records::amend(client, author.key(), &amendment)
        .await
        .unwrap();
    written.record
}

/// Exports for somebody, or for nobody; what the command tells.
fn export(node: &DevNode, what: &[&str], key: Option<&str>, file: &Path) -> Value {
    let (url, file) = (node.url(), file.to_str().unwrap());
    let mut arguments = vec!["evidence", "export"];
    arguments.extend(what);
    arguments.extend(["--url", &url, "--json", "--output", file]);
    if let Some(key) = key {
        arguments.extend(["--dev-key", key]);
    }
    let output = xinglin(&arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Verifies against the specification of the development chain: whether it holds, and the report.
fn verify(file: &Path) -> (bool, Value) {
    let file = file.to_str().unwrap();
    let output = xinglin(&["evidence", "verify", file, "--trust", "dev", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["isProven"], output.status.success());
    (output.status.success(), report)
}

fn outcome<'a>(report: &'a Value, step: &str) -> &'a str {
    let steps = report["steps"].as_array().unwrap();
    let found = steps.iter().find(|it| it["step"] == step).unwrap();
    found["outcome"].as_str().unwrap()
}

fn sentences(report: &Value, of: &str) -> String {
    let all = report[of].as_array().unwrap().iter();
    let all: Vec<&str> = all.map(|it| it.as_str().unwrap()).collect();
    all.join("\n")
}

#[tokio::test]
async fn a_record_is_exported_by_its_patient_and_proven_without_a_node() {
    let mut node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let id = record.0.to_string();
    let read = path("read.zip");
    let told = export(&node, &["record", &id], Some(PATIENT_PATH), &read);
    assert_eq!(told["unopened"].as_array().unwrap().len(), 0);
    let sealed = path("sealed.zip");
    export(&node, &["record", &id], None, &sealed);
    let foreign = path("foreign.zip");
    let told = export(&node, &["record", &id], Some("//Bob//doctor//1"), &foreign);
    assert_eq!(told["unopened"].as_array().unwrap().len(), 2);
    drop(client);
    assert_eq!(node.terminate(), Some(0));

    let (holds, report) = verify(&read);
    assert!(holds, "{report}");
    for step in [
        "operations",
        "state",
        "meaning",
        "contents",
        "subject",
        "report",
    ] {
        assert_eq!(outcome(&report, step), "proven", "{step}");
    }
    assert_eq!(outcome(&report, "time"), "notClaimed");
    let proven = sentences(&report, "proven");
    assert!(proven.contains("(Records.amend), signed by "), "{proven}");
    assert!(proven.contains("had 2 versions, and all of them are here"));
    // The export itself was the first reading.
    assert!(proven.contains("1 of them are about record"), "{proven}");
    assert!(sentences(&report, "notProven").contains("is true"));

    let files = unpack(&std::fs::read(&read).unwrap()).unwrap();
    assert_eq!(files["content/0.bin"], FIRST);
    assert_eq!(files["content/1.bin"], SECOND);
    for closed in [&sealed, &foreign] {
        let (holds, report) = verify(closed);
        assert!(holds, "{report}");
        let files = unpack(&std::fs::read(closed).unwrap()).unwrap();
        assert!(!files.keys().any(|path| path.starts_with("content/")));
    }
    // The attempt of the doctor without a grant is in her own package.
    let (_, report) = verify(&foreign);
    assert!(sentences(&report, "proven").contains("2 of them are about record"));

    tamper(&read, &path("tampered.zip"), files);
}

/// One byte of the package altered, and a plaintext replaced.
fn tamper(good: &Path, bad: &Path, mut files: xinglin_evidence::archive::Files) {
    let mut bytes = std::fs::read(good).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(bad, &bytes).unwrap();
    assert!(!verify(bad).0);
    files.insert("content/0.bin".into(), SECOND.to_vec());
    std::fs::write(bad, pack(&files).unwrap()).unwrap();
    let (holds, report) = verify(bad);
    assert!(!holds);
    assert_eq!(outcome(&report, "manifest"), "failed");
    assert_eq!(outcome(&report, "contents"), "notReached");
    std::fs::write(bad, b"no package").unwrap();
    assert!(!verify(bad).0);
}

#[tokio::test]
async fn what_the_chain_denies_is_not_in_the_clear_whoever_holds_a_key() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await;
    let now = parties::now(&client).await.unwrap();
    let terms = Terms {
        what: Covered::Record(record),
        grantee: Grantee::Practitioner(PractitionerId(1)),
        purpose: Purpose::Treatment,
        from: now,
        until: now + DAY_MS,
        may_reshare: false,
    };
    let patient = Wallet::development(PATIENT_PATH).unwrap();
    records::share(&client, &patient, terms).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let id = record.0.to_string();
    // The colleague has keys for treatment, and exports for the law.
    let (colleague, file) = (Some("//Alice//doctor//2"), folder.path().join("legal.zip"));
    let told = export(&node, &["record", &id], colleague, &file);
    let unopened = told["unopened"].as_array().unwrap();
    assert_eq!(unopened.len(), 2);
    let reason = unopened[0]["reason"].as_str().unwrap();
    assert!(reason.contains("OtherPurpose"), "{reason}");
    let files = unpack(&std::fs::read(&file).unwrap()).unwrap();
    assert!(!files.keys().any(|path| path.starts_with("content/")));
    let file = folder.path().join("treatment.zip");
    let what = ["record", &id, "--purpose", "treatment"];
    let told = export(&node, &what, colleague, &file);
    assert_eq!(told["unopened"].as_array().unwrap().len(), 0);
    assert!(verify(&file).0);
}

#[tokio::test]
async fn receipts_are_exported_and_the_chain_must_be_the_trusted_one() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await;
    let patient = Wallet::development(PATIENT_PATH).unwrap();
    let party = Party::Patient(PatientId(0));
    let opening = records::open(&client, &patient, party, &[record], Purpose::PatientRequest).await;
    let transaction = format!("{:?}", opening.unwrap().outcome.hash);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipt.zip");
    export(&node, &["receipt", &transaction], None, &file);
    let (holds, report) = verify(&file);
    assert!(holds, "{report}");
    let proven = sentences(&report, "proven");
    assert!(proven.contains("(Records.open)"), "{proven}");
    assert!(proven.contains("and was carried out"), "{proven}");

    let name = file.to_str().unwrap();
    let other = xinglin(&["evidence", "verify", name, "--trust", "local"]);
    assert_eq!(other.status.code(), Some(1));
    let error = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(error.contains("step `validators` fails"), "{error}");
    let again = xinglin(&[
        "evidence",
        "export",
        "receipt",
        &transaction,
        "--url",
        &node.url(),
        "-o",
        name,
    ]);
    assert_eq!(again.status.code(), Some(1));
    let unknown = "0x".to_owned() + &"11".repeat(32);
    let missing = folder.path().join("missing.zip");
    let nothing = xinglin(&[
        "evidence",
        "export",
        "receipt",
        &unknown,
        "--url",
        &node.url(),
        "-o",
        missing.to_str().unwrap(),
    ]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(!missing.exists());
}
