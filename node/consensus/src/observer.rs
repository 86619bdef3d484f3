//! Watches the engine's network: who is connected, how far they are, whether they are at work on a
//! height that we have not begun.

use std::sync::Arc;

use arc_malachitebft_app::{
    engine::network::NetworkEvent,
    types::core::{Proposal as _, Vote as _},
};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{context::Context, shared::Shared};

/// An event of the engine's network.
pub struct Seen(NetworkEvent<Context>);

impl From<NetworkEvent<Context>> for Seen {
    fn from(event: NetworkEvent<Context>) -> Self {
        Self(event)
    }
}

/// The actor.
pub struct Observer {
    shared: Arc<Shared>,
}

impl Observer {
    /// Spawns the actor.
    pub async fn spawn(shared: Arc<Shared>) -> Result<ActorRef<Seen>, ractor::SpawnErr> {
        let (actor, _) = Actor::spawn(None, Self { shared }, ()).await?;
        Ok(actor)
    }
}

#[async_trait]
impl Actor for Observer {
    type Msg = Seen;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Seen>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Seen>,
        Seen(event): Seen,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match event {
            NetworkEvent::PeerConnected(peer) => self.shared.note_peer(peer, Some(0)),
            NetworkEvent::PeerDisconnected(peer) => self.shared.note_peer(peer, None),
            NetworkEvent::Status(peer, status) => {
                self.shared.note_peer(peer, Some(status.tip_height.0));
            }
            NetworkEvent::Vote(_, vote) => self.shared.note_active(vote.height().0),
            NetworkEvent::Proposal(_, proposal) => self.shared.note_active(proposal.height().0),
            _ => {}
        }
        Ok(())
    }
}
