//! Departments, schedules and appointments.

use serde_json::{json, Value};

use super::Thing;
use crate::{
    json::{field, get, text, time},
    rows::{Rows, APPOINTMENTS, DEPARTMENTS, SCHEDULES},
};

pub(super) fn department(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let row = json!({
        "member_id": thing.id,
        "department_id": thing.part,
        "code": text(value),
    });
    thing.set(DEPARTMENTS, (!value.is_null()).then_some(row), rows);
}

pub(super) fn schedule(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let row = json!({
        "schedule_id": thing.id,
        "member_id": field(value, "member"),
        "practitioner_id": field(value, "practitioner"),
        "department_id": field(value, "department"),
        "kind": field(value, "kind"),
        "starts_at": time(get(value, &["start"])),
        "slot_minutes": field(value, "slot_minutes"),
        "slots": field(value, "slots"),
        "capacity": field(value, "capacity"),
        "fee_fen": field(value, "fee_fen"),
        "is_closed": field(value, "is_closed"),
    });
    thing.set(SCHEDULES, (!value.is_null()).then_some(row), rows);
}

pub(super) fn appointment(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let escrow = get(value, &["escrow", "amount_fen"]);
    let row = json!({
        "appointment_id": thing.id,
        "patient_id": field(value, "patient"),
        "member_id": field(value, "member"),
        "department_id": field(value, "department"),
        "practitioner_id": field(value, "practitioner"),
        "schedule_id": field(value, "schedule"),
        "slot": field(value, "slot"),
        "starts_at": time(get(value, &["start"])),
        "state": field(value, "state"),
        "escrow_fen": if escrow.is_null() { json!(0) } else { escrow.clone() },
        "cancel_by": time(get(value, &["terms", "cancel_by"])),
        "no_show_from": time(get(value, &["terms", "no_show_from"])),
    });
    thing.set(APPOINTMENTS, (!value.is_null()).then_some(row), rows);
}
