//! Finding operations: by those whom they concern, by nobody else, and by a regulator on the record.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::process::Output;

use pallet_appointments::types::{NewSchedule, VisitKind};
use pallet_audit::types::Statement;
use serde_json::Value;
use xinglin_primitives::{
    glue::Subject,
    time::{Date, HOUR_MS},
    DepartmentId, Hash, Party, PatientId, PractitionerId, ScheduleId,
};
use xinglin_rpc_api::explorer::ActivityFilter;
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    client::Client,
    operation::{execute, FINALITY_LIMIT},
    parties,
    wallet::Wallet,
};

use self::support::{xinglin, DevNode};

const PATIENT: &str = "//Alice//patient//1";
const DOCTOR: &str = "//Alice//doctor//1";
const HOSPITAL: &str = "//Alice";
const REGULATOR: &str = "//Dave";
const STRANGER: &str = "//Alice//patient//2";

fn wallet(path: &str) -> Wallet {
    Wallet::development(path).unwrap()
}

/// Runs `xinglin explorer`.
fn explorer(node: &DevNode, path: &str, arguments: &[&str]) -> Output {
    let url = node.url();
    let who = ["explorer", "--url", &url, "--dev-key", path];
    xinglin(&[&who[..], arguments].concat())
}

fn json(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn found(node: &DevNode, path: &str, filter: &[&str]) -> Vec<Value> {
    let page = json(&explorer(
        node,
        path,
        &[&["find", "--json"], filter].concat(),
    ));
    page["items"].as_array().unwrap().clone()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The hospital publishes a schedule of its doctor, and the patient books the first slot. Gives the
/// hash of the booking.
async fn book(client: &Client) -> Hash {
    let today = Date::of(parties::now(client).await.unwrap());
    let schedule = NewSchedule {
        practitioner: PractitionerId(0),
        department: DepartmentId(1),
        kind: VisitKind::First,
        start: Date(today.0 + 2).start() + 9 * HOUR_MS,
        slot_minutes: 15,
        slots: 4,
        capacity: 1,
        fee_fen: 2_500,
    };
    let publish = pallet_appointments::Call::<Runtime>::publish_schedule { schedule };
    execute(client, wallet(HOSPITAL).key(), publish)
        .await
        .unwrap();
    let book = pallet_appointments::Call::<Runtime>::book {
        patient: PatientId(0),
        schedule: ScheduleId(0),
        slot: 0,
        waitlist: false,
        pre_visit_grant: None,
    };
    let booked = execute(client, wallet(PATIENT).key(), book).await.unwrap();
    client
        .wait_until_indexed(booked.number, FINALITY_LIMIT)
        .await
        .unwrap();
    booked.hash
}

async fn open_case(client: &Client) {
    let open = pallet_audit::Call::<Runtime>::open_case {
        subject: Subject::Party(Party::Patient(PatientId(0))),
        basis: Statement {
            code: 1,
            digest: Hash::repeat_byte(1),
        },
    };
    let opened = execute(client, wallet(REGULATOR).key(), open)
        .await
        .unwrap();
    client
        .wait_until_indexed(opened.number, FINALITY_LIMIT)
        .await
        .unwrap();
}

#[tokio::test]
async fn operations_are_found_by_those_whom_they_concern() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let hash = book(&client).await;

    let booking = ["--pallet", "Appointments", "--call", "book"];
    for (path, entity) in [
        (PATIENT, "patient:0"),
        (PATIENT, "appointment:0"),
        (DOCTOR, "practitioner:0"),
        (DOCTOR, "appointment:0"),
        (HOSPITAL, "member:0"),
    ] {
        let items = found(&node, path, &[&["--entity", entity], &booking[..]].concat());
        assert_eq!(items.len(), 1, "{entity}");
        assert_eq!(items[0]["hash"], format!("{hash:?}"));
        assert_eq!(items[0]["arguments"]["schedule"], 0);
        assert_eq!(items[0]["outcome"], "success");
    }
    // Without a word of whom it is about, what one signed.
    assert_eq!(found(&node, PATIENT, &[]).len(), 1);
    assert_eq!(found(&node, STRANGER, &[]).len(), 0);
    let time = found(&node, PATIENT, &[])[0]["time"].clone();
    let time = time.as_str().unwrap();
    assert_eq!(found(&node, PATIENT, &["--from", time]).len(), 1);
    assert_eq!(found(&node, PATIENT, &["--before", time]).len(), 0);

    for path in [STRANGER, REGULATOR] {
        let refused = explorer(&node, path, &["find", "--entity", "patient:0"]);
        assert!(refusal(&refused).contains("may not ask"));
    }
    let wrong = explorer(&node, PATIENT, &["find", "--pallet", "Apointments"]);
    assert!(refusal(&wrong).contains("Appointments"));

    let csv = explorer(&node, PATIENT, &["find", "--csv"]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("time,block,index,call,outcome,mentions,signer,hash")
    );
    assert!(lines.next().unwrap().contains("Appointments.book,success,"));
    let trail = json(&explorer(&node, PATIENT, &["trail", "0", "--json"]));
    assert_eq!(trail["operations"][0]["hash"], format!("{hash:?}"));
    assert_eq!(trail["hidden"], serde_json::json!([]));
    let blocks = json(&explorer(&node, PATIENT, &["blocks", "--json", "--oldest"]));
    assert_eq!(blocks["items"][0]["number"], 0);
    let counts = json(&explorer(
        &node,
        PATIENT,
        &["counts", "--json", "--member", "0"],
    ));
    assert!(counts.to_string().contains("publish_schedule"));
}

#[tokio::test]
async fn what_a_regulator_asks_is_on_the_record() {
    let node = DevNode::start(&["--anchor-interval", "1"]);
    let client = Client::connect(&node.url()).await.unwrap();
    let hash = book(&client).await;
    open_case(&client).await;
    let anchored = ActivityFilter {
        pallet: Some("Audit".to_owned()),
        event: Some("QuestionsAnchored".to_owned()),
    };
    let mut anchors = client.watch_activity(&anchored).await.unwrap();
    let for_case = ["--case", "0", "--entity", "patient:0", "--call", "book"];
    let for_case = [&for_case[..], &["--pallet", "Appointments"]].concat();
    let items = found(&node, REGULATOR, &for_case);
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["hash"], format!("{hash:?}"));
    let text = format!("{hash:?}");
    let operation = ["operation", "--json", "--case", "0", &text];
    let operation = json(&explorer(&node, REGULATOR, &operation));
    assert_eq!(operation["receipt"]["hash"], text);
    let hospital = explorer(&node, HOSPITAL, &["find", "--case", "0"]);
    assert!(refusal(&hospital).contains("not an open one"));

    // Both questions are kept; the chain has them soon.
    loop {
        anchors.next().await.unwrap().unwrap();
        let check = client.check_questions().await.unwrap();
        assert!(check.agrees());
        if check.anchor.is_some_and(|anchor| anchor.count == 2) {
            break;
        }
    }
    let record = client.explorer_status().await.unwrap().record.unwrap();
    assert_eq!((record.kept, record.problem), (2, None));
    let check = [
        "explorer",
        "--url",
        &node.url(),
        "questions",
        "--check",
        "--json",
    ];
    let check = json(&xinglin(&check));
    assert_eq!(
        (&check["anchored"], &check["agrees"]),
        (&2.into(), &true.into())
    );
    let account = wallet("//Alice//service//2").key().address();
    assert_eq!(check["account"], account);
    let questions = json(&explorer(&node, REGULATOR, &["questions", "--json"]));
    assert_eq!(questions[0]["method"], "explorer_extrinsics");
    assert!(questions[0]["question"]
        .as_str()
        .unwrap()
        .contains("patient:0"));
    assert_eq!(questions[1]["method"], "explorer_operation");
    let listed = explorer(&node, PATIENT, &["questions"]);
    assert!(refusal(&listed).contains("may not ask"));
    // The anchor is an operation like any other.
    let anchor = [
        "--case",
        "0",
        "--pallet",
        "Audit",
        "--call",
        "anchor_questions",
    ];
    assert!(!found(&node, REGULATOR, &anchor).is_empty());
}
