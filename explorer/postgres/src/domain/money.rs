//! Invoices, payments and insurance.

use serde_json::{json, Value};

use super::Thing;
use crate::{
    json::{bytes, date, field, get, id, name, sum, text, time, variant, within},
    rows::{
        Rows, CLAIMS, COVERAGES, INVOICES, INVOICE_LINES, PAYMENTS, RED_LETTERS, SCHEMES,
        SETTLEMENTS,
    },
};

/// An invoice's number as it is printed.
fn invoice_number(number: &Value) -> Value {
    let part = |name: &str| number.get(name).and_then(id);
    match (part("year"), part("member"), part("sequence")) {
        (Some(year), Some(member), Some(sequence)) => {
            format!("{year:04}-{member:06}-{sequence:08}").into()
        }
        _ => Value::Null,
    }
}

pub(super) fn invoice(thing: Thing, values: &[Value], rows: &mut Rows) {
    let [value, payments] = values else { return };
    let service = get(value, &["service"]);
    let tally = get(value, &["tally"]);
    let row = json!({
        "invoice_id": thing.id,
        "number": invoice_number(get(value, &["number"])),
        "member_id": get(value, &["number", "member"]),
        "patient_id": field(value, "patient"),
        "appointment_id": field(value, "visit"),
        "setting": field(value, "setting"),
        "service_from": date(&service[0]),
        "service_until": date(&service[1]),
        "issued_at": time(get(value, &["issued_at"])),
        "total_fen": field(tally, "total_fen"),
        "paid_fen": field(tally, "paid_fen"),
        "covered_fen": field(tally, "covered_fen"),
        "refunded_fen": field(tally, "refunded_fen"),
        "settlement_id": field(tally, "settlement"),
        "is_cancelled": field(tally, "is_cancelled"),
    });
    thing.set(INVOICES, (!value.is_null()).then_some(row), rows);
    let payments = payments.as_array().into_iter().flatten().enumerate();
    let payments = payments.map(|(position, value)| payment(thing.id, position, value));
    rows.replace(PAYMENTS, &[thing.id], payments.collect());
}

fn payment(invoice: u64, position: usize, value: &Value) -> Value {
    let (source, details) = variant(get(value, &["source"]));
    json!({
        "invoice_id": invoice,
        "position": position,
        "source": source,
        "payment": bytes(get(details, &["payment"])),
        "is_delegated": field(details, "is_delegated"),
        "provider_id": field(details, "provider"),
        "reference": bytes(get(details, &["reference"])),
        "amount_fen": field(value, "amount_fen"),
        "returned_fen": field(value, "returned_fen"),
        "at": time(get(value, &["at"])),
    })
}

pub(super) fn lines(thing: Thing, values: &[Value], rows: &mut Rows) {
    let lines = values[0].as_array().into_iter().flatten().enumerate();
    let lines = lines.map(|(line, value)| {
        json!({
            "invoice_id": thing.id,
            "line": line,
            "item": bytes(get(value, &["item"])),
            "class": field(value, "class"),
            "prepay_bp": field(value, "prepay_bp"),
            "unit_price_fen": field(value, "unit_price_fen"),
            "quantity": field(value, "quantity"),
            "price_limit_fen": field(value, "price_limit_fen"),
            "fund_share_bp": field(value, "fund_share_bp"),
        })
    });
    rows.replace(INVOICE_LINES, &[thing.id], lines.collect());
}

pub(super) fn red_letter(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let outside = get(value, &["outside"]).as_array().into_iter().flatten();
    let outside = outside.map(|repayment| get(repayment, &["amount_fen"]));
    let row = json!({
        "red_id": thing.id,
        "number": invoice_number(get(value, &["number"])),
        "member_id": get(value, &["number", "member"]),
        "invoice_id": field(value, "blue"),
        "issued_at": time(get(value, &["issued_at"])),
        "reason": field(value, "reason"),
        "total_fen": field(value, "total_fen"),
        "to_balance_fen": field(value, "to_balance_fen"),
        "outside_fen": sum(outside),
    });
    thing.set(RED_LETTERS, (!value.is_null()).then_some(row), rows);
}

pub(super) fn scheme(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let row = json!({
        "scheme_id": thing.id,
        "insurer_id": field(value, "insurer"),
        "code": text(get(value, &["code"])),
        "closed_after": date(get(value, &["closed_after"])),
        "is_held": field(value, "is_held"),
    });
    thing.set(SCHEMES, (!value.is_null()).then_some(row), rows);
}

pub(super) fn coverage(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let account = get(value, &["account", "amount_fen"]);
    let row = json!({
        "coverage_id": thing.id,
        "patient_id": field(value, "patient"),
        "scheme_id": field(value, "scheme"),
        "covered_from": date(get(value, &["period", "from"])),
        "covered_until": date(get(value, &["period", "until"])),
        "account_fen": if account.is_null() { json!(0) } else { account.clone() },
    });
    thing.set(COVERAGES, (!value.is_null()).then_some(row), rows);
}

pub(super) fn settlement(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let (split, service) = (get(value, &["split"]), get(value, &["service"]));
    let fund = ["flat_fen", "pool_fen", "second_fen", "aid_fen"];
    let row = json!({
        "settlement_id": thing.id,
        "invoice_id": field(value, "invoice"),
        "coverage_id": field(value, "coverage"),
        "member_id": field(value, "member"),
        "service_from": date(&service[0]),
        "service_until": date(&service[1]),
        "total_fen": field(split, "total_fen"),
        "eligible_fen": field(split, "eligible_fen"),
        "deductible_fen": field(split, "deductible_fen"),
        "fund_fen": sum(fund.iter().map(|part| get(split, &[*part]))),
        "account_fen": field(split, "account_fen"),
        "cash_fen": field(split, "cash_fen"),
        "to_member_fen": field(value, "to_member_fen"),
        "claim_id": field(value, "claim"),
        "settled_at": time(get(value, &["settled_at"])),
        "state": field(value, "state"),
    });
    thing.set(SETTLEMENTS, (!value.is_null()).then_some(row), rows);
}

pub(super) fn claim(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let ruling = get(value, &["ruling"]);
    let decision = get(ruling, &["decision"]);
    let flags = get(value, &["flags"]).as_array();
    let flags: Option<Vec<Value>> = flags.map(|flags| flags.iter().map(name).collect());
    let row = json!({
        "claim_id": thing.id,
        "invoice_id": field(value, "invoice"),
        "coverage_id": field(value, "coverage"),
        "insurer_id": field(value, "insurer"),
        "flags": flags,
        "filed_at": time(get(value, &["filed_at"])),
        "state": field(value, "state"),
        "decision": name(decision),
        "decision_fund_fen": get(within(decision, "Part"), &["fund_fen"]),
        "decision_reason": field(ruling, "reason"),
        "decided_at": time(get(ruling, &["at"])),
        "settlement_id": field(value, "settlement"),
    });
    thing.set(CLAIMS, (!value.is_null()).then_some(row), rows);
}
