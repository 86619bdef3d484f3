//! Ready and future, order, replacement, blocks.

use super::*;
use crate::state::SMALL_BYTES_MAX;
use TransactionStatus::{Dropped, Future, Invalid, Ready, Usurped};

#[test]
fn a_gap_holds_back_what_follows_and_closing_it_lets_it_go() {
    let mut pool = Pool::new(wide());
    assert_eq!(
        insert(&mut pool, candidate(7, 1, 7).later())
            .unwrap()
            .statuses,
        [(hash(7), Future)]
    );
    assert_eq!(
        insert(&mut pool, candidate(5, 1, 5)).unwrap().statuses,
        [(hash(5), Ready)]
    );
    assert_eq!(ready(&pool), [5]);
    assert_eq!(pool.next_nonce(&account(1)), Some(6));
    assert_eq!(
        insert(&mut pool, candidate(6, 1, 6).later())
            .unwrap()
            .statuses,
        [(hash(6), Ready), (hash(7), Ready)]
    );
    assert_eq!(ready(&pool), [5, 6, 7]);
    assert_eq!(pool.next_nonce(&account(1)), Some(8));
    assert_eq!(pool.next_nonce(&account(2)), None);
}

#[test]
fn priority_comes_first_then_arrival_but_never_before_an_earlier_nonce() {
    let mut pool = Pool::new(wide());
    insert(&mut pool, candidate(10, 1, 0)).unwrap();
    insert(&mut pool, candidate(20, 2, 0)).unwrap();
    insert(&mut pool, candidate(11, 1, 1).later().priority(9)).unwrap();
    insert(&mut pool, candidate(30, 3, 0).priority(5)).unwrap();
    insert(&mut pool, candidate(31, 3, 1).later().priority(1)).unwrap();
    insert(&mut pool, candidate(32, 3, 2).later().priority(7)).unwrap();
    assert_eq!(ready(&pool), [30, 31, 32, 10, 20, 11]);
    // Once the nonce before it is in a block, a transaction has its own priority.
    commit(&mut pool, 1, &[10, 30, 31], &[(1, 1), (3, 2)]);
    assert_eq!(ready(&pool), [11, 32, 20]);
}

#[test]
fn ready_is_bounded_by_count_and_bytes_and_leaves_no_gap() {
    let mut pool = Pool::new(wide());
    insert(&mut pool, candidate(1, 1, 0).bytes(50)).unwrap();
    insert(&mut pool, candidate(2, 2, 0).bytes(100)).unwrap();
    insert(&mut pool, candidate(3, 2, 1).later().bytes(10)).unwrap();
    insert(&mut pool, candidate(4, 3, 0).bytes(40)).unwrap();
    assert_eq!(numbers(&pool.ready(2, 1_000)), [1, 2]);
    assert_eq!(numbers(&pool.ready(9, 200)), [1, 2, 3, 4]);
    assert_eq!(numbers(&pool.ready(9, 99)), [1, 4]);
    assert_eq!(numbers(&pool.ready(9, 49)), [4]);
    assert_eq!(numbers(&pool.ready(0, 99)), [] as [u64; 0]);
}

#[test]
fn large_transactions_leave_room_for_small_ones() {
    let mut pool = Pool::new(wide());
    let large = SMALL_BYTES_MAX + 1;
    for number in 1..=4 {
        let id = number as u8;
        insert(&mut pool, candidate(number, id, 0).bytes(large)).unwrap();
    }
    insert(&mut pool, candidate(5, 5, 0).bytes(SMALL_BYTES_MAX)).unwrap();
    insert(&mut pool, candidate(6, 1, 1).later().bytes(10)).unwrap();
    // Four large ones would fill the block; the last part of it is for the small one, though it
    // came later. What follows a large one that is in the block may be in it too.
    let block = 4 * large + 40;
    assert_eq!(numbers(&pool.ready(9, block)), [1, 2, 3, 5, 6]);
    assert_eq!(numbers(&pool.ready(9, 6 * large)), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_higher_priority_takes_the_place_of_the_same_nonce() {
    let mut pool = Pool::new(wide());
    insert(&mut pool, candidate(1, 1, 0).priority(3).local()).unwrap();
    insert(&mut pool, candidate(2, 1, 1).later().priority(8)).unwrap();
    insert(&mut pool, candidate(3, 2, 0).priority(4)).unwrap();
    assert_eq!(ready(&pool), [3, 1, 2]);
    for priority in [0, 3] {
        assert_eq!(
            insert(&mut pool, candidate(9, 1, 0).priority(priority)),
            Err(PoolError::PriorityTooLow)
        );
    }
    let changes = insert(&mut pool, candidate(10, 1, 0).priority(5)).unwrap();
    assert_eq!(
        changes.statuses,
        [(hash(1), Usurped(hash(10))), (hash(10), Ready)]
    );
    assert_eq!(changes.forgotten, [hash(1)]);
    assert_eq!(ready(&pool), [10, 2, 3]);

    insert(&mut pool, candidate(4, 1, 5).later()).unwrap();
    let changes = insert(&mut pool, candidate(5, 1, 5).later().priority(1)).unwrap();
    assert_eq!(
        changes.statuses,
        [(hash(4), Usurped(hash(5))), (hash(5), Future)]
    );
}

#[test]
fn a_block_takes_out_what_it_includes_and_what_it_makes_stale() {
    let mut pool = Pool::new(wide());
    insert(&mut pool, candidate(1, 1, 0).local()).unwrap();
    insert(&mut pool, candidate(2, 1, 1).later().local()).unwrap();
    insert(&mut pool, candidate(3, 1, 2).later()).unwrap();
    insert(&mut pool, candidate(5, 1, 4).later()).unwrap();
    // Nonce 1 is in the block in another guise, and so is nonce 3, which the pool never saw.
    let changes = commit(&mut pool, 1, &[100, 1, 101, 3, 102], &[(1, 4)]);
    assert_eq!(
        changes.statuses,
        [
            (hash(1), finalized(1, 1)),
            (hash(3), finalized(1, 3)),
            (hash(2), Invalid),
            (hash(5), Ready),
        ]
    );
    assert_eq!(changes.forgotten, [hash(1), hash(2)]);
    assert_eq!(ready(&pool), [5]);
}

#[test]
fn what_was_validated_before_a_block_is_judged_by_the_block() {
    let mut pool = Pool::new(wide());
    commit(&mut pool, 1, &[1], &[(1, 1), (2, 7)]);
    // Included meanwhile, or its nonce used.
    assert_eq!(insert(&mut pool, candidate(1, 1, 0)), Err(STALE));
    assert_eq!(insert(&mut pool, candidate(2, 1, 0)), Err(STALE));
    assert_eq!(insert(&mut pool, candidate(3, 2, 6).later()), Err(STALE));
    // A later nonce then is the next one now.
    insert(&mut pool, candidate(4, 2, 7).later()).unwrap();
    assert_eq!(ready(&pool), [4]);
}

#[test]
fn the_validator_is_believed_unless_a_later_block_knows_better() {
    let mut pool = Pool::new(wide());
    commit(&mut pool, 3, &[], &[(1, 5)]);
    assert_eq!(insert(&mut pool, candidate(1, 1, 0).at(2)), Err(STALE));
    // After block 3 the account began anew.
    insert(&mut pool, candidate(2, 1, 0).at(3)).unwrap();
    assert_eq!(ready(&pool), [2]);
    // The validator's tip can be ahead of the notices: what is below its word is stale.
    insert(&mut pool, candidate(3, 1, 1).later().at(3)).unwrap();
    let changes = insert(&mut pool, candidate(4, 1, 2).at(3)).unwrap();
    assert_eq!(
        changes.statuses,
        [(hash(2), Invalid), (hash(3), Invalid), (hash(4), Ready)]
    );
}

#[test]
fn what_becomes_invalid_makes_its_successors_wait() {
    let mut pool = Pool::new(wide());
    for nonce in 0..4 {
        let mut next = candidate(u64::from(nonce), 1, nonce);
        next.current = nonce == 0;
        insert(&mut pool, next).unwrap();
    }
    let mut changes = Changes::default();
    pool.invalidate(&[hash(1), hash(99)], 4, &mut changes);
    pool.assert_consistent();
    assert_eq!(
        changes.statuses,
        [(hash(1), Invalid), (hash(2), Future), (hash(3), Future)]
    );
    assert_eq!(ready(&pool), [0]);
    // Asking again is pointless until the next block.
    assert_eq!(
        pool.check(&hash(1), 4),
        Err(PoolError::TemporarilyBanned(hash(1)))
    );
    assert_eq!(pool.check(&hash(1), 5), Ok(()));
    assert_eq!(pool.check(&hash(99), 4), Ok(()));
}

#[test]
fn mortal_transactions_end_with_their_last_height() {
    let mut pool = Pool::new(wide());
    insert(&mut pool, candidate(1, 1, 0).until(5).local()).unwrap();
    insert(&mut pool, candidate(2, 1, 1).later()).unwrap();
    assert_eq!(commit(&mut pool, 4, &[], &[]), Changes::default());
    let changes = commit(&mut pool, 5, &[], &[]);
    assert_eq!(changes.statuses, [(hash(1), Dropped), (hash(2), Future)]);
    assert_eq!(changes.forgotten, [hash(1)]);
}

#[test]
fn futures_are_dropped_when_they_have_waited_too_long() {
    let mut pool = Pool::new(Limits {
        future_age_max_ms: 100,
        ..wide()
    });
    pool.set_time(1_000);
    insert(&mut pool, candidate(1, 1, 0)).unwrap();
    insert(&mut pool, candidate(2, 1, 2).later()).unwrap();
    pool.set_time(1_050);
    insert(&mut pool, candidate(3, 1, 3).later()).unwrap();
    let mut changes = Changes::default();
    pool.set_time(1_099);
    pool.expire(&mut changes);
    assert_eq!(changes, Changes::default());
    pool.set_time(1_100);
    pool.expire(&mut changes);
    pool.assert_consistent();
    assert_eq!(changes.statuses, [(hash(2), Dropped)]);
    assert_eq!(ready(&pool), [1]);
}

#[test]
fn local_transactions_are_announced_again_in_turn() {
    let mut pool = Pool::new(wide());
    pool.set_time(100);
    for number in 1..=3u8 {
        insert(&mut pool, candidate(number.into(), number, 0).local()).unwrap();
    }
    insert(&mut pool, candidate(4, 4, 0)).unwrap();
    let mut silent = candidate(5, 5, 0).local();
    silent.propagate = false;
    insert(&mut pool, silent).unwrap();
    pool.set_time(200);
    assert_eq!(numbers(&pool.take_unannounced(100, 9)), [] as [u64; 0]);
    assert_eq!(numbers(&pool.take_unannounced(101, 2)), [1, 2]);
    assert_eq!(numbers(&pool.take_unannounced(101, 2)), [3]);
    assert_eq!(numbers(&pool.take_unannounced(101, 2)), [] as [u64; 0]);
    pool.assert_consistent();
}

#[test]
fn the_greatest_nonce_is_no_trap() {
    let mut pool = Pool::new(wide());
    insert(&mut pool, candidate(1, 1, Nonce::MAX)).unwrap();
    assert_eq!(ready(&pool), [1]);
    commit(&mut pool, 1, &[1], &[(1, Nonce::MAX)]);
    assert_eq!(ready(&pool), [] as [u64; 0]);
}
