//! Random sequences of settlements, claims, decisions and reversals: the invariants hold after each,
//! no money is made or lost, and when everything is reversed, everything is as it was.

use std::{cell::RefCell, collections::BTreeMap};

use frame_support::{assert_ok, traits::fungible::Mutate, BoundedVec};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use xinglin_primitives::{
    glue::{CatalogueClass, Line, OnRefund, Setting},
    Balance, ClaimId, Hash, InvoiceId,
};

use crate::{
    computation::{Accumulators, SchemeParameters, SecondBase, SecondTier, Selector},
    mock::*,
    norms::{Norms, Repetition, Repetitions, Swap},
    types::Decision,
    Accumulated, Call, Charges, Claims, Coverages, Items, OpenClaims, Services, Stays,
};

const FUND: AccountId = 1_003;
/// How many sequences are played.
const CASES: u32 = 48;

#[derive(Clone, Debug)]
enum Step {
    /// Settle a new invoice: price, paid before, account allowed, inpatient, suspicious.
    Settle(u32, u16, u32, bool, bool),
    /// Settle the same invoice again, if it was reversed.
    Again(u8),
    /// Pay the rest of an invoice.
    Pay(u8),
    /// Decide an open claim.
    Decide(u8),
    /// Appeal a decided one.
    Appeal(u8),
    /// Reverse the latest.
    Reverse,
    /// Refund part of an invoice that is paid and not settled.
    Refund(u8),
    /// Review a refund.
    Review(u8),
    /// Change what the council finds remarkable: how many rules are on.
    Norms(u8),
    /// Credit the account.
    Credit(u16),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1..3_000_000_u32, any::<u16>(), 0..50_000_u32, any::<bool>(), proptest::bool::weighted(0.2))
            .prop_map(|(price, paid, account, stay, odd)| Step::Settle(price, paid, account, stay, odd)),
        1 => any::<u8>().prop_map(Step::Again),
        1 => any::<u8>().prop_map(Step::Pay),
        2 => any::<u8>().prop_map(Step::Decide),
        1 => any::<u8>().prop_map(Step::Appeal),
        3 => Just(Step::Reverse),
        1 => any::<u8>().prop_map(Step::Refund),
        1 => any::<u8>().prop_map(Step::Review),
        1 => any::<u8>().prop_map(Step::Norms),
        1 => any::<u16>().prop_map(Step::Credit),
    ]
}

/// With a second tier and small caps, so that they are reached.
fn tight() -> SchemeParameters {
    let mut it = parameters();
    it.pool.caps.0[0].when = Selector::default();
    it.pool.caps.0[0].then.of_year_fen = Some(3_000_000);
    it.second = Some(SecondTier {
        base: SecondBase::EligibleRest,
        with_deductible: true,
        basis: Default::default(),
        starts: table(&[row(Selector::default(), 1_000_000)]),
        bands: table(&[row(Selector::default(), bands(&[(None, 6_000)]))]),
        caps: table(&[row(Selector::default(), 2_000_000)]),
    });
    it
}

/// Norms with more rules the larger `n` is.
fn norms(n: u8) -> Norms {
    let on = |from: u8| (n % 8 >= from).then_some(n.max(1));
    Norms {
        refund_days: on(0).map(u16::from),
        decision_days: on(1).map(u16::from),
        readmission_days: on(6).map(|n| u16::from(n % 3 + 1)),
        swap: on(7).map(|n| Swap {
            days: n.into(),
            price_bp: u16::from(n) * 100,
        }),
        repetition: Repetitions {
            a: on(7).map(|n| Repetition {
                times: n % 60 + 1,
                days: n.into(),
            }),
            ..Repetitions::default()
        },
        ..Norms::default()
    }
}

/// Each stay and visit has days of its own, and all are within the year.
fn new_bill(id: u64, price: u32, is_stay: bool, is_odd: bool) -> MockBill {
    let to = ago(200 - id as u32);
    let setting = if is_stay {
        Setting::Inpatient
    } else {
        Setting::Outpatient
    };
    let item = |n: u8| Line {
        class: [CatalogueClass::A, CatalogueClass::B, CatalogueClass::C][usize::from(n % 3)],
        prepay_bp: if n % 3 == 1 { 1_000 } else { 0 },
        fund_share_bp: (n % 4 == 3).then_some(5_000),
        price_limit_fen: (n % 5 == 2).then_some(u64::from(price) / 9),
        quantity: 2,
        ..line(
            if is_odd { 0 } else { n },
            u64::from(price) / u64::from(n + 7),
        )
    };
    MockBill {
        setting,
        service: (to, to),
        lines: BoundedVec::truncate_from((0..5).map(item).collect()),
        ..outpatient(0)
    }
}

fn act(step: Step, bills: &mut u64) {
    let pick = |n: u8, of: u64| InvoiceId(u64::from(n) % of.max(1));
    let settle_or_claim = |invoice: InvoiceId, account_max_fen: Balance| {
        let bill = bill(invoice);
        let made = if bill.paid_fen == bill.total_fen() {
            Call::claim {
                invoice,
                coverage: OF_ALICE,
                account_max_fen,
            }
        } else {
            Call::settle {
                invoice,
                coverage: OF_ALICE,
                account_max_fen,
                payment: Some(Hash::from_low_u64_be(u64::from(
                    crate::NextSettlement::<Test>::get().0 as u32,
                ))),
            }
        };
        // A payment id may be used already, an invoice settled.
        call(own(ALICE), made).is_ok()
    };
    match step {
        Step::Settle(price, paid, account, is_stay, is_odd) => {
            if *bills >= 150 {
                return;
            }
            let invoice = put(*bills, new_bill(*bills, price, is_stay, is_odd));
            *bills += 1;
            touch(invoice, |bill| {
                let total = bill.total_fen();
                bill.paid_fen = (total * Balance::from(paid) / 40_000).min(total);
            });
            assert!(settle_or_claim(invoice, account.into()));
        }
        Step::Again(n) if *bills > 0 => {
            settle_or_claim(pick(n, *bills), 1_000);
        }
        Step::Pay(n) if *bills > 0 => {
            let invoice = pick(n, *bills);
            let it = bill(invoice);
            touch(invoice, |bill| {
                bill.paid_fen = it.total_fen() - it.covered_fen
            });
        }
        Step::Decide(n) => {
            let open: Vec<ClaimId> = OpenClaims::<Test>::iter_keys()
                .map(|(_, key)| ClaimId(key.id()))
                .collect();
            if let Some(claim) = open.get(usize::from(n) % open.len().max(1)).copied() {
                let decision = match n % 3 {
                    0 => Decision::Approve,
                    1 => Decision::Part {
                        fund_fen: Balance::from(n) * 100,
                    },
                    _ => Decision::Deny,
                };
                let decide = Call::decide {
                    claim,
                    decision,
                    reason: 0,
                };
                // A part may be too large.
                let _refused = call(staff(INSURER), decide).is_err();
            }
        }
        Step::Appeal(n) => {
            let claims = Claims::<Test>::iter_keys().count() as u64;
            let claim = ClaimId(u64::from(n) % claims.max(1));
            let _refused = call(own(ALICE), Call::appeal { claim }).is_err();
        }
        Step::Reverse => {
            if let Some(settlement) = stored(OF_ALICE).latest_live {
                assert_eq!(call(staff(HOSPITAL), Call::reverse { settlement }), Ok(()));
            }
        }
        Step::Refund(n) if *bills > 0 => {
            let invoice = pick(n, *bills);
            if bill(invoice).settlement.is_none() {
                touch(invoice, |bill| bill.is_open = false);
                Insurance::on_refund(invoice, 1);
            }
        }
        Step::Review(n) => {
            let invoice = pick(n, *bills);
            let review = Call::review_refund { invoice, reason: 1 };
            let _refused = call(staff(INSURER), review).is_err();
        }
        Step::Norms(n) => assert_eq!(set_norms(norms(n)), Ok(())),
        Step::Credit(fen) => credit(OF_ALICE, Balance::from(fen) + 1),
        _ => {}
    }
}

fn money() -> Balance {
    [FUND, main_account(HOSPITAL), own(ALICE)]
        .map(free)
        .into_iter()
        .sum::<Balance>()
        + held(FUND)
}

fn caps_hold() {
    for (_, _, sums) in Accumulated::<Test>::iter() {
        let paid = sums.outpatient.pool_fen + sums.inpatient.pool_fen;
        assert!(paid <= 3_000_000 && sums.second_fen <= 2_000_000);
        assert!(sums.outpatient.pool_fen <= 2_000_000 && sums.inpatient.pool_fen <= 2_000_000);
        assert!(sums.outpatient.deductible_fen <= 100_000);
    }
}

/// Plays a sequence, and takes everything back. Names what happened.
fn play(steps: Vec<Step>, seen: &RefCell<BTreeMap<String, u32>>) {
    // Enough to pay every rest, and to give back every refund.
    assert_ok!(Balances::mint_into(&own(ALICE), 1_000_000_000));
    let before = money();
    let mut bills = 0;
    for step in steps {
        act(step, &mut bills);
        check();
        caps_hold();
        assert_eq!(money(), before);
        for event in events() {
            let name = format!("{event:?}");
            let name = name.split(' ').next().unwrap_or_default().to_string();
            *seen.borrow_mut().entry(name).or_default() += 1;
        }
    }
    while let Some(settlement) = stored(OF_ALICE).latest_live {
        assert_eq!(call(staff(INSURER), Call::reverse { settlement }), Ok(()));
        check();
    }
    let nothing = Accumulators::default();
    assert!(Accumulated::<Test>::iter_values().all(|sums| sums == nothing));
    assert_eq!(Charges::<Test>::iter().count(), 0);
    assert_eq!(Items::<Test>::iter().count(), 0);
    assert_eq!(
        Services::<Test>::iter().count() + Stays::<Test>::iter().count(),
        0
    );
    let accounts = Coverages::<Test>::iter_values().map(|it| it.account_fen());
    assert_eq!(free(FUND) + accounts.sum::<Balance>(), MEMBER_FUNDS_FEN);
}

#[test]
fn whatever_happens_can_be_undone() {
    let seen = RefCell::new(BTreeMap::new());
    // The same sequences in every run: a failure is found again.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_000),
        ..ProptestConfig::default()
    });
    let sequences = proptest::collection::vec(any_step(), 20..80);
    let result = runner.run(&sequences, |steps| {
        ext(tight()).execute_with(|| play(steps, &seen));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = seen.into_inner();
    for name in [
        "Event::AccountCredited",
        "Event::Settled",
        "Event::Raised",
        "Event::Reversed",
        "Event::Flagged",
        "Event::Decided",
        "Event::Appealed",
        "Event::NormsSet",
        "Event::RefundFlagged",
        "Event::RefundReviewed",
    ] {
        assert!(
            seen.contains_key(name),
            "never happened: {name} in {seen:?}"
        );
    }
}
