//! Validating again what is in the pool, when the rules have changed or notices were missed.

use std::{collections::VecDeque, sync::Arc};

use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use xinglin_core::{
    store::TxLocation, ChainStore, Extrinsic, PooledTransaction, StoreError, TransactionSource,
    Validated,
};
use xinglin_primitives::{BlockNumber, Hash};

use super::{validate, Done, Engine};
use crate::{
    config::BATCH_TRANSACTIONS_MAX,
    state::{Changes, Inclusion},
};

/// Transactions that wait to be checked again: at most those of the pool.
#[derive(Default)]
pub(super) struct RecheckQueue {
    waiting: VecDeque<(TransactionSource, Arc<PooledTransaction>)>,
    busy: bool,
}

impl RecheckQueue {
    /// Up to a batch of transactions of one source.
    fn take_batch(&mut self) -> Option<(TransactionSource, Vec<Arc<PooledTransaction>>)> {
        let source = self.waiting.front()?.0;
        let count = self
            .waiting
            .iter()
            .take(BATCH_TRANSACTIONS_MAX)
            .take_while(|(other, _)| *other == source)
            .count();
        let batch = self.waiting.drain(..count);
        Some((source, batch.map(|(_, transaction)| transaction).collect()))
    }
}

/// What became of a transaction.
enum Finding {
    /// It is in a committed block.
    Included(Inclusion),
    /// Its nonce is the account's next.
    Current,
    /// It is valid, or there is no telling.
    Stays,
    /// It is invalid.
    Invalid,
}

pub(super) struct Rechecked {
    validated_at: BlockNumber,
    findings: Vec<(Hash, Finding)>,
}

impl Engine {
    /// Has every transaction of the pool checked again, batch by batch.
    pub(super) fn recheck_all(&mut self) {
        let mut all = self.shared.pool.read().all();
        all.sort_by_key(|(local, _)| !local);
        self.recheck_queue.waiting = all
            .into_iter()
            .map(|(local, transaction)| match local {
                true => (TransactionSource::Local, transaction),
                false => (TransactionSource::Gossip, transaction),
            })
            .collect();
    }

    pub(super) fn start_recheck(&mut self) {
        if self.recheck_queue.busy {
            return;
        }
        let Some((source, batch)) = self.recheck_queue.take_batch() else {
            return;
        };
        self.recheck_queue.busy = true;
        let validated_at = self.height;
        let validator = self.validator.clone();
        let chain = self.chain.clone();
        self.work.spawn_blocking(move || {
            let transactions: Vec<Extrinsic> = batch
                .iter()
                .map(|transaction| transaction.bytes.clone())
                .collect();
            let outcomes = validate(&*validator, source, &transactions);
            let findings = batch
                .iter()
                .zip(outcomes)
                .map(|(transaction, outcome)| {
                    (transaction.hash, find(&*chain, transaction, outcome))
                })
                .collect();
            Done::Rechecked(Rechecked {
                validated_at,
                findings,
            })
        });
    }

    pub(super) fn on_rechecked(&mut self, rechecked: Rechecked) {
        self.recheck_queue.busy = false;
        let validated_at = rechecked.validated_at;
        let mut changes = Changes::default();
        self.update(|pool| {
            for (hash, finding) in rechecked.findings {
                match finding {
                    Finding::Included(at) => pool.included(&hash, at, &mut changes),
                    Finding::Current => pool.current(&hash, validated_at, &mut changes),
                    Finding::Invalid => pool.invalidate(&[hash], validated_at, &mut changes),
                    Finding::Stays => {}
                }
            }
        });
        self.publish(changes);
    }
}

/// What the validator's word means. A transaction that is invalid now may be so because it has been
/// included: the chain is asked after the validator, so that no block can come in between.
fn find(chain: &dyn ChainStore, transaction: &PooledTransaction, outcome: Validated) -> Finding {
    let invalid = match outcome {
        Ok(validated) => {
            let current = validated.sender.is_some() && validated.validity.requires.is_empty();
            return if current {
                Finding::Current
            } else {
                Finding::Stays
            };
        }
        Err(TransactionValidityError::Unknown(_)) => return Finding::Stays,
        Err(TransactionValidityError::Invalid(invalid)) => invalid,
    };
    match locate(chain, &transaction.hash) {
        Ok(Some(at)) => Finding::Included(at),
        Ok(None) => match invalid {
            InvalidTransaction::Future | InvalidTransaction::ExhaustsResources => Finding::Stays,
            _ => Finding::Invalid,
        },
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether a transaction is in a block");
            Finding::Stays
        }
    }
}

fn locate(chain: &dyn ChainStore, hash: &Hash) -> Result<Option<Inclusion>, StoreError> {
    let Some(TxLocation { number, index }) = chain.locate(hash)? else {
        return Ok(None);
    };
    let block = chain.hash_at(number)?;
    Ok(block.map(|block| Inclusion {
        number,
        block,
        index,
    }))
}
