//! What blocks do to the pool and to who watches.

use sp_runtime::transaction_validity::InvalidTransaction;
use TransactionStatus::{Broadcast, Future, Invalid, Ready};

use super::{mocks::call, *};

fn finalized(notice: &CommitNotice, index: u32) -> TransactionStatus {
    TransactionStatus::Finalized {
        block: notice.hash,
        index,
    }
}

fn told() -> TransactionStatus {
    Broadcast(vec!["peer".to_owned()])
}

#[tokio::test]
async fn a_watcher_sees_every_stage_in_order() {
    let fixture = Fixture::new();
    let (_, mut second) = fixture.watch(call(1, 1)).await;
    assert_eq!(next(&mut second).await, Future);
    assert_eq!(next(&mut second).await, told());
    let (_, mut first) = fixture.watch(call(1, 0)).await;
    assert_eq!(next(&mut first).await, Ready);
    assert_eq!(next(&mut second).await, Ready);
    assert_eq!(next(&mut first).await, told());
    let notice = fixture.commit(&[call(7, 0), call(1, 0), call(1, 1)]);
    assert_eq!(next(&mut first).await, finalized(&notice, 1));
    assert_eq!(next(&mut second).await, finalized(&notice, 2));
    assert_eq!(within(first.recv()).await, None);
    assert_eq!(fixture.pool.status(), Default::default());
}

#[tokio::test]
async fn what_a_block_includes_is_forgotten_by_the_journal() {
    let fixture = Fixture::new();
    let (included, waiting) = (call(1, 0), call(2, 0));
    fixture.submit(included).await.unwrap();
    fixture.submit(waiting).await.unwrap();
    fixture.commit(&[included]);
    fixture.stop().await;
    assert_eq!(fixture.world.kept(), [hash(waiting)].into());
}

#[tokio::test]
async fn what_is_included_while_it_is_being_validated_is_stale() {
    let fixture = Fixture::new();
    let (included, replaced) = (call(1, 0), call(2, 0));
    fixture.world.hold(GOSSIP);
    let pool = fixture.pool.clone();
    let batch = vec![included.bytes(), replaced.bytes(), call(2, 1).bytes()];
    let submitted = tokio::spawn(async move { pool.submit_many(GOSSIP, batch).await });
    fixture.world.validating(1).await;
    fixture.commit(&[included, replaced.salted(1)]);
    fixture.caught_up().await;
    fixture.world.release();
    let stale = Err(PoolError::Invalid(InvalidTransaction::Stale));
    assert_eq!(
        within(submitted).await.unwrap(),
        [stale.clone(), stale, Ok(hash(call(2, 1)))]
    );
    // It waited for nonce 0 when it was validated; now it is next.
    assert!(fixture.ready().contains(&hash(call(2, 1))));
}

#[tokio::test]
async fn missed_notices_are_made_up_for() {
    let fixture = Fixture::new();
    let (_, mut included) = fixture.watch(call(1, 0)).await;
    let (_, mut successor) = fixture.watch(call(1, 1)).await;
    let (_, mut replaced) = fixture.watch(call(2, 0)).await;
    for statuses in [&mut included, &mut successor, &mut replaced] {
        assert_eq!(next(statuses).await, Ready);
        assert_eq!(next(statuses).await, told());
    }
    // More blocks at once than the channel holds: the pool never hears of the first.
    let notice = fixture.commit(&[call(1, 0), call(2, 0).salted(1)]);
    for _ in 0..10 {
        fixture.commit(&[]);
    }
    assert_eq!(next(&mut included).await, finalized(&notice, 0));
    assert_eq!(next(&mut replaced).await, Invalid);
    fixture.caught_up().await;
    assert!(fixture.ready().contains(&hash(call(1, 1))));
}

#[tokio::test]
async fn new_rules_are_applied_to_all() {
    let fixture = Fixture::new();
    let (_, mut refused) = fixture.watch(call(1, 0)).await;
    let (_, mut stays) = fixture.watch(call(2, 0)).await;
    for statuses in [&mut refused, &mut stays] {
        assert_eq!(next(statuses).await, Ready);
        assert_eq!(next(statuses).await, told());
    }
    fixture.world.suspend(1);
    let mut notice = CommitNotice::clone(&fixture.world.commit(&[]));
    notice.runtime_changed = true;
    fixture.commits.send(Arc::new(notice)).unwrap();
    assert_eq!(next(&mut refused).await, Invalid);
    assert_eq!(fixture.ready(), [hash(call(2, 0))]);
}

#[tokio::test]
async fn what_the_builder_reports_is_dropped() {
    let fixture = Fixture::new();
    let (reported, mut statuses) = fixture.watch(call(1, 0)).await;
    let (_, mut successor) = fixture.watch(call(1, 1)).await;
    for statuses in [&mut statuses, &mut successor] {
        assert_eq!(next(statuses).await, Ready);
        assert_eq!(next(statuses).await, told());
    }
    fixture.pool.remove_invalid(&[]);
    fixture.pool.remove_invalid(&[reported]);
    assert_eq!(next(&mut statuses).await, Invalid);
    assert_eq!(next(&mut successor).await, Future);
    let banned = Err(PoolError::TemporarilyBanned(reported));
    assert_eq!(fixture.submit(call(1, 0)).await, banned);
}
