//! What the pallet stores and what its calls carry.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use xinglin_primitives::{
    glue::{Held, Subject},
    time::{Moment, DAY_MS},
    CaseId, DisclosureId, Hash, MemberId,
};

pub use xinglin_primitives::InOrder;

use crate::states::{CaseState, DisclosureState};

/// Most holds of one case.
pub const HOLDS_MAX: u32 = 16;
/// Most cases that hold the same.
pub const HOLDERS_MAX: u32 = 16;
/// Most requests of one case that are open at a time.
pub const REQUESTS_MAX: u32 = 32;
/// Largest envelope that a member discloses, in bytes. What is larger stays in the member's store;
/// the envelope then says where, and under which key.
pub const ENVELOPE_BYTES_MAX: u32 = 64 * 1024;
/// Longest time that a member is given, in milliseconds.
pub const TERM_MS_MAX: Moment = 366 * DAY_MS;

/// A sealed envelope. It travels in the transaction and stays in the block; the state keeps its
/// hash and size.
pub type Envelope = BoundedVec<u8, ConstU32<ENVELOPE_BYTES_MAX>>;

/// What a regulator says for the record: why it opens a case, what it found.
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
pub struct Statement {
    /// The legal basis, or the finding, in the regulator's published list.
    pub code: u16,
    /// Blake2b-256 of the document, which is not on the chain.
    pub digest: Hash,
}

/// What a case holds.
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
pub struct Hold {
    /// Whom or what.
    pub held: Held,
    /// Since when.
    pub since: Moment,
}

/// A regulator's case.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Case {
    /// Whose case it is.
    pub regulator: MemberId,
    /// What it is about.
    pub subject: Subject,
    /// The legal basis.
    pub basis: Statement,
    /// When it was opened.
    pub opened_at: Moment,
    /// What it holds, in the order in which it was held.
    pub holds: BoundedVec<Hold, ConstU32<HOLDS_MAX>>,
    /// Its requests that are open, in the order in which they were made.
    pub requests: BoundedVec<DisclosureId, ConstU32<REQUESTS_MAX>>,
    /// Whether it is open.
    pub state: CaseState,
}

/// A regulator's request that a member disclose something, and what became of it.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Disclosure {
    /// For which case.
    pub case: CaseId,
    /// Who is asked.
    pub member: MemberId,
    /// Blake2b-256 of the sealed text that says what is asked for.
    pub request: Hash,
    /// When it was asked for.
    pub requested_at: Moment,
    /// Until when it is to be disclosed, that instant included.
    pub due: Moment,
    /// What became of it.
    pub state: DisclosureState,
}

/// A case as a key of which the bytes are in the order of the ids, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct NewestFirst(InOrder);

impl NewestFirst {
    /// The case.
    pub fn id(self) -> CaseId {
        CaseId(u64::MAX - self.0.id())
    }
}

impl From<CaseId> for NewestFirst {
    fn from(id: CaseId) -> Self {
        Self((u64::MAX - id.0).into())
    }
}

/// How far the questions of a node are anchored.
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
pub struct Anchor {
    /// How many are, which is the number of the next one.
    pub count: u64,
    /// The digest of all of them.
    pub digest: Hash,
    /// When the last of them was answered, by the node's clock.
    pub until: Moment,
    /// When they were anchored last.
    pub at: Moment,
}

/// A request as a key of which the bytes are in the order of the due times, then of the ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ByDue {
    due: InOrder,
    id: InOrder,
}

impl ByDue {
    /// The key of a request.
    pub fn new(due: Moment, id: DisclosureId) -> Self {
        Self {
            due: due.into(),
            id: id.into(),
        }
    }

    /// When the request is due.
    pub fn due(self) -> Moment {
        self.due.id()
    }

    /// The request.
    pub fn id(self) -> DisclosureId {
        DisclosureId(self.id.id())
    }
}
