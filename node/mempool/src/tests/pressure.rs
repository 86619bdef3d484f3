//! Many at once.

use super::{mocks::call, *};
use crate::config::{BATCH_TRANSACTIONS_MAX, GOSSIP_MAILBOX_MAX};

#[tokio::test]
async fn what_waits_is_validated_together() {
    let fixture = Fixture::new();
    fixture.world.hold(LOCAL);
    let submit = |account| {
        let pool = fixture.pool.clone();
        tokio::spawn(async move { pool.submit(LOCAL, call(account, 0).bytes()).await })
    };
    let mut submitted = vec![submit(0)];
    fixture.world.validating(1).await;
    submitted.extend((1..=300).map(submit));
    // Each has put its transaction into the mailbox once it has been polled.
    while fixture.pool.waiting_local() < 300 {
        tokio::task::yield_now().await;
    }
    fixture.world.release();
    for outcome in submitted {
        within(outcome).await.unwrap().unwrap();
    }
    assert_eq!(fixture.world.batches(), [(LOCAL, 1), (LOCAL, 300)]);
}

#[tokio::test]
async fn peers_cannot_shut_out_local_clients() {
    let fixture = Fixture::new();
    fixture.world.hold(GOSSIP);
    let mut flood = Vec::new();
    let submit = |account| {
        let pool = fixture.pool.clone();
        tokio::spawn(async move { pool.submit(GOSSIP, call(account, 0).bytes()).await })
    };
    flood.push(submit(0));
    fixture.world.validating(1).await;
    flood.extend((1..=GOSSIP_MAILBOX_MAX as u16 + 50).map(submit));
    within(fixture.submit(call(9_999, 0))).await.unwrap();
    fixture.world.release();
    let mut refused = 0;
    for outcome in flood {
        match within(outcome).await.unwrap() {
            Ok(_) => {}
            Err(PoolError::Full(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(refused, 50);
}

#[tokio::test]
async fn large_submissions_are_cut_into_batches() {
    let fixture = Fixture::new();
    let count = 3 * BATCH_TRANSACTIONS_MAX + 7;
    let transactions = (0..count as u32)
        .map(|number| call(number as u16 % 100, number / 100).bytes())
        .collect();
    let outcomes = fixture.pool.submit_many(LOCAL, transactions).await;
    assert_eq!(outcomes.len(), count);
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(fixture.pool.status().ready, count);
    let largest = fixture.world.batches().iter().map(|(_, size)| *size).max();
    assert_eq!(largest, Some(BATCH_TRANSACTIONS_MAX));
}

#[tokio::test]
async fn what_stays_is_announced_again() {
    let config = MempoolConfig {
        reannounce_after: Duration::ZERO,
        ..MempoolConfig::default()
    };
    let mut fixture = Fixture::over(Arc::default(), config);
    fixture.submit(call(1, 0)).await.unwrap();
    for _ in 0..2 {
        let announced = within(fixture.announced.recv()).await.unwrap();
        assert_eq!(announced, [call(1, 0).bytes()]);
    }
}

#[tokio::test]
async fn a_new_peer_is_told_of_what_is_there() {
    let mut fixture = Fixture::new();
    fixture.submit(call(1, 0)).await.unwrap();
    let announced = within(fixture.announced.recv()).await.unwrap();
    assert_eq!(announced, [call(1, 0).bytes()]);
    fixture
        .peers
        .send_modify(|peers| peers.push("other".to_owned()));
    let announced = within(fixture.announced.recv()).await.unwrap();
    assert_eq!(announced, [call(1, 0).bytes()]);
}
