//! `archive_v1_*`: any block of the chain.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::{Deserialize, Serialize};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    number::Height,
    storage::{StorageQuery, StorageResult},
    Bytes,
};

/// The outcome of `archive_v1_call`: `value` on success, else `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallOutcome {
    /// Whether the function returned.
    pub success: bool,
    /// What it returned, encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Bytes>,
    /// Why it did not return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Notifications of `archive_v1_storage`. The last two end it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum StorageEvent {
    /// One answer.
    Storage(StorageResult),
    /// All answers have been told.
    StorageDone,
    /// The state cannot be read.
    StorageError {
        /// Why.
        error: String,
    },
}

/// Any block of the chain.
#[rpc(client, server)]
pub trait ArchiveApi {
    /// Hash of the genesis block.
    #[method(name = "archive_v1_genesisHash")]
    fn genesis_hash(&self) -> RpcResult<Hash>;

    /// Height of the last final block, which is the last block.
    #[method(name = "archive_v1_finalizedHeight")]
    fn finalized_height(&self) -> RpcResult<BlockNumber>;

    /// The hash at a height in a list, which is empty where there is no block.
    #[method(name = "archive_v1_hashByHeight")]
    async fn hash_by_height(&self, height: Height) -> RpcResult<Vec<Hash>>;

    /// The encoded header; `null` if there is no such block.
    #[method(name = "archive_v1_header")]
    async fn header(&self, hash: Hash) -> RpcResult<Option<Bytes>>;

    /// The encoded transactions; `null` if there is no such block.
    #[method(name = "archive_v1_body")]
    async fn body(&self, hash: Hash) -> RpcResult<Option<Vec<Bytes>>>;

    /// Calls a runtime function by name and discards what it writes; `null` if there is no such block.
    #[method(name = "archive_v1_call")]
    async fn call(
        &self,
        hash: Hash,
        function: String,
        call_parameters: Bytes,
    ) -> RpcResult<Option<CallOutcome>>;

    /// Reads the state after a block. `child_trie` is accepted; there are no child tries.
    #[subscription(
        name = "archive_v1_storage" => "archive_v1_storageEvent",
        unsubscribe = "archive_v1_stopStorage",
        item = StorageEvent,
    )]
    async fn storage(&self, hash: Hash, items: Vec<StorageQuery>, child_trie: Option<Bytes>);
}
