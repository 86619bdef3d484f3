//! What regulators ask of members, and what members disclose.

use frame_support::{ensure, traits::Time};
use sp_runtime::{traits::Hash as _, DispatchResult};
use xinglin_primitives::{
    glue::Members, time::Moment, CaseId, DisclosureId, Hash, Hashing, MemberId,
};

use crate::{
    states::DisclosureState,
    types::{ByDue, Case, Disclosure, Envelope, InOrder, TERM_MS_MAX},
    Awaited, Cases, Config, Disclosures, Error, Event, NextDisclosure, OpenRequests, Pallet,
    RequestsOf,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_request_disclosure(
        by: T::AccountId,
        case_id: CaseId,
        member: MemberId,
        request: Hash,
        due: Moment,
    ) -> DispatchResult {
        let mut case = Self::own_open_case(&by, case_id)?;
        ensure!(
            T::Members::kind_of(member).is_some(),
            Error::<T>::UnknownMember
        );
        let now = T::Time::now();
        ensure!(due > now && due - now <= TERM_MS_MAX, Error::<T>::BadDue);
        let id = NextDisclosure::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsUsedUp)?;
        case.requests
            .try_push(id)
            .map_err(|_| Error::<T>::TooManyRequests)?;

        NextDisclosure::<T>::put(next);
        let disclosure = Disclosure {
            case: case_id,
            member,
            request,
            requested_at: now,
            due,
            state: DisclosureState::Open,
        };
        Disclosures::<T>::insert(id, disclosure);
        RequestsOf::<T>::insert(case_id, InOrder::from(id), ());
        let key = ByDue::new(due, id);
        OpenRequests::<T>::insert(member, key, ());
        Awaited::<T>::insert(case.regulator, key, ());
        Cases::<T>::insert(case_id, case);
        Self::deposit_event(Event::DisclosureRequested {
            disclosure: id,
            case: case_id,
            member,
            request,
            due,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_request(by: T::AccountId, id: DisclosureId) -> DispatchResult {
        let disclosure = Disclosures::<T>::get(id).ok_or(Error::<T>::UnknownDisclosure)?;
        let case = Self::own_case(&by, disclosure.case)?;
        let state = disclosure
            .withdrawn(T::Time::now())
            .ok_or(Error::<T>::NotOpen)?;
        let case_id = disclosure.case;
        Self::end_request(id, disclosure, case, state);
        Self::deposit_event(Event::RequestWithdrawn {
            disclosure: id,
            case: case_id,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_disclose(
        by: T::AccountId,
        id: DisclosureId,
        envelope: Envelope,
        hash: Hash,
    ) -> DispatchResult {
        let disclosure = Disclosures::<T>::get(id).ok_or(Error::<T>::UnknownDisclosure)?;
        ensure!(
            T::Members::member_of(&by) == Some(disclosure.member),
            Error::<T>::NotStaff
        );
        let (now, bytes) = (T::Time::now(), envelope.len() as u32);
        let state = disclosure
            .disclosed(hash, bytes, now)
            .ok_or(Error::<T>::NotOpen)?;
        ensure!(!envelope.is_empty(), Error::<T>::EmptyEnvelope);
        ensure!(Hashing::hash(&envelope) == hash, Error::<T>::HashMismatch);
        let case = Cases::<T>::get(disclosure.case).ok_or(Error::<T>::UnknownCase)?;
        let (case_id, is_late) = (disclosure.case, now > disclosure.due);
        Self::end_request(id, disclosure, case, state);
        Self::deposit_event(Event::Disclosed {
            disclosure: id,
            case: case_id,
            envelope: hash,
            bytes,
            is_late,
            by,
        });
        Ok(())
    }

    /// Stores the final state of a request and takes it out of the lists of what is open.
    fn end_request(
        id: DisclosureId,
        mut disclosure: Disclosure,
        mut case: Case,
        state: DisclosureState,
    ) {
        let key = ByDue::new(disclosure.due, id);
        OpenRequests::<T>::remove(disclosure.member, key);
        Awaited::<T>::remove(case.regulator, key);
        case.requests.retain(|open| *open != id);
        Cases::<T>::insert(disclosure.case, case);
        disclosure.state = state;
        Disclosures::<T>::insert(id, disclosure);
    }
}
