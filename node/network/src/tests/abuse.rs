//! What incorrect nodes do, and that it does not matter.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{config::nonzero, message, NetworkLimits};

/// A node with a correct peer and a registered stranger, both connected.
async fn attacked(limits: NetworkLimits) -> (Node, Node, Stranger) {
    let mut node = Node::with(1, 0, limits).await;
    let mut friend = Node::new(2).await;
    let mut stranger = Stranger::new(66, &GENESIS);
    let all = vec![
        registered(&node.id, node.port),
        registered(&friend.id, friend.port),
        registered(&stranger.id, 0),
    ];
    node.register(all.clone());
    friend.register(all);
    friend.reaches(1).await;
    stranger.dial(&node);
    stranger.subscribed().await;
    node.reaches(2).await;
    (node, friend, stranger)
}

#[tokio::test]
async fn malformed_messages_end_the_connection_and_nothing_else() {
    let (mut node, friend, mut stranger) = attacked(NetworkLimits::default()).await;
    let mut truncated = message::encode(1, &[transaction(1), transaction(2)]);
    truncated.pop();
    for malformed in [vec![0xff; 1_000], vec![9], truncated] {
        assert!(stranger.publish(malformed));
    }
    stranger.refused().await;
    node.reaches(1).await;
    assert_eq!(*node.pool.messages.borrow(), 0);
    friend.announce(vec![transaction(3)]).await;
    node.has(&[transaction(3)]).await;
    // For a while it is refused.
    stranger.dial(&node);
    stranger.refused().await;
}

#[tokio::test]
async fn a_flood_is_bounded_and_ends_the_connection() {
    let limits = NetworkLimits {
        messages_per_second: nonzero(5),
        penalty_points_per_second: nonzero(1),
        ..NetworkLimits::default()
    };
    let (mut node, friend, mut stranger) = attacked(limits).await;
    let content = |number: usize| (number as u64).encode().encode().into();
    let sent = stranger
        .flood(|number| message::encode(1, &[content(number)]))
        .await;
    node.reaches(1).await;
    let judged = *node.pool.messages.borrow();
    assert!(sent > 1_000, "{sent}");
    // The burst, and what a minute allows at most.
    assert!(judged <= 10 + 60 * 5, "{judged} of {sent}");
    friend.announce(vec![transaction(3)]).await;
    let mut messages = node.pool.messages.subscribe();
    within(messages.wait_for(|_| node.pool.taken().contains(&transaction(3))))
        .await
        .unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_handshake_are_dropped() {
    let (node, friend, _stranger) = attacked(NetworkLimits::default()).await;
    let mut socket = TcpStream::connect(("127.0.0.1", node.port)).await.unwrap();
    // The node may close before it has read everything.
    drop(socket.write_all(&vec![b'['; 1024 * 1024]).await);
    let mut answer = Vec::new();
    drop(within(socket.read_to_end(&mut answer)).await);
    friend.announce(vec![transaction(3)]).await;
    node.has(&[transaction(3)]).await;
}
