//! Finding operations: by those whom they concern, by nobody else, and by a regulator on the record.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::{process::Output, time::Instant};

use pallet_appointments::types::{Acting, StaffReason};
use pallet_records::{access::Purpose, grants::Covered};
use serde_json::{json, Value};
use tokio::task::{spawn_blocking, yield_now, JoinHandle};
use xinglin_primitives::{
    AppointmentId, CaseId, ClaimId, CoverageId, GrantId, Hash, InvoiceId, Party, PatientId,
    PractitionerId, RecordId, ScheduleId,
};
use xinglin_rpc_api::explorer::ActivityFilter;
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::{
    billing,
    client::{Client, Outcome},
    insurance::{self, SettlementOrder, Settling},
    operation::{self, execute, random_id, FINALITY_LIMIT},
    parties,
    records::{self, RecordDraft},
};

use self::support::{
    acts::{act_indexed, book, cover, indexed, open_case, soon, today, wallet},
    calls,
    drafts::{self, PRICE_FEN},
    xinglin, DevNode,
};

const PATIENT: &str = "//Alice//patient//1";
const DOCTOR: &str = "//Alice//doctor//1";
/// Who is granted a record.
const COLLEAGUE: &str = "//Bob//doctor//1";
const HOSPITAL: &str = "//Alice";
const INSURER: &str = "//Charlie";
const REGULATOR: &str = "//Dave";
const STRANGER: &str = "//Alice//patient//2";

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

async fn close_case(client: &Client) {
    let close = pallet_audit::Call::<Runtime>::close_case {
        case: CaseId(0),
        finding: calls::statement(2),
    };
    act_indexed(client, REGULATOR, close).await;
}

/// The hospital bills the patient, without a visit.
async fn bill(client: &Client) -> InvoiceId {
    let draft = drafts::invoice(today(client).await);
    let prepared = billing::prepare(client, &wallet(HOSPITAL), &draft).await;
    let issued = act_indexed(client, HOSPITAL, prepared.unwrap().call()).await;
    let invoice = operation::told(&issued, "InvoiceIssued", |event| match event {
        RuntimeEvent::Payments(pallet_payments::Event::InvoiceIssued { invoice, .. }) => {
            Some(*invoice)
        }
        _ => None,
    });
    invoice.unwrap()
}

/// The patient pays a bill.
async fn pay(client: &Client) -> Outcome {
    let pay = pallet_payments::Call::<Runtime>::pay {
        invoice: bill(client).await,
        amount_fen: PRICE_FEN,
        payment: random_id(),
    };
    act_indexed(client, PATIENT, pay).await
}

/// The insurer covers the patient by a scheme under which what has no visit is flagged, and the
/// patient settles a bill.
async fn flag(client: &Client) -> (ClaimId, Hash) {
    cover(client).await;
    let order = SettlementOrder {
        invoice: bill(client).await,
        coverage: CoverageId(0),
        account_max_fen: 0,
    };
    let settled = insurance::settle(client, wallet(PATIENT).key(), order, None).await;
    let (settling, outcome) = settled.unwrap();
    indexed(client, &outcome).await;
    let Settling::Flagged { claim } = settling else {
        panic!("a bill without a visit was not flagged");
    };
    (claim, outcome.hash)
}

/// The doctor writes a record, which the patient shares with her colleague.
async fn share(client: &Client) -> (GrantId, Hash) {
    let draft = drafts::record(b"{}");
    let written = records::write(client, wallet(DOCTOR).key(), &draft).await;
    let now = parties::now(client).await.unwrap();
    let what = Covered::Record(written.unwrap().record);
    let terms = calls::terms(what, PractitionerId(2), now);
    let sharing = records::share(client, &wallet(PATIENT), terms).await;
    let sharing = sharing.unwrap();
    indexed(client, sharing.outcomes.last().unwrap()).await;
    (sharing.grant, sharing.outcomes[0].hash)
}

/// Runs `xinglin explorer watch`, which ends by itself once it has told as much as it was asked for.
fn watch(node: &DevNode, path: &'static str, what: &'static str) -> JoinHandle<Output> {
    let url = node.url();
    spawn_blocking(move || {
        let who = [
            "explorer",
            "watch",
            "--json",
            "--url",
            &url,
            "--dev-key",
            path,
        ];
        let what: Vec<&str> = what.split(' ').collect();
        xinglin(&[&who[..], &what].concat())
    })
}

/// Waits until the node has so many subscribers.
async fn subscribers(node: &DevNode, count: usize) {
    let deadline = Instant::now() + FINALITY_LIMIT;
    let line = format!("xinglin_rpc_subscriptions {count}\n");
    while !node.get("/metrics").contains(&line) {
        assert!(Instant::now() < deadline, "there are not {count}");
        // The client of this test has to end its own.
        yield_now().await;
    }
}

async fn ended(watching: JoinHandle<Output>) -> Output {
    soon(watching).await.unwrap()
}

/// What a watch told until its end, one document a line.
async fn told(watching: JoinHandle<Output>) -> Vec<Value> {
    let output = ended(watching).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[tokio::test]
async fn operations_are_found_by_those_whom_they_concern() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (_, hash) = book(&client).await;

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
    let (_, hash) = book(&client).await;
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
        soon(anchors.next()).await.unwrap().unwrap();
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

#[tokio::test]
async fn bookings_payments_and_flagged_claims_are_told_as_they_happen() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    open_case(&client).await;
    subscribers(&node, 0).await;
    let of_patient = watch(&node, PATIENT, "--operations --entity patient:0 --count 6");
    let payments = watch(
        &node,
        STRANGER,
        "--event-pallet Payments --event Paid --count 1",
    );
    let flagged = "--operations --event-pallet Insurance --event Flagged --case 0 --count 1";
    let flagged = watch(&node, REGULATOR, flagged);
    subscribers(&node, 3).await;

    let (_, booking) = book(&client).await;
    let payment = pay(&client).await;
    let (_, settling) = flag(&client).await;
    let operations = told(of_patient).await;
    let calls: Vec<String> = operations
        .iter()
        .map(|it| format!("{}.{}", it["pallet"], it["call"]).replace('"', ""))
        .collect();
    let expected = [
        "Appointments.book",
        "Payments.issue_invoice",
        "Payments.pay",
        "Insurance.enrol",
        "Payments.issue_invoice",
        "Insurance.settle",
    ];
    assert_eq!(calls, expected);
    for (place, hash) in [(0, booking), (2, payment.hash), (5, settling)] {
        assert_eq!(operations[place]["hash"], json!(hash));
        assert_eq!(operations[place]["outcome"], "success");
    }
    // Everybody learns that there was a payment, and not whose.
    let [paid] = &told(payments).await[..] else {
        panic!("one was asked for");
    };
    assert_eq!(paid["block"], payment.number);
    assert_eq!(
        (&paid["pallet"], &paid["event"]),
        (&json!("Payments"), &json!("Paid"))
    );
    let keys: Vec<&String> = paid.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["block", "event", "index", "pallet", "time"]);
    let [claim] = &told(flagged).await[..] else {
        panic!("one was asked for");
    };
    assert_eq!(claim["hash"], json!(settling));
    let mentioned = claim["entities"].as_array().unwrap();
    assert!(mentioned.contains(&json!("claim:0")), "{mentioned:?}");

    // Nothing more is told for a case that is closed.
    subscribers(&node, 0).await;
    let after = watch(&node, REGULATOR, "--operations --pallet Payments --case 0");
    subscribers(&node, 1).await;
    close_case(&client).await;
    bill(&client).await;
    let output = ended(after).await;
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(1), &[][..])
    );
}

#[tokio::test]
async fn a_payment_is_found_in_its_block_by_its_events_and_by_its_signer() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (_, hash) = book(&client).await;
    // The day has one visit to a department.
    let again = execute(&client, wallet(PATIENT).key(), calls::book(0, 0)).await;
    assert!(again.is_err());
    let payment = pay(&client).await;

    let status = json(&explorer(&node, PATIENT, &["status", "--json"]));
    assert_eq!(status["genesisHash"], json!(client.genesis()));
    assert_eq!(
        (&status["first"], &status["record"]["kept"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(status["problem"], Value::Null);
    let indexed = status["last"].as_u64();
    assert!(indexed >= Some(payment.number.into()), "{status}");
    assert!(status["tip"].as_u64() >= indexed, "{status}");
    let (height, block) = (payment.number.to_string(), format!("{:?}", payment.block));
    let found_block = json(&explorer(&node, PATIENT, &["block", &height, "--json"]));
    assert_eq!(found_block["hash"], block);
    let paid = json!({ "pallet": "Payments", "call": "pay", "succeeded": 1, "failed": 0 });
    assert!(
        found_block["calls"].as_array().unwrap().contains(&paid),
        "{found_block}"
    );
    let by_hash = json(&explorer(&node, PATIENT, &["block", &block, "--json"]));
    assert_eq!(by_hash, found_block);
    let unknown = explorer(&node, PATIENT, &["block", "999999"]);
    assert!(refusal(&unknown).contains("no such block"));

    let of_event = ["--event-pallet", "Payments", "--event", "Paid", "--events"];
    for of in [&["--entity", "patient:0"][..], &["--signer", "me"]] {
        let events = found(&node, PATIENT, &[of, &of_event].concat());
        let [event] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(event["operation"], json!(payment.hash));
        assert_eq!(event["fields"]["amount_fen"], PRICE_FEN as u64);
    }
    let outcomes = |filter: &[&str]| -> Vec<(Value, Value)> {
        let items = found(&node, PATIENT, filter);
        let items = items
            .iter()
            .map(|it| (it["hash"].clone(), it["outcome"].clone()));
        items.collect()
    };
    let address = wallet(PATIENT).key().address();
    let all = outcomes(&["--signer", &address]);
    assert_eq!(all, outcomes(&["--signer", "me"]));
    let [last, refused, first] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(*last, (json!(payment.hash), json!("success")));
    assert_eq!(*first, (json!(hash), json!("success")));
    assert_eq!(refused.1, "error");
    assert_eq!(
        outcomes(&["--outcome", "error"]),
        std::slice::from_ref(refused)
    );
    assert_eq!(
        outcomes(&["--outcome", "success"]),
        [last.clone(), first.clone()]
    );
    let refused = found(&node, PATIENT, &["--outcome", "error"]);
    let rule = refused[0]["error"].as_str().unwrap();
    assert!(rule.starts_with("Appointments."), "{rule}");
    // Of what others signed, that which is about her.
    let address = wallet(HOSPITAL).key().address();
    let of_hospital = ["--signer", &address];
    assert!(refusal(&explorer(
        &node,
        PATIENT,
        &[&["find"], &of_hospital[..]].concat()
    ))
    .contains("may not ask"));
    let items = found(
        &node,
        PATIENT,
        &[&["--entity", "patient:0"], &of_hospital[..]].concat(),
    );
    assert_eq!(
        (items.len(), &items[0]["call"]),
        (1, &json!("issue_invoice"))
    );

    receipt_is_kept(&node, &format!("{:?}", payment.hash));
}

/// The receipt of an operation is kept in a new file, for those who may see the operation.
fn receipt_is_kept(node: &DevNode, hash: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, missing) = (path("receipt.json"), path("missing.json"));
    let operation = ["operation", hash, "--json", "--receipt"];
    let kept = json(&explorer(
        node,
        PATIENT,
        &[&operation[..], &[&file]].concat(),
    ));
    assert_eq!(kept["hash"], hash);
    assert_eq!(
        kept["events"].as_array().unwrap().last().unwrap()["event"],
        "ExtrinsicSuccess"
    );
    let verified = xinglin(&["receipt", "verify", &file, "--genesis", "dev", "--json"]);
    let verified = json(&verified);
    assert_eq!(
        (&verified["proven"], &verified["transaction"]),
        (&json!(true), &json!(hash))
    );
    let before = std::fs::read(&file).unwrap();
    let again = explorer(node, PATIENT, &[&operation[..], &[&file]].concat());
    assert!(refusal(&again).contains("exists"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let refused = explorer(node, STRANGER, &[&operation[..], &[&missing]].concat());
    assert!(refusal(&refused).contains("may not ask"));
    assert!(!std::path::Path::new(&missing).exists());
}

#[tokio::test]
async fn grants_claims_and_cases_are_found_by_their_numbers() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let (grant, sharing) = share(&client).await;
    let (claim, settling) = flag(&client).await;
    open_case(&client).await;

    let (grant, claim) = (format!("grant:{grant}"), format!("claim:{claim}"));
    let case: &[&str] = &["--case", "0"];
    for (entity, call, asking) in [
        (
            grant.as_str(),
            "share",
            &[(PATIENT, &[][..]), (COLLEAGUE, &[]), (REGULATOR, case)][..],
        ),
        (
            &claim,
            "settle",
            &[
                (PATIENT, &[]),
                (INSURER, &[]),
                (HOSPITAL, &[]),
                (REGULATOR, case),
            ],
        ),
        (
            "case:0",
            "open_case",
            &[(REGULATOR, &[]), (REGULATOR, case)],
        ),
    ] {
        for (path, case) in asking {
            let items = found(&node, path, &[&["--entity", entity], *case].concat());
            let calls: Vec<&Value> = items.iter().map(|it| &it["call"]).collect();
            assert_eq!(calls, [call], "{entity} by {path}");
            let mentioned = items[0]["entities"].as_array().unwrap();
            assert!(mentioned.contains(&json!(entity)), "{mentioned:?}");
            match call {
                "share" => assert_eq!(items[0]["hash"], json!(sharing)),
                "settle" => assert_eq!(items[0]["hash"], json!(settling)),
                _ => {}
            }
        }
    }
    for (entity, path) in [
        (grant.as_str(), STRANGER),
        (&grant, HOSPITAL),
        (&grant, REGULATOR),
        (&claim, STRANGER),
        (&claim, DOCTOR),
        (&claim, REGULATOR),
        ("case:0", PATIENT),
        ("case:0", HOSPITAL),
        ("case:1", REGULATOR),
    ] {
        let refused = explorer(&node, path, &["find", "--entity", entity]);
        assert!(
            refusal(&refused).contains("may not ask"),
            "{entity} by {path}"
        );
    }
}

/// Whether one of these, such as `patient:1`, is anywhere in an answer.
fn mentions(answer: &Value, entities: &[&str]) -> bool {
    let text = answer.to_string();
    entities
        .iter()
        .any(|entity| text.contains(&format!("\"{entity}\"")))
}

/// Somebody finds an operation by what is hers, and is shown a part of it with none of what is foreign to
/// her. Gives that part.
fn part(node: &DevNode, path: &str, hash: Hash, (own, foreign): (&str, [&str; 2])) -> Value {
    let text = format!("{hash:?}");
    let items = found(node, path, &["--entity", own]);
    let listed = items.into_iter().find(|it| it["hash"] == json!(hash));
    let details = json(&explorer(node, path, &["operation", "--json", &text]));
    for shown in [&listed.unwrap(), &details] {
        assert_eq!(shown["hash"], text);
        assert_eq!(
            (&shown["inPart"], &shown["arguments"]),
            (&json!(true), &Value::Null)
        );
        assert!(mentions(shown, &[own]), "{shown}");
        assert!(!mentions(shown, &foreign), "{shown}");
    }
    assert_eq!(details["receipt"], Value::Null);
    details
}

/// Whoever signed an operation, and a regulator for its case, see it whole: with all of these.
fn is_whole_to(node: &DevNode, signer: &str, hash: Hash, entities: &[&str]) {
    let text = format!("{hash:?}");
    for (path, case) in [(signer, &[][..]), (REGULATOR, &["--case", "0"])] {
        let operation = [&["operation", "--json", &text], case].concat();
        let operation = json(&explorer(node, path, &operation));
        assert_eq!(operation["inPart"], Value::Null);
        assert_eq!(operation["receipt"]["hash"], text);
        assert_ne!(operation["arguments"], Value::Null);
        for entity in entities {
            assert!(mentions(&operation, &[*entity]), "{operation}");
        }
    }
}

/// The names of the events of an operation.
fn event_names(operation: &Value) -> Vec<&str> {
    let events = operation["events"].as_array().unwrap().iter();
    events.filter_map(|event| event["event"].as_str()).collect()
}

#[tokio::test]
async fn of_records_that_are_opened_together_each_patient_sees_her_own() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    open_case(&client).await;
    let doctor = wallet(DOCTOR);
    for patient in [0, 1] {
        let draft = RecordDraft {
            patient: PatientId(patient),
            ..drafts::record(b"{}")
        };
        let written = records::write(&client, doctor.key(), &draft).await;
        assert_eq!(written.unwrap().record, RecordId(patient));
    }
    let party = Party::Practitioner(PractitionerId(0));
    let both = [RecordId(0), RecordId(1)];
    let opening = records::open(&client, &doctor, party, &both, Purpose::Treatment).await;
    let opening = opening.unwrap();
    assert_eq!(opening.allowed.len(), 2);
    indexed(&client, &opening.outcome).await;
    let hash = opening.outcome.hash;

    let opened = ["--events", "--event-pallet", "Records", "--event", "Opened"];
    for (path, own, record, foreign) in [
        (PATIENT, "patient:0", "record:0", ["patient:1", "record:1"]),
        (STRANGER, "patient:1", "record:1", ["patient:0", "record:0"]),
    ] {
        let details = part(&node, path, hash, (own, foreign));
        let listed = found(&node, path, &[&["--entity", own], &opened[..]].concat());
        let events = details["events"].as_array().unwrap();
        for events in [events, &listed] {
            let [event] = &events[..] else {
                panic!("{events:?}");
            };
            assert_eq!(event["event"], "Opened");
            assert_eq!(
                (&event["inPart"], &event["fields"], &event["entities"]),
                (&json!(true), &Value::Null, &json!([record]))
            );
        }
    }
    let all = ["practitioner:0", "record:0", "record:1"];
    is_whole_to(&node, DOCTOR, hash, &all);
    // Who signed it sees its events whole, too.
    let of_doctor = ["--entity", "practitioner:0"];
    let events = found(&node, DOCTOR, &[&of_doctor, &opened[..]].concat());
    assert_eq!(events[0]["fields"]["allowed"], json!([0, 1]));
}

#[tokio::test]
async fn who_gets_a_cancelled_place_is_not_told_who_had_it_nor_the_other_way_round() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    open_case(&client).await;
    book(&client).await;
    let waiting = pallet_appointments::Call::<Runtime>::book {
        patient: PatientId(1),
        schedule: ScheduleId(0),
        slot: 0,
        waitlist: true,
        pre_visit_grant: None,
    };
    act_indexed(&client, STRANGER, waiting).await;
    let cancel = pallet_appointments::Call::<Runtime>::cancel {
        appointment: AppointmentId(0),
        acting: Acting::Staff(StaffReason::PractitionerUnavailable),
    };
    let hash = act_indexed(&client, HOSPITAL, cancel).await.hash;

    let others = ["patient:1", "appointment:1"];
    let had = part(&node, PATIENT, hash, ("appointment:0", others));
    assert_eq!(event_names(&had)[0], "Cancelled");
    assert!(!event_names(&had).contains(&"Promoted"), "{had}");
    let others = ["patient:0", "appointment:0"];
    let got = part(&node, STRANGER, hash, ("patient:1", others));
    assert_eq!(event_names(&got), ["Promoted"]);
    assert_eq!(got["events"][0]["fields"]["appointment"], 1);
    let all = ["patient:1", "appointment:0", "appointment:1"];
    is_whole_to(&node, HOSPITAL, hash, &all);
}

#[tokio::test]
async fn what_is_done_about_a_members_visits_bills_and_records_counts_for_it() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    book(&client).await;
    let appointment = AppointmentId(0);
    let check_in = pallet_appointments::Call::<Runtime>::check_in { appointment };
    let refused = execute(&client, wallet(STRANGER).key(), check_in.clone()).await;
    assert!(refused.is_err());
    act_indexed(&client, HOSPITAL, check_in).await;
    let complete = pallet_appointments::Call::<Runtime>::complete { appointment };
    act_indexed(&client, DOCTOR, complete).await;
    pay(&client).await;
    flag(&client).await;
    let doctor = wallet(DOCTOR);
    let written = records::write(&client, doctor.key(), &drafts::record(b"{}")).await;
    let amendment = drafts::amendment(written.unwrap().record, b"{ }");
    let amended = records::amend(&client, doctor.key(), &amendment).await;
    indexed(&client, &amended.unwrap().outcome).await;

    let counted = |member: &[&str], name: &str| -> (u64, u64) {
        let counts = ["counts", "--json", "--per", "day"];
        let counts = json(&explorer(&node, PATIENT, &[&counts, member].concat()));
        let items = counts["items"].as_array().unwrap().iter();
        let of_call = items.filter(|it| {
            let call = (it["pallet"].as_str(), it["call"].as_str());
            (call.0).zip(call.1) == name.split_once('.')
        });
        // The test may begin on one day and end on the next.
        of_call.fold((0, 0), |(succeeded, failed), it| {
            let number = |field: &str| it[field].as_u64().unwrap();
            (succeeded + number("succeeded"), failed + number("failed"))
        })
    };
    for name in [
        "Appointments.book",
        "Appointments.check_in",
        "Appointments.complete",
        "Payments.pay",
        "Insurance.settle",
        "Records.write",
        "Records.amend",
    ] {
        assert_eq!(counted(&["--member", "0"], name), (1, 0), "{name}");
        assert_eq!(counted(&["--member", "1"], name), (0, 0), "{name}");
    }
    // Of what was refused nobody learns from counts whose it is.
    assert_eq!(counted(&[], "Appointments.check_in"), (1, 1));
    assert_eq!(counted(&["--member", "2"], "Insurance.settle"), (1, 0));
}
