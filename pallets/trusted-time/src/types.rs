//! What the pallet stores and what its calls carry.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use xinglin_primitives::{time::Moment, BlockNumber, Hash, InOrder, MemberId, StampId};

/// Largest token, in bytes.
pub const TOKEN_BYTES_MAX: u32 = xinglin_timestamps::TOKEN_BYTES_MAX as u32;
/// Largest certificate, in bytes.
pub const CERTIFICATE_BYTES_MAX: u32 = xinglin_timestamps::CERTIFICATE_BYTES_MAX as u32;
/// Most certificates from that of a service to one that is trusted.
pub const CHAIN_MAX: u32 = xinglin_timestamps::CHAIN_MAX as u32;
/// Most services of a member whose certificates are registered at a time.
pub const SERVICES_MAX: u32 = 8;
/// Most that the time of a token may be wrong by, in milliseconds. One that says less than this
/// says too little.
pub const ACCURACY_MS_MAX: Moment = 60_000;

/// A token in DER. It travels in the transaction and stays in the block; the state keeps its hash.
pub type Token = BoundedVec<u8, ConstU32<TOKEN_BYTES_MAX>>;
/// A certificate in DER.
pub type Certificate = BoundedVec<u8, ConstU32<CERTIFICATE_BYTES_MAX>>;
/// The certificates of a service, its own first, each issued by the next.
pub type Chain = BoundedVec<Certificate, ConstU32<CHAIN_MAX>>;

/// A member that has blocks stamped.
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
pub struct Authority {
    /// The numbers of its certificates by which tokens are accepted, in the order in which they
    /// were registered.
    pub in_force: BoundedVec<u32, ConstU32<SERVICES_MAX>>,
    /// The number that its next certificates get.
    pub next: u32,
    /// Its last token.
    pub last: Option<StampId>,
}

/// Certificates that were registered.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Registered {
    /// The certificates.
    pub certificates: Chain,
    /// SHA-256 of the service's key in its DER form.
    pub key: Hash,
    /// When they were registered.
    pub registered_at: Moment,
    /// When they were withdrawn, if they were.
    pub withdrawn_at: Option<Moment>,
}

/// A token as a key of which the bytes are in the order of the blocks that tokens are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct StampKey {
    block: InOrder,
    authority: InOrder,
}

impl StampKey {
    /// The key of a member's token over a block: it has only one.
    pub fn new(block: BlockNumber, authority: MemberId) -> Self {
        Self {
            block: u64::from(block).into(),
            authority: authority.into(),
        }
    }

    /// A key behind those of all tokens over a block, and before those over the next.
    pub fn behind(block: BlockNumber) -> Self {
        Self {
            block: u64::from(block).into(),
            authority: u64::MAX.into(),
        }
    }
}
