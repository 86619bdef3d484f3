//! The runtime: every rule of the chain, as FRAME pallets wired together.
//!
//! It runs natively and in one way only. The node calls [`native`] inside externalities over the
//! state of a block; clients reach the functions of [`apis`] by name through [`api::dispatch`].
//! There is no Wasm: a rule change is a new binary, and [`upgrade`] says on chain from which height
//! a binary's rules hold.
//!
//! What is deliberately absent: fees, a root account (no call reaches the root origin, so that
//! nothing can write to the state past the pallets), code in the state, scheduled calls.

#![allow(
    missing_docs,
    reason = "`frame_support::runtime` generates undocumented items"
)]

extern crate alloc;

#[warn(missing_docs)]
pub mod answers;
pub mod apis;
#[warn(missing_docs)]
pub mod calls;
#[warn(missing_docs)]
pub mod ciphertexts;
#[warn(missing_docs)]
pub mod configs;
#[warn(missing_docs)]
pub mod extensions;
#[warn(missing_docs)]
pub mod genesis;
#[warn(missing_docs)]
pub mod native;
pub mod privacy;
#[warn(missing_docs)]
pub mod upgrade;

#[cfg(test)]
mod tests;

pub use apis::{api, RUNTIME_API_VERSIONS};
pub use extensions::TxExtension;

use std::borrow::Cow;

use sp_runtime::{generic, MultiAddress};
use sp_version::RuntimeVersion;
use xinglin_primitives::{AccountId, Header, Signature};

/// An account as a transaction names it.
pub type Address = MultiAddress<AccountId, ()>;
/// A transaction.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// A transaction whose signature has been verified.
pub type CheckedExtrinsic = generic::CheckedExtrinsic<AccountId, RuntimeCall, TxExtension>;
/// A block with decoded transactions.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// What a signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// FRAME's conductor of a block. [`native`] performs the same steps; a test holds them equal.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

/// The version of the rules. `spec_version` changes with every change of a rule, and is then voted
/// into force (see [`upgrade`]); `transaction_version` changes when an existing call no longer means
/// what was signed. System version 1 is the state trie of layout V1.
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("xinglin"),
    impl_name: Cow::Borrowed("xinglin"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 1,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

/// The pallets. An index never changes and is never used again. They come in groups, with room:
/// 0 the machine, 10 money, 20 governance, 30 parties, 40 the medical domain, 50
/// oversight.
#[frame_support::runtime]
mod runtime {
    /// The runtime as a type, for which every pallet is configured.
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;

    #[runtime::pallet_index(2)]
    pub type Utility = pallet_utility;

    #[runtime::pallet_index(3)]
    pub type Multisig = pallet_multisig;

    #[runtime::pallet_index(4)]
    pub type Proxy = pallet_proxy;

    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(20)]
    pub type Council = pallet_collective<Instance1>;

    #[runtime::pallet_index(21)]
    pub type Upgrade = crate::upgrade;

    #[runtime::pallet_index(30)]
    pub type Members = pallet_members;

    #[runtime::pallet_index(31)]
    pub type Validators = pallet_validators;

    #[runtime::pallet_index(40)]
    pub type Appointments = pallet_appointments;

    #[runtime::pallet_index(41)]
    pub type Records = pallet_records;

    #[runtime::pallet_index(42)]
    pub type Payments = pallet_payments;

    #[runtime::pallet_index(43)]
    pub type Insurance = pallet_insurance;

    #[runtime::pallet_index(50)]
    pub type Audit = pallet_audit;

    #[runtime::pallet_index(51)]
    pub type TrustedTime = pallet_trusted_time;
}
