//! Making a block out of the ready transactions.

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use sp_runtime::{
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use xinglin_core::{
    Block, BuildRequest, ExecutionError, Extrinsic, PooledTransaction, ReadySource, Tip,
};
use xinglin_primitives::{Hash, Header, BLOCK_BYTES_MAX};
use xinglin_runtime::native::{self, DecodedExtrinsic, SignedAt};

use crate::{
    backend::Reader,
    config::{BLOCK_TRANSACTIONS_MAX, BUILD_ATTEMPTS_MAX, BUILD_CHUNK, BUILD_SKIPS_MAX},
    execution::{Context, Executed, Outcome},
    session::{self, Overlay, SessionError},
};

/// Room for the header and the number of transactions. A header has about 150 bytes; the runtime
/// may add digests.
const HEADER_ROOM_BYTES: usize = 4 * 1024;

/// Builds a block on the tip. Transactions that can never be in a block are taken out of `ready`.
pub(crate) fn build(
    context: &Context,
    ready: Option<&dyn ReadySource>,
    tip: &Tip,
    request: &BuildRequest,
) -> Result<Outcome, ExecutionError> {
    if request.height.checked_sub(1) != Some(tip.number) {
        return Err(ExecutionError::NotNext {
            number: request.height,
            tip: tip.number,
        });
    }
    let mut candidates = ready.map_or_else(Vec::new, |ready| {
        let count = request.transactions_max.min(BLOCK_TRANSACTIONS_MAX);
        ready.ready(count, BLOCK_BYTES_MAX as usize)
    });
    for _ in 1..BUILD_ATTEMPTS_MAX {
        match attempt(context, tip, request, &candidates) {
            Ok((outcome, invalid)) => {
                drop_invalid(context, ready, &invalid);
                return Ok(outcome);
            }
            Err(Failure::Error(error)) => return Err(error),
            Err(Failure::Panicked { suspect, text }) => {
                tracing::error!(?suspect, text, "the runtime panicked while building");
                let Some(suspect) = suspect else {
                    return Err(ExecutionError::Runtime(text));
                };
                drop_invalid(context, ready, &[suspect]);
                candidates.retain(|candidate| candidate.hash != suspect);
            }
        }
    }
    // Something is badly wrong, but an empty block keeps the chain going.
    match attempt(context, tip, request, &[]) {
        Ok((outcome, _)) => Ok(outcome),
        Err(Failure::Error(error)) => Err(error),
        Err(Failure::Panicked { text, .. }) => Err(ExecutionError::Runtime(text)),
    }
}

fn drop_invalid(context: &Context, ready: Option<&dyn ReadySource>, invalid: &[Hash]) {
    if let (Some(ready), false) = (ready, invalid.is_empty()) {
        context.metrics.dropped.inc_by(invalid.len() as u64);
        ready.remove_invalid(invalid);
    }
}

enum Failure {
    /// No block can be built now.
    Error(ExecutionError),
    /// The runtime panicked, if `suspect` is known on that transaction.
    Panicked { suspect: Option<Hash>, text: String },
}

fn attempt(
    context: &Context,
    tip: &Tip,
    request: &BuildRequest,
    candidates: &[Arc<PooledTransaction>],
) -> Result<(Outcome, Vec<Hash>), Failure> {
    let backend = context.state.backend(tip, Reader::Block);
    let mut overlay = Overlay::default();
    let suspect = Cell::new(None);
    let assembled = session::run(&backend, backend.faults(), &mut overlay, || {
        let mut assembly = Assembly::start(context, tip, request, &suspect)?;
        assembly.add_all(candidates);
        assembly.finish()
    });
    let (executed, invalid) = assembled
        .map_err(|error| match error {
            SessionError::Fault(fault) => {
                Failure::Error(fault.into_store_error(tip.state_root).into())
            }
            SessionError::Panicked(text) => Failure::Panicked {
                suspect: suspect.get(),
                text,
            },
        })?
        .map_err(Failure::Error)?;
    let block = Arc::new(Block {
        header: executed.header.clone(),
        body: body_of(&executed.extrinsics),
    });
    if block.encoded_len() > BLOCK_BYTES_MAX as usize {
        let message = format!("the block built has {} bytes", block.encoded_len());
        return Err(Failure::Error(ExecutionError::Runtime(message)));
    }
    let outcome = Outcome::new(block, &executed, &mut overlay, &backend).map_err(Failure::Error)?;
    Ok((outcome, invalid))
}

fn body_of(extrinsics: &[DecodedExtrinsic]) -> Vec<Extrinsic> {
    extrinsics.iter().map(|it| it.bytes().clone()).collect()
}

/// A block in the making, inside externalities.
struct Assembly<'a> {
    context: &'a Context,
    /// The transaction in the hands of the runtime.
    suspect: &'a Cell<Option<Hash>>,
    clock_drift_max_ms: u32,
    time: u64,
    body: Vec<DecodedExtrinsic>,
    room_bytes: usize,
    skips: usize,
    invalid: Vec<Hash>,
    started: Instant,
    deadline: Instant,
}

impl<'a> Assembly<'a> {
    fn start(
        context: &'a Context,
        tip: &Tip,
        request: &BuildRequest,
        suspect: &'a Cell<Option<Hash>>,
    ) -> Result<Self, ExecutionError> {
        let refused = |error: String| ExecutionError::Runtime(error);
        let clock_drift_max_ms = native::parameters().clock_drift_max_ms;
        let header = Header::new(
            request.height,
            Hash::zero(),
            Hash::zero(),
            tip.hash,
            native::digest_of(&request.author),
        );
        native::initialize_block(&header).map_err(|error| refused(error.to_string()))?;
        let time = request.now_ms.max(native::time_after_parent());
        let inherent = DecodedExtrinsic::encode(native::timestamp_inherent(time))
            .map_err(|error| refused(error.to_string()))?;
        match native::apply(&inherent, None) {
            Ok(Ok(())) => {}
            refusal => return Err(refused(format!("block time {time}: {refusal:?}"))),
        }
        Ok(Self {
            context,
            suspect,
            clock_drift_max_ms,
            time,
            room_bytes: BLOCK_BYTES_MAX as usize - HEADER_ROOM_BYTES - inherent.bytes().len(),
            body: vec![inherent],
            skips: 0,
            invalid: Vec::new(),
            started: Instant::now(),
            deadline: request.deadline,
        })
    }

    fn add_all(&mut self, candidates: &[Arc<PooledTransaction>]) {
        for chunk in candidates.chunks(BUILD_CHUNK) {
            if !self.add_chunk(chunk) {
                break;
            }
        }
    }

    /// Adds what it can; false once the block is closed.
    fn add_chunk(&mut self, chunk: &[Arc<PooledTransaction>]) -> bool {
        if self.is_late() {
            return false;
        }
        let mut extrinsics = Vec::with_capacity(chunk.len());
        for candidate in chunk {
            match DecodedExtrinsic::decode(candidate.bytes.clone()) {
                Ok(extrinsic) => extrinsics.push(extrinsic),
                Err(_) => self.invalid.push(candidate.hash),
            }
        }
        let signatures = &self.context.signatures;
        let mut signed_at = signatures.recall(&extrinsics);
        let claims = signatures.claims(&extrinsics, &mut signed_at);
        for wrong in signatures.verify(&claims) {
            // Without this the runtime verifies it once more, and refuses it.
            signed_at[wrong] = None;
        }
        extrinsics
            .into_iter()
            .zip(signed_at)
            .all(|(extrinsic, signed_at)| self.add(extrinsic, signed_at))
    }

    /// Adds a transaction if it can be in the block; false once the block is closed.
    fn add(&mut self, extrinsic: DecodedExtrinsic, signed_at: Option<SignedAt>) -> bool {
        if self.is_late() {
            return false;
        }
        let bytes = extrinsic.bytes().len();
        if bytes > self.room_bytes {
            return self.skip();
        }
        let hash = extrinsic.hash();
        self.suspect.set(Some(hash));
        let result = native::apply(&extrinsic, signed_at);
        self.suspect.set(None);
        match result {
            // A call that failed is in the block too: its sender has used the nonce.
            Ok(_) => {
                self.room_bytes -= bytes;
                self.body.push(extrinsic);
                true
            }
            Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => {
                self.skip()
            }
            // An earlier one of the same sender was passed over.
            Err(TransactionValidityError::Invalid(InvalidTransaction::Future)) => true,
            Err(error) => {
                tracing::debug!(?hash, ?error, "dropped while building");
                self.invalid.push(hash);
                true
            }
        }
    }

    fn skip(&mut self) -> bool {
        self.skips += 1;
        self.skips < BUILD_SKIPS_MAX
    }

    /// Whether it is time to end the block. The end, mostly the state root, takes about as long as the
    /// transactions took.
    fn is_late(&self) -> bool {
        let now = Instant::now();
        now + now.duration_since(self.started) >= self.deadline
    }

    fn finish(self) -> Result<(Executed, Vec<Hash>), ExecutionError> {
        let started = Instant::now();
        let header =
            native::finalize_block().map_err(|error| ExecutionError::Runtime(error.to_string()))?;
        let metrics = &self.context.metrics;
        metrics.finalize_seconds.observe(seconds(started.elapsed()));
        let executed = Executed {
            header,
            extrinsics: self.body,
            time: self.time,
            clock_drift_max_ms: self.clock_drift_max_ms,
        };
        Ok((executed, self.invalid))
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
