//! Validators are killed at random moments under load: nothing forks, nothing acknowledged is lost,
//! and the chain goes on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use comfy_table::Table;
use pallet_appointments::NextAppointment;
use rand::{rngs::StdRng, Rng, SeedableRng};
use xinglin_primitives::{consensus::ConsensusParameters, AppointmentId, BlockNumber};
use xinglin_runtime::Runtime;
use xinglin_tests::{
    cluster::{now_ms, MEMBERS},
    parties::Crowd,
    phase::{kill_upon, Phase, Trace, LOG_FILTER},
    process::{xinglin, DEADLINE},
    traffic::{expect_included, Acknowledged, Gap, Pulse, Traffic, Words},
    Cluster, ClusterOptions, Node,
};

/// Rounds of the short form; `scripts/faults` runs the long one.
const ROUNDS: usize = 20;
/// What the kills of a round aim at, in turn. Without an aim a kill hits whatever it hits.
const AIMS: [Option<Phase>; 4] = [
    None,
    Some(Phase::Starting),
    Some(Phase::Proposed),
    Some(Phase::Decided),
];
/// Aims at a phase that may fail before any hits. A decision is committed within a millisecond or two, so
/// that a busy machine may miss it this often; the long form aims at it in every fourth round.
const MISSES_MAX: usize = 10;
/// Longest time after which a validator is killed: several rounds of agreement on a block.
const LIFE_MS_MAX: u64 = 1_500;
/// Longest time after which one that comes up is killed again: in most cases not all of it runs by then.
const START_MS_MAX: u64 = 300;
/// Blocks that a restarted validator has after its return before it counts as back. The first may be
/// one that it fetched.
const BACK_AFTER: BlockNumber = 2;

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
/// Least time between two transactions of an account.
const PAUSE: Duration = Duration::from_millis(20);
/// Least time between two bookings, and how many there are for each round: enough for most of it.
const BOOKING_PAUSE: Duration = Duration::from_millis(300);
const BOOKINGS_PER_ROUND: u32 = 8;
/// About as long as peers do not know of a transaction that a node has acknowledged: gossip gathers for
/// 40 ms, and so do validations.
const UNSHARED: Duration = Duration::from_millis(100);

/// Blocks of how many heights one is compared between all nodes.
const COMPARED_EVERY: usize = 10;
/// How long the last transactions may take, and reading the chain. Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(120);

/// Rounds of agreement that may fail in a row while one validator is away. One fails because its
/// proposer is away, or was killed when only some had its block. Another, because those who had it are
/// locked on it while the next proposer never saw it, or because the first failed for a validator that
/// was late to return and now it is the turn of the one away. The third proposer is up, and knows.
const FAILED_ROUNDS_MAX: u32 = 2;

/// Those of the presets, but an idle chain rests for longer than this one may ever stand still, so that
/// idling under load does not pass.
fn parameters() -> ConsensusParameters {
    ConsensusParameters {
        block_interval_idle_ms: 60_000,
        ..ConsensusParameters::default()
    }
}

/// The longest time between two blocks while at most one validator is away: the pause before the height,
/// all three timeouts of each round that fails, and the time that the proposer of the next one has.
fn gap_max() -> Duration {
    let ConsensusParameters {
        propose_timeout_ms,
        prevote_timeout_ms,
        precommit_timeout_ms,
        timeout_delta_ms,
        block_interval_min_ms,
        ..
    } = parameters();
    let timeouts_ms = propose_timeout_ms + prevote_timeout_ms + precommit_timeout_ms;
    let failed_ms: u32 = (0..FAILED_ROUNDS_MAX)
        .map(|round| timeouts_ms + 3 * round * timeout_delta_ms)
        .sum();
    let last_ms = propose_timeout_ms + FAILED_ROUNDS_MAX * timeout_delta_ms;
    Duration::from_millis(u64::from(block_interval_min_ms + failed_ms + last_ms))
}

/// One kill.
struct Kill {
    node: usize,
    at: Instant,
    phase: Phase,
}

/// What a run came to.
#[derive(Default)]
struct Figures {
    rounds: usize,
    kills: Vec<Kill>,
    misses: BTreeMap<Phase, usize>,
    blocks: BlockNumber,
    compared: usize,
    transactions: usize,
    bookings: usize,
    unshared: usize,
    longest_gap: Gap,
}

impl Figures {
    fn kills_in(&self, phase: Phase) -> usize {
        self.kills.iter().filter(|kill| kill.phase == phase).count()
    }

    fn kills_of(&self, node: usize) -> usize {
        self.kills.iter().filter(|kill| kill.node == node).count()
    }

    /// Whether to aim once more: no kill has hit that phase yet.
    fn aims_again(&mut self, aim: Option<Phase>) -> bool {
        let Some(phase) = aim.filter(|phase| self.kills_in(*phase) == 0) else {
            return false;
        };
        let misses = self.misses.entry(phase).or_default();
        *misses += 1;
        *misses < MISSES_MAX
    }

    /// How many transactions their node acknowledged so shortly before its end that most likely nobody
    /// else knew of them.
    fn count_unshared(&self, words: &Words) -> usize {
        words
            .values()
            .filter(|word| {
                self.kills.iter().any(|kill| {
                    let age = kill.at.checked_duration_since(word.at);
                    kill.node == word.node && age.is_some_and(|age| age < UNSHARED)
                })
            })
            .count()
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        row("rounds of kill and restart", self.rounds.to_string());
        for phase in Phase::ALL {
            row(&format!("kills {phase}"), self.kills_in(phase).to_string());
        }
        let of_each: Vec<_> = (0..MEMBERS.len())
            .map(|node| self.kills_of(node).to_string())
            .collect();
        row("kills of each validator", of_each.join(", "));
        row("blocks", self.blocks.to_string());
        row(
            "payments and remarks acknowledged, each in the chain once",
            self.transactions.to_string(),
        );
        row(
            "bookings acknowledged, each in the chain once",
            self.bookings.to_string(),
        );
        row(
            "of both, by a node killed within 100 ms",
            self.unshared.to_string(),
        );
        row("blocks compared on all nodes", self.compared.to_string());
        let Gap { length, after } = self.longest_gap;
        row(
            "longest time between blocks",
            format!("{:.1} s, after block {after}", length.as_secs_f64()),
        );
        row("limit of that", format!("{:.1} s", gap_max().as_secs_f64()));
        table
    }

    fn check(&self) {
        let gap = self.longest_gap;
        assert!(gap.length < gap_max(), "the chain stood still: {gap:?}");
        // Few kills may spare one by chance, and miss what is over within a millisecond.
        let is_long = self.rounds > ROUNDS;
        for phase in Phase::ALL {
            let may_be_missed = phase == Phase::Decided && !is_long;
            assert!(self.kills_in(phase) > 0 || may_be_missed, "no kill {phase}");
        }
        if is_long {
            for node in 0..MEMBERS.len() {
                assert!(self.kills_of(node) > 0, "validator {node} was spared");
            }
        }
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

/// Four validators, and patients who can book.
async fn start(patients: u32) -> (Cluster, Crowd) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let cluster = Cluster::start(ClusterOptions {
        options: [("log".to_owned(), LOG_FILTER.into())]
            .into_iter()
            .collect(),
        genesis: Box::new(move |genesis| {
            genesis.validators.parameters = parameters();
            let crowd = Crowd::join(genesis, patients, now_ms());
            sender.send(crowd).unwrap();
        }),
        ..Default::default()
    })
    .await
    .unwrap();
    cluster.wait_height(1).await.unwrap();
    (cluster, receiver.recv().unwrap())
}

/// The end of a run by a kill: when it was, and what the run has told.
fn end_of_run(node: &Node) -> (Instant, Trace) {
    let at = Instant::now();
    let log = node.log_since_start();
    assert!(!log.contains("panicked"), "{}", node.log_tail());
    (at, Trace::of(&log))
}

/// Kills a validator at a random moment, or upon what is aimed at, and starts it again; if the start is
/// aimed at, a second time while it comes up. When each kill was, and in which phase.
async fn strike(node: &mut Node, aim: Option<Phase>, random: &mut StdRng) -> Vec<(Instant, Phase)> {
    let life = Duration::from_millis(random.gen_range(0..LIFE_MS_MAX));
    tokio::time::sleep(life).await;
    assert_eq!(node.exit_status().unwrap(), None, "{}", node.log_tail());
    match aim {
        Some(phase @ (Phase::Proposed | Phase::Decided)) => {
            tokio::task::block_in_place(|| kill_upon(node, phase)).unwrap();
        }
        _ => node.kill().unwrap(),
    }
    let mut ends = vec![end_of_run(node)];
    if aim == Some(Phase::Starting) {
        node.spawn().unwrap();
        let early = Duration::from_millis(random.gen_range(0..START_MS_MAX));
        tokio::time::sleep(early).await;
        assert_eq!(node.exit_status().unwrap(), None, "{}", node.log_tail());
        node.kill().unwrap();
        ends.push(end_of_run(node));
    }
    node.start().await.unwrap();
    let last = Trace::of(&node.log_since_start());
    phases(&ends, last)
}

/// The phase in which each run ended, by what the next ones found in the database. What a run said to
/// have committed must be there.
fn phases(ends: &[(Instant, Trace)], last: Trace) -> Vec<(Instant, Phase)> {
    // From the last backwards: a run may have ended before it opened the database.
    let mut tip = last.opened.unwrap();
    let mut phases = Vec::new();
    for (at, run) in ends.iter().rev() {
        assert!(
            run.committed <= Some(tip),
            "{run:?} lost blocks, {tip} is the last"
        );
        phases.push((*at, run.phase(tip)));
        tip = run.opened.unwrap_or(tip);
    }
    phases.reverse();
    phases
}

/// Waits until a restarted validator keeps up with the others: only then may another be missing.
async fn wait_back(node: &Node, pulse: &Pulse) {
    let height = pulse.height() + BACK_AFTER;
    let client = node.client().await.unwrap();
    client
        .wait_for_height(height, DEADLINE)
        .await
        .unwrap_or_else(|error| {
            panic!(
                "{} before block {height}: {error}\n{}",
                node.name(),
                node.log_tail()
            )
        });
}

/// Compares the blocks of all nodes; the height up to which, and how many were compared.
async fn expect_one_chain(cluster: &Cluster) -> (BlockNumber, usize) {
    let client = cluster.nodes[0].client().await.unwrap();
    let tip = client.tip().await.unwrap();
    let height = client.header(tip).await.unwrap().number;
    let mut compared = 0;
    // Each block names the one before it and its own state, so that these vouch for all.
    for number in (1..=height).rev().step_by(COMPARED_EVERY) {
        cluster.wait_height(number).await.unwrap();
        compared += 1;
    }
    (height, compared)
}

/// The bookings are not only in blocks: each has made an appointment.
async fn expect_appointments(node: &Node, bookings: usize) {
    let client = node.client().await.unwrap();
    let tip = client.tip().await.unwrap();
    let key = NextAppointment::<Runtime>::hashed_key();
    let next: Option<AppointmentId> = client.storage(&key, tip).await.unwrap();
    let made = next.map_or(0, |next| next.0);
    assert!(
        made >= bookings as u64,
        "{made} appointments of {bookings} bookings"
    );
}

/// Stops the nodes. What each has stored agrees with itself, and its blocks execute once more to the
/// states that they name.
async fn check_databases(cluster: &mut Cluster) {
    for node in &mut cluster.nodes {
        assert!(node.stop().await.unwrap().success());
    }
    let spec = cluster.spec().to_str().unwrap();
    for node in &cluster.nodes {
        let base = node.base_path();
        let base = base.to_str().unwrap();
        let check = ["db", "check", "--re-execute", "--chain", spec];
        let output = xinglin(&[&check[..], &["--base-path", base]].concat()).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", node.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_lose_and_fork_nothing() {
    let mut random = random();
    let mut figures = Figures {
        rounds: rounds(),
        ..Default::default()
    };
    let patients = u32::try_from(figures.rounds).unwrap() * BOOKINGS_PER_ROUND;
    let (mut cluster, crowd) = start(patients).await;
    let urls: Vec<_> = cluster.nodes.iter().map(Node::url).collect();
    let genesis = cluster.genesis;
    let traffic = Traffic::mixed(urls.clone(), genesis, &ACCOUNTS, PAUSE).unwrap();
    let bookings = Traffic::bookings(urls, genesis, crowd, BOOKING_PAUSE);
    let pulse = Pulse::start(&cluster.nodes);

    for round in 0..figures.rounds {
        let aim = AIMS[round % AIMS.len()];
        loop {
            let victim = random.gen_range(0..cluster.nodes.len());
            let node = &mut cluster.nodes[victim];
            let hits = strike(node, aim, &mut random).await;
            for (at, phase) in hits {
                println!("round {round}: killed {} {phase}", node.name());
                figures.kills.push(Kill {
                    node: victim,
                    at,
                    phase,
                });
            }
            wait_back(node, &pulse).await;
            if !figures.aims_again(aim) {
                break;
            }
        }
    }
    // While the load lasts: without any, the chain rightly rests.
    figures.longest_gap = pulse.finish();

    let mut words = traffic.finish_with_words().await.unwrap();
    let booked = bookings.finish_with_words().await.unwrap();
    figures.transactions = words.len();
    figures.bookings = booked.len();
    words.extend(booked);
    figures.unshared = figures.count_unshared(&words);
    let acknowledged = Acknowledged::from(&words);
    for node in &cluster.nodes {
        expect_included(node, &acknowledged, LIMIT)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:#}\n{}", node.name(), node.log_tail()));
    }
    (figures.blocks, figures.compared) = expect_one_chain(&cluster).await;
    expect_appointments(&cluster.nodes[0], figures.bookings).await;
    check_databases(&mut cluster).await;
    println!("{}", figures.table());
    figures.check();
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
