//! What the pallet stores and what its calls carry.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    time::{Moment, MINUTE_MS},
    AppointmentId, Balance, DepartmentId, Hash, MemberId, PatientId, PractitionerId, ScheduleId,
};

use crate::{
    agenda::Entry,
    states::{AppointmentState, Standing},
};

/// Longest display code of a department, in bytes of UTF-8.
pub const CODE_BYTES_MAX: u32 = 32;
/// Most slots of one schedule: one every ten minutes of a day.
pub const SLOTS_MAX: u16 = 144;
/// Longest slot in minutes: a day.
pub const SLOT_MINUTES_MAX: u16 = 24 * 60;
/// Most places of one slot.
pub const CAPACITY_MAX: u16 = 128;
/// Most patients waiting for one slot. Bounds what a cancellation may have to look at.
pub const WAITLIST_MAX: u32 = 16;
/// Most sessions of a practitioner that are not over yet.
pub const SESSIONS_MAX: u32 = 256;

/// A slot's number within its schedule, from 0.
pub type SlotIndex = u16;
/// A department's public display code: UTF-8, not empty, no control characters.
pub type DisplayCode = BoundedVec<u8, ConstU32<CODE_BYTES_MAX>>;

/// What a visit is for.
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
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum VisitKind {
    /// First visit (初诊).
    First,
    /// Follow-up visit (复诊).
    FollowUp,
    /// Remote visit (互联网诊疗).
    Remote,
}

/// A schedule as its member announces it.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct NewSchedule {
    /// Who sees the patients.
    pub practitioner: PractitionerId,
    /// Where: a department that the member published and the practitioner works in.
    pub department: DepartmentId,
    /// What for.
    pub kind: VisitKind,
    /// When the first slot begins.
    pub start: Moment,
    /// Length of each slot in minutes, 1 to [`SLOT_MINUTES_MAX`].
    pub slot_minutes: u16,
    /// How many slots follow each other without a gap, 1 to [`SLOTS_MAX`].
    pub slots: u16,
    /// Places of each slot, 1 to [`CAPACITY_MAX`].
    pub capacity: u16,
    /// What a place costs, in fen. 0: no money is touched.
    pub fee_fen: Balance,
}

impl NewSchedule {
    /// Whether every number is within its bounds and the end can be computed.
    pub fn is_well_formed(&self) -> bool {
        let length_ms = u64::from(self.slots) * u64::from(self.slot_minutes) * MINUTE_MS;
        (1..=SLOT_MINUTES_MAX).contains(&self.slot_minutes)
            && (1..=SLOTS_MAX).contains(&self.slots)
            && (1..=CAPACITY_MAX).contains(&self.capacity)
            && self.start.checked_add(length_ms).is_some()
    }

    /// The schedule that `member` publishes with it.
    pub fn of(self, member: MemberId) -> Schedule {
        Schedule {
            member,
            practitioner: self.practitioner,
            department: self.department,
            kind: self.kind,
            start: self.start,
            slot_minutes: self.slot_minutes,
            slots: self.slots,
            capacity: self.capacity,
            fee_fen: self.fee_fen,
            is_closed: false,
        }
    }
}

/// A session of slots. Nothing but `is_closed` ever changes.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Schedule {
    /// Whose it is.
    pub member: MemberId,
    /// Who sees the patients.
    pub practitioner: PractitionerId,
    /// The department.
    pub department: DepartmentId,
    /// What the visits are for.
    pub kind: VisitKind,
    /// When the first slot begins.
    pub start: Moment,
    /// Length of each slot in minutes.
    pub slot_minutes: u16,
    /// How many slots there are.
    pub slots: u16,
    /// Places of each slot.
    pub capacity: u16,
    /// What a place costs, in fen.
    #[codec(compact)]
    pub fee_fen: Balance,
    /// Whether bookings have ended for good.
    pub is_closed: bool,
}

impl Schedule {
    /// When a slot begins; for the number after the last slot, when the schedule ends.
    pub fn slot_start(&self, slot: SlotIndex) -> Moment {
        let offset_ms = u64::from(slot) * u64::from(self.slot_minutes) * MINUTE_MS;
        self.start.saturating_add(offset_ms)
    }

    /// When the last slot ends.
    pub fn end(&self) -> Moment {
        self.slot_start(self.slots)
    }
}

/// A practitioner's time taken by a schedule: `[start, end)`.
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
pub struct Session {
    /// The schedule.
    pub schedule: ScheduleId,
    /// When it begins.
    pub start: Moment,
    /// When it ends.
    pub end: Moment,
}

/// A slot that exists, together with its schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The schedule's id.
    pub id: ScheduleId,
    /// The schedule.
    pub schedule: Schedule,
    /// The slot's number.
    pub slot: SlotIndex,
}

impl Target {
    /// When the slot begins.
    pub fn start(&self) -> Moment {
        self.schedule.slot_start(self.slot)
    }

    /// When the slot ends.
    pub fn end(&self) -> Moment {
        self.schedule.slot_start(self.slot.saturating_add(1))
    }

    /// The entry of a patient's agenda for an appointment in this slot.
    pub fn entry(&self, appointment: AppointmentId, standing: Standing) -> Entry {
        Entry {
            appointment,
            schedule: self.id,
            member: self.schedule.member,
            department: self.schedule.department,
            start: self.start(),
            end: self.end(),
            standing,
        }
    }
}

/// Who has the places of a slot and who waits for one.
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
pub struct Slot {
    /// Appointments with a place, in the order in which they got it. Never more than the
    /// schedule's capacity.
    pub taken: BoundedVec<AppointmentId, ConstU32<{ CAPACITY_MAX as u32 }>>,
    /// Appointments that wait, longest first.
    pub waiting: BoundedVec<AppointmentId, ConstU32<WAITLIST_MAX>>,
}

impl Slot {
    /// Whether all of `capacity` places are taken.
    pub fn is_full(&self, capacity: u16) -> bool {
        self.taken.len() >= usize::from(capacity)
    }

    /// Gives a place to `appointment` if one of `capacity` is left, and says whether it did.
    #[must_use]
    pub fn take(&mut self, appointment: AppointmentId, capacity: u16) -> bool {
        !self.is_full(capacity) && self.taken.try_push(appointment).is_ok()
    }

    /// Moves `appointment` from the waitlist to a place if one of `capacity` is left, and says
    /// whether it did.
    #[must_use]
    pub fn promote(&mut self, appointment: AppointmentId, capacity: u16) -> bool {
        let has_place = self.take(appointment, capacity);
        if has_place {
            self.waiting.retain(|id| *id != appointment);
        }
        has_place
    }

    /// Forgets `appointment`, whether it had a place or waited.
    pub fn remove(&mut self, appointment: AppointmentId) {
        self.taken.retain(|id| *id != appointment);
        self.waiting.retain(|id| *id != appointment);
    }

    /// Whether nobody has a place or waits.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.waiting.is_empty()
    }
}

/// What was agreed when the place was taken. Later versions of the member's rules do not touch it.
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
pub struct Terms {
    /// Until then, inclusively, the patient may move or cancel without consequences.
    pub cancel_by: Moment,
    /// From then on the patient may be marked as not having come.
    pub no_show_from: Moment,
    /// Part of the fee that the member keeps after a late cancellation, in basis points.
    pub late_cancel_share_bp: u16,
    /// Part of the fee that the member keeps after a no-show, in basis points.
    pub no_show_share_bp: u16,
}

/// Money held for an appointment.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Escrow<AccountId> {
    /// The account it is held on: the patient's at the time.
    pub payer: AccountId,
    /// How much, in fen; never 0.
    #[codec(compact)]
    pub amount_fen: Balance,
}

/// One appointment (挂号). `member`, `practitioner` and `start` are those of the slot; they are
/// kept here so that most calls need no other record.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Appointment<AccountId> {
    /// Whose it is.
    pub patient: PatientId,
    /// The member that is visited. Never changes.
    pub member: MemberId,
    /// Who sees the patient.
    pub practitioner: PractitionerId,
    /// The schedule.
    pub schedule: ScheduleId,
    /// The slot in it.
    pub slot: SlotIndex,
    /// When the slot begins.
    pub start: Moment,
    /// Where the appointment stands.
    pub state: AppointmentState,
    /// What was agreed.
    pub terms: Terms,
    /// The fee in escrow: while Booked, Confirmed or Arrived, if the slot has a fee.
    pub escrow: Option<Escrow<AccountId>>,
    /// Digest of the grant by which the practitioner prepares for the visit (提前查看).
    pub pre_visit_grant: Option<Hash>,
    /// The same patient's appointment before this one.
    pub previous: Option<AppointmentId>,
}

/// Why staff moved or called off an appointment.
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
pub enum StaffReason {
    /// The practitioner cannot be there (停诊).
    PractitionerUnavailable,
    /// The member changed the session.
    ScheduleChanged,
    /// The patient asked, for example by telephone.
    PatientRequest,
    /// On medical grounds.
    Medical,
    /// It should not have been made.
    EnteredInError,
    /// Something else.
    Other,
}

/// For whom a call moves or cancels an appointment.
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
pub enum Acting {
    /// For this patient, by herself or by a delegate or session key. The member's rules apply.
    Patient(PatientId),
    /// For the member, by its staff, for this reason.
    Staff(StaffReason),
}
