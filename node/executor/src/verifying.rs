//! Checking a block that somebody else made.
//!
//! Tendermint's `valid(v)`: a validator prevotes a block only after all this.

use std::{cell::Cell, sync::Arc, time::Instant};

use xinglin_core::{Block, ExecutionError, InvalidBlock, Tip, VerifyMode};
use xinglin_primitives::{time::Moment, BLOCK_BYTES_MAX};
use xinglin_runtime::native::{self, DecodedExtrinsic, HeaderError, SignedAt};

use crate::{
    backend::Reader,
    execution::{Context, Executed, Outcome},
    session::{self, Overlay, SessionError},
};

/// Why a block is not taken.
pub(crate) enum Refusal {
    /// It is invalid, and every honest node says so.
    Invalid(InvalidBlock),
    /// We cannot tell.
    Here(ExecutionError),
}

impl From<InvalidBlock> for Refusal {
    fn from(reason: InvalidBlock) -> Self {
        Self::Invalid(reason)
    }
}

impl From<ExecutionError> for Refusal {
    fn from(error: ExecutionError) -> Self {
        Self::Here(error)
    }
}

/// Checks a block and executes it on the tip.
pub(crate) fn verify(
    context: &Context,
    tip: &Tip,
    block: &Arc<Block>,
    mode: &VerifyMode,
) -> Result<Outcome, Refusal> {
    check_place(tip, block)?;
    check_author(block, mode)?;
    let extrinsics = decode(block)?;

    let backend = context.state.backend(tip, Reader::Block);
    let mut overlay = Overlay::default();
    let at = Cell::new(0);
    let executed = session::run(&backend, backend.faults(), &mut overlay, || {
        execute(context, block, extrinsics, mode, &at)
    })
    .map_err(|error| match error {
        SessionError::Fault(fault) => Refusal::Here(fault.into_store_error(tip.state_root).into()),
        SessionError::Panicked(text) => {
            tracing::error!(
                block = ?block.hash(),
                number = block.number(),
                index = at.get(),
                text,
                "the runtime panicked on a block"
            );
            Refusal::Invalid(InvalidBlock::Transaction {
                index: at.get(),
                reason: format!("the runtime panicked: {text}"),
            })
        }
    })??;
    Ok(Outcome::new(
        block.clone(),
        &executed,
        &mut overlay,
        &backend,
    )?)
}

/// Checks again what depends on who asks, of a block whose outcome is known.
pub(crate) fn check_known(outcome: &Outcome, mode: &VerifyMode) -> Result<(), InvalidBlock> {
    check_author(&outcome.block, mode)?;
    check_time(outcome.time, outcome.clock_drift_max_ms, mode)
}

fn check_place(tip: &Tip, block: &Block) -> Result<(), Refusal> {
    if block.number().checked_sub(1) != Some(tip.number) {
        return Err(Refusal::Here(ExecutionError::NotNext {
            number: block.number(),
            tip: tip.number,
        }));
    }
    if block.header.parent_hash != tip.hash {
        return Err(Refusal::Invalid(InvalidBlock::Parent {
            found: block.header.parent_hash,
            tip: tip.hash,
        }));
    }
    let bytes = block.encoded_len();
    if bytes > BLOCK_BYTES_MAX as usize {
        return Err(Refusal::Invalid(InvalidBlock::TooLarge { bytes }));
    }
    Ok(())
}

fn check_author(block: &Block, mode: &VerifyMode) -> Result<(), InvalidBlock> {
    let author = native::author_of(&block.header).map_err(|_| InvalidBlock::Author)?;
    match mode {
        VerifyMode::Live { proposer, .. } if author != *proposer => Err(InvalidBlock::Author),
        _ => Ok(()),
    }
}

fn check_time(time: Moment, limit_ms: u32, mode: &VerifyMode) -> Result<(), InvalidBlock> {
    let VerifyMode::Live { now_ms, .. } = mode else {
        return Ok(());
    };
    if time.abs_diff(*now_ms) <= u64::from(limit_ms) {
        return Ok(());
    }
    let off = i128::from(time) - i128::from(*now_ms);
    Err(InvalidBlock::Time {
        off_ms: i64::try_from(off).unwrap_or(i64::MAX),
        limit_ms,
    })
}

fn decode(block: &Block) -> Result<Vec<DecodedExtrinsic>, InvalidBlock> {
    block
        .body
        .iter()
        .enumerate()
        .map(|(index, bytes)| {
            DecodedExtrinsic::decode(bytes.clone()).map_err(|_| InvalidBlock::Undecodable { index })
        })
        .collect()
}

/// Inside externalities: executes the block while its signatures are verified on other threads.
/// `at` follows the transaction in the hands of the runtime.
fn execute(
    context: &Context,
    block: &Block,
    extrinsics: Vec<DecodedExtrinsic>,
    mode: &VerifyMode,
    at: &Cell<usize>,
) -> Result<Executed, Refusal> {
    let clock_drift_max_ms = native::parameters().clock_drift_max_ms;
    let time = native::check_inherents(&extrinsics)
        .map_err(|error| InvalidBlock::Inherents(error.to_string()))?;
    check_time(time, clock_drift_max_ms, mode)?;
    native::initialize_block(&block.header).map_err(|error| match error {
        HeaderError::Digest => Refusal::Invalid(InvalidBlock::Author),
        // The chain has other rules than this binary, or the tip is not what it was.
        HeaderError::SpecVersion { .. } | HeaderError::Number { .. } => {
            Refusal::Here(ExecutionError::Runtime(error.to_string()))
        }
    })?;

    let signatures = &context.signatures;
    let mut signed_at = signatures.recall(&extrinsics);
    let claims = signatures.claims(&extrinsics, &mut signed_at);
    // The result counts only if all signatures hold, so it may be computed as if they did.
    let (wrong, applied) =
        signatures.verify_during(&claims, || apply_all(&extrinsics, &signed_at, at));
    if let Some(&index) = wrong.first() {
        return Err(InvalidBlock::Signature { index }.into());
    }
    applied?;

    let started = Instant::now();
    let header =
        native::finalize_block().map_err(|error| InvalidBlock::Inherents(error.to_string()))?;
    let elapsed = started.elapsed().as_secs_f64();
    context.metrics.finalize_seconds.observe(elapsed);
    if header.extrinsics_root != block.header.extrinsics_root {
        return Err(InvalidBlock::ExtrinsicsRoot.into());
    }
    if header != block.header {
        return Err(InvalidBlock::StateRoot {
            header: block.header.state_root,
            executed: header.state_root,
        }
        .into());
    }
    Ok(Executed {
        header,
        extrinsics,
        time,
        clock_drift_max_ms,
    })
}

fn apply_all(
    extrinsics: &[DecodedExtrinsic],
    signed_at: &[Option<SignedAt>],
    at: &Cell<usize>,
) -> Result<(), InvalidBlock> {
    for (index, (extrinsic, signed_at)) in extrinsics.iter().zip(signed_at).enumerate() {
        at.set(index);
        // A call that fails is part of the block; a transaction that may not be in it is not.
        if let Err(error) = native::apply(extrinsic, *signed_at) {
            let reason = format!("{error:?}");
            return Err(if extrinsic.is_inherent() {
                InvalidBlock::Inherents(reason)
            } else {
                InvalidBlock::Transaction { index, reason }
            });
        }
    }
    Ok(())
}
