//! `state_*`: the state after a block, and the runtime over it.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::{Deserialize, Serialize};
use xinglin_primitives::Hash;

use crate::{runtime::RuntimeVersion, Bytes};

/// What some keys hold after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageChangeSet {
    /// The block.
    pub block: Hash,
    /// Keys and values, `null` where there is none.
    pub changes: Vec<(Bytes, Option<Bytes>)>,
}

/// A Merkle proof of what some keys hold after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadProof {
    /// The block whose state root the proof leads to.
    pub at: Hash,
    /// The trie nodes.
    pub proof: Vec<Bytes>,
}

/// The state after a block, by default the last.
#[rpc(client, server)]
pub trait StateApi {
    /// Calls a runtime function by name and discards what it writes.
    #[method(name = "state_call", aliases = ["state_callAt"])]
    async fn call(&self, name: String, data: Bytes, at: Option<Hash>) -> RpcResult<Bytes>;

    /// The runtime's metadata, version 14. Other versions are behind the runtime function
    /// `Metadata_metadata_at_version`.
    #[method(name = "state_getMetadata")]
    async fn metadata(&self, at: Option<Hash>) -> RpcResult<Bytes>;

    /// The runtime's version.
    #[method(name = "state_getRuntimeVersion", aliases = ["chain_getRuntimeVersion"])]
    async fn runtime_version(&self, at: Option<Hash>) -> RpcResult<RuntimeVersion>;

    /// The value at a key.
    #[method(name = "state_getStorage", aliases = ["state_getStorageAt"])]
    async fn storage(&self, key: Bytes, at: Option<Hash>) -> RpcResult<Option<Bytes>>;

    /// Blake2b-256 of the value at a key.
    #[method(name = "state_getStorageHash", aliases = ["state_getStorageHashAt"])]
    async fn storage_hash(&self, key: Bytes, at: Option<Hash>) -> RpcResult<Option<Hash>>;

    /// The size of the value at a key, in bytes.
    #[method(name = "state_getStorageSize", aliases = ["state_getStorageSizeAt"])]
    async fn storage_size(&self, key: Bytes, at: Option<Hash>) -> RpcResult<Option<u64>>;

    /// Up to `count` keys with a prefix in order, after `start_key` if given. `count` is at most 1000.
    #[method(name = "state_getKeysPaged", aliases = ["state_getKeysPagedAt"])]
    async fn keys_paged(
        &self,
        prefix: Option<Bytes>,
        count: u32,
        start_key: Option<Bytes>,
        at: Option<Hash>,
    ) -> RpcResult<Vec<Bytes>>;

    /// The values at some keys.
    #[method(name = "state_queryStorageAt")]
    async fn query_storage_at(
        &self,
        keys: Vec<Bytes>,
        at: Option<Hash>,
    ) -> RpcResult<Vec<StorageChangeSet>>;

    /// A Merkle proof of what some keys hold, absent ones included.
    #[method(name = "state_getReadProof")]
    async fn read_proof(&self, keys: Vec<Bytes>, at: Option<Hash>) -> RpcResult<ReadProof>;

    /// The runtime's version now and whenever it changes.
    #[subscription(
        name = "state_subscribeRuntimeVersion" => "state_runtimeVersion",
        aliases = ["chain_subscribeRuntimeVersion"],
        unsubscribe = "state_unsubscribeRuntimeVersion",
        unsubscribe_aliases = ["chain_unsubscribeRuntimeVersion"],
        item = RuntimeVersion,
    )]
    async fn subscribe_runtime_version(&self);

    /// The values at some keys now, and those that change from then on.
    #[subscription(
        name = "state_subscribeStorage" => "state_storage",
        unsubscribe = "state_unsubscribeStorage",
        item = StorageChangeSet,
    )]
    async fn subscribe_storage(&self, keys: Option<Vec<Bytes>>);
}
