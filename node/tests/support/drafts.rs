//! Drafts of documents about the patient 0, by her doctor and her hospital.

mod invoices;

#[allow(unused_imports, reason = "not every test uses all of it")]
pub use invoices::{invoice, PRICE_FEN};

use pallet_records::types::{AmendReason, ContentKind};
use xinglin_primitives::{MemberId, PatientId, PractitionerId, RecordId};
use xinglin_sdk::{
    envelope::Compression,
    records::{Amendment, RecordDraft},
};
use zeroize::Zeroizing;

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
