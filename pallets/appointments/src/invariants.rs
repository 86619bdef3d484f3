//! What must hold between blocks. Run by `try_state` and after every step of the property tests.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Time},
};
use sp_runtime::TryRuntimeError;
use xinglin_primitives::{AppointmentId, Balance, PatientId, ScheduleId};

use crate::{
    agenda::Entry,
    booking::AppointmentOf,
    states::{AppointmentState, Standing},
    types::{SlotIndex, Target},
    Agendas, Appointments, Config, Departments, HoldReason, NextAppointment, NextSchedule, Pallet,
    PenaltiesOf, Rules, Schedules, Sessions, Slots,
};

type Check = Result<(), TryRuntimeError>;
type AppointmentsOf<T> = BTreeMap<AppointmentId, AppointmentOf<T>>;

impl<T: Config> Pallet<T> {
    /// Checks every invariant; the error says which one is broken.
    pub(crate) fn check_invariants() -> Check {
        let appointments: AppointmentsOf<T> = Appointments::<T>::iter().collect();
        Self::check_schedules()?;
        Self::check_appointments(&appointments)?;
        Self::check_slots(&appointments)?;
        Self::check_agendas(&appointments)?;
        Self::check_chains(&appointments)?;
        Self::check_escrow(&appointments)
    }

    /// Schedules are bounded and numbered, a practitioner's sessions are those schedules, in order
    /// and disjoint, and rules are well formed and in order.
    fn check_schedules() -> Check {
        let now = T::Time::now();
        for (id, schedule) in Schedules::<T>::iter() {
            ensure!(
                id < NextSchedule::<T>::get(),
                "a schedule is not numbered by the pallet"
            );
            let has_time = Sessions::<T>::get(schedule.practitioner)
                .iter()
                .any(|s| s.schedule == id && (s.start, s.end) == (schedule.start, schedule.end()));
            ensure!(
                has_time || schedule.is_closed || schedule.end() <= now,
                "an open schedule does not have its practitioner's time"
            );
        }
        for (practitioner, sessions) in Sessions::<T>::iter() {
            for session in &sessions {
                let schedule = Schedules::<T>::get(session.schedule);
                ensure!(
                    schedule.is_some_and(|s| s.practitioner == practitioner),
                    "a session is not its practitioner's"
                );
            }
            ensure!(
                sessions.windows(2).all(|pair| pair[0].end <= pair[1].start),
                "two sessions of a practitioner overlap"
            );
        }
        for (_, history) in Rules::<T>::iter() {
            ensure!(
                history.is_sorted(),
                "rules are not in the order of their dates"
            );
            let versions = history.versions();
            ensure!(
                versions.iter().all(|v| v.rules.is_well_formed()),
                "rules are malformed"
            );
        }
        ensure!(
            Departments::<T>::iter_values().all(|code| !code.is_empty()),
            "a department has no code"
        );
        Ok(())
    }

    /// What an appointment repeats of its slot is what the slot says.
    fn check_appointments(appointments: &AppointmentsOf<T>) -> Check {
        for (id, a) in appointments {
            ensure!(
                *id < NextAppointment::<T>::get(),
                "an appointment is not numbered by the pallet"
            );
            let target = Self::target_of(a)?;
            ensure!(
                a.slot < target.schedule.slots,
                "an appointment is in no slot"
            );
            ensure!(
                (a.member, a.practitioner, a.start)
                    == (
                        target.schedule.member,
                        target.schedule.practitioner,
                        target.start()
                    ),
                "an appointment contradicts its schedule"
            );
            ensure!(
                a.terms.cancel_by <= a.start,
                "an appointment may be cancelled after its start"
            );
        }
        Ok(())
    }

    /// The places and the waitlist of each slot are the appointments in it, within its capacity.
    fn check_slots(appointments: &AppointmentsOf<T>) -> Check {
        let mut expected: BTreeMap<(ScheduleId, SlotIndex), (BTreeSet<_>, BTreeSet<_>)> =
            BTreeMap::new();
        for (id, a) in appointments {
            let (taken, waiting) = expected.entry((a.schedule, a.slot)).or_default();
            if a.state.takes_place() {
                taken.insert(*id);
            } else if a.state == AppointmentState::Waitlisted {
                waiting.insert(*id);
            }
        }
        expected.retain(|_, (taken, waiting)| !taken.is_empty() || !waiting.is_empty());
        for (place, slot) in Slots::<T>::iter() {
            let capacity = Schedules::<T>::get(place.0).map_or(0, |s| s.capacity);
            ensure!(
                slot.taken.len() <= usize::from(capacity),
                "a slot is booked beyond its capacity"
            );
            let (taken, waiting) = expected.remove(&place).ok_or("a stored slot is empty")?;
            ensure!(
                slot.taken.len() == taken.len(),
                "an appointment has two places"
            );
            ensure!(
                slot.waiting.len() == waiting.len(),
                "an appointment waits twice"
            );
            ensure!(
                slot.taken.iter().all(|id| taken.contains(id)),
                "a place is not an appointment's"
            );
            ensure!(
                slot.waiting.iter().all(|id| waiting.contains(id)),
                "a waitlist holds an appointment that does not wait"
            );
        }
        ensure!(expected.is_empty(), "an appointment is not in its slot");
        Ok(())
    }

    /// Each agenda holds the patient's appointments that are neither cancelled nor past, no two
    /// live ones overlap, and no block is missed.
    fn check_agendas(appointments: &AppointmentsOf<T>) -> Check {
        let now = T::Time::now();
        let mut expected: BTreeMap<PatientId, BTreeMap<AppointmentId, Entry>> = BTreeMap::new();
        for (id, a) in appointments {
            if let Some(standing) = a.state.standing() {
                let entry = Self::target_of(a)?.entry(*id, standing);
                expected.entry(a.patient).or_default().insert(*id, entry);
            }
        }
        for (patient, agenda) in Agendas::<T>::iter() {
            let mut missing = expected.remove(&patient).unwrap_or_default();
            for entry in &agenda.entries {
                ensure!(
                    missing.remove(&entry.appointment) == Some(*entry),
                    "an agenda contradicts an appointment"
                );
                let overlaps = entry.standing == Standing::Held
                    && agenda.overlaps(entry.start, entry.end, Some(entry.appointment));
                ensure!(!overlaps, "a patient has two appointments at a time");
            }
            ensure!(
                missing.values().all(|e| e.is_past(now)),
                "an agenda lacks an appointment"
            );
            ensure!(
                PenaltiesOf::<T>::iter_prefix_values(patient)
                    .all(|p| p.blocked_until <= agenda.unblocked_from),
                "an agenda hides a block"
            );
        }
        ensure!(
            expected.is_empty(),
            "a patient with appointments has no agenda"
        );
        Ok(())
    }

    /// The chain of each patient's appointments has all of them, newest first.
    fn check_chains(appointments: &AppointmentsOf<T>) -> Check {
        let mut seen = 0;
        for (patient, agenda) in Agendas::<T>::iter() {
            let mut next = agenda.latest;
            while let Some(id) = next {
                let a = appointments.get(&id).ok_or("a chain leads nowhere")?;
                ensure!(a.patient == patient, "a chain leads to another patient");
                ensure!(a.previous.is_none_or(|p| p < id), "a chain leads forward");
                seen += 1;
                next = a.previous;
            }
        }
        ensure!(seen == appointments.len(), "an appointment is in no chain");
        Ok(())
    }

    /// Only live appointments have money in escrow, and it is exactly what is held, on whichever
    /// account.
    fn check_escrow(appointments: &AppointmentsOf<T>) -> Check {
        let mut payers: Vec<(T::AccountId, Balance)> = Vec::new();
        for a in appointments.values() {
            let Some(escrow) = &a.escrow else { continue };
            ensure!(
                a.state.standing() == Some(Standing::Held) && escrow.amount_fen > 0,
                "money is held for nothing"
            );
            match payers.iter_mut().find(|(payer, _)| *payer == escrow.payer) {
                Some((_, sum)) => *sum = sum.saturating_add(escrow.amount_fen),
                None => payers.push((escrow.payer.clone(), escrow.amount_fen)),
            }
        }
        let held_fen: Balance = frame_system::Account::<T>::iter_keys()
            .map(|who| T::Currency::balance_on_hold(&HoldReason::Fee.into(), &who))
            .sum();
        let due_fen: Balance = payers.iter().map(|(_, sum)| sum).sum();
        ensure!(held_fen == due_fen, "money is held for no appointment");
        for (payer, sum) in payers {
            let held = T::Currency::balance_on_hold(&HoldReason::Fee.into(), &payer);
            ensure!(held == sum, "the money held is not the sum of the fees");
        }
        Ok(())
    }

    fn target_of(a: &AppointmentOf<T>) -> Result<Target, TryRuntimeError> {
        let schedule = Schedules::<T>::get(a.schedule).ok_or("an appointment has no schedule")?;
        Ok(Target {
            id: a.schedule,
            schedule,
            slot: a.slot,
        })
    }
}
