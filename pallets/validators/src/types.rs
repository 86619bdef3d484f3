//! What the pallet stores, and the bounds of it.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use xinglin_primitives::{
    consensus::{ConsensusKey, Equivocation, Offence, Validator, VoteKind, VALIDATORS_MAX},
    BlockNumber, MemberId,
};

/// Longest peer id, in bytes of its binary form.
pub const PEER_ID_BYTES_MAX: u32 = 64;
/// Longest address, in bytes of its binary form.
pub const ADDRESS_BYTES_MAX: u32 = 128;
/// Most addresses of one node.
pub const ADDRESSES_MAX: u32 = 8;
/// Most nodes of one member.
pub const NODES_MAX: u32 = 8;
/// Most offences recorded of one member before the council has dealt with them.
pub const OFFENCES_MAX: u32 = 16;

/// A libp2p peer id in its binary form: a multihash.
pub type PeerId = BoundedVec<u8, ConstU32<PEER_ID_BYTES_MAX>>;
/// A multiaddress in its binary form.
pub type Address = BoundedVec<u8, ConstU32<ADDRESS_BYTES_MAX>>;
/// Where a node can be reached.
pub type Addresses = BoundedVec<Address, ConstU32<ADDRESSES_MAX>>;
/// A set of validators, ordered by member.
pub type Set = BoundedVec<Validator, ConstU32<VALIDATORS_MAX>>;

/// A node that may connect to those of the other members.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Node {
    /// Whose it is.
    pub member: MemberId,
    /// Where it can be reached; none for a node that only dials.
    pub addresses: Addresses,
}

/// A validator that a member is ready to run.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Candidate {
    /// Its consensus key, whose possession was proven.
    pub key: ConsensusKey,
    /// The registered node on which it runs.
    pub peer: PeerId,
}

/// One validator set of the chain's history.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct HistoricalSet {
    /// The first height that it decides. Its digest is in the header of the block before.
    pub from: BlockNumber,
    /// The validators.
    pub validators: Set,
}

/// What a member's validator has done.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Production {
    /// How many blocks it has authored.
    pub blocks: u64,
    /// The last block that it authored with its present key; at genesis it counts as seen.
    pub last: Option<BlockNumber>,
}

/// What was signed twice.
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
)]
pub enum OffenceKind {
    /// Two prevotes.
    Prevotes,
    /// Two precommits.
    Precommits,
    /// Two proposals.
    Proposals,
}

/// What tells one offence from another.
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
)]
pub struct OffenceId {
    /// The key that signed twice.
    pub key: ConsensusKey,
    /// At which height.
    pub height: BlockNumber,
    /// In which round.
    pub round: u32,
    /// What.
    pub kind: OffenceKind,
}

impl From<&Equivocation> for OffenceId {
    fn from(equivocation: &Equivocation) -> Self {
        let (round, kind) = match &equivocation.offence {
            Offence::Votes(votes) => {
                let vote = &votes[0].0;
                let kind = match vote.kind {
                    VoteKind::Prevote => OffenceKind::Prevotes,
                    VoteKind::Precommit => OffenceKind::Precommits,
                };
                (vote.round, kind)
            }
            Offence::Proposals(proposals) => (proposals[0].0.round, OffenceKind::Proposals),
        };
        Self {
            key: equivocation.key,
            height: equivocation.height(),
            round,
            kind,
        }
    }
}

/// The offences of a member's validators. The evidence itself is in the blocks that recorded them.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct OffenceRecord {
    /// Recorded offences, in the order of their reports.
    pub offences: BoundedVec<OffenceId, ConstU32<OFFENCES_MAX>>,
    /// The block in which the council last cleared the record. What happened up to it is settled.
    pub cleared: BlockNumber,
}

/// Whether bytes have the form of a peer id: a multihash, code and length before the digest. Peers
/// use two of them: the key itself where it is short, else its SHA-256.
pub fn is_peer_id(bytes: &[u8]) -> bool {
    const IDENTITY: u8 = 0x00;
    const SHA2_256: u8 = 0x12;
    match bytes {
        [IDENTITY, length, digest @ ..] => {
            !digest.is_empty() && usize::from(*length) == digest.len()
        }
        [SHA2_256, 32, digest @ ..] => digest.len() == 32,
        _ => false,
    }
}
