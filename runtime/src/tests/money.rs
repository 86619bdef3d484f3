//! Where the money of an invoice is after each step, with all pallets as the runtime wires them.

use frame_support::BoundedVec;
use pallet_insurance::{
    computation::{
        Band, Category, Deductible, Insured, Pool, Row, SchemeParameters, Selector, Table,
    },
    norms::Norms,
};
use pallet_payments::types::{Details, NewInvoice, Reason, RefundOf};
use sp_io::hashing::blake2_256;
use xinglin_primitives::{
    glue::{CatalogueClass, Line, Setting},
    time::Date,
    AppointmentId, CoverageId, InvoiceId, MemberId, PatientId, SchemeId, SettlementId,
};

use super::{domain::motion, *};
use crate::{Insurance, Runtime};

const HOSPITAL: &str = "//Alice";
const INSURER: &str = "//Charlie";
const PATIENT: &str = "//Alice//patient//1";

const PRICE_FEN: u64 = 300_000;
/// (3,000 − 1,000) × 70 %, in fen.
const FUND_FEN: i128 = 140_000;

fn one<V>(then: V) -> Table<V> {
    let when = Selector::default();
    Table(BoundedVec::truncate_from(vec![Row { when, then }]))
}

/// 1,000 yuan a year, then 70 %.
fn parameters() -> SchemeParameters {
    let band = Band {
        up_to_fen: None,
        ratio_bp: 7_000,
    };
    SchemeParameters {
        deductibles: one(Deductible::Annual(100_000)),
        pool: Pool {
            bands: one(BoundedVec::truncate_from(vec![band])),
            ..Pool::default()
        },
        ..SchemeParameters::default()
    }
}

pub(super) fn scheme() -> RuntimeCall {
    pallet_insurance::Call::create_scheme {
        code: BoundedVec::truncate_from(b"S".to_vec()),
        from: Date(0),
        parameters: Box::new(parameters()),
    }
    .into()
}

/// Covers the patient 0.
pub(super) fn enrolment(scheme: SchemeId) -> RuntimeCall {
    pallet_insurance::Call::enrol {
        patient: PatientId(0),
        scheme,
        insured: Insured {
            category: Category::Employed,
            age_group: 0,
        },
        period: pallet_insurance::types::Period {
            from: Date(0),
            until: None,
        },
    }
    .into()
}

/// A bill for one item, the same in each. No two have the same envelope.
pub(super) fn invoice(
    visit: Option<AppointmentId>,
    envelope: &[u8],
    readers: &[MemberId],
) -> RuntimeCall {
    let line = Line {
        item: Hash::zero(),
        class: CatalogueClass::A,
        prepay_bp: 0,
        unit_price_fen: PRICE_FEN,
        quantity: 1,
        price_limit_fen: None,
        fund_share_bp: None,
    };
    let today = Date::of(START);
    pallet_payments::Call::issue_invoice {
        invoice: NewInvoice {
            patient: PatientId(0),
            visit,
            setting: Setting::Outpatient,
            service: (today, today),
            lines: BoundedVec::truncate_from(vec![line]),
            total_fen: PRICE_FEN.into(),
            details: Details {
                envelope: blake2_256(envelope).into(),
                readers: BoundedVec::truncate_from(readers.to_vec()),
            },
        },
        envelope: BoundedVec::truncate_from(envelope.to_vec()),
    }
    .into()
}

fn payment(amount_fen: u128, id: u8) -> RuntimeCall {
    pallet_payments::Call::pay {
        invoice: InvoiceId(0),
        amount_fen,
        payment: Hash::repeat_byte(id),
    }
    .into()
}

/// Settles, and pays the rest under an id.
fn settlement(id: u8) -> RuntimeCall {
    pallet_insurance::Call::settle {
        invoice: InvoiceId(0),
        coverage: CoverageId(0),
        account_max_fen: 0,
        payment: Some(Hash::repeat_byte(id)),
    }
    .into()
}

/// What patient, hospital and insurer have.
fn funds(chain: &mut Chain) -> [i128; 3] {
    [PATIENT, HOSPITAL, INSURER].map(|path| chain.free(path) as i128)
}

/// A patient with a coverage and an invoice, and what everybody has.
fn charged() -> (Chain, [i128; 3]) {
    let mut chain = Chain::new();
    let calls = vec![
        chain.sign(INSURER, 0, scheme()),
        chain.sign(INSURER, 1, enrolment(SchemeId(0))),
        chain.sign(HOSPITAL, 0, invoice(None, b"sealed", &[])),
    ];
    assert_eq!(chain.block(calls).outcomes, vec![Ok(Ok(())); 3]);
    let before = funds(&mut chain);
    (chain, before)
}

#[test]
fn a_settlement_and_its_payment_stand_or_fall_together() {
    let (mut chain, before) = charged();
    let moved = |chain: &mut Chain| {
        let now = funds(chain);
        core::array::from_fn(|party| now[party] - before[party])
    };
    let first = chain.sign(PATIENT, 0, payment(80_000, 1));
    assert_eq!(chain.one(first), Ok(Ok(())));
    assert_eq!(moved(&mut chain), [-80_000, 80_000, 0]);

    // The rest is 80,000, too: the id stands for the same content, and still for another payment.
    let again = chain.sign(PATIENT, 1, settlement(1));
    let used = pallet_payments::Error::<Runtime>::PaymentIdUsed;
    assert_eq!(chain.one(again), Ok(Err(used.into())));
    assert_eq!(moved(&mut chain), [-80_000, 80_000, 0]);
    let settled = chain.sign(PATIENT, 2, settlement(2));
    assert_eq!(chain.one(settled), Ok(Ok(())));
    assert_eq!(moved(&mut chain), [-160_000, 300_000, -FUND_FEN]);
    let twice = chain.sign(PATIENT, 3, settlement(2));
    let settled = pallet_insurance::Error::<Runtime>::AlreadySettled;
    assert_eq!(chain.one(twice), Ok(Err(settled.into())));
    chain.check();
}

#[test]
fn what_is_reversed_and_refunded_is_where_it_was() {
    let (mut chain, before) = charged();
    let settled = chain.sign(PATIENT, 0, settlement(1));
    assert_eq!(chain.one(settled), Ok(Ok(())));
    let refund = pallet_payments::Call::refund {
        invoice: InvoiceId(0),
        what: RefundOf::Everything,
        reason: Reason::Error,
        refund: Hash::repeat_byte(1),
    };
    let early = chain.sign(HOSPITAL, 1, refund.clone());
    let settled = pallet_payments::Error::<Runtime>::Settled;
    assert_eq!(chain.one(early), Ok(Err(settled.into())));

    let reverse = pallet_insurance::Call::reverse {
        settlement: SettlementId(0),
    };
    let reversed = chain.sign(INSURER, 2, reverse);
    assert_eq!(chain.one(reversed), Ok(Ok(())));
    let [patient, hospital, insurer] = before;
    let paid = [patient - 160_000, hospital + 160_000, insurer];
    assert_eq!(funds(&mut chain), paid);
    chain.check();
    let waiting = |chain: &mut Chain| {
        let page = || Insurance::flagged_refunds(Some(MemberId(2)), None, 9);
        chain.discard(page).len()
    };
    assert_eq!(waiting(&mut chain), 0);
    let refunded = chain.sign(HOSPITAL, 2, refund);
    assert_eq!(chain.one(refunded), Ok(Ok(())));
    assert_eq!(funds(&mut chain), before);
    chain.check();
    // It was settled a moment ago, so that the insurer looks at it.
    assert_eq!(waiting(&mut chain), 1);
    let review = pallet_insurance::Call::review_refund {
        invoice: InvoiceId(0),
        reason: 1,
    };
    let reviewed = chain.sign(INSURER, 3, review);
    assert_eq!(chain.one(reviewed), Ok(Ok(())));
    assert_eq!(waiting(&mut chain), 0);
    chain.check();
}

#[test]
fn the_council_says_what_is_remarkable() {
    let mut chain = Chain::new();
    let norms = Norms {
        readmission_days: Some(10),
        ..Norms::default()
    };
    let set_norms = pallet_insurance::Call::set_norms { norms };
    let alone = chain.sign(INSURER, 0, set_norms.clone());
    assert_eq!(
        chain.one(alone),
        Ok(Err(sp_runtime::DispatchError::BadOrigin))
    );
    motion(&mut chain, [0, 0, 1, 0], set_norms.into());
    let found = chain
        .ext
        .execute_with(pallet_insurance::NormsInForce::<Runtime>::get);
    assert_eq!(found, norms);
    chain.check();
}

#[test]
fn a_claim_afterwards_pays_the_patient_back() {
    let (mut chain, before) = charged();
    let paid = chain.sign(PATIENT, 0, payment(PRICE_FEN.into(), 1));
    assert_eq!(chain.one(paid), Ok(Ok(())));
    let claim = pallet_insurance::Call::claim {
        invoice: InvoiceId(0),
        coverage: CoverageId(0),
        account_max_fen: 0,
    };
    let claimed = chain.sign(PATIENT, 1, claim);
    assert_eq!(chain.one(claimed), Ok(Ok(())));
    let [patient, hospital, insurer] = before;
    let expected = [patient - 160_000, hospital + 300_000, insurer - FUND_FEN];
    assert_eq!(funds(&mut chain), expected);
    chain.check();
}
