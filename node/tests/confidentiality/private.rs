//! What only some may ask a node: all private questions, about what was put in.

use serde_json::{json, Value};
use xinglin_rpc_api::{
    codes,
    explorer::{self, Live},
    questions::{self as ask, Auth, Question, SignedQuestion},
    Bytes,
};
use xinglin_sdk::{client::to_hex, keys::KeyPair, wallet::Wallet};

use crate::{asker::Asker, day::Affairs, support::acts::wallet};

const LIVE: &str = Live::METHOD;

/// Whose business a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Patient,
    Doctor,
    Hospital,
    Insurer,
    Regulator,
    /// Rules that are published.
    Everybody,
}

impl Owner {
    fn wallet(self, about: &Affairs) -> Wallet {
        match self {
            Self::Patient | Self::Everybody => about.wallet.clone(),
            Self::Doctor => wallet("//Alice//doctor//1"),
            Self::Hospital => wallet("//Alice"),
            Self::Insurer => wallet("//Charlie"),
            Self::Regulator => wallet("//Dave"),
        }
    }
}

/// One question.
struct Row {
    owner: Owner,
    method: &'static str,
    question: Value,
    /// The function of the runtime that answers it, and its arguments for the asker.
    function: Option<(&'static str, String)>,
}

fn found<Q: SignedQuestion>(owner: Owner, question: Value) -> Row {
    // It is one of this method.
    let read: Q = serde_json::from_value(question.clone()).unwrap();
    drop(read);
    Row {
        owner,
        method: Q::METHOD,
        question,
        function: None,
    }
}

fn asked<Q: Question>(owner: Owner, asker: &Auth, question: Value) -> Row {
    let read: Q = serde_json::from_value(question.clone()).unwrap();
    Row {
        function: Some((Q::FUNCTION, to_hex(&read.arguments(asker)))),
        ..found::<Q>(owner, question)
    }
}

fn rows(about: &Affairs, key: &KeyPair) -> Vec<Row> {
    let asker = Auth {
        account: key.account(),
        challenge: Bytes::default(),
        case: None,
        signature: Bytes::default(),
    };
    let mut rows = of_the_file(about, &asker);
    rows.extend(of_the_bills(about, &asker));
    rows.extend(of_members(&asker));
    rows.extend(of_operations(about));
    rows
}

/// Records, grants and visits.
fn of_the_file(about: &Affairs, asker: &Auth) -> Vec<Row> {
    let of = Owner::Patient;
    let patient = json!({ "patient": about.patient });
    let record = json!({ "record": about.record });
    let key = json!({ "record": about.record, "version": 1 });
    let content = json!({ "content": about.content });
    let visit = json!({ "appointment": about.appointment });
    let held = json!({ "holder": { "practitioner": 0 } });
    let schedule = json!({ "schedule": 0 });
    vec![
        asked::<ask::Records>(of, asker, patient.clone()),
        asked::<ask::RecordVersions>(of, asker, record),
        asked::<ask::RecordKey>(of, asker, key),
        asked::<ask::RecordCiphertext>(of, asker, content),
        asked::<ask::KeyProgress>(of, asker, patient.clone()),
        asked::<ask::Grants>(of, asker, patient.clone()),
        asked::<ask::GrantsTo>(Owner::Doctor, asker, held),
        asked::<ask::AccessRequests>(of, asker, patient.clone()),
        asked::<ask::AccessLog>(of, asker, patient.clone()),
        asked::<ask::Appointments>(of, asker, patient),
        asked::<ask::Bookings>(Owner::Hospital, asker, schedule),
        asked::<ask::Trail>(of, asker, visit),
    ]
}

/// Invoices, coverage and money.
fn of_the_bills(about: &Affairs, asker: &Auth) -> Vec<Row> {
    let of = Owner::Patient;
    let patient = json!({ "patient": about.patient });
    let invoice = json!({ "invoice": about.invoice });
    let split = json!({ "invoice": about.invoice, "coverage": 0 });
    let balance = json!({ "of": { "patient": about.patient } });
    vec![
        asked::<ask::Invoice>(of, asker, invoice.clone()),
        asked::<ask::InvoiceEnvelope>(of, asker, invoice.clone()),
        asked::<ask::Invoices>(of, asker, patient.clone()),
        asked::<ask::Payments>(of, asker, invoice.clone()),
        asked::<ask::RedLetters>(of, asker, invoice.clone()),
        asked::<ask::PreSettle>(of, asker, split),
        asked::<ask::Coverages>(of, asker, patient),
        asked::<ask::Settlements>(of, asker, invoice),
        asked::<ask::Balance>(of, asker, balance),
        asked::<ask::Scheme>(Owner::Everybody, asker, json!({ "scheme": 0 })),
    ]
}

/// What waits for the hospital, the insurer and the regulator: the members 0, 2 and 3.
fn of_members(asker: &Auth) -> Vec<Row> {
    let (hospital, insurer, regulator) = (Owner::Hospital, Owner::Insurer, Owner::Regulator);
    let of_hospital = json!({ "member": 0 });
    let of_insurer = json!({ "insurer": 2 });
    let of_regulator = json!({ "regulator": 3 });
    let case = json!({ "case": 0 });
    vec![
        asked::<ask::UnpaidInvoices>(hospital, asker, of_hospital.clone()),
        asked::<ask::DisclosureRequests>(hospital, asker, of_hospital),
        asked::<ask::OpenClaims>(insurer, asker, of_insurer.clone()),
        asked::<ask::FlaggedClaims>(insurer, asker, of_insurer.clone()),
        asked::<ask::FlaggedRefunds>(insurer, asker, of_insurer),
        asked::<ask::Emergencies>(regulator, asker, json!({})),
        asked::<ask::Cases>(regulator, asker, of_regulator.clone()),
        asked::<ask::Findings>(regulator, asker, of_regulator.clone()),
        asked::<ask::AwaitedDisclosures>(regulator, asker, of_regulator),
        asked::<ask::Case>(regulator, asker, case.clone()),
        asked::<ask::CaseRequests>(regulator, asker, case),
    ]
}

fn about_patient(about: &Affairs) -> Value {
    json!({ "filter": { "entities": [format!("patient:{}", about.patient)] } })
}

/// What was done, as the index has it.
fn of_operations(about: &Affairs) -> Vec<Row> {
    let of = Owner::Patient;
    let operation = json!({ "hash": about.operation });
    vec![
        found::<explorer::Extrinsics>(of, about_patient(about)),
        found::<explorer::Events>(of, about_patient(about)),
        found::<explorer::Operation>(of, operation),
        found::<explorer::Questions>(Owner::Regulator, json!({})),
    ]
}

/// Whoever's business it is gets answers, so that a refusal to others is because of who asks.
pub async fn answer_owners(asker: &mut Asker, about: &Affairs) {
    for row in rows(about, about.wallet.key()) {
        let owner = row.owner.wallet(about);
        let params = asker.signed(owner.key(), row.method, &row.question).await;
        let code = asker.call(row.method, &params).await.err();
        // The rules may have no split for an invoice that is settled or claimed already.
        let is_answered = code.is_none_or(|code| code == codes::QUESTION_NO_ANSWER);
        assert!(is_answered, "{}: {code:?}", row.method);
    }
}

/// A stranger is refused all that is not published, except what is its own business as another's.
pub async fn refuse_stranger(asker: &mut Asker, path: &str, own: Option<Owner>, about: &Affairs) {
    let stranger = wallet(path);
    let key = stranger.key();
    for row in rows(about, key) {
        if Some(row.owner) == own {
            continue;
        }
        let params = asker.signed(key, row.method, &row.question).await;
        let code = asker.call(row.method, &params).await.err();
        let expected = (row.owner != Owner::Everybody).then_some(codes::QUESTION_REFUSED);
        assert_eq!(code, expected, "{} by {path}", row.method);
        // The state is the consortium's and in pseudonyms: what counts is what is in the answer.
        if let Some((function, arguments)) = row.function {
            drop(
                asker
                    .call("state_call", &json!([function, arguments]))
                    .await,
            );
        }
    }
    let params = asker.signed(key, LIVE, &about_patient(about)).await;
    let begun = asker
        .subscribe(LIVE, &params, "explorer_unsubscribeOperations")
        .await;
    assert_eq!(begun.err(), Some(codes::QUESTION_REFUSED), "{LIVE}");
}
