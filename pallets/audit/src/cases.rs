//! Opening, closing and handing over cases.

use frame_support::{ensure, traits::Time};
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{MemberKind, Members, Subject, Subjects},
    CaseId, MemberId,
};

use crate::{
    states::CaseState,
    types::{ByDue, Case, InOrder, NewestFirst, Statement},
    Awaited, Cases, ClosedCases, Config, Disclosures, Error, Event, NextCase, OpenCases, Pallet,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open_case(
        by: T::AccountId,
        subject: Subject,
        basis: Statement,
    ) -> DispatchResult {
        let regulator = Self::regulator_of(&by)?;
        ensure!(T::Subjects::exists(subject), Error::<T>::UnknownSubject);
        let id = NextCase::<T>::get();
        NextCase::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        let case = Case {
            regulator,
            subject,
            basis,
            opened_at: T::Time::now(),
            holds: Default::default(),
            requests: Default::default(),
            state: CaseState::Open,
        };
        Cases::<T>::insert(id, case);
        OpenCases::<T>::insert(regulator, InOrder::from(id), ());
        Self::deposit_event(Event::CaseOpened {
            case: id,
            regulator,
            subject,
            basis,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_close_case(
        by: T::AccountId,
        id: CaseId,
        finding: Statement,
    ) -> DispatchResult {
        let mut case = Self::own_case(&by, id)?;
        case.state = case
            .closed(finding, T::Time::now())
            .map_err(Error::<T>::from)?;
        OpenCases::<T>::remove(case.regulator, InOrder::from(id));
        ClosedCases::<T>::insert(case.regulator, NewestFirst::from(id), ());
        Cases::<T>::insert(id, case);
        Self::deposit_event(Event::CaseClosed {
            case: id,
            finding,
            by,
        });
        Ok(())
    }

    /// `by` is absent when the council decides.
    pub(crate) fn do_transfer_case(
        by: Option<T::AccountId>,
        id: CaseId,
        to: MemberId,
    ) -> DispatchResult {
        let mut case = match &by {
            Some(by) => Self::own_case(by, id)?,
            None => Cases::<T>::get(id).ok_or(Error::<T>::UnknownCase)?,
        };
        case.ensure_open().map_err(Error::<T>::from)?;
        let from = case.regulator;
        ensure!(
            to != from && Self::is_regulator(to),
            Error::<T>::BadRecipient
        );
        OpenCases::<T>::remove(from, InOrder::from(id));
        OpenCases::<T>::insert(to, InOrder::from(id), ());
        for request in &case.requests {
            if let Some(disclosure) = Disclosures::<T>::get(request) {
                let key = ByDue::new(disclosure.due, *request);
                Awaited::<T>::remove(from, key);
                Awaited::<T>::insert(to, key, ());
            }
        }
        case.regulator = to;
        Cases::<T>::insert(id, case);
        Self::deposit_event(Event::CaseTransferred {
            case: id,
            from,
            to,
            by,
        });
        Ok(())
    }

    /// The case `id`, which must be that of the regulator that `by` is an account of.
    pub(crate) fn own_case(by: &T::AccountId, id: CaseId) -> Result<Case, Error<T>> {
        let case = Cases::<T>::get(id).ok_or(Error::UnknownCase)?;
        ensure!(
            Self::regulator_of(by)? == case.regulator,
            Error::NotRegulator
        );
        Ok(case)
    }

    /// As [`Pallet::own_case`]; the case must be open.
    pub(crate) fn own_open_case(by: &T::AccountId, id: CaseId) -> Result<Case, Error<T>> {
        let case = Self::own_case(by, id)?;
        case.ensure_open()?;
        Ok(case)
    }

    fn regulator_of(who: &T::AccountId) -> Result<MemberId, Error<T>> {
        T::Members::member_of(who)
            .filter(|member| Self::is_regulator(*member))
            .ok_or(Error::NotRegulator)
    }

    fn is_regulator(member: MemberId) -> bool {
        T::Members::kind_of(member) == Some(MemberKind::Regulator)
    }
}
