//! Refunds of what had been settled.
//!
//! An invoice must be reversed before it is refunded, so that no money is wrong by then. What is
//! remarkable is the order: settled, taken back, refunded, and perhaps charged anew. A refund that
//! comes soon after the settlement is put to the insurer; nothing waits for the review.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{ensure, traits::Time};
use scale_info::TypeInfo;
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::OnRefund,
    time::{Date, Moment},
    Balance, CoverageId, InOrder, InvoiceId, MemberId, SettlementId,
};

use crate::{
    anomalies::is_within,
    review::{push_latest, Refund},
    types::ReasonCode,
    Config, Coverages, Error, Event, FlaggedRefunds, InvoiceFiles, NormsInForce, OpenRefunds,
    Pallet, Refunds, Schemes, Settlements,
};

/// Whether the insurer has looked at a refund.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum RefundState {
    /// It has not.
    Open,
    /// It has. What is refunded of the invoice afterwards opens it again.
    Reviewed {
        /// What it found: a number of its own list.
        reason: ReasonCode,
        /// When.
        at: Moment,
    },
}

/// The refund of an invoice that had been settled shortly before.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct FlaggedRefund {
    /// The latest settlement of the invoice, which was reversed.
    pub settlement: SettlementId,
    /// By which coverage it was settled.
    pub coverage: CoverageId,
    /// Who issued the invoice and refunds it.
    pub member: MemberId,
    /// Who reviews.
    pub insurer: MemberId,
    /// What was refunded since the settlement, in fen.
    #[codec(compact)]
    pub refunded_fen: Balance,
    /// When the refund was flagged, for the last time if it was reviewed in between.
    pub flagged_at: Moment,
    /// Whether it was reviewed.
    pub state: RefundState,
}

impl FlaggedRefund {
    /// Whether the insurer has to look at it.
    pub fn is_open(&self) -> bool {
        self.state == RefundState::Open
    }
}

impl<T: Config> OnRefund for Pallet<T> {
    fn on_refund(invoice: InvoiceId, amount_fen: Balance) {
        let Some(days) = NormsInForce::<T>::get().refund_days else {
            return;
        };
        if let Some(flagged) = Self::flag_of_refund(invoice, amount_fen, days) {
            Self::put_refund(invoice, flagged);
        }
    }
}

impl<T: Config> Pallet<T> {
    /// What is to be put to the insurer, if anything.
    fn flag_of_refund(invoice: InvoiceId, amount_fen: Balance, days: u16) -> Option<FlaggedRefund> {
        let id = InvoiceFiles::<T>::get(invoice).settlement?;
        let settlement = Settlements::<T>::get(id)?;
        let now = T::Time::now();
        let settled = Date::of(settlement.settled_at);
        if !is_within(settled, Date::of(now), days) {
            return None;
        }
        let scheme = Coverages::<T>::get(settlement.coverage)?.scheme;
        let before = FlaggedRefunds::<T>::get(invoice);
        let since = before.as_ref().filter(|it| it.is_open());
        Some(FlaggedRefund {
            settlement: id,
            coverage: settlement.coverage,
            member: settlement.member,
            insurer: Schemes::<T>::get(scheme)?.insurer,
            refunded_fen: before
                .as_ref()
                .map_or(0, |it| it.refunded_fen)
                .saturating_add(amount_fen),
            flagged_at: since.map_or(now, |it| it.flagged_at),
            state: RefundState::Open,
        })
    }

    fn put_refund(invoice: InvoiceId, flagged: FlaggedRefund) {
        let Some(coverage) = Coverages::<T>::get(flagged.coverage) else {
            return;
        };
        let day = Self::today();
        Refunds::<T>::mutate((coverage.patient, flagged.member), |all| {
            match all.iter_mut().find(|it| it.invoice == invoice) {
                Some(known) => known.day = day,
                None => push_latest(all, Refund { invoice, day }),
            }
        });
        OpenRefunds::<T>::insert(flagged.insurer, InOrder::from(invoice), ());
        Self::deposit_event(Event::RefundFlagged {
            invoice,
            settlement: flagged.settlement,
            insurer: flagged.insurer,
            refunded_fen: flagged.refunded_fen,
        });
        FlaggedRefunds::<T>::insert(invoice, flagged);
    }

    pub(crate) fn do_review_refund(
        who: &T::AccountId,
        invoice: InvoiceId,
        reason: ReasonCode,
    ) -> DispatchResult {
        let mut flagged = FlaggedRefunds::<T>::get(invoice).ok_or(Error::<T>::UnknownRefund)?;
        Self::ensure_insurer(who, flagged.insurer)?;
        ensure!(flagged.is_open(), Error::<T>::WrongState);
        let at = T::Time::now();
        flagged.state = RefundState::Reviewed { reason, at };
        OpenRefunds::<T>::remove(flagged.insurer, InOrder::from(invoice));
        FlaggedRefunds::<T>::insert(invoice, flagged);
        Self::deposit_event(Event::RefundReviewed { invoice });
        Ok(())
    }
}
