//! Sealing the keys of records again: for those with whom they are shared, for readers whose key
//! changed, and for a patient who has a new one.

use pallet_records::types::{KeyFor, Reader, Record, BATCH_MAX};
use rand::rngs::OsRng;
use xinglin_primitives::{AccountId, EncryptionKey, PatientId, RecordId};
use xinglin_runtime::{Runtime, RuntimeEvent};

use super::{list::history_in_state, open::own_key, record, version};
use crate::{
    client::{Client, Outcome},
    envelope::{seal_key, VersionNumber},
    operation::{execute, told, OperationError},
    parties::{self, encryption_key_of, encryption_key_of_reader, Party},
    wallet::Wallet,
};

type Call = pallet_records::Call<Runtime>;

/// Keys sealed to another reader.
#[derive(Clone, Debug, Default)]
pub struct Resealed {
    /// The keys, in the order of the records and their versions.
    pub keys: Vec<KeyFor>,
    /// Versions that could not be sealed again, because the wallet has no key of them that opens.
    pub missing: Vec<(RecordId, VersionNumber)>,
}

/// How far a patient's keys are restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Versions that she can read with her key of now.
    pub restored: u32,
    /// All versions of her records that are not erased.
    pub total: u32,
}

/// To whom keys are sealed.
pub(super) struct Recipient {
    pub(super) reader: Reader<AccountId>,
    pub(super) key: EncryptionKey,
}

/// Opens the wallet's keys of all versions of some records and seals them to somebody else.
pub(super) async fn reseal_to(
    client: &Client,
    wallet: &Wallet,
    to: &Recipient,
    records: &[(RecordId, Record)],
) -> Result<Resealed, OperationError> {
    let mut resealed = Resealed::default();
    for (id, record) in records {
        for number in 1..=record.versions {
            reseal_version(client, wallet, to, (*id, number), &mut resealed).await?;
        }
    }
    Ok(resealed)
}

async fn reseal_version(
    client: &Client,
    wallet: &Wallet,
    to: &Recipient,
    (id, number): (RecordId, VersionNumber),
    resealed: &mut Resealed,
) -> Result<(), OperationError> {
    let version = version(client, id, number).await?;
    let key = match own_key(client, wallet, None, id, (number, &version)).await {
        Ok(key) => key,
        Err(OperationError::NoSealedKey { .. } | OperationError::Envelope(_)) => {
            resealed.missing.push((id, number));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let sealed = seal_key(&key, &to.key, version.hash, &to.reader, &mut OsRng)?;
    resealed.keys.push(KeyFor {
        record: id,
        version: number,
        key: sealed,
    });
    Ok(())
}

/// The keys in batches that one call carries each.
pub(super) fn batches(keys: Vec<KeyFor>) -> impl Iterator<Item = pallet_records::types::KeyBatch> {
    let limit = BATCH_MAX as usize;
    let count = keys.len().div_ceil(limit);
    let mut keys = keys.into_iter();
    (0..count).map(move |_| {
        let batch: Vec<KeyFor> = keys.by_ref().take(limit).collect();
        pallet_records::types::KeyBatch::truncate_from(batch)
    })
}

/// Whether a key of a version is stored for a reader.
pub async fn sealed_for(
    client: &Client,
    id: RecordId,
    number: VersionNumber,
    reader: &Reader<AccountId>,
) -> Result<bool, OperationError> {
    let place = (number, reader.clone());
    let key = pallet_records::SealedKeys::<Runtime>::hashed_key_for(id, place);
    let found: Option<pallet_records::types::StoredKey> = parties::read(client, &key).await?;
    Ok(found.is_some())
}

/// Seals the keys of records for a reader who may read them: a grantee, a delegate, a practitioner
/// in an emergency, the author or her member under a new key. The wallet is the patient's, the
/// author's, or of the author's member. Every transaction's outcome is told.
pub async fn provide_keys(
    client: &Client,
    keeper: &Wallet,
    reader: &Reader<AccountId>,
    records: &[RecordId],
) -> Result<(Vec<Outcome>, Resealed), OperationError> {
    let mut found = Vec::with_capacity(records.len());
    for id in records {
        found.push((*id, record(client, *id).await?));
    }
    let Some((_, first)) = found.first() else {
        return Ok(Default::default());
    };
    let to = Recipient {
        key: encryption_key_of_reader(client, first.patient, reader).await?,
        reader: reader.clone(),
    };
    let resealed = reseal_to(client, keeper, &to, &found).await?;
    let mut outcomes = Vec::new();
    for keys in batches(resealed.keys.clone()) {
        let reader = reader.clone();
        let call = Call::provide_keys { reader, keys };
        outcomes.push(execute(client, keeper.key(), call).await?);
    }
    Ok((outcomes, resealed))
}

/// Seals a patient's keys again under her encryption key of now: those of the records whose author
/// or author's member the wallet is, or of all if it is the patient's with the old secret.
/// `progress` learns after every batch how far it is.
pub async fn reseal(
    client: &Client,
    keeper: &Wallet,
    patient: PatientId,
    mut progress: impl FnMut(Restored),
) -> Result<Restored, OperationError> {
    let to = Recipient {
        reader: Reader::Patient,
        key: encryption_key_of(client, Party::Patient(patient)).await?,
    };
    let kept = kept_by(client, keeper, patient).await?;
    let mut state = Restored::default();
    for records in kept.chunks(BATCH_MAX as usize) {
        let resealed = reseal_to(client, keeper, &to, records).await?;
        for keys in batches(resealed.keys) {
            let call = Call::reseal { patient, keys };
            let outcome = execute(client, keeper.key(), call).await?;
            state = told(&outcome, "Resealed", |event| match event {
                RuntimeEvent::Records(pallet_records::Event::Resealed {
                    restored, total, ..
                }) => Some(Restored {
                    restored: *restored,
                    total: *total,
                }),
                _ => None,
            })?;
            progress(state);
        }
    }
    Ok(state)
}

/// The records of a patient, not erased, whose keys the wallet's owner keeps by right.
async fn kept_by(
    client: &Client,
    keeper: &Wallet,
    patient: PatientId,
) -> Result<Vec<(RecordId, Record)>, OperationError> {
    use pallet_members::Role;

    let role = parties::role_of(client, &keeper.account()).await?;
    let is_kept = |record: &Record| match role {
        Some(Role::Patient(id)) => id == record.patient,
        Some(Role::Practitioner(id)) => id == record.author,
        Some(Role::Main(id) | Role::Service(id)) => id == record.member,
        None => false,
    };
    let mut kept = history_in_state(client, patient).await?;
    kept.retain(|(_, record)| is_kept(record) && !record.is_erased());
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::SealedKey;

    #[test]
    fn batches_have_all_keys_in_order_and_no_more_than_a_call_carries() {
        let keys: Vec<KeyFor> = (0..130)
            .map(|id| KeyFor {
                record: RecordId(id),
                version: 1,
                key: SealedKey([0; 80]),
            })
            .collect();
        let cut: Vec<_> = batches(keys.clone()).collect();
        let sizes: Vec<usize> = cut.iter().map(|batch| batch.len()).collect();
        assert_eq!(sizes, [64, 64, 2]);
        let joined: Vec<KeyFor> = cut.into_iter().flatten().collect();
        assert_eq!(joined, keys);
        assert_eq!(batches(Vec::new()).count(), 0);
    }
}
