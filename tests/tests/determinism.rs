//! The same transactions give the same state, whoever executes them and when.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::Output,
    sync::Arc,
    time::{Duration, Instant},
};

use codec::Encode;
use pallet_appointments::types::{NewSchedule, VisitKind};
use rand::{rngs::StdRng, seq::SliceRandom, Rng, SeedableRng};
use serde_json::Value;
use tempfile::TempDir;
use xinglin_chain_spec::ChainSpec;
use xinglin_core::{BlockExecutor, BuildRequest, Extrinsic, Verdict, VerifyMode};
use xinglin_executor::{mock::ListPool, re_execute, Executor, ExecutorConfig, Genesis};
use xinglin_primitives::{
    consensus::CommitCertificate,
    time::{DAY_MS, HOUR_MS},
    AccountId, BlockNumber, DepartmentId, Hash, PatientId, PractitionerId, ScheduleId, YUAN,
};
use xinglin_runtime::{genesis::dev, RuntimeCall};
use xinglin_sdk::{
    keys::{KeyPair, Scheme},
    transaction::{sign, Signing},
};
use xinglin_storage::{Database, StateMode, StorageConfig};
use xinglin_tests::{
    cluster::now_ms,
    process::xinglin,
    traffic::{expect_included, Traffic},
    Cluster, ClusterOptions, Node,
};

/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(60);
/// Blocks of a play, and transactions of each.
const BLOCKS: BlockNumber = 12;
const PER_BLOCK: usize = 150;
/// The clock of the first block of a play.
const START_MS: u64 = 1_800_000_000_000;

fn key(path: &str) -> KeyPair {
    KeyPair::from_secret(Scheme::Sr25519, path).unwrap()
}

/// The patients of the presets, in the order of their ids.
fn patients() -> Vec<KeyPair> {
    let alice = (1..=10).map(|number| format!("//Alice//patient//{number}"));
    let bob = (1..=5).map(|number| format!("//Bob//patient//{number}"));
    alice.chain(bob).map(|path| key(&path)).collect()
}

fn schedule(start: u64) -> RuntimeCall {
    RuntimeCall::Appointments(pallet_appointments::Call::publish_schedule {
        schedule: NewSchedule {
            practitioner: PractitionerId(0),
            department: DepartmentId(1),
            kind: VisitKind::First,
            start,
            slot_minutes: 10,
            slots: 24,
            capacity: 1,
            fee_fen: 10 * YUAN,
        },
    })
}

fn booking(patient: u64, slot: u16) -> RuntimeCall {
    RuntimeCall::Appointments(pallet_appointments::Call::book {
        patient: PatientId(patient),
        schedule: ScheduleId(0),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    })
}

/// Transactions for each block, which only depend on the seed but for their signatures: bookings that take each other's slots,
/// payments, some of them of more than there is, and remarks.
fn script(seed: u64, genesis: Hash) -> Vec<Vec<Extrinsic>> {
    let mut random = StdRng::seed_from_u64(seed);
    let patients = patients();
    let mut nonces = vec![0; patients.len()];
    let first = (START_MS / DAY_MS + 2) * DAY_MS + HOUR_MS;
    let publish = sign(
        &key("//Alice"),
        schedule(first),
        &Signing::immortal(genesis, 0),
    );
    let mut blocks = vec![vec![Extrinsic::from(publish.bytes)]];
    for _ in 1..BLOCKS {
        let block = (0..PER_BLOCK).map(|_| {
            let sender = random.gen_range(0..patients.len());
            let other = patients.choose(&mut random).unwrap();
            let call = match random.gen_range(0..3) {
                0 => booking(sender as u64, random.gen_range(0..24)),
                1 => RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
                    dest: other.account().into(),
                    value: random.gen_range(1..4_000 * YUAN),
                }),
                _ => RuntimeCall::System(frame_system::Call::remark_with_event {
                    remark: random.gen::<[u8; 16]>().to_vec(),
                }),
            };
            let signing = Signing::immortal(genesis, nonces[sender]);
            nonces[sender] += 1;
            Extrinsic::from(sign(&patients[sender], call, &signing).bytes)
        });
        blocks.push(block.collect());
    }
    blocks
}

/// An executor over a database of its own.
struct Store {
    _dir: TempDir,
    database: Database,
    executor: Arc<Executor>,
    pool: Arc<ListPool>,
}

impl Store {
    fn new(mode: StateMode) -> Self {
        let spec = ChainSpec::from_preset("local").unwrap();
        let genesis = Genesis::build(spec.build_storage().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut config = StorageConfig::new(dir.path().join("db"), &spec.id, genesis.hash);
        config.mode = mode;
        let database = Database::open(config).unwrap();
        genesis.write(&database).unwrap();
        let shared = Arc::new(database.clone());
        let executor = Executor::spawn(&ExecutorConfig::default(), shared.clone(), shared).unwrap();
        let pool = Arc::new(ListPool::default());
        executor.set_ready_source(pool.clone());
        Self {
            _dir: dir,
            database,
            executor,
            pool,
        }
    }

    async fn commit(&self, block: Arc<xinglin_core::Block>) {
        let certificate = CommitCertificate {
            height: block.number(),
            round: 0,
            block_hash: block.hash(),
            signatures: Vec::new(),
        };
        let notice = self.executor.commit(block, certificate).await.unwrap();
        self.pool.prune(&notice.extrinsic_hashes);
    }
}

/// Builds the blocks of a script in one database and imports them into another; the state roots.
async fn play(script: Vec<Vec<Extrinsic>>) -> Vec<Hash> {
    let author = Store::new(StateMode::Archive);
    let importer = Store::new(StateMode::Pruned { states: 2 });
    let mut roots = Vec::new();
    for (height, transactions) in (1..).zip(script) {
        let count = transactions.len();
        author.pool.put(transactions);
        let request = BuildRequest {
            height,
            author: dev::account("//Alice"),
            now_ms: START_MS + u64::from(height) * 1_000,
            deadline: Instant::now() + LIMIT,
            transactions_max: usize::MAX,
        };
        let block = author.executor.build(request).await.unwrap();
        // The first transaction of a block is its time.
        assert_eq!(block.body.len(), count + 1);
        let verdict = importer.executor.verify(block.clone(), VerifyMode::Synced);
        assert_eq!(verdict.await.unwrap(), Verdict::Valid);
        roots.push(block.header.state_root);
        author.commit(block.clone()).await;
        importer.commit(block).await;
    }
    let spec = ChainSpec::from_preset("local").unwrap();
    for store in [&author, &importer] {
        let done = re_execute(&store.database, spec.build_storage().unwrap(), |_, _| {}).unwrap();
        assert_eq!(done.blocks, BLOCKS);
        assert_eq!(Some(&done.state_root), roots.last());
    }
    roots
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_states() {
    let genesis = ChainSpec::from_preset("local").unwrap().build().unwrap();
    // Signatures are random, and their hash enters the state through the block before: sign once.
    let [one, two] = [1, 2].map(|seed| script(seed, genesis.hash()));
    let roots = play(one.clone()).await;
    assert_eq!(roots, play(one).await);
    let other = play(two).await;
    // The first blocks of both publish the schedule.
    assert_eq!(roots[0], other[0]);
    assert_ne!(roots.last(), other.last());
}

/// What `xinglin db check` says of a database.
fn check(cluster: &Cluster, base: &Path) -> Output {
    let (spec, base) = (cluster.spec().display(), base.display());
    let arguments = format!("db check --re-execute --json --chain {spec} --base-path {base}");
    xinglin(&arguments.split(' ').collect::<Vec<_>>()).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A chain with bookings and much else, on one validator that has stopped; its height and state root.
async fn play_over_sockets(cluster: &mut Cluster) -> (BlockNumber, Hash) {
    let node = &cluster.nodes[0];
    let urls = vec![node.url()];
    let accounts = ["//Bob//patient//1", "//Bob//patient//2"];
    let traffic = Traffic::start(urls, cluster.genesis, &accounts, Duration::ZERO).unwrap();
    let client = node.client().await.unwrap();
    let start = (now_ms() / DAY_MS + 2) * DAY_MS + HOUR_MS;
    let alice = key("//Alice");
    for (signer, call) in [
        (&alice, schedule(start)),
        (&key("//Alice//patient//1"), booking(0, 3)),
        (&key("//Alice//patient//2"), booking(1, 4)),
    ] {
        let outcome = client.execute(signer, call, LIMIT).await.unwrap();
        assert_eq!(outcome.failure(), None);
    }
    // A taken slot: a call that fails changes the state too.
    let late = key("//Alice//patient//3");
    let outcome = client.execute(&late, booking(2, 3), LIMIT).await.unwrap();
    assert!(outcome.failure().is_some());
    let acknowledged = traffic.finish().await.unwrap();
    expect_included(node, &acknowledged, LIMIT).await.unwrap();

    let stopped = cluster.nodes[0].stop().await.unwrap();
    assert!(stopped.success());
    let output = check(cluster, &cluster.nodes[0].base_path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let executed = &report["executed"];
    assert_eq!(report["height"], executed["blocks"]);
    assert_eq!(report["stateRoot"], executed["stateRoot"]);
    assert!(executed["transactions"].as_u64() > Some(acknowledged.transactions.len() as u64));
    let height = executed["blocks"].as_u64().unwrap();
    let root = executed["stateRoot"].as_str().unwrap();
    (u32::try_from(height).unwrap(), root.parse().unwrap())
}

/// Copies a node's database to another base folder.
fn copy(node: &Node, base: &Path) {
    let target = base.join("db");
    fs::create_dir_all(&target).unwrap();
    for entry in fs::read_dir(node.database()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
    }
}

/// Changes one byte of a value in a database that is closed.
fn tamper(base: &Path, family: &str, key: &[u8]) {
    let options = rocksdb::Options::default();
    let path = base.join("db");
    let families = rocksdb::DB::list_cf(&options, &path).unwrap();
    let database = rocksdb::DB::open_cf(&options, &path, families).unwrap();
    let family = database.cf_handle(family).unwrap();
    let mut value = database.get_cf(family, key).unwrap().unwrap();
    *value.last_mut().unwrap() ^= 1;
    database.put_cf(family, key, value).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn executing_the_chain_again_gives_the_stored_roots_and_finds_what_was_changed() {
    let mut cluster = Cluster::start(ClusterOptions {
        validators: 1,
        ..Default::default()
    })
    .await
    .unwrap();
    let (height, root) = play_over_sockets(&mut cluster).await;
    assert!(height >= 4, "only {height} blocks");

    let account: AccountId = dev::account("//Alice");
    let balance = frame_system::Account::<xinglin_runtime::Runtime>::hashed_key_for(account);
    for (what, family, key, said) in [
        ("a balance", "state_flat", balance, "differs from the trie"),
        ("a state", "state_nodes", root.encode(), "state"),
        (
            "a block",
            "blocks",
            (height - 1).to_be_bytes().to_vec(),
            "block",
        ),
    ] {
        let base = cluster
            .dir()
            .join(format!("changed {what}").replace(' ', "-"));
        copy(&cluster.nodes[0], &base);
        assert!(check(&cluster, &base).status.success());
        tamper(&base, family, &key);
        let output = check(&cluster, &base);
        let all = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{what}: {all}");
        assert!(all.contains(said), "{what}: {all}");
        assert!(all.contains("sync anew"), "{what}: {all}");
    }
}
