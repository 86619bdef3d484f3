//! Tokens of time authorities around the blocks of a package.

use std::collections::{BTreeMap, BTreeSet};

use codec::Encode;
use xinglin_evidence::{locate, state::Item, Stamped};
use xinglin_primitives::{
    receipt::extrinsic_hash,
    stamp::{Stamp, StampsAround},
    BlockNumber, StampId,
};

use super::{gather::Gathering, EvidenceError};
use crate::parties::unknown;

/// Most blocks for which the nearest tokens are looked for: the first of a package.
const BLOCKS_MAX: usize = 64;

/// Gathers the nearest tokens before and after each of some blocks; why not of all, if so.
pub(super) async fn gather(
    gathering: &mut Gathering<'_>,
    blocks: BTreeSet<BlockNumber>,
) -> Result<(Vec<Stamped>, Option<String>), EvidenceError> {
    let count = blocks.len();
    let mut nearest: BTreeMap<StampId, Stamp> = BTreeMap::new();
    for block in blocks.into_iter().take(BLOCKS_MAX) {
        let around: StampsAround = gathering
            .ask("TrustedTimeApi_stamps_around", &block.encode())
            .await?;
        nearest.extend([around.before, around.after].into_iter().flatten());
    }
    // A chain without tokens has none to leave out.
    let untimed = left_out(count).filter(|_| !nearest.is_empty());
    let mut stamps = Vec::with_capacity(nearest.len());
    for (id, stamp) in nearest {
        stamps.push(stamped(gathering, id, &stamp).await?);
    }
    Ok((stamps, untimed))
}

/// Why the nearest tokens are not looked for around all of so many blocks, if so.
fn left_out(blocks: usize) -> Option<String> {
    let left_out = blocks.checked_sub(BLOCKS_MAX).filter(|it| *it > 0)?;
    Some(format!(
        "they are looked for around the first {BLOCKS_MAX} blocks of a package, which leaves out {left_out}: bring the operations of those by `evidence export receipt`"
    ))
}

/// A token with the receipt of the transaction that carries it and the block that it stamps.
async fn stamped(
    gathering: &mut Gathering<'_>,
    id: StampId,
    stamp: &Stamp,
) -> Result<Stamped, EvidenceError> {
    let missing = || unknown(format_args!("token of stamp {}", id.0));
    let place = usize::try_from(stamp.extrinsic).map_err(|_| missing())?;
    let bytes = usize::try_from(stamp.token_bytes).map_err(|_| missing())?;
    let body = gathering.body(stamp.recorded_in).await?;
    let extrinsic = body.get(place).ok_or_else(missing)?;
    let start = locate(extrinsic, stamp.token, bytes).ok_or_else(missing)?;
    let token = extrinsic.get(start..start.saturating_add(bytes));
    let token = token.ok_or_else(missing)?.to_vec();
    let transaction = extrinsic_hash(extrinsic);
    let certificates = (stamp.authority, stamp.certificates);
    gathering.prove(Item::Certificates(certificates.0, certificates.1));
    gathering.prove(Item::Stamp(id));
    Ok(Stamped {
        token,
        stamp: id,
        time_ms: stamp.time,
        accuracy_ms: stamp.accuracy_ms,
        certificates,
        block: gathering.certified(stamp.block).await?,
        recorded: gathering.receipt(transaction).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_for_how_many_blocks_no_tokens_are_looked_for() {
        assert_eq!(left_out(0), None);
        assert_eq!(left_out(BLOCKS_MAX), None);
        let told = left_out(BLOCKS_MAX + 2).unwrap();
        assert!(told.contains("leaves out 2:"), "{told}");
    }
}
