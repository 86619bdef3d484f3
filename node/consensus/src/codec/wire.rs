//! What is written, field by field. A change here is a change of format: it brings a new
//! [`VERSION`](super::VERSION) and fails the golden tests.

use codec::{Decode, Encode};
use xinglin_primitives::{
    consensus::{self, CommitCertificate, ConsensusKey, ConsensusSignature, VoteKind},
    BlockNumber, Hash,
};

/// Bytes without a copy on encoding would need a lifetime; a part is at most 128 KiB.
type Blob = Vec<u8>;

#[derive(Encode, Decode)]
pub struct Head {
    pub height: BlockNumber,
    pub round: u32,
    pub valid_round: Option<u32>,
    pub block_hash: Hash,
    pub block_bytes: u32,
    pub proposer: ConsensusKey,
    pub signature: ConsensusSignature,
}

#[derive(Encode, Decode)]
pub enum Part {
    Head(Head),
    Body(Blob),
}

#[derive(Encode, Decode)]
pub struct Stream {
    pub stream_id: Blob,
    pub sequence: u64,
    /// `None` ends the stream.
    pub content: Option<Part>,
}

#[derive(Encode, Decode)]
pub enum SignedMessage {
    Vote(consensus::Vote, ConsensusSignature),
    Proposal(consensus::Proposal, ConsensusSignature),
}

#[derive(Encode, Decode)]
pub struct KeyedSignature {
    pub key: ConsensusKey,
    pub signature: ConsensusSignature,
}

#[derive(Encode, Decode)]
pub struct PolkaCertificate {
    pub height: BlockNumber,
    pub round: u32,
    pub block_hash: Hash,
    pub signatures: Vec<KeyedSignature>,
}

#[derive(Encode, Decode)]
pub struct RoundSignature {
    pub kind: VoteKind,
    pub block_hash: Option<Hash>,
    pub by: KeyedSignature,
}

#[derive(Encode, Decode)]
pub struct RoundCertificate {
    pub height: BlockNumber,
    pub round: u32,
    /// Whether the round was skipped, as against left after precommits for nothing.
    pub skipped: bool,
    pub signatures: Vec<RoundSignature>,
}

#[derive(Encode, Decode)]
pub enum Liveness {
    Vote(consensus::Vote, ConsensusSignature),
    Polka(PolkaCertificate),
    SkipRound(RoundCertificate),
}

#[derive(Encode, Decode)]
pub struct ValidatorProof {
    pub key: Blob,
    pub peer_id: Blob,
    pub signature: ConsensusSignature,
}

#[derive(Encode, Decode)]
pub struct ProposedValue {
    pub height: BlockNumber,
    pub round: Option<u32>,
    pub valid_round: Option<u32>,
    pub proposer: ConsensusKey,
    pub block_hash: Hash,
    pub valid: bool,
}

#[derive(Encode, Decode)]
pub struct Status {
    pub peer_id: Blob,
    pub tip: BlockNumber,
    pub oldest: BlockNumber,
}

#[derive(Encode, Decode)]
pub enum Request {
    Blocks {
        first: BlockNumber,
        last: BlockNumber,
    },
}

#[derive(Encode, Decode)]
pub struct DecidedBlock {
    pub block: Blob,
    pub certificate: CommitCertificate,
}

#[derive(Encode, Decode)]
pub enum Response {
    Blocks {
        first: BlockNumber,
        blocks: Vec<DecidedBlock>,
    },
}
