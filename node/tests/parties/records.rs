//! The patient 0, her two doctors and her hospital: records, who reads them, and keys.

use serde_json::Value;
use xinglin_sdk::keystore::{Keystore, Meta};

use super::{
    address, encryption_key, support::acts::wallet, Day, Who, DOCTOR, HOSPITAL, PASSPHRASE, PATIENT,
};

const COLLEAGUE: Who = ("doctor", "//Alice//doctor//2");
const DELEGATE: Who = ("patient", "//Alice//patient//5");
const DEVICE: Who = ("doctor", "//Alice//doctor//1//device");
const NOTE: &str = r#"{"resourceType":"Bundle","type":"collection"}"#;
const SCAN: &str = "a large image";

/// All that they do.
pub fn scene(day: &Day) {
    day.write("note.json", NOTE);
    day.write("scan.dcm", SCAN);
    let record = written(day);
    external(day);
    shared(day, &record);
    asked_for(day, &record);
    delegated(day, &record);
    devices(day);
    erased(day, &record);
    sealed_again(day);
}

fn written(day: &Day) -> String {
    let write = "write --patient 0 --member 0 --kind diagnosis note.json";
    let record = day.made(DOCTOR, write, "record");
    day.ok(
        DOCTOR,
        &format!("amend {record} --reason correction note.json"),
    );
    let twice = day.made(DOCTOR, write, "record");
    day.ok(DOCTOR, &format!("retract {twice} --reason duplicate"));
    day.ok(DOCTOR, &format!("open {record}"));
    day.ok(HOSPITAL, &format!("open {record}"));
    day.ok(PATIENT, "records");
    day.ok(PATIENT, "trail 0");
    record
}

/// The content of the one record that was opened.
fn opened(told: &Value) -> &str {
    told["details"][0]["content"].as_str().unwrap()
}

fn external(day: &Day) {
    let place = "--envelope scan.bin --location store/scan";
    let write = format!("write --patient 0 --member 0 --kind image scan.dcm {place}");
    let record = day.made(DOCTOR, &write, "record");
    let output = day.run(PATIENT, &format!("open {record}"));
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["details"][0]["location"], "store/scan");
    let open = format!("open {record} --envelope scan.bin");
    assert_eq!(opened(&day.ok(PATIENT, &open)), SCAN);
    assert_eq!(opened(&day.ok(HOSPITAL, &open)), SCAN);

    let place = "--envelope scan-2.bin --location store/scan-2";
    let amend = format!("amend {record} --reason addition note.json {place}");
    day.ok(DOCTOR, &amend);
    let open = format!("open {record} --envelope scan-2.bin");
    assert_eq!(opened(&day.ok(DOCTOR, &open)), NOTE);
    let stale = day.run(DOCTOR, &format!("open {record} --envelope scan.bin"));
    assert_eq!(stale.status.code(), Some(1));
}

fn shared(day: &Day, record: &str) {
    let share = "share --to practitioner:1 --days 7 --may-reshare";
    let grant = day.made(PATIENT, share, "grant");
    day.ok(PATIENT, "grants");
    day.ok(COLLEAGUE, "grants");
    day.ok(COLLEAGUE, &format!("open {record}"));
    let reshare = format!("reshare {grant} --to practitioner:2 --days 1");
    let passed_on = day.made(COLLEAGUE, &reshare, "grant");
    day.ok(COLLEAGUE, &format!("revoke {passed_on}"));
    day.ok(
        DOCTOR,
        "write --patient 0 --member 0 --kind report note.json",
    );
    let completed = day.ok(PATIENT, &format!("complete-grant {grant}"));
    assert_eq!(completed["details"]["keysSealed"], 1);
    day.ok(PATIENT, &format!("revoke {grant}"));
    day.ok(PATIENT, &format!("prune-keys {record}"));
    for who in [DOCTOR, HOSPITAL] {
        day.refused(who, &format!("prune-keys {record}"), "NothingToPrune");
    }
    day.ok(PATIENT, "accesses");
}

fn asked_for(day: &Day, record: &str) {
    let ask = "request --patient 0 --reason referral --to practitioner:2";
    let request = day.made(DOCTOR, ask, "request");
    day.ok(PATIENT, "requests");
    day.ok(PATIENT, &format!("answer {request}"));
    let request = day.made(DOCTOR, ask, "request");
    day.ok(PATIENT, &format!("answer {request} --refuse"));
    let request = day.made(DOCTOR, ask, "request");
    day.ok(DOCTOR, &format!("withdraw-request {request}"));
    for who in [DOCTOR, HOSPITAL] {
        let provided = day.ok(who, &format!("provide-keys --to practitioner:2 {record}"));
        assert_eq!(provided["details"]["keysSealed"], 2);
    }
}

fn delegated(day: &Day, record: &str) {
    let delegate = address(DELEGATE.1);
    let scopes = "--scopes reading,booking --days 30";
    day.ok(PATIENT, &format!("delegate {delegate} {scopes}"));
    day.ok(
        PATIENT,
        &format!("provide-keys --to delegate:{delegate} {record}"),
    );
    let read = day.ok(DELEGATE, &format!("--patient 0 open {record}"));
    assert_eq!(opened(&read), NOTE);
    day.refused(DELEGATE, "renounce", "--patient");
    day.ok(DELEGATE, "--patient 0 renounce");
    day.ok(PATIENT, &format!("delegate {delegate} {scopes}"));
    day.ok(PATIENT, &format!("revoke-delegate {delegate}"));
    day.ok(PATIENT, "clear-delegates");
}

fn devices(day: &Day) {
    let device = address(DEVICE.1);
    day.ok(DOCTOR, &format!("session-key {device} --days 2"));
    let ask = "--practitioner 0 request --patient 0 --reason consultation --to practitioner:1";
    let request = day.made(DEVICE, ask, "request");
    day.ok(DOCTOR, &format!("withdraw-request {request}"));
    day.ok(DEVICE, "--practitioner 0 renounce-session-key");
    day.ok(DOCTOR, &format!("session-key {device} --days 2"));
    day.ok(DOCTOR, &format!("revoke-session-key {device}"));
    day.ok(DOCTOR, "clear-session-keys");
}

fn erased(day: &Day, record: &str) {
    day.ok(PATIENT, &format!("erase {record}"));
    // The hospital takes part, so that nobody stands in for it.
    let regulator = ("regulator", "//Dave//service//1");
    day.refused(
        regulator,
        &format!("confirm-erasure {record}"),
        "MayNotConfirm",
    );
    day.ok(HOSPITAL, &format!("confirm-erasure {record}"));
    day.refused(HOSPITAL, &format!("confirm-erasure {record}"), "Erased");
}

/// Under other encryption keys all is sealed again, and opens with those of before and of now.
fn sealed_again(day: &Day) {
    for who in [COLLEAGUE, HOSPITAL] {
        let same = encryption_key(who.1);
        day.ok(who, &format!("set-encryption-key {same}"));
    }
    let path = "//Alice//patient//1//another";
    day.ok(
        PATIENT,
        &format!("set-encryption-key {}", encryption_key(path)),
    );
    day.ok(PATIENT, "key-progress");
    let restored = day.ok(PATIENT, "reseal");
    assert!(restored["total"].as_u64() > Some(0), "{restored}");
    assert_eq!(restored["restored"], restored["total"]);
    day.ok(DOCTOR, "reseal --patient 0");
    day.ok(HOSPITAL, "reseal --patient 0");
    keystore(day, "patient.json", PATIENT.1);
    keystore(day, "another.json", path);
    let url = day.node.url();
    let keys = ["--key", "patient.json", "--reader-key", "another.json"];
    let who = ["patient", "open", "0", "--json", "--url", &url];
    let output = day.binary(&[&who[..], &keys].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(opened(&told), r#"{"resourceType":"Bundle"}"#);
}

fn keystore(day: &Day, name: &str, path: &str) {
    let sealed = Keystore::seal(wallet(path).key(), PASSPHRASE, Meta::default()).unwrap();
    let file = day.path(name);
    sealed.write_new(file.as_ref()).unwrap();
}
