//! What several do at the same moment, over several nodes, with one invoice, one receipt or one fund:
//! the money moves as if they had come one after the other, and who comes too late is told why.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "money/books.rs"]
mod books;
#[path = "../../node/tests/support/drafts/invoices.rs"]
mod drafts;
#[path = "money/network.rs"]
mod network;
#[path = "money/paying.rs"]
mod paying;
#[path = "money/receipts.rs"]
mod receipts;
#[path = "money/refunds.rs"]
mod refunds;
#[path = "money/settling.rs"]
mod settling;

use std::{array, time::Duration};

use pallet_insurance::Event as InsuranceEvent;
use pallet_payments::{
    types::{Reason, RefundOf},
    Event as PaymentEvent,
};
use sp_runtime::DispatchError;
use xinglin_primitives::{Balance, Hash, InvoiceId};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    client::{describe_error, Outcome},
    wallet::Wallet,
};

use self::network::Network;

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
const HOSPITAL: &str = "//Alice";
const DESK: &str = "//Alice//service//1";
const INSURER: &str = "//Charlie";
const PROVIDER: &str = "//Eve//provider";
/// The patients 0 to 2.
const PATIENTS: [&str; 3] = [
    "//Alice//patient//1",
    "//Alice//patient//2",
    "//Alice//patient//3",
];
const PATIENT: &str = PATIENTS[0];
/// Who may pay for her.
const CARERS: [&str; 2] = [PATIENTS[1], PATIENTS[2]];

type PaymentError = pallet_payments::Error<Runtime>;

fn wallet(path: &str) -> Wallet {
    Wallet::development(path).unwrap()
}

fn pay(invoice: InvoiceId, amount_fen: Balance, payment: Hash) -> RuntimeCall {
    let call = pallet_payments::Call::<Runtime>::pay {
        invoice,
        amount_fen,
        payment,
    };
    call.into()
}

fn refund(invoice: InvoiceId, what: RefundOf, refund: Hash) -> RuntimeCall {
    let call = pallet_payments::Call::<Runtime>::refund {
        invoice,
        what,
        reason: Reason::Allowance,
        refund,
    };
    call.into()
}

/// What a transaction came to, in a word, or why it was refused.
fn result_of(outcome: &Outcome) -> String {
    if let Some(reason) = outcome.failure() {
        return reason;
    }
    let told = outcome.events.iter().find_map(|event| match event {
        RuntimeEvent::Insurance(InsuranceEvent::Settled { .. }) => Some("settled"),
        RuntimeEvent::Insurance(InsuranceEvent::Flagged { .. }) => Some("flagged"),
        RuntimeEvent::Payments(PaymentEvent::Paid { .. }) => Some("paid"),
        RuntimeEvent::Payments(PaymentEvent::AlreadyPaid { .. }) => Some("paid before"),
        RuntimeEvent::Payments(PaymentEvent::PaidOutside { .. }) => Some("paid outside"),
        RuntimeEvent::Payments(PaymentEvent::Refunded { .. }) => Some("refunded"),
        RuntimeEvent::Payments(PaymentEvent::AlreadyRefunded { .. }) => Some("refunded before"),
        _ => None,
    });
    told.unwrap().to_owned()
}

/// What [`result_of`] says of a refusal.
fn refused(error: impl Into<DispatchError>) -> String {
    describe_error(&error.into())
}

/// The results if the transaction at this place does something and all others are refused.
fn only<const N: usize>(first: usize, does: &str, late: impl Into<DispatchError>) -> [String; N] {
    let late = refused(late);
    array::from_fn(|place| match place == first {
        true => does.to_owned(),
        false => late.clone(),
    })
}

/// Which of the transactions comes first on the chain.
fn first_of(outcomes: &[Outcome]) -> usize {
    let on_chain = |place: &usize| (outcomes[*place].number, outcomes[*place].index);
    (0..outcomes.len()).min_by_key(on_chain).unwrap()
}

#[track_caller]
fn expect_results<const N: usize>(outcomes: &[Outcome; N], expected: [String; N]) {
    assert_eq!(outcomes.each_ref().map(result_of), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_several_do_at_once_over_several_nodes_moves_the_money_once() {
    let network = Network::start().await;
    paying::several_pay(&network).await;
    paying::one_transaction_comes_everywhere(&network).await;
    paying::one_payment_is_signed_again(&network).await;
    receipts::several_submit_one(&network).await;
    receipts::one_reference_for_two_invoices(&network).await;
    receipts::receipt_or_balance(&network).await;
    refunds::no_more_than_the_invoice(&network).await;
    settling::settle_or_pay(&network).await;
    settling::settle_beside_a_deposit(&network).await;
    settling::settle_under_the_id_of_a_payment(&network).await;
    settling::claim_or_refund(&network).await;
    settling::no_more_than_the_fund(&network).await;
}
