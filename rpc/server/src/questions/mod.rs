//! Signed questions: who asks is verified, the runtime says whether she may, then answers.
//!
//! All questions take the same way, in this order, so that what costs least refuses first: the
//! challenge, the signature, the use of the challenge in the share of who asks, the runtime's policy
//! (`PrivacyApi_may_ask`), the answer; policy and answer on the state after one and the same block.
//! What is refused uses its challenge up, too: else who has seen the question could ask it again, and
//! be answered once the asker may ask it. What a regulator asks for a case is put on the record before
//! the answer leaves; a node that keeps no record does not answer it.

mod challenges;
mod record;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use codec::{Decode, Encode};
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::{
    types::{ErrorObjectOwned, Params},
    RpcModule,
};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{value::RawValue, Value};
use sp_runtime::traits::Verify;
use xinglin_core::StateError;
use xinglin_decoding::{Answer, Schema, METADATA_VERSION};
use xinglin_primitives::{
    privacy::{Location, Refusal, Topic},
    AccountId, Hash, MultiSignature,
};
use xinglin_rpc_api::{
    codes,
    questions::{self as ask, signed_text, Auth, Challenge, Form, Question, SignedQuestion},
    Bytes,
};

use self::challenges::{BadChallenge, Challenges, Share};
pub(crate) use self::record::NoRecord;
use crate::{
    error::{error_with_data, ServerError},
    node::Node,
    runtime,
    state::StateApiError,
};

/// Bytes of a question's text.
const QUESTION_BYTES_MAX: usize = 4_096;
/// Bytes of an sr25519 or ed25519 signature that does not name its scheme.
const PLAIN_SIGNATURE_BYTES: usize = 64;

/// Why a question is not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum QuestionError {
    /// The server, the database or the runtime.
    #[error(transparent)]
    State(#[from] StateApiError),
    /// The parameters are not those of the method.
    #[error("the question does not parse: {0}")]
    Malformed(String),
    /// The challenge.
    #[error("{0}")]
    Challenge(#[from] BadChallenge),
    /// The signature.
    #[error("the signature of the question does not verify for this account")]
    Signature,
    /// The policy.
    #[error("the question is refused")]
    Refused(#[from] Refusal),
    /// A regulator's question cannot be put on the record.
    #[error("the node cannot put the question on the record")]
    NoRecord(#[from] NoRecord),
    /// The rules.
    #[error("the chain's rules give no answer")]
    NoAnswer(Value),
}

impl From<ServerError> for QuestionError {
    fn from(error: ServerError) -> Self {
        Self::State(error.into())
    }
}

impl From<StateError> for QuestionError {
    fn from(error: StateError) -> Self {
        Self::State(error.into())
    }
}

impl From<xinglin_core::StoreError> for QuestionError {
    fn from(error: xinglin_core::StoreError) -> Self {
        Self::State(ServerError::from(error).into())
    }
}

impl From<QuestionError> for ErrorObjectOwned {
    fn from(error: QuestionError) -> Self {
        let message = error.to_string();
        let (code, data) = match error {
            QuestionError::State(error) => return error.into(),
            QuestionError::Malformed(_) => (
                jsonrpsee::types::error::INVALID_PARAMS_CODE,
                "the parameters are the question, an object {account, challenge, signature}, and \
                 optionally \"json\" or \"scale\""
                    .to_owned(),
            ),
            QuestionError::Challenge(why) => {
                let (code, remedy) = remedy_of(why);
                (code, remedy.to_owned())
            }
            QuestionError::Signature => (
                codes::QUESTION_SIGNATURE,
                "sign the lines xinglin-question-v1, genesis hash, challenge, method, case or -, \
                 and the question as it stands in the request"
                    .to_owned(),
            ),
            QuestionError::Refused(refusal) => (codes::QUESTION_REFUSED, refusal.to_string()),
            QuestionError::NoRecord(why) => (codes::EXPLORER_NO_ANCHOR, why.to_string()),
            QuestionError::NoAnswer(error) => {
                return Self::owned(codes::QUESTION_NO_ANSWER, message, Some(error))
            }
        };
        error_with_data(code, &message, data)
    }
}

/// The code of a problem with a challenge, and what to do about it.
fn remedy_of(problem: BadChallenge) -> (i32, &'static str) {
    match problem {
        BadChallenge::Unknown | BadChallenge::Expired | BadChallenge::Used => (
            codes::QUESTION_CHALLENGE,
            "fetch one with xinglin_challenge and ask at once; each is good for one question",
        ),
        BadChallenge::AccountQuota => (
            codes::QUESTION_QUOTA,
            "wait a minute and ask with a new challenge, or ask another node; ask for larger pages, or \
             share the questions out among service accounts",
        ),
        BadChallenge::StrangersQuota => (
            codes::QUESTION_QUOTA,
            "ask with an account that is registered or acts for somebody; or wait a minute and ask with \
             a new challenge, or ask another node",
        ),
        BadChallenge::Full => (
            codes::QUESTION_FULL,
            "wait a minute and ask with a new challenge, or ask another node",
        ),
    }
}

/// The parameters of every question.
#[derive(Deserialize)]
pub(crate) struct Request {
    question: Box<RawValue>,
    /// Who asks.
    pub(crate) auth: Auth,
    #[serde(default)]
    form: Form,
}

impl Request {
    /// The parameters of a call.
    pub(crate) fn parse(params: &Params<'_>) -> Result<Self, QuestionError> {
        params
            .parse()
            .map_err(|error| QuestionError::Malformed(error.message().to_owned()))
    }
}

/// What answering takes besides the node.
pub(crate) struct Questions {
    node: Arc<Node>,
    challenges: Challenges,
    started: Instant,
    /// The schema of the runtime that answered last, by the version of its rules.
    schema: Mutex<Option<(u32, Arc<Schema>)>>,
}

impl Questions {
    pub(crate) fn new(node: Arc<Node>) -> Arc<Self> {
        Arc::new(Self {
            node,
            challenges: Challenges::new(),
            started: Instant::now(),
            schema: Mutex::default(),
        })
    }

    /// Milliseconds since the start: a clock that nobody sets.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A challenge for an account.
    pub(crate) fn challenge(&self, account: &AccountId) -> Challenge {
        let now_ms = self.now_ms();
        let (challenge, expires_ms) = self.challenges.issue(account, now_ms);
        let left = Duration::from_millis(expires_ms.saturating_sub(now_ms));
        let expires_at = (SystemTime::now() + left).duration_since(UNIX_EPOCH);
        Challenge {
            challenge: challenge.into(),
            expires_at: expires_at.map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }),
        }
    }

    /// What is asked by whom: the account has signed it, now and for the first time.
    pub(crate) fn authenticated<Q: SignedQuestion>(
        &self,
        request: &Request,
    ) -> Result<Q, QuestionError> {
        let question = serde_json::from_str(request.question.get())
            .map_err(|error| QuestionError::Malformed(error.to_string()))?;
        self.authenticate(Q::METHOD, request)?;
        Ok(question)
    }

    /// The first of these topics about which the runtime, after a block, lets the asker ask.
    pub(crate) fn admit(
        &self,
        at: Hash,
        auth: &Auth,
        topics: &[Topic],
    ) -> Result<Topic, QuestionError> {
        let mut refusal = Refusal::NotConcerned;
        for topic in topics {
            let who = (&auth.account, topic, auth.case).encode();
            match runtime::call(&*self.node.state, at, "PrivacyApi_may_ask", &who)? {
                Ok(()) => return Ok(*topic),
                Err(reason) => refusal = reason,
            }
        }
        Err(refusal.into())
    }

    fn authenticate(&self, method: &str, request: &Request) -> Result<(), QuestionError> {
        let Auth {
            account,
            challenge,
            signature,
            ..
        } = &request.auth;
        let question = request.question.get();
        if question.len() > QUESTION_BYTES_MAX {
            let reason = format!(
                "{} bytes, the limit is {QUESTION_BYTES_MAX}",
                question.len()
            );
            return Err(QuestionError::Malformed(reason));
        }
        self.challenges
            .check(account, &challenge.0, self.now_ms())?;
        let text = self.signed_text(method, request);
        let signature = signature_of(&signature.0).ok_or(QuestionError::Signature)?;
        let wrapped = format!("<Bytes>{text}</Bytes>");
        let is_signed = [text, wrapped]
            .iter()
            .any(|text| signature.verify(text.as_bytes(), account));
        if !is_signed {
            return Err(QuestionError::Signature);
        }
        let share = self.share_of(account)?;
        Ok(self.challenges.redeem(&challenge.0, share, self.now_ms())?)
    }

    /// In whose share an account uses challenges: its own if it is registered, even if it is suspended,
    /// or acts for somebody.
    fn share_of(&self, account: &AccountId) -> Result<Share, QuestionError> {
        let at = self.node.tip()?.hash;
        let (state, who) = (&*self.node.state, account.encode());
        // What it is registered as does not matter here.
        let role: Option<()> = runtime::call(state, at, "MembersApi_role_of", &who)?;
        let is_known = role.is_some() || runtime::call(state, at, "MembersApi_is_admitted", &who)?;
        Ok(match is_known {
            true => Share::Of(account.clone()),
            false => Share::Strangers,
        })
    }

    fn signed_text(&self, method: &str, request: &Request) -> String {
        let genesis = &self.node.info.genesis_hash;
        let Auth {
            challenge, case, ..
        } = &request.auth;
        signed_text(genesis, challenge, method, *case, request.question.get())
    }

    fn answer<Q: Question>(&self, request: &Request) -> Result<Value, QuestionError> {
        let question: Q = self.authenticated(request)?;
        let at = self.node.tip()?.hash;
        self.admit(at, &request.auth, &[question.topic()])?;
        let arguments = question.arguments(&request.auth);
        let output = self.node.state.call(at, Q::FUNCTION, &arguments)?;
        self.keep(Q::METHOD, request)?;
        if Q::IS_CARRIED {
            return Ok(match self.carried(at, &output)? {
                Some(ciphertext) => Bytes(ciphertext).to_hex().into(),
                None => Value::Null,
            });
        }
        match request.form {
            Form::Scale => Ok(Bytes(output).to_hex().into()),
            Form::Json => match self.schema(at)?.answer(Q::FUNCTION, &output) {
                Some(Answer::Found(value)) => Ok(value),
                Some(Answer::Refused(error)) => Err(QuestionError::NoAnswer(error)),
                None => {
                    tracing::error!(
                        function = Q::FUNCTION,
                        "rpc: the metadata does not describe an answer"
                    );
                    Err(ServerError::Internal.into())
                }
            },
        }
    }

    /// The ciphertext at the location that the runtime gave.
    fn carried(&self, at: Hash, location: &[u8]) -> Result<Option<Vec<u8>>, QuestionError> {
        let location = Option::<Location>::decode(&mut &location[..]);
        let Ok(Some(Location { block, content })) = location else {
            return Ok(None);
        };
        let Some(block) = self.node.chain.hash_at(block)? else {
            return Ok(None);
        };
        let body = self.node.chain.body(&block)?.unwrap_or_default();
        // A transaction that carries the ciphertext states its hash.
        let states_it = |bytes: &[u8]| {
            bytes
                .windows(Hash::len_bytes())
                .any(|part| part == content.0)
        };
        for extrinsic in body.iter().filter(|bytes| states_it(bytes)) {
            let arguments = (extrinsic.to_vec(), content).encode();
            let state = &*self.node.state;
            let found: Option<Vec<u8>> =
                runtime::call(state, at, "PrivacyApi_carried", &arguments)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The schema of the runtime that is in force after a block.
    pub(crate) fn schema(&self, at: Hash) -> Result<Arc<Schema>, QuestionError> {
        let state = &*self.node.state;
        let version = runtime::version(state, at)?.spec_version;
        if let Some((known, schema)) = &*self.schema.lock() {
            if *known == version {
                return Ok(Arc::clone(schema));
            }
        }
        let arguments = METADATA_VERSION.encode();
        let metadata: Option<Vec<u8>> =
            runtime::call(state, at, "Metadata_metadata_at_version", &arguments)?;
        let schema = metadata.and_then(|metadata| Schema::read(&metadata));
        let schema = Arc::new(schema.ok_or(StateApiError::NoMetadata)?);
        *self.schema.lock() = Some((version, Arc::clone(&schema)));
        Ok(schema)
    }
}

/// A signature as clients write it: plain bytes are sr25519.
fn signature_of(bytes: &[u8]) -> Option<MultiSignature> {
    if bytes.len() == PLAIN_SIGNATURE_BYTES {
        let plain = <[u8; PLAIN_SIGNATURE_BYTES]>::try_from(bytes).ok()?;
        return Some(MultiSignature::Sr25519(plain.into()));
    }
    let mut rest = bytes;
    let signature = MultiSignature::decode(&mut rest).ok()?;
    rest.is_empty().then_some(signature)
}

/// Registers the method of one question.
fn register<Q: Question>(
    module: &mut RpcModule<Arc<Questions>>,
) -> Result<(), RegisterMethodError> {
    module.register_async_method(
        Q::METHOD,
        |params: Params<'static>, questions, _| async move {
            let request = Request::parse(&params)?;
            let questions = Arc::clone(&questions);
            let node = Arc::clone(&questions.node);
            node.read(move |_| questions.answer::<Q>(&request))
                .await
                .map_err(ErrorObjectOwned::from)
        },
    )?;
    Ok(())
}

/// The methods of all questions.
pub(crate) fn methods(
    questions: &Arc<Questions>,
) -> Result<RpcModule<Arc<Questions>>, RegisterMethodError> {
    let mut module = RpcModule::new(Arc::clone(questions));
    let all = [
        register::<ask::AccessLog>,
        register::<ask::AccessRequests>,
        register::<ask::Appointments>,
        register::<ask::AwaitedDisclosures>,
        register::<ask::Balance>,
        register::<ask::Bookings>,
        register::<ask::Cases>,
        register::<ask::Coverages>,
        register::<ask::DisclosureRequests>,
        register::<ask::Emergencies>,
        register::<ask::Grants>,
        register::<ask::GrantsTo>,
        register::<ask::Invoice>,
        register::<ask::InvoiceEnvelope>,
        register::<ask::Invoices>,
        register::<ask::KeyProgress>,
        register::<ask::OpenClaims>,
        register::<ask::FlaggedClaims>,
        register::<ask::FlaggedRefunds>,
        register::<ask::Findings>,
        register::<ask::Case>,
        register::<ask::CaseRequests>,
        register::<ask::Payments>,
        register::<ask::PreSettle>,
        register::<ask::RecordCiphertext>,
        register::<ask::RecordKey>,
        register::<ask::RecordVersions>,
        register::<ask::Records>,
        register::<ask::RedLetters>,
        register::<ask::Scheme>,
        register::<ask::Settlements>,
        register::<ask::Trail>,
        register::<ask::UnpaidInvoices>,
    ];
    for register in all {
        register(&mut module)?;
    }
    Ok(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_with_a_challenge_has_its_code_and_remedy() {
        let (own, quota) = ("fetch one with xinglin_challenge", "wait a minute");
        for (problem, code, remedy) in [
            (BadChallenge::Unknown, 5002, own),
            (BadChallenge::Expired, 5002, own),
            (BadChallenge::Used, 5002, own),
            (BadChallenge::AccountQuota, 5005, quota),
            (BadChallenge::StrangersQuota, 5005, quota),
            (BadChallenge::Full, 5006, quota),
        ] {
            let error = ErrorObjectOwned::from(QuestionError::from(problem));
            assert_eq!(error.code(), code, "{problem}");
            let data = error.data().unwrap().get();
            assert!(data.contains(remedy), "{problem}: {data}");
        }
    }
}
