//! Nodes and candidates: what a member registers before the council decides.

use frame_support::{dispatch::DispatchResult, ensure, traits::EnsureOrigin};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use sp_runtime::DispatchError;
use xinglin_primitives::{
    consensus::{ConsensusKey, ConsensusSignature, SignedPayload},
    glue::{ChainId, Members, ValidatorSet},
    MemberId,
};

use crate::{
    types::is_peer_id, Addresses, Candidate, Candidates, Config, Error, Event, KeyOwners, Node,
    Nodes, NodesOf, Pallet, PeerId,
};

impl<T: Config> Pallet<T> {
    /// The origin is an account of an active member.
    pub(crate) fn ensure_member(origin: OriginFor<T>) -> Result<MemberId, DispatchError> {
        let who = ensure_signed(origin)?;
        Ok(T::Members::member_of(&who).ok_or(Error::<T>::NotActiveMember)?)
    }

    /// The origin is the council, or an account of `member`, which must be active.
    pub(crate) fn ensure_council_or(origin: OriginFor<T>, member: MemberId) -> DispatchResult {
        if let Err(origin) = T::CouncilOrigin::try_origin(origin) {
            ensure!(Self::ensure_member(origin)? == member, Error::<T>::NotOwner);
        }
        Ok(())
    }

    pub(crate) fn put_node(member: MemberId, peer: PeerId, addresses: Addresses) -> DispatchResult {
        ensure!(is_peer_id(&peer), Error::<T>::MalformedPeerId);
        ensure!(!Nodes::<T>::contains_key(&peer), Error::<T>::PeerInUse);
        check_addresses::<T>(&addresses)?;
        NodesOf::<T>::try_append(member, peer.clone()).map_err(|()| Error::<T>::TooManyNodes)?;
        Nodes::<T>::insert(&peer, Node { member, addresses });
        Self::deposit_event(Event::NodeRegistered { member, peer });
        Ok(())
    }

    pub(crate) fn move_node(
        member: MemberId,
        peer: PeerId,
        addresses: Addresses,
    ) -> DispatchResult {
        Self::ensure_owner(member, &peer)?;
        check_addresses::<T>(&addresses)?;
        Nodes::<T>::insert(&peer, Node { member, addresses });
        Self::deposit_event(Event::NodeUpdated { member, peer });
        Ok(())
    }

    pub(crate) fn drop_node(member: MemberId, peer: PeerId) -> DispatchResult {
        let in_use = Candidates::<T>::get(member).is_some_and(|candidate| candidate.peer == peer);
        ensure!(!in_use, Error::<T>::NodeInUse);
        Nodes::<T>::remove(&peer);
        NodesOf::<T>::mutate_exists(member, |slot| {
            let Some(peers) = slot else { return };
            peers.retain(|other| *other != peer);
            if peers.is_empty() {
                *slot = None;
            }
        });
        Self::deposit_event(Event::NodeRemoved { member, peer });
        Ok(())
    }

    pub(crate) fn put_candidate(
        member: MemberId,
        key: ConsensusKey,
        possession: &ConsensusSignature,
        peer: PeerId,
    ) -> DispatchResult {
        Self::ensure_owner(member, &peer)?;
        let owner = KeyOwners::<T>::get(key);
        ensure!(
            owner.is_none_or(|owner| owner == member),
            Error::<T>::KeyInUse
        );
        ensure!(
            SignedPayload::Possession { member }.verify(
                &T::ChainId::genesis_hash(),
                &key,
                possession
            ),
            Error::<T>::NoPossession
        );
        Self::replace_candidate(member, Some(Candidate { key, peer }));
        Self::deposit_event(Event::ValidatorRegistered { member, key });
        Ok(())
    }

    pub(crate) fn drop_candidate(member: MemberId) -> DispatchResult {
        ensure!(
            Candidates::<T>::contains_key(member),
            Error::<T>::NotRegistered
        );
        ensure!(!Self::is_validating(member), Error::<T>::StillValidating);
        Self::replace_candidate(member, None);
        Self::deposit_event(Event::ValidatorUnregistered { member });
        Ok(())
    }

    /// Sets a member's candidate, claims its key and frees the one before.
    pub(crate) fn replace_candidate(member: MemberId, candidate: Option<Candidate>) {
        if let Some(candidate) = &candidate {
            KeyOwners::<T>::insert(candidate.key, member);
        }
        let old = Candidates::<T>::get(member);
        Candidates::<T>::set(member, candidate);
        if let Some(old) = old {
            Self::release_key(member, old.key);
        }
    }

    /// The node is registered for the member.
    fn ensure_owner(member: MemberId, peer: &PeerId) -> Result<(), Error<T>> {
        let node = Nodes::<T>::get(peer).ok_or(Error::<T>::UnknownNode)?;
        ensure!(node.member == member, Error::<T>::NotOwner);
        Ok(())
    }
}

fn check_addresses<T: Config>(addresses: &Addresses) -> Result<(), Error<T>> {
    ensure!(
        addresses.iter().all(|address| !address.is_empty()),
        Error::<T>::EmptyAddress
    );
    Ok(())
}
