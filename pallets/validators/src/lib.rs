//! The validators: who they are, on which nodes they run, and what they did wrong.
//!
//! A member registers its nodes (by libp2p peer id) and its consensus key, with a proof that it
//! holds it; the council decides whose validator takes part. Peers that are not registered are
//! refused by every node.
//!
//! **Changes of the set.** All changes of one block make up one change, in force from the next
//! height: [`Validators`] is the set that decides the block being executed, and after the block
//! the set that decides the next one. A change that would leave the set without a quorum at work is
//! refused; [`change`] states the rule. Every set stays in [`Sets`], and the header of the block
//! that changes it carries it as a digest ([`VALIDATOR_SET_ENGINE_ID`]), so that whoever trusts the
//! genesis can follow the sets, each certified by the one before.
//!
//! **Equivocation.** Anyone can report, without a signature, two messages of one key that exclude
//! each other. The offence is recorded; what follows is for the council to decide.
//!
//! [`VALIDATOR_SET_ENGINE_ID`]: xinglin_primitives::VALIDATOR_SET_ENGINE_ID

pub mod change;
pub mod parameters;
pub mod weights;

mod author;
mod calls;
mod events;
mod evidence;
mod genesis;
mod glue;
mod invariants;
mod nodes;
mod set;
mod types;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use genesis::{GenesisNode, GenesisValidator};
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

#[import_section(events::events)]
#[import_section(calls::calls)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use sp_runtime::TryRuntimeError;
    use xinglin_primitives::{
        consensus::{
            ConsensusKey, ConsensusParameters, ConsensusSignature, Equivocation, VALIDATORS_MAX,
        },
        glue::{ChainId, Members},
        BlockNumber, MemberId,
    };

    use crate::{genesis, parameters, types::*, weights::WeightInfo};

    /// The layout of the storage below.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// What the runtime decides for this pallet.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event>> {
        /// Two thirds of the council.
        type CouncilOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The members, who run the validators.
        type Members: Members<Self::AccountId>;
        /// Which chain this is, for proofs of possession and evidence.
        type ChainId: ChainId;
        /// The weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// The validators that decide the block being executed; after it, those of the next height.
    /// Ordered by member.
    #[pallet::storage]
    pub type Validators<T: Config> = StorageValue<_, Set, ValueQuery>;

    /// The set from the next height on, where calls of this block have changed it.
    #[pallet::storage]
    pub type PendingSet<T: Config> = StorageValue<_, Set, OptionQuery>;

    /// All sets of the chain, by a number that counts them from 0, the one of the genesis. The
    /// numbers are sequential, so that a fast hasher spreads them well enough.
    #[pallet::storage]
    pub type Sets<T: Config> = StorageMap<_, Twox64Concat, u32, HistoricalSet>;

    /// The number of the last set in [`Sets`].
    #[pallet::storage]
    pub type CurrentSet<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Timeouts and pacing, in force from the height after their change.
    #[pallet::storage]
    pub type Parameters<T: Config> = StorageValue<_, ConsensusParameters, ValueQuery>;

    /// The validators that members are ready to run, in the set or not. Members have sequential
    /// ids, as in [`Sets`].
    #[pallet::storage]
    pub type Candidates<T: Config> = StorageMap<_, Twox64Concat, MemberId, Candidate>;

    /// Whose a consensus key is: no two members share one. Keys are chosen by their owners, hence a
    /// cryptographic hasher.
    #[pallet::storage]
    pub type KeyOwners<T: Config> = StorageMap<_, Blake2_128Concat, ConsensusKey, MemberId>;

    /// The registered nodes. Peer ids are chosen by their owners, hence a cryptographic hasher.
    #[pallet::storage]
    pub type Nodes<T: Config> = StorageMap<_, Blake2_128Concat, PeerId, Node>;

    /// The nodes of a member. Sequential ids, as in [`Sets`].
    #[pallet::storage]
    pub type NodesOf<T: Config> =
        StorageMap<_, Twox64Concat, MemberId, BoundedVec<PeerId, ConstU32<NODES_MAX>>, ValueQuery>;

    /// How many blocks a member's validator has made, and which was the last. Sequential ids, as in
    /// [`Sets`].
    #[pallet::storage]
    pub type Produced<T: Config> = StorageMap<_, Twox64Concat, MemberId, Production, ValueQuery>;

    /// The recorded offences of a member's validators. Sequential ids, as in [`Sets`].
    #[pallet::storage]
    pub type Offences<T: Config> = StorageMap<_, Twox64Concat, MemberId, OffenceRecord, ValueQuery>;

    /// The validators and nodes with which a chain starts.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The validators of the first height.
        pub validators: Vec<genesis::GenesisValidator>,
        /// Further nodes, without a vote.
        pub nodes: Vec<genesis::GenesisNode>,
        /// Timeouts and pacing.
        pub parameters: ConsensusParameters,
        /// For the type alone.
        #[serde(skip)]
        pub marker: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            genesis::build::<T>(self);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Reserves the weight of the end of the block.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            T::WeightInfo::on_finalize()
        }

        fn on_finalize(_: BlockNumberFor<T>) {
            Self::count_block();
            Self::apply_change();
        }

        fn try_state(_: BlockNumberFor<T>) -> Result<(), TryRuntimeError> {
            Self::check_invariants()
        }
    }

    // A report is a bare extrinsic of version 4, which the successor of this trait does not serve.
    // The macro looks for this attribute letter by letter, without a reason.
    #[allow(deprecated)]
    #[pallet::validate_unsigned]
    impl<T: Config> ValidateUnsigned for Pallet<T> {
        type Call = Call<T>;

        fn validate_unsigned(_: TransactionSource, call: &Call<T>) -> TransactionValidity {
            match call {
                Call::report_equivocation { equivocation } => Self::validate_report(equivocation),
                _ => InvalidTransaction::Call.into(),
            }
        }
    }

    /// The bounds, for those who build calls.
    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Most validators in a set.
        fn validators_max() -> u32 {
            VALIDATORS_MAX
        }

        /// Most nodes of one member.
        fn nodes_max() -> u32 {
            NODES_MAX
        }

        /// Most offences recorded of one member before the council has dealt with them.
        fn offences_max() -> u32 {
            OFFENCES_MAX
        }
    }
}
