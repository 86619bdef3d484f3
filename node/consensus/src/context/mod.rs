//! The engine's view of our types: one context that names them all.

mod message;
mod validator;
mod value;

pub use message::{Part, Proposal, ProposalHead, Vote};
pub use validator::{Address, Validator, ValidatorSet};
pub use value::{BlockId, Height, Timeouts};

use arc_malachitebft_app::types::core as engine;
use engine::{NilOrVal, Round, SigningScheme};
use xinglin_primitives::{
    consensus::{self, ConsensusKey, ConsensusSignature, VoteKind},
    BlockNumber,
};

/// Ties our height, value, votes and keys together for the engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context;

/// sr25519 keys and signatures as the engine handles them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sr25519;

/// Bytes are not a key or signature: the number of bytes is wrong.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{found} bytes where {expected} are needed")]
pub struct WrongLength {
    /// Length found.
    pub found: usize,
    /// Length needed.
    pub expected: usize,
}

impl SigningScheme for Sr25519 {
    type DecodingError = WrongLength;
    type Signature = ConsensusSignature;
    type PublicKey = ConsensusKey;
    /// Secret keys stay within the signer; the engine never sees one.
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<Self::Signature, WrongLength> {
        ConsensusSignature::try_from(bytes).map_err(|()| WrongLength {
            found: bytes.len(),
            expected: 64,
        })
    }

    fn encode_signature(signature: &Self::Signature) -> Vec<u8> {
        signature.0.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<Self::PublicKey, WrongLength> {
        ConsensusKey::try_from(bytes).map_err(|()| WrongLength {
            found: bytes.len(),
            expected: 32,
        })
    }

    fn encode_public_key(key: &Self::PublicKey) -> Vec<u8> {
        key.0.to_vec()
    }
}

impl engine::Context for Context {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = ValidatorSet;
    type Timeouts = Timeouts;
    type Value = BlockId;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Sr25519;

    fn select_proposer<'a>(
        &self,
        validators: &'a ValidatorSet,
        height: Height,
        round: Round,
    ) -> &'a Validator {
        validators.proposer(height, round)
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: BlockId,
        valid_round: Round,
        proposer: Address,
    ) -> Proposal {
        Proposal::new(consensus::Proposal {
            height: height.0,
            round: round_number(round),
            block_hash: value.0,
            valid_round: valid_round.as_u32(),
            proposer: proposer.0,
        })
    }

    fn new_prevote(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<BlockId>,
        voter: Address,
    ) -> Vote {
        new_vote(VoteKind::Prevote, height, round, value, voter)
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<BlockId>,
        voter: Address,
    ) -> Vote {
        new_vote(VoteKind::Precommit, height, round, value, voter)
    }
}

fn new_vote(
    kind: VoteKind,
    height: Height,
    round: Round,
    value: NilOrVal<BlockId>,
    voter: Address,
) -> Vote {
    let block_hash = match value {
        NilOrVal::Nil => None,
        NilOrVal::Val(id) => Some(id.0),
    };
    Vote::new(consensus::Vote {
        kind,
        height: height.0,
        round: round_number(round),
        block_hash,
        voter: voter.0,
    })
}

/// The number of a round; the engine signs nothing in the undefined round, which counts as 0.
pub fn round_number(round: Round) -> u32 {
    round.as_u32().unwrap_or_default()
}

/// The engine's height of a block number.
pub fn height(number: BlockNumber) -> Height {
    Height(number)
}
