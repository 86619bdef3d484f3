//! Records: writing, opening and sharing them, and keeping their keys readable.
//!
//! Calls that need nothing besides their arguments (`revoke`, `retract`, `request_access`, `ask_erasure`,
//! `confirm_erasure`, `break_glass`, `justify`, `review`) are not here: give them to
//! [`execute`](crate::operation::execute).

mod keys;
mod list;
mod open;
mod share;
mod write;

pub use keys::{provide_keys, reseal, sealed_for, Resealed, Restored};
pub(crate) use list::{history, history_in_state};
pub(crate) use open::own_key;
pub use open::{open, open_external, read, read_as, OpenedRecord, Opening};
pub use share::{answer, book_with_grant, complete_grant, reshare, share, Period, Sharing, Slot};
pub use write::{
    amend, prepare, prepare_amendment, write, Amendment, PreparedVersion, RecordDraft, Written,
};

use pallet_records::types::{Record, RecordVersion, VersionNumber};
use xinglin_primitives::{Hash, RecordId};
use xinglin_runtime::Runtime;

use crate::{
    client::Client,
    envelope::Binding,
    operation::OperationError,
    parties::{read as read_state, unknown},
};

/// Most records of one patient that an operation on all of them looks at.
pub const HISTORY_MAX: usize = 10_000;

/// A record as the chain knows it.
pub async fn record(client: &Client, id: RecordId) -> Result<Record, OperationError> {
    let key = pallet_records::Records::<Runtime>::hashed_key_for(id);
    let found = read_state(client, &key).await?;
    found.ok_or_else(|| unknown(format_args!("record {id}")))
}

/// A version of a record as the chain knows it.
pub async fn version(
    client: &Client,
    id: RecordId,
    version: VersionNumber,
) -> Result<RecordVersion, OperationError> {
    let key = pallet_records::Versions::<Runtime>::hashed_key_for(id, version);
    let found = read_state(client, &key).await?;
    found.ok_or_else(|| unknown(format_args!("version {version} of record {id}")))
}

/// What the content of a version is bound to.
pub(crate) fn binding(genesis: Hash, record: &Record, version: VersionNumber) -> Binding {
    Binding {
        genesis,
        patient: record.patient,
        author: record.author,
        kind: record.kind,
        version,
    }
}
