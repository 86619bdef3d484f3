//! The executor over a database in memory, with the runtime's development genesis.

mod blocks;
mod invalid;
mod queries;
mod reexecution;
mod validation;

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};

use codec::Encode;
use sp_core::{storage::Storage, Pair};
use sp_io::TestExternalities;
use sp_runtime::{generic::Era, BuildStorage};
use xinglin_core::{
    Block, BlockExecutor, BuildRequest, ChainStore, CommitNotice, Extrinsic, StateStore,
    StoreError, Verdict, VerifyMode,
};
use xinglin_primitives::{
    consensus::CommitCertificate, receipt::extrinsics_root, AccountId, Hash, Nonce,
};
use xinglin_runtime::{
    genesis::{self, dev},
    native, RuntimeCall,
};

use crate::{
    mock::{ListPool, MemoryChain},
    Executor, ExecutorConfig,
};

/// The clock of the first block.
const START_MS: u64 = 1_800_000_000_000;

/// The development genesis: 15 patients, of Alice and Bob, have money.
fn dev_genesis() -> Storage {
    let config = genesis::config(genesis::LOCAL).unwrap();
    config.build_storage().unwrap()
}

/// The state of the development genesis, prepared as for validation.
pub(crate) fn externalities() -> TestExternalities {
    let mut externalities = TestExternalities::new(dev_genesis());
    externalities.execute_with(|| native::begin_validation(&Hash::zero()));
    externalities
}

/// One node without a network.
struct Node {
    chain: Arc<MemoryChain>,
    state: Arc<FaultyState>,
    pool: Arc<ListPool>,
    executor: Arc<Executor>,
}

/// A state whose reads fail when told to.
struct FaultyState {
    inner: Arc<dyn StateStore>,
    fails: AtomicBool,
}

impl FaultyState {
    fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Io("the disk is gone".into()));
        }
        Ok(())
    }
}

impl StateStore for FaultyState {
    fn trie_node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check()?;
        self.inner.trie_node(key)
    }

    fn tip_value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check()?;
        self.inner.tip_value(key)
    }
}

impl Node {
    fn new() -> Self {
        Self::open(MemoryChain::new(dev_genesis()).unwrap())
    }

    /// As after a restart: only the database remembers.
    fn open(chain: Arc<MemoryChain>) -> Self {
        let config = ExecutorConfig {
            block_nodes_bytes: 4 << 20,
            value_cache_bytes: 4 << 20,
            ..Default::default()
        };
        let state = Arc::new(FaultyState {
            inner: chain.state(),
            fails: AtomicBool::new(false),
        });
        let executor = Executor::spawn(&config, chain.clone(), state.clone()).unwrap();
        let pool = Arc::new(ListPool::default());
        executor.set_ready_source(pool.clone());
        Self {
            chain,
            state,
            pool,
            executor,
        }
    }

    fn genesis(&self) -> Hash {
        self.chain.hash_at(0).unwrap().unwrap()
    }

    fn height(&self) -> u32 {
        self.chain.tip().unwrap().number
    }

    /// The clock: a second per block.
    fn now_ms(&self) -> u64 {
        START_MS + u64::from(self.height()) * 1_000
    }

    fn request(&self) -> BuildRequest {
        BuildRequest {
            height: self.height() + 1,
            author: author(),
            now_ms: self.now_ms(),
            deadline: Instant::now() + Duration::from_secs(60),
            transactions_max: usize::MAX,
        }
    }

    async fn build(&self) -> Arc<Block> {
        self.executor.build(self.request()).await.unwrap()
    }

    fn live(&self) -> VerifyMode {
        VerifyMode::Live {
            now_ms: self.now_ms(),
            proposer: author(),
        }
    }

    async fn verify(&self, block: &Arc<Block>) -> Verdict {
        let verdict = self.executor.verify(block.clone(), self.live());
        verdict.await.unwrap()
    }

    async fn commit(&self, block: &Arc<Block>) -> Arc<CommitNotice> {
        let notice = self.executor.commit(block.clone(), certify(block));
        let notice = notice.await.unwrap();
        self.pool.prune(&notice.extrinsic_hashes);
        notice
    }

    /// Builds and commits a block with these transactions.
    async fn include(&self, transactions: impl IntoIterator<Item = Extrinsic>) -> Arc<Block> {
        self.pool.put(transactions);
        let block = self.build().await;
        self.commit(&block).await;
        block
    }

    /// A signed call.
    fn signed(&self, from: &str, nonce: Nonce, call: RuntimeCall) -> Extrinsic {
        self.signed_in(from, nonce, call, None)
    }

    fn signed_in(
        &self,
        from: &str,
        nonce: Nonce,
        call: RuntimeCall,
        era: Option<(Era, Hash)>,
    ) -> Extrinsic {
        let pair = dev::key_pair(from);
        let signer = AccountId::from(pair.public().0);
        let sign = |payload: &[u8]| pair.sign(payload).into();
        let signed = native::sign(call, signer, nonce, self.genesis(), era, sign);
        signed.encode().into()
    }

    fn transfer(&self, from: &str, nonce: Nonce, to: &str, fen: u128) -> Extrinsic {
        self.signed(from, nonce, transfer_call(to, fen))
    }
}

fn author() -> AccountId {
    dev::account("//Alice")
}

fn patient(number: usize) -> String {
    format!("//Alice//patient//{number}")
}

fn remark(bytes: usize) -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark {
        remark: vec![7; bytes],
    })
}

fn transfer_call(to: &str, fen: u128) -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: dev::account(to).into(),
        value: fen,
    })
}

/// Transactions that have much weight in few bytes: a thousand transfers each, which weigh a sixteenth
/// of what a block may. More than a block can take.
fn heavy(node: &Node) -> Vec<Extrinsic> {
    let calls = vec![transfer_call("//Bob", 1); 1_000];
    let batch = RuntimeCall::Utility(pallet_utility::Call::batch_all { calls });
    (0..32)
        .map(|nonce| node.signed("//Alice", nonce, batch.clone()))
        .collect()
}

/// The transaction with one bit of its signature changed.
fn forge(transaction: &Extrinsic) -> Extrinsic {
    /// Length, version, address, scheme; then the signature.
    const SIGNATURE_OFFSET: usize = 2 + 1 + 33 + 1;
    let mut forged = transaction.to_vec();
    forged[SIGNATURE_OFFSET + 3] ^= 1;
    forged.into()
}

fn certify(block: &Block) -> CommitCertificate {
    CommitCertificate {
        height: block.number(),
        round: 0,
        block_hash: block.hash(),
        signatures: Vec::new(),
    }
}

/// The block with its body changed by a proposer who makes the extrinsics root fit.
fn with_body(block: &Block, change: impl FnOnce(&mut Vec<Extrinsic>)) -> Arc<Block> {
    let mut changed = block.clone();
    change(&mut changed.body);
    let body = changed.body.iter().map(|bytes| bytes.to_vec()).collect();
    changed.header.extrinsics_root = extrinsics_root(body);
    Arc::new(changed)
}
