//! What the server needs of the node.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};
use xinglin_core::{
    AnchoringStatus, ChainStore, CommitNotice, ConsensusStatus, Explorer, NetworkInfo, QuestionLog,
    StateQuery, TransactionPool,
};
use xinglin_primitives::Hash;
use xinglin_rpc_api::system::ChainType;

use crate::metrics::RpcMetrics;

/// What the chain and the node are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainInfo {
    /// Name of the chain.
    pub chain_name: String,
    /// What the chain is for.
    pub chain_type: ChainType,
    /// Address format, decimals and symbol: `ss58Format`, `tokenDecimals`, `tokenSymbol`.
    pub properties: serde_json::Map<String, serde_json::Value>,
    /// Hash of the genesis block.
    pub genesis_hash: Hash,
    /// Name of the node's implementation.
    pub impl_name: String,
    /// Version of the node's implementation.
    pub impl_version: String,
}

/// The services behind the methods. The chain must have its genesis block already.
pub struct RpcPorts {
    /// Blocks.
    pub chain: Arc<dyn ChainStore>,
    /// State and runtime.
    pub state: Arc<dyn StateQuery>,
    /// Transactions.
    pub pool: Arc<dyn TransactionPool>,
    /// Peers of the transaction network.
    pub network: Arc<dyn NetworkInfo>,
    /// Blocks as they are committed; subscribe before the first one is.
    pub commits: broadcast::Receiver<Arc<CommitNotice>>,
    /// Where consensus stands.
    pub consensus: watch::Receiver<ConsensusStatus>,
    /// Names.
    pub info: ChainInfo,
    /// The index of operations, if the node keeps one.
    pub explorer: Option<Arc<dyn Explorer>>,
    /// Where questions of regulators are kept, if the node has a place for them.
    pub question_log: Option<Arc<dyn QuestionLog>>,
    /// How far the chain vouches for these questions; `None` if the node has no account to anchor
    /// them, and so answers none.
    pub anchoring: Option<watch::Receiver<AnchoringStatus>>,
    /// Counters, registered by whoever serves metrics.
    pub metrics: RpcMetrics,
}
