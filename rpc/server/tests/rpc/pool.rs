//! A pool that does what the transaction says.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use parking_lot::Mutex;
use sp_runtime::transaction_validity::{InvalidTransaction, UnknownTransaction};
use tokio::sync::{mpsc, watch};
use xinglin_core::{
    Extrinsic, PoolError, PoolStatus, StatusStream, TransactionPool, TransactionSource,
    TransactionStatus,
};
use xinglin_primitives::{receipt::extrinsic_hash, AccountId, Hash, Nonce};

/// Transactions that are refused, by their text.
pub fn refusal(transaction: &[u8]) -> Option<PoolError> {
    let hash = extrinsic_hash(transaction);
    Some(match transaction {
        b"too large" => PoolError::TooLarge { bytes: 2, limit: 1 },
        b"undecodable" => PoolError::Undecodable,
        b"stale" => PoolError::Invalid(InvalidTransaction::Stale),
        b"unregistered" => PoolError::Invalid(InvalidTransaction::BadSigner),
        b"rule" => PoolError::Invalid(InvalidTransaction::Custom(7)),
        b"unknown" => PoolError::Unknown(UnknownTransaction::CannotLookup),
        b"banned" => PoolError::TemporarilyBanned(hash),
        b"imported" => PoolError::AlreadyImported(hash),
        b"low" => PoolError::PriorityTooLow,
        b"full" => PoolError::Full("count"),
        b"stopped" => PoolError::Stopped,
        b"disk" => PoolError::Store("secret cause".to_owned()),
        _ => return None,
    })
}

/// The pool.
pub struct FakePool {
    taken: Mutex<Vec<Extrinsic>>,
    watchers: Mutex<HashMap<Hash, mpsc::Sender<TransactionStatus>>>,
    /// Times that a transaction was offered.
    offered: watch::Sender<usize>,
    /// How often the transaction `later` is refused because the pool is full.
    pub full_for: AtomicUsize,
    /// What `next_nonce` says.
    pub next_nonce: Mutex<Option<Nonce>>,
}

impl Default for FakePool {
    fn default() -> Self {
        Self {
            taken: Mutex::default(),
            watchers: Mutex::default(),
            offered: watch::Sender::new(0),
            full_for: AtomicUsize::new(0),
            next_nonce: Mutex::new(None),
        }
    }
}

impl FakePool {
    /// Tells the watchers of a transaction.
    pub async fn tell(&self, hash: Hash, status: TransactionStatus) {
        let watcher = self.watchers.lock().get(&hash).cloned();
        watcher.unwrap().send(status).await.unwrap();
    }

    /// How often something was offered, to wait on.
    pub fn offered(&self) -> watch::Receiver<usize> {
        self.offered.subscribe()
    }

    /// How many watches are alive.
    pub fn watched(&self) -> usize {
        let mut watchers = self.watchers.lock();
        watchers.retain(|_, watcher| !watcher.is_closed());
        watchers.len()
    }

    fn take(&self, transaction: Extrinsic) -> Result<Hash, PoolError> {
        self.offered.send_modify(|count| *count += 1);
        if let Some(error) = refusal(&transaction) {
            return Err(error);
        }
        if &transaction[..] == b"later" {
            let left = self.full_for.load(Ordering::SeqCst);
            if left > 0 {
                self.full_for.store(left - 1, Ordering::SeqCst);
                return Err(PoolError::Full("count"));
            }
        }
        let hash = extrinsic_hash(&transaction);
        self.taken.lock().push(transaction);
        Ok(hash)
    }
}

#[async_trait]
impl TransactionPool for FakePool {
    async fn submit(
        &self,
        source: TransactionSource,
        transaction: Extrinsic,
    ) -> Result<Hash, PoolError> {
        assert_eq!(source, TransactionSource::Local);
        self.take(transaction)
    }

    async fn submit_many(
        &self,
        _: TransactionSource,
        transactions: Vec<Extrinsic>,
    ) -> Vec<Result<Hash, PoolError>> {
        transactions
            .into_iter()
            .map(|bytes| self.take(bytes))
            .collect()
    }

    async fn submit_and_watch(
        &self,
        transaction: Extrinsic,
    ) -> Result<(Hash, StatusStream), PoolError> {
        let hash = self.take(transaction)?;
        let (sender, statuses) = mpsc::channel(8);
        self.watchers.lock().insert(hash, sender);
        Ok((hash, statuses))
    }

    fn pending(&self, limit: usize) -> Vec<Extrinsic> {
        self.taken.lock().iter().take(limit).cloned().collect()
    }

    fn next_nonce(&self, _: &AccountId) -> Option<Nonce> {
        *self.next_nonce.lock()
    }

    fn status(&self) -> PoolStatus {
        PoolStatus {
            ready: self.taken.lock().len(),
            future: 0,
            bytes: 0,
        }
    }
}
