//! The life of an invoice: the amounts on it and the one function that says what follows what.
//!
//! The state is not stored beside the amounts, where it could contradict them; it is read off them.
//!
//! ```text
//! Issued ──pay, cover──▶ PartlyPaid ──▶ Paid      the patient paid all; nobody has settled it
//!    │                        │                  └─cover─┐
//!    │                        └──pay, cover──────────────┴─▶ Balanced   settled, nothing is due
//!    └─cancel─▶ Cancelled
//! anything paid and not settled ──refund──▶ PartlyRefunded ──refund──▶ Refunded
//! ```
//!
//! Taking a settlement back (`Uncover`) leads to where the remaining payments lead.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use xinglin_primitives::{Balance, SettlementId};

use crate::Error;

/// Where an invoice stands.
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
pub enum InvoiceState {
    /// Nothing is paid or covered.
    Issued,
    /// Something is paid or covered, and something is due.
    PartlyPaid,
    /// The patient paid all. An insurer may still settle it (事后报销).
    Paid,
    /// A settlement covers it, and with what the patient paid nothing is due: it is closed.
    Balanced,
    /// Called off before anything was paid. Final.
    Cancelled,
    /// Red-letter invoices take a part of it back.
    PartlyRefunded,
    /// Red-letter invoices take all of it back. Final.
    Refunded,
}

/// What may happen to an invoice. Amounts are in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The patient pays.
    Pay(Balance),
    /// A settlement covers an amount, which may be 0.
    Cover(SettlementId, Balance),
    /// The settlement is taken back.
    Uncover(SettlementId),
    /// A red-letter invoice takes an amount back.
    Refund(Balance),
    /// The member calls it off.
    Cancel,
}

/// Why a step is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The amount is 0.
    ZeroAmount,
    /// The invoice is cancelled, refunded or paid, whichever stands against the step.
    WrongState,
    /// A settlement covers the invoice.
    Settled,
    /// No settlement covers the invoice, or another one does.
    NotSettledBy,
    /// The amount is above what is due.
    Overpaid,
    /// Nothing was paid.
    NotPaid,
    /// The red-letter invoices would exceed the blue one.
    ExceedsInvoice,
}

/// The amounts on a blue invoice, in fen.
///
/// What is paid, covered and refunded never exceeds the total together.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Tally {
    /// The sum of the lines.
    #[codec(compact)]
    pub total_fen: Balance,
    /// What the patient has paid and not got back.
    #[codec(compact)]
    pub paid_fen: Balance,
    /// What the settlement pays to the member.
    #[codec(compact)]
    pub covered_fen: Balance,
    /// What red-letter invoices take back.
    #[codec(compact)]
    pub refunded_fen: Balance,
    /// The settlement that covers the invoice, also with 0.
    pub settlement: Option<SettlementId>,
    /// Whether the invoice was cancelled.
    pub is_cancelled: bool,
}

impl Tally {
    /// Of an invoice that was just issued.
    pub fn new(total_fen: Balance) -> Self {
        Self {
            total_fen,
            paid_fen: 0,
            covered_fen: 0,
            refunded_fen: 0,
            settlement: None,
            is_cancelled: false,
        }
    }

    /// What is left to pay.
    pub fn due_fen(&self) -> Balance {
        if self.is_cancelled {
            return 0;
        }
        self.charged_fen()
            .saturating_sub(self.paid_fen)
            .saturating_sub(self.covered_fen)
    }

    /// Whether it can be settled: neither cancelled nor refunded in whole or part.
    pub fn is_open(&self) -> bool {
        !self.is_cancelled && self.refunded_fen == 0
    }

    /// Where the invoice stands.
    pub fn state(&self) -> InvoiceState {
        if self.is_cancelled {
            InvoiceState::Cancelled
        } else if self.refunded_fen > 0 {
            match self.charged_fen() {
                0 => InvoiceState::Refunded,
                _ => InvoiceState::PartlyRefunded,
            }
        } else if self.due_fen() == 0 {
            match self.settlement {
                Some(_) => InvoiceState::Balanced,
                None => InvoiceState::Paid,
            }
        } else if self.paid_fen > 0 || self.covered_fen > 0 {
            InvoiceState::PartlyPaid
        } else {
            InvoiceState::Issued
        }
    }

    /// The amounts to which `step` leads, or why it is not possible.
    ///
    /// A refund first takes what is not paid yet. Only what was paid beyond the rest is given back:
    /// the difference of `paid_fen` before and after.
    pub fn after(&self, step: Step) -> Result<Self, Refusal> {
        let mut next = self.clone();
        match step {
            Step::Pay(fen) => {
                ensure(fen > 0, Refusal::ZeroAmount)?;
                ensure(self.due_fen() > 0, Refusal::WrongState)?;
                ensure(fen <= self.due_fen(), Refusal::Overpaid)?;
                next.paid_fen = self.paid_fen.saturating_add(fen);
            }
            Step::Cover(settlement, fen) => {
                ensure(self.settlement.is_none(), Refusal::Settled)?;
                ensure(self.is_open(), Refusal::WrongState)?;
                ensure(fen <= self.due_fen(), Refusal::Overpaid)?;
                (next.settlement, next.covered_fen) = (Some(settlement), fen);
            }
            Step::Uncover(settlement) => {
                ensure(self.settlement == Some(settlement), Refusal::NotSettledBy)?;
                (next.settlement, next.covered_fen) = (None, 0);
            }
            Step::Refund(fen) => {
                ensure(fen > 0, Refusal::ZeroAmount)?;
                ensure(!self.is_cancelled, Refusal::WrongState)?;
                ensure(self.settlement.is_none(), Refusal::Settled)?;
                ensure(!self.is_untouched(), Refusal::NotPaid)?;
                ensure(fen <= self.charged_fen(), Refusal::ExceedsInvoice)?;
                next.refunded_fen = self.refunded_fen.saturating_add(fen);
                next.paid_fen = self.paid_fen.min(next.charged_fen());
            }
            Step::Cancel => {
                ensure(self.settlement.is_none(), Refusal::Settled)?;
                ensure(
                    self.is_untouched() && !self.is_cancelled,
                    Refusal::WrongState,
                )?;
                next.is_cancelled = true;
            }
        }
        Ok(next)
    }

    /// What the red-letter invoices leave of the total.
    fn charged_fen(&self) -> Balance {
        self.total_fen.saturating_sub(self.refunded_fen)
    }

    /// Whether nothing has been paid so far, nor refunded.
    fn is_untouched(&self) -> bool {
        self.paid_fen == 0 && self.refunded_fen == 0
    }
}

fn ensure(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds {
        Ok(())
    } else {
        Err(refusal)
    }
}

impl<T> From<Refusal> for Error<T> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::ZeroAmount => Self::ZeroAmount,
            Refusal::WrongState => Self::WrongState,
            Refusal::Settled => Self::Settled,
            Refusal::NotSettledBy => Self::NotSettledBy,
            Refusal::Overpaid => Self::Overpaid,
            Refusal::NotPaid => Self::NotPaid,
            Refusal::ExceedsInvoice => Self::ExceedsInvoice,
        }
    }
}
