//! Bands: what share is paid of which part of an amount.

use core::ops::Range;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::ConstU32, BoundedVec};
use xinglin_primitives::{glue::WHOLE_BP, Balance};

use super::{ComputationError, Modifier};

/// Most bands of one table row.
pub const BANDS_MAX: u32 = 8;

/// One band: from the upper bound of the band before, or 0, to its own.
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Band {
    /// Where it ends, in fen; `None` for a last band without an end.
    pub up_to_fen: Option<Balance>,
    /// What is paid of it, in basis points.
    pub ratio_bp: u16,
}

/// Bands in ascending order. Above the last one nothing is paid.
pub type Bands = BoundedVec<Band, ConstU32<BANDS_MAX>>;

/// Whether the bands ascend, only the last is without an end, and no ratio is above the whole.
pub(super) fn are_well_formed(bands: &[Band]) -> bool {
    let ascend = bands
        .windows(2)
        .all(|pair| match (pair[0].up_to_fen, pair[1].up_to_fen) {
            (Some(lower), Some(upper)) => lower < upper,
            (Some(_), None) => true,
            (None, _) => false,
        });
    ascend
        && bands.first().is_some_and(|band| band.up_to_fen != Some(0))
        && bands.iter().all(|band| band.ratio_bp <= WHOLE_BP)
}

/// One in the units of [`Piece::ratio`]: basis points of basis points, so that the factor of a
/// modifier needs no rounding.
const WHOLE: Balance = (WHOLE_BP as Balance) * (WHOLE_BP as Balance);

/// A part of an amount of which one ratio is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    length_fen: Balance,
    /// In units of [`WHOLE`].
    ratio: Balance,
}

/// The pieces into which the bands cut the amount between two positions, lowest first.
pub(super) fn ratios(
    bands: &[Band],
    range: Range<Balance>,
    modifier: Option<Modifier>,
) -> impl Iterator<Item = Piece> + '_ {
    let mut lower = 0;
    bands.iter().map(move |band| {
        let upper = band.up_to_fen.unwrap_or(Balance::MAX);
        let (from, to) = (range.start.max(lower), range.end.min(upper));
        lower = upper;
        Piece {
            length_fen: to.saturating_sub(from),
            ratio: modified(band.ratio_bp, modifier),
        }
    })
}

/// A ratio as the modifier makes it, in units of [`WHOLE`].
fn modified(ratio_bp: u16, modifier: Option<Modifier>) -> Balance {
    let whole_bp = Balance::from(WHOLE_BP);
    match modifier {
        None => Balance::from(ratio_bp) * whole_bp,
        Some(Modifier::Points(points_bp)) => {
            let sum_bp = Balance::from(ratio_bp) + Balance::from(points_bp);
            sum_bp.min(whole_bp) * whole_bp
        }
        Some(Modifier::PersonalFactor(factor_bp)) => {
            let personal_bp = Balance::from(WHOLE_BP.saturating_sub(ratio_bp));
            WHOLE.saturating_sub(personal_bp * Balance::from(factor_bp))
        }
    }
}

/// What is paid of all the pieces, rounded down once.
pub(super) fn pay_fen(pieces: &[Piece]) -> Result<Balance, ComputationError> {
    let mut sum: Balance = 0;
    for piece in pieces {
        sum = piece
            .length_fen
            .checked_mul(piece.ratio)
            .and_then(|product| sum.checked_add(product))
            .ok_or(ComputationError::Overflow)?;
    }
    Ok(sum / WHOLE)
}

/// After how many fen of the pieces, from the lowest, `fen` are paid. Asked only when the pieces pay
/// that much; otherwise all of them.
pub(super) fn exhausted_after(pieces: &[Piece], fen: Balance) -> Balance {
    // What the pieces pay fits, and it is at least this.
    let mut missing = fen.saturating_mul(WHOLE);
    let mut after: Balance = 0;
    for piece in pieces {
        if missing == 0 {
            break;
        }
        let paid = piece.length_fen.saturating_mul(piece.ratio);
        let length_fen = if paid >= missing {
            missing.div_ceil(piece.ratio)
        } else {
            piece.length_fen
        };
        after = after.saturating_add(length_fen);
        missing = missing.saturating_sub(paid);
    }
    after
}
