//! Block hashes stamped by time authorities.

use frame_support::traits::Get;
use xinglin_primitives::time::Moment;

use super::council::TwoThirdsOfCouncil;
use crate::{native, Members, Runtime, Timestamp};

impl pallet_trusted_time::Config for Runtime {
    type Time = Timestamp;
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Members = Members;
    type DriftMax = ClockDriftMax;
    type WeightInfo = pallet_trusted_time::weights::Estimated<Runtime>;
}

/// As far as a validator lets the time of a block be from its own clock, the time of a token may be
/// from those of blocks.
pub struct ClockDriftMax;

impl Get<Moment> for ClockDriftMax {
    fn get() -> Moment {
        native::parameters().clock_drift_max_ms.into()
    }
}
