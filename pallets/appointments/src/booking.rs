//! Taking a place: `book` and `reschedule`.

use frame_support::{ensure, traits::Time};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{Patients, Scope},
    time::{Date, Moment},
    AppointmentId, Hash, PatientId, ScheduleId,
};

use crate::{
    agenda::Agenda,
    rules::BookingRules,
    states::{AppointmentState, Standing, Step},
    types::{Acting, Appointment, SlotIndex, Target},
    Agendas, Appointments, Config, Error, Event, NextAppointment, Pallet, PenaltiesOf, Slots,
};

/// An appointment as stored.
pub(crate) type AppointmentOf<T> = Appointment<<T as frame_system::Config>::AccountId>;

impl<T: Config> Pallet<T> {
    /// Returns whether a fee was held.
    pub(crate) fn do_book(
        by: T::AccountId,
        patient: PatientId,
        place: (ScheduleId, SlotIndex),
        may_wait: bool,
        pre_visit_grant: Option<Hash>,
    ) -> Result<bool, DispatchError> {
        ensure!(
            T::Patients::acts_for(&by, patient, Scope::Booking),
            Error::<T>::NotForPatient
        );
        let now = T::Time::now();
        let target = Self::open_slot(place, now)?;
        let rules = Self::rules_on(target.schedule.member, Date::of(now))?;
        let mut agenda = Agendas::<T>::get(patient);
        Self::ensure_qualifies(patient, &agenda, &target, &rules, now, None)?;

        let id = NextAppointment::<T>::get();
        let (state, standing) = if Self::enter_slot(&target, id, may_wait)? {
            (AppointmentState::Booked, Standing::Held)
        } else {
            (AppointmentState::Waitlisted, Standing::Waiting)
        };
        ensure!(
            agenda.put(target.entry(id, standing), now),
            Error::<T>::AgendaFull
        );
        let previous = agenda.latest.replace(id);
        let escrow = match standing {
            Standing::Held => Self::hold_fee(patient, target.schedule.fee_fen)?,
            _ => None,
        };
        let has_fee = escrow.is_some();

        Agendas::<T>::insert(patient, agenda);
        NextAppointment::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        let appointment = Appointment {
            patient,
            member: target.schedule.member,
            practitioner: target.schedule.practitioner,
            schedule: target.id,
            slot: target.slot,
            start: target.start(),
            state,
            terms: rules.terms(target.start()),
            escrow,
            pre_visit_grant,
            previous,
        };
        Appointments::<T>::insert(id, &appointment);
        Self::announce(id, &appointment, by);
        Ok(has_fee)
    }

    /// Says that an appointment was made.
    fn announce(id: AppointmentId, made: &AppointmentOf<T>, by: T::AccountId) {
        let (appointment, patient) = (id, made.patient);
        let (practitioner, member) = (made.practitioner, made.member);
        let (schedule, slot) = (made.schedule, made.slot);
        Self::deposit_event(match made.state {
            AppointmentState::Waitlisted => Event::Waitlisted {
                appointment,
                patient,
                practitioner,
                member,
                schedule,
                slot,
                by,
            },
            _ => Event::Booked {
                appointment,
                patient,
                practitioner,
                member,
                schedule,
                slot,
                by,
            },
        });
        if let Some(grant) = made.pre_visit_grant {
            Self::deposit_event(Event::PreVisitGranted { appointment, grant });
        }
    }

    /// Returns how many of the old slot's waitlist were looked at.
    pub(crate) fn do_reschedule(
        by: T::AccountId,
        id: AppointmentId,
        place: (ScheduleId, SlotIndex),
        acting: Acting,
    ) -> Result<u32, DispatchError> {
        let mut appointment = Self::appointment(id)?;
        Self::ensure_acting(&by, &appointment, acting)?;
        let state = Self::step(&appointment, Step::Reschedule)?;
        let now = T::Time::now();
        let old = (appointment.schedule, appointment.slot);
        ensure!(place != old, Error::<T>::SameSlot);
        let target = Self::open_slot(place, now)?;
        ensure!(
            target.schedule.member == appointment.member,
            Error::<T>::OtherMember
        );
        let rules = Self::rules_on(appointment.member, Date::of(now))?;
        let patient = appointment.patient;
        let mut agenda = Agendas::<T>::get(patient);
        let fee_fen = match acting {
            Acting::Patient(_) => {
                let may_move = now <= appointment.terms.cancel_by && now < appointment.start;
                ensure!(may_move, Error::<T>::TooLate);
                Self::ensure_qualifies(patient, &agenda, &target, &rules, now, Some(id))?;
                appointment.terms = rules.terms(target.start());
                target.schedule.fee_fen
            }
            Acting::Staff(_) => {
                Self::ensure_free(&agenda, &target, Some(id))?;
                appointment.terms = rules.terms_unasked(now, target.start());
                // The patient is not asked, and so pays no more than was agreed.
                target.schedule.fee_fen.min(appointment.fee_fen())
            }
        };

        Self::enter_slot(&target, id, false)?;
        ensure!(
            agenda.put(target.entry(id, Standing::Held), now),
            Error::<T>::AgendaFull
        );
        Agendas::<T>::insert(patient, agenda);
        appointment.escrow = Self::rehold_fee(patient, appointment.escrow.take(), fee_fen)?;
        appointment.practitioner = target.schedule.practitioner;
        (appointment.schedule, appointment.slot) = place;
        appointment.start = target.start();
        appointment.state = state;
        Appointments::<T>::insert(id, appointment);
        let (schedule, slot) = place;
        Self::deposit_event(Event::Rescheduled {
            appointment: id,
            schedule,
            slot,
            acting,
            by,
        });
        Ok(Self::leave_slot(old, id, now))
    }

    /// Whether `patient` may take a place in `target` at `now`: window, block, limit per day and
    /// overlap, not counting the appointment `except` that would move there.
    pub(crate) fn ensure_qualifies(
        patient: PatientId,
        agenda: &Agenda,
        target: &Target,
        rules: &BookingRules,
        now: Moment,
        except: Option<AppointmentId>,
    ) -> Result<(), Error<T>> {
        let member = target.schedule.member;
        let start = target.start();
        ensure!(rules.is_in_window(now, start), Error::OutsideWindow);
        ensure!(
            agenda.unblocked_from <= now
                || PenaltiesOf::<T>::get(patient, member).blocked_until <= now,
            Error::Blocked
        );
        let on_day = agenda.on_day(member, target.schedule.department, Date::of(start), except);
        ensure!(
            on_day < usize::from(rules.department_day_max),
            Error::DayLimit
        );
        Self::ensure_free(agenda, target, except)
    }

    /// Whether the patient has nothing else at the time of `target`, and does not wait for it.
    fn ensure_free(
        agenda: &Agenda,
        target: &Target,
        except: Option<AppointmentId>,
    ) -> Result<(), Error<T>> {
        let (start, end) = (target.start(), target.end());
        ensure!(!agenda.overlaps(start, end, except), Error::Overlap);
        ensure!(
            !agenda.waits_for(target.id, start, except),
            Error::AlreadyWaiting
        );
        Ok(())
    }

    /// Puts an appointment into a slot: in a place, or at the end of the waitlist if it is full and
    /// `may_wait`. Says whether it got a place.
    fn enter_slot(target: &Target, id: AppointmentId, may_wait: bool) -> Result<bool, Error<T>> {
        Slots::<T>::try_mutate((target.id, target.slot), |slot| {
            if slot.take(id, target.schedule.capacity) {
                return Ok(true);
            }
            ensure!(may_wait, Error::SlotFull);
            slot.waiting.try_push(id).map_err(|_| Error::WaitlistFull)?;
            Ok(false)
        })
    }
}
