//! Answers out of the index.

use std::collections::BTreeSet;

use xinglin_core::{
    Count, Explorer, ExplorerError, Filter, IndexProblem, IndexProgress, Order, Outcome, Owner,
    Page, Period, Position, StoreError,
};
use xinglin_primitives::{BlockNumber, Entity, MemberId};

use crate::{
    counts,
    index::{Extent, Index},
    keys::{slot_of_extrinsic, Point, Term, EVENTS},
    names::Kind,
    owners,
    row::Row,
    search::{search, Finds, Lane, Range, Sought, Way},
};

/// Entities that one filter may name.
pub const ENTITIES_MAX: usize = 8;
/// Results on one page.
pub const PAGE_MAX: u32 = 1_000;
/// Counts in one answer.
pub const COUNTS_MAX: u32 = 10_000;

impl Index {
    fn found(
        &self,
        filter: &Filter,
        (sought, order): (Sought, Order),
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ExplorerError> {
        check(filter, limit)?;
        let way = Way {
            order,
            sought,
            in_extrinsics: filter.outcome.is_some(),
        };
        // The lists are opened after it is known how far they are to go.
        let extent = self.ready(filter)?;
        let mut lanes = self.lanes(filter, way.sought)?;
        let Some(range) = self.range(filter, extent)? else {
            return Ok(Page::default());
        };
        let start = match after {
            None => None,
            Some(after) => {
                if !(extent.first.saturating_sub(1)..=extent.last).contains(&after.block) {
                    return Err(ExplorerError::Cursor(after.block));
                }
                let Some(start) = self.start_after(way, after)? else {
                    return Ok(Page::default());
                };
                Some(start)
            }
        };
        let bound = match way.order {
            Order::Oldest => way.start_of(range.from),
            Order::Newest => way.start_of(range.to),
        };
        let mut start = match start {
            Some(start) if way.is_before(bound, start) => start,
            _ => bound,
        };
        let limit = limit.min(PAGE_MAX) as usize;
        loop {
            let finds = search(self, way, &mut lanes, start, range, limit)?;
            let unseen = finds.unseen;
            let page = self.page(way, finds, limit)?;
            match unseen {
                // It has come further, yet to no other transaction or event: whoever goes on after
                // this page would begin where this one did.
                Some(unseen) if page.items.is_empty() && page.next == after => start = unseen,
                _ => return Ok(page),
            }
        }
    }

    /// The blocks that are indexed, if the filter can be answered from them.
    fn ready(&self, filter: &Filter) -> Result<Extent, ExplorerError> {
        let tip = self.chain.tip().map_or(0, |tip| tip.number);
        let behind = |indexed| ExplorerError::Behind { indexed, tip };
        let extent = self.extent().ok_or_else(|| behind(0))?;
        match filter.from_block {
            Some(from) if from > extent.last && from <= tip => Err(behind(extent.last)),
            _ => Ok(extent),
        }
    }

    /// The indexed blocks that the filter's bounds let through.
    fn range(&self, filter: &Filter, extent: Extent) -> Result<Option<Range>, StoreError> {
        let mut from = filter.from_block.unwrap_or(0).max(extent.first);
        let mut to = filter.to_block.unwrap_or(BlockNumber::MAX).min(extent.last);
        if let Some(from_ms) = filter.from_ms {
            match self.first_at(extent, from_ms)? {
                Some(block) => from = from.max(block),
                None => return Ok(None),
            }
        }
        if let Some(before_ms) = filter.before_ms {
            if let Some(block) = self.first_at(extent, before_ms)? {
                let Some(before) = block.checked_sub(1) else {
                    return Ok(None);
                };
                to = to.min(before);
            }
        }
        Ok((from <= to).then_some(Range { from, to }))
    }

    /// The first indexed block of this time or later.
    fn first_at(&self, extent: Extent, time_ms: u64) -> Result<Option<BlockNumber>, StoreError> {
        // Times are in order: it is in low..high, or it is high.
        let (mut low, mut high) = (extent.first, extent.last.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.row_of(middle)?.time_ms < time_ms {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok((low <= extent.last).then_some(low))
    }

    fn row_of(&self, block: BlockNumber) -> Result<Row, StoreError> {
        let missing = || StoreError::Corrupt(format!("block {block} is missing in the index"));
        self.row(block)?.ok_or_else(missing)
    }

    /// The lanes of a filter, those that are likely to be short first.
    fn lanes(&self, filter: &Filter, sought: Sought) -> Result<Vec<Lane<'_>>, ExplorerError> {
        let database = &self.database;
        let entities: BTreeSet<_> = filter.entities.iter().collect();
        let terms = entities.into_iter().map(|entity| Term::Entity(*entity));
        let terms = terms.chain(filter.signer.clone().map(Term::Signer));
        let mut lanes: Vec<_> = terms
            .map(|term| Lane::of(database, [term].into_iter()))
            .collect();
        if let Some(pallet) = &filter.pallet {
            let numbers = self.numbers(Kind::Call, pallet, filter.call.as_deref())?;
            lanes.push(Lane::of(database, numbers.into_iter().map(Term::Call)));
        }
        if let Some(pallet) = &filter.event_pallet {
            let numbers = self.numbers(Kind::Event, pallet, filter.event.as_deref())?;
            lanes.push(Lane::of(database, numbers.into_iter().map(Term::Event)));
        }
        if filter.outcome == Some(Outcome::Error) {
            lanes.push(Lane::of(database, [Term::Refused].into_iter()));
        }
        // The others say which there are not.
        let tells = match sought {
            Sought::Extrinsics => !lanes.is_empty(),
            Sought::Events => !filter.entities.is_empty() || filter.event_pallet.is_some(),
        };
        if !tells {
            lanes.push(Lane::All(Default::default()));
        }
        if filter.outcome == Some(Outcome::Success) {
            lanes.push(Lane::except(database, &Term::Refused));
        }
        Ok(lanes)
    }

    /// The numbers of a pallet's calls or events, or of one. A name that was never met finds nothing; one
    /// that there is not is refused.
    fn numbers(
        &self,
        kind: Kind,
        pallet: &str,
        name: Option<&str>,
    ) -> Result<Vec<u16>, ExplorerError> {
        let met = self.names.read().numbers(kind, pallet, name);
        let (what, exists) = match kind {
            Kind::Call => ("call", self.schema.has_call(pallet, name)),
            Kind::Event => ("event", self.schema.has_event(pallet, name)),
        };
        if met.is_empty() && !exists {
            let reason = match name {
                Some(name) => format!(
                    "there is no {what} {name:?} of a pallet {pallet:?}; \
                     names are those of the metadata, as in \"Appointments\" and \"book\""
                ),
                None => format!(
                    "there is no pallet {pallet:?} with a {what}; \
                     names are those of the metadata, as in \"Appointments\""
                ),
            };
            return Err(ExplorerError::Filter(reason));
        }
        Ok(met)
    }

    /// Where a search goes on after a position.
    fn start_after(&self, way: Way, after: Position) -> Result<Option<Point>, StoreError> {
        let block = after.block;
        let next_block = || Some(way.start_of(way.next_block(block)?));
        let index = match way.order {
            Order::Oldest => after.index.checked_add(1),
            Order::Newest => after.index.checked_sub(1),
        };
        let Some(index) = index else {
            return Ok(next_block());
        };
        if way.sought == Sought::Extrinsics {
            return Ok(Some(Point {
                block,
                slot: slot_of_extrinsic(index),
                event: way.event_at_start(),
            }));
        }
        let Some(row) = self.row(block)? else {
            return Ok(next_block());
        };
        Ok(match (row.point(block, index), way.order) {
            (Some(point), _) => Some(point),
            (None, Order::Oldest) => next_block(),
            (None, Order::Newest) => Some(way.start_of(block)),
        })
    }

    /// The position after which a search begins at `point`.
    fn position_before(&self, way: Way, point: Point) -> Result<Position, StoreError> {
        let block = point.block;
        let first = match way.sought {
            Sought::Extrinsics => match way.order {
                Order::Oldest => point.slot.saturating_sub(1),
                // One beyond, since what comes after it is below.
                Order::Newest => point.slot,
            },
            Sought::Events => {
                let row = self.row_of(block)?;
                let (first, after) = (row.first_from(point.slot), row.first_after(point.slot));
                match way.order {
                    Order::Oldest => point.event.clamp(first, after),
                    Order::Newest => point.event.saturating_add(1).clamp(first, after),
                }
            }
        };
        Ok(match way.order {
            Order::Newest => Position {
                block,
                index: first,
            },
            Order::Oldest => match first.checked_sub(1) {
                Some(index) => Position { block, index },
                None => Position {
                    block: block.saturating_sub(1),
                    index: u32::MAX,
                },
            },
        })
    }

    fn page(&self, way: Way, finds: Finds, limit: usize) -> Result<Page, ExplorerError> {
        let index = |point: Point| match way.sought {
            Sought::Extrinsics => point.slot.saturating_sub(1),
            Sought::Events => point.event,
        };
        let items: Vec<_> = finds
            .points
            .into_iter()
            .map(|point| Position {
                block: point.block,
                index: index(point),
            })
            .collect();
        let next = match finds.unseen {
            Some(point) => Some(self.position_before(way, point)?),
            None if items.len() == limit => items.last().copied(),
            None => None,
        };
        Ok(Page { items, next })
    }
}

/// Refuses what cannot be.
fn check(filter: &Filter, limit: u32) -> Result<(), ExplorerError> {
    let refuse = |reason: String| Err(ExplorerError::Filter(reason));
    if limit == 0 {
        return refuse(format!("a page of 0; ask for 1 to {PAGE_MAX}"));
    }
    if filter.entities.len() > ENTITIES_MAX {
        let count = filter.entities.len();
        return refuse(format!("{count} entities; name at most {ENTITIES_MAX}"));
    }
    if filter.call.is_some() && filter.pallet.is_none() {
        return refuse("a call without its pallet; give both".to_owned());
    }
    if filter.event.is_some() && filter.event_pallet.is_none() {
        return refuse("an event without its pallet; give both".to_owned());
    }
    if let (Some(from), Some(to)) = (filter.from_block, filter.to_block) {
        if from > to {
            return refuse(format!("block {from} is after block {to}; exchange them"));
        }
    }
    if let (Some(from), Some(before)) = (filter.from_ms, filter.before_ms) {
        if from >= before {
            return refuse(format!(
                "no time is from {from} ms on and before {before} ms; exchange them"
            ));
        }
    }
    Ok(())
}

impl Explorer for Index {
    fn progress(&self) -> IndexProgress {
        let tip = self.chain.tip().map_or(0, |tip| tip.number);
        let extent = self.extent();
        IndexProgress {
            first: extent.map_or(0, |extent| extent.first),
            last: extent.map_or(0, |extent| extent.last),
            tip,
        }
    }

    fn problem(&self) -> Option<IndexProblem> {
        self.problem.read().clone()
    }

    fn extrinsics(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ExplorerError> {
        self.found(filter, (Sought::Extrinsics, order), after, limit)
    }

    fn events(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ExplorerError> {
        self.found(filter, (Sought::Events, order), after, limit)
    }

    fn time_of(&self, block: BlockNumber) -> Result<Option<u64>, ExplorerError> {
        match self.extent() {
            Some(extent) if (extent.first..=extent.last).contains(&block) => {
                Ok(Some(self.row_of(block)?.time_ms))
            }
            _ => Ok(None),
        }
    }

    fn block_at(&self, time_ms: u64) -> Result<Option<BlockNumber>, ExplorerError> {
        match self.extent() {
            Some(extent) => Ok(self.first_at(extent, time_ms)?),
            None => Ok(None),
        }
    }

    fn encoded_events(&self, block: BlockNumber) -> Result<Option<Vec<u8>>, ExplorerError> {
        Ok(self.database.get(EVENTS, &block.to_be_bytes())?)
    }

    fn owner_of(&self, entity: Entity) -> Result<Owner, ExplorerError> {
        Ok(match entity {
            Entity::Patient(patient) => Owner::Patient(patient),
            thing if owners::is_owned(&thing) => {
                let belonging = owners::stored(&self.database, thing)?;
                belonging.map_or(Owner::Unknown, |it| Owner::Patient(it.patient))
            }
            _ => Owner::Nobody,
        })
    }

    fn counts(
        &self,
        period: Period,
        member: Option<MemberId>,
        from_ms: u64,
        before_ms: u64,
        limit: u32,
    ) -> Result<Vec<Count>, ExplorerError> {
        let names = self.names.read();
        let limit = limit.min(COUNTS_MAX) as usize;
        let range_ms = from_ms..before_ms;
        let database = &self.database;
        Ok(counts::read(
            database, &names, period, member, range_ms, limit,
        )?)
    }
}
