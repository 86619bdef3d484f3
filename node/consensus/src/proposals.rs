//! The proposals of the heights not yet committed: what was proposed, by whom, and what we think
//! of it.

use std::{collections::BTreeMap, sync::Arc};

use arc_malachitebft_app::{
    consensus::ProposedValue,
    types::core::{Round, Validity},
};
use xinglin_core::Block;
use xinglin_primitives::BlockNumber;

use crate::context::{Address, BlockId, Context, Height};

/// Most proposals remembered. A height that needs more rounds than this is decided by a later one.
const PROPOSALS_MAX: usize = 128;
/// Most blocks remembered; each may have 4 MiB.
const BLOCKS_MAX: usize = 16;

struct Known {
    height: BlockNumber,
    validity: Validity,
    block: Arc<Block>,
}

/// Proposals by round and blocks by id.
#[derive(Default)]
pub struct Proposals {
    values: Vec<ProposedValue<Context>>,
    blocks: BTreeMap<BlockId, Known>,
}

impl Proposals {
    /// Remembers a proposal. The first verdict on a block stands, but for this: a block that was
    /// refused by our clock alone may turn out valid when two thirds of the others have judged it.
    pub fn insert(&mut self, value: ProposedValue<Context>, block: Arc<Block>) {
        if self.blocks.len() >= BLOCKS_MAX && !self.blocks.contains_key(&value.value) {
            // An invalid block is never needed again but to recognise it; a valid one may be decided.
            let spare = self
                .blocks
                .iter()
                .find(|(_, known)| known.validity.is_invalid())
                .map(|(id, _)| *id);
            match spare {
                Some(id) => self.blocks.remove(&id),
                None => self.blocks.pop_first().map(|(_, known)| known),
            };
        }
        let known = self.blocks.entry(value.value).or_insert(Known {
            height: value.height.0,
            validity: value.validity,
            block,
        });
        if value.validity.is_valid() {
            known.validity = Validity::Valid;
        }
        let same = |other: &ProposedValue<Context>| {
            (other.height, other.round, other.value) == (value.height, value.round, value.value)
        };
        if !self.values.iter().any(same) {
            if self.values.len() >= PROPOSALS_MAX {
                self.values.remove(0);
            }
            self.values.push(value);
        }
    }

    /// The proposals of one round.
    pub fn seen(&self, height: BlockNumber, round: u32) -> Vec<ProposedValue<Context>> {
        let wanted = (Height(height), Round::new(round));
        self.values
            .iter()
            .filter(|value| (value.height, value.round) == wanted)
            .cloned()
            .collect()
    }

    /// The block that `proposer` proposed in a round.
    pub fn proposed_by(
        &self,
        proposer: &Address,
        height: BlockNumber,
        round: u32,
    ) -> Option<Arc<Block>> {
        let value = self
            .seen(height, round)
            .into_iter()
            .find(|value| value.proposer == *proposer)?;
        self.block(&value.value)
    }

    /// A block by its id.
    pub fn block(&self, id: &BlockId) -> Option<Arc<Block>> {
        self.blocks.get(id).map(|known| known.block.clone())
    }

    /// What we think of a block, if we have judged it.
    pub fn validity(&self, id: &BlockId) -> Option<Validity> {
        self.blocks.get(id).map(|known| known.validity)
    }

    /// Forgets the heights up to `height`.
    pub fn forget_through(&mut self, height: BlockNumber) {
        self.values.retain(|value| value.height.0 > height);
        self.blocks.retain(|_, known| known.height > height);
    }
}
