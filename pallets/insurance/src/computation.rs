//! What an insurance pays for an invoice: one pure computation that the runtime, the SDK and the
//! tests share. It reads no storage, no clock and no chain.
//!
//! [`Case::compute`] turns the lines of an invoice into a [`Split`] by the [`SchemeParameters`] in
//! force on the last service day, the standing of the insured, and what the year's [`Accumulators`]
//! hold so far. All amounts are integer fen, all ratios basis points, and every product over bands
//! is rounded down once, after the sum.
//!
//! # In order
//!
//! 1. **Lines** ([`LineSplit`]). Of `price × quantity`, what lies above the price limit is own pay.
//!    A line with a flat fund share is paid from the fund at that share, the rest is own pay, and
//!    it takes no part in what follows. Of any other line class C is own pay, the prepayment
//!    (rounded up) is the patient's, and the rest is eligible: their sum is `E`.
//! 2. **Deductible**: `g = min(E, what is left of D)`; what counts is `x = E − g`.
//! 3. **Pool**: `x` runs through the bands. Net bands begin with the first fen above the
//!    deductible, so that `x` lies above the `x` of the year so far. Gross bands begin with the
//!    first eligible fen: this settlement's `E` lies above the `E` of the year so far, and `g` eats
//!    the lowest part of it. `F1` is the sum, rounded down, and no more than the caps leave.
//! 4. **Second tier**: a base (a parameter) accumulates over the year. What of it lies above the
//!    start runs through bands of its own, and `F2` is the sum, rounded down, and no more than the
//!    cap leaves.
//! 5. **Medical aid**: `F3` is a share of what is left of `E`, rounded down, within its cap.
//! 6. **The person** pays the rest: from the personal account as far as it goes and she allows
//!    ([`Split::with_account`]), and otherwise in cash. Of a bill of which she has paid a part,
//!    [`Case::split`] says how much the account pays.
//!
//! # Where the rules leave a choice
//!
//! - Class A lines are eligible in full unless they carry a prepayment ratio of their own; class C
//!   lines never are.
//! - Flat fund shares are not part of the second tier's base "total − F1": the fund has paid them.
//! - "The part of `E` above what exhausted the pool's cap" begins with the first fen for which the
//!   pool has nothing left, and the deductible lies below it. When the cap was exhausted before,
//!   all of `E` lies above it, and the deductible is part of the base if the scheme says so.
//! - Of what the pool pays after its cap left too little, nothing is carried over.
//!
//! # What holds
//!
//! Flat shares + F1 + F2 + F3 + account + cash = total; nothing is negative; no cap is exceeded; the
//! order of the lines does not matter; [`Accumulators::subtract`] undoes [`Accumulators::add`].
//! Reference cases of published rules are in `tests/cases`, whose README says how to add one.

mod accumulators;
mod bands;
mod bill;
mod lines;
mod parameters;
mod split;
mod tables;

pub use accumulators::{Accumulators, Admission, Track, Year};
pub use bands::{Band, Bands, BANDS_MAX};
pub use lines::LineSplit;
pub use parameters::*;
pub use split::Split;
pub use tables::{Category, Insured, Row, Selector, Table, ROWS_MAX};

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    glue::{HospitalLevel, Line, Setting, WHOLE_BP},
    AppointmentId, Balance,
};

use bands::{exhausted_after, pay_fen, ratios, Piece};

/// Why no split can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComputationError {
    /// A ratio of a line is above the whole.
    #[error("line {0} has a ratio above 10,000 basis points: correct it")]
    BadLine(usize),
    /// The amounts do not fit 128 bits.
    #[error("the amounts are too large to compute with: correct prices or quantities")]
    Overflow,
    /// The lines make another sum than the bill says.
    #[error("the lines do not make the total of the bill: do not pay it")]
    OtherTotal,
    /// A settlement is taken back that was not added.
    #[error("less was accumulated than is taken back: the settlement is not one of this year's")]
    NotAccumulated,
}

/// Where and by whom the insured was treated.
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
pub struct Encounter {
    /// In- or outpatient.
    pub setting: Setting,
    /// The hospital's level, if it has one.
    pub level: Option<HospitalLevel>,
    /// The visit. Settlements of one visit that follow each other are one admission; without a
    /// visit each is an admission of its own.
    pub visit: Option<AppointmentId>,
}

/// Everything that decides what is paid, apart from the lines.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The scheme's parameters in force on the last service day.
    pub parameters: &'a SchemeParameters,
    /// The standing of the insured on that day.
    pub insured: Insured,
    /// The treatment.
    pub encounter: Encounter,
    /// What the year has seen before.
    pub so_far: &'a Accumulators,
}

/// What the caps leave of the year, in fen; `None` where there is no cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// For the pool.
    pub pool_fen: Option<Balance>,
    /// For the second tier.
    pub second_fen: Option<Balance>,
    /// For medical aid.
    pub aid_fen: Option<Balance>,
}

/// What the pool does with the eligible amount.
struct PoolPart {
    paid_fen: Balance,
    /// The part of `x` at the end of which nothing was left of the cap, if that happened.
    exhausted_after_fen: Option<Balance>,
}

impl Case<'_> {
    /// Splits what the lines charge; the person's part is all cash until [`Split::with_account`]
    /// says otherwise.
    pub fn compute(&self, lines: &[Line]) -> Result<Split, ComputationError> {
        let sums = LineSplit::sum(lines)?;
        let room = self.room();
        let deductible_fen = sums.eligible_fen.min(self.deductible_left_fen());
        let mut split = Split {
            total_fen: sums.total_fen,
            own_fen: sums.own_fen,
            prepay_fen: sums.prepay_fen,
            flat_fen: sums.flat_fen,
            eligible_fen: sums.eligible_fen,
            deductible_fen,
            starts_admission: self.admission().is_none(),
            ..Split::default()
        };
        let pool = self.pool(&split, room.pool_fen)?;
        split.pool_fen = pool.paid_fen;
        if let Some(tier) = &self.parameters.second {
            split.second_base_fen = second_base_fen(tier, &split, &pool)?;
            split.second_fen = self.second_fen(tier, &split, room.second_fen)?;
        }
        split.aid_fen = self.aid_fen(&split, room.aid_fen)?;
        split.cash_fen = split.person_fen();
        Ok(split)
    }

    /// What the caps leave of the year.
    pub fn room(&self) -> Room {
        let setting = self.encounter.setting;
        let left = |cap: Option<Balance>, paid| cap.map(|cap| cap.saturating_sub(paid));
        let cap = self.find(&self.parameters.pool.caps).copied();
        let cap = cap.unwrap_or_default();
        let of_setting = left(
            cap.of_setting_fen,
            self.so_far
                .scope(setting, Accumulation::PerSetting)
                .pool_fen,
        );
        let of_year = left(
            cap.of_year_fen,
            self.so_far.scope(setting, Accumulation::Together).pool_fen,
        );
        let second = self.parameters.second.as_ref();
        let aid = self.parameters.aid.as_ref();
        Room {
            pool_fen: of_setting.into_iter().chain(of_year).min(),
            second_fen: left(
                second.and_then(|tier| self.find(&tier.caps).copied()),
                self.so_far.second_fen,
            ),
            aid_fen: left(
                aid.and_then(|aid| self.find(&aid.caps).copied()),
                self.so_far.aid_fen,
            ),
        }
    }

    fn find<'t, V>(&self, table: &'t Table<V>) -> Option<&'t V> {
        table.find(self.insured, &self.encounter)
    }

    /// The admission that the settlement goes on with, if none begins with it.
    fn admission(&self) -> Option<Admission> {
        let track = self.so_far.track(self.encounter.setting);
        track.admission_of(self.encounter.visit)
    }

    /// What is left of the deductible for this settlement.
    fn deductible_left_fen(&self) -> Balance {
        let (whole, taken) = match self.find(&self.parameters.deductibles) {
            None => return 0,
            Some(Deductible::Annual(fen)) => (*fen, self.scope().deductible_fen),
            Some(Deductible::PerAdmission(fen)) => {
                let track = self.so_far.track(self.encounter.setting);
                let (ordinal, taken) = match self.admission() {
                    Some(admission) => (track.admissions, admission.deductible_fen),
                    None => (track.admissions.saturating_add(1), 0),
                };
                // The last one holds for all admissions after it.
                let nth = usize::try_from(ordinal).unwrap_or(usize::MAX);
                let whole = fen.get(nth.saturating_sub(1)).or(fen.last());
                (whole.copied().unwrap_or_default(), taken)
            }
        };
        whole.saturating_sub(taken)
    }

    fn scope(&self) -> Track {
        let setting = self.encounter.setting;
        self.so_far.scope(setting, self.parameters.accumulation)
    }

    fn pool(&self, split: &Split, left: Option<Balance>) -> Result<PoolPart, ComputationError> {
        let parameters = &self.parameters.pool;
        let (eligible_fen, deducted_fen) = match parameters.span {
            Span::Year => {
                let scope = self.scope();
                (scope.eligible_fen, scope.deductible_fen)
            }
            Span::Admission => {
                let admission = self.admission().unwrap_or_default();
                (admission.eligible_fen, admission.deductible_fen)
            }
        };
        let from = match parameters.basis {
            Basis::Net => sub(eligible_fen, deducted_fen)?,
            Basis::Gross => add(eligible_fen, split.deductible_fen)?,
        };
        let to = add(from, split.counted_fen())?;
        let modifier = self.find(&parameters.modifiers).copied();
        let pieces: Vec<Piece> = match self.find(&parameters.bands) {
            Some(bands) => ratios(bands, from..to, modifier).collect(),
            None => Vec::new(),
        };
        let paid_fen = pay_fen(&pieces)?;
        Ok(match left {
            Some(left) if paid_fen >= left => PoolPart {
                paid_fen: left,
                exhausted_after_fen: Some(exhausted_after(&pieces, left)),
            },
            _ => PoolPart {
                paid_fen,
                exhausted_after_fen: None,
            },
        })
    }

    fn second_fen(
        &self,
        tier: &SecondTier,
        split: &Split,
        left: Option<Balance>,
    ) -> Result<Balance, ComputationError> {
        let start = self.find(&tier.starts).copied().unwrap_or_default();
        let before = self.so_far.second_base_fen;
        let after = add(before, split.second_base_fen)?;
        let range = match tier.basis {
            Basis::Net => before.saturating_sub(start)..after.saturating_sub(start),
            Basis::Gross => before.max(start)..after.max(start),
        };
        let pieces: Vec<Piece> = match self.find(&tier.bands) {
            Some(bands) => ratios(bands, range, None).collect(),
            None => Vec::new(),
        };
        Ok(at_most(pay_fen(&pieces)?, left))
    }

    fn aid_fen(&self, split: &Split, left: Option<Balance>) -> Result<Balance, ComputationError> {
        let aid = self.parameters.aid.as_ref();
        let ratio_bp = aid.and_then(|aid| self.find(&aid.ratios)).copied();
        let paid_fen = add(split.pool_fen, split.second_fen)?;
        // A second tier over the total may have paid more than is eligible.
        let rest = split.eligible_fen.saturating_sub(paid_fen);
        let share = share_floor(rest, ratio_bp.unwrap_or_default())?;
        Ok(at_most(share, left))
    }
}

/// What a settlement adds to the second tier's base.
fn second_base_fen(
    tier: &SecondTier,
    split: &Split,
    pool: &PoolPart,
) -> Result<Balance, ComputationError> {
    let deductible_fen = if tier.with_deductible {
        0
    } else {
        split.deductible_fen
    };
    let whole_fen = match tier.base {
        SecondBase::EligibleRest => split.eligible_fen,
        SecondBase::TotalRest => sub(split.total_fen, split.flat_fen)?,
        SecondBase::AboveCap => {
            return match pool.exhausted_after_fen {
                None => Ok(0),
                // Nothing was left from the beginning, so that the deductible lies above the cap.
                Some(0) => sub(split.eligible_fen, deductible_fen),
                Some(after) => sub(split.counted_fen(), after),
            };
        }
    };
    sub(sub(whole_fen, pool.paid_fen)?, deductible_fen)
}

fn at_most(fen: Balance, left: Option<Balance>) -> Balance {
    left.map_or(fen, |left| fen.min(left))
}

fn add(a: Balance, b: Balance) -> Result<Balance, ComputationError> {
    a.checked_add(b).ok_or(ComputationError::Overflow)
}

fn sub(a: Balance, b: Balance) -> Result<Balance, ComputationError> {
    a.checked_sub(b).ok_or(ComputationError::Overflow)
}

/// A share in basis points, rounded down.
fn share_floor(fen: Balance, ratio_bp: u16) -> Result<Balance, ComputationError> {
    let product = fen.checked_mul(ratio_bp.into());
    Ok(product.ok_or(ComputationError::Overflow)? / Balance::from(WHOLE_BP))
}

/// A share in basis points, rounded up.
fn share_ceil(fen: Balance, ratio_bp: u16) -> Result<Balance, ComputationError> {
    let product = fen.checked_mul(ratio_bp.into());
    let product = product.ok_or(ComputationError::Overflow)?;
    Ok(product.div_ceil(WHOLE_BP.into()))
}
