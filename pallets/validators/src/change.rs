//! Which changes of the validator set are allowed.
//!
//! Two thirds of the council may put whom they like into the set, but not in a step after which the
//! chain stands still. So of the new set, those who are known to be at work must hold a quorum
//! (more than two thirds of its power) by themselves:
//!
//! - at work is who is in the live set with the same key and has authored a block lately (see
//!   [`liveness_window`]), for who has done both can vote on the next height;
//! - everybody else (a newcomer, a new key, a validator that has gone quiet) counts as absent.
//!
//! What follows from that, for validators of equal power: into a set of n, of whom all are at work,
//! come up to (n − 1) / 2 newcomers at a time; out of a set of 4, of whom one is down, goes the one
//! that is down but none of the others. A set of one or two grows by first giving its validators
//! more power than the newcomer, and evening it out once the newcomer is at work. Whoever is not at
//! work can always be removed.

use xinglin_primitives::{
    consensus::{has_quorum, total_power, Validator},
    BlockNumber,
};

/// Within how many of its turns a validator must have authored a block to count as at work.
pub const LIVENESS_TURNS: u64 = 3;

/// Why a change of the set is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There would be no validator.
    Empty,
    /// A validator would have no power.
    NoPower,
    /// Those at work would not be a quorum.
    NoQuorum,
}

/// Checks the change from the set `live` to the set `next`.
pub fn check(
    live: &[Validator],
    next: &[Validator],
    mut is_at_work: impl FnMut(&Validator) -> bool,
) -> Result<(), Refusal> {
    if next.is_empty() {
        return Err(Refusal::Empty);
    }
    if next.iter().any(|validator| validator.power == 0) {
        return Err(Refusal::NoPower);
    }
    let at_work = next
        .iter()
        .filter(|validator| {
            live.iter()
                .any(|old| (old.member, old.key) == (validator.member, validator.key))
        })
        .filter(|validator| is_at_work(validator))
        .map(|validator| u64::from(validator.power))
        .sum();
    if has_quorum(at_work, total_power(next)) {
        Ok(())
    } else {
        Err(Refusal::NoQuorum)
    }
}

/// How many blocks back a validator's last one may be for it to count as at work.
///
/// Proposers take turns, at best each in every n-th block, at worst in proportion to their power;
/// the longer of the two, some times over.
pub fn liveness_window(live: &[Validator], validator: &Validator) -> BlockNumber {
    let by_power = total_power(live).div_ceil(u64::from(validator.power.max(1)));
    let turn = by_power.max(live.len() as u64);
    BlockNumber::try_from(turn.saturating_mul(LIVENESS_TURNS)).unwrap_or(BlockNumber::MAX)
}
