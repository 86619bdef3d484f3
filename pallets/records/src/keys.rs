//! Sealed record keys: who gets one, under which encryption key of the patient, and their removal.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use xinglin_primitives::{
    glue::{Delegations, EncryptionKeys, Members, Patients, Practitioners, Scope},
    GrantId, MemberId, PatientId, PractitionerId, RecordId,
};

use crate::{
    access::{Denial, Rights},
    grants::{Grant, Grantee},
    types::{
        KeyBatch, KeyFor, Reader, ReaderKeys, Record, SealedKey, StoredKey, VersionNumber,
        KEYS_MAX, VERSIONS_MAX,
    },
    Config, Error, Event, Files, Pallet, Records, SealedKeys,
};

/// What a signer is to the keys of records. Looked up once per call.
pub(crate) struct Signer {
    patient: Option<PatientId>,
    practitioner: Option<PractitionerId>,
    member: Option<MemberId>,
}

impl Signer {
    /// Whether the signer holds the record's key by right: its patient, its author, each with the
    /// own account, or her member.
    fn is_keeper(&self, record: &Record) -> bool {
        self.is_staff(record)
            || self.patient == Some(record.patient)
            || self.practitioner == Some(record.author)
    }

    fn ensure_keeper<T: Config>(&self, record: &Record) -> Result<(), Error<T>> {
        ensure!(self.is_keeper(record), Error::NotKeeper);
        Ok(())
    }

    /// Whether a key may take the place of another. Nobody should be able to spoil what author and
    /// member hold by right: their keys are replaced by the one whose key it is, or by the member.
    /// Those of the others are replaced by whoever holds the record's key by right.
    fn may_replace<AccountId>(&self, reader: &Reader<AccountId>, record: &Record) -> bool {
        match reader {
            _ if self.is_staff(record) => true,
            Reader::Practitioner(author) if *author == record.author => {
                self.practitioner == Some(*author)
            }
            Reader::Member(member) if *member == record.member => false,
            _ => self.is_keeper(record),
        }
    }

    fn is_staff(&self, record: &Record) -> bool {
        self.member == Some(record.member)
    }
}

/// How many readers every version has: the patient, the author and her member.
const REQUIRED_READERS: u32 = 3;

/// Whether a reader holds the keys of a record by right.
fn is_required<AccountId>(reader: &Reader<AccountId>, record: &Record) -> bool {
    match reader {
        Reader::Patient => true,
        Reader::Practitioner(practitioner) => *practitioner == record.author,
        Reader::Member(member) => *member == record.member,
        Reader::Delegate(_) => false,
    }
}

/// How many keys a record may have so that those whom its versions to come must have still find
/// room: whoever is given a key by grant or delegation takes none of it.
pub(crate) fn keys_max(record: &Record) -> u32 {
    let to_come = u32::from(VERSIONS_MAX.saturating_sub(record.versions));
    KEYS_MAX.saturating_sub(REQUIRED_READERS.saturating_mul(to_come))
}

/// What one reader may rely on, looked up once for each patient in a call.
pub(crate) struct Entitlement<'a, T: Config> {
    reader: &'a Reader<T::AccountId>,
    /// Of a practitioner or member.
    rights: BTreeMap<PatientId, Rights>,
    /// Of a delegate.
    delegations: BTreeMap<PatientId, bool>,
}

impl<'a, T: Config> Entitlement<'a, T> {
    pub(crate) fn of(reader: &'a Reader<T::AccountId>) -> Self {
        Self {
            reader,
            rights: BTreeMap::new(),
            delegations: BTreeMap::new(),
        }
    }

    /// Whether the reader has, or will have, a reason to hold a key of this record. Whether it
    /// takes part now is not asked: who is suspended or held for a time does not lose the keys.
    pub(crate) fn covers(&mut self, id: RecordId, record: &Record) -> bool {
        let patient = record.patient;
        let holder = match self.reader {
            Reader::Patient => return true,
            Reader::Delegate(account) => {
                let has = || T::Delegations::has_delegate(patient, account, Scope::Reading);
                return *self.delegations.entry(patient).or_insert_with(has);
            }
            Reader::Practitioner(practitioner) => Grantee::Practitioner(*practitioner),
            Reader::Member(member) => Grantee::Member(*member),
        };
        let rights = self
            .rights
            .entry(patient)
            .or_insert_with(|| Pallet::<T>::rights(holder, patient));
        let decision = rights.decide(holder, (id, record), None, T::Time::now());
        matches!(decision, Ok(_) | Err(Denial::NotYet))
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_provide_keys(
        by: T::AccountId,
        reader: Reader<T::AccountId>,
        keys: KeyBatch,
    ) -> DispatchResult {
        ensure!(reader != Reader::Patient, Error::<T>::UseReseal);
        ensure!(!keys.is_empty(), Error::<T>::Empty);
        let signer = Self::signer(&by);
        let mut entitlement = Entitlement::<T>::of(&reader);
        let count = keys.len() as u32;
        for key in keys {
            Self::try_record(key.record, |record| {
                signer.ensure_keeper(record)?;
                let is_entitled = entitlement.covers(key.record, record);
                ensure!(is_entitled, Error::NotAReader);
                let may_replace = signer.may_replace(&reader, record);
                Self::put_key(record, &reader, key, may_replace)
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
        let signer = Self::signer(&by);
        for key in keys {
            Self::try_record(key.record, |record| {
                ensure!(record.patient == patient, Error::OtherPatient);
                signer.ensure_keeper(record)?;
                Self::put_key(record, &Reader::Patient, key, true)
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
            let mut slots: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for (version, reader) in SealedKeys::<T>::iter_key_prefix(id) {
                looked_at += 1;
                slots.entry(reader).or_default().push(version);
            }
            for (reader, versions) in slots {
                if Entitlement::<T>::of(&reader).covers(id, record) {
                    continue;
                }
                for version in versions {
                    SealedKeys::<T>::remove(id, (version, reader.clone()));
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

    /// Stores the keys that come with a grant, or are added to it. `signer` is absent if it only
    /// passed the grant on, and may replace none.
    pub(crate) fn put_grant_keys(
        signer: Option<&Signer>,
        id: GrantId,
        grant: &Grant,
        keys: KeyBatch,
    ) -> DispatchResult {
        if keys.is_empty() {
            return Ok(());
        }
        let reader = grant.terms.grantee.into();
        let count = keys.len() as u32;
        for key in keys {
            Self::try_record(key.record, |record| {
                let is_covered =
                    record.patient == grant.patient && grant.terms.what.covers(key.record, record);
                ensure!(is_covered, Error::NotCovered);
                let may_replace = signer.is_some_and(|it| it.may_replace(&reader, record));
                Self::put_key(record, &reader, key, may_replace)
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
        let readers: BTreeSet<_> = keys.iter().map(|(reader, _)| reader).collect();
        let required = readers.iter().filter(|reader| is_required(reader, record));
        let has_all = required.count() == REQUIRED_READERS as usize;
        ensure!(has_all, Error::MissingReader);
        ensure!(readers.len() == keys.len(), Error::DuplicateReader);

        let version = record.versions;
        // Those who must have one come first, so that the others find what they leave.
        let (required, others): (Vec<_>, Vec<_>) = keys
            .into_iter()
            .partition(|(reader, _)| is_required(reader, record));
        for (reader, key) in required.into_iter().chain(others) {
            let may_read =
                is_required(&reader, record) || Entitlement::<T>::of(&reader).covers(id, record);
            ensure!(may_read, Error::NotAReader);
            let key = KeyFor {
                record: id,
                version,
                key,
            };
            Self::put_key(record, &reader, key, false)?;
        }
        Ok(())
    }

    /// Stores one key of a record that is not erased.
    fn put_key(
        record: &mut Record,
        reader: &Reader<T::AccountId>,
        sealed: KeyFor,
        may_replace: bool,
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
            Some(_) => ensure!(may_replace, Error::KeyExists),
            None => {
                // Room for those who must have one is kept free.
                let has_room = is_required(reader, record) || record.keys < keys_max(record);
                ensure!(has_room, Error::TooManyKeys);
                record.keys = record.keys.saturating_add(1);
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

    /// What a signer is.
    pub(crate) fn signer(who: &T::AccountId) -> Signer {
        Signer {
            patient: T::Patients::patient_of(who),
            practitioner: T::Practitioners::practitioner_of(who),
            member: T::Members::member_of(who),
        }
    }

    /// Changes a record, which must exist and not be erased.
    pub(crate) fn try_record(
        id: RecordId,
        change: impl FnOnce(&mut Record) -> Result<(), Error<T>>,
    ) -> Result<(), Error<T>> {
        Records::<T>::try_mutate(id, |record| {
            let record = record.as_mut().ok_or(Error::UnknownRecord)?;
            ensure!(!record.is_erased(), Error::Erased);
            change(record)
        })
    }
}
