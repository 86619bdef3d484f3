//! Tests of the pool as a data structure.

mod invariants;
mod limits;
mod order;
mod random;

use std::sync::Arc;

use sp_runtime::transaction_validity::InvalidTransaction;
use xinglin_core::{PoolError, PooledTransaction, TransactionStatus};
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use super::{Candidate, Changes, CommittedBlock, Limits, Pool};

const STALE: PoolError = PoolError::Invalid(InvalidTransaction::Stale);

fn wide() -> Limits {
    Limits {
        transactions_max: 1_000,
        bytes_max: 1_000_000,
        account_transactions_max: 1_000,
        account_bytes_max: 1_000_000,
        future_max: 1_000,
        future_age_max_ms: 1_000_000,
    }
}

fn account(id: u8) -> AccountId {
    AccountId::new([id; 32])
}

fn hash(number: u64) -> Hash {
    Hash::from_low_u64_be(number)
}

/// A candidate of account and nonce whose hash is `number`, current, of priority 0 and 10 bytes.
fn candidate(number: u64, id: u8, nonce: Nonce) -> Candidate {
    Candidate {
        transaction: Arc::new(PooledTransaction {
            hash: hash(number),
            bytes: vec![0; 10].into(),
            sender: Some((account(id), nonce)),
            priority: 0,
            valid_until: BlockNumber::MAX,
        }),
        current: true,
        tags: Vec::new(),
        propagate: true,
        local: false,
        validated_at: 0,
    }
}

/// Changes of a candidate, for tests to chain.
impl Candidate {
    fn later(mut self) -> Self {
        self.current = false;
        self
    }

    fn local(mut self) -> Self {
        self.local = true;
        self
    }

    fn at(mut self, height: BlockNumber) -> Self {
        self.validated_at = height;
        self
    }

    fn with(mut self, change: impl FnOnce(&mut PooledTransaction)) -> Self {
        change(Arc::make_mut(&mut self.transaction));
        self
    }

    fn priority(self, priority: u64) -> Self {
        self.with(|transaction| transaction.priority = priority)
    }

    fn bytes(self, bytes: usize) -> Self {
        self.with(|transaction| transaction.bytes = vec![0; bytes].into())
    }

    fn until(self, height: BlockNumber) -> Self {
        self.with(|transaction| transaction.valid_until = height)
    }
}

fn insert(pool: &mut Pool, candidate: Candidate) -> Result<Changes, PoolError> {
    let mut changes = Changes::default();
    let outcome = pool.insert(candidate, &mut changes);
    pool.assert_consistent();
    outcome.map(|()| changes)
}

fn commit(
    pool: &mut Pool,
    number: BlockNumber,
    extrinsics: &[u64],
    next_nonces: &[(u8, Nonce)],
) -> Changes {
    let extrinsics: Vec<Hash> = extrinsics.iter().map(|number| hash(*number)).collect();
    let next_nonces: Vec<(AccountId, Nonce)> = next_nonces
        .iter()
        .map(|(id, nonce)| (account(*id), *nonce))
        .collect();
    let mut changes = Changes::default();
    pool.commit(
        CommittedBlock {
            number,
            hash: block_hash(number),
            extrinsics: &extrinsics,
            next_nonces: &next_nonces,
        },
        &mut changes,
    );
    pool.assert_consistent();
    changes
}

fn block_hash(number: BlockNumber) -> Hash {
    Hash::repeat_byte(0xb0 ^ number as u8)
}

fn finalized(number: BlockNumber, index: u32) -> TransactionStatus {
    TransactionStatus::Finalized {
        block: block_hash(number),
        index,
    }
}

/// Numbers of the ready transactions in order.
fn ready(pool: &Pool) -> Vec<u64> {
    numbers(&pool.ready(usize::MAX, usize::MAX))
}

fn numbers(transactions: &[Arc<PooledTransaction>]) -> Vec<u64> {
    transactions
        .iter()
        .map(|transaction| transaction.hash.to_low_u64_be())
        .collect()
}
