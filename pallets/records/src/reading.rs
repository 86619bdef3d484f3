//! Reading leaves a trace: `open` decides, record by record, and writes what it decided into the
//! patient's access log.

use std::collections::BTreeMap;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{dispatch::DispatchResult, ensure, traits::Time, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use xinglin_primitives::{time::Moment, EmergencyId, Party, PatientId, RecordId};

use crate::{
    access::{Basis, Denial, Purpose},
    grants::Grantee,
    types::RecordBatch,
    AccessLog, Config, Error, Event, Files, Pallet, Records,
};

/// What an entry of the access log is about.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Accessed {
    /// A record was opened, or should have been.
    Record(RecordId),
    /// An emergency was declared: all records.
    Emergency(EmergencyId),
}

/// One entry of a patient's access log. Nothing of it ever changes.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AccessEntry<AccountId, BlockNumber> {
    /// The account that signed.
    pub by: AccountId,
    /// As whom.
    pub party: Party,
    /// What.
    pub what: Accessed,
    /// For what.
    pub purpose: Purpose,
    /// Why it was allowed, or why not.
    pub outcome: Result<Basis, Denial>,
    /// When.
    pub at: Moment,
    /// In which block.
    pub block: BlockNumber,
}

/// An entry as stored.
pub type AccessEntryOf<T> = AccessEntry<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open(
        by: T::AccountId,
        party: Party,
        records: RecordBatch,
        purpose: Purpose,
    ) -> DispatchResult {
        ensure!(!records.is_empty(), Error::<T>::Empty);
        ensure!(Self::acts_as(&by, party), Error::<T>::NotActing);
        let now = T::Time::now();
        // A doctor's list may hold many records of few patients.
        let mut known = BTreeMap::new();
        let mut allowed = Vec::new();
        let mut denied = Vec::new();
        for id in records {
            let Some(record) = Records::<T>::get(id) else {
                denied.push((id, Denial::Unknown));
                continue;
            };
            let outcome = match Grantee::try_from(party) {
                Err(patient) => Self::decide_for_patient(&by, patient, &record),
                Ok(holder) => known
                    .entry(record.patient)
                    .or_insert_with(|| Self::rights(holder, record.patient))
                    .decide(holder, (id, &record), Some(purpose), now),
            };
            match outcome {
                Ok(_) => allowed.push(id),
                Err(reason) => denied.push((id, reason)),
            }
            Self::log(
                record.patient,
                AccessEntry {
                    by: by.clone(),
                    party,
                    what: Accessed::Record(id),
                    purpose,
                    outcome,
                    at: now,
                    block: frame_system::Pallet::<T>::block_number(),
                },
            );
        }
        Self::deposit_event(Event::Opened {
            by,
            party,
            purpose,
            // As many as were asked for at most, and so within the bound.
            allowed: BoundedVec::truncate_from(allowed),
            denied: BoundedVec::truncate_from(denied),
        });
        Ok(())
    }

    /// Appends to a patient's access log.
    pub(crate) fn log(patient: PatientId, entry: AccessEntryOf<T>) {
        let at = Files::<T>::mutate(patient, |file| {
            let at = file.accesses;
            file.accesses = at.saturating_add(1);
            at
        });
        AccessLog::<T>::insert(patient, at, entry);
    }
}
