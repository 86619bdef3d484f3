//! What became final, when, what it did, and what it cost.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context, Result};
use codec::DecodeAll;
use frame_support::storage::storage_prefix;
use frame_system::{EventRecord, Phase};
use jsonrpsee::{
    core::client::{ClientT, Subscription, SubscriptionClientT},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use xinglin_primitives::{receipt::extrinsic_hash, Hash};
use xinglin_runtime::RuntimeEvent;
use xinglin_sdk::client::describe_error;
use xinglin_tests::{cluster::Cluster, Node};

use crate::{
    submit::{open_loop, Submitted},
    workload::Prepared,
};

/// How long the last transactions may take to become final.
const DRAIN: Duration = Duration::from_secs(30);

/// What became of prepared transactions.
pub struct Measured {
    /// What was submitted.
    pub submitted: Submitted,
    /// What became final.
    pub finals: Finals,
    /// What it cost.
    pub cost: Usage,
}

/// Submits transactions at a rate and waits until they are final on all nodes.
pub async fn run(
    cluster: &Cluster,
    prepared: &Prepared,
    rate: u64,
    connections: usize,
) -> Result<Measured> {
    let watcher = Watcher::start(cluster).await?;
    let before = usage(cluster)?;
    let submitted = open_loop(cluster, prepared, rate, connections).await?;
    let finals = watcher.finish(&submitted, DRAIN).await?;
    let cost = usage(cluster)?.since(&before);
    Ok(Measured {
        submitted,
        finals,
        cost,
    })
}

impl Measured {
    /// Everything accepted must have become final and done what it was to do.
    pub fn ensure_succeeded(&self) -> Result<()> {
        let (accepted, finalised) = (self.submitted.accepted.len(), self.finals.latencies.len());
        ensure!(
            finalised == accepted,
            "{} of {accepted} accepted transactions did not become final in time",
            accepted - finalised
        );
        ensure!(
            self.finals.failed.is_empty(),
            "transactions failed: {:?}",
            self.finals.failed
        );
        Ok(())
    }
}

/// A block as one node announced it.
struct Announced {
    number: u32,
    at: Instant,
}

/// What is in a block.
struct Body {
    number: u32,
    transactions: Vec<Hash>,
    /// By place in the block: the errors of those that failed.
    failed: HashMap<usize, String>,
}

/// Follows all nodes and the transactions in their blocks.
pub struct Watcher {
    announcements: mpsc::UnboundedReceiver<Announced>,
    blocks: mpsc::UnboundedReceiver<Body>,
    stop: watch::Sender<bool>,
    nodes: usize,
}

/// What became final.
pub struct Finals {
    /// For each accepted transaction that became final on all nodes: how long it took, in order.
    pub latencies: Vec<Duration>,
    /// Those of them that failed by error, with their number.
    pub failed: BTreeMap<String, u64>,
    /// Number of blocks with transactions.
    pub blocks: usize,
    /// Most of our transactions in one block.
    pub largest_block: usize,
    /// When the last transaction became final on the last node.
    pub last: Option<Instant>,
}

async fn connect(node: &Node) -> Result<WsClient> {
    Ok(WsClientBuilder::default()
        .max_response_size(64 * 1024 * 1024)
        .build(node.url())
        .await?)
}

impl Watcher {
    /// Subscribes to the heads of all nodes; bodies are read from the first alone.
    pub async fn start(cluster: &Cluster) -> Result<Self> {
        let (announce, announcements) = mpsc::unbounded_channel();
        let (deliver, blocks) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        for (node, running) in cluster.nodes.iter().enumerate() {
            let client = Arc::new(connect(running).await?);
            let heads: Subscription<Value> = client
                .subscribe(
                    "chain_subscribeNewHeads",
                    rpc_params![],
                    "chain_unsubscribeNewHeads",
                )
                .await?;
            let deliver = (node == 0).then(|| deliver.clone());
            tokio::spawn(follow(
                client,
                heads,
                announce.clone(),
                stopped.clone(),
                deliver,
            ));
        }
        Ok(Self {
            announcements,
            blocks,
            stop,
            nodes: cluster.nodes.len(),
        })
    }

    /// Waits until every accepted transaction is final on all nodes, or no longer than `drain`.
    pub async fn finish(mut self, submitted: &Submitted, drain: Duration) -> Result<Finals> {
        let mut sent: HashMap<Hash, Instant> = submitted.accepted.iter().copied().collect();
        let mut seen: HashMap<u32, (usize, Instant)> = HashMap::new();
        let mut bodies: HashMap<u32, Body> = HashMap::new();
        let mut finals = Finals {
            latencies: Vec::with_capacity(sent.len()),
            failed: BTreeMap::new(),
            blocks: 0,
            largest_block: 0,
            last: None,
        };
        let deadline = tokio::time::sleep(drain);
        tokio::pin!(deadline);
        while !sent.is_empty() {
            let number = tokio::select! {
                Some(Announced { number, at }) = self.announcements.recv() => {
                    let (count, last) = seen.entry(number).or_insert((0, at));
                    *count += 1;
                    *last = (*last).max(at);
                    number
                }
                Some(body) = self.blocks.recv() => {
                    let number = body.number;
                    bodies.insert(number, body);
                    number
                }
                () = &mut deadline => break,
            };
            let Some((count, at)) = seen.get(&number).copied() else {
                continue;
            };
            if count < self.nodes {
                continue;
            }
            if let Some(body) = bodies.remove(&number) {
                finals.add(body, at, &mut sent);
            }
        }
        self.stop.send_replace(true);
        Ok(finals)
    }
}

impl Finals {
    /// Counts those of a block's transactions that were sent.
    fn add(&mut self, body: Body, at: Instant, sent: &mut HashMap<Hash, Instant>) {
        let mut ours = 0;
        for (place, hash) in body.transactions.iter().enumerate() {
            let Some(sent) = sent.remove(hash) else {
                continue;
            };
            ours += 1;
            self.latencies.push(at.saturating_duration_since(sent));
            if let Some(error) = body.failed.get(&place) {
                *self.failed.entry(error.clone()).or_default() += 1;
            }
        }
        if ours > 0 {
            self.blocks += 1;
            self.largest_block = self.largest_block.max(ours);
            self.last = self.last.max(Some(at));
        }
    }
}

async fn follow(
    client: Arc<WsClient>,
    mut heads: Subscription<Value>,
    announce: mpsc::UnboundedSender<Announced>,
    mut stopped: watch::Receiver<bool>,
    deliver: Option<mpsc::UnboundedSender<Body>>,
) {
    loop {
        let head = tokio::select! {
            Some(Ok(head)) = heads.next() => head,
            _ = stopped.changed() => return,
            else => return,
        };
        let at = Instant::now();
        let Some(number) = head["number"].as_str().and_then(parse_hex_u32) else {
            continue;
        };
        if announce.send(Announced { number, at }).is_err() {
            return;
        }
        if let Some(deliver) = deliver.clone() {
            let client = client.clone();
            tokio::spawn(async move {
                match body(&client, number).await {
                    Ok(body) => drop(deliver.send(body)),
                    Err(error) => eprintln!("block {number}: {error:#}"),
                }
            });
        }
    }
}

fn parse_hex_u32(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// Reads a block and its events: at once, since the node does not keep old states for ever.
async fn body(client: &WsClient, number: u32) -> Result<Body> {
    let hash: Hash = client
        .request("chain_getBlockHash", rpc_params![number])
        .await?;
    let block: Value = client.request("chain_getBlock", rpc_params![hash]).await?;
    let transactions = block["block"]["extrinsics"]
        .as_array()
        .context("a block without transactions")?
        .iter()
        .map(|extrinsic| {
            let text = extrinsic.as_str().context("a transaction in hex")?;
            Ok(extrinsic_hash(&hex::decode(text.trim_start_matches("0x"))?))
        })
        .collect::<Result<_>>()?;
    Ok(Body {
        number,
        transactions,
        failed: failures(client, hash).await?,
    })
}

/// The errors of a block's transactions, by their places.
async fn failures(client: &WsClient, block: Hash) -> Result<HashMap<usize, String>> {
    let key = storage_prefix(b"System", b"Events");
    let params = rpc_params![format!("0x{}", hex::encode(key)), block];
    let events: Option<String> = client.request("state_getStorage", params).await?;
    let events = events.context("a block without events")?;
    let events = hex::decode(events.trim_start_matches("0x"))?;
    let records = Vec::<EventRecord<RuntimeEvent, Hash>>::decode_all(&mut &events[..])?;
    let failed = records
        .into_iter()
        .filter_map(|record| match (record.phase, record.event) {
            (
                Phase::ApplyExtrinsic(place),
                RuntimeEvent::System(frame_system::Event::ExtrinsicFailed {
                    dispatch_error, ..
                }),
            ) => Some((place as usize, describe_error(&dispatch_error))),
            _ => None,
        });
    Ok(failed.collect())
}

/// What the processes have used: since they started, or in a while.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Usage {
    /// CPU time of all nodes.
    pub cpu_seconds: f64,
    /// Bytes that all nodes sent to the disk.
    pub bytes_written: u64,
    /// Resident memory of the largest node.
    pub memory_bytes_max: u64,
}

impl Usage {
    /// What was used after `before`; the memory is that of now.
    fn since(&self, before: &Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
            bytes_written: self.bytes_written.saturating_sub(before.bytes_written),
            memory_bytes_max: self.memory_bytes_max,
        }
    }
}

/// Adds up the accounts that the kernel keeps of the nodes.
fn usage(cluster: &Cluster) -> Result<Usage> {
    let mut sum = Usage::default();
    for pid in cluster.nodes.iter().filter_map(Node::pid) {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}"));
        let stat = read("stat")?;
        // The command's name may hold spaces; what follows its bracket does not.
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .context("stat")?
            .split_whitespace()
            .collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        sum.cpu_seconds += ticks as f64 / 100.0;
        sum.bytes_written += number_after(&read("io")?, "write_bytes:")?;
        let resident = number_after(&read("status")?, "VmRSS:")? * 1024;
        sum.memory_bytes_max = sum.memory_bytes_max.max(resident);
    }
    Ok(sum)
}

fn number_after(text: &str, label: &str) -> Result<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .with_context(|| format!("no {label}"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
