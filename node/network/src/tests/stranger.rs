//! A peer that the tests drive by hand and that follows no rules.

use futures::StreamExt;
use libp2p::{
    gossipsub, identity::Keypair, swarm::dial_opts::DialOpts, swarm::SwarmEvent, Multiaddr, PeerId,
    Swarm,
};
use xinglin_primitives::Hash;

use super::{node::Node, within, SPEC_VERSION};
use crate::behaviour::{self, Behaviour, BehaviourEvent, Names};

pub(super) struct Stranger {
    pub(super) id: PeerId,
    swarm: Swarm<Behaviour>,
    names: Names,
}

impl Stranger {
    pub(super) fn new(seed: u8, genesis: &Hash) -> Self {
        let keypair = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
        let names = Names::new(genesis, SPEC_VERSION);
        Self {
            id: keypair.public().to_peer_id(),
            swarm: behaviour::build(&keypair, &names).unwrap(),
            names,
        }
    }

    pub(super) fn dial(&mut self, node: &Node) {
        let address: Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", node.port).parse().unwrap();
        self.swarm.behaviour_mut().allowed.allow_peer(node.id);
        let dial = DialOpts::peer_id(node.id).addresses(vec![address]).build();
        self.swarm.dial(dial).unwrap();
    }

    /// Waits until the node wants transactions of this peer.
    pub(super) async fn subscribed(&mut self) {
        within(async {
            loop {
                let event = self.swarm.select_next_some().await;
                if let SwarmEvent::Behaviour(BehaviourEvent::Gossip(
                    gossipsub::Event::Subscribed { .. },
                )) = event
                {
                    return;
                }
                assert!(!is_end(&event), "{event:?}");
            }
        })
        .await;
    }

    /// Puts a message on its way, or drops it if too many are.
    pub(super) fn publish(&mut self, message: Vec<u8>) -> bool {
        let topic = self.names.topic.hash();
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        gossip.publish(topic, message).is_ok()
    }

    /// Waits until the node has closed or refused the connection.
    pub(super) async fn refused(&mut self) {
        within(async {
            loop {
                if is_end(&self.swarm.select_next_some().await) {
                    return;
                }
            }
        })
        .await;
    }

    /// Sends messages as fast as they leave until the node closes the connection. Returns how many.
    pub(super) async fn flood(&mut self, message: impl Fn(usize) -> Vec<u8>) -> usize {
        let mut sent = 0;
        within(async {
            loop {
                tokio::select! {
                    biased;
                    event = self.swarm.select_next_some() => if is_end(&event) {
                        return;
                    },
                    () = tokio::task::yield_now() => {
                        if self.publish(message(sent)) {
                            sent += 1;
                        }
                    }
                }
            }
        })
        .await;
        sent
    }
}

fn is_end<T>(event: &SwarmEvent<T>) -> bool {
    matches!(
        event,
        SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. }
    )
}
