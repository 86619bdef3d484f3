//! The calls of the pallet. A section of the pallet in a file of its own; the rules are in the files
//! of their subjects.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Creates a scheme of the signer's insurer with its first version, in force for services
        /// from a date (UTC+8) on, in days since 1970-01-01. The date may have passed.
        ///
        /// Origin: signed by an account of an insurer.
        ///
        /// Errors: `NotInsurer`, `BadCode`, `BadParameters`, `IdsUsedUp`. Events: `SchemeCreated`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::create_scheme())]
        pub fn create_scheme(
            origin: OriginFor<T>,
            code: DisplayCode,
            from: Date,
            parameters: Box<SchemeParameters>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_create_scheme(Self::insurer(&who)?, code, from, *parameters)
        }

        /// Publishes a version of a scheme, in force for services from a date after today on. A
        /// version published for the same date before is replaced.
        ///
        /// Origin: signed by an account of the scheme's insurer.
        ///
        /// Errors: `UnknownScheme`, `NotItsInsurer`, `VersionSealed`, `SchemeClosed`,
        /// `BadParameters`, `TooManyVersions`. Events: `VersionPublished`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::publish_version())]
        pub fn publish_version(
            origin: OriginFor<T>,
            scheme: SchemeId,
            from: Date,
            parameters: Box<SchemeParameters>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_publish_version(&who, scheme, from, *parameters)
        }

        /// Closes a scheme: it covers no services after a day, today at the earliest. The day may
        /// be changed until it has passed. Services until then can be settled afterwards.
        ///
        /// Origin: signed by an account of the scheme's insurer.
        ///
        /// Errors: `UnknownScheme`, `NotItsInsurer`, `ClosedInPast`. Events: `SchemeClosed`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::close_scheme())]
        pub fn close_scheme(origin: OriginFor<T>, scheme: SchemeId, last: Date) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_close_scheme(&who, scheme, last)
        }

        /// Enrols a patient in a scheme for a period, which may have begun and need not have an end
        /// yet.
        ///
        /// Origin: signed by an account of the scheme's insurer.
        ///
        /// Errors: `UnknownScheme`, `NotItsInsurer`, `UnknownPatient`, `BadPeriod`,
        /// `SchemeClosed`, `BadAgeGroup`, `CoverageOverlaps`, `TooManyCoverages`, `IdsUsedUp`.
        /// Events: `Enrolled`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::enrol())]
        pub fn enrol(
            origin: OriginFor<T>,
            patient: PatientId,
            scheme: SchemeId,
            insured: Insured,
            period: Period,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_enrol(&who, patient, scheme, insured, period)
        }

        /// Changes category and age group of a coverage from a date on: after the change before,
        /// within the coverage, and after all that was ever settled.
        ///
        /// Origin: signed by an account of the coverage's insurer.
        ///
        /// Errors: `UnknownCoverage`, `NotItsInsurer`, `StandingNotAhead`, `ServedLater`,
        /// `BadAgeGroup`, `TooManyStandings`. Events: `StandingChanged`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::change_standing())]
        pub fn change_standing(
            origin: OriginFor<T>,
            coverage: CoverageId,
            from: Date,
            insured: Insured,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_change_standing(&who, coverage, from, insured)
        }

        /// Sets the last day of a coverage, or takes it away: ends it, or prolongs it. The day may
        /// have passed, but not lie before a day for which anything was ever settled.
        ///
        /// Origin: signed by an account of the coverage's insurer.
        ///
        /// Errors: `UnknownCoverage`, `NotItsInsurer`, `BadPeriod`, `ServedLater`,
        /// `CoverageOverlaps`. Events: `CoverageEndChanged`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::set_coverage_end())]
        pub fn set_coverage_end(
            origin: OriginFor<T>,
            coverage: CoverageId,
            until: Option<Date>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_coverage_end(&who, coverage, until)
        }

        /// Credits a personal account with money of the insurer, in fen, which is held from then
        /// on.
        ///
        /// Origin: signed by an account of the coverage's insurer.
        ///
        /// Errors: `UnknownCoverage`, `NotItsInsurer`, `BadAmount`, `FundTooSmall`.
        /// Events: `AccountCredited`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::credit_account())]
        pub fn credit_account(
            origin: OriginFor<T>,
            coverage: CoverageId,
            #[pallet::compact] amount_fen: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_credit_account(&who, coverage, amount_fen)
        }

        /// Pays out all that is left in the personal account of a coverage that has ended.
        ///
        /// Origin: signed by an account of the coverage's insurer.
        ///
        /// Errors: `UnknownCoverage`, `NotItsInsurer`, `CoverageLasts`, `AccountEmpty`,
        /// `NoAccount`. Events: `AccountReleased`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::release_account())]
        pub fn release_account(
            origin: OriginFor<T>,
            coverage: CoverageId,
            heir: AccountHeir,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_release_account(&who, coverage, heir)
        }

        /// Settles an invoice that is not paid in full, with up to `account_max_fen` of the
        /// personal account. With `payment`, a payment id that was never used for the patient, the
        /// rest is paid from her balance in the same transaction. A settlement with anything
        /// remarkable about it becomes a claim instead, and no money moves.
        ///
        /// Origin: signed by the patient or somebody who may pay for her; with neither account nor
        /// payment also by an account of the member that issued the invoice.
        ///
        /// Errors: `UnknownInvoice`, `NotForPatient`, `NeedsPatient`, `AboveDelegatedLimit`,
        /// `ClaimOpen`, `ClaimDenied`, `UnknownCoverage`, `OtherPatient`, `AlreadySettled`, `InvoiceNotOpen`, `ServiceAhead`,
        /// `SchemeHeld`, `InsurerSuspended`, `SchemeClosed`, `NotCovered`, `NoVersion`, `BadLine`,
        /// `Overflow`, `PaidInFull`, `FundTooSmall`, `ProviderSuspended`, `NoAccount`,
        /// `TooManyCharges`, `IdsUsedUp`, and those of paying the rest.
        /// Events: `Settled`, or `Flagged`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::settle(LINES_MAX))]
        pub fn settle(
            origin: OriginFor<T>,
            invoice: InvoiceId,
            coverage: CoverageId,
            #[pallet::compact] account_max_fen: Balance,
            payment: Option<Hash>,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let request = Request {
                invoice,
                coverage,
                account_max_fen,
            };
            let lines = Self::do_settle(&who, request, payment)?;
            Ok(Some(T::WeightInfo::settle(lines)).into())
        }

        /// Claims what fund and, up to `account_max_fen`, personal account pay of an invoice that
        /// the patient has paid in full. A claim with anything remarkable about it is put to the
        /// insurer, and no money moves.
        ///
        /// Origin: signed by the patient or somebody who may pay for her.
        ///
        /// Errors: as for [`Pallet::settle`], with `NotPaidInFull` in place of `PaidInFull`, and
        /// without `NeedsPatient`. Events: `Settled`, or `Flagged`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::settle(LINES_MAX))]
        pub fn claim(
            origin: OriginFor<T>,
            invoice: InvoiceId,
            coverage: CoverageId,
            #[pallet::compact] account_max_fen: Balance,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let request = Request {
                invoice,
                coverage,
                account_max_fen,
            };
            let lines = Self::do_claim(&who, request)?;
            Ok(Some(T::WeightInfo::settle(lines)).into())
        }

        /// Takes back a settlement, the coverage's latest: member and patient give back what they
        /// were paid, and accumulators, personal account and invoice are as they were. What the
        /// patient has paid the member is not touched.
        ///
        /// Origin: signed by an account of the member that issued the invoice, or of the insurer.
        ///
        /// Errors: `UnknownSettlement`, `NotParty`, `AlreadyReversed`, `NotLatest`,
        /// `MemberTooPoor`, `PatientTooPoor`, `NoAccount`, and those of the invoice.
        /// Events: `Reversed`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::reverse(LINES_MAX))]
        pub fn reverse(
            origin: OriginFor<T>,
            settlement: SettlementId,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let lines = Self::do_reverse(&who, settlement)?;
            Ok(Some(T::WeightInfo::reverse(lines)).into())
        }

        /// Decides a claim, with a number from the insurer's list of reasons. What is approved is
        /// computed and paid at once. After an appeal of an approval in part, the fund pays more,
        /// or nothing more.
        ///
        /// Origin: signed by an account of the claim's insurer.
        ///
        /// Errors: `UnknownClaim`, `NotItsInsurer`, `WrongState`, `BadPart`, `Superseded`, and
        /// those of [`Pallet::settle`] for the invoice and the coverage.
        /// Events: `Decided`, and `Settled` or `Raised`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::decide(LINES_MAX))]
        pub fn decide(
            origin: OriginFor<T>,
            claim: ClaimId,
            decision: Decision,
            reason: ReasonCode,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_decide(&who, claim, decision, reason)
        }

        /// Appeals, once, against the denial of all or part of a claim.
        ///
        /// Origin: signed by the patient or somebody who may pay for her.
        ///
        /// Errors: `UnknownClaim`, `NotForPatient`, `WrongState`, `Superseded`.
        /// Events: `Appealed`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::appeal())]
        pub fn appeal(origin: OriginFor<T>, claim: ClaimId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_appeal(&who, claim)
        }

        /// Takes back a claim that is not decided, or an appeal; the decision before the appeal
        /// stands then.
        ///
        /// Origin: signed by the patient or somebody who may pay for her.
        ///
        /// Errors: `UnknownClaim`, `NotForPatient`, `WrongState`. Events: `Withdrawn`.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::withdraw())]
        pub fn withdraw(origin: OriginFor<T>, claim: ClaimId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw(&who, claim)
        }

        /// Says what is remarkable in any settlement from now on, whatever its scheme. A rule whose
        /// parameter is absent is off. Claims that wait already are not looked at again.
        ///
        /// Origin: two thirds of the council.
        ///
        /// Errors: `BadNorms`. Events: `NormsSet`.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::set_norms())]
        pub fn set_norms(origin: OriginFor<T>, norms: Norms) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::do_set_norms(norms)
        }

        /// Notes that the insurer has looked at a refund that followed a settlement, with a number
        /// from its list of reasons. What is refunded of the invoice afterwards is flagged again.
        ///
        /// Origin: signed by an account of the insurer.
        ///
        /// Errors: `UnknownRefund`, `NotItsInsurer`, `WrongState`. Events: `RefundReviewed`.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::review_refund())]
        pub fn review_refund(
            origin: OriginFor<T>,
            invoice: InvoiceId,
            reason: ReasonCode,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_review_refund(&who, invoice, reason)
        }
    }
}
