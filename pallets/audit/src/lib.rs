//! Audit (监管): regulators' cases, what members disclose for them, and holds.
//!
//! A regulator opens a case about a subject, on a legal basis. For the case it may ask members to
//! disclose something by a due time: a disclosure request, here a request for short, of which
//! [`types::Disclosure`] keeps the question and what became of it. And it may hold parties and
//! schemes. Everything it does is on the chain, under its case; what is said about persons is not:
//! statements are codes and digests, requests and disclosures are sealed.
//!
//! - Only the regulator whose case it is acts in it, through any of its accounts. It may hand the
//!   case to another regulator; the council may do so too, so that no hold outlives a regulator
//!   that was suspended or removed.
//! - A member may disclose after the due time; that is marked. A request ends by disclosure or
//!   withdrawal.
//! - A case can be closed once none of its holds is in force and none of its requests is open. A
//!   closed case stays closed.
//!
//! # Holds
//!
//! A hold stops a party or a scheme ([`Config::Holds`]). Several cases may hold the same: the first
//! stops it, and it goes on when the last is lifted. Holds are beside the council's suspensions:
//! neither undoes the other, and a member that is held keeps its vote. A regulator cannot hold
//! itself.
//!
//! # Questions
//!
//! What a regulator asks a node's index is answered off the chain, for an open case. The node keeps
//! these questions and has an account of its member anchor their digest here
//! ([`Pallet::anchor_questions`]), so that what was asked, and by whom, can be neither denied nor
//! made up later. Each account's anchors follow each other without a gap.

mod cases;
mod disclosures;
mod errors;
mod events;
mod holds;
mod invariants;
mod questions;
pub mod reads;
pub mod states;
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
    use xinglin_primitives::{
        glue::{Held, Holds, Members, Subject, Subjects},
        time::Moment,
        CaseId, DisclosureId, Hash, MemberId,
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
        /// The members, regulators among them.
        type Members: Members<Self::AccountId>;
        /// Whether what a case is about exists.
        type Subjects: Subjects;
        /// Where holds take effect.
        type Holds: Holds;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
        /// The parties that benchmarks need.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::BenchmarkHelper<Self::AccountId>;
    }

    /// The id of the next case.
    #[pallet::storage]
    pub type NextCase<T> = StorageValue<_, CaseId, ValueQuery>;

    /// Every case ever opened.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Cases<T> = StorageMap<_, Twox64Concat, CaseId, Case>;

    /// The open cases of each regulator, oldest first.
    // Members come one by one from the council. The second part is in order only if it is not
    // hashed; it is numbered by this pallet.
    #[pallet::storage]
    pub type OpenCases<T> = StorageDoubleMap<_, Twox64Concat, MemberId, Identity, InOrder, ()>;

    /// The closed cases of each regulator, newest first: its findings.
    // As for `OpenCases`.
    #[pallet::storage]
    pub type ClosedCases<T> =
        StorageDoubleMap<_, Twox64Concat, MemberId, Identity, NewestFirst, ()>;

    /// The id of the next request.
    #[pallet::storage]
    pub type NextDisclosure<T> = StorageValue<_, DisclosureId, ValueQuery>;

    /// Every request ever made.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Disclosures<T> = StorageMap<_, Twox64Concat, DisclosureId, Disclosure>;

    /// The requests of each case, oldest first.
    // As for `OpenCases`.
    #[pallet::storage]
    pub type RequestsOf<T> = StorageDoubleMap<_, Twox64Concat, CaseId, Identity, InOrder, ()>;

    /// The open requests that each member has to answer, first due first.
    // As for `OpenCases`; due times lie within a year, so that keys cannot be made to share long
    // prefixes beyond those of the clock.
    #[pallet::storage]
    pub type OpenRequests<T> = StorageDoubleMap<_, Twox64Concat, MemberId, Identity, ByDue, ()>;

    /// The open requests whose answers each regulator awaits, first due first.
    // As for `OpenRequests`.
    #[pallet::storage]
    pub type Awaited<T> = StorageDoubleMap<_, Twox64Concat, MemberId, Identity, ByDue, ()>;

    /// The cases that hold something, in the order in which they did; nothing is stored for what
    /// nobody holds.
    // Only what exists is held, and all of it is numbered one by one.
    #[pallet::storage]
    pub type Holders<T> =
        StorageMap<_, Twox64Concat, Held, BoundedVec<CaseId, ConstU32<HOLDERS_MAX>>, ValueQuery>;

    /// How far the questions are anchored that each account anchors.
    // Accounts are chosen by their owners.
    #[pallet::storage]
    pub type Anchors<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Anchor>;

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Most holds of one case.
        #[pallet::constant_name(HoldsMax)]
        fn holds_max() -> u32 {
            HOLDS_MAX
        }
        /// Most cases that hold the same.
        #[pallet::constant_name(HoldersMax)]
        fn holders_max() -> u32 {
            HOLDERS_MAX
        }
        /// Most open requests of one case.
        #[pallet::constant_name(RequestsMax)]
        fn requests_max() -> u32 {
            REQUESTS_MAX
        }
        /// Largest envelope that a member discloses, in bytes.
        #[pallet::constant_name(EnvelopeBytesMax)]
        fn envelope_bytes_max() -> u32 {
            ENVELOPE_BYTES_MAX
        }
        /// Longest time that a member is given, in milliseconds.
        #[pallet::constant_name(TermMsMax)]
        fn term_ms_max() -> Moment {
            TERM_MS_MAX
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_invariants()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Opens a case of the signer's regulator.
        ///
        /// Origin: signed by an account of a regulator.
        ///
        /// `basis` is a code of the regulator's published list and the Blake2b-256 of the document
        /// that states the legal basis.
        ///
        /// Errors: `NotRegulator`, `UnknownSubject`, `IdsUsedUp`. Events: `CaseOpened`.
        #[pallet::call_index(0)]
        pub fn open_case(
            origin: OriginFor<T>,
            subject: Subject,
            basis: Statement,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_open_case(by, subject, basis)
        }

        /// Closes a case with a finding, for good. Its holds must be lifted and its requests
        /// answered or withdrawn before.
        ///
        /// Origin: signed by an account of the regulator whose case it is.
        ///
        /// Errors: `UnknownCase`, `NotRegulator`, `CaseClosed`, `HoldsInForce`, `RequestsOpen`.
        /// Events: `CaseClosed`.
        #[pallet::call_index(1)]
        pub fn close_case(
            origin: OriginFor<T>,
            case: CaseId,
            finding: Statement,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_close_case(by, case, finding)
        }

        /// Hands an open case, with its holds and requests, to another regulator.
        ///
        /// Origin: signed by an account of the regulator whose case it is; or the council, for one
        /// that can act no more.
        ///
        /// Errors: `UnknownCase`, `NotRegulator`, `CaseClosed`, `BadRecipient`.
        /// Events: `CaseTransferred`.
        #[pallet::call_index(2)]
        pub fn transfer_case(origin: OriginFor<T>, case: CaseId, to: MemberId) -> DispatchResult {
            let by = match T::CouncilOrigin::try_origin(origin) {
                Ok(_) => None,
                Err(origin) => Some(ensure_signed(origin)?),
            };
            Self::do_transfer_case(by, case, to)
        }

        /// Asks a member to disclose something by a due time.
        ///
        /// Origin: signed by an account of the regulator whose case it is.
        ///
        /// `request` is the Blake2b-256 of the text that says what is asked for, which the member
        /// gets sealed. `due` is in milliseconds since 1970-01-01 UTC, later than now and within
        /// 366 days.
        ///
        /// Errors: `UnknownCase`, `NotRegulator`, `CaseClosed`, `UnknownMember`, `BadDue`,
        /// `TooManyRequests`, `IdsUsedUp`. Events: `DisclosureRequested`.
        #[pallet::call_index(3)]
        pub fn request_disclosure(
            origin: OriginFor<T>,
            case: CaseId,
            member: MemberId,
            request: Hash,
            due: Moment,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_request_disclosure(by, case, member, request, due)
        }

        /// Withdraws a request.
        ///
        /// Origin: signed by an account of the regulator whose case it is.
        ///
        /// Errors: `UnknownDisclosure`, `NotRegulator`, `NotOpen`. Events: `RequestWithdrawn`.
        #[pallet::call_index(4)]
        pub fn withdraw_request(origin: OriginFor<T>, disclosure: DisclosureId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_withdraw_request(by, disclosure)
        }

        /// Discloses to the regulator what it asked for. After the due time the disclosure is
        /// accepted and marked as late.
        ///
        /// Origin: signed by an account of the member that is asked.
        ///
        /// `envelope` is sealed to the regulator, at most 64 KiB; `hash` is its Blake2b-256.
        ///
        /// Errors: `UnknownDisclosure`, `NotStaff`, `NotOpen`, `EmptyEnvelope`, `HashMismatch`.
        /// Events: `Disclosed`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::disclose(envelope.len() as u32))]
        pub fn disclose(
            origin: OriginFor<T>,
            disclosure: DisclosureId,
            envelope: Envelope,
            hash: Hash,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_disclose(by, disclosure, envelope, hash)
        }

        /// Holds a party or a scheme for a case.
        ///
        /// Origin: signed by an account of the regulator whose case it is.
        ///
        /// Errors: `UnknownCase`, `NotRegulator`, `CaseClosed`, `HoldsItself`, `AlreadyHeld`,
        /// `TooManyHolds`, and that of the pallet that does not know it. Events: `HoldPlaced`.
        #[pallet::call_index(6)]
        pub fn hold(origin: OriginFor<T>, case: CaseId, held: Held) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_hold(by, case, held)
        }

        /// Ends the hold of a case. What no other case holds goes on.
        ///
        /// Origin: signed by an account of the regulator whose case it is.
        ///
        /// Errors: `UnknownCase`, `NotRegulator`, `NotHeld`. Events: `HoldLifted`.
        #[pallet::call_index(7)]
        pub fn lift(origin: OriginFor<T>, case: CaseId, held: Held) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_lift(by, case, held)
        }

        /// Anchors the questions that a node has answered to regulators.
        ///
        /// Origin: signed by an account of a member, which no other node anchors with.
        ///
        /// The node numbers its questions from 0; these are `count` of them from `first` on, which
        /// is the number after those that are anchored already. `digest` is that of all questions up
        /// to the last of these, as `xinglin_primitives::questions` computes it. They were answered
        /// from `from` to `until` by the node's clock, in milliseconds since 1970-01-01 UTC.
        ///
        /// Errors: `NotMember`, `BadCount`, `NotNext`, `BadPeriod`. Events: `QuestionsAnchored`.
        #[pallet::call_index(8)]
        pub fn anchor_questions(
            origin: OriginFor<T>,
            first: u64,
            count: u32,
            digest: Hash,
            from: Moment,
            until: Moment,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_anchor_questions(by, (first, count), digest, (from, until))
        }
    }
}
