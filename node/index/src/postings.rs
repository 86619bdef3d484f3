//! What a block adds to the lists.

use std::collections::BTreeSet;

use xinglin_core::StoreError;
use xinglin_decoding::{Name, Outline};
use xinglin_primitives::BlockNumber;

use crate::{
    keys::{slot_of_extrinsic, Point, Term, CALL_ITSELF},
    names::Kind,
};

/// The keys of all postings of a block, in order. `slots` are those of its events; `number_of` gives
/// the number of a name.
///
/// An entity that a call mentions is posted with its events, and by itself only if no event of the
/// call mentions it: one list then tells the transactions and the events.
pub(crate) fn postings(
    block: BlockNumber,
    outline: &Outline<'_>,
    slots: &[u32],
    mut number_of: impl FnMut(Kind, Name<'_>) -> Result<u16, StoreError>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut keys = Vec::new();
    let mut by_events = BTreeSet::new();
    for ((index, event), slot) in (0u32..).zip(&outline.events).zip(slots) {
        let point = Point {
            block,
            slot: *slot,
            event: index,
        };
        let name = number_of(Kind::Event, event.event)?;
        keys.push(Term::Event(name).key(point));
        for entity in &event.entities {
            by_events.insert((*slot, *entity));
            keys.push(Term::Entity(*entity).key(point));
        }
    }
    for (index, extrinsic) in (0u32..).zip(&outline.extrinsics) {
        let slot = slot_of_extrinsic(index);
        let point = Point {
            block,
            slot,
            event: CALL_ITSELF,
        };
        if let Some(signer) = &extrinsic.signer {
            keys.push(Term::Signer(signer.clone()).key(point));
        }
        for call in extrinsic.wrapped.iter().chain([&extrinsic.call]) {
            let name = number_of(Kind::Call, *call)?;
            keys.push(Term::Call(name).key(point));
        }
        if !extrinsic.succeeded {
            keys.push(Term::Refused.key(point));
        }
        for entity in &extrinsic.entities {
            if !by_events.contains(&(slot, *entity)) {
                keys.push(Term::Entity(*entity).key(point));
            }
        }
    }
    // In the order of keys a memtable takes them in faster; a call may come several times in a batch.
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
