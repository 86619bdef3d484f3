//! A chain of the real runtime into a real PostgreSQL, each block once, whatever dies in between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::{sync::Arc, time::Duration};

use support::{
    calls::{self, play},
    chain::{Chain, Recorded},
    cluster::{Cluster, PASSWORD},
    later::RENEWED,
};
use tokio::{sync::watch, task::LocalSet};
use xinglin_postgres::{
    export, queries, verify, Difference, ExportError, Exported, Options, Progress, SCHEMA_VERSION,
};
use xinglin_primitives::BlockNumber;
use xinglin_runtime::genesis::dev;

const ONCE: Options = Options {
    is_once: true,
    patience: Duration::ZERO,
};
const PATIENT: Options = Options {
    is_once: false,
    patience: Duration::from_secs(120),
};

async fn once(chain: &Chain, url: &str) -> Result<Exported, ExportError> {
    export(chain.recorded.clone(), url, ONCE, |_| {}).await
}

/// That database and chain are the same, up to a height.
#[track_caller]
fn assert_same(verified: Result<xinglin_postgres::Verified, ExportError>, height: BlockNumber) {
    let verified = verified.unwrap();
    assert_eq!(verified.difference, None);
    assert_eq!(verified.height, height);
    assert_eq!(verified.blocks, u64::from(height) + 1);
    // The parties of the preset at least.
    assert!(verified.state_rows > 20, "{verified:?}");
}

async fn check(chain: &Chain, url: &str) {
    let verified = verify(chain.recorded.clone(), url, |_, _| {}).await;
    assert_same(verified, chain.height());
}

async fn difference(chain: &Chain, url: &str) -> Option<Difference> {
    let verified = verify(chain.recorded.clone(), url, |_, _| {}).await;
    verified.unwrap().difference
}

/// An export that goes on until it is dropped, and how far it has come.
struct Running {
    task: tokio::task::JoinHandle<Result<Exported, ExportError>>,
    height: watch::Receiver<Option<BlockNumber>>,
    waits: watch::Receiver<u32>,
}

impl Running {
    fn start(source: Arc<Recorded>, url: &str) -> Self {
        let (heights, height) = watch::channel(None);
        let (waiting, waits) = watch::channel(0);
        let url = url.to_owned();
        let task = tokio::task::spawn_local(async move {
            let tell = |progress: Progress<'_>| match progress {
                Progress::Exported { height, .. } => {
                    heights.send_replace(Some(height));
                }
                Progress::Waiting { .. } => waiting.send_modify(|waits| *waits += 1),
            };
            export(source, &url, PATIENT, tell).await
        });
        Self {
            task,
            height,
            waits,
        }
    }

    async fn reaches(&mut self, height: BlockNumber) {
        let reached = self.height.wait_for(|reached| *reached >= Some(height));
        drop(reached.await.unwrap());
    }

    async fn waits(&mut self) {
        let waits = self.waits.wait_for(|waits| *waits > 0);
        drop(waits.await.unwrap());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn each_block_is_exported_once_whatever_dies() {
    // Whoever goes on exporting does so beside the test.
    LocalSet::new().run_until(whatever_dies()).await;
}

async fn whatever_dies() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut chain = Chain::new(0);
    play(&mut chain);

    // The program dies: at every point of its work, each time a little later, until it comes to the end.
    let mut limit = Duration::from_millis(5);
    let interrupted = loop {
        let attempt = tokio::time::timeout(limit, once(&chain, &url)).await;
        match attempt {
            Ok(Ok(exported)) => break exported,
            // The server has not noticed yet that the one before is dead.
            Err(_) | Ok(Err(ExportError::Locked)) => limit = limit * 5 / 4,
            Ok(Err(error)) => panic!("{error}"),
        }
    };
    assert_eq!(interrupted.height, chain.height());
    check(&chain, &url).await;
    let again = once(&chain, &url).await.unwrap();
    assert_eq!((again.height, again.blocks), (chain.height(), 0));

    // The database dies, and comes back after more blocks.
    let mut running = Running::start(chain.recorded.clone(), &url);
    chain.block(1_000, vec![("//Alice", calls::department(3))]);
    running.reaches(chain.height()).await;
    cluster.crash();
    chain.block(1_000, vec![("//Alice", calls::department(4))]);
    running.waits().await;
    chain.block(1_000, vec![("//Alice", calls::department(5))]);
    cluster.up();
    running.reaches(chain.height()).await;

    // The node dies.
    let mut heights = running.waits.clone();
    let before = *heights.borrow_and_update();
    chain.recorded.set_away(true);
    chain.block(1_000, vec![("//Alice", calls::department(6))]);
    let waits = heights.wait_for(|waits| *waits > before);
    drop(waits.await.unwrap());
    chain.recorded.set_away(false);
    running.reaches(chain.height()).await;

    let second = once(&chain, &url).await;
    assert!(matches!(second, Err(ExportError::Locked)), "{second:?}");
    check(&chain, &url).await;
}

#[tokio::test]
async fn numbers_that_are_of_nothing_stop_nothing() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut chain = Chain::new(0);
    let [open, cancel] = calls::about_nothing();
    assert_eq!(chain.try_block(1_000, vec![open]), [true]);
    assert_eq!(chain.try_block(1_000, vec![cancel]), [false]);
    let exported = once(&chain, &url).await.unwrap();
    assert_eq!(exported.height, chain.height());
    check(&chain, &url).await;
}

#[tokio::test]
async fn what_is_away_for_too_long_is_given_up() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let chain = Chain::new(0);
    chain.recorded.set_away(true);
    let error = once(&chain, &url).await.unwrap_err().to_string();
    assert!(error.contains("gave up"), "{error}");
    assert!(error.contains("the node is away"), "{error}");
    assert!(error.contains("start this again"), "{error}");
    chain.recorded.set_away(false);
    cluster.crash();
    let error = once(&chain, &url).await.unwrap_err().to_string();
    assert!(error.contains("PostgreSQL is away"), "{error}");
    assert!(error.contains("see that it runs"), "{error}");
    let error = once(&chain, "postgres:/:secret@").await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn whoever_has_a_wrong_password_is_told_so_and_not_the_password() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let chain = Chain::new(0);
    for wrong in [":mistyped@", "@"] {
        let url = url.replace(&format!(":{PASSWORD}@"), wrong);
        let denied = once(&chain, &url).await.unwrap_err();
        let remedy = denied.to_string();
        assert!(matches!(denied, ExportError::Denied(_)), "{remedy}");
        assert!(remedy.contains("correct user and password"), "{remedy}");
        assert!(!format!("{denied:?} {remedy}").contains("mistyped"));
    }
    once(&chain, &url).await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_chain_or_another_program_is_refused() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let (mut chain, mut other) = (Chain::new(0), Chain::new(1));
    let nothing = verify(chain.recorded.clone(), &url, |_, _| {}).await;
    assert!(
        matches!(nothing, Err(ExportError::OlderSchema { found: 0, .. })),
        "{nothing:?}"
    );
    let behind = Chain::new(0);
    for chain in [&mut chain, &mut other] {
        chain.block(1_000, Vec::new());
        chain.block(1_000, Vec::new());
    }
    once(&chain, &url).await.unwrap();

    let refused = once(&other, &url).await;
    assert!(
        matches!(refused, Err(ExportError::ForeignChain { .. })),
        "{refused:?}"
    );
    let refused = once(&behind, &url).await;
    assert!(
        matches!(
            refused,
            Err(ExportError::Behind {
                tip: 0,
                exported: 2
            })
        ),
        "{refused:?}"
    );
    // The same genesis, and another block at the height to which the database has come.
    let mut forked = Chain::new(0);
    forked.block(2_000, Vec::new());
    forked.block(2_000, Vec::new());
    let refused = once(&forked, &url).await;
    assert!(
        matches!(refused, Err(ExportError::OtherHistory { height: 2 })),
        "{refused:?}"
    );
    check(&chain, &url).await;

    let newer = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES ({}, 'of tomorrow', true, '', 0)",
        SCHEMA_VERSION + 1
    );
    cluster.execute(&url, &newer);
    let refused = once(&chain, &url).await.unwrap_err();
    let remedy = refused.to_string();
    assert!(
        matches!(refused, ExportError::NewerSchema { .. }),
        "{remedy}"
    );
    assert!(remedy.contains("a later one"), "{remedy}");
    let unread = verify(chain.recorded.clone(), &url, |_, _| {}).await;
    assert!(
        matches!(unread, Err(ExportError::NewerSchema { .. })),
        "{unread:?}"
    );
}

#[tokio::test]
async fn tables_of_an_earlier_program_are_brought_up_to_date_if_their_rows_would_be_the_same() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut chain = Chain::new(0);
    play(&mut chain);
    once(&chain, &url).await.unwrap();

    let older = cluster.create("older");
    let first = include_str!("../migrations/0001_chain.sql");
    cluster.execute(&older, first);
    let table = cluster.execute(
        &url,
        "SELECT 'INSERT INTO _sqlx_migrations SELECT 1, ''chain'', now(), true, ''' || checksum::text || '''::bytea, 0' \
         FROM _sqlx_migrations WHERE version = 1",
    );
    cluster.execute(
        &older,
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, \
         installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, \
         execution_time bigint NOT NULL)",
    );
    cluster.execute(&older, &table);
    let unread = verify(chain.recorded.clone(), &older, |_, _| {}).await;
    assert!(
        matches!(unread, Err(ExportError::OlderSchema { found: 1, .. })),
        "{unread:?}"
    );
    once(&chain, &older).await.unwrap();
    check(&chain, &older).await;

    // Also those that have blocks, whose rows stay.
    cluster.execute(
        &url,
        "DROP VIEW patient_operations, patient_events, patient_things; DROP INDEX extrinsics_at; \
         DELETE FROM _sqlx_migrations WHERE version = 7",
    );
    let unread = queries::query(&url, "operations-of", &[]).await;
    assert!(
        matches!(unread, Err(ExportError::OlderSchema { found: 6, .. })),
        "{unread:?}"
    );
    assert_eq!(once(&chain, &url).await.unwrap().blocks, 0);
    check(&chain, &url).await;
    let hers = column(&url, "operations-of", &[("patient", "5")], "call").await;
    assert!(hers.contains(&"Appointments.check_in".into()), "{hers:?}");

    // But not if there are rows in it that the same blocks would not have now.
    cluster.execute(&older, "DELETE FROM _sqlx_migrations WHERE version >= 6");
    let refused = once(&chain, &older).await.unwrap_err().to_string();
    assert!(
        refused.contains("export into a new database"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_was_changed_in_the_database_is_named() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut chain = Chain::new(0);
    play(&mut chain);
    once(&chain, &url).await.unwrap();
    check(&chain, &url).await;

    for (change, back, height, table) in [
        (
            "DELETE FROM events WHERE height = 5 AND index = 1",
            None,
            5,
            "events",
        ),
        (
            "UPDATE events SET fields = '{}' WHERE height = 2 AND pallet = 'Appointments'",
            None,
            2,
            "events",
        ),
        (
            "UPDATE extrinsics SET signer = 'nobody' WHERE height = 3 AND index = 1",
            None,
            3,
            "extrinsics",
        ),
        (
            "INSERT INTO event_entities VALUES ('patient', 1, 1, 0)",
            Some(
                "DELETE FROM event_entities WHERE (kind, id, height, index) = ('patient', 1, 1, 0)",
            ),
            1,
            "event_entities",
        ),
        (
            "INSERT INTO hold_changes SELECT 1000, 0, now(), 0, 'Patient', 0, true, ''",
            Some("DELETE FROM hold_changes WHERE height = 1000"),
            1_000,
            "hold_changes",
        ),
    ] {
        let copy = cluster.create("changed");
        once(&chain, &copy).await.unwrap();
        cluster.execute(&copy, change);
        let found = difference(&chain, &copy).await;
        let Some(Difference::Block {
            height: found_height,
            table: found_table,
            ..
        }) = found
        else {
            panic!("{change}: {found:?}");
        };
        assert_eq!((found_height, found_table), (height, table), "{change}");
        if let Some(back) = back {
            cluster.execute(&copy, back);
            check(&chain, &copy).await;
        }
        cluster.remove("changed");
    }
    for (change, table) in [
        ("DELETE FROM accesses WHERE entry = 1", "accesses"),
        (
            "UPDATE invoices SET paid_fen = paid_fen + 1 WHERE invoice_id = 0",
            "invoices",
        ),
        (
            "INSERT INTO licences VALUES (0, 1, 1, '01', 'Active')",
            "licences",
        ),
        (
            "INSERT INTO patients SELECT 99, account, 0, 'Active', false FROM patients LIMIT 1",
            "patients",
        ),
    ] {
        let copy = cluster.create("changed");
        once(&chain, &copy).await.unwrap();
        cluster.execute(&copy, change);
        let found = difference(&chain, &copy).await;
        assert!(
            matches!(&found, Some(Difference::State { table: found, .. }) if *found == table),
            "{change}: {found:?}"
        );
        cluster.remove("changed");
    }
}

/// The values of one column of a query's answer.
async fn column(url: &str, query: &str, values: &[(&str, &str)], column: &str) -> Vec<String> {
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let answer = queries::query(url, query, &values).await.unwrap();
    let Some(place) = answer.columns.iter().position(|name| name == column) else {
        return Vec::new();
    };
    let rows = answer.rows.into_iter();
    rows.map(|mut row| row.remove(place).unwrap_or_else(|| "NULL".into()))
        .collect()
}

#[tokio::test]
async fn the_queries_answer_what_happened() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut chain = Chain::new(0);
    play(&mut chain);
    once(&chain, &url).await.unwrap();

    let why = column(&url, "readers-of-patient", &[("patient", "0")], "why").await;
    assert_eq!(
        why,
        [
            "Patient",
            "emergency 0",
            "emergency declared",
            "denied: NoGrant",
            "denied: OtherPurpose",
            "grant 0",
        ]
    );
    let period = [("from", "2025-06-02"), ("until", "2025-06-03")];
    for (name, value) in [
        ("department", "Internal medicine"),
        ("appointments", "4"),
        ("cancelled", "2"),
        ("by_patients", "1"),
        ("by_staff", "1"),
        ("no_shows", "1"),
        ("no_show_percent", "25.0"),
    ] {
        let found = column(&url, "cancellations-by-department", &period, name).await;
        assert_eq!(found, [value], "{name}");
    }
    let earlier = [("from", "2025-06-01"), ("until", "2025-06-01T12:00Z")];
    let found = column(&url, "cancellations-by-department", &earlier, "member").await;
    assert!(found.is_empty());
    for (name, values) in [
        (
            "flags",
            ["[\"NoVisit\"]", "[\"NoVisit\",\"RefundedAfterSettlement\"]"],
        ),
        ("state", ["Approved", "Closed"]),
        ("decision", ["Approve"; 2]),
        ("fund_fen", ["140000"; 2]),
        ("insurer", ["Charlie Insurance"; 2]),
        ("number", ["2025-000000-00000001", "2025-000000-00000006"]),
    ] {
        let found = column(&url, "flagged-claims-paid", &[], name).await;
        assert_eq!(found, values, "{name}");
    }
    for (name, values) in [
        (
            "red_number",
            [
                "2025-000000-00000011",
                "2025-000000-00000005",
                "2025-000000-00000003",
            ],
        ),
        ("taken_back_fen", ["300000"; 3]),
        ("to_balance_fen", ["0", "155000", "300000"]),
        ("outside_fen", ["300000", "0", "0"]),
        ("reason", ["NotRendered"; 3]),
        ("state", ["Refunded"; 3]),
    ] {
        let found = column(&url, "red-lettered-invoices", &[], name).await;
        assert_eq!(found, values, "{name}");
    }
    let day = [("practitioner", "0"), ("day", "2025-06-02")];
    for (name, values) in [
        ("state", ["Fulfilled", "Cancelled", "NoShow", "Cancelled"]),
        ("records", ["1", "0", "0", "0"]),
        ("invoices", ["1", "0", "0", "0"]),
    ] {
        let found = column(&url, "day-of-practitioner", &day, name).await;
        assert_eq!(found, values, "{name}");
    }
    let trail = [("appointment", "0")];
    let events = column(&url, "trail-of-appointment", &trail, "event").await;
    let expected = [
        "Booked",
        "CheckedIn",
        "Written",
        "Fulfilled",
        "InvoiceIssued",
        "Refunded",
    ];
    let mut events = events.iter();
    for event in expected {
        assert!(events.any(|found| found == event), "{event} is missing");
    }
    let readings = column(&url, "readings-under-emergency", &[], "readings").await;
    assert_eq!(readings, ["1"]);
    let overdue = column(&url, "overdue-disclosures", &[], "regulator").await;
    assert_eq!(overdue, ["Dave Health Commission"]);

    let unknown = queries::query(&url, "nothing", &[]).await.unwrap_err();
    assert!(unknown.to_string().contains("readers-of-patient"));
    let missing = queries::query(&url, "readers-of-patient", &[]).await;
    assert!(
        matches!(missing, Err(ExportError::NoValue(_))),
        "{missing:?}"
    );
}

#[tokio::test]
async fn the_tables_tell_what_was_moved_changed_and_taken_back() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut chain = Chain::new(0);
    play(&mut chain);
    once(&chain, &url).await.unwrap();

    for (sql, expected) in [
        (
            "SELECT string_agg(change, ' ' ORDER BY height, event_index) FROM appointment_changes WHERE appointment_id = 5",
            "Waitlisted Promoted Confirmed CheckedIn Fulfilled",
        ),
        (
            "SELECT string_agg(coalesce(acting, '') || coalesce(reason, ''), ' ' ORDER BY height) \
             FROM appointment_changes WHERE change = 'Rescheduled'",
            "Patient StaffScheduleChanged",
        ),
        ("SELECT state || slot FROM appointments WHERE appointment_id = 4", "Booked2"),
        ("SELECT is_closed FROM schedules WHERE schedule_id = 1", "t"),
        (
            "SELECT string_agg(carrier || reason, ' ' ORDER BY record_id) FROM record_versions WHERE version = 2",
            "BlockAddition ExternalCorrection",
        ),
        ("SELECT erasure || version_count FROM records WHERE record_id = 1", "Done2"),
        ("SELECT retracted_at IS NOT NULL FROM records WHERE record_id = 2", "t"),
        (
            "SELECT string_agg(source || ' ' || coalesce(end_cause, 'over'), ', ' ORDER BY grant_id) \
             FROM grants WHERE grant_id > 0",
            "Shared Revoked, PassedOn SourceEnded, Requested over, Shared RecordErased",
        ),
        (
            "SELECT string_agg(coalesce(basis, denial), ' ' ORDER BY entry) FROM accesses WHERE patient_id = 5",
            "Grant Erased",
        ),
        ("SELECT state FROM emergencies", "Reviewed"),
        (
            "SELECT string_agg(state || ' ' || account_fen, ', ' ORDER BY settlement_id) FROM settlements",
            "Live 0, Reversed 5000, Live 0",
        ),
        (
            "SELECT string_agg(state || ' ' || coalesce(decision, ''), ', ' ORDER BY claim_id) FROM claims",
            "Approved Approve, Closed Approve, Withdrawn , Closed Deny",
        ),
        (
            "SELECT string_agg(change, ' ' ORDER BY height, event_index) FROM claim_changes WHERE claim_id = 1",
            "Flagged Decided Appealed Decided",
        ),
        ("SELECT invoice_id FROM invoices WHERE is_cancelled", "8"),
        ("SELECT invoice_id FROM payments WHERE source = 'Outside'", "9"),
        ("SELECT account_fen FROM coverages WHERE coverage_id = 1", "0"),
        ("SELECT covered_until IS NOT NULL FROM coverages WHERE coverage_id = 1", "t"),
        ("SELECT closed_after IS NOT NULL FROM schemes", "t"),
        (
            "SELECT name FROM cases JOIN members ON member_id = regulator_id WHERE closed_at IS NOT NULL",
            "Frank Inspectorate",
        ),
        (
            "SELECT string_agg(state, ' ' ORDER BY disclosure_id) FROM disclosures",
            "Open Disclosed Withdrawn",
        ),
        ("SELECT standing FROM patients WHERE patient_id = 8", "Suspended"),
        ("SELECT standing FROM licences WHERE practitioner_id = 4", "Suspended"),
        ("SELECT count(*) FROM licences WHERE practitioner_id = 2", "1"),
        ("SELECT count(*) FROM departments WHERE department_id = 9", "0"),
    ] {
        assert_eq!(cluster.execute(&url, sql), expected, "{sql}");
    }
    let account = cluster.execute(&url, "SELECT account FROM patients WHERE patient_id = 5");
    assert_eq!(account, dev::account(RENEWED).to_string());
}

#[tokio::test]
async fn the_tables_tell_what_the_chain_says() {
    let cluster = Cluster::start();
    let url = cluster.create("exported");
    let mut chain = Chain::new(0);
    play(&mut chain);
    once(&chain, &url).await.unwrap();

    for (sql, expected) in [
        ("SELECT count(*) FROM blocks", i64::from(chain.height()) + 1),
        ("SELECT count(*) FROM members", 7),
        ("SELECT count(*) FROM patients", 16),
        ("SELECT count(*) FROM departments", 4),
        ("SELECT count(*) FROM extrinsics WHERE NOT is_success", 1),
        (
            "SELECT count(*) FROM extrinsics WHERE error_pallet = 'Appointments' AND error = 'SlotFull'",
            1,
        ),
        ("SELECT count(*) FROM holds WHERE lifted_at > placed_at", 3),
        ("SELECT count(*) FROM grants WHERE record_id = 0 AND ended_at IS NULL", 1),
        ("SELECT count(*) FROM invoice_lines WHERE unit_price_fen = 300000", 8),
        ("SELECT sum(amount_fen)::bigint FROM payments", 1_055_000),
        ("SELECT size_bytes::bigint FROM record_versions WHERE record_id = 0", 2_000),
        (
            "SELECT count(*) FROM record_versions JOIN extrinsics ON height = carrier_height \
             WHERE arguments #>> '{ciphertext,blake2_256}' = '0x' || encode(record_versions.hash, 'hex')",
            3,
        ),
        // Times of events and calls are what the state has.
        (
            "SELECT count(*) FROM schedules JOIN events \
             ON event = 'SchedulePublished' AND (fields ->> 'start')::timestamptz = starts_at",
            2,
        ),
        (
            "SELECT count(DISTINCT invoice_id) FROM invoices JOIN extrinsics \
             ON call = 'issue_invoice' AND (arguments #>> '{invoice,service,0}')::date = service_from",
            8,
        ),
        (
            "SELECT count(*) FROM blocks JOIN blocks AS parent ON parent.hash = blocks.parent_hash",
            i64::from(chain.height()),
        ),
        (
            "SELECT count(*) FROM extrinsic_entities WHERE kind = 'claim' AND id = 0",
            2,
        ),
    ] {
        assert_eq!(cluster.number(&url, sql), expected, "{sql}");
    }
    let sql = "SELECT to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') FROM blocks";
    let last = chain.now_ms / 1_000;
    let epoch = format!(
        "SELECT to_char(to_timestamp({last}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
    );
    assert_eq!(cluster.execute(&url, sql), cluster.execute(&url, &epoch));
}
