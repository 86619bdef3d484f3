//! Erasure by destroying keys, also known as crypto-shredding: the patient asks, the author's member
//! confirms, or who stands in for it.

use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{MemberKind, Members},
    GrantId, MemberId, RecordId,
};

use crate::{
    grants::{Covered, EndOfGrant},
    types::Erasure,
    Config, Error, Event, Grants, Pallet, Records,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_ask_erasure(by: T::AccountId, id: RecordId) -> DispatchResult {
        let patient = Self::own_patient(&by)?;
        Self::try_record(id, |record| {
            ensure!(record.patient == patient, Error::OtherPatient);
            ensure!(record.erasure == Erasure::None, Error::AlreadyAsked);
            record.erasure = Erasure::Asked { at: T::Time::now() };
            Ok(())
        })?;
        Self::deposit_event(Event::ErasureAsked { record: id, by });
        Ok(())
    }

    /// Returns how many sealed keys were removed. `by` is absent when the council confirms.
    pub(crate) fn do_confirm_erasure(
        by: Option<T::AccountId>,
        id: RecordId,
    ) -> Result<u32, DispatchError> {
        let mut record = Records::<T>::get(id).ok_or(Error::<T>::UnknownRecord)?;
        let may_confirm = Self::may_confirm_erasure(by.as_ref(), record.member);
        ensure!(may_confirm, Error::<T>::MayNotConfirm);
        ensure!(!record.is_erased(), Error::<T>::Erased);
        ensure!(record.erasure != Erasure::None, Error::<T>::NotAsked);
        let removed = Self::remove_keys(id, &mut record);
        record.erasure = Erasure::Done { at: T::Time::now() };
        let patient = record.patient;
        Records::<T>::insert(id, record);
        let is_for_it = |grant: GrantId| {
            Grants::<T>::get(grant).is_some_and(|grant| grant.terms.what == Covered::Record(id))
        };
        Self::end_grants(patient, |live| is_for_it(live.id), EndOfGrant::RecordErased);
        Self::deposit_event(Event::Erased {
            record: id,
            keys: removed,
            by,
        });
        Ok(removed)
    }

    /// Whether an account, or the council, confirms for a member: an account of its own while it
    /// takes part, and otherwise those who oversee it.
    fn may_confirm_erasure(by: Option<&T::AccountId>, member: MemberId) -> bool {
        let takes_part = T::Members::kind_of(member).is_some();
        let Some(own) = by.map(T::Members::member_of) else {
            return !takes_part;
        };
        let is_regulator = || own.and_then(T::Members::kind_of) == Some(MemberKind::Regulator);
        own == Some(member) || (!takes_part && is_regulator())
    }
}
