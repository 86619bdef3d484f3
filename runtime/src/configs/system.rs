//! Limits of a block, and the account model.

use frame_support::{
    derive_impl,
    dispatch::DispatchClass,
    parameter_types,
    traits::Contains,
    weights::{
        constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_SECOND},
        RuntimeDbWeight, Weight,
    },
};
use frame_system::limits;
use sp_runtime::{traits::AccountIdLookup, Perbill};
use xinglin_primitives::{
    AccountId, Balance, BlockNumber, Hash, Hashing, Nonce, BLOCK_BYTES_MAX, SS58_PREFIX,
};

use crate::{Block, PalletInfo, Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin, RuntimeTask};

/// How many block hashes the state keeps, and so the longest era of a mortal transaction: at least
/// 17 minutes at full speed.
pub const BLOCK_HASH_COUNT: BlockNumber = 4096;
/// What a block may cost: a second on a current core. Whoever proposes stops earlier, by the clock;
/// this is what others accept. The size of reads is unlimited, since nobody ships proofs of them.
pub const BLOCK_WEIGHT_MAX: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX);
/// What starting and ending a block costs by itself.
const BLOCK_WEIGHT_BASE: Weight = Weight::from_parts(500 * WEIGHT_REF_TIME_PER_MICROS, 0);
/// What any transaction costs besides its call and extensions: decoding it, events, its share of
/// the batch that verifies signatures.
const EXTRINSIC_WEIGHT_BASE: Weight = Weight::from_parts(40 * WEIGHT_REF_TIME_PER_MICROS, 0);
/// The part of a block that is kept free of ordinary transactions for what pallets do when it
/// starts. A transaction above the rest would wait in the pool for ever.
const INITIALIZATION_SHARE: Perbill = Perbill::from_percent(5);
/// Room in a block for the number of its transactions, which stands in front of them.
const BODY_PREFIX_BYTES: u32 = 5;
/// Largest header. Most take about 150 bytes; one that announces a validator set takes up to 4 KiB
/// more.
const HEADER_BYTES_MAX: u32 = 8 * 1024;

parameter_types! {
    /// What blocks may cost. One budget for all transactions, with no reserve for any class, so
    /// that a block is full when it is full.
    pub BlockWeights: limits::BlockWeights = limits::BlockWeights::builder()
        .base_block(BLOCK_WEIGHT_BASE)
        .for_class(DispatchClass::all(), |class| {
            class.base_extrinsic = EXTRINSIC_WEIGHT_BASE;
        })
        .for_class(DispatchClass::non_mandatory(), |class| {
            class.max_total = Some(BLOCK_WEIGHT_MAX);
        })
        .avg_block_initialization(INITIALIZATION_SHARE)
        .build_or_panic();
    /// How long blocks may be, in bytes, header included.
    pub BlockLength: limits::BlockLength = limits::BlockLength::builder()
        .max_length(BLOCK_BYTES_MAX - BODY_PREFIX_BYTES)
        .max_header_size(HEADER_BYTES_MAX)
        .build();
    /// A read of a value that no cache has, and a write with its share of the state root.
    pub const DbWeight: RuntimeDbWeight = RuntimeDbWeight {
        read: 6 * WEIGHT_REF_TIME_PER_MICROS,
        write: 15 * WEIGHT_REF_TIME_PER_MICROS,
    };
    /// The version, as the state of any block names it.
    pub const Version: sp_version::RuntimeVersion = crate::VERSION;
}

/// What may be called. The calls of the system that change code or raw storage need the root
/// origin, which nothing has; they are refused by name as well, because they would reach for a Wasm
/// executor that does not exist here. Money leaves the chain only through the bank that redeems it:
/// nobody burns it.
pub struct Callable;

impl Contains<RuntimeCall> for Callable {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::System(call) => matches!(
                call,
                frame_system::Call::remark { .. } | frame_system::Call::remark_with_event { .. }
            ),
            RuntimeCall::Balances(call) => !matches!(call, pallet_balances::Call::burn { .. }),
            _ => true,
        }
    }
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type BaseCallFilter = Callable;
    type Block = Block;
    type BlockWeights = BlockWeights;
    type BlockLength = BlockLength;
    type AccountId = AccountId;
    type Nonce = Nonce;
    type Hash = Hash;
    type Hashing = Hashing;
    type Lookup = AccountIdLookup<AccountId, ()>;
    type BlockHashCount = frame_support::traits::ConstU32<BLOCK_HASH_COUNT>;
    type DbWeight = DbWeight;
    type Version = Version;
    type AccountData = pallet_balances::AccountData<Balance>;
    type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
    type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
    type SS58Prefix = frame_support::traits::ConstU16<SS58_PREFIX>;
}
