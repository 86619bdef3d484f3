//! The pallet's events. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// What happened. `by` is the account that signed.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    #[allow(
        missing_docs,
        reason = "a variant's own text speaks of its fields, and their types say the rest"
    )]
    pub enum Event<T: Config> {
        /// A regulator opened a case.
        CaseOpened {
            case: CaseId,
            regulator: MemberId,
            subject: Subject,
            basis: Statement,
            by: T::AccountId,
        },
        /// A regulator closed a case.
        CaseClosed {
            case: CaseId,
            finding: Statement,
            by: T::AccountId,
        },
        /// A case has another regulator; without `by`, the council moved it.
        CaseTransferred {
            case: CaseId,
            from: MemberId,
            to: MemberId,
            by: Option<T::AccountId>,
        },
        /// A member is to disclose something by a due time.
        DisclosureRequested {
            disclosure: DisclosureId,
            case: CaseId,
            member: MemberId,
            request: Hash,
            due: Moment,
            by: T::AccountId,
        },
        /// The regulator does not ask any more.
        RequestWithdrawn {
            disclosure: DisclosureId,
            case: CaseId,
            by: T::AccountId,
        },
        /// A member disclosed an envelope, which is in this transaction.
        Disclosed {
            disclosure: DisclosureId,
            case: CaseId,
            envelope: Hash,
            bytes: u32,
            is_late: bool,
            by: T::AccountId,
        },
        /// A case holds something; `is_first` if no other case did before.
        HoldPlaced {
            case: CaseId,
            held: Held,
            is_first: bool,
            by: T::AccountId,
        },
        /// A case holds something no more; `is_last` if no other case does either.
        HoldLifted {
            case: CaseId,
            held: Held,
            is_last: bool,
            by: T::AccountId,
        },
        /// A member's node has answered these questions to regulators.
        QuestionsAnchored {
            member: MemberId,
            first: u64,
            count: u32,
            digest: Hash,
            from: Moment,
            until: Moment,
            by: T::AccountId,
        },
    }
}
