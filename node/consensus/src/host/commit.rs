//! A height is decided: make it durable, then decide when to begin the next.

use std::sync::Arc;

use arc_malachitebft_app::{
    consensus::MisbehaviorEvidence,
    engine::host::Next,
    types::core::{CommitCertificate, Round, Validator as _, ValidatorSet as _},
};
use ractor::RpcReplyPort;
use tokio::time::Instant;
use tracing::{debug, error, info};

use super::reply;
use crate::{
    codec::convert::certificate_to_chain,
    context::{Context, Height},
    evidence,
    pacing::Signs,
    shared::{Fatal, Shared},
};

/// Commits the decided block in one synced batch and acknowledges only then.
pub async fn decided(
    shared: Arc<Shared>,
    certificate: CommitCertificate<Context>,
    port: RpcReplyPort<()>,
) -> Result<(), Fatal> {
    let height = certificate.height.0;
    if height > shared.committed() {
        if !shared.wait_committed(height - 1).await {
            return Ok(());
        }
        let Some(block) = shared.proposals.lock().block(&certificate.value_id) else {
            error!(height, hash = %certificate.value_id, "the decided block is not stored here");
            return Err(Fatal::MissingBlock {
                height,
                hash: certificate.value_id.0,
            });
        };
        let chain_certificate = certificate_to_chain(&certificate);
        let notice = shared
            .ports
            .executor
            .commit(block, chain_certificate)
            .await?;
        info!(
            height,
            round = %certificate.round,
            hash = ?notice.hash,
            transactions = notice.extrinsic_hashes.len(),
            "committed"
        );
        shared.capacity.lock().height_committed(
            height,
            notice.extrinsic_hashes.len(),
            Instant::now(),
        );
        shared.load_height().await?;
        shared.proposals.lock().forget_through(height);
        let signs = Signs {
            transactions: !notice.next_nonces.is_empty(),
            failed_rounds: certificate.round > Round::ZERO,
        };
        shared.note_committed(height, signs);
        evidence::forget_reported(&shared, &notice).await?;
    }
    reply(port, ());
    Ok(())
}

/// The height is closed and its late precommits are in. The reply starts the next height, so
/// holding it back is what paces the chain; it holds up nothing else.
pub async fn finalized(
    shared: Arc<Shared>,
    certificate: CommitCertificate<Context>,
    misbehavior: MisbehaviorEvidence<Context>,
    port: RpcReplyPort<Next<Context>>,
) -> Result<(), Fatal> {
    let height = certificate.height;
    note_missing(&shared, &certificate);
    if !shared.wait_committed(height.0).await {
        return Ok(());
    }
    evidence::report(&shared, &misbehavior).await?;
    shared.pace(height.0).await;
    let current = shared.current();
    debug!(height = current.config.height, "starting the next height");
    reply(
        port,
        Next::Start(Height(current.config.height), current.params()),
    );
    Ok(())
}

/// Remembers whose precommit did not come, for operators.
fn note_missing(shared: &Shared, certificate: &CommitCertificate<Context>) {
    let set = shared.set_of(certificate.height.0);
    let Some(set) = set else { return };
    let missing = set
        .iter()
        .map(|validator| validator.address())
        .filter(|address| {
            !certificate
                .commit_signatures
                .iter()
                .any(|by| by.address == **address)
        })
        .map(|address| address.0)
        .collect();
    shared.note_missing(missing);
}
