//! Validators are killed at random moments under load: nothing forks, nothing acknowledged is lost,
//! and the chain goes on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use comfy_table::Table;
use rand::{rngs::StdRng, Rng, SeedableRng};
use xinglin_tests::{
    traffic::{expect_included, Pulse, Traffic},
    Cluster, ClusterOptions,
};

/// Rounds of the short form; `scripts/faults` runs the long one.
const ROUNDS: usize = 20;
/// Accounts that transact all the while.
const ACCOUNTS: [&str; 8] = [
    "//Alice//patient//1",
    "//Alice//patient//2",
    "//Alice//patient//3",
    "//Alice//patient//4",
    "//Bob//patient//1",
    "//Bob//patient//2",
    "//Bob//patient//3",
    "//Bob//patient//4",
];
/// A round in which the proposer is dead takes its three timeouts; the next one decides. More than
/// two such rounds in a row would need two dead proposers.
const GAP_MAX: Duration = Duration::from_secs(15);
/// Blocks of how many heights one is compared between all nodes.
const COMPARED_EVERY: usize = 10;
/// Longest time after which a validator is killed: several rounds of agreement on a block.
const LIFE_MS_MAX: u64 = 1_500;

/// What a run came to.
#[derive(Default)]
struct Figures {
    rounds: usize,
    kills: usize,
    kills_while_starting: usize,
    blocks: u32,
    compared: usize,
    acknowledged: usize,
    longest_gap: Duration,
}

impl Figures {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        table.add_rows([
            ["rounds of kill and restart", &self.rounds.to_string()],
            ["kills at work", &self.kills.to_string()],
            [
                "kills while starting",
                &self.kills_while_starting.to_string(),
            ],
            ["blocks", &self.blocks.to_string()],
            [
                "acknowledged, all in the chain",
                &self.acknowledged.to_string(),
            ],
            ["blocks compared on all nodes", &self.compared.to_string()],
            [
                "longest time between blocks",
                &format!("{:.1} s", self.longest_gap.as_secs_f64()),
            ],
        ]);
        table
    }
}

fn rounds() -> usize {
    std::env::var("XINGLIN_FAULT_ROUNDS")
        .ok()
        .map_or(ROUNDS, |text| text.parse().unwrap())
}

/// Random moments differ in every run; the seed is printed, and can be given, to repeat them.
fn random() -> StdRng {
    let seed = std::env::var("XINGLIN_FAULT_SEED")
        .ok()
        .map_or_else(rand::random, |text| text.parse().unwrap());
    println!("XINGLIN_FAULT_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_lose_and_fork_nothing() {
    let mut random = random();
    let mut cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    cluster.wait_height(1).await.unwrap();
    let urls = cluster.nodes.iter().map(|node| node.url()).collect();
    let pause = Duration::from_millis(20);
    let traffic = Traffic::start(urls, cluster.genesis, &ACCOUNTS, pause).unwrap();
    // The first validator is spared, to measure how long the chain stands still.
    let pulse = Pulse::start(&cluster.nodes[0]).await.unwrap();

    let mut figures = Figures::default();
    for round in 0..rounds() {
        let victim = random.gen_range(1..cluster.nodes.len());
        let life = Duration::from_millis(random.gen_range(0..LIFE_MS_MAX));
        tokio::time::sleep(life).await;
        let node = &mut cluster.nodes[victim];
        node.kill().unwrap();
        println!("round {round}: killed {} after {life:?}", node.name());
        figures.kills += 1;
        // Every third restart is killed again while it comes up.
        if round % 3 == 2 {
            node.spawn().unwrap();
            let early = Duration::from_millis(random.gen_range(0..300));
            tokio::time::sleep(early).await;
            node.kill().unwrap();
            figures.kills_while_starting += 1;
        }
        node.start().await.unwrap();
        figures.rounds += 1;
    }

    let acknowledged = traffic.finish().await.unwrap();
    figures.acknowledged = acknowledged.transactions.len();
    for node in &cluster.nodes {
        expect_included(node, &acknowledged, Duration::from_secs(60))
            .await
            .unwrap_or_else(|error| panic!("{}: {error:#}\n{}", node.name(), node.log_tail()));
    }
    let gap = pulse.finish().await.unwrap();
    figures.longest_gap = gap;
    assert!(gap < GAP_MAX, "the chain stood still for {gap:?}");

    let client = cluster.nodes[0].client().await.unwrap();
    let tip = client.tip().await.unwrap();
    let height = client.header(tip).await.unwrap().number;
    // Each block names the one before it, so that these vouch for all.
    for number in (1..=height).rev().step_by(COMPARED_EVERY) {
        cluster.wait_height(number).await.unwrap();
        figures.compared += 1;
    }
    figures.blocks = height;
    println!("{}", figures.table());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_four_down_wait_for_one_to_return() {
    let mut cluster = Cluster::start(ClusterOptions::default()).await.unwrap();
    cluster.wait_height(2).await.unwrap();
    cluster.nodes[2].kill().unwrap();
    cluster.nodes[3].kill().unwrap();

    let url = vec![cluster.nodes[0].url()];
    let pause = Duration::from_millis(20);
    let traffic = Traffic::start(url, cluster.genesis, &ACCOUNTS[..2], pause).unwrap();
    let client = cluster.nodes[0].client().await.unwrap();
    // Two dead validators take effect within the height being decided when they die.
    let mut heads = client.finalized_heads().await.unwrap();
    let silence = Duration::from_secs(8);
    while let Ok(head) = tokio::time::timeout(silence, heads.next()).await {
        head.unwrap().unwrap();
    }
    let acknowledged = traffic.finish().await.unwrap();
    let before = client.tip().await.unwrap();

    cluster.nodes[3].start().await.unwrap();
    expect_included(&cluster.nodes[3], &acknowledged, Duration::from_secs(60))
        .await
        .unwrap();
    assert_ne!(client.tip().await.unwrap(), before);
    cluster.nodes[2].start().await.unwrap();
    let height = client
        .header(client.tip().await.unwrap())
        .await
        .unwrap()
        .number;
    cluster.wait_height(height).await.unwrap();
}
