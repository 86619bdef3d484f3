//! subxt, unmodified, against a running node: by the backend that it takes by itself, which speaks the
//! new JSON-RPC, and by the one that speaks the legacy methods.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use futures::StreamExt;
use serde_json::json;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{read_proof_check, StorageProof};
use subxt::{
    backend::LegacyBackend,
    config::RpcConfigFor,
    dynamic::{self, Value},
    extrinsics::ExtrinsicEvents,
    rpcs::{methods::legacy::DryRunResult, rpc_params, LegacyRpcMethods, RpcClient},
    tx::{Payload, TransactionStatus},
    OnlineClient, SubstrateConfig,
};
use subxt_signer::{sr25519, SecretUri};
use xinglin_primitives::time::{DAY_MS, HOUR_MS};
use xinglin_tests::{cluster::now_ms, Cluster, ClusterOptions};

/// A chain of one validator, and subxt connected to it.
struct Connected {
    cluster: Cluster,
    api: OnlineClient<SubstrateConfig>,
    rpc: RpcClient,
    legacy: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
}

enum Backend {
    Default,
    Legacy,
}

impl Connected {
    async fn new(backend: Backend) -> Self {
        let cluster = Cluster::start(ClusterOptions {
            validators: 1,
            // What follows the heads need not wait for them.
            genesis: Box::new(|genesis| {
                genesis.validators.parameters.block_interval_idle_ms = 1_000;
            }),
            ..Default::default()
        })
        .await
        .unwrap();
        cluster.wait_height(2).await.unwrap();
        let rpc = RpcClient::from_url(cluster.nodes[0].url()).await.unwrap();
        let api = match backend {
            Backend::Default => OnlineClient::from_rpc_client(rpc.clone()).await,
            Backend::Legacy => {
                let backend = LegacyBackend::builder().build(rpc.clone());
                OnlineClient::from_backend(Arc::new(backend)).await
            }
        };
        Self {
            cluster,
            api: api.unwrap(),
            legacy: LegacyRpcMethods::new(rpc.clone()),
            rpc,
        }
    }

    /// Signs, submits and watches: every status in order, and the events.
    async fn submit(
        &self,
        call: &impl Payload,
        signer: &sr25519::Keypair,
    ) -> (Vec<&'static str>, ExtrinsicEvents<SubstrateConfig>) {
        let mut transactions = self.api.tx().await.unwrap();
        let mut progress = transactions
            .sign_and_submit_then_watch_default(call, signer)
            .await
            .unwrap();
        let mut statuses = Vec::new();
        loop {
            let (status, last) = match progress.next().await.unwrap().unwrap() {
                TransactionStatus::Validated => ("validated", None),
                TransactionStatus::Broadcasted => ("broadcasted", None),
                TransactionStatus::InBestBlock(_) => ("in best block", None),
                TransactionStatus::InFinalizedBlock(block) => ("final", Some(block)),
                other => panic!("{other:?} after {statuses:?}"),
            };
            statuses.push(status);
            if let Some(block) = last {
                assert!(progress.next().await.is_none(), "a status after the last");
                return (statuses, block.wait_for_success().await.unwrap());
            }
        }
    }

    async fn reads(&self) {
        assert_eq!(self.api.genesis_hash().0, self.cluster.genesis.0);
        let now = self.api.at_current_block().await.unwrap();
        let prefix = dynamic::constant::<u16>("System", "SS58Prefix");
        assert_eq!(now.constants().entry(prefix).unwrap(), 42);
        let members = dynamic::storage::<(u32,), Value>("Members", "Members");
        let entries = now.storage().iter(members, ()).await.unwrap();
        assert_eq!(entries.count().await, 6);

        let number = || dynamic::storage::<(), u32>("System", "Number");
        let past = self.api.at_block(1u32).await.unwrap();
        let then = past.storage().fetch(number(), ()).await.unwrap();
        assert_eq!(then.decode().unwrap(), 1);
        let then = now.storage().fetch(number(), ()).await.unwrap();
        assert_eq!(u64::from(then.decode().unwrap()), now.block_number());
    }

    /// Heads, and a value read at each of them, which is how this client follows storage.
    async fn follows(&self) {
        let moment = || dynamic::storage::<(), u64>("Timestamp", "Now");
        let mut best = self.api.stream_best_blocks().await.unwrap();
        let mut finalized = self.api.stream_blocks().await.unwrap();
        let mut seen = Vec::new();
        for _ in 0..2 {
            let (best, last) = tokio::join!(best.next(), finalized.next());
            let (best, last) = (best.unwrap().unwrap(), last.unwrap().unwrap());
            let at = best.at().await.unwrap();
            let now = at.storage().fetch(moment(), ()).await.unwrap();
            seen.push((best.number(), last.number(), now.decode().unwrap()));
        }
        let (first, second) = (seen[0], seen[1]);
        assert_eq!((second.0, second.1), (first.0 + 1, first.1 + 1));
        assert!(first.2 < second.2, "{seen:?}");
    }

    /// A value that the node sends whenever it changes.
    async fn subscribes(&self) {
        let at = self.api.at_current_block().await.unwrap();
        let moment = dynamic::storage::<(), u64>("Timestamp", "Now");
        let key = at.storage().entry(moment).unwrap().fetch_key(()).unwrap();
        let key = format!("0x{}", hex::encode(key));
        let mut changes = self
            .rpc
            .subscribe::<serde_json::Value>(
                "state_subscribeStorage",
                rpc_params![[&key]],
                "state_unsubscribeStorage",
            )
            .await
            .unwrap();
        let mut values = Vec::new();
        for _ in 0..3 {
            let set = changes.next().await.unwrap().unwrap();
            let change = &set["changes"][0];
            assert_eq!(change[0], json!(key));
            let bytes = hex::decode(&change[1].as_str().unwrap()[2..]).unwrap();
            values.push(u64::from_le_bytes(bytes.try_into().unwrap()));
        }
        assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
    }

    /// Publishes a schedule and books a place in it; the storage key of the appointment.
    async fn books(&self, statuses: &[&str]) -> Vec<u8> {
        let (told, events) = self.submit(&publish(), &signer("//Alice")).await;
        assert_eq!(told, statuses);
        assert!(has(&events, "Appointments", "SchedulePublished"));
        let patient = signer("//Alice//patient//1");
        let (told, events) = self.submit(&book(), &patient).await;
        assert_eq!(told, statuses);
        assert!(has(&events, "Appointments", "Booked"));
        let at = self.api.at_current_block().await.unwrap();
        let appointments = dynamic::storage::<(u64,), Value>("Appointments", "Appointments");
        at.storage()
            .entry(appointments)
            .unwrap()
            .fetch_key((0,))
            .unwrap()
    }

    async fn batches(&self, statuses: &[&str]) {
        let remark = |text: &str| {
            let call =
                Value::named_variant("remark_with_event", [("remark", Value::from_bytes(text))]);
            Value::unnamed_variant("System", [call])
        };
        let calls = Value::unnamed_composite([remark("one"), remark("two")]);
        let batch = dynamic::transaction("Utility", "batch_all", vec![calls]);
        let (told, events) = self.submit(&batch, &signer("//Alice")).await;
        assert_eq!(told, statuses);
        let remarked = events
            .iter()
            .filter(|event| event.as_ref().unwrap().event_name() == "Remarked")
            .count();
        assert_eq!(remarked, 2);
    }

    /// That the state holds what is read under `key`, by the header's root alone.
    async fn proves(&self, key: &[u8]) {
        let at = self.api.at_current_block().await.unwrap();
        let value = at.storage().fetch_raw(key.to_vec()).await.unwrap();
        let hash = at.block_hash();
        let proof = self.legacy.state_get_read_proof([key], Some(hash)).await;
        let proof = proof.unwrap();
        assert_eq!(proof.at, hash);
        let header = self.legacy.chain_get_header(Some(hash)).await.unwrap();
        let root = header.unwrap().state_root.0.into();
        let nodes = StorageProof::new(proof.proof.into_iter().map(|node| node.0));
        let proven = read_proof_check::<BlakeTwo256, _>(root, nodes, [key]).unwrap();
        assert_eq!(proven[key], Some(value));
    }

    /// What would become of a transaction.
    async fn tries_without_sending(&self) {
        let mut transactions = self.api.tx().await.unwrap();
        let alice = signer("//Alice");
        let good = dynamic::transaction("System", "remark", vec![Value::from_bytes("a")]);
        let failing = dynamic::transaction("System", "set_heap_pages", vec![Value::u128(1)]);
        for (call, expected) in [(good, "success"), (failing, "failure")] {
            let signed = transactions
                .create_signed(&call, &alice, Default::default())
                .await
                .unwrap();
            let outcome = self.legacy.dry_run(signed.encoded(), None).await.unwrap();
            let outcome = match outcome.into_dry_run_result() {
                Ok(DryRunResult::Success) => "success",
                Ok(DryRunResult::DispatchError(_)) => "failure",
                Ok(DryRunResult::TransactionValidityError) => "refused",
                Err(_) => "not to be read",
            };
            assert_eq!(outcome, expected, "{}", call.call_name());
        }
    }

    async fn does_it_all(&self, statuses: &[&str]) {
        self.reads().await;
        self.follows().await;
        self.subscribes().await;
        let appointment = self.books(statuses).await;
        self.batches(statuses).await;
        self.proves(&appointment).await;
        self.tries_without_sending().await;
    }
}

fn signer(uri: &str) -> sr25519::Keypair {
    sr25519::Keypair::from_uri(&uri.parse::<SecretUri>().unwrap()).unwrap()
}

fn publish() -> impl Payload {
    let start = (now_ms() / DAY_MS + 2) * DAY_MS + HOUR_MS;
    let schedule = Value::named_composite([
        ("practitioner", Value::u128(0)),
        ("department", Value::u128(1)),
        ("kind", Value::unnamed_variant("First", [])),
        ("start", Value::u128(start.into())),
        ("slot_minutes", Value::u128(15)),
        ("slots", Value::u128(8)),
        ("capacity", Value::u128(1)),
        ("fee_fen", Value::u128(500)),
    ]);
    dynamic::transaction("Appointments", "publish_schedule", vec![schedule])
}

fn book() -> impl Payload {
    let patient = Value::u128(0);
    let schedule = Value::u128(0);
    let slot = Value::u128(2);
    let waitlist = Value::bool(false);
    let grant = Value::unnamed_variant("None", []);
    let arguments = vec![patient, schedule, slot, waitlist, grant];
    dynamic::transaction("Appointments", "book", arguments)
}

fn has(events: &ExtrinsicEvents<SubstrateConfig>, pallet: &str, name: &str) -> bool {
    events
        .iter()
        .map(|event| event.unwrap())
        .any(|event| event.pallet_name() == pallet && event.event_name() == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_backend() {
    let connected = Connected::new(Backend::Default).await;
    connected
        .does_it_all(&["validated", "in best block", "final"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_backend() {
    let connected = Connected::new(Backend::Legacy).await;
    connected
        .does_it_all(&["validated", "in best block", "final"])
        .await;
}
