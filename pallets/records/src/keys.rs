//! Sealed record keys: who gets one, under which encryption key of the patient, and their removal.

use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use xinglin_primitives::{
    glue::{EncryptionKeys, Members, Patients, Practitioners},
    GrantId, PatientId, RecordId,
};

use crate::{
    access::Denial,
    grants::Grantee,
    types::{
        KeyBatch, KeyFor, Reader, ReaderKeys, Record, SealedKey, StoredKey, VersionNumber, KEYS_MAX,
    },
    Config, Error, Event, Files, Grants, Pallet, Records, SealedKeys,
};

/// Whether a sealed key may take the place of another. Only those may replace who hold the key by
/// right and not by somebody's grant: nobody else should be able to spoil what a reader has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Yes,
    No,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_provide_keys(
        by: T::AccountId,
        reader: Reader<T::AccountId>,
        keys: KeyBatch,
    ) -> DispatchResult {
        ensure!(reader != Reader::Patient, Error::<T>::UseReseal);
        ensure!(!keys.is_empty(), Error::<T>::Empty);
        let count = keys.len() as u32;
        for key in keys {
            Self::try_record(key.record, |record| {
                Self::ensure_keeper(&by, record)?;
                let is_entitled = Self::is_entitled(&reader, key.record, record);
                ensure!(is_entitled, Error::NotAReader);
                Self::put_key(record, &reader, key, Replace::Yes)
            })?;
        }
        Self::deposit_event(Event::KeysProvided { reader, count, by });
        Ok(())
    }

    pub(crate) fn do_reseal(
        by: T::AccountId,
        patient: PatientId,
        keys: KeyBatch,
    ) -> DispatchResult {
        ensure!(!keys.is_empty(), Error::<T>::Empty);
        for key in keys {
            Self::try_record(key.record, |record| {
                ensure!(record.patient == patient, Error::OtherPatient);
                Self::ensure_keeper(&by, record)?;
                Self::put_key(record, &Reader::Patient, key, Replace::Yes)
            })?;
        }
        let progress = Files::<T>::get(patient).progress;
        Self::deposit_event(Event::Resealed {
            patient,
            restored: progress.restored,
            total: progress.total,
            by,
        });
        Ok(())
    }

    /// Returns how many sealed keys were looked at.
    pub(crate) fn do_prune_keys(id: RecordId) -> Result<u32, Error<T>> {
        let mut looked_at = 0;
        let mut removed = 0;
        Self::try_record(id, |record| {
            let slots: Vec<_> = SealedKeys::<T>::iter_key_prefix(id).collect();
            looked_at = slots.len() as u32;
            for (version, reader) in slots {
                if !Self::is_entitled(&reader, id, record) {
                    SealedKeys::<T>::remove(id, (version, reader));
                    removed += 1;
                }
            }
            ensure!(removed > 0, Error::NothingToPrune);
            record.keys = record.keys.saturating_sub(removed);
            Ok(())
        })?;
        Self::deposit_event(Event::KeysPruned {
            record: id,
            count: removed,
        });
        Ok(looked_at)
    }

    /// Stores the keys that come with a grant, or are added to it.
    pub(crate) fn put_grant_keys(id: GrantId, keys: KeyBatch, replace: Replace) -> DispatchResult {
        if keys.is_empty() {
            return Ok(());
        }
        let grant = Grants::<T>::get(id).ok_or(Error::<T>::UnknownGrant)?;
        let reader = grant.terms.grantee.into();
        let count = keys.len() as u32;
        for key in keys {
            Self::try_record(key.record, |record| {
                let is_covered =
                    record.patient == grant.patient && grant.terms.what.covers(key.record, record);
                ensure!(is_covered, Error::NotCovered);
                Self::put_key(record, &reader, key, replace)
            })?;
        }
        Self::deposit_event(Event::KeysAdded { grant: id, count });
        Ok(())
    }

    /// Stores the keys of the newest version of a record. The patient, the author and her member
    /// must be among the readers; others only if they may read it.
    pub(crate) fn put_version_keys(
        id: RecordId,
        record: &mut Record,
        keys: ReaderKeys<T::AccountId>,
    ) -> Result<(), Error<T>> {
        let required = [
            Reader::Patient,
            Reader::Practitioner(record.author),
            Reader::Member(record.member),
        ];
        let has_all = required
            .iter()
            .all(|reader| keys.iter().any(|(other, _)| other == reader));
        ensure!(has_all, Error::MissingReader);
        let version = record.versions;
        for (reader, key) in keys {
            let may_read = required.contains(&reader) || Self::is_entitled(&reader, id, record);
            ensure!(may_read, Error::NotAReader);
            let key = KeyFor {
                record: id,
                version,
                key,
            };
            // The version is new: what is there already was in the same list.
            Self::put_key(record, &reader, key, Replace::No).map_err(|error| match error {
                Error::KeyExists => Error::DuplicateReader,
                other => other,
            })?;
        }
        Ok(())
    }

    /// Stores one key of a record that is not shredded.
    fn put_key(
        record: &mut Record,
        reader: &Reader<T::AccountId>,
        sealed: KeyFor,
        replace: Replace,
    ) -> Result<(), Error<T>> {
        let KeyFor {
            record: id,
            version,
            key,
        } = sealed;
        ensure!(
            (1..=record.versions).contains(&version),
            Error::UnknownVersion
        );
        let slot = (version, reader.clone());
        let old = SealedKeys::<T>::get(id, &slot);
        match old {
            Some(_) => ensure!(replace == Replace::Yes, Error::KeyExists),
            None => {
                ensure!(record.keys < KEYS_MAX, Error::TooManyKeys);
                record.keys += 1;
            }
        }
        let epoch = match reader {
            Reader::Patient => Self::count_patient_key(record.patient, old)?,
            _ => 0,
        };
        SealedKeys::<T>::insert(id, slot, StoredKey { key, epoch });
        Ok(())
    }

    /// Counts a key sealed to the patient, in place of `old` if there was one, and returns the
    /// epoch of her encryption key.
    fn count_patient_key(patient: PatientId, old: Option<StoredKey>) -> Result<u32, Error<T>> {
        let key = T::EncryptionKeys::of_patient(patient).ok_or(Error::UnknownPatient)?;
        Ok(Files::<T>::mutate(patient, |file| {
            let progress = &mut file.progress;
            progress.refresh(key);
            if old.is_none() {
                progress.total = progress.total.saturating_add(1);
            }
            if old.is_none_or(|old| old.epoch != progress.epoch) {
                progress.restored = progress.restored.saturating_add(1);
            }
            progress.epoch
        }))
    }

    /// Removes all keys of a record and returns how many there were.
    pub(crate) fn remove_keys(id: RecordId, record: &mut Record) -> u32 {
        let slots: Vec<_> = SealedKeys::<T>::iter_prefix(id).collect();
        Files::<T>::mutate(record.patient, |file| {
            let progress = &mut file.progress;
            for ((_, reader), stored) in &slots {
                if *reader == Reader::Patient {
                    progress.total = progress.total.saturating_sub(1);
                    if stored.epoch == progress.epoch {
                        progress.restored = progress.restored.saturating_sub(1);
                    }
                }
            }
        });
        let count = slots.len() as u32;
        for (slot, _) in slots {
            SealedKeys::<T>::remove(id, slot);
        }
        record.keys = 0;
        count
    }

    /// The sealed key of a version for a reader.
    pub(crate) fn key_of(
        id: RecordId,
        version: VersionNumber,
        reader: Reader<T::AccountId>,
    ) -> Option<SealedKey> {
        Some(SealedKeys::<T>::get(id, (version, reader))?.key)
    }

    /// Refuses whoever does not hold the record's key by right: its patient, its author, each with
    /// the own account, or her member.
    pub(crate) fn ensure_keeper(who: &T::AccountId, record: &Record) -> Result<(), Error<T>> {
        let is_keeper = T::Members::member_of(who) == Some(record.member)
            || T::Patients::patient_of(who) == Some(record.patient)
            || T::Practitioners::practitioner_of(who) == Some(record.author);
        ensure!(is_keeper, Error::NotKeeper);
        Ok(())
    }

    /// Whether a reader has, or will have, a reason to hold a key of this record.
    pub(crate) fn is_entitled(
        reader: &Reader<T::AccountId>,
        id: RecordId,
        record: &Record,
    ) -> bool {
        let holder = match reader {
            Reader::Patient => return true,
            Reader::Delegate(account) => return Self::is_delegate(account, record.patient),
            Reader::Practitioner(practitioner) => Grantee::Practitioner(*practitioner),
            Reader::Member(member) => Grantee::Member(*member),
        };
        let rights = Self::rights(holder, record.patient);
        let decision = rights.decide(holder, (id, record), None, T::Time::now());
        matches!(decision, Ok(_) | Err(Denial::NotYet))
    }

    /// Changes a record, which must exist and not be shredded.
    pub(crate) fn try_record(
        id: RecordId,
        change: impl FnOnce(&mut Record) -> Result<(), Error<T>>,
    ) -> Result<(), Error<T>> {
        Records::<T>::try_mutate(id, |record| {
            let record = record.as_mut().ok_or(Error::UnknownRecord)?;
            ensure!(!record.is_shredded(), Error::Shredded);
            change(record)
        })
    }
}
