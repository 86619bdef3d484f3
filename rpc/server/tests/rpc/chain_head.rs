//! `chainHead_v1_*`: order, pins, operations, bounds.

use serde_json::{json, Value};
use xinglin_rpc_api::bytes::to_hex as hex;
use xinglin_rpc_server::RpcConfig;

use crate::{
    fake::blake2_256,
    fixture::{config, Fixture},
    socket::{soon, Ws},
};

/// Follows and skips what comes first; the id.
async fn follow(ws: &mut Ws) -> String {
    let id = ws.subscribe("chainHead_v1_follow", json!([true])).await;
    assert_eq!(ws.event(&id).await["event"], "initialized");
    while ws.event(&id).await["event"] != "bestBlockChanged" {}
    id
}

/// Starts an operation; its id, which must be told before its events.
async fn operation(ws: &mut Ws, method: &str, params: Value) -> String {
    let reply = ws.call(method, params).await;
    assert_eq!(reply["result"], "started", "{reply}");
    reply["operationId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn following_begins_with_final_blocks_and_the_best() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = ws.subscribe("chainHead_v1_follow", json!([true])).await;
    let hashes: Vec<_> = (3..=7).map(|number| fixture.chain.hash(number)).collect();
    assert_eq!(
        ws.event(&id).await,
        json!({
            "event": "initialized",
            "finalizedBlockHashes": hashes,
            "finalizedBlockRuntime": {"type": "valid", "spec": {
                "specName": "fake", "implName": "fake-impl", "specVersion": 1, "implVersion": 2,
                "transactionVersion": 3, "apis": {"0x37e397fc7c91f5e4": 2, "0xdf6acb689907609b": 5},
            }},
        })
    );
    let best = fixture.chain.hash(7);
    assert_eq!(
        ws.event(&id).await,
        json!({"event": "bestBlockChanged", "bestBlockHash": best})
    );
    for hash in hashes {
        let header = ws.call("chainHead_v1_header", json!([id, hash])).await;
        let bytes: xinglin_rpc_api::Bytes = serde_json::from_value(header).unwrap();
        assert_eq!(blake2_256(&bytes.0), hash);
    }
}

#[tokio::test]
async fn a_block_is_new_then_best_then_final() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    let plain = ws.subscribe("chainHead_v1_follow", json!([false])).await;
    let initialized = ws.event(&plain).await;
    assert!(initialized.get("finalizedBlockRuntime").is_none());
    ws.event(&plain).await;

    let mut parent = fixture.chain.hash(7);
    for _ in 0..3 {
        let hash = fixture.chain.commit();
        let new = json!({
            "event": "newBlock", "blockHash": hash, "parentBlockHash": parent, "newRuntime": null
        });
        let best = json!({"event": "bestBlockChanged", "bestBlockHash": hash});
        let last = json!({
            "event": "finalized", "finalizedBlockHashes": [hash], "prunedBlockHashes": []
        });
        assert_eq!(ws.event(&id).await, new);
        assert_eq!(ws.event(&id).await, best);
        assert_eq!(ws.event(&id).await, last);
        let without = ws.event(&plain).await;
        assert_eq!(without["blockHash"], json!(hash));
        assert!(without.get("newRuntime").is_none());
        assert_eq!(ws.event(&plain).await, best);
        assert_eq!(ws.event(&plain).await, last);
        parent = hash;
    }
    fixture.chain.commit_upgrade(5);
    let new = ws.event(&id).await;
    assert_eq!(new["newRuntime"]["spec"]["specVersion"], 5);
}

#[tokio::test]
async fn a_follower_between_best_and_final_is_told_both() {
    let slow = RpcConfig {
        finality_gap_ms: 500,
        ..config()
    };
    let fixture = Fixture::with(slow, 2).await;
    let mut ws = Ws::connect(fixture.address()).await;
    let early = follow(&mut ws).await;
    let hash = fixture.chain.commit();
    assert_eq!(ws.event(&early).await["event"], "newBlock");

    let late = ws.subscribe("chainHead_v1_follow", json!([true])).await;
    let hashes: Vec<_> = (0..=2).map(|number| fixture.chain.hash(number)).collect();
    let initialized = ws.event(&late).await;
    assert_eq!(initialized["finalizedBlockHashes"], json!(hashes));
    let new = ws.event(&late).await;
    assert_eq!(
        (&new["event"], &new["blockHash"]),
        (&json!("newBlock"), &json!(hash))
    );
    assert_eq!(ws.event(&late).await["bestBlockHash"], json!(hash));
    assert_eq!(ws.event(&late).await["finalizedBlockHashes"], json!([hash]));
}

#[tokio::test]
async fn operations_tell_their_outcome_after_their_id() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    let body = vec![vec![4, 1], vec![8, 2, 3]];
    let hash = fixture.chain.commit_extrinsics(&body);
    for expected in ["newBlock", "bestBlockChanged", "finalized"] {
        assert_eq!(ws.event(&id).await["event"], expected);
    }
    let op = operation(&mut ws, "chainHead_v1_body", json!([id, hash])).await;
    assert_eq!(
        ws.event(&id).await,
        json!({"event": "operationBodyDone", "operationId": op, "value": ["0x0401", "0x080203"]})
    );
    // PAPI sends no bytes as an empty string.
    let params = json!([id, hash, "Metadata_metadata_versions", ""]);
    let op = operation(&mut ws, "chainHead_v1_call", params).await;
    let output = "0x0c0e0000000f00000010000000";
    assert_eq!(
        ws.event(&id).await,
        json!({"event": "operationCallDone", "operationId": op, "output": output})
    );
    for (function, reason) in [("Test_fail", "it always fails"), ("No_such", "no function")] {
        let params = json!([id, hash, function, "0x"]);
        let op = operation(&mut ws, "chainHead_v1_call", params).await;
        let event = ws.event(&id).await;
        assert_eq!(
            (&event["event"], &event["operationId"]),
            (&json!("operationError"), &json!(op))
        );
        assert!(event["error"].as_str().unwrap().contains(reason), "{event}");
    }
    let params = json!([id, hash, "Test_disk", "0x"]);
    let op = operation(&mut ws, "chainHead_v1_call", params).await;
    assert_eq!(
        ws.event(&id).await,
        json!({"event": "operationInaccessible", "operationId": op})
    );
    // dedot stops every operation, finished ones too.
    assert_eq!(
        ws.call("chainHead_v1_stopOperation", json!([id, op])).await,
        Value::Null
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_of_an_operation_is_told_before_its_events() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    // There is nothing to read, so that the operation is done as soon as it may begin.
    let params = json!([id, fixture.chain.hash(7), [], null]);
    for _ in 0..500 {
        let operation = operation(&mut ws, "chainHead_v1_storage", params.clone()).await;
        assert_eq!(ws.unread().count(), 0, "an event came before the answer");
        assert_eq!(ws.event(&id).await["operationId"], json!(operation));
    }
}

#[tokio::test]
async fn storage_is_answered_by_type() {
    let fixture = Fixture::new().await;
    fixture
        .chain
        .commit_changes(&[(b"a1", b"one"), (b"a2", b"two"), (b"b", b"three")]);
    let mut ws = Ws::connect(fixture.address()).await;
    let hash = fixture.chain.hash(8);
    let id = follow_from(&mut ws, hash).await;
    let items = json!([
        {"key": hex(b":code"), "type": "hash"},
        {"key": hex(b"b"), "type": "value"},
        {"key": hex(b"nothing"), "type": "value"},
        {"key": hex(b"a"), "type": "closestDescendantMerkleValue"},
        {"key": hex(b"zz"), "type": "closestDescendantMerkleValue"},
        {"key": hex(b"a"), "type": "descendantsValues"},
        {"key": hex(b"a"), "type": "descendantsHashes"},
    ]);
    let reply = ws
        .call("chainHead_v1_storage", json!([id, hash, items, null]))
        .await;
    assert_eq!(reply["discardedItems"], 0);
    let event = operation_event(&mut ws, &id).await;
    let blake = |bytes: &[u8]| hex(blake2_256(bytes).as_bytes());
    assert_eq!(
        event["items"],
        json!([
            {"key": hex(b":code"), "hash": blake(b"some code")},
            {"key": hex(b"b"), "value": hex(b"three")},
            {"key": hex(b"a"), "closestDescendantMerkleValue": hex(&[0xaa; 32])},
            {"key": hex(b"a1"), "value": hex(b"one")},
            {"key": hex(b"a2"), "value": hex(b"two")},
            {"key": hex(b"a1"), "hash": blake(b"one")},
            {"key": hex(b"a2"), "hash": blake(b"two")},
        ])
    );
    let done = operation_event(&mut ws, &id).await;
    assert_eq!(done["event"], "operationStorageDone");
    assert_eq!(done["operationId"], reply["operationId"]);

    let params = json!([id, hash, [{"key": hex(b"a"), "type": "descendantsValues"}], "0x00"]);
    ws.call("chainHead_v1_storage", params).await;
    assert_eq!(
        operation_event(&mut ws, &id).await["event"],
        "operationStorageDone"
    );
}

/// Follows until `hash` is best.
async fn follow_from(ws: &mut Ws, hash: xinglin_primitives::Hash) -> String {
    let id = ws.subscribe("chainHead_v1_follow", json!([true])).await;
    while ws.event(&id).await["bestBlockHash"] != json!(hash) {}
    id
}

/// The next event of an operation.
async fn operation_event(ws: &mut Ws, id: &str) -> Value {
    loop {
        let event = ws.event(id).await;
        if event["event"].as_str().unwrap().starts_with("operation") {
            return event;
        }
    }
}

#[tokio::test]
async fn a_large_map_is_streamed_page_by_page_and_whole() {
    let fixture = Fixture::new().await;
    let keys: Vec<Vec<u8>> = (0..3_000u32)
        .map(|n| [b"map".as_slice(), &n.to_be_bytes()].concat())
        .collect();
    let changes: Vec<(&[u8], &[u8])> = keys.iter().map(|key| (&key[..], &key[..])).collect();
    let hash = fixture.chain.commit_changes(&changes);
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow_from(&mut ws, hash).await;
    let items = json!([{"key": hex(b"map"), "type": "descendantsValues"}]);
    ws.call("chainHead_v1_storage", json!([id, hash, items, null]))
        .await;
    let mut found = Vec::new();
    loop {
        let event = operation_event(&mut ws, &id).await;
        if event["event"] == "operationStorageDone" {
            break;
        }
        let items = event["items"].as_array().unwrap();
        assert!(items.len() < 300, "a page is bounded");
        found.extend(
            items
                .iter()
                .map(|item| item["key"].as_str().unwrap().to_owned()),
        );
    }
    let expected: Vec<String> = keys.iter().map(|key| hex(key)).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn items_beyond_the_bound_are_discarded_from_the_end() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    let items = vec![json!({"key": hex(b":code"), "type": "hash"}); 1_030];
    let params = json!([id, fixture.chain.hash(7), items, null]);
    let reply = ws.call("chainHead_v1_storage", params).await;
    assert_eq!(reply["discardedItems"], 6);
}

#[tokio::test]
async fn only_pinned_blocks_are_read_and_unpinning_is_checked() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    let [old, three, four, five, six] = [2, 3, 4, 5, 6].map(|number| fixture.chain.hash(number));
    assert_eq!(
        ws.fail("chainHead_v1_header", json!([id, old])).await,
        -32801
    );
    assert_eq!(ws.fail("chainHead_v1_body", json!([id, old])).await, -32801);
    assert_eq!(
        ws.fail("chainHead_v1_call", json!([id, old, "Test_echo", "0x"]))
            .await,
        -32801
    );
    assert_eq!(
        ws.fail("chainHead_v1_storage", json!([id, old, [], null]))
            .await,
        -32801
    );
    assert_eq!(
        ws.fail("chainHead_v1_unpin", json!([id, old])).await,
        -32801
    );
    assert_eq!(
        ws.fail("chainHead_v1_unpin", json!([id, [three, three]]))
            .await,
        -32804
    );
    assert_eq!(
        ws.fail("chainHead_v1_unpin", json!([id, [three, old]]))
            .await,
        -32801
    );
    assert_eq!(
        ws.call("chainHead_v1_unpin", json!([id, three])).await,
        Value::Null
    );
    assert_eq!(
        ws.call("chainHead_v1_unpin", json!([id, [four, five]]))
            .await,
        Value::Null
    );
    for unpinned in [three, four, five] {
        assert_eq!(
            ws.fail("chainHead_v1_header", json!([id, unpinned])).await,
            -32801
        );
    }
    assert!(ws
        .call("chainHead_v1_header", json!([id, six]))
        .await
        .is_string());
    assert_eq!(
        ws.fail("chainHead_v1_header", json!([id, "0x00"])).await,
        -32602
    );
}

#[tokio::test]
async fn a_dead_subscription_is_answered_as_the_specification_says() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    let hash = fixture.chain.hash(7);
    let mut other = Ws::connect(fixture.address()).await;
    // Subscriptions belong to their connection.
    let foreign = other.call("chainHead_v1_header", json!([id, hash])).await;
    assert_eq!(foreign, Value::Null);
    let made_up = "no such subscription";
    let limit = json!({"result": "limitReached"});
    for (method, params, expected) in [
        ("chainHead_v1_header", json!([made_up, hash]), Value::Null),
        ("chainHead_v1_body", json!([made_up, hash]), limit.clone()),
        (
            "chainHead_v1_call",
            json!([made_up, hash, "Test_echo", "0x"]),
            limit.clone(),
        ),
        (
            "chainHead_v1_storage",
            json!([made_up, hash, [], null]),
            limit,
        ),
        ("chainHead_v1_unpin", json!([made_up, hash]), Value::Null),
        ("chainHead_v1_continue", json!([made_up, "x"]), Value::Null),
        (
            "chainHead_v1_stopOperation",
            json!([made_up, "x"]),
            Value::Null,
        ),
    ] {
        assert_eq!(ws.call(method, params).await, expected, "{method}");
    }
    assert_eq!(
        ws.fail("chainHead_v1_continue", json!([id, "x"])).await,
        -32803
    );
    let plain = ws.subscribe("chainHead_v1_follow", json!([false])).await;
    let params = json!([plain, hash, "Test_echo", "0x"]);
    assert_eq!(ws.fail("chainHead_v1_call", params).await, -32802);
}

#[tokio::test]
async fn follows_are_bounded_and_unfollowing_makes_room() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let mut follows = Vec::new();
    for _ in 0..4 {
        follows.push(follow(&mut ws).await);
    }
    assert_eq!(ws.fail("chainHead_v1_follow", json!([true])).await, -32800);
    ws.call("chainHead_v1_unfollow", json!([follows[0]])).await;
    soon(async {
        while ws
            .ask("chainHead_v1_follow", json!([true]))
            .await
            .get("error")
            .is_some()
        {}
    })
    .await;
    let mut other = Ws::connect(fixture.address()).await;
    follow(&mut other).await;
}

#[tokio::test]
async fn sixteen_operations_run_at_a_time_and_stopping_one_makes_room() {
    let fixture = Fixture::new().await;
    fixture.chain.set_gate(false);
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    let hash = fixture.chain.hash(7);
    let call = json!([id, hash, "Test_wait", "0x"]);
    let mut running = Vec::new();
    for _ in 0..16 {
        running.push(operation(&mut ws, "chainHead_v1_call", call.clone()).await);
    }
    let limit = json!({"result": "limitReached"});
    assert_eq!(ws.call("chainHead_v1_call", call.clone()).await, limit);
    assert_eq!(ws.call("chainHead_v1_body", json!([id, hash])).await, limit);

    let stopped = running.remove(15);
    ws.call("chainHead_v1_stopOperation", json!([id, stopped]))
        .await;
    let next = soon(async {
        loop {
            let reply = ws.call("chainHead_v1_call", call.clone()).await;
            if reply != limit {
                return reply["operationId"].as_str().unwrap().to_owned();
            }
        }
    })
    .await;
    running.push(next);
    fixture.chain.set_gate(true);
    let mut done = Vec::new();
    for _ in 0..16 {
        let event = operation_event(&mut ws, &id).await;
        assert_eq!(event["event"], "operationCallDone");
        done.push(event["operationId"].as_str().unwrap().to_owned());
    }
    done.sort();
    running.sort();
    assert_eq!(done, running, "the stopped one tells nothing");
}

#[tokio::test]
async fn a_client_that_never_unpins_is_told_to_begin_anew() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    let mut blocks = 0;
    loop {
        fixture.chain.commit();
        blocks += 1;
        assert!(blocks < 1_000, "pins must be bounded");
        let stopped = loop {
            match ws.event(&id).await["event"].as_str().unwrap() {
                "bestBlockChanged" => break false,
                "stop" => break true,
                _ => {}
            }
        };
        if stopped {
            break;
        }
    }
    assert!(blocks > 500, "stopped after {blocks} blocks");
    let tip = fixture.chain.hash(7 + blocks);
    assert_eq!(
        ws.call("chainHead_v1_header", json!([id, tip])).await,
        Value::Null
    );
    follow(&mut ws).await;
}

#[tokio::test]
async fn a_client_that_pins_pruned_blocks_is_told_to_begin_anew() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = follow(&mut ws).await;
    fixture.chain.prune(4);
    let params = json!([id, fixture.chain.hash(3), "Test_echo", "0x"]);
    let op = operation(&mut ws, "chainHead_v1_call", params).await;
    assert_eq!(
        ws.event(&id).await,
        json!({"event": "operationInaccessible", "operationId": op})
    );
    fixture.chain.commit();
    assert_eq!(ws.event(&id).await, json!({"event": "stop"}));
    let id = ws.subscribe("chainHead_v1_follow", json!([false])).await;
    let hashes = &ws.event(&id).await["finalizedBlockHashes"];
    assert_eq!(hashes[0], json!(fixture.chain.hash(4)));
}
