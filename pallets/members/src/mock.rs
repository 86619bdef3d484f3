//! A runtime of this pallet alone, and the consortium that the tests start with.
use frame_support::{
    derive_impl, dispatch::DispatchResult, ensure, parameter_types, traits::Time, weights::Weight,
};
use frame_system::{EnsureRoot, RawOrigin};
use sp_io::TestExternalities;
use sp_runtime::{traits::Dispatchable, BuildStorage};
use xinglin_primitives::{
    consensus::Validator,
    glue::{MemberKind, OnAccountChange, OnMembership, ValidatorSet},
    time::{Moment, DAY_MS},
    DepartmentId, EncryptionKey, IdentityHash, MemberId, PatientId, PractitionerId,
};

use crate::{
    self as pallet_members, GenesisLicence, GenesisMember, GenesisPatient, GenesisPractitioner,
    HospitalLevel, Party, Principal,
};

type Block = frame_system::mocking::MockBlock<Test>;
pub type AccountId = u64;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Members: pallet_members,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
}

pub const START: Moment = 20_000 * DAY_MS;
pub const DELAY: Moment = 3 * DAY_MS;

parameter_types! {
    pub static Now: Moment = START;
    pub static SeatsTold: Vec<AccountId> = Vec::new();
    pub static AccountsChanged: Vec<(AccountId, AccountId)> = Vec::new();
    pub static Validating: Vec<MemberId> = Vec::new();
    pub const ReplacementDelay: Moment = DELAY;
}

pub struct Clock;
impl Time for Clock {
    type Moment = Moment;

    fn now() -> Moment {
        Now::get()
    }
}

pub struct Council;
impl OnMembership<AccountId> for Council {
    fn membership_changed(accounts: &[AccountId]) {
        SeatsTold::set(accounts.to_vec());
    }

    fn membership_changed_weight() -> Weight {
        SEATS_WEIGHT
    }
}

pub struct Purse;
impl OnAccountChange<AccountId> for Purse {
    fn account_changed(old: &AccountId, new: &AccountId) -> DispatchResult {
        ensure!(*new != BROKEN, "broken");
        AccountsChanged::mutate(|changes| changes.push((*old, *new)));
        Ok(())
    }

    fn account_changed_weight() -> Weight {
        PURSE_WEIGHT
    }
}

pub struct Engine;
impl ValidatorSet for Engine {
    fn validators() -> Vec<Validator> {
        Vec::new()
    }

    fn is_validating(member: MemberId) -> bool {
        Validating::get().contains(&member)
    }
}

impl pallet_members::Config for Test {
    type CouncilOrigin = EnsureRoot<AccountId>;
    type Time = Clock;
    type OnMembership = Council;
    type OnAccountChange = Purse;
    type ValidatorSet = Engine;
    type ReplacementDelay = ReplacementDelay;
    type WeightInfo = pallet_members::weights::EstimatedWeight<Test>;
}

pub const HOSPITAL: MemberId = MemberId(0);
pub const CLINIC: MemberId = MemberId(1);
pub const INSURER: MemberId = MemberId(2);
pub const REGULATOR: MemberId = MemberId(3);
pub const HOSPITAL_MAIN: AccountId = 100;
pub const HOSPITAL_DESK: AccountId = 101;
pub const CLINIC_MAIN: AccountId = 110;
pub const INSURER_MAIN: AccountId = 120;
pub const REGULATOR_MAIN: AccountId = 130;

pub const DOCTOR: PractitionerId = PractitionerId(0);
pub const DOCTOR_ACCOUNT: AccountId = 200;
pub const SURGERY: DepartmentId = DepartmentId(7);

pub const PATIENT: PatientId = PatientId(0);
pub const PATIENT_ACCOUNT: AccountId = 300;

/// Accounts that are nothing yet.
pub const STRANGER: AccountId = 900;
pub const OTHER: AccountId = 901;
/// An account to which nothing can be moved.
pub const BROKEN: AccountId = 999;

/// What the council and the purse cost.
pub const SEATS_WEIGHT: Weight = Weight::from_parts(1_000_000_000, 0);
pub const PURSE_WEIGHT: Weight = Weight::from_parts(10_000_000_000, 0);

pub const THE_DOCTOR: Principal = Principal::Practitioner(DOCTOR);
pub const THE_PATIENT: Principal = Principal::Patient(PATIENT);

pub fn key(byte: u8) -> EncryptionKey {
    EncryptionKey([byte; 32])
}

pub fn identity(byte: u8) -> IdentityHash {
    IdentityHash([byte; 32])
}

fn member(kind: MemberKind, account: AccountId, desks: &[AccountId]) -> GenesisMember<AccountId> {
    GenesisMember {
        kind,
        level: (kind == MemberKind::Hospital).then_some(HospitalLevel::Three),
        name: format!("member {account}"),
        account,
        encryption_key: key(1),
        service_accounts: desks.to_vec(),
    }
}

/// One member of each of four kinds, a practitioner and a patient of the hospital.
pub fn consortium() -> pallet_members::GenesisConfig<Test> {
    pallet_members::GenesisConfig {
        members: vec![
            member(MemberKind::Hospital, HOSPITAL_MAIN, &[HOSPITAL_DESK]),
            member(MemberKind::Clinic, CLINIC_MAIN, &[]),
            member(MemberKind::Insurer, INSURER_MAIN, &[]),
            member(MemberKind::Regulator, REGULATOR_MAIN, &[]),
        ],
        practitioners: vec![GenesisPractitioner {
            account: DOCTOR_ACCOUNT,
            encryption_key: key(2),
            licences: vec![GenesisLicence {
                member: HOSPITAL,
                department: SURGERY,
                specialty: "04".to_owned(),
            }],
        }],
        patients: vec![GenesisPatient {
            identity: identity(1),
            account: PATIENT_ACCOUNT,
            encryption_key: key(3),
            registrar: HOSPITAL,
        }],
    }
}

pub fn storage_of(members: pallet_members::GenesisConfig<Test>) -> TestExternalities {
    Now::set(START);
    SeatsTold::set(Vec::new());
    AccountsChanged::set(Vec::new());
    Validating::set(Vec::new());
    let config = RuntimeGenesisConfig {
        system: Default::default(),
        members,
    };
    let mut storage = TestExternalities::new(config.build_storage().unwrap());
    // Events are not kept in the genesis block.
    storage.execute_with(|| System::set_block_number(1));
    storage
}

/// Runs a test over the consortium and checks the invariants afterwards.
pub fn run(test: impl FnOnce()) {
    storage_of(consortium()).execute_with(|| {
        test();
        Members::check_invariants().unwrap();
    });
}

/// Dispatches a call as a transaction would, so that a refused one leaves no trace.
pub fn dispatch(origin: RawOrigin<AccountId>, call: crate::Call<Test>) -> DispatchResult {
    RuntimeCall::from(call)
        .dispatch(origin.into())
        .map(|_| ())
        .map_err(|refusal| refusal.error)
}

pub fn by(who: AccountId, call: crate::Call<Test>) -> DispatchResult {
    dispatch(RawOrigin::Signed(who), call)
}

pub fn by_council(call: crate::Call<Test>) -> DispatchResult {
    dispatch(RawOrigin::Root, call)
}

pub fn suspend(party: Party) {
    by_council(crate::Call::suspend { party }).unwrap();
}

/// Asserts that the last events are these.
#[track_caller]
pub fn assert_events(expected: &[crate::Event<Test>]) {
    let all: Vec<_> = System::events()
        .into_iter()
        .map(|record| record.event)
        .collect();
    let expected: Vec<RuntimeEvent> = expected.iter().cloned().map(Into::into).collect();
    let from = all.len().saturating_sub(expected.len());
    assert_eq!(all[from..], expected[..]);
}
