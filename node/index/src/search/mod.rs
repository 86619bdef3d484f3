//! Finding what is in several lists at once.
//!
//! Each condition of a filter is a lane through the history ([`Lane`]): a list of positions in order,
//! of which the next one at or after any place is found by one seek. The search asks one lane after
//! the other for its next position from where it stands; whenever one is further, it goes there and
//! begins anew. So it skips what only the long lists have, in either direction, and where all agree
//! there is a result.

mod lanes;

use xinglin_core::{Order, StoreError};
use xinglin_primitives::BlockNumber;

use crate::{
    index::Index,
    keys::{Point, CALL_ITSELF, SLOT_FIRST, SLOT_LAST},
};
pub(crate) use lanes::Lane;

/// Steps, each a seek in one list, after which a page ends, however little was found. At some
/// microseconds each it bounds the time of a page.
pub const STEPS_PER_PAGE_MAX: u32 = 750;

/// Whether transactions or events are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sought {
    Extrinsics,
    Events,
}

/// A direction in which a history is gone through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) order: Order,
    pub(crate) sought: Sought,
    /// Whether only events of transactions are looked for, not those of a block's start and end.
    pub(crate) in_extrinsics: bool,
}

impl Way {
    /// Whether `a` comes before `b` on this way.
    pub(crate) fn is_before(self, a: Point, b: Point) -> bool {
        match self.order {
            Order::Oldest => a < b,
            Order::Newest => a > b,
        }
    }

    /// The event that stands for the beginning of a slot on this way.
    pub(crate) fn event_at_start(self) -> u32 {
        match self.order {
            Order::Oldest => 0,
            Order::Newest => u32::MAX,
        }
    }

    /// Where a block begins on this way.
    pub(crate) fn start_of(self, block: BlockNumber) -> Point {
        match self.order {
            Order::Oldest => Point::first_of(block),
            Order::Newest => Point::last_of(block),
        }
    }

    /// The next block on this way.
    pub(crate) fn next_block(self, block: BlockNumber) -> Option<BlockNumber> {
        match self.order {
            Order::Oldest => block.checked_add(1),
            Order::Newest => block.checked_sub(1),
        }
    }

    /// Where the next slot begins.
    pub(crate) fn next_slot(self, point: Point) -> Option<Point> {
        let slot = match self.order {
            Order::Oldest => point.slot.checked_add(1),
            Order::Newest => point.slot.checked_sub(1),
        };
        match slot {
            Some(slot) => Some(Point {
                slot,
                event: self.event_at_start(),
                ..point
            }),
            None => Some(self.start_of(self.next_block(point.block)?)),
        }
    }

    /// What comes right after.
    fn next(self, point: Point) -> Option<Point> {
        let event = match (self.sought, self.order) {
            (Sought::Extrinsics, _) => None,
            (Sought::Events, Order::Oldest) => point.event.checked_add(1),
            (Sought::Events, Order::Newest) => point.event.checked_sub(1),
        };
        match event {
            Some(event) => Some(Point { event, ..point }),
            None => self.next_slot(point),
        }
    }

    /// Whether a place where all lanes agree is a result.
    fn is_result(self, point: Point) -> bool {
        let is_in_extrinsic = point.slot != SLOT_FIRST && point.slot != SLOT_LAST;
        match self.sought {
            Sought::Extrinsics => is_in_extrinsic,
            Sought::Events => {
                point.event != CALL_ITSELF && (is_in_extrinsic || !self.in_extrinsics)
            }
        }
    }
}

/// The blocks to look at, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) from: BlockNumber,
    pub(crate) to: BlockNumber,
}

/// What was found of one page.
#[derive(Debug, Default)]
pub(crate) struct Finds {
    pub(crate) points: Vec<Point>,
    /// Where the search would go on, if its steps were used up: everything before it was looked at.
    pub(crate) unseen: Option<Point>,
}

/// Goes through the lanes from `start` on, until `limit` results are found.
pub(crate) fn search(
    index: &Index,
    way: Way,
    lanes: &mut [Lane<'_>],
    start: Point,
    range: Range,
    limit: usize,
) -> Result<Finds, StoreError> {
    let mut finds = Finds::default();
    let mut target = start;
    let mut steps = index.steps_per_page;
    while (range.from..=range.to).contains(&target.block) && finds.points.len() < limit {
        if steps == 0 {
            finds.unseen = Some(target);
            break;
        }
        let next = match agree(index, way, lanes, target, &mut steps)? {
            Agreement::None => None,
            Agreement::At(point) if point == target => {
                if way.is_result(target) {
                    finds.points.push(target);
                }
                way.next(target)
            }
            Agreement::At(point) => Some(point),
        };
        match next {
            Some(next) => target = next,
            None => break,
        }
    }
    Ok(finds)
}

/// What the lanes say to a place.
enum Agreement {
    /// All have it, or one has nothing before this one.
    At(Point),
    /// One has nothing from there on.
    None,
}

fn agree(
    index: &Index,
    way: Way,
    lanes: &mut [Lane<'_>],
    target: Point,
    steps: &mut u32,
) -> Result<Agreement, StoreError> {
    for lane in lanes {
        let Some(point) = lane.seek(index, way, target, steps)? else {
            return Ok(Agreement::None);
        };
        let has_it = match lane.tells_events(way) {
            true => point == target,
            false => point.shares_slot(target),
        };
        if !has_it {
            return Ok(Agreement::At(point));
        }
    }
    Ok(Agreement::At(target))
}
