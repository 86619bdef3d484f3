//! Origins that no call, or that only some calls take.

use frame_support::assert_noop;
use sp_runtime::DispatchError;
use xinglin_primitives::InvoiceId;

use crate::{
    mock::*,
    types::{Name, Reason, RedemptionId, RefundOf, Rejection},
    Call,
};

fn signed_calls() -> Vec<Call<Test>> {
    let redemption = RedemptionId(0);
    let invoice = InvoiceId(0);
    let receipt = receipt(WALLET, 1, invoice, 1);
    vec![
        Call::issue {
            to: own(ALICE),
            amount_fen: 1,
            reference: hash(1),
        },
        Call::request_redemption {
            bank: BANK,
            amount_fen: 1,
            payout: hash(1),
        },
        Call::confirm_redemption {
            redemption,
            reference: hash(1),
        },
        Call::reject_redemption {
            redemption,
            reason: Rejection::Other,
        },
        Call::withdraw_redemption { redemption },
        issuing(charge(&[(1, 1)]), 0),
        Call::cancel_invoice {
            invoice,
            reason: Reason::Error,
        },
        payment(invoice, 1, 1),
        outside(&receipt),
        refund_of(invoice, RefundOf::Everything, 1),
        Call::confirm_repayment {
            signature: sign(&receipt),
            receipt,
        },
    ]
}

fn council_calls() -> Vec<Call<Test>> {
    let (provider, account, key) = (WALLET, 1, key_of(WALLET));
    vec![
        Call::register_provider {
            name: Name::truncate_from(b"x".to_vec()),
            account,
            key,
        },
        Call::change_provider {
            provider,
            account,
            key,
        },
        Call::retire_provider { provider },
    ]
}

#[test]
fn what_is_signed_is_signed() {
    run(|| {
        for call in signed_calls() {
            for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
                assert_noop!(dispatch(origin, call.clone()), DispatchError::BadOrigin);
            }
        }
    });
}

#[test]
fn what_is_the_councils_is_the_councils() {
    run(|| {
        for call in council_calls() {
            let members = MEMBERS.map(|member| RuntimeOrigin::signed(main_account(member)));
            for origin in members.into_iter().chain([RuntimeOrigin::none()]) {
                assert_noop!(dispatch(origin, call.clone()), DispatchError::BadOrigin);
            }
        }
    });
}
