//! Settlements: the invoices as insurers' rules see them.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    glue::{Bill, Invoices},
    Balance, InvoiceId, SettlementId,
};

use crate::{
    mock::*,
    states::InvoiceState,
    types::{Reason, RefundOf},
    Call, Error, Event, InvoiceLines,
};

const FIRST: SettlementId = SettlementId(1);
const SECOND: SettlementId = SettlementId(2);

fn bill(id: InvoiceId) -> Option<Bill> {
    <Payments as Invoices<AccountId>>::bill(id)
}

fn cover(id: InvoiceId, by: SettlementId, fen: Balance) -> sp_runtime::DispatchResult {
    <Payments as Invoices<AccountId>>::cover(id, by, fen)
}

fn uncover(id: InvoiceId, by: SettlementId) -> sp_runtime::DispatchResult {
    <Payments as Invoices<AccountId>>::uncover(id, by)
}

fn pay_as(by: AccountId, id: InvoiceId, fen: Balance, n: u64) -> sp_runtime::DispatchResult {
    <Payments as Invoices<AccountId>>::pay_from_balance(&by, id, fen, hash(n))
}

fn state(id: InvoiceId) -> (InvoiceState, Balance) {
    let status = Payments::status_of(id).unwrap();
    (status.state, status.due_fen)
}

#[test]
fn a_bill_says_what_the_rules_need() {
    run(|| {
        let mut new = charge(&[(1_000, 3), (2_000, 1)]);
        new.visit = Some(VISIT);
        let id = issue(HOSPITAL, new.clone());
        pay(id, 700, 1);
        assert_ok!(cover(id, FIRST, 4_000));
        let expected = Bill {
            member: HOSPITAL,
            patient: ALICE,
            visit: Some(VISIT),
            setting: new.setting,
            service: new.service,
            issued_at: morning(),
            lines: new.lines,
            total_fen: TOTAL_FEN,
            paid_fen: 700,
            settlement: Some(FIRST),
            is_open: true,
        };
        assert_eq!(bill(id), Some(expected));
        assert_eq!(bill(InvoiceId(77)), None);
    });
}

#[test]
fn a_bill_is_open_until_it_is_cancelled_or_refunded() {
    run(|| {
        let (cancelled, refunded) = (issued(), issued());
        assert!(bill(cancelled).unwrap().is_open);
        let cancel = Call::cancel_invoice {
            invoice: cancelled,
            reason: Reason::Error,
        };
        assert_ok!(call(staff(HOSPITAL), cancel));
        pay(refunded, TOTAL_FEN, 1);
        assert!(bill(refunded).unwrap().is_open);
        let red = refund(refunded, RefundOf::Lines(vec![0].try_into().unwrap()), 1);
        for closed in [cancelled, refunded] {
            assert!(!bill(closed).unwrap().is_open);
            assert_noop!(cover(closed, FIRST, 0), Error::<Test>::WrongState);
        }
        assert_eq!(bill(red), None);
    });
}

#[test]
fn the_fund_covers_and_the_patient_pays_the_rest() {
    run(|| {
        let id = issued();
        events();
        assert_ok!(cover(id, FIRST, 4_000));
        assert_eq!(state(id), (InvoiceState::PartlyPaid, 1_000));
        let covered = Event::Covered {
            invoice: id,
            settlement: FIRST,
            covered_fen: 4_000,
            state: InvoiceState::PartlyPaid,
        };
        assert_eq!(events(), [covered]);
        assert_noop!(pay_as(own(ALICE), id, 1_001, 1), Error::<Test>::Overpaid);
        assert_ok!(pay_as(own(ALICE), id, 1_000, 1));
        assert_eq!(state(id), (InvoiceState::Balanced, 0));
        // The settlement moves the fund's part itself.
        assert_eq!(free(own(ALICE)), FUNDS_FEN - 1_000);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN + 1_000);
        assert_eq!(Payments::unpaid_of(HOSPITAL, None, 1), []);
    });
}

#[test]
fn a_claim_afterwards_covers_nothing_but_settles() {
    run(|| {
        let id = issued();
        pay(id, TOTAL_FEN, 1);
        assert_eq!(state(id), (InvoiceState::Paid, 0));
        assert_noop!(cover(id, FIRST, 1), Error::<Test>::Overpaid);
        assert_ok!(cover(id, FIRST, 0));
        assert_eq!(state(id), (InvoiceState::Balanced, 0));
    });
}

#[test]
fn an_invoice_is_settled_once() {
    run(|| {
        let id = issued();
        assert_ok!(cover(id, FIRST, 0));
        assert_noop!(cover(id, SECOND, 1), Error::<Test>::Settled);
        assert_noop!(cover(id, FIRST, 1), Error::<Test>::Settled);
        assert_noop!(uncover(id, SECOND), Error::<Test>::NotSettledBy);
        events();
        assert_ok!(uncover(id, FIRST));
        let uncovered = Event::Uncovered {
            invoice: id,
            settlement: FIRST,
            state: InvoiceState::Issued,
        };
        assert_eq!(events(), [uncovered]);
        assert_noop!(uncover(id, FIRST), Error::<Test>::NotSettledBy);
        assert_ok!(cover(id, SECOND, TOTAL_FEN));
        assert_eq!(state(id), (InvoiceState::Balanced, 0));
        assert_ok!(uncover(id, SECOND));
        assert_eq!(state(id), (InvoiceState::Issued, TOTAL_FEN));
        assert_eq!(Payments::unpaid_of(HOSPITAL, None, 1).len(), 1);
    });
}

#[test]
fn no_more_is_covered_than_is_due() {
    run(|| {
        let id = issued();
        pay(id, 2_000, 1);
        assert_noop!(cover(id, FIRST, 3_001), Error::<Test>::Overpaid);
        assert_noop!(cover(id, FIRST, Balance::MAX), Error::<Test>::Overpaid);
        assert_ok!(cover(id, FIRST, 3_000));
        assert_noop!(
            cover(InvoiceId(77), FIRST, 0),
            Error::<Test>::UnknownInvoice
        );
        assert_noop!(uncover(InvoiceId(77), FIRST), Error::<Test>::UnknownInvoice);
    });
}

#[test]
fn a_settled_invoice_is_neither_refunded_nor_cancelled() {
    run(|| {
        let (paid, unpaid) = (issued(), issued());
        pay(paid, TOTAL_FEN, 1);
        assert_ok!(cover(paid, FIRST, 0));
        assert_ok!(cover(unpaid, SECOND, 0));
        let everything = refund_of(paid, RefundOf::Everything, 1);
        assert_noop!(
            call(staff(HOSPITAL), everything.clone()),
            Error::<Test>::Settled
        );
        let cancel = Call::cancel_invoice {
            invoice: unpaid,
            reason: Reason::Error,
        };
        assert_noop!(
            call(staff(HOSPITAL), cancel.clone()),
            Error::<Test>::Settled
        );
        // After the reversal both can be done.
        assert_ok!(uncover(paid, FIRST));
        assert_ok!(uncover(unpaid, SECOND));
        assert_ok!(call(staff(HOSPITAL), everything));
        assert_ok!(call(staff(HOSPITAL), cancel));
        assert_eq!(InvoiceLines::<Test>::iter().count(), 2);
    });
}

#[test]
fn payments_within_a_settlement_follow_the_same_rules() {
    run(|| {
        let id = issued();
        assert_noop!(pay_as(STRANGER, id, 1, 1), Error::<Test>::NotForPatient);
        assert_noop!(
            pay_as(carer(ALICE), id, DELEGATED_MAX_FEN + 1, 1),
            Error::<Test>::AboveDelegatedLimit
        );
        let total_fen = 2 * FUNDS_FEN;
        let big = issue(HOSPITAL, charge(&[(total_fen as u64, 1)]));
        // Refused, it leaves nothing behind, though no transaction is rolled back here.
        assert_noop!(
            pay_as(own(ALICE), big, total_fen, 1),
            Error::<Test>::BalanceTooSmall
        );
        assert_ok!(pay_as(own(ALICE), id, 1_000, 1));
        assert_eq!(free(own(ALICE)), FUNDS_FEN - 1_000);
        // Each moves money: an id that was used moves none, whatever it stands for.
        for fen in [1_000, 1_001] {
            assert_noop!(pay_as(own(ALICE), id, fen, 1), Error::<Test>::PaymentIdUsed);
        }
        pay(id, 500, 2);
        assert_noop!(pay_as(own(ALICE), id, 500, 2), Error::<Test>::PaymentIdUsed);
        assert_eq!(free(own(ALICE)), FUNDS_FEN - 1_500);
    });
}
