//! The ports between the node's services: small traits, the types that cross them, their errors.
//!
//! A service (storage, executor, mempool, network, consensus, RPC) knows the others only through
//! what stands here; the binary wires them. There is no I/O in this crate.
//!
//! | port | who has it | who uses it |
//! |---|---|---|
//! | [`ChainStore`], [`StateStore`], [`PoolJournal`], [`EvidenceStore`] | storage | executor, consensus, mempool, RPC |
//! | [`BlockExecutor`], [`HeightConfigs`] | executor | consensus |
//! | [`StateQuery`] | executor | RPC |
//! | [`TransactionValidator`] | executor | mempool |
//! | [`ReadySource`] | mempool | executor, consensus |
//! | [`TransactionPool`] | mempool | RPC, network |
//! | [`NetworkInfo`] | network | RPC |
//! | [`Explorer`], [`QuestionLog`] | index | RPC |
//! | [`ClockStatus`], by a watch channel | clock | consensus, RPC |

pub mod block;
pub mod clock;
pub mod consensus;
pub mod execution;
pub mod explorer;
pub mod network;
pub mod pool;
pub mod store;

pub use block::{Block, BlockError, CommitNotice, Extrinsic, StateChange};
pub use clock::{
    ClockOffset, ClockStanding, ClockStatus, TimeServerStatus, TimeServerVerdict, CLOCK_OFFSET_MAX,
};
pub use consensus::{ConsensusStatus, HeightConfig, HeightValidator, RegisteredNode};
pub use execution::{
    BlockExecutor, BuildRequest, ExecutionError, HeightConfigs, InvalidBlock, KeyValue, StateError,
    StateQuery, TransactionValidator, Validated, ValidatedTransaction, Verdict, VerifyMode,
};
pub use explorer::{
    AnchoringProblem, AnchoringStatus, Count, Explorer, ExplorerError, Filter, IndexProblem,
    IndexProgress, KeptQuestion, Order, Outcome, Owner, Page, Period, Position, QuestionLog,
};
pub use network::{NetworkInfo, PeerInfo};
pub use pool::{
    PoolError, PoolStatus, PooledTransaction, ReadySource, StatusStream, TransactionPool,
    TransactionSource, TransactionStatus,
};
pub use store::{
    ChainStore, CommitBatch, EvidenceStore, PoolJournal, StateStore, StoreError, Tip, TrieChanges,
    TxLocation,
};
