//! The calls of the pallet. Each names its origin here; the rules are in the file of its subject.

use frame_support::pallet_macros::pallet_section;

/// A section of the pallet in `lib.rs`.
#[pallet_section]
mod calls {
    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Issues on-chain CNY to an account of a patient or member, against money that the bank
        /// took in.
        ///
        /// Origin: signed by an account of a settlement bank.
        ///
        /// `amount_fen` is in fen. `reference` is the Blake2b-256 of the bank's number of the
        /// transaction; a bank uses each once, here or in `confirm_redemption`.
        ///
        /// Errors: `NotBank`, `ZeroAmount`, `UnknownRecipient`, `ReferenceUsed`.
        /// Events: `MoneyIssued`.
        #[pallet::call_index(0)]
        pub fn issue(
            origin: OriginFor<T>,
            to: T::AccountId,
            #[pallet::compact] amount_fen: Balance,
            reference: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_issue(by, to, amount_fen, reference)
        }

        /// Asks a bank to redeem on-chain CNY of the signer's. The amount is held until the bank
        /// answers.
        ///
        /// Origin: signed by any account.
        ///
        /// `amount_fen` is in fen. `payout` is the Blake2b-256 of the instruction where to pay,
        /// which the bank gets sealed.
        ///
        /// Errors: `NotBank`, `ZeroAmount`, `NotBacked`, `TooManyRedemptions`, `BalanceTooSmall`,
        /// `IdsUsedUp`. Events: `RedemptionRequested`.
        #[pallet::call_index(1)]
        pub fn request_redemption(
            origin: OriginFor<T>,
            bank: MemberId,
            #[pallet::compact] amount_fen: Balance,
            payout: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_request_redemption(by, bank, amount_fen, payout)
        }

        /// Confirms that the bank paid out what it was asked to redeem, and burns it.
        ///
        /// Origin: signed by an account of the bank.
        ///
        /// A bank confirms before it pays out once its time to answer is over: the holder may then
        /// withdraw. `reference` is as in `issue`.
        ///
        /// Errors: `UnknownRedemption`, `NotBank`, `ReferenceUsed`. Events: `RedemptionConfirmed`.
        #[pallet::call_index(2)]
        pub fn confirm_redemption(
            origin: OriginFor<T>,
            redemption: RedemptionId,
            reference: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_confirm_redemption(by, redemption, reference)
        }

        /// Refuses to redeem. The money goes back to the account that its owner has by now.
        ///
        /// Origin: signed by an account of the bank.
        ///
        /// Errors: `UnknownRedemption`, `NotBank`. Events: `RedemptionRejected`.
        #[pallet::call_index(3)]
        pub fn reject_redemption(
            origin: OriginFor<T>,
            redemption: RedemptionId,
            reason: Rejection,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_reject_redemption(by, redemption, reason)
        }

        /// Takes back the money of a redemption that the bank did not answer in time.
        ///
        /// Origin: signed by the holder, or by an account that the owner has by now, to whose own or
        /// main account the money goes.
        ///
        /// Errors: `UnknownRedemption`, `NotHolder`, `TooEarly`. Events: `RedemptionWithdrawn`.
        #[pallet::call_index(4)]
        pub fn withdraw_redemption(
            origin: OriginFor<T>,
            redemption: RedemptionId,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_withdraw_redemption(by, redemption)
        }

        /// Registers a provider of payment services.
        ///
        /// Origin: the council.
        ///
        /// `name` is public, UTF-8. Under `account` the provider may submit its receipts itself;
        /// with `key` it signs them.
        ///
        /// Errors: `BadName`, `AccountInUse`, `IdsUsedUp`. Events: `ProviderRegistered`.
        #[pallet::call_index(5)]
        pub fn register_provider(
            origin: OriginFor<T>,
            name: Name,
            account: T::AccountId,
            key: ReceiptKey,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::do_register_provider(name, account, key)
        }

        /// Gives a provider another account or key. Receipts signed with the old key that were not
        /// submitted must be signed again.
        ///
        /// Origin: the council.
        ///
        /// Errors: `UnknownProvider`, `ProviderRetired`, `AccountInUse`. Events: `ProviderChanged`.
        #[pallet::call_index(6)]
        pub fn change_provider(
            origin: OriginFor<T>,
            provider: ProviderId,
            account: T::AccountId,
            key: ReceiptKey,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::do_change_provider(provider, account, key)
        }

        /// Refuses a provider's receipts from now on, for good. What was paid stays paid; a
        /// repayment through it that is not confirmed never will be.
        ///
        /// Origin: the council.
        ///
        /// Errors: `UnknownProvider`, `ProviderRetired`. Events: `ProviderRetired`.
        #[pallet::call_index(7)]
        pub fn retire_provider(origin: OriginFor<T>, provider: ProviderId) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::do_retire_provider(provider)
        }

        /// Issues a blue invoice of the signer's member.
        ///
        /// Origin: signed by an account of a hospital or clinic.
        ///
        /// Every line has a price, a quantity and ratios of at most 10,000 basis points. The visit,
        /// if any, must be the patient's at the member and not off. `envelope` holds what the lines
        /// are, sealed to the patient, the member and `details.readers`, and has the Blake2b-256
        /// that `details` states. It is kept with the block, not in the state.
        ///
        /// Errors: `NotCareProvider`, `BadLines`, `TotalMismatch`, `BadService`, `BadReaders`,
        /// `UnknownPatient`, `UnknownVisit`, `OtherVisit`, `Empty`, `HashMismatch`, `EnvelopeUsed`,
        /// `IdsUsedUp`. Events: `InvoiceIssued`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::issue_invoice(
            invoice.lines.len() as u32,
            invoice.details.readers.len() as u32,
            envelope.len() as u32,
        ))]
        pub fn issue_invoice(
            origin: OriginFor<T>,
            invoice: NewInvoice,
            envelope: Envelope,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_issue_invoice(by, invoice, &envelope)
        }

        /// Cancels an invoice on which nothing was paid or settled. It keeps its number.
        ///
        /// Origin: signed by an account of the member that issued it.
        ///
        /// Errors: `UnknownInvoice`, `NotStaff`, `Settled`, `WrongState`.
        /// Events: `InvoiceCancelled`.
        #[pallet::call_index(9)]
        pub fn cancel_invoice(
            origin: OriginFor<T>,
            invoice: InvoiceId,
            reason: Reason,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_cancel_invoice(by, invoice, reason)
        }

        /// Pays an invoice in whole or part from the patient's on-chain balance.
        ///
        /// Origin: signed by the patient, or by a delegate or session key with the scope `Paying`,
        /// within the limit of an invoice.
        ///
        /// `amount_fen` is in fen. `payment` is an id that the client chooses and never chooses
        /// again for this patient; a second submission with the same content changes nothing.
        ///
        /// Errors: `UnknownInvoice`, `NotForPatient`, `PaymentIdUsed`, `AboveDelegatedLimit`,
        /// `NoAccount`, `ZeroAmount`, `WrongState`, `Overpaid`, `TooManyPayments`,
        /// `BalanceTooSmall`. Events: `Paid`, or `AlreadyPaid`.
        #[pallet::call_index(10)]
        pub fn pay(
            origin: OriginFor<T>,
            invoice: InvoiceId,
            #[pallet::compact] amount_fen: Balance,
            payment: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_pay(by, invoice, amount_fen, payment)
        }

        /// Books a payment outside of the chain for which a provider vouches.
        ///
        /// Origin: signed by the patient or whoever may pay for the patient, by an account of the
        /// member that issued the invoice, or by the provider's account.
        ///
        /// Errors: `UnknownInvoice`, `UnknownProvider`, `ProviderRetired`, `ReceiptUsed`,
        /// `BadSignature`, `NotSubmitter`, `ZeroAmount`, `WrongState`, `Overpaid`,
        /// `TooManyPayments`. Events: `PaidOutside`.
        #[pallet::call_index(11)]
        pub fn pay_external(
            origin: OriginFor<T>,
            receipt: ProviderReceipt,
            signature: ReceiptSignature,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_pay_external(by, receipt, signature)
        }

        /// Issues a red-letter invoice that takes back a blue one in whole or part, and gives back
        /// what was paid beyond the rest.
        ///
        /// Origin: signed by an account of the member that issued the invoice.
        ///
        /// `refund` is an id that the client chooses and never chooses again for this member; a
        /// second submission with the same content changes nothing.
        ///
        /// Errors: `UnknownInvoice`, `NotStaff`, `RefundIdUsed`, `BadParts`, `ExceedsLine`,
        /// `ExceedsInvoice`, `Settled`, `NotPaid`, `WrongState`, `TooManyRefunds`,
        /// `MemberCannotPay`, `NoAccount`, `IdsUsedUp`. Events: `Refunded`, or `AlreadyRefunded`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::refund(what.lines_max()))]
        pub fn refund(
            origin: OriginFor<T>,
            invoice: InvoiceId,
            what: RefundOf,
            reason: Reason,
            refund: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_refund(by, invoice, what, reason, refund)
        }

        /// Records that a provider paid money back outside of the chain: its receipt names the
        /// red-letter invoice, and the amount of one repayment that this owes through it.
        ///
        /// Origin: as for `pay_external`.
        ///
        /// Errors: `UnknownRedLetter`, `UnknownProvider`, `ProviderRetired`, `ReceiptUsed`,
        /// `BadSignature`, `NotSubmitter`, `NotOwed`. Events: `RepaymentConfirmed`.
        #[pallet::call_index(13)]
        pub fn confirm_repayment(
            origin: OriginFor<T>,
            receipt: ProviderReceipt,
            signature: ReceiptSignature,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_confirm_repayment(by, receipt, signature)
        }
    }
}
