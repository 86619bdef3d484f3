//! What becomes of a line before deductible and bands.

use xinglin_primitives::{
    glue::{CatalogueClass, Line, WHOLE_BP},
    Balance,
};

use super::{add, share_ceil, share_floor, sub, ComputationError};

/// A line, or the sum of lines: `own + prepay + flat + eligible = total`. All in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineSplit {
    /// Price times quantity.
    pub total_fen: Balance,
    /// Own expense (自费): above the price limit, class C, and the rest of a flat share.
    pub own_fen: Balance,
    /// Paid by the patient before the rest is eligible (先行自付).
    pub prepay_fen: Balance,
    /// Paid outright by the fund.
    pub flat_fen: Balance,
    /// What deductible and bands decide on.
    pub eligible_fen: Balance,
}

impl LineSplit {
    /// What becomes of one line.
    ///
    /// # Errors
    ///
    /// [`ComputationError::BadLine`], as number 0, for a ratio above the whole;
    /// [`ComputationError::Overflow`].
    pub fn of(line: &Line) -> Result<Self, ComputationError> {
        let is_sane = line.prepay_bp.max(line.fund_share_bp.unwrap_or_default()) <= WHOLE_BP;
        if !is_sane {
            return Err(ComputationError::BadLine(0));
        }
        let quantity = Balance::from(line.quantity);
        let total_fen = line.amount_fen();
        let limit_fen = line.price_limit_fen.unwrap_or(line.unit_price_fen);
        // At most 2⁶⁴ × 2³².
        let above_fen = Balance::from(line.unit_price_fen.saturating_sub(limit_fen)) * quantity;
        let within_fen = sub(total_fen, above_fen)?;
        let mut split = Self {
            total_fen,
            own_fen: above_fen,
            ..Self::default()
        };
        if let Some(share_bp) = line.fund_share_bp {
            split.flat_fen = share_floor(within_fen, share_bp)?;
            split.own_fen = add(above_fen, sub(within_fen, split.flat_fen)?)?;
        } else if line.class == CatalogueClass::C {
            split.own_fen = total_fen;
        } else {
            split.prepay_fen = share_ceil(within_fen, line.prepay_bp)?;
            split.eligible_fen = sub(within_fen, split.prepay_fen)?;
        }
        Ok(split)
    }

    /// What becomes of all of them together.
    pub(super) fn sum(lines: &[Line]) -> Result<Self, ComputationError> {
        let mut sum = Self::default();
        for (number, line) in lines.iter().enumerate() {
            let line = Self::of(line).map_err(|error| match error {
                ComputationError::BadLine(_) => ComputationError::BadLine(number),
                other => other,
            })?;
            sum.total_fen = add(sum.total_fen, line.total_fen)?;
            sum.own_fen = add(sum.own_fen, line.own_fen)?;
            sum.prepay_fen = add(sum.prepay_fen, line.prepay_fen)?;
            sum.flat_fen = add(sum.flat_fen, line.flat_fen)?;
            sum.eligible_fen = add(sum.eligible_fen, line.eligible_fen)?;
        }
        Ok(sum)
    }
}
