//! What a patient did to a member: late cancellations, no-shows and the block they bring. Pure.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use xinglin_primitives::time::{Moment, DAY_MS};

use crate::rules::BookingRules;

/// Most faults of one kind that are remembered. Rules cannot ask for more.
pub const FAULTS_MAX: u32 = 8;

/// When faults of one kind happened, oldest first.
pub type FaultTimes = BoundedVec<Moment, ConstU32<FAULTS_MAX>>;

/// What a patient may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Cancelled after the latest cancellation.
    LateCancel,
    /// Did not come.
    NoShow,
}

/// The faults of one patient towards one member.
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
pub struct Penalties {
    /// Late cancellations that still count.
    pub late_cancels: FaultTimes,
    /// No-shows that still count.
    pub no_shows: FaultTimes,
    /// The patient may book again from then on.
    pub blocked_until: Moment,
}

impl Penalties {
    /// Records a fault at `now` under the rules then in force. Returns the end of the block if
    /// this one brings one; the faults that brought it are then forgotten, so that each counts
    /// once.
    pub fn record(&mut self, fault: Fault, now: Moment, rules: &BookingRules) -> Option<Moment> {
        let (times, max) = match fault {
            Fault::LateCancel => (&mut self.late_cancels, rules.late_cancels_max),
            Fault::NoShow => (&mut self.no_shows, rules.no_shows_max),
        };
        let period_ms = u64::from(rules.period_days) * DAY_MS;
        times.retain(|at| now.saturating_sub(*at) < period_ms);
        if times.is_full() {
            times.remove(0);
        }
        // Room was made above.
        times.try_push(now).ok()?;
        if max == 0 || times.len() < usize::from(max) {
            return None;
        }
        times.clear();
        let until = now.saturating_add(u64::from(rules.block_days) * DAY_MS);
        self.blocked_until = self.blocked_until.max(until);
        Some(self.blocked_until)
    }
}
