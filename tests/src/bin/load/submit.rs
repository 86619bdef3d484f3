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

use crate::workload::{Prepared, Routing, Signed};

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

/// Submits the prepared transactions over all nodes, each when it is due.
pub async fn open_loop(
    cluster: &Cluster,
    prepared: &Prepared,
    rate: u64,
    connections: usize,
) -> Result<Submitted> {
    let mut clients: Vec<Arc<WsClient>> = Vec::new();
    for _ in 0..connections {
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
    let transactions = &prepared.transactions;
    let total = transactions.len();
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
                let due = ((elapsed * rate as f64) as usize).min(total);
                let batch = &transactions[next..due];
                for (place, batch) in divide(batch, prepared.routing, clients.len(), &mut turn) {
                    batches.push(send(clients[place].clone(), batch));
                }
                next = due;
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

/// Divides what falls due among so many connections. `turn` is whose turn it is.
fn divide<'a>(
    due: &'a [Signed],
    routing: Routing,
    connections: usize,
    turn: &mut usize,
) -> Vec<(usize, Vec<&'a Signed>)> {
    match routing {
        Routing::InTurn => {
            let share = due.len().div_ceil(connections).max(1);
            due.chunks(share)
                .map(|batch| {
                    let place = *turn % connections;
                    *turn = turn.wrapping_add(1);
                    (place, batch.iter().collect())
                })
                .collect()
        }
        Routing::BySigner => {
            let mut batches = vec![Vec::new(); connections];
            for signed in due {
                batches[signed.signer.number() as usize % connections].push(signed);
            }
            let batches = batches.into_iter().enumerate();
            batches.filter(|(_, batch)| !batch.is_empty()).collect()
        }
    }
}

type Answer = (Hash, Instant, Result<(), String>);

async fn send(client: Arc<WsClient>, due: Vec<&Signed>) -> Vec<Answer> {
    let sent = Instant::now();
    let calls = due.into_iter().map(|signed| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Signer;

    fn transactions() -> Vec<Signed> {
        let signed = |number: u32| Signed {
            hex: String::new(),
            hash: Hash::from_low_u64_be(number.into()),
            signer: Signer::Patient(number % 7),
        };
        (0..40).map(signed).collect()
    }

    #[test]
    fn a_signer_keeps_connection_and_order() {
        let transactions = transactions();
        let mut last = std::collections::HashMap::new();
        for due in transactions.chunks(13) {
            for (place, batch) in divide(due, Routing::BySigner, 4, &mut 0) {
                for signed in batch {
                    let before = last.insert(signed.signer, (place, signed.hash));
                    assert!(before.is_none_or(|(same, hash)| same == place && hash < signed.hash));
                }
            }
        }
        assert_eq!(last.len(), 7);
    }

    #[test]
    fn connections_take_turns_and_nothing_is_lost() {
        let transactions = transactions();
        let mut turn = 3;
        let batches = divide(&transactions, Routing::InTurn, 4, &mut turn);
        let places: Vec<_> = batches.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [3, 0, 1, 2]);
        let hashes = batches.iter().flat_map(|(_, batch)| batch.iter());
        assert!(hashes
            .map(|it| it.hash)
            .eq(transactions.iter().map(|it| it.hash)));
        assert!(divide(&[], Routing::InTurn, 4, &mut turn).is_empty());
    }
}
