//! The fee in escrow: held at booking, settled by the outcome.

use frame_support::{
    ensure,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Restriction},
    },
};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{
    glue::{Members, Patients},
    AppointmentId, Balance, PatientId,
};

use crate::{
    booking::AppointmentOf,
    rules::share_fen,
    types::{Appointment, Escrow},
    Config, Error, Event, HoldReason, Pallet,
};

type EscrowOf<T> = Escrow<<T as frame_system::Config>::AccountId>;

impl<AccountId> Appointment<AccountId> {
    /// What is held for the appointment, in fen.
    pub fn fee_fen(&self) -> Balance {
        self.escrow.as_ref().map_or(0, |escrow| escrow.amount_fen)
    }
}

impl<T: Config> Pallet<T> {
    /// Holds a fee on the account of `patient`; 0 touches nothing.
    pub(crate) fn hold_fee(
        patient: PatientId,
        amount_fen: Balance,
    ) -> Result<Option<EscrowOf<T>>, Error<T>> {
        if amount_fen == 0 {
            return Ok(None);
        }
        let payer = T::Patients::account_of(patient).ok_or(Error::FeeNotCovered)?;
        Self::hold(&payer, amount_fen)?;
        Ok(Some(Escrow { payer, amount_fen }))
    }

    /// Makes `amount_fen` of what is held for an appointment of `patient`. What suffices stays
    /// where it is held. If more is needed and the patient has another account by now, all of it
    /// moves there.
    pub(crate) fn rehold_fee(
        patient: PatientId,
        held: Option<EscrowOf<T>>,
        amount_fen: Balance,
    ) -> Result<Option<EscrowOf<T>>, DispatchError> {
        let Some(Escrow {
            payer,
            amount_fen: held_fen,
        }) = held
        else {
            return Ok(Self::hold_fee(patient, amount_fen)?);
        };
        if amount_fen <= held_fen {
            Self::refund(patient, &payer, held_fen - amount_fen)?;
        } else if T::Patients::account_of(patient).as_ref() == Some(&payer) {
            Self::hold(&payer, amount_fen - held_fen)?;
        } else {
            Self::refund(patient, &payer, held_fen)?;
            return Ok(Self::hold_fee(patient, amount_fen)?);
        }
        Ok((amount_fen > 0).then_some(Escrow { payer, amount_fen }))
    }

    /// Pays out what is held for an appointment: `share_bp` basis points, rounded down, to the
    /// member, the rest back to the patient.
    pub(crate) fn settle_fee(
        id: AppointmentId,
        appointment: &mut AppointmentOf<T>,
        share_bp: u16,
    ) -> DispatchResult {
        let Some(Escrow { payer, amount_fen }) = appointment.escrow.take() else {
            return Ok(());
        };
        let to_member_fen = share_fen(amount_fen, share_bp);
        let refunded_fen = amount_fen - to_member_fen;
        if to_member_fen > 0 {
            let account =
                T::Members::account_of(appointment.member).ok_or(Error::<T>::NoMemberAccount)?;
            Self::pay_from_hold(&payer, &account, to_member_fen)
                .map_err(|_| Error::<T>::NoMemberAccount)?;
        }
        Self::refund(appointment.patient, &payer, refunded_fen)?;
        Self::deposit_event(Event::FeeSettled {
            appointment: id,
            to_member_fen,
            refunded_fen,
        });
        Ok(())
    }

    fn hold(payer: &T::AccountId, amount_fen: Balance) -> Result<(), Error<T>> {
        T::Currency::hold(&HoldReason::Fee.into(), payer, amount_fen)
            .map_err(|_| Error::FeeNotCovered)
    }

    /// Gives held money back, to the account that the patient has by now. If that account cannot
    /// take it, because it does not exist and the amount is too small to create it, it stays with
    /// the payer's: an outcome must never hang on a refund.
    fn refund(patient: PatientId, payer: &T::AccountId, amount_fen: Balance) -> DispatchResult {
        if amount_fen == 0 {
            return Ok(());
        }
        if let Some(account) = T::Patients::account_of(patient).filter(|own| own != payer) {
            if Self::pay_from_hold(payer, &account, amount_fen).is_ok() {
                return Ok(());
            }
        }
        let reason = HoldReason::Fee.into();
        let released = T::Currency::release(&reason, payer, amount_fen, Precision::Exact)?;
        ensure!(released == amount_fen, DispatchError::Corruption);
        Ok(())
    }

    fn pay_from_hold(
        payer: &T::AccountId,
        to: &T::AccountId,
        amount_fen: Balance,
    ) -> DispatchResult {
        // Money in escrow is not the payer's to freeze.
        let paid = T::Currency::transfer_on_hold(
            &HoldReason::Fee.into(),
            payer,
            to,
            amount_fen,
            Precision::Exact,
            Restriction::Free,
            Fortitude::Force,
        )?;
        ensure!(paid == amount_fen, DispatchError::Corruption);
        Ok(())
    }
}
