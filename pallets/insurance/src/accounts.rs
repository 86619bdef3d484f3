//! Personal accounts (个人账户): money of the insurer, held for a coverage.
//!
//! The money stays on the insurer's main account, on hold, until it is drawn by a settlement. If the
//! council gives the insurer another main account, what is held stays where it is until the next
//! time something is added, and moves then.

use frame_support::{
    ensure,
    traits::{
        fungible::{InspectHold, MutateHold},
        tokens::{Fortitude, Precision, Restriction},
    },
};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{glue::Patients, Balance, CoverageId};

use crate::{
    coverages::CoverageOf,
    types::{AccountHeir, PersonalAccount},
    Config, Coverages, Error, Event, HoldReason, Pallet,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_credit_account(
        who: &T::AccountId,
        id: CoverageId,
        amount_fen: Balance,
    ) -> DispatchResult {
        let (mut coverage, scheme) = Self::own_coverage(who, id)?;
        ensure!(amount_fen > 0, Error::<T>::BadAmount);
        let fund = Self::fund_of(scheme.insurer)?;
        let reason = HoldReason::PersonalAccount.into();
        ensure!(
            T::Currency::can_hold(&reason, &fund, amount_fen),
            Error::<T>::FundTooSmall
        );
        Self::add_to_account(&mut coverage, &fund, amount_fen)?;
        Coverages::<T>::insert(id, coverage);
        Self::deposit_event(Event::AccountCredited {
            coverage: id,
            amount_fen,
        });
        Ok(())
    }

    pub(crate) fn do_release_account(
        who: &T::AccountId,
        id: CoverageId,
        heir: AccountHeir,
    ) -> DispatchResult {
        let (mut coverage, scheme) = Self::own_coverage(who, id)?;
        let today = Self::today();
        ensure!(
            coverage.period.until.is_some_and(|last| last < today),
            Error::<T>::CoverageLasts
        );
        let amount_fen = coverage.account_fen();
        ensure!(amount_fen > 0, Error::<T>::AccountEmpty);
        let to = match heir {
            AccountHeir::Patient => T::Patients::account_of(coverage.patient),
            AccountHeir::Insurer => Some(Self::fund_of(scheme.insurer)?),
        };
        let to = to.ok_or(Error::<T>::NoAccount)?;
        Self::draw_from_account(&mut coverage, &to, amount_fen)?;
        Coverages::<T>::insert(id, coverage);
        Self::deposit_event(Event::AccountReleased {
            coverage: id,
            amount_fen,
            heir,
        });
        Ok(())
    }

    /// Holds money that is free on the fund's account; 0 touches nothing.
    pub(crate) fn add_to_account(
        coverage: &mut CoverageOf<T>,
        fund: &T::AccountId,
        amount_fen: Balance,
    ) -> DispatchResult {
        if amount_fen == 0 {
            return Ok(());
        }
        let reason = HoldReason::PersonalAccount.into();
        T::Currency::hold(&reason, fund, amount_fen)?;
        let mut held_fen = amount_fen;
        if let Some(account) = coverage.account.take() {
            if account.holder != *fund {
                Self::move_held(
                    &account.holder,
                    fund,
                    account.amount_fen,
                    Restriction::OnHold,
                )?;
            }
            held_fen = held_fen
                .checked_add(account.amount_fen)
                .ok_or(Error::<T>::Overflow)?;
        }
        coverage.account = Some(PersonalAccount {
            holder: fund.clone(),
            amount_fen: held_fen,
        });
        Ok(())
    }

    /// Pays out of what is held for the coverage; 0 touches nothing.
    pub(crate) fn draw_from_account(
        coverage: &mut CoverageOf<T>,
        to: &T::AccountId,
        amount_fen: Balance,
    ) -> DispatchResult {
        if amount_fen == 0 {
            return Ok(());
        }
        let account = coverage.account.take().ok_or(Error::<T>::AccountEmpty)?;
        let left_fen = account
            .amount_fen
            .checked_sub(amount_fen)
            .ok_or(Error::<T>::AccountEmpty)?;
        if account.holder == *to {
            let reason = HoldReason::PersonalAccount.into();
            let released = T::Currency::release(&reason, to, amount_fen, Precision::Exact)?;
            ensure!(released == amount_fen, DispatchError::Corruption);
        } else {
            Self::move_held(&account.holder, to, amount_fen, Restriction::Free)?;
        }
        coverage.account = (left_fen > 0).then_some(PersonalAccount {
            amount_fen: left_fen,
            ..account
        });
        Ok(())
    }

    fn move_held(
        from: &T::AccountId,
        to: &T::AccountId,
        amount_fen: Balance,
        restriction: Restriction,
    ) -> DispatchResult {
        // What is held for a person is not the insurer's to freeze.
        let moved = T::Currency::transfer_on_hold(
            &HoldReason::PersonalAccount.into(),
            from,
            to,
            amount_fen,
            Precision::Exact,
            restriction,
            Fortitude::Force,
        )
        .map_err(|_| Error::<T>::NoAccount)?;
        ensure!(moved == amount_fen, DispatchError::Corruption);
        Ok(())
    }
}
