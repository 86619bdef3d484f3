//! The functions that clients call by name, through `state_call` and its kin.
//!
//! [`api::dispatch`] runs one inside externalities over the state of a block. The node never
//! executes blocks this way (see [`crate::native`]).

#![allow(missing_docs, reason = "the macros generate undocumented items")]

use frame_support::{
    dispatch::GetDispatchInfo,
    genesis_builder_helper::{build_state, get_preset},
    traits::Time,
    weights::Weight,
};
use pallet_appointments::{
    reads::{SchedulePage, SlotStatus},
    rules::BookingRules,
    types::{Appointment, Session, SlotIndex},
};
use pallet_audit::types::{Case, Disclosure};
use pallet_insurance::{
    computation::Year,
    norms::Norms,
    reads::{CoverageView, PreSettlement, Waiting},
    refunds::FlaggedRefund,
    types::{Claim, Settlement},
};
use pallet_members::Role;
use pallet_payments::{
    reads::{Document, InvoiceStatus},
    types::{Payments as PaymentList, RedLetter},
};
use pallet_records::{
    access::{Basis, Denial},
    grants::{Grant, Grantee},
    reading::AccessEntry,
    reads::{Page, Unreviewed},
    requests::AccessRequest,
    types::{ContentKind, KeyProgress, Reader, Record, RecordVersion, SealedKey, VersionNumber},
};
use pallet_transaction_payment_rpc_runtime_api::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::OpaqueMetadata;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    traits::Block as BlockT,
    transaction_validity::{TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, DispatchError, ExtrinsicInclusionMode,
};
use sp_version::RuntimeVersion;
use xinglin_primitives::{
    consensus::Validator,
    glue::Admission,
    privacy::{Location, Refusal, Topic},
    stamp::StampsAround,
    time::{Date, Moment},
    AccessRequestId, AccountId, AppointmentId, Balance, BlockNumber, CaseId, ClaimId, CoverageId,
    DisclosureId, EmergencyId, GrantId, Hash, Header, InvoiceId, MemberId, Nonce, Party, PatientId,
    PractitionerId, RecordId, ScheduleId, SchemeId, SettlementId,
};

pub use crate::answers::{AccountBalance, SchemeInForce, Trail, TrailPart};

use crate::{
    answers::{self, Asker},
    ciphertexts,
    configs::Admitted,
    genesis,
    native::{self, NextHeight},
    privacy, Appointments, Audit, Block, Executive, InherentDataExt, Insurance, Payments, Records,
    Runtime, RuntimeGenesisConfig, System, Timestamp, TrustedTime, UncheckedExtrinsic, VERSION,
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

    /// Records, who may read them and who has.
    pub trait RecordsApi {
        /// A record.
        fn record(record: RecordId) -> Option<Record>;
        /// The record and its version that has this ciphertext.
        fn record_of_content(content: Hash) -> Option<(RecordId, VersionNumber)>;
        /// The records of a patient, newest first, of one kind or of all.
        fn records_of(
            patient: PatientId,
            kind: Option<ContentKind>,
            before: Option<u64>,
            limit: u32,
        ) -> Page<(RecordId, Record)>;
        /// The key of a version of a record, sealed to a reader.
        fn sealed_key(
            record: RecordId,
            version: VersionNumber,
            reader: Reader<AccountId>,
        ) -> Option<SealedKey>;
        /// Whether an account may read a record now, and by what; or why not.
        fn may_read(account: AccountId, record: RecordId) -> Result<Basis, Denial>;
        /// The versions of a record, oldest first.
        fn versions_of(record: RecordId) -> Vec<RecordVersion>;
        /// The sealed key of a version for whatever the account is to the record by itself: its
        /// patient, her delegate, a practitioner, a member. With `party`, the one sealed to that
        /// party, if the account acts for it.
        fn key_for(
            account: AccountId,
            record: RecordId,
            version: VersionNumber,
            party: Option<Party>,
        ) -> Option<(Reader<AccountId>, SealedKey)>;
        /// How many of a patient's sealed keys are under her encryption key of now.
        fn key_progress(patient: PatientId) -> KeyProgress;
        /// The grants of a patient.
        fn grants_of(patient: PatientId) -> Vec<(GrantId, Grant)>;
        /// The grants to a practitioner or member that are not over, newest first.
        fn grants_to(
            grantee: Grantee,
            before: Option<u64>,
            limit: u32,
        ) -> Page<(GrantId, Grant)>;
        /// The requests for access that a patient has not answered, oldest first.
        fn requests_of(patient: PatientId) -> Vec<(AccessRequestId, AccessRequest)>;
        /// Who opened a patient's records, or tried to, newest first.
        fn access_log(
            patient: PatientId,
            before: Option<u64>,
            limit: u32,
        ) -> Page<AccessEntry<AccountId, BlockNumber>>;
        /// The accesses in emergencies that no regulator has reviewed, oldest first.
        fn unreviewed_emergencies(
            after: Option<EmergencyId>,
            limit: u32,
        ) -> Vec<(EmergencyId, Unreviewed)>;
    }

    /// Invoices and what was paid.
    pub trait PaymentsApi {
        /// An invoice, blue or red.
        fn document(invoice: InvoiceId) -> Option<Document>;
        /// The invoices of a patient, newest first.
        fn invoices_of(
            patient: PatientId,
            before: Option<InvoiceId>,
            limit: u32,
        ) -> Vec<InvoiceStatus>;
        /// The invoices of a member that are not paid in full, oldest first.
        fn unpaid_of(member: MemberId, after: Option<InvoiceId>, limit: u32) -> Vec<InvoiceStatus>;
        /// The payments of an invoice.
        fn payments_of(invoice: InvoiceId) -> PaymentList;
        /// The red-letter invoices of a blue one, oldest first.
        fn red_letters_of(invoice: InvoiceId) -> Vec<(InvoiceId, RedLetter)>;
        /// What the main account of a party has of on-chain CNY, or the asker's own account.
        fn balance_of(asker: AccountId, of: Option<Party>) -> Option<AccountBalance>;
    }

    /// Coverages, settlements and claims.
    pub trait InsuranceApi {
        /// How a settlement would split an invoice now, with at most so much of the personal account:
        /// 0 unless the asker may pay for the patient. An insurer asks for its own coverages only.
        fn pre_settle(
            asker: Asker,
            invoice: InvoiceId,
            coverage: CoverageId,
            account_max_fen: Balance,
        ) -> Result<PreSettlement, DispatchError>;
        /// The coverages of a patient with the accumulators of a year; without one, of this year. An
        /// insurer is told its own ones.
        fn coverages_of(
            asker: Asker,
            patient: PatientId,
            year: Option<Year>,
            skip: u32,
            limit: u32,
        ) -> Vec<CoverageView<AccountId>>;
        /// A scheme with the parameters in force for services on a date; without one, today.
        fn scheme_on(scheme: SchemeId, date: Option<Date>) -> Option<SchemeInForce>;
        /// The claims that wait for an insurer, oldest first.
        fn open_claims(
            insurer: MemberId,
            after: Option<ClaimId>,
            limit: u32,
        ) -> Vec<(ClaimId, Claim)>;
        /// The claims that wait for an insurer, oldest first, or for all of them, insurer by
        /// insurer, with when they are due.
        fn flagged_claims(
            insurer: Option<MemberId>,
            after: Option<ClaimId>,
            limit: u32,
        ) -> Vec<(ClaimId, Waiting<Claim>)>;
        /// The invoices of which a refund waits for the review of an insurer, or of any.
        fn flagged_refunds(
            insurer: Option<MemberId>,
            after: Option<InvoiceId>,
            limit: u32,
        ) -> Vec<(InvoiceId, Waiting<FlaggedRefund>)>;
        /// What the council finds remarkable in settlements.
        fn norms() -> Norms;
        /// The settlements of an invoice, newest first, reversed ones included. An insurer is told
        /// those by its own schemes.
        fn settlements_of(
            asker: Asker,
            invoice: InvoiceId,
            before: Option<SettlementId>,
            limit: u32,
        ) -> Vec<(SettlementId, Settlement)>;
    }

    /// Regulators' cases.
    pub trait AuditApi {
        /// The open cases of a regulator, oldest first.
        fn open_cases_of(
            regulator: MemberId,
            after: Option<CaseId>,
            limit: u32,
        ) -> Vec<(CaseId, Case)>;
        /// The closed cases of a regulator, with what it found, newest first.
        fn closed_cases_of(
            regulator: MemberId,
            before: Option<CaseId>,
            limit: u32,
        ) -> Vec<(CaseId, Case)>;
        /// A case, open or closed.
        fn case(case: CaseId) -> Option<Case>;
        /// The requests of a case and what became of them, oldest first.
        fn requests_of(
            case: CaseId,
            after: Option<DisclosureId>,
            limit: u32,
        ) -> Vec<(DisclosureId, Disclosure)>;
        /// What a member is asked to disclose, the first due first.
        fn open_requests_of(
            member: MemberId,
            after: Option<DisclosureId>,
            limit: u32,
        ) -> Vec<(DisclosureId, Disclosure)>;
        /// The disclosures that a regulator waits for, the first due first; with `is_overdue`,
        /// only those that should be there.
        fn awaited_by(
            regulator: MemberId,
            is_overdue: bool,
            after: Option<DisclosureId>,
            limit: u32,
        ) -> Vec<(DisclosureId, Disclosure)>;
    }

    /// What time authorities say about blocks.
    pub trait TrustedTimeApi {
        /// The tokens that tell best when a block was made: one from before and one from after it.
        fn stamps_around(block: BlockNumber) -> StampsAround;
        /// The certificates in DER with this number of a time authority, that of its service first.
        fn certificates_of(member: MemberId, number: u32) -> Option<Vec<Vec<u8>>>;
        /// The token with this Blake2b-256 that a transaction carries, if it carries one.
        fn token_in(extrinsic: Vec<u8>, token: Hash) -> Option<Vec<u8>>;
    }

    /// Private questions and what blocks carry for their answers.
    pub trait PrivacyApi {
        /// Whether an account may ask about a topic; a regulator for a case of its own.
        fn may_ask(
            asker: AccountId,
            topic: Topic,
            case: Option<CaseId>,
        ) -> Result<(), Refusal>;
        /// Where the ciphertext of a record with this hash is, if it is on the chain.
        fn record_ciphertext(content: Hash) -> Option<Location>;
        /// Where the envelope is that says what the lines of a blue invoice are.
        fn invoice_envelope(invoice: InvoiceId) -> Option<Location>;
        /// The ciphertext with this hash that a transaction carries, if it carries one.
        fn carried(extrinsic: Vec<u8>, content: Hash) -> Option<Vec<u8>>;
    }

    /// The whole of a visit.
    pub trait TrailApi {
        /// From an appointment to its records, invoices and settlements, if there is such an
        /// appointment. The booking is told to all who may ask about it; the records to the patient,
        /// who may read for her, the practitioner and the member of the visit; the invoices with
        /// their settlements to the patient, who may pay for her, and that member. A regulator's case
        /// opens all. The invoices come in pages: the newest ones, or those before `before`.
        fn trail_of(
            asker: Asker,
            appointment: AppointmentId,
            before: Option<InvoiceId>,
        ) -> Option<Trail>;
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
            Admitted::is_admitted(&account)
        }
    }

    impl self::RecordsApi<Block> for Runtime {
        fn record(record: RecordId) -> Option<Record> {
            Records::record(record)
        }

        fn record_of_content(content: Hash) -> Option<(RecordId, VersionNumber)> {
            Records::by_content(content)
        }

        fn records_of(
            patient: PatientId,
            kind: Option<ContentKind>,
            before: Option<u64>,
            limit: u32,
        ) -> Page<(RecordId, Record)> {
            Records::records_of(patient, kind, before, limit)
        }

        fn sealed_key(
            record: RecordId,
            version: VersionNumber,
            reader: Reader<AccountId>,
        ) -> Option<SealedKey> {
            Records::sealed_key(record, version, reader)
        }

        fn may_read(account: AccountId, record: RecordId) -> Result<Basis, Denial> {
            Records::may_read(&account, record, Timestamp::now())
        }

        fn versions_of(record: RecordId) -> Vec<RecordVersion> {
            Records::versions_of(record)
        }

        fn key_for(
            account: AccountId,
            record: RecordId,
            version: VersionNumber,
            party: Option<Party>,
        ) -> Option<(Reader<AccountId>, SealedKey)> {
            match party {
                None => Records::key_for(&account, record, version),
                Some(party) => Records::key_as(&account, party, record, version),
            }
        }

        fn key_progress(patient: PatientId) -> KeyProgress {
            Records::key_progress(patient)
        }

        fn grants_of(patient: PatientId) -> Vec<(GrantId, Grant)> {
            Records::grants_of(patient)
        }

        fn grants_to(
            grantee: Grantee,
            before: Option<u64>,
            limit: u32,
        ) -> Page<(GrantId, Grant)> {
            Records::grants_to(grantee, before, limit)
        }

        fn requests_of(patient: PatientId) -> Vec<(AccessRequestId, AccessRequest)> {
            Records::requests_of(patient)
        }

        fn access_log(
            patient: PatientId,
            before: Option<u64>,
            limit: u32,
        ) -> Page<AccessEntry<AccountId, BlockNumber>> {
            Records::access_log(patient, before, limit)
        }

        fn unreviewed_emergencies(
            after: Option<EmergencyId>,
            limit: u32,
        ) -> Vec<(EmergencyId, Unreviewed)> {
            Records::unreviewed_emergencies(after, limit)
        }
    }

    impl self::PaymentsApi<Block> for Runtime {
        fn document(invoice: InvoiceId) -> Option<Document> {
            Payments::document(invoice)
        }

        fn invoices_of(
            patient: PatientId,
            before: Option<InvoiceId>,
            limit: u32,
        ) -> Vec<InvoiceStatus> {
            Payments::invoices_of(patient, before, limit)
        }

        fn unpaid_of(member: MemberId, after: Option<InvoiceId>, limit: u32) -> Vec<InvoiceStatus> {
            Payments::unpaid_of(member, after, limit)
        }

        fn payments_of(invoice: InvoiceId) -> PaymentList {
            Payments::payments_of(invoice)
        }

        fn red_letters_of(invoice: InvoiceId) -> Vec<(InvoiceId, RedLetter)> {
            Payments::red_letters_of(invoice)
        }

        fn balance_of(asker: AccountId, of: Option<Party>) -> Option<AccountBalance> {
            answers::balance_of(asker, of)
        }
    }

    impl self::InsuranceApi<Block> for Runtime {
        fn pre_settle(
            asker: Asker,
            invoice: InvoiceId,
            coverage: CoverageId,
            account_max_fen: Balance,
        ) -> Result<PreSettlement, DispatchError> {
            answers::pre_settle(&asker, invoice, coverage, account_max_fen)
        }

        fn coverages_of(
            asker: Asker,
            patient: PatientId,
            year: Option<Year>,
            skip: u32,
            limit: u32,
        ) -> Vec<CoverageView<AccountId>> {
            answers::coverages_of(&asker, patient, year, skip, limit)
        }

        fn scheme_on(scheme: SchemeId, date: Option<Date>) -> Option<SchemeInForce> {
            answers::scheme_on(scheme, date)
        }

        fn open_claims(
            insurer: MemberId,
            after: Option<ClaimId>,
            limit: u32,
        ) -> Vec<(ClaimId, Claim)> {
            Insurance::open_claims(insurer, after, limit)
        }

        fn flagged_claims(
            insurer: Option<MemberId>,
            after: Option<ClaimId>,
            limit: u32,
        ) -> Vec<(ClaimId, Waiting<Claim>)> {
            Insurance::flagged_claims(insurer, after, limit)
        }

        fn flagged_refunds(
            insurer: Option<MemberId>,
            after: Option<InvoiceId>,
            limit: u32,
        ) -> Vec<(InvoiceId, Waiting<FlaggedRefund>)> {
            Insurance::flagged_refunds(insurer, after, limit)
        }

        fn norms() -> Norms {
            pallet_insurance::NormsInForce::<Runtime>::get()
        }

        fn settlements_of(
            asker: Asker,
            invoice: InvoiceId,
            before: Option<SettlementId>,
            limit: u32,
        ) -> Vec<(SettlementId, Settlement)> {
            answers::settlements_of(&asker, invoice, before, limit)
        }
    }

    impl self::AuditApi<Block> for Runtime {
        fn open_cases_of(
            regulator: MemberId,
            after: Option<CaseId>,
            limit: u32,
        ) -> Vec<(CaseId, Case)> {
            Audit::open_cases_of(regulator, after, limit)
        }

        fn closed_cases_of(
            regulator: MemberId,
            before: Option<CaseId>,
            limit: u32,
        ) -> Vec<(CaseId, Case)> {
            Audit::closed_cases_of(regulator, before, limit)
        }

        fn requests_of(
            case: CaseId,
            after: Option<DisclosureId>,
            limit: u32,
        ) -> Vec<(DisclosureId, Disclosure)> {
            Audit::requests_of(case, after, limit)
        }

        fn open_requests_of(
            member: MemberId,
            after: Option<DisclosureId>,
            limit: u32,
        ) -> Vec<(DisclosureId, Disclosure)> {
            Audit::open_requests_of(member, after, limit)
        }

        fn case(case: CaseId) -> Option<Case> {
            Audit::case(case)
        }

        fn awaited_by(
            regulator: MemberId,
            is_overdue: bool,
            after: Option<DisclosureId>,
            limit: u32,
        ) -> Vec<(DisclosureId, Disclosure)> {
            Audit::awaited_by(regulator, is_overdue, after, limit)
        }
    }

    impl self::TrustedTimeApi<Block> for Runtime {
        fn stamps_around(block: BlockNumber) -> StampsAround {
            TrustedTime::stamps_around(block)
        }

        fn certificates_of(member: MemberId, number: u32) -> Option<Vec<Vec<u8>>> {
            let registered = TrustedTime::certificates(member, number)?;
            let certificates = registered.certificates.into_iter();
            Some(certificates.map(|it| it.into_inner()).collect())
        }

        fn token_in(extrinsic: Vec<u8>, token: Hash) -> Option<Vec<u8>> {
            ciphertexts::find_token(&extrinsic, token)
        }
    }

    impl self::PrivacyApi<Block> for Runtime {
        fn may_ask(
            asker: AccountId,
            topic: Topic,
            case: Option<CaseId>,
        ) -> Result<(), Refusal> {
            privacy::may_ask(&asker, topic, case)
        }

        fn record_ciphertext(content: Hash) -> Option<Location> {
            let block = Records::block_of(content)?;
            Some(Location { block, content })
        }

        fn invoice_envelope(invoice: InvoiceId) -> Option<Location> {
            let invoice = Payments::status_of(invoice)?.invoice;
            Some(Location {
                block: invoice.issued_in,
                content: invoice.details.envelope,
            })
        }

        fn carried(extrinsic: Vec<u8>, content: Hash) -> Option<Vec<u8>> {
            ciphertexts::find(&extrinsic, content)
        }
    }

    impl self::TrailApi<Block> for Runtime {
        fn trail_of(
            asker: Asker,
            appointment: AppointmentId,
            before: Option<InvoiceId>,
        ) -> Option<Trail> {
            answers::trail_of(&asker, appointment, before)
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
