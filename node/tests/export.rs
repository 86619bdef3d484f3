//! A development node into a real PostgreSQL, through the binary: back-fill, an exporter and a database that
//! are killed, what SQL answers, and whether it is what the chain says.
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
    process::{Child, ChildStderr, Command, Output, Stdio},
};

use pallet_appointments::types::Acting;
use pallet_records::access::Purpose;
use serde_json::{json, Value};
use xinglin_primitives::{
    time::{DAY_MS, HOUR_MS},
    AppointmentId, BlockNumber, Party, PatientId, PractitionerId, RecordId,
};
use xinglin_sdk::{
    client::Client,
    envelope::Compression,
    operation::FINALITY_LIMIT,
    parties,
    records::{self, RecordDraft},
};

use self::{
    cluster::{Cluster, PASSWORD},
    support::{
        acts::{act, wallet},
        calls, drafts, xinglin, DevNode,
    },
};

const HOSPITAL: &str = "//Alice";
const DOCTOR: &str = "//Alice//doctor//1";
const STRANGER: &str = "//Bob//doctor//1";
const PATIENT: &str = "//Alice//patient//1";
const OTHER: &str = "//Alice//patient//2";
/// Bytes of a large record, and so many of them that a transaction of the exporter, which takes no more
/// blocks from 4 MiB on, ends among them.
const LARGE_BYTES: usize = 250 * 1024;
const LARGE_COUNT: usize = 17;

/// A schedule, and two places in it.
async fn book_two(client: &Client) {
    let now = parties::now(client).await.unwrap();
    let start = now - now % DAY_MS + DAY_MS + 2 * HOUR_MS;
    act(client, HOSPITAL, calls::publish_schedule(start)).await;
    act(client, PATIENT, calls::book(0, 0)).await;
    act(client, OTHER, calls::book(1, 1)).await;
}

/// The first record.
async fn write(client: &Client) {
    let draft = drafts::record(br#"{"resourceType":"Bundle"}"#);
    let written = records::write(client, wallet(DOCTOR).key(), &draft).await;
    assert_eq!(written.unwrap().record, RecordId(0));
}

/// Large records, which come into blocks of their own. The height of the first of these.
async fn write_large(client: &Client) -> BlockNumber {
    let draft = RecordDraft {
        compression: Compression::None,
        ..drafts::record(vec![0u8; LARGE_BYTES])
    };
    let mut calls = Vec::new();
    for _ in 0..LARGE_COUNT {
        let prepared = records::prepare(client, &draft).await.unwrap();
        calls.push(prepared.call().unwrap());
    }
    let wallet = wallet(DOCTOR);
    let written = client.execute_in_order(wallet.key(), calls, FINALITY_LIMIT, |_| ());
    let written = written.await.unwrap();
    assert!(written.iter().all(|outcome| outcome.failure().is_none()));
    written[0].number
}

/// A cancellation, and a record that its doctor may read and a stranger not.
async fn cancel_and_write(client: &Client) {
    let cancel = pallet_appointments::Call::cancel {
        appointment: AppointmentId(1),
        acting: Acting::Patient(PatientId(1)),
    };
    act(client, OTHER, cancel).await;
    write(client).await;
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

/// An exporter, which is killed at the end.
struct Exporter {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Exporter {
    fn start(node: &str, url: &str, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xinglin"))
            .args(["export", "postgres", "--node", node, "--url", url])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// Waits until it says something.
    fn says(&mut self, what: &str) {
        let mut seen = String::new();
        while !seen.contains(what) {
            assert_ne!(self.log.read_line(&mut seen).unwrap(), 0, "{seen}");
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Follows the chain until it has caught up, and is killed then.
fn follow_and_kill(node: &str, url: &str) {
    Exporter::start(node, url, &[]).says("following the chain");
}

/// A row as there is one in the table, but for some columns, given as JSON.
fn row_like(table: &str, but: &Value) -> String {
    format!(
        "INSERT INTO {table} SELECT (json_populate_record(it, '{but}')).* FROM {table} AS it LIMIT 1"
    )
}

/// How far the database has come. Of the blocks up to there it has each, and nothing beyond.
#[track_caller]
fn exported_height(cluster: &Cluster, url: &str) -> i64 {
    let height = cluster.number(url, "SELECT height FROM export_state");
    for (sql, expected) in [
        ("SELECT count(*) - 1 FROM blocks", height),
        ("SELECT max(height) FROM blocks", height),
        ("SELECT max(height) FROM events", height),
    ] {
        assert_eq!(cluster.number(url, sql), expected, "{sql}");
    }
    height
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_back_fill_goes_on_where_exporter_or_database_was_killed() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let node = DevNode::start(&[]);
    let address = node.url();
    let client = Client::connect(&address).await.unwrap();
    write(&client).await;
    let exported = json(&export(&address, &url, &["--once", "--json"]));
    let mut before = exported["height"].as_i64().unwrap();
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(write_large(&client).await);
    }

    // The exporter is killed in the middle of a transaction: when it has begun, among its blocks, among
    // their events, and among the things that have changed. Each time it comes further.
    let stops = [
        "UPDATE export_state SET height = height".to_owned(),
        row_like("blocks", &json!({ "height": starts[1] })),
        row_like("events", &json!({ "height": starts[2], "index": 0 })),
        row_like("records", &json!({ "record_id": 1 + 3 * LARGE_COUNT })),
    ];
    for (stop, (sql, start)) in stops.iter().zip(&starts).enumerate() {
        let held = cluster.hold(&url, sql);
        let exporter = Exporter::start(&address, &url, &["--once"]);
        cluster.wait_until_held_up(&url);
        drop(exporter);
        drop(held);
        cluster.wait_until_alone(&url);
        let height = exported_height(&cluster, &url);
        assert_eq!(height > before, stop > 0, "{sql}");
        assert!(height < i64::from(*start), "{sql}");
        before = height;
    }

    // The database is, and the exporter waits for it.
    let sql = row_like("extrinsics", &json!({ "height": starts[4], "index": 1 }));
    let held = cluster.hold(&url, &sql);
    let mut exporter = Exporter::start(&address, &url, &["--once"]);
    cluster.wait_until_held_up(&url);
    cluster.crash();
    drop(held);
    exporter.says("PostgreSQL is away");
    cluster.up();
    assert!(exporter.child.wait().unwrap().success());
    assert!(exported_height(&cluster, &url) > before);

    let verified = json(&export(&address, &url, &["--verify", "--json"]));
    assert_eq!(verified["difference"], Value::Null);
    assert_eq!(verified["height"], exported_height(&cluster, &url));
    let records = "SELECT count(*) FROM records";
    assert_eq!(cluster.number(&url, records), 1 + 5 * LARGE_COUNT as i64);
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

    let wrong = url.replace(PASSWORD, "mistyped");
    let denied = export(&address, &wrong, &["--once"]);
    assert_eq!(denied.status.code(), Some(1));
    let error = String::from_utf8_lossy(&denied.stderr);
    assert!(error.contains("correct user and password"), "{error}");
    assert!(!error.contains("mistyped"), "{error}");

    drop(client);
    node.terminate();
    let away = export(&address, &url, &["--once", "--give-up-after", "0"]);
    assert_eq!(away.status.code(), Some(1));
    let error = String::from_utf8_lossy(&away.stderr);
    assert!(error.contains("gave up after"), "{error}");
}
