//! Payments from one balance.

use futures::future::join_all;
use pallet_payments::states::InvoiceState;
use xinglin_primitives::{Balance, Hash, InvoiceId, Nonce};
use xinglin_rpc_api::codes::{AUTHOR_ALREADY_IMPORTED, AUTHOR_INVALID, AUTHOR_PRIORITY_TOO_LOW};
use xinglin_sdk::{
    client::{ClientError, Outcome},
    operation::random_id,
    transaction::{sign, SignedTransaction, Signing},
};

use super::{
    books::paid, drafts::PRICE_FEN, expect_results, first_of, network::Network, pay, refused,
    result_of, wallet, PaymentError, CARERS, LIMIT, PATIENT,
};

/// A part of the price: there is room for it a second time.
const PART_FEN: Balance = 1_000;

/// The patient and one who pays for her mean the same payment, another one has a payment of his own.
pub async fn several_pay(network: &Network) {
    let invoice = network.issue(0, "several pay", PRICE_FEN).await;
    let before = network.books(0).await;
    let (same, other) = (random_id(), random_id());
    let outcomes = network
        .at_once([
            (1, PATIENT, pay(invoice, PRICE_FEN, same)),
            (2, CARERS[0], pay(invoice, PRICE_FEN, same)),
            (3, CARERS[1], pay(invoice, PRICE_FEN, other)),
        ])
        .await;

    let late = || refused(PaymentError::WrongState);
    let results = match first_of(&outcomes) {
        0 => ["paid".to_owned(), "paid before".to_owned(), late()],
        1 => ["paid before".to_owned(), "paid".to_owned(), late()],
        _ => [late(), late(), "paid".to_owned()],
    };
    expect_results(&outcomes, results);
    network.expect_books(0, before.paid(PRICE_FEN)).await;
    network
        .expect_invoice(invoice, &paid(PRICE_FEN), InvoiceState::Paid)
        .await;
}

/// A transaction of the patient's, whatever waits in the pools.
fn signed(network: &Network, nonce: Nonce, invoice: InvoiceId, payment: Hash) -> SignedTransaction {
    let signing = Signing::immortal(network.cluster.genesis, nonce);
    let call = pay(invoice, PART_FEN, payment);
    sign(wallet(PATIENT).key(), call, &signing)
}

async fn next_nonce(network: &Network) -> Nonce {
    let account = wallet(PATIENT).account();
    network.clients[0].next_nonce(&account).await.unwrap()
}

/// The same bytes come to every node.
pub async fn one_transaction_comes_everywhere(network: &Network) {
    let invoice = network.issue(0, "sent everywhere", PRICE_FEN).await;
    let before = network.books(0).await;
    let nonce = next_nonce(network).await;
    let transaction = signed(network, nonce, invoice, random_id());
    let clients = network.clients.iter();
    let submitted = clients.map(|client| client.submit_and_finalize(&transaction, LIMIT));
    let answers = join_all(submitted).await;

    // Who has it from another node, or in a block, says so.
    let mut taken: Vec<Outcome> = Vec::new();
    for answer in answers {
        match answer {
            Ok(outcome) => taken.push(outcome),
            Err(ClientError::Refused {
                code: AUTHOR_ALREADY_IMPORTED | AUTHOR_INVALID,
                ..
            }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let [one, others @ ..] = &taken[..] else {
        panic!("no node took it");
    };
    assert_eq!(result_of(one), "paid");
    let place = |outcome: &Outcome| (outcome.block, outcome.index);
    assert!(others.iter().all(|other| place(other) == place(one)));
    network.cluster.wait_height(one.number).await.unwrap();
    network.expect_books(0, before.paid(PART_FEN)).await;
    network
        .expect_invoice(invoice, &paid(PART_FEN), InvoiceState::PartlyPaid)
        .await;
}

/// The patient signs a payment, and again in its place, and again after it.
pub async fn one_payment_is_signed_again(network: &Network) {
    let invoice = network.issue(0, "signed again", PRICE_FEN).await;
    let before = network.books(0).await;
    let (nonce, payment) = (next_nonce(network).await, random_id());
    let transactions = [nonce, nonce, nonce + 1].map(|it| signed(network, it, invoice, payment));
    let submitted = network.clients[1..].iter().zip(&transactions);
    let submitted =
        submitted.map(|(client, transaction)| client.submit_and_finalize(transaction, LIMIT));
    let answers: [_; 3] = join_all(submitted).await.try_into().unwrap();

    let [first, second, after] = answers;
    let (taken, error) = match (first, second) {
        (Ok(taken), Err(error)) | (Err(error), Ok(taken)) => (taken, error),
        both => panic!("{both:?}"),
    };
    // The other one was at the node before, or in a block, or came into one.
    let is_superseded = matches!(
        error,
        ClientError::Refused {
            code: AUTHOR_PRIORITY_TOO_LOW | AUTHOR_INVALID,
            ..
        } | ClientError::LeftPool {
            reason: "invalid",
            ..
        }
    );
    assert!(is_superseded, "{error}");
    let outcomes = [taken, after.unwrap()];
    expect_results(&outcomes, ["paid".to_owned(), "paid before".to_owned()]);
    let last = outcomes[1].number;
    network.cluster.wait_height(last).await.unwrap();
    network.expect_books(0, before.paid(PART_FEN)).await;
    network
        .expect_invoice(invoice, &paid(PART_FEN), InvoiceState::PartlyPaid)
        .await;
}
