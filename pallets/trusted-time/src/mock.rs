//! A runtime for tests: a small registry of members, blocks made by hand, and OpenSSL as the
//! service that stamps them.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU64, Hooks, Time},
};
use frame_system::EnsureRoot;
use sp_runtime::{
    traits::{Dispatchable, Hash as _, IdentityLookup},
    BuildStorage, DispatchErrorWithPostInfo, DispatchResult,
};
use xinglin_primitives::{
    glue::{self, HospitalLevel, MemberKind},
    time::Moment,
    BlockNumber, Hash, Hashing, MemberId,
};
use xinglin_timestamps::testing::{Keys, TestAuthority};

use crate::{
    types::{Certificate, Chain, Token},
    Call,
};

pub type AccountId = u64;

pub const HOSPITAL: MemberId = MemberId(1);
pub const AUTHORITY: MemberId = MemberId(2);
pub const OTHER: MemberId = MemberId(3);
const MEMBERS: [MemberId; 3] = [HOSPITAL, AUTHORITY, OTHER];

/// How far clocks may be apart, in milliseconds.
pub const DRIFT_MS: Moment = 5_000;
/// How many blocks back the chain knows hashes and times.
pub const RECENT: BlockNumber = 10;
/// An account of nobody.
pub const STRANGER: AccountId = 99;

pub fn account(member: MemberId) -> AccountId {
    1_000 + u64::from(member.0)
}

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        TrustedTime: crate,
    }
);

parameter_types! {
    pub static Now: Moment = 0;
    /// Members that are no members any more.
    pub static Removed: BTreeSet<MemberId> = BTreeSet::new();
}

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
    type DriftMax = ConstU64<DRIFT_MS>;
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
    MEMBERS.contains(&member) && !Removed::get().contains(&member)
}

impl glue::Members<AccountId> for Registry {
    fn member_of(who: &AccountId) -> Option<MemberId> {
        let mut active = MEMBERS.into_iter().filter(|member| is_active(*member));
        active.find(|member| account(*member) == *who)
    }

    fn kind_of(member: MemberId) -> Option<MemberKind> {
        is_active(member).then_some(match member {
            HOSPITAL => MemberKind::Hospital,
            _ => MemberKind::TimeAuthority,
        })
    }

    fn account_of(member: MemberId) -> Option<AccountId> {
        MEMBERS.contains(&member).then(|| account(member))
    }

    fn level_of(_: MemberId) -> Option<HospitalLevel> {
        None
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<AccountId> for Registry {
    fn authority() -> (MemberId, AccountId) {
        (AUTHORITY, account(AUTHORITY))
    }

    fn certificates() -> Chain {
        service_chain(&TestAuthority::new(Keys::P384))
    }

    fn token(hash: &[u8]) -> (Chain, Token, Moment) {
        let service = TestAuthority::new(Keys::P384);
        let token = Token::truncate_from(service.token(hash));
        (service_chain(&service), token, clock())
    }
}

/// The time of this machine, in milliseconds since 1970: that of the tokens.
pub fn clock() -> Moment {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("the clock is set").as_millis();
    now.try_into().expect("the clock is set")
}

/// A new service with keys on P-256.
pub fn service() -> TestAuthority {
    TestAuthority::new(Keys::P256)
}

/// Certificates as a call carries them.
pub fn chain(certificates: &[Vec<u8>]) -> Chain {
    let certificates = certificates.iter().cloned();
    let certificates = certificates.map(|it| Certificate::try_from(it).expect("it is small"));
    Chain::try_from(certificates.collect::<Vec<_>>()).expect("there are few")
}

/// The certificates of a service.
pub fn service_chain(service: &TestAuthority) -> Chain {
    chain(&service.chain())
}

pub fn registering(member: MemberId, service: &TestAuthority) -> Call<Test> {
    Call::register_certificates {
        member,
        certificates: service_chain(service),
    }
}

/// A service whose certificates are registered for a member.
pub fn registered(member: MemberId) -> TestAuthority {
    let service = service();
    assert_eq!(council(registering(member, &service)), Ok(()));
    service
}

pub fn withdrawing(member: MemberId, number: u32) -> Call<Test> {
    Call::withdraw_certificates { member, number }
}

/// The hash of a block.
pub fn hash(block: BlockNumber) -> Hash {
    Hashing::hash(&block.to_be_bytes())
}

/// The call that submits a token.
pub fn submitting(block: BlockNumber, token: Vec<u8>) -> Call<Test> {
    Call::submit_token {
        block,
        number: 0,
        token: Token::try_from(token).expect("the token is small"),
    }
}

/// Has a block stamped and submits the token for a member, by its first certificates. The chain's
/// clock goes on to that of this machine.
pub fn stamp(member: MemberId, service: &TestAuthority, block: BlockNumber) -> DispatchResult {
    let token = service.token(hash(block).as_bytes());
    Now::set(clock());
    call(account(member), submitting(block, token))
}

/// Ends the block that is being made and begins the next. Returns the number of the former.
pub fn next_block() -> BlockNumber {
    let number = System::block_number();
    TrustedTime::on_finalize(number);
    let block = BlockNumber::try_from(number).expect("few blocks are made");
    frame_system::BlockHash::<Test>::insert(number, hash(block));
    frame_system::BlockHash::<Test>::remove(number.saturating_sub(RECENT.into()));
    System::set_block_number(number + 1);
    System::reset_events();
    Now::set(clock());
    block
}

/// Runs a test on a new chain and checks the invariants after it.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        check();
    });
}

/// A new chain, with block 1 being made.
pub fn ext() -> sp_io::TestExternalities {
    Now::set(clock());
    Removed::set(BTreeSet::new());
    let mut ext: sp_io::TestExternalities = RuntimeGenesisConfig::default()
        .build_storage()
        .expect("the genesis is well formed")
        .into();
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Checks the invariants.
pub fn check() {
    TrustedTime::check_invariants().expect("the invariants hold");
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
    RuntimeCall::TrustedTime(call)
        .dispatch(origin)
        .map(|_| ())
        .map_err(|DispatchErrorWithPostInfo { error, .. }| error)
}

/// The pallet's events of this block since this was last asked.
pub fn events() -> Vec<crate::Event<Test>> {
    let events = System::read_events_for_pallet::<crate::Event<Test>>();
    System::reset_events();
    events
}
