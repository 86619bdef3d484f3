//! A runtime for tests: a small registry of parties whose answers tests can change.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{derive_impl, parameter_types, traits::Time, weights::Weight};
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    BuildStorage, DispatchErrorWithPostInfo, DispatchResultWithInfo,
};
use xinglin_primitives::{
    glue::{self, HospitalLevel, MemberKind, Scope},
    time::{Date, Moment, DAY_MS, HOUR_MS, MINUTE_MS},
    AppointmentId, Balance, DepartmentId, Hash, MemberId, PatientId, PractitionerId, ScheduleId,
};

use crate::{
    rules::{BookingRules, LatestCancellation},
    types::{Acting, Appointment, NewSchedule, SlotIndex, VisitKind},
    Call,
};

pub type AccountId = u64;

pub const HOSPITAL: MemberId = MemberId(1);
pub const CLINIC: MemberId = MemberId(2);
pub const INSURER: MemberId = MemberId(3);
pub const MEMBERS: [MemberId; 3] = [HOSPITAL, CLINIC, INSURER];

pub const CARDIOLOGY: DepartmentId = DepartmentId(1);
pub const SURGERY: DepartmentId = DepartmentId(2);

/// Cardiology at the hospital.
pub const HEART: PractitionerId = PractitionerId(1);
/// Cardiology at the hospital, too.
pub const HEART_TWO: PractitionerId = PractitionerId(2);
/// Surgery at the clinic.
pub const SURGEON: PractitionerId = PractitionerId(3);

/// The last patient of the registry.
pub const PATIENTS: u64 = 40;
pub const ALICE: PatientId = PatientId(1);
pub const BOB: PatientId = PatientId(2);
pub const CAROL: PatientId = PatientId(3);
pub const DAVE: PatientId = PatientId(4);

/// What each patient has at the beginning, in fen.
pub const FUNDS_FEN: Balance = 1_000;
/// What each member has at the beginning, in fen.
pub const MEMBER_FUNDS_FEN: Balance = 10;

/// 2024-10-04, 08:00 in UTC+8.
pub const TODAY: Date = Date(20_000);

/// The beginning of the tests' first day, plus eight hours.
pub fn morning() -> Moment {
    TODAY.start() + 8 * HOUR_MS
}

/// `minutes` after nine o'clock on the day after the tests' first.
pub fn tomorrow(minutes: u64) -> Moment {
    TODAY.start() + DAY_MS + 9 * HOUR_MS + minutes * MINUTE_MS
}

pub fn main_account(member: MemberId) -> AccountId {
    1_000 + u64::from(member.0)
}

pub fn staff(member: MemberId) -> AccountId {
    1_100 + u64::from(member.0)
}

pub fn doctor(practitioner: PractitionerId) -> AccountId {
    2_000 + u64::from(practitioner.0)
}

/// The session key of a practitioner.
pub fn tablet(practitioner: PractitionerId) -> AccountId {
    2_100 + u64::from(practitioner.0)
}

/// The account that a patient begins with.
pub fn own(patient: PatientId) -> AccountId {
    3_000 + patient.0
}

/// A delegate of a patient who may book.
pub fn carer(patient: PatientId) -> AccountId {
    4_000 + patient.0
}

/// A delegate of a patient who may read, not book.
pub fn reader(patient: PatientId) -> AccountId {
    5_000 + patient.0
}

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Appointments: crate,
    }
);

parameter_types! {
    pub static Now: Moment = morning();
    /// Members that are suspended.
    pub static Suspended: BTreeSet<MemberId> = BTreeSet::new();
    /// Members without an account.
    pub static Moneyless: BTreeSet<MemberId> = BTreeSet::new();
    /// Practitioners whose licence is suspended.
    pub static Unlicensed: BTreeSet<PractitionerId> = BTreeSet::new();
    /// Patients who are suspended.
    pub static SuspendedPatients: BTreeSet<PatientId> = BTreeSet::new();
    /// Accounts of patients whose key was replaced.
    pub static Replaced: BTreeMap<PatientId, AccountId> = BTreeMap::new();
    /// What was told of visits with a grant that ended.
    pub static Ended: Vec<(PatientId, Hash)> = Vec::new();
    pub static ExistentialDeposit: Balance = 1;
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
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
}

impl crate::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Time = Clock;
    type Members = Registry;
    type Practitioners = Registry;
    type Patients = Registry;
    type OnAppointment = Registry;
    type WeightInfo = crate::weights::Estimated<Test>;
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
            INSURER => MemberKind::Insurer,
            _ => return None,
        };
        (!Suspended::get().contains(&member)).then_some(kind)
    }

    fn account_of(member: MemberId) -> Option<AccountId> {
        (MEMBERS.contains(&member) && !Moneyless::get().contains(&member))
            .then(|| main_account(member))
    }

    fn level_of(member: MemberId) -> Option<HospitalLevel> {
        (member == HOSPITAL).then_some(HospitalLevel::Three)
    }
}

impl glue::Practitioners<AccountId> for Registry {
    fn practitioner_of(who: &AccountId) -> Option<PractitionerId> {
        [HEART, HEART_TWO, SURGEON]
            .into_iter()
            .find(|practitioner| doctor(*practitioner) == *who)
    }

    fn department_at(practitioner: PractitionerId, member: MemberId) -> Option<DepartmentId> {
        if Unlicensed::get().contains(&practitioner) || Suspended::get().contains(&member) {
            return None;
        }
        match (practitioner, member) {
            (HEART | HEART_TWO, HOSPITAL) => Some(CARDIOLOGY),
            (SURGEON, CLINIC) | (HEART, CLINIC) => Some(SURGERY),
            _ => None,
        }
    }

    fn acts_for(who: &AccountId, practitioner: PractitionerId, scope: Scope) -> bool {
        let may = [doctor(practitioner), tablet(practitioner)].contains(who);
        may && scope == Scope::Routine && !Unlicensed::get().contains(&practitioner)
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
                || (*who == carer(patient) && scope == Scope::Booking)
                || (*who == reader(patient) && scope == Scope::Reading)
        })
    }
}

/// What it costs to end a grant here.
pub const VISIT_ENDED_WEIGHT: Weight = Weight::from_parts(12_345, 67);

impl glue::OnAppointment for Registry {
    fn visit_ended(patient: PatientId, grant: Hash) {
        Ended::mutate(|ended| ended.push((patient, grant)));
    }

    fn visit_ended_weight() -> Weight {
        VISIT_ENDED_WEIGHT
    }
}

/// Rules under which most tests run: a week ahead, an hour before, two strikes in ten days, a block
/// of five, two a day, ten minutes' grace, a quarter and half of the fee.
pub fn rules() -> BookingRules {
    BookingRules {
        window_days: 7,
        latest_cancellation: LatestCancellation::MinutesBefore(60),
        late_cancels_max: 2,
        no_shows_max: 2,
        period_days: 10,
        block_days: 5,
        department_day_max: 2,
        grace_minutes: 10,
        late_cancel_share_bp: 2_500,
        no_show_share_bp: 5_000,
    }
}

/// A schedule of [`HEART`] at the hospital: from nine o'clock tomorrow, four slots of half an hour
/// with two places each, without a fee.
pub fn session() -> NewSchedule {
    NewSchedule {
        practitioner: HEART,
        department: CARDIOLOGY,
        kind: VisitKind::First,
        start: tomorrow(0),
        slot_minutes: 30,
        slots: 4,
        capacity: 2,
        fee_fen: 0,
    }
}

/// Runs a test on a chain with departments, rules and the given schedules, and checks the
/// invariants after it.
pub fn run(schedules: Vec<(MemberId, NewSchedule)>, test: impl FnOnce()) {
    ext(rules(), schedules).execute_with(|| {
        test();
        check();
    });
}

/// [`run`] with one schedule of the hospital: id 0.
pub fn run_with(schedule: NewSchedule, test: impl FnOnce()) {
    run(vec![(HOSPITAL, schedule)], test);
}

/// A chain with departments, the same rules for both providers, and the given schedules.
pub fn ext(
    rules: BookingRules,
    schedules: Vec<(MemberId, NewSchedule)>,
) -> sp_io::TestExternalities {
    Now::set(morning());
    Suspended::set(BTreeSet::new());
    Moneyless::set(BTreeSet::new());
    Unlicensed::set(BTreeSet::new());
    SuspendedPatients::set(BTreeSet::new());
    Replaced::set(BTreeMap::new());
    Ended::set(Vec::new());
    ExistentialDeposit::set(1);
    let patients = (1..=PATIENTS).map(|p| (own(PatientId(p)), FUNDS_FEN));
    let members = MEMBERS.map(|m| (main_account(m), MEMBER_FUNDS_FEN));
    let genesis = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: patients.chain(members).collect(),
            ..Default::default()
        },
        appointments: crate::GenesisConfig {
            departments: vec![
                (HOSPITAL, CARDIOLOGY, "CARD".into()),
                (CLINIC, SURGERY, "外科".into()),
            ],
            rules: vec![(HOSPITAL, Date(0), rules), (CLINIC, Date(0), rules)],
            schedules,
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
    Appointments::check_invariants().expect("the invariants hold");
}

/// Sends a call the way a transaction does: refused, it changes nothing.
pub fn send(
    by: AccountId,
    call: Call<Test>,
) -> DispatchResultWithInfo<<RuntimeCall as Dispatchable>::PostInfo> {
    RuntimeCall::Appointments(call).dispatch(RuntimeOrigin::signed(by))
}

/// [`send`] without the weight.
pub fn call(by: AccountId, call: Call<Test>) -> sp_runtime::DispatchResult {
    send(by, call)
        .map(|_| ())
        .map_err(|DispatchErrorWithPostInfo { error, .. }| error)
}

/// The call by which a patient books without waitlist or grant.
pub fn booking(patient: PatientId, schedule: u32, slot: SlotIndex) -> Call<Test> {
    Call::book {
        patient,
        schedule: ScheduleId(schedule),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    }
}

/// Books and returns the id.
pub fn book(patient: PatientId, schedule: u32, slot: SlotIndex) -> AppointmentId {
    let id = crate::NextAppointment::<Test>::get();
    assert_eq!(call(own(patient), booking(patient, schedule, slot)), Ok(()));
    id
}

/// The digest of the grant under which a patient's practitioner prepares in these tests.
pub const GRANT: Hash = Hash::repeat_byte(7);

/// [`book`] with [`GRANT`].
pub fn book_with_grant(patient: PatientId, schedule: u32, slot: SlotIndex) -> AppointmentId {
    let id = crate::NextAppointment::<Test>::get();
    let booking = Call::book {
        patient,
        schedule: ScheduleId(schedule),
        slot,
        waitlist: false,
        pre_visit_grant: Some(GRANT),
    };
    assert_eq!(call(own(patient), booking), Ok(()));
    id
}

/// Joins a waitlist, or books if there is a place, and returns the id.
pub fn wait(patient: PatientId, schedule: u32, slot: SlotIndex) -> AppointmentId {
    let id = crate::NextAppointment::<Test>::get();
    let join = Call::book {
        patient,
        schedule: ScheduleId(schedule),
        slot,
        waitlist: true,
        pre_visit_grant: None,
    };
    assert_eq!(call(own(patient), join), Ok(()));
    id
}

/// The call by which a patient cancels.
pub fn cancellation(patient: PatientId, appointment: AppointmentId) -> Call<Test> {
    Call::cancel {
        appointment,
        acting: Acting::Patient(patient),
    }
}

/// Lets a patient cancel.
pub fn cancel(patient: PatientId, appointment: AppointmentId) {
    assert_eq!(
        call(own(patient), cancellation(patient, appointment)),
        Ok(())
    );
}

/// The appointment as stored.
pub fn stored(id: AppointmentId) -> Appointment<AccountId> {
    crate::Appointments::<Test>::get(id).expect("the appointment exists")
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

/// What is held of an account for fees, in fen.
pub fn held(account: AccountId) -> Balance {
    use frame_support::traits::fungible::InspectHold;
    Balances::balance_on_hold(&crate::HoldReason::Fee.into(), &account)
}
