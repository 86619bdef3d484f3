//! Patients: pseudonyms bound to an account and a key.

use frame_support::ensure;
use sp_runtime::DispatchError;
use xinglin_primitives::{EncryptionKey, IdentityHash, MemberId, PatientId};

use crate::{
    Config, Error, Event, Identities, NextPatient, Pallet, Patient, Patients, Role, Standing,
};

impl<T: Config> Pallet<T> {
    /// Whether a patient is registered and neither suspended nor held.
    pub(crate) fn is_active_patient(id: PatientId) -> bool {
        Patients::<T>::get(id).is_some_and(|patient| patient.is_active())
    }

    pub(crate) fn enrol_patient(
        registrar: MemberId,
        identity: IdentityHash,
        account: T::AccountId,
        encryption_key: EncryptionKey,
    ) -> Result<PatientId, DispatchError> {
        ensure!(
            !Identities::<T>::contains_key(identity),
            Error::<T>::IdentityInUse
        );
        let id = NextPatient::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsExhausted)?;
        Self::claim_account(&account, Role::Patient(id))?;

        NextPatient::<T>::put(next);
        Identities::<T>::insert(identity, id);
        let patient = Patient {
            account: account.clone(),
            encryption_key,
            identity,
            registrar,
            standing: Standing::Active,
            is_held: false,
        };
        Patients::<T>::insert(id, patient);
        Self::deposit_event(Event::PatientRegistered {
            patient: id,
            account,
            registrar,
        });
        Ok(id)
    }

    /// Changes a patient that must exist.
    pub(crate) fn try_patient<R>(
        id: PatientId,
        change: impl FnOnce(&mut Patient<T::AccountId>) -> Result<R, Error<T>>,
    ) -> Result<R, Error<T>> {
        Patients::<T>::try_mutate(id, |patient| {
            change(patient.as_mut().ok_or(Error::<T>::UnknownPatient)?)
        })
    }
}
