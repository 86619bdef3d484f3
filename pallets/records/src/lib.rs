//! Encrypted records under the patient's control (病历).
//!
//! A practitioner writes a record: its ciphertext travels in the transaction and so stays in the
//! block, or in the member's object store if it is large. The state keeps its hash and who wrote it
//! for whom, and the record key sealed to each reader. Nothing here can be read without a reader's
//! secret key.
//!
//! # Who may read
//!
//! [`access`] has the one decision. The patient, her delegates with the scope reading, the author
//! and the author's member always may; anybody else by a live grant of the patient that covers the
//! record, for its purpose and in its time, or for a short time in a declared emergency. A grant to
//! a member is for the member's own accounts; its practitioners get grants of their own.
//! [`Pallet::open`] asks for that decision and leaves its trace: every attempt, allowed or denied,
//! is an entry of the patient's access log. Whoever signs for a party that it does not act for makes
//! no attempt: the call fails.
//!
//! # Keys
//!
//! A sealed key is stored per record, version and reader. The chain cannot know whether it is good;
//! it sees to it that the right readers have one, that only those who hold the key by right (the
//! patient, the author, her member) replace one, and that readers without a reason hold none:
//! [`Pallet::prune_keys`] takes away what a grant left behind. The keys of the author and of her
//! member are replaced by nobody but these: a patient cannot take a record out of the hospital's
//! hands. A reader who is suspended or held for a time keeps the keys, and reads again afterwards.
//! However many readers there are, room stays for the keys that amendments need. When a patient's encryption key
//! changes, [`Pallet::reseal`] brings her keys back, and [`types::KeyProgress`] counts how many.
//! What was in a block once can be copied by whoever saw it: revoking ends access through the
//! chain's nodes, not the memory of a reader.
//!
//! # Grants and visits
//!
//! A grant may carry a token, a hash that the patient chooses. The booking whose pre-visit grant is
//! the same hash ends it when its visit is over or off. One batch can share and book. If the visit
//! is off already when the grant is given, nothing but its time ends it.
//!
//! # Retraction
//!
//! A retracted record is marked as entered in error, and stays: whoever may read it still does, by
//! the grants there are and by those of the history. It documents no visit and cannot be amended,
//! and no grant of it alone is given or asked for any more.
//!
//! # Erasure
//!
//! The patient asks, and the author's member confirms that it has destroyed its own keys; then those
//! on the chain go, and nobody reads the record again. While that member does not take part, being
//! suspended, held or removed, it can confirm nothing, and the patient's right must not hang on
//! that: any regulator, or the council, confirms in its stead, having seen to the member's keys.
//!
//! # What stays
//!
//! Records, versions, grants, requests, emergencies and the access log are kept for ever; each list
//! that grows is stored entry by entry under a number, and read in pages.

pub mod access;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
pub mod emergency;
mod erasure;
mod errors;
mod events;
mod glue;
pub mod grants;
mod invariants;
mod keys;
pub mod reading;
pub mod reads;
pub mod requests;
mod sharing;
pub mod types;
pub mod weights;
mod writing;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use pallet::*;
pub use weights::WeightInfo;

#[import_section(crate::calls::calls)]
#[import_section(crate::errors::errors)]
#[import_section(crate::events::events)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{pallet_prelude::*, traits::Time};
    use frame_system::pallet_prelude::*;
    use xinglin_primitives::{
        glue::{Delegations, EncryptionKeys, Members, Patients, Practitioners, Visits},
        time::Moment,
        AccessRequestId, AppointmentId, EmergencyId, GrantId, Hash, InOrder, MemberId, Party,
        PatientId, PractitionerId, RecordId,
    };

    use crate::{
        access::{Denial, Purpose},
        emergency::{Emergency, EmergencyReason, PendingEmergencies, Verdict, EMERGENCIES_MAX},
        grants::{EndOfGrant, Grant, Grantee, LiveGrantsOf, Source, Terms, GRANTS_MAX},
        reading::AccessEntryOf,
        requests::{
            AccessRequest, Answer, NewRequest, OpenRequestsOf, RequestReason, RequestState,
            REQUESTS_MAX,
        },
        types::*,
        weights::WeightInfo,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

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
        /// The members and their staff.
        type Members: Members<Self::AccountId>;
        /// The practitioners and where they are licensed.
        type Practitioners: Practitioners<Self::AccountId>;
        /// The patients and who acts for them.
        type Patients: Patients<Self::AccountId>;
        /// Their delegations, whoever takes part now.
        type Delegations: Delegations<Self::AccountId>;
        /// The encryption keys of all of them.
        type EncryptionKeys: EncryptionKeys;
        /// The visits that records document.
        type Visits: Visits;
        /// How long an emergency gives access, in milliseconds.
        #[pallet::constant]
        type EmergencyAccess: Get<Moment>;
        /// Within which time an emergency is to be justified, in milliseconds.
        #[pallet::constant]
        type JustificationPeriod: Get<Moment>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
        /// The parties that benchmarks need.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::BenchmarkHelper<Self::AccountId>;
    }

    /// The id of the next record.
    #[pallet::storage]
    pub type NextRecord<T> = StorageValue<_, RecordId, ValueQuery>;

    /// The records.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Records<T> = StorageMap<_, Twox64Concat, RecordId, Record>;

    /// The versions of each record, from 1.
    // As for `Records`, and counted up within one.
    #[pallet::storage]
    pub type Versions<T> =
        StorageDoubleMap<_, Twox64Concat, RecordId, Twox64Concat, VersionNumber, RecordVersion>;

    /// Which version has a ciphertext, by its hash.
    // The hash of an external file is whatever its author says, hence a cryptographic hasher.
    #[pallet::storage]
    pub type ByContent<T> = StorageMap<_, Blake2_128Concat, Hash, (RecordId, VersionNumber)>;

    /// The records of each patient, numbered in the order in which they were written.
    // Only keys of registered patients, numbered one by one, are written.
    #[pallet::storage]
    pub type RecordsOf<T> =
        StorageDoubleMap<_, Twox64Concat, PatientId, Twox64Concat, u64, RecordId>;

    /// What is counted for each patient.
    // As for `RecordsOf`.
    #[pallet::storage]
    pub type Files<T> = StorageMap<_, Twox64Concat, PatientId, PatientFile, ValueQuery>;

    /// The records of each visit.
    // Appointments are numbered one by one by their pallet.
    #[pallet::storage]
    pub type VisitFiles<T> = StorageMap<_, Twox64Concat, AppointmentId, VisitFile, ValueQuery>;

    /// The sealed keys of each record, by version and reader.
    // A reader may be an account, which its owner chose, hence a cryptographic hasher.
    #[pallet::storage]
    pub type SealedKeys<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        RecordId,
        Blake2_128Concat,
        (VersionNumber, Reader<T::AccountId>),
        StoredKey,
    >;

    /// The id of the next grant.
    #[pallet::storage]
    pub type NextGrant<T> = StorageValue<_, GrantId, ValueQuery>;

    /// Every grant ever given.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Grants<T> = StorageMap<_, Twox64Concat, GrantId, Grant>;

    /// The grants of each patient that nothing has ended.
    // As for `RecordsOf`.
    #[pallet::storage]
    pub type LiveGrants<T> = StorageMap<_, Twox64Concat, PatientId, LiveGrantsOf, ValueQuery>;

    /// How many grants each grantee was ever given.
    // Parties are registered one by one.
    #[pallet::storage]
    pub type GranteeCounts<T> = StorageMap<_, Twox64Concat, Grantee, u64, ValueQuery>;

    /// The grants to each grantee, numbered in the order in which they were given.
    // As for `GranteeCounts`.
    #[pallet::storage]
    pub type GrantsTo<T> = StorageDoubleMap<_, Twox64Concat, Grantee, Twox64Concat, u64, GrantId>;

    /// The id of the next request.
    #[pallet::storage]
    pub type NextRequest<T> = StorageValue<_, AccessRequestId, ValueQuery>;

    /// Every request for access ever made.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type AccessRequests<T> = StorageMap<_, Twox64Concat, AccessRequestId, AccessRequest>;

    /// The open requests to each patient.
    // As for `RecordsOf`.
    #[pallet::storage]
    pub type OpenRequests<T> = StorageMap<_, Twox64Concat, PatientId, OpenRequestsOf, ValueQuery>;

    /// The access log of each patient, numbered in the order of the attempts.
    // As for `RecordsOf`.
    #[pallet::storage]
    pub type AccessLog<T: Config> =
        StorageDoubleMap<_, Twox64Concat, PatientId, Twox64Concat, u64, AccessEntryOf<T>>;

    /// The id of the next emergency.
    #[pallet::storage]
    pub type NextEmergency<T> = StorageValue<_, EmergencyId, ValueQuery>;

    /// Every emergency ever declared.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Emergencies<T> = StorageMap<_, Twox64Concat, EmergencyId, Emergency>;

    /// The emergencies of each practitioner that are live or not settled.
    // Only keys of registered practitioners, numbered one by one, are written.
    #[pallet::storage]
    pub type EmergenciesOf<T> =
        StorageMap<_, Twox64Concat, PractitionerId, PendingEmergencies, ValueQuery>;

    /// The emergencies that no regulator has reviewed.
    // The key is the id in big-endian order and is not hashed, so that iteration meets the oldest
    // first and a page can begin after any id. Ids come one by one, from this pallet.
    #[pallet::storage]
    pub type UnreviewedEmergencies<T> = StorageMap<_, Identity, InOrder, ()>;

    /// The bounds, for those who build calls.
    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Longest ciphertext of a transaction, in bytes.
        fn ciphertext_bytes_max() -> u32 {
            CIPHERTEXT_BYTES_MAX
        }

        /// Most records or sealed keys that one call names.
        fn batch_max() -> u32 {
            BATCH_MAX
        }

        /// Most readers of a new version.
        fn readers_max() -> u32 {
            READERS_MAX
        }

        /// Most versions of one record.
        fn versions_max() -> u32 {
            VERSIONS_MAX.into()
        }

        /// Most sealed keys of one record.
        fn keys_max() -> u32 {
            KEYS_MAX
        }

        /// Most live grants of one patient.
        fn grants_max() -> u32 {
            GRANTS_MAX
        }

        /// Most open requests to one patient.
        fn requests_max() -> u32 {
            REQUESTS_MAX
        }

        /// Most unsettled emergencies of one practitioner.
        fn emergencies_max() -> u32 {
            EMERGENCIES_MAX
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_invariants()
        }
    }
}
