//! What became final, when, and what it cost.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jsonrpsee::{
    core::client::{ClientT, Subscription, SubscriptionClientT},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use xinglin_primitives::{receipt::extrinsic_hash, Hash};
use xinglin_tests::{cluster::Cluster, Node};

use crate::submit::Submitted;

/// A block as one node announced it.
struct Announced {
    number: u32,
    at: Instant,
}

/// Follows all nodes and the transactions in their blocks.
pub struct Watcher {
    announcements: mpsc::UnboundedReceiver<Announced>,
    blocks: mpsc::UnboundedReceiver<(u32, Vec<Hash>)>,
    stop: watch::Sender<bool>,
    nodes: usize,
}

/// What became final.
pub struct Finals {
    /// For each accepted transaction that became final on all nodes: how long it took, in order.
    pub latencies: Vec<Duration>,
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
        let mut bodies: HashMap<u32, Vec<Hash>> = HashMap::new();
        let mut finals = Finals {
            latencies: Vec::with_capacity(sent.len()),
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
                Some((number, hashes)) = self.blocks.recv() => {
                    bodies.insert(number, hashes);
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
            let Some(hashes) = bodies.remove(&number) else {
                continue;
            };
            let ours: Vec<_> = hashes.iter().filter_map(|hash| sent.remove(hash)).collect();
            if !ours.is_empty() {
                finals.blocks += 1;
                finals.largest_block = finals.largest_block.max(ours.len());
                finals.last = finals.last.max(Some(at));
            }
            finals.latencies.extend(
                ours.into_iter()
                    .map(|sent| at.saturating_duration_since(sent)),
            );
        }
        self.stop.send_replace(true);
        Ok(finals)
    }
}

async fn follow(
    client: Arc<WsClient>,
    mut heads: Subscription<Value>,
    announce: mpsc::UnboundedSender<Announced>,
    mut stopped: watch::Receiver<bool>,
    deliver: Option<mpsc::UnboundedSender<(u32, Vec<Hash>)>>,
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
                    Ok(hashes) => drop(deliver.send((number, hashes))),
                    Err(error) => eprintln!("block {number}: {error:#}"),
                }
            });
        }
    }
}

fn parse_hex_u32(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

async fn body(client: &WsClient, number: u32) -> Result<Vec<Hash>> {
    let hash: Hash = client
        .request("chain_getBlockHash", rpc_params![number])
        .await?;
    let block: Value = client.request("chain_getBlock", rpc_params![hash]).await?;
    block["block"]["extrinsics"]
        .as_array()
        .context("a block without transactions")?
        .iter()
        .map(|extrinsic| {
            let text = extrinsic.as_str().context("a transaction in hex")?;
            Ok(extrinsic_hash(&hex::decode(text.trim_start_matches("0x"))?))
        })
        .collect()
}

/// What the processes have used since they started.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Usage {
    /// CPU time of all nodes.
    pub cpu_seconds: f64,
    /// Bytes that all nodes sent to the disk.
    pub bytes_written: u64,
    /// Resident memory of the largest node.
    pub memory_bytes_max: u64,
}

/// Adds up the accounts that the kernel keeps of the nodes.
pub fn usage(cluster: &Cluster) -> Result<Usage> {
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
