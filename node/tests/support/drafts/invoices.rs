//! Drafts of invoices.
//!
//! Tests of other crates include this file by its path; it needs nothing of its siblings.

use serde_json::json;
use xinglin_primitives::time::Date;
use xinglin_sdk::billing::InvoiceDraft;

/// What an invoice charges.
pub const PRICE_FEN: u128 = 10_000;

/// An invoice without a visit, for what was done on a day.
pub fn invoice(day: Date) -> InvoiceDraft {
    serde_json::from_value(json!({
        "patient": 0, "setting": "outpatient", "service": [day, day],
        "lines": [{
            "item": { "system": "urn:example", "code": "x", "name": "Example" },
            "class": "a", "prepayBp": 0, "unitPriceFen": PRICE_FEN as u64, "quantity": 1,
        }],
    }))
    .unwrap()
}
