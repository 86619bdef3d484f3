//! Clients that never rest: each account submits one transaction after the other, to whichever node
//! answers, and remembers which were acknowledged.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};

use anyhow::{ensure, Context, Result};
use tokio::task::JoinSet;
use xinglin_primitives::{receipt::extrinsic_hash, Hash, Nonce};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::{Client, ClientError},
    keys::{KeyPair, Scheme},
    transaction::{sign, Signing},
};

use crate::Node;

/// Pause of an account when no node answers.
const RETRY: Duration = Duration::from_millis(50);
/// JSON-RPC code of a transaction that is in the pool already.
const ALREADY_IMPORTED: i32 = 1013;
/// JSON-RPC code of an invalid transaction, which a repeated one becomes once it is in a block.
const INVALID: i32 = 1010;

/// What the accounts have had acknowledged.
#[derive(Debug, Default)]
pub struct Acknowledged {
    /// By hash, with the node that said so.
    pub transactions: BTreeMap<Hash, usize>,
}

/// Accounts at work.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    accounts: JoinSet<Result<Acknowledged>>,
}

impl Traffic {
    /// Sets these accounts of the presets to work. Each signs remarks, at most one every `pause`.
    pub fn start(
        urls: Vec<String>,
        genesis: Hash,
        accounts: &[&str],
        pause: Duration,
    ) -> Result<Self> {
        Self::start_with(urls, genesis, accounts, pause, size_of::<Nonce>())
    }

    /// As [`start`](Self::start) with remarks of this size.
    pub fn start_with(
        urls: Vec<String>,
        genesis: Hash,
        accounts: &[&str],
        pause: Duration,
        remark_bytes: usize,
    ) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for (index, account) in accounts.iter().enumerate() {
            let key = KeyPair::from_secret(Scheme::Sr25519, account)?;
            let mut account = Account::new(urls.clone(), index, key, genesis);
            account.remark_bytes = remark_bytes;
            running.spawn(account.run(stop.clone(), pause));
        }
        Ok(Self {
            stop,
            accounts: running,
        })
    }

    /// Lets every account finish its transaction at hand; gives all that was acknowledged.
    pub async fn finish(mut self) -> Result<Acknowledged> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Acknowledged::default();
        while let Some(account) = self.accounts.join_next().await {
            all.transactions.extend(account??.transactions);
        }
        ensure!(!all.transactions.is_empty(), "nothing was acknowledged");
        Ok(all)
    }
}

struct Account {
    urls: Vec<String>,
    turn: usize,
    client: Option<Client>,
    key: KeyPair,
    genesis: Hash,
    nonce: Nonce,
    remark_bytes: usize,
    acknowledged: Acknowledged,
}

impl Account {
    fn new(urls: Vec<String>, turn: usize, key: KeyPair, genesis: Hash) -> Self {
        Self {
            urls,
            turn,
            client: None,
            key,
            genesis,
            nonce: 0,
            remark_bytes: size_of::<Nonce>(),
            acknowledged: Acknowledged::default(),
        }
    }

    async fn run(mut self, stop: Arc<AtomicBool>, pause: Duration) -> Result<Acknowledged> {
        while !stop.load(Ordering::Relaxed) {
            self.submit_next(&stop).await?;
            tokio::time::sleep(pause).await;
        }
        Ok(self.acknowledged)
    }

    /// Submits the transaction with the next nonce until some node takes it.
    async fn submit_next(&mut self, stop: &AtomicBool) -> Result<()> {
        let mut remark = self.nonce.to_le_bytes().to_vec();
        remark.resize(self.remark_bytes, 0);
        let call = RuntimeCall::System(frame_system::Call::remark { remark });
        let signing = Signing::immortal(self.genesis, self.nonce);
        let transaction = sign(&self.key, call, &signing);
        let mut tries = 0;
        while !stop.load(Ordering::Relaxed) {
            let node = self.turn % self.urls.len();
            let outcome = match &self.client {
                Some(client) => client.submit(&transaction).await.map(drop),
                None => match Client::connect(&self.urls[node]).await {
                    Ok(client) => {
                        let outcome = client.submit(&transaction).await.map(drop);
                        self.client = Some(client);
                        outcome
                    }
                    Err(error) => Err(error),
                },
            };
            match outcome {
                Ok(()) => {
                    self.acknowledged
                        .transactions
                        .insert(transaction.hash, node);
                    self.nonce += 1;
                    return Ok(());
                }
                // An earlier try reached the pool, or even a block, before its node was lost.
                Err(ClientError::Refused {
                    code: ALREADY_IMPORTED,
                    ..
                }) => {
                    self.nonce += 1;
                    return Ok(());
                }
                Err(ClientError::Refused { code: INVALID, .. }) if tries > 0 => {
                    self.nonce += 1;
                    return Ok(());
                }
                Err(_) => {
                    self.client = None;
                    self.turn += 1;
                    tries += 1;
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
        Ok(())
    }
}

/// Waits until all acknowledged transactions are in blocks of a node's chain, each once.
pub async fn expect_included(
    node: &Node,
    acknowledged: &Acknowledged,
    limit: Duration,
) -> Result<()> {
    let client = node.client().await?;
    let mut missing = acknowledged.transactions.clone();
    let mut next = 1;
    let deadline = Instant::now() + limit;
    let mut heads = client.finalized_heads().await?;
    while !missing.is_empty() {
        let head = tokio::time::timeout_at(deadline.into(), heads.next())
            .await
            .with_context(|| {
                let (hash, node) = missing.first_key_value().unzip();
                format!(
                    "{} acknowledged transactions are not in the chain, {hash:?} of node {node:?} among them",
                    missing.len(),
                )
            })?
            .context("the subscription ended")??;
        for number in next..=head.number {
            for hash in block_transactions(&client, number).await? {
                missing.remove(&hash);
            }
        }
        next = head.number + 1;
    }
    Ok(())
}

/// Hashes of the transactions of a block.
pub async fn block_transactions(client: &Client, number: u32) -> Result<Vec<Hash>> {
    let hash = client.block_hash(number).await?;
    let block: serde_json::Value = client
        .request("chain_getBlock", jsonrpsee::rpc_params![hash])
        .await?;
    block["block"]["extrinsics"]
        .as_array()
        .context("a block's transactions")?
        .iter()
        .map(|extrinsic| {
            let text = extrinsic.as_str().context("a transaction in hex")?;
            Ok(extrinsic_hash(&hex::decode(text.trim_start_matches("0x"))?))
        })
        .collect()
}

/// The longest time between two blocks that a node announces from now on.
pub struct Pulse {
    task: tokio::task::JoinHandle<Result<Duration>>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Pulse {
    /// Begins to watch. The node must stay up.
    pub async fn start(node: &Node) -> Result<Self> {
        let client = node.client().await?;
        let mut heads = client.finalized_heads().await?;
        let (stop, mut stopped) = tokio::sync::watch::channel(false);
        let task = tokio::spawn(async move {
            // The client must outlive its subscription.
            let _client = client;
            let mut longest = Duration::ZERO;
            let mut last = Instant::now();
            loop {
                tokio::select! {
                    head = heads.next() => {
                        head.context("the subscription ended")??;
                        longest = longest.max(last.elapsed());
                        last = Instant::now();
                    }
                    _ = stopped.changed() => return Ok(longest.max(last.elapsed())),
                }
            }
        });
        Ok(Self { task, stop })
    }

    /// The longest gap so far, the last one included.
    pub async fn finish(self) -> Result<Duration> {
        self.stop.send_replace(true);
        self.task.await?
    }
}
