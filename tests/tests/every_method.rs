//! Every method of Substrate's two families, called with good parameters on a real node: whatever the
//! node lists has an answer here, and whatever is asked here is listed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, time::Duration};

use codec::Encode;
use serde_json::{json, Value};
use sp_core::Pair;
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use tokio::time::timeout;
use xinglin_primitives::{AccountId, Hash};
use xinglin_rpc_api::bytes::to_hex;
use xinglin_runtime::{native, RuntimeCall};
use xinglin_tests::{parties::dev_key, raw::WebSocket, Cluster, ClusterOptions, Node};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(120);
/// Prefixes of the families.
const FAMILIES: &[&str] = &[
    "account_",
    "archive_",
    "author_",
    "chainHead_",
    "chainSpec_",
    "chain_",
    "rpc_",
    "state_",
    "subscribe_",
    "system_",
    "transactionWatch_",
    "transaction_",
    "unsubscribe_",
];

/// A connection that remembers what was asked over it.
struct Asked {
    socket: WebSocket,
    methods: BTreeSet<String>,
    /// Notifications that came before they were waited for.
    early: Vec<Value>,
    requests: u64,
}

impl Asked {
    async fn connect(node: &Node) -> Self {
        Self {
            socket: WebSocket::connect(node.rpc_address()).await.unwrap(),
            methods: BTreeSet::new(),
            early: Vec::new(),
            requests: 0,
        }
    }

    async fn next(&mut self) -> Value {
        self.socket.receive().await.unwrap().expect("a message")
    }

    /// The answer of a method, which must not be an error.
    async fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// All that a method answers.
    async fn answer(&mut self, method: &str, params: Value) -> Value {
        self.methods.insert(method.to_owned());
        self.requests += 1;
        let id = self.requests;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.socket
            .send(request.to_string().as_bytes())
            .await
            .unwrap();
        loop {
            let message = self.next().await;
            if message["id"] == id {
                return message;
            }
            self.early.push(message);
        }
    }

    /// What a subscription tells next.
    async fn told(&mut self, subscription: &Value) -> Value {
        let is_meant = |message: &Value| message["params"]["subscription"] == *subscription;
        if let Some(place) = self.early.iter().position(is_meant) {
            return self.early.remove(place)["params"]["result"].clone();
        }
        loop {
            let message = self.next().await;
            if is_meant(&message) {
                return message["params"]["result"].clone();
            }
            self.early.push(message);
        }
    }

    /// Subscribes, hears the first news and unsubscribes.
    async fn hear(&mut self, method: &str, params: Value, unsubscribe: &str) -> Value {
        let subscription = self.call(method, params).await;
        assert!(subscription.is_string(), "{method}: {subscription}");
        let news = self.told(&subscription).await;
        // False, if the node has told all there was by then.
        let ended = self.call(unsubscribe, json!([subscription])).await;
        assert!(
            ended.is_boolean() || ended.is_null(),
            "{unsubscribe}: {ended}"
        );
        news
    }

    /// The outcome of an operation that was begun on a `chainHead_v1_follow`.
    async fn operation(&mut self, follow: &Value, method: &str, params: Value) -> Value {
        let begun = self.call(method, params).await;
        assert_eq!(begun["result"], "started", "{method}: {begun}");
        loop {
            let event = self.told(follow).await;
            if event["operationId"] == begun["operationId"] {
                return event;
            }
        }
    }
}

fn alice() -> AccountId {
    dev_key("//Alice").public().into()
}

/// A transaction of Alice that does nothing.
fn remark(genesis: Hash, nonce: u32) -> String {
    let key = dev_key("//Alice");
    let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
    let signed = native::sign(call, alice(), nonce, genesis, None, |payload| {
        key.sign(payload).into()
    });
    to_hex(&signed.encode())
}

async fn of_the_system(asked: &mut Asked, genesis: Hash) {
    assert_eq!(asked.call("system_name", json!([])).await, "xinglin");
    let version = asked.call("system_version", json!([])).await;
    assert!(version
        .as_str()
        .unwrap()
        .starts_with(|c: char| c.is_ascii_digit()));
    let chain = asked.call("system_chain", json!([])).await;
    assert_eq!(asked.call("chainSpec_v1_chainName", json!([])).await, chain);
    let properties = asked.call("system_properties", json!([])).await;
    assert_eq!(properties["ss58Format"], 42);
    let same = asked.call("chainSpec_v1_properties", json!([])).await;
    assert_eq!(same, properties);
    let same = asked.call("chainSpec_v1_genesisHash", json!([])).await;
    assert_eq!(same, json!(genesis));
    assert!(asked.call("system_chainType", json!([])).await.is_string());
    let health = asked.call("system_health", json!([])).await;
    assert_eq!(
        (&health["peers"], &health["isSyncing"]),
        (&json!(0), &json!(false))
    );
    let roles = asked.call("system_nodeRoles", json!([])).await;
    assert_eq!(roles, json!(["Authority"]));
    let state = asked.call("system_syncState", json!([])).await;
    assert!(state["currentBlock"].as_u64() >= Some(2), "{state}");
    assert_eq!(asked.call("system_peers", json!([])).await, json!([]));
    let peer = asked.call("system_localPeerId", json!([])).await;
    assert!(peer.as_str().unwrap().starts_with("12D3KooW"), "{peer}");
    let addresses = asked.call("system_localListenAddresses", json!([])).await;
    assert!(addresses[0].as_str().unwrap().starts_with("/ip4/"));
    for method in ["system_accountNextIndex", "account_nextIndex"] {
        assert_eq!(asked.call(method, json!([alice().to_string()])).await, 0);
    }
    for method in ["system_dryRun", "system_dryRunAt"] {
        let good = json!([remark(genesis, 0), null]);
        assert_eq!(asked.call(method, good).await, "0x0000");
    }
}

/// Blocks, by all ways to them; the hash of block 1.
async fn of_blocks(asked: &mut Asked, genesis: Hash) -> Value {
    let hash = asked.call("chain_getBlockHash", json!([1])).await;
    assert_eq!(asked.call("chain_getHead", json!([1])).await, hash);
    let both = asked.call("chain_getBlockHash", json!([[0, 1]])).await;
    assert_eq!(both, json!([genesis, hash]));
    let header = asked.call("chain_getHeader", json!([hash])).await;
    assert_eq!(header["number"], "0x1");
    assert_eq!(header["parentHash"], json!(genesis));
    let block = asked.call("chain_getBlock", json!([hash])).await;
    assert_eq!(block["block"]["header"], header);
    for method in ["chain_getFinalizedHead", "chain_getFinalisedHead"] {
        let last = asked.call(method, json!([])).await;
        let last = asked.call("chain_getHeader", json!([last])).await;
        assert!(last["number"].is_string(), "{last}");
    }
    for (subscribe, unsubscribe) in [
        ("chain_subscribeAllHeads", "chain_unsubscribeAllHeads"),
        ("chain_subscribeNewHeads", "chain_unsubscribeNewHeads"),
        ("chain_subscribeNewHead", "chain_unsubscribeNewHead"),
        ("subscribe_newHead", "unsubscribe_newHead"),
        (
            "chain_subscribeFinalizedHeads",
            "chain_unsubscribeFinalizedHeads",
        ),
        (
            "chain_subscribeFinalisedHeads",
            "chain_unsubscribeFinalisedHeads",
        ),
    ] {
        let head = asked.hear(subscribe, json!([]), unsubscribe).await;
        assert!(head["stateRoot"].is_string(), "{subscribe}: {head}");
    }
    let same = asked.call("archive_v1_genesisHash", json!([])).await;
    assert_eq!(same, json!(genesis));
    let height = asked.call("archive_v1_finalizedHeight", json!([])).await;
    assert!(height.as_u64() >= Some(2), "{height}");
    let hashes = asked.call("archive_v1_hashByHeight", json!([1])).await;
    assert_eq!(hashes, json!([hash]));
    let encoded = asked.call("archive_v1_header", json!([hash])).await;
    assert!(encoded.as_str().unwrap().starts_with("0x"));
    let body = asked.call("archive_v1_body", json!([hash])).await;
    assert_eq!(body, block["block"]["extrinsics"]);
    hash
}

/// The state after block 1, whose hash is `at`.
async fn of_the_state(asked: &mut Asked, at: &Value) {
    let number = to_hex(&frame_support::storage::storage_prefix(
        b"System", b"Number",
    ));
    let one = to_hex(&1u32.encode());
    for method in ["state_getStorage", "state_getStorageAt"] {
        assert_eq!(asked.call(method, json!([number, at])).await, json!(one));
    }
    let hash = json!(BlakeTwo256::hash(&1u32.encode()));
    for method in ["state_getStorageHash", "state_getStorageHashAt"] {
        assert_eq!(asked.call(method, json!([number, at])).await, hash);
    }
    for method in ["state_getStorageSize", "state_getStorageSizeAt"] {
        assert_eq!(asked.call(method, json!([number, at])).await, 4);
    }
    for method in ["state_getKeysPaged", "state_getKeysPagedAt"] {
        let keys = asked.call(method, json!([number, 10, null, at])).await;
        assert_eq!(keys, json!([number]));
    }
    let sets = asked
        .call("state_queryStorageAt", json!([[number], at]))
        .await;
    assert_eq!(sets[0]["changes"], json!([[number, one]]));
    let proof = asked
        .call("state_getReadProof", json!([[number], at]))
        .await;
    assert_eq!(proof["at"], *at);

    let function = "AccountNonceApi_account_nonce";
    let data = to_hex(&alice().encode());
    let none = to_hex(&0u32.encode());
    for method in ["state_call", "state_callAt"] {
        let nonce = asked.call(method, json!([function, data, at])).await;
        assert_eq!(nonce, json!(none));
    }
    let outcome = asked
        .call("archive_v1_call", json!([at, function, data]))
        .await;
    assert_eq!(outcome["value"], json!(none));
    let metadata = asked.call("state_getMetadata", json!([])).await;
    assert!(
        metadata.as_str().unwrap().starts_with("0x6d6574610e"),
        "meta, version 14"
    );
    for method in ["state_getRuntimeVersion", "chain_getRuntimeVersion"] {
        let version = asked.call(method, json!([at])).await;
        assert_eq!(version["specName"], "xinglin");
    }
    for (subscribe, unsubscribe) in [
        (
            "state_subscribeRuntimeVersion",
            "state_unsubscribeRuntimeVersion",
        ),
        (
            "chain_subscribeRuntimeVersion",
            "chain_unsubscribeRuntimeVersion",
        ),
    ] {
        let version = asked.hear(subscribe, json!([]), unsubscribe).await;
        assert_eq!(version["specName"], "xinglin");
    }
    let (subscribe, unsubscribe) = ("state_subscribeStorage", "state_unsubscribeStorage");
    let set = asked.hear(subscribe, json!([[number]]), unsubscribe).await;
    assert_eq!(set["changes"][0][0], json!(number));
    let item = json!({"key": number, "type": "value"});
    let (read, stop) = ("archive_v1_storage", "archive_v1_stopStorage");
    let event = asked.hear(read, json!([at, [item], null]), stop).await;
    assert_eq!(event["value"], json!(one), "{event}");
}

/// A follower of the chain's head, and what it can do.
async fn of_the_head(asked: &mut Asked) {
    let follow = asked.call("chainHead_v1_follow", json!([true])).await;
    let initialized = asked.told(&follow).await;
    assert_eq!(initialized["event"], "initialized");
    let pinned = initialized["finalizedBlockHashes"].as_array().unwrap();
    let at = pinned.last().unwrap().clone();
    let header = asked.call("chainHead_v1_header", json!([follow, at])).await;
    assert!(header.is_string(), "{header}");
    let params = json!([follow, at]);
    let body = asked.operation(&follow, "chainHead_v1_body", params).await;
    assert_eq!(body["event"], "operationBodyDone", "{body}");
    let params = json!([follow, at, "Core_version", "0x"]);
    let called = asked.operation(&follow, "chainHead_v1_call", params).await;
    assert_eq!(called["event"], "operationCallDone", "{called}");
    let number = to_hex(&frame_support::storage::storage_prefix(
        b"System", b"Number",
    ));
    let items = json!([{"key": number, "type": "value"}]);
    let params = json!([follow, at, items, null]);
    let read = asked
        .operation(&follow, "chainHead_v1_storage", params)
        .await;
    assert_eq!(read["event"], "operationStorageItems", "{read}");
    // Nothing ever waits to be continued, and what is over can be stopped in vain.
    let over = json!([follow, read["operationId"]]);
    let waits = asked.answer("chainHead_v1_continue", over.clone()).await;
    assert_eq!(waits["error"]["code"], -32803, "{waits}");
    let stopped = asked.call("chainHead_v1_stopOperation", over).await;
    assert!(stopped.is_null());
    let unpinned = asked.call("chainHead_v1_unpin", json!([follow, at])).await;
    assert!(unpinned.is_null());
    asked.call("chainHead_v1_unfollow", json!([follow])).await;
    let header = asked.call("chainHead_v1_header", json!([follow, at])).await;
    assert!(header.is_null(), "the follower is gone: {header}");
}

/// Transactions, by all ways into a block.
async fn of_transactions(asked: &mut Asked, genesis: Hash) {
    let sent = asked
        .call("author_submitExtrinsic", json!([remark(genesis, 0)]))
        .await;
    assert!(sent.is_string());
    assert!(asked
        .call("author_pendingExtrinsics", json!([]))
        .await
        .is_array());
    let (watch, unwatch) = ("author_submitAndWatchExtrinsic", "author_unwatchExtrinsic");
    let status = asked
        .hear(watch, json!([remark(genesis, 1)]), unwatch)
        .await;
    assert_eq!(status, "ready");
    let watch = "transactionWatch_v1_submitAndWatch";
    let unwatch = "transactionWatch_v1_unwatch";
    let event = asked
        .hear(watch, json!([remark(genesis, 2)]), unwatch)
        .await;
    assert_eq!(event["event"], "validated");
    let operation = asked
        .call("transaction_v1_broadcast", json!([remark(genesis, 3)]))
        .await;
    assert!(operation.is_string());
    all_are_included(asked, 4).await;
    let stopped = asked.call("transaction_v1_stop", json!([operation])).await;
    assert!(stopped.is_null());
}

/// Waits until the chain has so many transactions of Alice.
async fn all_are_included(asked: &mut Asked, count: u32) {
    let heads = asked.call("chain_subscribeNewHeads", json!([])).await;
    loop {
        let data = to_hex(&alice().encode());
        let params = json!(["AccountNonceApi_account_nonce", data]);
        let nonce = asked.call("state_call", params).await;
        if nonce == json!(to_hex(&count.encode())) {
            return;
        }
        asked.told(&heads).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_answers() {
    timeout(LIMIT, ask_all()).await.unwrap();
}

async fn ask_all() {
    let cluster = Cluster::start(ClusterOptions {
        validators: 1,
        genesis: Box::new(|genesis| genesis.validators.parameters.block_interval_idle_ms = 1_000),
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(2).await.unwrap();
    let genesis = cluster.genesis;
    let mut asked = Asked::connect(&cluster.nodes[0]).await;

    let listed = asked.call("rpc_methods", json!([])).await;
    let listed: BTreeSet<String> = serde_json::from_value(listed["methods"].clone()).unwrap();
    of_the_system(&mut asked, genesis).await;
    let first = of_blocks(&mut asked, genesis).await;
    of_the_state(&mut asked, &first).await;
    of_the_head(&mut asked).await;
    of_transactions(&mut asked, genesis).await;

    let of_families: BTreeSet<String> = listed
        .into_iter()
        .filter(|name| FAMILIES.iter().any(|family| name.starts_with(family)))
        .collect();
    assert_eq!(asked.methods, of_families);
}
