//! What other pallets and the node see of this one.

use xinglin_primitives::{
    consensus::{ConsensusKey, Validator},
    glue::{Members, NodeRegistry, ValidatorSet},
    MemberId,
};

use crate::{Candidates, Config, Node, Nodes, Pallet, PeerId, PendingSet, Validators};

impl<T: Config> Pallet<T> {
    /// The nodes that may connect: those of active members, and of members whose validator is in
    /// the set although they are suspended. In the order of their storage.
    pub fn admitted_nodes() -> Vec<(PeerId, Node)> {
        Nodes::<T>::iter()
            .filter(|(_, node)| {
                T::Members::kind_of(node.member).is_some() || Self::is_validating(node.member)
            })
            .collect()
    }
}

impl<T: Config> ValidatorSet for Pallet<T> {
    fn validators() -> Vec<Validator> {
        Validators::<T>::get().into_inner()
    }

    fn is_validating(member: MemberId) -> bool {
        let live = Validators::<T>::get();
        let pending = PendingSet::<T>::get().unwrap_or_default();
        live.iter()
            .chain(pending.iter())
            .any(|validator| validator.member == member)
    }
}

impl<T: Config> NodeRegistry for Pallet<T> {
    fn peer_ids() -> Vec<Vec<u8>> {
        Self::admitted_nodes()
            .into_iter()
            .map(|(peer, _)| peer.into_inner())
            .collect()
    }

    /// The key in the live set; for a member that is not in it, the key that is registered.
    fn consensus_key(member: MemberId) -> Option<ConsensusKey> {
        Validators::<T>::get()
            .iter()
            .find(|validator| validator.member == member)
            .map(|validator| validator.key)
            .or_else(|| Candidates::<T>::get(member).map(|candidate| candidate.key))
    }
}
