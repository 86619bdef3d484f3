//! Practitioners and their licences.

use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::DispatchError;
use xinglin_primitives::{DepartmentId, EncryptionKey, MemberId, PractitionerId};

use crate::{
    types::is_text, Config, Error, Event, Licence, Licences, Members, Membership, NextPractitioner,
    Pallet, Practitioner, Practitioners, Role, Specialty, Standing,
};

impl<T: Config> Pallet<T> {
    /// Whether a practitioner is neither suspended nor held and has a licence in force at an active
    /// member.
    pub(crate) fn is_active_practitioner(id: PractitionerId) -> bool {
        Practitioners::<T>::get(id).is_some_and(|practitioner| Self::may_practise(&practitioner))
    }

    /// The same for a practitioner that was read already.
    pub(crate) fn may_practise(practitioner: &Practitioner<T::AccountId>) -> bool {
        practitioner.is_in_good_standing()
            && practitioner.licences.iter().any(|(member, licence)| {
                licence.standing == Standing::Active && Self::is_active_member(*member)
            })
    }

    /// Registers a practitioner, still without a licence.
    pub(crate) fn enrol_practitioner(
        member: MemberId,
        account: T::AccountId,
        encryption_key: EncryptionKey,
    ) -> Result<PractitionerId, DispatchError> {
        let id = NextPractitioner::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsExhausted)?;
        Self::claim_account(&account, Role::Practitioner(id))?;

        NextPractitioner::<T>::put(next);
        let practitioner = Practitioner {
            account: account.clone(),
            encryption_key,
            standing: Standing::Active,
            is_held: false,
            licences: Licences::new(),
        };
        Practitioners::<T>::insert(id, practitioner);
        Self::deposit_event(Event::PractitionerRegistered {
            practitioner: id,
            account,
            member,
        });
        Ok(id)
    }

    /// Gives a licence, or changes what it says.
    pub(crate) fn put_licence(
        practitioner: PractitionerId,
        member: MemberId,
        department: DepartmentId,
        specialty: Specialty,
    ) -> DispatchResult {
        ensure!(is_text(&specialty), Error::<T>::NotText);
        Self::try_practitioner(practitioner, |practitioner| {
            let licences = &mut practitioner.licences;
            let standing = match licences.get(&member) {
                Some(licence) => licence.standing,
                None => Standing::Active,
            };
            drop_void_licences::<T>(licences);
            let licence = Licence {
                department,
                specialty: specialty.clone(),
                standing,
            };
            licences
                .try_insert(member, licence)
                .map_err(|_| Error::<T>::TooManyLicences)?;
            Ok(())
        })?;
        Self::deposit_event(Event::LicenceSet {
            practitioner,
            member,
            department,
            specialty,
        });
        Ok(())
    }

    pub(crate) fn set_licence_standing(
        practitioner: PractitionerId,
        member: MemberId,
        standing: Standing,
    ) -> DispatchResult {
        Self::try_practitioner(practitioner, |practitioner| {
            let licence = practitioner
                .licences
                .get_mut(&member)
                .ok_or(Error::<T>::NoLicence)?;
            Self::change_standing(&mut licence.standing, standing)
        })?;
        Self::deposit_event(match standing {
            Standing::Suspended => Event::LicenceSuspended {
                practitioner,
                member,
            },
            Standing::Active => Event::LicenceLifted {
                practitioner,
                member,
            },
        });
        Ok(())
    }

    pub(crate) fn drop_licence(practitioner: PractitionerId, member: MemberId) -> DispatchResult {
        Self::try_practitioner(practitioner, |practitioner| {
            let licence = practitioner.licences.remove(&member);
            ensure!(licence.is_some(), Error::<T>::NoLicence);
            Ok(())
        })?;
        Self::deposit_event(Event::LicenceRevoked {
            practitioner,
            member,
        });
        Ok(())
    }

    /// Changes a practitioner that must exist.
    pub(crate) fn try_practitioner<R>(
        id: PractitionerId,
        change: impl FnOnce(&mut Practitioner<T::AccountId>) -> Result<R, Error<T>>,
    ) -> Result<R, Error<T>> {
        Practitioners::<T>::try_mutate(id, |practitioner| {
            change(
                practitioner
                    .as_mut()
                    .ok_or(Error::<T>::UnknownPractitioner)?,
            )
        })
    }
}

/// Makes room when there is none: licences under removed members are void for good.
fn drop_void_licences<T: Config>(licences: &mut Licences) {
    if licences.len() == Licences::bound() {
        licences.retain(|member, _| {
            Members::<T>::get(member).is_some_and(|member| member.membership != Membership::Removed)
        });
    }
}
