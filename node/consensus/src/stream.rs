//! Blocks as streams of parts: cutting on the proposer's side, bounded assembly on the others'.
//!
//! Gossip delivers parts in any order and more than once. The head is signed by the proposer and
//! names the block's hash, which the assembled bytes must have; so a part needs no signature of
//! its own. Streams are told apart by their publisher, whose name gossip authenticates: a peer can
//! spoil its own streams only.

use std::collections::{BTreeMap, VecDeque};

use arc_malachitebft_app::{
    streaming::{StreamContent, StreamId, StreamMessage},
    types::PeerId,
};
use bytes::{Bytes, BytesMut};
use tokio::time::Instant;
use xinglin_primitives::BLOCK_BYTES_MAX;

use crate::{
    codec::PART_BYTES_MAX,
    context::{Part, ProposalHead},
};

/// Most streams that one publisher may have open; the oldest gives way.
const STREAMS_PER_PUBLISHER_MAX: usize = 4;
/// Most publishers with open streams.
const PUBLISHERS_MAX: usize = 128;
/// Most parts of one stream: a full block and its head.
const PARTS_MAX: u64 = 1 + (BLOCK_BYTES_MAX as u64).div_ceil(PART_BYTES_MAX as u64);

/// Cuts an encoded block into the messages of one stream.
pub fn cut(id: StreamId, head: ProposalHead, block: &Bytes) -> Vec<StreamMessage<Part>> {
    let bodies = (0..block.len())
        .step_by(PART_BYTES_MAX)
        .map(|start| block.slice(start..block.len().min(start + PART_BYTES_MAX)))
        .map(Part::Body);
    std::iter::once(Part::Head(head))
        .chain(bodies)
        .zip(0u64..)
        .map(|(part, sequence)| StreamMessage::new(id.clone(), sequence, StreamContent::Data(part)))
        .collect()
}

/// A complete stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The head, whose signature is not verified yet.
    pub head: ProposalHead,
    /// The bytes, whose hash is not verified yet.
    pub block: Bytes,
    /// When the first part came.
    pub began: Instant,
}

#[derive(Debug)]
struct Stream {
    began: Instant,
    head: Option<ProposalHead>,
    bodies: BTreeMap<u64, Bytes>,
    bytes: usize,
}

impl Stream {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            head: None,
            bodies: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Takes a part; `false` if the stream cannot become a block any more.
    fn take(&mut self, sequence: u64, part: Part) -> bool {
        match part {
            Part::Head(head) => {
                if sequence != 0 || head.block_bytes > BLOCK_BYTES_MAX {
                    return false;
                }
                self.head.get_or_insert(head);
            }
            Part::Body(bytes) => {
                if sequence == 0 || sequence >= PARTS_MAX || bytes.is_empty() {
                    return false;
                }
                if let std::collections::btree_map::Entry::Vacant(slot) =
                    self.bodies.entry(sequence)
                {
                    self.bytes += bytes.len();
                    slot.insert(bytes);
                }
            }
        }
        let limit = self
            .head
            .as_ref()
            .map_or(BLOCK_BYTES_MAX, |head| head.block_bytes);
        self.bytes <= limit as usize
    }

    fn is_complete(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| head.block_bytes as usize == self.bytes)
    }

    /// The block's bytes, or `None` if a part is missing in between.
    fn finish(self) -> Option<Assembled> {
        let head = self.head?;
        let mut block = BytesMut::with_capacity(self.bytes);
        for ((sequence, bytes), expected) in self.bodies.iter().zip(1u64..) {
            if *sequence != expected {
                return None;
            }
            block.extend_from_slice(bytes);
        }
        Some(Assembled {
            head,
            block: block.freeze(),
            began: self.began,
        })
    }
}

/// Open streams by publisher, oldest first.
#[derive(Debug, Default)]
pub struct Assembler {
    publishers: BTreeMap<PeerId, VecDeque<(StreamId, Stream)>>,
}

impl Assembler {
    /// Takes a message and returns the stream that it completes, if it does.
    pub fn take(&mut self, publisher: PeerId, message: StreamMessage<Part>) -> Option<Assembled> {
        let StreamContent::Data(part) = message.content else {
            return None;
        };
        if !self.publishers.contains_key(&publisher) && self.publishers.len() >= PUBLISHERS_MAX {
            self.publishers.pop_first();
        }
        let streams = self.publishers.entry(publisher).or_default();
        let position = match streams.iter().position(|(id, _)| *id == message.stream_id) {
            Some(position) => position,
            None => {
                if streams.len() >= STREAMS_PER_PUBLISHER_MAX {
                    streams.pop_front();
                }
                streams.push_back((message.stream_id, Stream::new()));
                streams.len() - 1
            }
        };
        let stream = &mut streams.get_mut(position)?.1;
        let viable = stream.take(message.sequence, part);
        if viable && !stream.is_complete() {
            return None;
        }
        let (_, stream) = streams.remove(position)?;
        if viable {
            stream.finish()
        } else {
            None
        }
    }

    /// Forgets streams of heights up to `height`.
    pub fn forget_through(&mut self, height: u32) {
        for streams in self.publishers.values_mut() {
            streams
                .retain(|(_, stream)| stream.head.as_ref().is_none_or(|head| head.height > height));
        }
        self.publishers.retain(|_, streams| !streams.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xinglin_primitives::{
        consensus::{ConsensusKey, ConsensusSignature},
        Hash,
    };

    fn head(bytes: usize) -> ProposalHead {
        ProposalHead {
            height: 1,
            round: 0,
            valid_round: None,
            block_hash: Hash::zero(),
            block_bytes: u32::try_from(bytes).unwrap(),
            proposer: ConsensusKey::from_raw([0; 32]),
            signature: ConsensusSignature::from_raw([0; 64]),
        }
    }

    fn messages(id: u8, bytes: usize) -> (Bytes, Vec<StreamMessage<Part>>) {
        let block: Bytes = (0..bytes).map(|n| n as u8).collect::<Vec<_>>().into();
        let id = StreamId::new(vec![id].into());
        (block.clone(), cut(id, head(bytes), &block))
    }

    fn peer(n: u8) -> PeerId {
        let key = arc_malachitebft_app::types::Keypair::ed25519_from_bytes([n; 32]).unwrap();
        crate::peers::peer_id(&key).unwrap()
    }

    #[test]
    fn a_block_arrives_whole_in_any_order_and_with_repeats() {
        for bytes in [1, PART_BYTES_MAX, PART_BYTES_MAX + 1, 3 * PART_BYTES_MAX] {
            let (block, mut parts) = messages(1, bytes);
            parts.reverse();
            let mut assembler = Assembler::default();
            let mut done = Vec::new();
            for part in parts.iter().flat_map(|part| [part.clone(), part.clone()]) {
                done.extend(assembler.take(peer(1), part));
            }
            assert_eq!(done.len(), 1);
            assert_eq!(done[0].block, block);
        }
    }

    #[test]
    fn publishers_do_not_touch_each_others_streams() {
        let (block, parts) = messages(1, 2 * PART_BYTES_MAX);
        let mut assembler = Assembler::default();
        let mut spoiled = parts[1].clone();
        spoiled.content = StreamContent::Data(Part::Body(vec![9; 10].into()));
        assert_eq!(assembler.take(peer(2), spoiled), None);
        let done: Vec<_> = parts
            .into_iter()
            .filter_map(|part| assembler.take(peer(1), part))
            .collect();
        assert_eq!(done[0].block, block);
    }

    #[test]
    fn what_cannot_become_a_block_is_dropped() {
        let (_, parts) = messages(1, 10);
        let mut assembler = Assembler::default();
        let mut oversized = parts[1].clone();
        oversized.content = StreamContent::Data(Part::Body(vec![0; 11].into()));
        assert_eq!(assembler.take(peer(1), parts[0].clone()), None);
        assert_eq!(assembler.take(peer(1), oversized), None);
        assert!(assembler.publishers[&peer(1)].is_empty());

        let beyond = StreamMessage::new(
            StreamId::new(Bytes::from_static(b"x")),
            PARTS_MAX,
            StreamContent::Data(Part::Body(vec![0; 1].into())),
        );
        assert_eq!(assembler.take(peer(1), beyond), None);
        assert!(assembler.publishers[&peer(1)].is_empty());
    }

    #[test]
    fn open_streams_are_bounded() {
        let mut assembler = Assembler::default();
        for id in 0..100 {
            let (_, parts) = messages(id, 2 * PART_BYTES_MAX);
            assert_eq!(assembler.take(peer(1), parts[0].clone()), None);
        }
        assert_eq!(
            assembler.publishers[&peer(1)].len(),
            STREAMS_PER_PUBLISHER_MAX
        );
        assembler.forget_through(1);
        assert!(assembler.publishers.is_empty());
    }
}
