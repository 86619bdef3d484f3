//! The pallet's errors. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The member is no active time authority, or the signer is no account of one.
        NotTimeAuthority,
        /// The member has no such certificates in force.
        UnknownCertificates,
        /// Certificates of too many services are registered: withdraw some.
        TooManyServices,
        /// Another member has certificates for this key.
        KeyTaken,
        /// One of the certificates is none, or says something that is not supported.
        MalformedCertificate,
        /// The first certificate is not for time-stamping alone.
        NotForTimestamping,
        /// A certificate is not issued by the next one.
        WrongChain,
        /// A certificate has expired, or is not valid yet, at the time of the token or of its
        /// registration.
        CertificateNotValid,
        /// National algorithms (SM2, SM3) are not supported.
        NationalAlgorithm,
        /// The algorithm is not supported: use RSA or ECDSA with SHA-256.
        UnsupportedAlgorithm,
        /// The block is yet to come, or is the genesis.
        UnknownBlock,
        /// The block is so old that the state does not have its hash any more.
        BlockTooOld,
        /// The member has a token over this block already.
        Replayed,
        /// The member has a token over a later block, or one with this time or a later one.
        NotLater,
        /// The token is none, or says something that is not supported.
        MalformedToken,
        /// The token is by a service with another certificate.
        UnknownSigner,
        /// The token is about something else than the block's hash.
        WrongImprint,
        /// The token's signature is wrong.
        WrongSignature,
        /// The token says that its time may be wrong by more than a minute.
        TooInaccurate,
        /// The token's time is before that of the block.
        BeforeBlock,
        /// The token's time has not come yet.
        InFuture,
        /// No ids are left.
        IdsUsedUp,
    }
}
