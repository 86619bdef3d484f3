//! A day of patients: bills, a settlement, a claim, an emergency, an inquiry, an e-invoice.

use std::path::Path;

use pallet_insurance::{types::Decision, Call as InsuranceCall};
use pallet_records::{emergency::EmergencyReason, Call as RecordCall};
use serde_json::Value;
use sp_runtime::traits::Hash as _;
use xinglin_primitives::{
    time::{Date, Moment, DAY_MS, HOUR_MS},
    AppointmentId, BlockNumber, CaseId, ClaimId, CoverageId, Entity, Hash, Hashing, InvoiceId,
    MemberId, Party, PatientId, RecordId,
};
use xinglin_rpc_api::explorer::{Extrinsics, Filter, Order};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    audit, billing,
    client::Client,
    einvoice,
    insurance::{self, SettlementOrder, Settling},
    keystore::Keystore,
    operation::execute,
    parties, records,
    wallet::Wallet,
};

use crate::support::{
    acts::{act, indexed, today, wallet},
    calls, drafts,
};

const HOSPITAL: &str = "//Alice";
/// Of the hospital, and not the one who writes the records.
const OTHER_DOCTOR: &str = "//Alice//doctor//2";
const INSURER: &str = "//Charlie";
const REGULATOR: &str = "//Dave";
const CASE: CaseId = CaseId(0);

/// A patient with what she has before the day.
pub struct Person {
    wallet: Wallet,
    id: PatientId,
    record: RecordId,
    invoices: Vec<InvoiceId>,
}

/// What there is to ask about a patient.
pub struct Affairs {
    pub wallet: Wallet,
    pub patient: PatientId,
    pub record: RecordId,
    /// The hash of its ciphertext.
    pub content: Hash,
    pub invoice: InvoiceId,
    pub appointment: AppointmentId,
    /// The transaction that booked it, and its block.
    pub operation: Hash,
    pub block: Hash,
    pub height: BlockNumber,
}

/// Patients whom an import reported.
pub fn imported(report: &Value, passphrase: &str) -> Vec<Person> {
    let patients = report["patients"].as_array().unwrap().iter();
    let person = |one: &Value| {
        let keystore = Keystore::read(Path::new(one["keystore"].as_str().unwrap()));
        let numbers = |name: &str| -> Vec<u64> {
            let ids = one[name].as_array().unwrap().iter();
            ids.map(|id| id.as_u64().unwrap()).collect()
        };
        Person {
            wallet: Wallet::new(keystore.unwrap().open(passphrase).unwrap()),
            id: PatientId(one["patient"].as_u64().unwrap()),
            record: RecordId(numbers("records")[0]),
            invoices: numbers("invoices").into_iter().map(InvoiceId).collect(),
        }
    };
    patients.map(person).collect()
}

/// Patients of the preset, with as much as those of an import and nothing of a bundle.
pub async fn drafted(client: &Client) -> Vec<Person> {
    let mut people = Vec::new();
    for (id, path) in [(0, "//Alice//patient//1"), (2, "//Alice//patient//3")] {
        let id = PatientId(id);
        people.push(Person {
            wallet: wallet(path),
            id,
            record: write(client, id).await,
            invoices: vec![bill(client, id).await, bill(client, id).await],
        });
    }
    people
}

async fn write(client: &Client, patient: PatientId) -> RecordId {
    let mut draft = drafts::record(b"{}");
    draft.patient = patient;
    let doctor = wallet("//Alice//doctor//1");
    let written = records::write(client, doctor.key(), &draft).await;
    written.unwrap().record
}

async fn bill(client: &Client, patient: PatientId) -> InvoiceId {
    let mut draft = drafts::invoice(today(client).await);
    draft.patient = patient;
    let issued = billing::issue(client, &wallet(HOSPITAL), &draft).await;
    issued.unwrap().invoice
}

/// Plays the day. The first of the people is insured and inquired about; `text` is what hospital and
/// regulator write about her.
pub async fn play(client: &Client, people: &[Person], text: &[u8]) -> Vec<Affairs> {
    let first = &people[0];
    insure(client, first.id).await;
    let claim = settle(client, first, first.invoices[0]).await;
    let decide = InsuranceCall::<Runtime>::decide {
        claim,
        decision: Decision::Approve,
        reason: 1,
    };
    act(client, INSURER, decide).await;
    settle(client, first, first.invoices[1]).await;
    let break_glass = RecordCall::<Runtime>::break_glass {
        patient: first.id,
        member: MemberId(0),
        reason: EmergencyReason::Unconscious,
        digest: Hashing::hash(text),
    };
    act(client, OTHER_DOCTOR, break_glass).await;
    inquire(client, first.id, text).await;
    book(client, people).await
}

/// Covers the patient by a scheme under which what has no visit is flagged.
async fn insure(client: &Client, patient: PatientId) {
    let scheme = calls::create_scheme(calls::visits_needed());
    act(client, INSURER, scheme).await;
    act(client, INSURER, calls::enrol(patient)).await;
}

async fn settle(client: &Client, person: &Person, invoice: InvoiceId) -> ClaimId {
    let order = SettlementOrder {
        invoice,
        coverage: CoverageId(0),
        account_max_fen: 0,
    };
    let settling = insurance::settle(client, person.wallet.key(), order, None).await;
    let Settling::Flagged { claim } = settling.unwrap().0 else {
        panic!("a bill without a visit was not flagged");
    };
    claim
}

/// A regulator opens a case, asks the hospital to disclose, is told, and looks for operations, which
/// the node keeps on its record.
async fn inquire(client: &Client, patient: PatientId, text: &[u8]) {
    let open = calls::open_case(Party::Patient(patient), 1);
    let opened = act(client, REGULATOR, open).await;
    let regulator = wallet(REGULATOR);
    let due = parties::now(client).await.unwrap() + DAY_MS;
    let about = (CASE, MemberId(0));
    let requested = audit::request_disclosure(client, &regulator, about, text, due).await;
    let disclosure = requested.unwrap().disclosure;
    let disclosed = audit::disclose(client, &wallet(HOSPITAL), disclosure, text).await;
    disclosed.unwrap();
    indexed(client, &opened).await;
    let question = Extrinsics {
        filter: Filter {
            entities: vec![Entity::Patient(patient)],
            ..Filter::default()
        },
        order: Order::Newest,
        cursor: None,
        limit: 20,
    };
    let found = client.find_operations(regulator.key(), Some(CASE), &question);
    found.await.unwrap();
}

/// The hospital's schedule, whose places cost nothing.
fn publish_schedule(start: Moment) -> RuntimeCall {
    let mut call = calls::publish_schedule(start);
    if let RuntimeCall::Appointments(pallet_appointments::Call::publish_schedule { schedule }) =
        &mut call
    {
        schedule.fee_fen = 0;
    }
    call
}

/// Everybody books a slot.
async fn book(client: &Client, people: &[Person]) -> Vec<Affairs> {
    let start = Date(today(client).await.0 + 2).start() + 9 * HOUR_MS;
    act(client, HOSPITAL, publish_schedule(start)).await;
    let mut affairs = Vec::new();
    for (slot, person) in (0..).zip(people) {
        let call = calls::book(person.id.0, slot);
        let booked = execute(client, person.wallet.key(), call).await.unwrap();
        indexed(client, &booked).await;
        let version = records::version(client, person.record, 1).await;
        affairs.push(Affairs {
            wallet: person.wallet.clone(),
            patient: person.id,
            record: person.record,
            content: version.unwrap().hash,
            invoice: person.invoices[0],
            appointment: AppointmentId(slot.into()),
            operation: booked.hash,
            block: booked.block,
            height: booked.number,
        });
    }
    affairs
}

/// The e-invoice of a patient, which is hers and no node's.
pub async fn e_invoice(client: &Client, about: &Affairs) -> String {
    let rendered = einvoice::render(client, &about.wallet, about.invoice).await;
    rendered.unwrap().to_json()
}
