//! What private questions to a node are about, by which the runtime decides who may ask them.

use codec::{Decode, Encode};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use crate::{
    AppointmentId, BlockNumber, CaseId, Entity, Hash, InvoiceId, MemberId, Party, PatientId,
    PractitionerId, RecordId, ScheduleId,
};

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    /// A patient's file: records, grants, requests, accesses.
    File(PatientId),
    /// A patient's appointments.
    Visits(PatientId),
    /// A patient's invoices and payments, and what is on her account.
    Bills(PatientId),
    /// A patient's coverages, accumulators and personal account: for an insurer those by its schemes.
    Cover(PatientId),
    /// A record's contents and sealed keys.
    Record(RecordId),
    /// The record whose ciphertext has this hash.
    Content(Hash),
    /// The bookings of a schedule.
    Schedule(ScheduleId),
    /// One visit and what came of it: the records and the bills for those only whose they are.
    Appointment(AppointmentId),
    /// One invoice, its payments and settlements: for an insurer those by its schemes.
    Invoice(InvoiceId),
    /// What waits for a member: schedules' bookings, unpaid invoices, claims, requests. And what is
    /// on its account.
    Member(MemberId),
    /// What is granted to a practitioner and what waits for her. And what is on her account.
    Practitioner(PractitionerId),
    /// What waits for the regulators.
    Oversight,
    /// A regulator's case, open or closed.
    Case(CaseId),
    /// The operations that the asker signed.
    OwnOperations,
    /// The operations that mention something, whoever signed them.
    History(Entity),
    /// Any operations.
    Operations,
    /// What is on the asker's own account.
    OwnAccount,
    /// What is published for all: the rules of schemes.
    Published,
    /// A record's contents and sealed keys, as a party for which the asker acts: a session key says
    /// for whom it does.
    RecordAs(RecordId, Party),
    /// The record whose ciphertext has this hash, as a party for which the asker acts.
    ContentAs(Hash, Party),
}

/// Where on the chain a ciphertext is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Location {
    /// Height of the block of which a transaction carries it.
    pub block: BlockNumber,
    /// Its Blake2b-256.
    pub content: Hash,
}

/// Why a question is not answered.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    TypeInfo,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// Nothing makes it the asker's business. What does not exist is refused in the same way, so
    /// that a refusal tells nothing.
    #[error("the account may not ask about this; ask with the account of whom it concerns, or get access first")]
    NotConcerned,
    /// The case that the question names is not an open one of the asker's.
    #[error("the case is not an open one of the asker's regulator; open a case first")]
    NoCase,
    /// The case is about something else.
    #[error("the case that the question names is not about this; open one that is")]
    OtherCase,
}
