//! The validators.

use xinglin_primitives::{glue::ChainId, Hash};

use super::council::TwoThirdsOfCouncil;
use crate::{Members, Runtime, System};

impl pallet_validators::Config for Runtime {
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Members = Members;
    type ChainId = ThisChain;
    type WeightInfo = pallet_validators::weights::EstimatedWeight<Runtime>;
}

/// The chain whose state this is. Its name is known from block 1 on.
pub struct ThisChain;

impl ChainId for ThisChain {
    fn genesis_hash() -> Hash {
        System::block_hash(0)
    }
}
