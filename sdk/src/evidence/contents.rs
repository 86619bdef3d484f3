//! Opening what goes into a package, as the exporter.

use pallet_payments::types::Invoice;
use pallet_records::types::{Record, RecordVersion};
use xinglin_evidence::{locate, Opened};
use xinglin_primitives::{InvoiceId, RecordId};

use super::gather::Gathering;
use crate::{
    billing,
    envelope::{self, VersionNumber},
    export::party_of,
    letter::{self, letter_key},
    operation::OperationError,
    parties::unknown,
    records,
    wallet::Wallet,
};

/// Opens a version of a record whose ciphertext is in a receipt, with its length.
pub(super) async fn open_version(
    gathering: &Gathering<'_>,
    wallet: &Wallet,
    (id, record): (RecordId, &Record),
    (number, version): (VersionNumber, &RecordVersion),
    (receipt, bytes): (usize, usize),
) -> Result<Opened, OperationError> {
    let client = gathering.client();
    let party = Some(party_of(client, wallet, record.patient).await?);
    let key = records::own_key(client, wallet, party, id, (number, version)).await?;
    let missing = || {
        unknown(format_args!(
            "ciphertext of version {number} of record {id}"
        ))
    };
    let extrinsic = gathering.at(receipt).map(|it| it.extrinsic.as_slice());
    let extrinsic = extrinsic.ok_or_else(missing)?;
    let start = locate(extrinsic, version.hash, bytes).ok_or_else(missing)?;
    let ciphertext = extrinsic.get(start..start.saturating_add(bytes));
    let binding = records::binding(client.genesis(), record, number);
    let plain = envelope::open(
        ciphertext.ok_or_else(missing)?,
        version.hash,
        &key,
        &binding,
    )?;
    Ok(Opened { key, plain })
}

/// Fetches and opens the letter that says what an invoice charges.
pub(super) async fn open_invoice(
    gathering: &Gathering<'_>,
    wallet: &Wallet,
    (id, invoice): (InvoiceId, &Invoice),
) -> Result<(Vec<u8>, Opened), OperationError> {
    let client = gathering.client();
    let letter = client.invoice_envelope(wallet.key(), id).await?;
    let letter = letter.ok_or_else(|| unknown(format_args!("envelope of invoice {id}")))?;
    let context = billing::context(client, invoice.number.member, invoice.patient);
    let reader = billing::reader_of(client, wallet, invoice.patient).await?;
    let hash = invoice.details.envelope;
    let plain = letter::open_letter(&letter, hash, &context, reader, wallet)?;
    let key = letter_key(&letter, &context, reader, wallet)?;
    Ok((letter, Opened { key, plain }))
}
