//! Accounts that several keys of a member sign for.

use frame_support::traits::{ConstU128, ConstU32};

use crate::{Balances, Runtime, RuntimeCall, RuntimeEvent, System};

/// No deposits: only members may call it (see [`crate::extensions::CheckAdmission`]).
impl pallet_multisig::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type DepositBase = ConstU128<0>;
    type DepositFactor = ConstU128<0>;
    type MaxSignatories = ConstU32<20>;
    type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
    type BlockNumberProvider = System;
}
