//! A consortium whose parties act at the same moment.

use std::collections::BTreeSet;

use codec::Decode;
use futures::future::join_all;
use pallet_members::{DelegationKind, Scopes};
use pallet_payments::{
    receipts::ReceiptKey,
    states::{InvoiceState, Tally},
    types::Invoice,
};
use xinglin_chain_spec::RuntimeGenesisConfig;
use xinglin_primitives::{
    glue::Scope,
    time::{Date, Moment, DAY_MS},
    Balance, CoverageId, InvoiceId, PatientId,
};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    billing,
    client::{Client, Outcome},
    operation, parties,
};
use xinglin_tests::{parties::insure, Cluster, ClusterOptions};

use super::{books::Books, drafts, wallet, CARERS, HOSPITAL, INSURER, LIMIT, PATIENT, PROVIDER};

/// The node of the hospital's validator, and the one without a vote, which is the hospital's too.
pub const OWN_NODES: [usize; 2] = [0, 4];
/// What the patient's personal account has at the beginning.
const CREDIT_FEN: Balance = 10_000;

/// What somebody does: the place of the node over which she does it, the path of her key, and the call.
pub type Act = (usize, &'static str, RuntimeCall);

/// Four validators and a node without a vote, with a client of each.
pub struct Network {
    pub cluster: Cluster,
    pub clients: Vec<Client>,
    /// The day on which all services are rendered: that of the first block.
    pub day: Date,
}

impl Network {
    /// Starts it, with a provider of payment services, two patients who are insured, and two who may
    /// pay for the first of them, who has a personal account.
    pub async fn start() -> Self {
        let options = ClusterOptions {
            followers: 1,
            genesis: Box::new(prepare),
            ..Default::default()
        };
        let cluster = Cluster::start(options).await.unwrap();
        cluster.wait_height(1).await.unwrap();
        let clients = join_all(cluster.nodes.iter().map(|node| node.client())).await;
        let clients: Vec<Client> = clients.into_iter().map(Result::unwrap).collect();
        let now = parties::now(&clients[0]).await.unwrap();
        let network = Self {
            cluster,
            clients,
            day: Date::of(now),
        };
        for carer in CARERS {
            network.act(PATIENT, delegate(carer, now)).await;
        }
        let credit = pallet_insurance::Call::<Runtime>::credit_account {
            coverage: CoverageId(0),
            amount_fen: CREDIT_FEN,
        };
        network.act(INSURER, credit).await;
        network
    }

    /// Makes a call that succeeds, and waits until every node has it.
    pub async fn act(&self, path: &str, call: impl Into<RuntimeCall>) {
        let outcome = operation::execute(&self.clients[0], wallet(path).key(), call).await;
        let height = outcome.unwrap().number;
        self.cluster.wait_height(height).await.unwrap();
    }

    /// Signs calls, submits them at once, and waits until every node has what came of them.
    pub async fn at_once<const N: usize>(&self, acts: [Act; N]) -> [Outcome; N] {
        let mut signed = Vec::with_capacity(N);
        for (node, path, call) in acts {
            let client = &self.clients[node];
            let transaction = client.sign(wallet(path).key(), call).await.unwrap();
            signed.push((client, transaction));
        }
        let submitted = signed
            .iter()
            .map(|(client, transaction)| client.submit_and_finalize(transaction, LIMIT));
        let outcomes = join_all(submitted).await.into_iter();
        let outcomes: Vec<Outcome> = outcomes.map(Result::unwrap).collect();
        let last = outcomes.iter().map(|outcome| outcome.number).max();
        self.cluster.wait_height(last.unwrap()).await.unwrap();
        outcomes.try_into().unwrap()
    }

    /// The hospital charges a patient for an item of its own: one that is charged twice is looked at
    /// before it is settled.
    pub async fn issue(&self, patient: usize, item: &str, price_fen: Balance) -> InvoiceId {
        let mut draft = drafts::invoice(self.day);
        draft.patient = PatientId(patient as u64);
        draft.lines[0].item.code = item.to_owned();
        draft.lines[0].unit_price_fen = price_fen.try_into().unwrap();
        let issued = billing::issue(&self.clients[0], &wallet(HOSPITAL), &draft).await;
        let issued = issued.unwrap();
        let height = issued.outcome.number;
        self.cluster.wait_height(height).await.unwrap();
        println!("invoice {}: {item}", issued.invoice);
        issued.invoice
    }

    /// The books about a patient.
    pub async fn books(&self, patient: usize) -> Books {
        Books::read(&self.clients[0], patient, self.day.year()).await
    }

    /// Every node has these books about a patient.
    pub async fn expect_books(&self, patient: usize, expected: Books) {
        for client in &self.clients {
            let found = Books::read(client, patient, self.day.year()).await;
            assert_eq!(found, expected, "{}", client.url());
        }
    }

    /// Every node has these amounts on an invoice, which say that it stands there.
    pub async fn expect_invoice(&self, invoice: InvoiceId, expected: &Tally, state: InvoiceState) {
        assert_eq!(expected.state(), state);
        let key = pallet_payments::Invoices::<Runtime>::hashed_key_for(invoice);
        for client in &self.clients {
            let found: Option<Invoice> = stored(client, &key).await;
            assert_eq!(found.unwrap().tally, *expected, "{}", client.url());
        }
    }
}

/// What a node has in the state after its last block.
pub async fn stored<V: Decode>(client: &Client, key: &[u8]) -> Option<V> {
    let tip = client.tip().await.unwrap();
    client.storage(key, tip).await.unwrap()
}

fn prepare(genesis: &mut RuntimeGenesisConfig) {
    insure(genesis, [PatientId(0), PatientId(1)], Date::default());
    let provider = wallet(PROVIDER);
    let key = ReceiptKey::Sr25519(provider.key().public());
    let providers = &mut genesis.payments.providers;
    providers.push(("Wallet".to_owned(), provider.account(), key));
}

fn delegate(carer: &str, now: Moment) -> RuntimeCall {
    let call = pallet_members::Call::<Runtime>::delegate {
        delegate: wallet(carer).account(),
        kind: DelegationKind::Delegate,
        scopes: Scopes::try_from(BTreeSet::from([Scope::Paying])).unwrap(),
        until: now + DAY_MS,
        encryption_key: None,
    };
    call.into()
}
