//! Claims: decided, appealed, withdrawn.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use xinglin_primitives::{ClaimId, CoverageId, InOrder, InvoiceId, SettlementId};

use crate::{
    mock::*,
    states::{ClaimState, ClaimStep},
    types::{Claim, Decision, Period, Ruling},
    Call, Claims, Error, Event, NextSettlement, OpenClaims,
};

const FUND: AccountId = 1_003;

/// An outpatient invoice that is flagged: 3,000 yuan for one item in two lines.
fn suspicious(id: u64) -> InvoiceId {
    let lines = vec![line(1, 150_000), line(1, 150_000)];
    put(
        id,
        MockBill {
            lines: BoundedVec::truncate_from(lines),
            ..outpatient(0)
        },
    )
}

fn deciding(claim: ClaimId, decision: Decision) -> Call<Test> {
    Call::decide {
        claim,
        decision,
        reason: 42,
    }
}

fn decide(claim: ClaimId, decision: Decision) {
    assert_ok!(call(staff(INSURER), deciding(claim, decision)));
}

fn part(fund_fen: u128) -> Decision {
    Decision::Part { fund_fen }
}

fn appeal(claim: ClaimId) {
    assert_ok!(call(own(ALICE), Call::appeal { claim }));
}

fn stored_claim(claim: ClaimId) -> Claim {
    Claims::<Test>::get(claim).unwrap()
}

#[test]
fn an_approved_claim_is_paid_as_the_rules_have_it() {
    run(|| {
        credit(OF_ALICE, 10_000);
        let invoice = suspicious(1);
        assert_ok!(call(own(ALICE), settlement(invoice, OF_ALICE, 5_000)));
        let claim = ClaimId(0);
        events();
        decide(claim, Decision::Approve);
        let it = stored_claim(claim);
        assert_eq!(it.state, ClaimState::Approved);
        let ruling = Ruling {
            decision: Decision::Approve,
            reason: 42,
            at: Now::get(),
        };
        assert_eq!(it.ruling, Some(ruling));
        assert_eq!(it.settlement, Some(SettlementId(0)));
        let settlement = settled(SettlementId(0));
        assert_eq!(settlement.claim, Some(claim));
        assert_eq!(
            (settlement.split.pool_fen, settlement.split.account_fen),
            (140_000, 5_000)
        );
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 145_000);
        assert_eq!(OpenClaims::<Test>::iter().count(), 0);
        let decided = Event::Decided {
            claim,
            settlement: Some(SettlementId(0)),
        };
        assert_eq!(events().last(), Some(&decided));
        for again in [Decision::Approve, part(1), Decision::Deny] {
            assert_noop!(
                call(staff(INSURER), deciding(claim, again)),
                Error::<Test>::WrongState
            );
        }
        assert_noop!(
            call(own(ALICE), Call::appeal { claim }),
            Error::<Test>::WrongState
        );
    });
}

#[test]
fn only_its_insurer_decides() {
    run(|| {
        let claim = flag(suspicious(1));
        for stranger in [staff(OTHER_INSURER), staff(HOSPITAL), own(ALICE)] {
            assert_noop!(
                call(stranger, deciding(claim, Decision::Approve)),
                Error::<Test>::NotItsInsurer
            );
        }
        Suspended::set([INSURER].into());
        assert_noop!(
            call(staff(INSURER), deciding(claim, Decision::Deny)),
            Error::<Test>::NotItsInsurer
        );
        Suspended::set(Default::default());
        assert_noop!(
            call(staff(INSURER), deciding(ClaimId(1), Decision::Deny)),
            Error::<Test>::UnknownClaim
        );
    });
}

#[test]
fn a_claim_is_computed_when_it_is_decided() {
    run(|| {
        let claim = flag(suspicious(1));
        // Meanwhile another settlement has used up most of the deductible.
        let other = MockBill {
            service: (ago(3), ago(3)),
            ..outpatient(90_000)
        };
        settle(put(2, other));
        decide(claim, Decision::Approve);
        assert_eq!(settled(SettlementId(1)).split.deductible_fen, 10_000);
    });
}

#[test]
fn what_the_patient_has_paid_by_then_comes_back_to_her() {
    run(|| {
        let invoice = suspicious(1);
        let claim = flag(invoice);
        pay_outside(invoice);
        decide(claim, Decision::Approve);
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN + 140_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN);
    });
}

#[test]
fn a_part_is_at_least_one_fen_and_at_most_what_the_rules_give() {
    run(|| {
        credit(OF_ALICE, 10_000);
        let invoice = suspicious(1);
        assert_ok!(call(own(ALICE), settlement(invoice, OF_ALICE, 5_000)));
        let claim = ClaimId(0);
        for bad in [0, 140_001] {
            assert_noop!(
                call(staff(INSURER), deciding(claim, part(bad))),
                Error::<Test>::BadPart
            );
        }
        decide(claim, part(100_000));
        assert_eq!(stored_claim(claim).state, ClaimState::Part);
        let it = settled(SettlementId(0)).split;
        assert_eq!(
            (it.pool_fen, it.account_fen, it.cash_fen),
            (100_000, 5_000, 195_000)
        );
        assert_eq!(this_year(OF_ALICE).outpatient.pool_fen, 100_000);
    });
}

#[test]
fn a_denied_claim_can_be_appealed_once() {
    run(|| {
        let invoice = suspicious(1);
        let claim = flag(invoice);
        decide(claim, Decision::Deny);
        assert_eq!(stored_claim(claim).state, ClaimState::Denied);
        assert_eq!(bill(invoice).settlement, None);
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::ClaimDenied
        );
        for stranger in [own(BOB), staff(HOSPITAL), reader(ALICE)] {
            assert_noop!(
                call(stranger, Call::appeal { claim }),
                Error::<Test>::NotForPatient
            );
        }
        events();
        appeal(claim);
        assert_eq!(events(), [Event::Appealed { claim }]);
        assert!(OpenClaims::<Test>::contains_key(
            INSURER,
            InOrder::from(claim)
        ));
        decide(claim, Decision::Deny);
        assert_eq!(stored_claim(claim).state, ClaimState::Closed);
        assert_noop!(
            call(own(ALICE), Call::appeal { claim }),
            Error::<Test>::WrongState
        );
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::ClaimDenied
        );
        assert_eq!(NextSettlement::<Test>::get(), SettlementId(0));
    });
}

#[test]
fn an_appeal_may_bring_all_or_part() {
    for (decision, pool_fen) in [(Decision::Approve, 140_000), (part(9), 9)] {
        run(|| {
            let claim = flag(suspicious(1));
            decide(claim, Decision::Deny);
            appeal(claim);
            decide(claim, decision);
            assert_eq!(stored_claim(claim).state, ClaimState::Closed);
            assert_eq!(settled(SettlementId(0)).split.pool_fen, pool_fen);
            assert_eq!(free(FUND), MEMBER_FUNDS_FEN - pool_fen);
        });
    }
}

#[test]
fn an_appeal_against_a_part_raises_what_the_member_is_owed_and_then_the_patients() {
    run(|| {
        let invoice = suspicious(1);
        let claim = flag(invoice);
        decide(claim, part(40_000));
        // She pays 200,000 of the 260,000 that are left.
        touch(invoice, |bill| bill.paid_fen = 200_000);
        appeal(claim);
        for bad in [39_999, 140_001] {
            assert_noop!(
                call(staff(INSURER), deciding(claim, part(bad))),
                Error::<Test>::BadPart
            );
        }
        events();
        decide(claim, Decision::Approve);
        let raised = Event::Raised {
            settlement: SettlementId(0),
            to_member_fen: 60_000,
            to_patient_fen: 40_000,
        };
        assert_eq!(events()[0], raised);
        let it = settled(SettlementId(0));
        assert_eq!((it.split.pool_fen, it.split.cash_fen), (140_000, 160_000));
        assert_eq!((it.to_member_fen, it.to_patient_fen()), (100_000, 40_000));
        assert_eq!(bill(invoice).covered_fen, 100_000);
        assert_eq!(free(own(ALICE)), PATIENT_FUNDS_FEN + 40_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 100_000);
        assert_eq!(this_year(OF_ALICE).outpatient.pool_fen, 140_000);
        check();
        // Taken back, all of it.
        let reverse = Call::reverse {
            settlement: SettlementId(0),
        };
        assert_ok!(call(staff(INSURER), reverse));
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN);
        assert_eq!(this_year(OF_ALICE), Default::default());
    });
}

#[test]
fn an_appeal_brings_no_more_than_the_caps_have_left() {
    run(|| {
        let claim = flag(suspicious(1));
        decide(claim, part(40_000));
        // The cap is 2,000,000: 1,900,000 go elsewhere.
        let large = MockBill {
            service: (ago(3), ago(3)),
            ..outpatient(2_714_286)
        };
        settle(put(2, large));
        assert_eq!(this_year(OF_ALICE).outpatient.pool_fen, 1_940_000);
        appeal(claim);
        decide(claim, Decision::Approve);
        assert_eq!(this_year(OF_ALICE).outpatient.pool_fen, 2_000_000);
        assert_eq!(settled(SettlementId(0)).split.pool_fen, 100_000);
    });
}

#[test]
fn an_appeal_takes_nothing_back() {
    run(|| {
        let claim = flag(suspicious(1));
        decide(claim, part(40_000));
        appeal(claim);
        decide(claim, Decision::Deny);
        assert_eq!(stored_claim(claim).state, ClaimState::Closed);
        assert_eq!(free(FUND), MEMBER_FUNDS_FEN - 40_000);
    });
}

#[test]
fn what_was_settled_otherwise_is_not_appealed() {
    run(|| {
        let both = Period {
            from: ago(1_000),
            until: None,
        };
        let create = Call::create_scheme {
            code: BoundedVec::truncate_from(b"B".to_vec()),
            from: ago(1_000),
            parameters: Box::new(parameters()),
        };
        assert_ok!(call(staff(OTHER_INSURER), create));
        let enrol = Call::enrol {
            patient: ALICE,
            scheme: xinglin_primitives::SchemeId(1),
            insured: employed(),
            period: both,
        };
        assert_ok!(call(staff(OTHER_INSURER), enrol));
        let other = CoverageId(2);
        let invoice = suspicious(1);
        let claim = flag(invoice);
        assert_noop!(
            call(own(ALICE), settlement(invoice, other, 0)),
            Error::<Test>::ClaimOpen
        );
        decide(claim, Decision::Deny);
        // The other insurer's claim takes its place.
        assert_ok!(call(own(ALICE), settlement(invoice, other, 0)));
        assert_noop!(
            call(own(ALICE), Call::appeal { claim }),
            Error::<Test>::Superseded
        );
        let approve = deciding(ClaimId(1), Decision::Approve);
        assert_ok!(call(staff(OTHER_INSURER), approve));
        assert_noop!(
            call(own(ALICE), Call::appeal { claim }),
            Error::<Test>::Superseded
        );
    });
}

#[test]
fn a_reversed_part_is_not_appealed() {
    run(|| {
        let claim = flag(suspicious(1));
        decide(claim, part(40_000));
        let reverse = || Call::reverse {
            settlement: SettlementId(0),
        };
        assert_ok!(call(staff(HOSPITAL), reverse()));
        assert_noop!(
            call(own(ALICE), Call::appeal { claim }),
            Error::<Test>::Superseded
        );
        // Nor decided, if it is reversed after the appeal.
        let claim = flag(InvoiceId(1));
        decide(claim, part(40_000));
        appeal(claim);
        let reverse = Call::reverse {
            settlement: SettlementId(1),
        };
        assert_ok!(call(staff(HOSPITAL), reverse));
        assert_noop!(
            call(staff(INSURER), deciding(claim, Decision::Approve)),
            Error::<Test>::Superseded
        );
        decide(claim, Decision::Deny);
    });
}

#[test]
fn a_claim_is_withdrawn_before_it_is_decided() {
    run(|| {
        let invoice = suspicious(1);
        let claim = flag(invoice);
        for stranger in [own(BOB), staff(HOSPITAL), staff(INSURER)] {
            assert_noop!(
                call(stranger, Call::withdraw { claim }),
                Error::<Test>::NotForPatient
            );
        }
        events();
        assert_ok!(call(carer(ALICE), Call::withdraw { claim }));
        assert_eq!(events(), [Event::Withdrawn { claim }]);
        assert_eq!(stored_claim(claim).state, ClaimState::Withdrawn);
        assert_noop!(
            call(own(ALICE), Call::withdraw { claim }),
            Error::<Test>::WrongState
        );
        assert_noop!(
            call(staff(INSURER), deciding(claim, Decision::Approve)),
            Error::<Test>::WrongState
        );
        assert_eq!(flag(invoice), ClaimId(1));
    });
}

#[test]
fn a_withdrawn_appeal_leaves_the_first_decision() {
    run(|| {
        let invoice = suspicious(1);
        let claim = flag(invoice);
        decide(claim, Decision::Deny);
        appeal(claim);
        assert_ok!(call(own(ALICE), Call::withdraw { claim }));
        assert_eq!(stored_claim(claim).state, ClaimState::Closed);
        assert_noop!(
            call(own(ALICE), settlement(invoice, OF_ALICE, 0)),
            Error::<Test>::ClaimDenied
        );
    });
}

#[test]
fn nothing_is_approved_that_cannot_be_settled() {
    run(|| {
        let invoice = suspicious(1);
        let claim = flag(invoice);
        let approve = || deciding(claim, Decision::Approve);
        assert_ok!(Insurance::set_scheme_hold(SCHEME, true));
        assert_noop!(call(staff(INSURER), approve()), Error::<Test>::SchemeHeld);
        assert_ok!(Insurance::set_scheme_hold(SCHEME, false));
        credit(OF_BOB, MEMBER_FUNDS_FEN - 1_000);
        assert_noop!(call(staff(INSURER), approve()), Error::<Test>::FundTooSmall);
        touch(invoice, |bill| bill.is_open = false);
        assert_noop!(
            call(staff(INSURER), approve()),
            Error::<Test>::InvoiceNotOpen
        );
        decide(claim, Decision::Deny);
    });
}

#[test]
fn the_table_of_states_is_complete() {
    use ClaimState::*;
    use ClaimStep as Step;
    let states = [Flagged, Approved, Part, Denied, Appealed, Closed, Withdrawn];
    let steps = [
        Step::Approve,
        Step::ApprovePart,
        Step::Deny,
        Step::Appeal,
        Step::Withdraw,
    ];
    let expected = [
        (
            Flagged,
            [
                Some(Approved),
                Some(Part),
                Some(Denied),
                None,
                Some(Withdrawn),
            ],
        ),
        (Approved, [None; 5]),
        (Part, [None, None, None, Some(Appealed), None]),
        (Denied, [None, None, None, Some(Appealed), None]),
        (
            Appealed,
            [Some(Closed), Some(Closed), Some(Closed), None, Some(Closed)],
        ),
        (Closed, [None; 5]),
        (Withdrawn, [None; 5]),
    ];
    assert_eq!(
        states.map(|state| (state, steps.map(|step| state.after(step)))),
        expected
    );
}
