//! What a node says to bad input, and that it goes on as if nothing had been.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use codec::{Compact, Decode, Encode};
use frame_support::traits::PalletInfoAccess;
use jsonrpsee::rpc_params;
use serde_json::{json, Value};
use sp_runtime::generic::Era;
use xinglin_primitives::{CaseId, Hash, EXTRINSIC_BYTES_MAX};
use xinglin_rpc_api::questions::{signed_text, Auth, Challenge};
use xinglin_runtime::{RuntimeCall, TrustedTime, UncheckedExtrinsic};
use xinglin_sdk::{
    client::{to_hex, Client, ClientError},
    keys::{KeyPair, Scheme},
    transaction::{sign, SignedTransaction, Signing},
};
use xinglin_tests::{
    cluster::now_ms,
    raw::{self, WebSocket},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
const MIB: usize = 1024 * 1024;
/// Bytes before the signature of a short transaction: length, version, address, kind of signature.
const BEFORE_SIGNATURE: usize = 2 + 1 + 33 + 1;
/// Largest token of a time authority.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Milliseconds for which a challenge is good.
const CHALLENGE_LIFETIME_MS: u64 = 60_000;
const EXTRINSICS: &str = "explorer_extrinsics";
const NO_CASE: Option<CaseId> = None;

async fn single() -> Cluster {
    single_with(toml::Table::new()).await
}

/// One that finds operations.
async fn single_indexed() -> Cluster {
    let mut options = toml::Table::new();
    options.insert("index".into(), true.into());
    single_with(options).await
}

async fn single_with(options: toml::Table) -> Cluster {
    let cluster = Cluster::start(ClusterOptions {
        validators: 1,
        options,
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

/// A call that submits a token of so many bytes.
fn token_call(bytes: usize) -> Vec<u8> {
    // The call, the block, the number of the certificates, the token.
    let pallet = u8::try_from(TrustedTime::index()).unwrap();
    let mut call = (pallet, 2u8, 1u32, 0u32, Compact(bytes as u32)).encode();
    call.resize(call.len() + bytes, 0x30);
    call
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
    let stamping = |bytes| prefixed(&[&body[..call], &token_call(bytes)[..]].concat());
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
        ("a token of 1 MiB", stamping(MIB), 1001, "exceeds the limit"),
        (
            "a token above its limit",
            stamping(TOKEN_BYTES_MAX + 1),
            1010,
            "metadata",
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
    noise_for_a_token(&client).await;
    goes_on(node).await;
}

/// As much noise as a token may have comes into a block, and the rules refuse it.
async fn noise_for_a_token(client: &Client) {
    let call = RuntimeCall::decode(&mut &token_call(TOKEN_BYTES_MAX)[..]).unwrap();
    let outcome = client.execute(&key("//Alice"), call, LIMIT).await.unwrap();
    let failure = outcome.failure().unwrap();
    assert!(failure.contains("NotTimeAuthority"), "{failure}");
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

/// A request as it is sent.
fn call(method: &str, params: Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        .to_string()
        .into_bytes()
}

/// Requests that are wrong, each with the code of the answer.
fn bad_requests() -> Vec<(&'static str, Vec<u8>, i64)> {
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
            "operations without an index",
            call("explorer_status", json!([])),
            6001,
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
    no_subscriptions_over_http(node).await;
    goes_on(node).await;
}

/// Those who subscribe over HTTP are told what to do, and the rest of their batch is answered.
async fn no_subscriptions_over_http(node: &Node) {
    for method in [
        "author_submitAndWatchExtrinsic",
        "chainHead_v1_follow",
        "chain_subscribeNewHeads",
        "chain_unsubscribeNewHeads",
        "explorer_subscribeActivity",
        "explorer_subscribeOperations",
    ] {
        let (found, text) = error_of(&answer(node, method, json!([])).await);
        assert_eq!(found, Some(-32601), "{method}: {text}");
        assert!(text.contains("open a WebSocket"), "{method}: {text}");
    }
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "chain_subscribeNewHeads", "params": []},
        {"jsonrpc": "2.0", "id": 2, "method": "system_chain", "params": []},
    ]);
    let request = batch.to_string().into_bytes();
    let (_, text) = raw::post(node.rpc_address(), &request).await.unwrap();
    let answers: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(error_of(&answers).0, Some(-32601), "{text}");
    assert!(answers[1]["result"].is_string(), "{text}");
}

/// What a node says over HTTP.
async fn answer(node: &Node, method: &str, params: Value) -> Value {
    let request = call(method, params);
    let (_, text) = raw::post(node.rpc_address(), &request).await.unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A challenge for somebody.
async fn challenge(node: &Node, key: &KeyPair) -> Challenge {
    let mut given = answer(node, "xinglin_challenge", json!([key.address()])).await;
    serde_json::from_value(given["result"].take()).unwrap()
}

/// The parameters of a question that somebody signs with a fresh challenge.
async fn signed(
    node: &Node,
    (key, genesis): (&KeyPair, Hash),
    method: &str,
    question: &Value,
    case: Option<CaseId>,
) -> Value {
    let fresh = challenge(node, key).await;
    signed_with(fresh, (key, genesis), method, question, case)
}

/// The same with a challenge that was given.
fn signed_with(
    given: Challenge,
    (key, genesis): (&KeyPair, Hash),
    method: &str,
    question: &Value,
    case: Option<CaseId>,
) -> Value {
    let challenge = given.challenge;
    let text = signed_text(&genesis, &challenge, method, case, &question.to_string());
    let signature = key.sign(text.as_bytes()).encode().into();
    let account = key.account();
    let auth = Auth {
        account,
        challenge,
        case,
        signature,
    };
    json!([question, auth])
}

/// The cursor of the beginning of a list on a chain.
fn cursor(genesis: Hash, list: u8) -> String {
    format!(
        "0x{}{list:02x}{}",
        hex::encode(&genesis.0[..8]),
        "00".repeat(8)
    )
}

/// What everybody may ask, asked wrongly, each with the code and a part of the remedy.
fn bad_overviews(genesis: Hash) -> Vec<(&'static str, Value, i64, &'static str)> {
    let elsewhere = Hash::repeat_byte(7);
    let blocks = "explorer_blocks";
    vec![
        (
            "explorer_block",
            json!(["apricot"]),
            -32602,
            "a height or a block hash",
        ),
        (
            "explorer_block",
            json!([-1]),
            -32602,
            "a height or a block hash",
        ),
        (
            blocks,
            json!([{ "fromBlock": 9, "toBlock": 3 }]),
            6003,
            "exchange",
        ),
        (
            blocks,
            json!([{ "fromBlock": u64::MAX }]),
            6003,
            "no block has the height",
        ),
        (
            blocks,
            json!([{ "before": u64::MAX }]),
            6003,
            "the year 10000",
        ),
        (
            blocks,
            json!([{ "from": 5, "before": 5 }]),
            6003,
            "first instant that is left out",
        ),
        (
            blocks,
            json!([{ "limit": 0 }]),
            6003,
            "ask for several pages",
        ),
        (
            blocks,
            json!([{ "limit": u32::MAX }]),
            6003,
            "ask for several pages",
        ),
        (
            blocks,
            json!([{ "colour": "red" }]),
            -32602,
            "expected one of",
        ),
        (
            blocks,
            json!([{ "cursor": "apricot" }]),
            6004,
            "begin without a cursor",
        ),
        (
            blocks,
            json!([{ "cursor": cursor(elsewhere, 1) }]),
            6004,
            "of another chain",
        ),
        (
            blocks,
            json!([{ "cursor": cursor(genesis, 2) }]),
            6004,
            "begin without a cursor",
        ),
        (
            "explorer_counts",
            json!([{ "cursor": cursor(elsewhere, 4) }]),
            6004,
            "of another chain",
        ),
        (
            "explorer_counts",
            json!([{ "period": "year" }]),
            -32602,
            "expected one of",
        ),
        (
            "explorer_questionHashes",
            json!([0, 1]),
            6005,
            "--anchor-key",
        ),
    ]
}

/// Questions that are signed well and asked wrongly, in the same way.
fn bad_questions(genesis: Hash) -> Vec<(&'static str, Value, i64, &'static str)> {
    let elsewhere = Hash::repeat_byte(7);
    let filter = |filter: Value| json!({ "filter": filter });
    let about = |entities: &[String]| json!({ "filter": { "entities": entities } });
    let nine: Vec<String> = (0..9).map(|number| format!("patient:{number}")).collect();
    vec![
        (
            "explorer_operation",
            json!({ "hash": Hash::repeat_byte(0xee) }),
            5003,
            "get access first",
        ),
        (
            EXTRINSICS,
            about(&["appointment:999999".into()]),
            5003,
            "get access first",
        ),
        (
            EXTRINSICS,
            about(&[format!("claim:{}", u64::MAX)]),
            5003,
            "get access first",
        ),
        ("explorer_questions", json!({}), 5003, "get access first"),
        (EXTRINSICS, about(&nine), 6003, "at most 8"),
        (
            EXTRINSICS,
            about(&["dog:1".into()]),
            -32602,
            "the parameters are the question",
        ),
        (
            EXTRINSICS,
            filter(json!({ "pallet": "x".repeat(5_000) })),
            -32602,
            "the limit is 4096",
        ),
        (
            EXTRINSICS,
            filter(json!({ "pallet": "Apointments" })),
            6003,
            "`Appointments`",
        ),
        (
            "explorer_events",
            filter(json!({ "event": "Booked" })),
            6003,
            "needs `eventPallet`",
        ),
        (
            EXTRINSICS,
            filter(json!({ "fromBlock": 9, "toBlock": 3 })),
            6003,
            "exchange",
        ),
        (
            EXTRINSICS,
            filter(json!({ "toBlock": u64::MAX })),
            6003,
            "no block has the height",
        ),
        (
            EXTRINSICS,
            filter(json!({ "from": u64::MAX })),
            6003,
            "the year 10000",
        ),
        (
            EXTRINSICS,
            json!({ "limit": 0 }),
            6003,
            "ask for several pages",
        ),
        (
            "explorer_events",
            json!({ "limit": u32::MAX }),
            6003,
            "ask for several pages",
        ),
        (
            EXTRINSICS,
            json!({ "cursor": cursor(elsewhere, 2) }),
            6004,
            "of another chain",
        ),
        (
            "explorer_events",
            json!({ "cursor": cursor(genesis, 2) }),
            6004,
            "begin without a cursor",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_questions_about_operations_are_refused_with_a_reason_and_a_remedy() {
    let cluster = single_indexed().await;
    let (node, genesis) = (&cluster.nodes[0], cluster.genesis);
    let alice = key("//Alice");

    for (method, params, code, remedy) in bad_overviews(genesis) {
        let said = answer(node, method, params.clone()).await;
        let (found, text) = error_of(&said);
        assert_eq!(found, Some(code), "{method} {params}: {text}");
        assert!(text.contains(remedy), "{method} {params}: {text}");
    }
    for (method, question, code, remedy) in bad_questions(genesis) {
        let params = signed(node, (&alice, genesis), method, &question, NO_CASE).await;
        let (found, text) = error_of(&answer(node, method, params).await);
        assert_eq!(found, Some(code), "{method} {question}: {text}");
        assert!(text.contains(remedy), "{method} {question}: {text}");
    }
    // A block that nobody has is no error where the answer can say so.
    for unknown in [
        json!(999_999),
        json!(u64::MAX),
        json!(Hash::repeat_byte(0xee)),
    ] {
        let found = answer(node, "explorer_block", json!([unknown])).await;
        assert!(
            found["error"].is_null() && found["result"].is_null(),
            "{found}"
        );
    }
    bad_signatures(node, genesis).await;
    bad_subscriptions(node, genesis).await;

    goes_on(node).await;
    let client = node.client().await.unwrap();
    let tip = client.header(client.tip().await.unwrap()).await.unwrap();
    client.wait_until_indexed(tip.number, LIMIT).await.unwrap();
    let own = json!({ "filter": { "signer": alice.address() } });
    let params = signed(node, (&alice, genesis), EXTRINSICS, &own, NO_CASE).await;
    let found = answer(node, EXTRINSICS, params).await;
    assert_eq!(found["result"]["items"][0]["call"], "remark", "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_challenge_is_refused_and_a_fresh_one_answered() {
    let cluster = single_indexed().await;
    let (node, key) = (&cluster.nodes[0], key("//Alice"));
    let alice = (&key, cluster.genesis);
    let own = json!({ "filter": { "signer": key.address() } });

    let given = challenge(node, &key).await;
    // A millisecond more, because the end is rounded down. From here on the test, like the node, goes
    // by a clock that nobody sets.
    let left_ms = (given.expires_at + 1).saturating_sub(now_ms());
    assert!(left_ms <= CHALLENGE_LIFETIME_MS + 1, "{left_ms}");
    let late = signed_with(given, alice, EXTRINSICS, &own, NO_CASE);
    tokio::time::sleep(Duration::from_millis(left_ms)).await;
    let (found, text) = error_of(&answer(node, EXTRINSICS, late).await);
    assert_eq!(found, Some(5002), "{text}");
    for part in ["has expired", "fetch one with xinglin_challenge"] {
        assert!(text.contains(part), "{text}");
    }

    let fresh = signed(node, alice, EXTRINSICS, &own, NO_CASE).await;
    let found = answer(node, EXTRINSICS, fresh).await;
    assert!(found["result"]["items"].is_array(), "{found}");
}

/// A question is answered to who signed it, for this chain, as it was signed, and once.
async fn bad_signatures(node: &Node, genesis: Hash) {
    let (alice, bob) = (key("//Alice"), key("//Bob"));
    let own = json!({ "filter": { "signer": alice.address() } });
    let good = signed(node, (&alice, genesis), EXTRINSICS, &own, NO_CASE).await;
    let changed = |place: usize, field: &str, value: Value| {
        let mut params = good.clone();
        params[place][field] = value;
        params
    };
    let bobs = signed(node, (&bob, genesis), EXTRINSICS, &own, NO_CASE).await;
    let elsewhere = Hash::repeat_byte(7);
    let elsewhere = signed(node, (&alice, elsewhere), EXTRINSICS, &own, NO_CASE).await;
    let of_events = signed(node, (&alice, genesis), "explorer_events", &own, NO_CASE).await;
    let for_case = signed(node, (&alice, genesis), EXTRINSICS, &own, Some(CaseId(0))).await;
    let dave = key("//Dave");
    let no_case = Some(CaseId(999_999));
    let no_case = signed(node, (&dave, genesis), EXTRINSICS, &json!({}), no_case).await;
    let challenge = good[1]["challenge"].as_str().unwrap();
    let extended = format!("0xff{}", &challenge[4..]);
    let invented = format!("0x{}", "00".repeat((challenge.len() - 2) / 2));
    let (lines, fresh) = ("sign the lines", "each is good for one question");
    for (what, params, code, remedy) in [
        (
            "unsigned",
            json!([own]),
            -32602,
            "{account, challenge, signature}",
        ),
        (
            "without a signature",
            changed(1, "signature", json!("0x")),
            5001,
            lines,
        ),
        (
            "signed by another",
            changed(1, "signature", bobs[1]["signature"].clone()),
            5001,
            lines,
        ),
        (
            "with another's challenge",
            changed(1, "challenge", bobs[1]["challenge"].clone()),
            5002,
            fresh,
        ),
        (
            "for another account",
            changed(1, "account", bobs[1]["account"].clone()),
            5002,
            fresh,
        ),
        ("for another chain", elsewhere, 5001, "genesis hash"),
        ("of another method", of_events, 5001, lines),
        (
            "another question",
            changed(0, "limit", json!(7)),
            5001,
            lines,
        ),
        (
            "for another case",
            changed(1, "case", json!(1)),
            5001,
            lines,
        ),
        ("for a case of nobody", no_case, 5003, "open a case first"),
        (
            "for a case by no regulator",
            for_case,
            5003,
            "open a case first",
        ),
        (
            "with a challenge that expires later",
            changed(1, "challenge", json!(extended)),
            5002,
            fresh,
        ),
        (
            "with an invented challenge",
            changed(1, "challenge", json!(invented)),
            5002,
            fresh,
        ),
    ] {
        let (found, text) = error_of(&answer(node, EXTRINSICS, params).await);
        assert_eq!(found, Some(code), "{what}: {text}");
        assert!(text.contains(remedy), "{what}: {text}");
    }
    // None of this has used up the challenge.
    let found = answer(node, EXTRINSICS, good.clone()).await;
    assert!(found["result"]["items"].is_array(), "{found}");
    let (found, text) = error_of(&answer(node, EXTRINSICS, good).await);
    assert_eq!(found, Some(5002), "replayed: {text}");
    assert!(text.contains(fresh), "{text}");
}

/// Those who want to be told hear the same, and their connection survives.
async fn bad_subscriptions(node: &Node, genesis: Hash) {
    let (operations, activity) = ("explorer_subscribeOperations", "explorer_subscribeActivity");
    let alice = (&key("//Alice"), genesis);
    let past = json!({ "filter": { "fromBlock": 1 } });
    let past = signed(node, alice, operations, &past, NO_CASE).await;
    let others = signed(node, alice, operations, &json!({}), NO_CASE).await;
    let mut socket = WebSocket::connect(node.rpc_address()).await.unwrap();
    for (method, params, code, remedy) in [
        (
            operations,
            json!([{}]),
            -32602,
            "{account, challenge, signature}",
        ),
        (operations, past, 6003, "leave blocks and times out"),
        (operations, others.clone(), 5003, "get access first"),
        (operations, others, 5002, "each is good for one question"),
        (
            activity,
            json!([{ "event": "Booked" }]),
            6003,
            "needs `pallet`",
        ),
        (
            activity,
            json!([{ "pallet": "Apointments" }]),
            6003,
            "`Appointments`",
        ),
    ] {
        socket.send(&call(method, params)).await.unwrap();
        let said = socket.receive().await.unwrap().expect("an answer");
        let (found, text) = error_of(&said);
        assert_eq!(found, Some(code), "{method}: {text}");
        assert!(text.contains(remedy), "{method}: {text}");
    }
}
