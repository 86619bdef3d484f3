//! Settlements that the insurer looks at first: `decide`, `appeal` and `withdraw`.

use frame_support::{ensure, traits::Time};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{glue::Invoices, Balance, ClaimId, InOrder, SettlementId};

use crate::{
    adjudication::Plan,
    money::Payout,
    states::{ClaimState, ClaimStep},
    types::{Claim, Decision, ReasonCode, Ruling, Settlement},
    Accumulated, Claims, Config, Error, Event, InvoiceFiles, NextClaim, OpenClaims, Pallet,
    Settlements,
};

impl Claim {
    /// Whether the fund pays nothing, and the patient can only appeal if at all.
    pub(crate) fn is_denied(&self) -> bool {
        let ruling = self.ruling.map(|ruling| ruling.decision);
        self.settlement.is_none()
            && matches!(self.state, ClaimState::Denied | ClaimState::Closed)
            && ruling == Some(Decision::Deny)
    }
}

impl Decision {
    fn step(self) -> ClaimStep {
        match self {
            Self::Approve => ClaimStep::Approve,
            Self::Part { .. } => ClaimStep::ApprovePart,
            Self::Deny => ClaimStep::Deny,
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Puts a planned settlement to the insurer if anything about it is remarkable, and says
    /// whether it did.
    pub(crate) fn file_if_flagged(
        plan: &Plan<T>,
        account_max_fen: Balance,
    ) -> Result<bool, DispatchError> {
        let flags = Self::flags_of(&plan.bill, &plan.review);
        if flags.is_empty() {
            return Ok(false);
        }
        let id = NextClaim::<T>::get();
        NextClaim::<T>::put(id.next().ok_or(Error::<T>::IdsUsedUp)?);
        let insurer = plan.scheme.insurer;
        let claim = Claim {
            invoice: plan.invoice,
            coverage: plan.coverage_id,
            insurer,
            flags,
            account_max_fen,
            filed_at: T::Time::now(),
            appealed_at: None,
            state: ClaimState::Flagged,
            ruling: None,
            settlement: None,
            computed: None,
        };
        Claims::<T>::insert(id, claim);
        OpenClaims::<T>::insert(insurer, InOrder::from(id), ());
        InvoiceFiles::<T>::mutate(plan.invoice, |file| file.claim = Some(id));
        Self::deposit_event(Event::Flagged {
            claim: id,
            invoice: plan.invoice,
            coverage: plan.coverage_id,
            insurer,
        });
        Ok(true)
    }

    pub(crate) fn do_decide(
        who: &T::AccountId,
        id: ClaimId,
        decision: Decision,
        reason: ReasonCode,
    ) -> DispatchResult {
        let mut claim = Self::claim_by_id(id)?;
        Self::ensure_insurer(who, claim.insurer)?;
        claim.state = Self::step(&claim, decision.step())?;
        match claim.settlement {
            Some(settlement) => Self::raise(&claim, settlement, decision)?,
            None => Self::settle_claim(id, &mut claim, decision)?,
        }
        let at = T::Time::now();
        claim.ruling = Some(Ruling {
            decision,
            reason,
            at,
        });
        OpenClaims::<T>::remove(claim.insurer, InOrder::from(id));
        Self::deposit_event(Event::Decided {
            claim: id,
            settlement: claim.settlement,
        });
        Claims::<T>::insert(id, claim);
        Ok(())
    }

    pub(crate) fn do_appeal(who: &T::AccountId, id: ClaimId) -> DispatchResult {
        let mut claim = Self::claim_by_id(id)?;
        Self::ensure_pays_for(who, Self::coverage(claim.coverage)?.patient)?;
        claim.state = Self::step(&claim, ClaimStep::Appeal)?;
        let file = InvoiceFiles::<T>::get(claim.invoice);
        let is_current = match claim.settlement {
            // Part of it was approved, and stands.
            Some(settlement) => {
                let is_live = Settlements::<T>::get(settlement).is_some_and(|it| it.is_live());
                is_live && file.settlement == Some(settlement)
            }
            // Nothing was settled in another way since.
            None => Self::bill(claim.invoice)?.settlement.is_none(),
        };
        ensure!(is_current && file.claim == Some(id), Error::<T>::Superseded);
        claim.appealed_at = Some(T::Time::now());
        OpenClaims::<T>::insert(claim.insurer, InOrder::from(id), ());
        Claims::<T>::insert(id, claim);
        Self::deposit_event(Event::Appealed { claim: id });
        Ok(())
    }

    pub(crate) fn do_withdraw(who: &T::AccountId, id: ClaimId) -> DispatchResult {
        let mut claim = Self::claim_by_id(id)?;
        Self::ensure_pays_for(who, Self::coverage(claim.coverage)?.patient)?;
        claim.state = Self::step(&claim, ClaimStep::Withdraw)?;
        OpenClaims::<T>::remove(claim.insurer, InOrder::from(id));
        Claims::<T>::insert(id, claim);
        Self::deposit_event(Event::Withdrawn { claim: id });
        Ok(())
    }

    /// Settles a claim as decided, by the accumulators of this moment.
    fn settle_claim(id: ClaimId, claim: &mut Claim, decision: Decision) -> DispatchResult {
        if decision == Decision::Deny {
            return Ok(());
        }
        let bill = Self::bill(claim.invoice)?;
        let mut plan = Self::plan(claim.invoice, bill, claim.coverage, claim.account_max_fen)?;
        if let Decision::Part { fund_fen } = decision {
            ensure!(
                fund_fen > 0 && fund_fen <= plan.split.fund_fen(),
                Error::<T>::BadPart
            );
            claim.computed = Some(plan.split);
            plan.split = plan.split.limited_to(fund_fen);
        }
        claim.settlement = Some(Self::execute(plan, Some(id))?);
        Ok(())
    }

    /// Raises what the fund pays of a settlement of which part was approved. An appeal never takes
    /// back what was paid.
    fn raise(claim: &Claim, id: SettlementId, decision: Decision) -> DispatchResult {
        let full = claim.computed.ok_or(Error::<T>::WrongState)?;
        let mut settlement = Self::settlement(id)?;
        let paid_fen = settlement.split.fund_fen();
        let fund_fen = match decision {
            Decision::Deny => return Ok(()),
            Decision::Approve => full.fund_fen(),
            Decision::Part { fund_fen } => fund_fen,
        };
        ensure!(
            (paid_fen..=full.fund_fen()).contains(&fund_fen),
            Error::<T>::BadPart
        );
        ensure!(settlement.is_live(), Error::<T>::Superseded);
        let coverage = Self::coverage(claim.coverage)?;
        let scheme = Self::scheme(coverage.scheme)?;
        ensure!(!scheme.is_held, Error::<T>::SchemeHeld);
        let year = settlement.year();
        let mut so_far = Accumulated::<T>::get(claim.coverage, year);
        let room = Self::room_of(&settlement, &coverage, &so_far)?;
        let raised = settlement.split.raised_to(fund_fen, &full, &room);
        let setting = settlement.encounter.setting;
        so_far
            .replace(setting, &settlement.split, &raised)
            .map_err(Error::<T>::from)?;
        let added_fen = raised.fund_fen().saturating_sub(paid_fen);
        let payout = Self::share_of(&settlement, added_fen)?;
        let fund = Self::fund_of(scheme.insurer)?;
        let parties = (settlement.member, coverage.patient);
        Self::pay_from_fund(&fund, parties, payout)?;
        if payout.to_member_fen > 0 {
            settlement.to_member_fen = settlement
                .to_member_fen
                .saturating_add(payout.to_member_fen);
            T::Invoices::uncover(settlement.invoice, id)?;
            T::Invoices::cover(settlement.invoice, id, settlement.to_member_fen)?;
        }
        settlement.split = raised;
        Settlements::<T>::insert(id, settlement);
        Accumulated::<T>::insert(claim.coverage, year, so_far);
        Self::deposit_event(Event::Raised {
            settlement: id,
            to_member_fen: payout.to_member_fen,
            to_patient_fen: payout.to_patient_fen,
        });
        Ok(())
    }

    /// To whom more of a settled invoice goes: to the member what it is still owed, the rest to the
    /// patient.
    fn share_of(settlement: &Settlement, fen: Balance) -> Result<Payout, Error<T>> {
        let bill = Self::bill(settlement.invoice)?;
        ensure!(bill.is_open, Error::InvoiceNotOpen);
        let had_fen = bill.paid_fen.saturating_add(settlement.to_member_fen);
        let due_fen = bill.total_fen.saturating_sub(had_fen);
        let to_member_fen = fen.min(due_fen);
        Ok(Payout {
            to_member_fen,
            to_patient_fen: fen.saturating_sub(to_member_fen),
        })
    }

    pub(crate) fn claim_by_id(id: ClaimId) -> Result<Claim, Error<T>> {
        Claims::<T>::get(id).ok_or(Error::UnknownClaim)
    }

    fn step(claim: &Claim, step: ClaimStep) -> Result<ClaimState, Error<T>> {
        claim.state.after(step).ok_or(Error::WrongState)
    }
}
