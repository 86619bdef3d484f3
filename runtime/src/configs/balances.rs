//! Money: CNY in fen.

use frame_support::traits::{ConstU128, ConstU32, VariantCountOf};
use xinglin_primitives::Balance;

use crate::{Runtime, RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, System};

/// The least that an account may hold, in fen.
const EXISTENTIAL_DEPOSIT_FEN: Balance = 1;

/// Locks and named reserves are the old ways of setting money aside; ours is holds.
impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type Balance = Balance;
    type DustRemoval = ();
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT_FEN>;
    type AccountStore = System;
    type ReserveIdentifier = ();
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<0>;
    type MaxReserves = ConstU32<0>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
}
