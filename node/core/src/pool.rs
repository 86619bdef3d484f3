//! What the other services need of the mempool.

use std::sync::Arc;

use async_trait::async_trait;
use sp_runtime::transaction_validity::{InvalidTransaction, UnknownTransaction};
use tokio::sync::{mpsc, watch};
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use crate::block::Extrinsic;

/// Where a transaction comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionSource {
    /// This node or a client of it: kept over a restart.
    Local,
    /// Another node.
    Gossip,
}

/// A transaction in the pool.
#[derive(Clone, Debug)]
pub struct PooledTransaction {
    /// Hash of the encoded transaction.
    pub hash: Hash,
    /// The encoded transaction.
    pub bytes: Extrinsic,
    /// The signer and its nonce; an unsigned transaction has none.
    pub sender: Option<(AccountId, Nonce)>,
    /// The runtime's priority.
    pub priority: u64,
    /// Last height at which it may be included.
    pub valid_until: BlockNumber,
}

/// Why a transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Larger than a transaction may be.
    #[error("transaction of {bytes} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Size found.
        bytes: usize,
        /// Limit in force.
        limit: usize,
    },
    /// Not a length-prefixed transaction.
    #[error("the bytes are not one encoded transaction; send the signed extrinsic with its length prefix")]
    Undecodable,
    /// The runtime refuses it.
    #[error("invalid transaction: {0:?}")]
    Invalid(InvalidTransaction),
    /// The runtime cannot tell.
    #[error("validity unknown: {0:?}")]
    Unknown(UnknownTransaction),
    /// It is in the pool already.
    #[error("transaction {0:?} is already in the pool")]
    AlreadyImported(Hash),
    /// It was found invalid a short while ago.
    #[error("transaction {0:?} was found invalid a moment ago and is refused for a while")]
    TemporarilyBanned(Hash),
    /// Another transaction with this sender and nonce has at least its priority.
    #[error(
        "a transaction with the same nonce is in the pool; replacing it needs a higher priority"
    )]
    PriorityTooLow,
    /// The pool or the sender's share of it is full.
    #[error("the pool has no room for this transaction ({0}); try again after the next block")]
    Full(&'static str),
    /// The node is shutting down.
    #[error("the node is shutting down")]
    Stopped,
    /// The database failed; the transaction was not taken.
    #[error("the transaction could not be stored: {0}")]
    Store(String),
}

/// What happens to a watched transaction. The last four end the watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// It could be in the next block.
    Ready,
    /// It waits for an earlier nonce.
    Future,
    /// It was sent to this many peers.
    Broadcast(Vec<String>),
    /// It is in a committed block, which is final.
    Finalized {
        /// Hash of the block.
        block: Hash,
        /// Index within the block.
        index: u32,
    },
    /// A transaction with its sender and nonce has taken its place.
    Usurped(Hash),
    /// It was dropped because the pool was full or it expired.
    Dropped,
    /// It has become invalid.
    Invalid,
}

/// The statuses of one watched transaction.
pub type StatusStream = mpsc::Receiver<TransactionStatus>;

/// How full the pool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Transactions that could be in the next block.
    pub ready: usize,
    /// Transactions that wait for an earlier nonce.
    pub future: usize,
    /// Bytes of both.
    pub bytes: usize,
}

/// The pool as clients and peers see it.
#[async_trait]
pub trait TransactionPool: Send + Sync + 'static {
    /// Validates a transaction and takes it; a local one is on the disk when this returns.
    async fn submit(
        &self,
        source: TransactionSource,
        transaction: Extrinsic,
    ) -> Result<Hash, PoolError>;
    /// As [`submit`](Self::submit) for many: one outcome each, in order.
    async fn submit_many(
        &self,
        source: TransactionSource,
        transactions: Vec<Extrinsic>,
    ) -> Vec<Result<Hash, PoolError>>;
    /// Takes a local transaction and reports what becomes of it.
    async fn submit_and_watch(
        &self,
        transaction: Extrinsic,
    ) -> Result<(Hash, StatusStream), PoolError>;
    /// The encoded ready transactions, at most `limit`.
    fn pending(&self, limit: usize) -> Vec<Extrinsic>;
    /// The nonce after the account's last ready transaction, if it has one in the pool.
    fn next_nonce(&self, account: &AccountId) -> Option<Nonce>;
    /// How full the pool is.
    fn status(&self) -> PoolStatus;
}

/// The pool as the block builder and the pacing of consensus see it.
pub trait ReadySource: Send + Sync + 'static {
    /// Ready transactions in the order in which to try them: at most `count`, together at most
    /// `bytes`, part of which is kept for small ones. Transactions of one sender are in nonce order.
    fn ready(&self, count: usize, bytes: usize) -> Vec<Arc<PooledTransaction>>;
    /// Removes transactions that the runtime refused while building.
    fn remove_invalid(&self, hashes: &[Hash]);
    /// The number of ready transactions, to wait on.
    fn ready_count(&self) -> watch::Receiver<usize>;
}
