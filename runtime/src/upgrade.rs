//! When the rules change.
//!
//! The chain has no code in its state: its rules are those of the binary. The council votes the
//! version of the rules that comes next and the height from which they hold. A node asks before
//! each block which version it needs (`native::required_spec_version`) and stops if it is not its
//! own; operators then start the new binary, which goes on from there.
//!
//! The well-known key `:code` holds a mark that changes with the version, because clients keep
//! their metadata under its hash, and the first block under new rules says so in its digest.

pub use pallet::*;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::storage::well_known_keys;
use xinglin_primitives::BlockNumber;

/// The least time between a vote and the change, in blocks: a quarter of an hour at full speed.
pub const NOTICE_BLOCKS_MIN: BlockNumber = 3_600;

/// A change of the rules to come.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Plan {
    /// The version of the rules.
    pub spec_version: u32,
    /// The first block under them.
    pub at: BlockNumber,
}

/// What `:code` holds while this version of the rules is in force.
pub fn code_mark(spec_version: u32) -> Vec<u8> {
    format!("xinglin native runtime, spec_version {spec_version}").into_bytes()
}

#[allow(missing_docs, reason = "FRAME generates undocumented items")]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use sp_runtime::{generic::DigestItem, traits::Get, SaturatedConversion, TryRuntimeError};
    use xinglin_primitives::BlockNumber;

    use super::{code_mark, well_known_keys, Plan, NOTICE_BLOCKS_MIN};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// What the runtime decides for this pallet.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Two thirds of the council.
        type CouncilOrigin: EnsureOrigin<Self::RuntimeOrigin>;
    }

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// The version of the rules in force.
    #[pallet::storage]
    pub type Active<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The change to come, if one is voted.
    #[pallet::storage]
    pub type Planned<T: Config> = StorageValue<_, Plan>;

    /// The chain starts with the rules of the binary that builds its genesis.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        #[serde(skip)]
        _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let spec_version = T::Version::get().spec_version;
            Active::<T>::put(spec_version);
            frame_support::storage::unhashed::put_raw(
                well_known_keys::CODE,
                &code_mark(spec_version),
            );
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A change of the rules was voted.
        Planned {
            /// The version to come.
            spec_version: u32,
            /// The first block under it.
            at: BlockNumber,
        },
        /// The voted change was called off.
        Cancelled {
            /// The version that does not come.
            spec_version: u32,
        },
        /// The rules have changed with this block.
        Activated {
            /// The version in force.
            spec_version: u32,
        },
    }

    /// Why a call is refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The version is not above the one in force.
        NotNewer,
        /// The height leaves operators too little time; see `notice_blocks_min`.
        TooSoon,
        /// No change is planned.
        NothingPlanned,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            let Some(plan) = Planned::<T>::get() else {
                return T::DbWeight::get().reads(1);
            };
            if plan.at > now.saturated_into() {
                return T::DbWeight::get().reads(1);
            }
            Planned::<T>::kill();
            Active::<T>::put(plan.spec_version);
            frame_support::storage::unhashed::put_raw(
                well_known_keys::CODE,
                &code_mark(plan.spec_version),
            );
            frame_system::Pallet::<T>::deposit_log(DigestItem::RuntimeEnvironmentUpdated);
            Self::deposit_event(Event::Activated {
                spec_version: plan.spec_version,
            });
            T::DbWeight::get().reads_writes(1, 4)
        }

        fn try_state(_: BlockNumberFor<T>) -> Result<(), TryRuntimeError> {
            let active = Active::<T>::get();
            let mark = frame_support::storage::unhashed::get_raw(well_known_keys::CODE);
            ensure!(
                mark == Some(code_mark(active)),
                "`:code` is not the mark of the active version"
            );
            if let Some(plan) = Planned::<T>::get() {
                ensure!(
                    plan.spec_version > active,
                    "the planned version is not newer"
                );
            }
            Ok(())
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Plans a change of the rules.
        ///
        /// Replaces an earlier plan. Nodes without the version stop before the block at that
        /// height.
        ///
        /// Origin: two thirds of the council.
        ///
        /// Errors: [`Error::NotNewer`], [`Error::TooSoon`]. Event: [`Event::Planned`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::DbWeight::get().reads_writes(2, 1))]
        pub fn plan(origin: OriginFor<T>, spec_version: u32, at: BlockNumber) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            ensure!(spec_version > Active::<T>::get(), Error::<T>::NotNewer);
            let now: BlockNumber = frame_system::Pallet::<T>::block_number().saturated_into();
            ensure!(
                at >= now.saturating_add(NOTICE_BLOCKS_MIN),
                Error::<T>::TooSoon
            );
            Planned::<T>::put(Plan { spec_version, at });
            Self::deposit_event(Event::Planned { spec_version, at });
            Ok(())
        }

        /// Calls the planned change off.
        ///
        /// Origin: two thirds of the council.
        ///
        /// Errors: [`Error::NothingPlanned`]. Event: [`Event::Cancelled`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::DbWeight::get().reads_writes(1, 1))]
        pub fn cancel(origin: OriginFor<T>) -> DispatchResult {
            T::CouncilOrigin::ensure_origin(origin)?;
            let plan = Planned::<T>::take().ok_or(Error::<T>::NothingPlanned)?;
            Self::deposit_event(Event::Cancelled {
                spec_version: plan.spec_version,
            });
            Ok(())
        }
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// The least time between a vote and the change, in blocks.
        fn notice_blocks_min() -> BlockNumber {
            NOTICE_BLOCKS_MIN
        }
    }

    impl<T: Config> Pallet<T> {
        /// The version of the rules under which block `number` is made, as far as is voted.
        pub fn version_at(number: BlockNumber) -> u32 {
            match Planned::<T>::get() {
                Some(plan) if plan.at <= number => plan.spec_version,
                _ => Active::<T>::get(),
            }
        }
    }
}
