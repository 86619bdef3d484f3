//! The live set, the one to come, and those that were.

use codec::Encode;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::{generic::DigestItem, SaturatedConversion};
use xinglin_primitives::{
    consensus::{ConsensusKey, Validator},
    glue::Members,
    BlockNumber, MemberId, VALIDATOR_SET_ENGINE_ID,
};

use crate::{
    change::{self, Refusal},
    Candidates, Config, CurrentSet, Error, Event, HistoricalSet, KeyOwners, Pallet, PendingSet,
    Produced, Set, Sets, Validators,
};

impl<T: Config> Pallet<T> {
    /// The block being executed.
    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// The validators of a height, as far as it is decided who they are; `None` for block 0, which
    /// nobody decides, and for heights after the next.
    pub fn set_at(height: BlockNumber) -> Option<Set> {
        if height > Self::now().saturating_add(1) {
            return None;
        }
        // Ids are given in the order of heights: the last set that begins at or before `height` is
        // found by bisection.
        let (mut low, mut high) = (0, CurrentSet::<T>::get());
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if Sets::<T>::get(middle)?.from <= height {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        let set = Sets::<T>::get(low)?;
        (set.from <= height).then_some(set.validators)
    }

    /// The set after this block, as far as the calls until now have decided it.
    pub(crate) fn next_set() -> Set {
        PendingSet::<T>::get().unwrap_or_else(Validators::<T>::get)
    }

    /// A member's validator with the key that is registered now.
    pub(crate) fn candidate(member: MemberId, power: u32) -> Result<Validator, Error<T>> {
        let candidate = Candidates::<T>::get(member).ok_or(Error::<T>::NotRegistered)?;
        let key = candidate.key;
        Ok(Validator { member, key, power })
    }

    /// Decides on the set after this block, if the change to it is allowed.
    pub(crate) fn decide(mut next: Set) -> DispatchResult {
        next.sort_by_key(|validator| validator.member);
        ensure!(
            next.windows(2).all(|pair| pair[0].member != pair[1].member),
            Error::<T>::DuplicateMember
        );
        let live = Validators::<T>::get();
        for validator in &next {
            let stays = live.iter().any(|old| old.member == validator.member);
            ensure!(
                stays || T::Members::kind_of(validator.member).is_some(),
                Error::<T>::NotActiveMember
            );
        }
        let is_recorded = live
            .iter()
            .any(|validator| Self::is_at_work(&live, validator));
        change::check(&live, &next, |validator| {
            // Somebody made the blocks until here: where the record knows of nobody there is no
            // record, and it must not keep the council from ever changing the set.
            !is_recorded || Self::is_at_work(&live, validator)
        })
        .map_err(|refusal| match refusal {
            Refusal::Empty => Error::<T>::EmptySet,
            Refusal::NoPower => Error::<T>::NoPower,
            Refusal::NoQuorum => Error::<T>::NoQuorum,
        })?;

        let dropped = PendingSet::<T>::take();
        if next != live {
            PendingSet::<T>::put(next);
        }
        for validator in dropped.iter().flatten() {
            Self::release_key(validator.member, validator.key);
        }
        Ok(())
    }

    /// At the end of a block: puts the set that was decided in force from the next height.
    pub(crate) fn apply_change() {
        let Some(next) = PendingSet::<T>::take() else {
            return;
        };
        let from = Self::now().saturating_add(1);
        let id = CurrentSet::<T>::mutate(|id| {
            *id = id.saturating_add(1);
            *id
        });
        let old = Validators::<T>::get();
        Validators::<T>::put(&next);
        for validator in next.iter().filter(|it| !is_in(&old, it)) {
            Produced::<T>::mutate(validator.member, |production| production.last = None);
        }
        for validator in old.iter().filter(|it| !is_in(&next, it)) {
            Self::release_key(validator.member, validator.key);
        }
        frame_system::Pallet::<T>::deposit_log(DigestItem::Consensus(
            VALIDATOR_SET_ENGINE_ID,
            next.encode(),
        ));
        Self::deposit_event(Event::SetChanged { id, from });
        Sets::<T>::insert(
            id,
            HistoricalSet {
                from,
                validators: next,
            },
        );
    }

    /// Whether a validator of the live set has authored a block lately.
    fn is_at_work(live: &[Validator], validator: &Validator) -> bool {
        // The power it has, not the one it is to have: that decided on its turns.
        let Some(validator) = live.iter().find(|it| it.member == validator.member) else {
            return false;
        };
        Produced::<T>::get(validator.member)
            .last
            .is_some_and(|last| {
                Self::now().saturating_sub(last) <= change::liveness_window(live, validator)
            })
    }

    /// Gives a key free that neither a candidate nor a set still uses.
    pub(crate) fn release_key(member: MemberId, key: ConsensusKey) {
        let is_candidate =
            Candidates::<T>::get(member).is_some_and(|candidate| candidate.key == key);
        let uses_it = |set: &Set| set.iter().any(|validator| validator.key == key);
        if !is_candidate
            && !uses_it(&Validators::<T>::get())
            && !PendingSet::<T>::get().as_ref().is_some_and(uses_it)
        {
            KeyOwners::<T>::remove(key);
        }
    }
}

/// Whether a set holds a validator with the same key, whatever its power.
fn is_in(set: &[Validator], validator: &Validator) -> bool {
    set.iter()
        .any(|other| (other.member, other.key) == (validator.member, validator.key))
}
