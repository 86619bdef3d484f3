//! Refunds and red-letter invoices.

use frame_support::{assert_noop, assert_ok, BoundedVec};
use xinglin_primitives::{Balance, InvoiceId};

use crate::{
    mock::*,
    number::InvoiceNumber,
    reads::Document,
    receipts::ProviderReceipt,
    states::InvoiceState,
    types::{LinePart, Reason, RedLetter, RefundOf, Repayment, RED_LETTERS_MAX},
    Call, Error, Event, RedLetters,
};

fn moved() -> (i128, i128) {
    (
        free(own(ALICE)) as i128 - FUNDS_FEN as i128,
        free(main_account(HOSPITAL)) as i128 - MEMBER_FUNDS_FEN as i128,
    )
}

fn part(line: u8, quantity: u32, amount_fen: Balance) -> LinePart {
    LinePart {
        line,
        quantity,
        amount_fen,
    }
}

fn parts(parts: &[LinePart]) -> RefundOf {
    RefundOf::Parts(BoundedVec::try_from(parts.to_vec()).unwrap())
}

fn lines(lines: &[u8]) -> RefundOf {
    RefundOf::Lines(BoundedVec::try_from(lines.to_vec()).unwrap())
}

fn letter(red: InvoiceId) -> RedLetter {
    match Payments::document(red) {
        Some(Document::Red(letter)) => letter,
        other => panic!("not a red-letter invoice: {other:?}"),
    }
}

fn state(id: InvoiceId) -> (InvoiceState, Balance) {
    let status = Payments::status_of(id).unwrap();
    (status.state, status.due_fen)
}

fn refused(id: InvoiceId, what: RefundOf, error: Error<Test>) {
    assert_noop!(call(staff(HOSPITAL), refund_of(id, what, 99)), error);
}

/// A paid standard invoice: 3 × 1,000 and 1 × 2,000 fen.
fn paid() -> InvoiceId {
    let id = issued();
    pay(id, TOTAL_FEN, 1_000 + id.0);
    events();
    id
}

fn confirm(receipt: &ProviderReceipt) -> Call<Test> {
    Call::confirm_repayment {
        receipt: receipt.clone(),
        signature: sign(receipt),
    }
}

#[test]
fn a_whole_invoice_is_refunded() {
    run(|| {
        let id = paid();
        Now::set(morning() + 7);
        System::set_block_number(9);
        let red = refund(id, RefundOf::Everything, 1);
        assert_eq!(moved(), (0, 0));
        assert_eq!(state(id), (InvoiceState::Refunded, 0));
        let number = InvoiceNumber {
            year: 2024,
            member: HOSPITAL,
            sequence: 2,
        };
        let expected = RedLetter {
            number,
            blue: id,
            issued_at: morning() + 7,
            issued_in: 9,
            reason: Reason::NotRendered,
            parts: BoundedVec::truncate_from(vec![part(0, 3, 3_000), part(1, 1, 2_000)]),
            total_fen: TOTAL_FEN,
            to_balance_fen: TOTAL_FEN,
            outside: BoundedVec::default(),
        };
        assert_eq!(letter(red), expected);
        let refunded = Event::Refunded {
            invoice: id,
            red,
            number,
            total_fen: TOTAL_FEN,
            to_balance_fen: TOTAL_FEN,
            outside_fen: 0,
            state: InvoiceState::Refunded,
            reason: Reason::NotRendered,
            by: staff(HOSPITAL),
        };
        assert_eq!(events(), [refunded]);
        refused(id, RefundOf::Everything, Error::ExceedsInvoice);
        refused(id, parts(&[part(0, 1, 1)]), Error::ExceedsInvoice);
    });
}

#[test]
fn a_red_letter_invoice_of_no_block_is_noticed() {
    ext().execute_with(|| {
        System::set_block_number(4);
        let id = paid();
        let red = refund(id, lines(&[0]), 1);
        check();
        for block in [3, 5] {
            RedLetters::<Test>::mutate(red, |letter| {
                letter.as_mut().unwrap().issued_in = block;
            });
            assert!(Payments::check_invariants().is_err(), "{block}");
        }
    });
}

#[test]
fn lines_are_refunded_one_by_one() {
    run(|| {
        let id = paid();
        let red = refund(id, lines(&[1]), 1);
        assert_eq!(letter(red).parts.to_vec(), [part(1, 1, 2_000)]);
        assert_eq!(
            (moved(), state(id)),
            ((-3_000, 3_000), (InvoiceState::PartlyRefunded, 0))
        );
        refused(id, lines(&[1]), Error::ExceedsLine);
        refused(id, lines(&[0, 1]), Error::ExceedsLine);
        refund(id, lines(&[0]), 2);
        assert_eq!((moved(), state(id)), ((0, 0), (InvoiceState::Refunded, 0)));
        // Each refund that took place is told once.
        assert_eq!(Refunded::get(), [(id, 2_000), (id, 3_000)]);
    });
}

#[test]
fn parts_of_a_line_add_up() {
    run(|| {
        let id = paid();
        refund(id, parts(&[part(0, 1, 1_000)]), 1);
        refund(id, parts(&[part(0, 1, 700), part(1, 0, 5)]), 2);
        assert_eq!(moved(), (-3_295, 3_295));
        // One unit and 1,300 fen of the first line are left, one and 1,995 of the second.
        for too_much in [
            part(0, 2, 1),
            part(0, 0, 1_301),
            part(1, 2, 1),
            part(1, 0, 1_996),
        ] {
            refused(id, parts(&[too_much]), Error::ExceedsLine);
        }
        let rest = refund(id, lines(&[0]), 3);
        assert_eq!(letter(rest).parts.to_vec(), [part(0, 1, 1_300)]);
        let rest = refund(id, RefundOf::Everything, 4);
        assert_eq!(letter(rest).parts.to_vec(), [part(1, 1, 1_995)]);
        assert_eq!((moved(), state(id)), ((0, 0), (InvoiceState::Refunded, 0)));
        let letters = Payments::red_letters_of(id);
        assert_eq!(letters.len(), 4);
        assert_eq!(letters[3], (rest, letter(rest)));
    });
}

#[test]
fn a_refund_above_the_invoice_is_refused() {
    run(|| {
        let id = paid();
        refused(id, parts(&[part(0, 4, 3_000)]), Error::ExceedsLine);
        refused(id, parts(&[part(0, 3, 3_001)]), Error::ExceedsLine);
        refused(
            id,
            parts(&[part(0, u32::MAX, Balance::MAX)]),
            Error::ExceedsLine,
        );
        assert_eq!(moved(), (-5_000, 5_000));
    });
}

#[test]
fn malformed_parts_are_refused() {
    run(|| {
        let id = paid();
        for bad in [
            lines(&[]),
            lines(&[2]),
            lines(&[0, 0]),
            lines(&[1, 0]),
            parts(&[]),
            parts(&[part(2, 1, 1)]),
            parts(&[part(0, 1, 0)]),
            parts(&[part(0, 1, 1), part(0, 1, 1)]),
            parts(&[part(1, 1, 1), part(0, 1, 1)]),
        ] {
            refused(id, bad, Error::BadParts);
        }
    });
}

#[test]
fn what_is_not_paid_is_not_given_back() {
    run(|| {
        let id = issued();
        refused(id, RefundOf::Everything, Error::NotPaid);
        pay(id, 4_000, 1);
        // 1,000 are not paid: taking back 1,500 gives back 500.
        let red = refund(id, parts(&[part(0, 1, 1_500)]), 1);
        assert_eq!(letter(red).to_balance_fen, 500);
        assert_eq!(moved(), (-3_500, 3_500));
        assert_eq!(state(id), (InvoiceState::PartlyRefunded, 0));
    });
}

#[test]
fn the_rest_of_a_refunded_invoice_is_still_due() {
    run(|| {
        let id = issued();
        pay(id, 1_000, 1);
        let red = refund(id, lines(&[1]), 1);
        assert_eq!(letter(red).to_balance_fen, 0);
        assert_eq!(state(id), (InvoiceState::PartlyRefunded, 2_000));
        assert_eq!(Payments::unpaid_of(HOSPITAL, None, 1).len(), 1);
        assert_noop!(
            call(own(ALICE), payment(id, 2_001, 2)),
            Error::<Test>::Overpaid
        );
        pay(id, 2_000, 2);
        assert_eq!(state(id), (InvoiceState::PartlyRefunded, 0));
        refund(id, RefundOf::Everything, 2);
        assert_eq!(moved(), (0, 0));
    });
}

#[test]
fn a_cancelled_invoice_is_not_refunded() {
    run(|| {
        let id = issued();
        let cancel = Call::cancel_invoice {
            invoice: id,
            reason: Reason::Error,
        };
        assert_ok!(call(staff(HOSPITAL), cancel));
        refused(id, RefundOf::Everything, Error::WrongState);
        refused(InvoiceId(77), RefundOf::Everything, Error::UnknownInvoice);
    });
}

#[test]
fn only_the_issuing_member_refunds() {
    run(|| {
        let id = paid();
        for who in [staff(CLINIC), own(ALICE), staff(REGULATOR), STRANGER] {
            assert_noop!(
                call(who, refund_of(id, RefundOf::Everything, 1)),
                Error::<Test>::NotStaff
            );
        }
    });
}

#[test]
fn a_refund_is_refused_whole_if_the_member_has_too_little() {
    run(|| {
        let id = paid();
        let all = MEMBER_FUNDS_FEN + TOTAL_FEN;
        // The hospital has spent all but 1,999 fen.
        use frame_support::traits::{fungible::Mutate, tokens::Preservation};
        let spent = all - 1_999;
        Balances::transfer(
            &main_account(HOSPITAL),
            &main_account(CLINIC),
            spent,
            Preservation::Expendable,
        )
        .unwrap();
        refused(id, RefundOf::Everything, Error::MemberCannotPay);
        refused(id, lines(&[1]), Error::MemberCannotPay);
        assert_eq!(state(id), (InvoiceState::Paid, 0));
        assert_eq!(Payments::red_letters_of(id), []);
        refund(id, parts(&[part(1, 1, 1_999)]), 1);
        assert_eq!(free(main_account(HOSPITAL)), 0);
        assert_eq!(free(own(ALICE)), FUNDS_FEN - TOTAL_FEN + 1_999);
    });
}

#[test]
fn a_member_without_an_account_does_not_refund() {
    run(|| {
        let id = paid();
        Moneyless::mutate(|moneyless| moneyless.insert(HOSPITAL));
        refused(id, RefundOf::Everything, Error::NoAccount);
    });
}

#[test]
fn the_same_refund_again_changes_nothing() {
    run(|| {
        let (id, other) = (paid(), paid());
        let red = refund(id, lines(&[1]), 1);
        events();
        let before = moved();
        assert_ok!(call(main_account(HOSPITAL), refund_of(id, lines(&[1]), 1)));
        let again = Event::AlreadyRefunded {
            invoice: id,
            red,
            by: main_account(HOSPITAL),
        };
        assert_eq!(events(), [again]);
        assert_eq!((moved(), Payments::red_letters_of(id).len()), (before, 1));
        // With other content it is refused.
        for changed in [
            refund_of(other, lines(&[1]), 1),
            refund_of(id, lines(&[0]), 1),
            Call::refund {
                invoice: id,
                what: lines(&[1]),
                reason: Reason::Error,
                refund: hash(1),
            },
        ] {
            assert_noop!(call(staff(HOSPITAL), changed), Error::<Test>::RefundIdUsed);
        }
        // Another member has ids of its own.
        let of_clinic = issue(CLINIC, charge(&[(100, 1)]));
        pay(of_clinic, 100, 7);
        assert_ok!(call(
            staff(CLINIC),
            refund_of(of_clinic, RefundOf::Everything, 1)
        ));
    });
}

#[test]
fn the_last_red_letter_invoice_takes_all_that_is_left() {
    run(|| {
        let id = paid();
        for n in 1..u64::from(RED_LETTERS_MAX) {
            refund(id, parts(&[part(0, 0, 1)]), n);
        }
        refused(id, parts(&[part(0, 0, 1)]), Error::TooManyRefunds);
        refused(id, lines(&[1]), Error::TooManyRefunds);
        refund(id, RefundOf::Everything, 99);
        assert_eq!(Payments::red_letters_of(id).len(), RED_LETTERS_MAX as usize);
        assert_eq!((moved(), state(id)), ((0, 0), (InvoiceState::Refunded, 0)));
    });
}

#[test]
fn money_goes_back_to_where_it_came_from_the_latest_first() {
    run(|| {
        let id = issued();
        pay(id, 1_000, 1);
        assert_ok!(call(own(ALICE), outside(&receipt(WALLET, 1, id, 2_500))));
        pay(id, 500, 2);
        assert_ok!(call(own(ALICE), outside(&receipt(CARD, 2, id, 1_000))));
        let owed = |provider, n, amount_fen| Repayment {
            provider,
            reference: hash(n),
            amount_fen,
            confirmed: None,
        };

        let first = letter(refund(id, parts(&[part(1, 0, 1_800)]), 1));
        assert_eq!(first.to_balance_fen, 500);
        assert_eq!(
            first.outside.to_vec(),
            [owed(CARD, 2, 1_000), owed(WALLET, 1, 300)]
        );
        assert_eq!(moved(), (-1_000, 1_000));
        let rest = letter(refund(id, RefundOf::Everything, 2));
        assert_eq!(rest.to_balance_fen, 1_000);
        assert_eq!(rest.outside.to_vec(), [owed(WALLET, 1, 2_200)]);
        assert_eq!(moved(), (0, 0));
        let returned: Vec<_> = Payments::payments_of(id)
            .iter()
            .map(|payment| payment.returned_fen)
            .collect();
        assert_eq!(returned, [1_000, 2_500, 500, 1_000]);
    });
}

#[test]
fn a_replaced_key_gets_the_refund() {
    run(|| {
        let id = paid();
        Replaced::mutate(|replaced| replaced.insert(ALICE, 9_000));
        refund(id, RefundOf::Everything, 1);
        assert_eq!(free(9_000), TOTAL_FEN);
    });
}

#[test]
fn a_provider_confirms_what_it_paid_back() {
    run(|| {
        let id = issued();
        assert_ok!(call(own(ALICE), outside(&receipt(WALLET, 1, id, 3_000))));
        assert_ok!(call(own(ALICE), outside(&receipt(WALLET, 2, id, 2_000))));
        let red = refund(id, RefundOf::Everything, 1);
        let repaid = receipt(WALLET, 3, red, 3_000);
        for wrong in [
            receipt(WALLET, 3, red, 2_999),
            receipt(WALLET, 3, red, 5_000),
            receipt(CARD, 3, red, 3_000),
        ] {
            assert_noop!(
                call(staff(HOSPITAL), confirm(&wrong)),
                Error::<Test>::NotOwed
            );
        }
        assert_noop!(
            call(staff(CLINIC), confirm(&repaid)),
            Error::<Test>::NotSubmitter
        );
        events();
        assert_ok!(call(provider_account(WALLET), confirm(&repaid)));
        let confirmed = Event::RepaymentConfirmed {
            red,
            provider: WALLET,
            reference: hash(3),
            amount_fen: 3_000,
            by: provider_account(WALLET),
        };
        assert_eq!(events(), [confirmed]);
        let states: Vec<_> = letter(red).outside.iter().map(|o| o.confirmed).collect();
        assert_eq!(states, [None, Some(hash(3))]);
        // Once.
        assert_noop!(
            call(staff(HOSPITAL), confirm(&repaid)),
            Error::<Test>::ReceiptUsed
        );
        assert_noop!(
            call(staff(HOSPITAL), confirm(&receipt(WALLET, 4, red, 3_000))),
            Error::<Test>::NotOwed
        );
    });
}

#[test]
fn receipts_of_payments_and_repayments_are_not_confused() {
    run(|| {
        let id = issued();
        let payment = receipt(WALLET, 1, id, TOTAL_FEN);
        assert_noop!(
            call(staff(HOSPITAL), confirm(&payment)),
            Error::<Test>::UnknownRedLetter
        );
        assert_ok!(call(own(ALICE), outside(&payment)));
        let red = refund(id, RefundOf::Everything, 1);
        let repayment = receipt(WALLET, 2, red, TOTAL_FEN);
        assert_noop!(
            call(own(ALICE), outside(&repayment)),
            Error::<Test>::UnknownInvoice
        );
        // The provider's transaction of the payment is not that of the repayment.
        assert_noop!(
            call(own(ALICE), confirm(&receipt(WALLET, 1, red, TOTAL_FEN))),
            Error::<Test>::ReceiptUsed
        );
        let forged = Call::confirm_repayment {
            receipt: repayment.clone(),
            signature: [1; 64],
        };
        assert_noop!(call(own(ALICE), forged), Error::<Test>::BadSignature);
        assert_ok!(call(own(ALICE), confirm(&repayment)));
    });
}
