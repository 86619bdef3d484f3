//! How the money of a settlement moves, and back.

use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Preservation},
    },
};
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{Members, Patients},
    Balance, MemberId, PatientId,
};

use crate::{adjudication::Plan, coverages::CoverageOf, types::Settlement, Config, Error, Pallet};

/// What goes to the two sides, in fen.
#[derive(Clone, Copy)]
pub(crate) struct Payout {
    /// To the member that is owed it.
    pub to_member_fen: Balance,
    /// To the patient, who has paid it.
    pub to_patient_fen: Balance,
}

impl<T: Config> Pallet<T> {
    /// Whether the fund's part can be paid.
    pub(crate) fn ensure_funded(plan: &Plan<T>) -> Result<(), Error<T>> {
        let fund = Self::fund_of(plan.scheme.insurer)?;
        Self::ensure_has(&fund, plan.split.fund_fen(), Error::FundTooSmall)?;
        Self::ensure_may_receive(plan.bill.member, plan.split.to_member_fen(&plan.bill))
    }

    /// Pays the parts of fund and account: the fund's first to the member, then to the patient.
    pub(crate) fn pay_out(plan: &mut Plan<T>) -> DispatchResult {
        Self::ensure_funded(plan)?;
        let fund = Self::fund_of(plan.scheme.insurer)?;
        let payout = Payout {
            to_member_fen: plan.split.to_member_fen(&plan.bill),
            to_patient_fen: plan.split.to_patient_fen(&plan.bill),
        };
        let by_fund_fen = plan.split.fund_fen().min(payout.to_member_fen);
        let from_fund = Payout {
            to_member_fen: by_fund_fen,
            to_patient_fen: plan.split.fund_fen().saturating_sub(by_fund_fen),
        };
        let from_account = Payout {
            to_member_fen: payout.to_member_fen.saturating_sub(by_fund_fen),
            to_patient_fen: payout
                .to_patient_fen
                .saturating_sub(from_fund.to_patient_fen),
        };
        let parties = (plan.bill.member, plan.bill.patient);
        Self::pay_from_fund(&fund, parties, from_fund)?;
        Self::pay_from_account(&mut plan.coverage, parties, from_account)
    }

    /// Pays the fund's part to member and patient.
    pub(crate) fn pay_from_fund(
        fund: &T::AccountId,
        (member, patient): (MemberId, PatientId),
        payout: Payout,
    ) -> DispatchResult {
        let sum_fen = payout.to_member_fen.saturating_add(payout.to_patient_fen);
        Self::ensure_has(fund, sum_fen, Error::FundTooSmall)?;
        Self::ensure_may_receive(member, payout.to_member_fen)?;
        if payout.to_member_fen > 0 {
            let to = T::Members::account_of(member).ok_or(Error::<T>::NoAccount)?;
            Self::transfer(fund, &to, payout.to_member_fen)?;
        }
        if payout.to_patient_fen > 0 {
            let to = T::Patients::account_of(patient).ok_or(Error::<T>::NoAccount)?;
            Self::transfer(fund, &to, payout.to_patient_fen)?;
        }
        Ok(())
    }

    fn pay_from_account(
        coverage: &mut CoverageOf<T>,
        (member, patient): (MemberId, PatientId),
        payout: Payout,
    ) -> DispatchResult {
        if payout.to_member_fen > 0 {
            let to = T::Members::account_of(member).ok_or(Error::<T>::NoAccount)?;
            Self::draw_from_account(coverage, &to, payout.to_member_fen)?;
        }
        if payout.to_patient_fen > 0 {
            let to = T::Patients::account_of(patient).ok_or(Error::<T>::NoAccount)?;
            Self::draw_from_account(coverage, &to, payout.to_patient_fen)?;
        }
        Ok(())
    }

    /// Takes back all that a settlement paid: the account's part is held again, the rest is free.
    pub(crate) fn take_back(
        settlement: &Settlement,
        coverage: &mut CoverageOf<T>,
        insurer: MemberId,
    ) -> DispatchResult {
        let fund = Self::fund_of(insurer)?;
        let to_patient_fen = settlement.to_patient_fen();
        if settlement.to_member_fen > 0 {
            let from = T::Members::account_of(settlement.member).ok_or(Error::<T>::NoAccount)?;
            Self::ensure_has(&from, settlement.to_member_fen, Error::MemberTooPoor)?;
            Self::transfer(&from, &fund, settlement.to_member_fen)?;
        }
        if to_patient_fen > 0 {
            let from = T::Patients::account_of(coverage.patient).ok_or(Error::<T>::NoAccount)?;
            Self::ensure_has(&from, to_patient_fen, Error::PatientTooPoor)?;
            Self::transfer(&from, &fund, to_patient_fen)?;
        }
        Self::add_to_account(coverage, &fund, settlement.split.account_fen)
    }

    /// Nothing is paid to a suspended member. What a patient has paid to it comes back to her.
    fn ensure_may_receive(member: MemberId, fen: Balance) -> Result<(), Error<T>> {
        let is_active = T::Members::kind_of(member).is_some();
        ensure!(fen == 0 || is_active, Error::ProviderSuspended);
        Ok(())
    }

    /// An account may be emptied: that its nonce does not begin again is for the runtime to see to.
    fn ensure_has(
        account: &T::AccountId,
        fen: Balance,
        otherwise: Error<T>,
    ) -> Result<(), Error<T>> {
        let reducible =
            T::Currency::reducible_balance(account, Preservation::Expendable, Fortitude::Polite);
        ensure!(fen <= reducible, otherwise);
        Ok(())
    }

    fn transfer(from: &T::AccountId, to: &T::AccountId, fen: Balance) -> DispatchResult {
        T::Currency::transfer(from, to, fen, Preservation::Expendable)
            .map_err(|_| Error::<T>::NoAccount)?;
        Ok(())
    }
}
