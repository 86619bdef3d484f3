//! Refunds of what had been settled.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    glue::OnRefund,
    time::{DAY_MS, HOUR_MS},
    Balance, InvoiceId, SettlementId,
};

use crate::{
    mock::*,
    norms::Norms,
    refunds::{FlaggedRefund, RefundState},
    review::Flag,
    Call, Error, Event, FlaggedRefunds, Refunds,
};

const DAYS: u16 = 10;

fn under_norms(test: impl FnOnce()) {
    run(|| {
        let norms = Norms {
            refund_days: Some(DAYS),
            decision_days: Some(3),
            ..Norms::default()
        };
        assert_ok!(set_norms(norms));
        test();
    });
}

/// Refunds as the pallet of the invoices does: what is settled must be reversed before.
fn refund(invoice: InvoiceId, amount_fen: Balance) {
    touch(invoice, |bill| bill.is_open = false);
    Insurance::on_refund(invoice, amount_fen);
}

fn reverse(settlement: SettlementId) {
    assert_ok!(call(staff(HOSPITAL), Call::reverse { settlement }));
}

/// Settles an invoice, takes that back and refunds so much of it.
fn settle_and_refund(invoice: InvoiceId, amount_fen: Balance) -> SettlementId {
    let settlement = settle(invoice);
    reverse(settlement);
    events();
    refund(invoice, amount_fen);
    settlement
}

fn review(by: AccountId, invoice: InvoiceId) -> sp_runtime::DispatchResult {
    call(by, Call::review_refund { invoice, reason: 7 })
}

fn waiting(insurer: Option<xinglin_primitives::MemberId>) -> Vec<u64> {
    let page = Insurance::flagged_refunds(insurer, None, 9);
    page.into_iter().map(|(id, _)| id.0).collect()
}

#[test]
fn a_refund_soon_after_the_settlement_is_put_to_the_insurer() {
    under_norms(|| {
        let invoice = put(1, outpatient(300_000));
        let settlement = settle_and_refund(invoice, 100);
        let flagged = FlaggedRefund {
            settlement,
            coverage: OF_ALICE,
            member: HOSPITAL,
            insurer: INSURER,
            refunded_fen: 100,
            flagged_at: Now::get(),
            state: RefundState::Open,
        };
        assert_eq!(FlaggedRefunds::<Test>::get(invoice), Some(flagged));
        let event = Event::RefundFlagged {
            invoice,
            settlement,
            insurer: INSURER,
            refunded_fen: 100,
        };
        assert_eq!(events(), [event]);
        assert_eq!(waiting(Some(INSURER)), [1]);
        assert_eq!(waiting(None), [1]);
        assert!(waiting(Some(OTHER_INSURER)).is_empty());
    });
}

#[test]
fn other_refunds_are_not_remarkable() {
    under_norms(|| {
        // Never settled.
        let unsettled = put(1, outpatient(100));
        refund(unsettled, 100);
        // Settled long ago.
        let late = put(2, outpatient(100));
        reverse(settle(late));
        Now::set(Now::get() + (u64::from(DAYS) + 1) * DAY_MS);
        refund(late, 100);
        Insurance::on_refund(InvoiceId(99), 1);
        assert!(waiting(None).is_empty());
        // On the last day.
        let last = put(3, outpatient(100));
        reverse(settle(last));
        Now::set(Now::get() + u64::from(DAYS) * DAY_MS);
        refund(last, 100);
        assert_eq!(waiting(None), [3]);
    });
    run(|| {
        // Nobody asks.
        settle_and_refund(put(1, outpatient(100)), 100);
        assert!(waiting(None).is_empty() && events().is_empty());
    });
}

#[test]
fn the_insurer_reviews_and_a_later_refund_opens_it_again() {
    under_norms(|| {
        let invoice = put(1, outpatient(300_000));
        settle_and_refund(invoice, 100);
        Now::set(Now::get() + HOUR_MS);
        refund(invoice, 50);
        let found = FlaggedRefunds::<Test>::get(invoice).unwrap();
        assert_eq!(found.refunded_fen, 150);
        assert_eq!(found.flagged_at, Now::get() - HOUR_MS);
        assert_noop!(
            review(staff(INSURER), InvoiceId(9)),
            Error::<Test>::UnknownRefund
        );
        for stranger in [staff(OTHER_INSURER), staff(HOSPITAL), own(ALICE)] {
            assert_noop!(review(stranger, invoice), Error::<Test>::NotItsInsurer);
        }
        events();
        assert_ok!(review(staff(INSURER), invoice));
        assert_eq!(events(), [Event::RefundReviewed { invoice }]);
        let reviewed = RefundState::Reviewed {
            reason: 7,
            at: Now::get(),
        };
        assert_eq!(
            FlaggedRefunds::<Test>::get(invoice).unwrap().state,
            reviewed
        );
        assert!(waiting(None).is_empty());
        assert_noop!(review(staff(INSURER), invoice), Error::<Test>::WrongState);

        Now::set(Now::get() + HOUR_MS);
        refund(invoice, 1);
        let found = FlaggedRefunds::<Test>::get(invoice).unwrap();
        assert_eq!((found.refunded_fen, found.flagged_at), (151, Now::get()));
        assert_eq!(waiting(Some(INSURER)), [1]);
    });
}

#[test]
fn what_is_charged_after_a_refund_is_looked_at() {
    under_norms(|| {
        let flags = |invoice, coverage| {
            let preview = Insurance::pre_settle(invoice, coverage, 0).unwrap();
            preview.flags.to_vec()
        };
        // The service days of the tests' invoices are the days on which they are issued.
        let on = |id, day| {
            let it = MockBill {
                service: (day, day),
                ..outpatient(100)
            };
            put(id, it)
        };
        settle_and_refund(on(1, ago(3)), 100);
        Now::set(Now::get() + 20 * DAY_MS);
        let anew = [Flag::RefundedAfterSettlement];
        assert_eq!(flags(on(2, TODAY), OF_ALICE), anew);
        assert_eq!(flags(on(3, ahead(10)), OF_ALICE), anew);
        assert_eq!(flags(on(4, ahead(11)), OF_ALICE), []);
        assert_eq!(flags(on(5, ago(1)), OF_ALICE), []);
        let elsewhere = MockBill {
            member: CLINIC,
            ..bill(InvoiceId(2))
        };
        assert_eq!(flags(put(6, elsewhere), OF_ALICE), []);
        let of_bob = MockBill {
            patient: BOB,
            ..bill(InvoiceId(2))
        };
        assert_eq!(flags(put(7, of_bob), OF_BOB), []);
        assert_eq!(Refunds::<Test>::get((ALICE, HOSPITAL)).len(), 1);
    });
}

#[test]
fn what_waits_is_due_and_then_overdue() {
    under_norms(|| {
        let invoice = put(1, outpatient(100));
        settle_and_refund(invoice, 100);
        let twice = MockBill {
            lines: frame_support::BoundedVec::truncate_from(vec![line(1, 5), line(1, 5)]),
            ..outpatient(0)
        };
        let claim = flag(put(2, twice));
        let since = Now::get();
        let times = || {
            let (id, refund) = Insurance::flagged_refunds(None, None, 9).remove(0);
            assert_eq!(id, invoice);
            let (id, it) = Insurance::flagged_claims(Some(INSURER), None, 9).remove(0);
            assert_eq!((id, it.due, it.since), (claim, refund.due, refund.since));
            assert_eq!(it.is_overdue, refund.is_overdue);
            (it.since, it.due, it.is_overdue)
        };
        let due = Some(since + 3 * DAY_MS);
        Now::set(since + 3 * DAY_MS);
        assert_eq!(times(), (since, due, false));
        Now::set(Now::get() + 1);
        assert_eq!(times(), (since, due, true));
        // Without a norm nothing is due.
        assert_ok!(set_norms(Norms::default()));
        assert_eq!(times(), (since, None, false));
    });
}
