//! A proposed block has arrived whole: verify it before the prevote.

use std::sync::Arc;

use arc_malachitebft_app::{
    consensus::ProposedValue,
    types::core::{Round, Validator as _, Validity},
};
use codec::Decode;
use ractor::RpcReplyPort;
use sp_runtime::{traits::Header as _, DigestItem};
use tracing::{debug, warn};
use xinglin_core::{Block, ExecutionError, Verdict, VerifyMode};
use xinglin_primitives::{
    consensus::SignedPayload, AccountId, BlockNumber, Header, AUTHOR_ENGINE_ID,
};

use super::reply;
use crate::{
    clock,
    context::{Address, BlockId, Context, Height, ProposalHead},
    shared::{Current, Fatal, Shared},
    stream::Assembled,
};

/// How many heights ahead of the tip a proposal may be to be waited for. A validator that commits
/// a little sooner than we do proposes one height ahead of us.
const HEIGHTS_AHEAD_MAX: BlockNumber = 2;

/// Verifies a streamed block and tells the engine what we think of it. Nothing is told of a block
/// that no proposer signed, or that we cannot judge.
pub async fn proposal(
    shared: Arc<Shared>,
    assembled: Assembled,
    port: RpcReplyPort<ProposedValue<Context>>,
) -> Result<(), Fatal> {
    let Assembled { head, block, began } = assembled;
    let committed = shared.committed();
    if head.height <= committed || head.height > committed + HEIGHTS_AHEAD_MAX {
        debug!(height = head.height, committed, "a proposal out of reach");
        return Ok(());
    }
    // The validators of the height are known once the height before it is committed.
    let Ok(_permit) = shared.waiting_proposals.try_acquire() else {
        warn!(
            height = head.height,
            "too many proposals wait, one is dropped"
        );
        return Ok(());
    };
    if !shared.wait_committed(head.height - 1).await {
        return Ok(());
    }
    let current = shared.current();
    if current.config.height != head.height || !is_signed_by_proposer(&shared, &current, &head) {
        debug!(
            height = head.height,
            round = head.round,
            "a proposal by no proposer"
        );
        return Ok(());
    }
    shared.note_active(head.height);
    let began = began.max(shared.committed_at());
    shared.capacity.lock().proposed(head.height, began);
    let block = match Block::from_bytes(&block) {
        Ok(block) if block.hash() == head.block_hash && block.number() == head.height => {
            Arc::new(block)
        }
        _ => {
            warn_of_other_bytes(&head);
            return Ok(());
        }
    };
    if let Some(value) = judge(&shared, &current, &head, block).await? {
        reply(port, value);
    }
    Ok(())
}

/// Bytes that are not the block they are said to be say nothing of it: its hash must not become
/// invalid, or a proposer could stream one body to some and another to the rest.
fn warn_of_other_bytes(head: &ProposalHead) {
    warn!(
        height = head.height,
        round = head.round,
        "the proposer streamed bytes that are not its block"
    );
}

fn is_signed_by_proposer(shared: &Shared, current: &Current, head: &ProposalHead) -> bool {
    let expected = current
        .set
        .proposer(Height(head.height), Round::new(head.round));
    let payload = SignedPayload::ProposalStream {
        height: head.height,
        round: head.round,
        valid_round: head.valid_round,
        block_hash: head.block_hash,
    };
    expected.public_key() == &head.proposer
        && shared
            .verifier
            .is_valid(&payload, &head.proposer, &head.signature)
}

async fn judge(
    shared: &Arc<Shared>,
    current: &Current,
    head: &ProposalHead,
    block: Arc<Block>,
) -> Result<Option<ProposedValue<Context>>, Fatal> {
    let mut value = ProposedValue {
        height: Height(head.height),
        round: Round::new(head.round),
        valid_round: Round::from(head.valid_round),
        proposer: Address(head.proposer),
        value: BlockId(head.block_hash),
        validity: Validity::Valid,
    };
    // What our clock refused is judged anew, without it, once two thirds have prevoted for it.
    let known = shared
        .proposals
        .lock()
        .validity(&value.value)
        .filter(|validity| validity.is_valid() || head.valid_round.is_none());
    value.validity = match known {
        Some(validity) => validity,
        None => match verify(shared, current, head, &block).await? {
            Some(validity) => validity,
            None => return Ok(None),
        },
    };
    if value.validity.is_valid() && known.is_none() {
        shared.keep_undecided(head.round, block.clone()).await?;
    }
    shared.proposals.lock().insert(value.clone(), block);
    Ok(Some(value))
}

/// `None` when there is nothing to say of the block, because the failure is ours or the bytes are not
/// the block: the engine goes on without our opinion.
async fn verify(
    shared: &Shared,
    current: &Current,
    head: &ProposalHead,
    block: &Arc<Block>,
) -> Result<Option<Validity>, Fatal> {
    let Some(proposer) = author(current, head, &block.header) else {
        warn!(
            height = head.height,
            "a proposed block names no proposer of its height"
        );
        return Ok(Some(Validity::Invalid));
    };
    // A block that had two thirds of prevotes before was judged by clocks then; its time lies in
    // the past now, which must not make it invalid.
    let mode = if head.valid_round.is_some() {
        VerifyMode::Synced
    } else {
        VerifyMode::Live {
            now_ms: clock::now_ms(),
            proposer,
        }
    };
    match shared.ports.executor.verify(block.clone(), mode).await {
        Ok(Verdict::Valid) => Ok(Some(Validity::Valid)),
        Ok(Verdict::Invalid(reason)) => {
            warn!(height = head.height, hash = ?head.block_hash, %reason, "refused a proposed block");
            Ok(Some(Validity::Invalid))
        }
        Ok(Verdict::NotWhole) => {
            warn_of_other_bytes(head);
            Ok(None)
        }
        Err(ExecutionError::NotNext { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The author that the header names, if it may be: the proposer of this round or, for a block
/// proposed again, of a round up to the one in which it had two thirds of prevotes.
fn author(current: &Current, head: &ProposalHead, header: &Header) -> Option<AccountId> {
    let named = header.digest().logs().iter().find_map(|item| match item {
        DigestItem::PreRuntime(AUTHOR_ENGINE_ID, data) => AccountId::decode(&mut &data[..]).ok(),
        _ => None,
    })?;
    let is_proposer = |round| {
        current
            .set
            .proposer(Height(head.height), Round::new(round))
            .account()
            == &named
    };
    let allowed = match head.valid_round {
        None => is_proposer(head.round),
        // The rotation repeats after as many rounds as there are validators.
        Some(valid_round) => (0..=valid_round)
            .rev()
            .take(current.config.validators.len())
            .any(is_proposer),
    };
    allowed.then_some(named)
}
