//! Settling invoices and taking settlements back: `settle`, `claim` and `reverse`.

use frame_support::{
    ensure,
    traits::{Get, Time},
};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{
    glue::{Bill, Invoices, Members, Patients, Scope},
    Balance, ClaimId, CoverageId, Hash, InvoiceId, PatientId, SettlementId,
};

use crate::{
    adjudication::Plan,
    types::{Settlement, SettlementState},
    Accumulated, Config, Coverages, Error, Event, InvoiceFiles, NextSettlement, Pallet,
    Settlements,
};

/// What the signer of a settlement asks for.
pub(crate) struct Request {
    pub invoice: InvoiceId,
    pub coverage: CoverageId,
    /// How much of the personal account may be used, in fen.
    pub account_max_fen: Balance,
}

impl<T: Config> Pallet<T> {
    /// Returns how many lines the bill has.
    pub(crate) fn do_settle(
        who: &T::AccountId,
        request: Request,
        payment: Option<Hash>,
    ) -> Result<u32, DispatchError> {
        let bill = Self::bill(request.invoice)?;
        let lines = lines_of(&bill);
        let is_patient = T::Patients::acts_for(who, bill.patient, Scope::Paying);
        if !is_patient {
            let is_staff = T::Members::member_of(who) == Some(bill.member);
            ensure!(is_staff, Error::<T>::NotForPatient);
            let is_free_of_hers = request.account_max_fen == 0 && payment.is_none();
            ensure!(is_free_of_hers, Error::<T>::NeedsPatient);
        }
        Self::ensure_may_allow(who, bill.patient, request.account_max_fen)?;
        Self::ensure_unclaimed(request.invoice, request.coverage)?;
        let plan = Self::plan(
            request.invoice,
            bill,
            request.coverage,
            request.account_max_fen,
        )?;
        ensure!(plan.bill.due_fen() > 0, Error::<T>::PaidInFull);
        if !Self::file_if_flagged(&plan, request.account_max_fen)? {
            let rest_fen = plan.split.rest_fen(&plan.bill);
            Self::execute(plan, None)?;
            if let Some(payment) = payment.filter(|_| rest_fen > 0) {
                T::Invoices::pay_from_balance(who, request.invoice, rest_fen, payment)?;
            }
        }
        Ok(lines)
    }

    /// Returns how many lines the bill has.
    pub(crate) fn do_claim(who: &T::AccountId, request: Request) -> Result<u32, DispatchError> {
        let bill = Self::bill(request.invoice)?;
        let lines = lines_of(&bill);
        Self::ensure_pays_for(who, bill.patient)?;
        Self::ensure_may_allow(who, bill.patient, request.account_max_fen)?;
        Self::ensure_unclaimed(request.invoice, request.coverage)?;
        let plan = Self::plan(
            request.invoice,
            bill,
            request.coverage,
            request.account_max_fen,
        )?;
        ensure!(plan.bill.due_fen() == 0, Error::<T>::NotPaidInFull);
        if !Self::file_if_flagged(&plan, request.account_max_fen)? {
            Self::execute(plan, None)?;
        }
        Ok(lines)
    }

    /// Settles as planned: money, invoice, accumulators and indexes.
    pub(crate) fn execute(
        mut plan: Plan<T>,
        claim: Option<ClaimId>,
    ) -> Result<SettlementId, DispatchError> {
        let id = NextSettlement::<T>::get();
        NextSettlement::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        let to_member_fen = plan.split.to_member_fen(&plan.bill);
        let to_patient_fen = plan.split.to_patient_fen(&plan.bill);
        Self::pay_out(&mut plan)?;
        T::Invoices::cover(plan.invoice, id, to_member_fen)?;
        let admission_before = plan
            .so_far
            .add(&plan.encounter, &plan.split)
            .map_err(Error::<T>::from)?;
        Accumulated::<T>::insert(plan.coverage_id, plan.year, plan.so_far);
        Self::remember(&plan.bill, id)?;
        let day = plan.bill.service.1;
        let mut coverage = plan.coverage;
        let file = InvoiceFiles::<T>::get(plan.invoice);
        let settlement = Settlement {
            invoice: plan.invoice,
            coverage: plan.coverage_id,
            member: plan.bill.member,
            encounter: plan.encounter,
            service: plan.bill.service,
            version: plan.version,
            split: plan.split,
            to_member_fen,
            claim,
            settled_at: T::Time::now(),
            state: SettlementState::Live,
            admission_before,
            previous: coverage.latest,
            previous_live: coverage.latest_live,
            previous_of_invoice: file.settlement,
        };
        coverage.latest = Some(id);
        coverage.latest_live = Some(id);
        coverage.served_until = coverage.served_until.max(Some(day));
        Coverages::<T>::insert(plan.coverage_id, coverage);
        Settlements::<T>::insert(id, settlement);
        InvoiceFiles::<T>::mutate(plan.invoice, |file| file.settlement = Some(id));
        Self::deposit_event(Event::Settled {
            settlement: id,
            invoice: plan.invoice,
            coverage: plan.coverage_id,
            fund_fen: plan.split.fund_fen(),
            account_fen: plan.split.account_fen,
            cash_fen: plan.split.cash_fen,
            to_member_fen,
            to_patient_fen,
        });
        Ok(id)
    }

    /// Returns how many lines were settled.
    pub(crate) fn do_reverse(who: &T::AccountId, id: SettlementId) -> Result<u32, DispatchError> {
        let mut settlement = Self::settlement(id)?;
        let mut coverage = Self::coverage(settlement.coverage)?;
        let insurer = Self::scheme(coverage.scheme)?.insurer;
        let member = T::Members::member_of(who);
        ensure!(
            member == Some(settlement.member) || member == Some(insurer),
            Error::<T>::NotParty
        );
        ensure!(settlement.is_live(), Error::<T>::AlreadyReversed);
        ensure!(coverage.latest_live == Some(id), Error::<T>::NotLatest);
        Self::take_back(&settlement, &mut coverage, insurer)?;
        T::Invoices::uncover(settlement.invoice, id)?;
        let year = settlement.year();
        let setting = settlement.encounter.setting;
        Accumulated::<T>::try_mutate(settlement.coverage, year, |sums| {
            sums.subtract(setting, &settlement.split, settlement.admission_before)
                .map_err(Error::<T>::from)
        })?;
        let lines = Self::forget(coverage.patient, id, &settlement);
        settlement.state = SettlementState::Reversed;
        coverage.latest_live = settlement.previous_live;
        Coverages::<T>::insert(settlement.coverage, coverage);
        Self::deposit_event(Event::Reversed {
            settlement: id,
            invoice: settlement.invoice,
            coverage: settlement.coverage,
            fund_fen: settlement.split.fund_fen(),
            account_fen: settlement.split.account_fen,
        });
        Settlements::<T>::insert(id, settlement);
        Ok(lines)
    }

    pub(crate) fn settlement(id: SettlementId) -> Result<Settlement, Error<T>> {
        Settlements::<T>::get(id).ok_or(Error::UnknownSettlement)
    }

    /// Refuses what others than the patient would allow of her account above their limit. What is
    /// allowed counts, not what is used, because a claim is computed later.
    fn ensure_may_allow(
        who: &T::AccountId,
        patient: PatientId,
        account_max_fen: Balance,
    ) -> Result<(), Error<T>> {
        let may_allow = account_max_fen <= T::DelegatedPaymentMax::get()
            || T::Patients::patient_of(who) == Some(patient);
        ensure!(may_allow, Error::AboveDelegatedLimit);
        Ok(())
    }

    pub(crate) fn ensure_pays_for(who: &T::AccountId, patient: PatientId) -> DispatchResult {
        let may_pay = T::Patients::acts_for(who, patient, Scope::Paying);
        ensure!(may_pay, Error::<T>::NotForPatient);
        Ok(())
    }
}

fn lines_of(bill: &Bill) -> u32 {
    u32::try_from(bill.lines.len()).unwrap_or(u32::MAX)
}
