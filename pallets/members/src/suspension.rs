//! What stops a party: suspension by the council, and a regulator's hold. Neither knows of the other.

use frame_support::{dispatch::DispatchResult, ensure};

use crate::{
    Config, Error, Event, Members, Pallet, Party, Patients, Practitioners, Principal, Standing,
};

impl<T: Config> Pallet<T> {
    /// Suspends a member, practitioner or patient.
    pub(crate) fn suspend_party(party: Party) -> DispatchResult {
        match party {
            Party::Member(member) => Self::suspend_member(member)?,
            Party::Practitioner(id) => Self::try_practitioner(id, |practitioner| {
                Self::change_standing(&mut practitioner.standing, Standing::Suspended)
            })?,
            Party::Patient(id) => Self::try_patient(id, |patient| {
                Self::change_standing(&mut patient.standing, Standing::Suspended)
            })?,
        }
        Self::deposit_event(Event::Suspended { party });
        Ok(())
    }

    /// Lifts the suspension of a member, practitioner or patient.
    pub(crate) fn lift_party(party: Party) -> DispatchResult {
        match party {
            Party::Member(member) => Self::lift_member(member)?,
            Party::Practitioner(id) => Self::try_practitioner(id, |practitioner| {
                Self::change_standing(&mut practitioner.standing, Standing::Active)
            })?,
            Party::Patient(id) => Self::try_patient(id, |patient| {
                Self::change_standing(&mut patient.standing, Standing::Active)
            })?,
        }
        Self::deposit_event(Event::Lifted { party });
        Ok(())
    }

    /// Holds a party for a regulator, or lifts the hold. Doing either twice changes nothing more.
    ///
    /// A member that is held keeps its seat: regulators must not decide who decides about them.
    ///
    /// # Errors
    ///
    /// `UnknownMember`, `UnknownPractitioner`, `UnknownPatient`.
    pub fn set_hold(party: Party, is_held: bool) -> DispatchResult {
        let flip = |held: &mut bool| core::mem::replace(held, is_held) != is_held;
        let is_changed = match party {
            Party::Member(id) => Members::<T>::try_mutate(id, |member| {
                let member = member.as_mut().ok_or(Error::<T>::UnknownMember)?;
                Ok::<_, Error<T>>(flip(&mut member.is_held))
            })?,
            Party::Practitioner(id) => {
                Self::try_practitioner(id, |practitioner| Ok(flip(&mut practitioner.is_held)))?
            }
            Party::Patient(id) => Self::try_patient(id, |patient| Ok(flip(&mut patient.is_held)))?,
        };
        if is_changed {
            Self::deposit_event(Event::HoldChanged { party, is_held });
        }
        Ok(())
    }

    /// Whether the council has suspended a person, or there is none.
    pub(crate) fn is_suspended(principal: Principal) -> bool {
        let standing = match principal {
            Principal::Patient(id) => Patients::<T>::get(id).map(|patient| patient.standing),
            Principal::Practitioner(id) => {
                Practitioners::<T>::get(id).map(|practitioner| practitioner.standing)
            }
        };
        standing != Some(Standing::Active)
    }

    /// Changes a standing, which must be the other one before.
    pub(crate) fn change_standing(standing: &mut Standing, to: Standing) -> Result<(), Error<T>> {
        let refusal = match to {
            Standing::Suspended => Error::<T>::AlreadySuspended,
            Standing::Active => Error::<T>::NotSuspended,
        };
        ensure!(*standing != to, refusal);
        *standing = to;
        Ok(())
    }
}
