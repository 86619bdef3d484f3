//! Writing, amending and retracting records.

use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use sp_io::hashing::blake2_256;
use sp_runtime::SaturatedConversion;
use xinglin_primitives::{
    glue::{EncryptionKeys, Members, Practitioners, Scope, VisitState, Visits},
    time::Moment,
    AppointmentId, Hash, MemberId, PatientId, PractitionerId, RecordId,
};

use crate::{
    types::{
        AmendReason, Carrier, Content, Erasure, NewRecord, ReaderKeys, Record, RecordVersion,
        RetractReason, VERSIONS_MAX,
    },
    ByContent, Config, Error, Event, Files, NextRecord, Pallet, Records, RecordsOf, Versions,
    VisitFiles,
};

impl Content {
    /// The version that this content makes; refuses what is empty or not what its hash says.
    fn into_version<T: Config>(
        self,
        at: Moment,
        reason: Option<AmendReason>,
    ) -> Result<RecordVersion, Error<T>> {
        let (hash, size, carrier) = match self {
            Self::Carried(stated, ciphertext) => {
                let hash = Hash::from(blake2_256(&ciphertext));
                ensure!(hash == stated, Error::HashMismatch);
                let here = frame_system::Pallet::<T>::block_number().saturated_into();
                (hash, ciphertext.len() as u64, Carrier::Block(here))
            }
            Self::External(file) => (file.hash, file.size, Carrier::External(file.location)),
        };
        ensure!(size > 0, Error::Empty);
        Ok(RecordVersion {
            hash,
            size,
            carrier,
            at,
            reason,
        })
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_write(
        by: T::AccountId,
        new: NewRecord,
        content: Content,
        keys: ReaderKeys<T::AccountId>,
    ) -> DispatchResult {
        let NewRecord {
            patient,
            author,
            member,
            visit,
            kind,
        } = new;
        Self::ensure_writes(&by, author, member)?;
        let is_known = T::EncryptionKeys::of_patient(patient).is_some();
        ensure!(is_known, Error::<T>::UnknownPatient);
        let now = T::Time::now();
        let id = NextRecord::<T>::get();
        if let Some(visit) = visit {
            Self::file_under(visit, patient, member, id)?;
        }
        let version = content.into_version::<T>(now, None)?;
        let (hash, size) = (version.hash, version.size);
        let mut record = Record {
            patient,
            author,
            member,
            visit,
            kind,
            written_at: now,
            versions: 0,
            keys: 0,
            retracted_at: None,
            erasure: Erasure::None,
        };
        Self::add_version(id, &mut record, version, keys)?;

        NextRecord::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        Records::<T>::insert(id, record);
        let at = Files::<T>::mutate(patient, |file| {
            let at = file.records;
            file.records = at.saturating_add(1);
            at
        });
        RecordsOf::<T>::insert(patient, at, id);
        Self::deposit_event(Event::Written {
            record: id,
            patient,
            author,
            member,
            visit,
            kind,
            hash,
            size,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_amend(
        by: T::AccountId,
        id: RecordId,
        reason: AmendReason,
        content: Content,
        keys: ReaderKeys<T::AccountId>,
    ) -> DispatchResult {
        let mut record = Records::<T>::get(id).ok_or(Error::<T>::UnknownRecord)?;
        Self::ensure_writes(&by, record.author, record.member)?;
        ensure!(!record.is_erased(), Error::<T>::Erased);
        ensure!(record.retracted_at.is_none(), Error::<T>::Retracted);
        let version = content.into_version::<T>(T::Time::now(), Some(reason))?;
        let (hash, size) = (version.hash, version.size);
        Self::add_version(id, &mut record, version, keys)?;
        let number = record.versions;
        Records::<T>::insert(id, record);
        Self::deposit_event(Event::Amended {
            record: id,
            version: number,
            reason,
            hash,
            size,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_retract(
        by: T::AccountId,
        id: RecordId,
        reason: RetractReason,
    ) -> DispatchResult {
        let mut record = Records::<T>::get(id).ok_or(Error::<T>::UnknownRecord)?;
        let may_retract = T::Practitioners::practitioner_of(&by) == Some(record.author)
            || T::Members::member_of(&by) == Some(record.member);
        ensure!(may_retract, Error::<T>::NotAuthorNorMember);
        ensure!(record.retracted_at.is_none(), Error::<T>::Retracted);
        record.retracted_at = Some(T::Time::now());
        if let Some(visit) = record.visit {
            VisitFiles::<T>::mutate(visit, |file| {
                file.standing = file.standing.saturating_sub(1);
            });
        }
        Records::<T>::insert(id, record);
        Self::deposit_event(Event::Retracted {
            record: id,
            reason,
            by,
        });
        Ok(())
    }

    /// Refuses whoever does not write for the author, and an author who is not licensed at the
    /// member now.
    fn ensure_writes(
        by: &T::AccountId,
        author: PractitionerId,
        member: MemberId,
    ) -> Result<(), Error<T>> {
        let acts = T::Practitioners::acts_for(by, author, Scope::Routine);
        ensure!(acts, Error::NotAuthor);
        let department = T::Practitioners::department_at(author, member);
        ensure!(department.is_some(), Error::NotLicensed);
        Ok(())
    }

    /// Files a record under a visit of the patient at the member, for which she has arrived.
    fn file_under(
        visit: AppointmentId,
        patient: PatientId,
        member: MemberId,
        id: RecordId,
    ) -> Result<(), Error<T>> {
        let found = T::Visits::visit(visit).ok_or(Error::UnknownVisit)?;
        let is_theirs = (found.patient, found.member) == (patient, member);
        ensure!(is_theirs, Error::OtherVisit);
        let has_arrived = matches!(found.state, VisitState::Arrived | VisitState::Fulfilled);
        ensure!(has_arrived, Error::NotArrived);
        VisitFiles::<T>::try_mutate(visit, |file| {
            file.records
                .try_push(id)
                .map_err(|_| Error::TooManyForVisit)?;
            file.standing = file.standing.saturating_add(1);
            Ok(())
        })
    }

    /// Adds a version with its keys to a record that the caller stores.
    fn add_version(
        id: RecordId,
        record: &mut Record,
        version: RecordVersion,
        keys: ReaderKeys<T::AccountId>,
    ) -> Result<(), Error<T>> {
        ensure!(record.versions < VERSIONS_MAX, Error::TooManyVersions);
        let is_registered = ByContent::<T>::contains_key(version.hash);
        ensure!(!is_registered, Error::AlreadyRegistered);
        record.versions += 1;
        ByContent::<T>::insert(version.hash, (id, record.versions));
        Versions::<T>::insert(id, record.versions, version);
        Self::put_version_keys(id, record, keys)
    }
}
