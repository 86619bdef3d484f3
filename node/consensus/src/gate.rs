//! Stands between the engine's network and its synchroniser, and lets through only what registered
//! nodes ask for.
//!
//! The engine closes the connection of a node that is not registered when that node has said who it
//! is. Until then, for some milliseconds, it could ask for blocks; here the question ends.

use std::sync::Arc;

use arc_malachitebft_app::{
    engine::network::{NetworkEvent, NetworkMsg, NetworkRef, Subscriber},
    types::PeerId,
};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::debug;
use xinglin_core::RegisteredNode;

use crate::{context::Context, shared::Shared};

/// The network as the synchroniser sees it: takes its messages and passes them on.
pub struct Gate {
    network: NetworkRef<Context>,
    shared: Arc<Shared>,
}

impl Gate {
    /// Spawns the actor in front of the network.
    pub async fn spawn(
        network: NetworkRef<Context>,
        shared: Arc<Shared>,
    ) -> Result<NetworkRef<Context>, ractor::SpawnErr> {
        let (actor, _) = Actor::spawn(None, Self { network, shared }, ()).await?;
        Ok(actor)
    }
}

#[async_trait]
impl Actor for Gate {
    type Msg = NetworkMsg<Context>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let message = match message {
            NetworkMsg::Subscribe(subscriber) => {
                let guard = Guard {
                    network: self.network.clone(),
                    shared: self.shared.clone(),
                };
                let (guard, _) =
                    Actor::spawn_linked(None, guard, subscriber, myself.get_cell()).await?;
                NetworkMsg::Subscribe(Box::new(guard))
            }
            other => other,
        };
        self.network.cast(message)?;
        Ok(())
    }
}

/// Hears the network on behalf of one subscriber.
struct Guard {
    network: NetworkRef<Context>,
    shared: Arc<Shared>,
}

/// An event of the engine's network.
struct Heard(NetworkEvent<Context>);

impl From<NetworkEvent<Context>> for Heard {
    fn from(event: NetworkEvent<Context>) -> Self {
        Self(event)
    }
}

#[async_trait]
impl Actor for Guard {
    type Msg = Heard;
    type State = Box<dyn Subscriber<NetworkEvent<Context>>>;
    type Arguments = Self::State;

    async fn pre_start(
        &self,
        _: ActorRef<Heard>,
        subscriber: Self::State,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(subscriber)
    }

    async fn handle(
        &self,
        _: ActorRef<Heard>,
        Heard(event): Heard,
        subscriber: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            NetworkEvent::SyncRequest(request, peer, _)
                if !is_registered(&peer, &self.shared.current().config.nodes) =>
            {
                debug!(%peer, "refused blocks to a node that is not registered");
                self.network
                    .cast(NetworkMsg::CancelInboundRequest(request))?;
            }
            // Agreement is not the synchroniser's affair.
            NetworkEvent::Vote(..)
            | NetworkEvent::Proposal(..)
            | NetworkEvent::ProposalPart(..)
            | NetworkEvent::PolkaCertificate(..)
            | NetworkEvent::RoundCertificate(..) => {}
            event => subscriber.send(event),
        }
        Ok(())
    }
}

fn is_registered(peer: &PeerId, nodes: &[RegisteredNode]) -> bool {
    let id = peer.to_bytes();
    nodes.iter().any(|node| node.peer_id == id)
}

#[cfg(test)]
mod tests {
    use arc_malachitebft_app::types::Keypair;

    use super::*;
    use crate::peers::peer_id;

    #[test]
    fn only_registered_nodes_are_known() {
        let peer = |seed| peer_id(&Keypair::ed25519_from_bytes([seed; 32]).unwrap()).unwrap();
        let nodes = [RegisteredNode {
            peer_id: peer(1).to_bytes(),
            addresses: Vec::new(),
        }];
        assert!(is_registered(&peer(1), &nodes));
        assert!(!is_registered(&peer(2), &nodes));
    }
}
