//! What validators sign, and the certificate that makes a block final.
//!
//! The engine is Tendermint: two thirds of the voting power precommit to one block hash at one
//! height and round. Every signature is sr25519 in our own signing context, over the genesis hash
//! and the SCALE encoding of the message, so that it means nothing on another chain or in another
//! protocol.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::sr25519;

use crate::{BlockNumber, Hash, MemberId};

/// The signing context of every consensus message.
pub const SIGNING_CONTEXT: &[u8] = b"xinglin-consensus/v1";
/// Most validators that a set may hold: bounds certificates and set changes.
pub const VALIDATORS_MAX: u32 = 100;

/// A validator's consensus key, which is also its address in the engine.
pub type ConsensusKey = sr25519::Public;
/// A signature by a [`ConsensusKey`].
pub type ConsensusSignature = sr25519::Signature;

/// One validator of the live set.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Validator {
    /// The member that runs it.
    pub member: MemberId,
    /// Its consensus key.
    pub key: ConsensusKey,
    /// Its voting power, at least 1.
    pub power: u32,
}

/// The two kinds of vote.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum VoteKind {
    /// First step: "I have verified this value".
    Prevote,
    /// Second step: "I have seen two thirds of prevotes".
    Precommit,
}

/// A vote as it is signed: Tendermint's `⟨PREVOTE|PRECOMMIT, h, r, id(v)⟩` with the voter.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Vote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Height voted on.
    pub height: BlockNumber,
    /// Round within the height.
    pub round: u32,
    /// The block voted for, or `None` for nil.
    pub block_hash: Option<Hash>,
    /// Who votes.
    pub voter: ConsensusKey,
}

/// A proposal as it is signed: Tendermint's `⟨PROPOSAL, h, r, v, vr⟩` with the proposer.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Proposal {
    /// Height proposed for.
    pub height: BlockNumber,
    /// Round proposed in.
    pub round: u32,
    /// The block proposed.
    pub block_hash: Hash,
    /// The earlier round in which the block already had two thirds of prevotes.
    pub valid_round: Option<u32>,
    /// Who proposes.
    pub proposer: ConsensusKey,
}

/// Everything a consensus key signs. The variant index separates the domains.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub enum SignedPayload<'a> {
    /// A vote.
    Vote(&'a Vote),
    /// A proposal.
    Proposal(&'a Proposal),
    /// The head of a streamed block body.
    ProposalStream {
        /// Height of the block.
        height: BlockNumber,
        /// Round in which it is streamed.
        round: u32,
        /// The earlier round in which the block already had two thirds of prevotes.
        valid_round: Option<u32>,
        /// Hash of the block.
        block_hash: Hash,
    },
    /// A node's claim to belong to the validator: its libp2p peer id.
    PeerId(&'a [u8]),
    /// Proof that the holder of the consensus key joins on behalf of a member.
    Possession {
        /// The member that registers the key.
        member: MemberId,
    },
}

impl SignedPayload<'_> {
    /// The bytes to sign on the chain with this genesis.
    pub fn signing_bytes(&self, genesis: &Hash) -> Vec<u8> {
        (genesis, self).encode()
    }

    /// Signs for the chain with this genesis.
    pub fn sign(&self, genesis: &Hash, key: &schnorrkel::Keypair) -> ConsensusSignature {
        let bytes = self.signing_bytes(genesis);
        let context = schnorrkel::signing_context(SIGNING_CONTEXT);
        ConsensusSignature::from_raw(key.sign(context.bytes(&bytes)).to_bytes())
    }

    /// Whether `signature` is by `key` over this payload on the chain with this genesis.
    pub fn verify(
        &self,
        genesis: &Hash,
        key: &ConsensusKey,
        signature: &ConsensusSignature,
    ) -> bool {
        let (Ok(public), Ok(signature)) = (
            schnorrkel::PublicKey::from_bytes(&key.0),
            schnorrkel::Signature::from_bytes(&signature.0),
        ) else {
            return false;
        };
        let bytes = self.signing_bytes(genesis);
        let context = schnorrkel::signing_context(SIGNING_CONTEXT);
        public.verify(context.bytes(&bytes), &signature).is_ok()
    }
}

/// One validator's precommit within a [`CommitCertificate`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CommitSignature {
    /// Who signed.
    pub key: ConsensusKey,
    /// Signature of the precommit [`Vote`] for the certificate's height, round and hash.
    pub signature: ConsensusSignature,
}

/// Proof that more than two thirds of the voting power of a height precommitted to a block.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CommitCertificate {
    /// Height decided.
    pub height: BlockNumber,
    /// Round in which it was decided.
    pub round: u32,
    /// Hash of the decided block.
    pub block_hash: Hash,
    /// The precommits, each by another validator.
    pub signatures: Vec<CommitSignature>,
}

/// Why a [`CommitCertificate`] does not prove what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A signer is not in the validator set of the height.
    #[error("signer {0} is not in the validator set of this height")]
    UnknownSigner(String),
    /// A signer appears twice.
    #[error("signer {0} appears twice")]
    DuplicateSigner(String),
    /// A signature does not verify.
    #[error("the signature of {0} is wrong")]
    WrongSignature(String),
    /// The signers do not have more than two thirds of the voting power.
    #[error("the signers hold {signed} of {total} voting power, more than two thirds are needed")]
    NoQuorum {
        /// Power of the valid signatures.
        signed: u64,
        /// Power of the whole set.
        total: u64,
    },
}

impl CommitCertificate {
    /// Checks every signature against the validator set of the certificate's height.
    pub fn verify(&self, genesis: &Hash, validators: &[Validator]) -> Result<(), CertificateError> {
        let mut seen = Vec::with_capacity(self.signatures.len());
        let mut signed = 0u64;
        for CommitSignature { key, signature } in &self.signatures {
            let name = || format!("0x{}", hex_of(&key.0));
            let validator = validators
                .iter()
                .find(|validator| validator.key == *key)
                .ok_or_else(|| CertificateError::UnknownSigner(name()))?;
            if seen.contains(&key) {
                return Err(CertificateError::DuplicateSigner(name()));
            }
            let vote = Vote {
                kind: VoteKind::Precommit,
                height: self.height,
                round: self.round,
                block_hash: Some(self.block_hash),
                voter: *key,
            };
            if !SignedPayload::Vote(&vote).verify(genesis, key, signature) {
                return Err(CertificateError::WrongSignature(name()));
            }
            seen.push(key);
            signed += u64::from(validator.power);
        }
        let total = total_power(validators);
        if has_quorum(signed, total) {
            Ok(())
        } else {
            Err(CertificateError::NoQuorum { signed, total })
        }
    }
}

/// The voting power of a whole set.
pub fn total_power(validators: &[Validator]) -> u64 {
    validators
        .iter()
        .map(|validator| u64::from(validator.power))
        .sum()
}

/// Whether `power` is more than two thirds of `total`.
pub fn has_quorum(power: u64, total: u64) -> bool {
    3 * u128::from(power) > 2 * u128::from(total)
}

/// Two votes of one validator that exclude each other: proof that it equivocated.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Equivocation {
    /// The offender.
    pub key: ConsensusKey,
    /// What it signed twice.
    pub offence: Offence,
}

/// The two conflicting messages of an [`Equivocation`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Offence {
    /// Two votes of one kind at one height and round for different blocks.
    Votes(Box<[(Vote, ConsensusSignature); 2]>),
    /// Two proposals at one height and round for different blocks.
    Proposals(Box<[(Proposal, ConsensusSignature); 2]>),
}

impl Equivocation {
    /// The height at which it happened.
    pub fn height(&self) -> BlockNumber {
        match &self.offence {
            Offence::Votes(votes) => votes[0].0.height,
            Offence::Proposals(proposals) => proposals[0].0.height,
        }
    }

    /// Whether the messages conflict and both signatures are the offender's.
    pub fn is_proven(&self, genesis: &Hash) -> bool {
        match &self.offence {
            Offence::Votes(votes) => {
                let [(a, a_sig), (b, b_sig)] = votes.as_ref();
                a.voter == self.key
                    && b.voter == self.key
                    && (a.kind, a.height, a.round) == (b.kind, b.height, b.round)
                    && a.block_hash != b.block_hash
                    && SignedPayload::Vote(a).verify(genesis, &self.key, a_sig)
                    && SignedPayload::Vote(b).verify(genesis, &self.key, b_sig)
            }
            Offence::Proposals(proposals) => {
                let [(a, a_sig), (b, b_sig)] = proposals.as_ref();
                a.proposer == self.key
                    && b.proposer == self.key
                    && (a.height, a.round) == (b.height, b.round)
                    && a.block_hash != b.block_hash
                    && SignedPayload::Proposal(a).verify(genesis, &self.key, a_sig)
                    && SignedPayload::Proposal(b).verify(genesis, &self.key, b_sig)
            }
        }
    }
}

/// Timeouts and pacing, on chain so that all validators agree.
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
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsensusParameters {
    /// How long a proposer has in round 0.
    pub propose_timeout_ms: u32,
    /// How long to wait for prevotes in round 0 once two thirds of any are in.
    pub prevote_timeout_ms: u32,
    /// How long to wait for precommits in round 0 once two thirds of any are in.
    pub precommit_timeout_ms: u32,
    /// By how much each timeout grows per round.
    pub timeout_delta_ms: u32,
    /// Shortest time between two blocks under load.
    pub block_interval_min_ms: u32,
    /// Longest time between two blocks on an idle chain.
    pub block_interval_idle_ms: u32,
    /// How far a proposed block's time may be ahead of or behind a live validator's clock.
    pub clock_drift_max_ms: u32,
}

impl Default for ConsensusParameters {
    fn default() -> Self {
        Self {
            propose_timeout_ms: 2_000,
            prevote_timeout_ms: 1_000,
            precommit_timeout_ms: 1_000,
            timeout_delta_ms: 500,
            block_interval_min_ms: 250,
            block_interval_idle_ms: 10_000,
            clock_drift_max_ms: 5_000,
        }
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
