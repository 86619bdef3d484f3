//! Which records a patient has.

use pallet_records::types::{PatientFile, Record};
use xinglin_primitives::{PatientId, RecordId};
use xinglin_rpc_api::questions::Records as RecordsQuestion;
use xinglin_runtime::Runtime;

use super::{record, HISTORY_MAX};
use crate::{client::Client, operation::OperationError, parties, wallet::Wallet};

/// Records asked for in one page.
const PAGE: u32 = 100;

/// All records of a patient, oldest first, for those who may ask for them.
pub(crate) async fn history(
    client: &Client,
    wallet: &Wallet,
    patient: PatientId,
) -> Result<Vec<(RecordId, Record)>, OperationError> {
    let mut records = Vec::new();
    let mut before = None;
    loop {
        let question = RecordsQuestion {
            patient,
            before,
            limit: PAGE,
        };
        let page = client.ask(wallet.key(), &question).await?;
        records.extend(page.items.into_iter().map(|(_, item)| item));
        ensure_bounded(records.len())?;
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    records.reverse();
    Ok(records)
}

/// The same from the state, for those who may not ask for the list: what of it they may read is for
/// the chain to say when they open it.
pub(crate) async fn history_in_state(
    client: &Client,
    patient: PatientId,
) -> Result<Vec<(RecordId, Record)>, OperationError> {
    let key = pallet_records::Files::<Runtime>::hashed_key_for(patient);
    let file: Option<PatientFile> = parties::read(client, &key).await?;
    let count = file.map_or(0, |file| file.records);
    let found = usize::try_from(count).unwrap_or(usize::MAX);
    ensure_bounded(found)?;
    let mut records = Vec::with_capacity(found);
    for at in 0..count {
        let key = pallet_records::RecordsOf::<Runtime>::hashed_key_for(patient, at);
        if let Some(id) = parties::read(client, &key).await? {
            records.push((id, record(client, id).await?));
        }
    }
    Ok(records)
}

fn ensure_bounded(found: usize) -> Result<(), OperationError> {
    if found <= HISTORY_MAX {
        return Ok(());
    }
    Err(OperationError::TooMany {
        what: "records",
        found,
        limit: HISTORY_MAX,
    })
}
