//! Questions that only some may ask, each signed by the asker.
//!
//! A client fetches a challenge (`xinglin_challenge`), writes the question's [signed text], signs it
//! and calls the question's method with two parameters: the question and an [`Auth`]. A third one
//! chooses the form of the answer, [`Form`]. Each challenge serves one question and expires.
//!
//! An account may ask a node 4,096 questions within a minute, those that are refused included;
//! accounts that are neither registered nor act for anybody have this quota together
//! ([`codes::QUESTION_QUOTA`](crate::codes::QUESTION_QUOTA)).
//!
//! | method | about | answer |
//! |---|---|---|
//! | `xinglin_records` | a patient's records, newest first | page of records |
//! | `xinglin_recordVersions` | a record | its versions, oldest first |
//! | `xinglin_recordCiphertext` | a record, by content hash | the ciphertext |
//! | `xinglin_recordKey` | a record | the asker's sealed key of a version; a session key's is [its owner's](RecordKey) |
//! | `xinglin_keyProgress` | a patient's sealed keys | how many are under the key of now |
//! | `xinglin_grants` | a patient's grants | list |
//! | `xinglin_grantsTo` | grants to a practitioner or member | page, newest first |
//! | `xinglin_accessRequests` | requests for access to a patient | list |
//! | `xinglin_accessLog` | who read a patient's records, or tried | page, newest first |
//! | `xinglin_appointments` | a patient's appointments | list, newest first |
//! | `xinglin_bookings` | a schedule's bookings | page of whole slots |
//! | `xinglin_trail` | an appointment and what came of it, as far as it is [the asker's](Trail) | trail |
//! | `xinglin_invoice` | an invoice | the document |
//! | `xinglin_invoiceEnvelope` | what the lines of an invoice are | the envelope |
//! | `xinglin_invoices` | a patient's invoices | list, newest first |
//! | `xinglin_unpaidInvoices` | a member's unpaid invoices | list, oldest first |
//! | `xinglin_payments` | an invoice's payments | list |
//! | `xinglin_redLetters` | an invoice's red-letter invoices | list |
//! | `xinglin_preSettle` | what a settlement would bring now, [within what the asker may allow](PreSettle) | the split, or the chain's error |
//! | `xinglin_coverages` | a patient's coverages, accumulators, account; an insurer is told [its own](Coverages) | list |
//! | `xinglin_scheme` | the rules of a scheme on a day, which [anybody](Scheme) may ask for | scheme, version, parameters |
//! | `xinglin_balance` | what is on an account: one's own, or [that of whom one acts for](Balance) | on-chain CNY, free and held |
//! | `xinglin_settlements` | an invoice's settlements; an insurer is told [its own](Settlements) | list, newest first |
//! | `xinglin_openClaims` | claims with flags that wait for an insurer | list, oldest first |
//! | `xinglin_flaggedClaims` | the same with due times; without an insurer those of all, for a regulator | list, oldest first |
//! | `xinglin_flaggedRefunds` | invoices refunded soon after they had been settled that wait for an insurer, or any | list |
//! | `xinglin_findings` | a regulator's closed cases | list, newest first |
//! | `xinglin_case` | one of the asker's cases, open or closed | case |
//! | `xinglin_caseRequests` | the requests of a case and what became of them | list, oldest first |
//! | `xinglin_emergencies` | emergencies that no regulator has reviewed | list, oldest first |
//! | `xinglin_cases` | a regulator's open cases | list, oldest first |
//! | `xinglin_disclosureRequests` | what a member is asked to disclose | list, first due first |
//! | `xinglin_awaitedDisclosures` | what a regulator waits for | list, first due first |
//!
//! [signed text]: signed_text

use codec::Encode;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use xinglin_primitives::{
    privacy::Topic, time::Date, AccountId, AppointmentId, CaseId, ClaimId, CoverageId,
    DisclosureId, EmergencyId, Hash, InvoiceId, MemberId, Party, PatientId, PractitionerId,
    RecordId, ScheduleId, SchemeId, SettlementId,
};

use crate::Bytes;

/// Items of a page if the question does not say.
pub const PAGE_DEFAULT: u32 = 20;

/// A challenge of this node: good for one question by one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// What the signature must cover.
    pub challenge: Bytes,
    /// Until when it is good, in milliseconds since 1970 by the node's clock.
    pub expires_at: u64,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// The account, as an address.
    pub account: AccountId,
    /// The challenge that the node gave for it.
    pub challenge: Bytes,
    /// The regulator's open case for which it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// The account's signature of the [signed text](signed_text): 64 bytes of sr25519, or a
    /// `MultiSignature` of any scheme. Wallets that wrap what they sign in `<Bytes>` may.
    pub signature: Bytes,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Form {
    /// JSON with the names of the metadata: bytes in hexadecimal, numbers above 2⁵³ as text.
    #[default]
    Json,
    /// SCALE in hexadecimal, of the output type that the metadata gives the runtime function.
    Scale,
}

/// What the asker signs: lines of UTF-8, without a line feed at the end.
///
/// ```text
/// xinglin-question-v1
/// <genesis hash>
/// <challenge>
/// <method>
/// <number of the case, or ->
/// <the question, exactly as it stands in the request, without white space around it>
/// ```
///
/// Hashes are in lower-case hexadecimal with `0x`.
pub fn signed_text(
    genesis: &Hash,
    challenge: &Bytes,
    method: &str,
    case: Option<CaseId>,
    question: &str,
) -> String {
    let challenge = hex::encode(&challenge.0);
    let case = case.map_or_else(|| "-".to_owned(), |case| case.0.to_string());
    format!("xinglin-question-v1\n{genesis:?}\n0x{challenge}\n{method}\n{case}\n{question}")
}

/// A question that its asker signs.
pub trait SignedQuestion: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The method's name.
    const METHOD: &'static str;
}

/// A question that a function of the runtime answers.
pub trait Question: SignedQuestion {
    /// The function of the runtime.
    const FUNCTION: &'static str;
    /// Whether the function only says where on the chain the answer is, a ciphertext. It is bytes
    /// in hexadecimal, whichever form is asked for, or `null`.
    const IS_CARRIED: bool = false;

    /// What it is about.
    fn topic(&self) -> Topic;

    /// The function's arguments in SCALE.
    fn arguments(&self, asker: &Auth) -> Vec<u8>;
}

fn page_default() -> u32 {
    PAGE_DEFAULT
}

/// Defines a question: its fields, its method, its topic, and the runtime function with arguments.
macro_rules! question {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* },
        $method:literal,
        |$question:ident, $asker:ident| $topic:expr,
        carried $function:literal $arguments:expr
    ) => {
        question! {
            $(#[$doc])*
            $name { $($(#[$field_doc])* $field: $type,)* },
            $method,
            |$question, $asker| $topic,
            $function $arguments;
            /// It is in a block, where the runtime says.
            const IS_CARRIED: bool = true;
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* },
        $method:literal,
        |$question:ident, $asker:ident| $topic:expr,
        $function:literal $arguments:expr
        $(; $($rest:tt)*)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl SignedQuestion for $name {
            const METHOD: &'static str = $method;
        }

        impl Question for $name {
            const FUNCTION: &'static str = $function;
            $($($rest)*)?

            #[allow(unused_variables, reason = "some topics need nothing of the question")]
            fn topic(&self) -> Topic {
                let $question = self;
                $topic
            }

            fn arguments(&self, $asker: &Auth) -> Vec<u8> {
                let $question = self;
                $arguments.encode()
            }
        }
    };
}

/// A record, asked about in the account's own name or as the party for which it acts.
fn record_topic(record: RecordId, party: Option<Party>) -> Topic {
    match party {
        None => Topic::Record(record),
        Some(party) => Topic::RecordAs(record, party),
    }
}

/// Whom something is granted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Holder {
    /// A practitioner.
    Practitioner(PractitionerId),
    /// A member.
    Member(MemberId),
}

question! {
    /// The records of a patient, newest first.
    Records {
        /// Whose.
        patient: PatientId,
        /// Those before this place in the file; the newest without it.
        #[serde(default)]
        before: Option<u64>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_records",
    |q, _asker| Topic::File(q.patient),
    "RecordsApi_records_of" (q.patient, None::<u8>, q.before, q.limit)
}
question! {
    /// The versions of a record, oldest first.
    RecordVersions {
        /// Which.
        record: RecordId,
        /// As [`RecordKey::party`].
        #[serde(default)]
        party: Option<Party>,
    },
    "xinglin_recordVersions",
    |q, _asker| record_topic(q.record, q.party),
    "RecordsApi_versions_of" (q.record,)
}
question! {
    /// The asker's sealed key of one version of a record: as the patient, her delegate, a practitioner
    /// or a member, whichever the account is itself. A session key names in `party` for whom it acts,
    /// and gets the key that is sealed to that party and opens with the party's secret.
    RecordKey {
        /// Which.
        record: RecordId,
        /// Which version, from 1.
        version: u16,
        /// As whom, as `{"practitioner": 3}`, if the account acts for somebody: a session key for its
        /// owner.
        #[serde(default)]
        party: Option<Party>,
    },
    "xinglin_recordKey",
    |q, asker| record_topic(q.record, q.party),
    "RecordsApi_key_for" (&asker.account, q.record, q.version, q.party)
}
question! {
    /// The ciphertext of a version of a record.
    RecordCiphertext {
        /// Blake2b-256 of the ciphertext.
        content: Hash,
        /// As [`RecordKey::party`].
        #[serde(default)]
        party: Option<Party>,
    },
    "xinglin_recordCiphertext",
    |q, _asker| match q.party {
        None => Topic::Content(q.content),
        Some(party) => Topic::ContentAs(q.content, party),
    },
    carried "PrivacyApi_record_ciphertext" (q.content,)
}
question! {
    /// The envelope that says what the lines of a blue invoice are.
    InvoiceEnvelope {
        /// Which.
        invoice: InvoiceId,
    },
    "xinglin_invoiceEnvelope",
    |q, _asker| Topic::Invoice(q.invoice),
    carried "PrivacyApi_invoice_envelope" (q.invoice,)
}
question! {
    /// How many of a patient's sealed keys are under her encryption key of now.
    KeyProgress {
        /// Whose.
        patient: PatientId,
    },
    "xinglin_keyProgress",
    |q, _asker| Topic::File(q.patient),
    "RecordsApi_key_progress" (q.patient,)
}
question! {
    /// The live grants of a patient.
    Grants {
        /// Whose.
        patient: PatientId,
    },
    "xinglin_grants",
    |q, _asker| Topic::File(q.patient),
    "RecordsApi_grants_of" (q.patient,)
}
question! {
    /// The live grants to a practitioner or member, newest first.
    GrantsTo {
        /// To whom.
        holder: Holder,
        /// Those before this place in the list; the newest without it.
        #[serde(default)]
        before: Option<u64>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_grantsTo",
    |q, _asker| match q.holder {
        Holder::Practitioner(id) => Topic::Practitioner(id),
        Holder::Member(id) => Topic::Member(id),
    },
    "RecordsApi_grants_to" (q.holder, q.before, q.limit)
}
question! {
    /// The requests for access that a patient has not answered.
    AccessRequests {
        /// Whose.
        patient: PatientId,
    },
    "xinglin_accessRequests",
    |q, _asker| Topic::File(q.patient),
    "RecordsApi_requests_of" (q.patient,)
}
question! {
    /// Who opened a patient's records, or tried to, newest first.
    AccessLog {
        /// Whose.
        patient: PatientId,
        /// Those before this place in the log; the newest without it.
        #[serde(default)]
        before: Option<u64>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_accessLog",
    |q, _asker| Topic::File(q.patient),
    "RecordsApi_access_log" (q.patient, q.before, q.limit)
}
question! {
    /// The appointments of a patient, newest first.
    Appointments {
        /// Whose.
        patient: PatientId,
        /// Those made before this one; the newest without it.
        #[serde(default)]
        before: Option<AppointmentId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_appointments",
    |q, _asker| Topic::Visits(q.patient),
    "AppointmentsApi_appointments_of" (q.patient, q.before, q.limit)
}
question! {
    /// The bookings of a schedule.
    Bookings {
        /// Which.
        schedule: ScheduleId,
        /// From which slot on.
        #[serde(default)]
        first_slot: u16,
    },
    "xinglin_bookings",
    |q, _asker| Topic::Schedule(q.schedule),
    "AppointmentsApi_appointments_in" (q.schedule, q.first_slot)
}
question! {
    /// The trail of a visit: booking, records, invoices, settlements. What the asker is not told is
    /// empty, and `withheld` names it, whether or not there is anything:
    ///
    /// | part | told to |
    /// |---|---|
    /// | booking | all who may ask: the patient, delegates who book or read for her, the practitioner, the member's accounts |
    /// | `Records` | the patient, delegates who read for her, the practitioner, the member's accounts |
    /// | `Invoices`, with settlements | the patient, delegates who pay for her, the member's accounts |
    ///
    /// A regulator asks for an open case about one of them, and is told all.
    ///
    /// Invoices come newest first, up to 100 on a page; `next`, if there is one, is the `before` of
    /// the next page. Of an invoice with more than 100 settlements the oldest one here names the one
    /// before it (`previous_of_invoice`), and [`Settlements`] tells the others. Records are never
    /// more than 64, and on every page.
    Trail {
        /// Which visit.
        appointment: AppointmentId,
        /// The invoices before this one; the newest without it.
        #[serde(default)]
        before: Option<InvoiceId>,
    },
    "xinglin_trail",
    |q, asker| Topic::Appointment(q.appointment),
    "TrailApi_trail_of" (&asker.account, asker.case, q.appointment, q.before)
}
question! {
    /// An invoice, blue or red.
    Invoice {
        /// Which.
        invoice: InvoiceId,
    },
    "xinglin_invoice",
    |q, _asker| Topic::Invoice(q.invoice),
    "PaymentsApi_document" (q.invoice,)
}
question! {
    /// The invoices of a patient, newest first.
    Invoices {
        /// Whose.
        patient: PatientId,
        /// Those before this one; the newest without it.
        #[serde(default)]
        before: Option<InvoiceId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_invoices",
    |q, _asker| Topic::Bills(q.patient),
    "PaymentsApi_invoices_of" (q.patient, q.before, q.limit)
}
question! {
    /// The invoices of a member that are not paid in full, oldest first.
    UnpaidInvoices {
        /// Whose.
        member: MemberId,
        /// Those after this one; the oldest without it.
        #[serde(default)]
        after: Option<InvoiceId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_unpaidInvoices",
    |q, _asker| Topic::Member(q.member),
    "PaymentsApi_unpaid_of" (q.member, q.after, q.limit)
}
question! {
    /// The payments of an invoice.
    Payments {
        /// Which.
        invoice: InvoiceId,
    },
    "xinglin_payments",
    |q, _asker| Topic::Invoice(q.invoice),
    "PaymentsApi_payments_of" (q.invoice,)
}
question! {
    /// The red-letter invoices of a blue one, oldest first.
    RedLetters {
        /// The blue one.
        invoice: InvoiceId,
    },
    "xinglin_redLetters",
    |q, _asker| Topic::Invoice(q.invoice),
    "PaymentsApi_red_letters_of" (q.invoice,)
}
question! {
    /// How a settlement would split an invoice now.
    ///
    /// As for the settlement itself, money of the personal account takes the patient, or who may pay
    /// for her: others leave `accountMaxFen` at 0 and else get the error `NeedsPatient`. An insurer
    /// that may open the invoice names a coverage of its own; of any other, it gets `NotItsInsurer`.
    PreSettle {
        /// The invoice.
        invoice: InvoiceId,
        /// The coverage of its patient.
        coverage: CoverageId,
        /// Most of the personal account to use, in fen.
        #[serde(default)]
        account_max_fen: u64,
    },
    "xinglin_preSettle",
    |q, asker| Topic::Invoice(q.invoice),
    "InsuranceApi_pre_settle" (
        &asker.account,
        asker.case,
        q.invoice,
        q.coverage,
        u128::from(q.account_max_fen),
    )
}
question! {
    /// The coverages of a patient with the accumulators of a year: all of them for her, who may pay
    /// for her and a regulator's case; for an insurer its own, ended ones included.
    Coverages {
        /// Whose.
        patient: PatientId,
        /// The year; this one without it.
        #[serde(default)]
        year: Option<u16>,
        /// How many to pass over.
        #[serde(default)]
        skip: u32,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_coverages",
    |q, asker| Topic::Cover(q.patient),
    "InsuranceApi_coverages_of" (
        &asker.account,
        asker.case,
        q.patient,
        q.year,
        q.skip,
        q.limit,
    )
}
question! {
    /// A scheme with the parameters in force for services on a day: deductibles, bands, ratios, caps.
    /// They are published rules, the same for all who are covered: any account may ask, also one that
    /// nobody knows. Which scheme covers somebody, her coverages tell. `null` if there is no such
    /// scheme, or it had not begun.
    Scheme {
        /// Which.
        scheme: SchemeId,
        /// The service day, in days since 1970-01-01 in UTC+8; today without it.
        #[serde(default)]
        date: Option<Date>,
    },
    "xinglin_scheme",
    |q, _asker| Topic::Published,
    "InsuranceApi_scheme_on" (q.scheme, q.date)
}
question! {
    /// What an account has of on-chain CNY, in fen: what can be spent, and what is held. Without `of`
    /// it is the account that asks. A patient's is told to her and to who may pay for her, a
    /// member's to its accounts, a practitioner's to her and her session keys; a regulator names a
    /// case about them. `null` if there is no such party.
    Balance {
        /// Whose main account, as `{"patient": 7}`; the asker's own account without it.
        #[serde(default)]
        of: Option<Party>,
    },
    "xinglin_balance",
    |q, asker| match q.of {
        None => Topic::OwnAccount,
        Some(Party::Patient(id)) => Topic::Bills(id),
        Some(Party::Practitioner(id)) => Topic::Practitioner(id),
        Some(Party::Member(id)) => Topic::Member(id),
    },
    "PaymentsApi_balance_of" (&asker.account, q.of)
}
question! {
    /// The settlements of an invoice, newest first, reversed ones included: all of them for the
    /// patient, who may pay for her, the member that issued it and a regulator's case; for an insurer
    /// those by its own schemes.
    Settlements {
        /// Which.
        invoice: InvoiceId,
        /// Those before this one; the newest without it.
        #[serde(default)]
        before: Option<SettlementId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_settlements",
    |q, asker| Topic::Invoice(q.invoice),
    "InsuranceApi_settlements_of" (&asker.account, asker.case, q.invoice, q.before, q.limit)
}
question! {
    /// The flagged claims that wait for an insurer, oldest first.
    OpenClaims {
        /// Whose.
        insurer: MemberId,
        /// Those after this one; the oldest without it.
        #[serde(default)]
        after: Option<ClaimId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_openClaims",
    |q, _asker| Topic::Member(q.insurer),
    "InsuranceApi_open_claims" (q.insurer, q.after, q.limit)
}
question! {
    /// The flagged claims that wait for an insurer, with when they are due; for a regulator those of
    /// all.
    FlaggedClaims {
        /// Whose; all of them without it.
        #[serde(default)]
        insurer: Option<MemberId>,
        /// Those after this one; the first without it.
        #[serde(default)]
        after: Option<ClaimId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_flaggedClaims",
    |q, _asker| q.insurer.map_or(Topic::Oversight, Topic::Member),
    "InsuranceApi_flagged_claims" (q.insurer, q.after, q.limit)
}
question! {
    /// The invoices refunded soon after they had been settled that wait for an insurer's review, with
    /// when it is due; for a regulator those of all.
    FlaggedRefunds {
        /// Whose; all of them without it.
        #[serde(default)]
        insurer: Option<MemberId>,
        /// Those after this one; the first without it.
        #[serde(default)]
        after: Option<InvoiceId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_flaggedRefunds",
    |q, _asker| q.insurer.map_or(Topic::Oversight, Topic::Member),
    "InsuranceApi_flagged_refunds" (q.insurer, q.after, q.limit)
}
question! {
    /// The accesses in emergencies that no regulator has reviewed, oldest first.
    Emergencies {
        /// Those after this one; the oldest without it.
        #[serde(default)]
        after: Option<EmergencyId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_emergencies",
    |q, _asker| Topic::Oversight,
    "RecordsApi_unreviewed_emergencies" (q.after, q.limit)
}
question! {
    /// The open cases of a regulator, oldest first.
    Cases {
        /// Whose.
        regulator: MemberId,
        /// Those after this one; the oldest without it.
        #[serde(default)]
        after: Option<CaseId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_cases",
    |q, _asker| Topic::Member(q.regulator),
    "AuditApi_open_cases_of" (q.regulator, q.after, q.limit)
}
question! {
    /// The closed cases of a regulator with what it found, newest first.
    Findings {
        /// Whose.
        regulator: MemberId,
        /// Those opened before this one; the newest without it.
        #[serde(default)]
        before: Option<CaseId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_findings",
    |q, _asker| Topic::Member(q.regulator),
    "AuditApi_closed_cases_of" (q.regulator, q.before, q.limit)
}
question! {
    /// A case of the asker's regulator, open or closed.
    Case {
        /// Which.
        case: CaseId,
    },
    "xinglin_case",
    |q, _asker| Topic::Case(q.case),
    "AuditApi_case" (q.case,)
}
question! {
    /// The requests of a case and what became of them, oldest first.
    CaseRequests {
        /// Which case.
        case: CaseId,
        /// Those after this one; the oldest without it.
        #[serde(default)]
        after: Option<DisclosureId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_caseRequests",
    |q, _asker| Topic::Case(q.case),
    "AuditApi_requests_of" (q.case, q.after, q.limit)
}
question! {
    /// What a member is asked to disclose, the first due first.
    DisclosureRequests {
        /// Who is asked.
        member: MemberId,
        /// Those after this one; the first without it.
        #[serde(default)]
        after: Option<DisclosureId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_disclosureRequests",
    |q, _asker| Topic::Member(q.member),
    "AuditApi_open_requests_of" (q.member, q.after, q.limit)
}
question! {
    /// The disclosures for which a regulator waits, the first due first.
    AwaitedDisclosures {
        /// Who waits.
        regulator: MemberId,
        /// Only those that should be there.
        #[serde(default)]
        is_overdue: bool,
        /// Those after this one; the first without it.
        #[serde(default)]
        after: Option<DisclosureId>,
        /// Most items, up to 100.
        #[serde(default = "page_default")]
        limit: u32,
    },
    "xinglin_awaitedDisclosures",
    |q, _asker| Topic::Member(q.regulator),
    "AuditApi_awaited_by" (q.regulator, q.is_overdue, q.after, q.limit)
}
