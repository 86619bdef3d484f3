//! What everybody may ask a node, with parameters that lead to what was put in.

use codec::Encode;
use frame_support::storage::storage_prefix;
use pallet_members::Patients;
use serde_json::{json, Value};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::client::{to_hex, Client};

use crate::{
    asker::{id_of, Asker},
    day::Affairs,
    support::acts::wallet,
};

/// Keys of one page, and in one question.
const PAGE: u32 = 1_000;

/// Methods without parameters.
const PLAIN: &[&str] = &[
    "archive_v1_finalizedHeight",
    "archive_v1_genesisHash",
    "author_pendingExtrinsics",
    "chainSpec_v1_chainName",
    "chainSpec_v1_genesisHash",
    "chainSpec_v1_properties",
    "chain_getFinalisedHead",
    "chain_getFinalizedHead",
    "explorer_status",
    "rpc_methods",
    "state_getMetadata",
    "system_chain",
    "system_chainType",
    "system_health",
    "system_localListenAddresses",
    "system_localPeerId",
    "system_name",
    "system_nodeRoles",
    "system_peers",
    "system_properties",
    "system_syncState",
    "system_version",
    "xinglin_status",
];
/// Methods about an account.
const OF_ACCOUNT: &[&str] = &[
    "account_nextIndex",
    "system_accountNextIndex",
    "xinglin_challenge",
];
/// Methods about a block, by its hash.
const OF_HASH: &[&str] = &[
    "archive_v1_body",
    "archive_v1_header",
    "chain_getBlock",
    "chain_getHeader",
    "chain_getRuntimeVersion",
    "state_getRuntimeVersion",
];
/// Methods about a block, by its height.
const OF_HEIGHT: &[&str] = &[
    "archive_v1_hashByHeight",
    "chain_getBlockHash",
    "chain_getHead",
    "explorer_block",
    "xinglin_blockCertificate",
    "xinglin_timeTokens",
];
/// Subscriptions that tell something at once, each with its end.
const HEADS: &[(&str, &str)] = &[
    ("chain_subscribeAllHeads", "chain_unsubscribeAllHeads"),
    (
        "chain_subscribeFinalisedHeads",
        "chain_unsubscribeFinalisedHeads",
    ),
    (
        "chain_subscribeFinalizedHeads",
        "chain_unsubscribeFinalizedHeads",
    ),
    ("chain_subscribeNewHead", "chain_unsubscribeNewHead"),
    ("chain_subscribeNewHeads", "chain_unsubscribeNewHeads"),
    (
        "chain_subscribeRuntimeVersion",
        "chain_unsubscribeRuntimeVersion",
    ),
    (
        "state_subscribeRuntimeVersion",
        "state_unsubscribeRuntimeVersion",
    ),
    ("subscribe_newHead", "unsubscribe_newHead"),
];

/// Asks all that needs no signature.
pub async fn ask_everything(asker: &mut Asker, client: &Client, stranger: &str, about: &Affairs) {
    let account = wallet(stranger).key().address();
    for method in PLAIN {
        asker.answer(method, json!([])).await;
    }
    for method in OF_ACCOUNT {
        asker.answer(method, json!([account])).await;
    }
    for method in OF_HASH {
        asker.answer(method, json!([about.block])).await;
    }
    for method in OF_HEIGHT {
        asker.answer(method, json!([about.height])).await;
    }
    for (subscribe, unsubscribe) in HEADS {
        asker.hear(subscribe, json!([]), unsubscribe).await;
    }
    let hash = json!([about.operation]);
    assert!(asker.answer("xinglin_receipt", hash).await.is_object());
    asker.answer("explorer_blocks", json!([{}])).await;
    asker.answer("explorer_counts", json!([{}])).await;
    asker.answer("explorer_questionHashes", json!([0])).await;
    of_the_state(asker, client, about).await;
    every_block(asker).await;
    all_of_the_state(asker, client).await;
    of_the_head(asker).await;
    of_transactions(asker, client, stranger).await;
}

/// The patient as the state has her, by all ways to it.
async fn of_the_state(asker: &mut Asker, client: &Client, about: &Affairs) {
    let at = client.tip().await.unwrap();
    let key = to_hex(&Patients::<Runtime>::hashed_key_for(about.patient));
    for method in [
        "state_getStorage",
        "state_getStorageAt",
        "state_getStorageHash",
        "state_getStorageHashAt",
        "state_getStorageSize",
        "state_getStorageSizeAt",
    ] {
        let found = asker.answer(method, json!([key, at])).await;
        assert!(!found.is_null(), "{method}");
    }
    for method in ["state_getKeysPaged", "state_getKeysPagedAt"] {
        let keys = asker.answer(method, json!([key, 10, null, at])).await;
        assert_eq!(keys, json!([key]));
    }
    for method in ["state_queryStorageAt", "state_getReadProof"] {
        asker.answer(method, json!([[key], at])).await;
    }
    let function = "AccountNonceApi_account_nonce";
    let data = to_hex(&wallet("//Alice").account().encode());
    for method in ["state_call", "state_callAt"] {
        asker.answer(method, json!([function, data, at])).await;
    }
    let params = json!([at, function, data]);
    asker.answer("archive_v1_call", params).await;
    let (subscribe, unsubscribe) = ("state_subscribeStorage", "state_unsubscribeStorage");
    asker.hear(subscribe, json!([[key]]), unsubscribe).await;
    let item = json!({"key": key, "type": "value"});
    let (read, stop) = ("archive_v1_storage", "archive_v1_stopStorage");
    asker.hear(read, json!([at, [item], null]), stop).await;
}

/// The transactions of all blocks, by both ways to them.
async fn every_block(asker: &mut Asker) {
    let height = asker.answer("archive_v1_finalizedHeight", json!([])).await;
    for number in 0..=height.as_u64().unwrap() {
        let hash = asker.answer("chain_getBlockHash", json!([number])).await;
        for method in ["chain_getBlock", "archive_v1_body"] {
            asker.answer(method, json!([hash])).await;
        }
    }
}

/// Every key and value of the state.
async fn all_of_the_state(asker: &mut Asker, client: &Client) {
    let at = client.tip().await.unwrap();
    let mut after = Value::Null;
    loop {
        let params = json!(["0x", PAGE, after, at]);
        let keys = asker.answer("state_getKeysPaged", params).await;
        let Some(last) = keys.as_array().unwrap().last().cloned() else {
            return;
        };
        let params = json!([keys, at]);
        asker.answer("state_queryStorageAt", params).await;
        after = last;
    }
}

/// A follower of the chain's head, and what it can do.
async fn of_the_head(asker: &mut Asker) {
    let (method, unsubscribe) = ("chainHead_v1_follow", "chainHead_v1_unfollow");
    let begun = asker.subscribe(method, &json!([true]), unsubscribe).await;
    let mut follow = begun.unwrap();
    let id = id_of(&follow);
    let initialized = asker.told(method, &mut follow).await;
    let pinned = initialized["finalizedBlockHashes"].as_array().unwrap();
    let at = pinned.last().unwrap().clone();
    asker.answer("chainHead_v1_header", json!([id, at])).await;
    let number = to_hex(&storage_prefix(b"System", b"Number"));
    let items = json!([{"key": number, "type": "value"}]);
    let mut operation = Value::Null;
    for (name, params) in [
        ("chainHead_v1_body", json!([id, at])),
        ("chainHead_v1_call", json!([id, at, "Core_version", "0x"])),
        ("chainHead_v1_storage", json!([id, at, items, null])),
    ] {
        let begun = asker.answer(name, params).await;
        assert_eq!(begun["result"], "started", "{name}: {begun}");
        operation = begun["operationId"].clone();
        loop {
            let event = asker.told(name, &mut follow).await;
            let is_over = event["event"].as_str().unwrap().ends_with("Done");
            if is_over && event["operationId"] == operation {
                break;
            }
        }
    }
    let over = json!([id, operation]);
    let waits = asker.call("chainHead_v1_continue", &over).await;
    assert!(waits.is_err(), "no operation waits to be continued");
    asker.answer("chainHead_v1_stopOperation", over).await;
    asker.answer("chainHead_v1_unpin", json!([id, at])).await;
    follow.unsubscribe().await.unwrap();
}

/// A transaction of the stranger that does nothing.
async fn remark(client: &Client, stranger: &str) -> Value {
    let call = frame_system::Call::<Runtime>::remark { remark: Vec::new() };
    let wallet = wallet(stranger);
    let signed = client.sign(wallet.key(), RuntimeCall::System(call)).await;
    json!(to_hex(&signed.unwrap().bytes))
}

/// Transactions, by all ways into a block, and the activity that they are.
async fn of_transactions(asker: &mut Asker, client: &Client, stranger: &str) {
    let (method, unsubscribe) = ("explorer_subscribeActivity", "explorer_unsubscribeActivity");
    // How a transaction ends is told only to whom asks for it.
    let ends = json!([{"pallet": "System"}]);
    let begun = asker.subscribe(method, &ends, unsubscribe).await;
    let mut activity = begun.unwrap();
    for method in ["system_dryRun", "system_dryRunAt"] {
        let good = json!([remark(client, stranger).await, null]);
        asker.answer(method, good).await;
    }
    let params = json!([remark(client, stranger).await]);
    asker.answer("author_submitExtrinsic", params).await;
    asker.told(method, &mut activity).await;
    activity.unsubscribe().await.unwrap();
    for (watch, unwatch) in [
        ("author_submitAndWatchExtrinsic", "author_unwatchExtrinsic"),
        (
            "transactionWatch_v1_submitAndWatch",
            "transactionWatch_v1_unwatch",
        ),
    ] {
        let params = json!([remark(client, stranger).await]);
        asker.hear(watch, params, unwatch).await;
    }
    let params = json!([remark(client, stranger).await]);
    let operation = asker.answer("transaction_v1_broadcast", params).await;
    asker
        .answer("transaction_v1_stop", json!([operation]))
        .await;
}
