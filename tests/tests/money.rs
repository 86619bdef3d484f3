//! Those who pay one invoice at the same moment, over several nodes, pay it once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use pallet_members::{DelegationKind, Scopes};
use pallet_payments::{types::Invoice, Event as PaymentEvent};
use serde_json::json;
use xinglin_primitives::{
    glue::Scope,
    time::{Date, DAY_MS},
    AccountId, Balance, Hash, InvoiceId,
};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    billing::{self, InvoiceDraft},
    client::{Client, Outcome},
    operation,
    wallet::Wallet,
};
use xinglin_tests::{cluster::now_ms, Cluster, ClusterOptions};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
const HOSPITAL: &str = "//Alice";
const PATIENT: &str = "//Alice//patient//1";
/// Who may pay for her.
const CARERS: [&str; 2] = ["//Alice//patient//2", "//Alice//patient//3"];
const PRICE_FEN: Balance = 10_000;

fn wallet(path: &str) -> Wallet {
    Wallet::development(path).unwrap()
}

fn draft() -> InvoiceDraft {
    let day = Date::of(now_ms());
    serde_json::from_value(json!({
        "patient": 0, "setting": "outpatient", "service": [day, day],
        "lines": [{
            "item": { "system": "urn:example", "code": "x", "name": "Example" },
            "class": "a", "prepayBp": 0, "unitPriceFen": PRICE_FEN as u64, "quantity": 1,
        }],
    }))
    .unwrap()
}

async fn delegate(client: &Client, carer: &str) {
    let call = pallet_members::Call::<Runtime>::delegate {
        delegate: wallet(carer).account(),
        kind: DelegationKind::Delegate,
        scopes: Scopes::try_from(BTreeSet::from([Scope::Paying])).unwrap(),
        until: now_ms() + DAY_MS,
        encryption_key: None,
    };
    operation::execute(client, wallet(PATIENT).key(), call)
        .await
        .unwrap();
}

async fn balance(client: &Client, account: &AccountId) -> Balance {
    let key = frame_system::Account::<Runtime>::hashed_key_for(account);
    let at = client.tip().await.unwrap();
    let found: Option<frame_system::AccountInfo<u32, pallet_balances::AccountData<Balance>>> =
        client.storage(&key, at).await.unwrap();
    found.unwrap().data.free
}

/// Pays as one party over one node, whatever comes of it.
async fn pay(client: &Client, path: &str, invoice: InvoiceId, payment: Hash) -> Outcome {
    let call = pallet_payments::Call::<Runtime>::pay {
        invoice,
        amount_fen: PRICE_FEN,
        payment,
    };
    let call = RuntimeCall::from(call);
    client
        .execute(wallet(path).key(), call, LIMIT)
        .await
        .unwrap()
}

/// What a payment came to: whether it moved money, moved none because it was made before, or was
/// refused, and why.
fn result_of(outcome: &Outcome) -> String {
    if let Some(reason) = outcome.failure() {
        return reason;
    }
    let told = outcome.events.iter().find_map(|event| match event {
        RuntimeEvent::Payments(PaymentEvent::Paid { .. }) => Some("paid"),
        RuntimeEvent::Payments(PaymentEvent::AlreadyPaid { .. }) => Some("paid before"),
        _ => None,
    });
    told.unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_at_once_over_several_nodes_pays_once() {
    let cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    cluster.wait_height(1).await.unwrap();
    let clients = join_all(cluster.nodes.iter().map(|node| node.client())).await;
    let clients: Vec<Client> = clients.into_iter().map(Result::unwrap).collect();
    for carer in CARERS {
        delegate(&clients[0], carer).await;
    }
    let issued = billing::issue(&clients[0], &wallet(HOSPITAL), &draft()).await;
    let issued = issued.unwrap();
    cluster.wait_height(issued.outcome.number).await.unwrap();
    let accounts = [PATIENT, HOSPITAL].map(|path| wallet(path).account());
    let mut before = Vec::new();
    for account in &accounts {
        before.push(balance(&clients[0], account).await);
    }

    // The patient and one who pays for her mean the same payment, the other one another.
    let (same, other) = (operation::random_id(), operation::random_id());
    let outcomes = join_all([
        pay(&clients[1], PATIENT, issued.invoice, same),
        pay(&clients[2], CARERS[0], issued.invoice, same),
        pay(&clients[3], CARERS[1], issued.invoice, other),
    ])
    .await;
    let results: Vec<String> = outcomes.iter().map(result_of).collect();
    let times = |what: &str| results.iter().filter(|result| *result == what).count();
    assert_eq!(times("paid"), 1, "{results:?}");
    match results[2].as_str() {
        "paid" => assert_eq!(times("paid before"), 0, "{results:?}"),
        _ => assert_eq!(times("paid before"), 1, "{results:?}"),
    }

    let last = outcomes.iter().map(|outcome| outcome.number).max();
    cluster.wait_height(last.unwrap()).await.unwrap();
    for client in &clients {
        let [patient, hospital] = &accounts;
        assert_eq!(balance(client, patient).await, before[0] - PRICE_FEN);
        assert_eq!(balance(client, hospital).await, before[1] + PRICE_FEN);
        let key = pallet_payments::Invoices::<Runtime>::hashed_key_for(issued.invoice);
        let at = client.tip().await.unwrap();
        let invoice: Option<Invoice> = client.storage(&key, at).await.unwrap();
        let tally = invoice.unwrap().tally;
        assert_eq!((tally.paid_fen, tally.due_fen()), (PRICE_FEN, 0));
    }
}
