//! Payments outside of the chain.

use frame_support::{assert_noop, assert_ok};
use sp_core::Pair;
use xinglin_primitives::{signature::assume_verified, Hash, InvoiceId};

use crate::{
    mock::*,
    receipts::{ProviderReceipt, ReceiptSignature},
    states::InvoiceState,
    types::{Payment, ProviderId, Source},
    Call, Error, Event, Receipts,
};

fn submit(receipt: &ProviderReceipt, signature: ReceiptSignature) -> Call<Test> {
    Call::pay_external {
        receipt: receipt.clone(),
        signature,
    }
}

#[test]
fn a_receipt_pays_and_moves_no_money() {
    run(|| {
        let id = issued();
        events();
        let first = receipt(WALLET, 1, id, 2_000);
        let second = receipt(CARD, 1, id, 3_000);
        assert_ok!(call(staff(HOSPITAL), outside(&first)));
        assert_ok!(call(own(ALICE), outside(&second)));
        let status = Payments::status_of(id).unwrap();
        assert_eq!((status.state, status.due_fen), (InvoiceState::Paid, 0));
        assert_eq!(free(own(ALICE)), FUNDS_FEN);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN);
        let paid = |provider, amount_fen, state, by| Event::PaidOutside {
            invoice: id,
            provider,
            reference: hash(1),
            amount_fen,
            state,
            by,
        };
        assert_eq!(
            events(),
            [
                paid(WALLET, 2_000, InvoiceState::PartlyPaid, staff(HOSPITAL)),
                paid(CARD, 3_000, InvoiceState::Paid, own(ALICE)),
            ]
        );
        let booked = Payment {
            source: Source::Outside {
                provider: WALLET,
                reference: hash(1),
                paid_at: morning() - 1,
            },
            amount_fen: 2_000,
            returned_fen: 0,
            at: morning(),
        };
        assert_eq!(Payments::payments_of(id)[0], booked);
    });
}

#[test]
fn a_receipt_is_used_once() {
    run(|| {
        let (id, other) = (issued(), issued());
        let first = receipt(WALLET, 1, id, 2_000);
        assert_ok!(call(staff(HOSPITAL), outside(&first)));
        // Neither again, nor for another invoice or amount, nor by another who may submit it.
        for again in [
            first,
            receipt(WALLET, 1, other, 2_000),
            receipt(WALLET, 1, id, 1),
        ] {
            for who in [staff(HOSPITAL), own(ALICE), provider_account(WALLET)] {
                assert_noop!(call(who, outside(&again)), Error::<Test>::ReceiptUsed);
            }
        }
        assert_eq!(Receipts::<Test>::get(WALLET, hash(1)), Some(id));
        let due_fen = |id| Payments::status_of(id).unwrap().due_fen;
        assert_eq!(
            (due_fen(id), due_fen(other)),
            (TOTAL_FEN - 2_000, TOTAL_FEN)
        );
        assert_eq!(free(own(ALICE)), FUNDS_FEN);
        assert_eq!(free(main_account(HOSPITAL)), MEMBER_FUNDS_FEN);
        // The other provider has numbers of its own.
        assert_ok!(call(staff(HOSPITAL), outside(&receipt(CARD, 1, id, 2_000))));
    });
}

#[test]
fn a_refused_receipt_is_not_used_up() {
    run(|| {
        let id = issued();
        let receipt = receipt(WALLET, 1, id, TOTAL_FEN);
        pay(id, 1, 1);
        assert_noop!(call(own(ALICE), outside(&receipt)), Error::<Test>::Overpaid);
        refund(id, crate::types::RefundOf::Everything, 1);
        assert_noop!(
            call(own(ALICE), outside(&receipt)),
            Error::<Test>::WrongState
        );
        assert!(!Receipts::<Test>::contains_key(WALLET, hash(1)));
    });
}

#[test]
fn whoever_takes_part_may_submit_a_receipt() {
    let takes_part = [
        own(ALICE),
        carer(ALICE),
        staff(HOSPITAL),
        main_account(HOSPITAL),
        provider_account(WALLET),
    ];
    for who in takes_part {
        run(|| {
            let receipt = receipt(WALLET, 1, issued(), 2_000);
            assert_ok!(call(who, outside(&receipt)));
        });
    }
    run(|| {
        let receipt = receipt(WALLET, 1, issued(), 2_000);
        for who in [
            own(BOB),
            reader(ALICE),
            staff(CLINIC),
            provider_account(CARD),
            STRANGER,
        ] {
            assert_noop!(call(who, outside(&receipt)), Error::<Test>::NotSubmitter);
        }
    });
}

/// Receipts that differ in one field from the one that was signed.
fn altered(signed: &ProviderReceipt) -> Vec<ProviderReceipt> {
    let alter = |change: fn(&mut ProviderReceipt)| {
        let mut receipt = signed.clone();
        change(&mut receipt);
        receipt
    };
    vec![
        alter(|r| r.provider = CARD),
        alter(|r| r.reference = hash(2)),
        alter(|r| r.invoice = InvoiceId(1)),
        alter(|r| r.amount_fen += 1),
        alter(|r| r.paid_at += 1),
    ]
}

#[test]
fn a_forged_receipt_is_refused() {
    run(|| {
        let id = issued();
        issued();
        for provider in [WALLET, CARD] {
            let good = receipt(provider, 1, id, 2_000);
            let signature = sign(&good);
            let forged = |call_: Call<Test>| {
                assert_noop!(
                    call(staff(HOSPITAL), call_.clone()),
                    Error::<Test>::BadSignature
                );
                // Also while a block is executed whose transactions were verified before.
                assert_noop!(
                    assume_verified(|| call(staff(HOSPITAL), call_)),
                    Error::<Test>::BadSignature
                );
            };
            for bad in altered(&good).into_iter().filter(|bad| *bad != good) {
                forged(submit(&bad, signature));
            }
            for at in [0, 31, 32, 63] {
                let mut flipped = signature;
                flipped[at] ^= 1;
                forged(submit(&good, flipped));
            }
            forged(submit(&good, [0; 64]));
            assert_ok!(call(staff(HOSPITAL), submit(&good, signature)));
        }
    });
}

#[test]
fn the_other_providers_key_does_not_sign() {
    run(|| {
        let receipt = receipt(CARD, 1, issued(), 2_000);
        let payload = receipt.payload(&Genesis::get());
        let other = sp_core::ed25519::Pair::from_seed(&[3; 32]);
        for signature in [wallet_pair().sign(&payload).0, other.sign(&payload).0] {
            assert_noop!(
                call(own(ALICE), submit(&receipt, signature)),
                Error::<Test>::BadSignature
            );
        }
    });
}

#[test]
fn a_receipt_is_of_one_chain_and_for_one_purpose() {
    run(|| {
        let receipt = receipt(CARD, 1, issued(), 2_000);
        let elsewhere = receipt.payload(&Hash::repeat_byte(1));
        let bare = codec::Encode::encode(&receipt);
        for payload in [elsewhere, bare] {
            let signature = card_pair().sign(&payload).0;
            assert_noop!(
                call(own(ALICE), submit(&receipt, signature)),
                Error::<Test>::BadSignature
            );
        }
    });
}

#[test]
fn the_same_rules_hold_as_for_other_payments() {
    run(|| {
        let id = issued();
        let refused = |receipt: ProviderReceipt, error: Error<Test>| {
            assert_noop!(call(own(ALICE), outside(&receipt)), error);
        };
        refused(receipt(WALLET, 1, id, 0), Error::ZeroAmount);
        refused(receipt(WALLET, 1, id, TOTAL_FEN + 1), Error::Overpaid);
        refused(receipt(WALLET, 1, InvoiceId(77), 1), Error::UnknownInvoice);
        refused(receipt(ProviderId(2), 1, id, 1), Error::UnknownProvider);
        pay(id, TOTAL_FEN, 1);
        refused(receipt(WALLET, 1, id, 1), Error::WrongState);
    });
}

#[test]
fn an_invoice_has_so_many_payments() {
    run(|| {
        let id = issued();
        let parts = crate::types::PAYMENTS_MAX - 1;
        for n in 0..parts {
            let receipt = receipt(CARD, n.into(), id, 1);
            assert_ok!(call(staff(HOSPITAL), outside(&receipt)));
        }
        let part = receipt(CARD, 99, id, 1);
        assert_noop!(
            call(staff(HOSPITAL), outside(&part)),
            Error::<Test>::TooManyPayments
        );
        let rest = receipt(CARD, 99, id, TOTAL_FEN - u128::from(parts));
        assert_ok!(call(staff(HOSPITAL), outside(&rest)));
    });
}
