//! What others may ask: the runtime's APIs answer from here. Lists come in pages of at most
//! [`PAGE_MAX`], from the first entry or the one after `after` on.

use frame_support::traits::Time;
use xinglin_primitives::{glue::Held, CaseId, DisclosureId, MemberId};

use crate::{
    types::{ByDue, Case, Disclosure, InOrder},
    Awaited, Cases, Config, Disclosures, Holders, OpenCases, OpenRequests, Pallet, RequestsOf,
};

/// Most entries of one page.
pub const PAGE_MAX: u32 = 100;

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
        let keys = match after {
            None => OpenCases::<T>::iter_key_prefix(regulator),
            Some(id) => {
                let start = OpenCases::<T>::hashed_key_for(regulator, InOrder::from(id));
                OpenCases::<T>::iter_key_prefix_from(regulator, start)
            }
        };
        keys.take(page(limit))
            .map(|key| CaseId(key.id()))
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
        let keys = match after {
            None => RequestsOf::<T>::iter_key_prefix(case),
            Some(id) => {
                let start = RequestsOf::<T>::hashed_key_for(case, InOrder::from(id));
                RequestsOf::<T>::iter_key_prefix_from(case, start)
            }
        };
        with_disclosures::<T>(keys.take(page(limit)).map(|key| DisclosureId(key.id())))
    }

    /// The open requests that a member has to answer, first due first.
    pub fn open_requests_of(
        member: MemberId,
        after: Option<DisclosureId>,
        limit: u32,
    ) -> Vec<(DisclosureId, Disclosure)> {
        let keys = match after.and_then(due_key::<T>) {
            None => OpenRequests::<T>::iter_key_prefix(member),
            Some(key) => {
                let start = OpenRequests::<T>::hashed_key_for(member, key);
                OpenRequests::<T>::iter_key_prefix_from(member, start)
            }
        };
        with_disclosures::<T>(keys.take(page(limit)).map(ByDue::id))
    }

    /// The open requests whose answers a regulator awaits, first due first; with `is_overdue`, only
    /// those whose due time has passed.
    pub fn awaited_by(
        regulator: MemberId,
        is_overdue: bool,
        after: Option<DisclosureId>,
        limit: u32,
    ) -> Vec<(DisclosureId, Disclosure)> {
        let keys = match after.and_then(due_key::<T>) {
            None => Awaited::<T>::iter_key_prefix(regulator),
            Some(key) => {
                let start = Awaited::<T>::hashed_key_for(regulator, key);
                Awaited::<T>::iter_key_prefix_from(regulator, start)
            }
        };
        let now = T::Time::now();
        let wanted = keys.take_while(|key| !is_overdue || key.due() < now);
        with_disclosures::<T>(wanted.take(page(limit)).map(ByDue::id))
    }

    /// The open cases that hold something, in the order in which they did.
    pub fn holders_of(held: Held) -> Vec<CaseId> {
        Holders::<T>::get(held).into_inner()
    }

    /// Whether an open case holds it.
    pub fn is_held(held: Held) -> bool {
        Holders::<T>::contains_key(held)
    }
}

fn page(limit: u32) -> usize {
    limit.min(PAGE_MAX) as usize
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
