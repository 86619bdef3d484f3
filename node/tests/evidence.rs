//! An evidence package from a development node, verified by a process that knows no node.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use pallet_records::{access::Purpose, grants::Covered};
use serde_json::Value;
use xinglin_evidence::archive::{pack, unpack};
use xinglin_primitives::{Hash, Party, PatientId, PractitionerId, RecordId};
use xinglin_sdk::{client::Client, parties, records};

use self::support::{
    acts::{book, open_case, wallet},
    calls, drafts, xinglin, DevNode,
};

const PATIENT_PATH: &str = "//Alice//patient//1";
const AUTHOR_PATH: &str = "//Alice//doctor//1";
const REGULATOR_PATH: &str = "//Dave";
const STRANGER_PATH: &str = "//Alice//patient//2";
const FIRST: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#;
const SECOND: &[u8] = br#"{"resourceType":"Bundle","type":"document","entry":[]}"#;

/// A record of two versions.
async fn write(client: &Client) -> RecordId {
    let author = wallet(AUTHOR_PATH);
    let draft = drafts::record(FIRST);
    let written = records::write(client, author.key(), &draft).await.unwrap();
    let amendment = drafts::amendment(written.record, SECOND);
    records::amend(client, author.key(), &amendment)
        .await
        .unwrap();
    written.record
}

/// Runs `xinglin evidence export` for somebody, or for nobody.
fn try_export(node: &DevNode, what: &[&str], key: Option<&str>, file: &Path) -> Output {
    let (url, file) = (node.url(), file.to_str().unwrap());
    let mut arguments = vec!["evidence", "export"];
    arguments.extend(what);
    arguments.extend(["--url", &url, "--json", "--output", file]);
    if let Some(key) = key {
        arguments.extend(["--dev-key", key]);
    }
    xinglin(&arguments)
}

/// Exports for somebody, or for nobody; what the command tells.
fn export(node: &DevNode, what: &[&str], key: Option<&str>, file: &Path) -> Value {
    let output = try_export(node, what, key, file);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Verifies against the specification of the development chain: whether it holds, and the report.
fn verify(file: &Path) -> (bool, Value) {
    verify_by(file, "dev")
}

/// The same, against any specification.
fn verify_by(file: &Path, trust: &str) -> (bool, Value) {
    let file = file.to_str().unwrap();
    let output = xinglin(&["evidence", "verify", file, "--trust", trust, "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["isProven"], output.status.success());
    (output.status.success(), report)
}

/// Why a command fails, having told nothing else.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    String::from_utf8_lossy(&output.stderr).into_owned()
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
    let terms = calls::terms(Covered::Record(record), PractitionerId(1), now);
    let patient = wallet(PATIENT_PATH);
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
    let patient = wallet(PATIENT_PATH);
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

#[tokio::test]
async fn a_visit_is_exported_for_a_case_and_proven_by_a_specification_in_a_file() {
    let mut node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (published, booked) = book(&client).await;
    open_case(&client).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let further = format!("{published:?}");
    let (for_case, own, nobodys) = (path("case.zip"), path("own.zip"), path("nobodys.zip"));
    let what = ["trail", "0", "--case", "0"];
    let told = export(&node, &what, Some(REGULATOR_PATH), &for_case);
    assert_eq!(
        (&told["untraced"], &told["unopened"]),
        (&Value::Null, &Value::Array(Vec::new()))
    );
    let what = ["trail", "0", "--with", &further];
    let told = export(&node, &what, Some(PATIENT_PATH), &own);
    assert_eq!(told["untraced"], Value::Null);
    let told = export(&node, &what, None, &nobodys);
    assert!(told["untraced"].as_str().unwrap().contains("give a key"));
    let refused = path("refused.zip");
    for (key, case, reason) in [
        (REGULATOR_PATH, &[][..], "may not ask"),
        (STRANGER_PATH, &[], "may not ask"),
        (REGULATOR_PATH, &["--case", "1"], "open a case first"),
        (PATIENT_PATH, &["--case", "0"], "open a case first"),
    ] {
        let what = [&["trail", "0"], case].concat();
        let error = refusal(&try_export(&node, &what, Some(key), &refused));
        assert!(error.contains(reason), "{key} {case:?}: {error}");
        assert!(!refused.exists());
    }
    drop(client);
    assert_eq!(node.terminate(), Some(0));

    let specification = |chain: &str| -> String {
        let file = path(&format!("{chain}.json")).to_str().unwrap().to_owned();
        let built = xinglin(&["chain-spec", "build", "--chain", chain, "-o", &file]);
        assert!(built.status.success());
        file
    };
    let (trusted, other) = (specification("dev"), specification("local"));
    for (package, calls) in [
        (&for_case, &[("book", booked)][..]),
        (&own, &[("book", booked), ("publish_schedule", published)]),
        (&nobodys, &[("publish_schedule", published)]),
    ] {
        let (holds, report) = verify_by(package, &trusted);
        assert!(holds, "{report}");
        assert_eq!(report, verify(package).1);
        assert_eq!(report["subject"]["trail"], 0);
        let proven = sentences(&report, "proven");
        assert_eq!(
            proven.matches("Transaction ").count(),
            calls.len(),
            "{proven}"
        );
        for (call, hash) in calls {
            let said = format!("Transaction {hash:?} (Appointments.{call})");
            assert!(proven.contains(&said), "{proven}");
        }
        assert!(proven.contains("appointment 0 of patient 0"), "{proven}");
        let (holds, report) = verify_by(package, &other);
        assert!(!holds);
        assert_eq!(outcome(&report, "validators"), "failed");
        assert_eq!(outcome(&report, "operations"), "notReached");
    }
    // Neither a package nor what is not there is a specification.
    let package = for_case.to_str().unwrap();
    let missing = path("missing.json").to_str().unwrap().to_owned();
    for trust in [package, &missing] {
        let verified = xinglin(&["evidence", "verify", package, "--trust", trust]);
        let error = refusal(&verified);
        assert!(
            error.contains(&format!("chain specification `{trust}`")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn of_what_does_not_exist_nothing_is_written() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await.to_string();
    open_case(&client).await;
    let folder = tempfile::tempdir().unwrap();
    let (url, file) = (node.url(), folder.path().join("out.pdf"));
    let name = file.to_str().unwrap();
    let unknown = format!("{:?}", Hash::repeat_byte(0x11));
    let case: &[&str] = &["--case", "0"];
    for (key, case) in [
        (None, &[][..]),
        (Some(PATIENT_PATH), &[]),
        (Some(REGULATOR_PATH), case),
    ] {
        for (what, reason) in [
            (&["record", "999999"][..], "no record 999999"),
            (&["trail", "999999"], "no appointment 999999"),
            (&["record", &record, "--with", &unknown], &unknown),
        ] {
            let error = refusal(&try_export(&node, &[what, case].concat(), key, &file));
            assert!(error.contains(reason), "{what:?} {key:?}: {error}");
        }
    }
    // Like what is not the asker's business.
    for (command, key, reason) in [
        (
            &["explorer", "trail", "999999"][..],
            PATIENT_PATH,
            "may not ask",
        ),
        (
            &["explorer", "trail", "999999"],
            REGULATOR_PATH,
            "may not ask",
        ),
        (
            &["explorer", "trail", "999999", "--case", "0"],
            REGULATOR_PATH,
            "not about this",
        ),
        (
            &["explorer", "trail", "999999", "--case", "999999"],
            REGULATOR_PATH,
            "open a case first",
        ),
        (
            &["regulator", "report", "999999", "-o", name],
            REGULATOR_PATH,
            "may not ask",
        ),
        (
            &["regulator", "report", "0", "-o", name],
            STRANGER_PATH,
            "may not ask",
        ),
    ] {
        let error = refusal(&xinglin(
            &[command, &["--url", &url, "--dev-key", key]].concat(),
        ));
        assert!(error.contains(reason), "{command:?}: {error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
