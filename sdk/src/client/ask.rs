//! Signed questions, answered in the runtime's own types.

use codec::Decode;
use jsonrpsee::rpc_params;
use pallet_appointments::{reads::SchedulePage, types::Appointment};
use pallet_audit::types::{Case, Disclosure};
use pallet_insurance::{
    reads::{CoverageView, PreSettlement, Waiting},
    refunds::FlaggedRefund,
    types::{Claim, Settlement},
};
use pallet_payments::{
    reads::{Document, InvoiceStatus},
    types::{Payments as PaymentList, RedLetter},
};
use pallet_records::{
    grants::Grant,
    reading::AccessEntry,
    reads::{Page, Unreviewed},
    requests::AccessRequest,
    types::{KeyProgress, Reader, Record, RecordVersion, SealedKey},
};
use serde_json::value::RawValue;
use sp_runtime::DispatchError;
use xinglin_primitives::{
    AccessRequestId, AccountId, AppointmentId, BlockNumber, CaseId, ClaimId, DisclosureId,
    EmergencyId, GrantId, Hash, InvoiceId, Party, RecordId, SettlementId,
};
use xinglin_rpc_api::questions::{
    self as ask, signed_text, Auth, Challenge, Form, Question, SignedQuestion,
};
use xinglin_runtime::apis::{AccountBalance, SchemeInForce, Trail};

use super::{decode_hex, Client, ClientError};
use crate::keys::{address_of, KeyPair};

/// A question whose answer has a type.
pub trait Answered: Question {
    /// What the runtime's function returns.
    type Answer: Decode;
}

macro_rules! answers {
    ($($question:ident => $answer:ty,)*) => {
        $(impl Answered for ask::$question {
            type Answer = $answer;
        })*
    };
}

answers! {
    AccessLog => Page<AccessEntry<AccountId, BlockNumber>>,
    AccessRequests => Vec<(AccessRequestId, AccessRequest)>,
    Appointments => Vec<(AppointmentId, Appointment<AccountId>)>,
    AwaitedDisclosures => Vec<(DisclosureId, Disclosure)>,
    Balance => Option<AccountBalance>,
    Bookings => Option<SchedulePage<AccountId>>,
    Case => Option<Case>,
    CaseRequests => Vec<(DisclosureId, Disclosure)>,
    Cases => Vec<(CaseId, Case)>,
    Coverages => Vec<CoverageView<AccountId>>,
    DisclosureRequests => Vec<(DisclosureId, Disclosure)>,
    Emergencies => Vec<(EmergencyId, Unreviewed)>,
    Findings => Vec<(CaseId, Case)>,
    FlaggedClaims => Vec<(ClaimId, Waiting<Claim>)>,
    FlaggedRefunds => Vec<(InvoiceId, Waiting<FlaggedRefund>)>,
    Grants => Vec<(GrantId, Grant)>,
    GrantsTo => Page<(GrantId, Grant)>,
    Invoice => Option<Document>,
    Invoices => Vec<InvoiceStatus>,
    KeyProgress => KeyProgress,
    OpenClaims => Vec<(ClaimId, Claim)>,
    Payments => PaymentList,
    PreSettle => Result<PreSettlement, DispatchError>,
    RecordKey => Option<(Reader<AccountId>, SealedKey)>,
    RecordVersions => Vec<RecordVersion>,
    Records => Page<(RecordId, Record)>,
    RedLetters => Vec<(InvoiceId, RedLetter)>,
    Scheme => Option<SchemeInForce>,
    Settlements => Vec<(SettlementId, Settlement)>,
    Trail => Option<Trail>,
    UnpaidInvoices => Vec<InvoiceStatus>,
}

impl Client {
    /// Asks what only some may, in one's own name.
    pub async fn ask<Q: Answered>(
        &self,
        key: &KeyPair,
        question: &Q,
    ) -> Result<Q::Answer, ClientError> {
        self.ask_for(key, None, question).await
    }

    /// Asks as a regulator for an open case.
    pub async fn ask_for<Q: Answered>(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        question: &Q,
    ) -> Result<Q::Answer, ClientError> {
        let answer: String = self.question(key, case, question, Form::Scale).await?;
        decode_hex(&answer, "the answer to a question")
    }

    /// Asks, and gets the answer as JSON for people and scripts.
    pub async fn ask_json<Q: Question>(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        question: &Q,
    ) -> Result<serde_json::Value, ClientError> {
        self.question(key, case, question, Form::Json).await
    }

    /// The ciphertext with a content hash, for those who may read its record now; `None` if no block
    /// carries it. That it has the hash is for the [envelope](crate::envelope) to check.
    pub async fn record_ciphertext(
        &self,
        key: &KeyPair,
        content: Hash,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        self.record_ciphertext_as(key, None, content).await
    }

    /// As [`record_ciphertext`](Self::record_ciphertext), as the party for which the key acts.
    pub async fn record_ciphertext_as(
        &self,
        key: &KeyPair,
        party: Option<Party>,
        content: Hash,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        let question = ask::RecordCiphertext { content, party };
        self.ciphertext(key, &question).await
    }

    /// The envelope that says what the lines of a blue invoice are, for those whom it concerns.
    pub async fn invoice_envelope(
        &self,
        key: &KeyPair,
        invoice: InvoiceId,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        self.ciphertext(key, &ask::InvoiceEnvelope { invoice })
            .await
    }

    async fn ciphertext<Q: Question>(
        &self,
        key: &KeyPair,
        question: &Q,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        let answer: Option<String> = self.question(key, None, question, Form::Scale).await?;
        answer
            .map(|text| super::bytes_of_hex(&text, "a ciphertext"))
            .transpose()
    }

    pub(super) async fn question<Q: SignedQuestion, T: serde::de::DeserializeOwned>(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        question: &Q,
        form: Form,
    ) -> Result<T, ClientError> {
        let (question, auth) = self.signed(key, case, question).await?;
        self.request(Q::METHOD, rpc_params![question, auth, form])
            .await
    }

    /// A question as its asker signs it.
    pub(super) async fn signed<Q: SignedQuestion>(
        &self,
        key: &KeyPair,
        case: Option<CaseId>,
        question: &Q,
    ) -> Result<(Box<RawValue>, Auth), ClientError> {
        let account = key.account();
        let given: Challenge = self
            .request("xinglin_challenge", rpc_params![address_of(&account)])
            .await?;
        let undecodable = |_| ClientError::Undecodable { what: "a question" };
        let question: Box<RawValue> =
            serde_json::value::to_raw_value(question).map_err(undecodable)?;
        let genesis = self.genesis();
        let text = signed_text(&genesis, &given.challenge, Q::METHOD, case, question.get());
        let signature = codec::Encode::encode(&key.sign(text.as_bytes())).into();
        let auth = Auth {
            account,
            challenge: given.challenge,
            case,
            signature,
        };
        Ok((question, auth))
    }
}
