//! What others may ask: the runtime's API answers from here.

use core::cmp::Reverse;

use sp_runtime::traits::Hash as _;
use xinglin_primitives::{
    stamp::{Stamp, StampsAround},
    BlockNumber, Hash, Hashing, MemberId, StampId,
};

use crate::{
    types::{Authority, Registered, StampKey},
    Authorities, ByBlock, Call, Certificates, Config, NextStamp, Pallet, Stamps,
};

/// How many tokens on each side of a block are compared. Authorities do not wait for each other, so
/// that the nearest by number need not be the nearest by time.
const COMPARED: u64 = 16;

impl<T: Config> Pallet<T> {
    /// What a token says.
    pub fn stamp(id: StampId) -> Option<Stamp> {
        Stamps::<T>::get(id)
    }

    /// A member that has blocks stamped.
    pub fn authority(member: MemberId) -> Option<Authority> {
        Authorities::<T>::get(member)
    }

    /// Certificates of a member, in force or withdrawn.
    pub fn certificates(member: MemberId, number: u32) -> Option<Registered> {
        Certificates::<T>::get(member, number)
    }

    /// The tokens that tell best when a block was made: the latest of those that it follows, and the
    /// earliest of those that are about it or a block that follows it.
    pub fn stamps_around(block: BlockNumber) -> StampsAround {
        let (recorded, next) = (Self::recorded_until(block), NextStamp::<T>::get().0);
        let before = recorded.saturating_sub(COMPARED)..recorded.min(next);
        let before = before
            .map(StampId)
            .filter_map(with_stamp::<T>)
            .max_by_key(|(id, stamp)| (stamp.time, Reverse(*id)));
        let after = Self::about_from(block)
            .take(COMPARED as usize)
            .filter_map(with_stamp::<T>)
            .min_by_key(|(id, stamp)| (stamp.time, *id));
        StampsAround { before, after }
    }

    /// The token with a hash that a call carries, if it carries one.
    pub fn carried(call: &Call<T>, token: Hash) -> Option<&[u8]> {
        match call {
            Call::submit_token { token: bytes, .. } if Hashing::hash(bytes) == token => Some(bytes),
            _ => None,
        }
    }

    /// How many tokens were recorded in blocks up to one, that block included. They are numbered in
    /// the order of these blocks, so that halving the range finds it.
    fn recorded_until(block: BlockNumber) -> u64 {
        let (mut low, mut high) = (0, NextStamp::<T>::get().0);
        while low < high {
            let middle = low + (high - low) / 2;
            match Stamps::<T>::get(StampId(middle)) {
                Some(stamp) if stamp.recorded_in <= block => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// The tokens about a block and those that follow it, in the order of these blocks.
    fn about_from(block: BlockNumber) -> impl Iterator<Item = StampId> {
        match block.checked_sub(1) {
            None => ByBlock::<T>::iter(),
            Some(previous) => {
                ByBlock::<T>::iter_from(ByBlock::<T>::hashed_key_for(StampKey::behind(previous)))
            }
        }
        .map(|(_, id)| id)
    }
}

fn with_stamp<T: Config>(id: StampId) -> Option<(StampId, Stamp)> {
    Some((id, Stamps::<T>::get(id)?))
}
