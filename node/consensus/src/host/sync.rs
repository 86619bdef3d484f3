//! Decided blocks for nodes that were away, and those that we fetch ourselves.

use std::{ops::RangeInclusive, sync::Arc};

use arc_malachitebft_app::{
    consensus::ProposedValue,
    engine::host::SyncedValueOutcome,
    types::{
        core::{Height as _, Round, Validity},
        sync::RawDecidedValue,
    },
};
use bytes::Bytes;
use ractor::RpcReplyPort;
use tracing::{debug, warn};
use xinglin_core::{Block, ChainStore, ExecutionError, StoreError, Verdict, VerifyMode};
use xinglin_primitives::{BlockNumber, FIRST_HEIGHT};

use super::reply;
use crate::{
    codec::convert::certificate_to_engine,
    context::{round_number, Address, BlockId, Context, Height},
    shared::{Fatal, Shared},
};

/// Most blocks in one answer.
const BLOCKS_MAX: usize = 32;
/// Most bytes of blocks in one answer; one more block and its certificate still fit the transport.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Every node keeps all blocks.
pub fn oldest_height(port: RpcReplyPort<Height>) {
    reply(port, Height::INITIAL);
}

/// Answers a peer that is behind. The range is the peer's, so it is clamped here.
pub async fn decided_blocks(
    shared: Arc<Shared>,
    range: RangeInclusive<Height>,
    port: RpcReplyPort<Vec<RawDecidedValue<Context>>>,
) -> Result<(), Fatal> {
    let chain = shared.ports.chain.clone();
    let committed = shared.committed();
    let values = shared
        .blocking(move || read_blocks(chain.as_ref(), &range, committed))
        .await?;
    reply(port, values);
    Ok(())
}

fn read_blocks(
    chain: &dyn ChainStore,
    range: &RangeInclusive<Height>,
    committed: BlockNumber,
) -> Result<Vec<RawDecidedValue<Context>>, StoreError> {
    let mut values = Vec::new();
    let mut bytes = 0usize;
    for number in range.start().0.max(FIRST_HEIGHT)..=range.end().0.min(committed) {
        let (Some(block), Some(certificate)) =
            (chain.encoded_block(number)?, chain.certificate(number)?)
        else {
            break;
        };
        bytes = bytes.saturating_add(block.len());
        if values.len() >= BLOCKS_MAX || (bytes > BYTES_MAX && !values.is_empty()) {
            break;
        }
        values.push(RawDecidedValue::new(
            block,
            certificate_to_engine(certificate),
        ));
    }
    Ok(values)
}

/// A decided block fetched from a peer.
pub struct Synced {
    /// Its height.
    pub height: Height,
    /// The round in which it was decided.
    pub round: Round,
    /// Its proposer.
    pub proposer: Address,
    /// Its encoding, as the peer sent it.
    pub block: Bytes,
}

/// Executes a fetched block. Its certificate is the engine's affair.
pub async fn received(
    shared: Arc<Shared>,
    synced: Synced,
    port: RpcReplyPort<SyncedValueOutcome<Context>>,
) -> Result<(), Fatal> {
    let height = synced.height.0;
    let block = match Block::from_bytes(&synced.block) {
        Ok(block) if block.number() == height => Arc::new(block),
        _ => {
            blame_peer(height, port);
            return Ok(());
        }
    };
    if height <= shared.committed() || !shared.wait_committed(height - 1).await {
        reply(port, SyncedValueOutcome::LocalTransientError);
        return Ok(());
    }
    let verdict = shared
        .ports
        .executor
        .verify(block.clone(), VerifyMode::Synced)
        .await;
    let validity = match verdict {
        Ok(Verdict::Valid) => Validity::Valid,
        Ok(Verdict::Invalid(reason)) => {
            warn!(height, hash = ?block.hash(), %reason, "a fetched block does not execute here");
            Validity::Invalid
        }
        Ok(Verdict::NotWhole) => {
            blame_peer(height, port);
            return Ok(());
        }
        Err(ExecutionError::NotNext { .. }) => {
            reply(port, SyncedValueOutcome::LocalTransientError);
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let value = ProposedValue {
        height: synced.height,
        round: synced.round,
        valid_round: Round::Nil,
        proposer: synced.proposer,
        value: BlockId(block.hash()),
        validity,
    };
    if validity.is_valid() {
        shared
            .keep_undecided(round_number(synced.round), block.clone())
            .await?;
    }
    shared.capacity.lock().height_fetched(height);
    shared.proposals.lock().insert(value.clone(), block);
    debug!(height, "fetched a block");
    reply(port, SyncedValueOutcome::Verdict(value));
    Ok(())
}

fn blame_peer(height: BlockNumber, port: RpcReplyPort<SyncedValueOutcome<Context>>) {
    warn!(height, "a peer sent bytes that are not the block asked for");
    reply(port, SyncedValueOutcome::PeerFault);
}
