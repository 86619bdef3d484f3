//! What happens to an appointment after it was booked: `confirm`, `cancel`, `check_in`, `complete`
//! and `mark_no_show`.

use frame_support::{ensure, traits::Time};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{
    glue::{Members, OnAppointment, Patients, Practitioners, Scope, WHOLE_BP},
    time::{Date, Moment},
    AppointmentId, MemberId, PatientId,
};

use crate::{
    agenda::Agenda,
    booking::AppointmentOf,
    penalties::Fault,
    rules::ABANDONED_MS,
    states::{AppointmentState, Step},
    types::Acting,
    Agendas, Appointments, Config, Error, Event, Pallet, PenaltiesOf,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_confirm(by: T::AccountId, id: AppointmentId) -> DispatchResult {
        let mut appointment = Self::appointment(id)?;
        ensure!(
            T::Members::member_of(&by) == Some(appointment.member)
                || T::Practitioners::acts_for(&by, appointment.practitioner, Scope::Routine),
            Error::<T>::NotPractitioner
        );
        appointment.state = Self::step(&appointment, Step::Confirm)?;
        Appointments::<T>::insert(id, appointment);
        Self::deposit_event(Event::Confirmed {
            appointment: id,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_check_in(by: T::AccountId, id: AppointmentId) -> DispatchResult {
        let mut appointment = Self::appointment(id)?;
        Self::ensure_staff(&by, appointment.member)?;
        appointment.state = Self::step(&appointment, Step::CheckIn)?;
        Appointments::<T>::insert(id, appointment);
        Self::deposit_event(Event::CheckedIn {
            appointment: id,
            by,
        });
        Ok(())
    }

    /// Returns how many of the waitlist were looked at.
    pub(crate) fn do_cancel(
        by: T::AccountId,
        id: AppointmentId,
        acting: Acting,
    ) -> Result<u32, DispatchError> {
        let appointment = Self::appointment(id)?;
        Self::ensure_acting(&by, &appointment, acting)?;
        let state = Self::step(&appointment, Step::Cancel)?;
        let now = T::Time::now();
        let is_late = match acting {
            Acting::Patient(_) if appointment.state.takes_place() => {
                let is_abandoned = now >= appointment.start.saturating_add(ABANDONED_MS);
                let has_begun = now >= appointment.start;
                ensure!(!has_begun || is_abandoned, Error::<T>::SlotBegun);
                !is_abandoned && now > appointment.terms.cancel_by
            }
            _ => false,
        };
        let place = (appointment.schedule, appointment.slot);
        let (patient, member) = (appointment.patient, appointment.member);
        let share_bp = if is_late {
            appointment.terms.late_cancel_share_bp
        } else {
            0
        };

        Agendas::<T>::mutate(patient, |agenda| {
            agenda.remove(id);
            if is_late {
                Self::record_fault((patient, member), Fault::LateCancel, agenda, now);
            }
        });
        Self::deposit_event(Event::Cancelled {
            appointment: id,
            acting,
            is_late,
            by,
        });
        Self::end_visit(id, appointment, state, share_bp)?;
        // Last, so that the patient's own refund and agenda count for who is next.
        Ok(Self::leave_slot(place, id, now))
    }

    pub(crate) fn do_complete(by: T::AccountId, id: AppointmentId) -> DispatchResult {
        let appointment = Self::appointment(id)?;
        ensure!(
            T::Practitioners::acts_for(&by, appointment.practitioner, Scope::Routine),
            Error::<T>::NotPractitioner
        );
        let state = Self::step(&appointment, Step::Complete)?;
        Agendas::<T>::mutate(appointment.patient, |agenda| agenda.close(id));
        Self::deposit_event(Event::Fulfilled {
            appointment: id,
            by,
        });
        Self::end_visit(id, appointment, state, WHOLE_BP)
    }

    pub(crate) fn do_mark_no_show(by: T::AccountId, id: AppointmentId) -> DispatchResult {
        let appointment = Self::appointment(id)?;
        Self::ensure_staff(&by, appointment.member)?;
        let state = Self::step(&appointment, Step::MarkNoShow)?;
        let now = T::Time::now();
        ensure!(now >= appointment.terms.no_show_from, Error::<T>::TooEarly);
        let (patient, member) = (appointment.patient, appointment.member);
        let share_bp = appointment.terms.no_show_share_bp;

        Agendas::<T>::mutate(patient, |agenda| {
            agenda.close(id);
            Self::record_fault((patient, member), Fault::NoShow, agenda, now);
        });
        Self::deposit_event(Event::NoShow {
            appointment: id,
            by,
        });
        Self::end_visit(id, appointment, state, share_bp)
    }

    /// The appointment `id`.
    pub(crate) fn appointment(id: AppointmentId) -> Result<AppointmentOf<T>, Error<T>> {
        Appointments::<T>::get(id).ok_or(Error::UnknownAppointment)
    }

    /// The state that `step` leads to.
    pub(crate) fn step(
        appointment: &AppointmentOf<T>,
        step: Step,
    ) -> Result<AppointmentState, Error<T>> {
        appointment.state.after(step).ok_or(Error::WrongState)
    }

    /// Refuses whoever does not act for the party that `acting` names.
    pub(crate) fn ensure_acting(
        by: &T::AccountId,
        appointment: &AppointmentOf<T>,
        acting: Acting,
    ) -> Result<(), Error<T>> {
        match acting {
            Acting::Staff(_) => Self::ensure_staff(by, appointment.member),
            Acting::Patient(patient) => {
                ensure!(patient == appointment.patient, Error::OtherPatient);
                let acts = T::Patients::acts_for(by, patient, Scope::Booking);
                ensure!(acts, Error::NotForPatient);
                Ok(())
            }
        }
    }

    /// Brings an appointment to its final state: settles the fee, of which the member gets
    /// `share_bp`, and ends what was granted for the visit.
    fn end_visit(
        id: AppointmentId,
        mut appointment: AppointmentOf<T>,
        state: AppointmentState,
        share_bp: u16,
    ) -> DispatchResult {
        appointment.state = state;
        Self::settle_fee(id, &mut appointment, share_bp)?;
        let (patient, grant) = (appointment.patient, appointment.pre_visit_grant);
        Appointments::<T>::insert(id, appointment);
        if let Some(grant) = grant {
            T::OnAppointment::visit_ended(patient, grant);
        }
        Ok(())
    }

    /// Records a patient's fault under the member's rules in force, if there are any.
    fn record_fault(
        (patient, member): (PatientId, MemberId),
        fault: Fault,
        agenda: &mut Agenda,
        now: Moment,
    ) {
        let Ok(rules) = Self::rules_on(member, Date::of(now)) else {
            return;
        };
        let block = PenaltiesOf::<T>::mutate(patient, member, |penalties| {
            penalties.record(fault, now, &rules)
        });
        if let Some(until) = block {
            agenda.unblocked_from = agenda.unblocked_from.max(until);
            Self::deposit_event(Event::PatientBlocked {
                patient,
                member,
                until,
            });
        }
    }
}
