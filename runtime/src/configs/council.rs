//! The council: one seat per member.

use frame_support::{parameter_types, traits::ConstU32, weights::Weight};
use pallet_collective::{EnsureProportionAtLeast, Instance1, PrimeDefaultVote};
use sp_runtime::Perbill;
use xinglin_primitives::{AccountId, BlockNumber};

use super::system::BLOCK_WEIGHT_MAX;
use crate::{Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin};

/// The collective pallet that is the council.
pub type CouncilInstance = Instance1;
/// The origin that may change members, validators, parameters and rules.
pub type TwoThirdsOfCouncil = EnsureProportionAtLeast<AccountId, CouncilInstance, 2, 3>;

/// Most seats: the most members that are active at a time.
pub const COUNCIL_SEATS_MAX: u32 = pallet_members::MEMBERS_MAX;
/// Most motions under vote.
pub const MOTIONS_MAX: u32 = 64;
/// How long a motion can be voted on, in blocks: a day and three quarters at full speed, ten weeks
/// on an idle chain. It ends sooner when its outcome is certain.
const MOTION_BLOCKS: BlockNumber = 600_000;

parameter_types! {
    /// What the call of a motion may cost.
    pub MotionWeightMax: Weight = Perbill::from_percent(50) * BLOCK_WEIGHT_MAX;
}

/// Seats follow the membership, and no call sets them. There is no prime: who does not vote has
/// voted no.
impl pallet_collective::Config<CouncilInstance> for Runtime {
    type RuntimeOrigin = RuntimeOrigin;
    type Proposal = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type MotionDuration = ConstU32<MOTION_BLOCKS>;
    type MaxProposals = ConstU32<MOTIONS_MAX>;
    type MaxMembers = ConstU32<COUNCIL_SEATS_MAX>;
    type DefaultVote = PrimeDefaultVote;
    type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
    type SetMembersOrigin = frame_system::EnsureNever<()>;
    type MaxProposalWeight = MotionWeightMax;
    type DisapproveOrigin = TwoThirdsOfCouncil;
    type KillOrigin = TwoThirdsOfCouncil;
    type Consideration = ();
}
