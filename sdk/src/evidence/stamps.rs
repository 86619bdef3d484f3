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

/// Gathers the nearest tokens before and after each of some blocks.
pub(super) async fn gather(
    gathering: &mut Gathering<'_>,
    blocks: BTreeSet<BlockNumber>,
) -> Result<Vec<Stamped>, EvidenceError> {
    let mut nearest: BTreeMap<StampId, Stamp> = BTreeMap::new();
    for block in blocks.into_iter().take(BLOCKS_MAX) {
        let around: StampsAround = gathering
            .ask("TrustedTimeApi_stamps_around", &block.encode())
            .await?;
        nearest.extend([around.before, around.after].into_iter().flatten());
    }
    let mut stamps = Vec::with_capacity(nearest.len());
    for (id, stamp) in nearest {
        stamps.push(stamped(gathering, id, &stamp).await?);
    }
    Ok(stamps)
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
