//! The patients 1 to 3, the hospital's desk, the insurer, the bank and a provider: invoices, claims,
//! refunds and money.

use serde_json::{json, Value};

use super::{address, Day, Who, INSURER};

const DESK: Who = ("member", "//Alice//service//1");
const PATIENT: Who = ("patient", "//Alice//patient//2");
const OTHER: Who = ("patient", "//Alice//patient//3");
const BANK: Who = ("member", "//Eve");
const PROVIDER: Who = ("provider", "//Eve//provider");

/// The council admits the provider of payment services, and a provider that it drops again.
pub fn admit_provider(day: &Day) {
    let key = hex::encode(super::wallet(PROVIDER.1).key().public());
    let account = address(PROVIDER.1);
    let register =
        format!("propose register-provider {account} --name Pay --receipt-key sr25519:{key}");
    let admitted = decide(day, &register);
    assert_eq!(admitted["made"]["provider"], "0");
    let change =
        format!("propose change-provider 0 --account {account} --receipt-key sr25519:{key}");
    decide(day, &change);
    decide(day, "propose describe-member 4 --name Eve");
    day.ok(("council", "//Alice"), "propose retire-provider 7");
}

/// Proposes, votes and closes.
fn decide(day: &Day, propose: &str) -> Value {
    let proposed = day.ok(("council", "//Alice"), propose);
    let motion = proposed["details"]["motion"].as_str().unwrap();
    for member in ["//Bob", "//Charlie", "//Dave"] {
        day.ok(("council", member), &format!("vote {motion} aye"));
    }
    let closed = day.ok(("council", "//Alice"), &format!("close {motion}"));
    assert_eq!(closed["details"]["isCarried"], true);
    closed
}

/// All that they do.
pub fn scene(day: &Day) {
    let scheme = json!({
        "pool": { "bands": [{ "then": [{ "upToFen": null, "ratioBp": 7000 }] }] },
        "review": { "needsVisit": true },
    });
    day.write("flagging.json", &scheme.to_string());
    day.ok(("council", "//Charlie"), "motions");
    claimed(day);
    settled(day);
    accounts(day);
    outside(day);
    redeemed(day);
}

/// Issues an invoice of one line to an outpatient.
fn bill(day: &Day, patient: u64, code: &str, price_fen: u64) -> String {
    bill_in(day, "outpatient", patient, code, price_fen)
}

fn bill_in(day: &Day, setting: &str, patient: u64, code: &str, price_fen: u64) -> String {
    let today = day.date(0).0;
    let invoice = json!({
        "patient": patient, "setting": setting, "service": [today, today], "readers": [2, 3],
        "lines": [{
            "item": { "system": "urn:example", "code": code, "name": code },
            "class": "a", "prepayBp": 0, "unitPriceFen": price_fen, "quantity": 1,
        }],
    });
    let file = format!("invoice-{code}.json");
    day.write(&file, &invoice.to_string());
    day.made(DESK, &format!("issue-invoice {file}"), "invoice")
}

/// A claim that the insurer decides twice, and a refund after it.
fn claimed(day: &Day) {
    let publish = "publish-scheme flagging.json --code FLAG --from 2026-01-01";
    let scheme = day.made(INSURER, publish, "scheme");
    let cover =
        format!("cover --patient 1 --scheme {scheme} --category employed --from 2026-01-01");
    let coverage = day.made(INSURER, &cover, "coverage");
    let invoice = bill(day, 1, "B-1", 10_000);
    let settle = format!("settle {invoice} {coverage} --no-payment");
    let claim = day.made(PATIENT, &settle, "claim");
    day.ok(PATIENT, &format!("withdraw-claim {claim}"));
    let claim = day.made(PATIENT, &settle, "claim");
    day.ok(INSURER, "claims");
    day.ok(INSURER, "inbox");
    let part = format!("decide {claim} 3000 --reason 1");
    let settlement = day.made(INSURER, &part, "settlement");
    day.ok(PATIENT, &format!("appeal {claim}"));
    day.ok(INSURER, &format!("decide {claim} approve --reason 2"));
    day.ok(PATIENT, &format!("settlements {invoice}"));
    day.ok(INSURER, &format!("settlements {invoice}"));
    for who in [DESK, PATIENT, INSURER, ("regulator", "//Dave//service//1")] {
        let shown = day.ok(who, &format!("invoice {invoice}"));
        assert_eq!(shown["invoice"]["coveredFen"], "7000");
    }
    day.ok(PATIENT, &format!("pay {invoice} --amount-fen 3000"));
    day.ok(PATIENT, &format!("payments {invoice}"));
    day.ok(INSURER, &format!("reverse {settlement}"));
    day.ok(DESK, &format!("refund {invoice} --reason error"));
    day.ok(DESK, &format!("red-letters {invoice}"));
    day.ok(INSURER, &format!("review-refund {invoice} --reason 3"));
    let last = day.date(1);
    day.ok(INSURER, &format!("close-scheme {scheme} --last {last}"));
}

/// What the rules pay at once: before the patient has paid, and after.
fn settled(day: &Day) {
    let cover = "cover --patient 2 --scheme 0 --category employed --from 2026-01-01";
    let coverage = day.made(INSURER, cover, "coverage");
    let invoice = bill(day, 2, "B-2", 20_000);
    day.ok(DESK, "unpaid");
    let settle = format!("settle {invoice} {coverage}");
    let settlement = day.made(DESK, &settle, "settlement");
    day.ok(DESK, &format!("reverse {settlement}"));
    let pre_settle = format!("pre-settle {invoice} {coverage}");
    // Of 200.00 an outpatient's deductible takes 50.00, and the fund pays 70 % of the rest.
    pre_settled(day, &pre_settle, [5_000, 10_500, 10_500, 9_500]);
    day.ok(OTHER, &format!("pay {invoice} --amount-fen 20000"));
    pre_settled(day, &pre_settle, [5_000, 10_500, 0, 0]);
    let claimed = day.ok(OTHER, &format!("claim {invoice} {coverage}"));
    assert_eq!(claimed["details"]["toPatientFen"], "10500");
    day.refused(OTHER, &pre_settle, "AlreadySettled");
    let cancelled = bill(day, 2, "B-3", 100);
    // Nothing is left of the deductible, and inpatients have none.
    let pre_settle = format!("pre-settle {cancelled} {coverage}");
    pre_settled(day, &pre_settle, [0, 70, 70, 30]);
    let stay = bill_in(day, "inpatient", 2, "B-4", 30_000);
    let pre_settle = format!("pre-settle {stay} {coverage}");
    pre_settled(day, &pre_settle, [0, 21_000, 21_000, 9_000]);
    day.ok(DESK, &format!("cancel-invoice {cancelled} --reason error"));
    day.ok(OTHER, "invoices");
    day.ok(OTHER, "coverages");
    day.ok(OTHER, "scheme 0");
    let tomorrow = day.date(1);
    let change = format!("change-standing {coverage} --category retired --from {tomorrow}");
    day.ok(INSURER, &change);
    let version = format!("publish-version 0 scheme.json --from {tomorrow}");
    day.ok(INSURER, &version);
}

/// What patient and insurer find that a settlement would bring: deductible, fund's part, what goes to
/// the hospital, and what is left to pay.
#[track_caller]
fn pre_settled(day: &Day, command: &str, expected: [u64; 4]) {
    for who in [OTHER, INSURER] {
        let told = day.ok(who, command);
        let split = &told["split"];
        let found = [
            &split["deductible_fen"],
            &split["pool_fen"],
            &told["to_member_fen"],
            &told["rest_fen"],
        ];
        assert_eq!(found.map(Value::as_u64), expected.map(Some), "{told}");
        assert_eq!(told["recomputed"], true, "{told}");
    }
}

/// A personal account, to the end of its coverage.
fn accounts(day: &Day) {
    let cover = "cover --patient 3 --scheme 0 --category employed --from 2026-01-01";
    let coverage = day.made(INSURER, cover, "coverage");
    let credit = format!("credit {coverage} --amount-fen 5000");
    day.ok(INSURER, &credit);
    day.ok(INSURER, "coverages 3");
    day.ok(INSURER, "scheme 0");
    let yesterday = day.date(-1);
    let end = format!("end-coverage {coverage} --until {yesterday}");
    day.ok(INSURER, &end);
    day.ok(INSURER, &format!("release-account {coverage} --to patient"));
    day.ok(INSURER, "balance");
}

/// Signs, as the provider, that money moved outside of the chain; the file of the receipt.
fn receipt(day: &Day, number: u32, invoice: &str, amount_fen: u64) -> String {
    let (file, now) = (format!("receipt-{number}.json"), day.now);
    let said = format!("--provider 0 --reference no-{number} --invoice {invoice}");
    let paid = format!("--amount-fen {amount_fen} --paid-at {now}");
    day.ok(PROVIDER, &format!("sign-receipt {said} {paid} -o {file}"));
    file
}

/// Payments and repayments outside of the chain.
fn outside(day: &Day) {
    let invoice = bill(day, 1, "B-4", 3_000);
    for (number, who) in [(1, PATIENT), (2, DESK), (3, PROVIDER)] {
        let file = receipt(day, number, &invoice, 1_000);
        day.ok(who, &format!("pay-external {file}"));
    }
    let twice = "pay-external receipt-1.json";
    day.refused(DESK, twice, "ReceiptUsed");
    let refund = format!("refund {invoice} --reason other");
    let red = day.made(DESK, &refund, "redLetter");
    for (number, who) in [(4, DESK), (5, PROVIDER)] {
        let file = receipt(day, number, &red, 1_000);
        day.ok(who, &format!("confirm-repayment {file}"));
    }
}

/// Money in and out at the bank.
fn redeemed(day: &Day) {
    let to = address(PATIENT.1);
    let issue = format!("bank issue --to {to} --amount-fen 100000 --reference in-1");
    day.ok(BANK, &issue);
    day.ok(PATIENT, "balance");
    day.write("account.txt", "account 17");
    let redeem = |who, number: u32| {
        let terms = "redeem --bank 4 --amount-fen 1000 --instruction account.txt";
        day.made(who, &format!("{terms} -o letter-{number}"), "redemption")
    };
    let first = redeem(PATIENT, 1);
    let read = day.ok(BANK, &format!("bank read-instruction {first} letter-1"));
    assert_eq!(read["instruction"], "account 17");
    day.ok(BANK, &format!("bank confirm {first} --reference out-1"));
    let second = redeem(PATIENT, 2);
    day.ok(BANK, &format!("bank reject {second} --reason customer"));
    // The bank has a week to answer.
    let third = redeem(PATIENT, 3);
    let withdraw = |redemption: &str| format!("withdraw-redemption {redemption}");
    day.refused(PATIENT, &withdraw(&third), "TooEarly");
    let member = ("member", "//Charlie");
    let fourth = redeem(member, 4);
    day.refused(member, &withdraw(&fourth), "TooEarly");
    day.ok(member, "balance");
}
