//! Submitting at a fixed rate, whatever the nodes do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use futures::{stream::FuturesUnordered, StreamExt};
use jsonrpsee::{
    core::client::ClientT,
    ws_client::{WsClient, WsClientBuilder},
};
use xinglin_primitives::Hash;
use xinglin_tests::cluster::Cluster;

use crate::{workload::Prepared, Args};

/// Transactions in one JSON-RPC batch: those that fall due in the same tick.
const TICK: Duration = Duration::from_millis(10);
/// Answers that may be outstanding on one connection.
const IN_FLIGHT_MAX: usize = 4_096;

/// What was submitted, when, and what the nodes said.
pub struct Submitted {
    /// Hash and time of submission of each accepted transaction.
    pub accepted: Vec<(Hash, Instant)>,
    /// Refusals by message, with their number.
    pub refused: std::collections::BTreeMap<String, u64>,
    /// Number of transactions that fell due.
    pub due: usize,
    /// From the first submission to the last.
    pub elapsed: Duration,
}

/// Submits the prepared transactions round-robin over all nodes, each when it is due.
pub async fn open_loop(cluster: &Cluster, prepared: &Prepared, args: &Args) -> Result<Submitted> {
    let mut clients: Vec<Arc<WsClient>> = Vec::new();
    for _ in 0..args.connections {
        for node in &cluster.nodes {
            let client = WsClientBuilder::default()
                .max_concurrent_requests(IN_FLIGHT_MAX)
                .max_buffer_capacity_per_subscription(IN_FLIGHT_MAX)
                .request_timeout(Duration::from_secs(60))
                .build(node.url())
                .await?;
            clients.push(Arc::new(client));
        }
    }
    let total = usize::try_from(args.rate * args.seconds)?.min(prepared.0.len());
    let start = Instant::now();
    let mut batches = FuturesUnordered::new();
    let mut next = 0;
    let mut turn = 0;
    let mut ticks = tokio::time::interval(TICK);
    let mut outcome = Submitted {
        accepted: Vec::with_capacity(total),
        refused: Default::default(),
        due: total,
        elapsed: Duration::ZERO,
    };
    while next < total {
        tokio::select! {
            _ = ticks.tick() => {
                let elapsed = start.elapsed().as_secs_f64();
                let due = ((elapsed * args.rate as f64) as usize).min(total);
                let share = (due - next).div_ceil(clients.len()).max(1);
                while next < due {
                    let end = due.min(next + share);
                    let client = clients[turn % clients.len()].clone();
                    turn += 1;
                    batches.push(send(client, &prepared.0[next..end]));
                    next = end;
                }
            }
            Some(answers) = batches.next() => outcome.note(answers),
        }
    }
    outcome.elapsed = start.elapsed();
    while let Some(answers) = batches.next().await {
        outcome.note(answers);
    }
    Ok(outcome)
}

type Answer = (Hash, Instant, Result<(), String>);

async fn send(client: Arc<WsClient>, due: &[crate::workload::Signed]) -> Vec<Answer> {
    let sent = Instant::now();
    let calls = due.iter().map(|signed| {
        let client = client.clone();
        async move {
            let params = jsonrpsee::rpc_params![&signed.hex];
            let answer: Result<Hash, _> = client.request("author_submitExtrinsic", params).await;
            (
                signed.hash,
                sent,
                answer.map(drop).map_err(|error| error.to_string()),
            )
        }
    });
    futures::future::join_all(calls).await
}

impl Submitted {
    fn note(&mut self, answers: Vec<Answer>) {
        for (hash, sent, answer) in answers {
            match answer {
                Ok(()) => self.accepted.push((hash, sent)),
                Err(message) => {
                    let short: String = message.chars().take(100).collect();
                    *self.refused.entry(short).or_default() += 1;
                }
            }
        }
    }
}
