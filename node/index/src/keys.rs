//! How the index keeps what it keeps: spaces, keys, positions in keys.
//!
//! | space | key → value |
//! |---|---|
//! | `postings` | term, position → nothing |
//! | `blocks` | height → [`Row`](crate::row::Row) |
//! | `events` | height → the block's encoded events |
//! | `counts` | period, whose, start of the period, call → succeeded, failed |
//! | `names` | kind, number → pallet and name |
//! | `owners` | entity → [`Belonging`](crate::owners::Belonging) |
//! | `progress` | – → first and last block |
//!
//! Numbers in keys are big-endian, so that keys are in the order of the history.

use codec::Encode;
use xinglin_primitives::{AccountId, BlockNumber, Entity};
use xinglin_storage::Space;

/// Version of everything in this crate that is written. An index of another version is made anew.
pub(crate) const FORMAT_VERSION: u32 = 3;

pub(crate) const POSTINGS: &str = "postings";
pub(crate) const BLOCKS: &str = "blocks";
pub(crate) const EVENTS: &str = "events";
pub(crate) const COUNTS: &str = "counts";
pub(crate) const NAMES: &str = "names";
pub(crate) const OWNERS: &str = "owners";
pub(crate) const PROGRESS: &str = "progress";

/// All spaces of the index.
pub(crate) const SPACES: &[Space] = &[
    space(POSTINGS, false),
    space(BLOCKS, true),
    space(EVENTS, true),
    space(COUNTS, true),
    space(NAMES, false),
    space(OWNERS, true),
    space(PROGRESS, false),
];

const fn space(name: &'static str, is_looked_up: bool) -> Space {
    Space { name, is_looked_up }
}

/// Key of the progress mark.
pub(crate) const PROGRESS_KEY: &[u8] = b"progress";

/// The slot of what happened before the first transaction of a block.
pub(crate) const SLOT_FIRST: u32 = 0;
/// The slot of what happened after the last transaction of a block.
pub(crate) const SLOT_LAST: u32 = u32::MAX;
/// Stands for an event's index where the call itself mentions something that its events do not.
pub(crate) const CALL_ITSELF: u32 = u32::MAX;

/// A place in the history, finer than a transaction: transactions are in slots from 1 on, and events
/// in those of their transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) block: BlockNumber,
    pub(crate) slot: u32,
    /// Index among the block's events, or [`CALL_ITSELF`].
    pub(crate) event: u32,
}

impl Point {
    /// The first of a block.
    pub(crate) fn first_of(block: BlockNumber) -> Self {
        Self {
            block,
            slot: 0,
            event: 0,
        }
    }

    /// The last of a block.
    pub(crate) fn last_of(block: BlockNumber) -> Self {
        Self {
            block,
            slot: u32::MAX,
            event: u32::MAX,
        }
    }

    /// Whether both are in the same transaction.
    pub(crate) fn shares_slot(self, other: Self) -> bool {
        (self.block, self.slot) == (other.block, other.slot)
    }
}

/// The slot of a transaction by its index.
pub(crate) fn slot_of_extrinsic(index: u32) -> u32 {
    // A block has far fewer transactions.
    index.saturating_add(1)
}

/// What a posting list is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Term {
    /// Transactions that an account signed.
    Signer(AccountId),
    /// Transactions with a call, itself or wrapped, by the number of its name.
    Call(u16),
    /// Events, by the number of their name.
    Event(u16),
    /// Transactions that the rules refused.
    Refused,
    /// Calls and events that mention an entity.
    Entity(Entity),
}

/// Bytes of a position in a list of transactions.
const SLOT_BYTES: usize = 8;
/// Bytes of a position in a list of events.
const EVENT_BYTES: usize = 12;

impl Term {
    /// What all keys of the list begin with.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + 32 + EVENT_BYTES);
        match self {
            Self::Signer(account) => {
                key.push(1);
                key.extend_from_slice(account.as_ref());
            }
            Self::Call(name) => {
                key.push(2);
                key.extend_from_slice(&name.to_be_bytes());
            }
            Self::Event(name) => {
                key.push(3);
                key.extend_from_slice(&name.to_be_bytes());
            }
            Self::Refused => key.push(4),
            Self::Entity(entity) => {
                key.push(5);
                key.extend(entity_key(*entity));
            }
        }
        key
    }

    /// Whether its positions tell the event, too.
    pub(crate) fn is_of_events(&self) -> bool {
        matches!(self, Self::Event(_) | Self::Entity(_))
    }

    /// The key of one posting.
    pub(crate) fn key(&self, point: Point) -> Vec<u8> {
        let mut key = self.prefix();
        push_point(&mut key, point, self.is_of_events());
        key
    }
}

/// The number of an entity's kind; then the entity's own, which is not in order as encoded.
pub(crate) fn entity_key(entity: Entity) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + 8);
    entity.using_encoded(|encoded| key.extend(encoded.first()));
    key.extend_from_slice(&entity.number().to_be_bytes());
    key
}

/// Appends a position to the prefix of a list.
pub(crate) fn push_point(key: &mut Vec<u8>, point: Point, with_event: bool) {
    key.extend_from_slice(&point.block.to_be_bytes());
    key.extend_from_slice(&point.slot.to_be_bytes());
    if with_event {
        key.extend_from_slice(&point.event.to_be_bytes());
    }
}

/// The position at the end of a key, behind the prefix; `event` is that of a list without events.
pub(crate) fn point_of(position: &[u8], event: u32) -> Option<Point> {
    let number = |at: usize| -> Option<u32> {
        let bytes = position.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let event = match position.len() {
        SLOT_BYTES => event,
        EVENT_BYTES => number(SLOT_BYTES)?,
        _ => return None,
    };
    Some(Point {
        block: number(0)?,
        slot: number(4)?,
        event,
    })
}
