//! The host actor: what the engine asks of the application.
//!
//! The stock connector of the engine waits for each reply before it takes the next message, so that
//! executing one block would hold up the start of a round. This actor never waits: it answers from
//! memory or spawns a task that answers later. One file per family of messages.

mod commit;
mod propose;
mod receive;
mod rounds;
mod sync;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_malachitebft_app::engine::host::HostMsg;
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::warn;

use crate::{context::Context, shared::Shared, stream::Assembler};

/// The actor. All it knows is in [`Shared`], except for the streams being assembled.
pub struct Host {
    shared: Arc<Shared>,
}

impl Host {
    /// Spawns the actor.
    pub async fn spawn(
        shared: Arc<Shared>,
    ) -> Result<ActorRef<HostMsg<Context>>, ractor::SpawnErr> {
        let (actor, _) = Actor::spawn(None, Self { shared }, ()).await?;
        Ok(actor)
    }

    fn handle_message(&self, streams: &mut Assembler, message: HostMsg<Context>) {
        let shared = self.shared.clone();
        match message {
            HostMsg::ConsensusReady { reply_to } => {
                shared.clone().spawn(rounds::first_height(shared, reply_to));
            }
            HostMsg::StartedRound {
                height,
                round,
                reply_to,
                ..
            } => rounds::started(&shared, height, round, reply_to),
            HostMsg::GetValue {
                height,
                round,
                timeout,
                reply_to,
            } => {
                let request = propose::Request {
                    height,
                    round,
                    timeout,
                };
                shared
                    .clone()
                    .spawn(propose::value(shared, request, reply_to));
            }
            HostMsg::RestreamValue {
                height,
                round,
                valid_round,
                value_id,
                ..
            } => {
                let request = propose::Restream {
                    height,
                    round,
                    valid_round,
                    id: value_id,
                };
                shared.clone().spawn(propose::restream(shared, request));
            }
            HostMsg::ReceivedProposalPart {
                from,
                published_by,
                part,
                reply_to,
            } => {
                streams.forget_through(shared.committed());
                if let Some(block) = streams.take(published_by.unwrap_or(from), part) {
                    shared
                        .clone()
                        .spawn(receive::proposal(shared, block, reply_to));
                }
            }
            HostMsg::Decided {
                certificate,
                reply_to,
                ..
            } => {
                shared
                    .clone()
                    .spawn(commit::decided(shared, certificate, reply_to));
            }
            HostMsg::Finalized {
                certificate,
                evidence,
                reply_to,
                ..
            } => {
                shared
                    .clone()
                    .spawn(commit::finalized(shared, certificate, evidence, reply_to));
            }
            HostMsg::GetHistoryMinHeight { reply_to } => sync::oldest_height(reply_to),
            HostMsg::GetDecidedValues { range, reply_to } => {
                shared
                    .clone()
                    .spawn(sync::decided_blocks(shared, range, reply_to));
            }
            HostMsg::ProcessSyncedValue {
                height,
                round,
                proposer,
                value_bytes,
                reply_to,
            } => {
                let value = sync::Synced {
                    height,
                    round,
                    proposer,
                    block: value_bytes,
                };
                shared
                    .clone()
                    .spawn(sync::received(shared, value, reply_to));
            }
            // Vote extensions are disabled by the height parameters: the engine asks for none.
            HostMsg::ExtendVote { reply_to, .. } => reply(reply_to, None),
            HostMsg::VerifyVoteExtensions {
                extensions,
                reply_to,
                ..
            } => {
                use arc_malachitebft_app::consensus::VoteExtensionError::InvalidVoteExtension;
                let verdicts = extensions
                    .into_iter()
                    .map(|(address, ())| (address, Err(InvalidVoteExtension)))
                    .collect();
                reply(reply_to, verdicts);
            }
        }
    }
}

#[async_trait]
impl Actor for Host {
    type Msg = HostMsg<Context>;
    type State = Assembler;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<Self::Msg>,
        (): (),
    ) -> Result<Assembler, ActorProcessingErr> {
        Ok(Assembler::default())
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        message: Self::Msg,
        streams: &mut Assembler,
    ) -> Result<(), ActorProcessingErr> {
        self.handle_message(streams, message);
        Ok(())
    }

    /// The engine stops its actors when one of them fails, and after a failure in which going on
    /// could make this validator sign twice; then it stays as it is, on purpose. The node must not.
    async fn post_stop(
        &self,
        _: ActorRef<Self::Msg>,
        _: &mut Assembler,
    ) -> Result<(), ActorProcessingErr> {
        if !self.shared.cancel.is_cancelled() {
            self.shared.engine_stopped.cancel();
        }
        Ok(())
    }
}

/// Replies to the engine. It may have moved on, which is no error of ours.
fn reply<T: Send + 'static>(port: ractor::RpcReplyPort<T>, value: T) {
    if port.send(value).is_err() {
        warn!("the engine no longer waits for this reply");
    }
}
