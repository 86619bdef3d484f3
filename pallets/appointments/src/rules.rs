//! A member's booking rules and what follows from them. Pure: no storage, no clock.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    glue::WHOLE_BP,
    time::{Date, Moment, DAY_MS, MINUTE_MS},
    Balance,
};

use crate::{penalties::FAULTS_MAX, types::Terms};

/// Most versions of a member's rules that are in force or still to come.
pub const RULE_VERSIONS_MAX: u32 = 8;
/// Widest booking window in days.
pub const WINDOW_DAYS_MAX: u16 = 366;
/// Longest period, block and cancellation limit in days: ten years.
pub const DAYS_MAX: u16 = 3_660;
/// Longest grace before a no-show in minutes: a day.
pub const GRACE_MINUTES_MAX: u16 = 24 * 60;
/// So long after its slot began an appointment that was neither checked in nor marked is abandoned,
/// in milliseconds: a week.
pub const ABANDONED_MS: Moment = 7 * DAY_MS;

const MINUTES_PER_DAY: u16 = 24 * 60;

/// Until when a patient may move or cancel an appointment without consequences.
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
pub enum LatestCancellation {
    /// So many minutes before the slot begins.
    MinutesBefore(u32),
    /// On the day before (UTC+8), at this minute after midnight, 0 to 1,439.
    DayBefore(u16),
}

impl LatestCancellation {
    /// The last moment at which a slot that begins at `start` may be given back; never after
    /// `start`.
    pub fn deadline(self, start: Moment) -> Moment {
        match self {
            Self::MinutesBefore(minutes) => start.saturating_sub(u64::from(minutes) * MINUTE_MS),
            Self::DayBefore(minute) => Date::of(start)
                .start()
                .saturating_sub(DAY_MS)
                .saturating_add(u64::from(minute) * MINUTE_MS)
                .min(start),
        }
    }
}

/// What a member asks of those who book with it.
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
pub struct BookingRules {
    /// How many days ahead a slot may be booked; 0 is the same day only. At most
    /// [`WINDOW_DAYS_MAX`].
    pub window_days: u16,
    /// Until when a patient may move or cancel.
    pub latest_cancellation: LatestCancellation,
    /// Late cancellations within the period that bring a block; 0 for never. At most
    /// [`FAULTS_MAX`].
    pub late_cancels_max: u8,
    /// No-shows within the period that bring a block; 0 for never. At most [`FAULTS_MAX`].
    pub no_shows_max: u8,
    /// The period within which they count, in days. At most [`DAYS_MAX`].
    pub period_days: u16,
    /// How long the block lasts, in days. At most [`DAYS_MAX`].
    pub block_days: u16,
    /// Most places of one patient in one department on one day, at least 1.
    pub department_day_max: u8,
    /// How long after the slot began a patient may be marked as not having come, in minutes. At
    /// most [`GRACE_MINUTES_MAX`].
    pub grace_minutes: u16,
    /// Part of the fee that the member keeps after a late cancellation, in basis points.
    pub late_cancel_share_bp: u16,
    /// Part of the fee that the member keeps after a no-show, in basis points.
    pub no_show_share_bp: u16,
}

impl BookingRules {
    /// Whether every number is within its bounds, and a block has a period and a length.
    pub fn is_well_formed(&self) -> bool {
        let limit_is_sane = match self.latest_cancellation {
            LatestCancellation::MinutesBefore(minutes) => {
                minutes <= u32::from(DAYS_MAX) * u32::from(MINUTES_PER_DAY)
            }
            LatestCancellation::DayBefore(minute) => minute < MINUTES_PER_DAY,
        };
        let blocks = self.late_cancels_max > 0 || self.no_shows_max > 0;
        limit_is_sane
            && self.window_days <= WINDOW_DAYS_MAX
            && u32::from(self.late_cancels_max.max(self.no_shows_max)) <= FAULTS_MAX
            && self.period_days <= DAYS_MAX
            && self.block_days <= DAYS_MAX
            && (!blocks || (self.period_days > 0 && self.block_days > 0))
            && self.department_day_max > 0
            && self.grace_minutes <= GRACE_MINUTES_MAX
            && self.late_cancel_share_bp <= WHOLE_BP
            && self.no_show_share_bp <= WHOLE_BP
    }

    /// Whether a slot that begins at `start` may be booked at `now`: its date (UTC+8) lies no more
    /// than the window ahead.
    pub fn is_in_window(&self, now: Moment, start: Moment) -> bool {
        let (today, day) = (Date::of(now), Date::of(start));
        day >= today && day.0 - today.0 <= u32::from(self.window_days)
    }

    /// What is agreed when a patient takes a slot that begins at `start`.
    pub fn terms(&self, start: Moment) -> Terms {
        Terms {
            cancel_by: self.latest_cancellation.deadline(start),
            no_show_from: start.saturating_add(u64::from(self.grace_minutes) * MINUTE_MS),
            late_cancel_share_bp: self.late_cancel_share_bp,
            no_show_share_bp: self.no_show_share_bp,
        }
    }

    /// What is agreed when somebody else puts the patient on the slot at `now`: the staff, or the
    /// waitlist. A patient who was put there after the limit never had a chance to keep it, and
    /// may give the place back until the slot begins.
    pub fn terms_unasked(&self, now: Moment, start: Moment) -> Terms {
        let mut terms = self.terms(start);
        if terms.cancel_by < now {
            terms.cancel_by = start;
        }
        terms
    }
}

/// The part of `amount_fen` that `share_bp` basis points make, rounded down.
pub fn share_fen(amount_fen: Balance, share_bp: u16) -> Balance {
    let (whole, share) = (Balance::from(WHOLE_BP), Balance::from(share_bp));
    // Split so that no amount overflows: floor((q·w + r)·s / w) = q·s + floor(r·s / w).
    (amount_fen / whole)
        .saturating_mul(share)
        .saturating_add((amount_fen % whole) * share / whole)
        .min(amount_fen)
}

/// One version of a member's rules.
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
pub struct RulesVersion {
    /// The first date (UTC+8) on which it is in force.
    pub from: Date,
    /// The rules.
    pub rules: BookingRules,
}

/// The versions of a member's rules: the one in force and those to come, by date.
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
pub struct RulesHistory(BoundedVec<RulesVersion, ConstU32<RULE_VERSIONS_MAX>>);

/// Why a version cannot be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesRefusal {
    /// It would change what is in force already.
    NotAhead,
    /// Too many versions are to come.
    TooMany,
}

impl RulesHistory {
    /// The rules in force on `date`, if it is not before the first version kept.
    pub fn on(&self, date: Date) -> Option<&BookingRules> {
        self.0
            .iter()
            .rev()
            .find(|v| v.from <= date)
            .map(|v| &v.rules)
    }

    /// The versions, by date.
    pub fn versions(&self) -> &[RulesVersion] {
        &self.0
    }

    /// Adds a version, replacing one that begins on the same date. It must begin after `today`,
    /// or from `today` on if nothing is in force yet. Versions that have been superseded are
    /// forgotten: appointments keep what was agreed.
    pub fn publish(&mut self, version: RulesVersion, today: Date) -> Result<(), RulesRefusal> {
        let earliest = match self.on(today) {
            Some(_) => today.0.saturating_add(1),
            None => today.0,
        };
        if version.from.0 < earliest {
            return Err(RulesRefusal::NotAhead);
        }
        let in_force = self.0.iter().rposition(|v| v.from <= today).unwrap_or(0);
        self.0.drain(..in_force);
        match self.0.binary_search_by_key(&version.from, |v| v.from) {
            Ok(at) => self.0[at] = version,
            Err(at) => self
                .0
                .try_insert(at, version)
                .map_err(|_| RulesRefusal::TooMany)?,
        }
        Ok(())
    }

    /// Whether the versions are in order of their dates, none twice.
    pub fn is_sorted(&self) -> bool {
        self.0.windows(2).all(|pair| pair[0].from < pair[1].from)
    }
}
