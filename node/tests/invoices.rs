//! E-invoices of every kind, compared with the chain by their readers and by strangers: on a
//! development node, through the SDK and the binary.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use std::fs;

use frame_support::BoundedVec;
use pallet_insurance::computation::SchemeParameters;
use pallet_payments::{
    receipts::{ProviderReceipt, ReceiptKey},
    types::{LinePart, Name, Reason, RefundOf},
    Call as PaymentCall,
};
use serde_json::{json, Value};
use xinglin_einvoice::{EInvoice, EInvoiceFile, Source, State, SCHEMA_1};
use xinglin_primitives::{CoverageId, Hash, InvoiceId, PatientId, ProviderId};
use xinglin_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use xinglin_sdk::{
    billing::{self, InvoiceDraft},
    client::Client,
    council,
    einvoice::{render, verify_against_chain, verify_publicly, Difference, Unchecked},
    insurance::{self, SettlementOrder, Settling},
    keys::{KeyPair, Scheme},
    operation::{random_id, told},
    parties,
};

use self::support::{
    acts::{act, today, wallet},
    calls, xinglin, DevNode,
};

const HOSPITAL: &str = "//Alice";
const INSURER: &str = "//Charlie";
const PATIENT: &str = "//Alice//patient//1";
const TOTAL_FEN: u128 = 5_000;

/// Two lines with all that a line can have.
async fn draft(client: &Client) -> InvoiceDraft {
    let day = today(client).await;
    serde_json::from_value(json!({
        "patient": 0, "setting": "outpatient", "service": [day, day],
        "lines": [
            {
                "item": { "system": "urn:example", "code": "code-1", "name": "Example 1" },
                "class": "b", "prepayBp": 1_000, "unitPriceFen": 1_000, "quantity": 3,
                "priceLimitFen": 900,
            },
            {
                "item": { "system": "urn:example", "code": "code-2", "name": "Example 2" },
                "class": "a", "prepayBp": 0, "unitPriceFen": 2_000, "quantity": 1,
                "fundShareBp": 5_000,
            },
        ],
    }))
    .unwrap()
}

async fn issue(client: &Client) -> InvoiceId {
    let draft = draft(client).await;
    let issued = billing::issue(client, &wallet(HOSPITAL), &draft).await;
    issued.unwrap().invoice
}

async fn pay(client: &Client, invoice: InvoiceId, amount_fen: u128) {
    let pay = PaymentCall::<Runtime>::pay {
        invoice,
        amount_fen,
        payment: random_id(),
    };
    act(client, PATIENT, pay).await;
}

/// One that the insurance settled and the patient paid.
async fn settled(client: &Client) -> InvoiceId {
    let scheme = calls::create_scheme(SchemeParameters::default());
    act(client, INSURER, scheme).await;
    act(client, INSURER, calls::enrol(PatientId(0))).await;
    let invoice = issue(client).await;
    let order = SettlementOrder {
        invoice,
        coverage: CoverageId(0),
        account_max_fen: 0,
    };
    let payment = Some(random_id());
    let settling = insurance::settle(client, wallet(PATIENT).key(), order, payment).await;
    assert!(matches!(settling.unwrap().0, Settling::Settled { .. }));
    invoice
}

/// One that was paid and taken back in part, and the red-letter invoice that did.
async fn refunded(client: &Client) -> [InvoiceId; 2] {
    let invoice = issue(client).await;
    pay(client, invoice, TOTAL_FEN).await;
    let part = LinePart {
        line: 0,
        quantity: 1,
        amount_fen: 1_000,
    };
    let refund = PaymentCall::<Runtime>::refund {
        invoice,
        what: RefundOf::Parts(BoundedVec::truncate_from(vec![part])),
        reason: Reason::NotRendered,
        refund: random_id(),
    };
    let outcome = act(client, HOSPITAL, refund).await;
    let red = told(&outcome, "Refunded", |event| match event {
        RuntimeEvent::Payments(pallet_payments::Event::Refunded { red, .. }) => Some(*red),
        _ => None,
    });
    [invoice, red.unwrap()]
}

/// One that was paid through a provider of payment services.
async fn paid_outside(client: &Client) -> InvoiceId {
    let provider = KeyPair::from_secret(Scheme::Sr25519, "//Wallet").unwrap();
    let register: RuntimeCall = PaymentCall::<Runtime>::register_provider {
        name: Name::truncate_from(b"Wallet".to_vec()),
        account: provider.account(),
        key: ReceiptKey::Sr25519(provider.public()),
    }
    .into();
    let proposed = council::propose(client, wallet(HOSPITAL).key(), register).await;
    let (motion, _) = proposed.unwrap();
    for member in ["//Bob", "//Charlie", "//Dave"] {
        let voted = council::vote(client, wallet(member).key(), motion, true).await;
        voted.unwrap();
    }
    let closed = council::close(client, wallet(HOSPITAL).key(), motion).await;
    closed.unwrap();

    let invoice = issue(client).await;
    let receipt = ProviderReceipt {
        provider: ProviderId(0),
        reference: Hash::repeat_byte(7),
        invoice,
        amount_fen: TOTAL_FEN,
        paid_at: parties::now(client).await.unwrap(),
    };
    let signature = billing::sign_receipt(&provider, &receipt, &client.genesis());
    let book = PaymentCall::<Runtime>::pay_external { receipt, signature };
    act(client, PATIENT, book).await;
    invoice
}

/// An e-invoice of each kind, as its member renders it.
async fn of_every_kind(client: &Client) -> Vec<EInvoice> {
    let unpaid = issue(client).await;
    let settled = settled(client).await;
    let [blue, red] = refunded(client).await;
    let outside = paid_outside(client).await;
    let mut rendered = Vec::new();
    for id in [unpaid, settled, blue, red, outside] {
        let one = render(client, &wallet(HOSPITAL), id).await;
        rendered.push(one.unwrap());
    }
    let states: Vec<State> = rendered.iter().map(|it| it.state).collect();
    assert_eq!(
        states,
        [
            State::Issued,
            State::Balanced,
            State::PartlyRefunded,
            State::Issued,
            State::Paid
        ]
    );
    let settlement = rendered[1].settlement.unwrap();
    assert!(settlement.covered_fen > 0, "half of a line is the fund's");
    assert_eq!(rendered[1].payments.len(), 1);
    assert_eq!(rendered[2].payments[0].returned_fen, 1_000);
    assert_eq!(rendered[3].check_red_of(&rendered[2]), Ok(()));
    assert!(matches!(
        rendered[4].payments[0].source,
        Source::Outside { .. }
    ));
    rendered
}

/// Every copy of a document that differs from it in one value, with the path of the value.
fn altered(document: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    paths(document, "", &mut found);
    let change = |path: String| {
        let mut copy = document.clone();
        let value = copy.pointer_mut(&path).unwrap();
        *value = another(value);
        (path, copy)
    };
    found.into_iter().map(change).collect()
}

/// The paths of all values that are neither lists nor objects.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                paths(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                paths(item, &format!("{path}/{place}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// Another value of the same type: of the same words, where only some are understood.
fn another(value: &Value) -> Value {
    let text = match value {
        Value::Number(number) => return (number.as_u64().unwrap() + 1).into(),
        Value::String(text) => text.as_str(),
        other => panic!("{other} is in no e-invoice"),
    };
    match text {
        "A" | "B" => "C".into(),
        "outpatient" => "inpatient".into(),
        "issued" => "cancelled".into(),
        "balanced" | "partlyRefunded" | "paid" => "partlyPaid".into(),
        "balance" => json!({ "outside": { "provider": 0 } }),
        _ if text.starts_with("0x") => {
            let last = if text.ends_with('0') { '1' } else { '0' };
            format!("{}{last}", &text[..text.len() - 1]).into()
        }
        // A day.
        _ if text.len() == 10 && text.as_bytes()[4] == b'-' => "2000-01-01".into(),
        _ => format!("{text}x").into(),
    }
}

/// Whether one of the differences tells of the value at a path.
fn is_told(path: &str, differences: &[Difference]) -> bool {
    let mut parts = path.split('/').skip(1);
    let field = parts.next().unwrap();
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let says = |what: &str| texts.iter().any(|text| text.contains(what));
    match field {
        // It is another invoice's, or nobody's.
        "number" => !differences.is_empty(),
        "lines" => {
            let place: usize = parts.next().unwrap().parse().unwrap();
            says("line ") && (parts.next() == Some("no") || says(&format!("line {}", place + 1)))
        }
        "proof" => match parts.next() {
            Some("genesis") => differences.contains(&Difference::OtherChain),
            Some("salt") => says("`proof"),
            _ => says("`proof`"),
        },
        field => says(&format!("`{field}`")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_an_e_invoice_can_be_changed_unnoticed() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let reader = wallet(HOSPITAL);
    for genuine in of_every_kind(&client).await {
        let checked = verify_against_chain(&client, &reader, &genuine).await;
        assert_eq!(checked.unwrap(), []);
        let public = verify_publicly(&client, &genuine).await.unwrap();
        assert_eq!(public.differences, []);
        assert_eq!(public.unchecked, [Unchecked::Names]);

        let document = serde_json::from_str(&genuine.to_json()).unwrap();
        let (mut altered_count, mut read_count) = (0, 0);
        for (path, document) in altered(&document) {
            altered_count += 1;
            let Ok(forged) = EInvoice::from_json(&document.to_string()) else {
                continue; // What is no e-invoice at all is noticed on reading.
            };
            read_count += 1;
            let of = genuine.number;
            let checked = verify_against_chain(&client, &reader, &forged).await;
            let checked = checked.unwrap();
            assert!(is_told(&path, &checked), "{of} {path}: {checked:?}");
            let public = verify_publicly(&client, &forged).await.unwrap();
            if path.ends_with("/name") && path.starts_with("/lines") {
                // Nobody without a key can tell, and nobody is told that it was checked.
                assert_eq!(public.differences, [], "{of} {path}");
            } else {
                let found = &public.differences;
                assert!(is_told(&path, found), "{of} {path}: {found:?}");
            }
        }
        // The version and the colour are words with which nothing else can be read.
        assert!(altered_count > 30 && altered_count - read_count <= 2);
    }
}

#[tokio::test]
async fn documents_of_the_version_before_are_checked_as_far_as_can_be() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let reader = wallet(HOSPITAL);
    let invoice = issue(&client).await;
    let mut old = render(&client, &reader, invoice).await.unwrap();
    old.schema = SCHEMA_1.into();
    old.lines.iter_mut().for_each(|line| line.system = None);
    let checked = verify_against_chain(&client, &reader, &old).await;
    assert_eq!(checked.unwrap(), []);
    let public = verify_publicly(&client, &old).await.unwrap();
    // What it says of its items could be anything.
    assert_eq!(public.differences, [Difference::Unbound]);
    assert_eq!(public.unchecked, [Unchecked::Items]);

    old.lines[1].code.push('x');
    let checked = verify_against_chain(&client, &reader, &old).await;
    assert_eq!(checked.unwrap(), [Difference::Line(2)]);
    old.total_fen += 1;
    let public = verify_publicly(&client, &old).await.unwrap();
    let total = Difference::Contradiction("totalFen");
    assert!(public.differences.contains(&total), "{public:?}");
}

#[tokio::test]
async fn a_stranger_checks_a_document_without_a_key() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoice.json");
    let path = file.to_str().unwrap();
    let url = node.url();
    let check =
        |form: &[&str]| xinglin(&[&["invoice", "check", path, "--url", &url][..], form].concat());
    for id in refunded(&client).await {
        let document = render(&client, &wallet(PATIENT), id).await.unwrap();
        fs::write(&file, document.to_json()).unwrap();
        let output = check(&["--json"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["matches"], true, "{report}");
        assert_eq!(report["unchecked"].as_array().unwrap().len(), 1);
        let output = check(&[]);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains("is what the chain says"), "{shown}");
        assert!(shown.contains("not checked"), "{shown}");

        let forged = document.to_json().replacen("\"code-1\"", "\"code-9\"", 1);
        fs::write(&file, forged).unwrap();
        let output = check(&["--json"]);
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let differences = report["differences"].as_array().unwrap();
        assert_eq!(differences.len(), 1, "{report}");
        let difference = differences[0].as_str().unwrap();
        assert!(difference.starts_with("line 1 is for another item"));
    }
}

#[tokio::test]
async fn a_pdf_is_checked_by_its_document_and_its_pages() {
    let node = DevNode::start(&[]);
    let client = Client::connect(&node.url()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoice.pdf");
    let path = file.to_str().unwrap();
    let invoice = issue(&client).await;
    let id = invoice.0.to_string();
    let url = node.url();
    let key = ["--url", &url, "--dev-key", HOSPITAL];
    let render = ["invoice", "render", "--invoice", &id, "--pdf", path];
    let rendered = xinglin(&[&render[..], &key].concat());
    assert!(rendered.status.success());
    let check = |form: &[&str]| {
        let output = xinglin(&[&["invoice", "check", path, "--json"][..], form].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.success(), error, report)
    };
    for form in [&key[..2], &key] {
        let (passes, error, report) = check(form);
        assert!(passes && report["matches"] == true, "{error} {report}");
    }

    // A figure on a page.
    let genuine = fs::read(&file).unwrap();
    let mut pages = genuine.clone();
    let shown = pages.windows(3).rposition(|bytes| bytes == b"Tj\n");
    pages[shown.unwrap() - 4] ^= 1;
    fs::write(&file, &pages).unwrap();
    let (passes, error, report) = check(&key[..2]);
    assert!(!passes && error.contains("pages"), "{error}");
    let differences = report["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{report}");
    assert!(differences[0]
        .as_str()
        .unwrap()
        .contains("not the rendering"));

    // A PDF of another document, rendered as ours are.
    let mut forged = EInvoiceFile::read(&genuine).unwrap().document;
    forged.lines[0].code = "code-9".into();
    fs::write(&file, forged.to_pdf()).unwrap();
    let (passes, error, report) = check(&key[..2]);
    assert!(
        !passes && error.contains("not what the chain says"),
        "{error}"
    );
    let differences = report["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{report}");
    assert!(differences[0].as_str().unwrap().starts_with("line 1"));
}
