//! Trusted time (可信时间): hashes of blocks, stamped by authorities outside of the chain.
//!
//! The validators agree on the time of a block among themselves. A time authority (授时机构), a member
//! of the consortium, adds what somebody else says: it has the hashes of blocks stamped by the
//! services of RFC 3161 that it runs or uses, and submits their tokens. Each is verified here
//! before it counts ([`xinglin_timestamps`]).
//!
//! - The council registers the certificates of a member's services, several if it has several or
//!   while one takes over from another, and withdraws them. What was verified by them stays.
//! - A token is about a recent block of this chain, and its time is not before the block nor after
//!   now, up to the drift that the chain allows its clocks.
//! - The tokens of a member are about later and later blocks, at later and later times: it cannot
//!   take anything back, and no token counts twice.
//!
//! # What two tokens say about a block
//!
//! Whoever had the hash of a block had all blocks before it as well, so a token over block 9 shows
//! that block 7 was there at its time. And a block whose transactions contain a token, or that
//! follows such a block, was made after the token was. [`Pallet::stamps_around`] finds the nearest
//! of each kind.
//!
//! # What is kept
//!
//! For ever: a court may ask after years. The token, less than a KiB without certificates, stays in
//! its transaction, and the state keeps what it says and its hash, so that a year of one token a
//! minute takes about half a GB of blocks and a fifth of that in the state.

mod authorities;
mod errors;
mod events;
mod invariants;
pub mod reads;
mod tokens;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use pallet::*;
pub use weights::WeightInfo;

#[import_section(crate::errors::errors)]
#[import_section(crate::events::events)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{pallet_prelude::*, traits::Time};
    use frame_system::pallet_prelude::*;
    use sp_runtime::SaturatedConversion;
    use xinglin_primitives::{
        glue::Members, stamp::Stamp, time::Moment, BlockNumber, Hash, MemberId, StampId,
    };

    use crate::{types::*, weights::WeightInfo};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The time of the block.
        type Time: Time<Moment = Moment>;
        /// Two thirds of the council.
        type CouncilOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The members, time authorities among them.
        type Members: Members<Self::AccountId>;
        /// How far the clocks of validators and authorities may be apart, in milliseconds.
        type DriftMax: Get<Moment>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
        /// The parties and tokens that benchmarks need.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::BenchmarkHelper<Self::AccountId>;
    }

    /// The members that have, or had, certificates registered.
    // Members come one by one from the council.
    #[pallet::storage]
    pub type Authorities<T> = StorageMap<_, Twox64Concat, MemberId, Authority>;

    /// All certificates ever registered, by member and number. They are kept, to verify again what
    /// was verified by them.
    // As for `Authorities`; numbered by this pallet.
    #[pallet::storage]
    pub type Certificates<T> =
        StorageDoubleMap<_, Twox64Concat, MemberId, Twox64Concat, u32, Registered>;

    /// Whose a service's key is: no two members share one, so that a token is of one of them.
    // Keys are chosen by their owners, hence a cryptographic hasher.
    #[pallet::storage]
    pub type KeyOwners<T> = StorageMap<_, Blake2_128Concat, Hash, MemberId>;

    /// The id of the next token.
    #[pallet::storage]
    pub type NextStamp<T> = StorageValue<_, StampId, ValueQuery>;

    /// What all tokens say, in the order in which they were recorded.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Stamps<T> = StorageMap<_, Twox64Concat, StampId, Stamp>;

    /// The tokens in the order of the blocks that they are about.
    // In order only if it is not hashed; blocks and members are numbered one by one.
    #[pallet::storage]
    pub type ByBlock<T> = StorageMap<_, Identity, StampKey, StampId>;

    /// The times of recent blocks, as many as the system keeps hashes of: that of a block is under
    /// the remainder of its number.
    // As many keys as that, and no more.
    #[pallet::storage]
    pub type BlockTimes<T> = StorageMap<_, Twox64Concat, BlockNumber, Moment>;

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Largest token, in bytes.
        #[pallet::constant_name(TokenBytesMax)]
        fn token_bytes_max() -> u32 {
            TOKEN_BYTES_MAX
        }
        /// Most services of a member whose certificates are registered at a time.
        #[pallet::constant_name(ServicesMax)]
        fn services_max() -> u32 {
            SERVICES_MAX
        }
        /// Most that the time of a token may be wrong by, in milliseconds.
        #[pallet::constant_name(AccuracyMsMax)]
        fn accuracy_ms_max() -> Moment {
            ACCURACY_MS_MAX
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Reserves the weight of the end of the block.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            T::WeightInfo::on_finalize()
        }

        fn on_finalize(number: BlockNumberFor<T>) {
            Self::note_time(number.saturated_into());
        }

        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_invariants()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Registers the certificates of a service by which a member has blocks stamped. To replace
        /// some, register the new ones, let the service change, and withdraw the old ones.
        ///
        /// Origin: two thirds of the council.
        ///
        /// `certificates` are in DER, that of the service first, each issued by the next; the last
        /// is trusted by this decision. They get a number, which counts the member's from 0.
        ///
        /// Errors: `NotTimeAuthority`, `TooManyServices`, `MalformedCertificate`,
        /// `NotForTimestamping`, `WrongChain`, `NationalAlgorithm`, `UnsupportedAlgorithm`,
        /// `CertificateNotValid`, `KeyTaken`, `IdsUsedUp`. Events: `CertificatesRegistered`.
        #[pallet::call_index(0)]
        pub fn register_certificates(
            origin: OriginFor<T>,
            member: MemberId,
            certificates: Chain,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::do_register_certificates(member, certificates)
        }

        /// Withdraws certificates: no more tokens are accepted by them. Those that were stay.
        ///
        /// Origin: two thirds of the council.
        ///
        /// Errors: `UnknownCertificates`. Events: `CertificatesWithdrawn`.
        #[pallet::call_index(1)]
        pub fn withdraw_certificates(
            origin: OriginFor<T>,
            member: MemberId,
            number: u32,
        ) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            Self::do_withdraw_certificates(member, number)
        }

        /// Records a token over the hash of a block.
        ///
        /// Origin: signed by an account of a time authority.
        ///
        /// `number` says which of the member's certificates the token is by. `token` is a
        /// `TimeStampToken` of RFC 3161 in DER, at most 16 KiB, over the 32 bytes of the hash of
        /// `block`; it need not carry certificates.
        ///
        /// Errors: `NotTimeAuthority`, `UnknownCertificates`, `Replayed`, `NotLater`,
        /// `UnknownBlock`, `BlockTooOld`, `MalformedToken`, `UnknownSigner`, `NationalAlgorithm`,
        /// `UnsupportedAlgorithm`, `WrongImprint`, `WrongSignature`, `CertificateNotValid`,
        /// `TooInaccurate`, `BeforeBlock`, `InFuture`, `IdsUsedUp`. Events: `BlockStamped`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::submit_token(token.len() as u32))]
        pub fn submit_token(
            origin: OriginFor<T>,
            block: BlockNumber,
            number: u32,
            token: Token,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_submit_token(by, block, number, token)
        }
    }
}
