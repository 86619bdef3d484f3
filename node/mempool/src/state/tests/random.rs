//! Random histories against a reference: the chain's true nonces and the statuses told so far.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, test_runner::RngSeed};

use super::*;
use crate::state::SMALL_BYTES_MAX;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A transaction, validated `lag` blocks ago, comes in.
    Insert {
        id: u8,
        ahead: u32,
        priority: u64,
        bytes: usize,
        local: bool,
        lag: usize,
        mortality: Option<u32>,
    },
    /// A block with the first ready transactions, and one of a signer that the pool did not see.
    Commit { count: usize, foreign: Option<u8> },
    /// The builder reports a ready transaction.
    Report { index: usize },
    /// Time passes.
    Wait { ms: u64 },
    /// The pool is validated again at the tip.
    Recheck,
}

/// Mostly small transactions, and some that are just large.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        3 => 1..40usize,
        1 => SMALL_BYTES_MAX..SMALL_BYTES_MAX + 3,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let insert = (
        (0..4u8, 0..6u32, 0..4u64, size()),
        (any::<bool>(), 0..3usize, prop::option::of(0..4u32)),
    )
        .prop_map(
            |((id, ahead, priority, bytes), (local, lag, mortality))| Step::Insert {
                id,
                ahead,
                priority,
                bytes,
                local,
                lag,
                mortality,
            },
        );
    prop_oneof![
        12 => insert,
        3 => (0..6usize, prop::option::of(0..4u8))
            .prop_map(|(count, foreign)| Step::Commit { count, foreign }),
        1 => (0..8usize).prop_map(|index| Step::Report { index }),
        1 => (0..60u64).prop_map(|ms| Step::Wait { ms }),
        1 => Just(Step::Recheck),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let narrow = Limits {
        transactions_max: 12,
        bytes_max: 200,
        account_transactions_max: 5,
        account_bytes_max: 90,
        future_max: 4,
        future_age_max_ms: 100,
    };
    // Five large ones, and two of an account.
    let heavy = Limits {
        bytes_max: 7 * SMALL_BYTES_MAX,
        account_bytes_max: 5 * SMALL_BYTES_MAX / 2,
        ..narrow.clone()
    };
    prop_oneof![Just(wide()), Just(narrow), Just(heavy)]
}

/// The world around the pool.
struct World {
    pool: Pool,
    /// The accounts' next nonces after each block so far.
    chain: Vec<BTreeMap<u8, Nonce>>,
    now_ms: u64,
    inserted: u64,
    /// The last status of each transaction that was ever taken.
    statuses: BTreeMap<Hash, TransactionStatus>,
    local: BTreeSet<Hash>,
}

impl World {
    fn new(limits: Limits) -> Self {
        Self {
            pool: Pool::new(limits),
            chain: vec![BTreeMap::new()],
            now_ms: 0,
            inserted: 0,
            statuses: BTreeMap::new(),
            local: BTreeSet::new(),
        }
    }

    fn tip(&self) -> BlockNumber {
        self.chain.len() as BlockNumber - 1
    }

    fn nonce_at(&self, height: BlockNumber, id: u8) -> Nonce {
        let nonces = &self.chain[height as usize];
        nonces.get(&id).copied().unwrap_or_default()
    }

    fn apply(&mut self, step: Step) {
        let mut changes = Changes::default();
        match step {
            Step::Insert {
                id,
                ahead,
                priority,
                bytes,
                local,
                lag,
                mortality,
            } => {
                let height = self.tip().saturating_sub(lag as BlockNumber);
                let nonce = self.nonce_at(height, id) + ahead;
                self.inserted += 1;
                let mut newcomer = candidate(self.inserted, id, nonce)
                    .priority(priority)
                    .bytes(bytes)
                    .at(height);
                newcomer.current = ahead == 0;
                newcomer.local = local;
                if let Some(mortality) = mortality {
                    newcomer = newcomer.until(height + mortality);
                }
                let hash = newcomer.transaction.hash;
                let before = self.pool.status();
                if self.pool.insert(newcomer, &mut changes).is_ok() {
                    if local {
                        self.local.insert(hash);
                    }
                } else {
                    assert_eq!(self.pool.status(), before);
                    assert_eq!(changes, Changes::default());
                }
            }
            Step::Commit { count, foreign } => self.commit(count, foreign, &mut changes),
            Step::Report { index } => {
                let ready = self.pool.ready(usize::MAX, usize::MAX);
                let reported: Vec<Hash> =
                    ready.iter().skip(index).take(1).map(|t| t.hash).collect();
                let tip = self.tip();
                self.pool.invalidate(&reported, tip, &mut changes);
            }
            Step::Wait { ms } => {
                self.now_ms += ms;
                self.pool.set_time(self.now_ms);
                self.pool.expire(&mut changes);
            }
            Step::Recheck => {
                let tip = self.tip();
                for (_, transaction) in self.pool.all() {
                    let (id, nonce) = transaction.sender.clone().unwrap();
                    if self.nonce_at(tip, AsRef::<[u8; 32]>::as_ref(&id)[0]) == nonce {
                        self.pool.current(&transaction.hash, tip, &mut changes);
                    }
                }
            }
        }
        self.pool.assert_consistent();
        self.note(changes);
        self.assert_told();
        self.assert_live();
    }

    fn commit(&mut self, count: usize, foreign: Option<u8>, changes: &mut Changes) {
        let mut nonces = self.chain[self.tip() as usize].clone();
        let mut extrinsics = Vec::new();
        let mut signers = BTreeSet::new();
        for transaction in self.pool.ready(count, usize::MAX) {
            let (id, nonce) = transaction.sender.clone().unwrap();
            let id = AsRef::<[u8; 32]>::as_ref(&id)[0];
            let next = nonces.entry(id).or_default();
            // The builder skips what the chain refuses; a mortal one may have ended.
            if *next == nonce {
                *next += 1;
                extrinsics.push(transaction.hash.to_low_u64_be());
                signers.insert(id);
            }
        }
        if let Some(id) = foreign {
            *nonces.entry(id).or_default() += 1;
            extrinsics.push(u64::MAX - u64::from(self.tip()));
            signers.insert(id);
        }
        let next_nonces: Vec<_> = signers.iter().map(|id| (*id, nonces[id])).collect();
        self.chain.push(nonces);
        let number = self.tip();
        *changes = commit(&mut self.pool, number, &extrinsics, &next_nonces);
    }

    fn note(&mut self, changes: Changes) {
        let mut left_local = Vec::new();
        for (hash, status) in changes.statuses {
            let is_final = !matches!(status, TransactionStatus::Ready | TransactionStatus::Future);
            if is_final && self.local.contains(&hash) {
                left_local.push(hash);
            }
            let before = self.statuses.insert(hash, status);
            let ended = before.is_some_and(|before| {
                !matches!(before, TransactionStatus::Ready | TransactionStatus::Future)
            });
            assert!(!ended, "a status follows the final one");
        }
        assert_eq!(changes.forgotten, left_local);
    }

    /// The last status told is true of every transaction.
    fn assert_told(&self) {
        let ready: BTreeSet<Hash> = self
            .pool
            .ready(usize::MAX, usize::MAX)
            .iter()
            .map(|transaction| transaction.hash)
            .collect();
        for (hash, status) in &self.statuses {
            match status {
                TransactionStatus::Ready => assert!(ready.contains(hash)),
                TransactionStatus::Future => {
                    assert!(self.pool.contains(hash) && !ready.contains(hash));
                }
                _ => assert!(!self.pool.contains(hash)),
            }
        }
        let told = self.statuses.keys().filter(|hash| self.pool.contains(hash));
        let status = self.pool.status();
        assert_eq!(told.count(), status.ready + status.future);
    }

    /// Whatever the chain would take next is ready, and nothing ready is stale.
    fn assert_live(&self) {
        let ready = self.pool.ready(usize::MAX, usize::MAX);
        let is_ready = |hash: &Hash| ready.iter().any(|transaction| transaction.hash == *hash);
        for (_, transaction) in self.pool.all() {
            let (id, nonce) = transaction.sender.clone().unwrap();
            let id = AsRef::<[u8; 32]>::as_ref(&id)[0];
            let next = self.nonce_at(self.tip(), id);
            assert!(nonce >= next, "{nonce} of {id} is stale");
            if nonce == next {
                assert!(is_ready(&transaction.hash), "{nonce} of {id} waits");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        rng_seed: RngSeed::Fixed(0x9e37),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_keeps_the_pool_consistent_told_and_live(
        limits in limits(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new(limits);
        for step in steps {
            world.apply(step);
        }
    }
}
