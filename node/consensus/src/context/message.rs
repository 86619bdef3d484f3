//! Votes, proposals and the parts in which a block travels.

use arc_malachitebft_app::types::core::{
    self as engine, NilOrVal, Round, SignedExtension, VoteType,
};
use bytes::Bytes;
use xinglin_primitives::{
    consensus::{self, ConsensusKey, ConsensusSignature, VoteKind},
    BlockNumber, Hash,
};

use super::{Address, BlockId, Context, Height};

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    inner: consensus::Vote,
    value: NilOrVal<BlockId>,
    voter: Address,
}

impl Vote {
    /// Wraps a vote as it is signed.
    pub fn new(inner: consensus::Vote) -> Self {
        let value = match inner.block_hash {
            None => NilOrVal::Nil,
            Some(hash) => NilOrVal::Val(BlockId(hash)),
        };
        let voter = Address(inner.voter);
        Self {
            inner,
            value,
            voter,
        }
    }

    /// The vote as it is signed.
    pub fn as_signed(&self) -> &consensus::Vote {
        &self.inner
    }
}

impl engine::Vote<Context> for Vote {
    fn height(&self) -> Height {
        Height(self.inner.height)
    }

    fn round(&self) -> Round {
        Round::new(self.inner.round)
    }

    fn value(&self) -> &NilOrVal<BlockId> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<BlockId> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        match self.inner.kind {
            VoteKind::Prevote => VoteType::Prevote,
            VoteKind::Precommit => VoteType::Precommit,
        }
    }

    fn validator_address(&self) -> &Address {
        &self.voter
    }

    // Vote extensions are disabled by the height parameters: no vote ever carries one.
    fn extension(&self) -> Option<&SignedExtension<Context>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Context>> {
        None
    }

    fn extend(self, _: SignedExtension<Context>) -> Self {
        self
    }
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    inner: consensus::Proposal,
    value: BlockId,
    proposer: Address,
}

impl Proposal {
    /// Wraps a proposal as it is signed.
    pub fn new(inner: consensus::Proposal) -> Self {
        Self {
            value: BlockId(inner.block_hash),
            proposer: Address(inner.proposer),
            inner,
        }
    }

    /// The proposal as it is signed.
    pub fn as_signed(&self) -> &consensus::Proposal {
        &self.inner
    }
}

impl engine::Proposal<Context> for Proposal {
    fn height(&self) -> Height {
        Height(self.inner.height)
    }

    fn round(&self) -> Round {
        Round::new(self.inner.round)
    }

    fn value(&self) -> &BlockId {
        &self.value
    }

    fn take_value(self) -> BlockId {
        self.value
    }

    fn pol_round(&self) -> Round {
        Round::from(self.inner.valid_round)
    }

    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}

/// The signed head of a streamed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalHead {
    /// Height of the block.
    pub height: BlockNumber,
    /// Round in which it is proposed.
    pub round: u32,
    /// Earlier round in which the block had two thirds of prevotes.
    pub valid_round: Option<u32>,
    /// Hash of the block.
    pub block_hash: Hash,
    /// Size of the encoded block.
    pub block_bytes: u32,
    /// Proposer of `round`, who signs.
    pub proposer: ConsensusKey,
    /// Signature of `SignedPayload::ProposalStream`.
    pub signature: ConsensusSignature,
}

/// One part of a streamed block: first the head, then the bytes in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Sequence 0.
    Head(ProposalHead),
    /// Sequence 1 and on: the next piece of the encoded block.
    Body(Bytes),
}

impl engine::ProposalPart<Context> for Part {
    fn is_first(&self) -> bool {
        matches!(self, Self::Head(_))
    }

    // The head tells the size, so no part needs to be marked as the last.
    fn is_last(&self) -> bool {
        false
    }
}
