//! The time of blocks.

use frame_support::traits::ConstU64;
use xinglin_primitives::time::Moment;

use crate::Runtime;

/// Block times increase; that they are true is checked by every validator against its own clock.
impl pallet_timestamp::Config for Runtime {
    type Moment = Moment;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}
