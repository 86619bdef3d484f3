//! A development node into a real PostgreSQL, through the binary: back-fill, a killed exporter, what SQL
//! answers, and whether it is what the chain says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed unwrap fails the test"
)]

#[path = "../../explorer/postgres/tests/support/cluster.rs"]
#[allow(dead_code, reason = "each test uses a part of this")]
mod cluster;
mod support;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use pallet_appointments::types::{Acting, NewSchedule, VisitKind};
use pallet_records::{access::Purpose, types::ContentKind};
use serde_json::Value;
use xinglin_primitives::{
    time::{DAY_MS, HOUR_MS},
    AppointmentId, DepartmentId, MemberId, Party, PatientId, PractitionerId, RecordId, ScheduleId,
};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    client::Client,
    envelope::Compression,
    operation::execute,
    parties,
    records::{self, RecordDraft},
    wallet::Wallet,
};
use zeroize::Zeroizing;

use self::{
    cluster::Cluster,
    support::{xinglin, DevNode},
};

const HOSPITAL: &str = "//Alice";
const DOCTOR: &str = "//Alice//doctor//1";
const STRANGER: &str = "//Bob//doctor//1";
const PATIENT: &str = "//Alice//patient//1";
const OTHER: &str = "//Alice//patient//2";

fn wallet(path: &str) -> Wallet {
    Wallet::development(path).unwrap()
}

async fn call(client: &Client, path: &str, call: impl Into<RuntimeCall>) {
    execute(client, wallet(path).key(), call).await.unwrap();
}

fn book(patient: u64, slot: u16) -> pallet_appointments::Call<Runtime> {
    pallet_appointments::Call::book {
        patient: PatientId(patient),
        schedule: ScheduleId(0),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    }
}

/// A schedule, and two places in it.
async fn book_two(client: &Client) {
    let now = parties::now(client).await.unwrap();
    let schedule = NewSchedule {
        practitioner: PractitionerId(0),
        department: DepartmentId(1),
        kind: VisitKind::First,
        start: now - now % DAY_MS + DAY_MS + 2 * HOUR_MS,
        slot_minutes: 15,
        slots: 8,
        capacity: 1,
        fee_fen: 2_500,
    };
    let publish = pallet_appointments::Call::publish_schedule { schedule };
    call(client, HOSPITAL, publish).await;
    call(client, PATIENT, book(0, 0)).await;
    call(client, OTHER, book(1, 1)).await;
}

/// A cancellation, and a record that its doctor may read and a stranger not.
async fn cancel_and_write(client: &Client) {
    let cancel = pallet_appointments::Call::cancel {
        appointment: AppointmentId(1),
        acting: Acting::Patient(PatientId(1)),
    };
    call(client, OTHER, cancel).await;
    let draft = RecordDraft {
        patient: PatientId(0),
        author: PractitionerId(0),
        member: MemberId(0),
        visit: None,
        kind: ContentKind::Encounter,
        content: Zeroizing::new(br#"{"resourceType":"Bundle"}"#.to_vec()),
        compression: Compression::Zstd,
    };
    let written = records::write(client, wallet(DOCTOR).key(), &draft).await;
    assert_eq!(written.unwrap().record, RecordId(0));
    for (path, practitioner) in [(DOCTOR, 0), (STRANGER, 2)] {
        let party = Party::Practitioner(PractitionerId(practitioner));
        let (wallet, purpose) = (wallet(path), Purpose::Treatment);
        let opened = records::open(client, &wallet, party, &[RecordId(0)], purpose);
        opened.await.unwrap();
    }
}

fn export(node: &str, url: &str, more: &[&str]) -> Output {
    let command = ["export", "postgres", "--node", node, "--url", url];
    xinglin(&[&command[..], more].concat())
}

#[track_caller]
fn json(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn query(url: &str, name: &str, parameters: &[&str]) -> Value {
    let mut command = vec!["export", "query", name, "--json", "--url", url];
    for parameter in parameters {
        command.extend(["--param", parameter]);
    }
    json(&xinglin(&command))
}

/// Follows the chain until it has caught up, and is killed then.
fn follow_and_kill(node: &str, url: &str) {
    let mut exporter = Command::new(env!("CARGO_BIN_EXE_xinglin"))
        .args(["export", "postgres", "--node", node, "--url", url])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut seen = String::new();
    let mut log = BufReader::new(exporter.stderr.take().unwrap());
    while !seen.contains("following the chain") {
        assert_ne!(log.read_line(&mut seen).unwrap(), 0, "{seen}");
    }
    exporter.kill().unwrap();
    exporter.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_exported_once_and_sql_answers() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut node = DevNode::start(&[]);
    let address = node.url();
    let client = Client::connect(&address).await.unwrap();

    book_two(&client).await;
    follow_and_kill(&address, &url);
    let before = cluster.number(&url, "SELECT max(height) FROM blocks");
    cancel_and_write(&client).await;
    cluster.wait_until_alone(&url);
    let exported = json(&export(&address, &url, &["--once", "--json"]));
    let height = exported["height"].as_i64().unwrap();
    assert_eq!(exported["blocks"], height - before);
    assert_eq!(
        cluster.number(&url, "SELECT count(*) FROM blocks"),
        height + 1
    );
    for (sql, expected) in [
        ("SELECT count(*) FROM appointments", 2),
        ("SELECT count(*) FROM records", 1),
        ("SELECT count(*) FROM accesses", 2),
        (
            "SELECT count(*) FROM blocks WHERE extrinsic_count <> (SELECT count(*) FROM extrinsics \
             WHERE extrinsics.height = blocks.height)",
            0,
        ),
    ] {
        assert_eq!(cluster.number(&url, sql), expected, "{sql}");
    }

    let readers = query(&url, "readers-of-patient", &["patient=0"]);
    assert_eq!(readers[0]["why"], "denied: NoGrant");
    assert_eq!(readers[0]["member"], "Bob Clinic");
    assert_eq!(readers[1]["why"], "Author");
    let period = ["from=2020-01-01", "until=9999-01-01"];
    let departments = query(&url, "cancellations-by-department", &period);
    assert_eq!(departments[0]["department"], "Internal medicine");
    assert_eq!(departments[0]["by_patients"], "1");

    let verified = json(&export(&address, &url, &["--verify", "--json"]));
    assert_eq!(verified["difference"], Value::Null);
    assert_eq!(verified["height"], height);
    cluster.execute(&url, "DELETE FROM events WHERE height = 2 AND index = 0");
    let verified = export(&address, &url, &["--verify", "--json"]);
    assert_eq!(verified.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(found["difference"]["height"], 2);
    assert_eq!(found["difference"]["table"], "events");

    drop(client);
    node.terminate();
    let away = export(&address, &url, &["--once", "--give-up-after", "0"]);
    assert_eq!(away.status.code(), Some(1));
    let error = String::from_utf8_lossy(&away.stderr);
    assert!(error.contains("gave up after"), "{error}");
}
