//! Trusted time: what the chain keeps of tokens by which authorities state when they had a block.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{time::Moment, BlockNumber, Hash, MemberId, StampId};

/// An authority's token over the hash of a block. The token itself is in the transaction that
/// brought it.
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
pub struct Stamp {
    /// The member whose token it is.
    pub authority: MemberId,
    /// Which of the member's certificates it was verified by.
    pub certificates: u32,
    /// The block whose hash is stamped.
    pub block: BlockNumber,
    /// The time in the token, in milliseconds since 1970.
    pub time: Moment,
    /// By how many milliseconds the time may be wrong at most, if the authority says.
    pub accuracy_ms: Option<u64>,
    /// Blake2b-256 of the token.
    pub token: Hash,
    /// Size of the token in bytes.
    pub token_bytes: u32,
    /// The block that holds the transaction with the token.
    pub recorded_in: BlockNumber,
    /// The place of the transaction in that block.
    pub extrinsic: u32,
}

/// The tokens that tell best when a block was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct StampsAround {
    /// Made before the block was: the token itself is in the block, or in one that the block
    /// follows.
    pub before: Option<(StampId, Stamp)>,
    /// Made after the block was: the token is over the block's hash, or over that of one that
    /// follows it.
    pub after: Option<(StampId, Stamp)>,
}
