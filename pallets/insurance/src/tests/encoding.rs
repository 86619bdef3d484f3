//! What is stored and sent, byte by byte: a change of layout needs a migration and a new version.

use codec::Encode;
use frame_support::BoundedVec;
use xinglin_primitives::{
    glue::{CatalogueClass, HospitalLevel, Setting},
    AppointmentId, ClaimId, Hash, InvoiceId, SettlementId,
};

use crate::{
    computation::{
        Accumulators, Admission, Aid, Encounter, Frequency, Modifier, Review, SchemeParameters,
        SecondBase, SecondTier, Selector, Split, Track,
    },
    mock::*,
    norms::{Norms, Repetition, Repetitions, Swap},
    refunds::{FlaggedRefund, RefundState},
    review::{Charge, Flag, ItemCharge, Refund, Service, Terms},
    states::ClaimState,
    types::*,
    Call,
};

fn digest(value: impl Encode) -> String {
    let hash = sp_io::hashing::blake2_128(&value.encode());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn every_parameter() -> SchemeParameters {
    let any = Selector::default();
    let mut it = parameters();
    it.age_bounds_years = BoundedVec::truncate_from(vec![60, 70]);
    it.pool.modifiers = table(&[
        row(any, Modifier::Points(500)),
        row(any, Modifier::PersonalFactor(6_000)),
    ]);
    it.second = Some(SecondTier {
        base: SecondBase::AboveCap,
        with_deductible: true,
        basis: crate::computation::Basis::Gross,
        starts: table(&[row(any, 1)]),
        bands: table(&[row(any, bands(&[(Some(5), 1), (None, 2)]))]),
        caps: table(&[row(any, 7)]),
    });
    it.aid = Some(Aid {
        ratios: table(&[row(any, 100)]),
        caps: table(&[row(any, 9)]),
    });
    it.review = Review {
        total_fen: Some(11),
        frequency: Some(Frequency {
            invoices: 3,
            days: 30,
        }),
        needs_visit: true,
        needs_record: false,
    };
    it
}

fn split() -> Split {
    Split {
        total_fen: 1,
        own_fen: 2,
        prepay_fen: 3,
        flat_fen: 4,
        eligible_fen: 5,
        deductible_fen: 6,
        pool_fen: 7,
        second_base_fen: 8,
        second_fen: 9,
        aid_fen: 10,
        account_fen: 11,
        cash_fen: 12,
        starts_admission: true,
    }
}

fn settlement_of(state: SettlementState) -> Settlement {
    Settlement {
        invoice: InvoiceId(1),
        coverage: OF_BOB,
        member: HOSPITAL,
        encounter: Encounter {
            setting: Setting::Inpatient,
            level: Some(HospitalLevel::Two),
            visit: Some(AppointmentId(4)),
        },
        service: (ago(3), ago(2)),
        version: ago(100),
        split: split(),
        to_member_fen: 5,
        claim: Some(ClaimId(3)),
        settled_at: 77,
        state,
        admission_before: Some(Admission {
            visit: None,
            eligible_fen: 9,
            deductible_fen: 8,
        }),
        previous: Some(SettlementId(5)),
        previous_live: Some(SettlementId(4)),
        previous_of_invoice: None,
    }
}

fn claim_in(state: ClaimState) -> Claim {
    let flags = [
        Flag::DuplicateCharge,
        Flag::OverlapsAdmission,
        Flag::AboveThreshold,
        Flag::NoVisit,
        Flag::NoRecord,
        Flag::Frequent,
        Flag::SplitAdmission,
        Flag::SwappedItem,
        Flag::FrequentItem,
        Flag::RefundedAfterSettlement,
    ];
    Claim {
        invoice: InvoiceId(1),
        coverage: OF_BOB,
        insurer: INSURER,
        flags: BoundedVec::truncate_from(flags.to_vec()),
        account_max_fen: 4,
        filed_at: 9,
        appealed_at: Some(11),
        state,
        ruling: Some(Ruling {
            decision: Decision::Part { fund_fen: 6 },
            reason: 2,
            at: 10,
        }),
        settlement: Some(SettlementId(7)),
        computed: Some(split()),
    }
}

fn refund_in(state: RefundState) -> FlaggedRefund {
    FlaggedRefund {
        settlement: SettlementId(7),
        coverage: OF_BOB,
        member: HOSPITAL,
        insurer: INSURER,
        refunded_fen: 5,
        flagged_at: 9,
        state,
    }
}

fn every_norm() -> Norms {
    let repetition = |times| Some(Repetition { times, days: 30 });
    Norms {
        readmission_days: Some(10),
        swap: Some(Swap {
            days: 11,
            price_bp: 12,
        }),
        repetition: Repetitions {
            a: repetition(1),
            b: repetition(2),
            c: repetition(3),
        },
        frequency: Some(Frequency {
            invoices: 3,
            days: 30,
        }),
        needs_visit: true,
        needs_record: false,
        refund_days: Some(13),
        decision_days: Some(14),
    }
}

#[test]
fn what_is_stored_keeps_its_layout() {
    use ClaimState::*;
    let scheme = Scheme {
        insurer: INSURER,
        code: BoundedVec::truncate_from(b"code".to_vec()),
        versions: BoundedVec::truncate_from(vec![ago(2), ago(1)]),
        closed_after: Some(TODAY),
        is_held: true,
    };
    let coverage = Coverage {
        patient: ALICE,
        scheme: SCHEME,
        period: for_years(),
        standings: BoundedVec::truncate_from(vec![Standing {
            from: ago(2),
            insured: employed(),
        }]),
        account: Some(PersonalAccount {
            holder: [3; 32],
            amount_fen: 5,
        }),
        served_until: Some(ago(1)),
        latest: Some(SettlementId(2)),
        latest_live: Some(SettlementId(1)),
    };
    let track = Track {
        admissions: 3,
        latest: Some(Admission {
            visit: Some(AppointmentId(2)),
            eligible_fen: 9,
            deductible_fen: 1,
        }),
        eligible_fen: 4,
        deductible_fen: 5,
        pool_fen: 6,
    };
    let accumulators = Accumulators {
        outpatient: track,
        inpatient: track,
        second_base_fen: 1,
        second_fen: 2,
        aid_fen: 3,
        flat_fen: 4,
        account_fen: 5,
        cash_fen: 6,
        total_fen: 7,
    };
    let settlement = SettlementId(9);
    let indexes = (
        Charge {
            item: [7; 8],
            settlement,
        },
        Service {
            setting: Setting::Inpatient,
            member: CLINIC,
            visit: Some(AppointmentId(2)),
            days: (ago(2), ago(1)),
            settlement,
        },
        InvoiceFile {
            settlement: Some(settlement),
            claim: Some(ClaimId(1)),
        },
    );
    let refunds = [
        RefundState::Open,
        RefundState::Reviewed { reason: 2, at: 12 },
    ]
    .map(refund_in);
    let items = (
        ItemCharge {
            item: [7; 8],
            day: TODAY,
            terms: Terms {
                class: CatalogueClass::B,
                prepay_bp: 3,
                fund_share_bp: Some(4),
                unit_price_fen: 5,
            },
            settlement,
        },
        Refund {
            invoice: InvoiceId(6),
            day: TODAY,
        },
    );
    let claims = [Flagged, Approved, Part, Denied, Appealed, Closed, Withdrawn].map(claim_in);
    let settlements = [SettlementState::Live, SettlementState::Reversed].map(settlement_of);
    let digests = [
        ("scheme", digest(scheme)),
        ("parameters", digest(every_parameter())),
        ("coverage", digest(coverage)),
        ("accumulators", digest(accumulators)),
        ("settlements", digest(settlements)),
        ("claims", digest(claims)),
        ("indexes", digest(indexes)),
        ("items", digest(items)),
        ("refunds", digest(refunds)),
        ("norms", digest(every_norm())),
    ];
    let expected = [
        ("scheme", "b6a1b5af41c40b81e44179d65b00b412"),
        ("parameters", "4bd42409be32d828ab57e1c21f09ce11"),
        ("coverage", "8d9a1b1f108ea2163a600323b40021b1"),
        ("accumulators", "2203ce82be75727517990e0e0e2e3556"),
        ("settlements", "5961ba590bb9789394c6291a89ab9aa9"),
        ("claims", "f1d535abf668dc48d9f5486612121794"),
        ("indexes", "ce403f789444ea17a0e4de03a16344c2"),
        ("items", "ce35466cdbc6a47548b328feab7bfc3f"),
        ("refunds", "cdd937065a4268618b75136c1a3df52a"),
        ("norms", "b310dbcf07affd74c8805d972d48efea"),
    ];
    assert_eq!(digests, expected.map(|(name, hash)| (name, hash.into())));
}

/// One of every call.
pub fn all_calls() -> [Call<Test>; 16] {
    let (invoice, coverage, scheme) = (InvoiceId(1), OF_BOB, SCHEME);
    [
        Call::create_scheme {
            code: BoundedVec::truncate_from(b"c".to_vec()),
            from: TODAY,
            parameters: Box::new(every_parameter()),
        },
        Call::publish_version {
            scheme,
            from: TODAY,
            parameters: Box::new(every_parameter()),
        },
        Call::close_scheme {
            scheme,
            last: TODAY,
        },
        Call::enrol {
            patient: ALICE,
            scheme,
            insured: employed(),
            period: for_years(),
        },
        Call::change_standing {
            coverage,
            from: TODAY,
            insured: employed(),
        },
        Call::set_coverage_end {
            coverage,
            until: Some(TODAY),
        },
        Call::credit_account {
            coverage,
            amount_fen: 5,
        },
        Call::release_account {
            coverage,
            heir: AccountHeir::Patient,
        },
        Call::settle {
            invoice,
            coverage,
            account_max_fen: 5,
            payment: Some(Hash::repeat_byte(2)),
        },
        Call::claim {
            invoice,
            coverage,
            account_max_fen: 5,
        },
        Call::reverse {
            settlement: SettlementId(4),
        },
        Call::decide {
            claim: ClaimId(2),
            decision: Decision::Deny,
            reason: 3,
        },
        Call::appeal { claim: ClaimId(2) },
        Call::withdraw { claim: ClaimId(2) },
        Call::set_norms {
            norms: every_norm(),
        },
        Call::review_refund { invoice, reason: 3 },
    ]
}

#[test]
fn calls_keep_their_layout() {
    assert_eq!(digest(all_calls()), "fd4b52a8f92e2b5a0663ae8a95c224f6");
}
