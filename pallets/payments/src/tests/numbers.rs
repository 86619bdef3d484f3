//! Numbers of invoices.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{
    time::{Date, DAY_MS},
    InvoiceId, MemberId,
};

use crate::{
    mock::*,
    number::InvoiceNumber,
    types::{Reason, RefundOf},
    Call, Error, Sequences,
};

fn number_of(id: InvoiceId) -> (u16, MemberId, u32) {
    let number = match Payments::document(id).unwrap() {
        crate::reads::Document::Blue(status, _) => status.invoice.number,
        crate::reads::Document::Red(letter) => letter.number,
    };
    (number.year, number.member, number.sequence)
}

#[test]
fn blue_and_red_invoices_of_a_member_share_one_sequence() {
    run(|| {
        let first = issued();
        let of_clinic = issue(CLINIC, charge(&[(5, 1)]));
        let cancelled = issued();
        pay(first, 1_000, 1);
        let red = refund(first, RefundOf::Everything, 1);
        let cancel = Call::cancel_invoice {
            invoice: cancelled,
            reason: Reason::Error,
        };
        assert_ok!(call(staff(HOSPITAL), cancel));
        let last = issued();
        let numbers = [first, cancelled, red, last].map(number_of);
        assert_eq!(numbers, [1, 2, 3, 4].map(|n| (2024, HOSPITAL, n)));
        assert_eq!(number_of(of_clinic), (2024, CLINIC, 1));
    });
}

#[test]
fn a_refused_invoice_takes_no_number() {
    run(|| {
        issued();
        let mut bad = charge(&[(5, 1)]);
        bad.total_fen = 6;
        assert_noop!(
            call(staff(HOSPITAL), issuing(bad, 1)),
            Error::<Test>::TotalMismatch
        );
        assert_eq!(number_of(issued()).2, 2);
    });
}

#[test]
fn the_year_begins_at_midnight_in_china() {
    run(|| {
        // 2025-01-01.
        let new_year = Date(20_089).start();
        Now::set(new_year - 1);
        assert_eq!(number_of(issued()), (2024, HOSPITAL, 1));
        Now::set(new_year);
        assert_eq!(number_of(issued()), (2025, HOSPITAL, 1));
        assert_eq!(number_of(issued()), (2025, HOSPITAL, 2));
        // 2026-01-01.
        Now::set(new_year + 365 * DAY_MS);
        assert_eq!(number_of(issued()), (2026, HOSPITAL, 1));
    });
}

#[test]
fn no_numbers_are_left_at_the_end() {
    ext().execute_with(|| {
        let issue = issuing(charge(&[(5, 1)]), 0);
        Sequences::<Test>::insert(HOSPITAL, 2024, u32::MAX);
        assert_noop!(
            call(staff(HOSPITAL), issue.clone()),
            Error::<Test>::IdsUsedUp
        );
        Sequences::<Test>::remove(HOSPITAL, 2024);
        crate::NextInvoice::<Test>::put(InvoiceId(u64::MAX));
        assert_noop!(call(staff(HOSPITAL), issue), Error::<Test>::IdsUsedUp);
    });
}

#[test]
fn a_number_is_shown_with_all_its_digits() {
    let number = InvoiceNumber {
        year: 2024,
        member: MemberId(12),
        sequence: 345,
    };
    assert_eq!(number.to_string(), "2024-000012-00000345");
}
