//! A record from its author to those whom its patient lets read it, and to nobody else: on a
//! development node, through the SDK and the binary.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::process::Output;

use pallet_records::{
    access::{Denial, Purpose},
    grants::{Covered, Terms},
    types::{AmendReason, ContentKind, Reader, StoredKey},
};
use serde_json::Value;
use xinglin_primitives::{
    privacy::Refusal, time::Moment, MemberId, Party, PatientId, PractitionerId, RecordId,
};
use xinglin_rpc_api::{codes, questions::RecordKey};
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    client::{Client, ClientError},
    envelope::{open_key, Compression, EnvelopeError},
    operation::execute,
    parties,
    records::{self, Amendment},
};

use self::support::{acts::wallet, calls::terms, drafts, xinglin, DevNode};

const PATIENT: PatientId = PatientId(0);
const PATIENT_PATH: &str = "//Alice//patient//1";
const AUTHOR: PractitionerId = PractitionerId(0);
const AUTHOR_PATH: &str = "//Alice//doctor//1";
const GRANTEE: PractitionerId = PractitionerId(2);
const GRANTEE_PATH: &str = "//Bob//doctor//1";
const STRANGER: PractitionerId = PractitionerId(1);
const STRANGER_PATH: &str = "//Alice//doctor//2";
const HOSPITAL: MemberId = MemberId(0);
/// Who has nothing to do with the record, and as whom each may sign.
const OUTSIDERS: &[(&str, Party)] = &[
    (STRANGER_PATH, Party::Practitioner(STRANGER)),
    // Other hospitals: their own accounts, a desk's, and the one of whoever operates a node.
    ("//Bob", Party::Member(MemberId(1))),
    ("//Bob//service//1", Party::Member(MemberId(1))),
    ("//Bob//service//2", Party::Member(MemberId(1))),
    ("//Grace", Party::Member(MemberId(5))),
    ("//Charlie", Party::Member(MemberId(2))),
    ("//Dave", Party::Member(MemberId(3))),
    ("//Alice//patient//2", Party::Patient(PatientId(1))),
];
const CONTENT: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#;
const AMENDED: &[u8] = br#"{"resourceType":"Bundle","type":"document","entry":[]}"#;

/// Runs a party's command, for one JSON document.
fn command(node: &DevNode, party: &str, path: &str, arguments: &[&str]) -> Output {
    let url = node.url();
    let who = [party, "--json", "--url", &url, "--dev-key", path];
    xinglin(&[&who[..], arguments].concat())
}

async fn write(client: &Client) -> RecordId {
    let draft = drafts::record(CONTENT);
    let written = records::write(client, wallet(AUTHOR_PATH).key(), &draft).await;
    let written = written.unwrap();
    assert_eq!(written.version, 1);
    written.record
}

/// What somebody reads of a record, or why not.
async fn open(
    client: &Client,
    path: &str,
    party: Party,
    record: RecordId,
) -> Result<Vec<u8>, Denial> {
    let (wallet, purpose) = (wallet(path), Purpose::Treatment);
    let opening = records::open(client, &wallet, party, &[record], purpose).await;
    let mut opening = opening.unwrap();
    match opening.denied.pop() {
        Some((denied, reason)) => {
            assert_eq!(denied, record);
            assert!(opening.allowed.is_empty());
            Err(reason)
        }
        None => {
            let (_, read) = opening.allowed.pop().unwrap();
            Ok(read.unwrap().content.to_vec())
        }
    }
}

/// What a node answers who asks for the key and the ciphertext of a record at once, whatever the chain
/// says to opening it.
async fn ask(
    client: &Client,
    path: &str,
    party: Option<Party>,
    record: RecordId,
) -> [Result<(), ClientError>; 2] {
    let wallet = wallet(path);
    let question = RecordKey {
        record,
        version: 1,
        party,
    };
    let key = client.ask(wallet.key(), &question).await;
    let version = records::version(client, record, 1).await.unwrap();
    let ciphertext = client.record_ciphertext_as(wallet.key(), party, version.hash);
    let ciphertext = ciphertext.await;
    [
        key.map(|key| assert!(key.is_some())),
        ciphertext.map(|ciphertext| assert!(ciphertext.is_some())),
    ]
}

/// A node tells nothing to somebody, in whosever name she asks.
async fn expect_refused(client: &Client, path: &str, own: Party, record: RecordId) {
    let reason = Refusal::NotConcerned.to_string();
    for party in [
        None,
        Some(own),
        Some(Party::Patient(PATIENT)),
        Some(Party::Practitioner(AUTHOR)),
        Some(Party::Member(HOSPITAL)),
    ] {
        for answer in ask(client, path, party, record).await {
            let Err(ClientError::Refused { code, message, .. }) = answer else {
                panic!("{path} as {party:?}: {answer:?}");
            };
            assert_eq!(code, codes::QUESTION_REFUSED, "{path} as {party:?}");
            assert!(message.contains(&reason), "{path} as {party:?}: {message}");
        }
    }
}

#[tokio::test]
async fn a_record_is_read_by_whom_its_patient_lets_and_by_nobody_else() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await;
    let grantee = Party::Practitioner(GRANTEE);
    let stranger = Party::Practitioner(STRANGER);
    for (path, party) in [
        (PATIENT_PATH, Party::Patient(PATIENT)),
        (AUTHOR_PATH, Party::Practitioner(AUTHOR)),
        ("//Alice", Party::Member(HOSPITAL)),
        ("//Alice//service//1", Party::Member(HOSPITAL)),
    ] {
        assert_eq!(open(&client, path, party, record).await.unwrap(), CONTENT);
    }
    for (path, party) in [(GRANTEE_PATH, grantee), (STRANGER_PATH, stranger)] {
        let refused = open(&client, path, party, record).await;
        assert_eq!(refused, Err(Denial::NoGrant));
        expect_refused(&client, path, party, record).await;
    }

    let patient = wallet(PATIENT_PATH);
    let now = parties::now(&client).await.unwrap();
    let terms = terms(Covered::Record(record), GRANTEE, now);
    let sharing = records::share(&client, &patient, terms).await.unwrap();
    assert_eq!((sharing.sealed, sharing.missing.len()), (1, 0));
    let read = open(&client, GRANTEE_PATH, grantee, record).await;
    assert_eq!(read.unwrap(), CONTENT);
    for party in [None, Some(grantee)] {
        let answers = ask(&client, GRANTEE_PATH, party, record).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    let refused = open(&client, STRANGER_PATH, stranger, record).await;
    assert_eq!(refused, Err(Denial::NoGrant));
    for (path, party) in OUTSIDERS {
        expect_refused(&client, path, *party, record).await;
    }

    let grant = sharing.grant;
    let call = pallet_records::Call::<Runtime>::revoke { grant };
    execute(&client, patient.key(), call).await.unwrap();
    let refused = open(&client, GRANTEE_PATH, grantee, record).await;
    assert_eq!(refused, Err(Denial::NoGrant));
    expect_refused(&client, GRANTEE_PATH, grantee, record).await;
}

#[tokio::test]
async fn when_a_grant_is_over_the_grantee_reads_no_more() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await;
    let patient = wallet(PATIENT_PATH);
    let now = parties::now(&client).await.unwrap();
    let brief = Terms {
        until: now + 4_000,
        ..terms(Covered::Record(record), GRANTEE, now)
    };
    let until = brief.until;
    records::share(&client, &patient, brief).await.unwrap();
    let grantee = Party::Practitioner(GRANTEE);
    let read = open(&client, GRANTEE_PATH, grantee, record).await;
    assert_eq!(read.unwrap(), CONTENT);
    // Every transaction makes a block, and so brings the chain's time nearer to the end.
    while parties::now(&client).await.unwrap() <= until {
        let remark = frame_system::Call::<Runtime>::remark { remark: Vec::new() };
        execute(&client, patient.key(), remark).await.unwrap();
    }
    let refused = open(&client, GRANTEE_PATH, grantee, record).await;
    assert_eq!(refused, Err(Denial::Expired));
    expect_refused(&client, GRANTEE_PATH, grantee, record).await;
}

/// Whoever runs a node has the blocks and the state, and the keys of a member.
#[tokio::test]
async fn another_hospital_that_runs_a_node_has_the_ciphertext_and_opens_nothing() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = write(&client).await;
    let author = wallet(AUTHOR_PATH);
    let version = records::version(&client, record, 1).await.unwrap();
    let fetched = client.record_ciphertext(author.key(), version.hash).await;
    let envelope = fetched.unwrap().unwrap();
    let readers = [
        Reader::Patient,
        Reader::Practitioner(AUTHOR),
        Reader::Member(HOSPITAL),
    ];
    let mut opened = Vec::new();
    for reader in readers {
        let key = pallet_records::SealedKeys::<Runtime>::hashed_key_for(record, (1, &reader));
        let at = client.tip().await.unwrap();
        let stored: Option<StoredKey> = client.storage(&key, at).await.unwrap();
        let sealed = stored.unwrap().key;
        for (path, _) in OUTSIDERS {
            let refused = open_key(&sealed, wallet(path).secret(), version.hash, &reader);
            assert_eq!(refused.err(), Some(EnvelopeError::KeyRefused), "{path}");
        }
        opened.extend(open_key(&sealed, author.secret(), version.hash, &reader).ok());
    }
    // The author's own is among them, and is the only one that the author opens.
    assert_eq!(opened.len(), 1);
    let hidden = |bytes: &[u8]| {
        !bytes
            .windows(12)
            .any(|part| CONTENT.windows(12).any(|it| it == part))
    };
    assert!(hidden(&envelope) && !hidden(CONTENT));
    for (path, party) in [
        ("//Bob", Party::Member(MemberId(1))),
        ("//Bob//service//1", Party::Member(MemberId(1))),
    ] {
        let refused = open(&client, path, party, record).await;
        assert_eq!(refused, Err(Denial::NoGrant));
    }
}

#[tokio::test]
async fn a_grant_of_the_history_is_completed_with_what_is_written_since() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (patient, author) = (wallet(PATIENT_PATH), wallet(AUTHOR_PATH));
    let first = write(&client).await;
    let now = parties::now(&client).await.unwrap();
    let history = Covered::History {
        kinds: std::collections::BTreeSet::from([ContentKind::Encounter])
            .try_into()
            .unwrap(),
        from: 0,
        until: Moment::MAX,
    };
    let sharing = records::share(&client, &patient, terms(history, GRANTEE, now)).await;
    let sharing = sharing.unwrap();
    assert_eq!(sharing.sealed, 1);

    let second = write(&client).await;
    let amendment = Amendment {
        reason: AmendReason::Addition,
        compression: Compression::Gzip,
        ..drafts::amendment(first, AMENDED)
    };
    let amended = records::amend(&client, author.key(), &amendment).await;
    assert_eq!(amended.unwrap().version, 2);

    let completed = records::complete_grant(&client, &patient, sharing.grant).await;
    assert!(completed.unwrap().missing.is_empty());
    let grantee = Party::Practitioner(GRANTEE);
    let read = open(&client, GRANTEE_PATH, grantee, first).await;
    assert_eq!(read.unwrap(), AMENDED);
    let read = open(&client, GRANTEE_PATH, grantee, second).await;
    assert_eq!(read.unwrap(), CONTENT);
    let before = records::read(&client, &wallet(GRANTEE_PATH), first, Some(1)).await;
    assert_eq!(before.unwrap().content.to_vec(), CONTENT);
}

#[tokio::test]
async fn the_command_line_writes_shares_and_opens() {
    let node = DevNode::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record.json");
    std::fs::write(&file, CONTENT).unwrap();
    let file = file.to_str().unwrap();
    let json = |output: Output| -> Value {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{error}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let write = ["write", "--patient", "0", "--member", "0", file];
    let written = json(command(&node, "doctor", AUTHOR_PATH, &write));
    let record = written["made"]["record"].as_str().unwrap().to_owned();
    assert!(written["receipts"][0]["height"].as_u64() > Some(0));

    let refused = command(&node, "doctor", GRANTEE_PATH, &["open", &record]);
    assert_eq!(refused.status.code(), Some(1));
    let reason = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(reason.contains("denied: NoGrant"), "{reason}");

    let share = ["share", "--to", "practitioner:2", "--record", &record];
    let shared = json(command(&node, "patient", PATIENT_PATH, &share));
    assert_eq!(shared["details"]["keysSealed"], 1);
    let output = folder.path().join("opened");
    let output = output.to_str().unwrap();
    let opened = json(command(
        &node,
        "doctor",
        GRANTEE_PATH,
        &["open", &record, "--output", output],
    ));
    let stored = opened["details"][0]["result"].as_str().unwrap();
    assert_eq!(std::fs::read(stored).unwrap(), CONTENT);

    let accesses = json(command(&node, "patient", PATIENT_PATH, &["accesses"]));
    assert_eq!(accesses["items"].as_array().unwrap().len(), 2);
    let nobody = command(&node, "doctor", PATIENT_PATH, &["open", &record]);
    let error = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(
        error.contains("not registered as a practitioner"),
        "{error}"
    );
}
