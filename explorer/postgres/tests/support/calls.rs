//! A day at the hospital, as calls.

use frame_support::BoundedVec;
use pallet_appointments::types::{Acting, StaffReason};
use pallet_insurance::{
    computation::{Band, Deductible, Pool, Row, SchemeParameters, Selector, Table},
    types::Decision,
};
use pallet_payments::types::{Details, NewInvoice, Reason, RefundOf};
use pallet_records::{
    access::Purpose,
    emergency::EmergencyReason,
    grants::Covered,
    types::{ContentKind, NewRecord, Reader, SealedKey, SEALED_KEY_BYTES},
};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{
    glue::{CatalogueClass, Held, Line, Setting},
    time::{Date, HOUR_MS, MINUTE_MS},
    AppointmentId, CaseId, ClaimId, CoverageId, DepartmentId, Hash, InvoiceId, MemberId, Party,
    PatientId, PractitionerId, RecordId,
};
use xinglin_runtime::RuntimeCall;

use super::{
    chain::{Chain, START_MS},
    shared::{self, book},
};

pub const HOSPITAL: &str = "//Alice";
pub const INSURER: &str = "//Charlie";
pub const REGULATOR: &str = "//Dave";
pub const DOCTOR: &str = "//Alice//doctor//1";
pub const OTHER_DOCTOR: &str = "//Alice//doctor//2";
pub const DISTANT_DOCTOR: &str = "//Bob//doctor//1";
/// Patients 0 to 2.
pub const PATIENTS: [&str; 3] = [
    "//Alice//patient//1",
    "//Alice//patient//2",
    "//Alice//patient//3",
];
/// When the first slot of the schedule begins.
pub const FIRST_SLOT_MS: u64 = START_MS + 2 * HOUR_MS;

const PRICE_FEN: u64 = 300_000;

/// A department is published.
pub fn department(department: u16) -> RuntimeCall {
    pallet_appointments::Call::publish_department {
        department: DepartmentId(department),
        code: BoundedVec::truncate_from(b"New".to_vec()),
    }
    .into()
}

fn cancel(appointment: u64, acting: Acting) -> RuntimeCall {
    let appointment = AppointmentId(appointment);
    pallet_appointments::Call::cancel {
        appointment,
        acting,
    }
    .into()
}

fn write() -> RuntimeCall {
    let ciphertext = vec![9; 2_000];
    let key = SealedKey([7; SEALED_KEY_BYTES]);
    let readers = [
        Reader::Patient,
        Reader::Practitioner(PractitionerId(0)),
        Reader::Member(MemberId(0)),
    ];
    pallet_records::Call::write {
        record: NewRecord {
            patient: PatientId(0),
            author: PractitionerId(0),
            member: MemberId(0),
            visit: Some(AppointmentId(0)),
            kind: ContentKind::Encounter,
        },
        content_hash: blake2_256(&ciphertext).into(),
        ciphertext: BoundedVec::truncate_from(ciphertext),
        keys: BoundedVec::truncate_from(readers.map(|reader| (reader, key)).to_vec()),
    }
    .into()
}

fn share(now_ms: u64) -> RuntimeCall {
    let terms = shared::terms(Covered::Record(RecordId(0)), PractitionerId(1), now_ms);
    pallet_records::Call::share {
        terms,
        token: None,
        keys: Default::default(),
    }
    .into()
}

fn open(party: Party, purpose: Purpose) -> RuntimeCall {
    pallet_records::Call::open {
        party,
        records: BoundedVec::truncate_from(vec![RecordId(0)]),
        purpose,
    }
    .into()
}

fn break_glass() -> RuntimeCall {
    pallet_records::Call::break_glass {
        patient: PatientId(0),
        member: MemberId(1),
        reason: EmergencyReason::Unconscious,
        digest: Hash::repeat_byte(3),
    }
    .into()
}

fn one<V>(then: V) -> Table<V> {
    let when = Selector::default();
    Table(BoundedVec::truncate_from(vec![Row { when, then }]))
}

/// 1,000 yuan a year, then 70 %; what has no visit is looked at.
fn scheme() -> RuntimeCall {
    let band = Band {
        up_to_fen: None,
        ratio_bp: 7_000,
    };
    let parameters = SchemeParameters {
        deductibles: one(Deductible::Annual(100_000)),
        pool: Pool {
            bands: one(BoundedVec::truncate_from(vec![band])),
            ..Pool::default()
        },
        ..shared::visits_needed()
    };
    shared::create_scheme(parameters)
}

fn invoice(visit: Option<u64>, envelope: &[u8]) -> RuntimeCall {
    let line = Line {
        item: Hash::repeat_byte(5),
        class: CatalogueClass::A,
        prepay_bp: 0,
        unit_price_fen: PRICE_FEN,
        quantity: 1,
        price_limit_fen: None,
        fund_share_bp: None,
    };
    let today = Date::of(START_MS);
    pallet_payments::Call::issue_invoice {
        invoice: NewInvoice {
            patient: PatientId(0),
            visit: visit.map(AppointmentId),
            setting: Setting::Outpatient,
            service: (today, today),
            lines: BoundedVec::truncate_from(vec![line]),
            total_fen: PRICE_FEN.into(),
            details: Details {
                envelope: blake2_256(envelope).into(),
                readers: Default::default(),
            },
        },
        envelope: BoundedVec::truncate_from(envelope.to_vec()),
    }
    .into()
}

fn pay(invoice: u64, amount_fen: u128, id: u8) -> RuntimeCall {
    pallet_payments::Call::pay {
        invoice: InvoiceId(invoice),
        amount_fen,
        payment: Hash::repeat_byte(id),
    }
    .into()
}

fn refund(invoice: u64) -> RuntimeCall {
    pallet_payments::Call::refund {
        invoice: InvoiceId(invoice),
        what: RefundOf::Everything,
        reason: Reason::NotRendered,
        refund: Hash::repeat_byte(1),
    }
    .into()
}

fn settle(invoice: u64) -> RuntimeCall {
    pallet_insurance::Call::settle {
        invoice: InvoiceId(invoice),
        coverage: CoverageId(0),
        account_max_fen: 0,
        payment: None,
    }
    .into()
}

fn approve() -> RuntimeCall {
    pallet_insurance::Call::decide {
        claim: ClaimId(0),
        decision: Decision::Approve,
        reason: 4,
    }
    .into()
}

fn hold() -> RuntimeCall {
    pallet_audit::Call::hold {
        case: CaseId(0),
        held: Held::Party(Party::Patient(PatientId(9))),
    }
    .into()
}

fn lift() -> RuntimeCall {
    pallet_audit::Call::lift {
        case: CaseId(0),
        held: Held::Party(Party::Patient(PatientId(9))),
    }
    .into()
}

fn request_disclosure(due: u64) -> RuntimeCall {
    pallet_audit::Call::request_disclosure {
        case: CaseId(0),
        member: MemberId(0),
        request: Hash::repeat_byte(6),
        due,
    }
    .into()
}

fn appointments(
    call: impl Fn(AppointmentId) -> pallet_appointments::Call<xinglin_runtime::Runtime>,
    appointment: u64,
) -> RuntimeCall {
    call(AppointmentId(appointment)).into()
}

/// A call that the rules let be, and one that they refuse, about what cannot be there.
pub fn about_nothing() -> [(&'static str, RuntimeCall); 2] {
    let open = pallet_records::Call::open {
        party: Party::Practitioner(PractitionerId(0)),
        records: BoundedVec::truncate_from(vec![RecordId(u64::MAX)]),
        purpose: Purpose::Treatment,
    };
    let cancel = cancel(u64::MAX, Acting::Patient(PatientId(0)));
    [(DOCTOR, open.into()), (PATIENTS[0], cancel)]
}

/// Plays the day: three bookings of which one takes place, one is cancelled and one is missed; a record
/// with its readers; an invoice that is settled after a look, and one that is paid and taken back; a
/// regulator's case.
pub fn play(chain: &mut Chain) {
    use pallet_appointments::Call as Visits;

    let [patient, second, third] = PATIENTS;
    chain.block(
        1_000,
        vec![(HOSPITAL, shared::publish_schedule(FIRST_SLOT_MS))],
    );
    chain.block(
        1_000,
        vec![
            (patient, book(0, 0)),
            (second, book(1, 1)),
            (third, book(2, 2)),
        ],
    );
    // Nobody gets a place that is taken: refused, and in the block.
    assert_eq!(
        chain.try_block(1_000, vec![("//Alice//patient//4", book(3, 0))]),
        [false]
    );
    let acting = Acting::Patient(PatientId(1));
    chain.block(1_000, vec![(second, cancel(1, acting))]);
    let until_visit = FIRST_SLOT_MS - chain.now_ms;
    let check_in = appointments(|appointment| Visits::check_in { appointment }, 0);
    chain.block(until_visit, vec![(HOSPITAL, check_in)]);
    chain.block(1_000, vec![(DOCTOR, write())]);
    let complete = appointments(|appointment| Visits::complete { appointment }, 0);
    chain.block(1_000, vec![(DOCTOR, complete)]);
    chain.block(
        70 * MINUTE_MS,
        vec![
            (
                HOSPITAL,
                appointments(|appointment| Visits::mark_no_show { appointment }, 2),
            ),
            (patient, share(chain.now_ms)),
        ],
    );
    let reader = |id| Party::Practitioner(PractitionerId(id));
    chain.block(
        1_000,
        vec![
            (OTHER_DOCTOR, open(reader(1), Purpose::Treatment)),
            (OTHER_DOCTOR, open(reader(1), Purpose::Research)),
            (DISTANT_DOCTOR, open(reader(2), Purpose::Treatment)),
            (DISTANT_DOCTOR, break_glass()),
            (DISTANT_DOCTOR, open(reader(2), Purpose::EmergencyTreatment)),
        ],
    );
    let own = open(Party::Patient(PatientId(0)), Purpose::PatientRequest);
    chain.block(1_000, vec![(patient, own), (INSURER, scheme())]);
    chain.block(
        1_000,
        vec![
            (INSURER, shared::enrol()),
            (HOSPITAL, invoice(None, b"first")),
            (HOSPITAL, invoice(Some(0), b"second")),
        ],
    );
    chain.block(1_000, vec![(patient, settle(0))]);
    chain.block(
        1_000,
        vec![(INSURER, approve()), (patient, pay(1, PRICE_FEN.into(), 2))],
    );
    chain.block(1_000, vec![(HOSPITAL, refund(1))]);
    let due = chain.now_ms + HOUR_MS;
    let case = shared::open_case(Party::Patient(PatientId(0)), 11);
    chain.block(1_000, vec![(REGULATOR, case), (REGULATOR, hold())]);
    chain.block(1_000, vec![(REGULATOR, request_disclosure(due))]);
    // By staff, too: a booking that nobody can keep.
    chain.block(1_000, vec![("//Alice//patient//4", book(3, 7))]);
    let acting = Acting::Staff(StaffReason::PractitionerUnavailable);
    chain.block(1_000, vec![(HOSPITAL, cancel(3, acting))]);
    // The disclosure is overdue by then.
    chain.block(2 * HOUR_MS, vec![(REGULATOR, lift())]);
}
