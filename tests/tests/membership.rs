//! Who takes part: followers, strangers, and validators that come and go by motion of the council.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use frame_support::storage::storage_prefix;
use pallet_validators::Addresses;
use serde_json::Value;
use sp_core::Pair;
use sp_runtime::DigestItem;
use xinglin_primitives::{
    consensus::{SignedPayload, Validator},
    time::Moment,
    BlockNumber, MemberId, AUTHOR_ENGINE_ID,
};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::Outcome,
    council,
    keys::{KeyPair, Scheme},
};
use xinglin_tests::{
    cluster::Identity,
    parties::dev_key,
    process::xinglin,
    traffic::{expect_included, Traffic},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// Time between two blocks of an idle chain.
const IDLE_INTERVAL_MS: Range<Moment> = 9_900..12_000;
/// How soon an idle chain must have a transaction in a block: long before the next idle one.
const AT_ONCE: Duration = Duration::from_secs(2);

fn key(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

/// Submits a call as this party and expects it to succeed.
async fn execute(node: &Node, path: &str, call: RuntimeCall) -> Outcome {
    let client = node.client().await.unwrap();
    let outcome = client.execute(&key(path), call, LIMIT).await.unwrap();
    assert_eq!(outcome.failure(), None);
    outcome
}

/// Carries a call through the council of the six members of the presets.
async fn by_council(node: &Node, call: RuntimeCall) {
    let client = node.client().await.unwrap();
    let alice = key("//Alice");
    let (motion, _) = council::propose(&client, &alice, call).await.unwrap();
    for member in ["//Bob", "//Charlie", "//Dave"] {
        let voted = council::vote(&client, &key(member), motion, true).await;
        voted.unwrap();
    }
    let closed = council::close(&client, &alice, motion).await.unwrap();
    assert!(closed.is_carried);
    assert_eq!(closed.failure, None);
}

/// What a command that succeeds prints as JSON.
#[track_caller]
fn told(arguments: &[&str]) -> Value {
    let output = xinglin(arguments).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until this member's validator makes a block: only then does it count as at work again.
async fn wait_authored(node: &Node, member: &str) {
    let author = dev_key(member).public().0;
    let client = node.client().await.unwrap();
    let mut heads = client.finalized_heads().await.unwrap();
    let authored = async {
        loop {
            let head = heads.next().await.unwrap().unwrap();
            let by_member = |item: &DigestItem| matches!(item, DigestItem::PreRuntime(AUTHOR_ENGINE_ID, data) if data[..] == author);
            if head.digest.logs.iter().any(by_member) {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, authored).await.unwrap();
}

/// The live validators as the chain has them.
async fn validators(node: &Node) -> Vec<Validator> {
    let client = node.client().await.unwrap();
    let tip = client.tip().await.unwrap();
    client.validators_after(tip).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_join_and_leave_while_transactions_flow() {
    let mut cluster = Cluster::start(ClusterOptions {
        validators: 3,
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(1).await.unwrap();
    let urls = vec![cluster.nodes[0].url()];
    let accounts = ["//Bob//patient//1", "//Bob//patient//2"];
    let pause = Duration::from_millis(50);
    let traffic = Traffic::start(urls, cluster.genesis, &accounts, pause).unwrap();

    // Dave's member registers a validator and its node, starts it, and is voted in.
    let identity = Identity::validator("newcomer", "//Dave").unwrap();
    let consensus = dev_key("//Dave//consensus");
    let keypair = key("//Dave//consensus").to_schnorrkel().unwrap();
    let possession = SignedPayload::Possession {
        member: MemberId(3),
    }
    .sign(&cluster.genesis, &keypair);
    let peer: pallet_validators::PeerId = identity.peer_id().try_into().unwrap();
    let address = identity.address().try_into().unwrap();
    let addresses: Addresses = vec![address].try_into().unwrap();
    let register = RuntimeCall::Validators(pallet_validators::Call::register_node {
        peer: peer.clone(),
        addresses,
    });
    execute(&cluster.nodes[0], "//Dave", register).await;
    let candidate = RuntimeCall::Validators(pallet_validators::Call::register_validator {
        key: consensus.public(),
        possession,
        peer,
    });
    execute(&cluster.nodes[0], "//Dave", candidate).await;
    cluster.add(identity, Default::default()).unwrap();
    cluster.nodes[3].start().await.unwrap();
    let add = RuntimeCall::Validators(pallet_validators::Call::add_validator {
        member: MemberId(3),
        power: 1,
    });
    by_council(&cluster.nodes[0], add).await;
    assert_eq!(validators(&cluster.nodes[0]).await.len(), 4);

    // With four, any one may be missing: the newcomer's votes count.
    cluster.nodes[2].kill().unwrap();
    let client = cluster.nodes[0].client().await.unwrap();
    let height = client
        .header(client.tip().await.unwrap())
        .await
        .unwrap()
        .number;
    cluster.wait_height(height + 5).await.unwrap();
    cluster.nodes[2].start().await.unwrap();
    wait_authored(&cluster.nodes[0], "//Charlie").await;

    let remove = RuntimeCall::Validators(pallet_validators::Call::remove_validator {
        member: MemberId(1),
    });
    by_council(&cluster.nodes[0], remove).await;
    let left = validators(&cluster.nodes[0]).await;
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|validator| validator.member != MemberId(1)));

    let acknowledged = traffic.finish().await.unwrap();
    for node in &cluster.nodes {
        expect_included(node, &acknowledged, LIMIT).await.unwrap();
    }

    // Whoever trusts the genesis alone follows both changes to those who decided this.
    let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
    let outcome = execute(&cluster.nodes[0], "//Dave", remark).await;
    let file = cluster.dir().join("evidence.zip");
    let (file, genesis) = (file.to_str().unwrap(), cluster.spec().to_str().unwrap());
    let (hash, url) = (format!("{:?}", outcome.hash), cluster.nodes[0].url());
    let export = ["evidence", "export", "receipt", &hash, "--output", file];
    told(&[&export[..], &["--url", &url, "--json"]].concat());
    let report = told(&["evidence", "verify", file, "--trust", genesis, "--json"]);
    let steps = report["steps"].as_array().unwrap();
    let step = |name| steps.iter().find(|it| it["step"] == name).unwrap();
    assert_eq!(step("validators")["outcome"], "proven");
    assert_eq!(step("validators")["note"], "2 changes of the validators");
    assert_eq!(step("operations")["outcome"], "proven");
}

/// What a node has as the time of a block.
async fn block_time(node: &Node, number: BlockNumber) -> Moment {
    let client = node.client().await.unwrap();
    let block = client.block_hash(number).await.unwrap();
    let key = storage_prefix(b"Timestamp", b"Now");
    let time: Option<Moment> = client.storage(&key, block).await.unwrap();
    time.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_follows_an_idle_chain_and_hands_on_what_ends_the_idling() {
    let cluster = Cluster::start(ClusterOptions {
        validators: 1,
        followers: 1,
        ..Default::default()
    })
    .await
    .unwrap();
    // The follower has each block as soon as the validator.
    cluster.wait_height(2).await.unwrap();
    let follower = &cluster.nodes[1];
    let idle_ms = block_time(follower, 2).await - block_time(follower, 1).await;
    assert!(IDLE_INTERVAL_MS.contains(&idle_ms), "{idle_ms}");

    // It makes no blocks: that the transaction is in one means that the validator has got it.
    let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
    let started = Instant::now();
    let outcome = execute(follower, "//Bob", remark).await;
    let took = started.elapsed();
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(outcome.number, 3);
    assert_eq!(cluster.wait_height(3).await.unwrap(), outcome.block);
}
