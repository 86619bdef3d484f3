//! What one core executes, without a network and with the database in memory.
//!
//! ```text
//! cargo run --release -p xinglin-executor --example costs -- [ACCOUNTS] [PER_BLOCK] [BLOCKS]
//! ```
//!
//! Builds blocks of transfers between random accounts on one executor and verifies them on two
//! others: one that has validated the transactions before, as a validator has, and one that sees
//! them for the first time, as a node that catches up does. Load reports are calibrated with it.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use codec::Encode;
use pallet_members::GenesisPatient;
use prometheus_client::{encoding::text, registry::Registry};
use sp_core::{sr25519, Pair};
use sp_runtime::BuildStorage;
use xinglin_core::{
    BlockExecutor, BuildRequest, ChainStore, Extrinsic, TransactionSource, TransactionValidator,
    Verdict, VerifyMode,
};
use xinglin_executor::{
    mock::{ListPool, MemoryChain},
    Executor, ExecutorConfig,
};
use xinglin_primitives::{
    consensus::CommitCertificate, AccountId, EncryptionKey, Hash, IdentityHash, MemberId, Nonce,
    YUAN,
};
use xinglin_runtime::{genesis, native, RuntimeCall};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Accounts, transactions per block, blocks.
const DEFAULTS: [usize; 3] = [10_000, 1_000, 10];
/// The clock of the first block.
const START_MS: u64 = 1_800_000_000_000;

fn main() -> Result<()> {
    let mut sizes = DEFAULTS;
    for (size, argument) in sizes.iter_mut().zip(std::env::args().skip(1)) {
        *size = argument.parse()?;
    }
    let [accounts, per_block, blocks] = sizes;
    println!("{accounts} accounts, {blocks} blocks of {per_block} transfers\n");
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(run(accounts, per_block, blocks))
}

/// One executor with its chain and pool.
struct Node {
    chain: Arc<MemoryChain>,
    executor: Arc<Executor>,
    pool: Arc<ListPool>,
}

impl Node {
    fn start(storage: &sp_core::storage::Storage) -> Result<Self> {
        let chain = MemoryChain::new(storage.clone())?;
        let state = chain.state();
        let executor = Executor::spawn(&ExecutorConfig::default(), chain.clone(), state)?;
        let pool = Arc::new(ListPool::default());
        executor.set_ready_source(pool.clone());
        Ok(Self {
            chain,
            executor,
            pool,
        })
    }

    /// Seconds spent in the ends of blocks, mostly in state roots.
    fn finalize_seconds(&self) -> Result<f64> {
        let mut registry = Registry::default();
        self.executor.metrics().register(&mut registry);
        let mut out = String::new();
        text::encode(&mut out, &registry)?;
        let line = out
            .lines()
            .find_map(|line| line.strip_prefix("executor_finalize_seconds_sum "));
        Ok(line.ok_or("the metric is missing")?.parse()?)
    }
}

/// Time on the clock, and of all cores together. The latter depends less on what else runs.
#[derive(Clone, Copy, Default)]
struct Spent {
    clock: Duration,
    cores: Duration,
}

impl Spent {
    /// Adds what `work` takes, divided by `share`.
    async fn add<R>(&mut self, share: u32, work: impl std::future::Future<Output = R>) -> R {
        let (clock, cores) = (Instant::now(), core_time());
        let result = work.await;
        self.clock += clock.elapsed() / share;
        self.cores += core_time().saturating_sub(cores) / share;
        result
    }
}

/// What this process has used of all cores, where `/proc` tells, in steps of 10 ms.
fn core_time() -> Duration {
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The fields follow the name, which stands in parentheses; user and system time are the
    // twelfth and thirteenth of them.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    TICK * ticks
        .filter_map(|ticks| ticks.parse::<u32>().ok())
        .sum::<u32>()
}

#[derive(Default)]
struct Times {
    validate: Spent,
    revalidate: Spent,
    build: Spent,
    build_end: f64,
    verify_known: Spent,
    verify_unknown: Spent,
    commit: Spent,
}

async fn run(accounts: usize, per_block: usize, blocks: usize) -> Result<()> {
    let keys: Vec<_> = (0..accounts).map(key).collect();
    let storage = genesis_with(&keys)?;
    let (proposer, knowing, unknowing) = (
        Node::start(&storage)?,
        Node::start(&storage)?,
        Node::start(&storage)?,
    );
    let genesis = proposer.chain.hash_at(0)?.ok_or("no genesis")?;
    let mut nonces = vec![0; accounts];
    let mut times = Times::default();
    let mut included = 0;
    for height in 1..=u32::try_from(blocks)? {
        let transfers: Vec<_> = (0..per_block)
            .map(|n| {
                transfer(
                    &keys,
                    &mut nonces,
                    genesis,
                    (height as usize) * per_block + n,
                )
            })
            .collect();
        included += round(
            &proposer, &knowing, &unknowing, height, &transfers, &mut times,
        )
        .await?;
    }
    times.build_end = proposer.finalize_seconds()?;
    print_signatures(&keys).await;
    print_times(&times, included, blocks);
    Ok(())
}

async fn round(
    proposer: &Node,
    knowing: &Node,
    unknowing: &Node,
    height: u32,
    transfers: &[Extrinsic],
    times: &mut Times,
) -> Result<usize> {
    for node in [proposer, knowing] {
        let validate = || async { node.executor.validate(TransactionSource::Gossip, transfers) };
        let outcomes = times.validate.add(2, validate()).await;
        let good = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        if good != transfers.len() {
            return Err(format!("only {good} transactions are valid").into());
        }
        times.revalidate.add(2, validate()).await;
    }
    proposer.pool.put(transfers.iter().cloned());
    let request = BuildRequest {
        height,
        author: AccountId::from([0; 32]),
        now_ms: START_MS + u64::from(height),
        deadline: Instant::now() + Duration::from_secs(60),
        transactions_max: usize::MAX,
    };
    let block = times.build.add(1, proposer.executor.build(request)).await?;

    for (node, spent) in [
        (knowing, &mut times.verify_known),
        (unknowing, &mut times.verify_unknown),
    ] {
        let verify = node.executor.verify(block.clone(), VerifyMode::Synced);
        let verdict = spent.add(1, verify).await?;
        if verdict != Verdict::Valid {
            return Err(format!("{verdict:?}").into());
        }
    }
    for node in [proposer, knowing, unknowing] {
        let certificate = CommitCertificate {
            height,
            round: 0,
            block_hash: block.hash(),
            signatures: Vec::new(),
        };
        let commit = node.executor.commit(block.clone(), certificate);
        let notice = times.commit.add(3, commit).await?;
        node.pool.prune(&notice.extrinsic_hashes);
    }
    Ok(block.body.len() - 1)
}

fn key(number: usize) -> sr25519::Pair {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    sr25519::Pair::from_seed(&seed)
}

fn account(key: &sr25519::Pair) -> AccountId {
    AccountId::from(key.public().0)
}

/// The development genesis with a funded patient for each key.
fn genesis_with(keys: &[sr25519::Pair]) -> Result<sp_core::storage::Storage> {
    let mut config = genesis::config(genesis::DEV).ok_or("no preset")?;
    for (number, key) in keys.iter().enumerate() {
        let mut identity = [1; 32];
        identity[..8].copy_from_slice(&number.to_le_bytes());
        config.members.patients.push(GenesisPatient {
            identity: IdentityHash(identity),
            account: account(key),
            encryption_key: EncryptionKey(identity),
            registrar: MemberId(0),
        });
        config.balances.balances.push((account(key), 10_000 * YUAN));
    }
    Ok(config.build_storage()?)
}

/// A transfer of one fen between two accounts that look random.
fn transfer(
    keys: &[sr25519::Pair],
    nonces: &mut [Nonce],
    genesis: Hash,
    number: usize,
) -> Extrinsic {
    let from = number.wrapping_mul(2_654_435_761) % keys.len();
    let to = number.wrapping_mul(2_246_822_519) % keys.len();
    let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: account(&keys[to]).into(),
        value: 1,
    });
    let nonce = nonces[from];
    nonces[from] += 1;
    let sign = |payload: &[u8]| keys[from].sign(payload).into();
    let signed = native::sign(call, account(&keys[from]), nonce, genesis, None, sign);
    signed.encode().into()
}

/// The machine itself: one core, one signature after another.
async fn print_signatures(keys: &[sr25519::Pair]) {
    const SIGNATURES: usize = 5_000;
    let signed: Vec<_> = keys
        .iter()
        .cycle()
        .take(SIGNATURES)
        .map(|key| (key.public(), key.sign(b"calibration")))
        .collect();
    let mut spent = Spent::default();
    let verify = async {
        signed
            .iter()
            .filter(|(public, signature)| sr25519::Pair::verify(signature, b"calibration", public))
            .count()
    };
    let good = spent.add(1, verify).await;
    row("sr25519 verification, singly", spent, good);
}

fn print_times(times: &Times, transactions: usize, blocks: usize) {
    let rows = [
        ("validate, signatures in batches", times.validate),
        ("validate, signatures remembered", times.revalidate),
        ("build", times.build),
        ("verify, signatures remembered", times.verify_known),
        ("verify, signatures unknown", times.verify_unknown),
        ("commit to memory", times.commit),
    ];
    for (name, spent) in rows {
        row(name, spent, transactions);
    }
    let end_us = times.build_end * 1e6 / transactions as f64;
    println!("\nof build, the end of the block with its root: {end_us:.1} µs each");
    println!("{transactions} transactions in {blocks} blocks");
}

fn row(name: &str, spent: Spent, count: usize) {
    let each_us = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    let (clock, cores) = (each_us(spent.clock), each_us(spent.cores));
    let rate = 1e6 / clock;
    println!("{name:34} {clock:8.1} µs each {cores:8.1} µs of a core {rate:9.0} per second");
}
