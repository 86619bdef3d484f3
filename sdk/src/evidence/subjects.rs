//! What belongs to each subject, by the chain's state.

use pallet_appointments::types::Appointment;
use pallet_insurance::types::{InvoiceFile, Settlement};
use pallet_payments::types::Invoice;
use pallet_records::types::{Carrier, PatientFile, Record, RecordVersion, VisitFile};
use xinglin_evidence::{state::Item, Placement};
use xinglin_primitives::{AccountId, AppointmentId, InvoiceId, RecordId, SettlementId};
use xinglin_runtime::Runtime;

use super::{
    contents::{open_invoice, open_version},
    gather::Gathering,
    ContentOf, EvidenceError, Reader, Subject, ACCESSES_MAX,
};
use crate::{
    client::Client,
    operation::OperationError,
    parties::{read, unknown},
};

/// What is in the package as a ciphertext only, each with the reason.
type Unopened = Vec<(ContentOf, String)>;

/// The records of a subject.
pub(super) async fn records_of(
    client: &Client,
    subject: Subject,
) -> Result<Vec<RecordId>, OperationError> {
    Ok(match subject {
        Subject::Receipt => Vec::new(),
        Subject::Record(id) => vec![id],
        Subject::Trail(id) => {
            let key = pallet_records::VisitFiles::<Runtime>::hashed_key_for(id);
            let file: Option<VisitFile> = read(client, &key).await?;
            file.unwrap_or_default().records.into_inner()
        }
    })
}

/// A record with its versions and accesses.
pub(super) async fn record(
    gathering: &mut Gathering<'_>,
    reader: Option<&Reader<'_>>,
    id: RecordId,
) -> Result<Unopened, EvidenceError> {
    let mut unopened = Vec::new();
    let record = versions(gathering, reader, id, &mut unopened).await?;
    let file: Option<PatientFile> = gathering.claim(Item::Accesses(record.patient)).await?;
    let count = file.map_or(0, |file| file.accesses);
    for at in count.saturating_sub(ACCESSES_MAX)..count {
        gathering.prove(Item::Access(record.patient, at));
    }
    Ok(unopened)
}

/// A record with its versions.
async fn versions(
    gathering: &mut Gathering<'_>,
    reader: Option<&Reader<'_>>,
    id: RecordId,
    unopened: &mut Unopened,
) -> Result<Record, EvidenceError> {
    let record: Option<Record> = gathering.claim(Item::Record(id)).await?;
    let record = record.ok_or_else(|| unknown(format_args!("record {id}")))?;
    for number in 1..=record.versions {
        let version: Option<RecordVersion> = gathering.claim(Item::Version(id, number)).await?;
        let version =
            version.ok_or_else(|| unknown(format_args!("version {number} of record {id}")))?;
        let Carrier::Block(height) = version.carrier else {
            continue;
        };
        let of = ContentOf::Version(id, number);
        let bytes = usize::try_from(version.size).unwrap_or(usize::MAX);
        let receipt = gathering.carrier(of, height, (version.hash, bytes)).await?;
        let denied = reader.and_then(|reader| reader.denied.get(&id));
        let opened = match (reader, denied) {
            (None, _) => None,
            (Some(_), Some(denial)) => {
                unopened.push((of, format!("the chain denied it: {denial:?}")));
                None
            }
            (Some(Reader { wallet, .. }), None) => {
                let place = (receipt, bytes);
                let opened =
                    open_version(gathering, wallet, (id, &record), (number, &version), place).await;
                told(of, opened, unopened)?
            }
        };
        gathering.contents.push(Placement {
            of,
            receipt,
            hash: version.hash,
            bytes,
            opened,
        });
    }
    Ok(record)
}

/// What was opened. That something cannot be is told, unless the node cannot be asked at all.
fn told<T>(
    of: ContentOf,
    opened: Result<T, OperationError>,
    unopened: &mut Unopened,
) -> Result<Option<T>, EvidenceError> {
    use crate::client::ClientError::Connection;

    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(OperationError::Client(error @ Connection { .. })) => Err(error.into()),
        Err(error) => {
            unopened.push((of, error.to_string()));
            Ok(None)
        }
    }
}

/// A visit with its records, invoices and settlements.
pub(super) async fn trail(
    gathering: &mut Gathering<'_>,
    reader: Option<&Reader<'_>>,
    id: AppointmentId,
) -> Result<Unopened, EvidenceError> {
    let appointment: Option<Appointment<AccountId>> =
        gathering.claim(Item::Appointment(id)).await?;
    if appointment.is_none() {
        return Err(unknown(format_args!("appointment {id}")).into());
    }
    let mut unopened = Vec::new();
    let file: Option<VisitFile> = gathering.claim(Item::VisitRecords(id)).await?;
    for record in file.unwrap_or_default().records {
        versions(gathering, reader, record, &mut unopened).await?;
    }
    let mut next: Option<InvoiceId> = gathering.claim(Item::LatestInvoice(id)).await?;
    while let Some(invoice) = next {
        next = self::invoice(gathering, reader, invoice, &mut unopened).await?;
    }
    Ok(unopened)
}

/// An invoice with its settlements; the visit's invoice before it.
async fn invoice(
    gathering: &mut Gathering<'_>,
    reader: Option<&Reader<'_>>,
    id: InvoiceId,
    unopened: &mut Unopened,
) -> Result<Option<InvoiceId>, EvidenceError> {
    let found: Option<Invoice> = gathering.claim(Item::Invoice(id)).await?;
    let invoice = found.ok_or_else(|| unknown(format_args!("invoice {id}")))?;
    let of = ContentOf::Invoice(id);
    if let Some(Reader { wallet, .. }) = reader {
        let opened = open_invoice(gathering, wallet, (id, &invoice)).await;
        if let Some((letter, opened)) = told(of, opened, unopened)? {
            let (hash, bytes) = (invoice.details.envelope, letter.len());
            let receipt = gathering
                .carrier(of, invoice.issued_in, (hash, bytes))
                .await?;
            gathering.contents.push(Placement {
                of,
                receipt,
                hash,
                bytes,
                opened: Some(opened),
            });
        }
    }
    let file: Option<InvoiceFile> = gathering.claim(Item::Settled(id)).await?;
    let mut next: Option<SettlementId> = file.and_then(|file| file.settlement);
    while let Some(number) = next {
        let settlement: Option<Settlement> = gathering.claim(Item::Settlement(number)).await?;
        next = settlement.and_then(|it| it.previous_of_invoice);
    }
    Ok(invoice.previous_of_visit)
}
