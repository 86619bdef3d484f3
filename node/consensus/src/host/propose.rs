//! Proposing: building a block, or offering again one that was seen before.

use std::{sync::Arc, time::Duration};

use arc_malachitebft_app::{
    consensus::{LocallyProposedValue, ProposedValue},
    streaming::StreamId,
    types::core::{Round, Validity},
};
use codec::Encode;
use ractor::RpcReplyPort;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use xinglin_core::{Block, BuildRequest, ClockOffset, ExecutionError, TimeServerVerdict};
use xinglin_primitives::consensus::SignedPayload;

use super::reply;
use crate::{
    clock,
    context::{round_number, Address, BlockId, Context, Height, ProposalHead},
    shared::{Fatal, Shared},
    signing::ChainSigner,
    stream,
};

/// The part of the propose timeout that building may take: the rest is for streaming the block and
/// for the others' execution of it.
const BUILD_SHARE: u32 = 4;
/// The part of the propose timeout during which a clock that is off may still be set right.
const CLOCK_SHARE: u32 = 2;

/// What the engine asks for.
pub struct Request {
    /// Height to propose for.
    pub height: Height,
    /// Round to propose in.
    pub round: Round,
    /// When the round gives up on us.
    pub timeout: Duration,
}

/// The engine asks for a value to propose: the same one for the same height and round, also after a
/// restart, or we would equivocate.
///
/// A node whose clock is off builds no block. Without an answer the round ends by the propose
/// timeout, as if this node were away, and the next proposer has its turn. What is offered again
/// was judged by other clocks, or by ours when it was right.
pub async fn value(
    shared: Arc<Shared>,
    request: Request,
    port: RpcReplyPort<LocallyProposedValue<Context>>,
) -> Result<(), Fatal> {
    let Some(signer) = shared.signer.clone() else {
        warn!("asked to propose without a consensus key");
        return Ok(());
    };
    let Request { height, round, .. } = request;
    let own = Address(signer.public());
    let known = shared
        .proposals
        .lock()
        .proposed_by(&own, height.0, round_number(round));
    let block = match known {
        Some(block) => block,
        None => {
            if !clock::may_propose(&shared.ports.clock, request.timeout / CLOCK_SHARE).await {
                pass(&shared, height, round);
                return Ok(());
            }
            match build(&shared, &request, own).await? {
                Some(block) => block,
                None => return Ok(()),
            }
        }
    };
    let id = BlockId(block.hash());
    reply(port, LocallyProposedValue::new(height, round, id));
    publish(&shared, &signer, &block, round, Round::Nil);
    Ok(())
}

/// Lets the turn pass and says why.
fn pass(shared: &Shared, height: Height, round: Round) {
    let clock = shared.ports.clock.borrow().clone();
    let ClockOffset::Known {
        offset_us,
        uncertainty_us,
    } = clock.offset
    else {
        return;
    };
    warn!(
        %height,
        %round,
        offset_ms = offset_us / 1_000,
        uncertainty_ms = uncertainty_us / 1_000,
        servers = clock.names(TimeServerVerdict::Agrees).join(", "),
        "this node lets its turn to propose pass: its clock is off"
    );
    shared.note_turn_passed();
}

/// Builds a block and stores it, so that a restart finds it.
async fn build(
    shared: &Arc<Shared>,
    request: &Request,
    own: Address,
) -> Result<Option<Arc<Block>>, Fatal> {
    let Request {
        height,
        round,
        timeout,
    } = *request;
    let current = shared.current();
    let Some(author) = current.account_of(&own) else {
        warn!(%height, "asked to propose without being a validator of the height");
        return Ok(None);
    };
    let started = Instant::now();
    let transactions_max = {
        let mut capacity = shared.capacity.lock();
        capacity.proposed(height.0, started);
        capacity.transactions_max()
    };
    let built = shared
        .ports
        .executor
        .build(BuildRequest {
            height: height.0,
            author,
            now_ms: clock::now_ms(),
            deadline: (started + timeout / BUILD_SHARE).into_std(),
            transactions_max,
        })
        .await;
    let block = match built {
        Ok(block) => block,
        Err(ExecutionError::NotNext { .. }) => {
            debug!(%height, "the height was decided before our turn to propose came to anything");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    shared
        .keep_undecided(round_number(round), block.clone())
        .await?;
    info!(
        %height,
        %round,
        hash = ?block.hash(),
        transactions = block.body.len(),
        ms = started.elapsed().as_millis() as u64,
        "built a block"
    );
    shared.proposals.lock().insert(
        ProposedValue {
            height,
            round,
            valid_round: Round::Nil,
            proposer: own,
            value: BlockId(block.hash()),
            validity: Validity::Valid,
        },
        block.clone(),
    );
    Ok(Some(block))
}

/// What the engine asks to offer again.
pub struct Restream {
    /// Height of the block.
    pub height: Height,
    /// Round in which we propose it now.
    pub round: Round,
    /// Round in which it had two thirds of prevotes.
    pub valid_round: Round,
    /// The block.
    pub id: BlockId,
}

/// We propose a block of an earlier round: those who missed it need its body.
pub async fn restream(shared: Arc<Shared>, request: Restream) -> Result<(), Fatal> {
    let Some(signer) = shared.signer.clone() else {
        return Ok(());
    };
    let Some(block) = shared.proposals.lock().block(&request.id) else {
        warn!(height = %request.height, id = %request.id, "asked to offer an unknown block again");
        return Ok(());
    };
    publish(&shared, &signer, &block, request.round, request.valid_round);
    Ok(())
}

fn publish(shared: &Shared, signer: &ChainSigner, block: &Block, round: Round, valid_round: Round) {
    let encoded = block.to_bytes();
    let payload = SignedPayload::ProposalStream {
        height: block.number(),
        round: round_number(round),
        valid_round: valid_round.as_u32(),
        block_hash: block.hash(),
    };
    let head = ProposalHead {
        height: block.number(),
        round: round_number(round),
        valid_round: valid_round.as_u32(),
        block_hash: block.hash(),
        block_bytes: u32::try_from(encoded.len()).unwrap_or(u32::MAX),
        proposer: signer.public(),
        signature: signer.sign(&payload),
    };
    let id = StreamId::new((head.height, head.round, head.block_hash).encode().into());
    for message in stream::cut(id, head, &encoded) {
        shared.publish_part(message);
    }
}
