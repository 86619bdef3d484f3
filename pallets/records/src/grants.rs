//! Grants: what a patient shares, with whom, for what and until when.
//!
//! The list of a patient's live grants is what access is decided by; the terms of every grant there
//! ever was are kept beside it. A grant that was passed on lives as long as the one it comes from:
//! both leave the list together.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedBTreeSet, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    time::{Moment, DAY_MS},
    AccessRequestId, GrantId, Hash, MemberId, PatientId, PractitionerId, RecordId,
};

use crate::{
    access::{Denial, Purpose},
    types::{ContentKind, Reader, Record, KINDS},
};

/// Most grants of one patient that are not over.
pub const GRANTS_MAX: u32 = 64;
/// Most grants of one patient to the same grantee that are not over. Bounds what a decision reads.
pub const GRANTS_TO_ONE_MAX: u32 = 8;
/// How often a grant can be passed on, from grantee to grantee.
pub const RESHARES_MAX: u32 = 3;
/// Longest grant, in milliseconds: five years.
pub const GRANT_MS_MAX: Moment = 5 * 366 * DAY_MS;

/// Kinds of records.
pub type Kinds = BoundedBTreeSet<ContentKind, ConstU32<KINDS>>;

/// To whom a patient grants access.
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
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Grantee {
    /// One practitioner, at whichever member.
    Practitioner(PractitionerId),
    /// A member of any kind: its own accounts.
    Member(MemberId),
}

impl<AccountId> From<Grantee> for Reader<AccountId> {
    fn from(grantee: Grantee) -> Self {
        match grantee {
            Grantee::Practitioner(practitioner) => Self::Practitioner(practitioner),
            Grantee::Member(member) => Self::Member(member),
        }
    }
}

/// What a grant covers.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Covered {
    /// One record, with all its versions.
    Record(RecordId),
    /// All records of some kinds that were first written in a period, also those still to come.
    History {
        /// The kinds; at least one.
        kinds: Kinds,
        /// The beginning of the period, inclusively.
        from: Moment,
        /// The end of the period, exclusively.
        until: Moment,
    },
}

impl Covered {
    /// Whether a record of the patient is covered.
    pub fn covers(&self, id: RecordId, record: &Record) -> bool {
        match self {
            Self::Record(covered) => *covered == id,
            Self::History { kinds, from, until } => {
                kinds.contains(&record.kind) && (*from..*until).contains(&record.written_at)
            }
        }
    }
}

/// The terms of a grant.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Terms {
    /// What is shared.
    pub what: Covered,
    /// With whom.
    pub grantee: Grantee,
    /// For what.
    pub purpose: Purpose,
    /// The instant from which it can be read.
    pub from: Moment,
    /// The instant from which it can no longer be read; at most [`GRANT_MS_MAX`] ahead.
    pub until: Moment,
    /// Whether the grantee may pass it on, no wider and no longer.
    pub may_reshare: bool,
}

impl Terms {
    /// Whether reading for a purpose at `now` is within these terms. Without a purpose, any is.
    pub fn admits(&self, purpose: Option<Purpose>, now: Moment) -> Result<(), Denial> {
        if now >= self.until {
            Err(Denial::Expired)
        } else if now < self.from {
            Err(Denial::NotYet)
        } else if purpose.is_some_and(|purpose| purpose != self.purpose) {
            Err(Denial::OtherPurpose)
        } else {
            Ok(())
        }
    }
}

/// Why a grant ended before its time.
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
pub enum EndOfGrant {
    /// The patient, or who passed it on, revoked it.
    Revoked,
    /// The grant that it was passed on from ended.
    SourceEnded,
    /// The visit that it was for is over or off.
    VisitEnded,
    /// The record was erased.
    RecordErased,
}

/// Where a grant comes from, if not from the patient of her own accord.
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
pub enum Source {
    /// The patient shared it.
    Shared,
    /// The patient shared it for a visit, under this token.
    ForVisit(Hash),
    /// The patient accepted this request.
    Requested(AccessRequestId),
    /// The grantee of this grant passed it on.
    PassedOn(GrantId),
}

/// A grant, for ever. It is in force while its patient's list has it and its time is not over.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Grant {
    /// Whose records it is about.
    pub patient: PatientId,
    /// Its terms.
    pub terms: Terms,
    /// Where it comes from.
    pub source: Source,
    /// When it was given.
    pub given_at: Moment,
    /// When and why it ended before its time.
    pub ended: Option<(Moment, EndOfGrant)>,
}

/// The line of a grant in the list of its patient.
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
pub struct LiveGrant {
    /// The grant.
    pub id: GrantId,
    /// To whom.
    pub grantee: Grantee,
    /// Its end.
    pub until: Moment,
    /// Where it comes from.
    pub source: Source,
}

impl LiveGrant {
    /// Whether it was passed on by the grantee of `source`.
    pub fn is_passed_on_from(&self, source: GrantId) -> bool {
        self.source == Source::PassedOn(source)
    }
}

/// The grants of a patient that nothing has ended, oldest first. Some may be over by time; they are
/// cleared away when the next one is given.
pub type LiveGrantsOf = BoundedVec<LiveGrant, ConstU32<GRANTS_MAX>>;
