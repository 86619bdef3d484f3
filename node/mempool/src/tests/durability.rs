//! The journal: what was acknowledged is not lost, what is of no use is forgotten.

use super::{mocks::call, *};

#[tokio::test]
async fn acknowledged_transactions_survive_a_restart() {
    let fixture = Fixture::new();
    let calls: Vec<Call> = (0..5).map(|nonce| call(1, nonce)).collect();
    for call in &calls {
        fixture.submit(*call).await.unwrap();
    }
    fixture.stop().await;

    // While the node was away, others made a block with the first two.
    fixture.world.commit(&calls[..2]);
    // The journal does not keep them in the order of their nonces, and none needs to wait.
    let config = MempoolConfig {
        future_max: 0,
        ..MempoolConfig::default()
    };
    let mut restarted = Fixture::over(fixture.world.clone(), config);
    restarted.caught_up().await;
    let expected: Vec<Hash> = calls[2..].iter().map(|call| hash(*call)).collect();
    assert_eq!(restarted.ready()[..3], expected);
    let mut announced = within(restarted.announced.recv()).await.unwrap();
    announced.sort();
    let mut bytes: Vec<Extrinsic> = calls[2..].iter().map(|call| call.bytes()).collect();
    bytes.sort();
    assert_eq!(announced, bytes);
    restarted.stop().await;
    assert_eq!(restarted.world.kept(), expected.into_iter().collect());
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused() {
    let fixture = Fixture::new();
    fixture.world.set_disk_fails(true);
    let outcome = fixture.submit(call(1, 0)).await;
    let error = "database: disk full".to_owned();
    assert_eq!(outcome, Err(PoolError::Store(error)));
    assert_eq!(fixture.pool.status(), Default::default());
    let theirs = fixture.pool.submit(GOSSIP, call(2, 0).bytes()).await;
    assert_eq!(theirs, Ok(hash(call(2, 0))));
    fixture.world.set_disk_fails(false);
    fixture.submit(call(1, 0)).await.unwrap();
}

#[tokio::test]
async fn a_batch_is_one_write() {
    let fixture = Fixture::new();
    let batch: Vec<Extrinsic> = (0..500).map(|account| call(account, 0).bytes()).collect();
    let outcomes = fixture.pool.submit_many(LOCAL, batch).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(fixture.world.keep_writes(), 1);
}
