//! What questions ask is what the runtime's functions take, and what these answer has the type that
//! the SDK gives it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use codec::Decode;
use serde_json::json;
use sp_io::TestExternalities;
use xinglin_primitives::{
    privacy::Topic, time::Date, AppointmentId, Balance, CoverageId, Hash, InvoiceId, Party,
    PatientId, PractitionerId, RecordId, SchemeId, YUAN,
};
use xinglin_rpc_api::{
    questions::{self as ask, Auth, Question as _},
    Bytes,
};
use xinglin_runtime::{
    genesis::{self, dev},
    native, Runtime,
};
use xinglin_sdk::client::Answered;

const PATIENT: &str = "//Alice//patient//1";
const HER: Option<Party> = Some(Party::Patient(PatientId(0)));
/// What a person of the preset has.
const FUNDS_FEN: Balance = 10_000 * YUAN;

/// What the runtime answers at the beginning of a development chain.
fn answer<Q: Answered>(question: &Q) -> Q::Answer {
    let auth = Auth {
        account: dev::account(PATIENT),
        challenge: Bytes(Vec::new()),
        case: None,
        signature: Bytes(Vec::new()),
    };
    let arguments = question.arguments(&auth);
    let storage = genesis::build(&genesis::config(genesis::DEV).unwrap()).unwrap();
    let call = || native::call(Q::FUNCTION, &arguments);
    let output = TestExternalities::new(storage).execute_with(call).unwrap();
    let mut rest = &output[..];
    let answer = Q::Answer::decode(&mut rest).unwrap();
    assert!(rest.is_empty(), "{}", Q::METHOD);
    answer
}

#[test]
fn a_balance_is_of_the_asker_or_of_a_party() {
    for of in [None, HER] {
        let balance = answer(&ask::Balance { of }).unwrap();
        assert_eq!(balance.account, dev::account(PATIENT));
        assert_eq!((balance.free_fen, balance.held_fen), (FUNDS_FEN, 0));
    }
    let read = |question| serde_json::from_value::<ask::Balance>(question).unwrap();
    assert_eq!(read(json!({})).topic(), Topic::OwnAccount);
    let hers = read(json!({ "of": { "patient": 0 } }));
    assert_eq!(hers.of, HER);
    assert_eq!(hers.topic(), Topic::Bills(PatientId(0)));
}

#[test]
fn the_rules_of_a_scheme_are_for_anybody() {
    let read = |question| serde_json::from_value::<ask::Scheme>(question).unwrap();
    let today = read(json!({ "scheme": 3 }));
    assert_eq!((today.scheme, today.date), (SchemeId(3), None));
    let then = read(json!({ "scheme": 3, "date": 20_454 }));
    assert_eq!(then.date, Some(Date(20_454)));
    assert_eq!(then.topic(), Topic::Published);
    assert_eq!(answer(&today), None);
    assert_eq!(answer(&then), None);
}

#[test]
fn a_device_names_for_whom_it_asks_about_a_record() {
    let doctor = Some(Party::Practitioner(PractitionerId(3)));
    let record = RecordId(5);
    let read = |question| serde_json::from_value::<ask::RecordKey>(question).unwrap();
    let own = read(json!({ "record": 5, "version": 1 }));
    assert_eq!(own.topic(), Topic::Record(record));
    let hers = json!({ "record": 5, "version": 1, "party": { "practitioner": 3 } });
    let hers = read(hers);
    assert_eq!(hers.party, doctor);
    let topic = Topic::RecordAs(record, Party::Practitioner(PractitionerId(3)));
    assert_eq!(hers.topic(), topic);
    for question in [own, hers] {
        assert_eq!(answer(&question), None);
    }
    let versions = ask::RecordVersions {
        record,
        party: doctor,
    };
    assert_eq!(versions.topic(), topic);
    assert!(answer(&versions).is_empty());

    let content = Hash::repeat_byte(1);
    let ciphertext = |party| ask::RecordCiphertext { content, party }.topic();
    assert_eq!(ciphertext(None), Topic::Content(content));
    let patient = Party::Patient(PatientId(0));
    let topic = Topic::ContentAs(content, patient);
    assert_eq!(ciphertext(Some(patient)), topic);
}

#[test]
fn who_asks_is_told_to_functions_that_answer_in_parts() {
    let coverages = ask::Coverages {
        patient: PatientId(0),
        year: None,
        skip: 0,
        limit: 100,
    };
    assert!(answer(&coverages).is_empty());
    let trail = ask::Trail {
        appointment: AppointmentId(0),
        before: Some(InvoiceId(1)),
    };
    assert_eq!(answer(&trail), None);
    let pre_settle = ask::PreSettle {
        invoice: InvoiceId(0),
        coverage: CoverageId(0),
        account_max_fen: 1,
    };
    let unknown = pallet_insurance::Error::<Runtime>::UnknownInvoice;
    assert_eq!(answer(&pre_settle), Err(unknown.into()));
}
