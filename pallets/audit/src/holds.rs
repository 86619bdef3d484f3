//! Holds: the first suspends, the last lifts.

use frame_support::{ensure, storage::with_storage_layer};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{
    glue::{Held, Holds},
    CaseId,
};

use crate::{types::LiftOutcome, Cases, Config, Error, Event, Holders, Pallet};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_hold(by: T::AccountId, id: CaseId, held: Held) -> DispatchResult {
        let mut case = Self::own_open_case(&by, id)?;
        ensure!(
            held != Held::Member(case.regulator),
            Error::<T>::HoldsItself
        );
        ensure!(!case.holds.contains(&held), Error::<T>::AlreadyHeld);
        case.holds
            .try_push(held)
            .map_err(|_| Error::<T>::TooManyHolds)?;
        let mut holders = Holders::<T>::get(held);
        let is_first = holders.is_empty();
        holders.try_push(id).map_err(|_| Error::<T>::TooManyHolds)?;
        if is_first {
            T::Holds::hold(held)?;
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
        ensure!(case.holds.contains(&held), Error::<T>::NotHeld);
        case.holds.retain(|other| *other != held);
        Cases::<T>::insert(id, case);
        let is_last = Holders::<T>::mutate_exists(held, |slot| {
            let mut holders = slot.take().unwrap_or_default();
            holders.retain(|other| *other != id);
            *slot = Some(holders).filter(|rest| !rest.is_empty());
            slot.is_none()
        });
        let outcome = if is_last {
            Self::restore(held)
        } else {
            LiftOutcome::StillHeld
        };
        Self::deposit_event(Event::HoldLifted {
            case: id,
            held,
            outcome,
            by,
        });
        Ok(())
    }

    /// Ends a suspension. The regulator's hold must not hang on whether that succeeds: whoever else
    /// suspends, or has lifted before, would keep the case open for ever.
    fn restore(held: Held) -> LiftOutcome {
        match with_storage_layer::<(), DispatchError, _>(|| T::Holds::lift(held)) {
            Ok(()) => LiftOutcome::Restored,
            Err(error) => LiftOutcome::Refused(error),
        }
    }
}
