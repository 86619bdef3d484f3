//! Pruned databases against a model that knows which nodes each state needs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use xinglin_core::{ChainStore, StateChange, StateStore};
use xinglin_storage::{Database, StateMode};

use crate::support::{assert_holds, key, read_state, Chain, Folder};

/// Rows that one commit prunes at most: how fast a shortened window shrinks.
const ROWS_PER_COMMIT_MAX: u32 = 8;

/// The node keys of every state, by the changes of the blocks alone.
#[derive(Default)]
struct Model {
    live: Vec<BTreeSet<Vec<u8>>>,
    seen: BTreeSet<Vec<u8>>,
    oldest: u32,
}

impl Model {
    fn push(&mut self, chain: &Chain, states: u32) {
        let trie = &chain.last().trie;
        let mut live = self.live.last().cloned().unwrap_or_default();
        for key in &trie.deleted {
            assert!(live.remove(key), "a block deletes what is not there");
        }
        for (key, _) in &trie.inserted {
            live.insert(key.clone());
            self.seen.insert(key.clone());
        }
        self.live.push(live);
        let tip = u32::try_from(self.live.len()).unwrap() - 1;
        let wanted = (tip + 1).saturating_sub(states);
        let reachable = self.oldest + ROWS_PER_COMMIT_MAX;
        self.oldest = self.oldest.max(wanted.min(reachable));
    }

    /// Exactly the nodes of the kept states are stored, and all these states read back.
    fn assert_matches(&self, database: &Database, chain: &Chain) {
        assert_eq!(database.oldest_state(), self.oldest);
        let kept = self.oldest as usize..self.live.len();
        let needed: BTreeSet<_> = self.live[kept.clone()].iter().flatten().collect();
        for key in &self.seen {
            let stored = database.trie_node(key).unwrap().is_some();
            assert_eq!(stored, needed.contains(key), "node {key:02x?}");
        }
        for n in kept {
            let read = read_state(database, &chain.commits[n].root());
            assert_eq!(read.as_ref(), Some(&chain.states[n]), "state {n}");
        }
    }
}

/// What happens to the database.
#[derive(Clone, Debug)]
enum Step {
    Block(Vec<StateChange>),
    /// A restart with so many states to keep.
    Reopen(u32),
}

/// Few keys and few values, so that nodes die and come back all the time. Values over 32 bytes are
/// nodes of their own.
fn change() -> impl Strategy<Value = StateChange> {
    let value = prop_oneof![
        1 => Just(None),
        2 => (0u8..3, prop_oneof![Just(1usize), Just(40)]).prop_map(|(n, len)| Some(vec![n; len])),
    ];
    (0u8..9, value).prop_map(|(n, value)| (key(n), value))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => prop::collection::vec(change(), 0..4).prop_map(Step::Block),
        1 => (2u32..7).prop_map(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() })]

    #[test]
    fn exactly_the_nodes_of_the_kept_states_are_stored(
        states in 2u32..7,
        steps in prop::collection::vec(step(), 1..70),
    ) {
        let mut chain = Chain::with_genesis((0..6).map(|n| (key(n), Some(vec![1; 40]))).collect());
        let mut states = states;
        let mut folder = Folder::new(&chain, StateMode::Pruned { states });
        let mut database = folder.open();
        let mut model = Model::default();
        database.commit(chain.last().batch()).unwrap();
        model.push(&chain, states);
        for step in steps {
            match step {
                Step::Block(delta) => {
                    chain.push(delta, 1);
                    database.commit(chain.last().batch()).unwrap();
                    model.push(&chain, states);
                }
                Step::Reopen(new) => {
                    states = new;
                    folder.config.mode = StateMode::Pruned { states };
                    drop(database);
                    database = folder.open();
                }
            }
            model.assert_matches(&database, &chain);
        }
        assert_holds(&database, &chain);
    }
}

#[test]
fn a_node_that_dies_and_comes_back_within_the_window_survives_its_first_death() {
    let on = |value: u8| vec![(key(1), Some(vec![value; 40]))];
    let mut chain = Chain::with_genesis(on(1));
    let folder = Folder::new(&chain, StateMode::Pruned { states: 3 });
    let mut database = folder.open();
    database.commit(chain.last().batch()).unwrap();
    for value in [2, 1, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2] {
        chain.push(on(value), 0);
        database.commit(chain.last().batch()).unwrap();
        assert_holds(&database, &chain);
        drop(database);
        database = folder.open();
        assert_holds(&database, &chain);
    }
    let gone = read_state(&database, &chain.commits[8].root());
    assert_eq!(gone, None, "the first value's nodes are garbage by now");
}

#[test]
fn an_archive_keeps_every_state_and_can_start_to_prune() {
    let mut chain = Chain::new();
    let mut folder = Folder::archive(&chain);
    let database = folder.open();
    chain.extend(&database, 20);
    assert_eq!(database.states(), Some((0, 20)));
    assert_holds(&database, &chain);
    drop(database);

    folder.config.mode = StateMode::Pruned { states: 5 };
    let database = folder.open();
    // Nothing is known of what the archive's blocks replaced, so that all is readable until the first
    // state whose successor left a row falls out.
    chain.extend(&database, 4);
    assert_eq!(database.states(), Some((0, 24)));
    assert_holds(&database, &chain);
    chain.extend(&database, 1);
    assert_eq!(database.states(), Some((21, 25)));
    assert_holds(&database, &chain);
}

#[test]
fn a_pruned_database_can_become_an_archive_and_prune_again() {
    let flip = |n: u32| vec![(key(1), Some(vec![u8::from(n.is_multiple_of(3)); 40]))];
    let mut chain = Chain::with_genesis(flip(0));
    let mut folder = Folder::new(&chain, StateMode::Pruned { states: 4 });
    let mut run = |folder: &Folder, blocks: u32, oldest: u32| {
        let database = folder.open();
        if database.tip().is_none() {
            database.commit(chain.last().batch()).unwrap();
        }
        for _ in 0..blocks {
            let n = u32::try_from(chain.commits.len()).unwrap();
            chain.push(flip(n), 1);
            database.commit(chain.last().batch()).unwrap();
        }
        assert_eq!(database.oldest_state(), oldest);
        assert_holds(&database, &chain);
    };
    run(&folder, 10, 7);
    folder.config.mode = StateMode::Archive;
    run(&folder, 10, 7);
    // Nodes that died before the archive came back in it; the old deaths must be forgotten.
    folder.config.mode = StateMode::Pruned { states: 4 };
    run(&folder, 3, 7);
    run(&folder, 10, 30);
}
