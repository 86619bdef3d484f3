//! A connection that remembers what was asked over it, and searches every answer.

use std::collections::BTreeSet;

use codec::Encode;
use jsonrpsee::{
    core::{
        client::{ClientT, Error, Subscription, SubscriptionClientT, SubscriptionKind},
        params::ArrayParams,
    },
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::{json, Value};
use xinglin_primitives::Hash;
use xinglin_rpc_api::questions::{signed_text, Auth, Challenge};
use xinglin_sdk::{
    client::RESPONSE_BYTES_MAX,
    keys::{address_of, KeyPair},
};

use crate::{needles::Scan, support::acts::soon};

pub struct Asker {
    rpc: WsClient,
    genesis: Hash,
    /// The methods that were asked.
    pub methods: BTreeSet<String>,
    scan: Scan,
}

fn in_order(params: &Value) -> ArrayParams {
    let mut ordered = ArrayParams::new();
    for param in params.as_array().unwrap() {
        ordered.insert(param).unwrap();
    }
    ordered
}

impl Asker {
    pub async fn connect(url: &str, genesis: Hash, scan: Scan) -> Self {
        let builder = WsClientBuilder::default().max_response_size(RESPONSE_BYTES_MAX);
        Self {
            rpc: builder.build(url).await.unwrap(),
            genesis,
            methods: BTreeSet::new(),
            scan,
        }
    }

    /// The answer of a method, or the code of its refusal.
    pub async fn call(&mut self, method: &str, params: &Value) -> Result<Value, i32> {
        self.methods.insert(method.to_owned());
        let answer: Result<Value, Error> = self.rpc.request(method, in_order(params)).await;
        self.judge(method, answer)
    }

    fn judge<T: Shown>(&mut self, method: &str, answer: Result<T, Error>) -> Result<T, i32> {
        match answer {
            Ok(answer) => {
                answer.show(method, &mut self.scan);
                Ok(answer)
            }
            Err(Error::Call(refusal)) => {
                let data = refusal.data().map(|it| it.get()).unwrap_or_default();
                let told = format!("{} {data}", refusal.message());
                self.scan.look_at_text(method, &told);
                Err(refusal.code())
            }
            Err(error) => panic!("{method}: {error}"),
        }
    }

    /// The answer of a method that everybody is answered.
    pub async fn answer(&mut self, method: &str, params: Value) -> Value {
        let answer = self.call(method, &params).await;
        answer.unwrap_or_else(|code| panic!("{method}: refused with {code}"))
    }

    /// A subscription, or the code of its refusal.
    pub async fn subscribe(
        &mut self,
        method: &str,
        params: &Value,
        unsubscribe: &str,
    ) -> Result<Subscription<Value>, i32> {
        self.methods.insert(method.to_owned());
        // The client asks for the end by itself when it lets go of the subscription.
        self.methods.insert(unsubscribe.to_owned());
        let begun = self.rpc.subscribe(method, in_order(params), unsubscribe);
        let begun: Result<Subscription<Value>, Error> = begun.await;
        self.judge(method, begun)
    }

    /// What a subscription tells next.
    pub async fn told(&mut self, method: &str, subscription: &mut Subscription<Value>) -> Value {
        let news = soon(subscription.next()).await.unwrap().unwrap();
        self.scan.look_into(method, &news);
        news
    }

    /// Subscribes, hears the first news and unsubscribes.
    pub async fn hear(&mut self, method: &str, params: Value, unsubscribe: &str) {
        let begun = self.subscribe(method, &params, unsubscribe).await;
        let mut begun = begun.unwrap_or_else(|code| panic!("{method}: refused with {code}"));
        self.told(method, &mut begun).await;
        begun.unsubscribe().await.unwrap();
    }

    /// Ends the connection; what was found.
    pub fn finish(self) -> Scan {
        self.scan
    }

    /// The parameters of a question, as its asker signs it.
    pub async fn signed(&mut self, key: &KeyPair, method: &str, question: &Value) -> Value {
        let address = address_of(&key.account());
        let given = self.answer("xinglin_challenge", json!([address])).await;
        let given: Challenge = serde_json::from_value(given).unwrap();
        let text = question.to_string();
        let text = signed_text(&self.genesis, &given.challenge, method, None, &text);
        let auth = Auth {
            account: key.account(),
            challenge: given.challenge,
            case: None,
            signature: key.sign(text.as_bytes()).encode().into(),
        };
        json!([question, auth])
    }
}

/// What a request brings.
trait Shown {
    fn show(&self, method: &str, scan: &mut Scan);
}

impl Shown for Value {
    fn show(&self, method: &str, scan: &mut Scan) {
        scan.look_into(method, self);
    }
}

impl Shown for Subscription<Value> {
    fn show(&self, _: &str, _: &mut Scan) {}
}

/// The id of a subscription, as calls that belong to it name it.
pub fn id_of(subscription: &Subscription<Value>) -> Value {
    let SubscriptionKind::Subscription(id) = subscription.kind() else {
        panic!("a subscription has an id");
    };
    serde_json::to_value(id).unwrap()
}
