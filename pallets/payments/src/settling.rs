//! The invoices as the insurer's rules see them.

use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{self, Bill, Lines},
    Balance, Hash, InvoiceId, SettlementId,
};

use crate::{states::Step, types::Invoice, Config, Error, Event, InvoiceLines, Invoices, Pallet};

impl Invoice {
    /// What insurance needs to know of the invoice with these lines.
    pub fn bill(&self, lines: Lines) -> Bill {
        Bill {
            member: self.number.member,
            patient: self.patient,
            visit: self.visit,
            setting: self.setting,
            service: self.service,
            issued_at: self.issued_at,
            lines,
            total_fen: self.tally.total_fen,
            paid_fen: self.tally.paid_fen,
            settlement: self.tally.settlement,
            is_open: self.tally.is_open(),
        }
    }
}

impl<T: Config> glue::Invoices<T::AccountId> for Pallet<T> {
    fn bill(id: InvoiceId) -> Option<Bill> {
        let invoice = Invoices::<T>::get(id)?;
        Some(invoice.bill(InvoiceLines::<T>::get(id)?))
    }

    fn cover(
        id: InvoiceId,
        settlement: SettlementId,
        covered_fen: Balance,
    ) -> Result<(), DispatchError> {
        let invoice = Self::invoice(id)?;
        let tally = invoice
            .tally
            .after(Step::Cover(settlement, covered_fen))
            .map_err(Error::<T>::from)?;
        let state = tally.state();
        Self::put_tally(id, invoice, tally);
        Self::deposit_event(Event::Covered {
            invoice: id,
            settlement,
            covered_fen,
            state,
        });
        Ok(())
    }

    fn uncover(id: InvoiceId, settlement: SettlementId) -> Result<(), DispatchError> {
        let invoice = Self::invoice(id)?;
        let tally = invoice
            .tally
            .after(Step::Uncover(settlement))
            .map_err(Error::<T>::from)?;
        let state = tally.state();
        Self::put_tally(id, invoice, tally);
        Self::deposit_event(Event::Uncovered {
            invoice: id,
            settlement,
            state,
        });
        Ok(())
    }

    fn pay_from_balance(
        payer: &T::AccountId,
        id: InvoiceId,
        amount_fen: Balance,
        payment: Hash,
    ) -> Result<(), DispatchError> {
        Self::do_pay_once(payer.clone(), id, amount_fen, payment)
    }
}
