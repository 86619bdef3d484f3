//! What others may ask: the runtime's APIs answer from here.

use codec::{Decode, Encode};
use frame_support::traits::Time;
use scale_info::TypeInfo;
use xinglin_primitives::{
    page,
    time::{Date, Moment},
    AppointmentId, MemberId, PatientId, PractitionerId, ScheduleId,
};

use crate::{
    booking::AppointmentOf,
    rules::BookingRules,
    types::{Session, SlotIndex},
    Agendas, Appointments, Config, Pallet, PenaltiesOf, Rules, Schedules, Sessions, Slots,
};

pub use xinglin_primitives::page::PAGE_MAX;

/// How full a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SlotStatus {
    /// The slot's number.
    pub slot: SlotIndex,
    /// When it begins.
    pub start: Moment,
    /// Places that can be booked now; 0 once the slot has begun or the schedule is closed.
    pub free: u16,
    /// How many wait.
    pub waiting: u16,
}

/// Part of the appointments of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SchedulePage<AccountId> {
    /// Appointments with a place or waiting, by slot; within a slot those with a place first.
    pub appointments: Vec<(AppointmentId, crate::types::Appointment<AccountId>)>,
    /// The slot with which the next page begins, if there is one.
    pub next_slot: Option<SlotIndex>,
}

impl<T: Config> Pallet<T> {
    /// How full the slots of a schedule are; `None` if there is no such schedule.
    pub fn slots_of(id: ScheduleId) -> Option<Vec<SlotStatus>> {
        let schedule = Schedules::<T>::get(id)?;
        let now = T::Time::now();
        let status = |slot| {
            let start = schedule.slot_start(slot);
            let occupied = Slots::<T>::get((id, slot));
            let taken = u16::try_from(occupied.taken.len()).unwrap_or(u16::MAX);
            let is_open = start > now && !schedule.is_closed;
            SlotStatus {
                slot,
                start,
                free: if is_open {
                    schedule.capacity.saturating_sub(taken)
                } else {
                    0
                },
                waiting: u16::try_from(occupied.waiting.len()).unwrap_or(u16::MAX),
            }
        };
        Some((0..schedule.slots).map(status).collect())
    }

    /// Appointments of a patient, newest first, at most `limit` and [`PAGE_MAX`]: the latest, or
    /// those made before the patient's appointment `before`.
    pub fn appointments_of(
        patient: PatientId,
        before: Option<AppointmentId>,
        limit: u32,
    ) -> Vec<(AppointmentId, AppointmentOf<T>)> {
        let own = |id| Appointments::<T>::get(id).filter(|a| a.patient == patient);
        let found = |id: AppointmentId| Some((id, own(id)?));
        let first = match before {
            None => Agendas::<T>::get(patient).latest,
            Some(id) => own(id).and_then(|a| a.previous),
        };
        let all = core::iter::successors(first.and_then(found), |(_, appointment)| {
            appointment.previous.and_then(found)
        });
        all.take(page::size(limit)).collect()
    }

    /// Appointments of a schedule that have a place or wait, from `first_slot` on, in pages of
    /// whole slots: a page ends with the slot that reaches [`PAGE_MAX`].
    pub fn appointments_in(
        id: ScheduleId,
        first_slot: SlotIndex,
    ) -> Option<SchedulePage<T::AccountId>> {
        let schedule = Schedules::<T>::get(id)?;
        let mut appointments = Vec::new();
        let mut slots = first_slot..schedule.slots;
        for slot in slots.by_ref() {
            let occupied = Slots::<T>::get((id, slot));
            let ids = occupied.taken.into_iter().chain(occupied.waiting);
            appointments.extend(ids.filter_map(|id| Some((id, Appointments::<T>::get(id)?))));
            if appointments.len() >= PAGE_MAX as usize {
                break;
            }
        }
        Some(SchedulePage {
            appointments,
            next_slot: slots.next(),
        })
    }

    /// The sessions of a practitioner that are not over, by start.
    pub fn sessions_of(practitioner: PractitionerId) -> Vec<Session> {
        let now = T::Time::now();
        let sessions = Sessions::<T>::get(practitioner).into_iter();
        sessions.filter(|s| s.end > now).collect()
    }

    /// The rules of a member in force today.
    pub fn rules_of(member: MemberId) -> Option<BookingRules> {
        Rules::<T>::get(member)
            .on(Date::of(T::Time::now()))
            .copied()
    }

    /// Until when a member blocks a patient, if it does.
    pub fn blocked_until(patient: PatientId, member: MemberId) -> Option<Moment> {
        let until = PenaltiesOf::<T>::get(patient, member).blocked_until;
        (until > T::Time::now()).then_some(until)
    }
}
