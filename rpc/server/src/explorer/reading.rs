//! What the blocks say at the positions that the index gives.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;
use xinglin_core::{Explorer, Extrinsic, Position};
use xinglin_decoding::{DecodedBlock, DecodedEvent, DecodedExtrinsic, Outcome as Decoded, Schema};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, BlockNumber, Hash};
use xinglin_rpc_api::{
    explorer::{Activity, EventView, OperationView, Outcome},
    time::Time,
};

use super::error::ExplorerApiError;
use crate::node::Node;

/// Bytes of JSON after which a page ends, so that the answer stays below what the server sends.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Reads blocks in the names of one schema.
pub(super) struct Reader<'a> {
    pub(super) node: &'a Node,
    pub(super) explorer: &'a dyn Explorer,
    pub(super) schema: Arc<Schema>,
}

/// What was read of a page: fewer than were wanted if they are large.
pub(super) struct Read<T> {
    pub(super) items: Vec<T>,
    /// The position of the last, if others were left.
    pub(super) cut: Option<Position>,
}

/// Items until they are too large together.
struct Filling<T> {
    items: Vec<T>,
    bytes: usize,
    last: Option<Position>,
}

impl<T: Serialize> Filling<T> {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            last: None,
        }
    }

    fn is_full(&self) -> bool {
        self.bytes >= PAGE_BYTES_MAX
    }

    fn push(&mut self, position: Position, item: T) {
        self.bytes += serde_json::to_vec(&item).map_or(0, |json| json.len());
        self.items.push(item);
        self.last = Some(position);
    }

    fn finish(self, wanted: usize) -> Read<T> {
        let is_cut = self.items.len() < wanted;
        Read {
            items: self.items,
            cut: self.last.filter(|_| is_cut),
        }
    }
}

impl Reader<'_> {
    /// The operations at these positions, of which those of one block stand together.
    pub(super) fn operations(
        &self,
        positions: &[Position],
    ) -> Result<Read<OperationView>, ExplorerApiError> {
        let mut page = Filling::new();
        for group in positions.chunk_by(|one, next| one.block == next.block) {
            let number = group[0].block;
            let (body, encoded) = self.parts(number)?;
            let wanted: BTreeSet<u32> = group.iter().map(|position| position.index).collect();
            let block = self.operations_of(number, (&body, &encoded), &wanted)?;
            for position in group {
                let mut extrinsics = block.extrinsics.iter();
                let extrinsic = extrinsics.find(|one| one.index == position.index);
                let extrinsic = extrinsic.ok_or(ExplorerApiError::missing(number))?;
                page.push(*position, operation_view(number, time(&block), extrinsic));
                if page.is_full() {
                    return Ok(page.finish(positions.len()));
                }
            }
        }
        Ok(page.finish(positions.len()))
    }

    /// The events at these positions, of which those of one block stand together.
    pub(super) fn events(
        &self,
        positions: &[Position],
    ) -> Result<Read<EventView>, ExplorerApiError> {
        let mut page = Filling::new();
        for group in positions.chunk_by(|one, next| one.block == next.block) {
            let number = group[0].block;
            let (body, encoded) = self.parts(number)?;
            let wanted: BTreeSet<u32> = group.iter().map(|position| position.index).collect();
            let read = self.schema.events_of(&body, &encoded, &wanted);
            let block = read.map_err(|error| ExplorerApiError::undecodable(number, &error))?;
            for position in group {
                let mut events = block.events.iter();
                let event = events.find(|event| event.index == position.index);
                let event = event.ok_or(ExplorerApiError::missing(number))?;
                page.push(*position, event_view((number, time(&block)), &body, event));
                if page.is_full() {
                    return Ok(page.finish(positions.len()));
                }
            }
        }
        Ok(page.finish(positions.len()))
    }

    /// The names of the events at these positions.
    pub(super) fn activity(
        &self,
        positions: &[Position],
    ) -> Result<Vec<Activity>, ExplorerApiError> {
        let mut activity = Vec::with_capacity(positions.len());
        for group in positions.chunk_by(|one, next| one.block == next.block) {
            let number = group[0].block;
            let (body, encoded) = self.parts(number)?;
            let outline = self.schema.outline(&body, &encoded);
            let outline = outline.map_err(|error| ExplorerApiError::undecodable(number, &error))?;
            for position in group {
                let index = usize::try_from(position.index).ok();
                let event = index.and_then(|index| outline.events.get(index));
                let event = event.ok_or(ExplorerApiError::missing(number))?;
                activity.push(Activity {
                    block: number,
                    index: position.index,
                    time: Time(outline.time_ms.unwrap_or_default()),
                    pallet: event.event.pallet.to_owned(),
                    event: event.event.name.to_owned(),
                });
            }
        }
        Ok(activity)
    }

    /// One operation with its events.
    pub(super) fn details(
        &self,
        at: Position,
    ) -> Result<(OperationView, Vec<EventView>), ExplorerApiError> {
        let (body, encoded) = self.parts(at.block)?;
        let block = self.operations_of(at.block, (&body, &encoded), &[at.index].into())?;
        let extrinsic = block.extrinsics.first();
        let extrinsic = extrinsic.ok_or(ExplorerApiError::missing(at.block))?;
        let operation = operation_view(at.block, time(&block), extrinsic);
        let events = block.events.iter();
        let events = events.map(|event| event_view((at.block, time(&block)), &body, event));
        Ok((operation, events.collect()))
    }

    /// Those of some operations that an account signed, by their hashes.
    pub(super) fn signed_by(
        &self,
        account: &AccountId,
        operations: &BTreeSet<Hash>,
    ) -> Result<BTreeSet<Hash>, ExplorerApiError> {
        let mut wanted: BTreeMap<BlockNumber, BTreeSet<u32>> = BTreeMap::new();
        for hash in operations {
            if let Some(at) = self.node.chain.locate(hash)? {
                wanted.entry(at.number).or_default().insert(at.index);
            }
        }
        let mut signed = BTreeSet::new();
        for (number, indexes) in wanted {
            let (body, _) = self.parts(number)?;
            let block = self.operations_of(number, (&body, &[]), &indexes)?;
            let own = block.extrinsics.iter();
            let own = own.filter(|it| it.signer.as_ref() == Some(account));
            signed.extend(own.map(|it| it.hash));
        }
        Ok(signed)
    }

    /// Some transactions of a block, with their events.
    fn operations_of(
        &self,
        number: BlockNumber,
        (body, encoded): (&[Extrinsic], &[u8]),
        wanted: &BTreeSet<u32>,
    ) -> Result<DecodedBlock, ExplorerApiError> {
        self.schema
            .operations_of(body, encoded, wanted)
            .map_err(|error| ExplorerApiError::undecodable(number, &error))
    }

    /// The transactions of an indexed block and its encoded events.
    pub(super) fn parts(
        &self,
        number: BlockNumber,
    ) -> Result<(Vec<Extrinsic>, Vec<u8>), ExplorerApiError> {
        let missing = || ExplorerApiError::missing(number);
        let hash: Hash = self.node.chain.hash_at(number)?.ok_or_else(missing)?;
        let body = self.node.chain.body(&hash)?.ok_or_else(missing)?;
        let events = self.explorer.encoded_events(number)?;
        Ok((body, events.ok_or_else(missing)?))
    }
}

fn time(block: &DecodedBlock) -> Time {
    Time(block.time_ms.unwrap_or_default())
}

fn operation_view(block: BlockNumber, time: Time, extrinsic: &DecodedExtrinsic) -> OperationView {
    let wrapped = extrinsic.wrapped.iter();
    let (outcome, error) = match &extrinsic.outcome {
        Decoded::Success => (Outcome::Success, None),
        Decoded::Error { pallet, error } => {
            let name = pallet
                .as_ref()
                .map_or_else(|| error.clone(), |pallet| format!("{pallet}.{error}"));
            (Outcome::Error, Some(name))
        }
    };
    OperationView {
        hash: extrinsic.hash,
        block,
        index: extrinsic.index,
        time,
        signer: extrinsic.signer.clone(),
        pallet: extrinsic.pallet.clone(),
        call: extrinsic.call.clone(),
        wrapped: wrapped
            .map(|(pallet, call)| format!("{pallet}.{call}"))
            .collect(),
        arguments: extrinsic.arguments.clone(),
        outcome,
        error,
        entities: extrinsic.entities.iter().copied().collect(),
        in_part: false,
    }
}

fn event_view(
    (block, time): (BlockNumber, Time),
    body: &[Extrinsic],
    event: &DecodedEvent,
) -> EventView {
    let index = event
        .extrinsic
        .and_then(|index| usize::try_from(index).ok());
    let extrinsic = index.and_then(|index| body.get(index));
    EventView {
        block,
        index: event.index,
        time,
        operation: extrinsic.map(|bytes| extrinsic_hash(bytes)),
        pallet: event.pallet.clone(),
        event: event.event.clone(),
        fields: event.fields.clone(),
        entities: event.entities.iter().copied().collect(),
        in_part: false,
    }
}
