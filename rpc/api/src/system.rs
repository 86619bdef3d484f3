//! `system_*`: the node and its network.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{AccountId, BlockNumber, Hash, Nonce};

use crate::Bytes;

/// What a chain is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChainType {
    /// One node, for development.
    Development,
    /// Some nodes on one machine.
    Local,
    /// The real thing.
    Live,
    /// Anything else.
    Custom(String),
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeRole {
    /// It follows the chain.
    Full,
    /// It votes.
    Authority,
}

/// Whether the node is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Connected peers.
    pub peers: usize,
    /// Whether it is fetching blocks that others have already.
    pub is_syncing: bool,
    /// Whether it should have peers.
    pub should_have_peers: bool,
}

/// How far the node has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncState {
    /// Height of the node when it started.
    pub starting_block: BlockNumber,
    /// Its height now.
    pub current_block: BlockNumber,
    /// The highest height it has heard of.
    pub highest_block: BlockNumber,
}

/// A connected peer. Peers of the transaction network do not tell their height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerInfo {
    /// Its peer id.
    pub peer_id: String,
    /// Its remote address.
    pub address: String,
}

/// The node and its network.
#[rpc(client, server)]
pub trait SystemApi {
    /// Name of the implementation.
    #[method(name = "system_name")]
    fn name(&self) -> RpcResult<String>;

    /// Version of the implementation.
    #[method(name = "system_version")]
    fn version(&self) -> RpcResult<String>;

    /// Name of the chain.
    #[method(name = "system_chain")]
    fn chain(&self) -> RpcResult<String>;

    /// What the chain is for.
    #[method(name = "system_chainType")]
    fn chain_type(&self) -> RpcResult<ChainType>;

    /// Address format, decimals and symbol of the money.
    #[method(name = "system_properties")]
    fn properties(&self) -> RpcResult<serde_json::Map<String, serde_json::Value>>;

    /// Whether the node is well.
    #[method(name = "system_health")]
    fn health(&self) -> RpcResult<Health>;

    /// What the node does.
    #[method(name = "system_nodeRoles")]
    fn node_roles(&self) -> RpcResult<Vec<NodeRole>>;

    /// How far the node has come.
    #[method(name = "system_syncState")]
    fn sync_state(&self) -> RpcResult<SyncState>;

    /// Connected peers.
    #[method(name = "system_peers")]
    fn peers(&self) -> RpcResult<Vec<PeerInfo>>;

    /// The node's own peer id.
    #[method(name = "system_localPeerId")]
    fn local_peer_id(&self) -> RpcResult<String>;

    /// Addresses on which the node listens for peers.
    #[method(name = "system_localListenAddresses")]
    fn local_listen_addresses(&self) -> RpcResult<Vec<String>>;

    /// The nonce of an account's next transaction, those in the pool counted.
    #[method(name = "system_accountNextIndex", aliases = ["account_nextIndex"])]
    async fn account_next_index(&self, account: AccountId) -> RpcResult<Nonce>;

    /// Applies a transaction to the state after a block and discards what it writes; the encoded
    /// `ApplyExtrinsicResult`.
    #[method(name = "system_dryRun", aliases = ["system_dryRunAt"])]
    async fn dry_run(&self, extrinsic: Bytes, at: Option<Hash>) -> RpcResult<Bytes>;
}

/// The list of methods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcMethods {
    /// Every method, alias and unsubscription, in alphabetical order.
    pub methods: Vec<String>,
}

/// What the server offers.
#[rpc(client, server)]
pub trait MethodsApi {
    /// Every method, alias and unsubscription that the server answers.
    #[method(name = "rpc_methods")]
    fn rpc_methods(&self) -> RpcResult<RpcMethods>;
}
