//! `explorer_*`: what is found, by whom, and what is kept of who asked.

use std::sync::{atomic::Ordering, Arc};

use serde_json::{json, Value};
use sp_core::Pair;
use xinglin_core::{AnchoringProblem, AnchoringStatus, IndexProblem, QuestionLog};
use xinglin_primitives::{
    questions::digest_after, AccountId, AppointmentId, CaseId, Entity, Hash, RecordId,
};
use xinglin_rpc_api::{
    codes,
    explorer::{QuestionHashes, QuestionView},
};
use xinglin_rpc_server::start;

use crate::{
    asker::Asker,
    fake,
    fixture::{config, Fixture},
    index::{signer, FakeIndex, Policy},
    socket::Ws,
};

const KEY_PROGRESS: &str = "xinglin_keyProgress";
const EXTRINSICS: &str = "explorer_extrinsics";
const EVENTS: &str = "explorer_events";
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
    // Her booking is the second of the three.
    assert_eq!(shown["entities"], json!(["patient:7", "appointment:411"]));
    assert_eq!(details["entities"], shown["entities"]);
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

/// A record of the patient 7, one of another patient, and that one.
const HERS: u64 = 900_007;
const THEIRS: u64 = 900_008;
const OTHER: u64 = 800_008;

/// Whether one of these numbers is anywhere in an answer, by itself or as an entity's.
fn tells_of(answer: &Value, foreign: &[u64]) -> bool {
    match answer {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.as_u64().is_some_and(|id| foreign.contains(&id)),
        Value::String(text) => foreign.iter().any(|id| text.ends_with(&format!(":{id}"))),
        Value::Array(items) => items.iter().any(|it| tells_of(it, foreign)),
        Value::Object(fields) => fields.values().any(|it| tells_of(it, foreign)),
    }
}

impl Found {
    /// Both records.
    fn write(&self) {
        self.index.write(STRANGER, &[(HERS, 7), (THEIRS, OTHER)]);
    }

    /// The latest of the operations that the patient finds about herself.
    async fn latest(&mut self) -> Value {
        let question = json!({ "filter": { "entities": ["patient:7"] }, "limit": 1 });
        let patient = Asker::patient();
        let page = self.ask(&patient, EXTRINSICS, question, None).await;
        page["items"][0].clone()
    }

    /// The patient is shown a part of her latest operation, in a list and by itself, with none of these
    /// numbers; whoever signed it and the regulator are shown all of it. Gives the part.
    async fn assert_cut(&mut self, hash: Hash, foreign: &[u64]) -> Value {
        let listed = self.latest().await;
        let question = json!({ "hash": hash });
        let patient = Asker::patient();
        let details = self.ask(&patient, OPERATION, question.clone(), None).await;
        for part in [&listed, &details] {
            assert_eq!(part["hash"], json!(hash));
            assert_eq!(
                (&part["inPart"], &part["arguments"]),
                (&json!(true), &Value::Null)
            );
            assert!(!tells_of(part, foreign), "{part}");
        }
        assert_eq!(details["receipt"], Value::Null);
        let signer = Asker::stranger();
        for (asker, case) in [(&signer, None), (&Asker::regulator(), CASE)] {
            let whole = self.ask(asker, OPERATION, question.clone(), case).await;
            assert_eq!(whole["inPart"], Value::Null);
            assert!(!whole["arguments"].is_null() && !whole["receipt"].is_null());
            assert!(tells_of(&whole, foreign), "{whole}");
        }
        details
    }
}

#[tokio::test]
async fn of_records_of_several_patients_each_sees_her_own() {
    let mut found = Found::new(Some(anchored())).await;
    found.write();
    let hash = found.index.open(STRANGER, &[HERS, THEIRS]);
    let details = found.assert_cut(hash, &[THEIRS, OTHER]).await;
    let hers = json!(["record:900007"]);
    assert_eq!(details["entities"], json!(["patient:7", "record:900007"]));
    let [opened] = &details["events"].as_array().unwrap()[..] else {
        panic!("{details}");
    };
    assert_eq!(opened["event"], "Opened");
    assert_eq!(
        (&opened["inPart"], &opened["fields"], &opened["entities"]),
        (&json!(true), &Value::Null, &hers)
    );

    let hash = found.index.provide_keys(STRANGER, &[HERS, THEIRS]);
    let details = found.assert_cut(hash, &[THEIRS, OTHER]).await;
    assert_eq!(details["events"], json!([]));
    // Of a record that the index knows nothing of nobody knows whose it is.
    let unknown = THEIRS + 1;
    let hash = found.index.open(STRANGER, &[HERS, unknown]);
    found.assert_cut(hash, &[unknown]).await;

    // Her own alone are shown whole, to whoever may ask.
    let hash = found.index.open(STRANGER, &[HERS]);
    let listed = found.latest().await;
    assert_eq!(
        (&listed["hash"], &listed["inPart"]),
        (&json!(hash), &Value::Null)
    );
    assert!(tells_of(&listed["arguments"], &[HERS]));
    let question = json!({ "hash": hash });
    let details = found
        .ask(&Asker::patient(), OPERATION, question, None)
        .await;
    assert_eq!(details["receipt"]["hash"], json!(hash));
}

#[tokio::test]
async fn who_gets_anothers_place_is_not_told_to_the_other() {
    let mut found = Found::new(Some(anchored())).await;
    // Bookings of the 4th block: its number, and that of the transaction.
    found.index.book(&[(PATIENT, 7), (STRANGER, OTHER)]);
    let (hers, theirs) = (401, 402);
    let hash = found.index.cancel(STRANGER, hers, (theirs, OTHER));
    let details = found.assert_cut(hash, &[theirs, OTHER]).await;
    assert_eq!(details["entities"], json!(["patient:7", "appointment:401"]));
    let [cancelled] = &details["events"].as_array().unwrap()[..] else {
        panic!("{details}");
    };
    assert_eq!(
        (&cancelled["event"], &cancelled["fields"]["appointment"]),
        (&json!("Cancelled"), &json!(hers))
    );

    // The other way round she gets a place, and is not told whose it was.
    let hash = found.index.cancel(STRANGER, theirs, (hers, 7));
    let details = found.assert_cut(hash, &[theirs, OTHER]).await;
    let [promoted] = &details["events"].as_array().unwrap()[..] else {
        panic!("{details}");
    };
    assert_eq!(promoted["event"], "Promoted");
    assert_eq!(details["entities"], json!(["patient:7", "appointment:401"]));
}

#[tokio::test]
async fn of_events_of_several_patients_each_sees_her_part() {
    let mut found = Found::new(Some(anchored())).await;
    found.write();
    found.index.open(STRANGER, &[HERS, THEIRS]);
    let opened = |entities: &[String]| {
        json!({ "filter": {
            "eventPallet": "Records", "event": "Opened", "entities": entities,
        } })
    };
    let (me, other) = ("patient:7".to_owned(), format!("patient:{OTHER}"));
    let patient = Asker::patient();
    let about_her = opened(std::slice::from_ref(&me));
    let page = found.ask(&patient, EVENTS, about_her.clone(), None).await;
    let [event] = &page["items"].as_array().unwrap()[..] else {
        panic!("{page}");
    };
    assert_eq!(
        (&event["inPart"], &event["fields"], &event["entities"]),
        (&json!(true), &Value::Null, &json!(["record:900007"]))
    );
    assert!(!tells_of(&page, &[THEIRS, OTHER]), "{page}");
    // Nor is it found by whom else it concerns.
    let guess = opened(&[me, other]);
    let page = found.ask(&patient, EVENTS, guess.clone(), None).await;
    assert_eq!(page["items"], json!([]));
    let regulator = Asker::regulator();
    for question in [about_her.clone(), guess] {
        let page = found.ask(&regulator, EVENTS, question, CASE).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert!(tells_of(&page["items"][0]["fields"], &[THEIRS]), "{page}");
    }

    // What she has signed herself she sees whole, whatever she looks for it by.
    found.index.open(PATIENT, &[HERS, THEIRS]);
    let page = found.ask(&patient, EVENTS, about_her, None).await;
    let items = page["items"].as_array().unwrap();
    let whole: Vec<bool> = items.iter().map(|it| it["inPart"].is_null()).collect();
    assert_eq!(whole, [true, false]);
    assert!(tells_of(&items[0]["fields"], &[HERS]), "{page}");
    assert!(tells_of(&items[0]["fields"], &[THEIRS]), "{page}");
}

#[tokio::test]
async fn where_a_page_ends_tells_nothing_of_whom_else_something_concerns() {
    let mut found = Found::new(None).await;
    found.write();
    found.index.open(STRANGER, &[HERS, THEIRS]);
    let patient = Asker::patient();
    for method in [EXTRINSICS, EVENTS] {
        let mut pages = Vec::new();
        // The first has to do with the last that concerns her, the other with nothing.
        for other in [OTHER, OTHER + 1] {
            let entities = ["patient:7".to_owned(), format!("patient:{other}")];
            let question = json!({ "filter": { "entities": entities }, "limit": 1 });
            pages.push(found.ask(&patient, method, question, None).await);
        }
        assert_eq!(pages[0].to_string(), pages[1].to_string(), "{method}");
        assert_eq!(pages[0]["items"], json!([]));
    }
    // Nor is a subscriber told.
    let live = "explorer_subscribeOperations";
    let guess = json!({ "filter": { "entities": ["patient:7", format!("patient:{OTHER}")] } });
    let params = found.params(&patient, live, guess, None).await;
    let told = found.ws.subscribe(live, params).await;
    found.index.open(STRANGER, &[HERS, THEIRS]);
    let own = found.index.open(PATIENT, &[HERS, THEIRS]);
    let (_, operation) = found.ws.notification(&told).await;
    assert_eq!(operation["hash"], json!(own));
}

/// Who books for the patient 7, and her doctor: neither may ask about all of her affairs.
fn booker_and_doctor() -> [Asker; 2] {
    [20, 21].map(|seed| {
        let pair = signer(seed);
        let account = AccountId::from(pair.public());
        Asker { account, pair }
    })
}

/// A visit with a record of which the doctor is told and one of which she is not.
struct Visit {
    found: Found,
    /// What booked it, and wrote the two records.
    hashes: [Hash; 3],
}

impl Visit {
    async fn new() -> Self {
        let mut found = Found::new(None).await;
        let booked = found.index.book(&[(STRANGER, 7)])[0];
        let told = found.index.document(STRANGER, HERS, (7, VISIT));
        let untold = found.index.document(STRANGER, HERS + 10, (7, VISIT));
        let [booker, doctor] = booker_and_doctor();
        let visit = Entity::Appointment(AppointmentId(VISIT));
        let mut ports = found.fixture.ports();
        ports.explorer = Some(found.index.clone());
        ports.state = Arc::new(Policy {
            chain: found.index.chain.clone(),
            admitted: vec![
                (booker.account, visit),
                (doctor.account.clone(), visit),
                (doctor.account, Entity::Record(RecordId(HERS))),
            ],
        });
        found.fixture.server = start(config(), ports).await.unwrap();
        found.ws = Ws::connect(found.fixture.address()).await;
        Self {
            found,
            hashes: [booked, told, untold],
        }
    }
}

/// The booking of the 4th block.
const VISIT: u64 = 401;

fn about_visit(limit: u32) -> Value {
    json!({ "filter": { "entities": [format!("appointment:{VISIT}")] }, "limit": limit })
}

#[tokio::test]
async fn who_books_or_treats_is_told_of_a_visit_only_what_is_her_side_of_it() {
    let Visit { mut found, hashes } = Visit::new().await;
    let [booked, told, untold] = hashes;
    let [booker, doctor] = booker_and_doctor();
    for (asker, shown, hidden) in [
        (&booker, vec![booked], vec![told, untold]),
        (&doctor, vec![told, booked], vec![untold]),
    ] {
        // One by one, and the last page says that it is the last.
        let mut listed = Vec::new();
        let mut question = about_visit(1);
        loop {
            let page = found.ask(asker, EXTRINSICS, question.clone(), None).await;
            listed.extend(found_hashes(&page));
            if page["next"].is_null() {
                break;
            }
            assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
            question["cursor"] = page["next"].clone();
        }
        assert_eq!(listed, shown);
        let page = found.ask(asker, EVENTS, about_visit(10), None).await;
        let events = page["items"].as_array().unwrap().iter();
        let operations: Vec<Value> = events.map(|it| it["operation"].clone()).collect();
        let expected: Vec<Value> = shown.iter().map(|hash| json!(hash)).collect();
        assert_eq!(operations, expected);
        for hash in shown {
            let question = json!({ "hash": hash });
            let details = found.ask(asker, OPERATION, question, None).await;
            assert_eq!(details["receipt"]["hash"], json!(hash));
            assert!(!details["arguments"].is_null());
        }
        for hash in hidden {
            let question = json!({ "hash": hash });
            let (code, _) = found.refused(asker, OPERATION, question, None).await;
            assert_eq!(code, codes::QUESTION_REFUSED);
        }
    }
}

#[tokio::test]
async fn subscribers_too_are_told_of_a_visit_only_what_is_their_side_of_it() {
    let Visit { mut found, .. } = Visit::new().await;
    let method = "explorer_subscribeOperations";
    let mut question = about_visit(1);
    question.as_object_mut().unwrap().remove("limit");
    let mut subscribed = Vec::new();
    for asker in booker_and_doctor() {
        let params = found.params(&asker, method, question.clone(), None).await;
        subscribed.push(found.ws.subscribe(method, params).await);
    }
    found.index.document(STRANGER, HERS + 11, (7, VISIT));
    let again = found.index.document(STRANGER, HERS, (7, VISIT));
    let cancelled = found.index.cancel(STRANGER, VISIT, (501, OTHER));
    for (told, expected) in [
        (&subscribed[0], vec![cancelled]),
        (&subscribed[1], vec![again, cancelled]),
    ] {
        for hash in expected {
            let (_, operation) = found.ws.notification(told).await;
            assert_eq!(operation["hash"], json!(hash));
        }
    }
}

#[tokio::test]
async fn what_happens_to_several_patients_is_told_in_part() {
    let mut found = Found::new(None).await;
    found.write();
    let method = "explorer_subscribeOperations";
    let patient = Asker::patient();
    let params = found.params(&patient, method, about_patient(), None).await;
    let told = found.ws.subscribe(method, params).await;
    let hash = found.index.open(STRANGER, &[HERS, THEIRS]);
    let (_, operation) = found.ws.notification(&told).await;
    assert_eq!(operation["hash"], json!(hash));
    assert_eq!(
        (&operation["inPart"], &operation["arguments"]),
        (&json!(true), &Value::Null)
    );
    assert!(!tells_of(&operation, &[THEIRS, OTHER]), "{operation}");
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
    assert_eq!(status["problem"], Value::Null);
    *found.index.problem.lock() = Some(IndexProblem::Failing { indexed: Some(3) });
    let status = found.ws.call("explorer_status", json!([])).await;
    let problem = status["problem"].as_str().unwrap();
    assert!(problem.contains("stays at block 3"), "{problem}");
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
