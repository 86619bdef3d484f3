//! The lists that a search goes through.

use xinglin_core::{Order, StoreError};
use xinglin_primitives::BlockNumber;
use xinglin_storage::{after_prefix, Cursor, OrderedDatabase};

use super::{Sought, Way};
use crate::{
    index::Index,
    keys::{point_of, push_point, Point, Term, POSTINGS},
    row::Row,
};

/// Positions in order that one condition lets through.
pub(crate) enum Lane<'a> {
    /// Those of one list.
    List(List<'a>),
    /// Those of any of several lists.
    Any(Vec<List<'a>>),
    /// Those that are not in a list of transactions. It knows nothing of which there are.
    Except(List<'a>),
    /// All.
    All(All),
}

impl<'a> Lane<'a> {
    /// The positions that have one of these terms, all of the same kind.
    pub(crate) fn of(database: &'a OrderedDatabase, terms: impl Iterator<Item = Term>) -> Self {
        let mut lists: Vec<_> = terms.map(|term| List::new(database, &term)).collect();
        match (lists.pop(), lists.is_empty()) {
            (Some(only), true) => Self::List(only),
            (Some(last), false) => {
                lists.push(last);
                Self::Any(lists)
            }
            (None, _) => Self::Any(lists),
        }
    }

    /// The positions that do not have a term of transactions.
    pub(crate) fn except(database: &'a OrderedDatabase, term: &Term) -> Self {
        Self::Except(List::new(database, term))
    }

    /// Whether its positions tell an event, and not just a transaction.
    pub(super) fn tells_events(&self, way: Way) -> bool {
        way.sought == Sought::Events
            && match self {
                Self::List(list) => list.has_events,
                Self::Any(lists) => lists.iter().all(|list| list.has_events),
                Self::Except(_) => false,
                Self::All(_) => true,
            }
    }

    /// The lane's first position at `target` or after it on the way. Targets only ever advance.
    pub(super) fn seek(
        &mut self,
        index: &Index,
        way: Way,
        target: Point,
        steps: &mut u32,
    ) -> Result<Option<Point>, StoreError> {
        match self {
            Self::List(list) => list.seek(way, target, steps),
            Self::Any(lists) => {
                let mut nearest = None;
                for list in lists {
                    let point = list.seek(way, target, steps)?;
                    nearest = match (nearest, point) {
                        (Some(nearest), Some(point)) if !way.is_before(point, nearest) => {
                            Some(nearest)
                        }
                        (nearest, None) => nearest,
                        (_, point) => point,
                    };
                }
                Ok(nearest)
            }
            Self::Except(list) => match list.seek(way, target, steps)? {
                Some(point) if point.shares_slot(target) => Ok(way.next_slot(target)),
                _ => Ok(Some(target)),
            },
            Self::All(all) => all.seek(index, way, target, steps),
        }
    }
}

/// One list of the index.
pub(crate) struct List<'a> {
    cursor: Cursor<'a>,
    prefix: Vec<u8>,
    has_events: bool,
    at: Place,
}

/// Where a cursor is.
#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    At(Point),
    Ended,
}

impl<'a> List<'a> {
    fn new(database: &'a OrderedDatabase, term: &Term) -> Self {
        let prefix = term.prefix();
        let upper = after_prefix(&prefix);
        Self {
            cursor: database.cursor(POSTINGS, &prefix, upper.as_deref()),
            prefix,
            has_events: term.is_of_events(),
            at: Place::Nowhere,
        }
    }

    fn seek(
        &mut self,
        way: Way,
        target: Point,
        steps: &mut u32,
    ) -> Result<Option<Point>, StoreError> {
        let has_events = self.has_events;
        let reached = |place: Place| match place {
            Place::Nowhere => None,
            // Without events, the whole of a transaction is one place.
            Place::At(point) if !has_events && point.shares_slot(target) => Some(Some(point)),
            Place::At(point) => (!way.is_before(point, target)).then_some(Some(point)),
            Place::Ended => Some(None),
        };
        if let Some(found) = reached(self.at) {
            return Ok(found);
        }
        // The next one is often the one: a step costs a fraction of a seek.
        if matches!(self.at, Place::At(_)) {
            *steps = steps.saturating_sub(1);
            match way.order {
                Order::Oldest => self.cursor.next(),
                Order::Newest => self.cursor.prev(),
            }
            self.at = self.place(way)?;
            if let Some(found) = reached(self.at) {
                return Ok(found);
            }
        }
        *steps = steps.saturating_sub(1);
        let mut key = self.prefix.clone();
        push_point(&mut key, target, self.has_events);
        match way.order {
            Order::Oldest => self.cursor.seek(&key),
            Order::Newest => self.cursor.seek_back(&key),
        }
        self.at = self.place(way)?;
        Ok(reached(self.at).flatten())
    }

    fn place(&self, way: Way) -> Result<Place, StoreError> {
        let Some((key, _)) = self.cursor.item()? else {
            return Ok(Place::Ended);
        };
        let position = key.get(self.prefix.len()..).unwrap_or_default();
        let point = point_of(position, way.event_at_start());
        let point = point.ok_or_else(|| {
            StoreError::Corrupt("a key of the index has no position at its end".to_owned())
        })?;
        // Where transactions are looked for, one is found wherever within it one comes from.
        let event = match way.sought {
            Sought::Extrinsics => way.event_at_start(),
            Sought::Events => point.event,
        };
        Ok(Place::At(Point { event, ..point }))
    }
}

/// All transactions or events, by the rows of the blocks.
#[derive(Default)]
pub(crate) struct All {
    /// The row looked at last.
    row: Option<(BlockNumber, Row)>,
}

impl All {
    /// If the block has none, the beginning of the next is as far as this looks.
    fn seek(
        &mut self,
        index: &Index,
        way: Way,
        target: Point,
        steps: &mut u32,
    ) -> Result<Option<Point>, StoreError> {
        let Some(row) = self.row(index, target.block, steps)? else {
            return Ok(None);
        };
        let found = match way.sought {
            Sought::Extrinsics => extrinsic_in(row, way, target),
            Sought::Events => event_in(row, way, target),
        };
        let next = || Some(way.start_of(way.next_block(target.block)?));
        Ok(found.or_else(next))
    }

    fn row(
        &mut self,
        index: &Index,
        block: BlockNumber,
        steps: &mut u32,
    ) -> Result<Option<&Row>, StoreError> {
        if self.row.as_ref().is_none_or(|(at, _)| *at != block) {
            *steps = steps.saturating_sub(1);
            self.row = index.row(block)?.map(|row| (block, row));
        }
        Ok(self.row.as_ref().map(|(_, row)| row))
    }
}

/// The first transaction of a block at `target` or after it.
fn extrinsic_in(row: &Row, way: Way, target: Point) -> Option<Point> {
    let slot = match way.order {
        Order::Oldest => Some(target.slot.max(1)).filter(|slot| *slot <= row.extrinsics()),
        Order::Newest => Some(target.slot.min(row.extrinsics())).filter(|slot| *slot >= 1),
    };
    Some(Point {
        slot: slot?,
        event: way.event_at_start(),
        ..target
    })
}

/// The first event of a block at `target` or after it.
fn event_in(row: &Row, way: Way, target: Point) -> Option<Point> {
    let (first, after) = (row.first_from(target.slot), row.first_after(target.slot));
    let event = match way.order {
        Order::Oldest => target.event.clamp(first, after),
        Order::Newest => target
            .event
            .saturating_add(1)
            .clamp(first, after)
            .checked_sub(1)?,
    };
    row.point(target.block, event)
}
