//! Receipts of a provider, for what was paid outside of the chain.

use pallet_payments::{receipts::ProviderReceipt, states::InvoiceState};
use xinglin_primitives::{Balance, InvoiceId, ProviderId};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    billing::{reference_of, sign_receipt},
    operation::random_id,
};

use super::{
    books::paid,
    drafts::PRICE_FEN,
    expect_results, first_of,
    network::{stored, Network},
    only, pay, wallet, PaymentError, HOSPITAL, PATIENT, PROVIDER,
};

/// A part of the price: there is room for it a second time.
const PART_FEN: Balance = 1_000;
/// More than half of it.
const MOST_FEN: Balance = 6_000;
const ID: ProviderId = ProviderId(0);

/// Submits the provider's receipt, with its number of the transaction.
fn pay_outside(
    network: &Network,
    number: &str,
    invoice: InvoiceId,
    amount_fen: Balance,
) -> RuntimeCall {
    let receipt = ProviderReceipt {
        provider: ID,
        reference: reference_of(number),
        invoice,
        amount_fen,
        paid_at: network.day.start(),
    };
    let signature = sign_receipt(wallet(PROVIDER).key(), &receipt, &network.cluster.genesis);
    pallet_payments::Call::<Runtime>::pay_external { receipt, signature }.into()
}

/// The invoice for which every node has this receipt as used.
async fn used_for(network: &Network, number: &str) -> Option<InvoiceId> {
    let reference = reference_of(number);
    let key = pallet_payments::Receipts::<Runtime>::hashed_key_for(ID, reference);
    let used: Option<InvoiceId> = stored(&network.clients[0], &key).await;
    for client in &network.clients[1..] {
        let same: Option<InvoiceId> = stored(client, &key).await;
        assert_eq!(same, used, "{}", client.url());
    }
    used
}

/// The patient, the hospital and the provider itself submit one receipt.
pub async fn several_submit_one(network: &Network) {
    let invoice = network.issue(0, "several submit", PRICE_FEN).await;
    let before = network.books(0).await;
    let call = pay_outside(network, "no-1", invoice, PART_FEN);
    let outcomes = network
        .at_once([
            (1, PATIENT, call.clone()),
            (0, HOSPITAL, call.clone()),
            (2, PROVIDER, call),
        ])
        .await;

    let results = only(
        first_of(&outcomes),
        "paid outside",
        PaymentError::ReceiptUsed,
    );
    expect_results(&outcomes, results);
    assert_eq!(used_for(network, "no-1").await, Some(invoice));
    network.expect_books(0, before).await;
    network
        .expect_invoice(invoice, &paid(PART_FEN), InvoiceState::PartlyPaid)
        .await;
}

/// The provider has signed for two invoices that one transaction of its own paid them.
pub async fn one_reference_for_two_invoices(network: &Network) {
    let invoices = [
        network.issue(0, "one of two", PRICE_FEN).await,
        network.issue(0, "the other of two", PRICE_FEN).await,
    ];
    let before = network.books(0).await;
    let [one, other] = invoices.map(|it| pay_outside(network, "no-2", it, PART_FEN));
    let outcomes = network
        .at_once([(0, HOSPITAL, one), (2, PROVIDER, other)])
        .await;

    let first = first_of(&outcomes);
    let results = only(first, "paid outside", PaymentError::ReceiptUsed);
    expect_results(&outcomes, results);
    assert_eq!(used_for(network, "no-2").await, Some(invoices[first]));
    network.expect_books(0, before).await;
    network
        .expect_invoice(invoices[first], &paid(PART_FEN), InvoiceState::PartlyPaid)
        .await;
    network
        .expect_invoice(invoices[1 - first], &paid(0), InvoiceState::Issued)
        .await;
}

/// What the hospital has a receipt for and what the patient pays from her balance are more than the
/// price together.
pub async fn receipt_or_balance(network: &Network) {
    let invoice = network.issue(0, "receipt or balance", PRICE_FEN).await;
    let before = network.books(0).await;
    let call = pay_outside(network, "no-3", invoice, MOST_FEN);
    let outcomes = network
        .at_once([
            (0, HOSPITAL, call),
            (1, PATIENT, pay(invoice, MOST_FEN, random_id())),
        ])
        .await;

    // A receipt that came too late is not used up.
    let first = first_of(&outcomes);
    let (does, used, books) = match first {
        0 => ("paid outside", Some(invoice), before),
        _ => ("paid", None, before.paid(MOST_FEN)),
    };
    expect_results(&outcomes, only(first, does, PaymentError::Overpaid));
    assert_eq!(used_for(network, "no-3").await, used);
    network.expect_books(0, books).await;
    network
        .expect_invoice(invoice, &paid(MOST_FEN), InvoiceState::PartlyPaid)
        .await;
}
