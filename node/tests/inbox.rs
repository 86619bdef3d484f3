//! What waits for a regulator and an insurer shows in their inboxes until it is done, and a case is
//! told from its opening to its finding: on a development node, through the SDK and the binary.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::fs;

use pallet_audit::Call as AuditCall;
use pallet_insurance::Call as InsuranceCall;
use pallet_payments::{
    types::{Reason, RefundOf},
    Call as PaymentCall,
};
use pallet_records::{emergency::EmergencyReason, Call as RecordCall};
use serde_json::{json, Value};
use xinglin_primitives::{
    glue::Held,
    time::{Moment, DAY_MS},
    CaseId, DisclosureId, Hash, InvoiceId, MemberId, Party, PatientId, PractitionerId,
    SettlementId,
};
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    audit, billing,
    client::Client,
    insurance::{self, SettlementOrder, Settling},
    operation::random_id,
    parties,
};

use self::support::{
    acts::{act, cover, soon, today, wallet},
    calls,
    drafts::{self, PRICE_FEN},
    xinglin, DevNode,
};

const HOSPITAL_PATH: &str = "//Alice";
const INSURER_PATH: &str = "//Charlie";
const REGULATOR_PATH: &str = "//Dave";
const PATIENT_PATH: &str = "//Alice//patient//1";
const DOCTOR_PATH: &str = "//Bob//doctor//1";
const HOSPITAL: MemberId = MemberId(0);
const CLINIC: MemberId = MemberId(1);
const INSURER: MemberId = MemberId(2);
const PATIENT: PatientId = PatientId(0);
/// A doctor of the hospital who has nothing to do here.
const HELD: PractitionerId = PractitionerId(1);
const CASE: CaseId = CaseId(0);

/// Runs a party's command, and gives what it prints.
fn command(node: &DevNode, party: &str, path: &str, arguments: &[&str]) -> String {
    let url = node.url();
    let who = [party, "--url", &url, "--dev-key", path];
    let output = xinglin(&[&who[..], arguments].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The worklists of an inbox.
fn inbox(node: &DevNode, party: &str, path: &str) -> Value {
    let printed = command(node, party, path, &["inbox", "--json"]);
    let mut document: Value = serde_json::from_str(&printed).unwrap();
    document["lists"].take()
}

fn of_regulator(node: &DevNode) -> Value {
    inbox(node, "regulator", REGULATOR_PATH)
}

fn of_insurer(node: &DevNode) -> Value {
    inbox(node, "insurer", INSURER_PATH)
}

/// An invoice without a visit, whose settlement becomes a claim.
async fn flagged(client: &Client) {
    cover(client).await;
    let draft = drafts::invoice(today(client).await);
    let hospital = wallet(HOSPITAL_PATH);
    let prepared = billing::prepare(client, &hospital, &draft).await.unwrap();
    act(client, HOSPITAL_PATH, prepared.call()).await;
    let order = SettlementOrder {
        invoice: InvoiceId(0),
        coverage: xinglin_primitives::CoverageId(0),
        account_max_fen: 0,
    };
    let patient = wallet(PATIENT_PATH);
    let settling = insurance::settle(client, patient.key(), order, None).await;
    assert!(matches!(settling.unwrap().0, Settling::Flagged { .. }));
}

async fn break_glass(client: &Client) {
    let call = RecordCall::<Runtime>::break_glass {
        patient: PATIENT,
        member: CLINIC,
        reason: EmergencyReason::Unconscious,
        digest: Hash::zero(),
    };
    act(client, DOCTOR_PATH, call).await;
}

/// A case with a hold on a doctor and two requests to the hospital: one that is due in a day, and
/// one that is overdue by the time of the chain.
async fn open_case(client: &Client) {
    let open = calls::open_case(Party::Member(HOSPITAL), 11);
    act(client, REGULATOR_PATH, open).await;
    let regulator = wallet(REGULATOR_PATH);
    let now = parties::now(client).await.unwrap();
    let soon = now + 2_000;
    for due in [now + DAY_MS, soon] {
        let asked =
            audit::request_disclosure(client, &regulator, (CASE, HOSPITAL), b"books", due).await;
        asked.unwrap();
    }
    wait_until(client, soon + 1).await;
    let hold = AuditCall::<Runtime>::hold {
        case: CASE,
        held: Held::Party(Party::Practitioner(HELD)),
    };
    act(client, REGULATOR_PATH, hold).await;
}

/// Makes blocks until the time of the last is `moment` or later.
async fn wait_until(client: &Client, moment: Moment) {
    let waiting = async {
        while parties::now(client).await.unwrap() < moment {
            let call = frame_system::Call::<Runtime>::remark { remark: Vec::new() };
            act(client, HOSPITAL_PATH, call).await;
        }
    };
    soon(waiting).await;
}

/// Waits until the node's index has come to the tip.
async fn wait_until_indexed(client: &Client) {
    let waiting = async {
        loop {
            let status = client.explorer_status().await.unwrap();
            if status.last >= status.tip {
                break;
            }
        }
    };
    soon(waiting).await;
}

fn items(list: &Value) -> Vec<&str> {
    let entries = list.as_array().unwrap();
    entries
        .iter()
        .map(|it| it["item"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_waits_is_in_the_inbox_until_it_is_done() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    flagged(&client).await;
    break_glass(&client).await;
    open_case(&client).await;

    let lists = of_regulator(&node);
    assert_eq!(items(&lists["cases"]), ["case:0"]);
    assert_eq!(items(&lists["holds"]), ["case:0/practitioner:1"]);
    // The first due first.
    assert_eq!(
        items(&lists["disclosures"]),
        ["disclosure:1", "disclosure:0"]
    );
    assert_eq!(lists["disclosures"][0]["isOverdue"], true);
    assert_eq!(lists["disclosures"][1]["isOverdue"], false);
    assert_eq!(lists["disclosures"][1]["responsible"], "member:0");
    assert_eq!(items(&lists["emergencies"]), ["emergency:0"]);
    assert_eq!(lists["emergencies"][0]["next"], "wait for practitioner:2");
    assert_eq!(items(&lists["claims"]), ["claim:0"]);
    assert_eq!(lists["claims"][0]["responsible"], "member:2");
    assert!(lists["claims"][0]["about"]
        .as_str()
        .unwrap()
        .contains("NoVisit"));
    let term_ms =
        lists["claims"][0]["due"].as_u64().unwrap() - lists["claims"][0]["since"].as_u64().unwrap();
    assert_eq!(term_ms, 15 * DAY_MS);
    assert_eq!(lists["findings"], json!([]));
    assert_eq!(items(&of_insurer(&node)["claims"]), ["claim:0"]);

    // For people, and in one table.
    let shown = command(&node, "regulator", REGULATOR_PATH, &["inbox"]);
    assert!(shown.contains("disclosures: 2, 1 OVERDUE"), "{shown}");
    let overdue = ["inbox", "--csv", "--overdue"];
    let csv = command(&node, "regulator", REGULATOR_PATH, &overdue);
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("disclosure:1"), "{csv}");

    done(&node, &client).await;
    let lists = of_regulator(&node);
    for list in [
        "cases",
        "holds",
        "disclosures",
        "emergencies",
        "claims",
        "refunds",
    ] {
        assert_eq!(lists[list], json!([]), "{list}");
    }
    assert_eq!(items(&lists["findings"]), ["case:0"]);
    assert_eq!(of_insurer(&node)["claims"], json!([]));
    wait_until_indexed(&client).await;
    reported(&node);
}

/// Does all that waits.
async fn done(node: &DevNode, client: &Client) {
    let justify = RecordCall::<Runtime>::justify {
        emergency: xinglin_primitives::EmergencyId(0),
        digest: Hash::repeat_byte(1),
    };
    act(client, DOCTOR_PATH, justify).await;
    let lists = of_regulator(node);
    let next = "xinglin regulator review 0 upheld|unfounded";
    assert_eq!(lists["emergencies"][0]["next"], next);
    command(
        node,
        "regulator",
        REGULATOR_PATH,
        &["review", "0", "upheld"],
    );
    let decide = ["decide", "0", "approve", "--reason", "1"];
    command(node, "insurer", INSURER_PATH, &decide);
    let hospital = wallet(HOSPITAL_PATH);
    for id in [0, 1].map(DisclosureId) {
        audit::disclose(client, &hospital, id, b"the books")
            .await
            .unwrap();
    }
    let lift = ["lift", "--case", "0", "practitioner:1"];
    command(node, "regulator", REGULATOR_PATH, &lift);
    let close = AuditCall::<Runtime>::close_case {
        case: CASE,
        finding: calls::statement(12),
    };
    act(client, REGULATOR_PATH, close).await;
}

/// A closed case is told as PDF and CSV, and never over a file that is there.
fn reported(node: &DevNode) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let report = |file: &str| {
        let url = node.url();
        let who = ["regulator", "--url", &url, "--dev-key", REGULATOR_PATH];
        xinglin(&[&who[..], &["report", "0", "-o", file]].concat())
    };
    let (pdf, csv) = (path("case.pdf"), path("case.csv"));
    for file in [&pdf, &csv] {
        let output = report(file);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
    }
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-"));
    let text = fs::read_to_string(&csv).unwrap();
    let acts: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(2).unwrap())
        .collect();
    // What the state forgets is there, too, and where each step is.
    for act in [
        "opened",
        "requested",
        "held",
        "lifted",
        "disclosed",
        "closed",
    ] {
        assert!(acts.contains(&act), "{act} is not in {acts:?}");
    }
    let is_placed = |row: &str| row.rsplit(',').next().is_some_and(|hash| hash.len() == 66);
    assert!(text.lines().skip(1).all(is_placed), "{text}");
    assert_eq!(
        (acts.first(), acts.last()),
        (Some(&"opened"), Some(&"closed"))
    );
    assert!(!report(&pdf).status.success());
    assert!(!report(&path("case.txt")).status.success());
}

#[tokio::test]
async fn a_refund_after_the_settlement_waits_for_the_insurer() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    flagged(&client).await;
    let decide = ["decide", "0", "approve", "--reason", "1"];
    command(&node, "insurer", INSURER_PATH, &decide);
    let invoice = InvoiceId(0);
    let pay = PaymentCall::<Runtime>::pay {
        invoice,
        amount_fen: PRICE_FEN,
        payment: random_id(),
    };
    act(&client, PATIENT_PATH, pay).await;
    let reverse = InsuranceCall::<Runtime>::reverse {
        settlement: SettlementId(0),
    };
    act(&client, HOSPITAL_PATH, reverse).await;
    assert_eq!(of_insurer(&node)["refunds"], json!([]));
    let refund = PaymentCall::<Runtime>::refund {
        invoice,
        what: RefundOf::Everything,
        reason: Reason::Error,
        refund: random_id(),
    };
    act(&client, HOSPITAL_PATH, refund).await;

    let waiting = of_insurer(&node);
    assert_eq!(items(&waiting["refunds"]), ["invoice:0"]);
    let next = "xinglin insurer review-refund 0 --reason CODE";
    assert_eq!(waiting["refunds"][0]["next"], next);
    assert_eq!(items(&of_regulator(&node)["refunds"]), ["invoice:0"]);
    let review = ["review-refund", "0", "--reason", "3"];
    command(&node, "insurer", INSURER_PATH, &review);
    assert_eq!(of_insurer(&node)["refunds"], json!([]));
    assert_eq!(of_regulator(&node)["refunds"], json!([]));
}

#[tokio::test]
async fn nobody_sees_the_inbox_of_another() {
    let node = DevNode::start(&[]);
    let url = node.url();
    for (party, path) in [
        ("regulator", HOSPITAL_PATH),
        ("regulator", INSURER_PATH),
        ("regulator", PATIENT_PATH),
        ("insurer", PATIENT_PATH),
    ] {
        let output = xinglin(&[party, "--url", &url, "--dev-key", path, "inbox"]);
        assert!(!output.status.success(), "{party} {path}");
    }
    // A case of a regulator is told to nobody else.
    let client = Client::connect(&url).await.unwrap();
    let open = calls::open_case(Party::Member(INSURER), 1);
    act(&client, REGULATOR_PATH, open).await;
    let arguments = ["report", "0", "-o", "never.pdf"];
    let who = ["regulator", "--url", &url, "--dev-key", HOSPITAL_PATH];
    let output = xinglin(&[&who[..], &arguments].concat());
    assert!(!output.status.success());
}
