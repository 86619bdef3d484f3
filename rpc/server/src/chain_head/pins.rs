//! Which blocks a subscription may read.

use std::collections::{HashMap, HashSet};

use xinglin_primitives::{BlockNumber, Hash};

use crate::events::Place;

use super::ChainHeadApiError;

/// Blocks that a subscription may have pinned. One that does not unpin must begin anew.
const PINS_MAX: usize = 512;

/// The subscription holds more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Too many blocks are pinned.
    TooMany,
    /// The state of a pinned block is kept no longer.
    Pruned,
}

/// The pinned blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Pins {
    heights: HashMap<Hash, BlockNumber>,
}

impl Pins {
    /// Pins one block more. `oldest_state` is the lowest height whose state can be read.
    pub(super) fn pin(&mut self, block: Place, oldest_state: BlockNumber) -> Result<(), Overdue> {
        if self.heights.len() >= PINS_MAX {
            return Err(Overdue::TooMany);
        }
        if self.heights.values().any(|height| *height < oldest_state) {
            return Err(Overdue::Pruned);
        }
        self.heights.insert(block.hash, block.number);
        Ok(())
    }

    /// Whether a block is pinned.
    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.heights.contains_key(hash)
    }

    /// Unpins all of the blocks, or none and says why.
    pub(super) fn unpin(&mut self, hashes: &[Hash]) -> Result<(), ChainHeadApiError> {
        let distinct: HashSet<&Hash> = hashes.iter().collect();
        if distinct.len() < hashes.len() {
            return Err(ChainHeadApiError::DuplicateHashes);
        }
        if let Some(unknown) = hashes.iter().find(|hash| !self.contains(hash)) {
            return Err(ChainHeadApiError::NotPinned(*unknown));
        }
        for hash in hashes {
            self.heights.remove(hash);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: BlockNumber) -> Place {
        Place {
            number,
            hash: Hash::from_low_u64_be(u64::from(number)),
        }
    }

    #[test]
    fn pins_are_bounded_and_unpinning_makes_room() {
        let mut pins = Pins::default();
        for number in 0..512 {
            pins.pin(place(number), 0).unwrap();
        }
        assert_eq!(pins.pin(place(512), 0), Err(Overdue::TooMany));
        pins.unpin(&[place(0).hash]).unwrap();
        assert_eq!(pins.pin(place(512), 0), Ok(()));
    }

    #[test]
    fn a_pin_below_the_kept_states_is_overdue() {
        let mut pins = Pins::default();
        pins.pin(place(3), 0).unwrap();
        pins.pin(place(4), 3).unwrap();
        assert_eq!(pins.pin(place(5), 4), Err(Overdue::Pruned));
        pins.unpin(&[place(3).hash]).unwrap();
        assert_eq!(pins.pin(place(5), 4), Ok(()));
    }

    #[test]
    fn unpinning_is_all_or_nothing() {
        let mut pins = Pins::default();
        pins.pin(place(1), 0).unwrap();
        pins.pin(place(2), 0).unwrap();
        let [one, two, three] = [1, 2, 3].map(|number| place(number).hash);
        assert!(matches!(
            pins.unpin(&[one, three]),
            Err(ChainHeadApiError::NotPinned(hash)) if hash == three
        ));
        assert!(matches!(
            pins.unpin(&[one, one]),
            Err(ChainHeadApiError::DuplicateHashes)
        ));
        assert!(pins.contains(&one) && pins.contains(&two));
        pins.unpin(&[one, two]).unwrap();
        assert!(!pins.contains(&one) && !pins.contains(&two));
    }
}
