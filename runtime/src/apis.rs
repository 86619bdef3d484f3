//! The functions that clients call by name, through `state_call` and its kin.
//!
//! [`api::dispatch`] runs one inside externalities over the state of a block. The node never
//! executes blocks this way (see [`crate::native`]).

#![allow(missing_docs, reason = "the macros generate undocumented items")]

use frame_support::{
    dispatch::GetDispatchInfo,
    genesis_builder_helper::{build_state, get_preset},
    weights::Weight,
};
use pallet_appointments::{
    reads::{SchedulePage, SlotStatus},
    rules::BookingRules,
    types::{Appointment, Session, SlotIndex},
};
use pallet_members::Role;
use pallet_transaction_payment_rpc_runtime_api::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::OpaqueMetadata;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    traits::Block as BlockT,
    transaction_validity::{TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_version::RuntimeVersion;
use xinglin_primitives::{
    consensus::Validator, glue::Admission, time::Moment, AccountId, AppointmentId, Balance,
    BlockNumber, Header, MemberId, Nonce, PatientId, PractitionerId, ScheduleId,
};

use crate::{
    genesis,
    native::{self, NextHeight},
    Appointments, Block, Executive, InherentDataExt, Members, Runtime, RuntimeGenesisConfig,
    System, UncheckedExtrinsic, VERSION,
};

sp_api::decl_runtime_apis! {
    /// What the node needs to know to agree on the next block.
    pub trait ConsensusApi {
        /// Who validates the height after this block, and how.
        fn next_height() -> NextHeight;
        /// The validators of a height up to the next, which is what a receipt is verified against.
        fn validators_at(height: BlockNumber) -> Option<Vec<Validator>>;
    }

    /// Who is who.
    pub trait MembersApi {
        /// What an account is registered as.
        fn role_of(account: AccountId) -> Option<Role>;
        /// Whether an account may transact now.
        fn is_admitted(account: AccountId) -> bool;
    }

    /// Schedules and appointments.
    pub trait AppointmentsApi {
        /// How full the slots of a schedule are.
        fn slots_of(schedule: ScheduleId) -> Option<Vec<SlotStatus>>;
        /// The time of a practitioner that is taken by schedules and not over, by start.
        fn sessions_of(practitioner: PractitionerId) -> Vec<Session>;
        /// The appointments of a patient, newest first: at most `limit` and a hundred, of those made
        /// before `before`.
        fn appointments_of(
            patient: PatientId,
            before: Option<AppointmentId>,
            limit: u32,
        ) -> Vec<(AppointmentId, Appointment<AccountId>)>;
        /// The appointments of a schedule in pages of whole slots, from `first_slot` on.
        fn appointments_in(
            schedule: ScheduleId,
            first_slot: SlotIndex,
        ) -> Option<SchedulePage<AccountId>>;
        /// A member's booking rules in force today.
        fn rules_of(member: MemberId) -> Option<BookingRules>;
        /// Until when a member blocks a patient, if it does, in milliseconds since 1970.
        fn blocked_until(patient: PatientId, member: MemberId) -> Option<Moment>;
    }
}

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            VERSION
        }

        fn execute_block(block: <Block as BlockT>::LazyBlock) {
            Executive::execute_block(block);
        }

        fn initialize_block(header: &Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: UncheckedExtrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(data: InherentData) -> Vec<UncheckedExtrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(
            block: <Block as BlockT>::LazyBlock,
            data: InherentData,
        ) -> CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            transaction: UncheckedExtrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, transaction, block_hash)
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    /// There are no fees: clients that ask for one are told its weight and the price 0.
    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
        fn query_info(extrinsic: UncheckedExtrinsic, _: u32) -> RuntimeDispatchInfo<Balance> {
            let info = extrinsic.get_dispatch_info();
            RuntimeDispatchInfo {
                weight: info.total_weight(),
                class: info.class,
                partial_fee: 0,
            }
        }

        fn query_fee_details(_: UncheckedExtrinsic, _: u32) -> FeeDetails<Balance> {
            FeeDetails { inclusion_fee: None, tip: 0 }
        }

        fn query_weight_to_fee(_: Weight) -> Balance {
            0
        }

        fn query_length_to_fee(_: u32) -> Balance {
            0
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            build_state::<RuntimeGenesisConfig>(config)
        }

        fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
            get_preset::<RuntimeGenesisConfig>(id, |name| {
                Some(genesis::preset(name)?.to_string().into_bytes())
            })
        }

        fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
            genesis::PRESETS.iter().map(|name| (*name).to_string()).collect()
        }
    }

    impl self::ConsensusApi<Block> for Runtime {
        fn next_height() -> NextHeight {
            native::next_height()
        }

        fn validators_at(height: BlockNumber) -> Option<Vec<Validator>> {
            native::validators_at(height)
        }
    }

    impl self::MembersApi<Block> for Runtime {
        fn role_of(account: AccountId) -> Option<Role> {
            pallet_members::Accounts::<Runtime>::get(account)
        }

        fn is_admitted(account: AccountId) -> bool {
            Members::is_admitted(&account)
        }
    }

    impl self::AppointmentsApi<Block> for Runtime {
        fn slots_of(schedule: ScheduleId) -> Option<Vec<SlotStatus>> {
            Appointments::slots_of(schedule)
        }

        fn sessions_of(practitioner: PractitionerId) -> Vec<Session> {
            Appointments::sessions_of(practitioner)
        }

        fn appointments_of(
            patient: PatientId,
            before: Option<AppointmentId>,
            limit: u32,
        ) -> Vec<(AppointmentId, Appointment<AccountId>)> {
            Appointments::appointments_of(patient, before, limit)
        }

        fn appointments_in(
            schedule: ScheduleId,
            first_slot: SlotIndex,
        ) -> Option<SchedulePage<AccountId>> {
            Appointments::appointments_in(schedule, first_slot)
        }

        fn rules_of(member: MemberId) -> Option<BookingRules> {
            Appointments::rules_of(member)
        }

        fn blocked_until(patient: PatientId, member: MemberId) -> Option<Moment> {
            Appointments::blocked_until(patient, member)
        }
    }
}
