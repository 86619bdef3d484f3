//! Payments from the on-chain balance.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{Balance, InvoiceId};

use crate::{
    mock::*,
    states::InvoiceState,
    types::{Payment, RefundOf, Source, PAYMENTS_MAX},
    Call, Error, Event,
};

/// What Alice and the hospital have besides what they began with.
fn moved() -> (i128, i128) {
    (
        free(own(ALICE)) as i128 - FUNDS_FEN as i128,
        free(main_account(HOSPITAL)) as i128 - MEMBER_FUNDS_FEN as i128,
    )
}

fn state(id: InvoiceId) -> (InvoiceState, Balance) {
    let status = Payments::status_of(id).unwrap();
    (status.state, status.due_fen)
}

#[test]
fn an_invoice_is_paid_in_parts() {
    run(|| {
        let id = issued();
        events();
        pay(id, 2_000, 1);
        assert_eq!(state(id), (InvoiceState::PartlyPaid, 3_000));
        assert_eq!(moved(), (-2_000, 2_000));
        Now::set(morning() + 5);
        pay(id, 3_000, 2);
        assert_eq!(state(id), (InvoiceState::Paid, 0));
        assert_eq!(moved(), (-5_000, 5_000));
        let paid = |n, amount_fen, state| Event::Paid {
            invoice: id,
            payment: hash(n),
            amount_fen,
            state,
            by: own(ALICE),
        };
        assert_eq!(
            events(),
            [
                paid(1, 2_000, InvoiceState::PartlyPaid),
                paid(2, 3_000, InvoiceState::Paid)
            ]
        );
        let booked = |n, amount_fen, at| Payment {
            source: Source::Balance {
                payment: hash(n),
                is_delegated: false,
            },
            amount_fen,
            returned_fen: 0,
            at,
        };
        assert_eq!(
            Payments::payments_of(id).to_vec(),
            [booked(1, 2_000, morning()), booked(2, 3_000, morning() + 5)]
        );
        assert_eq!(Payments::unpaid_of(HOSPITAL, None, 10), []);
    });
}

#[test]
fn more_than_is_due_is_not_taken() {
    run(|| {
        let id = issued();
        let pay_too_much = |amount_fen, error: Error<Test>| {
            assert_noop!(call(own(ALICE), payment(id, amount_fen, 9)), error);
        };
        pay_too_much(TOTAL_FEN + 1, Error::Overpaid);
        pay_too_much(Balance::MAX, Error::Overpaid);
        pay_too_much(0, Error::ZeroAmount);
        pay(id, 4_999, 1);
        pay_too_much(2, Error::Overpaid);
        pay(id, 1, 2);
        pay_too_much(1, Error::WrongState);
    });
}

#[test]
fn the_same_payment_again_changes_nothing() {
    run(|| {
        let id = issued();
        pay(id, 2_000, 1);
        events();
        let before = moved();
        pay(id, 2_000, 1);
        // Whoever may pay may ask again; the money is the patient's.
        assert_ok!(call(carer(ALICE), payment(id, 2_000, 1)));
        let again = |by| Event::AlreadyPaid {
            invoice: id,
            payment: hash(1),
            by,
        };
        assert_eq!(events(), [again(own(ALICE)), again(carer(ALICE))]);
        assert_eq!((moved(), state(id).1), (before, 3_000));
        assert_eq!(Payments::payments_of(id).len(), 1);
        // Also when the invoice takes no more payments, or the money is gone.
        refund(id, RefundOf::Everything, 1);
        pay(id, 2_000, 1);
        assert_eq!(moved(), (0, 0));
    });
}

#[test]
fn an_id_with_other_content_is_refused() {
    run(|| {
        let (id, other) = (issued(), issued());
        pay(id, 2_000, 1);
        for changed in [payment(id, 1_999, 1), payment(other, 2_000, 1)] {
            for who in [own(ALICE), carer(ALICE)] {
                assert_noop!(call(who, changed.clone()), Error::<Test>::PaymentIdUsed);
            }
        }
        // A refused payment does not use its id up.
        assert_noop!(
            call(own(ALICE), payment(other, TOTAL_FEN + 1, 2)),
            Error::<Test>::Overpaid
        );
        pay(other, TOTAL_FEN, 2);
    });
}

#[test]
fn ids_of_other_patients_do_not_count() {
    run(|| {
        let alices = issued();
        let mut for_bob = charge(&[(100, 1)]);
        for_bob.patient = BOB;
        let bobs = issue(HOSPITAL, for_bob);
        pay(alices, 100, 1);
        assert_ok!(call(own(BOB), payment(bobs, 100, 1)));
        assert_eq!(free(own(BOB)), FUNDS_FEN - 100);
    });
}

#[test]
fn who_may_not_pay_for_the_patient_is_refused() {
    run(|| {
        let id = issued();
        for who in [
            own(BOB),
            carer(BOB),
            reader(ALICE),
            staff(HOSPITAL),
            STRANGER,
        ] {
            assert_noop!(call(who, payment(id, 1, 1)), Error::<Test>::NotForPatient);
        }
        pay(id, 1, 1);
        // Not even to learn that it was paid.
        assert_noop!(
            call(own(BOB), payment(id, 1, 1)),
            Error::<Test>::NotForPatient
        );
        SuspendedPatients::mutate(|suspended| suspended.insert(ALICE));
        assert_noop!(
            call(own(ALICE), payment(id, 1, 2)),
            Error::<Test>::NotForPatient
        );
    });
}

#[test]
fn a_delegate_pays_with_the_patients_money() {
    run(|| {
        let id = issued();
        assert_ok!(call(carer(ALICE), payment(id, 1_000, 1)));
        assert_eq!(moved(), (-1_000, 1_000));
        assert_eq!(free(carer(ALICE)), 0);
        let source = Source::Balance {
            payment: hash(1),
            is_delegated: true,
        };
        assert_eq!(Payments::payments_of(id)[0].source, source);
    });
}

#[test]
fn above_the_limit_the_patient_signs_herself() {
    run(|| {
        let id = issued();
        let by_carer = |amount_fen, n| call(carer(ALICE), payment(id, amount_fen, n));
        assert_noop!(
            by_carer(DELEGATED_MAX_FEN + 1, 1),
            Error::<Test>::AboveDelegatedLimit
        );
        // Paying in parts gains nothing.
        assert_ok!(by_carer(DELEGATED_MAX_FEN - 1, 1));
        assert_noop!(by_carer(2, 2), Error::<Test>::AboveDelegatedLimit);
        assert_ok!(by_carer(1, 3));
        assert_noop!(by_carer(1, 4), Error::<Test>::AboveDelegatedLimit);
        pay(id, 2_000, 5);
        // What the patient signed does not count.
        let other = issue(HOSPITAL, charge(&[(10_000, 1)]));
        pay(other, 6_000, 6);
        assert_ok!(call(carer(ALICE), payment(other, DELEGATED_MAX_FEN, 7)));
    });
}

#[test]
fn after_a_replaced_key_the_new_account_pays() {
    run(|| {
        let id = issued();
        Replaced::mutate(|replaced| replaced.insert(ALICE, 9_000));
        assert_noop!(
            call(own(ALICE), payment(id, 1, 1)),
            Error::<Test>::NotForPatient
        );
        assert_noop!(
            call(9_000, payment(id, 1, 1)),
            Error::<Test>::BalanceTooSmall
        );
        assert_ok!(call(
            staff(BANK),
            Call::issue {
                to: 9_000,
                amount_fen: 5_000,
                reference: hash(1)
            }
        ));
        assert_ok!(call(9_000, payment(id, TOTAL_FEN, 1)));
        assert_eq!((free(9_000), moved()), (0, (0, 5_000)));
    });
}

#[test]
fn who_has_too_little_pays_nothing() {
    run(|| {
        let total_fen = FUNDS_FEN + 1;
        let id = issue(HOSPITAL, charge(&[(total_fen as u64, 1)]));
        assert_noop!(
            call(own(ALICE), payment(id, total_fen, 1)),
            Error::<Test>::BalanceTooSmall
        );
        pay(id, FUNDS_FEN, 1);
        assert_eq!((free(own(ALICE)), state(id).1), (0, 1));
    });
}

#[test]
fn an_invoice_has_so_many_payments() {
    run(|| {
        let id = issued();
        let parts = PAYMENTS_MAX - 1;
        for n in 0..u64::from(parts) {
            pay(id, 1, n);
        }
        let rest_fen = TOTAL_FEN - Balance::from(parts);
        let part = payment(id, rest_fen - 1, 99);
        assert_noop!(call(own(ALICE), part), Error::<Test>::TooManyPayments);
        // The last place is for all that is due.
        pay(id, rest_fen, 99);
        assert_eq!(state(id), (InvoiceState::Paid, 0));
        assert_eq!(moved(), (-5_000, 5_000));
        refund(id, RefundOf::Everything, 1);
        assert_eq!(moved(), (0, 0));
    });
}

#[test]
fn of_those_who_pay_at_once_the_first_pays() {
    run(|| {
        let id = issued();
        // In one block, and none of them knows of the others.
        pay(id, 3_000, 1);
        let by_carer = payment(id, DELEGATED_MAX_FEN, 2);
        let outside = outside(&receipt(WALLET, 1, id, TOTAL_FEN));
        let again = payment(id, TOTAL_FEN, 3);
        for (who, late) in [
            (carer(ALICE), by_carer),
            (staff(HOSPITAL), outside),
            (own(ALICE), again),
        ] {
            assert_noop!(call(who, late), Error::<Test>::Overpaid);
        }
        assert_eq!((moved(), state(id).1), ((-3_000, 3_000), 2_000));
        assert_ok!(call(carer(ALICE), payment(id, 2_000, 2)));
        assert_eq!((moved(), state(id).1), ((-5_000, 5_000), 0));
        assert_noop!(
            call(own(ALICE), payment(id, 2_000, 4)),
            Error::<Test>::WrongState
        );
        assert_eq!(moved(), (-5_000, 5_000));
    });
}

#[test]
fn a_member_without_an_account_is_not_paid() {
    run(|| {
        let id = issued();
        Moneyless::mutate(|moneyless| moneyless.insert(HOSPITAL));
        assert_noop!(
            call(own(ALICE), payment(id, 1, 1)),
            Error::<Test>::NoAccount
        );
    });
}

#[test]
fn a_suspended_member_is_paid() {
    run(|| {
        let id = issued();
        Suspended::mutate(|suspended| suspended.insert(HOSPITAL));
        pay(id, TOTAL_FEN, 1);
        assert_eq!(moved(), (-5_000, 5_000));
    });
}

#[test]
fn red_and_unknown_invoices_are_not_paid() {
    run(|| {
        let id = issued();
        pay(id, 10, 1);
        let red = refund(id, RefundOf::Everything, 1);
        for unknown in [red, InvoiceId(77)] {
            assert_noop!(
                call(own(ALICE), payment(unknown, 1, 2)),
                Error::<Test>::UnknownInvoice
            );
        }
        assert_noop!(
            call(own(ALICE), payment(id, 1, 2)),
            Error::<Test>::WrongState
        );
    });
}
