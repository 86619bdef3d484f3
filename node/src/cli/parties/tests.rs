mod calls;

use pallet_appointments::{rules::BookingRules, types::NewSchedule};
use pallet_insurance::{computation::SchemeParameters, norms::Norms};
use pallet_payments::receipts::ReceiptKey;
use pallet_records::{
    access::Purpose,
    grants::Grantee,
    types::{ContentKind, Reader},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use xinglin_primitives::{
    glue::{Held, Subject},
    time::{Date, CST_OFFSET_MS},
    AccountId, ClaimId, MemberId, Party, PatientId, PractitionerId, RecordId, SchemeId,
};

use xinglin_sdk::billing::{InvoiceDraft, SignedReceipt};

use super::{input, report};

#[test]
fn words_and_numbers_are_the_chains_own() {
    assert_eq!(input::number("17"), Ok(RecordId(17)));
    assert_eq!(input::word("treatmentPlan"), Ok(ContentKind::TreatmentPlan));
    assert_eq!(input::word("treatment"), Ok(Purpose::Treatment));
    let refused = input::word::<ContentKind>("poem").unwrap_err();
    assert!(refused.contains("encounter"), "{refused}");
    assert!(input::number::<MemberId>("4294967296").is_err());
    assert!(input::number::<RecordId>("-1").is_err());
}

#[test]
fn parties_are_named_by_kind_and_id() {
    let doctor = Grantee::Practitioner(PractitionerId(3));
    assert_eq!(input::grantee("practitioner:3"), Ok(doctor));
    assert_eq!(input::grantee("member:1"), Ok(Grantee::Member(MemberId(1))));
    assert!(input::grantee("patient:1").is_err());
    assert_eq!(input::reader("practitioner:3"), Ok(Reader::from(doctor)));
    let delegate = AccountId::from([7; 32]);
    let named = format!("delegate:0x{}", "07".repeat(32));
    assert_eq!(input::reader(&named), Ok(Reader::Delegate(delegate)));
    assert!(input::reader("patient:1").is_err());
    let key = format!("ed25519:{}", "07".repeat(32));
    assert_eq!(input::receipt_key(&key), Ok(ReceiptKey::Ed25519([7; 32])));
    assert!(input::receipt_key("ed25519:07").is_err());
    assert_eq!(input::tagged("scheme:2"), Ok(Held::Scheme(SchemeId(2))));
    assert_eq!(input::tagged("claim:5"), Ok(Subject::Claim(ClaimId(5))));
    let patient = Party::Patient(PatientId(3));
    assert_eq!(input::tagged("patient:3"), Ok(Subject::Party(patient)));
    assert_eq!(input::tagged("patient:3"), Ok(Held::Party(patient)));
    assert!(input::tagged::<Held>("claim:5").is_err());
    assert!(input::tagged::<Held>("member:4294967296").is_err());
}

#[test]
fn dates_are_civil_dates() {
    assert_eq!(input::date("1970-01-01"), Ok(Date(0)));
    assert_eq!(input::date("2000-02-29"), Ok(Date(11_016)));
    assert_eq!(input::date("2026-01-01"), Ok(Date(20_454)));
    for wrong in ["2026-02-29", "2026-13-01", "2026-1", "1969-12-31", "x"] {
        assert!(input::date(wrong).is_err(), "{wrong}");
    }
    let morning = Date(20_454).start() + (8 * 60 + 30) * 60_000;
    assert_eq!(input::moment("2026-01-01T08:30"), Ok(morning));
    assert_eq!(input::moment("17"), Ok(17));
    assert_eq!((Date(20_454).start() + CST_OFFSET_MS) % 86_400_000, 0);
    assert!(input::moment("2026-01-01T24:00").is_err());
}

/// The first block of JSON after the name of a document in the documentation.
fn documented<T: DeserializeOwned>(name: &str) -> T {
    in_text(include_str!("../../../../docs/parties.md"), name)
}

fn in_text<T: DeserializeOwned>(text: &str, name: &str) -> T {
    let (_, after) = text.split_once(&format!("`{name}`:")).unwrap();
    let (_, block) = after.split_once("```json\n").unwrap();
    let (json, _) = block.split_once("```").unwrap();
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_documents_of_the_documentation_are_read() {
    assert!(documented::<NewSchedule>("schedule.json").is_well_formed());
    assert!(documented::<BookingRules>("rules.json").is_well_formed());
    assert_eq!(
        documented::<SchemeParameters>("scheme.json").check(),
        Ok(())
    );
    let norms: Norms = in_text(include_str!("../../../../docs/audit.md"), "norms.json");
    assert_eq!(norms.check(), Ok(()));
    assert_eq!(documented::<InvoiceDraft>("invoice.json").lines.len(), 1);
    assert_eq!(
        documented::<SignedReceipt>("receipt.json").parts(),
        None,
        "the signature there is left out"
    );
}

#[test]
fn answers_become_tables() {
    let page = json!({
        "items": [[4, [17, { "kind": "Encounter", "written_at": 1_767_225_600_000u64 }]]],
        "next": null,
    });
    let text = report::table(&page).to_string();
    for expected in ["place", "17", "Encounter", "2026-01-01 00:00:00 UTC"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let empty = report::table(&json!([])).to_string();
    assert!(empty.contains("nothing"), "{empty}");
    let nested = report::table(&json!({ "tally": { "total_fen": 5 }, "lines": [1, 2] }));
    let text = nested.to_string();
    assert!(
        text.contains("tally.total_fen") && text.contains("1, 2"),
        "{text}"
    );
}
