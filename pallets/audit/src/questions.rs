//! Anchoring the questions that nodes answer to regulators.

use frame_support::{ensure, traits::Time};
use sp_runtime::DispatchResult;
use xinglin_primitives::{glue::Members, questions::ANCHORED_MAX, time::Moment, Hash};

use crate::{types::Anchor, Anchors, Config, Error, Event, Pallet};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_anchor_questions(
        by: T::AccountId,
        (first, count): (u64, u32),
        digest: Hash,
        (from, until): (Moment, Moment),
    ) -> DispatchResult {
        let member = T::Members::member_of(&by).ok_or(Error::<T>::NotMember)?;
        ensure!((1..=ANCHORED_MAX).contains(&count), Error::<T>::BadCount);
        let anchored = Anchors::<T>::get(&by).map_or(0, |anchor| anchor.count);
        ensure!(first == anchored, Error::<T>::NotNext);
        ensure!(from <= until, Error::<T>::BadPeriod);
        let anchor = Anchor {
            count: first
                .checked_add(count.into())
                .ok_or(Error::<T>::IdsUsedUp)?,
            digest,
            until,
            at: T::Time::now(),
        };
        Anchors::<T>::insert(&by, anchor);
        Self::deposit_event(Event::QuestionsAnchored {
            member,
            first,
            count,
            digest,
            from,
            until,
            by,
        });
        Ok(())
    }
}
