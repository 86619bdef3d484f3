//! What a year has seen so far.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{glue::Setting, AppointmentId, Balance};

use super::{Accumulation, ComputationError, Encounter, Split};

/// A civil year (UTC+8), for example 2025.
pub type Year = u16;

/// The latest admission of a setting.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
#[serde(rename_all = "camelCase", default)]
pub struct Admission {
    /// Its visit. Without one, no other settlement belongs to it.
    pub visit: Option<AppointmentId>,
    /// Sum of its `E`, in fen.
    #[codec(compact)]
    pub eligible_fen: Balance,
    /// What was taken of its deductible, in fen.
    #[codec(compact)]
    pub deductible_fen: Balance,
}

/// What a year has seen of one setting.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
#[serde(rename_all = "camelCase", default)]
pub struct Track {
    /// How many admissions began.
    #[codec(compact)]
    pub admissions: u32,
    /// The one that began last.
    pub latest: Option<Admission>,
    /// Sum of `E`, in fen.
    #[codec(compact)]
    pub eligible_fen: Balance,
    /// Sum of the deductibles taken, in fen.
    #[codec(compact)]
    pub deductible_fen: Balance,
    /// Sum of `F1`, in fen.
    #[codec(compact)]
    pub pool_fen: Balance,
}

impl Track {
    /// What a settlement of this visit goes on with; `None` if an admission begins with it.
    pub fn admission_of(&self, visit: Option<AppointmentId>) -> Option<Admission> {
        let latest = self.latest.filter(|latest| latest.visit == visit);
        latest.filter(|_| visit.is_some())
    }
}

/// What a year has seen of one coverage: the sums of its live settlements.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
#[serde(rename_all = "camelCase", default)]
pub struct Accumulators {
    /// Outpatient settlements.
    pub outpatient: Track,
    /// Inpatient settlements.
    pub inpatient: Track,
    /// Sum of the second tier's base, in fen.
    #[codec(compact)]
    pub second_base_fen: Balance,
    /// Sum of `F2`, in fen.
    #[codec(compact)]
    pub second_fen: Balance,
    /// Sum of `F3`, in fen.
    #[codec(compact)]
    pub aid_fen: Balance,
    /// Sum of the flat fund shares, in fen.
    #[codec(compact)]
    pub flat_fen: Balance,
    /// Sum of what personal accounts paid, in fen.
    #[codec(compact)]
    pub account_fen: Balance,
    /// Sum of what was left to pay in cash, in fen.
    #[codec(compact)]
    pub cash_fen: Balance,
    /// Sum of what was charged, in fen.
    #[codec(compact)]
    pub total_fen: Balance,
}

type Step = fn(Balance, Balance) -> Option<Balance>;

impl Admission {
    /// Moves its sums by the split. After `None` they are of no use.
    fn shift(&mut self, split: &Split, step: Step) -> Option<()> {
        self.eligible_fen = step(self.eligible_fen, split.eligible_fen)?;
        self.deductible_fen = step(self.deductible_fen, split.deductible_fen)?;
        Some(())
    }
}

impl Accumulators {
    /// What the year has seen of a setting.
    pub fn track(&self, setting: Setting) -> &Track {
        match setting {
            Setting::Outpatient => &self.outpatient,
            Setting::Inpatient => &self.inpatient,
        }
    }

    /// The sums that count for a settlement of `setting`: its own, or those of both.
    pub(super) fn scope(&self, setting: Setting, accumulation: Accumulation) -> Track {
        let own = *self.track(setting);
        match accumulation {
            Accumulation::PerSetting => own,
            Accumulation::Together => {
                let (a, b) = (&self.outpatient, &self.inpatient);
                Track {
                    eligible_fen: a.eligible_fen.saturating_add(b.eligible_fen),
                    deductible_fen: a.deductible_fen.saturating_add(b.deductible_fen),
                    pool_fen: a.pool_fen.saturating_add(b.pool_fen),
                    ..own
                }
            }
        }
    }

    /// Adds a settlement. If an admission begins with it, returns the one that was the latest
    /// before; [`Accumulators::subtract`] needs it.
    ///
    /// # Errors
    ///
    /// [`ComputationError::Overflow`]; nothing is added then.
    pub fn add(
        &mut self,
        encounter: &Encounter,
        split: &Split,
    ) -> Result<Option<Admission>, ComputationError> {
        let overflow = ComputationError::Overflow;
        let mut sums = *self;
        sums.shift(encounter.setting, split, Balance::checked_add)
            .ok_or(overflow)?;
        let track = sums.track_mut(encounter.setting);
        let before = track.latest;
        let mut latest = Admission {
            visit: encounter.visit,
            ..Admission::default()
        };
        if split.starts_admission {
            track.admissions = track.admissions.checked_add(1).ok_or(overflow)?;
        } else {
            latest = before.unwrap_or(latest);
        }
        latest.shift(split, Balance::checked_add).ok_or(overflow)?;
        track.latest = Some(latest);
        *self = sums;
        Ok(before.filter(|_| split.starts_admission))
    }

    /// Takes back the settlement that was added last; `before` is what [`Accumulators::add`]
    /// returned for it. Everything is then exactly as it was.
    ///
    /// # Errors
    ///
    /// [`ComputationError::NotAccumulated`] if that settlement cannot have been added; nothing is
    /// taken back then.
    pub fn subtract(
        &mut self,
        setting: Setting,
        split: &Split,
        before: Option<Admission>,
    ) -> Result<(), ComputationError> {
        let missing = ComputationError::NotAccumulated;
        let mut sums = *self;
        sums.shift(setting, split, Balance::checked_sub)
            .ok_or(missing)?;
        let track = sums.track_mut(setting);
        if split.starts_admission {
            track.admissions = track.admissions.checked_sub(1).ok_or(missing)?;
            track.latest = before;
        } else {
            let latest = track.latest.as_mut().ok_or(missing)?;
            latest.shift(split, Balance::checked_sub).ok_or(missing)?;
        }
        *self = sums;
        Ok(())
    }

    /// Counts a settlement, added whenever, with another split from now on. Deductible and
    /// admission do not change.
    ///
    /// # Errors
    ///
    /// As for [`Accumulators::subtract`] and [`Accumulators::add`]; nothing changes then.
    pub fn replace(
        &mut self,
        setting: Setting,
        old: &Split,
        new: &Split,
    ) -> Result<(), ComputationError> {
        let mut sums = *self;
        sums.shift(setting, old, Balance::checked_sub)
            .ok_or(ComputationError::NotAccumulated)?;
        sums.shift(setting, new, Balance::checked_add)
            .ok_or(ComputationError::Overflow)?;
        *self = sums;
        Ok(())
    }

    fn track_mut(&mut self, setting: Setting) -> &mut Track {
        match setting {
            Setting::Outpatient => &mut self.outpatient,
            Setting::Inpatient => &mut self.inpatient,
        }
    }

    /// Moves every sum by the split. After `None` the sums are of no use.
    fn shift(&mut self, setting: Setting, split: &Split, step: Step) -> Option<()> {
        let track = self.track_mut(setting);
        track.eligible_fen = step(track.eligible_fen, split.eligible_fen)?;
        track.deductible_fen = step(track.deductible_fen, split.deductible_fen)?;
        track.pool_fen = step(track.pool_fen, split.pool_fen)?;
        self.second_base_fen = step(self.second_base_fen, split.second_base_fen)?;
        self.second_fen = step(self.second_fen, split.second_fen)?;
        self.aid_fen = step(self.aid_fen, split.aid_fen)?;
        self.flat_fen = step(self.flat_fen, split.flat_fen)?;
        self.account_fen = step(self.account_fen, split.account_fen)?;
        self.cash_fen = step(self.cash_fen, split.cash_fen)?;
        self.total_fen = step(self.total_fen, split.total_fen)?;
        Some(())
    }
}
