//! Delegations and session keys.
//!
//! Each is stored under its delegate, where one read answers what an account may do, and listed
//! under its principal, who revokes it. One that is over counts for nothing; it is cleared away
//! when its place is needed, or by [`Pallet::clear_expired`].

use frame_support::{dispatch::DispatchResult, ensure, traits::Time};
use xinglin_primitives::{glue::Scope, time::Moment};

use crate::{
    Accounts, Config, Delegates, DelegatesOf, Delegation, DelegationKind, Delegations,
    DelegationsOf, EndOfDelegation, Error, Event, Pallet, Practitioners, Principal, Scopes,
};

/// Whether a principal can give these scopes to such a delegate.
pub(crate) fn are_legal(principal: Principal, kind: DelegationKind, scopes: &Scopes) -> bool {
    let is_legal = |scope: &Scope| match (principal, kind) {
        (Principal::Patient(_), _) => {
            matches!(scope, Scope::Booking | Scope::Reading | Scope::Paying)
        }
        (Principal::Practitioner(_), DelegationKind::SessionKey) => {
            matches!(scope, Scope::Routine)
        }
        (Principal::Practitioner(_), DelegationKind::Delegate) => false,
    };
    !scopes.is_empty() && scopes.iter().all(is_legal)
}

impl<T: Config> Pallet<T> {
    /// Whether an account holds a delegation for a principal with a scope now. Says nothing of
    /// whether the principal is active.
    ///
    /// An account that is registered as something itself must be active as such: suspension is not
    /// evaded by acting for another.
    pub(crate) fn is_delegate(who: &T::AccountId, principal: Principal, scope: Scope) -> bool {
        Self::holds_delegation(who, principal, scope)
            && Accounts::<T>::get(who).is_none_or(Self::is_active)
    }

    /// The same, whether or not the account is active.
    pub(crate) fn holds_delegation(who: &T::AccountId, principal: Principal, scope: Scope) -> bool {
        let now = T::Time::now();
        Delegations::<T>::get(who)
            .iter()
            .any(|delegation| delegation.allows(principal, scope, now))
    }

    /// Whether an account holds any delegation now of somebody whom nothing stops.
    ///
    /// Whether the members take part under which a practitioner is licensed is not asked, since
    /// admission must stay cheap: her session keys act for her only while one of them does, and end
    /// within days.
    pub(crate) fn acts_for_anyone(who: &T::AccountId) -> bool {
        let now = T::Time::now();
        Delegations::<T>::get(who).iter().any(|delegation| {
            delegation.is_live(now)
                && match delegation.principal {
                    Principal::Patient(id) => Self::is_active_patient(id),
                    Principal::Practitioner(id) => {
                        Practitioners::<T>::get(id).is_some_and(|it| it.is_licensed())
                    }
                }
        })
    }

    pub(crate) fn put_delegation(delegate: T::AccountId, delegation: Delegation) -> DispatchResult {
        let Delegation {
            principal,
            kind,
            ref scopes,
            until,
            encryption_key,
        } = delegation;
        let now = T::Time::now();
        ensure!(
            are_legal(principal, kind, scopes),
            Error::<T>::IllegalScopes
        );
        ensure!(until > now, Error::<T>::EndInPast);
        ensure!(
            until.saturating_sub(now) <= kind.lifetime_ms_max(),
            Error::<T>::EndTooLate
        );

        let event = Event::Delegated {
            principal,
            delegate: delegate.clone(),
            kind,
            scopes: scopes.clone(),
            until,
            encryption_key,
        };
        Self::unlink(principal, &delegate);
        Self::make_room(principal, &delegate, now)?;
        Delegations::<T>::try_append(&delegate, delegation)
            .map_err(|()| Error::<T>::TooManyPrincipals)?;
        Delegates::<T>::try_append(principal, (delegate, until))
            .map_err(|()| Error::<T>::TooManyDelegates)?;
        Self::deposit_event(event);
        Ok(())
    }

    /// Ends a delegation, which must exist.
    pub(crate) fn end_delegation(
        principal: Principal,
        delegate: &T::AccountId,
        cause: EndOfDelegation,
    ) -> DispatchResult {
        ensure!(Self::unlink(principal, delegate), Error::<T>::NoDelegation);
        Self::deposit_event(Event::DelegationEnded {
            principal,
            delegate: delegate.clone(),
            cause,
        });
        Ok(())
    }

    /// Ends the session keys of a principal, and the delegation to `account` if there is one.
    pub(crate) fn end_keys_beside(principal: Principal, account: &T::AccountId) -> DispatchResult {
        for (delegate, _) in Delegates::<T>::get(principal) {
            let is_session_key = Delegations::<T>::get(&delegate).iter().any(|delegation| {
                delegation.principal == principal && delegation.kind == DelegationKind::SessionKey
            });
            if is_session_key || delegate == *account {
                Self::end_delegation(principal, &delegate, EndOfDelegation::KeyReplaced)?;
            }
        }
        Ok(())
    }

    /// Ends the delegations of a principal that are over.
    pub(crate) fn clear_expired_of(principal: Principal) -> DispatchResult {
        let now = T::Time::now();
        for (delegate, until) in Delegates::<T>::get(principal) {
            if until <= now {
                Self::end_delegation(principal, &delegate, EndOfDelegation::Expired)?;
            }
        }
        Ok(())
    }

    /// Where the lists of either side are full, ends one delegation that is over, if there is any.
    fn make_room(principal: Principal, delegate: &T::AccountId, now: Moment) -> DispatchResult {
        let delegates = Delegates::<T>::get(principal);
        if delegates.len() == DelegatesOf::<T::AccountId>::bound() {
            if let Some((expired, _)) = delegates.iter().find(|(_, until)| *until <= now) {
                Self::end_delegation(principal, expired, EndOfDelegation::Expired)?;
            }
        }
        let delegations = Delegations::<T>::get(delegate);
        if delegations.len() == DelegationsOf::bound() {
            if let Some(expired) = delegations.iter().find(|other| !other.is_live(now)) {
                Self::end_delegation(expired.principal, delegate, EndOfDelegation::Expired)?;
            }
        }
        Ok(())
    }

    /// Takes a delegation out of both lists; `false` if there was none.
    fn unlink(principal: Principal, delegate: &T::AccountId) -> bool {
        let was_there = Delegations::<T>::mutate_exists(delegate, |slot| {
            let Some(delegations) = slot else {
                return false;
            };
            let before = delegations.len();
            delegations.retain(|delegation| delegation.principal != principal);
            let found = delegations.len() < before;
            if delegations.is_empty() {
                *slot = None;
            }
            found
        });
        if was_there {
            Delegates::<T>::mutate_exists(principal, |slot| {
                let Some(delegates) = slot else { return };
                delegates.retain(|(account, _)| account != delegate);
                if delegates.is_empty() {
                    *slot = None;
                }
            });
        }
        was_there
    }
}
