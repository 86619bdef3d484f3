//! What others may ask: the runtime's APIs answer from here. Lists come in pages of at most
//! [`PAGE_MAX`], from the first entry or the one after `after` on.

use frame_support::traits::Time;
use xinglin_primitives::{glue::Held, page::page, CaseId, DisclosureId, MemberId};

use crate::{
    types::{Anchor, ByDue, Case, Disclosure, InOrder, NewestFirst},
    Anchors, Awaited, Cases, ClosedCases, Config, Disclosures, Holders, OpenCases, OpenRequests,
    Pallet, RequestsOf,
};

pub use xinglin_primitives::page::PAGE_MAX;

impl<T: Config> Pallet<T> {
    /// A case.
    pub fn case(id: CaseId) -> Option<Case> {
        Cases::<T>::get(id)
    }

    /// The open cases of a regulator, oldest first.
    pub fn open_cases_of(
        regulator: MemberId,
        after: Option<CaseId>,
        limit: u32,
    ) -> Vec<(CaseId, Case)> {
        let keys = page(
            after.map(InOrder::from),
            limit,
            || OpenCases::<T>::iter_key_prefix(regulator),
            |key| {
                let start = OpenCases::<T>::hashed_key_for(regulator, key);
                OpenCases::<T>::iter_key_prefix_from(regulator, start)
            },
        );
        keys.map(|key| CaseId(key.id()))
            .filter_map(|id| Some((id, Cases::<T>::get(id)?)))
            .collect()
    }

    /// The closed cases of a regulator, with what it found, newest first: the latest, or those opened
    /// before `before`.
    pub fn closed_cases_of(
        regulator: MemberId,
        before: Option<CaseId>,
        limit: u32,
    ) -> Vec<(CaseId, Case)> {
        let keys = page(
            before.map(NewestFirst::from),
            limit,
            || ClosedCases::<T>::iter_key_prefix(regulator),
            |key| {
                let start = ClosedCases::<T>::hashed_key_for(regulator, key);
                ClosedCases::<T>::iter_key_prefix_from(regulator, start)
            },
        );
        keys.map(NewestFirst::id)
            .filter_map(|id| Some((id, Cases::<T>::get(id)?)))
            .collect()
    }

    /// A request and what became of it.
    pub fn disclosure(id: DisclosureId) -> Option<Disclosure> {
        Disclosures::<T>::get(id)
    }

    /// All requests of a case, oldest first.
    pub fn requests_of(
        case: CaseId,
        after: Option<DisclosureId>,
        limit: u32,
    ) -> Vec<(DisclosureId, Disclosure)> {
        let keys = page(
            after.map(InOrder::from),
            limit,
            || RequestsOf::<T>::iter_key_prefix(case),
            |key| {
                let start = RequestsOf::<T>::hashed_key_for(case, key);
                RequestsOf::<T>::iter_key_prefix_from(case, start)
            },
        );
        with_disclosures::<T>(keys.map(|key| DisclosureId(key.id())))
    }

    /// The open requests that a member has to answer, first due first.
    pub fn open_requests_of(
        member: MemberId,
        after: Option<DisclosureId>,
        limit: u32,
    ) -> Vec<(DisclosureId, Disclosure)> {
        let keys = page(
            after.and_then(due_key::<T>),
            limit,
            || OpenRequests::<T>::iter_key_prefix(member),
            |key| {
                let start = OpenRequests::<T>::hashed_key_for(member, key);
                OpenRequests::<T>::iter_key_prefix_from(member, start)
            },
        );
        with_disclosures::<T>(keys.map(ByDue::id))
    }

    /// The open requests whose answers a regulator awaits, first due first; with `is_overdue`, only
    /// those whose due time has passed.
    pub fn awaited_by(
        regulator: MemberId,
        is_overdue: bool,
        after: Option<DisclosureId>,
        limit: u32,
    ) -> Vec<(DisclosureId, Disclosure)> {
        let keys = page(
            after.and_then(due_key::<T>),
            limit,
            || Awaited::<T>::iter_key_prefix(regulator),
            |key| {
                let start = Awaited::<T>::hashed_key_for(regulator, key);
                Awaited::<T>::iter_key_prefix_from(regulator, start)
            },
        );
        let now = T::Time::now();
        // Those that are overdue come first, so that they are all on the pages before the others.
        let wanted = keys.take_while(|key| !is_overdue || key.due() < now);
        with_disclosures::<T>(wanted.map(ByDue::id))
    }

    /// The open cases that hold something, in the order in which they did.
    pub fn holders_of(held: Held) -> Vec<CaseId> {
        Holders::<T>::get(held).into_inner()
    }

    /// How far the questions are anchored that an account anchors, if it has anchored any.
    pub fn anchor_of(account: &T::AccountId) -> Option<Anchor> {
        Anchors::<T>::get(account)
    }

    /// Whether an open case holds it.
    pub fn is_held(held: Held) -> bool {
        Holders::<T>::contains_key(held)
    }
}

fn due_key<T: Config>(id: DisclosureId) -> Option<ByDue> {
    Some(ByDue::new(Disclosures::<T>::get(id)?.due, id))
}

fn with_disclosures<T: Config>(
    ids: impl Iterator<Item = DisclosureId>,
) -> Vec<(DisclosureId, Disclosure)> {
    ids.filter_map(|id| Some((id, Disclosures::<T>::get(id)?)))
        .collect()
}
