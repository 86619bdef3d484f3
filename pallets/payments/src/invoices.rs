//! Issuing and cancelling invoices.

use frame_support::{ensure, traits::Time};
use sp_runtime::{
    traits::{Hash as _, SaturatedConversion},
    DispatchResult,
};
use xinglin_primitives::{
    glue::{Line, Lines, MemberKind, Members, Patients, VisitState, Visits, WHOLE_BP},
    time::{Date, Moment},
    Balance, BlockNumber, Hash, Hashing, InvoiceId, MemberId,
};

use crate::{
    number::InvoiceNumber,
    states::{Step, Tally},
    types::{Envelope, InOrder, Invoice, NewInvoice, Readers, Reason},
    ByEnvelope, Config, Error, Event, InvoiceLines, Invoices, LatestOfPatient, LatestOfVisit,
    NextInvoice, Numbers, Pallet, Sequences, Unpaid,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_issue_invoice(
        by: T::AccountId,
        new: NewInvoice,
        envelope: &Envelope,
    ) -> DispatchResult {
        let member = Self::care_provider(&by)?;
        let now = T::Time::now();
        Self::ensure_issuable(member, &new, now)?;
        Self::ensure_sealed(envelope, new.details.envelope)?;
        let (id, number) = Self::take_number(member, now)?;
        let (patient, visit, total_fen) = (new.patient, new.visit, new.total_fen);
        let invoice = Invoice {
            number,
            patient,
            visit,
            setting: new.setting,
            service: new.service,
            issued_at: now,
            issued_in: Self::block(),
            details: new.details,
            tally: Tally::new(total_fen),
            previous_of_patient: LatestOfPatient::<T>::mutate(patient, |latest| latest.replace(id)),
            previous_of_visit: visit
                .and_then(|visit| LatestOfVisit::<T>::mutate(visit, |latest| latest.replace(id))),
        };
        ByEnvelope::<T>::insert(invoice.details.envelope, id);
        Invoices::<T>::insert(id, invoice);
        InvoiceLines::<T>::insert(id, new.lines);
        Unpaid::<T>::insert(member, InOrder::from(id), ());
        Self::deposit_event(Event::InvoiceIssued {
            invoice: id,
            number,
            patient,
            visit,
            total_fen,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_cancel_invoice(
        by: T::AccountId,
        id: InvoiceId,
        reason: Reason,
    ) -> DispatchResult {
        let invoice = Self::invoice(id)?;
        Self::ensure_staff(&by, &invoice)?;
        let tally = invoice
            .tally
            .after(Step::Cancel)
            .map_err(Error::<T>::from)?;
        Self::put_tally(id, invoice, tally);
        Self::deposit_event(Event::InvoiceCancelled {
            invoice: id,
            reason,
            by,
        });
        Ok(())
    }

    /// The blue invoice `id`.
    pub(crate) fn invoice(id: InvoiceId) -> Result<Invoice, Error<T>> {
        Invoices::<T>::get(id).ok_or(Error::UnknownInvoice)
    }

    pub(crate) fn ensure_staff(who: &T::AccountId, invoice: &Invoice) -> Result<(), Error<T>> {
        ensure!(
            T::Members::member_of(who) == Some(invoice.number.member),
            Error::NotStaff
        );
        Ok(())
    }

    /// Stores what has become of an invoice, and whether anything is due.
    pub(crate) fn put_tally(id: InvoiceId, mut invoice: Invoice, tally: Tally) {
        let (was_due, is_due) = (invoice.tally.due_fen() > 0, tally.due_fen() > 0);
        let (member, key) = (invoice.number.member, InOrder::from(id));
        if was_due && !is_due {
            Unpaid::<T>::remove(member, key);
        } else if is_due && !was_due {
            Unpaid::<T>::insert(member, key, ());
        }
        invoice.tally = tally;
        Invoices::<T>::insert(id, invoice);
    }

    /// The id and the number of the next invoice of a member, blue or red.
    pub(crate) fn take_number(
        member: MemberId,
        now: Moment,
    ) -> Result<(InvoiceId, InvoiceNumber), Error<T>> {
        let id = NextInvoice::<T>::get();
        let next = id.next().ok_or(Error::IdsUsedUp)?;
        let year = Date::of(now).year();
        let sequence = Sequences::<T>::get(member, year)
            .checked_add(1)
            .ok_or(Error::IdsUsedUp)?;
        let number = InvoiceNumber {
            year,
            member,
            sequence,
        };
        NextInvoice::<T>::put(next);
        Sequences::<T>::insert(member, year, sequence);
        Numbers::<T>::insert(number, id);
        Ok((id, number))
    }

    /// The block that is being made.
    pub(crate) fn block() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// The active hospital or clinic that `who` is an account of.
    fn care_provider(who: &T::AccountId) -> Result<MemberId, Error<T>> {
        T::Members::member_of(who)
            .filter(|member| T::Members::kind_of(*member).is_some_and(|kind| kind.is_provider()))
            .ok_or(Error::NotCareProvider)
    }

    /// Refuses an envelope that is not the one stated, or is another invoice's.
    fn ensure_sealed(envelope: &Envelope, stated: Hash) -> Result<(), Error<T>> {
        ensure!(!envelope.is_empty(), Error::Empty);
        ensure!(Hashing::hash(envelope) == stated, Error::HashMismatch);
        ensure!(!ByEnvelope::<T>::contains_key(stated), Error::EnvelopeUsed);
        Ok(())
    }

    fn ensure_issuable(member: MemberId, new: &NewInvoice, now: Moment) -> Result<(), Error<T>> {
        let total_fen = total_fen(&new.lines).ok_or(Error::BadLines)?;
        ensure!(total_fen == new.total_fen, Error::TotalMismatch);
        let (first, last) = new.service;
        ensure!(first <= last && last <= Date::of(now), Error::BadService);
        ensure!(are_readers::<T>(&new.details.readers), Error::BadReaders);
        ensure!(
            T::Patients::account_of(new.patient).is_some(),
            Error::UnknownPatient
        );
        if let Some(visit) = new.visit {
            let visit = T::Visits::visit(visit).ok_or(Error::UnknownVisit)?;
            let is_billable = visit.patient == new.patient
                && visit.member == member
                && visit.state != VisitState::Off;
            ensure!(is_billable, Error::OtherVisit);
        }
        Ok(())
    }
}

/// The sum of lines in fen, if there are any and every number of them is within its bounds.
fn total_fen(lines: &Lines) -> Option<Balance> {
    if lines.is_empty() || !lines.iter().all(is_well_formed) {
        return None;
    }
    lines.iter().try_fold(Balance::default(), |sum, line| {
        sum.checked_add(line.amount_fen())
    })
}

fn is_well_formed(line: &Line) -> bool {
    line.quantity > 0
        && line.unit_price_fen > 0
        && line.prepay_bp <= WHOLE_BP
        && line.fund_share_bp.is_none_or(|share| share <= WHOLE_BP)
}

/// Whether these are active insurers and regulators, each once and in order.
fn are_readers<T: Config>(readers: &Readers) -> bool {
    readers.windows(2).all(|pair| pair[0] < pair[1])
        && readers.iter().all(|reader| {
            matches!(
                T::Members::kind_of(*reader),
                Some(MemberKind::Insurer | MemberKind::Regulator)
            )
        })
}
