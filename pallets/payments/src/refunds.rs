//! Refunds: a red-letter invoice takes back the whole or a part of a blue one, and what was paid
//! beyond the rest goes back to where it came from, the latest payment first.

use frame_support::{
    ensure,
    traits::{fungible::Mutate, tokens::Preservation, ConstU32, Time},
    BoundedVec,
};
use sp_runtime::{DispatchError, DispatchResult};
use xinglin_primitives::{
    glue::{Line, Lines, Members, OnRefund, Patients},
    Balance, Hash, InvoiceId,
};

use crate::{
    receipts::{ProviderReceipt, ReceiptSignature},
    states::{InvoiceState, Step},
    types::{
        Invoice, LinePart, LineParts, Payments as PaymentList, Reason, RedLetter, RefundOf,
        RefundRecord, Repayment, Source, PAYMENTS_MAX, RED_LETTERS_MAX,
    },
    Config, Error, Event, InvoiceLines, Pallet, Payments, Receipts, RedLetters, RedLettersOf,
    RefundIds, RefundedParts,
};

/// What a refund gives back of the payments of an invoice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct GivenBack {
    /// To the patient's on-chain balance, in fen.
    pub to_balance_fen: Balance,
    /// Outside of the chain.
    pub outside: BoundedVec<Repayment, ConstU32<PAYMENTS_MAX>>,
}

impl GivenBack {
    /// What is paid back outside of the chain, in fen.
    pub fn outside_fen(&self) -> Balance {
        self.outside.iter().map(|r| r.amount_fen).sum()
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_refund(
        by: T::AccountId,
        id: InvoiceId,
        what: RefundOf,
        reason: Reason,
        refund: Hash,
    ) -> DispatchResult {
        let invoice = Self::invoice(id)?;
        Self::ensure_staff(&by, &invoice)?;
        let member = invoice.number.member;
        let request = RefundRecord::request_of(id, &what, reason);
        if let Some(before) = RefundIds::<T>::get(member, refund) {
            ensure!(before.request == request, Error::<T>::RefundIdUsed);
            Self::deposit_event(Event::AlreadyRefunded {
                invoice: id,
                red: before.red,
                by,
            });
            return Ok(());
        }

        ensure!(
            invoice.tally.state() != InvoiceState::Refunded,
            Error::<T>::ExceedsInvoice
        );
        let lines = InvoiceLines::<T>::get(id).ok_or(Error::<T>::UnknownInvoice)?;
        let parts = Self::add_parts(id, &what, &lines)?;
        let total_fen = sum_fen(&parts);
        let tally = invoice
            .tally
            .after(Step::Refund(total_fen))
            .map_err(Error::<T>::from)?;
        let state = tally.state();
        let is_last = tally.refunded_fen == tally.total_fen;
        let back_fen = invoice.tally.paid_fen.saturating_sub(tally.paid_fen);
        let back = Self::give_payments_back(id, &invoice, back_fen)?;

        let now = T::Time::now();
        let (red, number) = Self::take_number(member, now)?;
        Self::link_red_letter(id, red, is_last)?;
        RefundIds::<T>::insert(member, refund, RefundRecord { red, request });
        Self::put_tally(id, invoice, tally);
        Self::deposit_event(Event::Refunded {
            invoice: id,
            red,
            number,
            total_fen,
            to_balance_fen: back.to_balance_fen,
            outside_fen: back.outside_fen(),
            state,
            reason,
            by,
        });
        let letter = RedLetter {
            number,
            blue: id,
            issued_at: now,
            issued_in: Self::block(),
            reason,
            parts,
            total_fen,
            to_balance_fen: back.to_balance_fen,
            outside: back.outside,
        };
        RedLetters::<T>::insert(red, letter);
        T::OnRefund::on_refund(id, total_fen);
        Ok(())
    }

    pub(crate) fn do_confirm_repayment(
        by: T::AccountId,
        receipt: ProviderReceipt,
        signature: ReceiptSignature,
    ) -> DispatchResult {
        let ProviderReceipt {
            provider,
            reference,
            invoice: red,
            amount_fen,
            ..
        } = receipt;
        let mut letter = RedLetters::<T>::get(red).ok_or(Error::<T>::UnknownRedLetter)?;
        let blue = Self::invoice(letter.blue)?;
        let vouches = Self::provider_of(&receipt, &signature)?;
        ensure!(
            Self::may_submit(&by, &blue, &vouches),
            Error::<T>::NotSubmitter
        );
        let owed = letter.outside.iter_mut().find(|owed| {
            owed.provider == provider && owed.amount_fen == amount_fen && owed.confirmed.is_none()
        });
        owed.ok_or(Error::<T>::NotOwed)?.confirmed = Some(reference);
        RedLetters::<T>::insert(red, letter);
        Receipts::<T>::insert(provider, reference, red);
        Self::deposit_event(Event::RepaymentConfirmed {
            red,
            provider,
            reference,
            amount_fen,
            by,
        });
        Ok(())
    }

    /// The parts that a refund takes back, added to those that were taken back before.
    fn add_parts(id: InvoiceId, what: &RefundOf, lines: &Lines) -> Result<LineParts, Error<T>> {
        let before = RefundedParts::<T>::get(id);
        let parts = parts_of(what, lines, &before)?;
        let after = merged(lines, &before, &parts).ok_or(Error::ExceedsLine)?;
        RefundedParts::<T>::insert(id, after);
        Ok(parts)
    }

    /// Moves money back to where it came from, and says what the chain cannot move.
    fn give_payments_back(
        id: InvoiceId,
        invoice: &Invoice,
        amount_fen: Balance,
    ) -> Result<GivenBack, DispatchError> {
        if amount_fen == 0 {
            return Ok(GivenBack::default());
        }
        let mut payments = Payments::<T>::get(id);
        let back = take_back(&mut payments, amount_fen).ok_or(DispatchError::Corruption)?;
        Payments::<T>::insert(id, payments);
        if back.to_balance_fen > 0 {
            let (from, to) = (
                T::Members::account_of(invoice.number.member).ok_or(Error::<T>::NoAccount)?,
                T::Patients::account_of(invoice.patient).ok_or(Error::<T>::NoAccount)?,
            );
            T::Currency::transfer(&from, &to, back.to_balance_fen, Preservation::Expendable)
                .map_err(|_| Error::<T>::MemberCannotPay)?;
        }
        Ok(back)
    }

    /// Adds a red-letter invoice to its blue one. The last place is kept for the one that takes
    /// back all that is left, so that a refund never hangs on the number of those before.
    fn link_red_letter(blue: InvoiceId, red: InvoiceId, is_last: bool) -> Result<(), Error<T>> {
        RedLettersOf::<T>::try_mutate(blue, |letters| {
            let is_room = is_last || letters.len() + 1 < RED_LETTERS_MAX as usize;
            ensure!(is_room, Error::TooManyRefunds);
            letters.try_push(red).map_err(|_| Error::TooManyRefunds)
        })
    }
}

/// Why parts of lines cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadParts {
    /// There are none, they are out of order, or a line is not there.
    Malformed,
    /// Nothing is left of a line.
    NothingLeft,
}

impl<T> From<BadParts> for Error<T> {
    fn from(bad: BadParts) -> Self {
        match bad {
            BadParts::Malformed => Self::BadParts,
            BadParts::NothingLeft => Self::ExceedsLine,
        }
    }
}

/// The parts of lines that `what` means, given what was taken back `before`.
pub(crate) fn parts_of(
    what: &RefundOf,
    lines: &Lines,
    before: &LineParts,
) -> Result<LineParts, BadParts> {
    let left = |(line, whole): (u8, &Line)| {
        let taken = part_of(before, line);
        let left = LinePart {
            line,
            quantity: whole.quantity.saturating_sub(taken.quantity),
            amount_fen: whole.amount_fen().saturating_sub(taken.amount_fen),
        };
        (left.amount_fen > 0).then_some(left)
    };
    let parts: Vec<LinePart> = match what {
        RefundOf::Everything => (0..).zip(lines).filter_map(left).collect(),
        RefundOf::Lines(chosen) => {
            let left_of = |line: &u8| {
                let whole = lines.get(usize::from(*line)).ok_or(BadParts::Malformed)?;
                left((*line, whole)).ok_or(BadParts::NothingLeft)
            };
            chosen.iter().map(left_of).collect::<Result<_, _>>()?
        }
        RefundOf::Parts(parts) => parts.to_vec(),
    };
    let is_part = |part: &LinePart| usize::from(part.line) < lines.len() && part.amount_fen > 0;
    let are_ordered = parts.windows(2).all(|pair| pair[0].line < pair[1].line);
    if parts.is_empty() || !are_ordered || !parts.iter().all(is_part) {
        return Err(BadParts::Malformed);
    }
    LineParts::try_from(parts).map_err(|_| BadParts::Malformed)
}

/// What is taken back of each line after `parts` were added to `before`, both in order; `None` if
/// that exceeds a line in quantity or amount.
pub(crate) fn merged(lines: &Lines, before: &LineParts, parts: &LineParts) -> Option<LineParts> {
    let mut after = before.clone();
    for part in parts {
        let whole = lines.get(usize::from(part.line))?;
        let taken = part_of(before, part.line);
        let sum = LinePart {
            line: part.line,
            quantity: taken.quantity.checked_add(part.quantity)?,
            amount_fen: taken.amount_fen.checked_add(part.amount_fen)?,
        };
        if sum.quantity > whole.quantity || sum.amount_fen > whole.amount_fen() {
            return None;
        }
        match after.binary_search_by_key(&part.line, |other| other.line) {
            Ok(at) => *after.get_mut(at)? = sum,
            Err(at) => after.try_insert(at, sum).ok()?,
        }
    }
    Some(after)
}

/// Takes an amount out of payments, the latest first, and says where it goes; `None` if they do not
/// sum up to it.
pub(crate) fn take_back(payments: &mut PaymentList, amount_fen: Balance) -> Option<GivenBack> {
    let mut back = GivenBack::default();
    let mut left_fen = amount_fen;
    for payment in payments.iter_mut().rev() {
        let kept_fen = payment.amount_fen.saturating_sub(payment.returned_fen);
        let returned_fen = kept_fen.min(left_fen);
        if returned_fen == 0 {
            continue;
        }
        left_fen = left_fen.saturating_sub(returned_fen);
        payment.returned_fen = payment.returned_fen.saturating_add(returned_fen);
        match payment.source {
            Source::Balance { .. } => {
                back.to_balance_fen = back.to_balance_fen.saturating_add(returned_fen);
            }
            Source::Outside {
                provider,
                reference,
                ..
            } => {
                let repayment = Repayment {
                    provider,
                    reference,
                    amount_fen: returned_fen,
                    confirmed: None,
                };
                back.outside.try_push(repayment).ok()?;
            }
        }
    }
    (left_fen == 0).then_some(back)
}

fn part_of(parts: &LineParts, line: u8) -> LinePart {
    let found = parts.binary_search_by_key(&line, |part| part.line);
    found
        .ok()
        .and_then(|at| parts.get(at).copied())
        .unwrap_or(LinePart {
            line,
            quantity: 0,
            amount_fen: 0,
        })
}

fn sum_fen(parts: &LineParts) -> Balance {
    parts
        .iter()
        .fold(0, |sum, part| sum.saturating_add(part.amount_fen))
}
