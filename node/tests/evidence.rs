//! An evidence package from a development node, verified by a process that knows no node.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use pallet_records::{access::Purpose, grants::Covered};
use serde_json::Value;
use xinglin_evidence::{
    archive::{pack, unpack},
    format::{MANIFEST, REPORT},
    Manifest,
};
use xinglin_primitives::{
    time::DAY_MS, AppointmentId, CaseId, Entity, Hash, MemberId, Party, PatientId, PractitionerId,
    RecordId, FIRST_HEIGHT,
};
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    audit,
    client::Client,
    evidence::{self, ChainVocabulary, Request, Step, Subject, Trust, PACKAGE_BYTES_MAX},
    oversight::case_file,
    parties, records, trail,
};

use self::support::{
    acts::{act_indexed, book, indexed, open_case, wallet},
    calls, drafts, xinglin, DevNode,
};

const PATIENT_PATH: &str = "//Alice//patient//1";
const AUTHOR_PATH: &str = "//Alice//doctor//1";
const HOSPITAL_PATH: &str = "//Alice";
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

/// Every so many bytes of a package one is altered.
const FLIP_STEP: usize = 97;

/// Alters bytes of what proves, one at a time, with a manifest that is right about it: the steps that
/// refused them.
fn flip_bytes(good: &Path, trust: &Trust<'_>) -> BTreeSet<Step> {
    let bytes = std::fs::read(good).unwrap();
    assert!(evidence::verify(&bytes, trust).is_proven());
    let mut files = unpack(&bytes).unwrap();
    let manifest: Manifest = serde_json::from_slice(&files[MANIFEST]).unwrap();
    // The one is made anew; the other is compared as a whole, which the crate's own tests show.
    let is_proof = |path: &&String| **path != MANIFEST && **path != REPORT;
    let paths: Vec<String> = files.keys().filter(is_proof).cloned().collect();
    let mut refused_by = BTreeSet::new();
    for path in paths {
        for at in (0..files[&path].len()).step_by(FLIP_STEP) {
            let flip = |files: &mut xinglin_evidence::archive::Files| {
                files.get_mut(&path).unwrap()[at] ^= 1;
            };
            flip(&mut files);
            let altered = files.clone();
            let package =
                xinglin_evidence::pack(manifest.genesis, manifest.subject, altered).unwrap();
            let report = evidence::verify(&package, trust);
            let (step, _) = report
                .failure()
                .unwrap_or_else(|| panic!("byte {at} of {path} counts for nothing"));
            refused_by.insert(step);
            flip(&mut files);
        }
    }
    refused_by
}

#[tokio::test]
async fn every_byte_of_a_package_from_a_node_counts() {
    let mut node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await.to_string();
    book(&client).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let (of_record, of_visit) = (path("record.zip"), path("visit.zip"));
    export(&node, &["record", &record], Some(PATIENT_PATH), &of_record);
    export(&node, &["trail", "0"], Some(PATIENT_PATH), &of_visit);
    let trust = Trust {
        anchor: client.trust_anchor(FIRST_HEIGHT).await.unwrap(),
        vocabulary: Some(&ChainVocabulary),
    };
    drop(client);
    assert_eq!(node.terminate(), Some(0));
    for package in [&of_record, &of_visit] {
        let refused_by = flip_bytes(package, &trust);
        for step in [Step::Manifest, Step::Operations, Step::State] {
            assert!(refused_by.contains(&step), "{step}: {refused_by:?}");
        }
    }
}

/// Runs the binary where there is no network, not even the machine's own. `None` where the system does
/// not let users have such a place.
fn without_network(arguments: &[&str]) -> Option<Output> {
    let in_namespace = |program: &str, arguments: &[&str]| {
        Command::new("unshare")
            .args(["--map-root-user", "--net", program])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
    };
    let is_possible = in_namespace("true", &[]).is_ok_and(|output| output.status.success());
    is_possible.then(|| in_namespace(env!("CARGO_BIN_EXE_xinglin"), arguments).unwrap())
}

#[tokio::test]
async fn a_package_is_verified_where_there_is_no_network() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await.to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record.zip");
    export(&node, &["record", &record], Some(PATIENT_PATH), &file);
    let url = node.url();
    // The node answers whoever can reach it.
    let status = ["explorer", "status", "--url", &url];
    assert!(xinglin(&status).status.success());
    let Some(unreached) = without_network(&status) else {
        eprintln!("not tried: this system has no network namespaces for users");
        return;
    };
    assert_eq!(unreached.status.code(), Some(1));
    let name = file.to_str().unwrap();
    let arguments = ["evidence", "verify", name, "--trust", "dev", "--json"];
    let output = without_network(&arguments).unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report, verify(&file).1);
    assert_eq!(report["isProven"], true);
}

/// What is not proven of how operations ended.
fn without_outcome(count: usize, of: usize) -> String {
    format!("rules accepted every transaction: of {count} of {of} ")
}

#[tokio::test]
async fn outcomes_are_left_out_as_asked() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (_, booked) = book(&client).await;
    let booked = format!("{booked:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let (whole, without) = (path("whole.zip"), path("without.zip"));
    let told = export(&node, &["receipt", &booked], None, &whole);
    assert_eq!(told["unproven"], Value::Null);
    let what = ["receipt", &booked, "--without-outcomes"];
    let told = export(&node, &what, None, &without);
    assert!(told["unproven"].as_str().unwrap().contains("left out"));

    let (holds, report) = verify(&whole);
    assert!(holds, "{report}");
    assert!(sentences(&report, "proven").contains("and was carried out."));
    assert!(!sentences(&report, "notProven").contains("rules accepted every"));
    let (holds, report) = verify(&without);
    assert!(holds, "{report}");
    // Which call it was and who signed it is proven all the same.
    assert_eq!(outcome(&report, "meaning"), "proven");
    let proven = sentences(&report, "proven");
    assert!(
        proven.contains("(Appointments.book), signed by "),
        "{proven}"
    );
    assert!(!proven.contains("was carried out"), "{proven}");
    assert!(sentences(&report, "notProven").contains(&without_outcome(1, 1)));
    let size = |file: &Path| std::fs::metadata(file).unwrap().len();
    assert!(size(&without) < size(&whole));
}

#[tokio::test]
async fn outcomes_for_which_there_is_no_room_are_left_out_and_told() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (published, booked) = book(&client).await;
    let request = |with_outcomes: bool, bytes_max: usize| Request {
        subject: Subject::Receipt,
        transactions: vec![published, booked],
        purpose: Purpose::Legal,
        case: None,
        with_outcomes,
        bytes_max,
    };
    let all = request(true, PACKAGE_BYTES_MAX);
    let whole = evidence::export(&client, None, &all).await.unwrap();
    assert_eq!(whole.unproven, None);
    let none = request(false, PACKAGE_BYTES_MAX);
    let bare = evidence::export(&client, None, &none).await.unwrap();
    let bare = bare.package.len();

    let trust = Trust {
        anchor: client.trust_anchor(FIRST_HEIGHT).await.unwrap(),
        vocabulary: Some(&ChainVocabulary),
    };
    for (bytes_max, lacking) in [(whole.package.len() - 1, 1), (bare, 2)] {
        let request = request(true, bytes_max);
        let exported = evidence::export(&client, None, &request).await.unwrap();
        assert!(exported.package.len() <= bytes_max);
        let told = exported.unproven.unwrap();
        assert!(
            told.contains(&format!("events of {lacking} blocks")),
            "{told}"
        );
        let report = evidence::verify(&exported.package, &trust);
        assert!(report.is_proven(), "{:?}", report.failure());
        let not_proven = report.not_proven.join("\n");
        let expected = without_outcome(lacking, 2);
        assert!(not_proven.contains(&expected), "{not_proven}");
    }
    let refused = evidence::export(&client, None, &request(true, bare - 1)).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("export less at a time"), "{error}");
}

#[tokio::test]
async fn what_was_not_read_of_a_visit_or_a_case_is_told() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    book(&client).await;
    let (visit, case) = (AppointmentId(0), CaseId(0));
    let confirm = pallet_appointments::Call::<Runtime>::confirm { appointment: visit };
    act_indexed(&client, HOSPITAL_PATH, confirm).await;
    let patient = wallet(PATIENT_PATH);
    let whole = trail::follow(&client, patient.key(), None, visit).await;
    let whole = whole.unwrap();
    assert_eq!(whole.cut, []);
    assert_eq!(whole.operations.len(), 2);
    let limits = trail::Limits {
        pages: 1,
        page_items: 1,
    };
    let asker = (patient.key(), None);
    let part = trail::follow_within(&client, asker, visit, limits).await;
    let part = part.unwrap();
    assert_eq!(part.operations, whole.operations[..1]);
    let later = trail::Cut::Operations(Entity::Appointment(visit));
    assert_eq!(part.cut, [later]);

    open_case(&client).await;
    let regulator = wallet(REGULATOR_PATH);
    let due = parties::now(&client).await.unwrap() + DAY_MS;
    let about = (case, MemberId(0));
    let asked = audit::request_disclosure(&client, &regulator, about, b"books", due).await;
    indexed(&client, &asked.unwrap().outcome).await;
    let whole = case_file::read(&client, regulator.key(), case).await;
    let whole = whole.unwrap();
    assert_eq!(whole.cut, []);
    assert_eq!((whole.steps.len(), whole.requests.len()), (2, 1));
    let limits = case_file::Limits {
        steps: 1,
        requests: 0,
    };
    let part = case_file::read_within(&client, regulator.key(), case, limits).await;
    let part = part.unwrap();
    assert_eq!(part.cut, [case_file::Cut::Requests, case_file::Cut::Steps]);
    assert_eq!(part.steps, whole.steps[..1]);
    assert_eq!(part.requests, []);
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
