//! The rest of the new generation: `chainSpec_v1`, `archive_v1`, `transaction_v1`,
//! `transactionWatch_v1`.

use std::sync::atomic::Ordering;

use serde_json::{json, Value};
use xinglin_core::TransactionStatus;
use xinglin_primitives::receipt::extrinsic_hash;
use xinglin_rpc_api::bytes::to_hex as hex;
use xinglin_rpc_server::RpcConfig;

use crate::{
    fake::blake2_256,
    fixture::{config, Fixture},
    socket::{soon, Ws},
};

#[tokio::test]
async fn the_chain_spec_is_told() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    assert_eq!(
        ws.call("chainSpec_v1_chainName", json!([])).await,
        "Fake Chain"
    );
    let genesis = json!(fixture.chain.hash(0));
    assert_eq!(
        ws.call("chainSpec_v1_genesisHash", json!([])).await,
        genesis
    );
    assert_eq!(
        ws.call("chainSpec_v1_properties", json!([])).await["ss58Format"],
        42
    );
}

#[tokio::test]
async fn the_archive_reads_any_block() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let hash = fixture.chain.commit_extrinsics(&[vec![4, 1]]);
    let unknown = json!([format!("0x{}", "77".repeat(32))]);
    let genesis = json!(fixture.chain.hash(0));
    assert_eq!(ws.call("archive_v1_genesisHash", json!([])).await, genesis);
    assert_eq!(ws.call("archive_v1_finalizedHeight", json!([])).await, 8);
    assert_eq!(
        ws.call("archive_v1_hashByHeight", json!([8])).await,
        json!([hash])
    );
    assert_eq!(
        ws.call("archive_v1_hashByHeight", json!([9])).await,
        json!([])
    );
    assert_eq!(
        ws.call("archive_v1_body", json!([hash])).await,
        json!(["0x0401"])
    );
    assert_eq!(
        ws.call("archive_v1_body", unknown.clone()).await,
        Value::Null
    );
    let header = ws.call("archive_v1_header", json!([hash])).await;
    let header: xinglin_rpc_api::Bytes = serde_json::from_value(header).unwrap();
    assert_eq!(blake2_256(&header.0), hash);
    assert_eq!(
        ws.call("archive_v1_header", unknown.clone()).await,
        Value::Null
    );

    let call = |at: &Value, function: &str| json!([at, function, "0xff"]);
    assert_eq!(
        ws.call("archive_v1_call", call(&json!(hash), "Test_echo"))
            .await,
        json!({"success": true, "value": "0xff"})
    );
    let failed = ws
        .call("archive_v1_call", call(&json!(hash), "Test_fail"))
        .await;
    assert_eq!(failed["success"], false);
    assert!(failed["error"]
        .as_str()
        .unwrap()
        .contains("it always fails"));
    assert_eq!(
        ws.call("archive_v1_call", call(&unknown[0], "Test_echo"))
            .await,
        Value::Null
    );
}

#[tokio::test]
async fn archived_storage_is_streamed() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let hash = fixture
        .chain
        .commit_changes(&[(b"a1", b"1"), (b"a2", b"2"), (b"a3", b"3")]);
    fixture.chain.commit_changes(&[(b"a1", b"later")]);
    let items = json!([
        {"key": hex(b"a1"), "type": "value"},
        {"key": hex(b"a"), "type": "descendantsValues", "paginationStartKey": hex(b"a1")},
    ]);
    let id = ws
        .subscribe("archive_v1_storage", json!([hash, items, null]))
        .await;
    for (key, value) in [("a1", "1"), ("a2", "2"), ("a3", "3")] {
        assert_eq!(
            ws.notification(&id).await,
            (
                "archive_v1_storageEvent".to_owned(),
                json!({
                    "event": "storage",
                    "key": hex(key.as_bytes()),
                    "value": hex(value.as_bytes()),
                })
            )
        );
    }
    assert_eq!(
        ws.notification(&id).await.1,
        json!({"event": "storageDone"})
    );

    let unknown = format!("0x{}", "77".repeat(32));
    let items = json!([{"key": "0x00", "type": "value"}]);
    let id = ws
        .subscribe("archive_v1_storage", json!([unknown, items, null]))
        .await;
    let (_, event) = ws.notification(&id).await;
    assert_eq!(event["event"], "storageError");
    let many = vec![items[0].clone(); 1_025];
    assert_eq!(
        ws.fail("archive_v1_storage", json!([hash, many, null]))
            .await,
        -32602
    );
    let odd = json!([hash, [{"key": "0x00", "type": "odd"}], null]);
    assert_eq!(ws.fail("archive_v1_storage", odd).await, -32602);
}

#[tokio::test]
async fn broadcasts_are_bounded_silent_and_stopped_once() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let mut ids = Vec::new();
    for number in 0..16u8 {
        // Invalid ones are not told, and count.
        let text: &[u8] = if number % 2 == 0 {
            b"stale"
        } else {
            b"\x10good"
        };
        let id = ws
            .call("transaction_v1_broadcast", json!([hex(text)]))
            .await;
        ids.push(id.as_str().unwrap().to_owned());
    }
    let params = json!([hex(b"\x10good")]);
    assert_eq!(
        ws.call("transaction_v1_broadcast", params.clone()).await,
        Value::Null
    );
    assert_eq!(
        ws.call("transaction_v1_stop", json!([ids[0]])).await,
        Value::Null
    );
    assert_eq!(
        ws.fail("transaction_v1_stop", json!([ids[0]])).await,
        -32602
    );
    assert!(ws
        .call("transaction_v1_broadcast", params)
        .await
        .is_string());
    let mut other = Ws::connect(fixture.address()).await;
    assert_eq!(
        other.fail("transaction_v1_stop", json!([ids[1]])).await,
        -32602
    );
}

#[tokio::test]
async fn a_broadcast_is_offered_again_until_the_pool_has_room() {
    let fixture = Fixture::new().await;
    fixture.pool.full_for.store(1, Ordering::SeqCst);
    let mut offered = fixture.pool.offered();
    let mut ws = Ws::connect(fixture.address()).await;
    ws.call("transaction_v1_broadcast", json!([hex(b"later")]))
        .await;
    soon(offered.wait_for(|count| *count == 1)).await.unwrap();
    // Each block is an occasion to offer it again.
    soon(async {
        while *offered.borrow() < 2 {
            fixture.chain.commit();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let pending = ws.call("author_pendingExtrinsics", json!([])).await;
    assert_eq!(pending, json!([hex(b"later")]));
}

#[tokio::test]
async fn a_watch_tells_validated_included_final() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let transaction = b"\x10good".to_vec();
    let hash = extrinsic_hash(&transaction);
    let params = json!([hex(&transaction)]);
    let id = ws
        .subscribe("transactionWatch_v1_submitAndWatch", params.clone())
        .await;
    let block = fixture
        .chain
        .commit_extrinsics(std::slice::from_ref(&transaction));
    for status in [
        TransactionStatus::Ready,
        TransactionStatus::Broadcast(vec![]),
        TransactionStatus::Finalized { block, index: 4 },
    ] {
        fixture.pool.tell(hash, status).await;
    }
    let place = json!({"hash": block, "index": 4});
    for expected in [
        json!({"event": "validated"}),
        json!({"event": "bestChainBlockIncluded", "block": place}),
        json!({"event": "finalized", "block": place}),
    ] {
        let (method, event) = ws.notification(&id).await;
        assert_eq!(
            (method.as_str(), event),
            ("transactionWatch_v1_watchEvent", expected)
        );
    }
    for (status, expected) in [
        (TransactionStatus::Dropped, "dropped"),
        (TransactionStatus::Invalid, "invalid"),
        (TransactionStatus::Usurped(hash), "invalid"),
    ] {
        let id = ws
            .subscribe("transactionWatch_v1_submitAndWatch", params.clone())
            .await;
        fixture.pool.tell(hash, status).await;
        assert_eq!(ws.notification(&id).await.1["event"], "validated");
        let (_, event) = ws.notification(&id).await;
        assert_eq!(event["event"], expected);
        assert!(event["error"].is_string());
    }
    for (text, expected) in [
        ("undecodable", "invalid"),
        ("stale", "invalid"),
        ("banned", "invalid"),
        ("full", "dropped"),
        ("imported", "dropped"),
        ("disk", "error"),
    ] {
        let params = json!([hex(text.as_bytes())]);
        let id = ws
            .subscribe("transactionWatch_v1_submitAndWatch", params)
            .await;
        let (_, event) = ws.notification(&id).await;
        assert_eq!(event["event"], expected, "{text}");
        assert!(!event.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn unwatching_and_leaving_free_the_pool_from_watchers() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let params = json!([hex(b"\x10good")]);
    let id = ws
        .subscribe("transactionWatch_v1_submitAndWatch", params)
        .await;
    assert_eq!(
        ws.call("transactionWatch_v1_unwatch", json!([id])).await,
        true
    );
    ws.subscribe("author_submitAndWatchExtrinsic", json!([hex(b"\x14other")]))
        .await;
    drop(ws);
    soon(async {
        while fixture.pool.watched() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_word_that_a_block_is_final_waits_for_the_gap() {
    let hour = RpcConfig {
        finality_gap_ms: 3_600_000,
        ..config()
    };
    let fixture = Fixture::with(hour, 3).await;
    let mut ws = Ws::connect(fixture.address()).await;
    let finalized = ws
        .subscribe("chain_subscribeFinalizedHeads", json!([]))
        .await;
    assert_eq!(ws.notification(&finalized).await.1["number"], "0x3");
    let follow = ws.subscribe("chainHead_v1_follow", json!([false])).await;
    while ws.event(&follow).await["event"] != "bestBlockChanged" {}
    let transaction = b"\x10good".to_vec();
    let hash = extrinsic_hash(&transaction);
    let params = json!([hex(&transaction)]);
    let block = fixture
        .chain
        .commit_extrinsics(std::slice::from_ref(&transaction));
    for (method, first) in [
        ("author_submitAndWatchExtrinsic", json!({"inBlock": block})),
        (
            "transactionWatch_v1_submitAndWatch",
            json!({"event": "validated"}),
        ),
    ] {
        let id = ws.subscribe(method, params.clone()).await;
        let status = TransactionStatus::Finalized { block, index: 0 };
        fixture.pool.tell(hash, status).await;
        assert_eq!(ws.notification(&id).await.1, first);
    }
    assert_eq!(ws.event(&follow).await["event"], "newBlock");
    assert_eq!(ws.event(&follow).await["event"], "bestBlockChanged");
    // Calls tell the block as final at once.
    assert_eq!(
        ws.call("chain_getFinalizedHead", json!([])).await,
        json!(block)
    );
    assert_eq!(ws.call("archive_v1_finalizedHeight", json!([])).await, 4);
    // All that is still to come are the words that wait, and the watch's `bestChainBlockIncluded`.
    for message in ws.unread() {
        let result = &message["params"]["result"];
        assert_eq!(result["event"], "bestChainBlockIncluded", "{message}");
    }
}
