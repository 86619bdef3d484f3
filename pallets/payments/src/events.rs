//! The pallet's events. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// What happened. `by` is the account that signed; for whom it acted follows from the invoice.
    /// Amounts are in fen.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    #[allow(
        missing_docs,
        reason = "a variant's own text speaks of its fields, and their types say the rest"
    )]
    pub enum Event<T: Config> {
        /// A bank issued on-chain CNY.
        MoneyIssued {
            bank: MemberId,
            to: T::AccountId,
            amount_fen: Balance,
            reference: Hash,
        },
        /// A holder asks a bank to redeem; the money is held.
        RedemptionRequested {
            redemption: RedemptionId,
            holder: T::AccountId,
            bank: MemberId,
            amount_fen: Balance,
            payout: Hash,
        },
        /// The bank paid out, and the money is gone from the chain.
        RedemptionConfirmed {
            redemption: RedemptionId,
            reference: Hash,
        },
        /// The bank does not redeem; the money is the holder's again.
        RedemptionRejected {
            redemption: RedemptionId,
            reason: Rejection,
        },
        /// The bank did not answer, and the holder took the money back.
        RedemptionWithdrawn { redemption: RedemptionId },
        /// A provider of payment services was registered.
        ProviderRegistered {
            provider: ProviderId,
            name: Name,
            account: T::AccountId,
            key: ReceiptKey,
        },
        /// A provider has another account or key.
        ProviderChanged {
            provider: ProviderId,
            account: T::AccountId,
            key: ReceiptKey,
        },
        /// A provider's receipts are refused from now on.
        ProviderRetired { provider: ProviderId },
        /// A member issued an invoice.
        InvoiceIssued {
            invoice: InvoiceId,
            number: InvoiceNumber,
            patient: PatientId,
            visit: Option<AppointmentId>,
            total_fen: Balance,
            by: T::AccountId,
        },
        /// A member cancelled an invoice on which nothing was paid.
        InvoiceCancelled {
            invoice: InvoiceId,
            reason: Reason,
            by: T::AccountId,
        },
        /// The patient paid from the on-chain balance.
        Paid {
            invoice: InvoiceId,
            payment: Hash,
            amount_fen: Balance,
            state: InvoiceState,
            by: T::AccountId,
        },
        /// The payment was made before, under the same id: nothing happened.
        AlreadyPaid {
            invoice: InvoiceId,
            payment: Hash,
            by: T::AccountId,
        },
        /// A provider vouches for a payment outside of the chain.
        PaidOutside {
            invoice: InvoiceId,
            provider: ProviderId,
            reference: Hash,
            amount_fen: Balance,
            state: InvoiceState,
            by: T::AccountId,
        },
        /// A settlement covers an invoice.
        Covered {
            invoice: InvoiceId,
            settlement: SettlementId,
            covered_fen: Balance,
            state: InvoiceState,
        },
        /// A settlement covers an invoice no more.
        Uncovered {
            invoice: InvoiceId,
            settlement: SettlementId,
            state: InvoiceState,
        },
        /// A member issued a red-letter invoice. What is neither given back on the chain nor
        /// outside had not been paid.
        Refunded {
            invoice: InvoiceId,
            red: InvoiceId,
            number: InvoiceNumber,
            total_fen: Balance,
            to_balance_fen: Balance,
            outside_fen: Balance,
            state: InvoiceState,
            reason: Reason,
            by: T::AccountId,
        },
        /// The refund was made before, under the same id: nothing happened.
        AlreadyRefunded {
            invoice: InvoiceId,
            red: InvoiceId,
            by: T::AccountId,
        },
        /// A provider vouches that money was paid back outside of the chain.
        RepaymentConfirmed {
            red: InvoiceId,
            provider: ProviderId,
            reference: Hash,
            amount_fen: Balance,
            by: T::AccountId,
        },
    }
}
