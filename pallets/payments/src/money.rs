//! On-chain CNY: issued and redeemed 1:1 by settlement banks.
//!
//! A redemption holds the holder's money until the bank confirms that it paid out, which burns it,
//! or rejects. The holder cannot take it back while the bank may be paying out. A bank that does
//! not answer in time must not pay out any more without confirming first: from then on the holder
//! may withdraw. What is not redeemed goes back to the account that its owner has by then.

use frame_support::{
    ensure,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Restriction},
        Get, Time,
    },
};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};
use xinglin_primitives::{
    glue::{MemberKind, Members, Patients},
    Balance, Hash, MemberId,
};

use crate::{
    types::{BankBook, InOrder, Owner, Redemption, RedemptionId, Rejection},
    Banks, Config, Error, Event, HoldReason, NextRedemption, OpenRedemptions, Pallet, Redemptions,
    RedemptionsOf, References,
};

type RedemptionOf<T> = Redemption<<T as frame_system::Config>::AccountId>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_issue(
        by: T::AccountId,
        to: T::AccountId,
        amount_fen: Balance,
        reference: Hash,
    ) -> DispatchResult {
        let bank = Self::bank_of(&by)?;
        ensure!(amount_fen > 0, Error::<T>::ZeroAmount);
        ensure!(Self::owner_of(&to).is_some(), Error::<T>::UnknownRecipient);
        Self::use_reference(bank, reference)?;
        Banks::<T>::try_mutate(bank, |book| {
            let issued_fen = book.issued_fen.checked_add(amount_fen);
            book.issued_fen = issued_fen.ok_or(ArithmeticError::Overflow)?;
            Ok::<_, DispatchError>(())
        })?;
        T::Currency::mint_into(&to, amount_fen)?;
        Self::deposit_event(Event::MoneyIssued {
            bank,
            to,
            amount_fen,
            reference,
        });
        Ok(())
    }

    pub(crate) fn do_request_redemption(
        holder: T::AccountId,
        bank: MemberId,
        amount_fen: Balance,
        payout: Hash,
    ) -> DispatchResult {
        ensure!(Self::is_bank(bank), Error::<T>::NotBank);
        ensure!(amount_fen > 0, Error::<T>::ZeroAmount);
        let id = NextRedemption::<T>::get();
        let next = id.next().ok_or(Error::<T>::IdsUsedUp)?;
        Banks::<T>::try_mutate(bank, |book| {
            ensure!(amount_fen <= book.redeemable_fen(), Error::<T>::NotBacked);
            book.pending_fen = book.pending_fen.saturating_add(amount_fen);
            Ok::<_, Error<T>>(())
        })?;
        RedemptionsOf::<T>::try_append(&holder, id).map_err(|()| Error::<T>::TooManyRedemptions)?;
        T::Currency::hold(&HoldReason::Redemption.into(), &holder, amount_fen)
            .map_err(|_| Error::<T>::BalanceTooSmall)?;

        NextRedemption::<T>::put(next);
        OpenRedemptions::<T>::insert(bank, InOrder::from(id), ());
        let redemption = Redemption {
            holder: holder.clone(),
            owner: Self::owner_of(&holder),
            bank,
            amount_fen,
            payout,
            requested_at: T::Time::now(),
        };
        Redemptions::<T>::insert(id, redemption);
        Self::deposit_event(Event::RedemptionRequested {
            redemption: id,
            holder,
            bank,
            amount_fen,
            payout,
        });
        Ok(())
    }

    pub(crate) fn do_confirm_redemption(
        by: T::AccountId,
        id: RedemptionId,
        reference: Hash,
    ) -> DispatchResult {
        let redemption = Self::redemption_for_bank(&by, id)?;
        Self::use_reference(redemption.bank, reference)?;
        let burned_fen = T::Currency::burn_held(
            &HoldReason::Redemption.into(),
            &redemption.holder,
            redemption.amount_fen,
            Precision::Exact,
            Fortitude::Force,
        )?;
        ensure!(
            burned_fen == redemption.amount_fen,
            DispatchError::Corruption
        );
        Self::close_redemption(id, &redemption, |book| {
            book.redeemed_fen = book.redeemed_fen.saturating_add(redemption.amount_fen);
        });
        Self::deposit_event(Event::RedemptionConfirmed {
            redemption: id,
            reference,
        });
        Ok(())
    }

    pub(crate) fn do_reject_redemption(
        by: T::AccountId,
        id: RedemptionId,
        reason: Rejection,
    ) -> DispatchResult {
        let redemption = Self::redemption_for_bank(&by, id)?;
        Self::give_back(&redemption)?;
        Self::close_redemption(id, &redemption, |_| ());
        Self::deposit_event(Event::RedemptionRejected {
            redemption: id,
            reason,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_redemption(by: T::AccountId, id: RedemptionId) -> DispatchResult {
        let redemption = Redemptions::<T>::get(id).ok_or(Error::<T>::UnknownRedemption)?;
        let is_owner = redemption.owner.is_some() && Self::owner_of(&by) == redemption.owner;
        ensure!(by == redemption.holder || is_owner, Error::<T>::NotHolder);
        let deadline = redemption
            .requested_at
            .saturating_add(T::RedemptionTime::get());
        ensure!(T::Time::now() >= deadline, Error::<T>::TooEarly);
        Self::give_back(&redemption)?;
        Self::close_redemption(id, &redemption, |_| ());
        Self::deposit_event(Event::RedemptionWithdrawn { redemption: id });
        Ok(())
    }

    /// The active patient or member whose money the account has.
    fn owner_of(who: &T::AccountId) -> Option<Owner> {
        let patient = T::Patients::patient_of(who).map(Owner::Patient);
        patient.or_else(|| T::Members::member_of(who).map(Owner::Member))
    }

    /// The active settlement bank that `who` is an account of.
    fn bank_of(who: &T::AccountId) -> Result<MemberId, Error<T>> {
        T::Members::member_of(who)
            .filter(|member| Self::is_bank(*member))
            .ok_or(Error::NotBank)
    }

    fn is_bank(member: MemberId) -> bool {
        T::Members::kind_of(member) == Some(MemberKind::SettlementBank)
    }

    fn use_reference(bank: MemberId, reference: Hash) -> Result<(), Error<T>> {
        ensure!(
            !References::<T>::contains_key(bank, reference),
            Error::ReferenceUsed
        );
        References::<T>::insert(bank, reference, ());
        Ok(())
    }

    /// A redemption that is asked of the bank that `by` is an account of.
    fn redemption_for_bank(
        by: &T::AccountId,
        id: RedemptionId,
    ) -> Result<RedemptionOf<T>, Error<T>> {
        let redemption = Redemptions::<T>::get(id).ok_or(Error::UnknownRedemption)?;
        ensure!(Self::bank_of(by)? == redemption.bank, Error::NotBank);
        Ok(redemption)
    }

    /// Ends the hold. The money goes to the account that its owner has by now: the key of the one
    /// before may be in other hands.
    fn give_back(redemption: &RedemptionOf<T>) -> DispatchResult {
        let (reason, holder) = (HoldReason::Redemption.into(), &redemption.holder);
        let amount_fen = redemption.amount_fen;
        let now_own = redemption.owner.and_then(|owner| match owner {
            Owner::Patient(patient) => T::Patients::account_of(patient),
            Owner::Member(member) => T::Members::account_of(member),
        });
        let given_fen = match now_own.filter(|own| own != holder) {
            None => T::Currency::release(&reason, holder, amount_fen, Precision::Exact)?,
            Some(own) => T::Currency::transfer_on_hold(
                &reason,
                holder,
                &own,
                amount_fen,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )?,
        };
        ensure!(given_fen == amount_fen, DispatchError::Corruption);
        Ok(())
    }

    fn close_redemption(
        id: RedemptionId,
        redemption: &RedemptionOf<T>,
        book_it: impl FnOnce(&mut BankBook),
    ) {
        Redemptions::<T>::remove(id);
        OpenRedemptions::<T>::remove(redemption.bank, InOrder::from(id));
        RedemptionsOf::<T>::mutate_exists(&redemption.holder, |slot| {
            let Some(open) = slot else { return };
            open.retain(|other| *other != id);
            if open.is_empty() {
                *slot = None;
            }
        });
        Banks::<T>::mutate(redemption.bank, |book| {
            book.pending_fen = book.pending_fen.saturating_sub(redemption.amount_fen);
            book_it(book);
        });
    }
}
