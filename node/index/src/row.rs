//! What is kept of each block: its time, and which of its events belong to which transaction.

use codec::{Compact, Decode, Encode};
use xinglin_core::StoreError;
use xinglin_decoding::Outline;
use xinglin_primitives::BlockNumber;

use crate::keys::{Point, SLOT_FIRST, SLOT_LAST};

/// A block in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// In milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// Index of the first event of each slot: before the transactions, of each of them, after them;
    /// and in the end the number of all events.
    starts: Vec<u32>,
}

/// As stored: numbers of events by slot.
#[derive(Encode, Decode)]
struct StoredRow {
    #[codec(compact)]
    time_ms: u64,
    events: Vec<Compact<u32>>,
}

/// Slots that are no transactions: the start and the end of a block.
const EDGES: usize = 2;

impl Row {
    /// Of a block that decodes. `None` if its events are not in the order of its transactions.
    pub(crate) fn of(outline: &Outline<'_>, time_ms: u64) -> Option<(Self, Vec<u32>)> {
        let slots = outline.extrinsics.len() + EDGES;
        let mut counts = vec![0u32; slots];
        let mut slots_of_events = Vec::with_capacity(outline.events.len());
        let mut last = 0;
        let mut is_begun = false;
        for event in &outline.events {
            let index = match event.extrinsic {
                Some(extrinsic) => {
                    is_begun = true;
                    extrinsic as usize + 1
                }
                None if is_begun => slots - 1,
                None => 0,
            };
            if index < last {
                return None;
            }
            last = index;
            *counts.get_mut(index)? += 1;
            slots_of_events.push(slot(index, slots));
        }
        Some((Self::new(time_ms, &counts), slots_of_events))
    }

    /// Of a block of which only the number of transactions is known.
    pub(crate) fn opaque(time_ms: u64, extrinsics: usize) -> Self {
        Self::new(time_ms, &vec![0; extrinsics + EDGES])
    }

    fn new(time_ms: u64, counts: &[u32]) -> Self {
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut sum = 0u32;
        starts.push(sum);
        for count in counts {
            sum = sum.saturating_add(*count);
            starts.push(sum);
        }
        Self { time_ms, starts }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let counts = self
            .starts
            .windows(2)
            .map(|pair| Compact(pair[1] - pair[0]));
        let stored = StoredRow {
            time_ms: self.time_ms,
            events: counts.collect(),
        };
        stored.encode()
    }

    pub(crate) fn decode(number: BlockNumber, mut bytes: &[u8]) -> Result<Self, StoreError> {
        match StoredRow::decode(&mut bytes) {
            Ok(stored) if stored.events.len() >= EDGES => {
                let counts: Vec<_> = stored.events.iter().map(|count| count.0).collect();
                Ok(Self::new(stored.time_ms, &counts))
            }
            _ => Err(StoreError::Corrupt(format!(
                "the index's row of block {number} does not decode"
            ))),
        }
    }

    /// How many transactions the block has.
    pub(crate) fn extrinsics(&self) -> u32 {
        let slots = self.starts.len() - 1;
        u32::try_from(slots - EDGES).unwrap_or(u32::MAX)
    }

    /// How many events the block has.
    pub(crate) fn events(&self) -> u32 {
        self.starts.last().copied().unwrap_or_default()
    }

    /// Index of the first event that is in this slot or later.
    pub(crate) fn first_from(&self, slot: u32) -> u32 {
        let last = self.starts.len() - 2;
        self.starts[(slot as usize).min(last)]
    }

    /// Index of the first event that is in a later slot.
    pub(crate) fn first_after(&self, slot: u32) -> u32 {
        match slot.checked_add(1) {
            Some(next) => self.first_from(next),
            None => self.events(),
        }
    }

    /// The place of an event in a block that has it.
    pub(crate) fn point(&self, block: BlockNumber, event: u32) -> Option<Point> {
        if event >= self.events() {
            return None;
        }
        let slots = self.starts.len() - 1;
        let index = self.starts.partition_point(|start| *start <= event) - 1;
        Some(Point {
            block,
            slot: slot(index, slots),
            event,
        })
    }
}

/// The slot by its index in the row.
fn slot(index: usize, slots: usize) -> u32 {
    if index + 1 == slots {
        SLOT_LAST
    } else {
        u32::try_from(index).unwrap_or(SLOT_FIRST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_in_the_slots_of_their_transactions() {
        // Two before, none of the first transaction, three of the second, one after.
        let row = Row::new(5, &[2, 0, 3, 1]);
        assert_eq!(Row::decode(1, &row.encode()).unwrap(), row);
        assert_eq!((row.extrinsics(), row.events()), (2, 6));
        let slots: Vec<_> = (0..6)
            .map(|event| row.point(1, event).unwrap().slot)
            .collect();
        assert_eq!(slots, [0, 0, 2, 2, 2, SLOT_LAST]);
        assert_eq!(row.point(1, 6), None);
        let from: Vec<_> = [0, 1, 2, 3, SLOT_LAST]
            .map(|slot| row.first_from(slot))
            .into();
        assert_eq!(from, [0, 2, 2, 5, 5]);
        let after: Vec<_> = [0, 1, 2, 3, SLOT_LAST]
            .map(|slot| row.first_after(slot))
            .into();
        assert_eq!(after, [2, 2, 5, 5, 6]);
    }

    #[test]
    fn a_block_without_events_has_its_transactions() {
        let row = Row::opaque(7, 3);
        assert_eq!((row.extrinsics(), row.events()), (3, 0));
        assert!(Row::decode(1, &[0]).is_err());
    }
}
