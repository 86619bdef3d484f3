//! Holds: the first stops what is held, with the last it goes on.

use frame_support::{ensure, traits::Time};
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{Held, Holds},
    CaseId, Party,
};

use crate::{types::Hold, Cases, Config, Error, Event, Holders, Pallet};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_hold(by: T::AccountId, id: CaseId, held: Held) -> DispatchResult {
        let mut case = Self::own_open_case(&by, id)?;
        let is_itself = held == Held::Party(Party::Member(case.regulator));
        ensure!(!is_itself, Error::<T>::HoldsItself);
        ensure!(!case.does_hold(held), Error::<T>::AlreadyHeld);
        let since = T::Time::now();
        case.holds
            .try_push(Hold { held, since })
            .map_err(|_| Error::<T>::TooManyHolds)?;
        let mut holders = Holders::<T>::get(held);
        let is_first = holders.is_empty();
        holders.try_push(id).map_err(|_| Error::<T>::TooManyHolds)?;
        if is_first {
            T::Holds::set_hold(held, true)?;
        }
        Holders::<T>::insert(held, holders);
        Cases::<T>::insert(id, case);
        Self::deposit_event(Event::HoldPlaced {
            case: id,
            held,
            is_first,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_lift(by: T::AccountId, id: CaseId, held: Held) -> DispatchResult {
        let mut case = Self::own_case(&by, id)?;
        ensure!(case.does_hold(held), Error::<T>::NotHeld);
        case.holds.retain(|other| other.held != held);
        Cases::<T>::insert(id, case);
        let is_last = Holders::<T>::mutate_exists(held, |slot| {
            let mut holders = slot.take().unwrap_or_default();
            holders.retain(|other| *other != id);
            *slot = Some(holders).filter(|rest| !rest.is_empty());
            slot.is_none()
        });
        if is_last {
            T::Holds::set_hold(held, false)?;
        }
        Self::deposit_event(Event::HoldLifted {
            case: id,
            held,
            is_last,
            by,
        });
        Ok(())
    }
}
