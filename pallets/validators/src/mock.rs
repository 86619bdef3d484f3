//! A runtime of this pallet alone, with four validators of equal power.
use codec::Encode;
use frame_support::{
    derive_impl,
    dispatch::DispatchResult,
    parameter_types,
    traits::{OnFinalize, OnInitialize},
};
use frame_system::{EnsureRoot, RawOrigin};
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};
use sp_core::Bytes;
use sp_io::TestExternalities;
use sp_runtime::{
    generic::{Digest, DigestItem},
    traits::Dispatchable,
    BuildStorage,
};
use xinglin_primitives::{
    consensus::{
        ConsensusKey, ConsensusParameters, ConsensusSignature, Equivocation, Offence,
        SignedPayload, Validator, Vote, VoteKind,
    },
    glue::{ChainId, HospitalLevel, MemberKind, Members},
    Hash, MemberId, AUTHOR_ENGINE_ID,
};

use crate::{self as pallet_validators, Address, Addresses, GenesisValidator, PeerId};

type Block = frame_system::mocking::MockBlock<Test>;
pub type AccountId = u64;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Validators: pallet_validators,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
}

parameter_types! {
    /// Members that are suspended.
    pub static Suspended: Vec<MemberId> = Vec::new();
}

/// How many members there are.
pub const MEMBERS: u32 = 8;
/// How many of them validate from the first height on.
pub const VALIDATORS: u32 = 4;

pub struct Consortium;
impl Members<AccountId> for Consortium {
    fn member_of(who: &AccountId) -> Option<MemberId> {
        let member = MemberId(u32::try_from(who.checked_sub(100)?).ok()?);
        Self::kind_of(member).map(|_| member)
    }

    fn kind_of(member: MemberId) -> Option<MemberKind> {
        (member.0 < MEMBERS && !Suspended::get().contains(&member)).then_some(MemberKind::Hospital)
    }

    fn account_of(member: MemberId) -> Option<AccountId> {
        (member.0 < MEMBERS).then(|| account(member.0))
    }

    fn level_of(member: MemberId) -> Option<HospitalLevel> {
        Self::kind_of(member).map(|_| HospitalLevel::Three)
    }
}

pub struct Chain;
impl ChainId for Chain {
    fn genesis_hash() -> Hash {
        Hash::repeat_byte(0xaa)
    }
}

impl pallet_validators::Config for Test {
    type CouncilOrigin = EnsureRoot<AccountId>;
    type Members = Consortium;
    type ChainId = Chain;
    type WeightInfo = pallet_validators::weights::EstimatedWeight<Test>;
}

/// The account of a member.
pub fn account(member: u32) -> AccountId {
    100 + AccountId::from(member)
}

/// The consensus key of a seed; by default member n has that of seed n.
pub fn keypair(seed: u32) -> Keypair {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    MiniSecretKey::from_bytes(&bytes)
        .unwrap()
        .expand_to_keypair(ExpansionMode::Ed25519)
}

pub fn key(seed: u32) -> ConsensusKey {
    ConsensusKey::from_raw(keypair(seed).public.to_bytes())
}

pub fn possession(seed: u32, member: u32) -> ConsensusSignature {
    let member = MemberId(member);
    SignedPayload::Possession { member }.sign(&Chain::genesis_hash(), &keypair(seed))
}

/// A peer id of the usual form: an ed25519 key within an identity multihash.
pub fn peer(n: u8) -> PeerId {
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bytes.extend([n; 32]);
    PeerId::try_from(bytes).unwrap()
}

pub fn addresses(count: usize) -> Addresses {
    let address = Address::try_from(vec![4, 127, 0, 0, 1, 6, 0x76, 0x5f]).unwrap();
    Addresses::try_from(vec![address; count]).unwrap()
}

pub fn validator(member: u32, power: u32) -> Validator {
    Validator {
        member: MemberId(member),
        key: key(member),
        power,
    }
}

pub fn genesis(powers: &[u32]) -> pallet_validators::GenesisConfig<Test> {
    let validators = (0..).zip(powers).map(|(n, power)| GenesisValidator {
        member: MemberId(n),
        key: key(n),
        power: *power,
        peer: Bytes(peer(n as u8).into_inner()),
        addresses: vec![Bytes(addresses(1)[0].to_vec())],
    });
    pallet_validators::GenesisConfig {
        validators: validators.collect(),
        nodes: Vec::new(),
        parameters: ConsensusParameters::default(),
        marker: Default::default(),
    }
}

pub fn storage_of(validators: pallet_validators::GenesisConfig<Test>) -> TestExternalities {
    Suspended::set(Vec::new());
    let config = RuntimeGenesisConfig {
        system: Default::default(),
        validators,
    };
    TestExternalities::new(config.build_storage().unwrap())
}

/// Runs a test over four validators and checks the invariants afterwards.
pub fn run(test: impl FnOnce()) {
    storage_of(genesis(&[1; VALIDATORS as usize])).execute_with(|| {
        test();
        Validators::check_invariants().unwrap();
    });
}

/// Executes one block by a member and returns its digest.
pub fn block_by(author: u32, body: impl FnOnce()) -> Vec<DigestItem> {
    let author = DigestItem::PreRuntime(AUTHOR_ENGINE_ID, account(author).encode());
    block(vec![author], body)
}

/// Executes one block with the given digest and returns the whole of it.
pub fn block(logs: Vec<DigestItem>, body: impl FnOnce()) -> Vec<DigestItem> {
    let height = System::block_number() + 1;
    System::reset_events();
    System::initialize(&height, &Default::default(), &Digest { logs });
    Validators::on_initialize(height);
    body();
    Validators::on_finalize(height);
    Validators::check_invariants().unwrap();
    System::digest().logs
}

/// Makes blocks by the given members in turn.
pub fn blocks_by(authors: &[u32], count: usize) {
    for author in authors.iter().cycle().take(count) {
        block_by(*author, || {});
    }
}

/// Dispatches a call as a transaction would, so that a refused one leaves no trace.
pub fn dispatch(origin: RawOrigin<AccountId>, call: crate::Call<Test>) -> DispatchResult {
    RuntimeCall::from(call)
        .dispatch(origin.into())
        .map(|_| ())
        .map_err(|refusal| refusal.error)
}

pub fn by(member: u32, call: crate::Call<Test>) -> DispatchResult {
    dispatch(RawOrigin::Signed(account(member)), call)
}

pub fn by_council(call: crate::Call<Test>) -> DispatchResult {
    dispatch(RawOrigin::Root, call)
}

pub fn unsigned(call: crate::Call<Test>) -> DispatchResult {
    dispatch(RawOrigin::None, call)
}

/// Registers a node and a validator for a member that has none yet.
pub fn register(member: u32) {
    let peer = peer(member as u8);
    let node = crate::Call::register_node {
        peer: peer.clone(),
        addresses: addresses(1),
    };
    by(member, node).unwrap();
    let validator = crate::Call::register_validator {
        key: key(member),
        possession: possession(member, member),
        peer,
    };
    by(member, validator).unwrap();
}

pub fn live() -> Vec<Validator> {
    crate::Validators::<Test>::get().into_inner()
}

/// Two precommits of one key for different blocks.
pub fn equivocation(seed: u32, height: u32, round: u32) -> Equivocation {
    let keypair = keypair(seed);
    let vote = |byte| {
        let vote = Vote {
            kind: VoteKind::Precommit,
            height,
            round,
            block_hash: Some(Hash::repeat_byte(byte)),
            voter: key(seed),
        };
        let signature = SignedPayload::Vote(&vote).sign(&Chain::genesis_hash(), &keypair);
        (vote, signature)
    };
    Equivocation {
        key: key(seed),
        offence: Offence::Votes(Box::new([vote(1), vote(2)])),
    }
}

/// Asserts that the last events are these.
#[track_caller]
pub fn assert_events(expected: &[crate::Event]) {
    let all: Vec<_> = System::events()
        .into_iter()
        .map(|record| record.event)
        .collect();
    let expected: Vec<RuntimeEvent> = expected.iter().cloned().map(Into::into).collect();
    let from = all.len().saturating_sub(expected.len());
    assert_eq!(all[from..], expected[..]);
}
