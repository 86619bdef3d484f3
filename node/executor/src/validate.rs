//! Whether transactions could be in a block after the tip.

use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionSource as RuntimeSource, TransactionValidityError,
    UnknownTransaction,
};
use xinglin_core::{
    Extrinsic, TransactionSource, TransactionValidator, Validated, ValidatedTransaction,
};
use xinglin_runtime::native::{self, DecodeError, DecodedExtrinsic, SignedAt};

use crate::{
    backend::Reader,
    config::VALIDATION_SESSION,
    execution::Context,
    session::{self, Overlay, SessionError},
    Executor,
};

/// What is said of a transaction when the state cannot be read. It may be asked again.
const CANNOT_LOOKUP: TransactionValidityError =
    TransactionValidityError::Unknown(UnknownTransaction::CannotLookup);

impl TransactionValidator for Executor {
    fn validate(&self, source: TransactionSource, transactions: &[Extrinsic]) -> Vec<Validated> {
        let source = match source {
            TransactionSource::Local => RuntimeSource::Local,
            TransactionSource::Gossip => RuntimeSource::External,
        };
        transactions
            .chunks(VALIDATION_SESSION)
            .flat_map(|chunk| validate_chunk(&self.context, source, chunk))
            .collect()
    }
}

fn validate_chunk(
    context: &Context,
    source: RuntimeSource,
    transactions: &[Extrinsic],
) -> Vec<Validated> {
    let mut extrinsics = Vec::with_capacity(transactions.len());
    let refused: Vec<Option<DecodeError>> = transactions
        .iter()
        .map(|bytes| match DecodedExtrinsic::decode(bytes.clone()) {
            Ok(extrinsic) => {
                extrinsics.push(extrinsic);
                None
            }
            Err(error) => Some(error),
        })
        .collect();
    let mut outcomes = match verify_signatures(context, &extrinsics) {
        Ok(signed_at) => ask_runtime(context, source, &extrinsics, &signed_at),
        Err(error) => {
            report(&error);
            Vec::new()
        }
    }
    .into_iter();
    refused
        .into_iter()
        .map(|refused| match refused {
            Some(error) => Err(error.into()),
            None => outcomes.next().unwrap_or(Err(CANNOT_LOOKUP)),
        })
        .collect()
}

/// Verifies all signatures that are not remembered. What comes back for a wrong one makes the
/// runtime refuse it.
fn verify_signatures(
    context: &Context,
    extrinsics: &[DecodedExtrinsic],
) -> Result<Vec<Option<SignedAt>>, SessionError> {
    let mut signed_at = context.signatures.recall(extrinsics);
    if signed_at.iter().all(Option::is_some) {
        return Ok(signed_at);
    }
    let claims = at_tip(context, || {
        context.signatures.claims(extrinsics, &mut signed_at)
    })?;
    // The tip is not held meanwhile: a commit need not wait.
    for wrong in context.signatures.verify(&claims) {
        signed_at[wrong] = None;
    }
    Ok(signed_at)
}

/// The runtime's word on each transaction, up to the first for which the state could not be read.
fn ask_runtime(
    context: &Context,
    source: RuntimeSource,
    extrinsics: &[DecodedExtrinsic],
    signed_at: &[Option<SignedAt>],
) -> Vec<Validated> {
    let mut outcomes = Vec::with_capacity(extrinsics.len());
    // Once, and once more after each transaction on which the runtime panics.
    while outcomes.len() < extrinsics.len() {
        let rest = extrinsics.iter().zip(signed_at).skip(outcomes.len());
        let result = at_tip(context, || {
            for (extrinsic, signed_at) in rest {
                outcomes.push(validate_one(extrinsic, source, *signed_at));
            }
        });
        if let Err(error) = result {
            report(&error);
            match error {
                SessionError::Panicked(_) => outcomes.push(Err(InvalidTransaction::Call.into())),
                SessionError::Fault(_) => break,
            }
        }
    }
    outcomes
}

fn validate_one(
    extrinsic: &DecodedExtrinsic,
    source: RuntimeSource,
    signed_at: Option<SignedAt>,
) -> Validated {
    let validity = session::rolled_back(|| native::validate(extrinsic, source, signed_at))?;
    Ok(ValidatedTransaction {
        hash: extrinsic.hash(),
        sender: extrinsic
            .sender()
            .map(|(sender, nonce)| (sender.clone(), nonce)),
        validity,
    })
}

/// Runs `scope` in the state of the tip, prepared for validation.
fn at_tip<R>(context: &Context, scope: impl FnOnce() -> R) -> Result<R, SessionError> {
    let tip = context.state.hold();
    let backend = context.state.backend(&tip, Reader::Visitor);
    session::run(&backend, backend.faults(), &mut Overlay::default(), || {
        native::begin_validation(&tip.hash);
        scope()
    })
}

fn report(error: &SessionError) {
    match error {
        SessionError::Fault(fault) => {
            tracing::error!(?fault, "transactions cannot be validated");
        }
        SessionError::Panicked(text) => {
            tracing::error!(text, "the runtime panicked on a transaction");
        }
    }
}
