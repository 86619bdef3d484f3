//! The invoices as the insurer's rules see them.

use sp_runtime::DispatchError;
use xinglin_primitives::{
    glue::{self, Bill},
    Balance, Hash, InvoiceId, SettlementId,
};

use crate::{states::Step, Config, Error, Event, InvoiceLines, Invoices, Pallet};

impl<T: Config> glue::Invoices<T::AccountId> for Pallet<T> {
    fn bill(id: InvoiceId) -> Option<Bill> {
        let invoice = Invoices::<T>::get(id)?;
        Some(Bill {
            member: invoice.number.member,
            patient: invoice.patient,
            visit: invoice.visit,
            setting: invoice.setting,
            service: invoice.service,
            issued_at: invoice.issued_at,
            lines: InvoiceLines::<T>::get(id)?,
            total_fen: invoice.tally.total_fen,
            paid_fen: invoice.tally.paid_fen,
            settlement: invoice.tally.settlement,
            is_open: invoice.tally.is_open(),
        })
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
