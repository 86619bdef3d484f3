//! The small traits through which pallets meet. `runtime` wires each to the pallet that has it.
//!
//! No pallet imports another: one that needs to know whether an account is a registered
//! practitioner asks through these.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{DispatchError, Weight};

use crate::{
    consensus::{ConsensusKey, Validator},
    time::Moment,
    AppointmentId, DepartmentId, Hash, MemberId, PatientId, PractitionerId,
};

mod billing;
mod keys;
mod oversight;

pub use billing::*;
pub use keys::*;
pub use oversight::*;

/// What a member of the consortium is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum MemberKind {
    /// A hospital (医院).
    Hospital,
    /// A clinic (诊所).
    Clinic,
    /// An insurer (保险机构).
    Insurer,
    /// A regulator (监管机构).
    Regulator,
    /// A bank that issues and redeems on-chain CNY (结算银行).
    SettlementBank,
    /// An authority that stamps time (授时机构).
    TimeAuthority,
}

impl MemberKind {
    /// Whether such a member treats patients: has practitioners, schedules and records.
    pub fn is_provider(self) -> bool {
        matches!(self, Self::Hospital | Self::Clinic)
    }
}

/// The level of a hospital (医院等级), by which insurance schemes set their ratios.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum HospitalLevel {
    /// Level 1 (一级).
    One,
    /// Level 2 (二级).
    Two,
    /// Level 3 (三级).
    Three,
}

/// What a delegation or session key may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// Book, reschedule and cancel for a patient.
    Booking,
    /// Open a patient's records.
    Reading,
    /// Pay a patient's invoices.
    Paying,
    /// A practitioner's routine calls: confirm, complete, write.
    Routine,
}

/// The members of the consortium.
pub trait Members<AccountId> {
    /// The active member that `who` is the main or a service account of.
    fn member_of(who: &AccountId) -> Option<MemberId>;
    /// The kind of a member, or `None` if it is unknown or not active.
    fn kind_of(member: MemberId) -> Option<MemberKind>;
    /// The main account of a member, active or not: where money for it goes.
    fn account_of(member: MemberId) -> Option<AccountId>;
    /// The level of a hospital; `None` for every other member.
    fn level_of(member: MemberId) -> Option<HospitalLevel>;
}

/// The practitioners, each licensed under one or more members.
pub trait Practitioners<AccountId> {
    /// The active practitioner whose own account `who` is.
    fn practitioner_of(who: &AccountId) -> Option<PractitionerId>;
    /// The department in which an active practitioner works for an active member.
    fn department_at(practitioner: PractitionerId, member: MemberId) -> Option<DepartmentId>;
    /// Whether `who` is the practitioner, or holds a session key for it with `scope` now.
    fn acts_for(who: &AccountId, practitioner: PractitionerId, scope: Scope) -> bool;
}

/// The patients.
pub trait Patients<AccountId> {
    /// The patient whose own account `who` is, unless she is suspended or held.
    fn patient_of(who: &AccountId) -> Option<PatientId>;
    /// The account of a patient, active or not: where refunds go.
    fn account_of(patient: PatientId) -> Option<AccountId>;
    /// Whether `who` is the patient, or a delegate or session key of the patient with `scope` now.
    fn acts_for(who: &AccountId, patient: PatientId, scope: Scope) -> bool;
}

/// The delegations of patients, whether or not anybody is active: for what is to be kept while
/// somebody is not.
pub trait Delegations<AccountId> {
    /// Whether `who` holds a delegation or session key of the patient with `scope` now.
    fn has_delegate(patient: PatientId, who: &AccountId, scope: Scope) -> bool;
}

/// Who may transact at all.
pub trait Admission<AccountId> {
    /// Whether `who` is registered and active, or holds a live delegation or session key.
    fn is_admitted(who: &AccountId) -> bool;
}

/// Told by `pallet-members` when a member joins or leaves, so that the council follows.
pub trait OnMembership<AccountId> {
    /// The main accounts of all members with a seat, sorted.
    fn membership_changed(accounts: &[AccountId]);
    /// What [`OnMembership::membership_changed`] costs at most.
    fn membership_changed_weight() -> Weight;
}

impl<AccountId> OnMembership<AccountId> for () {
    fn membership_changed(_: &[AccountId]) {}

    fn membership_changed_weight() -> Weight {
        Weight::zero()
    }
}

/// Told by `pallet-members` when an account gives way to another, so that what it owns follows.
pub trait OnAccountChange<AccountId> {
    /// The party whose account was `old` has `new` instead. The key of `old` may be lost.
    ///
    /// Fails when what belongs to the party cannot follow; nothing is changed then.
    fn account_changed(old: &AccountId, new: &AccountId) -> Result<(), DispatchError>;
    /// What [`OnAccountChange::account_changed`] costs at most.
    fn account_changed_weight() -> Weight;
}

impl<AccountId> OnAccountChange<AccountId> for () {
    fn account_changed(_: &AccountId, _: &AccountId) -> Result<(), DispatchError> {
        Ok(())
    }

    fn account_changed_weight() -> Weight {
        Weight::zero()
    }
}

/// The live validator set.
pub trait ValidatorSet {
    /// The validators of the block being executed.
    fn validators() -> Vec<Validator>;
    /// Whether a member runs a validator, live or about to be.
    fn is_validating(member: MemberId) -> bool;
}

/// Told by `pallet-appointments` what becomes of a visit.
pub trait OnAppointment {
    /// The visit is over or off: what was granted under `grant` for it (提前查看) ends now.
    fn visit_ended(patient: PatientId, grant: Hash);
    /// What [`OnAppointment::visit_ended`] costs at most.
    fn visit_ended_weight() -> Weight;
}

impl OnAppointment for () {
    fn visit_ended(_: PatientId, _: Hash) {}

    fn visit_ended_weight() -> Weight {
        Weight::zero()
    }
}

/// How far a visit has come.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum VisitState {
    /// The patient has a place or waits for one.
    Planned,
    /// The patient is there.
    Arrived,
    /// The visit is over.
    Fulfilled,
    /// Called off, or the patient did not come.
    Off,
}

/// One visit, as `pallet-appointments` knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Who comes.
    pub patient: PatientId,
    /// The member that is visited.
    pub member: MemberId,
    /// Who sees the patient.
    pub practitioner: PractitionerId,
    /// When it begins.
    pub start: Moment,
    /// How far it has come.
    pub state: VisitState,
}

/// The visits behind appointments.
pub trait Visits {
    /// The visit of an appointment, if there is such an appointment.
    fn visit(appointment: AppointmentId) -> Option<Visit>;
}

/// What `pallet-records` tells the pallets that charge and settle.
pub trait VisitRecords {
    /// Whether a record that is not retracted was written for the visit.
    fn is_documented(appointment: AppointmentId) -> bool;
}

impl VisitRecords for () {
    fn is_documented(_: AppointmentId) -> bool {
        false
    }
}

/// Which chain this is, for signatures made outside of transactions.
pub trait ChainId {
    /// The hash of the genesis block.
    fn genesis_hash() -> Hash;
}

/// A validator's network identity: a libp2p peer id in its binary form and where to reach it.
pub trait NodeRegistry {
    /// Peer ids of all registered nodes.
    fn peer_ids() -> Vec<Vec<u8>>;
    /// The consensus key of a member's validator, if it runs one.
    fn consensus_key(member: MemberId) -> Option<ConsensusKey>;
}
