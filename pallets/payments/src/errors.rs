//! The pallet's errors. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The signer, or the member that is asked, is no active settlement bank.
        NotBank,
        /// The account to be credited is of no active patient or member. Practitioners and session
        /// keys hold no money.
        UnknownRecipient,
        /// The amount is 0.
        ZeroAmount,
        /// The bank has used that reference before.
        ReferenceUsed,
        /// The bank has not issued so much: ask another bank, or for less.
        NotBacked,
        /// There is no such redemption, or it is closed.
        UnknownRedemption,
        /// The redemption is not the signer's.
        NotHolder,
        /// The bank still has time to answer.
        TooEarly,
        /// The holder has too many redemptions that are open.
        TooManyRedemptions,
        /// The balance does not cover the amount.
        BalanceTooSmall,
        /// The name is empty, not UTF-8 or holds control characters.
        BadName,
        /// The account is another provider's.
        AccountInUse,
        /// There is no such provider.
        UnknownProvider,
        /// The provider is registered no more.
        ProviderRetired,
        /// The receipt is not signed with the provider's key for this chain.
        BadSignature,
        /// The provider's transaction has been used before.
        ReceiptUsed,
        /// The signer may not submit receipts for this invoice.
        NotSubmitter,
        /// The signer is no account of an active hospital or clinic.
        NotCareProvider,
        /// The signer is no account of the member that issued the invoice.
        NotStaff,
        /// There is no such patient.
        UnknownPatient,
        /// There is no such visit.
        UnknownVisit,
        /// The visit is not that patient's at that member, or is off.
        OtherVisit,
        /// The service ends before it begins, or after today.
        BadService,
        /// There are no lines, or a number of one is out of its bounds.
        BadLines,
        /// The total is not the sum of the lines.
        TotalMismatch,
        /// A reader is not an active insurer or regulator, or readers are not in ascending order.
        BadReaders,
        /// The envelope is empty.
        Empty,
        /// The envelope does not have the hash that the invoice states: it was damaged, send it
        /// again.
        HashMismatch,
        /// Another invoice has that envelope: seal the details under a fresh key.
        EnvelopeUsed,
        /// No ids or numbers are left.
        IdsUsedUp,
        /// There is no such blue invoice.
        UnknownInvoice,
        /// There is no such red-letter invoice.
        UnknownRedLetter,
        /// The signer neither is the patient nor may pay for the patient.
        NotForPatient,
        /// So much can be paid with the patient's own signature only.
        AboveDelegatedLimit,
        /// The invoice is not in a state in which this can happen.
        WrongState,
        /// A settlement covers the invoice: it must be reversed first.
        Settled,
        /// No settlement covers the invoice, or another one does.
        NotSettledBy,
        /// Less is due.
        Overpaid,
        /// No room for partial payments is left: pay all that is due, or have it refunded.
        TooManyPayments,
        /// That id stands for another payment of the patient's: choose another.
        PaymentIdUsed,
        /// The member has used that refund id for something else: choose another.
        RefundIdUsed,
        /// Nothing was paid: cancel the invoice instead.
        NotPaid,
        /// The invoice has no such line, or parts are empty or not in ascending order.
        BadParts,
        /// The red-letter invoices would exceed the line.
        ExceedsLine,
        /// The red-letter invoices would exceed the invoice.
        ExceedsInvoice,
        /// No room for partial refunds is left: refund everything that is left.
        TooManyRefunds,
        /// The member's balance does not cover what goes back to the patient.
        MemberCannotPay,
        /// The party has no account to which money can go.
        NoAccount,
        /// The red-letter invoice owes no such repayment through that provider.
        NotOwed,
    }
}
