//! How the chain encodes the values that evidence is about.
//!
//! These are the layouts of the runtime's version 1, written down a second time so that a verifier does
//! not need the runtime, and pinned to the pallets' own types by a test of the SDK. A value of any other
//! layout is refused, never misread in silence: all bytes have to be used up.

use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{
    glue::{HospitalLevel, Setting},
    time::{Date, Moment},
    AccountId, AppointmentId, BlockNumber, ClaimId, CoverageId, EmergencyId, GrantId, Hash,
    InvoiceId, MemberId, Party, PatientId, PractitionerId, RecordId, ScheduleId, SettlementId,
};

macro_rules! layout {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    };
    ($(#[$meta:meta])* enum $name:ident { $($variants:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub enum $name { $($variants)* }
    };
}

layout! {
    /// What a record is about.
    enum ContentKind {
        /// All of one encounter (就诊记录).
        Encounter,
        /// Who the patient is, medically (健康档案).
        Profile,
        /// Diagnoses (诊断).
        Diagnosis,
        /// A treatment plan (治疗方案).
        TreatmentPlan,
        /// Prescriptions (处方).
        Prescription,
        /// An examination report (检查检验报告).
        Report,
        /// Images (影像).
        Image,
        /// Anything else.
        Other,
    }
}
layout! {
    /// How far the destruction of a record's keys has come.
    enum Erasure {
        /// Nobody asked for it.
        None,
        /// The patient asked.
        Asked {
            /// When.
            at: Moment,
        },
        /// The keys are gone.
        Done {
            /// When.
            at: Moment,
        },
    }
}
layout! {
    /// A record (病历).
    struct Record {
        /// Whom it is about.
        patient: PatientId,
        /// Who wrote it.
        author: PractitionerId,
        /// For which member.
        member: MemberId,
        /// The visit that it documents.
        visit: Option<AppointmentId>,
        /// What it is about.
        kind: ContentKind,
        /// When its first version was written.
        written_at: Moment,
        /// How many versions it has.
        versions: u16,
        /// How many sealed keys are stored for it.
        keys: u32,
        /// Since when it counts as entered in error.
        retracted_at: Option<Moment>,
        /// Whether its keys were destroyed.
        erasure: Erasure,
    }
}
layout! {
    /// Where the ciphertext of a version is.
    enum Carrier {
        /// In the block of this height.
        Block(BlockNumber),
        /// In a member's object store, at this place.
        External(Vec<u8>),
    }
}
layout! {
    /// Why there is another version.
    enum AmendReason {
        /// Something was wrong.
        Correction,
        /// Something is added.
        Addition,
        /// A preliminary content became final.
        Completion,
        /// The patient asked.
        PatientRequest,
    }
}
layout! {
    /// A version of a record.
    struct RecordVersion {
        /// Blake2b-256 of the ciphertext.
        hash: Hash,
        /// Length of the ciphertext in bytes.
        #[codec(compact)]
        size: u64,
        /// Where the ciphertext is.
        carrier: Carrier,
        /// When it was written.
        at: Moment,
        /// Why, for all but the first.
        reason: Option<AmendReason>,
    }
}
layout! {
    /// What is counted for a patient.
    struct Accesses {
        /// How many records there are.
        records: u64,
        /// How many entries the access log has.
        accesses: u64,
        /// The encryption key that counts as hers.
        key: Hash,
        /// How many keys she had before it.
        epoch: u32,
        /// Versions of her records that are not erased.
        total: u32,
        /// Those of them that she can open with `key`.
        restored: u32,
    }
}
layout! {
    /// What an entry of an access log is about.
    enum Accessed {
        /// A record.
        Record(RecordId),
        /// All records, in an emergency.
        Emergency(EmergencyId),
    }
}
layout! {
    /// For what somebody reads: part of FHIR's v3-ActReason.
    enum Purpose {
        /// Treatment.
        Treatment,
        /// Emergency treatment.
        EmergencyTreatment,
        /// Payment for health care.
        Payment,
        /// Operations of a health care organisation.
        Operations,
        /// Research.
        Research,
        /// Public health.
        PublicHealth,
        /// At the patient's request.
        PatientRequest,
        /// At the family's request.
        FamilyRequest,
        /// Documents for a claim.
        ClaimAttachment,
        /// Enquiries about insurance coverage.
        Coverage,
        /// Improvement of quality.
        Quality,
        /// Legal proceedings.
        Legal,
    }
}
layout! {
    /// Why somebody may read.
    enum Basis {
        /// The record is about her.
        Patient,
        /// She acts for the patient.
        Delegate,
        /// She wrote it.
        Author,
        /// The author's member.
        AuthorsMember,
        /// A grant covers it.
        Grant(GrantId),
        /// An emergency is declared.
        Emergency(EmergencyId),
    }
}
layout! {
    /// Why somebody may not read.
    enum Denial {
        /// There is no such record.
        Unknown,
        /// Nothing gives access.
        NoGrant,
        /// The grant is over.
        Expired,
        /// The grant has not begun.
        NotYet,
        /// The grant is for another purpose.
        OtherPurpose,
        /// Nobody can read it any more.
        Erased,
    }
}
layout! {
    /// Whether somebody was let in.
    enum AccessOutcome {
        /// For this reason.
        Allowed(Basis),
        /// Not, for this reason.
        Denied(Denial),
    }
}
layout! {
    /// An entry of an access log.
    struct Access {
        /// The account that signed.
        by: AccountId,
        /// As whom.
        party: Party,
        /// What.
        what: Accessed,
        /// For what.
        purpose: Purpose,
        /// Whether it was allowed.
        outcome: AccessOutcome,
        /// When.
        at: Moment,
        /// In which block.
        block: BlockNumber,
    }
}
layout! {
    /// Where an appointment stands.
    enum AppointmentState {
        /// Has a place.
        Booked,
        /// Waits for a place.
        Waitlisted,
        /// Booked, and the member said yes.
        Confirmed,
        /// The patient is there.
        Arrived,
        /// The visit took place.
        Fulfilled,
        /// The patient did not come.
        NoShow,
        /// Called off.
        Cancelled,
    }
}
layout! {
    /// What was agreed when a place was taken.
    struct Terms {
        /// Until then the patient may move or cancel without consequences.
        cancel_by: Moment,
        /// From then on the patient may be marked as not having come.
        no_show_from: Moment,
        /// What the member keeps after a late cancellation, in basis points.
        late_cancel_share_bp: u16,
        /// What the member keeps after a no-show, in basis points.
        no_show_share_bp: u16,
    }
}
layout! {
    /// Money held for an appointment.
    struct Escrow {
        /// The account it is held on.
        payer: AccountId,
        /// How much, in fen.
        #[codec(compact)]
        amount_fen: u64,
    }
}
layout! {
    /// An appointment (挂号).
    struct Appointment {
        /// Whose it is.
        patient: PatientId,
        /// The member that is visited.
        member: MemberId,
        /// Who sees the patient.
        practitioner: PractitionerId,
        /// The schedule.
        schedule: ScheduleId,
        /// The slot in it.
        slot: u16,
        /// When the slot begins.
        start: Moment,
        /// Where it stands.
        state: AppointmentState,
        /// What was agreed.
        terms: Terms,
        /// The fee in escrow.
        escrow: Option<Escrow>,
        /// Digest of the grant by which the practitioner prepares.
        pre_visit_grant: Option<Hash>,
        /// The patient's appointment before this one.
        previous: Option<AppointmentId>,
    }
}
layout! {
    /// The records of a visit.
    struct VisitRecords {
        /// How many of them are not retracted.
        standing: u32,
        /// All of them, oldest first.
        records: Vec<RecordId>,
    }
}
layout! {
    /// The number of an invoice.
    struct InvoiceNumber {
        /// The year of issue.
        year: u16,
        /// The member that issued it.
        member: MemberId,
        /// Which of the member's invoices of that year, from 1.
        sequence: u32,
    }
}
layout! {
    /// What the state keeps of the letter that says what an invoice charges.
    struct InvoiceDetails {
        /// Blake2b-256 of the letter.
        envelope: Hash,
        /// To whom it is sealed besides patient and issuer.
        readers: Vec<MemberId>,
    }
}
layout! {
    /// The amounts of an invoice, in fen.
    struct Tally {
        /// The sum of the lines.
        #[codec(compact)]
        total_fen: u64,
        /// What the patient has paid and not got back.
        #[codec(compact)]
        paid_fen: u64,
        /// What the settlement pays to the member.
        #[codec(compact)]
        covered_fen: u64,
        /// What red-letter invoices take back.
        #[codec(compact)]
        refunded_fen: u64,
        /// The settlement that covers it.
        settlement: Option<SettlementId>,
        /// Whether it was cancelled.
        is_cancelled: bool,
    }
}
layout! {
    /// A blue invoice.
    struct Invoice {
        /// Its number.
        number: InvoiceNumber,
        /// Whom it charges.
        patient: PatientId,
        /// The visit it charges for.
        visit: Option<AppointmentId>,
        /// Where the patient was treated.
        setting: Setting,
        /// First and last day of the service, as days since 1970.
        service: (Date, Date),
        /// When it was issued.
        issued_at: Moment,
        /// In which block.
        issued_in: BlockNumber,
        /// What it charges.
        details: InvoiceDetails,
        /// Its amounts.
        tally: Tally,
        /// The patient's invoice before this one.
        previous_of_patient: Option<InvoiceId>,
        /// The visit's invoice before this one.
        previous_of_visit: Option<InvoiceId>,
    }
}
layout! {
    /// What became of an invoice at the insurance.
    struct Settled {
        /// Its latest settlement.
        settlement: Option<SettlementId>,
        /// Its latest claim.
        claim: Option<ClaimId>,
    }
}
layout! {
    /// Where and in which visit a patient was treated.
    struct Encounter {
        /// In- or outpatient.
        setting: Setting,
        /// The hospital's level.
        level: Option<HospitalLevel>,
        /// The visit.
        visit: Option<AppointmentId>,
    }
}
layout! {
    /// Who pays what of an invoice, in fen.
    struct Split {
        /// The sum of the lines.
        #[codec(compact)]
        total_fen: u64,
        /// Own expense (自费).
        #[codec(compact)]
        own_fen: u64,
        /// Paid by the patient before the rest is eligible (先行自付).
        #[codec(compact)]
        prepay_fen: u64,
        /// Flat shares of the fund.
        #[codec(compact)]
        flat_fen: u64,
        /// What deductible and bands decided on.
        #[codec(compact)]
        eligible_fen: u64,
        /// The deductible taken (起付线).
        #[codec(compact)]
        deductible_fen: u64,
        /// Paid by the pool (统筹基金).
        #[codec(compact)]
        pool_fen: u64,
        /// What counts towards the start of the second tier.
        #[codec(compact)]
        second_base_fen: u64,
        /// Paid by the second tier (大病保险).
        #[codec(compact)]
        second_fen: u64,
        /// Medical aid (医疗救助).
        #[codec(compact)]
        aid_fen: u64,
        /// Paid from the personal account (个人账户).
        #[codec(compact)]
        account_fen: u64,
        /// Paid by the patient in cash.
        #[codec(compact)]
        cash_fen: u64,
        /// Whether an admission begins with it.
        starts_admission: bool,
    }
}
layout! {
    /// Where a settlement stands.
    enum SettlementState {
        /// It counts.
        Live,
        /// It was taken back.
        Reversed,
    }
}
layout! {
    /// A stay of which settlements are part.
    struct Admission {
        /// Its visit.
        visit: Option<AppointmentId>,
        /// What of it was eligible, in fen.
        #[codec(compact)]
        eligible_fen: u64,
        /// What was taken of its deductible, in fen.
        #[codec(compact)]
        deductible_fen: u64,
    }
}
layout! {
    /// A settlement (医保结算).
    struct Settlement {
        /// What it settles.
        invoice: InvoiceId,
        /// By which coverage.
        coverage: CoverageId,
        /// Who issued the invoice.
        member: MemberId,
        /// Where and in which visit the patient was treated.
        encounter: Encounter,
        /// The first and the last service day, as days since 1970.
        service: (Date, Date),
        /// The scheme's version, by its first service day.
        version: Date,
        /// Who pays what.
        split: Split,
        /// What went to the member, in fen.
        #[codec(compact)]
        to_member_fen: u64,
        /// The claim by which it was decided.
        claim: Option<ClaimId>,
        /// When.
        settled_at: Moment,
        /// Whether it still counts.
        state: SettlementState,
        /// The admission that was the latest before.
        admission_before: Option<Admission>,
        /// The coverage's settlement before this one.
        previous: Option<SettlementId>,
        /// The coverage's settlement before this one that counted then.
        previous_live: Option<SettlementId>,
        /// The invoice's settlement before this one.
        previous_of_invoice: Option<SettlementId>,
    }
}

layout! {
    /// What the chain keeps of a token that it accepted.
    struct Stamp {
        /// The time authority.
        authority: MemberId,
        /// By which of its certificates the token was verified.
        certificates: u32,
        /// The block whose hash is stamped.
        block: BlockNumber,
        /// The token's time.
        time: Moment,
        /// By how many milliseconds the time may be wrong, if the token says.
        accuracy_ms: Option<u64>,
        /// Blake2b-256 of the token.
        token: Hash,
        /// Size of the token in bytes.
        token_bytes: u32,
        /// The block that holds the transaction with the token.
        recorded_in: BlockNumber,
        /// The place of the transaction in that block.
        extrinsic: u32,
    }
}

/// A certificate in DER, in hexadecimal where JSON is written.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Certificate(#[serde(with = "hex::serde")] pub Vec<u8>);

layout! {
    /// Certificates of a time-stamping service, as the council registered them.
    struct Certificates {
        /// The service's own first, each issued by the next.
        certificates: Vec<Certificate>,
        /// SHA-256 of the service's key in its DER form.
        key: Hash,
        /// When they were registered.
        registered_at: Moment,
        /// When they were withdrawn, if they were.
        withdrawn_at: Option<Moment>,
    }
}

impl Split {
    /// What the fund pays, in fen.
    pub fn fund_fen(&self) -> u64 {
        [self.flat_fen, self.pool_fen, self.second_fen, self.aid_fen]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}
