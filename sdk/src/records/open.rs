//! Opening records. It leaves its trace first: nothing is fetched before the chain has allowed it.

use std::fmt;

use pallet_records::{
    access::{Denial, Purpose},
    types::{Carrier, Record, RecordBatch, RecordVersion, BATCH_MAX},
};
use xinglin_primitives::{Party, RecordId};
use xinglin_rpc_api::{codes, questions::RecordKey as KeyQuestion};
use xinglin_runtime::{Runtime, RuntimeEvent};
use zeroize::Zeroizing;

use super::{binding, record, version};
use crate::{
    client::{Client, ClientError, Outcome},
    envelope::{self, open_key, EnvelopeError, RecordKey, VersionNumber},
    operation::{execute, told, OperationError},
    parties::unknown,
    wallet::Wallet,
};

/// A version of a record in the clear. The content is wiped from memory when dropped and never
/// printed.
#[derive(Clone)]
pub struct OpenedRecord {
    /// The record's id.
    pub id: RecordId,
    /// The record.
    pub record: Record,
    /// Which of its versions.
    pub version: VersionNumber,
    /// The content.
    pub content: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for OpenedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedRecord")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}

/// What came of opening records.
#[derive(Debug)]
pub struct Opening {
    /// The records that the chain allowed, each with its content, or why that cannot be read.
    pub allowed: Vec<(RecordId, Result<OpenedRecord, OperationError>)>,
    /// Those that it did not allow, and why.
    pub denied: Vec<(RecordId, Denial)>,
    /// The transaction that is the trace.
    pub outcome: Outcome,
}

/// Opens the latest version of up to [`BATCH_MAX`] records for a purpose, as a party that the wallet
/// signs for.
///
/// Submits the call, waits until it is final, and fetches what the chain allowed. That some records
/// are denied is no error: the attempt is on the chain, and the others are opened.
pub async fn open(
    client: &Client,
    wallet: &Wallet,
    party: Party,
    records: &[RecordId],
    purpose: Purpose,
) -> Result<Opening, OperationError> {
    let batch = RecordBatch::try_from(records.to_vec()).map_err(|_| OperationError::TooMany {
        what: "records",
        found: records.len(),
        limit: BATCH_MAX as usize,
    })?;
    let call = pallet_records::Call::<Runtime>::open {
        party,
        records: batch,
        purpose,
    };
    let outcome = execute(client, wallet.key(), call).await?;
    let (granted, denied) = told(&outcome, "Opened", |event| match event {
        RuntimeEvent::Records(pallet_records::Event::Opened {
            allowed, denied, ..
        }) => Some((allowed.clone(), denied.clone())),
        _ => None,
    })?;
    let mut allowed = Vec::with_capacity(granted.len());
    for id in granted {
        let opened = read_as(client, wallet, Some(party), id, None).await;
        allowed.push((id, opened));
    }
    Ok(Opening {
        allowed,
        denied: denied.into(),
        outcome,
    })
}

/// Fetches and decrypts a version, or the latest, of a record that was opened before: [`open`] it
/// first, so that the reading has its trace.
pub async fn read(
    client: &Client,
    wallet: &Wallet,
    id: RecordId,
    number: Option<VersionNumber>,
) -> Result<OpenedRecord, OperationError> {
    read_as(client, wallet, None, id, number).await
}

/// As [`read`], as the party for which the wallet signs: a device is nobody by itself.
pub async fn read_as(
    client: &Client,
    wallet: &Wallet,
    party: Option<Party>,
    id: RecordId,
    number: Option<VersionNumber>,
) -> Result<OpenedRecord, OperationError> {
    let record = record(client, id).await?;
    let number = number.unwrap_or(record.versions);
    let version = version(client, id, number).await?;
    if matches!(version.carrier, Carrier::External(_)) {
        return Err(OperationError::External {
            record: id,
            version: number,
        });
    }
    let ciphertext = client
        .record_ciphertext_as(wallet.key(), party, version.hash)
        .await?;
    let envelope = ciphertext.ok_or_else(|| {
        unknown(format_args!(
            "ciphertext of version {number} of record {id}"
        ))
    })?;
    let key = own_key(client, wallet, party, id, (number, &version)).await?;
    decrypt(client, (id, record), (number, &version), &key, &envelope)
}

/// Decrypts a version whose envelope came from the object store of its member, as the party for which
/// the wallet signs.
pub async fn open_external(
    client: &Client,
    wallet: &Wallet,
    party: Option<Party>,
    (id, number): (RecordId, VersionNumber),
    envelope: &[u8],
) -> Result<OpenedRecord, OperationError> {
    let record = record(client, id).await?;
    let version = version(client, id, number).await?;
    let key = own_key(client, wallet, party, id, (number, &version)).await?;
    decrypt(client, (id, record), (number, &version), &key, envelope)
}

fn decrypt(
    client: &Client,
    (id, record): (RecordId, Record),
    (number, version): (VersionNumber, &RecordVersion),
    key: &RecordKey,
    envelope: &[u8],
) -> Result<OpenedRecord, OperationError> {
    let binding = binding(client.genesis(), &record, number);
    let content = envelope::open(envelope, version.hash, key, &binding)?;
    Ok(OpenedRecord {
        id,
        record,
        version: number,
        content,
    })
}

/// The key of a version, from what is sealed to the account that signs; for a device that has no key
/// of its own, from what is sealed to the party for which it acts.
pub(crate) async fn own_key(
    client: &Client,
    wallet: &Wallet,
    party: Option<Party>,
    id: RecordId,
    (number, version): (VersionNumber, &RecordVersion),
) -> Result<RecordKey, OperationError> {
    let own = key_as(client, wallet, None, id, (number, version)).await;
    let own = match own {
        Err(reason) if party.is_some() && is_without_key(&reason) => reason,
        own => return own,
    };
    let of_party = key_as(client, wallet, party, id, (number, version)).await;
    match (own, of_party) {
        // A delegate has not the patient's secret: what is missing is a key of the account's own.
        (
            own @ OperationError::NoSealedKey { .. },
            Err(OperationError::Envelope(EnvelopeError::KeyRefused)),
        ) => Err(own),
        (_, of_party) => of_party,
    }
}

/// Whether an account has no key of its own that the wallet opens.
fn is_without_key(reason: &OperationError) -> bool {
    match reason {
        OperationError::NoSealedKey { .. }
        | OperationError::Envelope(EnvelopeError::KeyRefused) => true,
        OperationError::Client(ClientError::Refused { code, .. }) => {
            *code == codes::QUESTION_REFUSED
        }
        _ => false,
    }
}

async fn key_as(
    client: &Client,
    wallet: &Wallet,
    party: Option<Party>,
    id: RecordId,
    (number, version): (VersionNumber, &RecordVersion),
) -> Result<RecordKey, OperationError> {
    let question = KeyQuestion {
        record: id,
        version: number,
        party,
    };
    let found = client.ask(wallet.key(), &question).await?;
    let (reader, sealed) = found.ok_or(OperationError::NoSealedKey {
        record: id,
        version: number,
    })?;
    let opened = wallet.open_with(|secret| open_key(&sealed, secret, version.hash, &reader));
    Ok(opened?)
}
