//! What is taken, refused, and told.

use sp_runtime::transaction_validity::{InvalidTransaction, UnknownTransaction};
use xinglin_primitives::EXTRINSIC_BYTES_MAX;

use super::{mocks::call, *};
use codec::Encode;

#[tokio::test]
async fn a_taken_transaction_is_ready_kept_and_announced() {
    let mut fixture = Fixture::new();
    let mut count = fixture.pool.ready_count();
    let call = call(1, 0);
    assert_eq!(fixture.submit(call).await, Ok(hash(call)));
    assert_eq!(fixture.ready(), [hash(call)]);
    assert_eq!(fixture.world.kept(), [hash(call)].into());
    assert_eq!(
        *within(count.wait_for(|count| *count == 1)).await.unwrap(),
        1
    );
    let announced = within(fixture.announced.recv()).await.unwrap();
    assert_eq!(announced, [call.bytes()]);
    assert_eq!(fixture.pool.pending(9), [call.bytes()]);
    let sender = fixture.pool.ready(1, 1_000)[0].sender.clone().unwrap().0;
    assert_eq!(fixture.pool.next_nonce(&sender), Some(1));
}

#[tokio::test]
async fn a_peers_transaction_is_neither_kept_nor_announced() {
    let mut fixture = Fixture::new();
    let theirs = call(1, 0);
    let outcome = fixture.pool.submit(GOSSIP, theirs.bytes()).await;
    assert_eq!(outcome, Ok(hash(theirs)));
    fixture.submit(call(2, 0)).await.unwrap();
    assert_eq!(fixture.world.kept(), [hash(call(2, 0))].into());
    let announced = within(fixture.announced.recv()).await.unwrap();
    assert_eq!(announced, [call(2, 0).bytes()]);
}

#[tokio::test]
async fn bytes_that_are_no_transaction_never_reach_the_validator() {
    let fixture = Fixture::new();
    let good = call(1, 0).bytes();
    let mut trailing = good.to_vec();
    trailing.push(0);
    let undecodable: [Vec<u8>; 5] = [
        Vec::new(),
        vec![0],
        good[..good.len() - 1].to_vec(),
        trailing,
        vec![0xff; 100],
    ];
    for bytes in undecodable {
        for source in [LOCAL, GOSSIP] {
            let outcome = fixture.pool.submit(source, bytes.clone().into()).await;
            assert_eq!(outcome, Err(PoolError::Undecodable));
        }
    }
    let huge = vec![0u8; EXTRINSIC_BYTES_MAX as usize + 1].encode();
    let outcome = fixture.pool.submit(LOCAL, huge.clone().into()).await;
    let limit = EXTRINSIC_BYTES_MAX as usize + 4;
    let bytes = huge.len();
    assert_eq!(outcome, Err(PoolError::TooLarge { bytes, limit }));
    assert_eq!(fixture.world.batches(), []);
    // The pool goes on.
    fixture.submit(call(1, 0)).await.unwrap();
}

#[tokio::test]
async fn outcomes_come_in_the_order_of_the_transactions() {
    let fixture = Fixture::new();
    fixture.world.suspend(9);
    let known = call(1, 0);
    fixture.submit(known).await.unwrap();
    let transactions = vec![
        call(2, 0).bytes(),
        vec![1, 2].into(),
        known.bytes(),
        call(9, 0).bytes(),
        vec![7u8; 3].encode().into(),
        call(2, 1).bytes(),
        call(2, 0).bytes(),
    ];
    let outcomes = fixture.pool.submit_many(LOCAL, transactions).await;
    assert_eq!(
        outcomes,
        [
            Ok(hash(call(2, 0))),
            Err(PoolError::Undecodable),
            Err(PoolError::AlreadyImported(hash(known))),
            Err(PoolError::Invalid(InvalidTransaction::BadSigner)),
            Err(PoolError::Invalid(InvalidTransaction::Call)),
            Ok(hash(call(2, 1))),
            Err(PoolError::AlreadyImported(hash(call(2, 0)))),
        ]
    );
}

#[tokio::test]
async fn a_refusal_holds_until_the_next_block() {
    let fixture = Fixture::new();
    fixture.world.suspend(1);
    let refused = call(1, 0);
    let invalid = Err(PoolError::Invalid(InvalidTransaction::BadSigner));
    assert_eq!(fixture.submit(refused).await, invalid);
    let banned = Err(PoolError::TemporarilyBanned(hash(refused)));
    assert_eq!(fixture.submit(refused).await, banned);
    assert_eq!(fixture.world.batches().len(), 1);
    fixture.commit(&[]);
    fixture.caught_up().await;
    assert_eq!(fixture.submit(refused).await, invalid);
}

#[tokio::test]
async fn a_validator_that_panics_costs_only_its_batch() {
    let fixture = Fixture::new();
    fixture.world.set_panics(true);
    let unknown = Err(PoolError::Unknown(UnknownTransaction::CannotLookup));
    assert_eq!(fixture.submit(call(1, 0)).await, unknown);
    fixture.world.set_panics(false);
    fixture.submit(call(1, 0)).await.unwrap();
}

#[tokio::test]
async fn a_stopped_pool_says_so() {
    let fixture = Fixture::new();
    fixture.cancel.cancel();
    within(fixture.pool.stopped()).await;
    for source in [LOCAL, GOSSIP] {
        let outcome = fixture.pool.submit(source, call(1, 0).bytes()).await;
        assert_eq!(outcome, Err(PoolError::Stopped));
    }
}
