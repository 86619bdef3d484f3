//! The pallet's errors. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The signer is no account of an active regulator, or not of the one whose case it is.
        NotRegulator,
        /// The signer is no account of the member that is asked.
        NotStaff,
        /// What the case would be about does not exist.
        UnknownSubject,
        /// There is no such case.
        UnknownCase,
        /// There is no such disclosure request.
        UnknownDisclosure,
        /// There is no such member, or it is not active.
        UnknownMember,
        /// The case is closed: open another.
        CaseClosed,
        /// The case still holds something: lift that first.
        HoldsInForce,
        /// A request of the case is open: wait for the answer, or withdraw it.
        RequestsOpen,
        /// A case goes to another active regulator only.
        BadRecipient,
        /// The due time has passed or is too far away.
        BadDue,
        /// The case has too many requests that are open.
        TooManyRequests,
        /// The request was answered or withdrawn.
        NotOpen,
        /// The envelope is empty.
        EmptyEnvelope,
        /// The hash is not that of the envelope.
        HashMismatch,
        /// A regulator cannot hold itself.
        HoldsItself,
        /// The case holds it already.
        AlreadyHeld,
        /// The case does not hold it.
        NotHeld,
        /// The case holds too much, or too many cases hold the same.
        TooManyHolds,
        /// No ids are left.
        IdsUsedUp,
        /// The signer is no account of an active member.
        NotMember,
        /// No question, or more at once than can be anchored.
        BadCount,
        /// The first question is not the one after those that the account has anchored.
        NotNext,
        /// The period ends before it begins.
        BadPeriod,
    }
}
