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
        /// The council registered certificates of a member's service; `key` is the SHA-256 of the
        /// service's key.
        CertificatesRegistered {
            member: MemberId,
            number: u32,
            key: Hash,
        },
        /// The council withdrew certificates.
        CertificatesWithdrawn { member: MemberId, number: u32 },
        /// A member had the hash of a block stamped, at `time`, in milliseconds since 1970; `token`
        /// is the Blake2b-256 of the token, which is in this transaction.
        BlockStamped {
            stamp: StampId,
            authority: MemberId,
            block: BlockNumber,
            time: Moment,
            token: Hash,
            by: T::AccountId,
        },
    }
}
