//! Suspension of parties, for the council and for whoever else the runtime lets suspend.

use frame_support::{dispatch::DispatchResult, ensure};

use crate::{Config, Error, Event, Pallet, Party, Patients, Practitioners, Principal, Standing};

impl<T: Config> Pallet<T> {
    /// Suspends a member, practitioner or patient.
    ///
    /// The origin is the caller's matter. Who suspends for several reasons at a time counts them: a
    /// party is suspended or it is not.
    ///
    /// Fails when the party is unknown, removed or suspended already, or is the last active member.
    pub fn suspend_party(party: Party) -> DispatchResult {
        match party {
            Party::Member(member) => Self::suspend_member(member)?,
            Party::Practitioner(practitioner) => {
                Self::try_practitioner(practitioner, |practitioner| {
                    Self::change_standing(&mut practitioner.standing, Standing::Suspended)
                })?
            }
            Party::Patient(patient) => Self::try_patient(patient, |patient| {
                Self::change_standing(&mut patient.standing, Standing::Suspended)
            })?,
        }
        Self::deposit_event(Event::Suspended { party });
        Ok(())
    }

    /// Lifts the suspension of a member, practitioner or patient.
    ///
    /// Fails when the party is unknown, removed or not suspended.
    pub fn lift_party(party: Party) -> DispatchResult {
        match party {
            Party::Member(member) => Self::lift_member(member)?,
            Party::Practitioner(practitioner) => {
                Self::try_practitioner(practitioner, |practitioner| {
                    Self::change_standing(&mut practitioner.standing, Standing::Active)
                })?
            }
            Party::Patient(patient) => Self::try_patient(patient, |patient| {
                Self::change_standing(&mut patient.standing, Standing::Active)
            })?,
        }
        Self::deposit_event(Event::Lifted { party });
        Ok(())
    }

    /// Whether a person is suspended by the council or a regulator, or unknown.
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
