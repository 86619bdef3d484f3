//! A runtime for tests: a small registry of parties that can be held.

use std::collections::BTreeSet;

use frame_support::{
    derive_impl, ensure, parameter_types, storage_alias, traits::Time, Blake2_128Concat,
};
use frame_system::EnsureRoot;
use sp_runtime::{
    traits::{Dispatchable, Hash as _, IdentityLookup},
    BuildStorage, DispatchErrorWithPostInfo, DispatchResult,
};
use xinglin_primitives::{
    glue::{self, Held, HospitalLevel, MemberKind, Subject},
    time::{Date, Moment, HOUR_MS},
    CaseId, DisclosureId, Hash, Hashing, MemberId, Party, PatientId, PractitionerId, SchemeId,
};

use crate::{
    types::{Envelope, Statement},
    Call,
};

pub type AccountId = u64;

pub const HOSPITAL: MemberId = MemberId(1);
pub const CLINIC: MemberId = MemberId(2);
pub const INSURER: MemberId = MemberId(3);
pub const REGULATOR: MemberId = MemberId(4);
pub const OTHER: MemberId = MemberId(5);
pub const MEMBERS: [MemberId; 5] = [HOSPITAL, CLINIC, INSURER, REGULATOR, OTHER];

/// Patients, practitioners and schemes up to this number exist.
pub const COUNT: u32 = 40;

pub const DOCTOR: Held = Held::Party(Party::Practitioner(PractitionerId(1)));
pub const ALICE: Held = Held::Party(Party::Patient(PatientId(1)));
pub const SCHEME: Held = Held::Scheme(SchemeId(1));
/// What does not exist.
pub const NOTHING: Held = Held::Scheme(SchemeId(COUNT));

/// 2024-10-04, 08:00 in UTC+8.
pub fn morning() -> Moment {
    Date(20_000).start() + 8 * HOUR_MS
}

pub fn main_account(member: MemberId) -> AccountId {
    1_000 + u64::from(member.0)
}

pub fn staff(member: MemberId) -> AccountId {
    1_100 + u64::from(member.0)
}

/// An account of nobody.
pub const STRANGER: AccountId = 99;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Audit: crate,
    }
);

parameter_types! {
    pub static Now: Moment = morning();
    /// Members that are no members any more.
    pub static Removed: BTreeSet<MemberId> = BTreeSet::new();
}

/// What is stopped. In the state, so that a refused call does not stop it.
#[storage_alias]
pub type Stopped = StorageMap<Prefix, Blake2_128Concat, Held, ()>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
}

impl crate::Config for Test {
    type Time = Clock;
    type CouncilOrigin = EnsureRoot<AccountId>;
    type Members = Registry;
    type Subjects = Registry;
    type Holds = Registry;
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

fn is_active(member: MemberId) -> bool {
    !Removed::get().contains(&member) && !Stopped::contains_key(Held::Party(Party::Member(member)))
}

impl glue::Members<AccountId> for Registry {
    fn member_of(who: &AccountId) -> Option<MemberId> {
        MEMBERS
            .into_iter()
            .filter(|member| is_active(*member))
            .find(|member| [main_account(*member), staff(*member)].contains(who))
    }

    fn kind_of(member: MemberId) -> Option<MemberKind> {
        let kind = match member {
            HOSPITAL => MemberKind::Hospital,
            CLINIC => MemberKind::Clinic,
            INSURER => MemberKind::Insurer,
            REGULATOR | OTHER => MemberKind::Regulator,
            _ => return None,
        };
        is_active(member).then_some(kind)
    }

    fn account_of(member: MemberId) -> Option<AccountId> {
        MEMBERS.contains(&member).then(|| main_account(member))
    }

    fn level_of(_: MemberId) -> Option<HospitalLevel> {
        None
    }
}

impl glue::Subjects for Registry {
    fn exists(subject: Subject) -> bool {
        match subject {
            Subject::Party(Party::Member(member)) => MEMBERS.contains(&member),
            Subject::Party(Party::Practitioner(id)) => id.0 < COUNT,
            Subject::Party(Party::Patient(id)) => id.0 < COUNT.into(),
            Subject::Scheme(id) => id.0 < COUNT,
            Subject::Claim(id) => id.0 < COUNT.into(),
            Subject::Emergency(id) => id.0 < COUNT.into(),
        }
    }
}

impl glue::Holds for Registry {
    fn set_hold(held: Held, is_held: bool) -> DispatchResult {
        ensure!(held != NOTHING, "nothing");
        Stopped::set(held, is_held.then_some(()));
        Ok(())
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<AccountId> for Registry {
    fn regulator() -> (MemberId, AccountId) {
        (REGULATOR, main_account(REGULATOR))
    }

    fn other_regulator() -> MemberId {
        OTHER
    }

    fn member() -> (MemberId, AccountId) {
        (HOSPITAL, main_account(HOSPITAL))
    }

    fn held() -> Held {
        Held::Party(Party::Member(HOSPITAL))
    }
}

/// Some hash.
pub fn hash(n: u64) -> Hash {
    Hash::from_low_u64_be(n)
}

pub fn statement(code: u16) -> Statement {
    Statement {
        code,
        digest: hash(code.into()),
    }
}

/// Opens a case about the hospital and returns its id.
pub fn open(regulator: MemberId) -> CaseId {
    let id = crate::NextCase::<Test>::get();
    let open = Call::open_case {
        subject: Subject::Party(Party::Member(HOSPITAL)),
        basis: statement(1),
    };
    assert_eq!(call(staff(regulator), open), Ok(()));
    id
}

/// The call by which a case is closed.
pub fn closing(case: CaseId) -> Call<Test> {
    Call::close_case {
        case,
        finding: statement(2),
    }
}

/// The call by which the hospital is asked to disclose within so many milliseconds.
pub fn asking(case: CaseId, within_ms: Moment) -> Call<Test> {
    Call::request_disclosure {
        case,
        member: HOSPITAL,
        request: hash(3),
        due: Now::get() + within_ms,
    }
}

/// Asks the hospital for the case of [`REGULATOR`] and returns the request.
pub fn ask(case: CaseId, within_ms: Moment) -> DisclosureId {
    let id = crate::NextDisclosure::<Test>::get();
    assert_eq!(call(staff(REGULATOR), asking(case, within_ms)), Ok(()));
    id
}

/// The call by which something is disclosed.
pub fn disclosing(disclosure: DisclosureId, bytes: &[u8]) -> Call<Test> {
    Call::disclose {
        disclosure,
        envelope: Envelope::try_from(bytes.to_vec()).expect("the envelope is small"),
        hash: Hashing::hash(bytes),
    }
}

pub fn withdrawing(disclosure: DisclosureId) -> Call<Test> {
    Call::withdraw_request { disclosure }
}

pub fn holding(case: CaseId, held: Held) -> Call<Test> {
    Call::hold { case, held }
}

pub fn lifting(case: CaseId, held: Held) -> Call<Test> {
    Call::lift { case, held }
}

/// The call by which so many questions are anchored.
pub fn anchoring(first: u64, count: u32, digest: u64) -> Call<Test> {
    Call::anchor_questions {
        first,
        count,
        digest: hash(digest),
        from: morning(),
        until: morning() + HOUR_MS,
    }
}

/// Whether it is stopped.
pub fn is_stopped(held: Held) -> bool {
    Stopped::contains_key(held)
}

/// Runs a test on a new chain and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        check();
    });
}

/// A new chain.
pub fn ext() -> sp_io::TestExternalities {
    Now::set(morning());
    Removed::set(BTreeSet::new());
    let mut ext: sp_io::TestExternalities = RuntimeGenesisConfig::default()
        .build_storage()
        .expect("the genesis is well formed")
        .into();
    // Events of block 0 are not kept.
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Checks the invariants.
pub fn check() {
    Audit::check_invariants().expect("the invariants hold");
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
    RuntimeCall::Audit(call)
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
