//! Who reads for somebody else: devices of doctors and patients, carers, and patients whose key was
//! replaced. On a development node, through the SDK and the binary.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use pallet_members::{DelegationKind, Scopes};
use pallet_records::{access::Purpose, types::Reader};
use serde_json::Value;
use xinglin_primitives::{
    glue::Scope, time::HOUR_MS, EncryptionKey, InvoiceId, Party, PatientId, PractitionerId,
    RecordId,
};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    billing::{self, Issued},
    client::Client,
    envelope::EnvelopeError,
    keys::{self, KeyPair, Scheme},
    keystore::{Keystore, Meta},
    operation::OperationError,
    parties,
    records::{self, Written},
    wallet::Wallet,
};

use self::support::{
    acts::{act, begun, today, wallet},
    drafts, DevNode,
};

const PATIENT: &str = "//Alice//patient//1";
const DOCTOR: &str = "//Alice//doctor//1";
const OTHER_DOCTOR: &str = "//Alice//doctor//2";
const HOSPITAL: &str = "//Alice";
const DEVICE: &str = "//device";
const CARER: &str = "//carer";
const HER: Party = Party::Patient(PatientId(0));
const CONTENT: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#;
const PASSPHRASE: &str = "devices and carers";

fn pair(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

/// Stores a key, and tells where.
fn stored(folder: &Path, path: &str) -> String {
    let name = path.trim_start_matches('/').replace('/', "-");
    let file = folder.join(name + ".json");
    let keystore = Keystore::seal(&pair(path), PASSPHRASE, Meta::default());
    keystore.unwrap().write_new(&file).unwrap();
    file.to_str().unwrap().to_owned()
}

fn xinglin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xinglin"))
        .args(arguments)
        .env("XINGLIN_PASSPHRASE", PASSPHRASE)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs a party's command with a development key, for one JSON document.
fn command(node: &DevNode, party: &str, path: &str, arguments: &[&str]) -> Output {
    let url = node.url();
    let who = [party, "--json", "--url", &url, "--dev-key", path];
    xinglin(&[&who[..], arguments].concat())
}

/// The same with keystores.
fn command_by(node: &DevNode, party: &str, keys: &[&str], arguments: &[&str]) -> Output {
    let url = node.url();
    let who = [party, "--json", "--url", &url];
    xinglin(&[&who[..], keys, arguments].concat())
}

#[track_caller]
fn json(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// The patient lets an account act for her.
async fn delegate(
    client: &Client,
    path: &str,
    kind: DelegationKind,
    encryption_key: Option<EncryptionKey>,
) {
    let scopes = std::collections::BTreeSet::from([Scope::Reading, Scope::Paying]);
    let now = parties::now(client).await.unwrap();
    let call = pallet_members::Call::<Runtime>::delegate {
        delegate: pair(path).account(),
        kind,
        scopes: Scopes::try_from(scopes).unwrap(),
        until: now + HOUR_MS,
        encryption_key,
    };
    act(client, PATIENT, call).await;
}

fn revoking(path: &str) -> RuntimeCall {
    let delegate = pair(path).account();
    pallet_members::Call::revoke_delegation { delegate }.into()
}

async fn write(client: &Client) -> Written {
    let draft = drafts::record(CONTENT);
    let written = records::write(client, wallet(DOCTOR).key(), &draft).await;
    written.unwrap()
}

/// What the chain lets a wallet read on behalf of the patient.
async fn open_for_her(
    client: &Client,
    wallet: &Wallet,
    record: RecordId,
) -> Result<Vec<u8>, OperationError> {
    let purpose = Purpose::PatientRequest;
    let opening = records::open(client, wallet, HER, &[record], purpose).await?;
    assert!(opening.denied.is_empty());
    let (_, opened) = opening.allowed.into_iter().next().unwrap();
    Ok(opened?.content.to_vec())
}

async fn issue(client: &Client) -> Issued {
    let draft = drafts::invoice(today(client).await);
    let issued = billing::issue(client, &wallet(HOSPITAL), &draft).await;
    issued.unwrap()
}

/// How many lines of an invoice a wallet reads.
async fn lines(
    client: &Client,
    wallet: &Wallet,
    invoice: InvoiceId,
) -> Result<usize, OperationError> {
    let read = billing::read(client, wallet, invoice).await?;
    Ok(read.lines.len())
}

fn is_refused_by_the_node<T>(read: &Result<T, OperationError>) -> bool {
    matches!(read, Err(OperationError::Client(_)))
}

fn is_without_key<T>(read: &Result<T, OperationError>) -> bool {
    matches!(read, Err(OperationError::NoSealedKey { .. }))
}

#[tokio::test]
async fn a_doctors_device_writes_and_opens_by_the_command_line_until_it_is_revoked() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    begun(&client).await;
    let folder = tempfile::tempdir().unwrap();
    let (device, owner) = (stored(folder.path(), DEVICE), stored(folder.path(), DOCTOR));
    let file = folder.path().join("record.json");
    std::fs::write(&file, CONTENT).unwrap();
    let write = ["write", "--patient", "0", "--member", "0"];
    let write = [&write[..], &[file.to_str().unwrap()]].concat();
    let address = pair(DEVICE).address();
    let session = ["session-key", &address, "--days", "1"];
    json(&command(&node, "doctor", DOCTOR, &session));

    let signing = ["--key", &device];
    let opening = ["--key", &device, "--reader-key", &owner];
    let for_her = ["--practitioner", "0"];
    let signing = [&signing[..], &for_her].concat();
    let keys = [&opening[..], &for_her].concat();
    let nameless = refusal(&command_by(&node, "doctor", &opening, &write));
    assert!(nameless.contains("--practitioner"), "{nameless}");
    let written = json(&command_by(&node, "doctor", &keys, &write));
    let record = written["made"]["record"].as_str().unwrap().to_owned();
    let open = ["open", record.as_str()];
    let opened = json(&command_by(&node, "doctor", &keys, &open));
    let content = opened["details"][0]["content"].as_str().unwrap();
    assert_eq!(content.as_bytes(), CONTENT);
    let grants = json(&command_by(&node, "doctor", &keys, &["grants"]));
    assert_eq!(grants["items"].as_array().unwrap().len(), 0);
    let keyless = refusal(&command_by(&node, "doctor", &signing, &open));
    assert!(keyless.contains("does not authenticate"), "{keyless}");

    json(&command(
        &node,
        "doctor",
        DOCTOR,
        &["revoke-session-key", &address],
    ));
    for refused in [&write[..], &open, &["grants"]] {
        refusal(&command_by(&node, "doctor", &keys, refused));
    }
    let party = Some(Party::Practitioner(PractitionerId(0)));
    let wallet = Wallet::opening_as(pair(DEVICE), &pair(DOCTOR));
    let record = RecordId(record.parse().unwrap());
    let read = records::read_as(&client, &wallet, party, record, None).await;
    assert!(is_refused_by_the_node(&read), "{read:?}");
}

#[tokio::test]
async fn a_doctors_device_reads_as_that_doctor_and_no_other() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await.record;
    let address = pair(DEVICE).address();
    let session = ["session-key", &address, "--days", "1"];
    json(&command(&node, "doctor", OTHER_DOCTOR, &session));
    let wallet = Wallet::opening_as(pair(DEVICE), &pair(OTHER_DOCTOR));
    for practitioner in [0, 1] {
        let party = Some(Party::Practitioner(PractitionerId(practitioner)));
        let read = records::read_as(&client, &wallet, party, record, None).await;
        assert!(is_refused_by_the_node(&read), "{practitioner}: {read:?}");
    }
}

#[tokio::test]
async fn a_patients_device_opens_with_her_secret_until_it_is_revoked() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let before = write(&client).await.record;
    delegate(&client, DEVICE, DelegationKind::SessionKey, None).await;
    let after = write(&client).await;
    assert!(after.unreached.is_empty(), "it needs no key of its own");
    let device = Wallet::opening_as(pair(DEVICE), &pair(PATIENT));
    for record in [before, after.record] {
        let opened = open_for_her(&client, &device, record).await;
        assert_eq!(opened.unwrap(), CONTENT);
    }
    let with_its_own = Wallet::new(pair(DEVICE));
    let opened = open_for_her(&client, &with_its_own, before).await;
    assert!(is_without_key(&opened), "{opened:?}");

    act(&client, PATIENT, revoking(DEVICE)).await;
    let read = records::read_as(&client, &device, Some(HER), before, None).await;
    assert!(is_refused_by_the_node(&read), "{read:?}");
}

#[tokio::test]
async fn a_carer_whom_nobody_registered_reads_records_and_bills_with_a_key_of_her_own() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let before = write(&client).await.record;
    let folder = tempfile::tempdir().unwrap();
    let shown = xinglin(&["key", "inspect", "--open", &stored(folder.path(), CARER)]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let key = shown.split_whitespace().last().unwrap().to_owned();
    let address = pair(CARER).address();
    let who = ["delegate", &address, "--scopes", "reading,paying"];
    let how = ["--encryption-key", &key, "--days", "30"];
    json(&command(
        &node,
        "patient",
        PATIENT,
        &[&who[..], &how].concat(),
    ));
    // Another has no key anywhere.
    delegate(&client, DEVICE, DelegationKind::Delegate, None).await;
    let keyless = vec![pair(DEVICE).account()];
    let after = write(&client).await;
    assert_eq!(after.unreached, keyless);

    let carer = Wallet::new(pair(CARER));
    let opened = open_for_her(&client, &carer, after.record).await;
    assert_eq!(opened.unwrap(), CONTENT);
    let opened = open_for_her(&client, &carer, before).await;
    assert!(is_without_key(&opened), "{opened:?}");
    let reader = Reader::Delegate(carer.account());
    let provided = records::provide_keys(&client, &wallet(PATIENT), &reader, &[before]).await;
    assert!(provided.unwrap().1.missing.is_empty());
    let opened = open_for_her(&client, &carer, before).await;
    assert_eq!(opened.unwrap(), CONTENT);

    let issued = issue(&client).await;
    assert_eq!(issued.unreached, keyless);
    let device = Wallet::new(pair(DEVICE));
    assert_eq!(lines(&client, &carer, issued.invoice).await.unwrap(), 1);
    let patient = wallet(PATIENT);
    assert_eq!(lines(&client, &patient, issued.invoice).await.unwrap(), 1);
    let refused = lines(&client, &device, issued.invoice).await;
    let key_refused = OperationError::Envelope(EnvelopeError::KeyRefused).to_string();
    assert_eq!(refused.unwrap_err().to_string(), key_refused);
    let opened = open_for_her(&client, &device, after.record).await;
    assert!(is_without_key(&opened), "{opened:?}");
}

#[tokio::test]
async fn what_was_sealed_to_a_key_before_its_replacement_opens_with_that_key() {
    const NEW: &str = "//new";

    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (record, old) = (write(&client).await.record, issue(&client).await.invoice);
    let set = pallet_members::Call::<Runtime>::set_encryption_key {
        encryption_key: keys::encryption_key(&pair(NEW)),
    };
    act(&client, PATIENT, set).await;
    let new = issue(&client).await.invoice;

    let now = Wallet::opening_as(pair(PATIENT), &pair(NEW));
    assert_eq!(lines(&client, &now, new).await.unwrap(), 1);
    assert!(lines(&client, &now, old).await.is_err());
    assert!(open_for_her(&client, &now, record).await.is_err());
    let both = now.with_former(&pair(PATIENT));
    for invoice in [old, new] {
        assert_eq!(lines(&client, &both, invoice).await.unwrap(), 1);
    }
    let opened = open_for_her(&client, &both, record).await;
    assert_eq!(opened.unwrap(), CONTENT);

    let folder = tempfile::tempdir().unwrap();
    let (own, reader) = (stored(folder.path(), PATIENT), stored(folder.path(), NEW));
    let keys = ["--key", &own, "--reader-key", &reader];
    let old = old.0.to_string();
    let show = ["invoice", old.as_str()];
    refusal(&command_by(&node, "patient", &keys, &show));
    let keys = [&keys[..], &["--former-key", &own]].concat();
    let shown = json(&command_by(&node, "patient", &keys, &show));
    assert_eq!(shown["lines"].as_array().unwrap().len(), 1);
}
