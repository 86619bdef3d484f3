//! The start of heights and rounds.

use std::sync::Arc;

use arc_malachitebft_app::{
    consensus::ProposedValue,
    types::core::{HeightParams, Round},
};
use ractor::RpcReplyPort;
use tracing::debug;

use super::reply;
use crate::{
    context::{round_number, Context, Height},
    shared::{Fatal, Shared},
};

/// The engine is up: it begins with the height after the last committed one.
pub async fn first_height(
    shared: Arc<Shared>,
    port: RpcReplyPort<(Height, HeightParams<Context>)>,
) -> Result<(), Fatal> {
    let current = shared.load_height().await?;
    shared.load_undecided().await?;
    reply(port, (Height(current.config.height), current.params()));
    Ok(())
}

/// A round has started. The consensus actor waits for the answer, so it comes from memory: the
/// values already seen in this round, which matter after a restart.
pub fn started(
    shared: &Shared,
    height: Height,
    round: Round,
    port: RpcReplyPort<Vec<ProposedValue<Context>>>,
) {
    debug!(%height, %round, "round started");
    shared.note_round(height, round);
    let values = shared.proposals.lock().seen(height.0, round_number(round));
    reply(port, values);
}
