//! How the operations of a package ended, which the events of their blocks prove: of which blocks a
//! package has these, and why not of all.

use std::collections::BTreeSet;

use codec::Encode;
use xinglin_evidence::{
    state::{Item, StateProof},
    without_events,
};
use xinglin_primitives::BlockNumber;

/// Why a package that was asked for without outcomes has none.
const UNWANTED: &str = "outcomes were to be left out";

/// What a package is to have of outcomes, and what of it cannot be had.
pub(super) struct Outcomes {
    are_wanted: bool,
    /// How many bytes of proofs with events there is still room for.
    room: usize,
    /// The blocks whose events do not fit.
    unfit: BTreeSet<BlockNumber>,
    /// How many blocks there are whose state the node has no more.
    pruned: usize,
}

impl Outcomes {
    /// The proofs with events have at most so many bytes.
    pub(super) fn new(are_wanted: bool, bytes_max: usize) -> Self {
        Self {
            are_wanted,
            room: bytes_max,
            unfit: BTreeSet::new(),
            pruned: 0,
        }
    }

    /// What is to be proven of a block with operations: its time, and how they ended.
    pub(super) fn items(&self) -> &'static [Item] {
        match self.are_wanted {
            true => &[Item::BlockTime, Item::Events],
            false => &[Item::BlockTime],
        }
    }

    /// A proof as it was given, or without the events if there is no room for them.
    pub(super) fn fit(
        &mut self,
        height: BlockNumber,
        (items, proof): (Vec<Item>, StateProof),
    ) -> (Vec<Item>, StateProof) {
        if !items.contains(&Item::Events) {
            return (items, proof);
        }
        match self.room.checked_sub(proof.encoded_size()) {
            Some(room) => {
                self.room = room;
                (items, proof)
            }
            None => {
                self.unfit.insert(height);
                without_events(&items, &proof)
            }
        }
    }

    /// Notes a block whose state the node has no more.
    pub(super) fn note_pruned(&mut self) {
        self.pruned = self.pruned.saturating_add(1);
    }

    /// Notes blocks whose events did not fit in the end.
    pub(super) fn note_unfit(&mut self, blocks: BTreeSet<BlockNumber>) {
        self.unfit.extend(blocks);
    }

    /// Why the outcomes of some operations are not proven, if so.
    pub(super) fn unproven(&self) -> Option<String> {
        let mut reasons = Vec::new();
        if !self.are_wanted {
            reasons.push(UNWANTED.to_owned());
        }
        if !self.unfit.is_empty() {
            reasons.push(format!(
                "the events of {} blocks do not fit into it: bring the operations of these by `evidence export receipt`",
                self.unfit.len()
            ));
        }
        if self.pruned > 0 {
            reasons.push(format!(
                "the node has the state of {} blocks no more: ask one that keeps the states of all",
                self.pruned
            ));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use sp_runtime::traits::Header as _;
    use xinglin_primitives::{
        consensus::CommitCertificate, receipt::CertifiedHeader, Hash, Header,
    };

    use super::*;

    /// A proof as large as one of many events; its nodes lead nowhere.
    fn proof(height: BlockNumber) -> (Vec<Item>, StateProof) {
        let zero = Hash::zero();
        let header = Header::new(height, zero, zero, zero, Default::default());
        let certificate = CommitCertificate {
            height,
            round: 0,
            block_hash: header.hash(),
            signatures: Vec::new(),
        };
        let proof = StateProof {
            block: CertifiedHeader {
                header,
                certificate,
            },
            nodes: vec![vec![7; 10_000]],
        };
        (vec![Item::BlockTime, Item::Events], proof)
    }

    #[test]
    fn events_for_which_there_is_no_room_are_left_out_and_told() {
        let room = proof(4).1.encoded_size() + proof(5).1.encoded_size() - 1;
        let mut outcomes = Outcomes::new(true, room);
        assert_eq!(outcomes.fit(4, proof(4)), proof(4));
        assert_eq!(outcomes.unproven(), None);
        let (items, without) = outcomes.fit(5, proof(5));
        assert_eq!(items, [Item::BlockTime]);
        assert!(without.nodes.is_empty());
        // What has no events takes none of the room.
        let (_, large) = proof(6);
        let times = vec![Item::BlockTime];
        let kept = outcomes.fit(6, (times.clone(), large.clone()));
        assert_eq!(kept, (times, large));
        let told = outcomes.unproven().unwrap();
        assert!(told.contains("the events of 1 blocks"), "{told}");

        outcomes.note_unfit(BTreeSet::from([4, 5]));
        outcomes.note_pruned();
        let told = outcomes.unproven().unwrap();
        assert!(told.contains("the events of 2 blocks"), "{told}");
        assert!(told.contains("the state of 1 blocks"), "{told}");
    }

    #[test]
    fn outcomes_are_not_asked_for_unless_they_are_wanted() {
        let wanted = Outcomes::new(true, 0);
        assert!(wanted.items().contains(&Item::Events));
        assert_eq!(wanted.unproven(), None);
        let unwanted = Outcomes::new(false, 0);
        assert_eq!(unwanted.items(), [Item::BlockTime]);
        assert_eq!(unwanted.unproven().as_deref(), Some(UNWANTED));
    }
}
