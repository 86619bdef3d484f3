//! The legacy generation: shapes, names and order as polkadot.js and others need them.

use serde_json::{json, Value};
use xinglin_core::TransactionStatus;
use xinglin_primitives::{receipt::extrinsic_hash, Header};

use crate::{
    fixture::Fixture,
    pool::refusal,
    socket::{post, Ws},
};

fn hex(bytes: &[u8]) -> String {
    xinglin_rpc_api::bytes::to_hex(bytes)
}

/// Every method that some client calls, with aliases and unsubscriptions.
const EXPECTED: &str = "
    rpc_methods
    system_chain system_name system_version system_properties system_health system_chainType
    system_nodeRoles system_syncState system_peers system_localPeerId system_localListenAddresses
    system_accountNextIndex account_nextIndex system_dryRun
    chain_getBlock chain_getBlockHash chain_getHead chain_getHeader chain_getFinalizedHead
    chain_getFinalisedHead
    chain_subscribeAllHeads chain_unsubscribeAllHeads
    chain_subscribeNewHeads chain_subscribeNewHead subscribe_newHead
    chain_unsubscribeNewHeads chain_unsubscribeNewHead unsubscribe_newHead
    chain_subscribeFinalizedHeads chain_subscribeFinalisedHeads
    chain_unsubscribeFinalizedHeads chain_unsubscribeFinalisedHeads
    state_call state_callAt state_getMetadata state_getRuntimeVersion chain_getRuntimeVersion
    state_getStorage state_getStorageAt state_getStorageHash state_getStorageHashAt
    state_getStorageSize state_getStorageSizeAt state_getKeysPaged state_getKeysPagedAt
    state_queryStorageAt state_getReadProof
    state_subscribeRuntimeVersion state_unsubscribeRuntimeVersion
    state_subscribeStorage state_unsubscribeStorage
    author_submitExtrinsic author_submitAndWatchExtrinsic author_unwatchExtrinsic
    author_pendingExtrinsics
    chainHead_v1_follow chainHead_v1_unfollow chainHead_v1_header chainHead_v1_body
    chainHead_v1_call chainHead_v1_storage chainHead_v1_continue chainHead_v1_stopOperation
    chainHead_v1_unpin
    chainSpec_v1_chainName chainSpec_v1_genesisHash chainSpec_v1_properties
    transaction_v1_broadcast transaction_v1_stop
    transactionWatch_v1_submitAndWatch transactionWatch_v1_unwatch
    archive_v1_genesisHash archive_v1_finalizedHeight archive_v1_hashByHeight archive_v1_header
    archive_v1_body archive_v1_call archive_v1_storage archive_v1_stopStorage
    xinglin_receipt xinglin_blockCertificate xinglin_timeTokens xinglin_status";

#[tokio::test]
async fn every_method_is_listed_and_every_listed_method_is_there() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let listed = ws.call("rpc_methods", json!([])).await;
    let listed: Vec<&str> = listed["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    for name in EXPECTED.split_whitespace() {
        assert!(listed.contains(&name), "{name} is not listed");
    }
    assert!(listed.is_sorted());
    for name in listed {
        let answer = ws.ask(name, json!([])).await;
        assert_ne!(answer["error"]["code"], -32601, "{name}: {answer}");
    }
    let answer = ws.ask("state_getChildKeys", json!([])).await;
    assert_eq!(answer["error"]["message"], "Method not found");
}

#[tokio::test]
async fn polkadot_js_gets_what_it_needs_to_begin() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let genesis = fixture.chain.hash(0);
    assert_eq!(
        ws.call("chain_getBlockHash", json!([0])).await,
        json!(genesis)
    );
    assert_eq!(ws.call("system_chain", json!([])).await, "Fake Chain");
    assert_eq!(
        ws.call("system_properties", json!([])).await,
        json!({"ss58Format": 42, "tokenDecimals": 2, "tokenSymbol": "CNY"})
    );
    assert_eq!(
        ws.call("state_getRuntimeVersion", json!([])).await,
        json!({
            "specName": "fake", "implName": "fake-impl", "authoringVersion": 1, "specVersion": 1,
            "implVersion": 2, "apis": [["0xdf6acb689907609b", 5], ["0x37e397fc7c91f5e4", 2]], "transactionVersion": 3,
            "systemVersion": 1, "stateVersion": 1,
        })
    );
    let versions = ws
        .call("state_call", json!(["Metadata_metadata_versions", "0x"]))
        .await;
    assert_eq!(versions, "0x0c0e0000000f00000010000000");
    let sixteen = json!(["Metadata_metadata_at_version", "0x10000000"]);
    assert_eq!(ws.call("state_call", sixteen).await, hex(b"\x01\x18meta16"));
    assert_eq!(
        ws.call("state_getMetadata", json!([])).await,
        hex(b"meta14")
    );
    assert_eq!(
        ws.call("system_health", json!([])).await,
        json!({"peers": 1, "isSyncing": false, "shouldHavePeers": true})
    );
}

#[tokio::test]
async fn headers_hash_to_the_hash_they_are_served_under() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let body = [b"\x0cone".to_vec(), b"\x0ctwo".to_vec()];
    let hash = fixture.chain.commit_extrinsics(&body);
    let header = ws.call("chain_getHeader", json!([hash])).await;
    assert_eq!(header["number"], "0x8");
    assert_eq!(header["parentHash"], json!(fixture.chain.hash(7)));
    assert_eq!(header["digest"]["logs"], json!(["0x000c010203"]));
    let typed: Header = serde_json::from_value(header.clone()).unwrap();
    assert_eq!(typed.hash(), hash);

    let block = ws.call("chain_getBlock", json!([hash])).await;
    assert_eq!(block["block"]["header"], header);
    assert_eq!(
        block["block"]["extrinsics"],
        json!([hex(b"\x0cone"), hex(b"\x0ctwo")])
    );
    assert_eq!(block["justifications"], Value::Null);
    assert_eq!(ws.call("chain_getBlock", json!([])).await, block);
    assert_eq!(ws.call("chain_getHeader", json!([null])).await, header);
    let unknown = json!([format!("0x{}", "77".repeat(32))]);
    assert_eq!(
        ws.call("chain_getHeader", unknown.clone()).await,
        Value::Null
    );
    assert_eq!(ws.call("chain_getBlock", unknown).await, Value::Null);
    assert_eq!(
        ws.call("chain_getFinalizedHead", json!([])).await,
        json!(hash)
    );
    assert_eq!(
        ws.call("chain_getFinalisedHead", json!([])).await,
        json!(hash)
    );
}

#[tokio::test]
async fn heights_come_in_every_form_that_clients_send() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let five = json!(fixture.chain.hash(5));
    let tip = json!(fixture.chain.hash(7));
    for (params, expected) in [
        (json!([5]), five.clone()),
        (json!(["0x5"]), five.clone()),
        (json!([[5, "0x7", 99]]), json!([five, tip, null])),
        (json!([]), tip.clone()),
        (json!([null]), tip.clone()),
        (json!([8]), Value::Null),
        (json!([1u64 << 40]), Value::Null),
    ] {
        assert_eq!(
            ws.call("chain_getBlockHash", params.clone()).await,
            expected,
            "{params}"
        );
    }
    assert_eq!(ws.call("chain_getHead", json!([])).await, tip);
    assert_eq!(ws.fail("chain_getBlockHash", json!([-1])).await, -32602);
    assert_eq!(
        ws.fail("chain_getBlockHash", json!([vec![0; 1_001]])).await,
        3001
    );
}

#[tokio::test]
async fn heads_are_told_at_once_then_as_they_come_and_final_after_best() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let new = ws.subscribe("chain_subscribeNewHead", json!([])).await;
    let all = ws.subscribe("chain_subscribeAllHeads", json!([])).await;
    let last = ws
        .subscribe("chain_subscribeFinalizedHeads", json!([]))
        .await;
    for (id, name) in [
        (&new, "chain_newHead"),
        (&all, "chain_allHead"),
        (&last, "chain_finalizedHead"),
    ] {
        let (method, header) = ws.notification(id).await;
        assert_eq!((method.as_str(), &header["number"]), (name, &json!("0x7")));
    }
    for number in 8..12 {
        fixture.chain.commit();
        let number = json!(format!("{number:#x}"));
        let mut order = Vec::new();
        for _ in 0..3 {
            let message = ws.next_raw().await.unwrap();
            assert_eq!(message["params"]["result"]["number"], number);
            order.push(message["method"].as_str().unwrap().to_owned());
        }
        assert_eq!(order[2], "chain_finalizedHead");
    }
    assert_eq!(
        ws.call("chain_unsubscribeNewHead", json!([new])).await,
        true
    );
    assert_eq!(
        ws.call("chain_unsubscribeNewHead", json!([new])).await,
        false
    );
    fixture.chain.commit();
    let (_, header) = ws.notification(&all).await;
    assert_eq!(header["number"], "0xc");
}

#[tokio::test]
async fn refused_transactions_have_the_codes_of_substrate_and_a_reason() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    for (text, code, reason) in [
        ("undecodable", 1001, "length prefix"),
        ("too large", 1001, "limit of 1"),
        ("stale", 1010, "system_accountNextIndex"),
        (
            "unregistered",
            1010,
            "a member of the consortium registers it",
        ),
        ("rule", 1010, "code 7"),
        ("unknown", 1011, "next block"),
        ("banned", 1012, "a moment ago"),
        ("imported", 1013, "already in the pool"),
        ("low", 1014, "higher priority"),
        ("full", 1016, "after the next block"),
        ("stopped", -32009, "another node"),
    ] {
        let params = json!([hex(text.as_bytes())]);
        assert!(refusal(text.as_bytes()).is_some());
        for method in ["author_submitExtrinsic", "author_submitAndWatchExtrinsic"] {
            let error = &ws.ask(method, params.clone()).await["error"];
            assert_eq!(error["code"], code, "{text}: {error}");
            let data = error["data"].as_str().unwrap();
            assert!(data.contains(reason), "{text}: {data}");
        }
    }
    let answer = ws
        .ask("author_submitExtrinsic", json!([hex(b"disk")]))
        .await;
    assert_eq!(answer["error"]["code"], -32603);
    assert!(!answer.to_string().contains("secret"));
}

#[tokio::test]
async fn a_watched_transaction_is_told_in_order_up_to_final() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let transaction = b"\x10good".to_vec();
    let hash = extrinsic_hash(&transaction);
    let params = json!([hex(&transaction)]);
    let id = ws.subscribe("author_submitAndWatchExtrinsic", params).await;
    let block = fixture
        .chain
        .commit_extrinsics(std::slice::from_ref(&transaction));
    let peers = vec!["12D3KooWother".to_owned()];
    for status in [
        TransactionStatus::Future,
        TransactionStatus::Ready,
        TransactionStatus::Broadcast(peers.clone()),
        TransactionStatus::Finalized { block, index: 0 },
    ] {
        fixture.pool.tell(hash, status).await;
    }
    for expected in [
        json!("future"),
        json!("ready"),
        json!({"broadcast": peers}),
        json!({"inBlock": block}),
        json!({"finalized": block}),
    ] {
        let (method, status) = ws.notification(&id).await;
        assert_eq!(
            (method.as_str(), status),
            ("author_extrinsicUpdate", expected)
        );
    }
    let pending = ws.call("author_pendingExtrinsics", json!([])).await;
    assert_eq!(pending, json!([hex(&transaction)]));

    for (status, expected) in [
        (TransactionStatus::Usurped(hash), json!({"usurped": hash})),
        (TransactionStatus::Dropped, json!("dropped")),
        (TransactionStatus::Invalid, json!("invalid")),
    ] {
        let params = json!([hex(&transaction)]);
        let id = ws.subscribe("author_submitAndWatchExtrinsic", params).await;
        fixture.pool.tell(hash, status).await;
        assert_eq!(ws.notification(&id).await.1, expected);
    }
}

#[tokio::test]
async fn the_system_tells_names_peers_and_nonces() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    for (method, expected) in [
        ("system_name", json!("Xinglin")),
        ("system_version", json!("0.1.0-test")),
        ("system_chainType", json!("Local")),
        ("system_nodeRoles", json!(["Authority"])),
        ("system_localPeerId", json!("12D3KooWself")),
        (
            "system_localListenAddresses",
            json!(["/ip4/127.0.0.1/tcp/30333"]),
        ),
        (
            "system_peers",
            json!([{"peerId": "12D3KooWother", "address": "/ip4/127.0.0.1/tcp/30334"}]),
        ),
        (
            "system_syncState",
            json!({"startingBlock": 7, "currentBlock": 7, "highestBlock": 7}),
        ),
    ] {
        assert_eq!(ws.call(method, json!([])).await, expected, "{method}");
    }
    fixture.consensus.send_modify(|status| {
        status.best_peer_height = 100;
        status.validating = false;
    });
    assert_eq!(ws.call("system_health", json!([])).await["isSyncing"], true);
    assert_eq!(
        ws.call("system_syncState", json!([])).await["highestBlock"],
        100
    );
    assert_eq!(
        ws.call("system_nodeRoles", json!([])).await,
        json!(["Full"])
    );

    let alice = json!(["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"]);
    assert_eq!(ws.call("system_accountNextIndex", alice.clone()).await, 3);
    *fixture.pool.next_nonce.lock() = Some(9);
    assert_eq!(ws.call("account_nextIndex", alice.clone()).await, 9);
    *fixture.pool.next_nonce.lock() = Some(1);
    assert_eq!(ws.call("system_accountNextIndex", alice).await, 3);
    assert_eq!(
        ws.call("system_dryRun", json!(["0x0411"])).await,
        "0x000411"
    );
}

#[tokio::test]
async fn http_answers_calls_and_refuses_subscriptions() {
    let fixture = Fixture::new().await;
    let request = json!({"jsonrpc": "2.0", "id": "a", "method": "system_chain", "params": []});
    let answer = post(fixture.address(), &request).await;
    assert_eq!(
        answer,
        json!({"jsonrpc": "2.0", "id": "a", "result": "Fake Chain"})
    );
    let method = "chain_subscribeNewHeads";
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": []});
    let answer = post(fixture.address(), &request).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
}
