//! `state_*`: values, pages, proofs, calls and their subscriptions.

use serde_json::{json, Value};
use xinglin_rpc_api::bytes::to_hex as hex;

use crate::{fake::blake2_256, fixture::Fixture, socket::Ws};

#[tokio::test]
async fn storage_is_read_at_any_block_with_or_without_nulls() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let before = fixture
        .chain
        .commit_changes(&[(b"ab", b"1"), (b"abc", b"22"), (b"b", b"3")]);
    let after = fixture
        .chain
        .commit_changes(&[(b"ab", b"changed"), (b"b", b"")]);
    let key = hex(b"ab");
    assert_eq!(
        ws.call("state_getStorage", json!([key])).await,
        hex(b"changed")
    );
    assert_eq!(
        ws.call("state_getStorageAt", json!([key, before])).await,
        hex(b"1")
    );
    assert_eq!(
        ws.call("state_getStorage", json!([key, null])).await,
        hex(b"changed")
    );
    assert_eq!(
        ws.call("state_getStorage", json!([hex(b"nothing")])).await,
        Value::Null
    );
    assert_eq!(ws.call("state_getStorageSize", json!([key])).await, 7);
    assert_eq!(
        ws.call("state_getStorageHash", json!([hex(b":code"), null]))
            .await,
        hex(blake2_256(b"some code").as_bytes())
    );
    let prefix = hex(b"ab");
    let keys = [hex(b"ab"), hex(b"abc")];
    let page = json!([prefix, 250, null, null]);
    assert_eq!(ws.call("state_getKeysPaged", page).await, json!(keys));
    // polkadot.js begins with the prefix itself as the start key.
    let page = json!([hex(b"a"), 1000, hex(b"a"), before]);
    assert_eq!(ws.call("state_getKeysPaged", page).await, json!(keys));
    let page = json!([prefix, 1000, hex(b"ab"), before]);
    assert_eq!(
        ws.call("state_getKeysPagedAt", page).await,
        json!([keys[1]])
    );
    assert_eq!(
        ws.fail("state_getKeysPaged", json!([prefix, 1001])).await,
        4002
    );
    assert_eq!(
        ws.call("state_queryStorageAt", json!([[key, hex(b"b")]]))
            .await,
        json!([{"block": after, "changes": [[key, hex(b"changed")], [hex(b"b"), null]]}])
    );
    assert_eq!(
        ws.call("state_getReadProof", json!([[key], before])).await,
        json!({"at": before, "proof": [key]})
    );
    assert_eq!(
        ws.call("state_getReadProof", json!([[key]])).await["at"],
        json!(after)
    );
    let many: Vec<String> = (0..4_097u32).map(|n| hex(&n.to_le_bytes())).collect();
    assert_eq!(ws.fail("state_queryStorageAt", json!([many])).await, 4002);
}

#[tokio::test]
async fn runtime_calls_tell_their_failures_apart_and_keep_causes_to_the_log() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    // PAPI sends no bytes as an empty string.
    assert_eq!(ws.call("state_call", json!(["Test_echo", ""])).await, "0x");
    assert_eq!(
        ws.call("state_callAt", json!(["Test_echo", "0xff00", null]))
            .await,
        "0xff00"
    );
    let answer = ws.ask("state_call", json!(["No_such", "0x"])).await;
    assert_eq!(answer["error"]["code"], 4005);
    let answer = ws.ask("state_call", json!(["Test_fail", "0x"])).await;
    assert_eq!(answer["error"]["code"], 4006);
    assert_eq!(answer["error"]["data"], "it always fails");
    let unknown = format!("0x{}", "77".repeat(32));
    assert_eq!(
        ws.fail("state_call", json!(["Test_echo", "0x", unknown]))
            .await,
        4003
    );
    fixture.chain.prune(3);
    let pruned = fixture.chain.hash(2);
    let answer = ws.ask("state_getStorage", json!(["0x00", pruned])).await;
    assert_eq!(answer["error"]["code"], 4004);
    assert_eq!(answer["error"]["data"], "ask an archive node");
    for broken in ["Test_disk", "Test_panic"] {
        let answer = ws.ask("state_call", json!([broken, "0x"])).await;
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }
    assert_eq!(
        ws.call("state_call", json!(["Test_echo", "0x01"])).await,
        "0x01"
    );
}

#[tokio::test]
async fn storage_subscriptions_tell_the_values_at_once_and_then_changes_only() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    fixture.chain.commit_changes(&[(b"a", b"1")]);
    let tip = fixture.chain.hash(8);
    // The server hears of the block on its own time; the first notification may be of either.
    let keys = json!([[hex(b"a"), hex(b"b")]]);
    let id = ws.subscribe("state_subscribeStorage", keys).await;
    let mut told = ws.notification(&id).await;
    if told.1["block"] != json!(tip) {
        told = ws.notification(&id).await;
    }
    assert_eq!(told.0, "state_storage");
    assert_eq!(told.1["changes"][0], json!([hex(b"a"), hex(b"1")]));

    fixture.chain.commit_changes(&[(b"c", b"9")]);
    let changed = fixture.chain.commit_changes(&[(b"b", b"2"), (b"c", b"8")]);
    let (_, told) = ws.notification(&id).await;
    assert_eq!(
        told,
        json!({"block": changed, "changes": [[hex(b"b"), hex(b"2")]]})
    );
    let removed = fixture.chain.commit_changes(&[(b"a", b"")]);
    let (_, told) = ws.notification(&id).await;
    assert_eq!(
        told,
        json!({"block": removed, "changes": [[hex(b"a"), null]]})
    );
    assert_eq!(ws.call("state_unsubscribeStorage", json!([id])).await, true);

    assert_eq!(ws.fail("state_subscribeStorage", json!([])).await, 4002);
    assert_eq!(ws.fail("state_subscribeStorage", json!([[]])).await, 4002);
}

#[tokio::test]
async fn runtime_versions_are_told_at_once_and_when_they_change() {
    let fixture = Fixture::new().await;
    let mut ws = Ws::connect(fixture.address()).await;
    let id = ws
        .subscribe("state_subscribeRuntimeVersion", json!([]))
        .await;
    let (method, version) = ws.notification(&id).await;
    assert_eq!(method, "state_runtimeVersion");
    assert_eq!(
        (&version["specVersion"], &version["apis"][1][1]),
        (&json!(1), &json!(2))
    );
    fixture.chain.commit();
    fixture.chain.commit_upgrade(2);
    let (_, version) = ws.notification(&id).await;
    assert_eq!(version["specVersion"], 2);
    assert_eq!(
        ws.call("state_unsubscribeRuntimeVersion", json!([id]))
            .await,
        true
    );
    let old = json!([fixture.chain.hash(8)]);
    assert_eq!(
        ws.call("chain_getRuntimeVersion", old).await["specVersion"],
        1
    );
}
