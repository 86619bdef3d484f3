//! Leaving a place, and who gets it.

use frame_support::{ensure, storage::with_storage_layer};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::Patients,
    time::{Date, Moment},
    AppointmentId, PatientId, ScheduleId,
};

use crate::{
    rules::BookingRules,
    states::{Standing, Step},
    types::{Slot, SlotIndex, Target},
    Agendas, Appointments, Config, Error, Event, Pallet, Slots,
};

impl<T: Config> Pallet<T> {
    /// Takes an appointment out of its slot, whether it had a place or waited. If it had one, free
    /// places go to those who wait. Returns how many of the waitlist were looked at.
    pub(crate) fn leave_slot(
        place: (ScheduleId, SlotIndex),
        id: AppointmentId,
        now: Moment,
    ) -> u32 {
        let mut slot = Slots::<T>::get(place);
        let had_place = slot.taken.contains(&id);
        slot.remove(id);
        let looked_at = if had_place {
            Self::promote(place, &mut slot, now)
        } else {
            0
        };
        if slot.is_empty() {
            Slots::<T>::remove(place);
        } else {
            Slots::<T>::insert(place, slot);
        }
        looked_at
    }

    /// Gives free places to those who wait and qualify, in their order, until none is left;
    /// [`crate::types::WAITLIST_MAX`] bounds the search. There may be more than one: a place stays
    /// free when nobody qualifies for it. Nobody is promoted into a slot that could not be booked:
    /// one that has begun, is closed, or whose practitioner or member is suspended.
    fn promote(place: (ScheduleId, SlotIndex), slot: &mut Slot, now: Moment) -> u32 {
        if slot.waiting.is_empty() {
            return 0;
        }
        let Ok(target) = Self::open_slot(place, now) else {
            return 0;
        };
        let Ok(rules) = Self::rules_on(target.schedule.member, Date::of(now)) else {
            return 0;
        };
        let mut looked_at = 0;
        for id in slot.waiting.clone() {
            if slot.is_full(target.schedule.capacity) {
                break;
            }
            looked_at += 1;
            // Whoever does not qualify leaves no trace.
            let promoted = with_storage_layer(|| {
                let patient = Self::promote_one(id, &target, &rules, now)?;
                let has_place = slot.promote(id, target.schedule.capacity);
                ensure!(has_place, Error::<T>::SlotFull);
                Ok::<_, DispatchError>(patient)
            });
            if let Ok(patient) = promoted {
                Self::deposit_event(Event::Promoted {
                    appointment: id,
                    patient,
                });
            }
        }
        looked_at
    }

    /// Books an appointment that waits for `target`, if its patient qualifies now.
    fn promote_one(
        id: AppointmentId,
        target: &Target,
        rules: &BookingRules,
        now: Moment,
    ) -> Result<PatientId, DispatchError> {
        let mut appointment = Self::appointment(id)?;
        let patient = appointment.patient;
        ensure!(Self::is_active(patient), Error::<T>::NotForPatient);
        let mut agenda = Agendas::<T>::get(patient);
        appointment.state = Self::step(&appointment, Step::Promote)?;
        Self::ensure_qualifies(patient, &agenda, target, rules, now, Some(id))?;
        let has_room = agenda.put(target.entry(id, Standing::Held), now);
        ensure!(has_room, Error::<T>::AgendaFull);
        appointment.escrow = Self::hold_fee(patient, target.schedule.fee_fen)?;
        appointment.terms = rules.terms_unasked(now, target.start());
        Agendas::<T>::insert(patient, agenda);
        Appointments::<T>::insert(id, appointment);
        Ok(patient)
    }

    /// Whether the patient is registered and not suspended.
    fn is_active(patient: PatientId) -> bool {
        T::Patients::account_of(patient)
            .is_some_and(|account| T::Patients::patient_of(&account) == Some(patient))
    }
}
