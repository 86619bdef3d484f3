//! A runtime for tests: a small registry of parties and invoices whose answers tests can change.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Decode, Encode};
use frame_support::{
    derive_impl, ensure, parameter_types, storage_alias,
    traits::{
        fungible::{InspectHold, Mutate},
        tokens::Preservation,
        ConstU128, Time,
    },
    BoundedVec, Twox64Concat,
};
use frame_system::EnsureRoot;
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    BuildStorage, DispatchError, DispatchErrorWithPostInfo, DispatchResult,
};
use xinglin_primitives::{
    glue::{
        self, Bill, CatalogueClass, HospitalLevel, Line, Lines, MemberKind, Scope, Setting, Visit,
        VisitState,
    },
    time::{Date, Moment, HOUR_MS},
    AppointmentId, Balance, ClaimId, CoverageId, Hash, InvoiceId, MemberId, PatientId,
    PractitionerId, SchemeId, SettlementId,
};

use crate::{
    computation::{
        Accumulators, Band, Bands, Category, Deductible, Insured, Pool, PoolCap, Row,
        SchemeParameters, Selector, Table,
    },
    norms::Norms,
    types::{Coverage, Period, Settlement},
    Call,
};

mod invoices;
mod parameters;

pub use invoices::*;
pub use parameters::*;

pub type AccountId = u64;

/// Of level 3.
pub const HOSPITAL: MemberId = MemberId(1);
/// Without a level.
pub const CLINIC: MemberId = MemberId(2);
pub const INSURER: MemberId = MemberId(3);
pub const OTHER_INSURER: MemberId = MemberId(4);
pub const REGULATOR: MemberId = MemberId(5);
pub const MEMBERS: [MemberId; 5] = [HOSPITAL, CLINIC, INSURER, OTHER_INSURER, REGULATOR];

/// The last patient of the registry.
pub const PATIENTS: u64 = 4;
pub const ALICE: PatientId = PatientId(1);
pub const BOB: PatientId = PatientId(2);

/// The scheme of the genesis.
pub const SCHEME: SchemeId = SchemeId(0);
/// Coverages of the genesis by [`SCHEME`].
pub const OF_ALICE: CoverageId = CoverageId(0);
pub const OF_BOB: CoverageId = CoverageId(1);

/// What each patient has at the beginning, in fen.
pub const PATIENT_FUNDS_FEN: Balance = 10_000_000;
/// What each member has at the beginning, in fen.
pub const MEMBER_FUNDS_FEN: Balance = 100_000_000;

/// Most of a personal account that others than the patient may allow, in fen.
pub const DELEGATED_MAX_FEN: Balance = 30_000;

/// 2024-10-04, 08:00 in UTC+8.
pub const TODAY: Date = Date(20_000);

/// The day that lies so many days before today.
pub fn ago(days: u32) -> Date {
    Date(TODAY.0 - days)
}

/// The day that lies so many days ahead.
pub fn ahead(days: u32) -> Date {
    Date(TODAY.0 + days)
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

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Insurance: crate,
    }
);

parameter_types! {
    pub static Now: Moment = TODAY.start() + 8 * HOUR_MS;
    /// Members that are suspended.
    pub static Suspended: BTreeSet<MemberId> = BTreeSet::new();
    /// Main accounts that were changed.
    pub static Moved: BTreeMap<MemberId, AccountId> = BTreeMap::new();
    /// Accounts of patients whose key was replaced.
    pub static Replaced: BTreeMap<PatientId, AccountId> = BTreeMap::new();
    /// Visits.
    pub static VisitList: BTreeMap<AppointmentId, Visit> = BTreeMap::new();
    /// Visits with a record.
    pub static Documented: BTreeSet<AppointmentId> = BTreeSet::new();
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
    type Invoices = Registry;
    type Visits = Registry;
    type VisitRecords = Registry;
    type DelegatedPaymentMax = ConstU128<DELEGATED_MAX_FEN>;
    type WeightInfo = crate::weights::Estimated<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Registry;
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::Setup<AccountId> for Registry {
    fn insurer() -> (MemberId, AccountId) {
        (OTHER_INSURER, main_account(OTHER_INSURER))
    }

    fn provider() -> AccountId {
        main_account(HOSPITAL)
    }

    fn patient() -> (PatientId, AccountId) {
        (ALICE, own(ALICE))
    }

    fn invoice(lines: Lines, is_paid: bool) -> InvoiceId {
        let id = Bills::iter_keys().count() as u64;
        let invoice = MockBill {
            lines,
            ..inpatient(0, ago(9), ago(1))
        };
        let invoice = put(id, invoice);
        if is_paid {
            pay_outside(invoice);
        }
        invoice
    }
}

pub struct Clock;

impl Time for Clock {
    type Moment = Moment;

    fn now() -> Moment {
        Now::get()
    }
}

pub struct Registry;

impl glue::Members<AccountId> for Registry {
    fn member_of(who: &AccountId) -> Option<MemberId> {
        MEMBERS
            .into_iter()
            .filter(|member| !Suspended::get().contains(member))
            .find(|member| [main_account(*member), staff(*member)].contains(who))
    }

    fn kind_of(member: MemberId) -> Option<MemberKind> {
        let kind = match member {
            HOSPITAL => MemberKind::Hospital,
            CLINIC => MemberKind::Clinic,
            INSURER | OTHER_INSURER => MemberKind::Insurer,
            REGULATOR => MemberKind::Regulator,
            _ => return None,
        };
        (!Suspended::get().contains(&member)).then_some(kind)
    }

    fn account_of(member: MemberId) -> Option<AccountId> {
        let moved = Moved::get().get(&member).copied();
        moved.or_else(|| MEMBERS.contains(&member).then(|| main_account(member)))
    }

    fn level_of(member: MemberId) -> Option<HospitalLevel> {
        (member == HOSPITAL).then_some(HospitalLevel::Three)
    }
}

impl glue::Patients<AccountId> for Registry {
    fn patient_of(who: &AccountId) -> Option<PatientId> {
        (1..=PATIENTS)
            .map(PatientId)
            .find(|patient| Self::account_of(*patient) == Some(*who))
    }

    fn account_of(patient: PatientId) -> Option<AccountId> {
        let replaced = Replaced::get().get(&patient).copied();
        replaced.or_else(|| (1..=PATIENTS).contains(&patient.0).then(|| own(patient)))
    }

    fn acts_for(who: &AccountId, patient: PatientId, scope: Scope) -> bool {
        Self::account_of(patient).is_some_and(|account| {
            *who == account
                || (*who == carer(patient) && scope == Scope::Paying)
                || (*who == reader(patient) && scope == Scope::Reading)
        })
    }
}

impl glue::Visits for Registry {
    fn visit(appointment: AppointmentId) -> Option<Visit> {
        VisitList::get().get(&appointment).copied()
    }
}

impl glue::VisitRecords for Registry {
    fn is_documented(appointment: AppointmentId) -> bool {
        Documented::get().contains(&appointment)
    }
}

/// Employed, in the only age group.
pub fn employed() -> Insured {
    Insured {
        category: Category::Employed,
        age_group: 0,
    }
}

/// From two years ago on.
pub fn for_years() -> Period {
    Period {
        from: ago(730),
        until: None,
    }
}

/// Runs a test with [`parameters`] in force for three years, and [`ALICE`] and [`BOB`] covered, and
/// checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    run_with(parameters(), test);
}

/// [`run`] with other parameters.
pub fn run_with(parameters: SchemeParameters, test: impl FnOnce()) {
    ext(parameters).execute_with(|| {
        test();
        check();
    });
}

pub fn ext(parameters: SchemeParameters) -> sp_io::TestExternalities {
    Now::set(TODAY.start() + 8 * HOUR_MS);
    Suspended::set(BTreeSet::new());
    Moved::set(BTreeMap::new());
    Replaced::set(BTreeMap::new());
    VisitList::set(BTreeMap::new());
    Documented::set(BTreeSet::new());
    let patients = (1..=PATIENTS).map(|p| (own(PatientId(p)), PATIENT_FUNDS_FEN));
    let members = MEMBERS.map(|m| (main_account(m), MEMBER_FUNDS_FEN));
    let genesis = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: patients.chain(members).collect(),
            ..Default::default()
        },
        insurance: crate::GenesisConfig {
            schemes: vec![(INSURER, "职工医保".into(), ago(1_095), parameters)],
            coverages: [ALICE, BOB]
                .map(|patient| (patient, SCHEME, employed(), for_years()))
                .to_vec(),
            ..Default::default()
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
    Insurance::check_invariants().expect("the invariants hold");
}

/// Sends a call the way a transaction does: refused, it changes nothing.
pub fn dispatch(origin: RuntimeOrigin, call: Call<Test>) -> DispatchResult {
    RuntimeCall::Insurance(call)
        .dispatch(origin)
        .map(|_| ())
        .map_err(|DispatchErrorWithPostInfo { error, .. }| error)
}

/// Sends a call signed by an account.
pub fn call(by: AccountId, call: Call<Test>) -> DispatchResult {
    dispatch(RuntimeOrigin::signed(by), call)
}

/// Lets the council set the norms.
pub fn set_norms(norms: Norms) -> DispatchResult {
    dispatch(RuntimeOrigin::root(), Call::set_norms { norms })
}

/// The call by which an invoice is settled without payment.
pub fn settlement(
    invoice: InvoiceId,
    coverage: CoverageId,
    account_max_fen: Balance,
) -> Call<Test> {
    Call::settle {
        invoice,
        coverage,
        account_max_fen,
        payment: None,
    }
}

/// Lets [`ALICE`] settle without her account, and returns the id.
pub fn settle(invoice: InvoiceId) -> SettlementId {
    let id = crate::NextSettlement::<Test>::get();
    assert_eq!(call(own(ALICE), settlement(invoice, OF_ALICE, 0)), Ok(()));
    assert_eq!(bill(invoice).settlement, Some(id), "it was flagged");
    id
}

/// Lets [`ALICE`] settle what is flagged, and returns the id of the claim.
pub fn flag(invoice: InvoiceId) -> ClaimId {
    let id = crate::NextClaim::<Test>::get();
    assert_eq!(call(own(ALICE), settlement(invoice, OF_ALICE, 0)), Ok(()));
    assert_eq!(bill(invoice).settlement, None, "it was not flagged");
    id
}

/// Lets the insurer credit an account.
pub fn credit(coverage: CoverageId, amount_fen: Balance) {
    let credit = Call::credit_account {
        coverage,
        amount_fen,
    };
    assert_eq!(call(staff(INSURER), credit), Ok(()));
}

/// A visit of [`ALICE`] to the hospital.
pub fn visit(id: u64, state: VisitState) -> AppointmentId {
    let visit = Visit {
        patient: ALICE,
        member: HOSPITAL,
        practitioner: PractitionerId(1),
        start: ago(1).start(),
        state,
    };
    VisitList::mutate(|all| all.insert(AppointmentId(id), visit));
    AppointmentId(id)
}

/// The coverage as stored.
pub fn stored(id: CoverageId) -> Coverage<AccountId> {
    crate::Coverages::<Test>::get(id).expect("the coverage exists")
}

/// The settlement as stored.
pub fn settled(id: SettlementId) -> Settlement {
    crate::Settlements::<Test>::get(id).expect("the settlement exists")
}

/// What this year has seen of a coverage.
pub fn this_year(id: CoverageId) -> Accumulators {
    crate::Accumulated::<Test>::get(id, 2024)
}

/// The pallet's events since this was last asked.
pub fn events() -> Vec<crate::Event<Test>> {
    let events = System::read_events_for_pallet::<crate::Event<Test>>();
    System::reset_events();
    events
}

/// What an account can spend, in fen.
pub fn free(account: AccountId) -> Balance {
    Balances::free_balance(account)
}

/// What is held of an account for personal accounts, in fen.
pub fn held(account: AccountId) -> Balance {
    Balances::balance_on_hold(&crate::HoldReason::PersonalAccount.into(), &account)
}
