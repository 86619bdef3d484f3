//! A patient's agenda: what of the patient's appointments still matters for the next booking.
//!
//! Overlap and the limit per day are decided from this one value, so that a booking reads it once
//! and writes it once.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use xinglin_primitives::{
    time::{Date, Moment},
    AppointmentId, DepartmentId, MemberId, ScheduleId,
};

use crate::states::Standing;

/// Most appointments in an agenda.
pub const AGENDA_MAX: u32 = 32;

/// One appointment in an agenda. Its time is `[start, end)`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Entry {
    /// The appointment.
    pub appointment: AppointmentId,
    /// Its schedule.
    pub schedule: ScheduleId,
    /// The member that is visited.
    pub member: MemberId,
    /// The department that is visited.
    pub department: DepartmentId,
    /// When the slot begins.
    pub start: Moment,
    /// When the slot ends.
    pub end: Moment,
    /// What it means for other bookings.
    pub standing: Standing,
}

impl Entry {
    /// Whether the slot is over and so is its date (UTC+8): no later booking can meet it.
    pub fn is_past(&self, now: Moment) -> bool {
        self.end <= now && Date::of(self.start) < Date::of(now)
    }
}

/// What still matters of a patient's appointments.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Agenda {
    /// Every appointment of the patient that is neither cancelled nor past. Past ones disappear
    /// when room is made for another.
    pub entries: BoundedVec<Entry, ConstU32<AGENDA_MAX>>,
    /// The patient's latest appointment, the head of the chain through `Appointment::previous`.
    pub latest: Option<AppointmentId>,
    /// No member blocks the patient from then on. Spares the look-up of penalties to all who have
    /// none.
    pub unblocked_from: Moment,
}

impl Agenda {
    /// Whether a live appointment other than `except` overlaps `[start, end)`.
    pub fn overlaps(&self, start: Moment, end: Moment, except: Option<AppointmentId>) -> bool {
        self.others(except)
            .any(|e| e.standing == Standing::Held && e.start < end && start < e.end)
    }

    /// Whether an appointment other than `except` waits for the slot of `schedule` that begins at
    /// `start`.
    pub fn waits_for(
        &self,
        schedule: ScheduleId,
        start: Moment,
        except: Option<AppointmentId>,
    ) -> bool {
        self.others(except)
            .any(|e| e.standing == Standing::Waiting && e.schedule == schedule && e.start == start)
    }

    /// How many places other than that of `except` the patient has or had in a department on a
    /// date.
    pub fn on_day(
        &self,
        member: MemberId,
        department: DepartmentId,
        date: Date,
        except: Option<AppointmentId>,
    ) -> usize {
        self.others(except)
            .filter(|e| e.standing != Standing::Waiting)
            .filter(|e| e.member == member && e.department == department)
            .filter(|e| Date::of(e.start) == date)
            .count()
    }

    /// Adds `entry`, or puts it in the place of the same appointment's, and forgets what is past.
    /// Says whether there was room.
    #[must_use]
    pub fn put(&mut self, entry: Entry, now: Moment) -> bool {
        self.entries
            .retain(|e| e.appointment != entry.appointment && !e.is_past(now));
        self.entries.try_push(entry).is_ok()
    }

    /// Forgets an appointment that was cancelled.
    pub fn remove(&mut self, appointment: AppointmentId) {
        self.entries.retain(|e| e.appointment != appointment);
    }

    /// Marks an appointment that took place or was missed.
    pub fn close(&mut self, appointment: AppointmentId) {
        if let Some(entry) = self
            .entries
            .iter_mut()
            .find(|e| e.appointment == appointment)
        {
            entry.standing = Standing::Done;
        }
    }

    fn others(&self, except: Option<AppointmentId>) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |e| Some(e.appointment) != except)
    }
}
