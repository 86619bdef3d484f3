//! Who gives way when there is no room.

use super::*;
use TransactionStatus::{Dropped, Future, Ready};

fn full(reason: &'static str) -> Result<Changes, PoolError> {
    Err(PoolError::Full(reason))
}

#[test]
fn a_full_pool_keeps_room_for_local_transactions() {
    let mut pool = Pool::new(Limits {
        transactions_max: 8,
        ..wide()
    });
    for id in 0..7 {
        insert(&mut pool, candidate(id.into(), id, 0)).unwrap();
    }
    let reason = "too many transactions";
    assert_eq!(insert(&mut pool, candidate(10, 10, 0)), full(reason));
    insert(&mut pool, candidate(10, 10, 0).local()).unwrap();
    assert_eq!(
        insert(&mut pool, candidate(11, 11, 0).local()),
        full(reason)
    );
}

#[test]
fn futures_give_way_first_the_least_and_newest_before_others() {
    let mut pool = Pool::new(Limits {
        transactions_max: 4,
        ..wide()
    });
    insert(&mut pool, candidate(1, 1, 0).local()).unwrap();
    insert(&mut pool, candidate(2, 2, 5).later().local().priority(2)).unwrap();
    insert(&mut pool, candidate(3, 3, 5).later().local().priority(1)).unwrap();
    insert(&mut pool, candidate(4, 4, 5).later().local().priority(1)).unwrap();
    // A future one needs a higher priority than what it drives out, a ready one does not.
    let equal = candidate(5, 5, 5).later().local().priority(1);
    assert_eq!(insert(&mut pool, equal), full("too many transactions"));
    let higher = candidate(6, 6, 5).later().local().priority(2);
    let changes = insert(&mut pool, higher).unwrap();
    assert_eq!(changes.statuses, [(hash(4), Dropped), (hash(6), Future)]);
    assert_eq!(changes.forgotten, [hash(4)]);
    let changes = insert(&mut pool, candidate(7, 7, 0).local()).unwrap();
    assert_eq!(changes.statuses, [(hash(3), Dropped), (hash(7), Ready)]);
}

#[test]
fn ready_ones_give_way_to_a_higher_rank_from_the_end() {
    let mut pool = Pool::new(Limits {
        transactions_max: 3,
        ..wide()
    });
    insert(&mut pool, candidate(1, 1, 0).local().priority(1)).unwrap();
    insert(&mut pool, candidate(2, 1, 1).later().local().priority(9)).unwrap();
    insert(&mut pool, candidate(3, 3, 0).local().priority(2)).unwrap();
    let equal = candidate(4, 4, 0).local().priority(1);
    assert_eq!(insert(&mut pool, equal), full("too many transactions"));
    // 2 ranks behind 1 although its own priority is higher.
    let changes = insert(&mut pool, candidate(5, 5, 0).local().priority(2)).unwrap();
    assert_eq!(changes.statuses, [(hash(2), Dropped), (hash(5), Ready)]);
    assert_eq!(ready(&pool), [3, 5, 1]);
    // Its predecessor's rank bounds a newcomer's, so it does not drive out its own predecessor.
    let own = candidate(6, 1, 1).later().local().priority(9);
    assert_eq!(insert(&mut pool, own), full("too many transactions"));
}

#[test]
fn nothing_is_driven_out_if_that_would_not_make_enough_room() {
    let mut pool = Pool::new(Limits {
        bytes_max: 100,
        ..wide()
    });
    insert(&mut pool, candidate(1, 1, 0).local().bytes(50).priority(5)).unwrap();
    insert(&mut pool, candidate(2, 2, 9).later().local().bytes(40)).unwrap();
    let large = candidate(3, 3, 0).local().bytes(60).priority(5);
    assert_eq!(insert(&mut pool, large), full("too many bytes"));
    assert_eq!(pool.status().future, 1);
    let changes = insert(&mut pool, candidate(3, 3, 0).local().bytes(50)).unwrap();
    assert_eq!(changes.statuses, [(hash(2), Dropped), (hash(3), Ready)]);
    assert_eq!(pool.status().bytes, 100);
}

#[test]
fn a_replacement_needs_only_the_difference() {
    let mut pool = Pool::new(Limits {
        transactions_max: 1,
        bytes_max: 60,
        ..wide()
    });
    insert(&mut pool, candidate(1, 1, 0).local().bytes(50)).unwrap();
    let larger = |bytes| candidate(2, 1, 0).local().bytes(bytes).priority(1);
    assert_eq!(insert(&mut pool, larger(61)), full("too many bytes"));
    insert(&mut pool, larger(60)).unwrap();
    assert_eq!(ready(&pool), [2]);
}

#[test]
fn accounts_and_futures_are_bounded() {
    let mut pool = Pool::new(Limits {
        account_transactions_max: 2,
        future_max: 2,
        ..wide()
    });
    insert(&mut pool, candidate(1, 1, 0)).unwrap();
    insert(&mut pool, candidate(2, 1, 5).later()).unwrap();
    assert_eq!(
        insert(&mut pool, candidate(3, 1, 1).later()),
        full("too many transactions of this account")
    );
    insert(&mut pool, candidate(2_2, 1, 5).later().priority(1)).unwrap();
    insert(&mut pool, candidate(4, 2, 5).later()).unwrap();
    let waiting = "too many transactions that wait for an earlier nonce";
    assert_eq!(insert(&mut pool, candidate(5, 3, 5).later()), full(waiting));
    insert(&mut pool, candidate(6, 3, 5).later().priority(1)).unwrap();
    assert!(!pool.contains(&hash(4)));
}

#[test]
fn unsigned_transactions_with_a_common_tag_exclude_each_other() {
    let mut pool = Pool::new(wide());
    let unsigned = |number, tag: u8| {
        let mut unsigned = candidate(number, 0, 0).with(|transaction| transaction.sender = None);
        unsigned.tags = vec![vec![tag], vec![tag, 1]];
        unsigned
    };
    insert(&mut pool, unsigned(1, 1)).unwrap();
    assert_eq!(
        insert(&mut pool, unsigned(2, 1)),
        Err(PoolError::PriorityTooLow)
    );
    insert(&mut pool, unsigned(3, 2)).unwrap();
    assert_eq!(ready(&pool), [1, 3]);
    commit(&mut pool, 1, &[1], &[]);
    assert_eq!(insert(&mut pool, unsigned(1, 1)), Err(STALE));
    insert(&mut pool, unsigned(2, 1)).unwrap();
}
