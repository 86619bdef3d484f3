//! Members, practitioners and patients.

use serde_json::{json, Value};

use super::Thing;
use crate::{
    json::{field, get, name, text},
    rows::{Rows, LICENCES, MEMBERS, PATIENTS, PRACTITIONERS},
};

pub(super) fn member(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let row = json!({
        "member_id": thing.id,
        "kind": field(value, "kind"),
        "level": name(get(value, &["level"])),
        "name": text(get(value, &["name"])),
        "account": field(value, "account"),
        "membership": field(value, "membership"),
        "is_held": field(value, "is_held"),
    });
    thing.set(MEMBERS, (!value.is_null()).then_some(row), rows);
}

pub(super) fn practitioner(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let row = json!({
        "practitioner_id": thing.id,
        "account": field(value, "account"),
        "standing": field(value, "standing"),
        "is_held": field(value, "is_held"),
    });
    thing.set(PRACTITIONERS, (!value.is_null()).then_some(row), rows);
    let licences = get(value, &["licences"]).as_array();
    let licences = licences.into_iter().flatten().map(|pair| {
        let licence = &pair[1];
        json!({
            "practitioner_id": thing.id,
            "member_id": pair[0],
            "department_id": field(licence, "department"),
            "specialty": text(get(licence, &["specialty"])),
            "standing": field(licence, "standing"),
        })
    });
    rows.replace(LICENCES, &[thing.id], licences.collect());
}

pub(super) fn patient(thing: Thing, values: &[Value], rows: &mut Rows) {
    let value = &values[0];
    let row = json!({
        "patient_id": thing.id,
        "account": field(value, "account"),
        "registrar_id": field(value, "registrar"),
        "standing": field(value, "standing"),
        "is_held": field(value, "is_held"),
    });
    thing.set(PATIENTS, (!value.is_null()).then_some(row), rows);
}
