//! Drafts of documents about the patient 0, by her doctor and her hospital.

use pallet_records::types::{AmendReason, ContentKind};
use serde_json::json;
use xinglin_primitives::{time::Date, MemberId, PatientId, PractitionerId, RecordId};
use xinglin_sdk::{
    billing::InvoiceDraft,
    envelope::Compression,
    records::{Amendment, RecordDraft},
};
use zeroize::Zeroizing;

/// What an invoice charges.
pub const PRICE_FEN: u128 = 10_000;

/// A record.
pub fn record(content: impl Into<Vec<u8>>) -> RecordDraft {
    RecordDraft {
        patient: PatientId(0),
        author: PractitionerId(0),
        member: MemberId(0),
        visit: None,
        kind: ContentKind::Encounter,
        content: Zeroizing::new(content.into()),
        compression: Compression::Zstd,
    }
}

/// A correction of a record.
pub fn amendment(record: RecordId, content: impl Into<Vec<u8>>) -> Amendment {
    Amendment {
        record,
        reason: AmendReason::Correction,
        content: Zeroizing::new(content.into()),
        compression: Compression::Zstd,
    }
}

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
