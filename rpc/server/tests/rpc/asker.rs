//! Who asks signed questions.

use serde_json::{json, Value};
use sp_core::{sr25519, Pair};
use xinglin_primitives::{AccountId, CaseId, Hash};
use xinglin_rpc_api::{questions::signed_text, Bytes};

use crate::{
    fake::{delegate, patient, regulator},
    socket::Ws,
};

/// Who asks, and how she signs.
pub struct Asker {
    /// Her account.
    pub account: AccountId,
    /// Her key.
    pub pair: sr25519::Pair,
}

impl Asker {
    /// The patient 7.
    pub fn patient() -> Self {
        let (account, pair) = patient();
        Self { account, pair }
    }

    /// The regulator who has the case 1.
    pub fn regulator() -> Self {
        let (account, pair) = regulator();
        Self { account, pair }
    }

    /// Who acts for a party, and may ask about nobody.
    pub fn delegate() -> Self {
        let (account, pair) = delegate();
        Self { account, pair }
    }

    /// Nobody in particular.
    pub fn stranger() -> Self {
        Self::seeded(8)
    }

    /// Who has this key.
    pub fn seeded(seed: u8) -> Self {
        let pair = sr25519::Pair::from_seed(&[seed; 32]);
        let account = AccountId::from(pair.public());
        Self { account, pair }
    }

    /// A challenge for her.
    pub async fn challenge(&self, ws: &mut Ws) -> Bytes {
        let given = ws.call("xinglin_challenge", json!([self.account])).await;
        serde_json::from_value(given["challenge"].clone()).unwrap()
    }

    /// The authentication of a question, signed over what is given.
    pub fn auth(&self, genesis: Hash, challenge: &Bytes, method: &str, question: &Value) -> Value {
        self.auth_for(genesis, challenge, method, question, None)
    }

    /// The same for a case.
    pub fn auth_for(
        &self,
        genesis: Hash,
        challenge: &Bytes,
        method: &str,
        question: &Value,
        case: Option<CaseId>,
    ) -> Value {
        let text = signed_text(&genesis, challenge, method, case, &question.to_string());
        let signature = self.pair.sign(text.as_bytes());
        let mut auth = json!({
            "account": self.account,
            "challenge": challenge,
            "signature": Bytes(signature.0.to_vec()),
        });
        if let Some(case) = case {
            auth["case"] = json!(case);
        }
        auth
    }

    /// The parameters of a question, freshly signed.
    pub async fn signed(
        &self,
        ws: &mut Ws,
        genesis: Hash,
        method: &str,
        question: &Value,
        case: Option<u64>,
    ) -> Value {
        let challenge = self.challenge(ws).await;
        let case = case.map(CaseId);
        let auth = self.auth_for(genesis, &challenge, method, question, case);
        json!([question, auth])
    }
}
