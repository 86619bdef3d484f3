//! Payments of invoices: from the patient's on-chain balance, or outside of the chain with a
//! provider's receipt.

use frame_support::{
    ensure,
    traits::{fungible::Mutate, tokens::Preservation, Get, Time},
};
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{Members, Patients, Scope},
    Balance, Hash, InvoiceId, PatientId,
};

use crate::{
    providers::ProviderOf,
    receipts::{ProviderReceipt, ReceiptSignature},
    states::{InvoiceState, Step},
    types::{Invoice, Payment, PaymentRecord, Source, PAYMENTS_MAX},
    Config, Error, Event, Pallet, PaymentIds, Payments, Receipts,
};

impl<T: Config> Pallet<T> {
    /// Pays from the patient's balance, whoever signs. The same id with the same content again
    /// changes nothing, whatever has become of the invoice.
    pub(crate) fn do_pay(
        by: T::AccountId,
        id: InvoiceId,
        amount_fen: Balance,
        payment: Hash,
    ) -> DispatchResult {
        let invoice = Self::invoice_paid_by(&by, id)?;
        let record = PaymentRecord {
            invoice: id,
            amount_fen,
        };
        match PaymentIds::<T>::get(invoice.patient, payment) {
            None => Self::pay_anew(by, invoice, record, payment),
            Some(before) => {
                ensure!(before == record, Error::<T>::PaymentIdUsed);
                Self::deposit_event(Event::AlreadyPaid {
                    invoice: id,
                    payment,
                    by,
                });
                Ok(())
            }
        }
    }

    /// Pays under an id that stands for no other payment, not even for one of the same content:
    /// for those who go on only if money has moved.
    pub(crate) fn do_pay_once(
        by: T::AccountId,
        id: InvoiceId,
        amount_fen: Balance,
        payment: Hash,
    ) -> DispatchResult {
        let invoice = Self::invoice_paid_by(&by, id)?;
        let is_used = PaymentIds::<T>::contains_key(invoice.patient, payment);
        ensure!(!is_used, Error::<T>::PaymentIdUsed);
        let record = PaymentRecord {
            invoice: id,
            amount_fen,
        };
        Self::pay_anew(by, invoice, record, payment)
    }

    /// The invoice `id`, if `who` may pay it from the patient's balance.
    fn invoice_paid_by(who: &T::AccountId, id: InvoiceId) -> Result<Invoice, Error<T>> {
        let invoice = Self::invoice(id)?;
        ensure!(Self::may_pay(who, invoice.patient), Error::NotForPatient);
        Ok(invoice)
    }

    fn pay_anew(
        by: T::AccountId,
        invoice: Invoice,
        record: PaymentRecord,
        payment: Hash,
    ) -> DispatchResult {
        let (patient, id, amount_fen) = (invoice.patient, record.invoice, record.amount_fen);
        let is_delegated = T::Patients::patient_of(&by) != Some(patient);
        if is_delegated {
            Self::ensure_within_limit(id, amount_fen)?;
        }
        let source = Source::Balance {
            payment,
            is_delegated,
        };
        let (from, to) = (
            T::Patients::account_of(patient).ok_or(Error::<T>::NoAccount)?,
            T::Members::account_of(invoice.number.member).ok_or(Error::<T>::NoAccount)?,
        );
        let state = Self::book_payment(id, invoice, source, amount_fen, || {
            T::Currency::transfer(&from, &to, amount_fen, Preservation::Expendable)
                .map(|_| ())
                .map_err(|_| Error::BalanceTooSmall)
        })?;
        PaymentIds::<T>::insert(patient, payment, record);
        Self::deposit_event(Event::Paid {
            invoice: id,
            payment,
            amount_fen,
            state,
            by,
        });
        Ok(())
    }

    pub(crate) fn do_pay_external(
        by: T::AccountId,
        receipt: ProviderReceipt,
        signature: ReceiptSignature,
    ) -> DispatchResult {
        let ProviderReceipt {
            provider,
            reference,
            invoice: id,
            amount_fen,
            paid_at,
        } = receipt;
        let invoice = Self::invoice(id)?;
        let vouches = Self::provider_of(&receipt, &signature)?;
        ensure!(
            Self::may_submit(&by, &invoice, &vouches),
            Error::<T>::NotSubmitter
        );
        let source = Source::Outside {
            provider,
            reference,
            paid_at,
        };
        let state = Self::book_payment(id, invoice, source, amount_fen, || Ok(()))?;
        Receipts::<T>::insert(provider, reference, id);
        Self::deposit_event(Event::PaidOutside {
            invoice: id,
            provider,
            reference,
            amount_fen,
            state,
            by,
        });
        Ok(())
    }

    /// Whether `who` may submit a provider's receipt for an invoice: who pays, who is paid, or the
    /// provider itself.
    pub(crate) fn may_submit(
        who: &T::AccountId,
        invoice: &Invoice,
        provider: &ProviderOf<T>,
    ) -> bool {
        provider.account == *who
            || T::Members::member_of(who) == Some(invoice.number.member)
            || Self::may_pay(who, invoice.patient)
    }

    fn may_pay(who: &T::AccountId, patient: PatientId) -> bool {
        T::Patients::acts_for(who, patient, Scope::Paying)
    }

    /// Refuses what would take the payments of an invoice that others than the patient signed above
    /// the limit. The sum counts, so that nothing is gained by paying in parts.
    fn ensure_within_limit(id: InvoiceId, amount_fen: Balance) -> Result<(), Error<T>> {
        let delegated_fen = Payments::<T>::get(id)
            .iter()
            .filter(|payment| {
                matches!(
                    payment.source,
                    Source::Balance {
                        is_delegated: true,
                        ..
                    }
                )
            })
            .fold(amount_fen, |sum, payment| {
                sum.saturating_add(payment.amount_fen)
            });
        ensure!(
            delegated_fen <= T::DelegatedPaymentMax::get(),
            Error::AboveDelegatedLimit
        );
        Ok(())
    }

    /// Adds a payment to an invoice and returns the state to which it leads. The money is moved
    /// once nothing else can refuse the payment, and before anything is written. The last place is
    /// kept for the payment of all that is due.
    fn book_payment(
        id: InvoiceId,
        invoice: Invoice,
        source: Source,
        amount_fen: Balance,
        move_money: impl FnOnce() -> Result<(), Error<T>>,
    ) -> Result<InvoiceState, Error<T>> {
        let tally = invoice.tally.after(Step::Pay(amount_fen))?;
        let state = tally.state();
        let mut payments = Payments::<T>::get(id);
        let is_room = tally.due_fen() == 0 || payments.len() + 1 < PAYMENTS_MAX as usize;
        ensure!(is_room, Error::TooManyPayments);
        let payment = Payment {
            source,
            amount_fen,
            returned_fen: 0,
            at: T::Time::now(),
        };
        payments
            .try_push(payment)
            .map_err(|_| Error::TooManyPayments)?;
        move_money()?;
        Payments::<T>::insert(id, payments);
        Self::put_tally(id, invoice, tally);
        Ok(state)
    }
}
