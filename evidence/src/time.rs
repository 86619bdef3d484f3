//! Tokens of time-stamping authorities, and what follows from them.
//!
//! A token of a block says that the block was there at the token's time: it, and all before it. A
//! transaction that carries a token was made after the token: its block, and all after it, are younger.
//! Whose tokens count is for the chain's council to say, and which of them for the chain's rules: the
//! certificates are proven from the state, and so is that the rules accepted the token.

use std::collections::BTreeMap;

use sp_io::hashing::blake2_256;
use sp_runtime::traits::Header as _;
use xinglin_primitives::{
    time::{Date, Moment, CST_OFFSET_MS, DAY_MS},
    BlockNumber, Hash, MemberId,
};
use xinglin_timestamps::{verify, Authority};

use crate::{
    format::{Claim, TimeClaim},
    package::Package,
    reason::Reason,
    state::{Item, Value},
    story::Facts,
};

/// Checks the tokens of a package. That the stamped blocks were decided is checked before.
pub(crate) fn check(package: &Package, facts: &Facts<'_>) -> Result<(), Reason> {
    let tokens = package.tokens.iter().zip(&package.claim.times);
    for (number, ((token, block), claim)) in tokens.enumerate() {
        let refused = |error: String| Reason::Token { number, error };
        let item = Item::Certificates(claim.authority, claim.certificates);
        let Some(Value::Certificates(registered)) = facts.value(item) else {
            return Err(Reason::Incomplete { item });
        };
        let chain: Vec<&[u8]> = registered.certificates.iter().map(|it| &*it.0).collect();
        let authority = Authority::new(&chain).map_err(|error| refused(error.to_string()))?;
        let stamp = verify(token, block.header.hash().as_bytes(), &authority)
            .map_err(|error| refused(error.to_string()))?;
        let item = Item::Stamp(claim.stamp);
        let Some(Value::Stamp(kept)) = facts.value(item) else {
            return Err(Reason::Incomplete { item });
        };
        for (field, is_same) in [
            ("timeMs", [stamp.time_ms, kept.time] == [claim.time_ms; 2]),
            (
                "accuracyMs",
                [stamp.accuracy_ms, kept.accuracy_ms] == [claim.accuracy_ms; 2],
            ),
            ("authority", kept.authority == claim.authority),
            ("certificates", kept.certificates == claim.certificates),
            ("height", kept.block == claim.height),
        ] {
            if !is_same {
                let at = format!("times[{number}].{field}");
                return Err(Reason::Misstated { at });
            }
        }
        let receipt = usize::try_from(claim.recorded)
            .ok()
            .and_then(|at| package.receipts.get(at))
            .ok_or_else(|| Reason::NoOperation {
                at: format!("times[{number}].recorded"),
            })?;
        // By its number the state says that the rules accepted this token in this transaction.
        let recorded = (*receipt.header.number(), receipt.index);
        let is_kept = kept.token == Hash::from(blake2_256(token));
        if !is_kept || recorded != (kept.recorded_in, kept.extrinsic) {
            return Err(Reason::NotRecorded { number });
        }
    }
    Ok(())
}

/// When the blocks of the operations were there, in words.
pub(crate) fn statements(claim: &Claim) -> Vec<String> {
    let mut heights: Vec<BlockNumber> = claim.operations.iter().map(|it| it.height).collect();
    heights.sort_unstable();
    heights.dedup();
    let heights = heights.into_iter();
    heights
        .filter_map(|height| statement(claim, height))
        .collect()
}

fn statement(claim: &Claim, height: BlockNumber) -> Option<String> {
    let recorded_in = |it: &TimeClaim| {
        let at = usize::try_from(it.recorded).ok()?;
        Some(claim.operations.get(at)?.height)
    };
    let times = claim.times.iter();
    let after = times.clone().filter(|it| it.height >= height);
    let until = after.min_by_key(|it| latest(it));
    let before = times.filter(|it| recorded_in(it).is_some_and(|recorded| recorded <= height));
    let from = before.max_by_key(|it| earliest(it));
    let by = |it: &TimeClaim| {
        let unstated = match it.accuracy_ms {
            Some(_) => "",
            None => ", which states no accuracy",
        };
        format!("time authority {}{unstated}", it.authority)
    };
    Some(match (from, until) {
        (Some(from), Some(until)) => format!(
            "Block {height} was made between {} ({}) and {} ({}).",
            instant(earliest(from)),
            by(from),
            instant(latest(until)),
            by(until)
        ),
        (None, Some(until)) => format!(
            "Block {height} was there by {} ({}).",
            instant(latest(until)),
            by(until)
        ),
        (Some(from), None) => format!(
            "Block {height} was made after {} ({}).",
            instant(earliest(from)),
            by(from)
        ),
        (None, None) => return None,
    })
}

/// Which certificates behind the tokens the council has withdrawn, in words. Why it did is for whoever
/// judges: the chain accepted the tokens before.
pub(crate) fn withdrawals(claim: &Claim, facts: &Facts<'_>) -> Vec<String> {
    let mut tokens: BTreeMap<(MemberId, u32), Vec<Moment>> = BTreeMap::new();
    for it in &claim.times {
        let of_certificates = tokens.entry((it.authority, it.certificates)).or_default();
        of_certificates.push(it.time_ms);
    }
    let withdrawals = tokens.into_iter().filter_map(|((authority, number), times)| {
        let item = Item::Certificates(authority, number);
        let Some(Value::Certificates(registered)) = facts.value(item) else {
            return None;
        };
        let Some(at) = registered.withdrawn_at else {
            let height = facts.height(item);
            return Some(format!(
                "Whether certificates {number} of time authority {authority} still count: up to block {height} the council had not withdrawn them. Ask it about the time since."
            ));
        };
        let earlier = times.iter().filter(|time| **time < at).count();
        let when = match (earlier, times.len().saturating_sub(earlier)) {
            (_, 0) => "after the times of all their tokens here".to_owned(),
            (0, _) => "before the times of all their tokens here".to_owned(),
            (earlier, later) => {
                format!("after the times of {earlier} of their tokens here, before those of {later}")
            }
        };
        Some(format!(
            "Whether tokens by certificates {number} of time authority {authority} still count: the council withdrew these at {}, {when}. Ask it why.",
            instant(at)
        ))
    });
    withdrawals.collect()
}

/// The earliest time that a token can mean.
fn earliest(claim: &TimeClaim) -> Moment {
    claim
        .time_ms
        .saturating_sub(claim.accuracy_ms.unwrap_or_default())
}

/// The latest time that a token can mean. Its time is rounded down, to the second in a token that has
/// no fraction: what ends in zeros may be.
fn latest(claim: &TimeClaim) -> Moment {
    let accuracy_ms = claim.accuracy_ms.unwrap_or_default();
    let steps = [1_000, 100, 10];
    let step = steps
        .into_iter()
        .find(|step| claim.time_ms.is_multiple_of(*step));
    claim
        .time_ms
        .saturating_add(accuracy_ms)
        .saturating_add(step.unwrap_or(1))
}

/// A time in China, to the millisecond, with its distance from UTC.
pub(crate) fn instant(moment_ms: u64) -> String {
    let date = Date::of(moment_ms);
    let of_day = moment_ms.saturating_add(CST_OFFSET_MS) % DAY_MS;
    let (seconds, ms) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{date} {hour:02}:{minute:02}:{second:02}.{ms:03} +08:00")
}
