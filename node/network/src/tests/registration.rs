//! Who is talked to.

use super::*;

#[tokio::test]
async fn a_stranger_is_refused() {
    let node = Node::new(1).await;
    node.register(vec![registered(&node::peer_id(2), 0)]);
    let mut stranger = Stranger::new(66, &GENESIS);
    stranger.dial(&node);
    stranger.refused().await;
    assert_eq!(node.network.connected_count(), 0);
}

#[tokio::test]
async fn who_loses_the_registration_is_disconnected() {
    let mut first = Node::new(1).await;
    let mut second = Node::new(2).await;
    let both = vec![
        registered(&first.id, first.port),
        registered(&second.id, second.port),
    ];
    first.register(both.clone());
    second.register(both.clone());
    first.reaches(1).await;
    second.reaches(1).await;
    first.register(vec![both[0].clone()]);
    first.reaches(0).await;
    second.reaches(0).await;
    // It dials in vain from now on, until it is registered again.
    first.register(both);
    first.reaches(1).await;
}

#[tokio::test]
async fn a_node_of_another_chain_is_refused() {
    let node = Node::new(1).await;
    let mut other = Stranger::new(66, &Hash::repeat_byte(8));
    node.register(vec![registered(&other.id, 0)]);
    let mut admitted = Stranger::new(66, &GENESIS);
    admitted.dial(&node);
    admitted.subscribed().await;
    drop(admitted);
    other.dial(&node);
    other.refused().await;
}
