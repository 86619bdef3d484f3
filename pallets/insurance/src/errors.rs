//! The pallet's errors. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The signer is no account of an active insurer.
        NotInsurer,
        /// The signer is no account of the insurer this belongs to.
        NotItsInsurer,
        /// The signer neither is the patient nor may pay for the patient.
        NotForPatient,
        /// Money of the patient's own is used only with a signature of the patient, or of somebody
        /// who may pay for her: settle without the personal account and without payment.
        NeedsPatient,
        /// So much of the personal account can be allowed with the patient's own signature only: allow
        /// less.
        AboveDelegatedLimit,
        /// The signer is an account neither of the member that issued the invoice nor of the
        /// insurer.
        NotParty,
        /// The display code is empty, not UTF-8 or holds control characters.
        BadCode,
        /// A number of the parameters is out of its bounds.
        BadParameters,
        /// Services are settled by that version, or by an earlier one in its place, already: a
        /// version must begin after today.
        VersionSealed,
        /// The scheme has too many versions: create another scheme.
        TooManyVersions,
        /// No ids are left.
        IdsUsedUp,
        /// There is no such scheme.
        UnknownScheme,
        /// The scheme covers no services on that day: it is closed.
        SchemeClosed,
        /// The scheme cannot be closed from a day that has passed.
        ClosedInPast,
        /// A regulator holds the scheme: nothing is settled under it.
        SchemeHeld,
        /// The insurer is suspended.
        InsurerSuspended,
        /// The member that issued the invoice is suspended, and money would go to it.
        ProviderSuspended,
        /// There is no such patient.
        UnknownPatient,
        /// The last day lies before the first.
        BadPeriod,
        /// The scheme's parameters have no such age group.
        BadAgeGroup,
        /// The patient has a coverage by that scheme for some of those days.
        CoverageOverlaps,
        /// The patient has too many coverages.
        TooManyCoverages,
        /// There is no such coverage.
        UnknownCoverage,
        /// Services up to a later day are settled by the coverage.
        ServedLater,
        /// A standing must begin after the one before, and within the coverage.
        StandingNotAhead,
        /// The coverage has had too many standings: end it and enrol the patient again.
        TooManyStandings,
        /// The amount is 0, or too large.
        BadAmount,
        /// The coverage has not ended: its personal account is the patient's to use.
        CoverageLasts,
        /// The personal account is empty.
        AccountEmpty,
        /// There is no such invoice.
        UnknownInvoice,
        /// The invoice is not that patient's.
        OtherPatient,
        /// The invoice is cancelled or refunded.
        InvoiceNotOpen,
        /// The invoice is settled: it must be reversed first.
        AlreadySettled,
        /// A claim for the invoice is open: wait for the decision or withdraw it.
        ClaimOpen,
        /// A claim for the invoice by this coverage was denied: appeal, if that was not done yet.
        ClaimDenied,
        /// The patient has paid all of the invoice: claim.
        PaidInFull,
        /// The patient has not paid all of the invoice: settle.
        NotPaidInFull,
        /// The last service day lies ahead.
        ServiceAhead,
        /// The coverage does not cover the last service day.
        NotCovered,
        /// The scheme has no version for the last service day.
        NoVersion,
        /// A line of the invoice has a ratio above the whole.
        BadLine,
        /// The amounts are too large to compute with.
        Overflow,
        /// The insurer's balance does not cover the fund's part.
        FundTooSmall,
        /// A party has no account, or one that cannot take so little.
        NoAccount,
        /// Too many lines of the patient and the member are settled for that last service day: charge
        /// a long stay in parts that end on days of their own.
        TooManyCharges,
        /// There is no such settlement.
        UnknownSettlement,
        /// The settlement is reversed already.
        AlreadyReversed,
        /// The coverage has a later settlement: reverse that first.
        NotLatest,
        /// The member's balance does not cover what it would have to give back.
        MemberTooPoor,
        /// The patient's balance does not cover what she would have to give back.
        PatientTooPoor,
        /// There is no such claim.
        UnknownClaim,
        /// The claim is not in a state in which this can happen.
        WrongState,
        /// The fund pays at least 1 fen, at most what the rules give, and on appeal no less than
        /// before.
        BadPart,
        /// The invoice was claimed or settled in another way since: the claim cannot be appealed.
        Superseded,
        /// A number of the norms is out of its bounds.
        BadNorms,
        /// No refund of that invoice was flagged.
        UnknownRefund,
    }
}
