//! Clients that never rest: each submits one transaction after the other and remembers which were
//! acknowledged, and by which node.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use sp_runtime::MultiAddress;
use tokio::task::JoinSet;
use xinglin_primitives::{
    receipt::extrinsic_hash, AccountId, Balance, BlockNumber, Hash, Nonce, ScheduleId,
};
use xinglin_runtime::RuntimeCall;
use xinglin_sdk::{
    client::{Client, ClientError},
    keys::{KeyPair, Scheme},
    transaction::{sign, SignedTransaction, Signing},
};

use crate::{
    parties::{crowd_key, Crowd},
    Node,
};

/// Pause of a client when a node does not answer.
const RETRY: Duration = Duration::from_millis(50);
/// JSON-RPC code of a transaction that is in the pool already.
const ALREADY_IMPORTED: i32 = 1013;
/// JSON-RPC code of an invalid transaction, which a repeated one becomes once it is in a block.
const INVALID: i32 = 1010;
/// What each payment of a mix is about.
const PAYMENT_FEN: Balance = 1;
/// Transactions at the beginning of a block that nobody has submitted: its time.
const INHERENTS: usize = 1;

/// What clients have had acknowledged. What was never acknowledged, because the node was lost before
/// its answer, is not here, whatever became of it.
#[derive(Debug, Default)]
pub struct Acknowledged {
    /// By hash, with the node that said so: its place among the addresses.
    pub transactions: BTreeMap<Hash, usize>,
}

/// A node's word that it has taken a transaction.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// Which node, by its place among the addresses.
    pub node: usize,
    /// When its answer was there.
    pub at: Instant,
}

/// Words by the hash of the transaction.
pub type Words = BTreeMap<Hash, Word>;

impl From<&Words> for Acknowledged {
    fn from(words: &Words) -> Self {
        let transactions = words.iter().map(|(hash, word)| (*hash, word.node));
        Self {
            transactions: transactions.collect(),
        }
    }
}

/// Clients at work.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    submitters: JoinSet<Words>,
}

impl Traffic {
    /// Sets these accounts of the presets to work. Each signs remarks, at most one every `pause`, and
    /// stays with a node for as long as that answers.
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
        let keys = keys_of(accounts)?;
        let submitters = keys.into_iter().enumerate().map(|(index, key)| {
            let transactions = signed(key, genesis, move |nonce| remark(nonce, remark_bytes));
            Submitter::new(urls.clone(), index, transactions)
        });
        Ok(Self::begin(submitters, pause))
    }

    /// Sets these accounts of the presets to pay each other and to make remarks, in turn. Each goes on
    /// to the next node after every transaction: all nodes have had the word of all of them, and a
    /// transaction often waits for one that only another node was given.
    pub fn mixed(
        urls: Vec<String>,
        genesis: Hash,
        accounts: &[&str],
        pause: Duration,
    ) -> Result<Self> {
        let keys = keys_of(accounts)?;
        let submitters = keys.iter().enumerate().map(|(index, key)| {
            let next = keys[(index + 1) % keys.len()].account();
            let transactions = signed(key.clone(), genesis, move |nonce| mix(nonce, &next));
            Submitter {
                rotates: true,
                ..Submitter::new(urls.clone(), index, transactions)
            }
        });
        Ok(Self::begin(submitters, pause))
    }

    /// Lets a crowd book: each patient the place that she has, one after the other, each with the next
    /// node, until all have booked.
    pub fn bookings(urls: Vec<String>, genesis: Hash, crowd: Crowd, pause: Duration) -> Self {
        let transactions = (0..crowd.patients).map(move |patient| {
            let key = KeyPair::Sr25519(Box::new(crowd_key(patient)));
            sign(
                &key,
                booking(&crowd, patient),
                &Signing::immortal(genesis, 0),
            )
        });
        let submitter = Submitter {
            rotates: true,
            ..Submitter::new(urls, 0, Box::new(transactions))
        };
        Self::begin([submitter], pause)
    }

    fn begin(submitters: impl IntoIterator<Item = Submitter>, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for submitter in submitters {
            running.spawn(submitter.run(stop.clone(), pause));
        }
        Self {
            stop,
            submitters: running,
        }
    }

    /// Lets every client finish its transaction at hand; gives all that was acknowledged.
    pub async fn finish(self) -> Result<Acknowledged> {
        Ok(Acknowledged::from(&self.finish_with_words().await?))
    }

    /// As [`finish`](Self::finish), with when each was acknowledged.
    pub async fn finish_with_words(mut self) -> Result<Words> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Words::new();
        while let Some(words) = self.submitters.join_next().await {
            all.extend(words?);
        }
        ensure!(!all.is_empty(), "nothing was acknowledged");
        Ok(all)
    }
}

/// Transactions in the order in which a client submits them, signed when it gets there.
type Transactions = Box<dyn Iterator<Item = SignedTransaction> + Send>;

fn keys_of(accounts: &[&str]) -> Result<Vec<KeyPair>> {
    let keys = accounts
        .iter()
        .map(|account| KeyPair::from_secret(Scheme::Sr25519, account));
    Ok(keys.collect::<Result<_, _>>()?)
}

/// An account's transactions, from its first nonce on.
fn signed(
    key: KeyPair,
    genesis: Hash,
    call: impl Fn(Nonce) -> RuntimeCall + Send + 'static,
) -> Transactions {
    Box::new((0..).map(move |nonce: Nonce| {
        let signing = Signing::immortal(genesis, nonce);
        sign(&key, call(nonce), &signing)
    }))
}

fn remark(nonce: Nonce, bytes: usize) -> RuntimeCall {
    let mut remark = nonce.to_le_bytes().to_vec();
    remark.resize(bytes, 0);
    RuntimeCall::System(frame_system::Call::remark { remark })
}

/// Payments to `next` and remarks, in turn. Paid by its own neighbour, no account runs out of money.
fn mix(nonce: Nonce, next: &AccountId) -> RuntimeCall {
    if nonce.is_multiple_of(2) {
        RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
            dest: MultiAddress::Id(next.clone()),
            value: PAYMENT_FEN,
        })
    } else {
        remark(nonce, size_of::<Nonce>())
    }
}

/// The booking of the place that a patient of the crowd has.
fn booking(crowd: &Crowd, patient: u32) -> RuntimeCall {
    let (schedule, slot) = crowd.place(patient);
    RuntimeCall::Appointments(pallet_appointments::Call::book {
        patient: crowd.patient_id(patient),
        schedule: ScheduleId(schedule),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    })
}

/// One client.
struct Submitter {
    urls: Vec<String>,
    /// Connections, one for each address.
    clients: Vec<Option<Client>>,
    turn: usize,
    /// Whether it goes on to the next node after each transaction, or only when a node fails it.
    rotates: bool,
    transactions: Transactions,
    words: Words,
}

impl Submitter {
    fn new(urls: Vec<String>, turn: usize, transactions: Transactions) -> Self {
        Self {
            clients: urls.iter().map(|_| None).collect(),
            urls,
            turn,
            rotates: false,
            transactions,
            words: Words::new(),
        }
    }

    async fn run(mut self, stop: Arc<AtomicBool>, pause: Duration) -> Words {
        while !stop.load(Ordering::Relaxed) {
            let Some(transaction) = self.transactions.next() else {
                break;
            };
            self.submit(&transaction, &stop).await;
            tokio::time::sleep(pause).await;
        }
        self.words
    }

    /// Submits a transaction until some node takes it, or has it already.
    async fn submit(&mut self, transaction: &SignedTransaction, stop: &AtomicBool) {
        let mut tries = 0;
        while !stop.load(Ordering::Relaxed) {
            let node = self.turn % self.urls.len();
            match self.submit_to(node, transaction).await {
                Ok(()) => {
                    let at = Instant::now();
                    self.words.insert(transaction.hash, Word { node, at });
                    self.turn += usize::from(self.rotates);
                    return;
                }
                // An earlier try reached the pool, or even a block, before its node was lost.
                Err(ClientError::Refused {
                    code: ALREADY_IMPORTED,
                    ..
                }) => return,
                Err(ClientError::Refused { code: INVALID, .. }) if tries > 0 => return,
                Err(_) => {
                    self.turn += 1;
                    tries += 1;
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// One try. A connection over which it failed is not used again.
    async fn submit_to(
        &mut self,
        node: usize,
        transaction: &SignedTransaction,
    ) -> Result<(), ClientError> {
        let client = match self.clients[node].take() {
            Some(client) => client,
            None => Client::connect(&self.urls[node]).await?,
        };
        client.submit(transaction).await?;
        self.clients[node] = Some(client);
        Ok(())
    }
}

/// Waits until all acknowledged transactions are in blocks of a node's chain. No transaction, whoever
/// submitted it, may be in its blocks twice.
pub async fn expect_included(
    node: &Node,
    acknowledged: &Acknowledged,
    limit: Duration,
) -> Result<()> {
    let client = node.client().await?;
    let mut missing = acknowledged.transactions.clone();
    let mut included = BTreeMap::new();
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
            let transactions = block_transactions(&client, number).await?;
            for hash in transactions.into_iter().skip(INHERENTS) {
                if let Some(before) = included.insert(hash, number) {
                    bail!("transaction {hash:?} is in block {before} and again in block {number}");
                }
                missing.remove(&hash);
            }
        }
        next = next.max(head.number + 1);
    }
    Ok(())
}

/// Hashes of the transactions of a block.
pub async fn block_transactions(client: &Client, number: BlockNumber) -> Result<Vec<Hash>> {
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

/// A time without blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// How long it was.
    pub length: Duration,
    /// The last block before it.
    pub after: BlockNumber,
}

/// Follows the chain through whichever nodes are up, and measures how long it stands still. A block
/// counts from when the first node announces it.
pub struct Pulse {
    beat: Arc<Mutex<Beat>>,
    /// End when this is dropped.
    _listeners: JoinSet<()>,
}

/// The last block that any node has announced.
struct Beat {
    height: BlockNumber,
    at: Instant,
    longest: Gap,
}

impl Pulse {
    /// Begins to follow. All but one of the nodes should be up at any time.
    pub fn start(nodes: &[Node]) -> Self {
        let beat = Arc::new(Mutex::new(Beat {
            height: 0,
            at: Instant::now(),
            longest: Gap::default(),
        }));
        let mut listeners = JoinSet::new();
        for node in nodes {
            listeners.spawn(follow(node.url(), beat.clone()));
        }
        Self {
            beat,
            _listeners: listeners,
        }
    }

    /// Height of the last block that any node has announced.
    pub fn height(&self) -> BlockNumber {
        lock(&self.beat).height
    }

    /// The longest gap, the one at hand included.
    pub fn finish(self) -> Gap {
        let beat = lock(&self.beat);
        beat.longest.max(beat.silence())
    }
}

impl Beat {
    fn silence(&self) -> Gap {
        Gap {
            length: self.at.elapsed(),
            after: self.height,
        }
    }

    fn note(&mut self, height: BlockNumber) {
        if height > self.height {
            self.longest = self.longest.max(self.silence());
            self.height = height;
            self.at = Instant::now();
        }
    }
}

fn lock(beat: &Mutex<Beat>) -> MutexGuard<'_, Beat> {
    beat.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to a node, time and again: it may be killed, and then takes a while to come back.
async fn follow(url: String, beat: Arc<Mutex<Beat>>) {
    loop {
        if listen(&url, &beat).await.is_err() {
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Notes the blocks that a node announces, for as long as it does.
async fn listen(url: &str, beat: &Mutex<Beat>) -> Result<()> {
    let client = Client::connect(url).await?;
    let mut heads = client.finalized_heads().await?;
    while let Some(head) = heads.next().await {
        let head = head?;
        lock(beat).note(head.number);
    }
    Ok(())
}
