//! Payments (缴费): on-chain CNY, invoices, payments, refunds and receipts of external payments.
//!
//! # Money
//!
//! Settlement banks issue on-chain CNY against money they took in, and redeem it 1:1 ([`money`]).
//! The pallet keeps per bank what it issued, redeemed and is asked to redeem; a bank is never asked
//! for more than it has issued. All money there is was issued by a bank and not redeemed, or was
//! there at the beginning ([`Endowed`]).
//!
//! # Invoices
//!
//! A hospital or clinic charges a patient by lines: what rules need stands in the clear; what each
//! line is, is sealed to patient, member and the readers named. That envelope travels in the call
//! and so stays with the block; the state keeps its hash, by which nodes find it
//! ([`Pallet::carried`]) and anyone the invoice, and the block. Invoices are numbered per member and year (UTC+8) without a gap, blue and red ones in
//! one sequence. Amounts change by [`states::Tally::after`] alone, and the state is read off them.
//!
//! # Payments
//!
//! The money is always the patient's own, whoever signs:
//!
//! - from the on-chain balance, signed by the patient, or by a delegate or session key with the
//!   scope `Paying`. What others than the patient sign is limited per invoice by
//!   [`Config::DelegatedPaymentMax`]. The client chooses an id per payment, unique among the
//!   patient's; the same id with the same content again succeeds without effect and says so by
//!   `AlreadyPaid`, with other content it is refused.
//! - outside of the chain: a registered provider vouches with a signed receipt ([`receipts`]),
//!   usable once. No money moves on the chain.
//!
//! More than what is due is never taken. In a settlement the id must be a new one: there it has to
//! move money.
//!
//! # Refunds
//!
//! The member issues a red-letter invoice (红字发票) for parts of the blue one, never exceeding a
//! line in quantity or amount. It first takes back what is not paid yet; what was paid beyond the
//! rest goes back to where it came from, the latest payment first: to the patient's balance out of
//! the member's, all or nothing; or, for money that came from outside, it is recorded as owed
//! there, with the provider's reference, until the provider confirms it by a receipt for the red
//! invoice. A refund waits for the reversal of the settlement, if there is one. Refunds are
//! idempotent by an id, as payments are, unique among the member's.
//!
//! # Settlements
//!
//! Insurers' rules see an invoice as a [`xinglin_primitives::glue::Bill`] and book what they cover
//! through [`xinglin_primitives::glue::Invoices`]; an invoice is settled once at a time.
//!
//! # What a payment costs
//!
//! Of its own, [`Pallet::pay`] reads three values (invoice, payments, payment id) and the clock and
//! writes four at most (invoice, payments, payment id, list of unpaid invoices); to that come the
//! questions to the registry and the transfer between two accounts.

mod calls;
mod errors;
mod events;
mod invariants;
mod invoices;
pub mod money;
pub mod number;
mod paying;
mod providers;
pub mod reads;
pub mod receipts;
mod refunds;
mod settling;
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
        glue::{ChainId, Lines, Members, OnRefund, Patients, Visits, LINES_MAX},
        time::Moment,
        AppointmentId, Balance, Hash, InvoiceId, MemberId, PatientId, SettlementId,
    };

    use crate::{
        number::InvoiceNumber,
        receipts::{ProviderReceipt, ReceiptKey, ReceiptSignature},
        states::InvoiceState,
        types::{Payments as PaymentList, *},
        weights::WeightInfo,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The runtime's reasons for holding money.
        type RuntimeHoldReason: From<HoldReason>;
        /// On-chain CNY, in fen.
        type Currency: Mutate<Self::AccountId, Balance = Balance>
            + MutateHold<Self::AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>;
        /// The time of the block.
        type Time: Time<Moment = Moment>;
        /// Two thirds of the council.
        type CouncilOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The members and their staff.
        type Members: Members<Self::AccountId>;
        /// The patients and who acts for them.
        type Patients: Patients<Self::AccountId>;
        /// The visits behind appointments.
        type Visits: Visits;
        /// Who looks at refunds.
        type OnRefund: OnRefund;
        /// The name of the chain, which receipts are bound to.
        type ChainId: ChainId;
        /// Most that others than the patient may pay of one invoice from the patient's balance, in
        /// fen.
        #[pallet::constant]
        type DelegatedPaymentMax: Get<Balance>;
        /// How long a bank has to answer a redemption before the holder may withdraw it, in
        /// milliseconds.
        #[pallet::constant]
        type RedemptionTime: Get<Moment>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
        /// The parties that benchmarks need.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::BenchmarkHelper<Self::AccountId>;
    }

    /// Why the pallet holds money.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Redemptions that the bank has not answered.
        Redemption,
    }

    /// What accounts had at the beginning of the chain, in fen: the money that no bank has issued.
    #[pallet::storage]
    pub type Endowed<T> = StorageValue<_, Balance, ValueQuery>;

    /// What each bank has issued and redeemed.
    // Members come one by one from the council.
    #[pallet::storage]
    pub type Banks<T> = StorageMap<_, Twox64Concat, MemberId, BankBook, ValueQuery>;

    /// The references that a bank has used.
    // References come from outside and need not be hashes, hence a cryptographic hasher.
    #[pallet::storage]
    pub type References<T> =
        StorageDoubleMap<_, Twox64Concat, MemberId, Blake2_128Concat, Hash, ()>;

    /// The id of the next redemption.
    #[pallet::storage]
    pub type NextRedemption<T> = StorageValue<_, RedemptionId, ValueQuery>;

    /// The redemptions that are open.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Redemptions<T: Config> =
        StorageMap<_, Twox64Concat, RedemptionId, Redemption<T::AccountId>>;

    /// The open redemptions that each bank has to answer, oldest first.
    // The second part is in order only if it is not hashed; it is numbered by this pallet.
    #[pallet::storage]
    pub type OpenRedemptions<T> =
        StorageDoubleMap<_, Twox64Concat, MemberId, Identity, InOrder, ()>;

    /// The open redemptions of each holder, oldest first.
    // Accounts are chosen by their owners, hence a cryptographic hasher.
    #[pallet::storage]
    pub type RedemptionsOf<T: Config> = StorageMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        BoundedVec<RedemptionId, ConstU32<REDEMPTIONS_MAX>>,
        ValueQuery,
    >;

    /// The id of the next provider.
    #[pallet::storage]
    pub type NextProvider<T> = StorageValue<_, ProviderId, ValueQuery>;

    /// The providers of payment services, those retired too.
    // They come one by one from the council.
    #[pallet::storage]
    pub type Providers<T: Config> = StorageMap<_, Twox64Concat, ProviderId, Provider<T::AccountId>>;

    /// The providers by account, without those retired.
    // As for `RedemptionsOf`.
    #[pallet::storage]
    pub type ProviderAccounts<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, ProviderId>;

    /// The provider's transactions that receipts were accepted for, and the invoice of each.
    // As for `References`.
    #[pallet::storage]
    pub type Receipts<T> =
        StorageDoubleMap<_, Twox64Concat, ProviderId, Blake2_128Concat, Hash, InvoiceId>;

    /// The id of the next invoice, blue or red.
    #[pallet::storage]
    pub type NextInvoice<T> = StorageValue<_, InvoiceId, ValueQuery>;

    /// The last number that a member gave in a year.
    // Only keys of admitted members and years that have come are written.
    #[pallet::storage]
    pub type Sequences<T> =
        StorageDoubleMap<_, Twox64Concat, MemberId, Twox64Concat, u16, u32, ValueQuery>;

    /// The invoices by number, blue and red.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Numbers<T> = StorageMap<_, Twox64Concat, InvoiceNumber, InvoiceId>;

    /// Every blue invoice ever issued.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Invoices<T> = StorageMap<_, Twox64Concat, InvoiceId, Invoice>;

    /// The lines of the blue invoices.
    // As for `Invoices`.
    #[pallet::storage]
    pub type InvoiceLines<T> = StorageMap<_, Twox64Concat, InvoiceId, Lines>;

    /// The blue invoices by the hash of their envelope.
    // Whoever makes an envelope can try for its hash, hence a cryptographic hasher.
    #[pallet::storage]
    pub type ByEnvelope<T> = StorageMap<_, Blake2_128Concat, Hash, InvoiceId>;

    /// The newest invoice of each patient: the head of a chain through
    /// `Invoice::previous_of_patient`.
    // Only keys of registered patients, numbered one by one, are written.
    #[pallet::storage]
    pub type LatestOfPatient<T> = StorageMap<_, Twox64Concat, PatientId, InvoiceId>;

    /// The newest invoice of each visit: the head of a chain through `Invoice::previous_of_visit`.
    // Only keys of appointments, numbered one by one, are written.
    #[pallet::storage]
    pub type LatestOfVisit<T> = StorageMap<_, Twox64Concat, AppointmentId, InvoiceId>;

    /// The invoices of each member on which something is due, oldest first.
    // As for `OpenRedemptions`.
    #[pallet::storage]
    pub type Unpaid<T> = StorageDoubleMap<_, Twox64Concat, MemberId, Identity, InOrder, ()>;

    /// The payments of each invoice.
    // As for `Invoices`.
    #[pallet::storage]
    pub type Payments<T> = StorageMap<_, Twox64Concat, InvoiceId, PaymentList, ValueQuery>;

    /// What each payment id of a patient stands for.
    // Ids are chosen by clients, hence a cryptographic hasher.
    #[pallet::storage]
    pub type PaymentIds<T> =
        StorageDoubleMap<_, Twox64Concat, PatientId, Blake2_128Concat, Hash, PaymentRecord>;

    /// Every red-letter invoice ever issued.
    // As for `Invoices`.
    #[pallet::storage]
    pub type RedLetters<T> = StorageMap<_, Twox64Concat, InvoiceId, RedLetter>;

    /// The red-letter invoices of each blue one, oldest first.
    // As for `Invoices`.
    #[pallet::storage]
    pub type RedLettersOf<T> = StorageMap<
        _,
        Twox64Concat,
        InvoiceId,
        BoundedVec<InvoiceId, ConstU32<RED_LETTERS_MAX>>,
        ValueQuery,
    >;

    /// What the red-letter invoices of a blue one take back of its lines, together.
    // As for `Invoices`.
    #[pallet::storage]
    pub type RefundedParts<T> = StorageMap<_, Twox64Concat, InvoiceId, LineParts, ValueQuery>;

    /// What each refund id of a member stands for.
    // As for `PaymentIds`.
    #[pallet::storage]
    pub type RefundIds<T> =
        StorageDoubleMap<_, Twox64Concat, MemberId, Blake2_128Concat, Hash, RefundRecord>;

    /// What a chain begins with.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Providers of payment services, numbered from 0: name, account and key of each.
        pub providers: Vec<(String, T::AccountId, ReceiptKey)>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            // The balances come before this pallet in the runtime: they are built.
            Endowed::<T>::put(T::Currency::total_issuance());
            Pallet::<T>::build_genesis(self);
        }
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Most lines of one invoice.
        #[pallet::constant_name(LinesMax)]
        fn lines_max() -> u32 {
            LINES_MAX
        }
        /// Most payments of one invoice.
        #[pallet::constant_name(PaymentsMax)]
        fn payments_max() -> u32 {
            PAYMENTS_MAX
        }
        /// Most red-letter invoices of one invoice.
        #[pallet::constant_name(RedLettersMax)]
        fn red_letters_max() -> u32 {
            RED_LETTERS_MAX
        }
        /// Most members, besides the issuing one, to which details are sealed.
        #[pallet::constant_name(ReadersMax)]
        fn readers_max() -> u32 {
            READERS_MAX
        }
        /// Longest envelope of an invoice, in bytes.
        #[pallet::constant_name(EnvelopeBytesMax)]
        fn envelope_bytes_max() -> u32 {
            ENVELOPE_BYTES_MAX
        }
        /// Most open redemptions of one holder.
        #[pallet::constant_name(RedemptionsMax)]
        fn redemptions_max() -> u32 {
            REDEMPTIONS_MAX
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_invariants()
        }
    }
}
