use std::sync::atomic::{AtomicU32, Ordering};

use xinglin_core::Block;

use super::*;

const GAP: Duration = Duration::from_millis(300);

fn header(number: BlockNumber) -> Header {
    Header {
        parent_hash: Hash::zero(),
        number,
        state_root: Hash::zero(),
        extrinsics_root: Hash::zero(),
        digest: Default::default(),
    }
}

fn at(number: BlockNumber) -> Place {
    Place {
        number,
        hash: header(number).hash(),
    }
}

fn notice(number: BlockNumber) -> Arc<CommitNotice> {
    let block = Block {
        header: header(number),
        body: Vec::new(),
    };
    Arc::new(CommitNotice {
        hash: block.hash(),
        block: Arc::new(block),
        extrinsic_hashes: Vec::new(),
        next_nonces: Vec::new(),
        changes: Arc::default(),
        runtime_changed: false,
    })
}

struct Told {
    commits: broadcast::Sender<Arc<CommitNotice>>,
    tip: Arc<AtomicU32>,
    events: Arc<ChainEvents>,
}

/// Events of a chain that is at height 10.
fn told() -> Told {
    let commits = broadcast::Sender::new(64);
    let tip = Arc::new(AtomicU32::new(10));
    let events = Arc::new(ChainEvents::new(at(10)));
    let height = Arc::clone(&tip);
    let tell_tip = move || {
        let place = at(height.load(Ordering::SeqCst));
        Some(Tip {
            number: place.number,
            hash: place.hash,
            state_root: Hash::zero(),
        })
    };
    tokio::spawn(Arc::clone(&events).run(commits.subscribe(), tell_tip, GAP));
    Told {
        commits,
        tip,
        events,
    }
}

/// The next step in short.
async fn step(feed: &mut Feed) -> (char, BlockNumber) {
    match feed.next().await {
        Step::Best(block) => ('b', block.header.number),
        Step::Finalized(block) => ('f', block.header.number),
        Step::Missed(view) => ('m', view.best().number),
    }
}

#[tokio::test(start_paused = true)]
async fn a_block_is_best_at_once_and_final_after_the_gap() {
    let told = told();
    let (view, mut feed) = told.events.subscribe();
    assert_eq!((view.finalized, view.best()), (at(10), at(10)));
    let begun = Instant::now();
    told.commits.send(notice(11)).unwrap();
    assert_eq!(step(&mut feed).await, ('b', 11));
    assert_eq!(begun.elapsed(), Duration::ZERO);

    let (view, mut late) = told.events.subscribe();
    assert_eq!((view.finalized, view.best()), (at(10), at(11)));
    assert_eq!(step(&mut feed).await, ('f', 11));
    assert!(begun.elapsed() >= GAP);
    assert_eq!(step(&mut late).await, ('f', 11));
    assert_eq!(told.events.subscribe().0.finalized, at(11));
}

#[tokio::test(start_paused = true)]
async fn blocks_that_come_fast_are_told_in_order_and_do_not_pile_up() {
    let told = told();
    let (_, mut feed) = told.events.subscribe();
    let begun = Instant::now();
    for number in 11..=60 {
        told.commits.send(notice(number)).unwrap();
    }
    let mut best = 10;
    let mut finalized = 10;
    while finalized < 60 {
        match step(&mut feed).await {
            ('b', number) => {
                assert_eq!(number, best + 1);
                best = number;
            }
            ('f', number) => {
                assert_eq!(number, finalized + 1);
                assert!(number <= best);
                finalized = number;
            }
            other => panic!("{other:?}"),
        }
        assert!(best - finalized <= PENDING_MAX as u32 + 1);
        if finalized == 60 - PENDING_MAX as u32 {
            assert_eq!(
                begun.elapsed(),
                Duration::ZERO,
                "the rest waits for the gap"
            );
        }
    }
    assert!(begun.elapsed() >= GAP);
}

#[tokio::test(start_paused = true)]
async fn a_block_known_from_the_start_is_not_told_again() {
    let told = told();
    let (_, mut feed) = told.events.subscribe();
    told.commits.send(notice(10)).unwrap();
    told.commits.send(notice(11)).unwrap();
    assert_eq!(step(&mut feed).await, ('b', 11));
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscription_learns_that_it_missed_some() {
    let told = told();
    let (_, mut feed) = told.events.subscribe();
    let (_, mut quick) = told.events.subscribe();
    for number in 11..400 {
        told.commits.send(notice(number)).unwrap();
        while step(&mut quick).await != ('b', number) {}
    }
    let (missed, best) = step(&mut feed).await;
    assert_eq!((missed, best), ('m', 399));
    told.commits.send(notice(400)).unwrap();
    while step(&mut feed).await != ('b', 400) {}
}

#[tokio::test(start_paused = true)]
async fn a_server_that_missed_commits_begins_anew_at_the_tip() {
    let told = told();
    let (_, mut feed) = told.events.subscribe();
    told.tip.store(300, Ordering::SeqCst);
    // More than the channel holds, before the server runs.
    for number in 11..=300 {
        told.commits.send(notice(number)).unwrap();
    }
    assert_eq!(step(&mut feed).await, ('m', 300));
    told.commits.send(notice(301)).unwrap();
    assert_eq!(step(&mut feed).await, ('b', 301));
    assert_eq!(step(&mut feed).await, ('f', 301));
}
