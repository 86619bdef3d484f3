//! Who is who: members, practitioners and patients, and who may act for whom.
//!
//! - **Members** are the organisations. The council admits, suspends and removes them; the sorted
//!   main accounts of those that are neither suspended nor removed are the council's seats
//!   ([`Config::OnMembership`]).
//! - **Practitioners** are registered by a hospital or clinic and licensed under one or more of
//!   them. One is active while nothing stops her and she has a licence that is in force at a member
//!   that is active.
//! - **Patients** are pseudonyms, each bound to an account and an encryption key by a member that
//!   has checked the identity. The chain knows a salted hash of the identity number only.
//! - **Delegations** let another person (a delegate) or a device (a session key) act for a patient
//!   or a practitioner, within scopes and until an end.
//! - **Replacement** of a lost account takes two members and a delay during which the old account
//!   can veto. What the old account owns follows ([`Config::OnAccountChange`]).
//!
//! Two things stop a party, each by itself: the council's suspension, and a regulator's hold
//! ([`Pallet::set_hold`]). Neither undoes the other. A hold takes away neither a member's vote nor a
//! person's veto ([`Admittance::Restricted`]).
//!
//! An account is one thing only: [`Accounts`] holds its [`Role`]. Being a delegate is not a role; a
//! delegate may be registered as something itself, or not at all. Nothing asks for a deposit.
//!
//! Ids are never used again and no party is ever deleted, so that what refers to one keeps its
//! meaning: a removed member, for one, stays where it is, with its main account.

pub mod weights;

mod accounts;
mod calls;
mod delegations;
mod events;
mod genesis;
mod glue;
mod invariants;
mod members;
mod patients;
mod practitioners;
mod replacement;
mod suspension;
mod types;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use genesis::{GenesisLicence, GenesisMember, GenesisPatient, GenesisPractitioner};
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

#[import_section(events::events)]
#[import_section(calls::calls)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{pallet_prelude::*, traits::Time};
    use frame_system::pallet_prelude::*;
    use sp_runtime::TryRuntimeError;
    use xinglin_primitives::{
        glue::{MemberKind, OnAccountChange, OnMembership, ValidatorSet},
        time::Moment,
        DepartmentId, EncryptionKey, IdentityHash, MemberId, PatientId, PractitionerId,
    };

    // Named one by one: the prelude has a trait `Member`.
    use crate::{
        genesis, DelegatesOf, Delegation, DelegationKind, DelegationsOf, EndOfDelegation,
        HospitalLevel, Member, Name, Party, Patient, Practitioner, Principal, Replacement, Role,
        Scopes, Specialty, Standing, WeightInfo, DELEGATES_MAX, DELEGATE_MS_MAX, LICENCES_MAX,
        MEMBERS_MAX, SERVICE_ACCOUNTS_MAX, SESSION_KEY_MS_MAX,
    };

    /// The layout of the storage below.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// What the runtime decides for this pallet.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Two thirds of the council.
        type CouncilOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The time of the block.
        type Time: Time<Moment = Moment>;
        /// Who follows the membership: the council.
        type OnMembership: OnMembership<Self::AccountId>;
        /// What follows when an account gives way to another: money.
        type OnAccountChange: OnAccountChange<Self::AccountId>;
        /// The live validators, whose members cannot be removed.
        type ValidatorSet: ValidatorSet;
        /// How long the old account can veto an approved replacement, in milliseconds.
        #[pallet::constant]
        type ReplacementDelay: Get<Moment>;
        /// The weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What an account is. Accounts are chosen by their owners, hence a cryptographic hasher.
    #[pallet::storage]
    pub type Accounts<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Role>;

    /// The members. Ids are given out in sequence, so that a fast hasher spreads them well enough.
    #[pallet::storage]
    pub type Members<T: Config> = StorageMap<_, Twox64Concat, MemberId, Member<T::AccountId>>;

    /// The service accounts of a member, kept apart because they are seldom asked for by member.
    /// Sequential ids, as in [`Members`].
    #[pallet::storage]
    pub type ServiceAccounts<T: Config> = StorageMap<
        _,
        Twox64Concat,
        MemberId,
        BoundedVec<T::AccountId, ConstU32<SERVICE_ACCOUNTS_MAX>>,
        ValueQuery,
    >;

    /// The main accounts of the members that the council has neither suspended nor removed, sorted:
    /// its seats.
    #[pallet::storage]
    pub type Seats<T: Config> =
        StorageValue<_, BoundedVec<T::AccountId, ConstU32<MEMBERS_MAX>>, ValueQuery>;

    /// The id of the next member.
    #[pallet::storage]
    pub type NextMember<T: Config> = StorageValue<_, MemberId, ValueQuery>;

    /// The practitioners. Sequential ids, as in [`Members`].
    #[pallet::storage]
    pub type Practitioners<T: Config> =
        StorageMap<_, Twox64Concat, PractitionerId, Practitioner<T::AccountId>>;

    /// The id of the next practitioner.
    #[pallet::storage]
    pub type NextPractitioner<T: Config> = StorageValue<_, PractitionerId, ValueQuery>;

    /// The patients. Sequential ids, as in [`Members`].
    #[pallet::storage]
    pub type Patients<T: Config> = StorageMap<_, Twox64Concat, PatientId, Patient<T::AccountId>>;

    /// The id of the next patient.
    #[pallet::storage]
    pub type NextPatient<T: Config> = StorageValue<_, PatientId, ValueQuery>;

    /// The patient behind an identity. The hash comes from outside and need not be one, hence a
    /// cryptographic hasher.
    #[pallet::storage]
    pub type Identities<T: Config> = StorageMap<_, Blake2_128Concat, IdentityHash, PatientId>;

    /// The replacements under way, at most one per person. Sequential ids, as in [`Members`].
    #[pallet::storage]
    pub type Replacements<T: Config> =
        StorageMap<_, Twox64Concat, Principal, Replacement<T::AccountId>>;

    /// What an account may do for others, at most one delegation per principal. Accounts are chosen
    /// by their owners, hence a cryptographic hasher.
    #[pallet::storage]
    pub type Delegations<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, DelegationsOf, ValueQuery>;

    /// The delegates of a principal: [`Delegations`] from the other side. Sequential ids, as in
    /// [`Members`].
    #[pallet::storage]
    pub type Delegates<T: Config> =
        StorageMap<_, Twox64Concat, Principal, DelegatesOf<T::AccountId>, ValueQuery>;

    /// The parties with which a chain starts. Ids are given in the order of the lists, from 0.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The members.
        pub members: Vec<genesis::GenesisMember<T::AccountId>>,
        /// The practitioners, licensed under those members.
        pub practitioners: Vec<genesis::GenesisPractitioner<T::AccountId>>,
        /// The patients, registered by those members.
        pub patients: Vec<genesis::GenesisPatient<T::AccountId>>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            genesis::build::<T>(self);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn try_state(_: BlockNumberFor<T>) -> Result<(), TryRuntimeError> {
            Self::check_invariants()
        }
    }

    /// The bounds, for those who build calls.
    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Most service accounts of one member.
        fn service_accounts_max() -> u32 {
            SERVICE_ACCOUNTS_MAX
        }

        /// Most members under which one practitioner is licensed.
        fn licences_max() -> u32 {
            LICENCES_MAX
        }

        /// Most delegates and session keys of one principal.
        fn delegates_max() -> u32 {
            DELEGATES_MAX
        }

        /// Longest life of a session key, in milliseconds.
        fn session_key_ms_max() -> Moment {
            SESSION_KEY_MS_MAX
        }

        /// Longest life of a delegation to a person, in milliseconds.
        fn delegate_ms_max() -> Moment {
            DELEGATE_MS_MAX
        }
    }
}
