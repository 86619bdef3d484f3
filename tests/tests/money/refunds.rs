//! Refunds of one invoice from two nodes of its member.

use frame_support::BoundedVec;
use pallet_payments::{
    states::{InvoiceState, Tally},
    types::{LinePart, RefundOf},
};
use xinglin_primitives::{Balance, InvoiceId};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{client::Outcome, operation::random_id};

use super::{
    books::{paid, Books},
    drafts::PRICE_FEN,
    expect_results, first_of,
    network::{Network, OWN_NODES},
    only, pay, refund, PaymentError, DESK, HOSPITAL, PATIENT,
};

/// A part of the price: there is room for it a second time.
const PART_FEN: Balance = 1_000;
/// More than half of it.
const MOST_FEN: Balance = 6_000;

/// So much less for the only line.
fn part(amount_fen: Balance) -> RefundOf {
    let part = LinePart {
        line: 0,
        quantity: 0,
        amount_fen,
    };
    RefundOf::Parts(BoundedVec::truncate_from(vec![part]))
}

/// The hospital and its desk each make a refund, each over a node of the hospital's.
async fn both(network: &Network, [one, other]: [RuntimeCall; 2]) -> [Outcome; 2] {
    let [validator, follower] = OWN_NODES;
    network
        .at_once([(validator, HOSPITAL, one), (follower, DESK, other)])
        .await
}

/// Every node has an invoice, and the books, with so much refunded.
async fn expect_refunded(
    network: &Network,
    invoice: InvoiceId,
    before: Books,
    refunded_fen: Balance,
) {
    let left_fen = PRICE_FEN - refunded_fen;
    let tally = Tally {
        refunded_fen,
        ..paid(left_fen)
    };
    let state = match left_fen {
        0 => InvoiceState::Refunded,
        _ => InvoiceState::PartlyRefunded,
    };
    network.expect_books(0, before.refunded(refunded_fen)).await;
    network.expect_invoice(invoice, &tally, state).await;
}

/// Two refunds come at once: the same one, then two that are too much for the line together, then
/// twice all that is left.
pub async fn no_more_than_the_invoice(network: &Network) {
    let invoice = network.issue(0, "refunds", PRICE_FEN).await;
    let payment = pay(invoice, PRICE_FEN, random_id());
    network.act(PATIENT, payment).await;
    let before = network.books(0).await;

    let same = refund(invoice, part(PART_FEN), random_id());
    let outcomes = both(network, [same.clone(), same]).await;
    let mut results = ["refunded".to_owned(), "refunded before".to_owned()];
    results.rotate_left(first_of(&outcomes));
    expect_results(&outcomes, results);
    expect_refunded(network, invoice, before, PART_FEN).await;

    let own = || refund(invoice, part(MOST_FEN), random_id());
    let outcomes = both(network, [own(), own()]).await;
    let first = first_of(&outcomes);
    expect_results(
        &outcomes,
        only(first, "refunded", PaymentError::ExceedsLine),
    );
    expect_refunded(network, invoice, before, PART_FEN + MOST_FEN).await;

    let own = || refund(invoice, RefundOf::Everything, random_id());
    let outcomes = both(network, [own(), own()]).await;
    let first = first_of(&outcomes);
    expect_results(
        &outcomes,
        only(first, "refunded", PaymentError::ExceedsInvoice),
    );
    expect_refunded(network, invoice, before, PRICE_FEN).await;
}
