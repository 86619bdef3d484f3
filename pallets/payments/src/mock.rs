//! A runtime for tests: a small registry of parties whose answers tests can change.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{Inspect, InspectHold},
        ConstU128, ConstU64, Time,
    },
    BoundedVec,
};
use frame_system::EnsureRoot;
use sp_core::{ed25519, sr25519, Pair};
use sp_io::hashing::blake2_256;
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    BuildStorage, DispatchErrorWithPostInfo, DispatchResult,
};
use xinglin_primitives::{
    glue::{self, CatalogueClass, HospitalLevel, Line, MemberKind, Scope, Setting, VisitState},
    time::{Date, Moment, DAY_MS, HOUR_MS},
    AppointmentId, Balance, Hash, InvoiceId, MemberId, PatientId, PractitionerId,
};

use crate::{
    receipts::{ProviderReceipt, ReceiptKey, ReceiptSignature},
    types::{Details, Envelope, NewInvoice, ProviderId, Reason, RefundOf},
    Call,
};

pub type AccountId = u64;

pub const HOSPITAL: MemberId = MemberId(1);
pub const CLINIC: MemberId = MemberId(2);
pub const INSURER: MemberId = MemberId(3);
pub const REGULATOR: MemberId = MemberId(4);
pub const BANK: MemberId = MemberId(5);
pub const SECOND_BANK: MemberId = MemberId(6);
pub const MEMBERS: [MemberId; 6] = [HOSPITAL, CLINIC, INSURER, REGULATOR, BANK, SECOND_BANK];

/// The last patient of the registry.
pub const PATIENTS: u64 = 5;
pub const ALICE: PatientId = PatientId(1);
pub const BOB: PatientId = PatientId(2);

/// A visit of Alice at the hospital.
pub const VISIT: AppointmentId = AppointmentId(7);

/// Signs with sr25519.
pub const WALLET: ProviderId = ProviderId(0);
/// Signs with ed25519.
pub const CARD: ProviderId = ProviderId(1);

/// What each patient has at the beginning, in fen.
pub const FUNDS_FEN: Balance = 100_000;
/// What each member has at the beginning, in fen.
pub const MEMBER_FUNDS_FEN: Balance = 1_000;
/// Most that others than the patient may pay of one invoice, in fen.
pub const DELEGATED_MAX_FEN: Balance = 3_000;
/// How long a bank has to answer, in milliseconds.
pub const REDEMPTION_MS: Moment = 7 * DAY_MS;

/// 2024-10-04.
pub const TODAY: Date = Date(20_000);

/// The beginning of the tests' first day, plus eight hours.
pub fn morning() -> Moment {
    TODAY.start() + 8 * HOUR_MS
}

pub fn main_account(member: MemberId) -> AccountId {
    1_000 + u64::from(member.0)
}

pub fn staff(member: MemberId) -> AccountId {
    1_100 + u64::from(member.0)
}

/// The account that a patient begins with.
pub fn own(patient: PatientId) -> AccountId {
    3_000 + patient.0
}

/// A delegate of a patient who may pay.
pub fn carer(patient: PatientId) -> AccountId {
    4_000 + patient.0
}

/// A delegate of a patient who may read, not pay.
pub fn reader(patient: PatientId) -> AccountId {
    5_000 + patient.0
}

pub fn provider_account(provider: ProviderId) -> AccountId {
    6_000 + u64::from(provider.0)
}

/// An account of nobody.
pub const STRANGER: AccountId = 99;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Payments: crate,
    }
);

parameter_types! {
    pub static Now: Moment = morning();
    /// What was told of refunds: invoices and amounts in fen.
    pub static Refunded: Vec<(InvoiceId, Balance)> = Vec::new();
    /// Members that are suspended.
    pub static Suspended: BTreeSet<MemberId> = BTreeSet::new();
    /// Main accounts of members that were changed.
    pub static Moved: BTreeMap<MemberId, AccountId> = BTreeMap::new();
    /// Members without an account.
    pub static Moneyless: BTreeSet<MemberId> = BTreeSet::new();
    /// Patients who are suspended.
    pub static SuspendedPatients: BTreeSet<PatientId> = BTreeSet::new();
    /// Accounts of patients whose key was replaced.
    pub static Replaced: BTreeMap<PatientId, AccountId> = BTreeMap::new();
    /// The states of visits that differ from [`VisitState::Arrived`].
    pub static VisitStates: BTreeMap<AppointmentId, VisitState> = BTreeMap::new();
    pub static Genesis: Hash = Hash::repeat_byte(0xee);
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountData = pallet_balances::AccountData<Balance>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
}

impl crate::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Time = Clock;
    type CouncilOrigin = EnsureRoot<AccountId>;
    type Members = Registry;
    type Patients = Registry;
    type Visits = Registry;
    type OnRefund = Registry;
    type ChainId = Registry;
    type DelegatedPaymentMax = ConstU128<DELEGATED_MAX_FEN>;
    type RedemptionTime = ConstU64<REDEMPTION_MS>;
    type WeightInfo = crate::weights::Estimated<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Registry;
}

pub struct Clock;

impl Time for Clock {
    type Moment = Moment;

    fn now() -> Moment {
        Now::get()
    }
}

pub struct Registry;

impl glue::OnRefund for Registry {
    fn on_refund(invoice: InvoiceId, amount_fen: Balance) {
        Refunded::mutate(|all| all.push((invoice, amount_fen)));
    }
}

impl glue::Members<AccountId> for Registry {
    fn member_of(who: &AccountId) -> Option<MemberId> {
        MEMBERS
            .into_iter()
            .filter(|member| !Suspended::get().contains(member))
            .find(|member| *who == staff(*member) || Self::account_of(*member) == Some(*who))
    }

    fn kind_of(member: MemberId) -> Option<MemberKind> {
        let kind = match member {
            HOSPITAL => MemberKind::Hospital,
            CLINIC => MemberKind::Clinic,
            INSURER => MemberKind::Insurer,
            REGULATOR => MemberKind::Regulator,
            BANK | SECOND_BANK => MemberKind::SettlementBank,
            _ => return None,
        };
        (!Suspended::get().contains(&member)).then_some(kind)
    }

    fn account_of(member: MemberId) -> Option<AccountId> {
        let moved = Moved::get().get(&member).copied();
        let is_known = MEMBERS.contains(&member) && !Moneyless::get().contains(&member);
        is_known.then(|| moved.unwrap_or_else(|| main_account(member)))
    }

    fn level_of(member: MemberId) -> Option<HospitalLevel> {
        (member == HOSPITAL).then_some(HospitalLevel::Three)
    }
}

impl glue::Patients<AccountId> for Registry {
    fn patient_of(who: &AccountId) -> Option<PatientId> {
        (1..=PATIENTS)
            .map(PatientId)
            .filter(|patient| !SuspendedPatients::get().contains(patient))
            .find(|patient| Self::account_of(*patient) == Some(*who))
    }

    fn account_of(patient: PatientId) -> Option<AccountId> {
        let replaced = Replaced::get().get(&patient).copied();
        replaced.or_else(|| (1..=PATIENTS).contains(&patient.0).then(|| own(patient)))
    }

    fn acts_for(who: &AccountId, patient: PatientId, scope: Scope) -> bool {
        if SuspendedPatients::get().contains(&patient) {
            return false;
        }
        Self::account_of(patient).is_some_and(|account| {
            *who == account
                || (*who == carer(patient) && scope == Scope::Paying)
                || (*who == reader(patient) && scope == Scope::Reading)
        })
    }
}

/// Visit 7 is Alice's at the hospital, 8 Bob's there, 9 Alice's at the clinic.
impl glue::Visits for Registry {
    fn visit(appointment: AppointmentId) -> Option<glue::Visit> {
        let (patient, member) = match appointment {
            VISIT => (ALICE, HOSPITAL),
            AppointmentId(8) => (BOB, HOSPITAL),
            AppointmentId(9) => (ALICE, CLINIC),
            _ => return None,
        };
        let state = VisitStates::get().get(&appointment).copied();
        Some(glue::Visit {
            patient,
            member,
            practitioner: PractitionerId(1),
            start: morning(),
            state: state.unwrap_or(VisitState::Arrived),
        })
    }
}

impl glue::ChainId for Registry {
    fn genesis_hash() -> Hash {
        Genesis::get()
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<AccountId> for Registry {
    fn bank() -> (MemberId, AccountId) {
        (BANK, main_account(BANK))
    }

    fn care_provider() -> (MemberId, AccountId) {
        (HOSPITAL, main_account(HOSPITAL))
    }

    fn patient() -> (PatientId, AccountId) {
        (ALICE, own(ALICE))
    }

    fn visit(_: PatientId, _: MemberId) -> AppointmentId {
        VISIT
    }
}

/// The key pair of [`WALLET`].
pub fn wallet_pair() -> sr25519::Pair {
    sr25519::Pair::from_seed(&[1; 32])
}

/// The key pair of [`CARD`].
pub fn card_pair() -> ed25519::Pair {
    ed25519::Pair::from_seed(&[2; 32])
}

pub fn key_of(provider: ProviderId) -> ReceiptKey {
    match provider {
        WALLET => ReceiptKey::Sr25519(wallet_pair().public().0),
        _ => ReceiptKey::Ed25519(card_pair().public().0),
    }
}

/// The signature of a receipt by its provider, for this chain.
pub fn sign(receipt: &ProviderReceipt) -> ReceiptSignature {
    let payload = receipt.payload(&Genesis::get());
    match receipt.provider {
        WALLET => wallet_pair().sign(&payload).0,
        _ => card_pair().sign(&payload).0,
    }
}

/// A receipt of the provider's transaction number `n`.
pub fn receipt(
    provider: ProviderId,
    n: u64,
    invoice: InvoiceId,
    amount_fen: Balance,
) -> ProviderReceipt {
    ProviderReceipt {
        provider,
        reference: hash(n),
        invoice,
        amount_fen,
        paid_at: morning() - 1,
    }
}

/// The call that submits a receipt, signed as it should be.
pub fn outside(receipt: &ProviderReceipt) -> Call<Test> {
    Call::pay_external {
        receipt: receipt.clone(),
        signature: sign(receipt),
    }
}

/// Some hash.
pub fn hash(n: u64) -> Hash {
    Hash::from_low_u64_be(n)
}

/// A line of so many units at a price.
pub fn line(unit_price_fen: u64, quantity: u32) -> Line {
    Line {
        item: Hash::repeat_byte(3),
        class: CatalogueClass::B,
        prepay_bp: 1_000,
        unit_price_fen,
        quantity,
        price_limit_fen: None,
        fund_share_bp: None,
    }
}

/// Some envelope.
pub fn envelope(n: u64) -> Envelope {
    BoundedVec::truncate_from(format!("the sealed details {n}").into_bytes())
}

pub fn hash_of(envelope: &[u8]) -> Hash {
    blake2_256(envelope).into()
}

/// An invoice over lines of (price, quantity), for Alice, without a visit and with the envelope 0.
pub fn charge(lines: &[(u64, u32)]) -> NewInvoice {
    let lines: Vec<Line> = lines
        .iter()
        .map(|(price, quantity)| line(*price, *quantity))
        .collect();
    NewInvoice {
        patient: ALICE,
        visit: None,
        setting: Setting::Outpatient,
        service: (TODAY, TODAY),
        total_fen: lines.iter().map(Line::amount_fen).sum(),
        lines: BoundedVec::truncate_from(lines),
        details: Details {
            envelope: hash_of(&envelope(0)),
            readers: BoundedVec::truncate_from(vec![INSURER, REGULATOR]),
        },
    }
}

/// The standard invoice of the tests: 3 × 1,000 and 1 × 2,000 fen.
pub const TOTAL_FEN: Balance = 5_000;

/// Issues the standard invoice to Alice and returns its id.
pub fn issued() -> InvoiceId {
    issue(HOSPITAL, charge(&[(1_000, 3), (2_000, 1)]))
}

/// The call that issues an invoice, with the `n`-th envelope.
pub fn issuing(mut invoice: NewInvoice, n: u64) -> Call<Test> {
    let envelope = envelope(n);
    invoice.details.envelope = hash_of(&envelope);
    Call::issue_invoice { invoice, envelope }
}

/// Issues an invoice, with an envelope of its own, and returns its id.
pub fn issue(member: MemberId, invoice: NewInvoice) -> InvoiceId {
    let id = crate::NextInvoice::<Test>::get();
    assert_eq!(call(staff(member), issuing(invoice, id.0)), Ok(()));
    id
}

/// The call that pays under the payment id `n`.
pub fn payment(invoice: InvoiceId, amount_fen: Balance, n: u64) -> Call<Test> {
    Call::pay {
        invoice,
        amount_fen,
        payment: hash(n),
    }
}

/// Lets Alice pay.
pub fn pay(invoice: InvoiceId, amount_fen: Balance, n: u64) {
    assert_eq!(call(own(ALICE), payment(invoice, amount_fen, n)), Ok(()));
}

/// The call that refunds under the refund id `n`.
pub fn refund_of(invoice: InvoiceId, what: RefundOf, n: u64) -> Call<Test> {
    Call::refund {
        invoice,
        what,
        reason: Reason::NotRendered,
        refund: hash(n),
    }
}

/// Lets the hospital refund and returns the red-letter invoice.
pub fn refund(invoice: InvoiceId, what: RefundOf, n: u64) -> InvoiceId {
    let red = crate::NextInvoice::<Test>::get();
    assert_eq!(call(staff(HOSPITAL), refund_of(invoice, what, n)), Ok(()));
    red
}

/// Runs a test on a new chain and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        check();
    });
}

/// A chain with two providers, and funds for patients and members.
pub fn ext() -> sp_io::TestExternalities {
    Now::set(morning());
    Refunded::set(Vec::new());
    Suspended::set(BTreeSet::new());
    Moneyless::set(BTreeSet::new());
    Moved::set(BTreeMap::new());
    SuspendedPatients::set(BTreeSet::new());
    Replaced::set(BTreeMap::new());
    VisitStates::set(BTreeMap::new());
    Genesis::set(Hash::repeat_byte(0xee));
    let patients = (1..=PATIENTS).map(|p| (own(PatientId(p)), FUNDS_FEN));
    let members = MEMBERS.map(|m| (main_account(m), MEMBER_FUNDS_FEN));
    let provider = |name: &str, id| (name.to_string(), provider_account(id), key_of(id));
    let genesis = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: patients.chain(members).collect(),
            ..Default::default()
        },
        payments: crate::GenesisConfig {
            providers: vec![provider("Wallet", WALLET), provider("银行卡", CARD)],
        },
        ..Default::default()
    };
    let mut ext: sp_io::TestExternalities = genesis
        .build_storage()
        .expect("the genesis is well formed")
        .into();
    // Events of block 0 are not kept.
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Checks the invariants.
pub fn check() {
    Payments::check_invariants().expect("the invariants hold");
}

/// Sends a call the way a transaction does: refused, it changes nothing.
pub fn call(by: AccountId, call: Call<Test>) -> DispatchResult {
    dispatch(RuntimeOrigin::signed(by), call)
}

/// Sends a call as the council.
pub fn council(call: Call<Test>) -> DispatchResult {
    dispatch(RuntimeOrigin::root(), call)
}

pub fn dispatch(origin: RuntimeOrigin, call: Call<Test>) -> DispatchResult {
    RuntimeCall::Payments(call)
        .dispatch(origin)
        .map(|_| ())
        .map_err(|DispatchErrorWithPostInfo { error, .. }| error)
}

/// The pallet's events since this was last asked.
pub fn events() -> Vec<crate::Event<Test>> {
    let events = System::read_events_for_pallet::<crate::Event<Test>>();
    System::reset_events();
    events
}

/// What an account has, without what is held, in fen.
pub fn free(account: AccountId) -> Balance {
    Balances::balance(&account)
}

/// What is held of an account for redemptions, in fen.
pub fn held(account: AccountId) -> Balance {
    Balances::balance_on_hold(&crate::HoldReason::Redemption.into(), &account)
}
