//! The life of an appointment: its states and the one function that says what follows what.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Where an appointment stands.
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
pub enum AppointmentState {
    /// Has a place in its slot.
    Booked,
    /// Waits for a place in its slot.
    Waitlisted,
    /// Booked, and the practitioner or the member's staff said yes.
    Confirmed,
    /// The patient is there.
    Arrived,
    /// The visit took place. Final.
    Fulfilled,
    /// The patient did not come. Final.
    NoShow,
    /// Called off. Final.
    Cancelled,
}

/// What may happen to an appointment once it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A place became free for the head of the waitlist.
    Promote,
    /// The practitioner or the staff confirm.
    Confirm,
    /// It moves to another slot.
    Reschedule,
    /// It is called off.
    Cancel,
    /// The staff see the patient arrive.
    CheckIn,
    /// The practitioner ends the visit.
    Complete,
    /// The staff give up waiting.
    MarkNoShow,
}

/// What an appointment means for the patient's other bookings.
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
pub enum Standing {
    /// Live: nothing else of the patient may overlap it.
    Held,
    /// On a waitlist: takes no time and no place.
    Waiting,
    /// Took place or was missed: its time is free, but it counts for the day's limit.
    Done,
}

impl AppointmentState {
    /// The state that `step` leads to, or `None` where the step is not possible.
    pub fn after(self, step: Step) -> Option<Self> {
        use AppointmentState::*;
        match (self, step) {
            (Waitlisted, Step::Promote) => Some(Booked),
            (Booked, Step::Confirm) => Some(Confirmed),
            (Booked | Confirmed, Step::Reschedule) => Some(Booked),
            (Booked | Confirmed | Waitlisted, Step::Cancel) => Some(Cancelled),
            (Booked | Confirmed, Step::CheckIn) => Some(Arrived),
            (Arrived, Step::Complete) => Some(Fulfilled),
            (Booked | Confirmed, Step::MarkNoShow) => Some(NoShow),
            _ => None,
        }
    }

    /// What the appointment means for other bookings, or `None` if nothing.
    pub fn standing(self) -> Option<Standing> {
        match self {
            Self::Booked | Self::Confirmed | Self::Arrived => Some(Standing::Held),
            Self::Waitlisted => Some(Standing::Waiting),
            Self::Fulfilled | Self::NoShow => Some(Standing::Done),
            Self::Cancelled => None,
        }
    }

    /// Whether the appointment takes one of the places of its slot. Visits that took place or
    /// were missed keep theirs: a place is not sold twice because a visit was short.
    pub fn takes_place(self) -> bool {
        matches!(self.standing(), Some(Standing::Held | Standing::Done))
    }
}
