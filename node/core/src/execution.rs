//! What the other services need of the executor: building, verifying, committing, querying.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use sp_runtime::transaction_validity::{TransactionValidityError, ValidTransaction};
use tokio::sync::broadcast;
use xinglin_primitives::{
    consensus::{CommitCertificate, Equivocation},
    time::Moment,
    AccountId, BlockNumber, Hash, Nonce,
};

use crate::{
    block::{Block, CommitNotice, Extrinsic},
    consensus::HeightConfig,
    pool::TransactionSource,
    store::StoreError,
};

/// A failure on our side. It says nothing about the block.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecutionError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The block does not extend the tip; the caller is ahead or behind.
    #[error("block {number} does not extend the tip {tip}")]
    NotNext {
        /// Height asked for.
        number: BlockNumber,
        /// Height of the tip.
        tip: BlockNumber,
    },
    /// The decided block cannot be executed. The node must stop: it disagrees with the chain.
    #[error("the decided block {hash:?} does not execute here: {reason}; this binary's rules differ from the chain's")]
    DecidedInvalid {
        /// Hash of the block.
        hash: Hash,
        /// What failed.
        reason: InvalidBlock,
    },
    /// The runtime refused what the executor itself made.
    #[error("runtime: {0}")]
    Runtime(String),
    /// The executor has stopped.
    #[error("the executor has stopped")]
    Stopped,
}

/// Why a block is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// Not on top of the tip.
    #[error("parent {found:?} is not the tip {tip:?}")]
    Parent {
        /// The block's parent.
        found: Hash,
        /// Our tip.
        tip: Hash,
    },
    /// Too many bytes.
    #[error("{bytes} bytes exceed the limit")]
    TooLarge {
        /// Size found.
        bytes: usize,
    },
    /// The header does not name the expected proposer as its author.
    #[error("the author in the header is not the proposer")]
    Author,
    /// The block's time is too far from this validator's clock.
    #[error("block time is {off_ms} ms off this node's clock, the limit is {limit_ms}")]
    Time {
        /// Distance from our clock, positive when the block is ahead.
        off_ms: i64,
        /// The limit in force.
        limit_ms: u32,
    },
    /// A transaction does not decode.
    #[error("transaction {index} does not decode")]
    Undecodable {
        /// Index in the block.
        index: usize,
    },
    /// A signature is wrong.
    #[error("transaction {index} has a wrong signature")]
    Signature {
        /// Index in the block.
        index: usize,
    },
    /// The runtime refuses a transaction.
    #[error("transaction {index} is refused: {reason}")]
    Transaction {
        /// Index in the block.
        index: usize,
        /// The runtime's word.
        reason: String,
    },
    /// Inherents are missing, wrong or out of place.
    #[error("inherents: {0}")]
    Inherents(String),
    /// The header's extrinsics root is another.
    #[error("extrinsics root differs")]
    ExtrinsicsRoot,
    /// The header's state root or digest is another.
    #[error("state root or digest differs: header {header:?}, executed {executed:?}")]
    StateRoot {
        /// Root in the header.
        header: Hash,
        /// Root after executing here.
        executed: Hash,
    },
}

/// What a validator thinks of a proposed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It executes to the roots it claims.
    Valid,
    /// It does not.
    Invalid(InvalidBlock),
    /// The transactions are not those that the header, and so the block's hash, stands for. Nothing is
    /// known of the block with that hash.
    NotWhole,
}

/// Which checks a block undergoes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyMode {
    /// Proposed now: its author must be the proposer, its time near `now_ms`.
    Live {
        /// This node's clock.
        now_ms: Moment,
        /// Account of the expected proposer.
        proposer: AccountId,
    },
    /// Already decided by others: clocks play no part.
    Synced,
}

/// How many commit notices a slow subscriber may fall behind before it misses some.
pub const COMMIT_NOTICES_MAX: usize = 256;

/// What to build.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// Height to build; must be the tip's plus one.
    pub height: BlockNumber,
    /// Account of the proposer, named in the header.
    pub author: AccountId,
    /// This node's clock; the block's time is this, or just after its parent's.
    pub now_ms: Moment,
    /// When the block must be finished.
    pub deadline: Instant,
    /// Most transactions, inherents not counted.
    pub transactions_max: usize,
}

/// Builds, verifies and commits blocks, one at a time, on a thread of its own.
#[async_trait]
pub trait BlockExecutor: Send + Sync + 'static {
    /// Builds a block on the tip out of the ready transactions and remembers its outcome.
    async fn build(&self, request: BuildRequest) -> Result<Arc<Block>, ExecutionError>;
    /// Executes a block on the tip and remembers its outcome if valid.
    async fn verify(&self, block: Arc<Block>, mode: VerifyMode) -> Result<Verdict, ExecutionError>;
    /// Everyone who subscribes learns of each block committed from now on, in order.
    fn subscribe(&self) -> broadcast::Receiver<Arc<CommitNotice>>;
    /// Commits a decided block durably, executing it first if its outcome is not remembered, and
    /// tells all subscribers.
    async fn commit(
        &self,
        block: Arc<Block>,
        certificate: CommitCertificate,
    ) -> Result<Arc<CommitNotice>, ExecutionError>;
}

/// Who validates the next height, and how.
pub trait HeightConfigs: Send + Sync + 'static {
    /// The configuration for the height after the tip, out of the tip's state.
    fn next_height(&self) -> Result<HeightConfig, ExecutionError>;
    /// The unsigned transaction that reports an equivocation to the chain.
    fn equivocation_report(&self, evidence: &Equivocation) -> Extrinsic;
}

/// Why the state cannot be queried.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// No committed block has this hash.
    #[error("no block {0:?}; it may not be committed yet or belong to another chain")]
    UnknownBlock(Hash),
    /// The block's state has been pruned.
    #[error("the state of block {0:?} has been pruned; ask an archive node")]
    Pruned(Hash),
    /// The runtime has no such function.
    #[error("the runtime has no function `{0}`; `Metadata_metadata` lists those it has")]
    UnknownMethod(String),
    /// The function failed or its arguments do not decode.
    #[error("`{method}` failed: {reason}")]
    Call {
        /// Function called.
        method: String,
        /// What happened.
        reason: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A storage key and its value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// Reads the state after any block whose state is kept. Calls may block on the disk.
pub trait StateQuery: Send + Sync + 'static {
    /// A value.
    fn storage(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;
    /// Blake2b-256 of a value.
    fn storage_hash(&self, at: Hash, key: &[u8]) -> Result<Option<Hash>, StateError>;
    /// The Merkle value of the deepest node at or below `key`: a hash, or the node if it is short.
    fn closest_merkle_value(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;
    /// Up to `limit` keys with `prefix`, in order, that follow `start_after`.
    fn keys(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StateError>;
    /// As [`keys`](Self::keys), with values.
    fn pairs(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<KeyValue>, StateError>;
    /// A Merkle proof of what the keys hold, absent ones included.
    fn read_proof(&self, at: Hash, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StateError>;
    /// Calls a runtime API function by name; changes to the state are discarded.
    fn call(&self, at: Hash, method: &str, data: &[u8]) -> Result<Vec<u8>, StateError>;
    /// Applies a transaction as the next block after `at` would, except that no time passes, and
    /// discards what it writes: the encoded `ApplyExtrinsicResult`.
    fn dry_run(&self, at: Hash, transaction: &Extrinsic) -> Result<Vec<u8>, StateError>;
}

/// A transaction that could be in the next block or a later one.
#[derive(Clone, Debug)]
pub struct ValidatedTransaction {
    /// Hash of the encoded transaction.
    pub hash: Hash,
    /// The signer and its nonce; an unsigned transaction has none.
    pub sender: Option<(AccountId, Nonce)>,
    /// The runtime's word: what it requires and provides, priority, longevity.
    pub validity: ValidTransaction,
}

/// The outcome of validating one transaction.
pub type Validated = Result<ValidatedTransaction, TransactionValidityError>;

/// Validates transactions at the tip.
pub trait TransactionValidator: Send + Sync + 'static {
    /// Verifies signatures in parallel batches and asks the runtime about each transaction; one
    /// outcome per transaction, in order. Undecodable bytes are `InvalidTransaction::Call`. Blocks
    /// the calling thread.
    fn validate(&self, source: TransactionSource, transactions: &[Extrinsic]) -> Vec<Validated>;
}
