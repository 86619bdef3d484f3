//! What correct nodes do.

use xinglin_core::{NetworkInfo, PeerInfo};

use super::*;
use crate::{Network, NetworkError, NetworkLimits};

#[tokio::test]
async fn registered_nodes_exchange_transactions() {
    let mut nodes = [Node::new(1).await, Node::new(2).await, Node::new(3).await];
    let all: Vec<_> = nodes
        .iter()
        .map(|node| registered(&node.id, node.port))
        .collect();
    for node in &nodes {
        node.register(all.clone());
    }
    for node in &mut nodes {
        node.reaches(2).await;
    }
    let batch = vec![transaction(1), transaction(2)];
    nodes[0].announce(batch.clone()).await;
    nodes[1].has(&batch).await;
    nodes[2].has(&batch).await;
    nodes[2].announce(vec![transaction(3)]).await;
    nodes[0].has(&[transaction(3)]).await;

    let network = &nodes[0].network;
    assert_eq!(network.local_peer_id(), nodes[0].id.to_string());
    assert_eq!(network.connected_count(), 2);
    let mut ids: Vec<String> = nodes[1..].iter().map(|node| node.id.to_string()).collect();
    ids.sort_by_key(|id| id.parse::<libp2p::PeerId>().unwrap());
    let shown: Vec<String> = network
        .peers()
        .into_iter()
        .map(|peer: PeerInfo| peer.peer_id)
        .collect();
    assert_eq!(shown, ids);
}

/// Three nodes in a line: the outer ones know of each other, but not where. The last may not even know
/// that the first is registered.
async fn line(last_knows_first: bool) -> [Node; 3] {
    let mut nodes = [Node::new(1).await, Node::new(2).await, Node::new(3).await];
    let middle = registered(&nodes[1].id, nodes[1].port);
    let outer = |node: &Node| registered(&node.id, 0);
    nodes[0].register(vec![middle.clone(), outer(&nodes[2])]);
    nodes[1].register(vec![outer(&nodes[0]), outer(&nodes[2])]);
    let mut known_to_last = vec![middle];
    known_to_last.extend(last_knows_first.then(|| outer(&nodes[0])));
    nodes[2].register(known_to_last);
    nodes[0].reaches(1).await;
    nodes[1].reaches(2).await;
    nodes[2].reaches(1).await;
    nodes
}

#[tokio::test]
async fn only_what_the_pool_takes_is_passed_on() {
    let [first, middle, last] = line(true).await;
    let (full, bad, good) = (transaction(1), transaction(2), transaction(3));
    middle.pool.full_for.lock().unwrap().insert(full.clone());
    middle.pool.badly_signed.lock().unwrap().insert(bad.clone());
    let mut seen = middle.pool.messages.subscribe();
    first.announce(vec![full]).await;
    within(seen.wait_for(|messages| *messages == 1))
        .await
        .unwrap();
    first.announce(vec![bad, transaction(4)]).await;
    within(seen.wait_for(|messages| *messages == 2))
        .await
        .unwrap();
    first.announce(vec![good.clone()]).await;
    last.has(&[good]).await;
    assert_eq!(*last.pool.messages.borrow(), 1);
}

#[tokio::test]
async fn a_neighbour_answers_for_what_it_passes_on() {
    let [first, middle, mut last] = line(false).await;
    first.announce(vec![transaction(1)]).await;
    middle.has(&[transaction(1)]).await;
    middle.announce(vec![transaction(2)]).await;
    last.has(&[transaction(1), transaction(2)]).await;
    last.reaches(1).await;
}

#[tokio::test]
async fn a_node_that_comes_back_is_found_again() {
    let mut first = Node::new(1).await;
    let second = Node::new(2).await;
    let port = second.port;
    let both = vec![
        registered(&first.id, first.port),
        registered(&second.id, port),
    ];
    first.register(both.clone());
    second.register(both.clone());
    first.reaches(1).await;
    second.stop().await;
    first.reaches(0).await;
    let mut second = Node::with(2, port, NetworkLimits::default()).await;
    second.register(both);
    first.reaches(1).await;
    second.reaches(1).await;
    first.announce(vec![transaction(1)]).await;
    second.has(&[transaction(1)]).await;
}

#[tokio::test]
async fn unusable_addresses_are_refused_with_a_reason() {
    let taken = Node::new(1).await;
    let spawn = |change: &dyn Fn(&mut crate::NetworkConfig)| {
        let mut config = node::config(2, 0, NetworkLimits::default());
        change(&mut config);
        Network::spawn(config, node::ports()).unwrap_err()
    };
    let error = spawn(&|config| config.listen_addresses = vec!["localhost".to_owned()]);
    assert!(matches!(error, NetworkError::Address { .. }), "{error}");
    let error = spawn(&|config| config.bootstrap = vec!["/ip4/127.0.0.1/tcp/1".to_owned()]);
    assert!(matches!(error, NetworkError::Address { .. }), "{error}");
    let port = taken.port;
    let error =
        spawn(&|config| config.listen_addresses = vec![format!("/ip4/127.0.0.1/tcp/{port}")]);
    assert!(matches!(error, NetworkError::Listen { .. }), "{error}");
}
