//! A day at the hospital, as calls. What else can happen comes in the days after, in `later`.

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
    types::{ContentKind, NewRecord, Reader, ReaderKeys, SealedKey, SEALED_KEY_BYTES},
};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{
    glue::{CatalogueClass, Held, Line, Setting},
    time::{Date, Moment, HOUR_MS, MINUTE_MS},
    AccountId, AppointmentId, CaseId, ClaimId, CoverageId, DepartmentId, Hash, InvoiceId, MemberId,
    Party, PatientId, PractitionerId, RecordId,
};
use xinglin_runtime::RuntimeCall;

use super::{
    chain::{Chain, START_MS},
    later,
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

/// What each invoice is about.
pub const PRICE_FEN: u64 = 300_000;
/// What stands for any sealed key.
pub const KEY: SealedKey = SealedKey([7; SEALED_KEY_BYTES]);
/// A party whom a case holds for a time.
const HELD: Held = Held::Party(Party::Patient(PatientId(9)));

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

/// Sealed keys for those whom every version has one for: the patient, the author and her member.
pub fn keys() -> ReaderKeys<AccountId> {
    let readers = [
        Reader::Patient,
        Reader::Practitioner(PractitionerId(0)),
        Reader::Member(MemberId(0)),
    ];
    BoundedVec::truncate_from(readers.map(|reader| (reader, KEY)).to_vec())
}

/// A doctor's: a record of the first hospital, with a ciphertext of this byte.
pub fn write(patient: u64, visit: u64, kind: ContentKind, byte: u8) -> RuntimeCall {
    let ciphertext = vec![byte; 2_000];
    pallet_records::Call::write {
        record: NewRecord {
            patient: PatientId(patient),
            author: PractitionerId(0),
            member: MemberId(0),
            visit: Some(AppointmentId(visit)),
            kind,
        },
        content_hash: blake2_256(&ciphertext).into(),
        ciphertext: BoundedVec::truncate_from(ciphertext),
        keys: keys(),
    }
    .into()
}

/// A patient's: a record for a practitioner, for a day.
pub fn share(record: u64, practitioner: u32, now_ms: Moment) -> RuntimeCall {
    let what = Covered::Record(RecordId(record));
    pallet_records::Call::share {
        terms: shared::terms(what, PractitionerId(practitioner), now_ms),
        token: None,
        keys: Default::default(),
    }
    .into()
}

/// Somebody's, as a party: a record.
pub fn open(party: Party, record: u64, purpose: Purpose) -> RuntimeCall {
    pallet_records::Call::open {
        party,
        records: BoundedVec::truncate_from(vec![RecordId(record)]),
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

/// The hospital's: an invoice for services of a day, of one item of its own.
pub fn invoice(patient: u64, visit: Option<u64>, envelope: &[u8], day: Date) -> RuntimeCall {
    let line = Line {
        item: blake2_256(envelope).into(),
        class: CatalogueClass::A,
        prepay_bp: 0,
        unit_price_fen: PRICE_FEN,
        quantity: 1,
        price_limit_fen: None,
        fund_share_bp: None,
    };
    pallet_payments::Call::issue_invoice {
        invoice: NewInvoice {
            patient: PatientId(patient),
            visit: visit.map(AppointmentId),
            setting: Setting::Outpatient,
            service: (day, day),
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

/// A patient's: the payment of an invoice, under an id of this byte.
pub fn pay(invoice: u64, amount_fen: u128, id: u8) -> RuntimeCall {
    pallet_payments::Call::pay {
        invoice: InvoiceId(invoice),
        amount_fen,
        payment: Hash::repeat_byte(id),
    }
    .into()
}

/// The hospital's: the refund of a whole invoice, under an id of this byte.
pub fn refund(invoice: u64, id: u8) -> RuntimeCall {
    pallet_payments::Call::refund {
        invoice: InvoiceId(invoice),
        what: RefundOf::Everything,
        reason: Reason::NotRendered,
        refund: Hash::repeat_byte(id),
    }
    .into()
}

/// A patient's: the settlement of an invoice by a coverage.
pub fn settle(invoice: u64, coverage: u64) -> RuntimeCall {
    pallet_insurance::Call::settle {
        invoice: InvoiceId(invoice),
        coverage: CoverageId(coverage),
        account_max_fen: 0,
        payment: None,
    }
    .into()
}

/// The insurer's: the decision on a claim.
pub fn decide(claim: u64, decision: Decision) -> RuntimeCall {
    pallet_insurance::Call::decide {
        claim: ClaimId(claim),
        decision,
        reason: 4,
    }
    .into()
}

/// A regulator's: a hold of a case.
pub fn hold(case: u64, held: Held) -> RuntimeCall {
    let case = CaseId(case);
    pallet_audit::Call::hold { case, held }.into()
}

/// A regulator's: the end of a hold of a case.
pub fn lift(case: u64, held: Held) -> RuntimeCall {
    let case = CaseId(case);
    pallet_audit::Call::lift { case, held }.into()
}

/// A regulator's: a request to the hospital.
pub fn request_disclosure(case: u64, due: Moment) -> RuntimeCall {
    pallet_audit::Call::request_disclosure {
        case: CaseId(case),
        member: MemberId(0),
        request: Hash::repeat_byte(6),
        due,
    }
    .into()
}

/// A call about an appointment alone.
pub fn appointments(
    call: impl Fn(AppointmentId) -> pallet_appointments::Call<xinglin_runtime::Runtime>,
    appointment: u64,
) -> RuntimeCall {
    call(AppointmentId(appointment)).into()
}

/// A call that the rules let be, and one that they refuse, about what cannot be there.
pub fn about_nothing() -> [(&'static str, RuntimeCall); 2] {
    let doctor = Party::Practitioner(PractitionerId(0));
    let open = open(doctor, u64::MAX, Purpose::Treatment);
    let cancel = cancel(u64::MAX, Acting::Patient(PatientId(0)));
    [(DOCTOR, open), (PATIENTS[0], cancel)]
}

/// Plays the day: three bookings of which one takes place, one is cancelled and one is missed; a record
/// with its readers; an invoice that is settled after a look, and one that is paid and taken back; a
/// regulator's case. Then come the days after.
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
    chain.block(
        1_000,
        vec![(DOCTOR, write(0, 0, ContentKind::Encounter, 9))],
    );
    let complete = appointments(|appointment| Visits::complete { appointment }, 0);
    chain.block(1_000, vec![(DOCTOR, complete)]);
    chain.block(
        70 * MINUTE_MS,
        vec![
            (
                HOSPITAL,
                appointments(|appointment| Visits::mark_no_show { appointment }, 2),
            ),
            (patient, share(0, 1, chain.now_ms)),
        ],
    );
    let reader = |id| Party::Practitioner(PractitionerId(id));
    chain.block(
        1_000,
        vec![
            (OTHER_DOCTOR, open(reader(1), 0, Purpose::Treatment)),
            (OTHER_DOCTOR, open(reader(1), 0, Purpose::Research)),
            (DISTANT_DOCTOR, open(reader(2), 0, Purpose::Treatment)),
            (DISTANT_DOCTOR, break_glass()),
            (
                DISTANT_DOCTOR,
                open(reader(2), 0, Purpose::EmergencyTreatment),
            ),
        ],
    );
    let own = open(Party::Patient(PatientId(0)), 0, Purpose::PatientRequest);
    chain.block(1_000, vec![(patient, own), (INSURER, scheme())]);
    let today = Date::of(START_MS);
    chain.block(
        1_000,
        vec![
            (INSURER, shared::enrol(PatientId(0))),
            (HOSPITAL, invoice(0, None, b"first", today)),
            (HOSPITAL, invoice(0, Some(0), b"second", today)),
        ],
    );
    chain.block(1_000, vec![(patient, settle(0, 0))]);
    chain.block(
        1_000,
        vec![
            (INSURER, decide(0, Decision::Approve)),
            (patient, pay(1, PRICE_FEN.into(), 2)),
        ],
    );
    chain.block(1_000, vec![(HOSPITAL, refund(1, 1))]);
    let due = chain.now_ms + HOUR_MS;
    let case = shared::open_case(Party::Patient(PatientId(0)), 11);
    chain.block(1_000, vec![(REGULATOR, case), (REGULATOR, hold(0, HELD))]);
    chain.block(1_000, vec![(REGULATOR, request_disclosure(0, due))]);
    // By staff, too: a booking that nobody can keep.
    chain.block(1_000, vec![("//Alice//patient//4", book(3, 7))]);
    let acting = Acting::Staff(StaffReason::PractitionerUnavailable);
    chain.block(1_000, vec![(HOSPITAL, cancel(3, acting))]);
    // The disclosure is overdue by then.
    chain.block(2 * HOUR_MS, vec![(REGULATOR, lift(0, HELD))]);
    later::play(chain);
}
