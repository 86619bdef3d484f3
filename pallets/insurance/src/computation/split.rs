//! Who pays what of an invoice.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::Balance;

use super::Room;

/// Who pays what of an invoice, and why; all in fen. It is also what a settlement adds to the
/// year's accumulators.
///
/// `flat + pool + second + aid + account + cash = total`, and
/// `own + prepay + flat + eligible = total`.
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
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// The sum of the lines.
    #[codec(compact)]
    pub total_fen: Balance,
    /// Own expense (自费).
    #[codec(compact)]
    pub own_fen: Balance,
    /// Paid by the patient before the rest is eligible (先行自付).
    #[codec(compact)]
    pub prepay_fen: Balance,
    /// Flat shares of the fund.
    #[codec(compact)]
    pub flat_fen: Balance,
    /// What deductible and bands decided on: `E`.
    #[codec(compact)]
    pub eligible_fen: Balance,
    /// The deductible taken (起付线): `g`.
    #[codec(compact)]
    pub deductible_fen: Balance,
    /// Paid by the pool (统筹基金): `F1`.
    #[codec(compact)]
    pub pool_fen: Balance,
    /// What counts towards the start of the second tier.
    #[codec(compact)]
    pub second_base_fen: Balance,
    /// Paid by the second tier (大病保险, 大额互助): `F2`.
    #[codec(compact)]
    pub second_fen: Balance,
    /// Medical aid (医疗救助): `F3`.
    #[codec(compact)]
    pub aid_fen: Balance,
    /// Paid from the personal account (个人账户).
    #[codec(compact)]
    pub account_fen: Balance,
    /// Paid by the patient in cash.
    #[codec(compact)]
    pub cash_fen: Balance,
    /// Whether an admission begins with this settlement.
    pub starts_admission: bool,
}

impl Split {
    /// What the fund pays: flat shares, F1, F2 and F3.
    pub fn fund_fen(&self) -> Balance {
        self.flat_fen
            .saturating_add(self.pool_fen)
            .saturating_add(self.second_fen)
            .saturating_add(self.aid_fen)
    }

    /// What is left to the person, from her account or in cash: `S`.
    pub fn person_fen(&self) -> Balance {
        self.total_fen.saturating_sub(self.fund_fen())
    }

    /// What counts after the deductible: `x`.
    pub fn counted_fen(&self) -> Balance {
        self.eligible_fen.saturating_sub(self.deductible_fen)
    }

    /// Whether the parts make up the whole.
    pub fn is_balanced(&self) -> bool {
        let sum = |parts: &[Balance]| {
            let zero: Balance = 0;
            parts
                .iter()
                .try_fold(zero, |sum, part| sum.checked_add(*part))
        };
        let by_payer = [
            self.flat_fen,
            self.pool_fen,
            self.second_fen,
            self.aid_fen,
            self.account_fen,
            self.cash_fen,
        ];
        let by_kind = [
            self.own_fen,
            self.prepay_fen,
            self.flat_fen,
            self.eligible_fen,
        ];
        sum(&by_payer) == Some(self.total_fen)
            && sum(&by_kind) == Some(self.total_fen)
            && self.deductible_fen <= self.eligible_fen
    }

    /// The same with as much as possible, up to `max_fen`, of the person's part from her account.
    #[must_use]
    pub fn with_account(mut self, max_fen: Balance) -> Self {
        let person_fen = self.person_fen();
        self.account_fen = person_fen.min(max_fen);
        self.cash_fen = person_fen.saturating_sub(self.account_fen);
        self
    }

    /// The same with no more than `fund_fen` from the fund: the last tiers give up theirs first,
    /// and the patient pays it in cash; what flat shares give up is own expense. Deductible and
    /// bases stay as computed.
    #[must_use]
    pub fn limited_to(mut self, fund_fen: Balance) -> Self {
        let kinds_fen = self.own_fen.saturating_add(self.flat_fen);
        let mut excess_fen = self.fund_fen().saturating_sub(fund_fen);
        self.cash_fen = self.cash_fen.saturating_add(excess_fen);
        for part in [
            &mut self.aid_fen,
            &mut self.second_fen,
            &mut self.pool_fen,
            &mut self.flat_fen,
        ] {
            let cut_fen = excess_fen.min(*part);
            *part = part.saturating_sub(cut_fen);
            excess_fen = excess_fen.saturating_sub(cut_fen);
        }
        self.own_fen = kinds_fen.saturating_sub(self.flat_fen);
        self
    }

    /// The same with the fund paying up to `fund_fen` after all: the first tiers first, none above
    /// what `full` has for it or the caps leave by now. What it adds is no longer paid in cash.
    #[must_use]
    pub fn raised_to(mut self, fund_fen: Balance, full: &Self, room: &Room) -> Self {
        let kinds_fen = self.own_fen.saturating_add(self.flat_fen);
        let mut missing_fen = fund_fen.saturating_sub(self.fund_fen()).min(self.cash_fen);
        for (part, full_fen, room_fen) in [
            (&mut self.flat_fen, full.flat_fen, None),
            (&mut self.pool_fen, full.pool_fen, room.pool_fen),
            (&mut self.second_fen, full.second_fen, room.second_fen),
            (&mut self.aid_fen, full.aid_fen, room.aid_fen),
        ] {
            let added_fen = full_fen
                .saturating_sub(*part)
                .min(room_fen.unwrap_or(Balance::MAX))
                .min(missing_fen);
            *part = part.saturating_add(added_fen);
            missing_fen = missing_fen.saturating_sub(added_fen);
            self.cash_fen = self.cash_fen.saturating_sub(added_fen);
        }
        self.own_fen = kinds_fen.saturating_sub(self.flat_fen);
        self
    }
}
