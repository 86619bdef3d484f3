//! The pallet's events. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// What happened: ids, dates and amounts. Reasons are in the state only.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    #[allow(
        missing_docs,
        reason = "a variant's own text speaks of its fields, and their types say the rest"
    )]
    pub enum Event<T: Config> {
        /// An insurer created a scheme.
        SchemeCreated {
            scheme: SchemeId,
            insurer: MemberId,
            from: Date,
        },
        /// An insurer published a version of a scheme, or replaced one that lies ahead.
        VersionPublished { scheme: SchemeId, from: Date },
        /// A scheme covers no services after a day.
        SchemeClosed { scheme: SchemeId, last: Date },
        /// A regulator holds a scheme, or no longer.
        SchemeHoldChanged { scheme: SchemeId, is_held: bool },
        /// A patient is covered by a scheme.
        Enrolled {
            coverage: CoverageId,
            patient: PatientId,
            scheme: SchemeId,
        },
        /// Category or age group of a coverage change on a date.
        StandingChanged { coverage: CoverageId, from: Date },
        /// The last day of a coverage changed.
        CoverageEndChanged {
            coverage: CoverageId,
            until: Option<Date>,
        },
        /// An insurer credited a personal account.
        AccountCredited {
            coverage: CoverageId,
            amount_fen: Balance,
        },
        /// The rest of a personal account was paid out after the end of the coverage.
        AccountReleased {
            coverage: CoverageId,
            amount_fen: Balance,
            heir: AccountHeir,
        },
        /// An invoice is settled. Of fund and account together, so much went to the member and so
        /// much to the patient, who had paid it.
        Settled {
            settlement: SettlementId,
            invoice: InvoiceId,
            coverage: CoverageId,
            fund_fen: Balance,
            account_fen: Balance,
            cash_fen: Balance,
            to_member_fen: Balance,
            to_patient_fen: Balance,
        },
        /// On appeal the fund pays more of a settled invoice.
        Raised {
            settlement: SettlementId,
            to_member_fen: Balance,
            to_patient_fen: Balance,
        },
        /// A settlement was taken back, and so was the money.
        Reversed {
            settlement: SettlementId,
            invoice: InvoiceId,
            coverage: CoverageId,
            fund_fen: Balance,
            account_fen: Balance,
        },
        /// A settlement is put to the insurer.
        Flagged {
            claim: ClaimId,
            invoice: InvoiceId,
            coverage: CoverageId,
            insurer: MemberId,
        },
        /// The insurer decided; the settlement, if any follows.
        Decided {
            claim: ClaimId,
            settlement: Option<SettlementId>,
        },
        /// The patient appealed.
        Appealed { claim: ClaimId },
        /// The patient took a claim back.
        Withdrawn { claim: ClaimId },
        /// The council says what is remarkable from now on.
        NormsSet { norms: Norms },
        /// An invoice was refunded soon after it had been settled: so much by now.
        RefundFlagged {
            invoice: InvoiceId,
            settlement: SettlementId,
            insurer: MemberId,
            refunded_fen: Balance,
        },
        /// The insurer has looked at a refund.
        RefundReviewed { invoice: InvoiceId },
    }
}
