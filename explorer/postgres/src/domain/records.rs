//! Records, grants, and who has read.

use serde_json::{json, Value};

use super::Thing;
use crate::{
    json::{bytes, field, get, name, tagged, time, variant, within},
    rows::{Rows, ACCESSES, EMERGENCIES, GRANTS, RECORDS, RECORD_VERSIONS},
};

pub(super) fn record(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let (erasure, details) = variant(get(value, &["erasure"]));
    let row = json!({
        "record_id": thing.id,
        "patient_id": field(value, "patient"),
        "author_id": field(value, "author"),
        "member_id": field(value, "member"),
        "appointment_id": field(value, "visit"),
        "kind": field(value, "kind"),
        "written_at": time(get(value, &["written_at"])),
        "version_count": field(value, "versions"),
        "retracted_at": time(get(value, &["retracted_at"])),
        "erasure": erasure,
        "erasure_at": time(get(details, &["at"])),
    });
    thing.set(RECORDS, (!value.is_null()).then_some(row), rows);
}

pub(super) fn version(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let carrier = get(value, &["carrier"]);
    let row = json!({
        "record_id": thing.id,
        "version": thing.part,
        "hash": bytes(get(value, &["hash"])),
        "size_bytes": field(value, "size"),
        "carrier": name(carrier),
        "carrier_height": within(carrier, "Block").clone(),
        "at": time(get(value, &["at"])),
        "reason": field(value, "reason"),
    });
    thing.set(RECORD_VERSIONS, (!value.is_null()).then_some(row), rows);
}

pub(super) fn grant(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let terms = get(value, &["terms"]);
    let (grantee_kind, grantee_id) = tagged(get(terms, &["grantee"]));
    let history = within(get(terms, &["what"]), "History");
    let ended = get(value, &["ended"]);
    let row = json!({
        "grant_id": thing.id,
        "patient_id": field(value, "patient"),
        "grantee_kind": grantee_kind,
        "grantee_id": grantee_id,
        "record_id": within(get(terms, &["what"]), "Record").clone(),
        "kinds": field(history, "kinds"),
        "written_from": time(get(history, &["from"])),
        "written_until": time(get(history, &["until"])),
        "purpose": field(terms, "purpose"),
        "valid_from": time(get(terms, &["from"])),
        "valid_until": time(get(terms, &["until"])),
        "may_reshare": field(terms, "may_reshare"),
        "source": name(get(value, &["source"])),
        "given_at": time(get(value, &["given_at"])),
        "ended_at": time(&ended[0]),
        "end_cause": ended[1],
    });
    thing.set(GRANTS, (!value.is_null()).then_some(row), rows);
}

pub(super) fn emergency(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let row = json!({
        "emergency_id": thing.id,
        "patient_id": field(value, "patient"),
        "practitioner_id": field(value, "practitioner"),
        "member_id": field(value, "member"),
        "reason": name(get(value, &["reason"])),
        "declared_at": time(get(value, &["at"])),
        "until": time(get(value, &["until"])),
        "due": time(get(value, &["due"])),
        "state": name(get(value, &["state"])),
    });
    thing.set(EMERGENCIES, (!value.is_null()).then_some(row), rows);
}

pub(super) fn access(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let (party_kind, party_id) = tagged(get(value, &["party"]));
    let what = get(value, &["what"]);
    let outcome = get(value, &["outcome"]);
    let (basis, right) = variant(within(outcome, "Ok"));
    let declared = within(what, "Emergency");
    let emergency = match basis {
        Some("Emergency") => right,
        _ => declared,
    };
    let row = json!({
        "patient_id": thing.id,
        "entry": thing.part,
        "height": field(value, "block"),
        "at": time(get(value, &["at"])),
        "by_account": field(value, "by"),
        "party_kind": party_kind,
        "party_id": party_id,
        "record_id": within(what, "Record").clone(),
        "purpose": field(value, "purpose"),
        "is_allowed": variant(outcome).0 == Some("Ok"),
        "basis": basis,
        "grant_id": if basis == Some("Grant") { right.clone() } else { Value::Null },
        "emergency_id": emergency.clone(),
        "denial": name(within(outcome, "Err")),
    });
    thing.set(ACCESSES, (!value.is_null()).then_some(row), rows);
}
