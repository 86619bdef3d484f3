//! Who gives way when there is no room.

use super::*;
use crate::{config::TRANSACTION_BYTES_MAX, state::SMALL_BYTES_MAX, MempoolConfig};
use TransactionStatus::{Dropped, Future, Ready};

/// Bytes of a large transaction.
const LARGE: usize = 2 * SMALL_BYTES_MAX;

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

#[test]
fn large_ones_leave_a_quarter_to_small_ones() {
    let mut pool = Pool::new(Limits {
        bytes_max: 8 * LARGE,
        ..wide()
    });
    for id in 0..6 {
        insert(&mut pool, candidate(id.into(), id, 0).local().bytes(LARGE)).unwrap();
    }
    let large = || candidate(10, 10, 0).local().bytes(LARGE);
    let reason = "too many bytes of large transactions";
    assert_eq!(insert(&mut pool, large()), full(reason));
    // The largest of the small ones take the rest, and no more.
    for id in 20..24 {
        let small = candidate(id.into(), id, 0).local().bytes(SMALL_BYTES_MAX);
        insert(&mut pool, small).unwrap();
    }
    let small = candidate(24, 24, 0).local();
    assert_eq!(insert(&mut pool, small), full("too many bytes"));
    // Room for a large one comes with a block that has one.
    commit(&mut pool, 1, &[20], &[(20, 1)]);
    assert_eq!(insert(&mut pool, large()), full(reason));
    commit(&mut pool, 2, &[0], &[(0, 1)]);
    insert(&mut pool, large()).unwrap();
}

#[test]
fn peers_leave_an_eighth_of_the_share_of_large_ones_to_clients() {
    let mut pool = Pool::new(Limits {
        bytes_max: 11 * LARGE,
        ..wide()
    });
    // Three quarters of it are 8.25 large ones, seven eighths of these 7.2.
    for id in 0..7 {
        insert(&mut pool, candidate(id.into(), id, 0).bytes(LARGE)).unwrap();
    }
    let eighth = candidate(7, 7, 0).bytes(LARGE);
    let reason = "too many bytes of large transactions";
    assert_eq!(insert(&mut pool, eighth.clone()), full(reason));
    insert(&mut pool, eighth.local()).unwrap();
}

#[test]
fn for_a_large_one_only_large_ones_give_way() {
    let mut pool = Pool::new(Limits {
        bytes_max: 4 * LARGE,
        ..wide()
    });
    let large = |number, id: u8, nonce| candidate(number, id, nonce).local().bytes(LARGE);
    insert(&mut pool, large(1, 1, 0)).unwrap();
    insert(&mut pool, large(2, 2, 0)).unwrap();
    // A small one follows the large one of its account; another waits for an earlier nonce.
    insert(&mut pool, candidate(3, 2, 1).later().local()).unwrap();
    insert(&mut pool, candidate(4, 4, 5).later().local()).unwrap();
    insert(&mut pool, large(5, 5, 5).later()).unwrap();
    // The future large one first, then the ready one of an account that leaves no gap behind.
    let changes = insert(&mut pool, large(6, 6, 0)).unwrap();
    assert_eq!(changes.statuses, [(hash(5), Dropped), (hash(6), Ready)]);
    let changes = insert(&mut pool, large(7, 7, 0).priority(1)).unwrap();
    assert_eq!(changes.statuses, [(hash(6), Dropped), (hash(7), Ready)]);
    let changes = insert(&mut pool, large(8, 8, 0).priority(1)).unwrap();
    assert_eq!(changes.statuses, [(hash(1), Dropped), (hash(8), Ready)]);
    // The one that is left has a follower, which would have to wait.
    let reason = "too many bytes of large transactions";
    let last = large(9, 9, 0).priority(1);
    assert_eq!(insert(&mut pool, last), full(reason));
    assert_eq!(ready(&pool), [7, 8, 2, 3]);
}

#[test]
fn a_replacement_takes_up_the_share_of_the_replaced() {
    let mut pool = Pool::new(Limits {
        bytes_max: 4 * LARGE,
        account_bytes_max: 2 * LARGE,
        ..wide()
    });
    for id in 1..=3 {
        insert(&mut pool, candidate(id.into(), id, 0).local().bytes(LARGE)).unwrap();
    }
    let again = |number, bytes| candidate(number, 1, 0).local().bytes(bytes);
    let reason = "too many bytes of large transactions";
    let larger = again(4, LARGE + 1).priority(1);
    // Those of other accounts rank lower: one gives way.
    let changes = insert(&mut pool, larger).unwrap();
    assert_eq!(changes.statuses[0], (hash(3), Dropped));
    insert(&mut pool, again(5, LARGE).priority(2)).unwrap();
    insert(&mut pool, candidate(6, 6, 0).local().bytes(LARGE)).unwrap();
    let one_more = candidate(7, 7, 0).local().bytes(LARGE);
    assert_eq!(insert(&mut pool, one_more.clone()), full(reason));
    // A small one in its place gives the share back.
    insert(&mut pool, again(8, 10).priority(3)).unwrap();
    insert(&mut pool, one_more).unwrap();
}

#[test]
fn an_account_has_so_many_bytes() {
    let mut pool = Pool::new(Limits {
        account_bytes_max: 100,
        ..wide()
    });
    let reason = "too many bytes of this account";
    insert(&mut pool, candidate(1, 1, 0).bytes(60)).unwrap();
    insert(&mut pool, candidate(2, 1, 7).later().bytes(40)).unwrap();
    let more = candidate(3, 1, 1).later().bytes(1).priority(9);
    assert_eq!(insert(&mut pool, more.clone()), full(reason));
    insert(&mut pool, candidate(4, 2, 0).bytes(100)).unwrap();
    assert_eq!(
        insert(&mut pool, candidate(5, 1, 0).bytes(61).priority(1)),
        full(reason)
    );
    insert(&mut pool, candidate(6, 1, 0).bytes(59).priority(1)).unwrap();
    insert(&mut pool, more).unwrap();
    commit(&mut pool, 1, &[6, 3], &[(1, 2)]);
    insert(&mut pool, candidate(7, 1, 2).at(1).bytes(60)).unwrap();
}

#[test]
fn a_flood_of_records_leaves_room_for_bookings() {
    const RECORD: usize = 256 * 1024;
    let config = MempoolConfig::default();
    let mut pool = Pool::new(config.limits());
    let records_max = 3 * config.bytes_max / 4 / RECORD;
    let (mut number, mut taken) = (0, Vec::new());
    for id in 0..4 {
        let flood = (0..200).take_while(|nonce| {
            number += 1;
            let record = candidate(number, id, *nonce).local().bytes(RECORD);
            let record = if *nonce == 0 { record } else { record.later() };
            let mut changes = Changes::default();
            pool.insert(record, &mut changes).is_ok()
        });
        taken.push(flood.count());
    }
    assert_eq!(taken, [records_max * 2 / 3, records_max / 3, 0, 0]);
    pool.assert_consistent();
    for patient in 100..200 {
        for nonce in 0..10 {
            number += 1;
            let booking = candidate(number, patient, nonce).bytes(200);
            let booking = if nonce == 0 { booking } else { booking.later() };
            let mut changes = Changes::default();
            pool.insert(booking, &mut changes).unwrap();
        }
    }
    pool.assert_consistent();
    assert_eq!(pool.status().ready, records_max + 1_000);
}

#[test]
fn a_pool_of_a_mebibyte_takes_a_transaction_of_any_size() {
    let config = MempoolConfig {
        bytes_max: 1024 * 1024,
        ..MempoolConfig::default()
    };
    for is_local in [true, false] {
        let mut pool = Pool::new(config.limits());
        let mut largest = candidate(1, 1, 0).bytes(TRANSACTION_BYTES_MAX);
        largest.local = is_local;
        insert(&mut pool, largest).unwrap();
    }
}
