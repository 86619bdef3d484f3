//! Evidence of equivocation: kept on disk until the chain has it.

use std::sync::Arc;

use arc_malachitebft_app::consensus::MisbehaviorEvidence;
use tracing::{info, warn};
use xinglin_core::{CommitNotice, PoolError, TransactionSource};
use xinglin_primitives::{
    consensus::{Equivocation, Offence},
    receipt::extrinsic_hash,
};

use crate::{
    context::Context,
    shared::{Fatal, Shared},
};

/// The engine's evidence in the chain's terms.
fn collect(misbehavior: &MisbehaviorEvidence<Context>) -> Vec<Equivocation> {
    let votes = misbehavior.votes.iter().flat_map(|(address, pairs)| {
        pairs.iter().map(|(a, b)| Equivocation {
            key: address.0,
            offence: Offence::Votes(Box::new([
                (a.message.as_signed().clone(), a.signature),
                (b.message.as_signed().clone(), b.signature),
            ])),
        })
    });
    let proposals = misbehavior.proposals.iter().flat_map(|(address, pairs)| {
        pairs.iter().map(|(a, b)| Equivocation {
            key: address.0,
            offence: Offence::Proposals(Box::new([
                (a.message.as_signed().clone(), a.signature),
                (b.message.as_signed().clone(), b.signature),
            ])),
        })
    });
    votes
        .chain(proposals)
        // Two proposals for one block that differ in the valid round prove nothing to the chain.
        .filter(|evidence| match &evidence.offence {
            Offence::Votes(_) => true,
            Offence::Proposals(pair) => pair[0].0.block_hash != pair[1].0.block_hash,
        })
        .collect()
}

/// Stores new evidence and sends it to the chain.
pub async fn report(
    shared: &Arc<Shared>,
    misbehavior: &MisbehaviorEvidence<Context>,
) -> Result<(), Fatal> {
    let found = collect(misbehavior);
    if found.is_empty() {
        return Ok(());
    }
    for evidence in &found {
        warn!(
            validator = %evidence.key,
            height = evidence.height(),
            "a validator signed two conflicting messages"
        );
    }
    let store = shared.ports.evidence.clone();
    let kept = found.clone();
    shared.blocking(move || store.keep_evidence(&kept)).await?;
    submit(shared, &found).await;
    Ok(())
}

/// Sends again what a restart interrupted.
pub async fn report_kept(shared: &Arc<Shared>) -> Result<(), Fatal> {
    let store = shared.ports.evidence.clone();
    let kept = shared.blocking(move || store.evidence()).await?;
    submit(shared, &kept).await;
    Ok(())
}

async fn submit(shared: &Shared, evidence: &[Equivocation]) {
    for one in evidence {
        let report = shared.ports.heights.equivocation_report(one);
        let outcome = shared
            .ports
            .pool
            .submit(TransactionSource::Local, report)
            .await;
        match outcome {
            Ok(hash) => info!(?hash, "reported an equivocation"),
            Err(PoolError::AlreadyImported(_)) => {}
            Err(error) => warn!(%error, "could not report an equivocation now"),
        }
    }
}

/// Forgets evidence whose report is in the committed block.
pub async fn forget_reported(shared: &Arc<Shared>, notice: &CommitNotice) -> Result<(), Fatal> {
    let store = shared.ports.evidence.clone();
    let heights = shared.ports.heights.clone();
    // Evidence is rare: usually nothing is kept and this is one read of an empty range.
    let hashes = notice.extrinsic_hashes.clone();
    shared
        .blocking(move || {
            let kept = store.evidence()?;
            let reported: Vec<_> = kept
                .into_iter()
                .filter(|one| hashes.contains(&extrinsic_hash(&heights.equivocation_report(one))))
                .collect();
            if reported.is_empty() {
                return Ok(());
            }
            store.forget_evidence(&reported)
        })
        .await
}
