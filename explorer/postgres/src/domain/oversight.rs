//! Cases and disclosures.

use serde_json::{json, Value};

use super::Thing;
use crate::{
    json::{bytes, field, get, tagged, time, variant, within},
    rows::{Rows, CASES, DISCLOSURES},
};

pub(super) fn case(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let (subject_kind, subject_id) = tagged(get(value, &["subject"]));
    let closed = within(get(value, &["state"]), "Closed");
    let row = json!({
        "case_id": thing.id,
        "regulator_id": field(value, "regulator"),
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "basis_code": get(value, &["basis", "code"]),
        "basis_digest": bytes(get(value, &["basis", "digest"])),
        "opened_at": time(get(value, &["opened_at"])),
        "closed_at": time(get(closed, &["at"])),
        "finding_code": get(closed, &["finding", "code"]),
        "finding_digest": bytes(get(closed, &["finding", "digest"])),
    });
    thing.set(CASES, (!value.is_null()).then_some(row), rows);
}

pub(super) fn disclosure(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let (state, answer) = variant(get(value, &["state"]));
    let row = json!({
        "disclosure_id": thing.id,
        "case_id": field(value, "case"),
        "member_id": field(value, "member"),
        "request": bytes(get(value, &["request"])),
        "requested_at": time(get(value, &["requested_at"])),
        "due": time(get(value, &["due"])),
        "state": state,
        "answered_at": time(get(answer, &["at"])),
        "envelope": bytes(get(answer, &["envelope"])),
        "bytes": field(answer, "bytes"),
        "is_late": field(answer, "is_late"),
    });
    thing.set(DISCLOSURES, (!value.is_null()).then_some(row), rows);
}
