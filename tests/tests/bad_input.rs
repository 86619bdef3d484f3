//! What a node says to bad input, and that it goes on as if nothing had been.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use codec::Encode;
use jsonrpsee::rpc_params;
use serde_json::{json, Value};
use sp_runtime::generic::Era;
use xinglin_primitives::{Hash, EXTRINSIC_BYTES_MAX};
use xinglin_runtime::{RuntimeCall, UncheckedExtrinsic};
use xinglin_sdk::{
    client::{to_hex, Client, ClientError},
    keys::{KeyPair, Scheme},
    transaction::{sign, SignedTransaction, Signing},
};
use xinglin_tests::{
    raw::{self, WebSocket},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
const MIB: usize = 1024 * 1024;
/// Bytes before the signature of a short transaction: length, version, address, kind of signature.
const BEFORE_SIGNATURE: usize = 2 + 1 + 33 + 1;

async fn single() -> Cluster {
    let cluster = Cluster::start(ClusterOptions {
        validators: 1,
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(1).await.unwrap();
    cluster
}

fn key(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

fn remark(bytes: usize) -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark {
        remark: vec![7; bytes],
    })
}

/// A good transaction is final in a new block, and nothing has panicked.
async fn goes_on(node: &Node) {
    let client = node.client().await.unwrap();
    let before = client.tip().await.unwrap();
    let number = client.header(before).await.unwrap().number;
    let alice = key("//Alice");
    let outcome = client.execute(&alice, remark(1), LIMIT).await.unwrap();
    assert_eq!(outcome.failure(), None);
    assert!(outcome.number > number);
    assert!(!node.log().contains("panic"), "{}", node.log_tail());
}

/// The code of the refusal, and what it says.
async fn refusal(client: &Client, bytes: &[u8]) -> (i32, String) {
    let params = rpc_params![to_hex(bytes)];
    let outcome = client.request::<Hash>("author_submitExtrinsic", params);
    match outcome.await {
        Err(ClientError::Refused { code, message, .. }) => (code, message),
        other => panic!("not refused: {other:?}"),
    }
}

/// A transaction by Alice with one bit of its signature changed.
fn forged(genesis: Hash, nonce: u32) -> Vec<u8> {
    let signing = Signing::immortal(genesis, nonce);
    let mut bytes = sign(&key("//Alice"), remark(8), &signing).bytes;
    bytes[BEFORE_SIGNATURE + 20] ^= 1;
    bytes
}

/// Transactions that no node may take, each with the code and a part of the remedy.
fn bad_transactions(genesis: Hash) -> Vec<(&'static str, Vec<u8>, i32, &'static str)> {
    let alice = key("//Alice");
    let good = sign(&alice, remark(8), &Signing::immortal(genesis, 1)).bytes;
    let body = &good[2..];
    let prefixed = |body: &[u8]| body.to_vec().encode();

    let mut elsewhere = Signing::immortal(Hash::repeat_byte(7), 1);
    elsewhere.checkpoint = genesis;
    let mut unborn = Signing::immortal(genesis, 1);
    unborn.era = Era::mortal(64, 0);
    unborn.checkpoint = Hash::repeat_byte(7);
    let stranger = key("//Mallory");
    let mut no_such_call = body.to_vec();
    let call = no_such_call.len() - 8 - 1 - 2;
    no_such_call[call] = 0xfe;
    let large = EXTRINSIC_BYTES_MAX as usize;
    let sign = |key: &KeyPair, call, signing: &Signing| sign(key, call, signing).bytes;
    vec![
        ("nothing", Vec::new(), 1001, "length prefix"),
        ("noise", vec![0xa5; 200], 1001, "length prefix"),
        ("without its length", body.to_vec(), 1001, "length prefix"),
        (
            "cut off",
            good[..good.len() - 1].to_vec(),
            1001,
            "length prefix",
        ),
        (
            "with more behind it",
            [&good[..], &[0]].concat(),
            1001,
            "length prefix",
        ),
        (
            "no extrinsic within",
            prefixed(&[0xa5; 40]),
            1010,
            "metadata",
        ),
        (
            "a call that is not",
            prefixed(&no_such_call),
            1010,
            "metadata",
        ),
        (
            "too large",
            sign(&alice, remark(large), &Signing::immortal(genesis, 1)),
            1001,
            "exceeds the limit",
        ),
        ("forged", forged(genesis, 1), 1010, "sign for this chain"),
        (
            "for another chain",
            sign(&alice, remark(8), &elsewhere),
            1010,
            "sign for this chain's genesis",
        ),
        (
            "of another history",
            sign(&alice, remark(8), &unborn),
            1010,
            "sign for this chain",
        ),
        (
            "of a used nonce",
            sign(&alice, remark(9), &Signing::immortal(genesis, 0)),
            1010,
            "system_accountNextIndex",
        ),
        (
            "by somebody unknown",
            sign(&stranger, remark(8), &Signing::immortal(genesis, 0)),
            1010,
            "not registered",
        ),
        (
            "unsigned",
            UncheckedExtrinsic::new_bare(remark(8)).encode(),
            1010,
            "send a call",
        ),
        (
            "for block authors only",
            UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set {
                now: 1,
            }))
            .encode(),
            1010,
            "only block authors",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_transactions_are_refused_with_a_reason_and_a_remedy() {
    let cluster = single().await;
    let node = &cluster.nodes[0];
    goes_on(node).await;
    let client = node.client().await.unwrap();

    for (what, bytes, code, remedy) in bad_transactions(cluster.genesis) {
        let (found, message) = refusal(&client, &bytes).await;
        assert_eq!(found, code, "{what}: {message}");
        assert!(message.contains(remedy), "{what}: {message}");
    }
    // A wrong signature stays wrong, and is not verified again for a while.
    let wrong = forged(cluster.genesis, 2);
    assert_eq!(refusal(&client, &wrong).await.0, 1010);
    let (code, message) = refusal(&client, &wrong).await;
    assert_eq!(code, 1012, "{message}");
    assert!(message.contains("for a while"), "{message}");
    watchers_are_told(node, &forged(cluster.genesis, 3)).await;
    let good = sign(
        &key("//Alice"),
        remark(8),
        &Signing::immortal(cluster.genesis, 1),
    );
    twice(&client, &good).await;
    goes_on(node).await;
}

/// Those who submit and watch hear the same.
async fn watchers_are_told(node: &Node, forged: &[u8]) {
    let mut socket = WebSocket::connect(node.rpc_address()).await.unwrap();
    let request = |method: &str| {
        json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": [to_hex(forged)]}).to_string()
    };
    let legacy = request("author_submitAndWatchExtrinsic");
    socket.send(legacy.as_bytes()).await.unwrap();
    let refused = socket.receive().await.unwrap().unwrap();
    let (code, text) = error_of(&refused);
    assert_eq!(code, Some(1010), "{text}");
    assert!(text.contains("sign for this chain"), "{text}");

    let modern = request("transactionWatch_v1_submitAndWatch");
    socket.send(modern.as_bytes()).await.unwrap();
    let subscribed = socket.receive().await.unwrap().unwrap();
    assert!(subscribed["result"].is_string(), "{subscribed}");
    let told = socket.receive().await.unwrap().unwrap();
    assert_eq!(told["params"]["result"]["event"], "invalid", "{told}");
}

/// A transaction is taken once.
async fn twice(client: &Client, transaction: &SignedTransaction) {
    client.submit(transaction).await.unwrap();
    let (code, message) = refusal(client, &transaction.bytes).await;
    // It is in the pool, or in a block already, where its nonce is used.
    assert!(matches!(code, 1013 | 1010), "{code} {message}");
}

/// Requests that are wrong, each with the code of the answer.
fn bad_requests() -> Vec<(&'static str, Vec<u8>, i64)> {
    let call = |method: &str, params: Value| {
        json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            .to_string()
            .into_bytes()
    };
    let unknown = Hash::repeat_byte(0xee);
    let batch: Vec<Value> = (0..1_001)
        .map(|id| json!({"jsonrpc": "2.0", "id": id, "method": "system_chain", "params": []}))
        .collect();
    let half = "[".repeat(MIB / 2) + &"]".repeat(MIB / 2);
    let nested =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"state_getStorage","params":{half}}}"#);
    vec![
        ("no JSON", b"apricot".to_vec(), -32700),
        ("open brackets", "[".repeat(MIB).into_bytes(), -32700),
        ("nested brackets", half.clone().into_bytes(), -32600),
        ("nested parameters", nested.into_bytes(), -32602),
        ("no such method", call("state_apricot", json!([])), -32601),
        ("bad hex", call("state_getStorage", json!(["0x0g"])), -32602),
        (
            "half a byte",
            call("author_submitExtrinsic", json!(["0x012"])),
            -32602,
        ),
        (
            "no hash",
            call("chain_getHeader", json!(["0x1234"])),
            -32602,
        ),
        ("no parameters", call("state_call", json!([])), -32602),
        (
            "state of an unknown block",
            call("state_getStorage", json!(["0x00", unknown])),
            4003,
        ),
        (
            "call at an unknown block",
            call("state_call", json!(["Core_version", "0x", unknown])),
            4003,
        ),
        (
            "proof of an unknown block",
            call("state_getReadProof", json!([["0x00"], unknown])),
            4003,
        ),
        (
            "a runtime function that is not",
            call("state_call", json!(["Apricot_ripe", "0x"])),
            4005,
        ),
        (
            "a huge batch",
            json!(batch).to_string().into_bytes(),
            -32010,
        ),
    ]
}

/// The error in an answer, if it is one; of a batch the first.
fn error_of(answer: &Value) -> (Option<i64>, String) {
    let answer = answer.get(0).unwrap_or(answer);
    (answer["error"]["code"].as_i64(), answer.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_errors_over_http_and_websocket() {
    let cluster = single().await;
    let node = &cluster.nodes[0];
    let address = node.rpc_address();
    let mut socket = WebSocket::connect(address).await.unwrap();

    for (what, request, code) in bad_requests() {
        let (_, text) = raw::post(address, &request).await.unwrap();
        let answer = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: {text}"));
        let (found, text) = error_of(&answer);
        assert_eq!(found, Some(code), "{what} over HTTP: {text}");
        // The connection survives each.
        socket.send(&request).await.unwrap();
        let answer = socket.receive().await.unwrap().expect("an answer");
        let (found, text) = error_of(&answer);
        assert_eq!(found, Some(code), "{what} over WebSocket: {text}");
    }

    // A block that nobody has is no error where the answer can say so.
    let client = node.client().await.unwrap();
    let params = rpc_params![Hash::repeat_byte(0xee)];
    let header: Option<Value> = client.request("chain_getHeader", params).await.unwrap();
    assert_eq!(header, None);

    // More bytes than a request may have.
    let large = format!(r#"["{}"]"#, "00".repeat(3 * MIB));
    let (status, text) = raw::post(address, large.as_bytes()).await.unwrap();
    assert_eq!(status, 413, "{text}");
    socket.send(large.as_bytes()).await.unwrap();
    if let Some(answer) = socket.receive().await.unwrap() {
        assert_eq!(error_of(&answer).0, Some(-32007), "{answer}");
    }
    goes_on(node).await;
}
