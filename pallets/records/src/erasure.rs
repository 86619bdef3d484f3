//! Erasure by destroying keys (crypto-shredding): the patient asks, the author's member confirms.

use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use sp_runtime::DispatchError;
use xinglin_primitives::{glue::Members, RecordId};

use crate::{
    grants::{Covered, EndOfGrant},
    types::Erasure,
    Config, Error, Event, Grants, Pallet, Records,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_shred(by: T::AccountId, id: RecordId) -> DispatchResult {
        let patient = Self::own_patient(&by)?;
        Self::try_record(id, |record| {
            ensure!(record.patient == patient, Error::OtherPatient);
            ensure!(record.erasure == Erasure::None, Error::AlreadyAsked);
            record.erasure = Erasure::Asked { at: T::Time::now() };
            Ok(())
        })?;
        Self::deposit_event(Event::ShredAsked { record: id, by });
        Ok(())
    }

    /// Returns how many sealed keys were removed.
    pub(crate) fn do_confirm_shred(by: T::AccountId, id: RecordId) -> Result<u32, DispatchError> {
        let mut record = Records::<T>::get(id).ok_or(Error::<T>::UnknownRecord)?;
        let is_staff = T::Members::member_of(&by) == Some(record.member);
        ensure!(is_staff, Error::<T>::NotAuthorsMember);
        ensure!(!record.is_shredded(), Error::<T>::Shredded);
        ensure!(record.erasure != Erasure::None, Error::<T>::NotAsked);
        let removed = Self::remove_keys(id, &mut record);
        record.erasure = Erasure::Done { at: T::Time::now() };
        let patient = record.patient;
        Records::<T>::insert(id, record);
        let is_for_it = |grant: xinglin_primitives::GrantId| {
            Grants::<T>::get(grant).is_some_and(|grant| grant.terms.what == Covered::Record(id))
        };
        Self::end_grants(patient, |live| is_for_it(live.id), EndOfGrant::Shredded);
        Self::deposit_event(Event::Shredded {
            record: id,
            keys: removed,
            by,
        });
        Ok(removed)
    }
}
