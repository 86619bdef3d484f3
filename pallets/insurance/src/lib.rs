//! Insurance (医保): schemes, coverages, personal accounts, settlement by rule, claims.
//!
//! An insurer publishes **schemes**: parameter sets in versions, each with a first service date. A
//! **coverage** binds a patient to a scheme. A **settlement** splits an invoice between the fund,
//! the personal account and the patient by the version in force on the invoice's last service day
//! ([`computation`]), and moves the money in the same block.
//!
//! # Schemes
//!
//! A scheme's first version may begin on any day, also in the past: nothing was settled by it. A
//! later version, or one that takes the place of another with the same first date, must begin after
//! today. Nothing is settled before its last service day has come, so that a version in force never
//! changes. A scheme is closed by a last service day; what was served until then can be settled
//! afterwards.
//!
//! # Coverages
//!
//! Category and age group hold from a date on. They may be changed for days after the last day for
//! which anything was ever settled, also back in time (a retirement notified late), and never for
//! days before that. A patient has one coverage by a scheme on a day.
//!
//! # Personal accounts
//!
//! What an insurer credits is held on its own main account and can be used for settlements only.
//! When the coverage has ended, and not before, the insurer pays out the rest, to the patient or to
//! itself. It takes a signature of the patient, or of somebody who may pay for her, to use it; what
//! others than the patient may allow for an invoice is limited by [`Config::DelegatedPaymentMax`].
//!
//! # Settling
//!
//! - `settle` is for invoices that are not paid in full. The patient (or who may pay for her) says
//!   how much of the account may be used and, if she likes, pays the rest in the same transaction.
//!   Staff of the member that issued the invoice may settle, too, without account and payment.
//!   Fund and account pay the member what it is owed; what is more goes to the patient, who has
//!   paid it as a deposit (押金).
//! - `claim` is for invoices that the patient has paid in full (事后报销): fund and account pay her.
//! - `reverse` takes back the coverage's latest settlement: money, accumulators and invoice are as
//!   they were, and what later reviews compare with forgets it. It needs the member's or the insurer's signature.
//! - If the fund, or whoever has to give money back, has too little, all of it is refused.
//! - Nothing is paid to a suspended member, by a suspended insurer, or under a held scheme.
//!
//! # Claims
//!
//! If [`review`] finds anything remarkable, no money moves: a **claim** is put to the insurer, and
//! nobody else settles the invoice meanwhile. What the insurer approves is computed with the
//! accumulators of that moment, and paid to member and patient by what the patient has paid by then.
//! The patient may take an undecided claim back, and appeal once when all or part of it was denied.
//! On appeal the insurer pays all, or more than before, or stays with its decision; it can take
//! nothing back. Of a raised settlement the tiers get what the caps have left by then.
//!
//! What is remarkable, the council says for all ([`norms`]) and a scheme for itself
//! ([`computation::Review`]); items charged twice and stays at the same time always are. A refund
//! that follows a settlement too soon is put to the insurer as well ([`refunds`]). A flag makes
//! somebody look; it never changes what the rules give.

mod accounts;
mod adjudication;
mod anomalies;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod calls;
mod claims;
pub mod computation;
mod coverages;
mod errors;
mod events;
mod invariants;
mod money;
pub mod norms;
pub mod reads;
pub mod refunds;
pub mod review;
mod schemes;
mod settlement;
pub mod states;
pub mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;

pub use pallet::*;
pub use weights::WeightInfo;

#[import_section(crate::calls::calls)]
#[import_section(crate::errors::errors)]
#[import_section(crate::events::events)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{Inspect, Mutate, MutateHold},
            Time,
        },
        DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use xinglin_primitives::{
        glue::{Invoices, Members, Patients, VisitRecords, Visits, LINES_MAX},
        time::{Date, Moment},
        Balance, ClaimId, CoverageId, Hash, InOrder, InvoiceId, MemberId, PatientId, SchemeId,
        SettlementId,
    };

    use crate::{
        computation::{Accumulators, Insured, SchemeParameters, Year},
        norms::Norms,
        refunds::FlaggedRefund,
        review::{
            DayCharges, PatientItems, PatientRefunds, PatientServices, PatientStays,
            DAY_CHARGES_MAX,
        },
        settlement::Request,
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
        /// The runtime's reasons for holding money.
        type RuntimeHoldReason: From<HoldReason>;
        /// On-chain CNY, in fen.
        type Currency: Inspect<Self::AccountId, Balance = Balance>
            + Mutate<Self::AccountId>
            + MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;
        /// The time of the block.
        type Time: Time<Moment = Moment>;
        /// Two thirds of the council.
        type CouncilOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The members and their staff.
        type Members: Members<Self::AccountId>;
        /// The patients and who acts for them.
        type Patients: Patients<Self::AccountId>;
        /// The invoices.
        type Invoices: Invoices<Self::AccountId>;
        /// The visits behind appointments.
        type Visits: Visits;
        /// Whether visits have records.
        type VisitRecords: VisitRecords;
        /// Most of a personal account that others than the patient may allow for one invoice, in fen.
        #[pallet::constant]
        type DelegatedPaymentMax: Get<Balance>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
        /// Makes the parties and invoices that benchmarks need.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::benchmarking::Setup<Self::AccountId>;
    }

    /// Why the pallet holds money.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Personal accounts of coverages.
        PersonalAccount,
    }

    /// The id of the next scheme.
    #[pallet::storage]
    pub type NextScheme<T> = StorageValue<_, SchemeId, ValueQuery>;

    /// The schemes.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Schemes<T> = StorageMap<_, Twox64Concat, SchemeId, Scheme>;

    /// The parameters of every version of every scheme, by first service date.
    // A date is chosen by its insurer.
    #[pallet::storage]
    pub type Versions<T> =
        StorageDoubleMap<_, Twox64Concat, SchemeId, Blake2_128Concat, Date, SchemeParameters>;

    /// The id of the next coverage.
    #[pallet::storage]
    pub type NextCoverage<T> = StorageValue<_, CoverageId, ValueQuery>;

    /// The coverages.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Coverages<T: Config> = StorageMap<_, Twox64Concat, CoverageId, Coverage<T::AccountId>>;

    /// The coverages of each patient, in the order of enrolment.
    // Only keys of registered patients, numbered one by one, are written.
    #[pallet::storage]
    pub type CoveragesOf<T> = StorageMap<
        _,
        Twox64Concat,
        PatientId,
        BoundedVec<CoverageId, ConstU32<COVERAGES_MAX>>,
        ValueQuery,
    >;

    /// What each civil year has seen of a coverage, by last service day: the sums of its live
    /// settlements.
    // Numbered one by one by this pallet; there are few years.
    #[pallet::storage]
    pub type Accumulated<T> =
        StorageDoubleMap<_, Twox64Concat, CoverageId, Twox64Concat, Year, Accumulators, ValueQuery>;

    /// The id of the next settlement.
    #[pallet::storage]
    pub type NextSettlement<T> = StorageValue<_, SettlementId, ValueQuery>;

    /// Every settlement ever made.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Settlements<T> = StorageMap<_, Twox64Concat, SettlementId, Settlement>;

    /// The id of the next claim.
    #[pallet::storage]
    pub type NextClaim<T> = StorageValue<_, ClaimId, ValueQuery>;

    /// Every claim ever filed.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Claims<T> = StorageMap<_, Twox64Concat, ClaimId, Claim>;

    /// The claims that each insurer has to decide.
    // Members come one by one from the council; claims are numbered one by one by this pallet.
    #[pallet::storage]
    pub type OpenClaims<T> = StorageDoubleMap<_, Twox64Concat, MemberId, Identity, InOrder, ()>;

    /// What became of each invoice here.
    // Numbered one by one by the pallet that issues them.
    #[pallet::storage]
    pub type InvoiceFiles<T> = StorageMap<_, Twox64Concat, InvoiceId, InvoiceFile, ValueQuery>;

    /// The lines settled for a patient's last service day at a member.
    // A date is chosen by the member.
    #[pallet::storage]
    pub type Charges<T> =
        StorageMap<_, Blake2_128Concat, (PatientId, MemberId, Date), DayCharges, ValueQuery>;

    /// The latest settled inpatient stays of each patient.
    // Only keys of registered patients, numbered one by one, are written.
    #[pallet::storage]
    pub type Stays<T> = StorageMap<_, Twox64Concat, PatientId, PatientStays, ValueQuery>;

    /// The latest settled invoices of each patient, stays among them.
    // As for `Stays`.
    #[pallet::storage]
    pub type Services<T> = StorageMap<_, Twox64Concat, PatientId, PatientServices, ValueQuery>;

    /// The latest settled lines of each patient at each member.
    // Only keys of registered parties, numbered one by one, are written.
    #[pallet::storage]
    pub type Items<T> =
        StorageMap<_, Twox64Concat, (PatientId, MemberId), PatientItems, ValueQuery>;

    /// What the council finds remarkable.
    #[pallet::storage]
    pub type NormsInForce<T> = StorageValue<_, Norms, ValueQuery>;

    /// The refunds that followed a settlement, by invoice.
    // Numbered one by one by the pallet that issues them.
    #[pallet::storage]
    pub type FlaggedRefunds<T> = StorageMap<_, Twox64Concat, InvoiceId, FlaggedRefund>;

    /// The invoices whose refund each insurer has to review.
    // As for `OpenClaims`; invoices are numbered one by one by the pallet that issues them.
    #[pallet::storage]
    pub type OpenRefunds<T> = StorageDoubleMap<_, Twox64Concat, MemberId, Identity, InOrder, ()>;

    /// The latest flagged refunds of each patient by each member.
    // As for `Items`.
    #[pallet::storage]
    pub type Refunds<T> =
        StorageMap<_, Twox64Concat, (PatientId, MemberId), PatientRefunds, ValueQuery>;

    /// What a chain begins with.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Schemes, numbered from 0: insurer, display code, first service date, parameters.
        pub schemes: Vec<(MemberId, String, Date, SchemeParameters)>,
        /// Coverages, numbered from 0.
        pub coverages: Vec<(PatientId, SchemeId, Insured, Period)>,
        /// What the council finds remarkable.
        #[serde(default)]
        pub norms: Norms,
        #[doc(hidden)]
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::build_genesis(self);
        }
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Most versions of a scheme.
        #[pallet::constant_name(VersionsMax)]
        fn versions_max() -> u32 {
            VERSIONS_MAX
        }
        /// Most standings of a coverage.
        #[pallet::constant_name(StandingsMax)]
        fn standings_max() -> u32 {
            STANDINGS_MAX
        }
        /// Most coverages of a patient.
        #[pallet::constant_name(CoveragesMax)]
        fn coverages_max() -> u32 {
            COVERAGES_MAX
        }
        /// Most settled lines of a patient at one member on one last service day.
        #[pallet::constant_name(DayChargesMax)]
        fn day_charges_max() -> u32 {
            DAY_CHARGES_MAX
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_invariants()
        }
    }
}
