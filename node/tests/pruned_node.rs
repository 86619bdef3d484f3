//! A node that keeps the fewest states it can: it still has the bodies of all blocks, and with them
//! records and e-invoices.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::fs;

use frame_support::storage::storage_prefix;
use pallet_payments::{
    types::{Reason, RefundOf},
    Call as PaymentCall,
};
use serde_json::Value;
use xinglin_einvoice::{EInvoice, Kind};
use xinglin_primitives::{receipt::extrinsic_hash, BlockNumber, Hash, InvoiceId, RecordId};
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::{
    billing,
    client::Client,
    operation::{execute, random_id, told},
    records,
};

use self::support::{
    acts::{act, today, wallet},
    drafts::{self, PRICE_FEN},
    xinglin, DevNode,
};

const HOSPITAL: &str = "//Alice";
const DOCTOR: &str = "//Alice//doctor//1";
const PATIENT: &str = "//Alice//patient//1";
const STRANGER: &str = "//Alice//patient//2";
const CONTENT: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#;
/// The fewest states that a node keeps.
const STATES: BlockNumber = 2;

/// What was done, and in which block.
struct Done<T> {
    what: T,
    transaction: Hash,
    height: BlockNumber,
}

async fn record(client: &Client) -> Done<RecordId> {
    let draft = drafts::record(CONTENT);
    let written = records::write(client, wallet(DOCTOR).key(), &draft).await;
    let written = written.unwrap();
    Done {
        what: written.record,
        transaction: written.outcome.hash,
        height: written.outcome.number,
    }
}

/// Issues an invoice whose call a stranger has copied: it fails, as a rule in the same block.
async fn issue(client: &Client) -> Done<InvoiceId> {
    let hospital = wallet(HOSPITAL);
    let draft = drafts::invoice(today(client).await);
    let prepared = billing::prepare(client, &hospital, &draft).await.unwrap();
    let call = prepared.call();
    let copy = client.sign(wallet(STRANGER).key(), call.clone()).await;
    client.submit(&copy.unwrap()).await.unwrap();
    let outcome = execute(client, hospital.key(), call).await.unwrap();
    let invoice = told(&outcome, "InvoiceIssued", |event| match event {
        RuntimeEvent::Payments(pallet_payments::Event::InvoiceIssued { invoice, .. }) => {
            Some(*invoice)
        }
        _ => None,
    });
    Done {
        what: invoice.unwrap(),
        transaction: outcome.hash,
        height: outcome.number,
    }
}

/// Takes back all of an invoice that was paid.
async fn refund(client: &Client, invoice: InvoiceId) -> Done<InvoiceId> {
    let pay = PaymentCall::<Runtime>::pay {
        invoice,
        amount_fen: PRICE_FEN,
        payment: random_id(),
    };
    act(client, PATIENT, pay).await;
    let refund = PaymentCall::<Runtime>::refund {
        invoice,
        what: RefundOf::Everything,
        reason: Reason::Error,
        refund: random_id(),
    };
    let outcome = act(client, HOSPITAL, refund).await;
    let red = told(&outcome, "Refunded", |event| match event {
        RuntimeEvent::Payments(pallet_payments::Event::Refunded { red, .. }) => Some(*red),
        _ => None,
    });
    Done {
        what: red.unwrap(),
        transaction: outcome.hash,
        height: outcome.number,
    }
}

/// Makes blocks until the state of `height` is not kept any more.
async fn outlive(client: &Client, height: BlockNumber) {
    loop {
        let remark = frame_system::Call::<Runtime>::remark { remark: Vec::new() };
        let outcome = act(client, HOSPITAL, remark).await;
        if outcome.number > height + STATES {
            break;
        }
    }
    let block = client.block_hash(height).await.unwrap();
    let now = storage_prefix(b"Timestamp", b"Now");
    let read = client.storage::<u64>(&now, block).await;
    assert!(read.is_err(), "the state of block {height} is still there");
}

/// Renders an invoice, and compares it with the chain with and without the key.
fn rendered_and_checked(node: &DevNode, invoice: InvoiceId) -> EInvoice {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoice.json");
    let (path, id, url) = (file.to_str().unwrap(), invoice.to_string(), node.url());
    let key = ["--dev-key", PATIENT];
    let at = ["--url", &url];
    let render = ["invoice", "render", "--invoice", &id, "--json-file", path];
    let output = xinglin(&[&render[..], &at, &key].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    for key in [&key[..], &[]] {
        let check = ["invoice", "check", path, "--json"];
        let output = xinglin(&[&check[..], &at, key].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["matches"], true, "{report}");
    }
    EInvoice::from_json(&fs::read_to_string(file).unwrap()).unwrap()
}

#[track_caller]
fn assert_issued(document: &EInvoice, done: &Done<InvoiceId>) {
    assert_eq!(document.proof.block_height, u64::from(done.height));
    assert_eq!(document.proof.extrinsic.0, done.transaction.0);
}

/// Reads an old record as its patient.
async fn assert_kept(client: &Client, record: &Done<RecordId>) {
    let patient = wallet(PATIENT);
    let version = records::version(client, record.what, 1).await.unwrap();
    let content = version.hash;
    let ciphertext = client.record_ciphertext(patient.key(), content).await;
    let ciphertext = ciphertext.unwrap().unwrap();
    assert_eq!(xinglin_sdk::envelope::content_hash(&ciphertext), content);
    let read = records::read(client, &patient, record.what, None).await;
    assert_eq!(read.unwrap().content.to_vec(), CONTENT);
    let block = client.block_hash(record.height).await.unwrap();
    let body = client.body(block).await.unwrap();
    let mut hashes = body.iter().map(|encoded| extrinsic_hash(encoded));
    assert!(hashes.any(|hash| hash == record.transaction));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_and_e_invoices_outlive_the_states_of_their_blocks() {
    let states = STATES.to_string();
    let node = DevNode::start(&["--pruning", &states, "--index=false"]);
    let client = Client::connect(&node.url()).await.unwrap();
    let record = record(&client).await;
    let blue = issue(&client).await;
    let red = refund(&client, blue.what).await;
    outlive(&client, red.height).await;

    assert_kept(&client, &record).await;
    let document = rendered_and_checked(&node, blue.what);
    assert_issued(&document, &blue);
    let letter = rendered_and_checked(&node, red.what);
    assert_issued(&letter, &red);
    let of = document.number;
    assert_eq!(letter.kind, Kind::Red { of });
    assert_eq!(letter.check_red_of(&document), Ok(()));
}
