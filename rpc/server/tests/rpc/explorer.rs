//! `explorer_*`: what is found, by whom, and what is kept of who asked.

use std::sync::{atomic::Ordering, Arc};

use serde_json::{json, Value};
use xinglin_core::{AnchoringProblem, AnchoringStatus, QuestionLog};
use xinglin_primitives::{questions::digest_after, AccountId, CaseId, Hash};
use xinglin_rpc_api::{
    codes,
    explorer::{QuestionHashes, QuestionView},
};

use crate::{asker::Asker, fake, fixture::Fixture, index::FakeIndex, socket::Ws};

const KEY_PROGRESS: &str = "xinglin_keyProgress";
const EXTRINSICS: &str = "explorer_extrinsics";
const OPERATION: &str = "explorer_operation";
/// Seeds of the patient 7 and of a stranger, as [`Asker`] has them.
const PATIENT: u8 = 7;
const STRANGER: u8 = 8;
const CASE: Option<u64> = Some(1);

/// A server on three blocks of bookings.
struct Found {
    index: Arc<FakeIndex>,
    fixture: Fixture,
    ws: Ws,
    /// Hashes of the bookings.
    hashes: Vec<Hash>,
}

fn anchored() -> AnchoringStatus {
    AnchoringStatus {
        account: AccountId::new([5; 32]),
        anchored: 0,
        problem: None,
    }
}

impl Found {
    async fn new(anchoring: Option<AnchoringStatus>) -> Self {
        let index = FakeIndex::new();
        let mut hashes = index.book(&[(PATIENT, 7), (STRANGER, 8)]);
        hashes.extend(index.book(&[(STRANGER, 7)]));
        hashes.extend(index.book(&[(PATIENT, 0), (PATIENT, 7)]));
        let fixture = Fixture::indexed(&index, anchoring).await;
        let ws = Ws::connect(fixture.address()).await;
        Self {
            index,
            fixture,
            ws,
            hashes,
        }
    }

    async fn params(
        &mut self,
        asker: &Asker,
        method: &str,
        question: Value,
        case: Option<u64>,
    ) -> Value {
        let genesis = self.fixture.chain.hash(0);
        asker
            .signed(&mut self.ws, genesis, method, &question, case)
            .await
    }

    async fn ask(
        &mut self,
        asker: &Asker,
        method: &str,
        question: Value,
        case: Option<u64>,
    ) -> Value {
        let params = self.params(asker, method, question, case).await;
        self.ws.call(method, params).await
    }

    /// The code of the error, and its data.
    async fn refused(
        &mut self,
        asker: &Asker,
        method: &str,
        question: Value,
        case: Option<u64>,
    ) -> (i32, String) {
        let params = self.params(asker, method, question, case).await;
        let answer = self.ws.ask(method, params).await;
        let error = &answer["error"];
        let code = error["code"].as_i64().unwrap_or_else(|| panic!("{answer}"));
        let data = error["data"].as_str().unwrap_or_default().to_owned();
        (code as i32, data)
    }
}

fn found_hashes(page: &Value) -> Vec<Hash> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| serde_json::from_value(item["hash"].clone()).unwrap())
        .collect()
}

/// The blocks of which the tokens before and after are, each with its bytes.
fn tokens_of(answer: &Value) -> (Option<u64>, Option<u64>) {
    let stamped = |side: &str| {
        let token = &answer["timeTokens"][side];
        let block = token["blockNumber"].as_u64()?;
        assert_eq!(
            token["token"],
            json!(format!("0x{}", hex::encode(fake::TOKEN)))
        );
        assert_eq!(token["certificates"].as_array().unwrap().len(), 1);
        Some(block)
    };
    (stamped("before"), stamped("after"))
}

fn about_patient() -> Value {
    json!({ "filter": { "entities": ["patient:7"] } })
}

#[tokio::test]
async fn ones_own_operations_are_found_and_decoded() {
    let mut found = Found::new(None).await;
    let patient = Asker::patient();
    let question = json!({ "filter": { "signer": patient.account }, "order": "oldest" });
    let page = found.ask(&patient, EXTRINSICS, question, None).await;
    let (first, refused, last) = (found.hashes[0], found.hashes[3], found.hashes[4]);
    assert_eq!(found_hashes(&page), [first, refused, last]);
    let item = &page["items"][0];
    assert_eq!(item["pallet"], "Appointments");
    assert_eq!(item["call"], "book");
    assert_eq!(item["arguments"]["patient"], 7);
    assert_eq!(item["signer"], json!(patient.account));
    assert_eq!(item["time"], "2025-06-02T00:00:01.000Z");
    assert_eq!((&item["block"], &item["index"]), (&json!(1), &json!(1)));
    assert_eq!(item["outcome"], "success");
    let mentioned = item["entities"].as_array().unwrap();
    assert!(mentioned.contains(&json!("patient:7")), "{mentioned:?}");
    assert!(
        mentioned.contains(&json!("appointment:101")),
        "{mentioned:?}"
    );
    let item = &page["items"][1];
    assert_eq!(
        (&item["outcome"], &item["error"]),
        (&json!("error"), &json!("BadOrigin"))
    );

    let refused = json!({ "filter": { "signer": patient.account, "outcome": "error" } });
    let page = found.ask(&patient, EXTRINSICS, refused, None).await;
    assert_eq!(found_hashes(&page), [found.hashes[3]]);
    // Nothing of this is on the record: it concerns nobody else.
    assert_eq!(found.index.question_count().unwrap(), 0);
}

#[tokio::test]
async fn what_mentions_one_is_found_whoever_signed_it() {
    let mut found = Found::new(None).await;
    let page = found
        .ask(&Asker::patient(), EXTRINSICS, about_patient(), None)
        .await;
    let expected = [found.hashes[4], found.hashes[2], found.hashes[0]];
    assert_eq!(found_hashes(&page), expected);
    let question = json!({ "filter": { "entities": ["patient:7"], "event": "Booked", "eventPallet": "Appointments" } });
    let page = found
        .ask(&Asker::patient(), "explorer_events", question, None)
        .await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["event"], "Booked");
    assert_eq!(items[0]["fields"]["patient"], 7);
    assert_eq!(items[0]["operation"], json!(found.hashes[4]));
}

#[tokio::test]
async fn others_operations_are_for_a_case() {
    let mut found = Found::new(Some(anchored())).await;
    let refused = codes::QUESTION_REFUSED;
    for (asker, case) in [
        (Asker::stranger(), None),
        (Asker::stranger(), CASE),
        (Asker::regulator(), None),
        (Asker::regulator(), Some(2)),
        (Asker::patient(), CASE),
    ] {
        for question in [json!({}), about_patient()] {
            if asker.account == Asker::patient().account && case.is_none() {
                continue;
            }
            let (code, _) = found.refused(&asker, EXTRINSICS, question, case).await;
            assert_eq!(code, refused, "{:?} {case:?}", asker.account);
        }
    }
    assert_eq!(found.index.question_count().unwrap(), 0);

    let regulator = Asker::regulator();
    let page = found
        .ask(&regulator, EXTRINSICS, about_patient(), CASE)
        .await;
    assert_eq!(found_hashes(&page).len(), 3);
    let filter = json!({ "filter": { "pallet": "Appointments" } });
    let page = found
        .ask(&regulator, EXTRINSICS, filter.clone(), CASE)
        .await;
    assert_eq!(found_hashes(&page).len(), 5);

    let kept = found.index.questions.lock().clone();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].account, regulator.account);
    assert_eq!(kept[1].case, CaseId(1));
    assert_eq!(kept[1].method, EXTRINSICS);
    assert_eq!(kept[1].question, filter.to_string());
    assert_ne!(kept[0].signed, kept[1].signed);
    assert!(kept[0].asked_at_ms > 1_700_000_000_000);
}

#[tokio::test]
async fn of_what_concerns_several_patients_each_sees_her_part() {
    const OTHERS: [u64; 2] = [8, 9];
    let mut found = Found::new(Some(anchored())).await;
    let hash = found
        .index
        .book_together(STRANGER, &[OTHERS[0], 7, OTHERS[1]]);
    let question = json!({ "hash": hash });
    let is_about_others = |answer: &Value| {
        let text = answer.to_string();
        OTHERS
            .iter()
            .any(|id| text.contains(&format!("patient:{id}")))
    };

    let patient = Asker::patient();
    let page = found.ask(&patient, EXTRINSICS, about_patient(), None).await;
    let shown = &page["items"][0];
    let details = found.ask(&patient, OPERATION, question.clone(), None).await;
    for part in [shown, &details] {
        assert_eq!(part["hash"], json!(hash));
        assert_eq!(
            (&part["inPart"], &part["arguments"]),
            (&json!(true), &Value::Null)
        );
        assert!(!is_about_others(part), "{part}");
    }
    assert_eq!(shown["entities"], json!(["patient:7"]));
    assert_eq!(details["events"].as_array().unwrap().len(), 1);
    assert_eq!(details["events"][0]["fields"]["patient"], 7);
    assert_eq!(details["receipt"], Value::Null);

    // Nor is it found by whom else it may concern.
    let guess = json!({ "filter": { "entities": ["patient:7", "patient:9"] } });
    for filter in [guess, about_patient()] {
        let is_guess = filter != about_patient();
        let page = found.ask(&patient, EXTRINSICS, filter, None).await;
        let finds = found_hashes(&page).contains(&hash);
        assert_eq!(finds, !is_guess);
    }

    // Who signed it, and a regulator, see all of it.
    let signer = Asker::stranger();
    for (asker, case) in [(&signer, None), (&Asker::regulator(), CASE)] {
        let details = found.ask(asker, OPERATION, question.clone(), case).await;
        assert_eq!(details["inPart"], Value::Null);
        assert!(is_about_others(&details), "{details}");
        assert_eq!(details["events"].as_array().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn nothing_is_told_that_cannot_be_put_on_the_record() {
    let lost = AnchoringStatus {
        problem: Some(AnchoringProblem::OtherRecord {
            anchored: 5,
            kept: 0,
        }),
        ..anchored()
    };
    for (anchoring, remedy) in [(None, "--anchor-key"), (Some(lost), "backup")] {
        let mut found = Found::new(anchoring).await;
        let regulator = Asker::regulator();
        for method in [EXTRINSICS, "explorer_events"] {
            let (code, data) = found.refused(&regulator, method, json!({}), CASE).await;
            assert_eq!(code, codes::EXPLORER_NO_ANCHOR);
            assert!(data.contains(remedy), "{data}");
        }
        let progress = json!({ "patient": 7 });
        let (code, data) = found
            .refused(&regulator, KEY_PROGRESS, progress, CASE)
            .await;
        assert_eq!(code, codes::EXPLORER_NO_ANCHOR);
        assert!(data.contains(remedy), "{data}");
        let own = json!({ "filter": { "signer": regulator.account } });
        let page = found.ask(&regulator, EXTRINSICS, own, None).await;
        assert_eq!(page["items"], json!([]));
    }
}

#[tokio::test]
async fn private_questions_for_a_case_are_on_the_record_too() {
    let mut found = Found::new(Some(anchored())).await;
    let question = json!({ "patient": 7 });
    let regulator = Asker::regulator();
    for (asker, case) in [(&regulator, CASE), (&Asker::patient(), None)] {
        let params = found
            .params(asker, KEY_PROGRESS, question.clone(), case)
            .await;
        let scale = [&params[0], &params[1], &json!("scale")];
        found.ws.call(KEY_PROGRESS, json!(scale)).await;
    }
    let kept = found.index.questions(0, 10).unwrap();
    let [kept] = &kept[..] else {
        panic!("{kept:?}");
    };
    assert_eq!(kept.method, KEY_PROGRESS);
    assert_eq!(kept.question, question.to_string());
    assert_eq!(
        (&kept.account, Some(kept.case.0)),
        (&regulator.account, CASE)
    );
}

#[tokio::test]
async fn pages_follow_each_other_and_stay_on_their_chain() {
    let mut found = Found::new(Some(anchored())).await;
    let regulator = Asker::regulator();
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut question =
            json!({ "order": "oldest", "limit": 2, "filter": { "pallet": "Appointments" } });
        if !cursor.is_null() {
            question["cursor"] = cursor;
        }
        let page = found.ask(&regulator, EXTRINSICS, question, CASE).await;
        seen.extend(found_hashes(&page));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, found.hashes);

    let first = json!({ "limit": 1 });
    let page = found.ask(&regulator, EXTRINSICS, first, CASE).await;
    let cursor = page["next"].as_str().unwrap().to_owned();
    let mut elsewhere = cursor.clone();
    elsewhere.replace_range(2..4, if &cursor[2..4] == "00" { "01" } else { "00" });
    for (method, cursor, reason) in [
        (EXTRINSICS, elsewhere.as_str(), "another chain"),
        ("explorer_events", cursor.as_str(), "another method"),
        (EXTRINSICS, "0x00", "begin without"),
        (EXTRINSICS, "next", "begin without"),
    ] {
        let question = json!({ "cursor": cursor });
        let (code, data) = found.refused(&regulator, method, question, CASE).await;
        assert_eq!(code, codes::EXPLORER_CURSOR, "{cursor}");
        assert!(data.contains(reason), "{data}");
    }
}

#[tokio::test]
async fn filters_that_cannot_be_are_refused_with_a_remedy() {
    let mut found = Found::new(Some(anchored())).await;
    let regulator = Asker::regulator();
    let entities: Vec<String> = (0..9).map(|n| format!("patient:{n}")).collect();
    for (filter, reason) in [
        (json!({ "pallet": "Apointments" }), "`Appointments`"),
        (
            json!({ "pallet": "Appointments", "call": "boook" }),
            "`book`",
        ),
        (
            json!({ "eventPallet": "Appointments", "event": "booked" }),
            "`Booked`",
        ),
        (json!({ "call": "book" }), "needs `pallet`"),
        (json!({ "fromBlock": 9, "toBlock": 3 }), "after block 3"),
        (json!({ "fromBlock": 1u64 << 40 }), "height"),
        (json!({ "from": 5, "before": 5 }), "not earlier"),
        (json!({ "before": u64::MAX }), "10000"),
        (json!({ "entities": entities }), "at most 8"),
    ] {
        let question = json!({ "filter": filter });
        let (code, data) = found.refused(&regulator, EXTRINSICS, question, CASE).await;
        assert_eq!(code, codes::EXPLORER_FILTER, "{filter}");
        assert!(data.contains(reason), "{filter}: {data}");
    }
    for limit in [0, 101, u32::MAX] {
        let question = json!({ "limit": limit });
        let (code, _) = found.refused(&regulator, EXTRINSICS, question, CASE).await;
        assert_eq!(code, codes::EXPLORER_FILTER);
    }
    for question in [
        json!({ "filter": { "entities": ["dog:1"] } }),
        json!({ "filter": { "colour": "red" } }),
        json!({ "order": "random" }),
    ] {
        let (code, _) = found.refused(&regulator, EXTRINSICS, question, CASE).await;
        assert_eq!(code, -32602);
    }
    assert_eq!(found.index.question_count().unwrap(), 0);
}

#[tokio::test]
async fn a_request_serves_once_and_for_what_was_signed() {
    let mut found = Found::new(Some(anchored())).await;
    let regulator = Asker::regulator();
    let question = about_patient();
    let params = found.params(&regulator, EXTRINSICS, question, CASE).await;
    let signature = i64::from(codes::QUESTION_SIGNATURE);
    let mut other_case = params.clone();
    other_case[1]["case"] = json!(2);
    assert_eq!(found.ws.fail(EXTRINSICS, other_case).await, signature);
    let mut other_question = params.clone();
    other_question[0] = json!({});
    assert_eq!(found.ws.fail(EXTRINSICS, other_question).await, signature);
    assert_eq!(
        found.ws.fail("explorer_events", params.clone()).await,
        signature
    );
    found.ws.call(EXTRINSICS, params.clone()).await;
    let challenge = i64::from(codes::QUESTION_CHALLENGE);
    assert_eq!(found.ws.fail(EXTRINSICS, params).await, challenge);
    assert_eq!(
        found.ws.fail(EXTRINSICS, json!([about_patient()])).await,
        -32602
    );
    assert_eq!(found.index.question_count().unwrap(), 1);
}

#[tokio::test]
async fn one_operation_comes_with_its_events_and_receipt() {
    let mut found = Found::new(Some(anchored())).await;
    let (patient, regulator) = (Asker::patient(), Asker::regulator());
    let method = "explorer_operation";
    // Signed by the stranger, about the patient.
    let question = json!({ "hash": found.hashes[2] });
    for (asker, case) in [
        (&patient, None),
        (&Asker::stranger(), None),
        (&regulator, CASE),
    ] {
        let operation = found.ask(asker, method, question.clone(), case).await;
        assert_eq!(operation["hash"], json!(found.hashes[2]));
        assert_eq!(operation["receipt"]["hash"], json!(found.hashes[2]));
        assert_eq!(tokens_of(&operation), (Some(1), None));
        let events = operation["events"].as_array().unwrap();
        let names: Vec<&str> = events
            .iter()
            .filter_map(|it| it["event"].as_str())
            .collect();
        assert_eq!(names, ["Booked", "ExtrinsicSuccess"]);
    }
    // About somebody else, and about nothing at all: refused alike.
    let unknown = json!({ "hash": Hash::repeat_byte(1) });
    for question in [json!({ "hash": found.hashes[1] }), unknown.clone()] {
        let (code, data) = found.refused(&patient, method, question, None).await;
        assert_eq!(code, codes::QUESTION_REFUSED);
        assert!(data.contains("may not ask"), "{data}");
    }
    let nothing = found.ask(&regulator, method, unknown, CASE).await;
    assert_eq!(nothing, Value::Null);
    assert_eq!(found.index.question_count().unwrap(), 2);
}

#[tokio::test]
async fn blocks_are_everybodys_and_name_nobody() {
    let mut found = Found::new(None).await;
    let ws = &mut found.ws;
    let page = ws.call("explorer_blocks", json!([{ "limit": 3 }])).await;
    let numbers = |page: &Value| -> Vec<u64> {
        let items = page["items"].as_array().unwrap().iter();
        items.filter_map(|item| item["number"].as_u64()).collect()
    };
    assert_eq!(numbers(&page), [3, 2, 1]);
    let next = json!([{ "limit": 3, "cursor": page["next"] }]);
    let page = ws.call("explorer_blocks", next).await;
    assert_eq!((numbers(&page), &page["next"]), (vec![0], &Value::Null));
    let period = json!([{ "from": "2025-06-02T00:00:01.500Z", "before": "2025-06-02T00:00:03Z", "order": "oldest" }]);
    let page = ws.call("explorer_blocks", period).await;
    assert_eq!(numbers(&page), [2]);
    let range = json!([{ "fromBlock": 1, "toBlock": 99, "order": "oldest" }]);
    assert_eq!(numbers(&ws.call("explorer_blocks", range).await), [1, 2, 3]);

    let block = ws.call("explorer_block", json!([3])).await;
    assert_eq!(block["transactions"], 3);
    assert_eq!(block["time"], "2025-06-02T00:00:03.000Z");
    let booked = json!({ "pallet": "Appointments", "call": "book", "succeeded": 1, "failed": 1 });
    assert!(
        block["calls"].as_array().unwrap().contains(&booked),
        "{block}"
    );
    let by_hash = ws.call("explorer_block", json!([block["hash"]])).await;
    assert_eq!(by_hash, block);
    let (before, after) = tokens_of(&block);
    assert_eq!((before, after), (Some(1), None));
    let stamped = ws.call("explorer_block", json!([1])).await;
    assert_eq!(tokens_of(&stamped), (None, Some(1)));
    let text = block.to_string();
    assert!(
        !text.contains("patient") && !text.contains(&json!(Asker::patient().account).to_string())
    );
    assert_eq!(ws.call("explorer_block", json!([99])).await, Value::Null);

    let filter = i64::from(codes::EXPLORER_FILTER);
    let wrong = json!([{ "fromBlock": 3, "toBlock": 1 }]);
    assert_eq!(ws.fail("explorer_blocks", wrong).await, filter);
    let status = ws.call("explorer_status", json!([])).await;
    assert_eq!((&status["last"], &status["tip"]), (&json!(3), &json!(3)));
    assert_eq!(status["record"], Value::Null);
}

#[tokio::test]
async fn counts_come_in_whole_periods() {
    let mut found = Found::new(None).await;
    let ws = &mut found.ws;
    let one = ws
        .call("explorer_counts", json!([{ "period": "minute" }]))
        .await;
    assert_eq!(one["items"].as_array().unwrap().len(), 3);
    assert_eq!(one["items"][0]["from"], "2025-06-02T00:00:00.000Z");
    assert_eq!(one["next"], Value::Null);
    // 400 periods of three calls each.
    let mut seen = Vec::new();
    let mut query = json!({ "member": 400 });
    loop {
        let page = ws.call("explorer_counts", json!([query])).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len() % 3, 0);
        seen.extend(items.iter().filter_map(|it| it["succeeded"].as_u64()));
        if page["next"].is_null() {
            break;
        }
        query["cursor"] = page["next"].clone();
    }
    assert_eq!(seen, (0..1_200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_node_without_an_index_says_how_to_get_one() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let genesis = fixture.chain.hash(0);
    let patient = Asker::patient();
    let own = json!({ "filter": { "signer": patient.account } });
    let signed = patient
        .signed(&mut ws, genesis, EXTRINSICS, &own, None)
        .await;
    for (method, params) in [
        ("explorer_status", json!([])),
        ("explorer_blocks", json!([])),
        ("explorer_counts", json!([])),
        ("explorer_subscribeActivity", json!([])),
        (EXTRINSICS, signed.clone()),
        ("explorer_subscribeOperations", signed),
    ] {
        let answer = ws.ask(method, params).await;
        assert_eq!(
            answer["error"]["code"],
            codes::EXPLORER_NO_INDEX,
            "{method}"
        );
        let data = answer["error"]["data"].as_str().unwrap();
        assert!(data.contains("--index"), "{data}");
    }
}

#[tokio::test]
async fn questions_are_listed_for_regulators_and_checked_by_all() {
    let mut found = Found::new(Some(anchored())).await;
    let regulator = Asker::regulator();
    for n in 0..3 {
        let question = json!({ "filter": { "entities": [format!("patient:{n}")] } });
        found.ask(&regulator, EXTRINSICS, question, CASE).await;
    }
    let method = "explorer_questions";
    let (code, _) = found
        .refused(&Asker::patient(), method, json!({}), None)
        .await;
    assert_eq!(code, codes::QUESTION_REFUSED);
    let listed = found
        .ask(&regulator, method, json!({ "from": 1 }), None)
        .await;
    let listed: Vec<QuestionView> = serde_json::from_value(listed).unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].number == 1 && listed[0].question.contains("patient:1"));

    let hashes = found.ws.call("explorer_questionHashes", json!([0])).await;
    let hashes: QuestionHashes = serde_json::from_value(hashes).unwrap();
    assert_eq!(hashes.kept, 3);
    let kept = found.index.questions.lock().clone();
    let expected: Vec<Hash> = kept.iter().map(|question| question.hash()).collect();
    assert_eq!(hashes.hashes, expected);
    for question in &listed {
        let hash = expected[question.number as usize];
        assert_eq!((question.hash, question.computed_hash()), (hash, hash));
    }
    let digest = digest_after(Hash::zero(), expected.iter().copied());
    assert_ne!(
        digest,
        digest_after(Hash::zero(), expected[1..].iter().copied())
    );
}

#[tokio::test]
async fn activity_is_told_by_name_as_it_happens() {
    let mut found = Found::new(None).await;
    let method = "explorer_subscribeActivity";
    let all = found.ws.subscribe(method, json!([])).await;
    let cancelled = json!([{ "pallet": "Appointments", "event": "Cancelled" }]);
    let none = found.ws.subscribe(method, cancelled).await;
    found.index.book(&[(PATIENT, 7), (STRANGER, 8)]);
    found.index.book(&[(STRANGER, 8)]);
    for (block, index) in [(4, 0), (4, 2), (5, 0)] {
        let (name, event) = found.ws.notification(&all).await;
        assert_eq!(name, "explorer_activity");
        assert_eq!(
            (&event["block"], &event["index"]),
            (&json!(block), &json!(index))
        );
        assert_eq!(event["event"], "Booked");
        let fields: Vec<&String> = event.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["block", "event", "index", "pallet", "time"]);
    }
    let is_quiet = |message: &Value| message["params"]["subscription"] != none.as_str();
    assert!(found.ws.unread().all(is_quiet));
    let unknown = json!([{ "pallet": "Nothing" }]);
    assert_eq!(
        found.ws.fail(method, unknown).await,
        i64::from(codes::EXPLORER_FILTER)
    );
}

#[tokio::test]
async fn operations_are_told_for_as_long_as_the_case_is_open() {
    let mut found = Found::new(Some(anchored())).await;
    let method = "explorer_subscribeOperations";
    let regulator = Asker::regulator();
    let params = found
        .params(&regulator, method, about_patient(), CASE)
        .await;
    let told = found.ws.subscribe(method, params).await;
    assert_eq!(found.index.question_count().unwrap(), 1);
    let hashes = found.index.book(&[(STRANGER, 8), (PATIENT, 7)]);
    let (name, operation) = found.ws.notification(&told).await;
    assert_eq!(name, "explorer_newOperation");
    assert_eq!(operation["hash"], json!(hashes[1]));

    found
        .fixture
        .chain
        .case_closed
        .store(true, Ordering::SeqCst);
    found.index.book(&[(PATIENT, 7)]);
    // The message that ends the subscription has no result.
    let (_, end) = found.ws.notification(&told).await;
    assert_eq!(end, Value::Null);

    let past = json!({ "filter": { "fromBlock": 1 } });
    let (code, _) = found.refused(&regulator, method, past, CASE).await;
    assert_eq!(code, codes::EXPLORER_FILTER);
    let (code, _) = found
        .refused(&Asker::stranger(), method, about_patient(), None)
        .await;
    assert_eq!(code, codes::QUESTION_REFUSED);
}
